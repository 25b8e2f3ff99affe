//! An account: one entry in Keyfob, and all that may be known of it without opening the keychain.

mod key;

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::sign_in::provider::ProviderId;

pub use self::key::{FailedCheck, KeyAnswer, KeyCheck, KeyFacts};

/// The name of an account in the keychain, in lock files and in `accounts.json`: `acct-` and 16 hex digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

impl AccountId {
    /// A new id out of random bytes.
    pub fn from_random(random: [u8; 32]) -> Self {
        let hex: String = random[..8].iter().map(|b| format!("{b:02x}")).collect();
        Self(format!("acct-{hex}"))
    }

    /// A number that differs from account to account.
    pub(crate) fn chance(&self) -> u8 {
        let last = self.0.get(self.0.len() - 2..).unwrap_or_default();
        u8::from_str_radix(last, 16).unwrap_or(0)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.0
    }
}

impl TryFrom<String> for AccountId {
    type Error = String;

    /// Ids become file names, so nothing else than our own form is let in.
    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.strip_prefix("acct-").unwrap_or_default();
        if digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            Ok(Self(text))
        } else {
            Err("an account id is `acct-` and 16 hex digits".to_owned())
        }
    }
}

/// How an account came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Keyfob's own sign-in: authorization code with PKCE (RFC 7636).
    #[serde(rename = "oauth")]
    OAuth,
    /// A pasted API key.
    ApiKey,
    /// A session of Claude Code, which keeps and renews it itself.
    ClaudeCode,
    /// A profile of the `ant` command and the Anthropic SDKs.
    AnthropicProfile,
    /// Seen in variables of the environment.
    Environment,
}

/// Who stores the secret, and alone may change or delete it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// Keyfob itself.
    Keyfob,
    /// Claude Code. Keyfob only reads.
    ClaudeCode,
    /// The `ant` command. Keyfob only reads.
    Ant,
    /// Whoever set the variable. Keyfob only reads.
    Environment,
}

/// Who is billed for what is done with the credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum Payer {
    /// A Claude plan.
    Plan,
    /// API usage, billed to an organization.
    Api,
    /// The company whose gateway the token is for.
    Company,
    /// Nobody: practice.
    None,
    /// Whoever issued it, which cannot be told from here: tokens in variables of the environment.
    Unknown,
}

impl Payer {
    /// Who it is, as the end of "billed to".
    pub fn words(self) -> &'static str {
        match self {
            Self::Plan => "your plan",
            Self::Api => "API usage",
            Self::Company => "your company",
            Self::None => "nobody (practice)",
            Self::Unknown => "whoever issued it",
        }
    }
}

/// Who signed in, as far as the server said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct Identity {
    /// The server's own unchanging names for person, organization and workspace: two sign-ins with the same are of one
    /// account, and two organizations of one person are two.
    #[serde(default)]
    pub subject: Option<String>,
    /// The e-mail address; where the server says none, the name that it has for the person.
    #[serde(default)]
    pub email: Option<String>,
    /// The organization's name.
    #[serde(default)]
    pub organization: Option<String>,
    /// The workspace's name.
    #[serde(default)]
    pub workspace: Option<String>,
}

/// One entry in Keyfob. Everything here lies in `accounts.json`, so nothing here is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The unchanging name.
    pub id: AccountId,
    /// What the person calls it.
    pub label: String,
    /// How it came in.
    pub method: Method,
    /// Who stores the secret.
    pub owner: Owner,
    /// Whom it was signed in to with; none for API keys.
    #[serde(default)]
    pub provider: Option<ProviderId>,
    /// Who is billed.
    pub payer: Payer,
    /// Counts sign-ins and sign-outs: a refresh that began under an older number throws its result away.
    pub generation: u64,
    /// Whether it came from a practice server.
    #[serde(default)]
    pub practice: bool,
    /// Who signed in.
    #[serde(default)]
    pub identity: Identity,
    /// When it was added.
    pub created_at: Timestamp,
    /// What is known of the credential itself.
    pub facts: Facts,
}

/// What is known of the credential without opening the keychain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Facts {
    /// Of tokens.
    Tokens(TokenFacts),
    /// Of an API key.
    Key(KeyFacts),
    /// Of a session that another program owns.
    Session(SessionFacts),
}

/// What is known of a pair of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenFacts {
    /// When the access token was issued.
    pub obtained_at: Timestamp,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// When the whole sign-in ends, where the server said so.
    #[serde(default)]
    pub sign_in_ends_at: Option<Timestamp>,
    /// Whether there is a refresh token.
    pub renewable: bool,
    /// What the person agreed to.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// What went wrong with the last refresh, until one succeeds.
    #[serde(default)]
    pub trouble: Option<Trouble>,
    /// Since when renewed tokens have been waiting, sealed on disk, for the secret store to take them.
    #[serde(default)]
    pub waits_since: Option<Timestamp>,
    /// To whom and where they were issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<Issued>,
}

/// To whom and where tokens were issued. A refresh token is good for that client alone (RFC 6749 §6), so it is renewed
/// as it was issued, whatever is configured since, and by programs whose environment says something else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Issued {
    /// The client id. It is no secret (RFC 6749 §2.2).
    pub client_id: Option<String>,
    /// The token endpoint, where a variable of the environment moved it.
    pub token_url: Option<Url>,
    /// The API that the tokens are for, where a variable of the environment moved it.
    pub base_url: Option<Url>,
    /// The token endpoint that issued them, however it was found. The refresh token is sent to no other server, even
    /// where the provider has got another address since. Accounts of before this was kept have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Box<Url>>,
    /// The issuer that the provider named, or else its token endpoint: whoever has another one since is somebody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Box<Url>>,
    /// The API that the provider named. It goes with the tokens where the provider names none any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<Box<Url>>,
}

/// What is known of a session that another program owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionFacts {
    /// Where it lies.
    pub link: Link,
    /// What was seen there last.
    pub seen: Seen,
    /// Why the last try to have it renewed by its owner failed, until what is seen there changes.
    #[serde(default)]
    pub trouble: Option<Trouble>,
}

/// Where a session of another program lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Link {
    /// Claude Code's, by its configuration folder.
    ClaudeCode {
        /// `CLAUDE_CONFIG_DIR`; none for the one that Claude Code uses when nothing is set.
        config_dir: Option<PathBuf>,
    },
    /// A profile of `ant`.
    AnthropicProfile {
        /// `ANTHROPIC_CONFIG_DIR`; none for the usual one.
        config_dir: Option<PathBuf>,
        /// The profile's name.
        profile: String,
    },
    /// Variables of the environment; such an account is never written down.
    Environment {
        /// Their names.
        variables: Vec<String>,
    },
}

/// What was seen of a session of another program, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When it was looked at.
    pub at: Timestamp,
    /// What was there.
    pub what: SeenSession,
}

/// What can be seen of a session without taking anything of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SeenSession {
    /// A session is there.
    There {
        /// When its access token ends; none where nothing says so.
        #[serde(default)]
        expires_at: Option<Timestamp>,
        /// When the whole sign-in ends, where something says so.
        #[serde(default)]
        sign_in_ends_at: Option<Timestamp>,
        /// Whether its owner can renew it.
        #[serde(default)]
        renewable: bool,
        /// What the person agreed to.
        #[serde(default)]
        scopes: Vec<String>,
        /// The subscription, as its owner calls it.
        #[serde(default)]
        plan: Option<String>,
    },
    /// Nothing is there, or no session of the kind that is linked.
    Missing {
        /// What is missing, as a sentence.
        reason: String,
    },
    /// It could not be looked at.
    NotReadable {
        /// Why, as a sentence.
        reason: String,
        /// The technical remainder, safe to share.
        #[serde(default)]
        detail: Option<String>,
    },
}

/// Why the last refresh failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// When it failed first.
    pub since: Timestamp,
    /// Whether only a new sign-in helps.
    pub is_final: bool,
    /// What happened, as a sentence.
    pub reason: String,
    /// The technical remainder, safe to share.
    #[serde(default)]
    pub detail: Option<String>,
    /// How often it has failed since it last succeeded.
    #[serde(default)]
    pub failures: u32,
    /// Before then the server is not asked again.
    #[serde(default)]
    pub rests_until: Option<Timestamp>,
    /// Before then not even for a person who insists, because the server itself said so.
    #[serde(default)]
    pub told_until: Option<Timestamp>,
    /// Which refresh token the server refused for good, by its fingerprint: a newer one is another story.
    #[serde(default)]
    pub refused: Option<String>,
}
