//! A credential together with what a tool has to know beside it: what kind it is, which API it is for, who pays.

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::Keyfob;
use super::environment::Named;
use super::issuer::{elsewhere, is_replaced};
use super::tokens::Handed;
use crate::account::{Account, Facts, Link, Method};
use crate::error::{Code, Error, Result};
use crate::http::is_loopback;
use crate::linked::{anthropic_profile, environment};
use crate::secret::Secret;

/// Which kind of credential it is, which decides how a tool has to send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// An API key: `x-api-key`.
    ApiKey,
    /// An access token: `Authorization: Bearer` (RFC 6750).
    Bearer,
}

/// Which API a credential is for. It must not be sent to another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Api {
    /// Anthropic's own.
    Anthropic,
    /// Another one, by its address.
    At(Url),
    /// Nothing says so: the provider names none, or it is a variable of the person's own environment.
    NotSaid,
}

/// Where Anthropic's own API answers, which tools take where nothing else is said.
pub(super) const ANTHROPIC: &str = "https://api.anthropic.com";

impl Api {
    /// Its address; none where nothing says so.
    pub(super) fn url(&self) -> Option<Url> {
        match self {
            Self::Anthropic => Url::parse(ANTHROPIC).ok(),
            Self::At(url) => Some(url.clone()),
            Self::NotSaid => None,
        }
    }

    /// The address that a tool has to be told, because it asks Anthropic's own API by itself.
    pub(super) fn other(&self) -> Option<&Url> {
        match self {
            Self::At(url) => Some(url),
            Self::Anthropic | Self::NotSaid => None,
        }
    }
}

/// Whose credential it is, and how it has to be used. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    /// The account.
    pub account: Account,
    /// What kind it is.
    pub form: Form,
    /// What it is for.
    pub api: Api,
}

/// A credential with all that a tool has to know.
#[derive(Debug)]
pub struct Given {
    /// Whose it is.
    pub whose: Whose,
    /// The credential itself, and what has to be said beside it.
    pub handed: Handed,
}

impl Given {
    /// The credential.
    pub fn secret(&self) -> &Secret {
        &self.handed.secret
    }

    /// When it ends, where that is known.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.handed.expires_at
    }
}

impl Keyfob {
    /// The credential of an account, valid for `at_least` longer where that can be had, with what a tool has to know
    /// beside it.
    pub async fn given(&self, name: Option<&str>, at_least: SignedDuration) -> Result<Given> {
        let handed = self.token(name, at_least).await?;
        self.with_whose(handed)
    }

    /// The same in the place of one that was refused.
    pub(super) async fn given_in_place_of(
        &self,
        name: Option<&str>,
        refused: Secret,
    ) -> Result<Given> {
        let handed = self.token_in_place_of(name, refused).await?;
        self.with_whose(handed)
    }

    fn with_whose(&self, handed: Handed) -> Result<Given> {
        let whose = self.whose(Some(handed.account.as_str()))?;
        Ok(Given { whose, handed })
    }

    /// How an account's credential has to be used, without opening the keychain.
    pub fn whose(&self, name: Option<&str>) -> Result<Whose> {
        let accounts = self.0.accounts.read()?;
        match self.named(&accounts, name)? {
            Named::Stored(account) => self.whose_stored(account),
            Named::Variable(found) => Ok(Whose {
                form: match found.kind {
                    environment::Kind::ApiKey => Form::ApiKey,
                    _ => Form::Bearer,
                },
                api: Api::NotSaid,
                account: found.account,
            }),
        }
    }

    pub(super) fn whose_stored(&self, account: &Account) -> Result<Whose> {
        let (form, api) = match &account.facts {
            Facts::Key(facts) => (Form::ApiKey, of_address(Some(self.api_of(account, facts)?))),
            Facts::Tokens(_) => {
                let (provider, _) = self.provider_of(account)?;
                if is_replaced(account, &provider) {
                    return Err(elsewhere(account, &provider));
                }
                (Form::Bearer, of_address(provider.base_url))
            }
            Facts::Session(facts) => match &facts.link {
                Link::AnthropicProfile {
                    config_dir,
                    profile,
                } => {
                    let folder = self.anthropic_folder(config_dir.as_deref())?;
                    let found = anthropic_profile::profile(&folder, profile);
                    let api = found.base_url.map(|text| private(account, &text));
                    let api = api.transpose()?.map(|url| of_address(Some(url)));
                    (Form::Bearer, api.unwrap_or(Api::Anthropic))
                }
                _ => (Form::Bearer, Api::Anthropic),
            },
        };
        Ok(Whose {
            account: account.clone(),
            form,
            api,
        })
    }
}

impl Whose {
    /// The folder of a linked session of Claude Code, which is all that is ever given of one: none within for the folder
    /// that Claude Code uses when nothing is set.
    pub fn claude_code_folder(&self) -> Option<Option<&std::path::Path>> {
        match &self.account.facts {
            Facts::Session(facts) if self.account.method == Method::ClaudeCode => {
                match &facts.link {
                    Link::ClaudeCode { config_dir } => Some(config_dir.as_deref()),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// The address that a profile names, as the libraries take it that read profiles too: nothing goes over the network for
/// all to read.
fn private(account: &Account, address: &str) -> Result<Url> {
    let url = Url::parse(address)
        .ok()
        .filter(|url| url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)));
    url.ok_or_else(|| {
        Error::new(
            Code::Failed,
            format!(
                "The profile of \"{}\" names an API that is no address with https, so nothing of it is given.",
                account.label
            ),
            "Correct `base_url` in the profile's file; http is for this computer alone.",
        )
    })
}

fn of_address(address: Option<Url>) -> Api {
    match address {
        None => Api::NotSaid,
        Some(url) if url.as_str().trim_end_matches('/') == ANTHROPIC => Api::Anthropic,
        Some(url) => Api::At(url),
    }
}
