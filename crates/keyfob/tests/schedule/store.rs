//! A store whose calls fail as they were told to, on the n-th call from now, so that a fault can strike in the middle
//! of a renewal.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use keyfob::{AccountId, Secret, SecretStore, StoreError};

/// How long the vault of this test waits for the store.
pub(crate) const LIMIT: Duration = Duration::from_millis(60);

/// What one call does instead of its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreFault {
    /// It is locked.
    Locked,
    /// It has no room, or has broken down.
    Full,
    /// It does it, but later than anybody waits.
    Slow,
    /// It says that it has saved, and has not.
    NotKept,
    /// It saves, and gives something else back for once.
    OtherBack,
}

pub(crate) const FAULTS: [StoreFault; 5] = [
    StoreFault::Locked,
    StoreFault::Full,
    StoreFault::Slow,
    StoreFault::NotKept,
    StoreFault::OtherBack,
];

#[derive(Default)]
struct Inner {
    secrets: HashMap<AccountId, Secret>,
    /// From which call on, up to which, and what.
    orders: Vec<(u64, u64, StoreFault)>,
    calls: u64,
}

#[derive(Default)]
pub(crate) struct Scripted(Mutex<Inner>);

impl Scripted {
    /// Lets `lasts` calls fail, after `skip` more have passed.
    pub(crate) fn order(&self, skip: u64, lasts: u64, fault: StoreFault) {
        let mut inner = self.0.lock().unwrap();
        let from = inner.calls + skip;
        inner.orders.push((from, from + lasts, fault));
    }

    pub(crate) fn heal(&self) {
        self.0.lock().unwrap().orders.clear();
    }

    pub(crate) fn lose(&self, id: &AccountId) {
        self.0.lock().unwrap().secrets.remove(id);
    }

    pub(crate) fn get(&self, id: &AccountId) -> Option<Secret> {
        self.0.lock().unwrap().secrets.get(id).cloned()
    }

    pub(crate) fn ids(&self) -> Vec<AccountId> {
        self.0.lock().unwrap().secrets.keys().cloned().collect()
    }

    /// Counts the call, and says what it should do.
    fn fault(&self) -> Option<StoreFault> {
        let mut inner = self.0.lock().unwrap();
        let call = inner.calls;
        inner.calls += 1;
        let hit = |&&(from, upto, _): &&(u64, u64, StoreFault)| from <= call && call < upto;
        inner.orders.iter().find(hit).map(|order| order.2)
    }

    fn check(fault: Option<StoreFault>) -> Result<(), StoreError> {
        match fault {
            Some(StoreFault::Locked) => Err(StoreError::Locked),
            Some(StoreFault::Full) => Err(StoreError::Failed("no room".to_owned())),
            Some(StoreFault::Slow) => {
                std::thread::sleep(LIMIT * 2);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl SecretStore for Scripted {
    fn load(&self, account: &AccountId) -> Result<Option<Secret>, StoreError> {
        let fault = self.fault();
        Self::check(fault)?;
        match fault {
            Some(StoreFault::OtherBack) => Ok(self.get(account).map(|s| {
                // Other bytes of the same kind, as a store gives that has kept an older version.
                Secret::new(format!("{} ", s.expose()))
            })),
            _ => Ok(self.get(account)),
        }
    }

    fn save(&self, account: &AccountId, _: &str, secret: &Secret) -> Result<(), StoreError> {
        let fault = self.fault();
        Self::check(fault)?;
        if fault != Some(StoreFault::NotKept) {
            let mut inner = self.0.lock().unwrap();
            inner.secrets.insert(account.clone(), secret.clone());
        }
        Ok(())
    }

    fn delete(&self, account: &AccountId) -> Result<(), StoreError> {
        let fault = self.fault();
        Self::check(fault)?;
        if fault != Some(StoreFault::NotKept) {
            self.0.lock().unwrap().secrets.remove(account);
        }
        Ok(())
    }

    fn name(&self) -> String {
        "scripted".to_owned()
    }
}
