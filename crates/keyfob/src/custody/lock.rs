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

/// The longest that one waits for an account.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest that one waits for a file that is held only while it is written.
const BRIEF_PATIENCE: Duration = Duration::from_secs(5);

/// How often a lock that another process holds is tried.
const STEP: Duration = Duration::from_millis(10);

/// The locks of all accounts.
pub(crate) struct Locks {
    folder: PathBuf,
    here: Mutex<HashMap<AccountId, Arc<tokio::sync::Mutex<()>>>>,
}

/// The right to change one account's secret. Dropping it gives it back.
pub(crate) struct Held {
    _file: File,
    _here: OwnedMutexGuard<()>,
}

impl Locks {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            here: Mutex::default(),
        }
    }

    /// Waits for the lock of an account: first for the others in this process, then for other processes.
    pub(crate) async fn account(&self, account: &AccountId) -> Result<Held> {
        let here = {
            let mut all = self.here.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(account.clone()).or_default())
        };
        let held = async {
            let here = here.lock_owned().await;
            let file = open(&self.folder.join(format!("{account}.lock")))?;
            loop {
                match try_lock(&file)? {
                    true => break,
                    false => tokio::time::sleep(STEP).await,
                }
            }
            Ok(Held {
                _file: file,
                _here: here,
            })
        };
        match tokio::time::timeout(PATIENCE, held).await {
            Ok(held) => held,
            Err(_) => Err(busy()),
        }
    }
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
    match file.try_lock() {
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
        let ours = Locks::new(folder.path().to_owned());
        let theirs = Locks::new(folder.path().to_owned());
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
        drop(held);
        theirs.account(&id).await.unwrap();
    }
}
