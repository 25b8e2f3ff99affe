//! The truth about an account, as it may be shown: a pure function of what is known and of the time.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::account::{
    Account, AccountId, Facts, Identity, KeyAnswer, KeyFacts, Method, Owner, Payer, SeenSession,
    SessionFacts, TokenFacts,
};

/// How long before its end something counts as ending soon.
const SOON: SignedDuration = SignedDuration::from_hours(72);

/// All that may be shown of an account. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct Status {
    /// The unchanging name.
    pub id: AccountId,
    /// What the person calls it.
    pub label: String,
    /// How it came in.
    pub method: Method,
    /// Who stores the secret.
    pub owner: Owner,
    /// The provider's id, for signing in again; none for API keys.
    pub provider: Option<String>,
    /// The provider's name, or whose key it is.
    pub provider_name: String,
    /// Who is billed.
    pub payer: Payer,
    /// Who signed in.
    pub identity: Identity,
    /// The last four characters of an API key.
    pub last_four: Option<String>,
    /// What the person agreed to.
    pub scopes: Vec<String>,
    /// Where the secret lies, in words.
    pub storage: String,
    /// Since when a renewed token has been waiting, sealed on disk, for that store to take it.
    #[cfg_attr(feature = "typescript", ts(type = "string | null"))]
    pub waits_since: Option<Timestamp>,
    /// Whether tools get this one when they name none.
    pub is_default: bool,
    /// Whether it came from a practice server: nothing in it is real.
    pub practice: bool,
    /// When it was added.
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    pub created_at: Timestamp,
    /// How it stands.
    pub state: State,
    /// Whether the person should look.
    pub meaning: Meaning,
    /// When the whole sign-in ends, where the server said so.
    #[cfg_attr(feature = "typescript", ts(type = "string | null"))]
    pub sign_in_ends_at: Option<Timestamp>,
    /// The next instant at which `state` or `meaning` will differ with nothing else happening.
    #[cfg_attr(feature = "typescript", ts(type = "string | null"))]
    pub changes_at: Option<Timestamp>,
}

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

/// The three meanings that colours and shapes stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// Nothing to do.
    Fine,
    /// Something will have to be done, or may be worth a look.
    Soon,
    /// Something has to be done now.
    Act,
}

/// What a status needs beside the account itself.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The name of the provider, or whose key it is.
    pub provider_name: &'a str,
    /// Where the secret lies, in words.
    pub storage: &'a str,
    /// Whether tools get this one when they name none.
    pub is_default: bool,
}

impl Status {
    /// The truth about `account` at `now`.
    pub fn of(account: &Account, around: Surroundings<'_>, now: Timestamp) -> Self {
        let (state, meaning, changes_at) = match &account.facts {
            Facts::Tokens(facts) => of_tokens(facts, now),
            Facts::Key(facts) => of_key(facts),
            Facts::Session(facts) => of_session(facts, now),
        };
        let (last_four, scopes, sign_in_ends_at, waits_since) = match &account.facts {
            Facts::Tokens(facts) => {
                let scopes = facts.scopes.clone();
                (None, scopes, facts.sign_in_ends_at, facts.waits_since)
            }
            Facts::Key(facts) => (Some(facts.last_four.clone()), Vec::new(), None, None),
            Facts::Session(facts) => match &facts.seen.what {
                SeenSession::There {
                    scopes,
                    sign_in_ends_at,
                    ..
                } => (None, scopes.clone(), *sign_in_ends_at, None),
                _ => (None, Vec::new(), None, None),
            },
        };
        let meaning = match (meaning, waits_since) {
            (Meaning::Fine, Some(_)) => Meaning::Soon,
            (meaning, _) => meaning,
        };
        Self {
            id: account.id.clone(),
            label: account.label.clone(),
            method: account.method,
            owner: account.owner,
            provider: account.provider.as_ref().map(ToString::to_string),
            provider_name: around.provider_name.to_owned(),
            payer: account.payer,
            identity: account.identity.clone(),
            last_four,
            scopes,
            storage: around.storage.to_owned(),
            waits_since,
            is_default: around.is_default,
            practice: account.practice,
            created_at: account.created_at,
            state,
            meaning,
            sign_in_ends_at,
            changes_at,
        }
    }
}

fn of_tokens(facts: &TokenFacts, now: Timestamp) -> (State, Meaning, Option<Timestamp>) {
    let (state, meaning) = tokens_at(facts, now);
    // Of all the instants at which something ends, the next one that changes the answer.
    let ends = [
        Some(facts.expires_at),
        soon_at(facts),
        facts.sign_in_ends_at,
    ];
    let changes = |at: &Timestamp| *at > now && tokens_at(facts, *at) != (state.clone(), meaning);
    let changes_at = ends.into_iter().flatten().filter(changes).min();
    (state, meaning, changes_at)
}

/// When the end of the whole sign-in begins to be near.
fn soon_at(facts: &TokenFacts) -> Option<Timestamp> {
    let end = facts.sign_in_ends_at?;
    Some(end.saturating_sub(SOON).unwrap_or(end))
}

fn tokens_at(facts: &TokenFacts, now: Timestamp) -> (State, Meaning) {
    let alive = now < facts.expires_at;
    let sign_in_over = facts.sign_in_ends_at.filter(|end| *end <= now);
    let calm = if soon_at(facts).is_some_and(|at| at <= now) {
        Meaning::Soon
    } else {
        Meaning::Fine
    };

    match &facts.trouble {
        Some(trouble) if trouble.is_final => {
            let reason = match alive {
                true => format!(
                    "{} The last access token still works until it ends.",
                    trouble.reason
                ),
                false => trouble.reason.clone(),
            };
            let state = State::SignInAgain {
                since: trouble.since,
                reason,
                detail: trouble.detail.clone(),
            };
            (state, Meaning::Act)
        }
        Some(trouble) if alive || sign_in_over.is_none() => {
            let state = State::RenewalFailing {
                since: trouble.since,
                serves_until: alive.then_some(facts.expires_at),
                rests_until: trouble.rests_until,
                reason: trouble.reason.clone(),
                detail: trouble.detail.clone(),
            };
            let meaning = if alive { Meaning::Soon } else { Meaning::Act };
            (state, meaning)
        }
        None if alive => {
            let state = State::Fresh {
                until: facts.expires_at,
                since: Some(facts.obtained_at),
                renewable: facts.renewable,
            };
            (state, calm)
        }
        None if facts.renewable && sign_in_over.is_none() => {
            let state = State::RenewsWhenAsked {
                since: facts.expires_at,
            };
            (state, calm)
        }
        _ => {
            let reason = match sign_in_over {
                Some(_) => "The sign-in has reached its end.",
                None => "The access token has ended, and the server gave nothing to renew it with.",
            };
            let state = State::SignInAgain {
                since: sign_in_over.unwrap_or(facts.expires_at),
                reason: reason.to_owned(),
                detail: None,
            };
            (state, Meaning::Act)
        }
    }
}

fn of_key(facts: &KeyFacts) -> (State, Meaning, Option<Timestamp>) {
    match &facts.checked {
        None => {
            let reason = "The key was stored without asking the server.".to_owned();
            (State::Unverified { reason }, Meaning::Soon, None)
        }
        Some(check) => match &check.answer {
            KeyAnswer::Valid => {
                let checked_at = check.at;
                (State::Valid { checked_at }, Meaning::Fine, None)
            }
            KeyAnswer::Hindered { reason } => {
                let state = State::Hindered {
                    checked_at: check.at,
                    reason: reason.clone(),
                };
                (state, Meaning::Act, None)
            }
            KeyAnswer::Unknown { reason } => {
                let reason = reason.clone();
                (State::Unverified { reason }, Meaning::Soon, None)
            }
        },
    }
}

/// What was seen of another program's session, read like tokens of our own. That its owner renews it when it is used
/// next counts as renewal.
fn of_session(facts: &SessionFacts, now: Timestamp) -> (State, Meaning, Option<Timestamp>) {
    // Its server refused it, whatever its date says.
    if let Some(trouble) = facts.trouble.as_ref().filter(|trouble| trouble.is_final) {
        let state = State::SignInAgain {
            since: trouble.since,
            reason: trouble.reason.clone(),
            detail: trouble.detail.clone(),
        };
        return (state, Meaning::Act, None);
    }
    match &facts.seen.what {
        SeenSession::There {
            expires_at: Some(expires_at),
            sign_in_ends_at,
            renewable,
            scopes,
            ..
        } => {
            let tokens = TokenFacts {
                // Its owner does not say when it was issued; nothing but the drawing depends on it.
                obtained_at: facts.seen.at,
                expires_at: *expires_at,
                sign_in_ends_at: *sign_in_ends_at,
                renewable: *renewable,
                scopes: scopes.clone(),
                trouble: facts.trouble.clone(),
                waits_since: None,
            };
            let (mut state, meaning, changes_at) = of_tokens(&tokens, now);
            if let State::Fresh { since, .. } = &mut state {
                *since = None;
            }
            if let State::SignInAgain { reason, .. } = &mut state
                && sign_in_ends_at.is_none_or(|end| end > now)
            {
                *reason =
                    "The session has ended, and nothing is there to renew it with.".to_owned();
            }
            (state, meaning, changes_at)
        }
        SeenSession::There { .. } => {
            let reason = "Nobody asked the server whether it works.".to_owned();
            (State::Unverified { reason }, Meaning::Fine, None)
        }
        SeenSession::Missing { reason } => {
            let state = State::SignInAgain {
                since: facts.seen.at,
                reason: reason.clone(),
                detail: None,
            };
            (state, Meaning::Act, None)
        }
        SeenSession::NotReadable { reason, detail } => {
            let state = State::CannotTell {
                reason: reason.clone(),
                detail: detail.clone(),
            };
            (state, Meaning::Soon, None)
        }
    }
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
