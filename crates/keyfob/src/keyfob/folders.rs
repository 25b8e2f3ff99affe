//! The account of a folder: `.keyfob.toml` names it, and counts once the person has trusted it.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::Keyfob;
use crate::account::{AccountId, Payer};
use crate::error::{Code, Error, Result};
use crate::files;
use crate::hand_over::folder::{self, FolderFile};
use crate::hand_over::trust::Standing;

/// What a folder's file chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FolderChoice {
    /// The account. Its id is a name like any other.
    pub account: AccountId,
    /// As it is called.
    pub label: String,
    /// Who pays for it.
    pub payer: Payer,
    /// The file that says so.
    pub file: PathBuf,
}

/// How a file that was trusted once stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TrustState {
    /// It is as it was trusted.
    Trusted,
    /// It says something else since, or cannot be read: it counts for nothing until it is trusted again.
    Changed,
    /// It is as it was, and another account than then is called what it says: it counts for nothing either.
    AnotherAccount,
    /// It is as it was, and no account is called what it says.
    NoAccount,
    /// It is not there any more.
    Gone,
}

/// A file that was trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrustedFolder {
    /// The file.
    pub file: PathBuf,
    /// The account that it named when it was trusted.
    pub account: String,
    /// Since when.
    pub since: Timestamp,
    /// How it stands.
    pub state: TrustState,
}

impl Keyfob {
    /// The account that the file of this folder, or of the nearest one above, chooses; none where there is no such
    /// file. One that is not trusted, or cannot be understood, is an error: with another account in its place,
    /// somebody else would pay.
    pub fn for_folder(&self, dir: &Path) -> Result<Option<FolderChoice>> {
        let Some(path) = self.folder_file(dir)? else {
            return Ok(None);
        };
        let file = folder::read(&path)?;
        match self.0.trust.standing(&file)? {
            Standing::Trusted(id) => {
                let choice = self.choice_of(&file)?;
                match id.as_ref() == Some(&choice.account) {
                    true => Ok(Some(choice)),
                    false => Err(another_account(&file)),
                }
            }
            standing => Err(not_trusted(&file, &standing)),
        }
    }

    /// Trusts the file that counts in this folder, as it is now, with the account that it names. One that names no
    /// account here cannot be trusted: nobody could say whose bill that would be.
    pub fn trust_folder(&self, dir: &Path) -> Result<FolderChoice> {
        let Some(path) = self.folder_file(dir)? else {
            return Err(Error::new(
                Code::Usage,
                format!(
                    "There is no {} in {} or above.",
                    folder::NAME,
                    dir.display()
                ),
                "`keyfob use ACCOUNT --here` writes one.",
            ));
        };
        let file = folder::read(&path)?;
        let choice = self.choice_of(&file)?;
        self.0
            .trust
            .trust(&file, &choice.account, self.0.edge.now())?;
        Ok(choice)
    }

    /// Trusts the file of this folder, or of the nearest one above, no more. It need not be there any longer.
    pub fn forget_folder(&self, dir: &Path) -> Result<PathBuf> {
        let absolute = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
        let real = dir.canonicalize().unwrap_or(absolute);
        for above in real.ancestors() {
            let path = above.join(folder::NAME);
            if self.0.trust.forget(&path)? {
                return Ok(path);
            }
        }
        Err(Error::new(
            Code::Usage,
            format!(
                "No {} of {} or above is trusted.",
                folder::NAME,
                dir.display()
            ),
            "`keyfob trust --list` shows those that are.",
        ))
    }

    /// All files that were trusted, and how they stand.
    pub fn trusted_folders(&self) -> Result<Vec<TrustedFolder>> {
        let all = self.0.trust.all()?;
        let shown = all.into_iter().map(|one| {
            let state = match folder::read(&one.path) {
                Ok(now) if now.sha256 == one.sha256 => match self.choice_of(&now) {
                    Ok(choice) if Some(&choice.account) == one.id.as_ref() => TrustState::Trusted,
                    Ok(_) => TrustState::AnotherAccount,
                    Err(_) => TrustState::NoAccount,
                },
                Err(_) if !one.path.exists() => TrustState::Gone,
                _ => TrustState::Changed,
            };
            TrustedFolder {
                file: one.path,
                account: one.account,
                since: one.since,
                state,
            }
        });
        Ok(shown.collect())
    }

    /// Writes the file of a folder, which then chooses this account, and trusts it. One that is there keeps all but the
    /// account's name, and its permissions.
    pub fn use_in_folder(&self, name: &str, dir: &Path) -> Result<FolderChoice> {
        let accounts = self.0.accounts.read()?;
        let named = self.named(&accounts, Some(name))?;
        // The label, because the id is this computer's own and the file may be for others too.
        let label = named.account().label.clone();
        let path = real(dir)?.join(folder::NAME);
        folder::checked_name(&path, &label)?;
        let written = match std::fs::symlink_metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                files::replace_for_all(&path, folder::new_text(&label).as_bytes())
            }
            _ => {
                // Whatever else it is, it is left as it is.
                folder::read(&path)?;
                let text = files::read(&path)?.unwrap_or_default();
                let text = folder::with_account(&path, &text, &label)?;
                // Who may read it is the person's affair.
                files::replace_theirs(&path, text.as_bytes())
            }
        };
        written.map_err(|error| {
            let message = format!("{} cannot be written.", path.display());
            Error::new(Code::Failed, message, "Check the folder's permissions.")
                .detail(error.to_string())
        })?;
        let file = folder::read(&path)?;
        let choice = self.choice_of(&file)?;
        self.0
            .trust
            .trust(&file, &choice.account, self.0.edge.now())?;
        Ok(choice)
    }

    fn folder_file(&self, dir: &Path) -> Result<Option<PathBuf>> {
        let home = self.0.edge.home_folder();
        let home = home.and_then(|home| home.canonicalize().ok());
        folder::find(&real(dir)?, home.as_deref())
    }

    fn choice_of(&self, file: &FolderFile) -> Result<FolderChoice> {
        let accounts = self.0.accounts.read()?;
        let named = self.named(&accounts, Some(&file.account));
        let named = named.map_err(|error| {
            Error::new(
                Code::Usage,
                format!(
                    "{} names the account \"{}\", which does not exist here.",
                    file.path.display(),
                    file.account
                ),
                "Add it under that name, change the file with `keyfob use ACCOUNT --here`, or name another account.",
            )
            .detail(error.message)
        })?;
        let account = named.account();
        Ok(FolderChoice {
            account: account.id.clone(),
            label: account.label.clone(),
            payer: account.payer,
            file: file.path.clone(),
        })
    }
}

/// The folder by its real name, so that it is the same however one got there.
fn real(dir: &Path) -> Result<PathBuf> {
    match dir.canonicalize() {
        Ok(real) if real.is_dir() => Ok(real),
        Err(error) => Err(not_reached(dir, &error)),
        Ok(_) => Err(not_reached(dir, &io::ErrorKind::NotADirectory.into())),
    }
}

fn not_reached(dir: &Path, error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Error::new(
            Code::Usage,
            format!(
                "{} cannot be looked into: you may not read it.",
                dir.display()
            ),
            "A .keyfob.toml there would decide which account is used, so nothing was given in its place. Name the account, or go to another folder.",
        ),
        _ => Error::new(
            Code::Usage,
            format!("There is no folder {}.", dir.display()),
            "Name a folder that is there.",
        ),
    }
}

fn another_account(file: &FolderFile) -> Error {
    Error::new(
        Code::Usage,
        format!(
            "{} names the account \"{}\", and that is another one than when you trusted it.",
            file.path.display(),
            file.account
        ),
        "If that is right, trust it with `keyfob trust`; or name the account.",
    )
}

fn not_trusted(file: &FolderFile, standing: &Standing) -> Error {
    let path = file.path.display();
    let account = &file.account;
    let mut message = match standing {
        Standing::Changed => format!(
            "{path} was changed since you trusted it, and wants the account \"{account}\" to be used here."
        ),
        _ => format!(
            "{path} wants the account \"{account}\" to be used here, and is not trusted yet."
        ),
    };
    if file.of_another {
        message.push_str(" It belongs to another user of this computer.");
    }
    Error::new(
        Code::Usage,
        message,
        "If that is right, trust it with `keyfob trust`; or name the account.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_somebody_elses_is_not_said_to_be_missing() {
        let dir = Path::new("/home/ada/work");
        let closed = not_reached(dir, &io::ErrorKind::PermissionDenied.into());
        assert_eq!(closed.code, Code::Usage);
        assert!(closed.message.contains("you may not read it"), "{closed}");
        assert!(closed.cure.contains("Name the account"), "{closed}");
        let gone = not_reached(dir, &io::ErrorKind::NotFound.into());
        assert!(gone.message.contains("There is no folder"), "{gone}");
    }
}
