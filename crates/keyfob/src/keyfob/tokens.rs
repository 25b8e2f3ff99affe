//! Handing out a credential, renewed first where that is due.

use jiff::{SignedDuration, Timestamp};

use super::Keyfob;
use super::environment::Named;
use super::linking::session_of;
use super::renewing::Patience;
use crate::account::{Account, AccountId, Facts, KeyAnswer, KeyCheck};
use crate::accounts::FellBack;
use crate::credential::{Credential, OAuthTokens};
use crate::custody::freshness::{Need, Want, Windows, need, still_serves};
use crate::error::{Code, Error, Result};
use crate::linked::environment::Kind;
use crate::secret::Secret;

const NAME_IT: &str = "Name the account that it came from: `keyfob token ACCOUNT --refused`.";

/// A credential on its way to a tool.
#[derive(Debug)]
pub struct Handed {
    /// The access token or the API key.
    pub secret: Secret,
    /// Whose it is.
    pub account: AccountId,
    /// When it ends, where that is known.
    pub expires_at: Option<Timestamp>,
    /// What should be said beside it, such as that the renewal failed, but the old token still lives.
    pub warning: Option<Error>,
    /// That it is another account's than the first in the person's order, because that one failed.
    pub instead: Option<FellBack>,
    /// The labels of those that stand earlier in that order, and never give anything to tools.
    pub passed_over: Vec<String>,
}

impl Handed {
    pub(super) fn of(account: &AccountId, tokens: &OAuthTokens) -> Self {
        Self {
            expires_at: Some(tokens.expires_at),
            ..Self::of_secret(account, tokens.access_token.clone())
        }
    }

    pub(super) fn of_secret(account: &AccountId, secret: Secret) -> Self {
        Self {
            secret,
            account: account.clone(),
            expires_at: None,
            warning: None,
            instead: None,
            passed_over: Vec::new(),
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

    async fn hand_out(&self, name: Option<&str>, want: Want) -> Result<Handed> {
        let accounts = self.0.accounts.read()?;
        // Whoever brings a refused token back wants another one of the same account, whatever the order says.
        if name.is_none() && accounts.is_ordered() && matches!(want, Want::Valid(_)) {
            return self.hand_out_in_order(&accounts, &want).await;
        }
        // Whether that is the first one's or the other's cannot be told from what was refused.
        if name.is_none() && accounts.fell_back.is_some() && matches!(want, Want::Other { .. }) {
            return Err(Error::new(
                Code::Usage,
                "Another account was given in the place of the first one, so what was refused may be either's.",
                NAME_IT,
            ));
        }
        let named = self.named(&accounts, name)?;
        self.hand_out_of(named, &want).await
    }

    pub(super) async fn hand_out_of(&self, named: Named<'_>, want: &Want) -> Result<Handed> {
        if let Want::Other { than, .. } = want
            && is_of_another_kind(&named, than)
        {
            return Err(not_of(named.account()));
        }
        match named {
            Named::Stored(account) => {
                let handed = self.hand_out_stored(account, want.clone()).await?;
                Ok(self.with_copies(account, handed).await)
            }
            Named::Variable(found) => self.variable_handed(*found, want),
        }
    }

    /// load → good? → hand out; else renew under the lock.
    async fn hand_out_stored(&self, account: &Account, want: Want) -> Result<Handed> {
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
                return Ok(Handed::of(&account.id, &tokens));
            }
            // What was renewed and the store did not take then may go into it now. While another one is at it, or
            // renews it, the old one serves.
            Need::Nothing | Need::Soon => Patience::None,
            Need::Now => Patience::Waits,
        };
        let id = account.id.clone();
        match self.renewal(id, want.clone(), patience, None).await {
            Ok(Some(handed)) => Ok(handed),
            Ok(None) => Ok(Handed::of(&account.id, &tokens)),
            // Whatever went wrong, the old token serves while it lives.
            Err(mut error) if still_serves(&tokens, &want, self.0.edge.now()) => {
                error
                    .cure
                    .push_str(" The old token still works; it was given.");
                Ok(Handed {
                    warning: Some(error),
                    ..Handed::of(&account.id, &tokens)
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
fn is_of_another_kind(named: &Named<'_>, refused: &Secret) -> bool {
    let is_key = refused.expose().starts_with("sk-ant-api");
    let is_token = refused.expose().starts_with("sk-ant-oat");
    match named {
        Named::Variable(found) => match (found.kind, &found.given) {
            (Kind::ApiKey, _) => is_token,
            // A gateway's own token is neither.
            (Kind::Bearer, Ok(held)) => {
                is_token || (is_key && !held.expose().starts_with("sk-ant-api"))
            }
            _ => false,
        },
        Named::Stored(account) => match account.facts {
            Facts::Key(_) => is_token,
            Facts::Tokens(_) => is_key,
            Facts::Session(_) => false,
        },
    }
}

fn not_of(account: &Account) -> Error {
    Error::new(
        Code::Usage,
        format!("What was refused does not come from \"{}\".", account.label),
        NAME_IT,
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
            format!(
                "Check it with `keyfob status \"{0}\" --probe`, or replace it with `keyfob rotate-key \"{0}\"`.",
                account.label
            ),
        )),
        _ => Ok(Handed {
            warning: refused_key(account),
            ..Handed::of_secret(&account.id, key)
        }),
    }
}

/// What should be said beside a key that the server did not know when it was asked last. Only the server can tell
/// whether that is still so, so the key is given.
fn refused_key(account: &Account) -> Option<Error> {
    let Facts::Key(facts) = &account.facts else {
        return None;
    };
    let refused = |check: &&KeyCheck| matches!(check.answer, KeyAnswer::Refused { .. });
    facts.checked.as_ref().filter(refused).map(|_| {
        Error::new(
            Code::NotAccepted,
            format!(
                "The server did not know the key of \"{}\" when it was asked last.",
                account.label
            ),
            "Replace it with `keyfob rotate-key`.",
        )
    })
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
