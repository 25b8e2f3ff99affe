use proptest::prelude::*;

use super::*;
use crate::account::Trouble;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Issued at 0; times are seconds.
fn facts(expires_at: i64, sign_in_ends_at: Option<i64>, renewable: bool) -> TokenFacts {
    TokenFacts {
        obtained_at: at(0),
        expires_at: at(expires_at),
        sign_in_ends_at: sign_in_ends_at.map(at),
        renewable,
        scopes: Vec::new(),
        trouble: None,
        waits_since: None,
        issued: None,
    }
}

fn troubled(facts: TokenFacts, is_final: bool) -> TokenFacts {
    TokenFacts {
        trouble: Some(Trouble {
            since: at(HOUR),
            is_final,
            reason: "It failed.".to_owned(),
            detail: Some("HTTP 400".to_owned()),
            ..Trouble::default()
        }),
        ..facts
    }
}

fn kind(state: &State) -> String {
    let state = serde_json::to_value(state).unwrap();
    state["kind"].as_str().unwrap().to_owned()
}

#[test]
fn tokens_stand_as_their_facts_and_the_clock_say() {
    use Meaning::{Act, Fine, Soon};
    let long = |renewable| facts(8 * HOUR, Some(30 * DAY), renewable);
    let short = || facts(8 * HOUR, Some(2 * HOUR), true);
    let unsaid = |renewable| facts(8 * HOUR, None, renewable);
    for (facts, now, state, meaning, changes_at) in [
        (long(true), 0, "fresh", Fine, Some(8 * HOUR)),
        (long(false), 0, "fresh", Fine, Some(8 * HOUR)),
        (unsaid(true), 8 * HOUR - 1, "fresh", Fine, Some(8 * HOUR)),
        // Dead, but the next tool that asks gets a new one.
        (
            long(true),
            8 * HOUR,
            "renews_when_asked",
            Fine,
            Some(27 * DAY),
        ),
        (unsaid(true), 8 * HOUR, "renews_when_asked", Fine, None),
        (
            long(true),
            27 * DAY - 1,
            "renews_when_asked",
            Fine,
            Some(27 * DAY),
        ),
        // The whole sign-in ends soon.
        (
            long(true),
            27 * DAY,
            "renews_when_asked",
            Soon,
            Some(30 * DAY),
        ),
        (
            facts(28 * DAY, Some(30 * DAY), true),
            27 * DAY,
            "fresh",
            Soon,
            Some(28 * DAY),
        ),
        (short(), 0, "fresh", Soon, Some(8 * HOUR)),
        // It has ended, but the access token has not.
        (short(), 2 * HOUR, "fresh", Soon, Some(8 * HOUR)),
        // Nothing is left.
        (short(), 8 * HOUR, "sign_in_again", Act, None),
        (long(true), 30 * DAY, "sign_in_again", Act, None),
        (unsaid(false), 8 * HOUR, "sign_in_again", Act, None),
        // The same, until the reason changes.
        (long(false), 8 * HOUR, "sign_in_again", Act, Some(30 * DAY)),
        // The server refused to renew.
        (
            troubled(long(true), true),
            2 * HOUR,
            "sign_in_again",
            Act,
            Some(8 * HOUR),
        ),
        (
            troubled(long(true), true),
            8 * HOUR,
            "sign_in_again",
            Act,
            None,
        ),
        // It did not answer.
        (
            troubled(unsaid(true), false),
            2 * HOUR,
            "renewal_failing",
            Soon,
            Some(8 * HOUR),
        ),
        (
            troubled(unsaid(true), false),
            8 * HOUR,
            "renewal_failing",
            Act,
            None,
        ),
        (
            troubled(long(true), false),
            2 * HOUR,
            "renewal_failing",
            Soon,
            Some(8 * HOUR),
        ),
    ] {
        let (found, found_meaning, found_changes_at) = of_tokens(&facts, at(now));
        assert_eq!(kind(&found), state, "{facts:?} {now}");
        assert_eq!(found_meaning, meaning, "{facts:?} {now}");
        assert_eq!(found_changes_at, changes_at.map(at), "{facts:?} {now}");
    }
}

#[test]
fn a_passing_trouble_gives_way_when_the_whole_sign_in_is_over() {
    let facts = troubled(facts(8 * HOUR, Some(30 * DAY), true), false);
    let before = of_tokens(&facts, at(30 * DAY - 1));
    assert_eq!(
        (kind(&before.0).as_str(), before.2),
        ("renewal_failing", Some(at(30 * DAY)))
    );
    let after = of_tokens(&facts, at(30 * DAY));
    assert_eq!((kind(&after.0).as_str(), after.2), ("sign_in_again", None));
}

#[test]
fn what_still_works_is_said_until_it_does_not() {
    let facts = facts(8 * HOUR, None, true);
    for (now, works, serves_until) in [(HOUR, true, Some(at(8 * HOUR))), (9 * HOUR, false, None)] {
        let (state, ..) = of_tokens(&troubled(facts.clone(), true), at(now));
        let State::SignInAgain { reason, detail, .. } = state else {
            panic!("{state:?}")
        };
        assert_eq!(reason.contains("still works"), works);
        assert_eq!(detail.as_deref(), Some("HTTP 400"));
        let (state, ..) = of_tokens(&troubled(facts.clone(), false), at(now));
        let expected = State::RenewalFailing {
            since: at(HOUR),
            serves_until,
            rests_until: None,
            reason: "It failed.".to_owned(),
            detail: Some("HTTP 400".to_owned()),
        };
        assert_eq!(state, expected);
    }
}

#[test]
fn the_end_of_a_sign_in_and_that_of_a_token_have_different_words() {
    let since_and_reason = |facts: &TokenFacts| match of_tokens(facts, at(DAY)).0 {
        State::SignInAgain { since, reason, .. } => (since, reason),
        other => panic!("{other:?}"),
    };
    let (since, reason) = since_and_reason(&facts(2 * HOUR, Some(3 * HOUR), true));
    assert_eq!(since, at(3 * HOUR));
    assert_eq!(reason, "The sign-in has reached its end.");
    let (since, reason) = since_and_reason(&facts(2 * HOUR, None, false));
    assert_eq!(since, at(2 * HOUR));
    assert!(reason.starts_with("The access token has ended"));
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    let near = 0..90 * DAY * 1_000;
    let near = near.prop_map(|ms| Timestamp::from_millisecond(ms).unwrap());
    prop_oneof![
        8 => near,
        1 => Just(Timestamp::MIN),
        1 => Just(Timestamp::MAX),
    ]
}

fn any_facts() -> impl Strategy<Value = TokenFacts> {
    let times = (any_time(), any_time(), proptest::option::of(any_time()));
    let trouble = proptest::option::of(any::<bool>());
    (times, any::<bool>(), trouble).prop_map(|((obtained_at, expires_at, ends), renewable, bad)| {
        let facts = TokenFacts {
            obtained_at,
            expires_at,
            sign_in_ends_at: ends,
            ..facts(0, None, renewable)
        };
        match bad {
            Some(is_final) => troubled(facts, is_final),
            None => facts,
        }
    })
}

proptest! {
    #[test]
    fn between_now_and_its_announced_change_a_status_stays(
        facts in any_facts(), now in any_time(), part in 0.0..=1.0,
    ) {
        let (state, meaning, changes_at) = of_tokens(&facts, now);
        let Some(changes_at) = changes_at else {
            // Nothing is announced, so the end of time looks the same.
            let (later, later_meaning, _) = of_tokens(&facts, Timestamp::MAX);
            prop_assert_eq!((later, later_meaning), (state, meaning));
            return Ok(());
        };
        prop_assert!(changes_at > now);
        let just_before = changes_at - SignedDuration::from_nanos(1);
        let between = now + SignedDuration::from_nanos(1).max(changes_at.duration_since(now).mul_f64(part));
        for then in [just_before, between.min(just_before)] {
            let (later, later_meaning, later_changes_at) = of_tokens(&facts, then);
            prop_assert_eq!(&later, &state);
            prop_assert_eq!(later_meaning, meaning);
            prop_assert_eq!(later_changes_at, Some(changes_at));
        }
        let (after, after_meaning, _) = of_tokens(&facts, changes_at);
        prop_assert_ne!((after, after_meaning), (state, meaning));
    }
}
