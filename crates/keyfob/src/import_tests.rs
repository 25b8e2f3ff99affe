use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_796_119_200;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn read(text: &str) -> Read<Tokens> {
    parse(&Secret::new(text), now())
}

/// What is wrong, and where: line, column, path.
fn wrong(text: &str) -> (String, Option<(usize, usize, Option<String>)>) {
    let problem = read(text).unwrap_err();
    assert_eq!(problem.error.code, Code::NotAccepted);
    let place = problem
        .place
        .map(|place| (place.line, place.column, place.path));
    (problem.error.message, place)
}

#[test]
fn tokens_are_read_as_programs_write_them() {
    let tokens = read(
        "\u{feff}\n{\"access_token\": \"a\", \"refresh_token\": \"r\", \"expires_at\": 1796122800,\n \
         \"token_type\": \"bearer\", \"scope\": \"one two\", \"unknown\": {\"deep\": [1]}}\n",
    )
    .unwrap();
    assert_eq!(tokens.access_token, Secret::new("a"));
    assert_eq!(tokens.refresh_token, Some(Secret::new("r")));
    assert_eq!(
        tokens.expires_at,
        Some(now() + SignedDuration::from_hours(1))
    );
    assert_eq!(
        tokens.scopes,
        Some(vec!["one".to_owned(), "two".to_owned()])
    );
    for end in [
        r#""expires_at": 1796122800000"#,
        r#""expires_at": 1796122800.0"#,
        r#""expires_at": "1796122800""#,
        r#""expires_at": "2026-12-01T11:00:00Z""#,
        r#""expires_at": "2026-12-01T13:00:00+02:00""#,
        r#""expires_in": 3600"#,
        r#""expires_in": "3600""#,
        r#""expires_at": null, "expires_in": 3600"#,
        r#""expires_in": 7, "expires_at": 1796122800"#,
    ] {
        let tokens = read(&format!("{{\"access_token\": \"a\", {end}}}")).unwrap();
        assert_eq!(
            tokens.expires_at,
            Some(now() + SignedDuration::from_hours(1)),
            "{end}"
        );
    }
    let tokens = read(r#"{"access_token":"a","refresh_token":null,"scopes":["x","y z"]}"#).unwrap();
    assert_eq!((tokens.refresh_token, tokens.expires_at), (None, None));
    assert_eq!(tokens.scopes.unwrap(), ["x", "y", "z"]);
}

#[test]
fn the_exact_place_of_what_is_wrong_is_said() {
    let at = |line, column, path: &str| Some((line, column, Some(path.to_owned())));
    let broken = |line, column| Some((line, column, None));
    for (text, part, place) in [
        ("", "Nothing", None),
        (" \n", "Nothing", None),
        ("sk-ant-oat01-planted", "by itself", None),
        ("{", "too early", broken(1, 1)),
        ("{\"access_token\": \"planted", "too early", broken(1, 25)),
        ("{\"access_token\": \"a\",}", "broken", broken(1, 22)),
        ("{\n  access_token: 1}", "broken", broken(2, 3)),
        ("{\"ä\": \"ü\" \"planted\"}", "broken", broken(1, 11)),
        ("{\"access_token\":\"a\"} planted", "broken", broken(1, 22)),
        ("[\"planted\"]", "no object", broken(1, 1)),
        ("\"planted\"", "no object", broken(1, 1)),
        ("{}", "access_token is missing", at(1, 1, "$")),
        (
            " \n {\"refresh_token\": \"planted\"}",
            "missing",
            at(2, 2, "$"),
        ),
        (
            "{\"access_token\": 7}",
            "no text",
            at(1, 18, "$.access_token"),
        ),
        (
            "{\"access_token\": \"\"}",
            "empty",
            at(1, 18, "$.access_token"),
        ),
        (
            "{\"access_token\": \"pla nted\"}",
            "spaces",
            at(1, 18, "$.access_token"),
        ),
        (
            "{\"access_token\": \"sk-ant-ort01-planted\"}",
            "other kind",
            at(1, 18, "$.access_token"),
        ),
        (
            "{\"access_token\": \"sk-ant-sid01-planted\"}",
            "cookie",
            at(1, 18, "$.access_token"),
        ),
        (
            "{\"access_token\": \"a\",\n \"refresh_token\": [\"planted\"]}",
            "no text",
            at(2, 19, "$.refresh_token"),
        ),
        (
            "{\"access_token\": \"a\",\n\n\"expires_at\": \"planted\"}",
            "is no time",
            at(3, 15, "$.expires_at"),
        ),
        (
            "{\"access_token\": \"ä\"}",
            "signs",
            at(1, 18, "$.access_token"),
        ),
        (
            "{\"a\": \"ä\", \"access_token\": 1}",
            "no text",
            at(1, 28, "$.access_token"),
        ),
        (
            "{\"access_token\":\"a\",\"expires_at\":\"2026-12-01T10:00:00\"}",
            "without a zone",
            at(1, 34, "$.expires_at"),
        ),
        (
            "{\"access_token\":\"a\",\"expires_at\":3600}",
            "too far away",
            at(1, 34, "$.expires_at"),
        ),
        (
            "{\"access_token\":\"a\",\"expires_at\":true}",
            "is no time",
            at(1, 34, "$.expires_at"),
        ),
        (
            "{\"access_token\":\"a\",\"expires_in\":-1}",
            "number of seconds",
            at(1, 34, "$.expires_in"),
        ),
        (
            "{\"access_token\":\"a\",\"expires_in\":1e999}",
            "number of seconds",
            at(1, 34, "$.expires_in"),
        ),
        (
            "{\"access_token\":\"a\",\"scope\":7}",
            "neither",
            at(1, 29, "$.scope"),
        ),
        (
            "{\"access_token\":\"a\",\"scopes\":[7]}",
            "neither",
            at(1, 30, "$.scopes"),
        ),
        (
            "{\"access_token\":\"a\",\"token_type\":\"mac\"}",
            "than Bearer",
            at(1, 34, "$.token_type"),
        ),
        (
            "{\"access_token\":\"a\",\"access_token\":\"planted\"}",
            "twice",
            at(1, 36, "$.access_token"),
        ),
        (
            "{\"access_token\":\"a\",\"expires_at\":1796119200}",
            "has ended",
            at(1, 34, "$.expires_at"),
        ),
    ] {
        let (message, found) = wrong(text);
        assert!(message.contains(part), "{text}: {message}");
        assert_eq!(found, place, "{text}: {message}");
    }
}

#[test]
fn what_is_meant_for_another_door_is_shown_there() {
    for (text, door) in [
        (
            r#"{"claudeAiOauth":{"accessToken":"sk-ant-oat01-planted"}}"#,
            "link claude-code",
        ),
        (
            r#"{"accessToken":"sk-ant-oat01-planted","refreshToken":"r","expiresAt":1}"#,
            "link claude-code",
        ),
        (r#"{"mcpOAuth":{}}"#, "link claude-code"),
        (
            r#"{"access_token":"a","scope":"user:profile user:sessions:claude_code"}"#,
            "link claude-code",
        ),
        (
            r#"{"version":"1.0","type":"oauth_token","access_token":"planted"}"#,
            "link anthropic-profile",
        ),
        (r#"{"api_key":"sk-ant-api03-planted"}"#, "keyfob add-key"),
        (
            r#"{"access_token":"sk-ant-api03-planted"}"#,
            "keyfob add-key",
        ),
        ("sk-ant-api03-planted", "keyfob add-key"),
    ] {
        let error = read(text).unwrap_err().error;
        assert!(error.cure.contains(door), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn whatever_is_pasted_is_answered_and_never_repeated(
        before in "[\\s{\\[\",:a-z0-9\u{feff}ä]{0,12}", field in "(access_token|refresh_token|expires_at|expires_in|scopes|claudeAiOauth|type|x)",
        after in "[\\s}\\],:0-9\"]{0,6}", quoted in any::<bool>(),
    ) {
        let value = if quoted { "\"PLANTEDsecret\"" } else { "PLANTEDsecret" };
        for text in [
            format!("{before}{{\"{field}\": {value}{after}"),
            format!("{{\"access_token\": \"PLANTEDsecret\", \"{field}\": {value}}}{after}"),
            format!("{before}PLANTEDsecret{after}"),
        ] {
            if let Err(problem) = read(&text) {
                let said = format!("{problem:?}");
                prop_assert!(!said.contains("PLANTED"), "{said}");
                if let Some(place) = problem.place {
                    let lines = text.trim_start_matches('\u{feff}').split('\n').count();
                    prop_assert!(place.line <= lines, "{text:?} {place:?}");
                }
            }
        }
    }
}
