//! Copies of an access token that lie with tools: written anew as soon as the token is another one, and put right
//! where somebody has removed or damaged them.

use std::collections::HashSet;

use jiff::SignedDuration;

use super::Keyfob;
use super::tokens::Handed;
use crate::account::{Account, AccountId, Facts};
use crate::activity::What;
use crate::credential::{Credential, OAuthTokens};
use crate::error::Error;
use crate::files;
use crate::hand_over::anthropic_profile::credentials_text;
use crate::hand_over::connections::Connection;
use crate::hand_over::copies::Copy;

/// How far ahead of this clock a token may have been issued before that is no longer believed.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

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
