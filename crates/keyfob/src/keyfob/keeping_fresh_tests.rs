use proptest::prelude::*;

use super::*;
use crate::account::{AccountId, Identity, Method, Owner, Payer, TokenFacts, Trouble};

const HOUR: i64 = 3_600;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// An account whose token was issued at 0.
fn account(chance: u8, lifetime: i64, change: impl FnOnce(&mut TokenFacts)) -> Account {
    let mut facts = TokenFacts {
        obtained_at: at(0),
        expires_at: at(lifetime),
        sign_in_ends_at: None,
        renewable: true,
        scopes: Vec::new(),
        trouble: None,
        waits_since: None,
        issued: None,
    };
    change(&mut facts);
    Account {
        id: AccountId::from_random([chance; 32]),
        label: "Work".to_owned(),
        method: Method::OAuth,
        owner: Owner::Keyfob,
        provider: None,
        payer: Payer::None,
        generation: 1,
        practice: true,
        identity: Identity::default(),
        created_at: at(0),
        facts: Facts::Tokens(facts),
    }
}

fn due(account: &Account, now: i64) -> Option<i64> {
    due_at(account, Windows::default(), false, at(now)).map(Timestamp::as_second)
}

#[test]
fn a_token_of_which_a_tool_has_a_copy_is_due_before_the_tool_wants_the_next_one() {
    let due = |chance, lifetime| {
        let account = account(chance, lifetime, |_| {});
        due_at(&account, Windows::default(), true, at(0)).map(Timestamp::as_second)
    };
    assert_eq!(due(0, 8 * HOUR), Some(8 * HOUR - 120));
    assert_eq!(due(255, 8 * HOUR), Some(8 * HOUR - 83));
    for lifetime in [90, 120, 300, HOUR] {
        let due = due(255, lifetime).unwrap();
        assert!(lifetime - due >= 45, "{lifetime}: {due}");
    }
    // One that lives for less than what the SDKs want is renewed as often as that allows.
    assert_eq!(due(255, 42), Some(7));
}

#[test]
fn a_token_is_due_early_in_its_advisory_window() {
    let plain = |chance| account(chance, 8 * HOUR, |_| {});
    assert_eq!(due(&plain(0), 0), Some(8 * HOUR - 120));
    // At the latest 45 s later, which leaves as long again before anybody has to wait.
    assert_eq!(due(&plain(255), 0), Some(8 * HOUR - 76));
}

#[test]
fn what_cannot_be_renewed_is_never_due() {
    let over = |facts: &mut TokenFacts| facts.sign_in_ends_at = Some(at(HOUR));
    assert_eq!(due(&account(0, HOUR, |f| f.renewable = false), 0), None);
    assert_eq!(due(&account(0, 2 * HOUR, over), HOUR), None);
    let refused = |facts: &mut TokenFacts| {
        facts.trouble = Some(Trouble {
            is_final: true,
            ..Trouble::default()
        });
    };
    assert_eq!(due(&account(0, HOUR, refused), HOUR), None);
}

#[test]
fn a_server_that_failed_is_left_alone_for_as_long_as_was_written_down() {
    let resting = |until| {
        account(0, HOUR, |facts| {
            facts.trouble = Some(Trouble {
                rests_until: Some(at(until)),
                ..Trouble::default()
            });
        })
    };
    assert_eq!(due(&resting(HOUR + 60), HOUR), Some(HOUR + 60));
    assert_eq!(due(&resting(HOUR - 60), HOUR), Some(HOUR - 120));
    // A clock that was set back does not prolong it.
    assert_eq!(due(&resting(90 * HOUR), HOUR), Some(HOUR - 120));
}

#[test]
fn a_sleep_of_the_computer_is_noticed_and_a_short_one_is_not() {
    let begun = Instant::now();
    assert!(!was_suspended(at(0), begun, at(9)));
    assert!(was_suspended(at(0), begun, at(60)));
    // A clock that was set back is no sleep.
    assert!(!was_suspended(at(60), begun, at(0)));
}

proptest! {
    /// Whatever the lifetime, a token is due while it still lives, and not in the first half of its life.
    #[test]
    fn a_token_is_always_due_before_its_end(chance: u8, lifetime in 8_i64..40 * 24 * HOUR) {
        let due = due(&account(chance, lifetime, |_| {}), 0).unwrap();
        prop_assert!(due < lifetime);
        prop_assert!(due >= lifetime / 2);
    }
}
