use proptest::prelude::*;

use super::*;
use crate::account::FailedCheck;

const DAY: i64 = 24 * 3_600;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn facts(answer: Option<KeyAnswer>, expires_on: Option<&str>) -> KeyFacts {
    KeyFacts {
        last_four: "f2A9".to_owned(),
        checked: answer.map(|answer| KeyCheck { at: at(7), answer }),
        expires_on: expires_on.map(|day| day.parse().unwrap()),
        ..KeyFacts::default()
    }
}

fn kind(state: &State) -> String {
    let state = serde_json::to_value(state).unwrap();
    state["kind"].as_str().unwrap().to_owned()
}

#[test]
fn every_answer_of_the_server_is_a_state_with_its_own_words() {
    use KeyAnswer::*;
    let detail = Some("HTTP 4xx".to_owned());
    let reason = "a reason".to_owned();
    for (answer, state, meaning, part) in [
        (None, "unverified", Meaning::Soon, "without asking"),
        (Some(Valid), "valid", Meaning::Fine, ""),
        (
            Some(NeedsWorkspace {
                detail: detail.clone(),
            }),
            "needs_workspace",
            Meaning::Act,
            "workspace id",
        ),
        (
            Some(Refused {
                detail: detail.clone(),
            }),
            "key_refused",
            Meaning::Act,
            "does not know",
        ),
        (
            Some(BillingNeeded {
                detail: detail.clone(),
            }),
            "billing_needed",
            Meaning::Act,
            "billing",
        ),
        (
            Some(NotPermitted { detail }),
            "not_permitted",
            Meaning::Act,
            "may not",
        ),
        (
            Some(Hindered {
                reason: reason.clone(),
            }),
            "hindered",
            Meaning::Act,
            "a reason",
        ),
        (
            Some(Unknown { reason }),
            "unverified",
            Meaning::Soon,
            "a reason",
        ),
    ] {
        let (found, found_meaning, _) = of_key(&facts(answer, None), at(8));
        assert_eq!((kind(&found).as_str(), found_meaning), (state, meaning));
        let said = serde_json::to_string(&found).unwrap();
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn a_check_grows_old_and_a_noted_end_comes_near() {
    use KeyAnswer::Valid;
    let valid = || Some(Valid);
    // Seconds count from the first of January 1970.
    for (facts, now, state, meaning, changes_at) in [
        (
            facts(valid(), None),
            8,
            "valid",
            Meaning::Fine,
            Some(30 * DAY + 7),
        ),
        (
            facts(valid(), None),
            30 * DAY + 7,
            "valid",
            Meaning::Soon,
            None,
        ),
        (
            facts(valid(), Some("1970-01-20")),
            8,
            "valid",
            Meaning::Fine,
            Some(5 * DAY),
        ),
        (
            facts(valid(), Some("1970-01-20")),
            5 * DAY,
            "valid",
            Meaning::Soon,
            Some(20 * DAY),
        ),
        (
            facts(valid(), Some("1970-01-20")),
            20 * DAY - 1,
            "valid",
            Meaning::Soon,
            Some(20 * DAY),
        ),
        (
            facts(valid(), Some("1970-01-20")),
            20 * DAY,
            "noted_expired",
            Meaning::Act,
            None,
        ),
        (
            facts(None, Some("1970-01-20")),
            20 * DAY,
            "noted_expired",
            Meaning::Act,
            None,
        ),
        // It was checked on the day after the noted one, and works.
        (
            facts(valid(), Some("1969-12-31")),
            8,
            "valid",
            Meaning::Soon,
            None,
        ),
        (
            facts(
                Some(KeyAnswer::Refused { detail: None }),
                Some("1970-01-20"),
            ),
            20 * DAY,
            "key_refused",
            Meaning::Act,
            None,
        ),
    ] {
        let (found, found_meaning, changes) = of_key(&facts, at(now));
        let expected = (state, meaning, changes_at.map(at));
        assert_eq!(
            (kind(&found).as_str(), found_meaning, changes),
            expected,
            "{facts:?} at {now}"
        );
    }
}

#[test]
fn the_last_day_there_is_has_no_day_after_it() {
    let facts = facts(Some(KeyAnswer::Valid), Some("9999-12-31"));
    let (state, ..) = of_key(&facts, Timestamp::MAX);
    assert_eq!(kind(&state), "valid");
}

#[test]
fn why_nothing_is_known_is_said() {
    let facts = KeyFacts {
        failed: Some(FailedCheck {
            at: at(1),
            reason: "The server is away.".to_owned(),
        }),
        ..facts(None, None)
    };
    let (State::Unverified { reason }, ..) = of_key(&facts, at(8)) else {
        panic!()
    };
    assert_eq!(reason, "The server is away.");
}

proptest! {
    #[test]
    fn between_now_and_its_announced_change_a_key_stays(
        checked in proptest::option::of(-40 * DAY..90 * DAY), day in proptest::option::of(-40i64..90),
        now in -40 * DAY..90 * DAY, part in 0.0..=1.0,
    ) {
        let facts = KeyFacts {
            checked: checked.map(|second| KeyCheck { at: at(second), answer: KeyAnswer::Valid }),
            expires_on: day.map(|day| at(day * DAY).to_zoned(TimeZone::UTC).date()),
            ..facts(None, None)
        };
        let (state, meaning, changes_at) = of_key(&facts, at(now));
        let until = changes_at.unwrap_or(at(500 * DAY));
        let between = at(now) + until.duration_since(at(now)).mul_f64(part);
        let just_before = until - SignedDuration::from_nanos(1);
        let (then, then_meaning, _) = of_key(&facts, between.min(just_before));
        prop_assert_eq!((&then, then_meaning), (&state, meaning));
        if let Some(changes_at) = changes_at {
            let (after, after_meaning, _) = of_key(&facts, changes_at);
            prop_assert_ne!((after, after_meaning), (state, meaning));
        }
    }
}
