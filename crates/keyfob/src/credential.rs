//! A credential as it lies in the secret store.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::secret::Secret;

/// What the secret store holds for one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    /// A pasted API key.
    ApiKey(ApiKey),
    /// The tokens of one sign-in.
    OAuth(OAuthTokens),
}

/// A pasted API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiKey {
    /// The key.
    pub(crate) key: Secret,
}

/// The tokens of one sign-in (RFC 6749 §1.4, §1.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OAuthTokens {
    /// What tools get.
    pub(crate) access_token: Secret,
    /// What renews it; never handed out.
    pub(crate) refresh_token: Option<Secret>,
    /// When the access token was issued.
    pub(crate) obtained_at: Timestamp,
    /// When the access token ends.
    pub(crate) expires_at: Timestamp,
    /// When the whole sign-in ends, where the server said so.
    pub(crate) sign_in_ends_at: Option<Timestamp>,
    /// Opens the server's answer that is sealed on disk while a renewal is under way.
    pub(crate) seal: Option<Secret>,
}

/// The form in the store: short names, because Windows holds 2,560 bytes at most.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Stored {
    #[serde(rename = "api_key")]
    ApiKey { key: Zeroizing<String> },
    #[serde(rename = "oauth")]
    OAuth {
        access_token: Zeroizing<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refresh_token: Option<Zeroizing<String>>,
        obtained_at: i64,
        expires_at: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sign_in_ends_at: Option<i64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seal: Option<Zeroizing<String>>,
    },
}

impl Credential {
    /// The bytes for the store.
    pub(crate) fn to_stored(&self) -> Secret {
        let hidden = |secret: &Secret| Zeroizing::new(secret.expose().to_owned());
        let stored = match self {
            Self::ApiKey(api_key) => Stored::ApiKey {
                key: hidden(&api_key.key),
            },
            Self::OAuth(tokens) => Stored::OAuth {
                access_token: hidden(&tokens.access_token),
                refresh_token: tokens.refresh_token.as_ref().map(hidden),
                obtained_at: tokens.obtained_at.as_second(),
                expires_at: tokens.expires_at.as_second(),
                sign_in_ends_at: tokens.sign_in_ends_at.map(Timestamp::as_second),
                seal: tokens.seal.as_ref().map(hidden),
            },
        };
        // Strings and integers always serialize.
        Secret::new(serde_json::to_string(&stored).unwrap_or_default())
    }

    /// Reads what the store gave; none if it is not ours.
    pub(crate) fn from_stored(stored: &Secret) -> Option<Self> {
        let taken = |text: Zeroizing<String>| Secret::new(text.as_str());
        let at = |second| Timestamp::from_second(second).ok();
        Some(match serde_json::from_str(stored.expose()).ok()? {
            Stored::ApiKey { key } => Self::ApiKey(ApiKey { key: taken(key) }),
            Stored::OAuth {
                access_token,
                refresh_token,
                obtained_at,
                expires_at,
                sign_in_ends_at,
                seal,
            } => Self::OAuth(OAuthTokens {
                access_token: taken(access_token),
                refresh_token: refresh_token.map(taken),
                obtained_at: at(obtained_at)?,
                expires_at: at(expires_at)?,
                sign_in_ends_at: sign_in_ends_at.and_then(at),
                seal: seal.map(taken),
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_comes_back() {
        let tokens = Credential::OAuth(OAuthTokens {
            access_token: Secret::new("access"),
            refresh_token: Some(Secret::new("refresh")),
            obtained_at: Timestamp::from_second(1_000).unwrap(),
            expires_at: Timestamp::from_second(2_000).unwrap(),
            sign_in_ends_at: None,
            seal: Some(Secret::new("key")),
        });
        let key = Credential::ApiKey(ApiKey {
            key: Secret::new("key"),
        });
        for credential in [tokens, key] {
            assert_eq!(
                Credential::from_stored(&credential.to_stored()),
                Some(credential)
            );
        }
    }

    #[test]
    fn what_is_not_ours_is_not_understood() {
        for stored in ["", "null", "{}", r#"{"kind":"oauth"}"#, "sk-ant-api03-x"] {
            assert_eq!(Credential::from_stored(&Secret::new(stored)), None);
        }
    }

    #[test]
    fn tokens_of_a_thousand_characters_fit_into_the_windows_credential_manager() {
        let tokens = Credential::OAuth(OAuthTokens {
            access_token: Secret::new("a".repeat(1_000)),
            refresh_token: Some(Secret::new("r".repeat(1_000))),
            obtained_at: Timestamp::MAX,
            expires_at: Timestamp::MAX,
            sign_in_ends_at: Some(Timestamp::MAX),
            seal: Some(Secret::new("k".repeat(80))),
        });
        assert!(tokens.to_stored().expose().len() <= 2_560);
    }
}
