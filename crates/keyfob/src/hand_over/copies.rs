//! A profile's files as Keyfob left them, or as somebody else has changed them since.

use std::io;
use std::path::Path;

use jiff::Timestamp;

use super::anthropic_profile::is_our_form;
use super::change::{Change, fingerprint};
use crate::files;

/// The two files of a profile that Keyfob keeps fresh.
pub(crate) struct Copy<'a> {
    config: &'a Path,
    pub(crate) config_is: &'a str,
    pub(crate) credentials: &'a Path,
}

impl<'a> Copy<'a> {
    /// Among the changes of a connection, where it is one that is kept fresh.
    pub(crate) fn among(changes: &'a [Change]) -> Option<Self> {
        let credentials = changes.iter().find_map(|change| match change {
            Change::Credentials { path } => Some(path.as_path()),
            _ => None,
        })?;
        changes.iter().find_map(|change| match change {
            Change::File {
                path,
                sha256: config_is,
            } => Some(Self {
                config: path,
                config_is,
                credentials,
            }),
            _ => None,
        })
    }

    /// Why it is not Keyfob's to write any more, as a sentence; none while it is.
    pub(crate) fn taken_over(&self) -> Option<String> {
        let config = self.config.display();
        match files::read_small(self.config) {
            Ok(None) => return Some(format!("{config} is not there any more.")),
            Ok(Some(found)) if fingerprint(&found.bytes) == self.config_is => {}
            Ok(Some(_)) => return Some(format!("{config} was changed by another program.")),
            Err(_) => return Some(format!("{config} cannot be read any more.")),
        }
        let credentials = self.credentials.display();
        if files::refuse_link(self.credentials).is_err() {
            return Some(format!("{credentials} is a symbolic link now."));
        }
        match files::read_small(self.credentials) {
            Ok(Some(found)) if !is_our_form(&found.bytes) => {
                Some(format!("{credentials} was written by another program."))
            }
            // What is missing or cannot be read is written anew.
            _ => None,
        }
    }

    /// Whether exactly this lies there, closed to everybody else.
    pub(crate) fn holds(&self, text: &[u8]) -> bool {
        if files::refuse_link(self.credentials).is_err() {
            return false;
        }
        let found = files::read_small(self.credentials).ok().flatten();
        found.is_some_and(|found| found.mode & 0o077 == 0 && **found.bytes == *text)
    }

    /// Whether something of ours lies there that ends then.
    pub(crate) fn ends_at(&self, end: Timestamp) -> bool {
        let found = files::read_small(self.credentials).ok().flatten();
        found.is_some_and(|found| {
            found.mode & 0o077 == 0
                && super::anthropic_profile::end_of(&found.bytes) == Some(end.as_second())
        })
    }

    /// Writes it: whoever reads sees the old text or the new one.
    pub(crate) fn write(&self, text: &[u8]) -> io::Result<()> {
        files::replace_private(self.credentials, text)
    }
}
