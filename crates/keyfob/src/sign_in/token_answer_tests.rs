use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A good answer with one more field, or one replaced.
fn with(name: &str, value: Value) -> Value {
    let mut body = json!({"access_token": "at", "token_type": "Bearer", "expires_in": 28_800});
    body[name] = value;
    body
}

fn without(name: &str) -> Value {
    let mut body = with("refresh_token", json!("rt"));
    body.as_object_mut().unwrap().remove(name);
    body
}

fn read(body: &Value) -> Result<TokenAnswer, &'static str> {
    read_tokens(body.to_string().as_bytes())
}

fn error(body: &str) -> Option<(Option<String>, Option<String>)> {
    read_error(body.as_bytes()).map(|e| (e.error, e.description))
}

#[test]
fn a_refusal_is_understood_in_every_form() {
    let said = |error: &str, description: &str| {
        let text = |t: &str| Some(t.to_owned()).filter(|t| !t.is_empty());
        Some((text(error), text(description)))
    };
    for (body, expected) in [
        (r#"{"error":"invalid_grant"}"#, said("invalid_grant", "")),
        (
            r#"{"error":"invalid_grant","error_description":"it was used"}"#,
            said("invalid_grant", "it was used"),
        ),
        (
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}"#,
            said("rate_limit_error", "slow down"),
        ),
        (r#"{"error":{"message":"odd"}}"#, said("", "odd")),
        (r#"{"error":{"type":7}}"#, said("", "")),
        (r#"{"error":["invalid_grant"]}"#, said("", "")),
        (r#"{"error":null}"#, None),
        (r#"{"access_token":"at"}"#, None),
        (r#"["error"]"#, None),
        (r#""error""#, None),
        ("<html>502</html>", None),
        ("", None),
    ] {
        assert_eq!(error(body), expected, "{body}");
    }
}

#[test]
fn a_refusal_is_seen_even_beside_tokens() {
    let body = with("error", json!("temporarily_unavailable"));
    let read = read_error(body.to_string().as_bytes()).unwrap();
    assert_eq!(read.error.as_deref(), Some("temporarily_unavailable"));
}

#[test]
fn a_lifetime_is_read_in_every_form_and_held_in_bounds() {
    for (said, expected) in [
        (json!(28_800), 28_800),
        (json!("28800"), 28_800),
        (json!(" 60 "), 60),
        (json!(59.9), 59),
        (json!(0), 0),
        (json!(-1), 0),
        (json!("-60"), 0),
        (json!(i64::MIN), 0),
        (json!(i64::MAX), LONGEST_LIFETIME),
        (json!(u64::MAX), LONGEST_LIFETIME),
        (json!(1e300), LONGEST_LIFETIME),
        (json!("1e300"), LONGEST_LIFETIME),
        (json!("inf"), UNSAID_LIFETIME),
        (json!("NaN"), UNSAID_LIFETIME),
        (json!("soon"), UNSAID_LIFETIME),
        (json!(""), UNSAID_LIFETIME),
        (json!(null), UNSAID_LIFETIME),
        (json!(true), UNSAID_LIFETIME),
        (json!([60]), UNSAID_LIFETIME),
    ] {
        let lifetime = read(&with("expires_in", said.clone())).unwrap().expires_in;
        assert_eq!(lifetime, expected, "{said}");
    }
}

#[test]
fn an_unsaid_lifetime_is_an_hour() {
    assert_eq!(read(&without("expires_in")).unwrap().expires_in, 3_600);
}

#[test]
fn the_end_of_the_whole_sign_in_is_known_only_where_it_is_said() {
    let read = |body| read(&body).unwrap().refresh_token_expires_in;
    assert_eq!(read(with("x", json!(1))), None);
    assert_eq!(read(with("refresh_token_expires_in", json!("soon"))), None);
    assert_eq!(
        read(with("refresh_token_expires_in", json!("2592000"))),
        Some(2_592_000)
    );
}

#[test]
fn scopes_are_read_in_every_form() {
    for (said, expected) in [
        (json!("a b"), Some(vec!["a", "b"])),
        (json!("  a\n b "), Some(vec!["a", "b"])),
        (json!(["a", "b"]), Some(vec!["a", "b"])),
        (json!(["a", 1, null]), Some(vec!["a"])),
        (json!(""), Some(vec![])),
        (json!(7), None),
        (json!({"a": true}), None),
    ] {
        let expected = expected.map(|list| list.into_iter().map(str::to_owned).collect());
        let scopes = read(&with("scope", said.clone())).unwrap().scopes;
        assert_eq!(scopes, expected, "{said}");
    }
    let scopes = read(&with("scopes", json!(["a"]))).unwrap().scopes;
    assert_eq!(scopes, Some(vec!["a".to_owned()]));
    assert_eq!(read(&without("scope")).unwrap().scopes, None);
}

#[test]
fn a_token_of_another_type_is_refused_and_an_unsaid_type_is_bearer() {
    for good in ["Bearer", "bearer", "BEARER"] {
        assert!(read(&with("token_type", json!(good))).is_ok(), "{good}");
    }
    for bad in [json!("DPoP"), json!("mac"), json!(""), json!(1), json!([])] {
        assert!(read(&with("token_type", bad.clone())).is_err(), "{bad}");
    }
    assert!(read(&without("token_type")).is_ok());
}

#[test]
fn what_cannot_stand_in_a_header_is_no_token() {
    for bad in [
        json!("a b"),
        json!("a\r\nx-api-key: b"),
        json!("a\u{0}"),
        json!("a\u{7f}"),
        json!("schlüssel"),
        json!(7),
        json!({"token": "at"}),
        json!(["at"]),
    ] {
        assert!(read(&with("access_token", bad.clone())).is_err(), "{bad}");
        assert!(read(&with("refresh_token", bad.clone())).is_err(), "{bad}");
    }
}

#[test]
fn an_answer_without_an_access_token_is_no_answer() {
    for bad in [json!(""), json!(null)] {
        assert!(read(&with("access_token", bad.clone())).is_err(), "{bad}");
    }
    assert!(read(&without("access_token")).is_err());
    for bad in ["", "[]", "null", "\"at\"", "access_token=at", "{"] {
        assert!(read_tokens(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn an_empty_refresh_token_is_none() {
    let refresh = |body| read(&body).unwrap().refresh_token;
    assert_eq!(refresh(with("refresh_token", json!(""))), None);
    assert_eq!(refresh(with("refresh_token", json!(null))), None);
    let some = refresh(with("refresh_token", json!("rt")));
    assert_eq!(some, Some(Secret::new("rt")));
}

fn id_token(claims: &Value) -> Value {
    let part = URL_SAFE_NO_PAD.encode(claims.to_string());
    json!(format!("e30.{part}.sig"))
}

#[test]
fn who_signed_in_is_read_from_claudes_own_fields() {
    let mut body = with(
        "account",
        json!({"uuid": "u-1", "email_address": "ada@example.com"}),
    );
    body["organization"] = json!({"uuid": "o-1", "name": "Analytical Engines"});
    body["workspace"] = json!({"id": "wrkspc_1", "name": "Default"});
    body["id_token"] = id_token(&json!({"sub": "other", "email": "other@example.com"}));
    let identity = Identity {
        subject: Some("u-1/o-1/wrkspc_1".to_owned()),
        email: Some("ada@example.com".to_owned()),
        organization: Some("Analytical Engines".to_owned()),
        workspace: Some("Default".to_owned()),
    };
    assert_eq!(read(&body).unwrap().identity, identity);
}

#[test]
fn an_id_token_that_cannot_be_read_says_nothing() {
    for bad in [
        json!(""),
        json!("a"),
        json!("a.b.c"),
        json!("a.!.c"),
        json!(7),
        id_token(&json!([])),
    ] {
        let read = read(&with("id_token", bad.clone())).unwrap();
        assert!(read.claims.is_none(), "{bad}");
    }
    let claims = read(&with("id_token", id_token(&json!({}))))
        .unwrap()
        .claims;
    assert!(claims.is_some());
}

#[test]
fn a_name_that_is_shown_holds_no_key_and_no_control_characters() {
    let account = json!({"email_address": "x sk-ant-ort01-secret_1 \u{1b}[31m y"});
    let email = read(&with("account", account)).unwrap().identity.email;
    assert_eq!(email.as_deref(), Some("x [removed]  [31m y"));
    let organization = json!({"name": "n".repeat(10_000)});
    let answer = read(&with("organization", organization)).unwrap();
    assert!(answer.identity.organization.unwrap().chars().count() <= 201);
}

/// Any JSON value, not too deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[0-9.eE+-]{0,8}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z_]{1,14}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A good answer with some of the fields that we read replaced by anything.
fn any_answer() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "error",
        "error_description",
        "token_type",
        "access_token",
        "refresh_token",
        "expires_in",
        "refresh_token_expires_in",
        "scope",
        "account",
        "organization",
        "id_token",
    ]);
    proptest::collection::vec((name, any_json()), 0..4).prop_map(|fields| {
        let mut body = with("refresh_token", json!("rt"));
        for (name, value) in fields {
            body[name] = value;
        }
        body
    })
}

proptest! {
    #[test]
    fn no_bytes_make_the_readers_panic(body: Vec<u8>) {
        let _ = read_error(&body);
        let _ = read_tokens(&body);
    }

    #[test]
    fn no_json_makes_the_readers_panic(body in any_json()) {
        let _ = read_error(body.to_string().as_bytes());
        let _ = read(&body);
    }

    #[test]
    fn whatever_is_read_can_be_used(body in any_answer()) {
        let _ = read_error(body.to_string().as_bytes());
        if let Ok(answer) = read(&body) {
            let lifetimes = [Some(answer.expires_in), answer.refresh_token_expires_in];
            for seconds in lifetimes.into_iter().flatten() {
                prop_assert!((0..=LONGEST_LIFETIME).contains(&seconds));
            }
            for token in [Some(answer.access_token), answer.refresh_token].into_iter().flatten() {
                let fits = reqwest::header::HeaderValue::from_str(token.expose()).is_ok();
                prop_assert!(fits && !token.expose().is_empty());
            }
        }
    }
}
