//! A profile for the official SDKs and `ant`, as texts. Without a `client_id` it is externally rotated: whoever reads it
//! takes the access token that lies there, renews nothing, and looks again before that ends.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// The form of both files.
const VERSION: &str = "1.0";

/// Which profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) folder: PathBuf,
    pub(crate) name: String,
}

impl Profile {
    /// What it is and for which API. Not secret.
    pub(crate) fn config(&self) -> PathBuf {
        self.part("configs")
    }

    /// The access token.
    pub(crate) fn credentials(&self) -> PathBuf {
        self.part("credentials")
    }

    /// Names the profile that is used where none is named.
    pub(crate) fn pointer(folder: &Path) -> PathBuf {
        folder.join("active_config")
    }

    fn part(&self, part: &str) -> PathBuf {
        self.folder.join(part).join(format!("{}.json", self.name))
    }
}

#[derive(Serialize)]
struct Config<'a> {
    version: &'static str,
    authentication: Authentication,
    #[serde(skip_serializing_if = "Option::is_none")]
    base_url: Option<&'a str>,
}

#[derive(Serialize)]
struct Authentication {
    #[serde(rename = "type")]
    kind: &'static str,
}

/// The text of its configuration; the address where the API is another one than Anthropic's.
pub(crate) fn config_text(base_url: Option<&Url>) -> String {
    let base_url = base_url.map(|url| url.as_str().trim_end_matches('/'));
    let config = Config {
        version: VERSION,
        authentication: Authentication { kind: "user_oauth" },
        base_url,
    };
    // Texts always serialize.
    serde_json::to_string_pretty(&config).unwrap_or_default() + "\n"
}

/// What lies in a file of credentials that Keyfob wrote: this, and nothing else. A refresh token in it is another
/// program's, which has taken the profile over.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials<'a> {
    version: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    access_token: std::borrow::Cow<'a, str>,
    expires_at: i64,
}

/// The text of its credentials.
pub(crate) fn credentials_text(access_token: &Secret, expires_at: Timestamp) -> Zeroizing<Vec<u8>> {
    let token = access_token.expose();
    let credentials = Credentials {
        version: VERSION,
        kind: "oauth_token",
        access_token: token.into(),
        expires_at: expires_at.as_second(),
    };
    // Room for all of it at once, because a buffer that grows leaves its old memory behind unwiped.
    let mut text = Zeroizing::new(Vec::with_capacity(2 * token.len() + 200));
    // Texts and numbers always serialize, and memory takes them.
    let _ = serde_json::to_writer_pretty(&mut *text, &credentials);
    text.push(b'\n');
    text
}

/// Whether a file of credentials is in the form that Keyfob writes.
pub(crate) fn is_our_form(bytes: &[u8]) -> bool {
    end_of(bytes).is_some()
}

/// When the token of a file in that form ends, in seconds.
pub(crate) fn end_of(bytes: &[u8]) -> Option<i64> {
    let found: Credentials<'_> = serde_json::from_slice(bytes).ok()?;
    (found.kind == "oauth_token").then_some(found.expires_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_names_no_client_and_an_address_only_where_it_has_to() {
        let url = Url::parse("https://llm.example.com/").unwrap();
        assert_eq!(
            config_text(None),
            "{\n  \"version\": \"1.0\",\n  \"authentication\": {\n    \"type\": \"user_oauth\"\n  }\n}\n"
        );
        let text = config_text(Some(&url));
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["base_url"], "https://llm.example.com");
        assert!(!text.contains("client_id"));
    }

    #[test]
    fn credentials_hold_the_access_token_and_its_end_in_seconds_alone() {
        let end = Timestamp::from_second(1_800_000_000).unwrap();
        let text = credentials_text(&Secret::new("a \"quoted\" one"), end);
        let read: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(
            read,
            serde_json::json!({
                "version": "1.0",
                "type": "oauth_token",
                "access_token": "a \"quoted\" one",
                "expires_at": 1_800_000_000,
            })
        );
        assert!(is_our_form(&text));
    }

    #[test]
    fn what_another_program_has_signed_in_to_is_not_ours() {
        for theirs in [
            "",
            "[]",
            "{}",
            r#"{"version":"1.0","type":"oauth_token","access_token":"a","expires_at":1,"refresh_token":"r"}"#,
            r#"{"version":"1.0","type":"other","access_token":"a","expires_at":1}"#,
        ] {
            assert!(!is_our_form(theirs.as_bytes()), "{theirs}");
        }
    }
}
