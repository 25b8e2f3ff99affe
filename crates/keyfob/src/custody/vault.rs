//! The secret store as the rest of the core sees it: credentials instead of bytes, never blocking, never waiting
//! without end, and nothing said to be stored before it has been read back.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::account::AccountId;
use crate::credential::Credential;
use crate::custody::lock::Held;
use crate::custody::store::{Access, SecretStore, StoreError};
use crate::custody::stores::Stores;
use crate::patience;
use crate::secret::Secret;

/// How long a person may take at a dialog of the system.
const PATIENCE_FOR_PEOPLE: Duration = Duration::from_secs(120);

/// How often is looked whether a store was unlocked in another way.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// A store with a time limit.
pub(crate) struct Vault {
    stores: Stores,
    limit: Duration,
}

impl Vault {
    pub(crate) fn new(stores: Stores, limit: Duration) -> Self {
        Self { stores, limit }
    }

    /// Which stores there are, and which of them is in use.
    pub(crate) fn stores(&self) -> &Stores {
        &self.stores
    }

    /// What people call the store.
    pub(crate) fn name(&self) -> String {
        self.stores.name()
    }

    /// The credential of an account.
    pub(crate) async fn load(&self, account: &AccountId) -> Result<Option<Credential>, StoreError> {
        let mut store = self.stores.current()?;
        let stored = loop {
            let id = account.clone();
            let found = self.call(&store, move |store| store.load(&id)).await;
            let now = self.stores.current()?;
            if matches!(found, Ok(Some(_))) || Arc::ptr_eq(&store, &now) {
                break found?;
            }
            // It was moved to another store meanwhile.
            store = now;
        };
        match stored {
            None => Ok(None),
            Some(stored) => Credential::from_stored(&stored)
                .map(Some)
                .ok_or(StoreError::NotUnderstood),
        }
    }

    /// Copies what one store has of an account into another one, and reads it back; false where it has nothing.
    pub(crate) async fn copy(
        &self,
        account: &AccountId,
        label: &str,
        from: &Arc<dyn SecretStore>,
        to: &Arc<dyn SecretStore>,
        nobody_else: &Arc<File>,
    ) -> Result<bool, StoreError> {
        let id = account.clone();
        let Some(secret) = self.call(from, move |store| store.load(&id)).await? else {
            return Ok(false);
        };
        let (id, label) = (account.clone(), label.to_owned());
        let nobody_else = Arc::clone(nobody_else);
        self.call(to, move |store| {
            let _nobody_else = nobody_else;
            save_and_read_back(store, &id, &label, &secret)
        })
        .await
        .map(|()| true)
    }

    /// Erases what a store has of an account, and looks whether it is gone.
    ///
    /// What does not answer in time may still do it later, so the lock that is held is held until it has answered.
    pub(crate) async fn erase<Lock: Send + 'static>(
        &self,
        account: &AccountId,
        from: &Arc<dyn SecretStore>,
        held: Lock,
    ) -> Result<(), StoreError> {
        let account = account.clone();
        if from.erases_without_opening() {
            let erasing = self.call_apart(from, move |store, _| {
                let _held = held;
                store.delete(&account)
            });
            return erasing.await.map_err(|error| from.worded(error));
        }
        self.call(from, move |store| {
            let _held = held;
            delete_and_look(store, &account)
        })
        .await
    }

    /// Stores a credential and reads it back; only then it counts as stored.
    ///
    /// A store that does not answer in time may still do it later, so the account's lock is held until it has
    /// answered: else an older credential could come to lie over a newer one.
    pub(crate) async fn save(
        &self,
        held: &Held,
        account: &AccountId,
        label: &str,
        credential: &Credential,
    ) -> Result<(), StoreError> {
        let (account, label) = (account.clone(), label.to_owned());
        let stored = credential.to_stored();
        let held = held.clone();
        self.call(&self.stores.current()?, move |store| {
            let _held = held;
            save_and_read_back(store, &account, &label, &stored)
        })
        .await
    }

    /// Erases the credential of an account, and looks whether it is gone.
    pub(crate) async fn delete(&self, held: &Held, account: &AccountId) -> Result<(), StoreError> {
        let account = account.clone();
        let held = held.clone();
        self.call(&self.stores.current()?, move |store| {
            let _held = held;
            delete_and_look(store, &account)
        })
        .await
    }

    /// Whether the store would answer, asked before a person is sent to a browser.
    pub(crate) async fn check(&self, account: &AccountId) -> Result<(), StoreError> {
        let account = account.clone();
        self.call(&self.stores.current()?, move |store| {
            store.load(&account).map(drop)
        })
        .await
    }

    /// Whether the store would answer now without anybody being asked.
    pub(crate) async fn answers_alone(&self) -> bool {
        let Ok(store) = self.stores.current() else {
            return false;
        };
        let looked = self.call_apart(&store, |store, _| store.access());
        looked.await == Ok(Access::Open)
    }

    /// Opens a store, asking a person where it has to be asked.
    pub(crate) async fn open(&self, store: &Arc<dyn SecretStore>) -> Result<(), StoreError> {
        let nobody = AccountId::from_random([0; 32]);
        self.call(store, move |store| store.load(&nobody).map(drop))
            .await
    }

    /// How the store stands, without opening any dialog.
    pub(crate) async fn look(&self) -> Result<(), StoreError> {
        let store = self.stores.current()?;
        let looked = self.call_apart(&store, |store, _| match store.access()? {
            Access::Locked => Err(StoreError::Locked),
            Access::Open | Access::MayAsk => Ok(()),
        });
        looked.await.map_err(|error| store.worded(error))
    }

    /// Makes one call, after unlocking where that is needed, and with its failure in the words of the store.
    async fn call<T: Send + 'static>(
        &self,
        store: &Arc<dyn SecretStore>,
        work: impl FnOnce(&dyn SecretStore) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let asking = Arc::clone(store);
        let called = self.call_apart(store, move |store, signs| {
            let access = store.access()?;
            if access != Access::Open {
                signs.person.store(true, Ordering::SeqCst);
            }
            if access == Access::Locked {
                unlocked(asking, signs)?;
            }
            // Whoever unlocks it an hour later must not set off what was given up long ago.
            if signs.given_up.load(Ordering::SeqCst) {
                return Err(StoreError::Silent);
            }
            work(store)
        });
        called.await.map_err(|error| store.worded(error))
    }

    /// Does work on a thread of its own. What hangs keeps its thread, and nothing else, until the program ends; a
    /// pool's thread would keep the whole program from ending.
    async fn call_apart<T: Send + 'static>(
        &self,
        store: &Arc<dyn SecretStore>,
        work: impl FnOnce(&dyn SecretStore, &Signs) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = Arc::clone(store);
        let signs = Arc::new(Signs::default());
        let theirs = Arc::clone(&signs);
        let (done, mut result) = oneshot::channel();
        std::thread::Builder::new()
            .name("secret store".to_owned())
            .spawn(move || {
                // The one who asked may have gone away.
                let _ = done.send(work(store.as_ref(), &theirs));
            })
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        let mut ended = patience::within(self.limit, &mut result).await;
        if ended.is_none() && signs.person.load(Ordering::SeqCst) {
            ended = patience::within(PATIENCE_FOR_PEOPLE, &mut result).await;
        }
        match ended {
            Some(Ok(result)) => result,
            // The thread ended without an answer: a library below panicked.
            Some(Err(_)) => Err(StoreError::Failed("its library broke down".to_owned())),
            None => {
                signs.given_up.store(true, Ordering::SeqCst);
                Err(StoreError::Silent)
            }
        }
    }
}

/// Waits for the person at the system's dialog, or for the store to be opened in another way: who unlocks it in the
/// system's own program need not find our dialog too.
fn unlocked(store: Arc<dyn SecretStore>, signs: &Signs) -> Result<(), StoreError> {
    let (done, ended) = mpsc::channel();
    let asking = Arc::clone(&store);
    std::thread::Builder::new()
        .name("unlock dialog".to_owned())
        .spawn(move || {
            // Whoever waited may have gone on without it.
            let _ = done.send(asking.unlock());
        })
        .map_err(|error| StoreError::Failed(error.to_string()))?;
    loop {
        match ended.recv_timeout(BETWEEN_LOOKS) {
            Ok(unlocked) => return unlocked,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(StoreError::Failed("its library broke down".to_owned()));
            }
            Err(RecvTimeoutError::Timeout) if signs.given_up.load(Ordering::SeqCst) => {
                return Err(StoreError::Silent);
            }
            Err(RecvTimeoutError::Timeout) => {
                if store.access() == Ok(Access::Open) {
                    return Ok(());
                }
            }
        }
    }
}

fn save_and_read_back(
    store: &dyn SecretStore,
    account: &AccountId,
    label: &str,
    secret: &Secret,
) -> Result<(), StoreError> {
    store.save(account, label, secret)?;
    match store.load(account)? {
        Some(back) if back == *secret => Ok(()),
        _ => Err(StoreError::ReadBackDiffers),
    }
}

fn delete_and_look(store: &dyn SecretStore, account: &AccountId) -> Result<(), StoreError> {
    store.delete(account)?;
    match store.load(account)? {
        None => Ok(()),
        Some(_) => Err(StoreError::Failed("it is still there".to_owned())),
    }
}

/// What a call and the one who waits for it tell each other.
#[derive(Default)]
struct Signs {
    /// A person may be asked, and may take a while.
    person: AtomicBool,
    /// Nobody waits any more.
    given_up: AtomicBool,
}

#[cfg(test)]
#[path = "vault_tests.rs"]
mod tests;
