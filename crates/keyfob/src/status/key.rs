//! How an API key stands: what the server said of it, how long ago that was, and what the person noted of its end.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::{Meaning, State};
use crate::account::{KeyAnswer, KeyCheck, KeyFacts};

/// How many days before its noted end a key counts as ending soon.
const SOON_DAYS: i64 = 14;

/// After this a check says little of today.
const STALE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How a key stands, whether that is fine, and when it will be otherwise with nothing else happening.
pub(super) fn of_key(facts: &KeyFacts, now: Timestamp) -> (State, Meaning, Option<Timestamp>) {
    let (state, meaning) = key_at(facts, now);
    let turns = [soon_at(facts), noted_end(facts), stale_at(facts)];
    let changes = |at: &Timestamp| *at > now && key_at(facts, *at) != (state.clone(), meaning);
    let changes_at = turns.into_iter().flatten().filter(changes).min();
    (state, meaning, changes_at)
}

fn key_at(facts: &KeyFacts, now: Timestamp) -> (State, Meaning) {
    let (state, meaning) = as_the_server_said(facts, now);
    let over = noted_end(facts).filter(|end| *end <= now);
    match (facts.expires_on, over) {
        // What the server says of it after that day is worth more than the note.
        (Some(on), Some(end)) if facts.checked.as_ref().is_none_or(|check| check.at < end) => {
            match meaning {
                Meaning::Act => (state, meaning),
                _ => (noted_expired(on), Meaning::Act),
            }
        }
        _ if soon_at(facts).is_some_and(|at| at <= now) => (state, meaning.max(Meaning::Soon)),
        _ => (state, meaning),
    }
}

fn noted_expired(on: Date) -> State {
    State::NotedExpired {
        on,
        reason: "The day that you noted as its last is over. Replace it with a new key, or check whether it still works."
            .to_owned(),
    }
}

fn as_the_server_said(facts: &KeyFacts, now: Timestamp) -> (State, Meaning) {
    let Some(KeyCheck { at, answer }) = &facts.checked else {
        let reason = match &facts.failed {
            Some(failed) => failed.reason.clone(),
            None => "The key was stored without asking the server.".to_owned(),
        };
        return (State::Unverified { reason }, Meaning::Soon);
    };
    let checked_at = *at;
    let reason = answer.words().unwrap_or_default().to_owned();
    let detail = answer.detail().cloned();
    let state = match answer {
        KeyAnswer::Valid => {
            let is_stale = stale_at(facts).is_some_and(|at| at <= now);
            let meaning = if is_stale {
                Meaning::Soon
            } else {
                Meaning::Fine
            };
            return (State::Valid { checked_at }, meaning);
        }
        KeyAnswer::Unknown { .. } => return (State::Unverified { reason }, Meaning::Soon),
        KeyAnswer::NeedsWorkspace { .. } => State::NeedsWorkspace {
            checked_at,
            reason,
            detail,
        },
        KeyAnswer::Refused { .. } => State::KeyRefused {
            checked_at,
            reason,
            detail,
        },
        KeyAnswer::BillingNeeded { .. } => State::BillingNeeded {
            checked_at,
            reason,
            detail,
        },
        KeyAnswer::NotPermitted { .. } => State::NotPermitted {
            checked_at,
            reason,
            detail,
        },
        KeyAnswer::Hindered { .. } => State::Hindered { checked_at, reason },
    };
    (state, Meaning::Act)
}

/// When the noted day is over, by the clock that every computer has in common.
fn noted_end(facts: &KeyFacts) -> Option<Timestamp> {
    start_of(facts.expires_on?.tomorrow().ok()?)
}

/// When the noted end begins to be near.
fn soon_at(facts: &KeyFacts) -> Option<Timestamp> {
    start_of(facts.expires_on?.checked_sub(SOON_DAYS.days()).ok()?)
}

/// When what the server said begins to be old.
fn stale_at(facts: &KeyFacts) -> Option<Timestamp> {
    let check = facts.checked.as_ref()?;
    check.at.checked_add(STALE).ok()
}

fn start_of(day: Date) -> Option<Timestamp> {
    day.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp())
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
