use super::*;

#[test]
fn a_file_is_replaced_as_a_whole_and_is_private() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("new").join("file");
    assert_eq!(read(&path).unwrap(), None);
    replace(&path, "one").unwrap();
    replace(&path, "two").unwrap();
    assert_eq!(read(&path).unwrap().as_deref(), Some("two"));
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }
}

#[test]
fn a_file_is_made_only_where_there_is_none() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("new").join("file");
    create_bytes(&path, b"one").unwrap();
    let again = create_bytes(&path, b"two").unwrap_err();
    assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&path).unwrap(), b"one");
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn what_a_killed_program_left_beside_a_file_goes_with_the_next_one() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("file");
    let left = home.path().join(".keyfob-file-abc123");
    let make = |path: &Path| {
        let file = File::create(path).unwrap();
        let now = file.metadata().unwrap().modified().unwrap();
        file.set_modified(now - ABANDONED).unwrap();
        file
    };
    drop(make(&left));
    // Of another file, of somebody else, and one that somebody is at.
    let others = [".keyfob-other-abc123", ".keyfob-file-ours", "file-abc123"];
    let others = others.map(|name| home.path().join(name));
    others.iter().for_each(|path| drop(make(path)));
    let used = home.path().join(".keyfob-file-def456");
    let at_it = make(&used);
    at_it.lock().unwrap();
    let young = home.path().join(".keyfob-file-ghi789");
    File::create(&young).unwrap();
    replace_theirs(&path, b"new").unwrap();
    assert!(!left.exists());
    let mut stay = others.iter().chain([&used, &young, &path]);
    assert!(stay.all(|path| path.exists()));
    remove_abandoned(&path);
    assert!(used.exists() && !young.exists());
    drop(at_it);
    remove_abandoned(&path);
    assert!(!used.exists());
}

#[cfg(unix)]
#[test]
fn only_a_file_system_that_syncs_no_folder_is_let_pass() {
    use rustix::io::Errno;
    let synced = |errno: Errno| as_far_as_possible(Err(errno.into()));
    for cannot in [Errno::INVAL, Errno::OPNOTSUPP, Errno::NOSYS] {
        synced(cannot).unwrap();
    }
    for failed in [Errno::IO, Errno::NOSPC, Errno::ACCESS, Errno::DQUOT] {
        synced(failed).unwrap_err();
    }
}

#[test]
fn what_is_removed_twice_is_removed() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("file");
    replace_bytes(&path, b"one").unwrap();
    remove(&path).unwrap();
    remove(&path).unwrap();
    assert!(!path.exists());
}

#[test]
fn with_a_file_goes_what_was_to_be_its_next_version() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("file");
    replace_bytes(&path, b"one").unwrap();
    fs::write(new_name(&path), b"tw").unwrap();
    fs::write(home.path().join(".other.new"), b"").unwrap();
    remove_wholly(&path).unwrap();
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    // It may be all that there is.
    fs::write(new_name(&path), b"tw").unwrap();
    remove_wholly(&path).unwrap();
    remove_wholly(&path).unwrap();
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}

#[test]
fn a_small_file_is_read_up_to_its_limit() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("file");
    assert!(read_small(&path).unwrap().is_none());
    assert!(read_small(home.path()).is_err());
    fs::write(&path, vec![7; SMALL]).unwrap();
    assert_eq!(read_small(&path).unwrap().unwrap().bytes.len(), SMALL);
    fs::write(&path, vec![7; SMALL + 1]).unwrap();
    let kind = read_small(&path).map(drop).unwrap_err().kind();
    assert_eq!(kind, io::ErrorKind::FileTooLarge);
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_refused_and_left() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("target");
    let link = home.path().join("link");
    fs::write(&target, "theirs").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    assert!(replace(&link, "ours").is_err());
    assert_eq!(fs::read_to_string(&target).unwrap(), "theirs");
}
