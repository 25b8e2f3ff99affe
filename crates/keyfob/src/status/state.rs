//! How an account stands, in a word and what belongs to it.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

/// How an account stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    /// The access token is good until then.
    Fresh {
        /// The end of the access token.
        #[cfg_attr(feature = "typescript", ts(type = "string"))]
        until: Timestamp,
        /// When it was issued, where that is known, so that the remaining part can be drawn.
        #[cfg_attr(feature = "typescript", ts(type = "string | null"))]
        since: Option<Timestamp>,
        /// Whether it can be renewed without the person, by Keyfob or by whoever owns it.
        renewable: bool,
    },
    /// The access token has ended; the next tool that asks gets a renewed one.
    RenewsWhenAsked {
        /// The end of the access token.
        #[cfg_attr(feature = "typescript", ts(type = "string"))]
        since: Timestamp,
    },
    /// The last renewal failed for a passing reason; Keyfob tries again when asked.
    RenewalFailing {
        /// When it failed first.
        #[cfg_attr(feature = "typescript", ts(type = "string"))]
        since: Timestamp,
        /// Until when the old token still serves, if it does.
        #[cfg_attr(feature = "typescript", ts(type = "string | null"))]
        serves_until: Option<Timestamp>,
        /// Before then Keyfob does not ask the server again by itself.
        #[cfg_attr(feature = "typescript", ts(type = "string | null"))]
        rests_until: Option<Timestamp>,
        /// Why, as a sentence.
        reason: String,
        /// The technical remainder, safe to share.
        detail: Option<String>,
    },
    /// Only the person's sign-in helps.
    SignInAgain {
        /// Since when.
        #[cfg_attr(feature = "typescript", ts(type = "string"))]
        since: Timestamp,
        /// Why, as a sentence.
        reason: String,
        /// The technical remainder, safe to share.
        detail: Option<String>,
    },
    /// The server accepted the API key.
    Valid {
        /// When it was asked.
        #[cfg_attr(feature = "typescript", ts(type = "string"))]
        checked_at: Timestamp,
    },
    /// The API key was stored without a check, or the check taught nothing.
    Unverified {
        /// Why, as a sentence.
        reason: String,
    },
    /// The API key is genuine, and works once a workspace is named.
    NeedsWorkspace {
        /// When the server was asked.
        #[cfg_attr(feature = "typescript", ts(type = "string"))]
        checked_at: Timestamp,
        /// What is so and what to do, as sentences.
        reason: String,
        /// The technical remainder, safe to share.
        detail: Option<String>,
    },
    /// The server does not know the API key, or does not any more.
    KeyRefused {
        /// When the server was asked.
        #[cfg_attr(feature = "typescript", ts(type = "string"))]
        checked_at: Timestamp,
        /// What is so and what to do, as sentences.
        reason: String,
        /// The technical remainder, safe to share.
        detail: Option<String>,
    },
    /// The API key is genuine, and works once its organization has seen to billing.
    BillingNeeded {
        /// When the server was asked.
        #[cfg_attr(feature = "typescript", ts(type = "string"))]
        checked_at: Timestamp,
        /// What is so and what to do, as sentences.
        reason: String,
        /// The technical remainder, safe to share.
        detail: Option<String>,
    },
    /// The API key is genuine, and may not be used for this.
    NotPermitted {
        /// When the server was asked.
        #[cfg_attr(feature = "typescript", ts(type = "string"))]
        checked_at: Timestamp,
        /// What is so and what to do, as sentences.
        reason: String,
        /// The technical remainder, safe to share.
        detail: Option<String>,
    },
    /// The day that the person noted as the API key's last is over, and nobody asked the server since.
    NotedExpired {
        /// That day.
        #[cfg_attr(feature = "typescript", ts(type = "string"))]
        on: Date,
        /// What is so and what to do, as sentences.
        reason: String,
    },
    /// What stands in a variable of the environment has ended; whoever set it has to set another one.
    Ended {
        /// Since when.
        #[cfg_attr(feature = "typescript", ts(type = "string"))]
        since: Timestamp,
        /// Why, as a sentence.
        reason: String,
    },
    /// The API key is genuine, but does not work before something else is done.
    Hindered {
        /// When the server was asked.
        #[cfg_attr(feature = "typescript", ts(type = "string"))]
        checked_at: Timestamp,
        /// What, as a sentence.
        reason: String,
    },
    /// Another program's session could not be looked at, so nothing is known of it.
    CannotTell {
        /// Why, as a sentence.
        reason: String,
        /// The technical remainder, safe to share.
        detail: Option<String>,
    },
}

impl State {
    /// Whether the credential works, as far as is known.
    pub fn works(&self) -> bool {
        matches!(
            self,
            Self::Fresh { .. } | Self::Valid { .. } | Self::RenewsWhenAsked { .. }
        )
    }
}
