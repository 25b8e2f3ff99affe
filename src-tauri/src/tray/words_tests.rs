use keyfob::AccountId;
use keyfob::account::{Identity, Method, Owner, Payer};

use super::*;

const HOUR: i64 = 3_600;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn account(label: &str, meaning: Meaning, state: State) -> Status {
    Status {
        id: AccountId::from_random([7; 32]),
        label: label.to_owned(),
        method: Method::OAuth,
        owner: Owner::Keyfob,
        provider: None,
        provider_name: "Acme".to_owned(),
        payer: Payer::Api,
        identity: Identity::default(),
        last_four: None,
        workspace_id: None,
        expires_on: None,
        check_failed: None,
        gives: true,
        importable: None,
        about: None,
        scopes: Vec::new(),
        waits_since: None,
        storage: "System keychain".to_owned(),
        is_default: false,
        practice: false,
        created_at: at(0),
        state,
        meaning,
        sign_in_ends_at: None,
        changes_at: None,
    }
}

fn fresh(label: &str, until: i64) -> Status {
    let (since, until) = (at(0), at(until));
    let state = State::Fresh {
        until,
        since: Some(since),
        renewable: true,
    };
    Status {
        changes_at: Some(until),
        ..account(label, Meaning::Fine, state)
    }
}

fn ended(label: &str) -> Status {
    let state = State::SignInAgain {
        since: at(0),
        reason: "It ended.".to_owned(),
        detail: None,
    };
    account(label, Meaning::Act, state)
}

fn said(accounts: Vec<Status>) -> Words {
    words(Some(accounts), at(0)).0
}

#[test]
fn the_first_line_says_how_things_stand() {
    let fine = || fresh("Work", HOUR);
    for (accounts, summary) in [
        (vec![], "No accounts yet"),
        (vec![fine()], "All accounts are in order"),
        (vec![fine(), ended("Old")], "1 account needs you"),
        (vec![ended("Old"), ended("Older")], "2 accounts need you"),
    ] {
        assert_eq!(said(accounts).summary, summary);
    }
}

#[test]
fn a_list_that_cannot_be_read_is_not_said_to_be_empty() {
    let (words, changes_at) = words(None, at(0));
    assert_eq!(words.summary, "The list of accounts cannot be read");
    assert_eq!((words.accounts.len(), changes_at), (0, None));
}

#[test]
fn what_needs_the_person_comes_first() {
    let lines = said(vec![fresh("Work", 6 * HOUR + 700), ended("Old")]).accounts;
    assert_eq!(lines, ["○ Old · sign in again", "● Work · fresh for 6 h"]);
}

#[test]
fn an_end_of_the_sign_in_that_is_near_is_said_in_place_of_the_token() {
    let near = Status {
        meaning: Meaning::Soon,
        sign_in_ends_at: Some(at(50 * HOUR)),
        ..fresh("Work", HOUR)
    };
    assert_eq!(
        said(vec![near]).accounts,
        ["◐ Work · sign-in ends in 2 days"]
    );
}

/// Whatever is said at an instant is still what would be said just before the instant at which it changes.
#[test]
fn the_words_hold_until_the_instant_that_is_named() {
    let mut now = at(0);
    let end = 75 * HOUR + 30;
    let mut seen = Vec::new();
    loop {
        let accounts = || Some(vec![fresh("Work", end)]);
        let (before, changes_at) = words(accounts(), now);
        seen.extend(before.accounts.clone());
        let Some(changes_at) = changes_at else { break };
        let just_before = changes_at - SignedDuration::from_secs(1);
        assert_eq!(words(accounts(), just_before).0, before, "at {just_before}");
        now = changes_at;
    }
    assert_eq!(seen[0], "● Work · fresh for 3 days");
    assert_eq!(seen[1], "● Work · fresh for 2 days");
    assert_eq!(seen[2], "● Work · fresh for 47 h");
    assert!(seen.len() < 60, "{} changes in three days", seen.len());
}

#[test]
fn many_accounts_and_long_labels_fit_into_a_menu() {
    let mut accounts: Vec<Status> = (0..14).map(|n| fresh(&format!("{n}"), HOUR)).collect();
    accounts.push(ended(&"&x".repeat(30)));
    let lines = said(accounts).accounts;
    assert_eq!(lines.len(), 11);
    assert_eq!(lines[10], "and 5 more");
    let label = format!("{}&&…", "&&x".repeat(19));
    assert_eq!(lines[0], format!("○ {label} · sign in again"));
}

#[test]
fn a_key_says_what_is_to_be_seen_to() {
    let valid = |meaning, expires_on: Option<&str>| Status {
        expires_on: expires_on.map(|day| day.parse().unwrap()),
        ..account("CI", meaning, State::Valid { checked_at: at(0) })
    };
    for (key, words) in [
        (valid(Meaning::Fine, None), "valid"),
        (valid(Meaning::Soon, None), "valid, checked long ago"),
        (
            valid(Meaning::Soon, Some("1970-01-10")),
            "valid, expires 10 Jan by your note",
        ),
        (
            valid(Meaning::Soon, Some("1999-01-10")),
            "valid, checked long ago",
        ),
    ] {
        assert_eq!(stands(&key, at(0)).0, words);
    }
}
