//! Signing in on another device (RFC 8628): a short code is shown here, the person types it there, and this program
//! asks the server now and then whether they have agreed.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::http::{self, Http};
use crate::secret::{Secret, presentable};
use crate::sign_in::provider::{Provider, is_secure};
use crate::sign_in::token_answer;
use crate::sign_in::token_endpoint::{TokenError, form, not_set_up, refusal};

/// §3.2: "If no value is provided, clients MUST use 5 as the default."
const USUAL_INTERVAL: Duration = Duration::from_secs(5);

/// §3.5: how much less often is asked after each `slow_down`.
const SLOWER: Duration = Duration::from_secs(5);

/// However often a server could not be reached, a person who has agreed should not wait longer. What the server itself
/// asks for is kept to, however long it is.
const LONGEST_BACKOFF: Duration = Duration::from_secs(120);

/// A server that does not say how long its code is good.
const UNSAID_LIFETIME: i64 = 600;

/// Longer than that nobody waits.
const LONGEST_LIFETIME: i64 = 86_400;

/// A pause that outlasts every code; a longer one would be no different.
const FOREVER: Duration = Duration::from_secs(86_400);

/// The longest code that a person types.
const LONGEST_CODE: usize = 40;

/// What the person needs on the other device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevicePrompt {
    /// What to type there.
    pub user_code: String,
    /// Where to type it.
    pub verification_url: Url,
    /// The same with the code already in it, where the server offers that.
    pub complete_url: Option<Url>,
}

/// The server's answer (§3.2).
#[derive(Debug)]
pub(crate) struct DeviceAnswer {
    pub(crate) device_code: Secret,
    pub(crate) prompt: DevicePrompt,
    pub(crate) lifetime: Duration,
    pub(crate) pace: Pace,
}

/// Asks for a code (§3.1).
pub(crate) async fn begin(
    http: &Http,
    provider: &Provider,
    endpoint: &Url,
    client_id: &str,
) -> Result<DeviceAnswer, TokenError> {
    let scope = provider.scopes.join(" ");
    let mut fields = vec![("client_id", client_id)];
    if !scope.is_empty() {
        fields.push(("scope", scope.as_str()));
    }
    // As in the authorization request: no refresh token without asking the person.
    if provider.scopes.iter().any(|s| s == "offline_access") {
        fields.push(("prompt", "consent"));
    }
    fields.extend(provider.aims());
    let request = http
        .post(endpoint)
        .map_err(not_set_up)?
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/json")
        .body(form(&fields));
    let answer = http::ask(request).await.map_err(TokenError::from)?;
    if let Some(said) = token_answer::read_error(&answer.body) {
        return Err(refusal(&answer, &said, &[]));
    }
    if !answer.status.is_success() {
        return Err(refusal(&answer, &token_answer::ErrorAnswer::default(), &[]));
    }
    read(&answer.body).map_err(|why| TokenError::NotUnderstood(why.to_owned()))
}

/// Reads the answer to the device authorization request.
fn read(body: &[u8]) -> Result<DeviceAnswer, &'static str> {
    let value: Value = serde_json::from_slice(body).map_err(|_| "the answer is not JSON")?;
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let seconds = |name: &str| {
        let value = value.get(name)?;
        value
            .as_i64()
            .or_else(|| value.as_str()?.trim().parse().ok())
    };
    let visible =
        |text: &&str| !text.is_empty() && text.bytes().all(|b| (0x21..=0x7e).contains(&b));
    let device_code = text("device_code")
        .filter(visible)
        .ok_or("there is no device_code in it")?;
    // It is shown, so it may hold nothing but what a person can type.
    let user_code = text("user_code")
        .map(|code| presentable(code.trim(), &[]))
        .filter(|code| !code.is_empty() && code.chars().count() <= LONGEST_CODE)
        .ok_or("there is no user_code in it that a person could type")?;
    let address = |name: &str| {
        let url = Url::parse(text(name)?).ok()?;
        (is_secure(&url) && url.username().is_empty() && url.password().is_none()).then_some(url)
    };
    // Google's own name for it is older than the RFC.
    let verification_url = address("verification_uri")
        .or_else(|| address("verification_url"))
        .ok_or("there is no safe verification_uri in it")?;
    let complete = address("verification_uri_complete");
    let lifetime = seconds("expires_in").unwrap_or(UNSAID_LIFETIME);
    let interval = seconds("interval").and_then(|s| u64::try_from(s).ok());
    Ok(DeviceAnswer {
        device_code: Secret::new(device_code),
        prompt: DevicePrompt {
            user_code,
            // A page elsewhere with the code in it would be no page of the server.
            complete_url: complete.filter(|url| url.origin() == verification_url.origin()),
            verification_url,
        },
        lifetime: Duration::from_secs(lifetime.clamp(1, LONGEST_LIFETIME).unsigned_abs()),
        pace: Pace::new(interval.map_or(USUAL_INTERVAL, Duration::from_secs)),
    })
}

/// How long to wait between two questions (§3.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pace {
    /// What the server asks for.
    interval: Duration,
    /// What is waited beyond that, because it could not be reached.
    backing_off: Option<Duration>,
}

/// What an unsuccessful question means.
#[derive(Debug)]
pub(crate) enum NotYet {
    /// Ask again after this long.
    In(Duration),
    /// The person said no.
    Declined,
    /// The code is no longer good.
    Expired,
    /// The server will not have it.
    Over(TokenError),
}

impl Pace {
    fn new(interval: Duration) -> Self {
        Self {
            interval: interval.clamp(Duration::from_secs(1), FOREVER),
            backing_off: None,
        }
    }

    /// How long to wait before the next question.
    pub(crate) fn wait(&self) -> Duration {
        self.backing_off.unwrap_or(self.interval)
    }

    /// Takes in what came of a question.
    pub(crate) fn after(&mut self, error: TokenError) -> NotYet {
        match error {
            TokenError::Refused { error, .. } if error == "authorization_pending" => {
                self.backing_off = None;
                NotYet::In(self.wait())
            }
            TokenError::Refused { error, .. } if error == "slow_down" => {
                NotYet::In(self.slow_down(None))
            }
            TokenError::Refused { error, .. } if error == "access_denied" => NotYet::Declined,
            TokenError::Refused { error, .. } if error == "expired_token" => NotYet::Expired,
            // §3.5: "On encountering a connection timeout, clients MUST unilaterally reduce their polling frequency",
            // for instance to half of it each time.
            TokenError::Unreachable(_) | TokenError::NotUnderstood(_) => {
                NotYet::In(self.back_off(None))
            }
            // Some servers say it with HTTP 429.
            TokenError::Busy {
                error: Some(error),
                retry_after,
                ..
            } if error == "slow_down" => NotYet::In(self.slow_down(retry_after)),
            TokenError::Busy { retry_after, .. } => NotYet::In(self.back_off(retry_after)),
            refused @ TokenError::Refused { .. } => NotYet::Over(refused),
        }
    }

    /// §3.5: "the interval MUST be increased by 5 seconds for this and all subsequent requests".
    fn slow_down(&mut self, at_least: Option<Duration>) -> Duration {
        self.backing_off = None;
        self.interval = self.interval.saturating_add(SLOWER).min(FOREVER);
        self.interval.max(told(at_least))
    }

    fn back_off(&mut self, at_least: Option<Duration>) -> Duration {
        let twice = self.wait().saturating_mul(2).min(LONGEST_BACKOFF);
        let wait = twice.max(self.interval);
        self.backing_off = Some(wait);
        wait.max(told(at_least))
    }
}

/// How long the server itself asks for.
fn told(at_least: Option<Duration>) -> Duration {
    at_least.unwrap_or_default().min(FOREVER)
}

#[cfg(test)]
#[path = "device_tests.rs"]
mod tests;
