//! The truth about an account, as it may be shown: a pure function of what is known and of the time.

mod key;
mod state;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

pub use self::state::State;

use self::key::of_key;
use crate::account::{
    Account, AccountId, Facts, FailedCheck, Identity, Link, Method, Owner, Payer, SeenSession,
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
    /// The workspace that an identity-linked API key is used in.
    pub workspace_id: Option<String>,
    /// The last day on which an API key works, as the person noted it.
    #[cfg_attr(feature = "typescript", ts(type = "string | null"))]
    pub expires_on: Option<Date>,
    /// The last try to check an API key, where it taught nothing: `state` is then what was known before.
    pub check_failed: Option<FailedCheck>,
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
    /// Whether tools can be given it at all.
    pub gives: bool,
    /// What of it can be taken into Keyfob's own custody, at a person's word.
    pub importable: Option<Importable>,
    /// What else is to be said: what variables of the environment outrank, and what may be done with them.
    pub about: Option<String>,
    /// The next instant at which `state` or `meaning` will differ with nothing else happening.
    #[cfg_attr(feature = "typescript", ts(type = "string | null"))]
    pub changes_at: Option<Timestamp>,
}

/// The three meanings that colours and shapes stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
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

/// What can be taken in of a variable of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum Importable {
    /// An API key.
    Key,
    /// Tokens, once their provider is named.
    Tokens,
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
            Facts::Key(facts) => of_key(facts, now),
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
        let key = match &account.facts {
            Facts::Key(facts) => Some(facts),
            _ => None,
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
            workspace_id: key.and_then(|key| key.workspace_id.clone()),
            expires_on: key.and_then(|key| key.expires_on),
            check_failed: key.and_then(|key| key.failed.clone()),
            scopes,
            storage: around.storage.to_owned(),
            waits_since,
            is_default: around.is_default,
            practice: account.practice,
            created_at: account.created_at,
            state,
            meaning,
            sign_in_ends_at,
            gives: account.method != Method::ClaudeCode,
            importable: None,
            about: None,
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
                issued: None,
            };
            let (mut state, meaning, changes_at) = of_tokens(&tokens, now);
            match (&mut state, &facts.link) {
                (State::Fresh { since, .. }, _) => *since = None,
                // Nobody asks again by himself unless that was switched on, so no countdown is shown.
                (State::RenewalFailing { rests_until, .. }, _) => *rests_until = None,
                // Nobody signs in to a variable.
                (State::SignInAgain { since, .. }, Link::Environment { .. }) => {
                    let state = State::Ended {
                        since: *since,
                        reason: "The variable beside it says that it has ended. Set a new one, or take it out."
                            .to_owned(),
                    };
                    return (state, Meaning::Soon, changes_at);
                }
                _ => {}
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
