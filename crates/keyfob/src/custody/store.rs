//! The one trait behind which secrets lie.

use std::path::PathBuf;

use crate::account::AccountId;
use crate::error::{Code, Error};
use crate::secret::Secret;

/// Keeps one secret an account. Calls may block; Keyfob makes them off its async threads and with a time limit.
///
/// What is missing is `None`, and deleting what is missing is no error.
pub trait SecretStore: Send + Sync {
    /// Whether a call will be answered by the store alone, asked before each.
    fn access(&self) -> Result<Access, StoreError> {
        Ok(Access::Open)
    }

    /// Opens the system's dialog where the store is locked, and waits for the person.
    fn unlock(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// The secret of an account.
    fn load(&self, account: &AccountId) -> Result<Option<Secret>, StoreError>;

    /// Stores or replaces the secret of an account. `label` is what people see in the system's own keychain program.
    fn save(&self, account: &AccountId, label: &str, secret: &Secret) -> Result<(), StoreError>;

    /// Erases the secret of an account.
    fn delete(&self, account: &AccountId) -> Result<(), StoreError>;

    /// What people call this store.
    fn name(&self) -> String;

    /// Whether what lies there can be erased although it cannot be opened.
    fn erases_without_opening(&self) -> bool {
        false
    }

    /// A failure that was found above the store, in the words of this store: the general ones are the keychain's.
    fn worded(&self, error: StoreError) -> StoreError {
        error
    }
}

/// Who answers a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The store alone, at once.
    Open,
    /// The store, but it may put a dialog of the system before a person first, who may take a while.
    MayAsk,
    /// Only after a person has unlocked it in the system's dialog.
    Locked,
}

/// Why a store did not do it: each has another cure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// It is there, but locked, and nobody is here to unlock it.
    Locked,
    /// There is none on this computer.
    Absent(String),
    /// The service runs, but there is no keyring in it yet.
    NoKeyring,
    /// It, or the person at its dialog, said no.
    Refused(String),
    /// It does not answer.
    Silent,
    /// The secret is longer than it takes.
    TooLong {
        /// What it takes, in bytes.
        limit: usize,
    },
    /// What came back is not what was stored.
    ReadBackDiffers,
    /// What lies there is not ours, or is damaged.
    NotUnderstood,
    /// Anything else.
    Failed(String),
    /// It cannot be told which store is in use: a sentence that says why.
    NoChoice(String),
    /// The service manager was to hand over the key of the encrypted files, and did not.
    NotGiven,
    /// The key that opens the encrypted files is not where it should be.
    KeyMissing(PathBuf),
    /// Others may read the key.
    KeyTooOpen(PathBuf),
    /// The key is there, but cannot be used: a sentence that says why.
    KeyUnusable(String),
    /// This encrypted file opens with another key.
    WrongKey(PathBuf),
    /// The encrypted files are locked, and nobody gave the passphrase.
    PassphraseNeeded,
    /// It is not the passphrase.
    WrongPassphrase,
    /// Nothing can be encrypted with a new passphrase: a sentence that says why.
    UnfitPassphrase(&'static str),
    /// An encrypted file is not what was written: a sentence that says how.
    Damaged(String),
    /// A file cannot be read or written: which, and why.
    File(String),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let (message, cure) = match &error {
            StoreError::Locked => (
                "The system keychain is locked.",
                "Unlock it (log in to the desktop, or open the system's password program), then try again.",
            ),
            StoreError::Absent(_) => (
                "No system keychain was found on this computer.",
                "Install and start one (on Linux GNOME Keyring or KWallet, in the same desktop session as Keyfob), or keep secrets in encrypted files: `keyfob storage key-file PATH`.",
            ),
            StoreError::NoKeyring => (
                "The system keychain runs, but no default keyring was created in it yet.",
                "Create one in the system's password program (in GNOME: Passwords and Keys), then try again.",
            ),
            StoreError::Refused(_) => (
                "The system keychain did not let Keyfob in.",
                "Allow Keyfob when the system asks, then try again.",
            ),
            StoreError::Silent => (
                "The system keychain did not answer in time.",
                "Look for a dialog of the system that waits for you, or log out of the desktop and in again.",
            ),
            StoreError::TooLong { .. } => (
                "The tokens are too long for this system's keychain.",
                "Keep secrets in encrypted files, which take longer ones: `keyfob storage --help`.",
            ),
            StoreError::ReadBackDiffers => (
                "The system keychain did not keep what was stored: reading it back gave something else.",
                "Check the keychain in the system's password program, then try again.",
            ),
            StoreError::NotUnderstood => (
                "What is stored for this account is not something that Keyfob wrote.",
                "Sign in again to replace it.",
            ),
            StoreError::Failed(_) => (
                "The system keychain failed.",
                "Try again. If it stays, restart the keychain or the desktop session.",
            ),
            StoreError::NoChoice(why) => {
                return Error::new(
                    Code::SecretStore,
                    why,
                    "It was left as it is, and no secret is lost. It says where secrets lie: repair it, or remove it \
                     where they lie in the system's keychain.",
                );
            }
            StoreError::KeyMissing(path) => {
                return Error::new(
                    Code::SecretStore,
                    format!(
                        "The key that opens the encrypted files is missing: {}.",
                        path.display()
                    ),
                    "Put it back, because a new one could not open them. Where it is lost, run `keyfob storage key-file \
                     PATH --without-old`, and sign in again.",
                );
            }
            StoreError::KeyTooOpen(path) => {
                return Error::new(
                    Code::SecretStore,
                    format!(
                        "Other users of this computer may read the key file {}.",
                        path.display()
                    ),
                    format!("Run `chmod 600 {}`, then try again.", path.display()),
                );
            }
            StoreError::KeyUnusable(why) => {
                return Error::new(
                    Code::SecretStore,
                    why,
                    "Put the right key there, or choose again where secrets lie.",
                );
            }
            StoreError::WrongKey(path) => {
                return Error::new(
                    Code::SecretStore,
                    format!("The key does not open {}.", path.display()),
                    "Put back the key that it was encrypted with, or sign in again to replace it.",
                );
            }
            StoreError::NotGiven => (
                "The key of the encrypted files comes from the service manager, and this program was not given it.",
                "Run Keyfob inside that service (systemd: `LoadCredential=keyfob-identity:FILE`), or set \
                 CREDENTIALS_DIRECTORY to the folder that holds `keyfob-identity`.",
            ),
            StoreError::PassphraseNeeded => (
                "The encrypted files are locked: their passphrase was not given.",
                "Type it in Keyfob's window, or run the command at a terminal.",
            ),
            StoreError::WrongPassphrase => (
                "That is not the passphrase of the encrypted files.",
                "Try again with the passphrase that was chosen for them.",
            ),
            StoreError::UnfitPassphrase(why) => {
                (*why, "Choose another one, and type it twice the same way.")
            }
            StoreError::Damaged(how) => {
                return Error::new(
                    Code::SecretStore,
                    how,
                    "Put it back from a backup, or sign in again to replace it.",
                );
            }
            StoreError::File(_) => (
                "The key file, or an encrypted file, cannot be read or written.",
                "Check that the disk has room, and that the folder is yours and can be written; then try again.",
            ),
        };
        let detail = match &error {
            StoreError::Absent(why)
            | StoreError::Refused(why)
            | StoreError::Failed(why)
            | StoreError::File(why) => Some(why.clone()),
            StoreError::TooLong { limit } => Some(format!("at most {limit} bytes")),
            _ => None,
        };
        let code = match error {
            StoreError::NotUnderstood => Code::SignInNeeded,
            _ => Code::SecretStore,
        };
        let error = Error::new(code, message, cure);
        match detail {
            Some(detail) => error.detail(detail),
            None => error,
        }
    }
}

/// A store in memory, for the tests of what stands on a store.
#[cfg(test)]
pub(crate) mod memory {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    pub(crate) struct Memory {
        pub(crate) secrets: Mutex<HashMap<AccountId, Secret>>,
        pub(crate) failing: Mutex<Option<StoreError>>,
    }

    impl Memory {
        fn check(&self) -> Result<(), StoreError> {
            self.failing.lock().unwrap().clone().map_or(Ok(()), Err)
        }
    }

    impl SecretStore for Memory {
        fn load(&self, account: &AccountId) -> Result<Option<Secret>, StoreError> {
            self.check()?;
            Ok(self.secrets.lock().unwrap().get(account).cloned())
        }

        fn save(&self, account: &AccountId, _: &str, secret: &Secret) -> Result<(), StoreError> {
            self.check()?;
            let secret = secret.clone();
            self.secrets.lock().unwrap().insert(account.clone(), secret);
            Ok(())
        }

        fn delete(&self, account: &AccountId) -> Result<(), StoreError> {
            self.check()?;
            self.secrets.lock().unwrap().remove(account);
            Ok(())
        }

        fn name(&self) -> String {
            "memory".to_owned()
        }
    }
}
