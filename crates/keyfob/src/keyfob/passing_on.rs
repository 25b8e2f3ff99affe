//! Copies of an access token or a key that lie with tools: written anew as soon as it is another one, and put right
//! where somebody has removed or damaged them, or whoever replaced a key was stopped before the copy was written.

use std::collections::HashSet;

use jiff::SignedDuration;

use super::Keyfob;
use super::tokens::Handed;
use crate::account::{Account, AccountId, Facts};
use crate::activity::What;
use crate::credential::{Credential, OAuthTokens};
use crate::error::{Error, Result};
use crate::files;
use crate::hand_over::anthropic_profile::credentials_text;
use crate::hand_over::connections::{Connection, ConnectionId};
use crate::hand_over::copies::Copy;
use crate::secret::Secret;

/// How far ahead of this clock a token may have been issued before that is no longer believed.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// What an exported file says once its account has another key.
const OLD_KEY: &str = "It holds the key from before it was replaced. Export it again.";

/// What a tool says whose copy was not written yet when its account got another key.
const OLD_COPY: &str = "It has the key from before it was replaced. The window writes the new one while it runs, and `keyfob watch --once` does it now.";

impl Keyfob {
    /// Writes an account's token wherever a copy of it lies. That it could not be written takes nothing away: it is
    /// given back as what should be said.
    pub(super) fn pass_on(&self, account: &Account, tokens: &OAuthTokens) -> Option<Error> {
        let list = self.0.connections.read().ok()?;
        if !list.all.iter().any(|one| is_copy_of(one, &account.id)) {
            return None;
        }
        let text = credentials_text(&tokens.access_token, tokens.expires_at);
        // What cannot be compared is not written either.
        let whose = self.whose_stored(account);
        let now = self.0.edge.now();
        let passed = self.0.connections.change(|list| {
            let mut problem = None;
            for one in list
                .all
                .iter_mut()
                .filter(|one| is_copy_of(one, &account.id))
            {
                // A clock that was wrong then must not keep the newest token from its place for ever. The store knows
                // whole seconds alone.
                let is_older = one.issued_at.is_some_and(|at| {
                    at.as_second() > tokens.obtained_at.as_second()
                        && at.duration_since(now) <= CLOCK_TOLERANCE
                });
                if is_older {
                    continue;
                }
                let is_there = match &whose {
                    Ok(whose) => self.check_written(one, whose),
                    Err(error) => Err(error.clone()),
                };
                let is_there = is_there.map_err(Unwritten::Failed);
                match is_there.and_then(|()| written(one, &text)) {
                    Ok(()) => {
                        one.valid_until = Some(tokens.expires_at);
                        one.issued_at = Some(tokens.obtained_at);
                        one.trouble = None;
                    }
                    Err(Unwritten::TakenOver) => {}
                    Err(Unwritten::Failed(error)) => {
                        if one.trouble.as_ref() != Some(&error.message) {
                            self.tell(account, What::NotWritten, Some(&error));
                        }
                        one.trouble = Some(error.message.clone());
                        problem = Some(error);
                    }
                }
            }
            Ok(problem)
        });
        passed.unwrap_or_else(Some)
    }

    /// The same beside a token that is handed out: where what lies with a tool is another one, the newest of the store
    /// is written there.
    pub(super) async fn with_copies(&self, account: &Account, handed: Handed) -> Handed {
        let Some(end) = handed.expires_at else {
            return handed;
        };
        let Ok(list) = self.0.connections.read() else {
            return handed;
        };
        let mut copies = list.all.iter().filter(|one| is_copy_of(one, &account.id));
        let text = credentials_text(&handed.secret, end);
        let is_old = |one: &Connection| {
            Copy::among(&one.changes)
                .is_some_and(|copy| !copy.holds(&text) && copy.taken_over().is_none())
        };
        if !copies.any(is_old) {
            return handed;
        }
        let problem = self.pass_on_what_is_stored(account).await;
        Handed {
            warning: handed.warning.or(problem),
            ..handed
        }
    }

    /// Puts right what was removed or is older than what is stored, of all accounts. No keychain is opened where
    /// everything is as it should be.
    pub(super) async fn put_copies_right(&self) {
        self.put_keys_right().await;
        let (Ok(list), Ok(accounts)) = (self.0.connections.read(), self.0.accounts.read()) else {
            return;
        };
        let mut wrong = HashSet::new();
        for one in &list.all {
            let Some(Facts::Tokens(facts)) = accounts.get(&one.account).map(|a| &a.facts) else {
                continue;
            };
            let is_wrong = Copy::among(&one.changes).is_some_and(|copy| {
                // One that is of another server now is said once, and the keychain stays closed.
                let is_elsewhere = self.moved_since(one, &one.account).is_some();
                let is_said = one.trouble.is_some();
                let is_wrong = match is_elsewhere {
                    true => !is_said,
                    false => is_said || !copy.ends_at(facts.expires_at),
                };
                is_wrong && copy.taken_over().is_none()
            });
            if is_wrong {
                wrong.insert(one.account.clone());
            }
        }
        for account in wrong.iter().filter_map(|id| accounts.get(id)) {
            let _ = self.pass_on_what_is_stored(account).await;
        }
    }

    /// A new key of an account, wherever a copy of the old one lies. What could not be written is noted there, and gives
    /// its reason. Whoever calls this holds the account's lock.
    pub(super) fn pass_on_key(&self, account: &AccountId, key: &Secret) -> Option<Error> {
        let passed = self.0.connections.change(|list| {
            let generation = self.generation(account)?;
            let mut problem = None;
            for one in list.all.iter_mut().filter(|one| one.account == *account) {
                if one.key_copy().is_none() {
                    continue;
                }
                // What it names is another server's by now.
                if let Some(moved) = self.moved_since(one, account) {
                    problem = problem.or(Some(moved));
                    continue;
                }
                if let Err(error) = write_key(one, key, generation) {
                    one.trouble = Some(format!(
                        "It has the key from before it was replaced: {}",
                        error.message
                    ));
                    problem = problem.or(Some(error));
                }
            }
            Ok(problem)
        });
        passed.unwrap_or_else(Some)
    }

    /// Writes the keys that were replaced where that could not be done then, or whoever did it was stopped before. No
    /// keychain is opened where every copy is the newest.
    async fn put_keys_right(&self) {
        let (Ok(list), Ok(accounts)) = (self.0.connections.read(), self.0.accounts.read()) else {
            return;
        };
        let is_old = |one: &Connection| {
            let account = accounts.get(&one.account);
            one.trouble.is_some() || account.is_some_and(|account| old_key(one, account).is_some())
        };
        let waiting = list.all.iter();
        let waiting = waiting
            .filter(|one| one.key_copy().is_some() && is_old(one))
            .filter(|one| self.moved_since(one, &one.account).is_none());
        for one in waiting {
            // Whoever replaces the key at this moment writes it by himself.
            let Ok(_held) = self.0.locks.account(&one.account).await else {
                continue;
            };
            if let Ok(Some(Credential::ApiKey(stored))) = self.0.vault.load(&one.account).await {
                self.pass_on_stored_key(&one.id, &stored.key);
            }
        }
    }

    fn pass_on_stored_key(&self, id: &ConnectionId, key: &Secret) {
        // Whatever fails is tried again.
        let _ = self.0.connections.change(|list| {
            if let Some(one) = list.all.iter_mut().find(|one| one.id == *id) {
                let generation = self.generation(&one.account)?;
                let _ = write_key(one, key, generation);
            }
            Ok(())
        });
    }

    /// How often the credential of an account was replaced.
    fn generation(&self, account: &AccountId) -> Result<Option<u64>> {
        let accounts = self.0.accounts.read()?;
        Ok(accounts.get(account).map(|account| account.generation))
    }

    /// The accounts of which copies lie with tools.
    pub(super) fn copied(&self) -> HashSet<AccountId> {
        let list = self.0.connections.read().unwrap_or_default();
        let copies = list.all.iter().filter(|one| is_copy_of(one, &one.account));
        copies.map(|one| one.account.clone()).collect()
    }

    async fn pass_on_what_is_stored(&self, account: &Account) -> Option<Error> {
        let stored = match self.0.vault.load(&account.id).await {
            Ok(Some(Credential::OAuth(stored))) => Some(stored),
            // Whoever asked has been told what is wrong with the store.
            _ => None,
        };
        let newest = match self.newer_unsaved(&account.id, stored.as_ref()) {
            Some(waiting) => Some(waiting.tokens),
            None => stored,
        };
        self.pass_on(account, &newest?)
    }
}

/// Why a copy was not written.
enum Unwritten {
    /// It belongs to another program now, which the connection says whenever it is looked at.
    TakenOver,
    Failed(Error),
}

fn is_copy_of(one: &Connection, account: &AccountId) -> bool {
    one.account == *account && Copy::among(&one.changes).is_some()
}

/// That what lies there is the key from before it was replaced, as a sentence.
pub(super) fn old_key(one: &Connection, account: &Account) -> Option<&'static str> {
    let is_older = |generation| generation < account.generation;
    let is_old = matches!(account.facts, Facts::Key(_)) && one.generation.is_some_and(is_older);
    match (is_old, one.key_copy()) {
        (false, _) => None,
        (true, Some(_)) => Some(OLD_COPY),
        (true, None) => Some(OLD_KEY),
    }
}

/// Writes a key over the copy of the one before.
fn write_key(one: &mut Connection, key: &Secret, generation: Option<u64>) -> Result<()> {
    let Some(path) = one.key_copy() else {
        return Ok(());
    };
    // By a name of its own, so that what a kill leaves unfinished goes with the copy.
    files::replace_private(path, key.expose().as_bytes())
        .map_err(|error| files::not_written(path, &error))?;
    one.generation = generation;
    one.trouble = None;
    Ok(())
}

fn written(one: &Connection, text: &[u8]) -> Result<(), Unwritten> {
    let Some(copy) = Copy::among(&one.changes) else {
        return Err(Unwritten::TakenOver);
    };
    if copy.holds(text) {
        return Ok(());
    }
    if copy.taken_over().is_some() {
        return Err(Unwritten::TakenOver);
    }
    copy.write(text).map_err(|error| {
        let mut error = files::not_written(copy.credentials, &error);
        error.cure =
            "Make its folder writable, or take the connection back with `keyfob disconnect`."
                .to_owned();
        Unwritten::Failed(error)
    })
}
