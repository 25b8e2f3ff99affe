//! Reading what a token endpoint says (RFC 6749 §5), in all the forms that are met in the field.

use serde_json::{Map, Value};

use crate::account::Identity;
use crate::secret::Secret;
use crate::sign_in::id_token::Claims;

/// RFC 6749 §5.1 leaves `expires_in` out "if omitted, the server should provide it by other means"; an hour is short
/// enough to be checked soon and long enough not to ask all the time.
const UNSAID_LIFETIME: i64 = 3_600;

/// A hundred years: beyond it a number is no lifetime, and adding it to a date would overflow.
const LONGEST_LIFETIME: i64 = 3_155_760_000;

/// A good answer (RFC 6749 §5.1), with what Claude adds.
pub(crate) struct TokenAnswer {
    pub(crate) access_token: Secret,
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) expires_in: i64,
    pub(crate) refresh_token_expires_in: Option<i64>,
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) identity: Identity,
    /// What an ID token beside the tokens says; the ID token itself is not kept.
    pub(crate) claims: Option<Claims>,
}

/// A refusal (RFC 6749 §5.2).
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ErrorAnswer {
    pub(crate) error: Option<String>,
    pub(crate) description: Option<String>,
}

/// The refusal in a body, if it is one: `error` as text, or as an object with `type` and `message`.
pub(crate) fn read_error(body: &[u8]) -> Option<ErrorAnswer> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
    // An empty or false `error` beside a token is no refusal, and that token may be the only one there will ever be.
    if value.get("access_token").is_some_and(Value::is_string)
        && value.get("error").is_some_and(|e| e == "" || e == false)
    {
        return None;
    }
    match value.get("error")? {
        Value::String(error) => Some(ErrorAnswer {
            error: Some(error.clone()),
            description: text(&value, "error_description"),
        }),
        object @ Value::Object(_) => Some(ErrorAnswer {
            error: text(object, "type"),
            description: text(object, "message"),
        }),
        Value::Null => None,
        _ => Some(ErrorAnswer::default()),
    }
}

/// The tokens in a body.
pub(crate) fn read_tokens(body: &[u8]) -> Result<TokenAnswer, &'static str> {
    let value: Value = serde_json::from_slice(body).map_err(|_| "the token answer is not JSON")?;
    let object = value.as_object().ok_or("the token answer is no object")?;
    if let Some(kind) = object.get("token_type").filter(|kind| !kind.is_null())
        && !kind
            .as_str()
            .is_some_and(|k| k.eq_ignore_ascii_case("bearer"))
    {
        return Err("the token is of another type than Bearer");
    }
    let access_token = token(object, "access_token")?.ok_or("there is no access_token in it")?;
    Ok(TokenAnswer {
        access_token,
        refresh_token: token(object, "refresh_token")?,
        expires_in: seconds(object, "expires_in").unwrap_or(UNSAID_LIFETIME),
        refresh_token_expires_in: seconds(object, "refresh_token_expires_in"),
        scopes: scopes(object),
        identity: identity(object),
        claims: object.get("id_token").and_then(Claims::read),
    })
}

/// Tokens go into HTTP headers and environment variables, so they have to be visible ASCII (RFC 6749 §A.12, §A.17).
fn token(object: &Map<String, Value>, name: &str) -> Result<Option<Secret>, &'static str> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.bytes().all(|b| (0x21..=0x7e).contains(&b)) => {
            Ok(Some(Secret::new(text)).filter(|s| !s.expose().is_empty()))
        }
        Some(_) => Err("a token in it is no token"),
    }
}

/// A lifetime as a number or as digits.
fn seconds(object: &Map<String, Value>, name: &str) -> Option<i64> {
    let number = match object.get(name)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }?;
    // A float beyond the range of integers becomes the nearest one, which the clamp then takes in.
    number
        .is_finite()
        .then(|| (number as i64).clamp(0, LONGEST_LIFETIME))
}

/// RFC 6749 §3.3 says one text with spaces; some servers send a list.
fn scopes(object: &Map<String, Value>) -> Option<Vec<String>> {
    let words = |text: &str| text.split_ascii_whitespace().map(str::to_owned).collect();
    match object.get("scope").or_else(|| object.get("scopes"))? {
        Value::String(text) => Some(words(text)),
        Value::Array(list) => Some(
            list.iter()
                .filter_map(|s| s.as_str().map(str::to_owned))
                .collect(),
        ),
        _ => None,
    }
}

/// Who signed in, in Claude's own fields.
fn identity(object: &Map<String, Value>) -> Identity {
    let part =
        |outer: &str, inner: &str| -> Option<String> { shown(object.get(outer)?.get(inner)?) };
    let names = [
        part("account", "uuid"),
        part("organization", "uuid"),
        part("workspace", "id"),
    ];
    let subject = names[0].is_some().then(|| {
        names
            .iter()
            .flatten()
            .cloned()
            .collect::<Vec<_>>()
            .join("/")
    });
    Identity {
        subject,
        email: part("account", "email_address"),
        organization: part("organization", "name"),
        workspace: part("workspace", "name"),
    }
}

pub(super) fn shown(value: &Value) -> Option<String> {
    let text = crate::secret::presentable(value.as_str()?.trim(), &[]);
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
#[path = "token_answer_tests.rs"]
mod tests;
