//! What is known of an API key without opening the keychain.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use url::Url;

/// What is known of an API key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFacts {
    /// The last four characters, to recognise it by.
    pub last_four: String,
    /// The workspace that an identity-linked key needs.
    #[serde(default)]
    pub workspace_id: Option<String>,
    /// When the server was last asked and said something of the key; none where it never did.
    #[serde(default)]
    pub checked: Option<KeyCheck>,
    /// The last try to ask since then that taught nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<FailedCheck>,
    /// The last day on which it works, as the person noted it: a key cannot see its own end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<Date>,
    /// Where it was checked when it was added, where a variable of the environment named another API than
    /// `config.toml`. It is checked there from then on, whatever the variable says later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<Url>,
}

/// What the server said of an API key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyCheck {
    /// When.
    pub at: Timestamp,
    /// What.
    pub answer: KeyAnswer,
}

/// A check that taught nothing: what was known before it is still what is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct FailedCheck {
    /// When.
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    pub at: Timestamp,
    /// Why, as a sentence.
    pub reason: String,
}

/// The server's answers about a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum KeyAnswer {
    /// It works.
    Valid,
    /// It is genuine and belongs to a person in several workspaces: it works once one of them is named.
    NeedsWorkspace {
        /// The technical remainder, safe to share.
        #[serde(default)]
        detail: Option<String>,
    },
    /// The server does not know it: mistyped, revoked, disabled or expired.
    Refused {
        /// The technical remainder, safe to share.
        #[serde(default)]
        detail: Option<String>,
    },
    /// It is genuine, and nobody pays for it at the moment.
    BillingNeeded {
        /// The technical remainder, safe to share.
        #[serde(default)]
        detail: Option<String>,
    },
    /// It is genuine, and may not be used for this.
    NotPermitted {
        /// The technical remainder, safe to share.
        #[serde(default)]
        detail: Option<String>,
    },
    /// Something has to be done before it works; an earlier Keyfob did not tell apart what.
    Hindered {
        /// What, as a sentence.
        reason: String,
    },
    /// Nothing was learned: the server was busy or out of reach.
    Unknown {
        /// Why, as a sentence.
        reason: String,
    },
}

impl KeyAnswer {
    /// What is so, and what to do about it; nothing of a key that works.
    pub fn words(&self) -> Option<&str> {
        Some(match self {
            Self::Valid => return None,
            Self::NeedsWorkspace { .. } => {
                "The key is genuine, but works only with a workspace id. Add the id (wrkspc_…)."
            }
            Self::Refused { .. } => {
                "The server does not know this key: it is mistyped, revoked, disabled or expired. Replace it with a new one."
            }
            Self::BillingNeeded { .. } => {
                "The key is genuine, but its organization has to see to billing before it works. Do that in the Claude Console."
            }
            Self::NotPermitted { .. } => {
                "The key is genuine, but may not do this. Ask whoever made it."
            }
            Self::Hindered { reason } | Self::Unknown { reason } => reason,
        })
    }

    /// The technical remainder, safe to share.
    pub fn detail(&self) -> Option<&String> {
        match self {
            Self::NeedsWorkspace { detail }
            | Self::Refused { detail }
            | Self::BillingNeeded { detail }
            | Self::NotPermitted { detail } => detail.as_ref(),
            Self::Valid | Self::Hindered { .. } | Self::Unknown { .. } => None,
        }
    }
}
