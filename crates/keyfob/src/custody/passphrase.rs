//! A passphrase that opens the identity of the encrypted files, asked for once a process.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use age::scrypt;
use age::secrecy::SecretString;
use sha2::{Digest as _, Sha256};

use crate::custody::age_format::{self, Shut};
use crate::custody::identity::{self, Identities, Made, Modes};
use crate::custody::store::StoreError;
use crate::secret::Secret;

/// The work of one try is 2^16 rounds of scrypt, which is 64 MiB of memory and a second on a slow computer. It is
/// fixed, because what a fast computer would choose by itself a slow one could not open in time.
const WORK: u8 = 16;
/// The most that is worked for an identity that another program encrypted: 1 GiB of memory.
const MOST_WORK: u8 = 20;
/// Wrong tries at one prompt.
const TRIES: usize = 3;

/// Out of which file, what that was, and what it opened.
type Opened = (PathBuf, [u8; 32], Arc<Identities>);

type Ask = dyn Fn(&str) -> Option<Secret> + Send + Sync;

/// Asks for the passphrase once a process, and keeps what it opened, in memory, for that long. Clones are one.
#[derive(Clone)]
pub struct Passphrase(Arc<Inner>);

struct Inner {
    ask: Option<Box<Ask>>,
    work: u8,
    /// Handed in, and not tried yet.
    given: Mutex<Option<Secret>>,
    /// What it opened, and out of which file.
    opened: Mutex<Option<Opened>>,
    /// Held while a person is asked, so that two calls at once are one prompt.
    turn: Mutex<()>,
}

impl Passphrase {
    /// `ask` puts a sentence before a person and gives what they typed, or nothing if they would rather not. It may
    /// block.
    pub fn new(ask: impl Fn(&str) -> Option<Secret> + Send + Sync + 'static) -> Self {
        Self::with(Some(Box::new(ask)), WORK)
    }

    /// Nobody is there to be asked; what opens the files is handed in through [`Passphrase::give`], or nothing does.
    pub fn unattended() -> Self {
        Self::with(None, WORK)
    }

    fn with(ask: Option<Box<Ask>>, work: u8) -> Self {
        Self(Arc::new(Inner {
            ask,
            work,
            given: Mutex::new(None),
            opened: Mutex::new(None),
            turn: Mutex::new(()),
        }))
    }

    /// The same with little work a try, because tests try often.
    #[cfg(test)]
    pub(crate) fn quick(ask: Option<Box<Ask>>) -> Self {
        Self::with(ask, 4)
    }

    /// Hands in a passphrase. It is tried at the next call, once; a wrong one is forgotten.
    pub fn give(&self, passphrase: Secret) {
        *lock(&self.0.given) = Some(passphrase);
    }

    /// Forgets what was given and what it opened.
    pub(crate) fn forget(&self) {
        *lock(&self.0.given) = None;
        *lock(&self.0.opened) = None;
    }

    /// Whether a person could be asked.
    pub(super) fn can_ask(&self) -> bool {
        self.0.ask.is_some()
    }

    /// Whether the files can be opened without a person.
    pub(super) fn is_at_hand(&self, file: &Path) -> bool {
        self.opened(file).is_some() || lock(&self.0.given).is_some()
    }

    /// The identities, without asking anybody.
    pub(super) fn identities(&self, file: &Path) -> Result<Arc<Identities>, StoreError> {
        if let Some(opened) = self.opened(file) {
            return Ok(opened);
        }
        // Looked at before the turn is taken, so that nobody waits here for another call's prompt to no end.
        if lock(&self.0.given).is_none() {
            return Err(StoreError::PassphraseNeeded);
        }
        let _turn = lock(&self.0.turn);
        match self.opened(file) {
            Some(opened) => Ok(opened),
            None => self.try_given(file)?.ok_or(StoreError::PassphraseNeeded),
        }
    }

    /// The identities, out of what was handed in, else out of what a person types.
    pub(super) fn unlock(&self, file: &Path) -> Result<(), StoreError> {
        let _turn = lock(&self.0.turn);
        if self.opened(file).is_some() || self.try_given(file)?.is_some() {
            return Ok(());
        }
        let ask = self.0.ask.as_ref().ok_or(StoreError::PassphraseNeeded)?;
        // Nobody should type for a file that is not there.
        let sealed = identity::read(file, Modes::Private)?;
        let mut why = "The passphrase of Keyfob's encrypted files:";
        for _ in 0..TRIES {
            let typed = ask(why).ok_or(StoreError::PassphraseNeeded)?;
            match open(file, &sealed, &typed) {
                Ok(identities) => {
                    self.keep(file, &sealed, identities);
                    return Ok(());
                }
                Err(StoreError::WrongPassphrase) => {
                    why = "That was not it. The passphrase of Keyfob's encrypted files:";
                }
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::WrongPassphrase)
    }

    /// Makes an identity and encrypts it with a new passphrase, where there is none yet.
    pub(super) fn make(&self, file: &Path) -> Result<(), StoreError> {
        let _turn = lock(&self.0.turn);
        match identity::read(file, Modes::Private) {
            Err(StoreError::KeyMissing(_)) => {}
            found => return found.map(drop),
        }
        let chosen = self.choose()?;
        let identities = Identities::fresh();
        let mut recipient = scrypt::Recipient::new(for_age(&chosen));
        recipient.set_work_factor(self.0.work);
        let sealed = age_format::encrypt(&recipient, identities.file().as_bytes());
        let sealed = sealed.ok_or_else(|| identity::unusable(file, "could not be encrypted"))?;
        // What somebody else made in this moment has their passphrase, and is opened with it.
        if identity::make(file, &sealed)? == Made::Ours {
            self.keep(file, &sealed, identities);
        }
        Ok(())
    }

    /// A new passphrase. A typed one is typed twice, because nobody would ever learn of a typing error in it.
    fn choose(&self) -> Result<Secret, StoreError> {
        let given = lock(&self.0.given).take();
        match (given, &self.0.ask) {
            (Some(given), _) if given.expose().is_empty() => {
                Err(StoreError::UnfitPassphrase("The passphrase is empty."))
            }
            (Some(given), _) => Ok(given),
            (None, None) => Err(StoreError::PassphraseNeeded),
            (None, Some(ask)) => {
                let mut why = "Choose a passphrase for Keyfob's encrypted files:";
                for _ in 0..TRIES {
                    let first = ask(why).ok_or(StoreError::PassphraseNeeded)?;
                    if first.expose().is_empty() {
                        why =
                            "It cannot be empty. Choose a passphrase for Keyfob's encrypted files:";
                        continue;
                    }
                    let second = ask("The same once more:").ok_or(StoreError::PassphraseNeeded)?;
                    if first == second {
                        return Ok(first);
                    }
                    why = "The two differ. Choose a passphrase for Keyfob's encrypted files:";
                }
                Err(StoreError::UnfitPassphrase(
                    "No passphrase was typed twice the same way.",
                ))
            }
        }
    }

    /// What was opened, as long as the file is still the one that it was opened from: somebody else may have chosen
    /// this store anew, and what is encrypted to the key of before could never be opened again.
    fn opened(&self, file: &Path) -> Option<Arc<Identities>> {
        let mut opened = lock(&self.0.opened);
        let (of, digest, identities) = opened.as_ref()?;
        let now = identity::read(file, Modes::Private).ok();
        if of == file && now.is_some_and(|sealed| digest_of(&sealed) == *digest) {
            return Some(Arc::clone(identities));
        }
        *opened = None;
        None
    }

    fn keep(&self, file: &Path, sealed: &[u8], identities: Identities) -> Arc<Identities> {
        let identities = Arc::new(identities);
        *lock(&self.0.opened) = Some((file.to_owned(), digest_of(sealed), Arc::clone(&identities)));
        identities
    }

    /// Tries what was handed in, where something was. It stays handed in while the file itself cannot be read.
    fn try_given(&self, file: &Path) -> Result<Option<Arc<Identities>>, StoreError> {
        if lock(&self.0.given).is_none() {
            return Ok(None);
        }
        let sealed = identity::read(file, Modes::Private)?;
        let given = lock(&self.0.given).take();
        match given {
            Some(given) => open(file, &sealed, &given).map(|i| Some(self.keep(file, &sealed, i))),
            None => Ok(None),
        }
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

fn digest_of(sealed: &[u8]) -> [u8; 32] {
    Sha256::digest(sealed).into()
}

fn open(file: &Path, sealed: &[u8], passphrase: &Secret) -> Result<Identities, StoreError> {
    let mut with = scrypt::Identity::new(for_age(passphrase));
    with.set_max_work_factor(MOST_WORK);
    let opened = age_format::decrypt(std::iter::once(&with as &dyn age::Identity), sealed);
    let bytes = opened.map_err(|shut| match shut {
        Shut::OtherPassphrase => StoreError::WrongPassphrase,
        Shut::OtherKey => identity::unusable(file, "is not encrypted with a passphrase"),
        Shut::TooMuchWork => {
            identity::unusable(file, "asks for more work than 2^20 rounds of scrypt")
        }
        Shut::Short if sealed.is_empty() => identity::unusable(file, "is empty"),
        Shut::Short => identity::unusable(file, "is cut off"),
        Shut::Foreign => identity::unusable(file, "is not a file of age's binary format"),
        Shut::Changed => identity::unusable(file, "is damaged"),
    })?;
    identity::understand(file, &bytes)
}

/// The library's own kind of secret, which it wipes too.
fn for_age(passphrase: &Secret) -> SecretString {
    SecretString::from(passphrase.expose().to_owned())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
