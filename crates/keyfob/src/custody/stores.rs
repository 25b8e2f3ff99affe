//! Which store secrets lie in: the keychain unless a person chose otherwise, in so many words. The choice lies in
//! `storage.json`, so that the window and the command always mean the same store.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::custody::encrypted_file::EncryptedFiles;
use crate::custody::identity::Key;
use crate::custody::keychain::{Keychain, Prompts};
use crate::custody::passphrase::Passphrase;
use crate::custody::store::{SecretStore, StoreError};
use crate::error::Result;
use crate::files::{self, Stamp};
use crate::home::Home;

/// The form of `storage.json` that this program writes.
const VERSION: u32 = 1;

/// Where secrets lie.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StorageChoice {
    /// In the operating system's keychain.
    #[default]
    Keychain,
    /// In encrypted files that a key file opens.
    KeyFile {
        /// The key file.
        #[cfg_attr(feature = "typescript", ts(type = "string"))]
        path: PathBuf,
    },
    /// In encrypted files that a passphrase opens.
    Passphrase,
    /// In encrypted files whose key a service manager hands over (`$CREDENTIALS_DIRECTORY`).
    Credential,
}

/// What `storage.json` says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Chosen {
    pub(crate) version: u32,
    /// The store that counts.
    pub(crate) in_use: StorageChoice,
    /// A store that copies were being put into when a move broke off. They count for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) entering: Option<StorageChoice>,
    /// A store that old copies are still being erased from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) leaving: Option<StorageChoice>,
}

impl Chosen {
    pub(crate) fn of(in_use: StorageChoice) -> Self {
        Self {
            version: VERSION,
            in_use,
            entering: None,
            leaving: None,
        }
    }
}

/// Who is there to answer, and what was handed over at the start of the program.
#[derive(Debug, Clone)]
pub struct People {
    /// Whether a person would see a dialog of the system.
    pub prompts: Prompts,
    /// How the passphrase of the encrypted files is asked for.
    pub passphrase: Passphrase,
    /// `$CREDENTIALS_DIRECTORY`, where a service manager set it.
    pub credentials: Option<PathBuf>,
}

/// The stores of a home, and which of them is in use.
pub(crate) struct Stores {
    choice: Choice,
}

enum Choice {
    /// One store, whatever the file says.
    Fixed(Arc<dyn SecretStore>),
    /// What the file says.
    Filed(Box<Filed>),
}

struct Filed {
    file: PathBuf,
    folder: PathBuf,
    service: String,
    people: People,
    /// What was read last, and the store that it means.
    known: Mutex<Option<Known>>,
}

struct Known {
    stamp: Option<Stamp>,
    chosen: Chosen,
    store: Arc<dyn SecretStore>,
}

impl Stores {
    pub(crate) fn fixed(store: Arc<dyn SecretStore>) -> Self {
        Self {
            choice: Choice::Fixed(store),
        }
    }

    pub(crate) fn of(home: &Home, people: People) -> Self {
        Self {
            choice: Choice::Filed(Box::new(Filed {
                file: home.storage_file(),
                folder: home.secrets(),
                service: home.keychain_service(),
                people,
                known: Mutex::default(),
            })),
        }
    }

    /// The store in use.
    pub(crate) fn current(&self) -> Result<Arc<dyn SecretStore>, StoreError> {
        match &self.choice {
            Choice::Fixed(store) => Ok(Arc::clone(store)),
            Choice::Filed(filed) => {
                let (chosen, store) = filed.known()?;
                filed.check(&chosen.in_use).map(|()| store)
            }
        }
    }

    /// What people call the store in use, whether it can be opened or not.
    pub(crate) fn name(&self) -> String {
        match &self.choice {
            Choice::Fixed(store) => store.name(),
            Choice::Filed(filed) => filed
                .known()
                .map_or_else(|_| "Unknown store".to_owned(), |(_, store)| store.name()),
        }
    }

    /// What the file says; none where there is no choice.
    pub(crate) fn chosen(&self) -> Result<Option<Chosen>, StoreError> {
        match &self.choice {
            Choice::Fixed(_) => Ok(None),
            Choice::Filed(filed) => Ok(Some(filed.known()?.0)),
        }
    }

    /// Writes a choice down.
    pub(crate) fn choose(&self, chosen: &Chosen) -> Result<()> {
        match &self.choice {
            Choice::Fixed(_) => Ok(()),
            Choice::Filed(filed) => {
                // Names and paths always serialize.
                let text = serde_json::to_string_pretty(chosen).unwrap_or_default();
                files::replace(&filed.file, &(text + "\n"))
            }
        }
    }

    /// Makes what a store needs before anything can be put into it.
    pub(crate) fn prepare(&self, choice: &StorageChoice) -> Result<(), StoreError> {
        match &self.choice {
            Choice::Fixed(_) => Ok(()),
            Choice::Filed(filed) => {
                filed.check(choice)?;
                filed.files(choice).map_or(Ok(()), |files| files.prepare())
            }
        }
    }

    /// Removes what was made for a store that holds nothing any more. A key file is the person's own.
    pub(crate) fn dismiss(&self, choice: &StorageChoice) {
        if let (Choice::Filed(filed), StorageChoice::Passphrase) = (&self.choice, choice) {
            filed.people.passphrase.forget();
            let folder = filed.folder_of(choice);
            let _ = files::remove_wholly(&folder.join("identity.age"));
            let _ = std::fs::remove_dir(folder);
        }
    }

    /// The store of a choice.
    pub(crate) fn store(&self, choice: &StorageChoice) -> Arc<dyn SecretStore> {
        match &self.choice {
            Choice::Fixed(store) => Arc::clone(store),
            Choice::Filed(filed) => filed.store(choice),
        }
    }

    /// Hands in the passphrase that a person typed.
    pub(crate) fn give_passphrase(&self, passphrase: crate::Secret) {
        if let Choice::Filed(filed) = &self.choice {
            filed.people.passphrase.give(passphrase);
        }
    }
}

impl Filed {
    fn check(&self, choice: &StorageChoice) -> Result<(), StoreError> {
        match (choice, &self.people.credentials) {
            (StorageChoice::Credential, None) => Err(StoreError::NotGiven),
            _ => Ok(()),
        }
    }

    fn known(&self) -> Result<(Chosen, Arc<dyn SecretStore>), StoreError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.as_ref().and_then(|known| known.stamp.as_ref());
        let unusable = |error: crate::Error| StoreError::NoChoice(error.message);
        let (chosen, stamp) = match files::read_if_new(&self.file, before).map_err(unusable)? {
            files::Read::New(text, stamp) => (self.understood(&text)?, Some(stamp)),
            files::Read::Missing => (Chosen::of(StorageChoice::Keychain), None),
            files::Read::Same => match &*known {
                Some(known) => return Ok((known.chosen.clone(), Arc::clone(&known.store))),
                None => (Chosen::of(StorageChoice::Keychain), None),
            },
        };
        // A store keeps its connection, so it is made anew only when another one is meant.
        let store = match &*known {
            Some(known) if known.chosen.in_use == chosen.in_use => Arc::clone(&known.store),
            _ => self.store(&chosen.in_use),
        };
        *known = Some(Known {
            stamp,
            chosen: chosen.clone(),
            store: Arc::clone(&store),
        });
        Ok((chosen, store))
    }

    /// A file that is not understood must not send anybody to another store.
    fn understood(&self, text: &str) -> Result<Chosen, StoreError> {
        let name = self.file.display();
        match serde_json::from_str::<Chosen>(text) {
            Ok(chosen) if chosen.version > VERSION => Err(StoreError::NoChoice(format!(
                "{name} was written by a newer Keyfob."
            ))),
            Ok(chosen) => Ok(chosen),
            Err(_) => Err(StoreError::NoChoice(format!("{name} is damaged."))),
        }
    }

    fn store(&self, choice: &StorageChoice) -> Arc<dyn SecretStore> {
        match self.files(choice) {
            Some(files) => Arc::new(files),
            None => Arc::new(Keychain::new(self.service.clone(), self.people.prompts)),
        }
    }

    /// The encrypted files of a choice; none where that is the keychain.
    fn files(&self, choice: &StorageChoice) -> Option<EncryptedFiles> {
        let key = match choice {
            StorageChoice::Keychain => return None,
            StorageChoice::KeyFile { path } => Key::File(path.clone()),
            StorageChoice::Passphrase => Key::Passphrase(self.people.passphrase.clone()),
            StorageChoice::Credential => {
                // Where there is none, `check` has said so before anything is read.
                let folder = self.people.credentials.as_deref();
                Key::given_in(folder.unwrap_or(Path::new("/nonexistent")))
            }
        };
        Some(EncryptedFiles::new(self.folder_of(choice), key))
    }

    /// Each key has a folder of its own, so that secrets can be moved from one key to another.
    fn folder_of(&self, choice: &StorageChoice) -> PathBuf {
        self.folder.join(match choice {
            StorageChoice::Keychain => "keychain".to_owned(),
            StorageChoice::Passphrase => "passphrase".to_owned(),
            StorageChoice::Credential => "credential".to_owned(),
            StorageChoice::KeyFile { path } => {
                let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
                let hex: String = digest[..4].iter().map(|b| format!("{b:02x}")).collect();
                format!("key-file-{hex}")
            }
        })
    }
}
