//! Files that are not as they were written, or not where they should lie.

use super::*;

#[cfg(unix)]
#[test]
fn symbolic_links_are_refused_and_left() {
    use std::os::unix::fs::symlink;
    let place = Place::prepared();
    let store = place.store();
    save(&store);
    let theirs = place.home.path().join("theirs");
    fs::rename(place.file(&id(1)), &theirs).unwrap();
    let before = fs::read(&theirs).unwrap();
    symlink(&theirs, place.file(&id(1))).unwrap();
    let linked = |r: Result<(), StoreError>| match r {
        Err(StoreError::File(why)) => assert!(why.contains("symbolic link"), "{why}"),
        other => panic!("{other:?}"),
    };
    linked(load(&store).map(drop));
    linked(store.save(&id(1), "l", &secret()));
    assert_eq!(fs::read(&theirs).unwrap(), before);
    // Deleting takes the link away, not what it leads to.
    store.delete(&id(1)).unwrap();
    assert_eq!(fs::read(&theirs).unwrap(), before);

    // A key behind a link is refused, and none is made where a link leads nowhere.
    let moved = place.home.path().join("moved");
    fs::rename(place.key(), &moved).unwrap();
    symlink(&moved, place.key()).unwrap();
    assert!(key_unusable(load(&store)).contains("symbolic link"));
    fs::remove_file(&moved).unwrap();
    assert!(store.prepare().is_err());
    assert!(!moved.exists());
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_said_to_be_damaged() {
    let place = Place::prepared();
    save(&place.store());
    let whole = fs::read(place.file(&id(1))).unwrap();
    for end in 0..whole.len() {
        put(&place.file(&id(1)), &whole[..end]);
        let how = damage(load(&place.store()));
        let expected = if end == 0 { "is empty" } else { "cut off" };
        assert!(how.contains(expected), "cut at {end}: {how}");
    }
    put(&place.file(&id(1)), whole);
    assert_eq!(load(&place.store()), Ok(Some(secret())));
}

#[test]
fn a_file_that_changed_in_any_byte_is_never_believed() {
    let place = Place::prepared();
    save(&place.store());
    let whole = fs::read(place.file(&id(1))).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        put(&place.file(&id(1)), changed);
        let loaded = load(&place.store());
        let noticed = matches!(
            loaded,
            // A change where the key is wrapped looks like another key.
            Err(StoreError::Damaged(_) | StoreError::WrongKey(_))
        );
        assert!(noticed, "changed at {at}: {loaded:?}");
    }
}

#[test]
fn every_kind_of_damage_has_its_words() {
    let place = Place::prepared();
    save(&place.store());
    let whole = fs::read(place.file(&id(1))).unwrap();
    let text = fs::read_to_string(place.key()).unwrap();
    let identity: x25519::Identity = text.lines().last().unwrap().parse().unwrap();
    let not_text = age::encrypt(&identity.to_public(), b"\xff\xfe").unwrap();
    let mut last = whole.clone();
    *last.last_mut().unwrap() ^= 1;
    let mut recipient = age::scrypt::Recipient::new("hunter2".to_owned().into());
    recipient.set_work_factor(2);
    let with_passphrase = age::encrypt(&recipient, b"text").unwrap();
    let cases: [(Vec<u8>, &str); 7] = [
        (Vec::new(), "is empty"),
        (b"hello".to_vec(), "not a file of age"),
        (vec![0; files::SMALL], "not a file of age"),
        (vec![0; files::SMALL + 1], "larger than 1 MiB"),
        (last, "damaged or cut off"),
        (not_text, "something else than text"),
        // An identity for X25519 does not even try those.
        (with_passphrase, ""),
    ];
    for (bytes, expected) in cases {
        put(&place.file(&id(1)), &bytes);
        match load(&place.store()) {
            Err(StoreError::WrongKey(_)) => assert!(expected.is_empty()),
            loaded => assert!(damage(loaded).contains(expected), "{expected}"),
        }
    }
    // What is damaged can be replaced, and can be deleted.
    save(&place.store());
    assert_eq!(load(&place.store()), Ok(Some(secret())));
    put(&place.file(&id(1)), b"hello");
    place.store().delete(&id(1)).unwrap();
    assert_eq!(load(&place.store()), Ok(None));
}

#[test]
fn a_folder_that_cannot_be_written_is_a_failure_of_files() {
    let place = Place::prepared();
    fs::remove_dir(place.folder()).unwrap();
    put(&place.folder(), b"a file where the folder should be");
    let refused = place.store().save(&id(1), "l", &secret());
    assert!(matches!(refused, Err(StoreError::File(_))), "{refused:?}");
    assert!(matches!(place.store().prepare(), Err(StoreError::File(_))));
    let words = Error::from(refused.unwrap_err());
    assert_eq!(words.code, Code::SecretStore);
    assert!(words.detail.unwrap().contains("secrets"));
}
