//! Writing our own files so that a reader sees the old text or the new one, never half of either.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use crate::error::{Code, Error, Result};

/// The text of a file; none if there is no such file.
pub(crate) fn read(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(Error::new(
            Code::Failed,
            format!("{} is not text.", path.display()),
            "It was left as it is. Repair it, or move it away to begin anew.",
        )),
        Err(error) => Err(Error::new(
            Code::Failed,
            format!("{} cannot be read.", path.display()),
            "Check its permissions, or name another folder in KEYFOB_HOME.",
        )
        .detail(error.to_string())),
    }
}

/// Replaces a file as a whole: a new one beside it (0600, in a folder of 0700), synced, renamed over it, and the
/// folder synced too.
pub(crate) fn replace(path: &Path, text: &str) -> Result<()> {
    let write = || -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        make_private_folder(folder)?;
        refuse_link(path)?;
        let mut new = tempfile::Builder::new()
            .prefix(".keyfob-")
            .tempfile_in(folder)?;
        new.write_all(text.as_bytes())?;
        new.as_file().sync_all()?;
        persist(new, path)?;
        sync_folder(folder)
    };
    write().map_err(|error| not_written(path, &error))
}

/// Opens a file that is there to be locked, and makes it where it is missing.
pub(crate) fn open_for_lock(path: &Path) -> Result<File> {
    let open = || {
        make_private_folder(path.parent().unwrap_or(Path::new(".")))?;
        refuse_link(path)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        options.open(path)
    };
    open().map_err(|error| not_written(path, &error))
}

fn refuse_link(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_symlink()) {
        true => Err(io::Error::other("it is a symbolic link")),
        false => Ok(()),
    }
}

/// Windows refuses the rename while another program has the old file open, which is over in a moment.
fn persist(mut new: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    let mut tries = if cfg!(windows) { 20 } else { 1 };
    loop {
        match new.persist(path) {
            Ok(_) => return Ok(()),
            Err(failed) => {
                tries -= 1;
                if tries == 0 || failed.error.kind() != io::ErrorKind::PermissionDenied {
                    return Err(failed.error);
                }
                new = failed.file;
                std::thread::sleep(std::time::Duration::from_millis(25));
            }
        }
    }
}

pub(crate) fn make_private_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// A rename is durable once the folder is; Windows has no such call and needs none.
fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

pub(crate) fn not_written(path: &Path, error: &io::Error) -> Error {
    let cure = match error.kind() {
        io::ErrorKind::StorageFull => "Make room on the disk, then try again.",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "Check the folder's permissions, or name another folder in KEYFOB_HOME."
        }
        _ => "Check the folder, or name another one in KEYFOB_HOME.",
    };
    Error::new(
        Code::Failed,
        format!("{} cannot be written.", path.display()),
        cure,
    )
    .detail(error.to_string())
}

#[cfg(test)]
mod tests {
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
}
