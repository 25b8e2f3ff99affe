//! Asking a server now how a credential stands, instead of waiting until a tool finds out.

use super::Keyfob;
use super::environment::Named;
use super::tokens::gone;
use crate::account::{Account, Facts, KeyAnswer};
use crate::api_key;
use crate::credential::Credential;
use crate::custody::freshness::is_alive;
use crate::error::{Code, Error, Result};
use crate::linked::environment::{Found, Kind};
use crate::status::Status;

/// What a server said just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// How the account stands by that.
    pub status: Status,
    /// What the server said, or why it could not be asked.
    pub words: String,
    /// Whether it took the credential; none where it was not asked or did not say.
    pub works: Option<bool>,
}

impl Keyfob {
    /// Asks with one free request, where there is one, and changes nothing but what is known.
    pub async fn probe(&self, name: Option<&str>) -> Result<Probed> {
        let accounts = self.0.accounts.read()?;
        let named = self.named(&accounts, name)?;
        let id = named.account().id.to_string();
        let (works, words) = match &named {
            Named::Variable(found) => self.probe_variable(found).await?,
            Named::Stored(account) => match &account.facts {
                Facts::Key(_) => {
                    let status = self.check_key(&id).await?;
                    let failed = status
                        .check_failed
                        .as_ref()
                        .map(|failed| failed.reason.clone());
                    let words = failed
                        .clone()
                        .unwrap_or_else(|| "The server was asked just now.".to_owned());
                    let works = failed.is_none().then_some(status.state.works());
                    return Ok(Probed {
                        status,
                        words,
                        works,
                    });
                }
                Facts::Tokens(_) => self.probe_tokens(account).await?,
                Facts::Session(_) => (
                    None,
                    "Only the program that holds it can ask its server.".to_owned(),
                ),
            },
        };
        Ok(Probed {
            status: self.status(Some(&id))?,
            words,
            works,
        })
    }

    async fn probe_variable(&self, found: &Found) -> Result<(Option<bool>, String)> {
        let (Kind::ApiKey, Ok(key)) = (found.kind, &found.given) else {
            let words = "There is no free request by which it could be tried out.";
            return Ok((None, words.to_owned()));
        };
        let api = self.api_here()?;
        Ok(said(&self.ask(&api.base_url, key, None).await?.answer))
    }

    async fn probe_tokens(&self, account: &Account) -> Result<(Option<bool>, String)> {
        let (provider, _) = self.provider_of(account)?;
        let Some(api) = &provider.base_url else {
            let words = format!(
                "{} has no free request by which a token could be tried out. `keyfob refresh` asks it for a new one.",
                provider.name
            );
            return Ok((None, words));
        };
        let Some(Credential::OAuth(tokens)) = self.0.vault.load(&account.id).await? else {
            return Err(gone(account));
        };
        if !is_alive(&tokens, self.0.edge.now()) {
            let words = "The access token has ended, so nobody was asked. It is renewed when a tool asks for it.";
            return Ok((None, words.to_owned()));
        }
        match api_key::verify_token(&self.0.http, api, &tokens.access_token).await? {
            KeyAnswer::Refused { detail } => Err(refused(account, detail)),
            KeyAnswer::NotPermitted { detail } => Err(refused(account, detail)),
            answer => Ok(said(&answer)),
        }
    }
}

fn said(answer: &KeyAnswer) -> (Option<bool>, String) {
    match answer {
        KeyAnswer::Valid => (Some(true), "The server took it just now.".to_owned()),
        KeyAnswer::Unknown { reason } => (None, reason.clone()),
        answer => (Some(false), answer.words().unwrap_or_default().to_owned()),
    }
}

fn refused(account: &Account, detail: Option<String>) -> Error {
    let error = Error::new(
        Code::SignInNeeded,
        format!("The server refused the token of \"{}\".", account.label),
        "Renew it with `keyfob refresh`; where that does not help, sign in again.",
    );
    match detail {
        Some(detail) => error.detail(detail),
        None => error,
    }
}
