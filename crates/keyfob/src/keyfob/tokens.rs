//! Handing out a credential, renewed first where that is due.

use jiff::SignedDuration;

use super::Keyfob;
use super::linking::session_of;
use super::renewing::Patience;
use crate::account::{Account, Facts};
use crate::credential::{Credential, OAuthTokens};
use crate::custody::freshness::{Need, Want, Windows, need, still_serves};
use crate::error::{Code, Error, Result};
use crate::secret::Secret;

/// A credential on its way to a tool.
#[derive(Debug)]
pub struct Handed {
    /// The access token or the API key.
    pub secret: Secret,
    /// What should be said beside it, such as that the renewal failed, but the old token still lives.
    pub warning: Option<Error>,
}

impl Handed {
    pub(super) fn of(tokens: &OAuthTokens) -> Self {
        Self {
            secret: tokens.access_token.clone(),
            warning: None,
        }
    }
}

impl Keyfob {
    /// The credential of an account, valid for `at_least` longer where that can be had.
    pub async fn token(&self, name: Option<&str>, at_least: SignedDuration) -> Result<Handed> {
        self.hand_out(name, Want::Valid(at_least)).await
    }

    /// The credential of an account for a tool whose server refused the one it was given: what is stored, where that
    /// is another one already, else a renewed one. However many come with the same, it is renewed once.
    pub async fn token_in_place_of(&self, name: Option<&str>, refused: Secret) -> Result<Handed> {
        let want = Want::Other {
            than: refused,
            insists: false,
        };
        self.hand_out(name, want).await
    }

    /// load → good? → hand out; else renew under the lock.
    async fn hand_out(&self, name: Option<&str>, want: Want) -> Result<Handed> {
        let accounts = self.0.accounts.read()?;
        let account = accounts.find(name)?;
        if let Want::Other { than, .. } = &want
            && is_of_another_kind(account, than)
        {
            return Err(not_of(account));
        }
        if let Some(facts) = session_of(account) {
            return self.hand_out_linked(account, facts, &want).await;
        }
        let tokens = match self.0.vault.load(&account.id).await? {
            Some(Credential::OAuth(tokens)) => tokens,
            Some(Credential::ApiKey(api_key)) => return key_handed(account, api_key.key, &want),
            None if self.unsaved(&account.id).is_some() => {
                // The store lost it, but what it should hold is still in memory.
                let id = account.id.clone();
                let renewal = self.renewal(id, want, Patience::Waits, None).await?;
                return renewal.ok_or_else(|| gone(account));
            }
            None => return Err(gone(account)),
        };
        let patience = match need(&tokens, &want, self.windows(), self.0.edge.now()) {
            Need::Nothing if !self.0.renewals.has_answer(&account.id) => {
                return Ok(Handed::of(&tokens));
            }
            // What was renewed and the store did not take then may go into it now. While another one is at it, or
            // renews it, the old one serves.
            Need::Nothing | Need::Soon => Patience::None,
            Need::Now => Patience::Waits,
        };
        let id = account.id.clone();
        match self.renewal(id, want.clone(), patience, None).await {
            Ok(Some(handed)) => Ok(handed),
            Ok(None) => Ok(Handed::of(&tokens)),
            // Whatever went wrong, the old token serves while it lives.
            Err(mut error) if still_serves(&tokens, &want, self.0.edge.now()) => {
                error
                    .cure
                    .push_str(" The old token still works; it was given.");
                Ok(Handed {
                    warning: Some(error),
                    ..Handed::of(&tokens)
                })
            }
            Err(error) => Err(error),
        }
    }

    /// The windows of `config.toml`. A broken one must not keep tools from their tokens.
    pub(super) fn windows(&self) -> Windows {
        self.config()
            .map(|config| config.windows)
            .unwrap_or_default()
    }
}

/// Whether a token that was refused cannot have come from this account. Handing out this one in its place would change
/// who pays without a word.
fn is_of_another_kind(account: &Account, refused: &Secret) -> bool {
    let is_key = refused.expose().starts_with("sk-ant-api");
    let is_token = refused.expose().starts_with("sk-ant-oat");
    match account.facts {
        Facts::Key(_) => is_token,
        Facts::Tokens(_) => is_key,
        Facts::Session(_) => false,
    }
}

fn not_of(account: &Account) -> Error {
    Error::new(
        Code::Usage,
        format!("What was refused does not come from \"{}\".", account.label),
        "Name the account that it came from: `keyfob token ACCOUNT --refused`.",
    )
}

fn key_handed(account: &Account, key: Secret, want: &Want) -> Result<Handed> {
    match want {
        Want::Other { than, .. } if key == *than => Err(Error::new(
            Code::SignInNeeded,
            format!(
                "\"{}\" is an API key, and it was refused: keys are not renewed.",
                account.label
            ),
            "Check it in Keyfob's window, or add a new one with `keyfob add-key`.",
        )),
        _ => Ok(Handed {
            secret: key,
            warning: None,
        }),
    }
}

/// The words for an account whose item is not in the store.
pub(super) fn gone(account: &Account) -> Error {
    sign_in_again(
        account,
        "Nothing is stored for this account any more: another program removed it.",
    )
}

pub(super) fn sign_in_again(account: &Account, why: &str) -> Error {
    let cure = format!("Sign in to \"{}\" again.", account.label);
    Error::new(Code::SignInNeeded, why, cure)
}
