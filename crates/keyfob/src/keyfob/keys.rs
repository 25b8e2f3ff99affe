//! Adding and checking API keys.

use jiff::Timestamp;

use super::Keyfob;
use super::signing_in::unusable_variable;
use crate::account::{
    Account, AccountId, Facts, Identity, KeyAnswer, KeyCheck, KeyFacts, Method, Owner, Payer,
};
use crate::accounts::checked_label;
use crate::activity::What;
use crate::api_key;
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
    /// Whether to ask the server, with one free request.
    pub verify: bool,
}

impl Keyfob {
    /// parse → verify → store and read back → list.
    pub async fn add_api_key(&self, new: NewKey) -> Result<Status> {
        let key = api_key::parse(&new.pasted)?;
        let label = new.label.as_deref().map(checked_label).transpose()?;
        let workspace_id = new
            .workspace_id
            .as_deref()
            .filter(|id| !id.trim().is_empty())
            .map(api_key::checked_workspace)
            .transpose()?;
        let config = self.config()?;
        let checked = match new.verify {
            true => Some(self.ask(&key, workspace_id.as_deref()).await?),
            false => None,
        };

        let id = AccountId::from_random(self.0.edge.random()?);
        let last_four = key.last_four();
        let label = label.unwrap_or_else(|| format!("API key …{last_four}"));
        let held = self.0.locks.account(&id).await?;
        let credential = Credential::ApiKey(ApiKey { key });
        self.0.vault.save(&held, &id, &label, &credential).await?;
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
                facts: Facts::Key(KeyFacts {
                    last_four,
                    workspace_id,
                    checked,
                }),
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
        let account = self.0.accounts.read()?.find(Some(name))?.clone();
        let Facts::Key(facts) = &account.facts else {
            return Err(Error::new(
                Code::Usage,
                "Only API keys are checked like this.",
                "Tokens are renewed when a tool asks for them.",
            ));
        };
        let Some(Credential::ApiKey(stored)) = self.0.vault.load(&account.id).await? else {
            return Err(super::tokens::gone(&account));
        };
        let asked = self.ask(&stored.key, facts.workspace_id.as_deref()).await;
        let check = match asked {
            Err(error) if error.code == Code::NotAccepted => KeyCheck {
                at: self.0.edge.now(),
                answer: KeyAnswer::Hindered {
                    reason: format!("{} {}", error.message, error.cure),
                },
            },
            check => check?,
        };
        let words = match &check.answer {
            KeyAnswer::Valid => None,
            KeyAnswer::Hindered { reason } | KeyAnswer::Unknown { reason } => Some(reason.clone()),
        };
        self.tell_words(&account, What::KeyChecked, words);
        self.0.accounts.change(|accounts| {
            if let Some(Facts::Key(facts)) = accounts.get_mut(&account.id).map(|a| &mut a.facts) {
                // A try that taught nothing takes away nothing that was known.
                let known = facts.checked.is_some();
                if !(known && matches!(check.answer, KeyAnswer::Unknown { .. })) {
                    facts.checked = Some(check);
                }
            }
            Ok(())
        })?;
        self.status(Some(account.id.as_str()))
    }

    async fn ask(&self, key: &Secret, workspace_id: Option<&str>) -> Result<KeyCheck> {
        let api = self.config()?.api;
        if let Some(problem) = &api.problem {
            return Err(unusable_variable(problem));
        }
        let answer = api_key::verify(&self.0.http, &api.base_url, key, workspace_id).await?;
        let at: Timestamp = self.0.edge.now();
        Ok(KeyCheck { at, answer })
    }
}
