//! The token endpoint (RFC 6749 §3.2): exchanging a code, refreshing, revoking.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::credential::OAuthTokens;
use crate::error::{Code, Error};
use crate::http::{self, Http, NoAnswer};
use crate::secret::{Secret, presentable};
use crate::sign_in::attempt::Exchange;
use crate::sign_in::provider::{Provider, TokenRequest};
use crate::sign_in::token_answer::{self, ErrorAnswer, TokenAnswer};

/// Why the endpoint gave no tokens: the server said no, it could not be asked, or it could not be understood.
#[derive(Debug)]
pub(crate) enum TokenError {
    /// The server said no.
    Refused {
        /// RFC 6749 §5.2, made presentable.
        error: String,
        /// The HTTP status, description and request id.
        detail: String,
        request_id: Option<String>,
    },
    /// The server is there but will not answer now: 429, 5xx.
    Busy {
        /// RFC 6749 §5.2, where it names one, made presentable.
        error: Option<String>,
        detail: String,
        request_id: Option<String>,
        retry_after: Option<Duration>,
        /// Whether it said so before it looked at the request: 429, and not 5xx.
        untouched: bool,
    },
    /// The server could not be asked, or broke off.
    Unreachable(String),
    /// The server answered something that is no token answer.
    NotUnderstood(String),
}

/// The tokens, and what the server said beside them.
pub(crate) struct Granted {
    pub(crate) tokens: OAuthTokens,
    pub(crate) answer: TokenAnswer,
    pub(crate) request_id: Option<String>,
}

/// Trades the code of an attempt for tokens (RFC 6749 §4.1.3). `state` goes along because Claude's endpoint asks for
/// it; others ignore what they do not know (RFC 6749 §3.2).
pub(crate) async fn exchange(
    http: &Http,
    provider: &Provider,
    endpoint: &Url,
    exchange: &Exchange,
    now: Timestamp,
) -> Result<Granted, TokenError> {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", exchange.code.expose()),
        ("redirect_uri", exchange.redirect_uri.as_str()),
        ("client_id", exchange.client_id.as_str()),
        ("code_verifier", exchange.verifier.expose()),
        ("state", exchange.state.as_str()),
    ];
    fields.extend(provider.aims());
    let secrets = [&exchange.code, &exchange.verifier];
    let answer = post(http, provider, endpoint, &fields, &secrets).await?;
    Ok(granted(answer, None, now))
}

/// Trades a refresh token for new tokens (RFC 6749 §6). Where the server sends no new refresh token, the old one
/// stays good.
pub(crate) async fn refresh(
    http: &Http,
    provider: &Provider,
    endpoint: &Url,
    client_id: &str,
    refresh_token: &Secret,
    now: Timestamp,
) -> Result<Granted, TokenError> {
    let mut fields = vec![
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token.expose()),
        ("client_id", client_id),
    ];
    fields.extend(provider.aims());
    let answer = post(http, provider, endpoint, &fields, &[refresh_token]).await?;
    Ok(granted(answer, Some(refresh_token), now))
}

/// Asks whether the person has agreed on the other device (RFC 8628 §3.4).
pub(crate) async fn poll_device(
    http: &Http,
    provider: &Provider,
    endpoint: &Url,
    client_id: &str,
    device_code: &Secret,
    now: Timestamp,
) -> Result<Granted, TokenError> {
    let mut fields = vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", device_code.expose()),
        ("client_id", client_id),
    ];
    fields.extend(provider.aims());
    let answer = post(http, provider, endpoint, &fields, &[device_code]).await?;
    Ok(granted(answer, None, now))
}

/// Tells the server that tokens are no longer wanted, always as a form, as RFC 7009 §2.1 asks. Revoking the refresh
/// token ends the whole sign-in.
pub(crate) async fn revoke(
    http: &Http,
    endpoint: &Url,
    client_id: &str,
    tokens: &OAuthTokens,
) -> Result<(), TokenError> {
    let (token, kind) = match &tokens.refresh_token {
        Some(refresh_token) => (refresh_token, "refresh_token"),
        None => (&tokens.access_token, "access_token"),
    };
    let body = form(&[
        ("token", token.expose()),
        ("token_type_hint", kind),
        ("client_id", client_id),
    ]);
    let request = http
        .post(endpoint)
        .map_err(not_set_up)?
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    let answer = http::ask(request).await.map_err(TokenError::from)?;
    if answer.status.is_success() {
        return Ok(());
    }
    let said = token_answer::read_error(&answer.body).unwrap_or_default();
    Err(refusal(&answer, &said, &[token]))
}

async fn post(
    http: &Http,
    provider: &Provider,
    endpoint: &Url,
    fields: &[(&str, &str)],
    secrets: &[&Secret],
) -> Result<(TokenAnswer, Option<String>), TokenError> {
    let (content_type, body) = match provider.token_request {
        TokenRequest::Form => ("application/x-www-form-urlencoded", form(fields)),
        TokenRequest::Json => ("application/json", json(fields)),
    };
    let mut request = http
        .post(endpoint)
        .map_err(not_set_up)?
        .header("content-type", content_type)
        .header("accept", "application/json")
        .body(body);
    for (name, value) in &provider.token_headers {
        request = request.header(name, value);
    }
    let answer = http::ask(request).await.map_err(TokenError::from)?;

    // Some servers send their errors with HTTP 200, so the body is looked at first.
    if let Some(said) = token_answer::read_error(&answer.body) {
        return Err(refusal(&answer, &said, secrets));
    }
    if !answer.status.is_success() {
        return Err(refusal(&answer, &ErrorAnswer::default(), secrets));
    }
    match token_answer::read_tokens(&answer.body) {
        Ok(tokens) => Ok((tokens, answer.request_id)),
        Err(why) => Err(TokenError::NotUnderstood(why.to_owned())),
    }
}

pub(super) fn not_set_up(error: Error) -> TokenError {
    TokenError::Unreachable(error.detail.unwrap_or(error.message))
}

/// What may come more than once (RFC 8707 §2) becomes a list where it does.
fn json(fields: &[(&str, &str)]) -> String {
    let mut object = BTreeMap::<&str, Vec<&str>>::new();
    for (name, value) in fields {
        object.entry(name).or_default().push(value);
    }
    let object: BTreeMap<_, _> = object
        .into_iter()
        .map(|(name, values)| match values.as_slice() {
            [one] => (name, serde_json::json!(one)),
            _ => (name, serde_json::json!(values)),
        })
        .collect();
    serde_json::to_string(&object).unwrap_or_default()
}

pub(super) fn form(fields: &[(&str, &str)]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields).finish()
}

pub(super) fn refusal(
    answer: &http::Answer,
    said: &ErrorAnswer,
    secrets: &[&Secret],
) -> TokenError {
    let clean = |text: &Option<String>| text.as_deref().map(|t| presentable(t, secrets));
    let error = clean(&said.error);
    let detail = http::detail(
        answer.status,
        error.as_deref(),
        clean(&said.description).as_deref(),
        answer.request_id.as_deref(),
    );
    let busy = answer.status.as_u16() == 429 || answer.status.is_server_error();
    if busy {
        return TokenError::Busy {
            error,
            detail,
            request_id: answer.request_id.clone(),
            retry_after: answer.retry_after,
            untouched: answer.status.as_u16() == 429,
        };
    }
    match error {
        Some(error) => TokenError::Refused {
            error,
            detail,
            request_id: answer.request_id.clone(),
        },
        // A refusal that does not say what it refuses comes as often from a proxy as from the server itself.
        None => TokenError::NotUnderstood(detail),
    }
}

fn granted(
    (answer, request_id): (TokenAnswer, Option<String>),
    old_refresh: Option<&Secret>,
    now: Timestamp,
) -> Granted {
    // The store keeps whole seconds, and what is kept should be what is said.
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let after = |seconds: i64| {
        now.saturating_add(SignedDuration::from_secs(seconds))
            .unwrap_or(Timestamp::MAX)
    };
    let refresh_token = answer
        .refresh_token
        .clone()
        .or_else(|| old_refresh.cloned());
    let tokens = OAuthTokens {
        access_token: answer.access_token.clone(),
        refresh_token,
        obtained_at: now,
        expires_at: after(answer.expires_in),
        sign_in_ends_at: answer.refresh_token_expires_in.map(after),
        seal: None,
    };
    Granted {
        tokens,
        answer,
        request_id,
    }
}

impl From<NoAnswer> for TokenError {
    fn from(no: NoAnswer) -> Self {
        match no {
            NoAnswer::Unreachable(why) => Self::Unreachable(why),
            NoAnswer::TooLong => Self::NotUnderstood("the answer is longer than 1 MiB".to_owned()),
            NoAnswer::PointsElsewhere => {
                Self::NotUnderstood("it points to another address".to_owned())
            }
        }
    }
}

impl TokenError {
    /// The server's own number of the request, where it answered with one.
    pub(crate) fn request_id(&self) -> Option<&String> {
        match self {
            Self::Refused { request_id, .. } | Self::Busy { request_id, .. } => request_id.as_ref(),
            Self::Unreachable(_) | Self::NotUnderstood(_) => None,
        }
    }

    /// Whether the server has certainly not done what it was asked for.
    pub(crate) fn is_untouched(&self) -> bool {
        match self {
            Self::Refused { .. } => true,
            Self::Busy { untouched, .. } => *untouched,
            Self::Unreachable(_) | Self::NotUnderstood(_) => false,
        }
    }

    /// The words for a sign-in that ends here.
    pub(crate) fn at_sign_in(self, provider: &str) -> Error {
        match self {
            Self::Refused { error, detail, .. } if error == "invalid_grant" => Error::new(
                Code::Failed,
                format!("{provider} did not accept the code. Codes work once and only for a few minutes."),
                "Sign in again.",
            )
            .detail(detail),
            Self::Refused { detail, .. } => Error::new(
                Code::Failed,
                format!("{provider} refused to finish the sign-in."),
                "Check the provider's client id and scopes, then sign in again.",
            )
            .detail(detail),
            Self::Busy { detail, .. } => Error::new(
                Code::Network,
                format!("{provider} is busy and did not finish the sign-in."),
                "Wait a minute, then sign in again.",
            )
            .detail(detail),
            Self::Unreachable(why) => Error::new(
                Code::Network,
                format!("{provider} could not be reached to finish the sign-in."),
                "Check the network, then sign in again.",
            )
            .detail(why),
            Self::NotUnderstood(why) => Error::new(
                Code::Network,
                format!("{provider} answered in a way that Keyfob does not understand."),
                "Check the provider's token_url; then sign in again.",
            )
            .detail(why),
        }
    }
}
