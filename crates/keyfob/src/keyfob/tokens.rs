//! Handing out a credential, renewed first where that is due.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;

use super::Keyfob;
use crate::account::{Account, AccountId, Facts, TokenFacts, Trouble};
use crate::credential::{Credential, OAuthTokens};
use crate::custody::freshness::{is_alive, is_good};
use crate::error::{Code, Error, Result};
use crate::secret::Secret;
use crate::sign_in::metadata;
use crate::sign_in::provider::Provider;
use crate::sign_in::token_endpoint::{self, Granted, TokenError};

/// Between the tries to store what a server gave.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(3),
];

/// A credential on its way to a tool.
#[derive(Debug)]
pub struct Handed {
    /// The access token or the API key.
    pub secret: Secret,
    /// What should be said beside it, such as that the renewal failed, but the old token still lives.
    pub warning: Option<Error>,
}

impl Keyfob {
    /// The credential of an account, valid for `at_least` longer where that can be had.
    pub async fn token(&self, name: Option<&str>, at_least: SignedDuration) -> Result<Handed> {
        let account = self.0.accounts.read()?.find(name)?.clone();
        match self.0.vault.load(&account.id).await? {
            None => Err(gone(&account)),
            Some(Credential::ApiKey(api_key)) => Ok(Handed {
                secret: api_key.key,
                warning: None,
            }),
            Some(Credential::OAuth(tokens)) if is_good(&tokens, at_least, self.0.edge.now()) => {
                Ok(Handed {
                    secret: tokens.access_token,
                    warning: None,
                })
            }
            Some(Credential::OAuth(tokens)) => {
                let renewal = self.renewed_in_a_task(account.id.clone(), at_least).await;
                match renewal {
                    // Whatever went wrong, the old token serves while it lives.
                    Err(mut error) if self.still_serves(&tokens, at_least) => {
                        error
                            .cure
                            .push_str(" The old token still works; it was given.");
                        Ok(Handed {
                            secret: tokens.access_token,
                            warning: Some(error),
                        })
                    }
                    renewal => renewal,
                }
            }
        }
    }

    /// Renews in a task of its own: if whoever asked goes away in the middle, the server has already spent the old
    /// refresh token, and the new one must still be stored.
    async fn renewed_in_a_task(&self, id: AccountId, at_least: SignedDuration) -> Result<Handed> {
        let keyfob = self.clone();
        let renewal = async move { keyfob.renewed(&id, at_least).await };
        tokio::spawn(renewal).await.map_err(|error| {
            Error::new(
                Code::Failed,
                "The renewal broke off inside Keyfob.",
                "Try again, and please report this.",
            )
            .detail(error.to_string())
        })?
    }

    /// lock → load again → still due? → refresh with what was just read → store and read back → hand out.
    async fn renewed(&self, id: &AccountId, at_least: SignedDuration) -> Result<Handed> {
        let _held = self.0.locks.account(id).await?;
        let accounts = self.0.accounts.read()?;
        let account = accounts.find(Some(id.as_str()))?;
        if let Some(tokens) = self.unsaved(id) {
            self.keep(account, &tokens).await?;
        }
        let Some(Credential::OAuth(tokens)) = self.0.vault.load(id).await? else {
            return Err(gone(account));
        };
        if is_good(&tokens, at_least, self.0.edge.now()) {
            // Another program renewed it meanwhile, and may have been stopped before it said so in the list.
            return Ok(self.noted(account, tokens));
        }
        let renewed = self.renew(account, &tokens).await?;
        let shorter = !self.still_serves(&renewed, at_least);
        let mut handed = self.noted(account, renewed);
        if shorter {
            handed.warning = Some(Error::new(
                Code::Failed,
                "The server issues tokens for a shorter time than was asked for.",
                "This is the newest one; ask for less time.",
            ));
        }
        Ok(handed)
    }

    fn still_serves(&self, tokens: &OAuthTokens, at_least: SignedDuration) -> bool {
        let now = self.0.edge.now();
        is_alive(tokens, now) && tokens.expires_at.duration_since(now) > at_least
    }

    /// Asks the server, and keeps what it gives. No failure takes anything away.
    async fn renew(&self, account: &Account, tokens: &OAuthTokens) -> Result<OAuthTokens> {
        let Some(refresh_token) = &tokens.refresh_token else {
            return Err(sign_in_again(
                account,
                "The access token has ended, and the server gave nothing to renew it with.",
            ));
        };
        let (provider, client_id) = self.provider_of(account)?;
        // A store that cannot be written is found out before the refresh token is spent.
        let unchanged = Credential::OAuth(tokens.clone());
        let (id, label) = (&account.id, &account.label);
        self.0.vault.save(id, label, &unchanged).await?;
        match self
            .ask_to_renew(&provider, &client_id, refresh_token)
            .await
        {
            Ok(granted) => self.keep_renewed(account, granted, tokens).await,
            Err(not) => {
                let (is_final, error) = not.in_words(account, &provider.name);
                // A program that does not know our lock may have renewed it: then what it stored is the truth.
                if is_final
                    && let Ok(Some(Credential::OAuth(stored))) = self.0.vault.load(id).await
                    && stored.refresh_token != tokens.refresh_token
                    && is_alive(&stored, self.0.edge.now())
                {
                    return Ok(stored);
                }
                self.note_trouble(account, is_final, &error);
                Err(error)
            }
        }
    }

    async fn ask_to_renew(
        &self,
        provider: &Provider,
        client_id: &str,
        refresh_token: &Secret,
    ) -> Result<Granted, NotRenewed> {
        let http = &self.0.http;
        let endpoint = match &provider.token_url {
            Some(url) => url.clone(),
            None => {
                let found = metadata::endpoints(http, provider).await;
                found.map_err(NotRenewed::Before)?.token
            }
        };
        let now = self.0.edge.now();
        token_endpoint::refresh(http, provider, &endpoint, client_id, refresh_token, now)
            .await
            .map_err(NotRenewed::Asked)
    }

    async fn keep_renewed(
        &self,
        account: &Account,
        granted: Granted,
        old: &OAuthTokens,
    ) -> Result<OAuthTokens> {
        let mut tokens = granted.tokens;
        // The end of the whole sign-in does not move when a token is renewed, unless the server says so.
        tokens.sign_in_ends_at = tokens.sign_in_ends_at.or(old.sign_in_ends_at);
        self.keep(account, &tokens).await?;
        Ok(tokens)
    }

    /// Stores what a server gave, and does not give up at the first refusal: the old refresh token is spent, so these
    /// tokens are all that is left of the sign-in. What cannot be stored stays in memory, and is stored before anything
    /// else is done with the account.
    async fn keep(&self, account: &Account, tokens: &OAuthTokens) -> Result<()> {
        let listed = self.0.accounts.read();
        let signed_out = listed.is_ok_and(|accounts| {
            accounts.get(&account.id).map(|a| a.generation) != Some(account.generation)
        });
        if signed_out {
            self.revoke(account, tokens).await;
            return Err(sign_in_again(
                account,
                "You signed out while the token was being renewed, so the new one was thrown away.",
            ));
        }
        let credential = Credential::OAuth(tokens.clone());
        let mut pauses = PAUSES.iter();
        loop {
            let saved = self.0.vault.save(&account.id, &account.label, &credential);
            match (saved.await, pauses.next()) {
                (Ok(()), _) => {
                    self.forget_unsaved(&account.id);
                    return Ok(());
                }
                (Err(_), Some(pause)) => tokio::time::sleep(*pause).await,
                (Err(error), None) => {
                    self.all_unsaved()
                        .insert(account.id.clone(), tokens.clone());
                    return Err(error.into());
                }
            }
        }
    }

    fn unsaved(&self, id: &AccountId) -> Option<OAuthTokens> {
        self.all_unsaved().get(id).cloned()
    }

    pub(super) fn forget_unsaved(&self, id: &AccountId) {
        self.all_unsaved().remove(id);
    }

    fn all_unsaved(&self) -> MutexGuard<'_, HashMap<AccountId, OAuthTokens>> {
        self.0
            .unsaved
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands out tokens that are stored, and brings the list up to date with them. A list that cannot be written
    /// takes nothing away from a good token.
    fn noted(&self, account: &Account, tokens: OAuthTokens) -> Handed {
        let warning = self.note_tokens(account, &tokens).err();
        Handed {
            secret: tokens.access_token,
            warning,
        }
    }

    /// Brings the list up to date with the keychain.
    fn note_tokens(&self, account: &Account, tokens: &OAuthTokens) -> Result<()> {
        self.0.accounts.change(|accounts| {
            if let Some(Facts::Tokens(facts)) = accounts.get_mut(&account.id).map(|a| &mut a.facts)
            {
                *facts = TokenFacts {
                    trouble: None,
                    ..facts_of(tokens, facts.scopes.clone())
                };
            }
            Ok(())
        })
    }

    /// Writes down why a renewal failed. Nothing is taken away; a list that cannot be written must not hide the reason.
    fn note_trouble(&self, account: &Account, is_final: bool, error: &Error) {
        let now = self.0.edge.now();
        let _ = self.0.accounts.change(|accounts| {
            if let Some(Facts::Tokens(facts)) = accounts.get_mut(&account.id).map(|a| &mut a.facts)
            {
                // Once the server has ended the sign-in, no later trouble says less than that.
                if facts.trouble.as_ref().is_some_and(|t| t.is_final) && !is_final {
                    return Ok(());
                }
                let earlier = facts.trouble.as_ref().filter(|t| t.is_final == is_final);
                let since = earlier.map_or(now, |t| t.since);
                facts.trouble = Some(Trouble {
                    since,
                    is_final,
                    reason: error.message.clone(),
                    detail: error.detail.clone(),
                });
            }
            Ok(())
        });
    }

    /// The provider of an account, with the client id that every request needs.
    pub(super) fn provider_of(&self, account: &Account) -> Result<(Provider, String)> {
        let config = self.config()?;
        let provider = account
            .provider
            .as_ref()
            .and_then(|id| config.provider(id.as_str()));
        match provider.and_then(|p| Some((p.clone(), p.client_id.clone()?))) {
            Some(found) => Ok(found),
            None => Err(Error::new(
                Code::Failed,
                format!(
                    "The provider of \"{}\" is no longer in config.toml, or has lost its client id.",
                    account.label
                ),
                "Add it again in Settings. The sign-in is kept.",
            )),
        }
    }
}

/// Why a renewal did not come about.
enum NotRenewed {
    /// The server was not asked for tokens yet.
    Before(Error),
    /// It was.
    Asked(TokenError),
}

impl NotRenewed {
    /// Whether only a new sign-in helps, and the words for it.
    fn in_words(self, account: &Account, name: &str) -> (bool, Error) {
        let passing = |code: Code, message: String, cure: &str, detail: String| {
            let cure = format!("{cure} The sign-in is kept.");
            (false, Error::new(code, message, cure).detail(detail))
        };
        match self {
            Self::Before(error) => (false, error),
            Self::Asked(TokenError::Refused { error, detail }) if error == "invalid_grant" => {
                let ended = format!("{name} has ended this sign-in.");
                (true, sign_in_again(account, &ended).detail(detail))
            }
            Self::Asked(TokenError::Refused { detail, .. }) => {
                let message = format!("{name} refused to renew the token.");
                let cure = "Check the provider's client id in Settings.";
                passing(Code::Failed, message, cure, detail)
            }
            Self::Asked(TokenError::Busy {
                detail,
                retry_after,
            }) => {
                let message = format!("{name} is busy and did not renew the token.");
                let wait = retry_after.map_or(60, |wait| wait.as_secs().max(1));
                let cure = format!("Try again in {wait} seconds.");
                passing(Code::Network, message, &cure, detail)
            }
            Self::Asked(TokenError::Unreachable(why)) => {
                let message = format!("{name} could not be reached to renew the token.");
                let cure = "Check the network and try again.";
                passing(Code::Network, message, cure, why)
            }
            Self::Asked(TokenError::NotUnderstood(why)) => {
                let message = format!("{name} answered in a way that Keyfob does not understand.");
                passing(Code::Network, message, "Try again later.", why)
            }
        }
    }
}

/// What is told of tokens without showing them.
pub(super) fn facts_of(tokens: &OAuthTokens, scopes: Vec<String>) -> TokenFacts {
    TokenFacts {
        obtained_at: tokens.obtained_at,
        expires_at: tokens.expires_at,
        sign_in_ends_at: tokens.sign_in_ends_at,
        renewable: tokens.refresh_token.is_some(),
        scopes,
        trouble: None,
    }
}

/// The words for an account whose item is not in the keychain.
pub(super) fn gone(account: &Account) -> Error {
    sign_in_again(
        account,
        "The keychain holds nothing for this account any more: another program removed it.",
    )
}

fn sign_in_again(account: &Account, why: &str) -> Error {
    let cure = format!("Sign in to \"{}\" again.", account.label);
    Error::new(Code::SignInNeeded, why, cure)
}
