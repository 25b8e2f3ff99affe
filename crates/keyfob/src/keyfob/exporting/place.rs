//! Where an exported file may go.

use std::path::{Path, PathBuf};

use super::super::Keyfob;
use super::standing::export_problem;
use super::{ExportFormat, ExportRequest};
use crate::error::{Code, Error, Result};
use crate::hand_over::connections::{Connection, Recipient};

/// Where an export goes.
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) is_folder: bool,
    /// The earlier export that lies there.
    pub(super) replaces: Option<Connection>,
}

impl Place {
    /// Where something inside lies: in the folder, or it is the file itself.
    pub(super) fn of(&self, inside: &Path) -> PathBuf {
        match self.is_folder && !inside.as_os_str().is_empty() {
            true => self.path.join(inside),
            false => self.path.clone(),
        }
    }
}

impl Keyfob {
    /// Where it may go: beside what is there, never over what somebody else has put there.
    pub(super) fn place(&self, path: &Path, request: &ExportRequest) -> Result<Place> {
        let mut path = std::path::absolute(path).map_err(|error| {
            let message = "That can be no place for a file.";
            Error::new(Code::Usage, message, "Name it with its full path.")
                .detail(error.to_string())
        })?;
        let folder = path.parent().filter(|folder| folder.is_dir());
        if folder.is_none() || path.file_name().is_none() {
            return Err(Error::new(
                Code::Usage,
                format!("There is no folder for {}.", path.display()),
                "Make the folder first, or name another place.",
            ));
        }
        // However one gets there, it is one place, and is listed under one name.
        path = real_place(&path).unwrap_or(path);
        let is_folder = request.format == ExportFormat::AnthropicProfile;
        let Ok(found) = path.symlink_metadata() else {
            return Ok(Place {
                path,
                is_folder,
                replaces: None,
            });
        };
        if found.file_type().is_symlink() {
            return Err(refused(&path, "is a symbolic link"));
        }
        let is_empty = |folder: &Path| {
            let inside = folder.read_dir();
            inside.is_ok_and(|mut inside| inside.next().is_none())
        };
        match is_folder {
            true if is_empty(&path) => {
                return Ok(Place {
                    path,
                    is_folder,
                    replaces: None,
                });
            }
            true if !found.is_dir() => return Err(refused(&path, "is no folder")),
            false if !found.is_file() => return Err(refused(&path, "is no file")),
            _ => {}
        }
        let list = self.0.connections.read()?;
        let ours = list.all.into_iter().filter(|one| is_export_to(one, &path));
        // Of several that were written there in turn, the others are not there any more.
        let (mut as_written, others): (Vec<_>, Vec<_>) = ours.partition(is_unchanged);
        match (as_written.pop(), request.replace) {
            (Some(one), true) => Ok(Place {
                path,
                is_folder,
                replaces: Some(one),
            }),
            (Some(_), false) => Err(Error::new(
                Code::Usage,
                format!("{} is there already.", path.display()),
                "It was left as it is. `--replace` writes it anew, or name another place.",
            )),
            (None, true) if !others.is_empty() => Err(changed_since(&path)),
            (None, true) => Err(refused(&path, "was not written by Keyfob")),
            (None, false) if is_folder => {
                Err(refused(&path, "is there already, and no empty folder"))
            }
            (None, false) => Err(refused(&path, "is there already")),
        }
    }
}

/// The one name of a place, in which there need not be anything yet: its folder's real name, and its own; none where
/// there is no such folder.
pub(in crate::keyfob) fn real_place(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    // The system takes out what leads upward by itself, and its real names are none that people type.
    if cfg!(windows) {
        return Some(path);
    }
    Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?))
}

fn is_export_to(one: &Connection, path: &Path) -> bool {
    one.to == Recipient::File && one.target.as_deref().map(Path::new) == Some(path)
}

fn is_unchanged(one: &Connection) -> bool {
    export_problem(one).is_none()
}

pub(super) fn refused(path: &Path, why: &str) -> Error {
    Error::new(
        Code::Usage,
        format!("{} {why}.", path.display()),
        "It was left as it is. Move it away, or name another place.",
    )
}

pub(super) fn changed_since(path: &Path) -> Error {
    refused(path, "was changed since Keyfob wrote it")
}
