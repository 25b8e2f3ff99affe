//! Signing out: revoke where the provider can, then erase, and say which of both was done.

use std::time::Duration;

use serde::Serialize;

use super::Keyfob;
use super::issuer::{elsewhere, is_of_issuer};
use super::linking::session_of;
use crate::account::{Account, AccountId};
use crate::activity::What;
use crate::credential::{Credential, OAuthTokens};
use crate::custody::renewals::LeftBehind;
use crate::custody::store::StoreError;
use crate::error::{Code, Result};
use crate::sign_in::metadata;
use crate::sign_in::token_endpoint::{self, TokenError};

/// How long a server may take to revoke; erasing does not wait longer for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// What signing out did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct SignOutReport {
    /// The account as it was called.
    pub label: String,
    /// Whether the server was told.
    pub revoked: Revoked,
    /// The technical remainder of a failed revocation, safe to share.
    pub detail: Option<String>,
    /// The tools that were disconnected.
    pub disconnected: Vec<String>,
    /// What was handed to tools and could not be taken back, as sentences.
    pub left: Vec<String>,
    /// Whether some of that is still in place and listed, because taking it back failed.
    #[serde(skip)]
    #[cfg_attr(feature = "typescript", ts(skip))]
    pub is_unfinished: bool,
}

/// Whether the server was told that the tokens are void (RFC 7009).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum Revoked {
    /// It was, and agreed.
    Yes,
    /// The provider has no address for it: the tokens are forgotten here, and end by themselves there.
    NoEndpoint,
    /// It was asked, and could not be reached or refused.
    Failed,
    /// There was nothing to revoke: an API key, or an item that was gone already.
    NotNeeded,
    /// Another program owns it: it was taken off the list, and nothing else was done.
    NotOurs,
}

impl Keyfob {
    /// Revokes, erases, and takes the account off the list. Where erasing fails, the account stays listed, because
    /// a secret that nothing names could never be erased. What another program owns is only taken off the list.
    pub async fn sign_out(&self, name: &str) -> Result<SignOutReport> {
        let listed = self.stored(Some(name))?;
        if session_of(&listed).is_some() {
            return self.unlink(&listed);
        }
        let id = listed.id;
        let held = self.0.locks.account(&id).await?;
        let account = self.0.accounts.read()?.find(Some(id.as_str()))?.clone();
        let newest = self.newest_to_revoke(&id).await?;
        let (revoked, detail) = match newest {
            Some(tokens) => self.revoke(&account, &tokens).await,
            None => (Revoked::NotNeeded, None),
        };
        // A copy that a move has left behind is looked for first: once the account is gone, nothing would name it.
        if let Some(chosen) = self.0.vault.stores().chosen()? {
            for left in chosen.entering.iter().chain(&chosen.leaving) {
                let store = self.0.vault.stores().store(left);
                self.0.vault.erase(&id, &store, held.clone()).await?;
            }
        }
        self.0.vault.delete(&held, &id).await?;
        self.forget_unsaved(&id);
        self.0.renewals.end(&id);
        // While the account is still listed: after a kill, signing out again goes on here.
        let taken_back = self.disconnect_all_of(&id);
        self.0.accounts.change(|accounts| {
            accounts.remove(&id);
            Ok(())
        })?;
        self.tell(&account, What::SignedOut, None);
        let (disconnected, left) = self.disconnect_the_rest_of(&id, taken_back);
        Ok(SignOutReport {
            label: account.label,
            revoked,
            detail,
            disconnected,
            left,
            is_unfinished: self.is_connected_still(&id),
        })
    }

    /// Whether something of an account's is connected although it was to be taken back.
    pub(super) fn is_connected_still(&self, account: &AccountId) -> bool {
        let list = self.0.connections.read();
        list.is_ok_and(|list| list.all.iter().any(|one| one.account == *account))
    }

    /// The newest tokens that there are, which are the ones to revoke: an answer that is still sealed is newer than what
    /// the store has. Something that is not ours is erased without.
    async fn newest_to_revoke(&self, id: &AccountId) -> Result<Option<OAuthTokens>> {
        match self.0.vault.load(id).await {
            Ok(Some(Credential::OAuth(stored))) => {
                if let Some(waiting) = self.newer_unsaved(id, Some(&stored)) {
                    return Ok(Some(waiting.tokens));
                }
                Ok(Some(match self.0.renewals.left_behind(id, &stored)? {
                    LeftBehind::Answer(newer) => newer,
                    _ => stored,
                }))
            }
            Ok(None) => Ok(self.newer_unsaved(id, None).map(|waiting| waiting.tokens)),
            Ok(_) | Err(StoreError::NotUnderstood | StoreError::Damaged(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Tells the server, where it can be told.
    pub(super) async fn revoke(
        &self,
        account: &Account,
        tokens: &OAuthTokens,
    ) -> (Revoked, Option<String>) {
        let asked = async {
            let (provider, client_id) = self.provider_of(account)?;
            let endpoint = match (&provider.revocation_url, &provider.issuer) {
                (Some(url), _) => Some(url.clone()),
                (None, Some(_)) => metadata::found(&self.0.http, &provider).await?.revocation,
                (None, None) => None,
            };
            let Some(endpoint) = endpoint else {
                return Ok(None);
            };
            // On the issuing server itself it is right by that; else it is as long as the provider is the same one.
            if !is_of_issuer(account, &provider, &endpoint) {
                let token = self.token_endpoint(&provider).await?;
                if !is_of_issuer(account, &provider, &token) {
                    return Err(elsewhere(account, &provider));
                }
            }
            Ok::<_, crate::Error>(Some(
                token_endpoint::revoke(&self.0.http, &endpoint, &client_id, tokens).await,
            ))
        };
        let failed = |why: String| (Revoked::Failed, Some(why));
        match tokio::time::timeout(PATIENCE, asked).await {
            Err(_) => failed("no answer in time".to_owned()),
            Ok(Err(error)) => failed(match error.code {
                // What is wrong is said in words.
                Code::SignInNeeded => error.message,
                _ => error.detail.unwrap_or(error.message),
            }),
            Ok(Ok(None)) => (Revoked::NoEndpoint, None),
            Ok(Ok(Some(Ok(())))) => (Revoked::Yes, None),
            Ok(Ok(Some(Err(error)))) => failed(match error {
                TokenError::Refused { detail, .. } | TokenError::Busy { detail, .. } => detail,
                TokenError::Unreachable(why) | TokenError::NotUnderstood(why) => why,
            }),
        }
    }
}
