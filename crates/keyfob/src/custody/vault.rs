//! The secret store as the rest of the core sees it: credentials instead of bytes, never blocking, never waiting
//! without end, and nothing said to be stored before it has been read back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::account::AccountId;
use crate::credential::Credential;
use crate::custody::lock::Held;
use crate::custody::store::{Access, SecretStore, StoreError};

/// How long a person may take at a dialog of the system.
const PATIENCE_FOR_PEOPLE: Duration = Duration::from_secs(120);

/// A store with a time limit.
#[derive(Clone)]
pub(crate) struct Vault {
    store: Arc<dyn SecretStore>,
    limit: Duration,
}

impl Vault {
    pub(crate) fn new(store: Arc<dyn SecretStore>, limit: Duration) -> Self {
        Self { store, limit }
    }

    /// What people call the store.
    pub(crate) fn name(&self) -> &'static str {
        self.store.name()
    }

    /// The credential of an account.
    pub(crate) async fn load(&self, account: &AccountId) -> Result<Option<Credential>, StoreError> {
        let account = account.clone();
        match self.call(move |store| store.load(&account)).await? {
            None => Ok(None),
            Some(stored) => Credential::from_stored(&stored)
                .map(Some)
                .ok_or(StoreError::NotUnderstood),
        }
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
        self.call(move |store| {
            let _held = held;
            store.save(&account, &label, &stored)?;
            match store.load(&account)? {
                Some(back) if back == stored => Ok(()),
                _ => Err(StoreError::ReadBackDiffers),
            }
        })
        .await
    }

    /// Erases the credential of an account, and looks whether it is gone.
    pub(crate) async fn delete(&self, held: &Held, account: &AccountId) -> Result<(), StoreError> {
        let account = account.clone();
        let held = held.clone();
        self.call(move |store| {
            let _held = held;
            store.delete(&account)?;
            match store.load(&account)? {
                None => Ok(()),
                Some(_) => Err(StoreError::Failed("it is still there".to_owned())),
            }
        })
        .await
    }

    /// Whether the store would answer, asked before a person is sent to a browser.
    pub(crate) async fn check(&self, account: &AccountId) -> Result<(), StoreError> {
        let account = account.clone();
        self.call(move |store| store.load(&account).map(drop)).await
    }

    /// How the store stands, without opening any dialog.
    pub(crate) async fn look(&self) -> Result<(), StoreError> {
        let access = self.call(|store| store.access()).await?;
        match access {
            Access::Locked => Err(StoreError::Locked),
            Access::Open | Access::MayAsk => Ok(()),
        }
    }

    /// Makes one call on a thread of its own. A call that hangs keeps its thread, and nothing else, until the
    /// program ends; a pool's thread would keep the whole program from ending.
    async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn SecretStore) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = Arc::clone(&self.store);
        let given_up = Arc::new(AtomicBool::new(false));
        let unwanted = Arc::clone(&given_up);
        let (person, mut asked) = oneshot::channel();
        let (done, mut result) = oneshot::channel();
        std::thread::Builder::new()
            .name("secret store".to_owned())
            .spawn(move || {
                let worked = store.access().and_then(|access| {
                    if access != Access::Open {
                        let _ = person.send(());
                    }
                    if access == Access::Locked {
                        store.unlock()?;
                    }
                    // Whoever unlocks it an hour later must not set off what was given up long ago.
                    if unwanted.load(Ordering::SeqCst) {
                        return Err(StoreError::Silent);
                    }
                    work(store.as_ref())
                });
                // The one who asked may have gone away.
                let _ = done.send(worked);
            })
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        let mut ended = tokio::time::timeout(self.limit, &mut result).await;
        if ended.is_err() && asked.try_recv().is_ok() {
            ended = tokio::time::timeout(PATIENCE_FOR_PEOPLE, &mut result).await;
        }
        match ended {
            Ok(Ok(result)) => result,
            // The thread ended without an answer: a library below panicked.
            Ok(Err(_)) => Err(StoreError::Failed("its library broke down".to_owned())),
            Err(_) => {
                given_up.store(true, Ordering::SeqCst);
                Err(StoreError::Silent)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::ApiKey;
    use crate::custody::lock::Locks;
    use crate::custody::store::memory::Memory;
    use crate::secret::Secret;

    fn id() -> AccountId {
        AccountId::from_random([7; 32])
    }

    fn key(text: &str) -> Credential {
        Credential::ApiKey(ApiKey {
            key: Secret::new(text),
        })
    }

    /// Says yes to everything and keeps nothing.
    struct Forgetful;

    impl SecretStore for Forgetful {
        fn load(&self, _: &AccountId) -> Result<Option<Secret>, StoreError> {
            Ok(None)
        }
        fn save(&self, _: &AccountId, _: &str, _: &Secret) -> Result<(), StoreError> {
            Ok(())
        }
        fn delete(&self, _: &AccountId) -> Result<(), StoreError> {
            Ok(())
        }
        fn name(&self) -> &'static str {
            "forgetful"
        }
    }

    /// Never answers.
    struct Hanging;

    impl SecretStore for Hanging {
        fn load(&self, _: &AccountId) -> Result<Option<Secret>, StoreError> {
            loop {
                std::thread::park();
            }
        }
        fn save(&self, _: &AccountId, _: &str, _: &Secret) -> Result<(), StoreError> {
            Ok(())
        }
        fn delete(&self, _: &AccountId) -> Result<(), StoreError> {
            panic!("a library broke down")
        }
        fn name(&self) -> &'static str {
            "hanging"
        }
    }

    /// The right to write, and the folder that its lock lies in.
    async fn held() -> (Held, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let locks = Locks::new(folder.path().to_owned(), Duration::from_secs(30));
        (locks.account(&id()).await.unwrap(), folder)
    }

    fn vault(store: impl SecretStore + 'static) -> Vault {
        Vault::new(Arc::new(store), Duration::from_millis(200))
    }

    #[tokio::test]
    async fn what_is_saved_is_loaded() {
        let vault = vault(Memory::default());
        let (held, _folder) = held().await;
        vault.save(&held, &id(), "l", &key("k")).await.unwrap();
        assert_eq!(vault.load(&id()).await, Ok(Some(key("k"))));
        vault.delete(&held, &id()).await.unwrap();
        vault.delete(&held, &id()).await.unwrap();
        assert_eq!(vault.load(&id()).await, Ok(None));
    }

    #[tokio::test]
    async fn a_store_that_forgets_is_found_out() {
        let (held, _folder) = held().await;
        let saved = vault(Forgetful).save(&held, &id(), "l", &key("k")).await;
        assert_eq!(saved, Err(StoreError::ReadBackDiffers));
    }

    #[tokio::test]
    async fn the_lock_is_held_until_a_slow_store_has_answered() {
        struct Slow;
        impl SecretStore for Slow {
            fn load(&self, _: &AccountId) -> Result<Option<Secret>, StoreError> {
                Ok(None)
            }
            fn save(&self, _: &AccountId, _: &str, _: &Secret) -> Result<(), StoreError> {
                std::thread::sleep(Duration::from_millis(600));
                Ok(())
            }
            fn delete(&self, _: &AccountId) -> Result<(), StoreError> {
                Ok(())
            }
            fn name(&self) -> &'static str {
                "slow"
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let locks = Locks::new(folder.path().to_owned(), Duration::from_secs(30));
        let held = locks.account(&id()).await.unwrap();
        let saved = vault(Slow).save(&held, &id(), "l", &key("k")).await;
        assert_eq!(saved, Err(StoreError::Silent));
        drop(held);
        assert!(locks.account_if_free(&id()).unwrap().is_none());
        tokio::time::sleep(Duration::from_millis(800)).await;
        assert!(locks.account_if_free(&id()).unwrap().is_some());
    }

    #[tokio::test]
    async fn a_store_that_hangs_or_breaks_is_given_up() {
        let vault = vault(Hanging);
        let (held, _folder) = held().await;
        assert_eq!(vault.load(&id()).await, Err(StoreError::Silent));
        assert!(matches!(
            vault.delete(&held, &id()).await,
            Err(StoreError::Failed(_))
        ));
    }
}
