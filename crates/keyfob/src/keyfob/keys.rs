//! Adding, checking and editing API keys.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::Keyfob;
use super::signing_in::unusable_variable;
use crate::account::{
    Account, AccountId, Facts, FailedCheck, Identity, KeyAnswer, KeyCheck, KeyFacts, Method, Owner,
    Payer,
};
use crate::accounts::checked_label;
use crate::activity::What;
use crate::api_key;
use crate::config::{Api, Config};
use crate::credential::{ApiKey, Credential};
use crate::error::{Code, Error, Result};
use crate::secret::Secret;
use crate::status::Status;

/// A key as a person gives it.
#[derive(Debug)]
pub struct NewKey {
    /// What was pasted.
    pub pasted: Secret,
    /// What the person calls it.
    pub label: Option<String>,
    /// The workspace that an identity-linked key needs.
    pub workspace_id: Option<String>,
    /// The last day on which it works, as `2026-12-01`.
    pub expires_on: Option<String>,
    /// Whether to ask the server, with one free request.
    pub verify: bool,
}

/// What is to be different about a key; what is none stays as it is, and an empty text takes it away.
#[derive(Debug, Clone, Default)]
pub struct KeyEdit {
    /// The workspace that it is used in.
    pub workspace_id: Option<String>,
    /// The last day on which it works, as `2026-12-01`.
    pub expires_on: Option<String>,
}

impl Keyfob {
    /// parse → verify → store and read back → list.
    pub async fn add_api_key(&self, new: NewKey) -> Result<Status> {
        let key = api_key::parse(&new.pasted)?;
        let label = new.label.as_deref().map(checked_label).transpose()?;
        let workspace_id = workspace(new.workspace_id.as_deref())?;
        let expires_on = self.day(new.expires_on.as_deref())?;
        let config = self.config()?;
        if let Some(has_it) = self.account_with(&key).await? {
            return Err(stored_already(&has_it));
        }
        let (check, base_url) = match new.verify {
            true => {
                let api = self.api_here()?;
                let written = Config::written(&self.0.home)?.api.base_url;
                let check = self.ask(&api.base_url, &key, workspace_id.as_deref());
                let check = check.await?;
                (
                    Some(check),
                    Some(api.base_url).filter(|url| *url != written),
                )
            }
            false => (None, None),
        };
        if let Some(check) = &check {
            refuse_unknown(check)?;
        }

        let id = AccountId::from_random(self.0.edge.random()?);
        let last_four = key.last_four();
        let label = label.unwrap_or_else(|| usual_label(&last_four));
        let held = self.0.locks.account(&id).await?;
        let credential = Credential::ApiKey(ApiKey { key });
        self.0.vault.save(&held, &id, &label, &credential).await?;
        let mut facts = KeyFacts {
            last_four,
            workspace_id,
            expires_on,
            base_url,
            ..KeyFacts::default()
        };
        if let Some(check) = check {
            note_check(&mut facts, check);
        }
        let listed = self.0.accounts.change(|accounts| {
            let account = Account {
                id: id.clone(),
                label: accounts.free_label(&label),
                method: Method::ApiKey,
                owner: Owner::Keyfob,
                provider: None,
                payer: if config.api.practice {
                    Payer::None
                } else {
                    Payer::Api
                },
                generation: 1,
                practice: config.api.practice,
                identity: Identity::default(),
                created_at: self.0.edge.now(),
                facts: Facts::Key(facts),
            };
            accounts.add(account);
            Ok(())
        });
        if let Err(error) = listed {
            // An item that no list names would never be found again; the person still has the key.
            let _ = self.0.vault.delete(&held, &id).await;
            return Err(error);
        }
        if let Some(account) = self.0.accounts.read()?.get(&id) {
            self.tell(account, What::KeyAdded, None);
        }
        self.status(Some(id.as_str()))
    }

    /// Asks the server again about a key that is stored. A key that it refuses now is kept, and shown as refused.
    pub async fn check_key(&self, name: &str) -> Result<Status> {
        let (account, facts) = self.key_account(name, "Only API keys are checked like this.")?;
        let base_url = self.api_of(&account, &facts)?;
        let Some(Credential::ApiKey(stored)) = self.0.vault.load(&account.id).await? else {
            return Err(super::tokens::gone(&account));
        };
        let workspace_id = facts.workspace_id.as_deref();
        let check = self.ask(&base_url, &stored.key, workspace_id).await?;
        let words = check.answer.words().map(str::to_owned);
        self.tell_words(&account, What::KeyChecked, words);
        self.change_key(&account, |facts| note_check(facts, check))?;
        self.status(Some(account.id.as_str()))
    }

    /// Changes what is noted of a key. With another workspace it is another question to the server, so that is asked
    /// anew.
    pub async fn edit_key(&self, name: &str, edit: KeyEdit) -> Result<Status> {
        let (account, facts) =
            self.key_account(name, "Only API keys have a workspace and a noted end.")?;
        let workspace_id = match &edit.workspace_id {
            Some(wanted) => workspace(Some(wanted))?,
            None => facts.workspace_id.clone(),
        };
        let expires_on = match &edit.expires_on {
            Some(wanted) => self.day(Some(wanted))?,
            None => facts.expires_on,
        };
        let moved = workspace_id != facts.workspace_id;
        self.change_key(&account, |facts| {
            facts.expires_on = expires_on;
            facts.workspace_id = workspace_id;
            if moved {
                (facts.checked, facts.failed) = (None, None);
            }
        })?;
        match moved {
            true => self.check_key(account.id.as_str()).await,
            false => self.status(Some(account.id.as_str())),
        }
    }

    /// The API as this environment names it: for keys that no list names yet, and for those of the environment.
    pub(super) fn api_here(&self) -> Result<Api> {
        let api = self.config()?.api;
        match &api.problem {
            Some(problem) => Err(unusable_variable(problem)),
            None => Ok(api),
        }
    }

    /// The API that a key of the list belongs to. The environment has no say in that: a shell that points to a gateway
    /// must not send it there. Neither does a real key go to a practice server, nor practice to the real one.
    pub(super) fn api_of(&self, account: &Account, facts: &KeyFacts) -> Result<Url> {
        let api = Config::written(&self.0.home)?.api;
        match api.practice == account.practice {
            true => Ok(facts.base_url.clone().unwrap_or(api.base_url)),
            false => Err(crosses_practice(account)),
        }
    }

    pub(super) async fn ask(
        &self,
        base_url: &Url,
        key: &Secret,
        workspace_id: Option<&str>,
    ) -> Result<KeyCheck> {
        let answer = api_key::verify(&self.0.http, base_url, key, workspace_id).await?;
        let at: Timestamp = self.0.edge.now();
        Ok(KeyCheck { at, answer })
    }

    /// An API key that Keyfob holds.
    pub(super) fn key_account(&self, name: &str, otherwise: &str) -> Result<(Account, KeyFacts)> {
        let account = self.stored(Some(name))?;
        match &account.facts {
            Facts::Key(facts) => Ok((account.clone(), facts.clone())),
            _ => Err(Error::new(
                Code::Usage,
                format!("{otherwise} \"{}\" is none.", account.label),
                "`keyfob accounts` shows which accounts are API keys.",
            )),
        }
    }

    /// Changes what is known of a key, unless it was replaced meanwhile.
    fn change_key(&self, account: &Account, change: impl FnOnce(&mut KeyFacts)) -> Result<()> {
        self.0.accounts.change(|accounts| {
            match accounts.get_mut(&account.id) {
                Some(Account {
                    facts: Facts::Key(facts),
                    generation,
                    ..
                }) if *generation == account.generation => change(facts),
                _ => {}
            }
            Ok(())
        })
    }

    /// The account that has this very key. Only those that end alike are opened.
    pub(super) async fn account_with(&self, key: &Secret) -> Result<Option<Account>> {
        let last_four = key.last_four();
        let ends_alike = |account: &&Account| matches!(&account.facts, Facts::Key(facts) if facts.last_four == last_four);
        let accounts = self.0.accounts.read()?;
        for account in accounts.accounts.iter().filter(ends_alike) {
            // One that cannot be opened now is no reason to keep a person from adding a key.
            if let Ok(Some(Credential::ApiKey(stored))) = self.0.vault.load(&account.id).await
                && stored.key == *key
            {
                return Ok(Some(account.clone()));
            }
        }
        Ok(None)
    }

    /// A day as the person noted it. One that is over says nothing.
    pub(super) fn day(&self, text: Option<&str>) -> Result<Option<Date>> {
        let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let wrong = |message: &str| {
            let cure = "Write the last day on which the key works, such as 2026-12-01.";
            Error::new(Code::NotAccepted, message, cure)
        };
        let day: Date = text.parse().map_err(|_| wrong("That is no date."))?;
        // Somewhere it is yesterday still.
        let now = self.0.edge.now();
        let yesterday = now.saturating_sub(SignedDuration::from_hours(12));
        let today = yesterday.unwrap_or(now).to_zoned(TimeZone::UTC).date();
        match day < today {
            true => Err(wrong("That day is over already.")),
            false => Ok(Some(day)),
        }
    }
}

/// A try that taught nothing takes away nothing that was known.
pub(super) fn note_check(facts: &mut KeyFacts, check: KeyCheck) {
    match check.answer {
        KeyAnswer::Unknown { reason } => {
            let at = check.at;
            facts.failed = Some(FailedCheck { at, reason });
        }
        answer => {
            facts.failed = None;
            facts.checked = Some(KeyCheck { answer, ..check });
        }
    }
}

/// A key that the server does not know is not stored.
pub(super) fn refuse_unknown(check: &KeyCheck) -> Result<()> {
    let KeyAnswer::Refused { detail } = &check.answer else {
        return Ok(());
    };
    let error = Error::new(
        Code::NotAccepted,
        "The server does not know this key: it is mistyped, revoked, disabled or expired.",
        "Check it at platform.claude.com/settings/keys, or make a new one.",
    );
    Err(match detail {
        Some(detail) => error.detail(detail),
        None => error,
    })
}

fn crosses_practice(account: &Account) -> Error {
    let label = &account.label;
    match account.practice {
        true => Error::new(
            Code::Usage,
            format!(
                "\"{label}\" is practice, and config.toml names the API of real keys. Nothing was sent."
            ),
            "Start the practice server again, or sign out of the account.",
        ),
        false => Error::new(
            Code::Usage,
            format!(
                "\"{label}\" is a real key, and config.toml names a practice server's API. Nothing was sent."
            ),
            "Take `[api]` out of config.toml first. For practice, KEYFOB_HOME can name a home of its own.",
        ),
    }
}

pub(super) fn workspace(id: Option<&str>) -> Result<Option<String>> {
    id.filter(|id| !id.trim().is_empty())
        .map(api_key::checked_workspace)
        .transpose()
}

/// What a key is called that nobody named.
pub(super) fn usual_label(last_four: &str) -> String {
    format!("API key …{last_four}")
}

pub(super) fn stored_already(account: &Account) -> Error {
    Error::new(
        Code::NotAccepted,
        format!("That key is stored already: it is \"{}\".", account.label),
        "Use that account, or make another key.",
    )
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
