//! One at a time, in this process and across all of them.
//!
//! The lock is the operating system's, on a file that stays: it ends with the process that holds it, however that
//! ends, so it is never stale.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;

use crate::account::AccountId;
use crate::error::{Code, Error, Result};
use crate::files;

/// The longest that one waits for a file that is held only while it is written.
const BRIEF_PATIENCE: Duration = Duration::from_secs(5);

/// How often a lock that another process holds is tried.
const STEP: Duration = Duration::from_millis(10);

/// The locks of all accounts.
pub(crate) struct Locks {
    folder: PathBuf,
    /// The longest that one waits for an account.
    patience: Duration,
    here: Mutex<HashMap<AccountId, Arc<tokio::sync::Mutex<()>>>>,
}

/// The right to change one account's secret, held until the last copy of it is dropped. As long as anybody has it,
/// secrets are not moved to another store.
#[derive(Clone)]
pub(crate) struct Held {
    _parts: Arc<(File, File, OwnedMutexGuard<()>)>,
}

impl Locks {
    pub(crate) fn new(folder: PathBuf, patience: Duration) -> Self {
        Self {
            folder,
            patience,
            here: Mutex::default(),
        }
    }

    /// Waits for the lock of an account: first for the others in this process, then for other processes.
    pub(crate) async fn account(&self, account: &AccountId) -> Result<Held> {
        let here = self.here(account);
        let held = async {
            let here = here.lock_owned().await;
            let stays = open(&self.storage_file())?;
            while !try_lock_shared(&stays)? {
                tokio::time::sleep(STEP).await;
            }
            let file = open(&self.file(account))?;
            while !try_lock(&file)? {
                tokio::time::sleep(STEP).await;
            }
            Ok(Held::of(stays, file, here))
        };
        match tokio::time::timeout(self.patience, held).await {
            Ok(held) => held,
            Err(_) => Err(busy()),
        }
    }

    /// Waits until whoever is at work on an account is done, without a turn of one's own: all who wait like this go on
    /// at the same time.
    pub(crate) async fn account_is_free(&self, account: &AccountId) -> Result<()> {
        let file = open(&self.file(account))?;
        let free = async {
            while !try_lock_shared(&file)? {
                tokio::time::sleep(STEP).await;
            }
            Ok(())
        };
        match tokio::time::timeout(self.patience, free).await {
            Ok(free) => free,
            Err(_) => Err(busy()),
        }
    }

    /// Waits until nobody is at work on any account, and keeps everybody from it as long as the file is open.
    pub(crate) async fn storage(&self) -> Result<File> {
        let file = open(&self.storage_file())?;
        let locked = async {
            while !try_lock(&file)? {
                tokio::time::sleep(STEP).await;
            }
            Ok(())
        };
        match tokio::time::timeout(self.patience, locked).await {
            Ok(locked) => locked.map(|()| file),
            Err(_) => Err(busy()),
        }
    }

    /// The lock of an account, unless somebody holds it.
    pub(crate) fn account_if_free(&self, account: &AccountId) -> Result<Option<Held>> {
        let Ok(here) = self.here(account).try_lock_owned() else {
            return Ok(None);
        };
        let stays = open(&self.storage_file())?;
        let file = open(&self.file(account))?;
        let free = try_lock_shared(&stays)? && try_lock(&file)?;
        Ok(free.then(|| Held::of(stays, file, here)))
    }

    fn here(&self, account: &AccountId) -> Arc<tokio::sync::Mutex<()>> {
        let mut all = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(account.clone()).or_default())
    }

    fn storage_file(&self) -> PathBuf {
        self.folder.join("storage.lock")
    }

    fn file(&self, account: &AccountId) -> PathBuf {
        self.folder.join(format!("{account}.lock"))
    }
}

impl Held {
    fn of(stays: File, file: File, here: OwnedMutexGuard<()>) -> Self {
        Self {
            _parts: Arc::new((stays, file, here)),
        }
    }
}

/// The lock of a file, unless another process holds it. It is held as long as the file is open.
pub(crate) fn if_free(path: &Path) -> Result<Option<File>> {
    let file = open(path)?;
    Ok(try_lock(&file)?.then_some(file))
}

/// Holds the lock of a file that is read and written in a moment, so waiting blocks the thread.
pub(crate) fn briefly<T>(path: &Path, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let file = open(path)?;
    let mut tries = BRIEF_PATIENCE.as_millis() / STEP.as_millis();
    while !try_lock(&file)? {
        if tries == 0 {
            return Err(busy());
        }
        tries -= 1;
        std::thread::sleep(STEP);
    }
    work()
}

fn open(path: &Path) -> Result<File> {
    files::open_for_lock(path)
}

fn try_lock(file: &File) -> Result<bool> {
    locked(file.try_lock())
}

fn try_lock_shared(file: &File) -> Result<bool> {
    locked(file.try_lock_shared())
}

fn locked(tried: std::result::Result<(), TryLockError>) -> Result<bool> {
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(Error::new(
            Code::Failed,
            "The file system does not lock files, so two programs could spoil each other's work.",
            "Put KEYFOB_HOME on a local disk.",
        )
        .detail(error.to_string())),
    }
}

fn busy() -> Error {
    Error::new(
        Code::Failed,
        "Another program has been at work on this for a long time.",
        "Look for a dialog of the system that waits for you, then try again in a moment.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_at_a_time_here_and_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        // Two sets of locks stand for two processes: the file lock of one holds against the other.
        let patience = Duration::from_secs(300);
        let ours = Locks::new(folder.path().to_owned(), patience);
        let theirs = Locks::new(folder.path().to_owned(), patience);
        let id = AccountId::from_random([1; 32]);
        let other = AccountId::from_random([2; 32]);

        let held = ours.account(&id).await.unwrap();
        let soon = Duration::from_millis(100);
        assert!(tokio::time::timeout(soon, ours.account(&id)).await.is_err());
        assert!(
            tokio::time::timeout(soon, theirs.account(&id))
                .await
                .is_err()
        );
        theirs.account(&other).await.unwrap();
        assert!(theirs.account_if_free(&id).unwrap().is_none());
        drop(held);
        assert!(theirs.account_if_free(&id).unwrap().is_some());
        theirs.account(&id).await.unwrap();
    }

    #[tokio::test]
    async fn secrets_are_not_moved_while_anybody_is_at_work() {
        let folder = tempfile::tempdir().unwrap();
        let ours = Locks::new(folder.path().to_owned(), Duration::from_secs(300));
        let theirs = Locks::new(folder.path().to_owned(), Duration::from_secs(300));
        let id = AccountId::from_random([1; 32]);
        let soon = Duration::from_millis(100);

        let held = ours.account(&id).await.unwrap();
        assert!(tokio::time::timeout(soon, theirs.storage()).await.is_err());
        drop(held);
        let moving = theirs.storage().await.unwrap();
        assert!(ours.account_if_free(&id).unwrap().is_none());
        assert!(tokio::time::timeout(soon, ours.account(&id)).await.is_err());
        drop(moving);
        ours.account(&id).await.unwrap();
    }
}
