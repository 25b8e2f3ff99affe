//! Keeping what a server gave: on disk at once, sealed; then in the secret store; and in memory until it is there.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::Keyfob;
use super::renewing::Renewed;
use super::running::Counted;
use super::tokens::{gone, sign_in_again};
use crate::account::{Account, AccountId};
use crate::activity::What;
use crate::credential::{Credential, OAuthTokens};
use crate::custody::lock::Held;
use crate::custody::renewals::{LeftBehind, Note, Replaced, UnderWay};
use crate::custody::store::StoreError;
use crate::error::{Error, Result};

/// Between the tries to store what a server gave, where it lies nowhere else: a quarter of a second, one, and three,
/// in units of [`Limits::pause`](super::Limits).
const PAUSES: [u32; 3] = [1, 4, 12];

/// The same, where it is sealed on disk, and nothing is lost by waiting for the store.
const SEALED_PAUSES: [u32; 1] = [1];

/// The first pause before the store is tried again in the background: a second.
const FIRST_PAUSE: u32 = 4;

/// The longest one: half a minute.
const LONGEST_PAUSE: u32 = 120;

/// Tokens that a server gave and the store has not taken yet.
#[derive(Default)]
pub(super) struct Unsaved {
    tokens: Mutex<HashMap<AccountId, Waiting>>,
    /// The accounts for which a task tries the store again and again.
    trying: Mutex<HashSet<AccountId>>,
}

/// Tokens of one account that wait in memory.
#[derive(Clone)]
pub(super) struct Waiting {
    pub(super) tokens: OAuthTokens,
    /// What the store had when they began to wait.
    replaces: Replaced,
    /// Whether they are also sealed on disk, so that the end of this program does not lose them.
    on_disk: bool,
    _counted: Option<Arc<Counted>>,
}

/// What was found under the lock.
pub(super) struct Found {
    pub(super) tokens: OAuthTokens,
    /// A renewal with the same refresh token that was cut off.
    pub(super) cut_off: Option<Note>,
    /// What should be said about the store.
    pub(super) warning: Option<Error>,
}

impl Keyfob {
    /// The newest tokens of an account: those in the store, unless something newer waits for it, in memory or sealed
    /// on disk. That goes into the store first.
    pub(super) async fn found(&self, held: &Held, account: &Account) -> Result<Found> {
        let id = &account.id;
        let stored = match self.0.vault.load(id).await? {
            Some(Credential::OAuth(stored)) => Some(stored),
            _ => None,
        };
        if let Some(waiting) = self.newer_unsaved(id, stored.as_ref()) {
            let warning = self.store_waiting(held, account, waiting.clone()).await?;
            return Ok(Found {
                tokens: waiting.tokens,
                cut_off: None,
                warning,
            });
        }
        let Some(stored) = stored else {
            return Err(gone(account));
        };
        let cut_off = match self.0.renewals.left_behind(id, &stored)? {
            LeftBehind::Nothing => None,
            LeftBehind::CutOff(note) => Some(note),
            LeftBehind::Over => {
                self.0.renewals.end(id);
                None
            }
            LeftBehind::Answer(tokens) => {
                let waiting = Waiting {
                    tokens: tokens.clone(),
                    replaces: Replaced::of(&stored),
                    on_disk: true,
                    _counted: None,
                };
                let warning = self.store_waiting(held, account, waiting).await?;
                return Ok(Found {
                    tokens,
                    cut_off: None,
                    warning,
                });
            }
        };
        Ok(Found {
            tokens: stored,
            cut_off,
            warning: None,
        })
    }

    /// Stores what waited for the store. What it still does not take goes on waiting, and that is said; where it lies
    /// in memory alone, it is not handed out either.
    async fn store_waiting(
        &self,
        held: &Held,
        account: &Account,
        waiting: Waiting,
    ) -> Result<Option<Error>> {
        let credential = Credential::OAuth(waiting.tokens.clone());
        let (id, label) = (&account.id, &account.label);
        match self.0.vault.save(held, id, label, &credential).await {
            Ok(()) => {
                self.0.renewals.end(id);
                self.forget_unsaved(id);
                self.tell(account, What::Recovered, None);
                Ok(self.note_tokens(account, &waiting.tokens).await.err())
            }
            Err(error) if waiting.on_disk => Ok(Some(self.wait_for_store(account, waiting, error))),
            Err(error) => {
                self.wait_for_store(account, waiting, error.clone());
                Err(error.into())
            }
        }
    }

    /// Keeps what the server gave. The old refresh token is spent, so these tokens are all that is left of the sign-in:
    /// they are sealed to disk before anything else is done, and no refusal of the store is the last word.
    pub(super) async fn keep(
        &self,
        held: &Held,
        account: &Account,
        (tokens, before): (OAuthTokens, &OAuthTokens),
        under_way: UnderWay,
    ) -> Result<Renewed> {
        let answered = Instant::now();
        let credential = Credential::OAuth(tokens.clone());
        let sealed = under_way.keep(&credential.to_stored());
        let exposed = answered.elapsed();
        let renewed = |warning| Renewed {
            tokens: tokens.clone(),
            warning,
            request_id: None,
            exposed_us: sealed
                .is_ok()
                .then(|| u64::try_from(exposed.as_micros()).unwrap_or(u64::MAX)),
        };

        let id = &account.id;
        if self.was_signed_out(account) {
            self.revoke(account, &tokens).await;
            self.0.renewals.end(id);
            return Err(sign_in_again(
                account,
                "You signed out while the token was being renewed, so the new one was thrown away.",
            ));
        }
        let mut pauses = match &sealed {
            Ok(_) => SEALED_PAUSES.iter(),
            Err(_) => PAUSES.iter(),
        };
        loop {
            let saved = self
                .0
                .vault
                .save(held, id, &account.label, &credential)
                .await;
            match (saved, pauses.next()) {
                (Ok(()), _) => {
                    self.0.renewals.end(id);
                    self.forget_unsaved(id);
                    return Ok(renewed(None));
                }
                (Err(_), Some(pause)) => tokio::time::sleep(self.0.limits.pause * *pause).await,
                (Err(error), None) => {
                    // Only now does it have to outlive the power, too.
                    let on_disk = sealed.as_ref().is_ok_and(|kept| kept.sync().is_ok());
                    let waiting = Waiting {
                        tokens: tokens.clone(),
                        replaces: Replaced::of(before),
                        on_disk,
                        _counted: None,
                    };
                    let warning = self.wait_for_store(account, waiting, error.clone());
                    return match on_disk {
                        true => Ok(renewed(Some(warning))),
                        false => Err(nowhere(error)),
                    };
                }
            }
        }
    }

    /// Whether the account's sign-in is another one now, or over.
    fn was_signed_out(&self, account: &Account) -> bool {
        self.0.accounts.read().is_ok_and(|accounts| {
            let generation = accounts.get(&account.id).map(|a| a.generation);
            // A list that somebody has moved away, perhaps to repair it, is no sign-out.
            generation != Some(account.generation) && self.0.accounts.is_there()
        })
    }

    /// Keeps tokens in memory until the store takes them, and gives the words for it.
    fn wait_for_store(&self, account: &Account, waiting: Waiting, why: StoreError) -> Error {
        let id = &account.id;
        // What is in this program's memory alone keeps the program from ending as a renewal does.
        let counted = (!waiting.on_disk).then(|| Arc::new(self.0.under_way.begin()));
        let waiting = Waiting {
            _counted: counted,
            ..waiting
        };
        let waited = self.all_unsaved().insert(id.clone(), waiting).is_some();
        let mut error = Error::from(why);
        error.cure.push_str(
            " The renewed token is kept safe meanwhile, and is stored as soon as that is possible.",
        );
        if !waited {
            self.tell(account, What::Waiting, Some(&error));
        }
        let mut trying = self
            .0
            .unsaved
            .trying
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if trying.insert(id.clone()) {
            let (keyfob, id) = (self.clone(), id.clone());
            tokio::spawn(async move {
                let unit = keyfob.0.limits.pause;
                let mut pause = unit * FIRST_PAUSE;
                while !keyfob.is_saved(&id) {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(unit * LONGEST_PAUSE);
                    // A locked store is not tried: nobody asked for its dialog.
                    if keyfob.0.vault.answers_alone().await {
                        let _ = keyfob.settle(&id).await;
                    }
                }
            });
        }
        error
    }

    /// Brings into the store what waits for it, of one account.
    pub(super) async fn settle(&self, id: &AccountId) -> Result<()> {
        let held = self.0.locks.account(id).await?;
        let accounts = self.0.accounts.read()?;
        let Some(account) = accounts.get(id) else {
            if !self.0.accounts.is_there() {
                // Somebody has moved the list away, perhaps to repair it. That is no sign-out.
                return Ok(());
            }
            // Signed out: nothing of it is wanted any more.
            self.forget_unsaved(id);
            self.0.renewals.end(id);
            return Ok(());
        };
        let found = self.found(&held, account).await?;
        match found.warning {
            Some(error) => Err(error),
            None => self.note_tokens(account, &found.tokens).await,
        }
    }

    /// Whether nothing of an account waits any more. Then whoever asked gives up trying, in the same instant, so that
    /// what begins to wait next finds somebody who tries.
    fn is_saved(&self, id: &AccountId) -> bool {
        let trying = &self.0.unsaved.trying;
        let mut trying = trying.lock().unwrap_or_else(PoisonError::into_inner);
        let saved = self.unsaved(id).is_none();
        if saved {
            trying.remove(id);
        }
        saved
    }

    pub(super) fn unsaved(&self, id: &AccountId) -> Option<Waiting> {
        self.all_unsaved().get(id).cloned()
    }

    /// What waits in memory, seen beside what is in the store: where another program has stored something meanwhile,
    /// this answer or a newer one, there is nothing to wait for any more.
    pub(super) fn newer_unsaved(
        &self,
        id: &AccountId,
        stored: Option<&OAuthTokens>,
    ) -> Option<Waiting> {
        let mut waiting = self.unsaved(id)?;
        // The key to what is sealed went with the item.
        waiting.on_disk &= stored.is_some();
        // One that cannot be read now may well be there.
        let Ok(note) = self.0.renewals.begun(id) else {
            return Some(waiting);
        };
        if waiting.replaces.is_newest(stored, note.as_ref()) {
            return Some(waiting);
        }
        self.forget_unsaved(id);
        None
    }

    pub(super) fn forget_unsaved(&self, id: &AccountId) {
        self.all_unsaved().remove(id);
    }

    fn all_unsaved(&self) -> MutexGuard<'_, HashMap<AccountId, Waiting>> {
        let tokens = &self.0.unsaved.tokens;
        tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Neither the store nor the disk takes what the server gave.
fn nowhere(why: StoreError) -> Error {
    let mut error = Error::from(why);
    error.cure.push_str(
        " The renewed token is in this program's memory alone, because the disk does not take it either: make room, \
         and leave the program running until it is stored.",
    );
    error
}
