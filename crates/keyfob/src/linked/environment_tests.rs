use std::ffi::OsString;

use super::*;
use crate::status::{State, Status, Surroundings};

const KEY: &str = "sk-ant-api03-env-9f2A";
const SESSION: &str = "sk-ant-oat01-planted";

fn edge(variables: &[(&'static str, &'static str)]) -> Edge {
    let variables = variables.to_vec();
    Edge::new(
        || Timestamp::from_second(1_796_119_200).unwrap(),
        || Ok([1; 32]),
    )
    .with_variables(move |name| {
        let set = variables.iter().find(|(key, _)| *key == name)?;
        Some(OsString::from(set.1))
    })
}

fn names(variables: &[(&'static str, &'static str)]) -> Vec<String> {
    let all = found(&edge(variables));
    all.into_iter().map(|found| found.account.label).collect()
}

fn only(variables: &[(&'static str, &'static str)]) -> Found {
    let mut all = found(&edge(variables));
    assert_eq!(all.len(), 1);
    all.swap_remove(0)
}

#[test]
fn what_is_set_is_found_in_the_order_of_claude_code() {
    assert_eq!(names(&[]), Vec::<String>::new());
    assert_eq!(
        names(&[(API_KEY, ""), (AUTH_TOKEN, "  ")]),
        Vec::<String>::new()
    );
    assert_eq!(
        names(&[
            (CLAUDE_CODE, SESSION),
            (API_KEY, KEY),
            (OAUTH_TOKEN, SESSION),
            (AUTH_TOKEN, "a gateway's"),
            (USE_OAUTH, "true"),
            (ACCESS, "x"),
        ]),
        [AUTH_TOKEN, API_KEY, CLAUDE_CODE, OAUTH_TOKEN, ACCESS]
    );
}

#[test]
fn a_key_and_a_bearer_token_can_be_given() {
    let key = only(&[(API_KEY, KEY)]);
    assert_eq!(key.given, Ok(Secret::new(KEY)));
    assert_eq!(
        (key.account.payer, key.last_four.as_deref()),
        (Payer::Api, Some("9f2A"))
    );
    let token = only(&[(AUTH_TOKEN, " gateway \n")]);
    assert_eq!(token.given, Ok(Secret::new("gateway")));
    assert_eq!(token.account.payer, Payer::Unknown);
}

#[test]
fn a_session_of_claude_is_never_given_wherever_it_stands() {
    for variables in [
        &[(CLAUDE_CODE, SESSION)][..],
        &[(CLAUDE_CODE, "of an unknown form")],
        &[(OAUTH_TOKEN, SESSION)],
        &[(AUTH_TOKEN, SESSION)],
        &[(AUTH_TOKEN, "\"sk-ant-oat01-planted\"")],
        &[(AUTH_TOKEN, "Bearer sk-ant-oat01-planted")],
        &[(AUTH_TOKEN, "'sk-ant-ort01-planted'")],
        &[(API_KEY, "Bearer sk-ant-sid01-planted")],
        &[(API_KEY, SESSION)],
        &[(API_KEY, "sk-ant-sid01-planted")],
        &[(USE_OAUTH, "1"), (ACCESS, SESSION)],
        &[
            (USE_OAUTH, "1"),
            (ACCESS, "x"),
            (REFRESH, "sk-ant-ort01-planted"),
        ],
    ] {
        let found = only(variables);
        assert_eq!(found.kind, Kind::Session, "{variables:?}");
        let error = found.given.unwrap_err();
        assert!(error.message.contains(&found.account.label), "{error}");
        let said = format!("{error} {} {:?}", found.about, found.account);
        assert!(!said.contains("planted"), "{said}");
    }
}

#[test]
fn the_three_variables_count_where_the_fourth_says_so() {
    for (word, counts) in [
        ("1", true),
        ("TRUE", true),
        ("yes", true),
        ("0", false),
        ("no", false),
    ] {
        let found = found(&edge(&[(USE_OAUTH, word), (ACCESS, "x")]));
        assert_eq!(found.len(), usize::from(counts), "{word}");
    }
    assert_eq!(names(&[(ACCESS, "x")]), Vec::<String>::new());
    assert_eq!(
        names(&[(USE_OAUTH, "1"), (REFRESH, "x")]),
        Vec::<String>::new()
    );
    let tokens = only(&[(USE_OAUTH, "1"), (ACCESS, "x"), (REFRESH, "y")]);
    assert_eq!(tokens.kind, Kind::Tokens);
    assert!(tokens.given.unwrap_err().cure.contains("keyfob import"));
}

#[test]
fn what_comes_first_is_said() {
    let all = found(&edge(&[
        (API_KEY, KEY),
        (AUTH_TOKEN, "x"),
        (CLAUDE_CODE, SESSION),
    ]));
    assert!(!all[0].about.contains("comes first"), "{}", all[0].about);
    assert!(
        all[1]
            .about
            .contains("Here ANTHROPIC_AUTH_TOKEN is set too"),
        "{}",
        all[1].about
    );
    assert!(all[2].about.contains("comes first"), "{}", all[2].about);
}

#[test]
fn the_end_is_read_however_it_is_written() {
    let state = |ends: &'static str| {
        let found = only(&[(USE_OAUTH, "1"), (ACCESS, "x"), (EXPIRES, ends)]);
        let around = Surroundings {
            provider_name: "",
            storage: "",
            is_default: false,
        };
        let now = Timestamp::from_second(1_796_119_200).unwrap();
        (Status::of(&found.account, around, now).state, found.about)
    };
    for ends in ["1796122800", "1796122800000", "2026-12-01T11:00:00Z"] {
        assert!(
            matches!(
                state(ends).0,
                State::Fresh {
                    renewable: false,
                    ..
                }
            ),
            "{ends}"
        );
    }
    assert!(matches!(state("1796119200").0, State::Ended { .. }));
    let (state, about) = state("tomorrow");
    assert!(matches!(state, State::Unverified { .. }));
    assert!(about.contains("CLAUDE_EXPIRES_AT"), "{about}");
}

#[test]
fn a_variable_is_the_same_account_every_time() {
    assert_eq!(
        only(&[(API_KEY, KEY)]).account.id,
        only(&[(API_KEY, "sk-ant-x")]).account.id
    );
    assert_ne!(
        only(&[(API_KEY, KEY)]).account.id,
        only(&[(AUTH_TOKEN, "x")]).account.id
    );
}
