//! Replacing an API key by a newer one: the account keeps its name and place, and the old key is forgotten here.

use super::Keyfob;
use super::keeping_sign_in::Before;
use super::keys::{note_check, refuse_unknown, stored_already, usual_label, workspace};
use crate::account::{Account, Facts, KeyAnswer, KeyCheck, KeyFacts};
use crate::activity::What;
use crate::api_key;
use crate::credential::{ApiKey, Credential};
use crate::custody::lock::Held;
use crate::error::{Code, Error, Result};
use crate::secret::Secret;
use crate::status::Status;

const ONLY_KEYS: &str = "Only API keys are replaced like this.";

/// The key that takes the place of another one.
#[derive(Debug)]
pub struct Replacement {
    /// What was pasted.
    pub pasted: Secret,
    /// The workspace that it needs; none where that is the one before.
    pub workspace_id: Option<String>,
    /// The last day on which it works, as `2026-12-01`. What was noted of the old key says nothing of this one.
    pub expires_on: Option<String>,
    /// Whether to ask the server, with one free request.
    pub verify: bool,
}

impl Keyfob {
    /// Whether there is a key of that name to replace, for whoever asks a person to paste a new one.
    pub fn key_can_be_replaced(&self, name: &str) -> Result<()> {
        self.key_account(name, ONLY_KEYS).map(drop)
    }

    /// parse → verify → lock → store and read back → list → forget the old one. Until the new key is stored and
    /// listed, the old one is what the account has.
    pub async fn rotate_key(&self, name: &str, new: Replacement) -> Result<Status> {
        let (account, facts) = self.key_account(name, ONLY_KEYS)?;
        let api = self.api_of(&account, &facts)?;
        let key = api_key::parse(&new.pasted)?;
        let expires_on = self.day(new.expires_on.as_deref())?;
        let workspace_id = workspace(new.workspace_id.as_deref())?.or(facts.workspace_id);
        if let Some(has_it) = self.account_with(&key).await? {
            return Err(match has_it.id == account.id {
                true => same_key(&account),
                false => stored_already(&has_it),
            });
        }
        let check = match new.verify {
            true => {
                let check = self.ask(&api, &key, workspace_id.as_deref()).await?;
                Some(accepted(check)?)
            }
            false => None,
        };

        let held = self.0.locks.account(&account.id).await?;
        let accounts = self.0.accounts.read()?;
        let Some(account) = accounts.get(&account.id) else {
            return Err(signed_out_meanwhile(&account));
        };
        // What cannot be read, such as what a newer Keyfob wrote, could not be put back.
        let before = self.0.vault.load(&account.id).await?.into();
        let mut now_known = KeyFacts {
            last_four: key.last_four(),
            workspace_id,
            expires_on,
            base_url: facts.base_url,
            ..KeyFacts::default()
        };
        if let Some(check) = check {
            note_check(&mut now_known, check);
        }
        let last_four = &facts.last_four;
        let switched = self.switch(held, account, last_four, before, key.clone(), now_known);
        let held = switched.await?;
        // Whoever replaces this key in turn waits: what lies with tools is the newest, and not that of whoever wrote last.
        let problem = self.pass_on_key(&account.id, &key);
        drop(held);
        if let Some(account) = self.0.accounts.read()?.get(&account.id) {
            self.tell(account, What::KeyReplaced, None);
            if let Some(problem) = problem {
                self.tell(account, What::NotWritten, Some(&problem));
            }
        }
        self.status(Some(account.id.as_str()))
    }

    /// Stores and lists the new key; where either fails, what was there before is put back. The account stays locked.
    async fn switch(
        &self,
        held: Held,
        account: &Account,
        old_last_four: &str,
        before: Before,
        key: Secret,
        facts: KeyFacts,
    ) -> Result<Held> {
        let (id, label) = (&account.id, &account.label);
        let new = Credential::ApiKey(ApiKey { key });
        let held = match self.0.vault.save(&held, id, label, &new).await {
            Ok(()) => held,
            Err(error) => {
                // A store that is only slow still does it, and has the lock until then.
                drop(held);
                let stored = self.stored_after_all(id, label, &new, &before);
                stored.await.map_err(|_| Error::from(error))?
            }
        };
        let listed = self.0.accounts.change(|accounts| {
            let new_label = accounts.free_label(&usual_label(&facts.last_four));
            let Some(account) = accounts.get_mut(id) else {
                return Err(signed_out_meanwhile(account));
            };
            // A name that Keyfob gave says which key it is; a name that the person gave stays.
            if account.label == usual_label(old_last_four) {
                account.label = new_label;
            }
            account.generation += 1;
            account.facts = Facts::Key(facts);
            Ok(())
        });
        if let Err(error) = listed {
            self.put_back(&held, id, label, &before).await;
            return Err(error);
        }
        // A copy of the old key that a move has left behind is old in every sense.
        // Where it cannot be erased now, `keyfob storage --finish` does it.
        if let Ok(Some(chosen)) = self.0.vault.stores().chosen() {
            let left = chosen.entering.iter().chain(&chosen.leaving);
            for left in left.filter(|left| **left != chosen.in_use) {
                let store = self.0.vault.stores().store(left);
                let _ = self.0.vault.erase(id, &store, held.clone()).await;
            }
        }
        Ok(held)
    }
}

/// Only a key that works takes the place of another one.
fn accepted(check: KeyCheck) -> Result<KeyCheck> {
    refuse_unknown(&check)?;
    let kept = "The old key is kept.";
    let (code, cure) = match &check.answer {
        KeyAnswer::Valid => return Ok(check),
        KeyAnswer::Unknown { .. } => (
            Code::Network,
            format!("{kept} Try again, or replace it without the check."),
        ),
        _ => (
            Code::NotAccepted,
            format!("{kept} See to that first, or replace it without the check."),
        ),
    };
    let error = Error::new(code, check.answer.words().unwrap_or_default(), cure);
    Err(match check.answer.detail() {
        Some(detail) => error.detail(detail),
        None => error,
    })
}

fn same_key(account: &Account) -> Error {
    Error::new(
        Code::NotAccepted,
        format!("That is the key that \"{}\" has already.", account.label),
        "Make a new one at platform.claude.com/settings/keys, and paste that.",
    )
}

fn signed_out_meanwhile(account: &Account) -> Error {
    Error::new(
        Code::Failed,
        format!(
            "\"{}\" was forgotten meanwhile, so nothing was replaced.",
            account.label
        ),
        "Add the new key with `keyfob add-key`.",
    )
}
