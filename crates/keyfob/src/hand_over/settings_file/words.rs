//! What is said of other programs' settings files, and the checks before they are touched.

use std::fs;
use std::io;
use std::path::Path;

use super::super::json_text::{Fault, Setting};
use crate::error::{Code, Error, Result};

/// A link leads to a file that is kept by other means, such as a collection of dotfiles.
pub(super) fn refuse_link(path: &Path) -> Result<()> {
    let is_link = fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_symlink());
    if !is_link {
        return Ok(());
    }
    let to = fs::read_link(path).map_or_else(
        |_| "another place".to_owned(),
        |to| to.display().to_string(),
    );
    Err(Error::new(
        Code::Failed,
        format!(
            "{} is a symbolic link to {to}, and Keyfob does not write through links.",
            path.display()
        ),
        "Put the file itself in the link's place and try again; or run `keyfob connect command`, and enter the command that it prints where the link leads.",
    ))
}

/// Replacing a file needs no right to write it, so whoever protected it has to be asked.
pub(super) fn check_writable(path: &Path) -> Result<()> {
    let Ok(found) = fs::metadata(path) else {
        return Ok(());
    };
    if found.permissions().readonly() {
        return Err(Error::new(
            Code::Failed,
            format!("{} is write-protected.", path.display()),
            "Nothing was changed. Allow yourself to write it, then try again.",
        ));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if found.uid() != rustix::process::geteuid().as_raw() {
            return Err(Error::new(
                Code::Failed,
                format!("{} belongs to somebody else.", path.display()),
                "Nothing was changed. Run Keyfob as the one whom it belongs to.",
            ));
        }
    }
    Ok(())
}

pub(super) fn fault(path: &Path, fault: &Fault) -> Error {
    let name = path.display();
    let (message, cure) = match fault {
        Fault::Empty => (
            format!("{name} holds no JSON, only comments."),
            "It was left as it is. Remove it, or write {} into it, then try again.".to_owned(),
        ),
        Fault::NotJson { line, column, why } => (
            format!("{name} is not valid JSON: line {line}, column {column}."),
            format!("It was left as it is. Correct it there, then try again: {why}."),
        ),
        Fault::NoObject(keys) if keys.is_empty() => (
            format!("{name} holds no JSON object, so there is no place for settings in it."),
            "It was left as it is. Correct it, then try again.".to_owned(),
        ),
        Fault::NoObject(keys) => (
            format!("In {name}, \"{keys}\" is no object, so nothing can be set in it."),
            "It was left as it is. Correct it, then try again.".to_owned(),
        ),
        Fault::Twice(keys) => (
            format!(
                "In {name}, \"{keys}\" stands more than once, and which one counts cannot be told."
            ),
            "It was left as it is. Leave one of them, then try again.".to_owned(),
        ),
    };
    Error::new(Code::Failed, message, cure)
}

pub(super) fn not_text(path: &Path) -> Error {
    Error::new(
        Code::Failed,
        format!("{} is not text in UTF-8.", path.display()),
        "It was left as it is. Save it as UTF-8, then try again.",
    )
}

pub(super) fn not_read(path: &Path, error: &io::Error) -> Error {
    let name = path.display();
    let (message, cure) = match error.kind() {
        io::ErrorKind::FileTooLarge => (
            format!("{name} is larger than 1 MiB, which is no settings file any more."),
            "It was left as it is. Make it smaller, then try again.",
        ),
        io::ErrorKind::PermissionDenied => (
            format!("{name} cannot be read."),
            "Check its permissions and those of its folder, then try again.",
        ),
        _ if path.is_dir() => (
            format!("{name} is a folder, and the settings should be a file."),
            "It was left as it is. Move it away, then try again.",
        ),
        _ => (
            format!("{name} cannot be read."),
            "It was left as it is. Check what lies there, then try again.",
        ),
    };
    Error::new(Code::Failed, message, cure).detail(error.to_string())
}

pub(super) fn not_written(path: &Path, error: &io::Error) -> Error {
    let cure = match error.kind() {
        io::ErrorKind::StorageFull => "Make room on the disk, then try again.",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "Allow yourself to write into its folder, then try again."
        }
        _ => "Check its folder, then try again.",
    };
    Error::new(
        Code::Failed,
        format!("{} cannot be written; it is as it was.", path.display()),
        cure,
    )
    .detail(error.to_string())
}

pub(super) fn written_meanwhile(path: &Path) -> Error {
    Error::new(
        Code::Failed,
        format!(
            "Another program wrote {} at the same moment.",
            path.display()
        ),
        "Nothing was changed. Try again.",
    )
}

pub(super) fn vanished(path: &Path, backup: &Path) -> String {
    format!(
        "{} is gone. As it was before it was connected, it lies in {}.",
        path.display(),
        backup.display()
    )
}

pub(super) fn older_backup(path: &Path, backup: &Path) -> String {
    format!(
        "What {} was before an earlier connection lies in {} still.",
        path.display(),
        backup.display()
    )
}

pub(super) fn theirs(path: &Path, setting: &Setting) -> String {
    format!(
        "\"{}\" in {} was changed by somebody else, and left.",
        setting.name(),
        path.display()
    )
}

pub(super) fn backup_gone(path: &Path, setting: &Setting) -> String {
    format!(
        "What \"{}\" in {} was before is not known any more, because the backup is gone; it was taken out.",
        setting.name(),
        path.display()
    )
}

pub(super) fn backup_stays(path: &Path, backup: &Path) -> String {
    format!(
        "{} was edited since it was connected, and the edits stay. As it was before, it lies in {}.",
        path.display(),
        backup.display()
    )
}

pub(super) fn others_wrote(path: &Path) -> String {
    format!(
        "{} was made by connecting, and another program has written into it since: it stays with that.",
        path.display()
    )
}
