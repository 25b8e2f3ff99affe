use std::sync::Mutex;
use std::sync::atomic::AtomicU32;

use super::*;
use crate::credential::ApiKey;
use crate::custody::lock::Locks;
use crate::custody::store::memory::Memory;

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
    fn name(&self) -> String {
        "forgetful".to_owned()
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
    fn name(&self) -> String {
        "hanging".to_owned()
    }
}

/// The right to write, and the folder that its lock lies in.
async fn held() -> (Held, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let locks = Locks::new(folder.path().to_owned(), FAR_TOO_LONG);
    (locks.account(&id()).await.unwrap(), folder)
}

/// Longer than any honest answer takes, however busy the computer is.
const FAR_TOO_LONG: Duration = Duration::from_secs(300);

fn vault(store: impl SecretStore + 'static) -> Vault {
    Vault::new(Stores::fixed(Arc::new(store)), FAR_TOO_LONG)
}

/// For a store that is to be given up.
fn impatient(store: impl SecretStore + 'static) -> Vault {
    Vault::new(Stores::fixed(Arc::new(store)), Duration::from_millis(200))
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
    /// Says when it begins to save, and saves until it is told to be done.
    struct Slow(mpsc::Sender<()>, Mutex<mpsc::Receiver<()>>);
    impl SecretStore for Slow {
        fn load(&self, _: &AccountId) -> Result<Option<Secret>, StoreError> {
            Ok(None)
        }
        fn save(&self, _: &AccountId, _: &str, _: &Secret) -> Result<(), StoreError> {
            let _ = self.0.send(());
            let _ = self.1.lock().unwrap().recv();
            Ok(())
        }
        fn delete(&self, _: &AccountId) -> Result<(), StoreError> {
            Ok(())
        }
        fn name(&self) -> String {
            "slow".to_owned()
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let locks = Locks::new(folder.path().to_owned(), FAR_TOO_LONG);
    let (begins, begun) = mpsc::channel();
    let (ends, told) = mpsc::channel();
    let vault = impatient(Slow(begins, Mutex::new(told)));
    // On a busy computer it may have been given up before it began. Then it does nothing, and is asked again.
    while begun.try_recv().is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
        if let Some(held) = locks.account_if_free(&id()).unwrap() {
            let saved = vault.save(&held, &id(), "l", &key("k")).await;
            assert_eq!(saved, Err(StoreError::Silent));
        }
    }
    assert!(locks.account_if_free(&id()).unwrap().is_none());
    drop(ends);
    while locks.account_if_free(&id()).unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_store_that_hangs_or_breaks_is_given_up() {
    let (held, _folder) = held().await;
    let loaded = impatient(Hanging).load(&id()).await;
    assert_eq!(loaded, Err(StoreError::Silent));
    // Breaking down takes a moment of its own.
    let deleted = vault(Hanging).delete(&held, &id()).await;
    assert!(matches!(deleted, Err(StoreError::Failed(_))));
}

/// Locked, and counts how often a person was asked.
#[derive(Default)]
struct Shut(Mutex<u32>);

impl SecretStore for Arc<Shut> {
    fn access(&self) -> Result<Access, StoreError> {
        Ok(Access::Locked)
    }
    fn unlock(&self) -> Result<(), StoreError> {
        *self.0.lock().unwrap() += 1;
        Ok(())
    }
    fn load(&self, _: &AccountId) -> Result<Option<Secret>, StoreError> {
        Ok(None)
    }
    fn save(&self, _: &AccountId, _: &str, _: &Secret) -> Result<(), StoreError> {
        Ok(())
    }
    fn delete(&self, _: &AccountId) -> Result<(), StoreError> {
        Ok(())
    }
    fn name(&self) -> String {
        "shut".to_owned()
    }
}

#[tokio::test]
async fn a_store_that_is_unlocked_elsewhere_needs_no_answer_to_our_dialog() {
    /// Its dialog is never answered; it is open from the third look on.
    #[derive(Default)]
    struct Elsewhere(AtomicU32);
    impl SecretStore for Elsewhere {
        fn access(&self) -> Result<Access, StoreError> {
            let is_open = self.0.fetch_add(1, Ordering::SeqCst) >= 2;
            Ok(match is_open {
                true => Access::Open,
                false => Access::Locked,
            })
        }
        fn unlock(&self) -> Result<(), StoreError> {
            loop {
                std::thread::park();
            }
        }
        fn load(&self, _: &AccountId) -> Result<Option<Secret>, StoreError> {
            Ok(None)
        }
        fn save(&self, _: &AccountId, _: &str, _: &Secret) -> Result<(), StoreError> {
            Ok(())
        }
        fn delete(&self, _: &AccountId) -> Result<(), StoreError> {
            Ok(())
        }
        fn name(&self) -> String {
            "elsewhere".to_owned()
        }
    }
    let vault = vault(Elsewhere::default());
    assert_eq!(vault.load(&id()).await, Ok(None));
}

#[tokio::test]
async fn a_look_opens_no_dialog_and_a_call_does() {
    let store = Arc::new(Shut::default());
    let vault = vault(Arc::clone(&store));
    assert_eq!(vault.look().await, Err(StoreError::Locked));
    assert_eq!(*store.0.lock().unwrap(), 0);
    assert_eq!(vault.load(&id()).await, Ok(None));
    assert_eq!(*store.0.lock().unwrap(), 1);
}
