//! API keys: what is one, and what the server says of it.

use reqwest::RequestBuilder;
use reqwest::header::HeaderValue;
use serde_json::Value;
use url::Url;

use crate::account::KeyAnswer;
use crate::error::{Code, Error, Result};
use crate::http::{self, Http};
use crate::secret::{Secret, presentable};

/// Reads what a person pasted. Only `sk-ant-` is promised of a key, so nothing is refused by its length or by what
/// stands behind that; what is known to be something else is refused with the reason.
pub(crate) fn parse(pasted: &Secret) -> Result<Secret> {
    let quotes = |c: char| matches!(c, '"' | '\'' | '`');
    let text = pasted.expose().trim().trim_matches(quotes).trim();
    // People paste the whole line of a `.env` file.
    let text = match text.split_once('=') {
        Some((name, value)) if name.trim_start_matches("export ").trim() == "ANTHROPIC_API_KEY" => {
            value.trim().trim_matches(quotes)
        }
        _ => text,
    };
    let refused = |message: &str, cure: &str| Err(Error::new(Code::NotAccepted, message, cure));
    let keys_page = "Make an API key at platform.claude.com/settings/keys and paste that.";
    if text.is_empty() {
        return refused("Nothing was pasted.", keys_page);
    }
    for (prefix, message, cure) in [
        (
            "sk-ant-admin",
            "That is an admin key. It manages an organization and cannot be used for requests to Claude.",
            keys_page,
        ),
        (
            "sk-ant-oat",
            "That is an access token, which ends after some hours, not an API key.",
            "Sign in instead, so that Keyfob can renew it; or paste an API key.",
        ),
        (
            "sk-ant-ort",
            "That is a refresh token, not an API key. Who has it can renew a sign-in, so keep it to yourself.",
            "Sign in instead; or paste an API key.",
        ),
        (
            "sk-ant-sid",
            "That is the session cookie of a web page, not an API key. Keyfob does not take it.",
            "Sign out of that page to make the cookie void, and paste an API key.",
        ),
    ] {
        if text.starts_with(prefix) {
            return refused(message, cure);
        }
    }
    if !text.starts_with("sk-ant-") {
        return refused(
            "That is no API key of Claude: those begin with sk-ant-.",
            keys_page,
        );
    }
    if !text.bytes().all(|b| (0x21..=0x7e).contains(&b)) {
        return refused(
            "The key has spaces or line breaks in it.",
            "Copy the key alone, in one piece, and paste it again.",
        );
    }
    Ok(Secret::new(text))
}

/// A workspace id, as the header takes it.
pub(crate) fn checked_workspace(id: &str) -> Result<String> {
    let id = id.trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if id.starts_with("wrkspc_") && id.chars().all(fits) {
        return Ok(id.to_owned());
    }
    Err(Error::new(
        Code::NotAccepted,
        "That is no workspace id: those begin with wrkspc_.",
        "Copy it from the workspace's page in the Claude Console.",
    ))
}

/// Asks the server with one free request (`GET /v1/models`). That nothing could be learned is an answer, too.
pub(crate) async fn verify(
    http: &Http,
    api: &Url,
    key: &Secret,
    workspace: Option<&str>,
) -> Result<KeyAnswer> {
    let request = models_by_key(http, api, key, workspace)?;
    Ok(answer_to(request, key).await)
}

/// The same of an access token.
pub(crate) async fn verify_token(http: &Http, api: &Url, token: &Secret) -> Result<KeyAnswer> {
    Ok(answer_to(models_by_token(http, api, token)?, token).await)
}

/// What a server says of a token that it may have refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It takes it.
    Taken,
    /// It does not take it.
    Refused,
    /// It has no such request by which that could be learned.
    NotAnswered,
    /// It could not be asked, or is busy.
    NotReached,
}

/// How a credential is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presented<'a> {
    /// As an API key, and the workspace that it needs.
    Key(Option<&'a str>),
    /// As an access token.
    Token,
}

/// Asks whether a credential is taken, where there is a suspicion.
pub(crate) async fn doubt(
    http: &Http,
    api: &Url,
    token: &Secret,
    presented: Presented<'_>,
) -> Result<Verdict> {
    let request = match presented {
        Presented::Key(workspace) => models_by_key(http, api, token, workspace)?,
        Presented::Token => models_by_token(http, api, token)?,
    };
    let Ok(answer) = http::ask(request).await else {
        return Ok(Verdict::NotReached);
    };
    Ok(match (judge(&answer, token), answer.status.as_u16()) {
        (KeyAnswer::Refused { .. }, _) => Verdict::Refused,
        // A gateway has its own words for a refusal, and need not have this request.
        (KeyAnswer::Unknown { .. }, 401 | 404 | 405 | 501) => Verdict::NotAnswered,
        (KeyAnswer::Unknown { .. }, _) => Verdict::NotReached,
        // That it may not be used for this is no matter of the token.
        _ => Verdict::Taken,
    })
}

fn models_by_key(
    http: &Http,
    api: &Url,
    key: &Secret,
    workspace: Option<&str>,
) -> Result<RequestBuilder> {
    let request = models(http, api)?.header("x-api-key", header(key.expose())?);
    Ok(match workspace {
        Some(workspace) => request.header("anthropic-workspace-id", workspace),
        None => request,
    })
}

fn models_by_token(http: &Http, api: &Url, token: &Secret) -> Result<RequestBuilder> {
    let bearer = zeroize::Zeroizing::new(format!("Bearer {}", token.expose()));
    let request = models(http, api)?
        .header("authorization", header(&bearer)?)
        .header("anthropic-beta", "oauth-2025-04-20");
    Ok(request)
}

fn models(http: &Http, api: &Url) -> Result<RequestBuilder> {
    let mut url = api.clone();
    url.set_path(&format!("{}/v1/models", api.path().trim_end_matches('/')));
    url.set_query(Some("limit=1"));
    Ok(http.get(&url)?.header("anthropic-version", "2023-06-01"))
}

fn header(text: &str) -> Result<HeaderValue> {
    let mut header = HeaderValue::from_str(text).map_err(|_| {
        Error::new(
            Code::NotAccepted,
            "The key has characters in it that no key has.",
            "Copy the key alone, in one piece, and paste it again.",
        )
    })?;
    header.set_sensitive(true);
    Ok(header)
}

async fn answer_to(request: RequestBuilder, secret: &Secret) -> KeyAnswer {
    match http::ask(request).await {
        Ok(answer) => judge(&answer, secret),
        Err(no) => {
            let why = match no {
                http::NoAnswer::Unreachable(why) => why,
                http::NoAnswer::TooLong => "the answer is longer than 1 MiB".to_owned(),
                http::NoAnswer::PointsElsewhere => "it points to another address".to_owned(),
            };
            KeyAnswer::Unknown {
                reason: format!("The server could not be reached to check it ({why})."),
            }
        }
    }
}

fn judge(answer: &http::Answer, key: &Secret) -> KeyAnswer {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let said = |name: &str| {
        let text = body.get("error")?.get(name)?.as_str()?;
        Some(presentable(text, &[key]))
    };
    let (kind, message) = (said("type"), said("message").unwrap_or_default());
    let words = http::detail(
        answer.status,
        kind.as_deref(),
        Some(&message),
        answer.request_id.as_deref(),
    );
    let unknown = |reason: String| KeyAnswer::Unknown { reason };
    let detail = Some(words.clone());
    match answer.status.as_u16() {
        200 if body.get("data").is_some() => KeyAnswer::Valid,
        400 if message.contains("anthropic-workspace-id") => KeyAnswer::NeedsWorkspace { detail },
        // A proxy's page can carry these numbers too; only the API's own words are a verdict on the key.
        401..=403 if kind.is_none() => unknown(format!(
            "Something on the way answered in place of the server ({words})."
        )),
        401 => KeyAnswer::Refused { detail },
        402 => KeyAnswer::BillingNeeded { detail },
        403 => KeyAnswer::NotPermitted { detail },
        429 => {
            unknown("The server is limiting requests just now; the key was not judged.".to_owned())
        }
        _ => unknown(format!("The server did not judge the key ({words}).")),
    }
}

#[cfg(test)]
#[path = "api_key_tests.rs"]
mod tests;
