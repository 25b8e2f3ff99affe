//! Whether an exported file still lies there as it was written.

use std::path::Path;

use crate::files;
use crate::hand_over::change::{Change, fingerprint};
use crate::hand_over::connections::{Connection, Recipient};

/// What has become of an exported file, as a sentence; none while it lies there as it was written.
pub(in crate::keyfob) fn export_problem(one: &Connection) -> Option<String> {
    if one.to != Recipient::File {
        return None;
    }
    let mut files = one.changes.iter().filter_map(file_of);
    let changed = files.find(|(path, _)| !is_as_written(one, path));
    let changed = changed.map(|(path, _)| format!("{} was changed since.", path.display()));
    export_gone(one).or(changed)
}

/// Whether an exported file lies there as it was written. Where a kill came between, that is as it was before it was
/// replaced, or as it was after that.
pub(super) fn is_as_written(one: &Connection, path: &Path) -> bool {
    if files::refuse_link(path).is_err() {
        return false;
    }
    let found = files::read_small(path).ok().flatten();
    let found = found.map(|found| fingerprint(&found.bytes));
    let mut known = one.changes.iter().filter_map(file_of);
    known.any(|(of, sha256)| of == path && found.as_deref() == Some(sha256))
}

/// That an exported file is not where it was written, as a sentence.
pub(in crate::keyfob) fn export_gone(one: &Connection) -> Option<String> {
    let is_gone =
        |path: &Path| path.symlink_metadata().is_err() || files::refuse_link(path).is_err();
    let mut files = one.changes.iter().filter_map(file_of);
    let (path, _) = files
        .find(|(path, _)| is_gone(path))
        .filter(|_| one.to == Recipient::File)?;
    let but = match path.is_symlink() {
        true => ", only a symbolic link",
        false => "",
    };
    Some(format!(
        "{} is not there any more{but}. If it was moved or copied, what it holds works until its end.",
        path.display()
    ))
}

/// A file among the changes, and what it held when it was written.
pub(super) fn file_of(change: &Change) -> Option<(&Path, &str)> {
    match change {
        Change::File { path, sha256 } => Some((path, sha256)),
        _ => None,
    }
}
