//! Secrets in files, each encrypted with age, for computers without a keychain.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::account::AccountId;
use crate::custody::age_format::{self, Shut};
use crate::custody::identity::{self, Identities, Key, Modes, about_file};
use crate::custody::store::{Access, SecretStore, StoreError};
use crate::files;
use crate::secret::Secret;

/// The longest secret: encrypted, it must still be a file that is read whole.
const LONGEST: usize = files::SMALL - 16 * 1024;

/// One file an account, `<folder>/<account id>.age`, in age's binary format and encrypted to one identity.
///
/// No call but [`EncryptedFiles::prepare`] makes a key: a fresh one could not open what is there.
#[derive(Debug, Clone)]
pub struct EncryptedFiles {
    folder: PathBuf,
    key: Key,
    writing: Arc<Mutex<()>>,
}

impl EncryptedFiles {
    /// The files of a folder.
    pub fn new(folder: PathBuf, key: Key) -> Self {
        Self {
            folder,
            key,
            writing: Arc::default(),
        }
    }

    /// Makes what is missing, when a person chooses this store: the folder, and the key where it is ours to make. What
    /// is there already is looked at and left. May ask for a new passphrase.
    pub fn prepare(&self) -> Result<(), StoreError> {
        files::make_private_folder(&self.folder)
            .map_err(|error| about_file(&self.folder, &error))?;
        match &self.key {
            Key::Passphrase(passphrase) => passphrase.make(&self.identity_file()),
            Key::Given(_) => self.identities().map(drop),
            Key::File(path) => match self.identities() {
                Err(StoreError::KeyMissing(_)) => {
                    identity::make(path, Identities::fresh().file().as_bytes())?;
                    self.identities().map(drop)
                }
                found => found.map(drop),
            },
        }
    }

    /// A key file is read at each call: it is tiny, and whoever replaces it means it.
    fn identities(&self) -> Result<Arc<Identities>, StoreError> {
        let (path, modes) = match &self.key {
            Key::Passphrase(passphrase) => return passphrase.identities(&self.identity_file()),
            Key::File(path) => (path, Modes::Private),
            Key::Given(path) => (path, Modes::Given),
        };
        let bytes = identity::read(path, modes)?;
        identity::understand(path, &bytes).map(Arc::new)
    }

    fn identity_file(&self) -> PathBuf {
        self.folder.join("identity.age")
    }

    fn file_of(&self, account: &AccountId) -> PathBuf {
        self.folder.join(format!("{account}.age"))
    }
}

impl SecretStore for EncryptedFiles {
    fn access(&self) -> Result<Access, StoreError> {
        let Key::Passphrase(passphrase) = &self.key else {
            return self.identities().map(|_| Access::Open);
        };
        let file = self.identity_file();
        if passphrase.is_at_hand(&file) {
            return Ok(Access::Open);
        }
        identity::read(&file, Modes::Private)?;
        match passphrase.can_ask() {
            true => Ok(Access::Locked),
            false => Err(StoreError::PassphraseNeeded),
        }
    }

    fn unlock(&self) -> Result<(), StoreError> {
        match &self.key {
            Key::Passphrase(passphrase) => passphrase.unlock(&self.identity_file()),
            Key::File(_) | Key::Given(_) => Ok(()),
        }
    }

    fn load(&self, account: &AccountId) -> Result<Option<Secret>, StoreError> {
        // First of all the key, so that a missing one is noticed before there is anything to open with it.
        let identities = self.identities()?;
        let path = self.file_of(account);
        let Some(sealed) = read_sealed(&path)? else {
            return Ok(None);
        };
        let plain = identities.decrypt(&sealed).map_err(|shut| {
            let how = match shut {
                Shut::OtherKey => return StoreError::WrongKey(path.clone()),
                Shut::OtherPassphrase | Shut::TooMuchWork => "is encrypted with a passphrase",
                Shut::Short if sealed.is_empty() => "is empty",
                Shut::Short => "is cut off",
                Shut::Foreign => "is not a file of age's binary format",
                Shut::Changed => "is damaged or cut off",
            };
            damaged(&path, how)
        })?;
        match age_format::text_of(plain) {
            Some(secret) => Ok(Some(secret)),
            None => Err(damaged(&path, "holds something else than text")),
        }
    }

    fn save(&self, account: &AccountId, _: &str, secret: &Secret) -> Result<(), StoreError> {
        let path = self.file_of(account);
        let failed = |why: &str| StoreError::File(format!("{}: {why}", path.display()));
        if secret.expose().len() > LONGEST {
            return Err(failed("the secret is longer than such a file may be"));
        }
        let sealed = self.identities()?.encrypt(secret.expose().as_bytes());
        let sealed = sealed.ok_or_else(|| failed("it could not be encrypted"))?;
        // A call that was given up may still be at it, under the same name.
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        files::replace_bytes(&path, &sealed).map_err(|error| about_file(&path, &error))
    }

    fn delete(&self, account: &AccountId) -> Result<(), StoreError> {
        let path = self.file_of(account);
        files::remove_wholly(&path).map_err(|error| about_file(&path, &error))
    }

    fn name(&self) -> String {
        let key = match self.key {
            Key::File(_) => "key file",
            Key::Passphrase(_) => "passphrase",
            Key::Given(_) => "key from the service manager",
        };
        format!("Encrypted files ({key})")
    }

    /// A file is removed without its key.
    fn erases_without_opening(&self) -> bool {
        true
    }

    fn worded(&self, error: StoreError) -> StoreError {
        let folder = self.folder.display();
        match error {
            StoreError::Locked => StoreError::PassphraseNeeded,
            StoreError::Silent => StoreError::File(format!("{folder}: no answer in time")),
            StoreError::ReadBackDiffers => StoreError::Damaged(format!(
                "An encrypted file in {folder} did not keep what was written into it."
            )),
            StoreError::Failed(why) => StoreError::File(format!("{folder}: {why}")),
            error => error,
        }
    }
}

/// The bytes of an account's file; none if there is no such file.
fn read_sealed(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    files::refuse_link(path)
        .and_then(|()| files::read_small(path))
        .map(|found| found.map(|mut found| std::mem::take(&mut *found.bytes)))
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::FileTooLarge => damaged(path, "is larger than 1 MiB"),
            _ => about_file(path, &error),
        })
}

fn damaged(path: &Path, how: &str) -> StoreError {
    StoreError::Damaged(format!("The encrypted file {} {how}.", path.display()))
}

#[cfg(test)]
#[path = "encrypted_file_tests/mod.rs"]
mod tests;
