use proptest::prelude::*;
use serde_json::json;

use super::*;

fn whole() -> Value {
    json!({
        "device_code": "dev-code-1",
        "user_code": "WDJB-MJHT",
        "verification_uri": "https://login.example/device",
        "verification_uri_complete": "https://login.example/device?user_code=WDJB-MJHT",
        "expires_in": 1800,
        "interval": 7,
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut body = whole();
    body[name] = value;
    body
}

fn answer(body: &Value) -> Result<DeviceAnswer, &'static str> {
    read(body.to_string().as_bytes())
}

fn refused(error: &str) -> TokenError {
    TokenError::Refused {
        error: error.to_owned(),
        detail: String::new(),
        request_id: None,
    }
}

fn busy(error: Option<&str>, retry_after: u64) -> TokenError {
    TokenError::Busy {
        error: error.map(str::to_owned),
        detail: String::new(),
        request_id: None,
        retry_after: Some(Duration::from_secs(retry_after)),
        untouched: true,
    }
}

fn seconds(not_yet: NotYet) -> u64 {
    match not_yet {
        NotYet::In(wait) => wait.as_secs(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_example_of_the_rfc_is_read() {
    let answer = answer(&whole()).unwrap();
    assert_eq!(answer.device_code.expose(), "dev-code-1");
    assert_eq!(answer.prompt.user_code, "WDJB-MJHT");
    assert_eq!(answer.prompt.verification_url.path(), "/device");
    assert!(answer.prompt.complete_url.is_some());
    assert_eq!(answer.lifetime.as_secs(), 1800);
    assert_eq!(answer.pace.wait().as_secs(), 7);
}

#[test]
fn what_is_left_out_has_a_sensible_meaning() {
    let mut body = whole();
    for name in ["interval", "expires_in", "verification_uri_complete"] {
        body.as_object_mut().unwrap().remove(name);
    }
    let read = answer(&body).unwrap();
    assert_eq!(read.pace.wait(), USUAL_INTERVAL);
    assert_eq!(read.lifetime.as_secs(), 600);
    assert_eq!(read.prompt.complete_url, None);
    let mut google = whole();
    google["verification_url"] = google["verification_uri"].take();
    assert!(answer(&google).is_ok());
}

#[test]
fn what_could_not_be_shown_or_used_is_refused() {
    for body in [
        with("device_code", json!("")),
        with("device_code", json!(7)),
        with("user_code", json!("")),
        with("user_code", json!("x".repeat(60))),
        with("verification_uri", json!("http://login.example/device")),
        with("verification_uri", json!("javascript:alert(1)")),
        with("verification_uri", json!("https://u:p@login.example")),
        json!([]),
    ] {
        assert!(answer(&body).is_err(), "{body}");
    }
}

#[test]
fn a_complete_address_on_another_server_is_not_shown() {
    let body = with(
        "verification_uri_complete",
        json!("https://evil.example/device?user_code=WDJB-MJHT"),
    );
    assert_eq!(answer(&body).unwrap().prompt.complete_url, None);
}

#[test]
fn odd_numbers_stay_within_reason() {
    for (interval, waits) in [(0, 1), (-5, 5), (600, 600), (i64::MAX, 86_400)] {
        let answer = answer(&with("interval", json!(interval))).unwrap();
        assert_eq!(answer.pace.wait().as_secs(), waits, "{interval}");
    }
    for (life, lives) in [(0, 1), (-5, 1), (i64::MAX, 86_400)] {
        let answer = answer(&with("expires_in", json!(life))).unwrap();
        assert_eq!(answer.lifetime.as_secs(), lives, "{life}");
    }
}

#[test]
fn slow_down_lasts_and_being_unreachable_does_not() {
    let mut pace = Pace::new(Duration::from_secs(5));
    assert_eq!(seconds(pace.after(refused("authorization_pending"))), 5);
    assert_eq!(seconds(pace.after(refused("slow_down"))), 10);
    assert_eq!(seconds(pace.after(refused("authorization_pending"))), 10);
    let unreachable = || TokenError::Unreachable("refused".to_owned());
    assert_eq!(seconds(pace.after(unreachable())), 20);
    assert_eq!(seconds(pace.after(unreachable())), 40);
    assert_eq!(seconds(pace.after(refused("authorization_pending"))), 10);
    assert_eq!(seconds(pace.after(busy(None, 60))), 60);
    for _ in 0..9 {
        assert!(seconds(pace.after(unreachable())) <= 120);
    }
}

#[test]
fn what_the_server_says_is_kept_to_however_long_it_is() {
    let unreachable = || TokenError::Unreachable("refused".to_owned());
    let mut pace = Pace::new(Duration::from_secs(300));
    assert_eq!(seconds(pace.after(refused("authorization_pending"))), 300);
    assert_eq!(seconds(pace.after(refused("slow_down"))), 305);
    assert_eq!(seconds(pace.after(unreachable())), 305);
    assert_eq!(seconds(pace.after(busy(None, 900))), 900);
    assert_eq!(seconds(pace.after(refused("authorization_pending"))), 305);
    for more in 1..=30 {
        assert_eq!(seconds(pace.after(refused("slow_down"))), 305 + 5 * more);
    }
    assert_eq!(seconds(pace.after(busy(None, u64::MAX))), 86_400);
}

#[test]
fn slow_down_is_heard_with_http_429_too() {
    let mut pace = Pace::new(USUAL_INTERVAL);
    assert_eq!(seconds(pace.after(busy(Some("slow_down"), 0))), 10);
    assert_eq!(seconds(pace.after(busy(Some("slow_down"), 40))), 40);
    assert_eq!(seconds(pace.after(refused("authorization_pending"))), 15);
    let answer = crate::http::Answer {
        status: reqwest::StatusCode::TOO_MANY_REQUESTS,
        body: br#"{"error":"slow_down"}"#.to_vec().into(),
        request_id: None,
        retry_after: None,
    };
    let said = token_answer::read_error(&answer.body).unwrap();
    assert_eq!(seconds(pace.after(refusal(&answer, &said, &[]))), 20);
}

#[test]
fn a_last_word_is_taken_as_one() {
    let mut pace = Pace::new(USUAL_INTERVAL);
    assert!(matches!(
        pace.after(refused("access_denied")),
        NotYet::Declined
    ));
    assert!(matches!(
        pace.after(refused("expired_token")),
        NotYet::Expired
    ));
    assert!(matches!(
        pace.after(refused("invalid_grant")),
        NotYet::Over(_)
    ));
}

proptest! {
    #[test]
    fn no_answer_makes_the_reader_panic(body: Vec<u8>) {
        let _ = read(&body);
    }

    #[test]
    fn no_json_makes_the_reader_panic(
        code in ".{0,50}", uri in ".{0,40}", interval: i64, life in ".{0,12}",
    ) {
        let _ = answer(&json!({
            "device_code": code, "user_code": code, "verification_uri": uri,
            "interval": interval, "expires_in": life,
        }));
    }
}
