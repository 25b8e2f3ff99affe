//! What went wrong, in a sentence, with what to do about it.

use serde::Serialize;

/// What the window and the command switch on. A variant exists only where one of them behaves differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Anything without a cure of its own kind. The command exits with 1.
    Failed,
    /// What was asked for does not exist or cannot be asked for like this. The command exits with 2.
    Usage,
    /// What was typed or pasted is not it; the field stays open for another try. The command exits with 1.
    NotAccepted,
    /// Only the person's sign-in helps. The command exits with 3.
    SignInNeeded,
    /// The person ended the sign-in here in Keyfob. The command exits with 1.
    Cancelled,
    /// The secret store is locked, absent, refusing or silent. The command exits with 4.
    SecretStore,
    /// A server could not be reached, could not be understood, or is busy. The command exits with 5.
    Network,
}

/// A failure as a person meets it: what happened, and what to do.
///
/// Neither sentence ever holds a secret, a response body or a full URL. `detail` is the technical remainder
/// (HTTP status, the server's error code, its request id) and is safe to share too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message} {cure}")]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(export, rename = "UiError")
)]
pub struct Error {
    /// The kind, for programs.
    pub code: Code,
    /// What happened.
    pub message: String,
    /// What to do.
    pub cure: String,
    /// The technical remainder, safe to share.
    pub detail: Option<String>,
}

/// What every fallible function of the core gives.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of two sentences.
    pub fn new(code: Code, message: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            cure: cure.into(),
            detail: None,
        }
    }

    /// The same, with the technical remainder.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}
