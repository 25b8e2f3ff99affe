//! What the tray's menu says: a pure function of how the accounts stand and of the time.

use jiff::{SignedDuration, Timestamp};
use keyfob::{Meaning, State, Status};

/// How many accounts have a line of their own.
const AT_MOST: usize = 10;

/// How long a label may be in a menu, in characters.
const LABEL: usize = 40;

const DAY: i64 = 24;

/// The menu's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    /// How things stand, in one line.
    pub(super) summary: String,
    /// One line for each account; what needs the person comes first.
    pub(super) accounts: Vec<String>,
}

/// The words at `now`, and the next instant at which they will be others with nothing else happening. No accounts at
/// all are those that cannot be read.
pub(super) fn words(accounts: Option<Vec<Status>>, now: Timestamp) -> (Words, Option<Timestamp>) {
    let Some(mut accounts) = accounts else {
        let words = Words {
            summary: "The list of accounts cannot be read".to_owned(),
            accounts: Vec::new(),
        };
        return (words, None);
    };
    let summary = match accounts
        .iter()
        .filter(|a| a.meaning == Meaning::Act)
        .count()
    {
        _ if accounts.is_empty() => "No accounts yet".to_owned(),
        0 => "All accounts are in order".to_owned(),
        1 => "1 account needs you".to_owned(),
        count => format!("{count} accounts need you"),
    };
    accounts.sort_by_key(|account| match account.meaning {
        Meaning::Act => 0,
        Meaning::Soon => 1,
        Meaning::Fine => 2,
    });
    let turns = accounts.iter().filter_map(|account| account.changes_at);
    let mut changes_at: Vec<Timestamp> = turns.collect();
    let mut lines = Vec::new();
    for account in accounts.iter().take(AT_MOST) {
        let (stands, changes) = stands(account, now);
        changes_at.extend(changes);
        let shape = match account.meaning {
            Meaning::Fine => '●',
            Meaning::Soon => '◐',
            Meaning::Act => '○',
        };
        lines.push(format!("{shape} {} · {stands}", short(&account.label)));
    }
    if let Some(more) = accounts.len().checked_sub(AT_MOST).filter(|more| *more > 0) {
        lines.push(format!("and {more} more"));
    }
    let words = Words {
        summary,
        accounts: lines,
    };
    (words, changes_at.into_iter().filter(|at| *at > now).min())
}

/// How an account stands, and when a time in these words is over.
fn stands(account: &Status, now: Timestamp) -> (String, Option<Timestamp>) {
    let end = account.sign_in_ends_at;
    let said = match (&account.state, end) {
        (State::Fresh { .. } | State::RenewsWhenAsked { .. }, Some(end))
            if account.meaning == Meaning::Soon =>
        {
            let (left, changes) = left(end, now);
            return (format!("sign-in ends in {left}"), changes);
        }
        (State::Fresh { until, .. }, _) => {
            let (left, changes) = left(*until, now);
            return (format!("fresh for {left}"), changes);
        }
        (State::RenewsWhenAsked { .. }, _) => "renews when asked",
        (State::RenewalFailing { .. }, _) => "renewal is failing",
        (State::SignInAgain { .. }, _) => "sign in again",
        (State::CannotTell { .. }, _) => "cannot be looked at",
        (State::Valid { .. }, _) => return (of_valid_key(account, now), None),
        (State::Unverified { .. }, _) => "not checked",
        (State::NeedsWorkspace { .. }, _) => "needs a workspace id",
        (State::KeyRefused { .. }, _) => "refused: replace the key",
        (State::BillingNeeded { .. }, _) => "billing has to be seen to",
        (State::NotPermitted { .. }, _) => "may not be used for this",
        (State::NotedExpired { .. }, _) => "expired, by your note",
        (State::Ended { .. }, _) => "ended",
        (State::Hindered { .. }, _) => "does not work yet",
    };
    (said.to_owned(), None)
}

/// A key that works: whether its noted end is near, or the last check long ago.
fn of_valid_key(account: &Status, now: Timestamp) -> String {
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let is_near =
        |day: &jiff::civil::Date| day.duration_since(today) <= SignedDuration::from_hours(14 * DAY);
    match (account.meaning, account.expires_on.filter(is_near)) {
        (Meaning::Soon, Some(day)) => {
            format!("valid, expires {} by your note", day.strftime("%-d %b"))
        }
        (Meaning::Soon, None) => "valid, checked long ago".to_owned(),
        _ => "valid".to_owned(),
    }
}

/// What is left until `end`, rounded down to hours or days, and when that is less. Minutes are not said: the menu
/// would have to be made anew for each.
fn left(end: Timestamp, now: Timestamp) -> (String, Option<Timestamp>) {
    let hours = end.duration_since(now).as_hours();
    let (said, unit) = match hours {
        ..1 => return ("less than an hour".to_owned(), None),
        _ if hours < 2 * DAY => (format!("{hours} h"), 1),
        _ => (format!("{} days", hours / DAY), DAY),
    };
    let whole = SignedDuration::from_hours(hours / unit * unit);
    // At the very instant the words still hold; one second later they do not.
    let over = end - whole + SignedDuration::from_secs(1);
    (said, Some(over))
}

/// A label as it fits into a menu, where `&` marks the letter to press.
fn short(label: &str) -> String {
    let mut short: String = label.chars().take(LABEL).collect();
    if short.len() < label.len() {
        short.pop();
        short.push('…');
    }
    short.replace('&', "&&")
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
