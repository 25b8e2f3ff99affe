//! What can be chosen about a practice server before it starts.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// Tells the time. Tests of expiry give one they can set.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Fills a slice with randomness. It is asked once, at the start, for the seed that every secret is derived from.
pub type Entropy = Arc<dyn Fn(&mut [u8]) -> io::Result<()> + Send + Sync>;

/// What the person at the consent page does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Grants the access that was asked for.
    Agree,
    /// Sends the client away with `access_denied`.
    Decline,
}

/// How a practice server is to behave. [`Options::default`] is what a newcomer wants.
#[derive(Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 lets the system choose a free one.
    pub port: u16,
    /// The only client this server knows. It is a public client: no secret, PKCE instead.
    pub client_id: String,
    /// How long an access token lives. Told as `expires_in`.
    pub access_ttl: Duration,
    /// How long a whole sign-in lives, from consent on. Refreshing does not extend it.
    pub refresh_ttl: Duration,
    /// How often a device may ask whether the person has agreed (RFC 8628 §3.2).
    pub device_interval: Duration,
    /// How long the code for another device is good.
    pub device_ttl: Duration,
    /// Who signs in. There is one person here and no password.
    pub email: String,
    /// The name of that person's organization.
    pub organization: String,
    /// The name of the workspace the tokens are for.
    pub workspace: String,
    /// Woven into every code and token, so that a test can search files and logs for it. Letters, digits, `-` and
    /// `_` only, so that a token stays one word for whoever blots tokens out.
    pub marker: Option<String>,
    /// What this server calls itself in `iss` and in its metadata, where that should differ from its base URL: for
    /// trying a client's defence against mix-up (RFC 9207).
    pub issuer: Option<String>,
    /// Answers at the authorization endpoint at once, without a page, for tests without a browser.
    pub auto: Option<Decision>,
    /// The time. Only delays that a fault asks for run on the real clock whatever this says.
    pub clock: Clock,
    /// The randomness.
    pub entropy: Entropy,
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is where the clock comes from when no other is given"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            client_id: "practice-client".into(),
            access_ttl: Duration::from_secs(8 * 3600),
            refresh_ttl: Duration::from_secs(28 * 24 * 3600),
            device_interval: Duration::from_secs(5),
            device_ttl: Duration::from_secs(600),
            email: "ada@example.com".into(),
            organization: "Acme Inc.".into(),
            workspace: "Default".into(),
            marker: None,
            issuer: None,
            auto: None,
            clock: Arc::new(now),
            entropy: Arc::new(|bytes| getrandom::fill(bytes).map_err(io::Error::other)),
        }
    }
}

impl Options {
    /// Refuses what would make answers that no client could read.
    pub(crate) fn check(&self) -> io::Result<()> {
        let wordy = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.marker.as_ref().is_some_and(|m| !m.chars().all(wordy)) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a marker consists of letters, digits, - and _",
            ));
        }
        // RFC 6749 appendix A.1: a client id is visible ASCII.
        if self.client_id.is_empty() || !self.client_id.chars().all(|c| c.is_ascii_graphic()) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a client id is one or more visible ASCII characters",
            ));
        }
        Ok(())
    }
}
