//! Taking in what a person already has: tokens as JSON, and what stands in variables of the environment.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Keyfob;
use super::environment::Named;
use super::keeping_sign_in::{Said, issued};
use super::keys::NewKey;
use super::signing_in::SignInRequest;
use crate::account::{AccountId, Facts, Identity, Link};
use crate::accounts::checked_label;
use crate::activity::What;
use crate::credential::{Credential, OAuthTokens};
use crate::error::{Code, Error, Result};
use crate::http::is_loopback;
use crate::import::{self, Place, Tokens};
use crate::linked::environment::{self, Found, Kind};
use crate::secret::Secret;
use crate::sign_in::provider::Provider;
use crate::status::Status;

/// What counts as the life of tokens that do not say when they end, as everywhere else.
const UNSAID_LIFE: SignedDuration = SignedDuration::from_hours(1);

/// Tokens to take in, and whose they are.
#[derive(Debug)]
pub struct TokensToImport {
    /// The JSON.
    pub text: Secret,
    /// The id of the provider that issued them, and renews them.
    pub provider: String,
    /// What the person calls the account.
    pub label: Option<String>,
}

/// What was found in a text while it is being typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ImportCheck {
    /// Tokens that can be taken in.
    Tokens {
        /// When the access token ends; none where nothing says so.
        #[cfg_attr(feature = "typescript", ts(type = "string | null"))]
        expires_at: Option<Timestamp>,
        /// Whether that is over, so that they are renewed at once.
        has_ended: bool,
        /// Whether there is a refresh token.
        renewable: bool,
        /// What the person agreed to.
        scopes: Vec<String>,
    },
    /// Something is wrong.
    Problem {
        /// What, and what to do.
        error: Error,
        /// Where.
        place: Option<Place>,
        /// Whether it would be right if only it went on, so that nothing is wrong as long as somebody types.
        unfinished: bool,
    },
}

impl Keyfob {
    /// Looks at tokens without storing anything.
    pub fn check_import(&self, text: &Secret) -> ImportCheck {
        let now = self.0.edge.now();
        match import::parse(text, now) {
            Ok(tokens) => ImportCheck::Tokens {
                expires_at: tokens.expires_at,
                has_ended: tokens.expires_at.is_some_and(|end| end <= now),
                renewable: tokens.refresh_token.is_some(),
                scopes: tokens.scopes.unwrap_or_default(),
            },
            Err(problem) => ImportCheck::Problem {
                error: problem.error,
                place: problem.place,
                unfinished: problem.unfinished,
            },
        }
    }

    /// parse → store and read back → list; only what has ended already is renewed, because that spends it elsewhere.
    pub async fn import_tokens(&self, new: TokensToImport) -> Result<(Status, Option<Error>)> {
        let tokens =
            import::parse(&new.text, self.0.edge.now()).map_err(|problem| problem.error)?;
        self.take_in(tokens, &new.provider, new.label).await
    }

    /// Takes in what stands in a variable, at a person's word: an API key, or tokens of a provider of theirs. The
    /// variable itself stays as it is.
    pub async fn import_environment(
        &self,
        variable: &str,
        provider: Option<&str>,
        label: Option<String>,
    ) -> Result<(Status, Option<Error>)> {
        let found = self.variable(variable)?;
        match (found.kind, found.given) {
            (Kind::ApiKey, key) => {
                let new = NewKey {
                    pasted: key?,
                    label,
                    workspace_id: None,
                    expires_on: None,
                    verify: true,
                };
                Ok((self.add_api_key(new).await?, None))
            }
            (Kind::Tokens, _) => {
                let Some(provider) = provider else {
                    return Err(Error::new(
                        Code::Usage,
                        "Tokens are renewed by the provider that issued them, and none was named.",
                        "Name yours with --provider.",
                    ));
                };
                let (access, refresh_token, expires_at) = environment::tokens(&self.0.edge);
                let access_token = access.ok_or_else(|| not_set(variable))?;
                let tokens = Tokens {
                    access_token,
                    refresh_token,
                    expires_at,
                    sign_in_ends_at: None,
                    scopes: None,
                };
                self.take_in(tokens, provider, label).await
            }
            (Kind::Session, _) => Err(environment::left_alone(&found.account.label)),
            (Kind::Bearer, _) => Err(Error::new(
                Code::Usage,
                format!(
                    "{} holds a token that says neither when it ends nor what renews it, so Keyfob could not keep it fresh.",
                    found.account.label
                ),
                "Leave it where it is: `keyfob token` gives it by its name.",
            )),
        }
    }

    fn variable(&self, name: &str) -> Result<Found> {
        let means = |found: &Found| match &found.account.facts {
            Facts::Session(facts) => match &facts.link {
                Link::Environment { variables } => variables.iter().any(|v| v == name.trim()),
                _ => false,
            },
            _ => false,
        };
        match self.named(&*self.0.accounts.read()?, Some(name)) {
            Ok(Named::Variable(found)) => Ok(*found),
            _ => {
                let found = self.in_environment().into_iter().find(means);
                found.ok_or_else(|| not_set(name))
            }
        }
    }

    async fn take_in(
        &self,
        tokens: Tokens,
        provider: &str,
        label: Option<String>,
    ) -> Result<(Status, Option<Error>)> {
        if let Some(label) = &label {
            checked_label(label)?;
        }
        let (provider, client_id) = self.provider_to_sign_in(provider)?;
        if tokens.are_anthropics() && !plays_anthropic(&provider) {
            return Err(Error::new(
                Code::NotAccepted,
                "These are tokens of Claude's. Whose session they are cannot be told from them, so Keyfob does not take them in.",
                "For the Claude Console sign in with `keyfob login`; for Claude Code use `keyfob link claude-code`.",
            ));
        }
        if let Some(label) = self.label_of_same(&tokens, &provider).await? {
            return Err(Error::new(
                Code::NotAccepted,
                format!("These tokens are stored already: they are \"{label}\"'s."),
                "Nothing has to be done.",
            ));
        }
        self.check_storage().await?;
        let now = self.0.edge.now();
        let expires_at = tokens
            .expires_at
            .unwrap_or_else(|| now.saturating_add(UNSAID_LIFE).unwrap_or(now));
        let ended = expires_at <= now;
        let to_keep = OAuthTokens {
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            obtained_at: now.min(expires_at),
            expires_at,
            sign_in_ends_at: tokens.sign_in_ends_at,
            seal: None,
        };
        let said = Said {
            identity: Identity::default(),
            scopes: tokens.scopes,
            issued: issued(&provider, &client_id),
            what: What::Imported,
        };
        let request = SignInRequest {
            provider: provider.id.to_string(),
            label: Some(label.unwrap_or_else(|| provider.name.clone())),
            ..SignInRequest::default()
        };
        // What could not be kept is not revoked: the person still has it.
        let id: AccountId = self
            .keep_sign_in(&provider, &request, to_keep, said)
            .await
            .map_err(|not| not.error)?;
        let warning = match ended {
            true => self
                .token(Some(id.as_str()), SignedDuration::ZERO)
                .await
                .err(),
            false => None,
        };
        Ok((self.status(Some(id.as_str()))?, warning))
    }

    /// The account that has the same tokens already. Only those of the same provider are opened.
    async fn label_of_same(&self, tokens: &Tokens, provider: &Provider) -> Result<Option<String>> {
        for account in &self.0.accounts.read()?.accounts {
            if account.provider.as_ref() != Some(&provider.id) {
                continue;
            }
            // One that cannot be opened now is no reason to keep a person from importing.
            if let Ok(Some(Credential::OAuth(stored))) = self.0.vault.load(&account.id).await
                && (stored.access_token == tokens.access_token
                    || (stored.refresh_token.is_some()
                        && stored.refresh_token == tokens.refresh_token))
            {
                return Ok(Some(account.label.clone()));
            }
        }
        Ok(None)
    }
}

/// Whether tokens of Anthropic's form can be this provider's own: only those of a practice server on this computer.
fn plays_anthropic(provider: &Provider) -> bool {
    provider.practice && provider.token_url.as_ref().is_some_and(is_loopback)
}

fn not_set(name: &str) -> Error {
    Error::new(
        Code::Usage,
        format!(
            "No credential was found in {} here.",
            name.trim().escape_debug()
        ),
        "`keyfob accounts` shows which variables are set. CLAUDE_ACCESS_TOKEN counts where CLAUDE_USE_OAUTH is 1.",
    )
}
