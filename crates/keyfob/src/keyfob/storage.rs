//! Choosing where secrets lie, and moving them there: copied and read back, then chosen, and only then erased where
//! they were.

use std::fs::File;
use std::sync::Arc;

use serde::Serialize;

use super::Keyfob;
use crate::account::AccountId;
use crate::activity::What;
use crate::custody::store::{SecretStore, StoreError};
use crate::custody::stores::{Chosen, StorageChoice};
use crate::error::{Code, Error, Result};
use crate::secret::Secret;

/// Of how many accounts a move is told in the activity.
const MOST_TOLD: usize = 100;

/// Where secrets lie, and how that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct Storage {
    /// What people call the store in use.
    pub name: String,
    /// The choice; none where this program has a store of its own.
    pub choice: Option<StorageChoice>,
    /// A store that old copies could not be erased from yet.
    pub leftovers_in: Option<String>,
}

/// What a move did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct Moved {
    /// How many secrets were moved.
    pub count: usize,
    /// How things stand now.
    pub storage: Storage,
    /// Why the old copies could not be erased yet.
    pub problem: Option<Error>,
}

impl Keyfob {
    /// Where secrets lie.
    pub fn storage(&self) -> Result<Storage> {
        let stores = self.0.vault.stores();
        let chosen = stores.chosen()?;
        let left = chosen.as_ref().and_then(|chosen| {
            let left = chosen.leaving.as_ref().or(chosen.entering.as_ref())?;
            Some(stores.store(left).name())
        });
        Ok(Storage {
            name: self.0.vault.name(),
            choice: chosen.map(|chosen| chosen.in_use),
            leftovers_in: left,
        })
    }

    /// Gives the passphrase of the encrypted files, for as long as the program runs.
    pub fn give_passphrase(&self, passphrase: Secret) {
        self.0.vault.stores().give_passphrase(passphrase);
    }

    /// The same, and tries it.
    pub async fn unlock_storage(&self, passphrase: Secret) -> Result<()> {
        self.give_passphrase(passphrase);
        self.check_storage().await
    }

    /// Moves all secrets to another store. Wherever this breaks off, one store has all of them and is the one in use.
    pub async fn move_storage(&self, to: StorageChoice) -> Result<Moved> {
        let stores = self.0.vault.stores();
        if stores.chosen()?.is_none() {
            return Err(fixed());
        }
        // A person may have to type here, and nobody else should wait for that. A store that cannot be opened is found
        // out before anything is written down.
        let is_new = |chosen: &Chosen| chosen.in_use != to;
        if stores.chosen()?.as_ref().is_some_and(is_new) {
            self.prepare(&to).await?;
            self.0.vault.open(&stores.store(&to)).await?;
        }
        let nobody_else = Arc::new(self.0.locks.storage().await?);
        self.finish_move(&nobody_else, Some(&to)).await?;
        let Some(before) = stores.chosen()? else {
            return Err(fixed());
        };
        if before.in_use == to {
            return Ok(Moved {
                count: 0,
                storage: self.storage()?,
                problem: None,
            });
        }
        let (old, new) = (stores.store(&before.in_use), stores.store(&to));
        stores.choose(&Chosen {
            entering: Some(to.clone()),
            ..before.clone()
        })?;
        let copied = self.copy_all(&old, &new, &nobody_else).await;
        let count = match copied {
            Ok(count) => count,
            Err(error) => {
                // What was copied already is erased again, as far as that store lets it be; what is left is said.
                let _ = self.finish_move(&nobody_else, Some(&to)).await;
                return Err(error);
            }
        };
        stores.choose(&Chosen {
            leaving: Some(before.in_use),
            ..Chosen::of(to)
        })?;
        let problem = self.finish_move(&nobody_else, None).await.err();
        // What is told of a move must not undo it, and must not wash everything else out of the activity.
        let accounts = self.0.accounts.read().unwrap_or_default();
        for account in accounts.accounts.iter().take(MOST_TOLD) {
            self.tell_words(account, What::Moved, Some(format!("To: {}.", new.name())));
        }
        Ok(Moved {
            count,
            storage: self.storage()?,
            problem,
        })
    }

    /// Begins anew in another store, because the key to the old one is lost: nothing is copied, and nothing is erased.
    /// The accounts stay in the list, and each has to be signed in to again.
    pub async fn abandon_storage(&self, to: StorageChoice) -> Result<Storage> {
        let _nobody_else = self.0.locks.storage().await?;
        let stores = self.0.vault.stores();
        match stores.chosen()? {
            None => return Err(fixed()),
            // What is in use may turn out to be not lost at all, so nothing of it is thrown away.
            Some(chosen) if chosen.in_use == to => return Err(in_use_already()),
            Some(_) => {}
        }
        // An older passphrase of that store, which nothing lies behind any more, is not asked for.
        stores.dismiss(&to);
        self.prepare(&to).await?;
        self.0.vault.open(&stores.store(&to)).await?;
        stores.choose(&Chosen::of(to))?;
        self.storage()
    }

    /// Erases what a move has left behind, where it broke off or the old store did not let it.
    pub async fn finish_storage_move(&self) -> Result<()> {
        let nobody_else = Arc::new(self.0.locks.storage().await?);
        self.finish_move(&nobody_else, None).await
    }

    /// The same, for who holds the lock of the storage. What was prepared for the store that comes next stays.
    async fn finish_move(
        &self,
        nobody_else: &Arc<File>,
        next: Option<&StorageChoice>,
    ) -> Result<()> {
        let stores = self.0.vault.stores();
        let Some(chosen) = stores.chosen()? else {
            return Ok(());
        };
        let left = chosen.entering.iter().chain(&chosen.leaving);
        // Whatever the file says, what is in use is not erased.
        for left in left.filter(|left| **left != chosen.in_use) {
            let store = stores.store(left);
            for account in &self.0.accounts.read()?.accounts {
                let lock = Arc::clone(nobody_else);
                self.0.vault.erase(&account.id, &store, lock).await?;
            }
            if next != Some(left) {
                stores.dismiss(left);
            }
        }
        match chosen == Chosen::of(chosen.in_use.clone()) {
            true => Ok(()),
            false => stores.choose(&Chosen::of(chosen.in_use)),
        }
    }

    /// Makes what the new store needs; a person may be asked for a new passphrase meanwhile.
    async fn prepare(&self, choice: &StorageChoice) -> Result<()> {
        let (keyfob, choice) = (self.clone(), choice.clone());
        let preparing = move || keyfob.0.vault.stores().prepare(&choice);
        let prepared = tokio::task::spawn_blocking(preparing).await;
        let prepared = prepared.map_err(|error| StoreError::Failed(error.to_string()));
        Ok(prepared.and_then(|prepared| prepared)?)
    }

    async fn copy_all(
        &self,
        from: &Arc<dyn SecretStore>,
        to: &Arc<dyn SecretStore>,
        nobody_else: &Arc<File>,
    ) -> Result<usize> {
        let mut count = 0;
        for account in &self.0.accounts.read()?.accounts {
            let (id, label): (&AccountId, _) = (&account.id, &account.label);
            // An account whose item is gone has nothing to move, and says so itself.
            count += usize::from(self.0.vault.copy(id, label, from, to, nobody_else).await?);
        }
        Ok(count)
    }
}

fn in_use_already() -> Error {
    Error::new(
        Code::Usage,
        "Secrets lie there already, so it cannot be begun anew without them.",
        "Choose another place, such as a key file of another name.",
    )
}

fn fixed() -> Error {
    Error::new(
        Code::Failed,
        "This program has a store of its own.",
        "Choose the store in Keyfob's window or with `keyfob storage`.",
    )
}
