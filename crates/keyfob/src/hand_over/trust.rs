//! Which folders' files the person trusts: `trusted.json`. A file is trusted with its bytes, so that whoever changes it,
//! a colleague or a pull, does not change who pays. Who else may write it does not matter for the same reason.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::folder::FolderFile;
use crate::account::AccountId;
use crate::custody::lock;
use crate::error::{Code, Error, Result};
use crate::files;
use crate::home::Home;

/// The form of the file that this program writes.
const VERSION: u32 = 1;

/// One file that is trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trusted {
    /// Where it lies, by its real name.
    pub(crate) path: PathBuf,
    /// Its bytes when it was trusted.
    pub(crate) sha256: String,
    /// The account that it named then, to be shown.
    pub(crate) account: String,
    /// Which one that was. Another that comes to be called the same is not what was trusted; none is nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<AccountId>,
    pub(crate) since: Timestamp,
}

/// How a file stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// As it is, with this account.
    Trusted(Option<AccountId>),
    Changed,
    New,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct List {
    version: u32,
    files: Vec<Trusted>,
}

impl Default for List {
    fn default() -> Self {
        Self {
            version: VERSION,
            files: Vec::new(),
        }
    }
}

/// Where the list lies. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct TrustFile {
    path: PathBuf,
    lock: PathBuf,
}

impl TrustFile {
    pub(crate) fn new(home: &Home) -> Self {
        Self {
            path: home.trusted_file(),
            lock: home.locks().join("trusted.lock"),
        }
    }

    /// All that are trusted.
    pub(crate) fn all(&self) -> Result<Vec<Trusted>> {
        Ok(self.read()?.files)
    }

    /// How a file stands that was just read.
    pub(crate) fn standing(&self, file: &FolderFile) -> Result<Standing> {
        let list = self.read()?;
        Ok(match list.files.iter().find(|one| one.path == file.path) {
            Some(one) if one.sha256 == file.sha256 => Standing::Trusted(one.id.clone()),
            Some(_) => Standing::Changed,
            None => Standing::New,
        })
    }

    /// Trusts a file as it was read, with the account that it names now.
    pub(crate) fn trust(&self, file: &FolderFile, id: &AccountId, now: Timestamp) -> Result<()> {
        if file.path.to_str().is_none() {
            return Err(Error::new(
                Code::Usage,
                format!(
                    "{} cannot be trusted: its path is not text.",
                    file.path.display()
                ),
                "Rename the folder, or name the account.",
            ));
        }
        self.change(|files| {
            files.retain(|one| one.path != file.path);
            files.push(Trusted {
                path: file.path.clone(),
                sha256: file.sha256.clone(),
                account: file.account.clone(),
                id: Some(id.clone()),
                since: now,
            });
        })
    }

    /// Trusts a file no more; false where it was not trusted.
    pub(crate) fn forget(&self, path: &Path) -> Result<bool> {
        let mut was = false;
        self.change(|files| {
            let before = files.len();
            files.retain(|one| one.path != path);
            was = files.len() != before;
        })?;
        Ok(was)
    }

    fn read(&self) -> Result<List> {
        super::list::read(&self.path, VERSION, "trust your folders")
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Trusted>)) -> Result<()> {
        lock::briefly(&self.lock, || {
            let before = self.read()?;
            let mut list = before.clone();
            change(&mut list.files);
            if list != before {
                // Texts, numbers and lists always serialize.
                let text = serde_json::to_string_pretty(&list).unwrap_or_default() + "\n";
                files::replace(&self.path, &text)?;
            }
            Ok(())
        })
    }
}
