//! Why a renewal did not come about, in words, and what follows for the next try.

use std::time::Duration;

use crate::account::Account;
use crate::custody::renewals::Note;
use crate::error::{Code, Error};
use crate::sign_in::token_endpoint::TokenError;

use super::tokens::sign_in_again;

/// Why a renewal did not come about.
pub(super) struct NotRenewed {
    pub(super) error: Error,
    /// Whether only a new sign-in helps.
    pub(super) is_final: bool,
    /// Whether it was the server that failed, which is then left alone for a while.
    pub(super) rests: bool,
    /// For how long, in the server's own words.
    pub(super) told: Option<Duration>,
    pub(super) request_id: Option<String>,
}

impl NotRenewed {
    /// It failed on this computer; trying again at once costs nobody anything.
    pub(super) fn here(error: Error) -> Self {
        Self {
            error,
            is_final: false,
            rests: false,
            told: None,
            request_id: None,
        }
    }

    /// The server failed before it was asked for tokens.
    pub(super) fn before(error: Error) -> Self {
        Self {
            rests: true,
            ..Self::here(error)
        }
    }

    /// The server was asked.
    pub(super) fn asked(
        why: TokenError,
        account: &Account,
        name: &str,
        cut_off: Option<&Note>,
    ) -> Self {
        let told = match &why {
            TokenError::Busy { retry_after, .. } => *retry_after,
            _ => None,
        };
        let request_id = why.request_id().cloned();
        let (is_final, error) = in_words(why, account, name, cut_off);
        Self {
            error,
            is_final,
            rests: !is_final,
            told,
            request_id,
        }
    }
}

fn in_words(
    why: TokenError,
    account: &Account,
    name: &str,
    cut_off: Option<&Note>,
) -> (bool, Error) {
    let passing = |code: Code, message: String, cure: &str, detail: String| {
        let cure = format!("{cure} The sign-in is kept.");
        (false, Error::new(code, message, cure).detail(detail))
    };
    match why {
        TokenError::Refused { error, detail, .. } if error == "invalid_grant" => {
            let ended = match cut_off {
                None => format!("{name} has ended this sign-in."),
                Some(note) => format!(
                    "An earlier renewal ({}, {}) ended without a new token reaching this computer, and {name} has ended the sign-in since.",
                    note.asked_by,
                    note.begun_at.strftime("%Y-%m-%d %H:%M UTC"),
                ),
            };
            (true, sign_in_again(account, &ended).detail(detail))
        }
        TokenError::Refused { detail, .. } => {
            let message = format!("{name} refused to renew the token.");
            let cure = "Check the provider's client id in Settings.";
            passing(Code::Failed, message, cure, detail)
        }
        TokenError::Busy {
            detail,
            retry_after,
            ..
        } => {
            let message = format!("{name} is busy and did not renew the token.");
            let cure = match retry_after {
                Some(wait) => format!("Try again in {} seconds.", wait.as_secs().max(1)),
                None => "Try again in a moment.".to_owned(),
            };
            passing(Code::Network, message, &cure, detail)
        }
        TokenError::Unreachable(why) => {
            let message = format!("{name} could not be reached to renew the token.");
            let cure = "Check the network and try again.";
            passing(Code::Network, message, cure, why)
        }
        TokenError::NotUnderstood(why) => {
            let message = format!("{name} answered in a way that Keyfob does not understand.");
            passing(Code::Network, message, "Try again later.", why)
        }
    }
}
