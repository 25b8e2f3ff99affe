//! What connecting a tool changed on this computer, written down so that it can be taken back exactly.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::anthropic_profile;
use super::git_config::GitConfig;
use super::settings_file::Settings;
use crate::error::Result;
use crate::files;

/// One thing that was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Change {
    /// A file that was made, and is left where somebody has changed it since.
    File { path: PathBuf, sha256: String },
    /// A copy of a key in Keyfob's own folder, which it writes again and again.
    KeyCopy { path: PathBuf },
    /// A folder that was made, and goes again once it is empty.
    Folder { path: PathBuf },
    /// The credentials of a profile, which Keyfob writes again and again. Left where another program has put more there
    /// than an access token.
    Credentials { path: PathBuf },
    /// A small text file of somebody else's whose whole text was replaced.
    Text {
        path: PathBuf,
        is: String,
        was: Option<String>,
    },
    /// Values in another program's settings file.
    Settings(Box<Settings>),
    /// Values in git's own settings.
    Git(Box<GitConfig>),
}

/// What became of taking a change back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TakenBack {
    /// It is as it was before.
    Done,
    /// It was changed by somebody else since, and left; the sentence says what lies where.
    Left(String),
}

impl Change {
    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Folder { path }
            | Self::File { path, .. }
            | Self::KeyCopy { path }
            | Self::Credentials { path }
            | Self::Text { path, .. } => path,
            Self::Settings(settings) => &settings.path,
            Self::Git(git) => &git.path,
        }
    }

    /// Values in another program's settings file.
    pub(crate) fn settings(&self) -> Option<&Settings> {
        match self {
            Self::Settings(settings) => Some(settings),
            _ => None,
        }
    }

    /// Whether it is a folder that was made.
    pub(crate) fn is_folder(&self) -> bool {
        matches!(self, Self::Folder { .. })
    }

    /// Whether it is a copy of a key in Keyfob's own folder.
    pub(crate) fn is_own_key(&self) -> bool {
        matches!(self, Self::KeyCopy { .. })
    }

    /// Whether it is Keyfob's own copy of a secret, which it writes again and again.
    pub(crate) fn is_own_copy(&self) -> bool {
        matches!(self, Self::KeyCopy { .. } | Self::Credentials { .. })
    }

    /// Takes it back. What is gone already is taken back.
    pub(crate) fn take_back(&self) -> Result<TakenBack> {
        // What was never renamed may hold what is taken back.
        files::remove_abandoned(self.path());
        match self {
            Self::Settings(settings) => return settings.take_back(),
            Self::Git(git) => return git.take_back(),
            Self::Folder { path } => {
                // One with anything in it is somebody's.
                let _ = std::fs::remove_dir(path);
                return Ok(TakenBack::Done);
            }
            Self::File { .. }
            | Self::KeyCopy { .. }
            | Self::Credentials { .. }
            | Self::Text { .. } => {}
        }
        let path = self.path();
        // What a link leads to may be the very file, which somebody has moved away.
        if files::refuse_link(path).is_err() {
            let words = format!(
                "{} is a symbolic link now, and was left as it is.",
                path.display()
            );
            return Ok(TakenBack::Left(words));
        }
        let failed = |error| files::not_written(path, &error);
        let Some(now) = files::read_small(path).map_err(|error| files::not_read(path, &error))?
        else {
            return Ok(TakenBack::Done);
        };
        let is_ours = match self {
            Self::KeyCopy { .. } => true,
            Self::File { sha256, .. } => *sha256 == fingerprint(&now.bytes),
            Self::Credentials { .. } => anthropic_profile::is_our_form(&now.bytes),
            Self::Text { is, .. } => same_but_for_space(is, &now.bytes),
            Self::Folder { .. } | Self::Settings(_) | Self::Git(_) => false,
        };
        // It was never written, or somebody has put the old one back.
        if let Self::Text { was: Some(was), .. } = self
            && (*was.as_bytes() == **now.bytes || !is_ours && same_but_for_space(was, &now.bytes))
        {
            return Ok(TakenBack::Done);
        }
        if !is_ours {
            let words = format!("{} was changed since, and left as it is.", path.display());
            return Ok(TakenBack::Left(words));
        }
        match self {
            Self::Text {
                was: Some(before), ..
            } => files::replace_theirs(path, before.as_bytes()).map_err(failed)?,
            _ => files::remove(path).map_err(failed)?,
        }
        Ok(TakenBack::Done)
    }
}

/// Whether a text says the same. Other programs write the end of the line or leave it out, and read it either way.
fn same_but_for_space(text: &str, bytes: &[u8]) -> bool {
    text.as_bytes().trim_ascii() == bytes.trim_ascii()
}

/// What a file is recognised by.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
