use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mock_provider::{Decision, Options};
use serde_json::{Value, json};

use crate::fixture::{Practice, Tokens, refusal};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn open(auto: Option<Decision>) -> Practice {
    Practice::with(Options {
        auto,
        device_interval: Duration::from_secs(2),
        device_ttl: Duration::from_secs(60),
        ..Options::default()
    })
    .await
}

async fn begin(practice: &Practice) -> Value {
    let fields = [
        ("client_id", "practice-client"),
        ("scope", "openid user:profile"),
        ("resource", "https://a.example"),
        ("resource", "https://b.example"),
        ("audience", "gateway"),
    ];
    let request = practice.post("/v1/oauth/device_authorization");
    let answer = request.form(&fields).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

async fn poll(practice: &Practice, device_code: &Value) -> reqwest::Response {
    practice.wait(2);
    ask(practice, device_code).await
}

async fn ask(practice: &Practice, device_code: &Value) -> reqwest::Response {
    let fields = json!({
        "grant_type": GRANT, "device_code": device_code, "client_id": "practice-client",
    });
    practice.token(&fields).await
}

async fn decide(practice: &Practice, code: &Value, decision: &str) -> u16 {
    let fields = [("request", code.as_str().unwrap()), ("decision", decision)];
    let request = practice.post("/oauth/device/decision").form(&fields);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_device_waits_until_the_person_has_agreed() {
    let practice = open(None).await;
    let begun = begin(&practice).await;
    assert_eq!(
        (&begun["interval"], &begun["expires_in"]),
        (&json!(2), &json!(60))
    );
    let (device, code) = (&begun["device_code"], begun["user_code"].as_str().unwrap());
    assert_eq!(
        refusal(poll(&practice, device).await).await.1,
        "authorization_pending"
    );
    // Typed as people do: small, and without the dash.
    let typed = code.to_lowercase().replace('-', " ");
    let request = practice.post("/oauth/device").form(&[("user_code", typed)]);
    let page = request.send().await.unwrap().text().await.unwrap();
    assert!(page.contains("openid") && page.contains(code), "{page}");
    assert_eq!(decide(&practice, &begun["user_code"], "agree").await, 200);
    let tokens = Tokens::of(poll(&practice, device).await).await;
    let id_token = tokens.all["id_token"].as_str().unwrap();
    let claims = URL_SAFE_NO_PAD.decode(id_token.split('.').nth(1).unwrap());
    let claims: Value = serde_json::from_slice(&claims.unwrap()).unwrap();
    assert_eq!(claims["email"], "ada@example.com");
    assert_eq!(claims["aud"], "practice-client");
    assert_eq!(practice.refresh(&tokens.refresh).await.status(), 200);
    // Once.
    assert_eq!(
        refusal(poll(&practice, device).await).await.1,
        "invalid_grant"
    );
    let aims: Value = practice
        .get("/control/aims")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let wanted =
        json!({ "resource": ["https://a.example", "https://b.example"], "audience": "gateway" });
    assert_eq!(aims["device"], wanted);
}

#[tokio::test]
async fn whoever_asks_too_often_is_slowed_down_and_has_to_obey() {
    let practice = open(None).await;
    let begun = begin(&practice).await;
    let device = &begun["device_code"];
    assert_eq!(
        refusal(ask(&practice, device).await).await.1,
        "authorization_pending"
    );
    assert_eq!(refusal(ask(&practice, device).await).await.1, "slow_down");
    assert_eq!(refusal(poll(&practice, device).await).await.1, "slow_down");
    practice.wait(30);
    assert_eq!(
        refusal(ask(&practice, device).await).await.1,
        "authorization_pending"
    );
}

#[tokio::test]
async fn a_no_and_a_late_yes_are_told_as_such() {
    let practice = open(None).await;
    let begun = begin(&practice).await;
    assert_eq!(decide(&practice, &begun["user_code"], "decline").await, 200);
    let answer = poll(&practice, &begun["device_code"]).await;
    assert_eq!(refusal(answer).await.1, "access_denied");
    assert_eq!(decide(&practice, &begun["user_code"], "agree").await, 400);

    let begun = begin(&practice).await;
    practice.wait(61);
    assert_eq!(decide(&practice, &begun["user_code"], "agree").await, 400);
    let answer = poll(&practice, &begun["device_code"]).await;
    assert_eq!(refusal(answer).await.1, "expired_token");
}

#[tokio::test]
async fn another_client_and_an_unknown_scope_are_refused() {
    let practice = open(Some(Decision::Agree)).await;
    for (fields, error) in [
        (
            [("client_id", "other"), ("scope", "openid")],
            "invalid_client",
        ),
        (
            [("client_id", "practice-client"), ("scope", "all")],
            "invalid_scope",
        ),
    ] {
        let request = practice
            .post("/v1/oauth/device_authorization")
            .form(&fields);
        assert_eq!(refusal(request.send().await.unwrap()).await.1, error);
    }
    let unknown = poll(&practice, &json!("practice-unknown")).await;
    assert_eq!(refusal(unknown).await.1, "invalid_grant");
}

#[tokio::test]
async fn a_clock_that_was_put_wrong_shows_in_every_answer() {
    let practice = open(None).await;
    let date = async || {
        let answer = practice.get("/v1/models").send().await.unwrap();
        answer.headers()["date"].to_str().unwrap().to_owned()
    };
    practice
        .control("date", json!({ "seconds_ahead": 3600 }))
        .await;
    // The practice clock stands at the 15th of January 2027, 8 o'clock.
    assert_eq!(date().await, "Fri, 15 Jan 2027 09:00:00 GMT");
    practice
        .control("date", json!({ "seconds_ahead": -3600 }))
        .await;
    assert_eq!(date().await, "Fri, 15 Jan 2027 07:00:00 GMT");
    practice
        .control("date", json!({ "seconds_ahead": 0 }))
        .await;
    assert_ne!(date().await, "Fri, 15 Jan 2027 08:00:00 GMT");
}
