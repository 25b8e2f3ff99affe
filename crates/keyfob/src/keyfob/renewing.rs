//! Renewing tokens: one at a time, with what was just read, and so that nothing is lost wherever it breaks off.

use std::time::Instant;

use tokio::sync::OwnedSemaphorePermit;

use super::Keyfob;
use super::issuer::{elsewhere, is_of_issuer};
use super::not_renewed::NotRenewed;
use super::tokens::{Handed, sign_in_again};
use crate::account::{Account, AccountId, Facts, Issued};
use crate::config::Config;
use crate::credential::{Credential, OAuthTokens};
use crate::custody::backoff;
use crate::custody::freshness::{Need, Want, is_alive, need, still_serves};
use crate::custody::lock::Held;
use crate::custody::renewals::{Note, fingerprint};
use crate::custody::seal::Sealer;
use crate::error::{Code, Error, Result};
use crate::sign_in::metadata;
use crate::sign_in::provider::Provider;
use crate::sign_in::token_endpoint::{self, Granted};

/// Whether to wait for somebody else who is at work on the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Until it is done, half a minute at most.
    Waits,
    /// Not at all.
    None,
}

/// Renewed tokens in custody.
pub(super) struct Renewed {
    pub(super) tokens: OAuthTokens,
    /// What should be said beside them: that the store has not taken them yet.
    pub(super) warning: Option<Error>,
    pub(super) request_id: Option<String>,
    /// How long the answer was in memory alone, in microseconds.
    pub(super) exposed_us: Option<u64>,
}

impl Keyfob {
    /// A renewal in a task of its own: if whoever asked goes away in the middle, the server has already spent the old
    /// refresh token, and the new one must still be stored. None where somebody else is at it and nobody waits.
    ///
    /// The turn to ask servers is given back as soon as the server has answered.
    pub(super) async fn renewal(
        &self,
        id: AccountId,
        want: Want,
        patience: Patience,
        turn: Option<OwnedSemaphorePermit>,
    ) -> Result<Option<Handed>> {
        let keyfob = self.clone();
        let counted = self.0.under_way.begin();
        let renewal = async move {
            let _counted = counted;
            keyfob.renewed(&id, &want, patience, turn).await
        };
        tokio::spawn(renewal).await.map_err(|error| {
            Error::new(
                Code::Failed,
                "The renewal broke off inside Keyfob.",
                "Try again, and please report this.",
            )
            .detail(error.to_string())
        })?
    }

    /// lock → load again → still due? → may the server be asked? → renew with what was just read → hand out.
    async fn renewed(
        &self,
        id: &AccountId,
        want: &Want,
        patience: Patience,
        turn: Option<OwnedSemaphorePermit>,
    ) -> Result<Option<Handed>> {
        let held = match (self.0.locks.account_if_free(id)?, patience) {
            (Some(held), _) => held,
            (None, Patience::None) => return Ok(None),
            (None, Patience::Waits) => {
                if let Some(handed) = self.renewed_by_another(id, want).await? {
                    return Ok(Some(handed));
                }
                self.0.locks.account(id).await?
            }
        };
        let accounts = self.0.accounts.read()?;
        let account = accounts.find(Some(id.as_str()))?;
        let found = self.found(&held, account).await?;
        if need(&found.tokens, want, self.windows(), self.0.edge.now()) == Need::Nothing {
            // Another program renewed it meanwhile, and may have been stopped before it said so in the list.
            let noted = self.note_tokens(account, &found.tokens).await;
            return Ok(Some(Handed {
                warning: found.warning.or(noted.err()),
                ..Handed::of(id, &found.tokens)
            }));
        }
        if let Some(warning) = found.warning {
            // A store that has not taken what waits for it may still be at it, and must not be given more.
            return match still_serves(&found.tokens, want, self.0.edge.now()) {
                true => Ok(Some(Handed {
                    warning: Some(warning),
                    ..Handed::of(id, &found.tokens)
                })),
                false => Err(warning),
            };
        }
        self.may_ask(account, &found.tokens, want)?;
        let begun = Instant::now();
        let renewed = self
            .renew(&held, account, &found.tokens, found.cut_off)
            .await;
        drop(turn);
        match renewed {
            Ok(renewed) => Ok(Some(self.note_renewed(account, renewed, want, begun).await)),
            Err(not) => {
                self.note_trouble(account, &found.tokens, &not, begun).await;
                Err(not.error)
            }
        }
    }

    /// Waits for somebody else who is at work on the account, and gives what they have stored, if that is what is
    /// wanted. Many can read it at once, where one after the other would take its turn at the lock.
    async fn renewed_by_another(&self, id: &AccountId, want: &Want) -> Result<Option<Handed>> {
        self.0.locks.account_is_free(id).await?;
        let Some(Credential::OAuth(tokens)) = self.0.vault.load(id).await? else {
            return Ok(None);
        };
        let need = need(&tokens, want, self.windows(), self.0.edge.now());
        Ok((need == Need::Nothing).then(|| Handed::of(id, &tokens)))
    }

    /// Whether the server may be asked now: not while it rests after a failure, and not again with what it refused
    /// for good. A person who insists is held up by the server's own word alone.
    fn may_ask(&self, account: &Account, tokens: &OAuthTokens, want: &Want) -> Result<()> {
        let Facts::Tokens(facts) = &account.facts else {
            return Ok(());
        };
        let Some(trouble) = &facts.trouble else {
            return Ok(());
        };
        let insists = matches!(want, Want::Other { insists: true, .. });
        let refused = tokens.refresh_token.as_ref().map(fingerprint) == trouble.refused;
        if trouble.is_final && refused && trouble.refused.is_some() && !insists {
            let error = sign_in_again(account, &trouble.reason);
            return Err(with_detail(error, trouble.detail.as_ref()));
        }
        let until = match insists {
            true => trouble.told_until,
            false => trouble.rests_until,
        };
        match backoff::left(until, self.0.edge.now()) {
            Some(left) => {
                let seconds = left.as_secs().max(1);
                let cure = format!(
                    "It is left alone for another {seconds} s; then try again. The sign-in is kept."
                );
                let error = Error::new(Code::Network, &trouble.reason, cure);
                Err(with_detail(error, trouble.detail.as_ref()))
            }
            None => Ok(()),
        }
    }

    /// Prepares everything, asks the server, and keeps what it gives. No failure takes anything away.
    async fn renew(
        &self,
        held: &Held,
        account: &Account,
        tokens: &OAuthTokens,
        cut_off: Option<Note>,
    ) -> Result<Renewed, NotRenewed> {
        let Some(refresh_token) = &tokens.refresh_token else {
            let why = "The access token has ended, and the server gave nothing to renew it with.";
            return Err(NotRenewed::here(sign_in_again(account, why)));
        };
        let (provider, client_id) = self.provider_of(account).map_err(NotRenewed::here)?;
        let endpoint = self.token_endpoint(&provider).await;
        let endpoint = endpoint.map_err(NotRenewed::before)?;
        if !is_of_issuer(account, &provider, &endpoint) {
            return Err(NotRenewed::here(elsewhere(account, &provider)));
        }

        // A store that cannot be written is found out before the refresh token is spent. What it keeps from here on
        // opens the server's answer, which is sealed to disk before anything else is done with it.
        let sealer = Sealer::new().ok_or_else(|| NotRenewed::here(not_sealed()))?;
        let prepared = Credential::OAuth(OAuthTokens {
            seal: Some(sealer.key().clone()),
            ..tokens.clone()
        });
        let (id, label) = (&account.id, &account.label);
        let saved = self.0.vault.save(held, id, label, &prepared).await;
        saved.map_err(|error| NotRenewed::here(error.into()))?;
        // What waited for the store is in it by this.
        self.forget_unsaved(id);
        let note = cut_off.clone().unwrap_or_else(|| Note {
            fingerprint: fingerprint(refresh_token),
            begun_at: self.0.edge.now(),
            asked_by: self.0.asked_by.clone(),
        });
        let under_way = self.0.renewals.begin(id, &note, sealer);
        let under_way = under_way.map_err(NotRenewed::here)?;

        let now = self.0.edge.now();
        let asked = token_endpoint::refresh(
            &self.0.http,
            &provider,
            &endpoint,
            &client_id,
            refresh_token,
            now,
        );
        match asked.await {
            Ok(granted) => {
                let request_id = granted.request_id.clone();
                let renewed = lasting(granted, tokens);
                let kept = self.keep(held, account, (renewed, tokens), under_way).await;
                kept.map(|renewed| Renewed {
                    request_id,
                    ..renewed
                })
                .map_err(NotRenewed::here)
            }
            Err(error) => {
                // What was surely not done needs no note; what may have been done does.
                if error.is_untouched() && cut_off.is_none() {
                    self.0.renewals.end(id);
                }
                let not = NotRenewed::asked(error, account, &provider.name, cut_off.as_ref());
                // A program that does not know our lock may have renewed it: then what it stored is the truth.
                if not.is_final
                    && let Ok(Some(Credential::OAuth(stored))) = self.0.vault.load(id).await
                    && stored.refresh_token != tokens.refresh_token
                    && is_alive(&stored, self.0.edge.now())
                {
                    return Ok(Renewed {
                        tokens: stored,
                        warning: None,
                        request_id: None,
                        exposed_us: None,
                    });
                }
                Err(not)
            }
        }
    }

    pub(super) async fn token_endpoint(&self, provider: &Provider) -> Result<url::Url> {
        match &provider.token_url {
            Some(url) => Ok(url.clone()),
            None => metadata::token_endpoint(&self.0.http, provider).await,
        }
    }

    /// The provider of an account, with the client id that every request needs: the one that the tokens were issued
    /// to, and at the addresses where they were issued. What this program's environment says does not count.
    pub(super) fn provider_of(&self, account: &Account) -> Result<(Provider, String)> {
        let config = Config::written(&self.0.home)?;
        let provider = account
            .provider
            .as_ref()
            .and_then(|id| config.provider(id.as_str()));
        let issued = match &account.facts {
            Facts::Tokens(facts) => facts.issued.clone().unwrap_or_default(),
            _ => Issued::default(),
        };
        let found = provider.and_then(|provider| {
            let client_id = issued.client_id.or_else(|| provider.client_id.clone())?;
            let mut provider = provider.clone();
            provider.token_url = issued.token_url.or(provider.token_url);
            // What the person enters counts for whoever issued it; that it is still the same one is seen to elsewhere.
            let api = issued.api.map(|api| *api);
            provider.base_url = issued.base_url.or(provider.base_url).or(api);
            Some((provider, client_id))
        });
        match found {
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

/// The end of the whole sign-in does not move when a token is renewed, unless the server says so.
fn lasting(granted: Granted, old: &OAuthTokens) -> OAuthTokens {
    OAuthTokens {
        sign_in_ends_at: granted.tokens.sign_in_ends_at.or(old.sign_in_ends_at),
        ..granted.tokens
    }
}

fn with_detail(error: Error, detail: Option<&String>) -> Error {
    match detail {
        Some(detail) => error.detail(detail),
        None => error,
    }
}

fn not_sealed() -> Error {
    Error::new(
        Code::Failed,
        "This computer gave no random numbers, so the renewal was not begun.",
        "Try again; if it stays, restart the computer.",
    )
}
