//! Files for places that Keyfob does not reach: containers, CI, other computers. Their texts, which hold a credential
//! and nothing that renews it. Pure functions.

use jiff::Timestamp;
use serde::Serialize;
use url::Url;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// What is handed over.
pub(crate) struct Contents<'a> {
    pub(crate) label: &'a str,
    pub(crate) payer: &'a str,
    pub(crate) secret: &'a Secret,
    pub(crate) is_key: bool,
    pub(crate) base_url: Option<&'a Url>,
    pub(crate) workspace_id: Option<&'a str>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) scopes: &'a [String],
}

/// Everything that whoever uses it has to know, for programs of one's own.
pub(crate) fn json(contents: &Contents<'_>) -> Zeroizing<Vec<u8>> {
    #[derive(Serialize)]
    struct Document<'a> {
        account: &'a str,
        billed_to: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        api_key: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        access_token: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        token_type: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        base_url: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        workspace_id: Option<&'a str>,
    }
    let secret = contents.secret.expose();
    let document = Document {
        account: contents.label,
        billed_to: contents.payer,
        api_key: contents.is_key.then_some(secret),
        access_token: (!contents.is_key).then_some(secret),
        token_type: (!contents.is_key).then_some("Bearer"),
        expires_at: contents.expires_at.map(Timestamp::as_second),
        base_url: contents.base_url.map(Url::as_str),
        workspace_id: contents.workspace_id,
    };
    written(&document, secret)
}

/// As Claude Code keeps its own on Linux and Windows, without anything that renews it.
pub(crate) fn claude_credentials(
    contents: &Contents<'_>,
    expires_at: Timestamp,
) -> Zeroizing<Vec<u8>> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Document<'a> {
        claude_ai_oauth: Session<'a>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Session<'a> {
        access_token: &'a str,
        expires_at: i64,
        scopes: &'a [String],
    }
    let access_token = contents.secret.expose();
    let document = Document {
        claude_ai_oauth: Session {
            access_token,
            expires_at: expires_at.as_millisecond(),
            scopes: contents.scopes,
        },
    };
    written(&document, access_token)
}

fn written(document: &impl Serialize, secret: &str) -> Zeroizing<Vec<u8>> {
    // Room for all of it at once, because a buffer that grows leaves its old memory behind unwiped. In JSON nothing
    // grows more than sixfold.
    let mut text = Zeroizing::new(Vec::with_capacity(6 * secret.len() + 8 * 1024));
    // Texts and numbers always serialize, and memory takes them.
    let _ = serde_json::to_writer_pretty(&mut *text, document);
    text.push(b'\n');
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn contents<'a>(secret: &'a Secret, is_key: bool, base_url: Option<&'a Url>) -> Contents<'a> {
        Contents {
            label: "Work \"1\"",
            payer: "API usage",
            secret,
            is_key,
            base_url,
            workspace_id: is_key.then_some("wrkspc_1"),
            expires_at: (!is_key).then(|| Timestamp::from_second(1_800_000_000).unwrap()),
            scopes: &[],
        }
    }

    #[test]
    fn json_says_what_it_is_whose_and_until_when() {
        let url = Url::parse("https://llm.example.com").unwrap();
        let secret = Secret::new("a\"b");
        let read = |text: &[u8]| serde_json::from_slice::<Value>(text).unwrap();
        assert_eq!(
            read(&super::json(&contents(&secret, false, Some(&url)))),
            json!({
                "account": "Work \"1\"",
                "billed_to": "API usage",
                "access_token": "a\"b",
                "token_type": "Bearer",
                "expires_at": 1_800_000_000,
                "base_url": "https://llm.example.com/",
            })
        );
        assert_eq!(
            read(&super::json(&contents(&secret, true, None))),
            json!({ "account": "Work \"1\"", "billed_to": "API usage", "api_key": "a\"b", "workspace_id": "wrkspc_1" })
        );
    }

    #[test]
    fn claude_code_reads_camel_case_and_milliseconds() {
        let secret = Secret::new("a");
        let scopes = ["user:inference".to_owned()];
        let contents = Contents {
            scopes: &scopes,
            ..contents(&secret, false, None)
        };
        let end = Timestamp::from_second(1_800_000_000).unwrap();
        let read: Value = serde_json::from_slice(&claude_credentials(&contents, end)).unwrap();
        assert_eq!(
            read,
            json!({
                "claudeAiOauth": {
                    "accessToken": "a",
                    "expiresAt": 1_800_000_000_000_i64,
                    "scopes": ["user:inference"],
                }
            })
        );
    }
}
