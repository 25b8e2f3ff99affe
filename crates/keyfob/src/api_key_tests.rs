use std::time::Duration;

use reqwest::StatusCode;

use super::*;

const KEY: &str = "sk-ant-api03-abc_DEF-123";

fn parsed(text: &str) -> Result<Secret> {
    parse(&Secret::new(text))
}

#[test]
fn a_key_is_found_in_what_people_paste() {
    for pasted in [
        KEY.to_owned(),
        format!("  {KEY}\r\n"),
        format!("\"{KEY}\""),
        format!("' {KEY} '"),
        format!("`{KEY}`\n"),
        format!("ANTHROPIC_API_KEY={KEY}"),
        format!("ANTHROPIC_API_KEY = \"{KEY}\"\n"),
        format!("export ANTHROPIC_API_KEY='{KEY}'"),
        format!("  export  ANTHROPIC_API_KEY={KEY}"),
    ] {
        assert_eq!(parsed(&pasted), Ok(Secret::new(KEY)), "{pasted:?}");
    }
}

#[test]
fn nothing_is_refused_by_its_length_or_by_what_stands_behind_sk_ant() {
    let long = format!("sk-ant-{}", "x".repeat(4_000));
    for key in [
        "sk-ant-x",
        "sk-ant-api99-x",
        "sk-ant-new.kind~of+key=",
        &long,
    ] {
        assert_eq!(parsed(key), Ok(Secret::new(key)));
    }
}

#[test]
fn what_is_something_else_is_refused_with_the_reason() {
    for (pasted, reason) in [
        ("", "Nothing was pasted."),
        (" \n", "Nothing was pasted."),
        ("\"\"", "Nothing was pasted."),
        ("ANTHROPIC_API_KEY=", "Nothing was pasted."),
        ("sk-ant-admin01-x", "admin key"),
        ("sk-ant-oat01-x", "access token"),
        ("sk-ant-ort01-x", "refresh token"),
        ("sk-ant-sid01-x", "session cookie"),
        ("sk-ant-sid02-x y", "session cookie"),
        ("ANTHROPIC_API_KEY=sk-ant-admin01-x", "admin key"),
        ("sk-proj-x", "begin with sk-ant-"),
        ("OPENAI_API_KEY=sk-ant-api03-x", "begin with sk-ant-"),
        ("hello", "begin with sk-ant-"),
        ("sk-ant-api03-a b", "spaces or line breaks"),
        ("sk-ant-api03-a\nb", "spaces or line breaks"),
        ("sk-ant-api03-a\r\nx-evil: b", "spaces or line breaks"),
        ("sk-ant-api03-a\u{0}", "spaces or line breaks"),
        ("sk-ant-api03-ä", "spaces or line breaks"),
    ] {
        let error = parsed(pasted).unwrap_err();
        assert_eq!(error.code, Code::NotAccepted, "{pasted:?}");
        assert!(error.message.contains(reason), "{pasted:?} {error}");
        assert!(!error.to_string().contains("01-x"), "{error}");
    }
}

#[test]
fn a_workspace_id_is_what_fits_into_its_header() {
    let good = checked_workspace(" wrkspc_01Ab-c \n");
    assert_eq!(good.as_deref(), Ok("wrkspc_01Ab-c"));
    for bad in ["", "default", "wrkspc 1", "wrkspc_1\r\nx: y", "wrkspc_ä"] {
        let error = checked_workspace(bad).unwrap_err();
        assert_eq!(error.code, Code::NotAccepted, "{bad:?}");
    }
}

fn answer(status: u16, body: &str) -> http::Answer {
    http::Answer {
        status: StatusCode::from_u16(status).unwrap(),
        request_id: Some("req_1".to_owned()),
        retry_after: Some(Duration::from_secs(1)),
        body: body.as_bytes().to_vec().into(),
    }
}

/// An answer in the envelope of Claude's API.
fn refusal(status: u16, kind: &str, message: &str) -> http::Answer {
    let error = serde_json::json!({"type": kind, "message": message});
    let body = serde_json::json!({"type": "error", "error": error, "request_id": "req_1"});
    answer(status, &body.to_string())
}

fn judged(answer: &http::Answer) -> KeyAnswer {
    judge(answer, &Secret::new(KEY))
}

#[test]
fn a_list_of_models_shows_that_a_key_works() {
    for body in [
        r#"{"data":[],"has_more":false}"#,
        r#"{"data":[{"id":"m"}]}"#,
    ] {
        assert_eq!(judged(&answer(200, body)), KeyAnswer::Valid);
    }
}

#[test]
fn every_verdict_is_one_of_its_own_with_the_technical_remainder() {
    let workspace =
        "anthropic-workspace-id is required when authenticating with an identity-linked API key";
    for (answer, kind) in [
        (
            refusal(401, "authentication_error", "invalid x-api-key"),
            "refused",
        ),
        (refusal(401, "a_new_type", "expired"), "refused"),
        (
            refusal(400, "invalid_request_error", workspace),
            "needs_workspace",
        ),
        (refusal(402, "billing_error", "no credit"), "billing_needed"),
        (refusal(403, "permission_error", "no"), "not_permitted"),
        (refusal(403, "a_new_type", ""), "not_permitted"),
    ] {
        let judged = judged(&answer);
        let written = serde_json::to_value(&judged).unwrap();
        assert_eq!(written["kind"], kind);
        let detail = judged.detail().unwrap();
        assert!(
            detail.starts_with("HTTP 4") && detail.ends_with("(request req_1)"),
            "{detail}"
        );
        assert!(judged.words().is_some());
    }
}

#[test]
fn what_an_earlier_keyfob_wrote_of_a_key_is_still_read() {
    let written = r#"{"kind":"hindered","reason":"See to billing."}"#;
    let answer: KeyAnswer = serde_json::from_str(written).unwrap();
    assert_eq!(answer.words(), Some("See to billing."));
}

#[test]
fn an_answer_that_teaches_nothing_never_condemns_a_key() {
    for answer in [
        refusal(400, "invalid_request_error", "something else"),
        refusal(404, "not_found_error", "no such path"),
        refusal(429, "rate_limit_error", "slow down"),
        answer(429, ""),
        refusal(500, "api_error", "oops"),
        answer(502, "<html>bad gateway</html>"),
        answer(503, ""),
        refusal(529, "overloaded_error", "busy"),
        refusal(418, "a_new_type", "new"),
        // A captive portal says 200 to everything.
        answer(200, "<html>log in to the hotel's network</html>"),
        answer(200, ""),
        answer(200, r#"{"type":"error","error":"a text"}"#),
        answer(204, ""),
        // A proxy's own pages.
        answer(401, "<html>"),
        answer(402, ""),
        answer(403, "<html>blocked</html>"),
    ] {
        let judged = judged(&answer);
        let unknown = matches!(judged, KeyAnswer::Unknown { .. });
        assert!(unknown, "{} {judged:?}", answer.status);
    }
}

#[test]
fn a_key_that_the_server_repeats_is_not_repeated_by_us() {
    for status in [400, 401, 402, 403, 404, 429, 500] {
        for answer in [
            refusal(status, "x", &format!("bad key {KEY} in header")),
            refusal(status, KEY, "bad"),
            refusal(status, "x", "sk-ant-api03-another one"),
        ] {
            let said = format!("{:?}", judged(&answer));
            assert!(
                !said.contains("sk-ant-") && !said.contains("abc_DEF"),
                "{said}"
            );
        }
    }
    let odd = Secret::new("sk-ant-odd.key+with/more=");
    let answer = refusal(500, "x", "bad key sk-ant-odd.key+with/more= in header");
    assert!(!format!("{:?}", judge(&answer, &odd)).contains("more="));
}
