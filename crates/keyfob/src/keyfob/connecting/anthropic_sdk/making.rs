//! Which profile is used where none is named, while one is made.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::files;
use crate::hand_over::anthropic_profile::Profile;
use crate::hand_over::change::Change;

/// Makes a profile the one that is used where none is named.
pub(super) struct Pointer {
    pub(super) path: PathBuf,
    pub(super) is: String,
    pub(super) was: Option<String>,
}

impl Pointer {
    pub(super) fn to(profile: &Profile) -> Result<Self> {
        let path = Profile::pointer(&profile.folder);
        let failed = |error: io::Error| not_made(&path, &error);
        files::refuse_link(&path).map_err(failed)?;
        let was = files::read_small(&path).map_err(failed)?;
        let was = was.map(|file| String::from_utf8(file.bytes.to_vec()));
        let was = was
            .transpose()
            .map_err(|_| not_made(&path, &io::Error::other("it is not text")))?;
        let is = format!("{}\n", profile.name);
        Ok(Self { path, is, was })
    }

    /// Whether it names the profile already. Other programs write no end of the line.
    pub(super) fn is_there_already(&self) -> bool {
        let was = self.was.as_deref().map(str::trim);
        was == Some(self.is.trim())
    }

    pub(super) fn change(&self) -> Change {
        Change::Text {
            path: self.path.clone(),
            is: self.is.clone(),
            was: self.was.clone(),
        }
    }

    pub(super) fn write(&self) -> Result<()> {
        files::replace_theirs(&self.path, self.is.as_bytes())
            .map_err(|error| not_made(&self.path, &error))
    }
}

pub(super) fn not_made(path: &Path, error: &io::Error) -> Error {
    Error {
        cure: "Check its permissions, or name another folder in ANTHROPIC_CONFIG_DIR. Nothing was changed."
            .to_owned(),
        ..files::not_written(path, error)
    }
}
