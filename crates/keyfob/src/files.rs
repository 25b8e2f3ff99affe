//! Writing our own files so that a reader sees the old text or the new one, never half of either.

mod reading;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

pub(crate) use self::reading::{
    Read, SMALL, Stamp, not_read, read, read_if_new, read_lossy, read_small, read_up_to,
};
use crate::error::{Code, Error, Result};

/// Replaces a file as a whole: a new one beside it (0600, in a folder of 0700), synced, renamed over it, and the
/// folder synced too. Whoever calls this holds the lock of the file.
pub(crate) fn replace(path: &Path, text: &str) -> Result<()> {
    replace_bytes(path, text.as_bytes()).map_err(|error| not_written(path, &error))
}

/// The same for bytes, with the failure as the system words it.
pub(crate) fn replace_bytes(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = new_name(path);
    let written = create_private(&new).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    if let Err(error) = written
        .and_then(|()| refuse_link(path))
        .and_then(|()| rename(&new, path))
    {
        let _ = fs::remove_file(&new);
        return Err(error);
    }
    sync_folder(folder_of(path))
}

/// The one name under which the next version of a file is written. Whoever writes a file of ours holds its lock, so
/// nobody else writes there; and what a killed program has left is written over by the next one, in place of lying
/// about for ever.
fn new_name(path: &Path) -> std::path::PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.new"))
}

/// Makes a file as a whole where there is none; one that is there is left as it is, and an error. Where it cannot be
/// made durable it is gone again: whoever is told of a failure takes it that there is nothing.
pub(crate) fn create_bytes(path: &Path, bytes: &[u8]) -> io::Result<()> {
    make_private_folder(folder_of(path))?;
    let new = written_beside(path, bytes)?;
    ready(&new)?;
    new.persist_noclobber(path).map_err(|failed| failed.error)?;
    sync_folder(folder_of(path)).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

/// Removes a file for good; one that is not there is removed already.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => sync_folder(folder_of(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes a file of ours, and what a killed program has left of its next version. Whoever calls this holds its lock.
pub(crate) fn remove_wholly(path: &Path) -> io::Result<()> {
    remove(&new_name(path))?;
    remove(path)
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Adds a line to the end of a file, and makes it where it is missing.
pub(crate) fn append(path: &Path, line: &str) -> Result<()> {
    let append = || {
        make_private_folder(path.parent().unwrap_or(Path::new(".")))?;
        refuse_link(path)?;
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        private(&mut options).open(path)?.write_all(line.as_bytes())
    };
    append().map_err(|error| not_written(path, &error))
}

/// Opens a file that is there to be locked, and makes it where it is missing.
pub(crate) fn open_for_lock(path: &Path) -> Result<File> {
    let open = || {
        make_private_folder(path.parent().unwrap_or(Path::new(".")))?;
        refuse_link(path)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        private(&mut options).open(path)
    };
    open().map_err(|error| not_written(path, &error))
}

/// Opens a file of our own to be filled, empty and private. What lay there before is gone.
pub(crate) fn create_anew(path: &Path) -> Result<File> {
    create_private(path).map_err(|error| not_written(path, &error))
}

/// Opens a file of our own whose time alone counts, and makes it where it is missing.
pub(crate) fn open_to_touch(path: &Path) -> io::Result<File> {
    make_private_folder(folder_of(path))?;
    refuse_link(path)?;
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    private(&mut options).open(path)
}

/// Replaces a file as a whole where another program reads it: the new one is private whatever the old one was, and a
/// symbolic link is refused.
pub(crate) fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    make_private_folder(folder_of(path))?;
    put(written_beside(path, bytes)?, path)
}

/// The bytes in a new private file beside one that is no symbolic link, which is gone again unless it is renamed.
fn written_beside(path: &Path, bytes: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    refuse_link(path)?;
    let mut new = tempfile::Builder::new()
        .prefix(&beside(path))
        .rand_bytes(BESIDE_RANDOM)
        .tempfile_in(folder_of(path))?;
    // By this others see that somebody is at it. Where the system cannot lock, nobody takes it for abandoned either.
    let _ = new.as_file().try_lock();
    new.write_all(bytes)?;
    // Told by the clock of the disk alone, which may be another computer's.
    let now = new.as_file().metadata()?.modified()?;
    remove_older(path, now.checked_sub(ABANDONED));
    Ok(new)
}

/// Puts what was written beside a file into its place. Once it is renamed it has been written, and every program reads
/// it: that the folder could not be synced is then no failure, which whoever called would take for nothing written, and
/// leave a secret there that no list names.
fn put(new: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    ready(&new)?;
    rename(&new.into_temp_path(), path)?;
    let _ = sync_folder(folder_of(path));
    Ok(())
}

/// Makes what was written durable. Windows keeps others from reading what is locked, so that ends before the file is
/// where they look for it.
fn ready(new: &tempfile::NamedTempFile) -> io::Result<()> {
    new.as_file().sync_all()?;
    let _ = new.as_file().unlock();
    Ok(())
}

/// What the names begin with under which new versions of another program's file are written. Several may be at it, so
/// the rest is random.
fn beside(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // A name may be 255 bytes long, and a letter four.
    let name: String = name.chars().take(50).collect();
    format!(".keyfob-{name}-")
}

/// How many random letters follow.
const BESIDE_RANDOM: usize = 6;

/// Younger than this, it may be that somebody has made it and not locked it yet, or is about to rename it.
const ABANDONED: Duration = Duration::from_secs(2);

/// Removes what killed programs have left beside a file that is being taken back. It may hold a secret.
pub(crate) fn remove_abandoned(path: &Path) {
    remove_older(path, None);
}

/// The same of what was last written before an instant.
fn remove_older(path: &Path, than: Option<SystemTime>) {
    let prefix = beside(path);
    let entries = fs::read_dir(folder_of(path)).into_iter().flatten();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(&prefix));
        let ours = rest.is_some_and(|rest| rest.len() == BESIDE_RANDOM);
        if ours && is_abandoned(&entry.path(), than).unwrap_or_default() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Nobody has it locked, and it is so old.
fn is_abandoned(path: &Path, than: Option<SystemTime>) -> io::Result<bool> {
    let found = fs::symlink_metadata(path)?;
    let is_old = match than {
        Some(than) => found.modified()? <= than,
        None => true,
    };
    Ok(found.is_file() && is_old && File::open(path)?.try_lock().is_ok())
}

/// Opens a file of our own for a short note that is written over the one before, and makes it where it is missing.
pub(crate) fn open_to_note(path: &Path) -> io::Result<File> {
    make_private_folder(folder_of(path))?;
    refuse_link(path)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    private(&mut options).open(path)
}

/// Replaces a file of another program as a whole, with the permissions that it has; a new one is private. A symbolic
/// link is refused.
pub(crate) fn replace_theirs(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = written_beside(path, bytes)?;
    if let Ok(before) = fs::metadata(path) {
        new.as_file().set_permissions(before.permissions())?;
    }
    put(new, path)
}

/// Replaces a file that is no secret as a whole, so that everybody may read it. A symbolic link is refused.
pub(crate) fn replace_for_all(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = written_beside(path, bytes)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        new.as_file()
            .set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    put(new, path)
}

fn create_private(path: &Path) -> io::Result<File> {
    make_private_folder(folder_of(path))?;
    refuse_link(path)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    private(&mut options).open(path)
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

/// A symbolic link leads the write, or the read, to a place that somebody else may have chosen.
pub(crate) fn refuse_link(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_symlink()) {
        true => Err(io::Error::other("it is a symbolic link")),
        false => Ok(()),
    }
}

/// Windows refuses the rename while another program has the old file open, which is over in a moment.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let mut tries = if cfg!(windows) { 20 } else { 1 };
    loop {
        match fs::rename(from, to) {
            Err(error) if tries > 1 && error.kind() == io::ErrorKind::PermissionDenied => {
                tries -= 1;
                std::thread::sleep(Duration::from_millis(25));
            }
            renamed => return renamed,
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

/// Makes a rename durable.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// A rename is durable once the folder is; Windows has no such call and needs none.
fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return as_far_as_possible(File::open(folder)?.sync_all());
    #[cfg(not(unix))]
    {
        let _ = folder;
        Ok(())
    }
}

/// Some network and FUSE file systems sync no folder at all, and nobody can have more than their rename there. What the
/// disk itself reports stays a failure.
#[cfg(unix)]
fn as_far_as_possible(synced: io::Result<()>) -> io::Result<()> {
    match synced {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        synced => synced,
    }
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
#[path = "files_tests.rs"]
mod tests;
