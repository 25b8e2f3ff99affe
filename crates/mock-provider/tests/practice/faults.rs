use std::time::{Duration, Instant};

use reqwest::Response;
use serde_json::{Value, json};

use crate::fixture::{PATIENCE, Practice, Tokens, envelope, refresh_fields, refusal};

/// Signs in, orders a fault for refreshing, and refreshes.
async fn refresh_with(kind: Value) -> (Practice, Tokens, reqwest::Result<Response>) {
    let practice = Practice::open().await;
    let tokens = practice.sign_in().await;
    practice.fault("refresh", kind).await;
    let request = practice
        .post("/v1/oauth/token")
        .json(&refresh_fields(&tokens.refresh));
    let answer = request.timeout(PATIENCE).send().await;
    (practice, tokens, answer)
}

/// The same with a fault that never answers. The client goes once this has been counted.
async fn left_by_client(kind: Value, counted: &str) -> (Practice, Tokens) {
    let practice = Practice::open().await;
    let tokens = practice.sign_in().await;
    practice.fault("refresh", kind).await;
    tokio::select! {
        answer = practice.refresh(&tokens.refresh) => panic!("{answer:?}"),
        () = practice.wait_for(counted, 1) => {}
    }
    (practice, tokens)
}

#[tokio::test]
async fn a_status_comes_with_retry_after_and_spends_nothing() {
    let (practice, tokens, answer) = refresh_with(json!({ "status": 503, "retry_after": 7 })).await;
    let answer = answer.unwrap();
    assert_eq!(answer.headers()["retry-after"], "7");
    assert_eq!(refusal(answer).await, (503, "api_error".into()));
    Tokens::of(practice.refresh(&tokens.refresh).await).await;
}

#[tokio::test]
async fn an_error_has_the_form_that_was_ordered() {
    let object = json!({ "status": 429, "error": "object" });
    let answer = refresh_with(object).await.2.unwrap();
    assert_eq!(envelope(answer).await, (429, "Ordered fault".into()));

    let object = json!({ "status": 400, "error": "object", "code": "invalid_grant" });
    let body: Value = refresh_with(object).await.2.unwrap().json().await.unwrap();
    assert_eq!(body["error"]["type"], "invalid_grant");

    let string = json!({ "status": 400, "error": "string", "code": "invalid_grant" });
    let answer = refresh_with(string).await.2.unwrap();
    assert_eq!(refusal(answer).await, (400, "invalid_grant".into()));

    let html = json!({ "status": 502, "error": "html" });
    let answer = refresh_with(html).await.2.unwrap();
    assert_eq!(answer.status(), 502);
    assert!(answer.text().await.unwrap().contains("<h1>"));

    let none = json!({ "status": 500, "error": "none" });
    let answer = refresh_with(none).await.2.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.content_length()),
        (500, Some(0))
    );
}

#[tokio::test]
async fn errors_repeat_the_secrets_where_that_is_ordered() {
    for kind in [
        json!({ "status": 400, "error": "string", "echo": true }),
        json!({ "status": 429, "error": "object", "echo": true }),
        json!({ "status": 502, "error": "html", "echo": true }),
        json!({ "error_200": "invalid_grant", "echo": true }),
        json!({ "body": { "error": "odd" }, "echo": true }),
    ] {
        let (_, tokens, answer) = refresh_with(kind.clone()).await;
        let text = answer.unwrap().text().await.unwrap();
        assert!(text.contains(&tokens.refresh), "{kind}");
    }
    let practice = Practice::open().await;
    let whole = json!({ "on": "models", "kind": { "status": 500 }, "echo": true });
    practice.control("faults", whole).await;
    let answer = practice
        .models("sk-ant-oat01-secret")
        .await
        .text()
        .await
        .unwrap();
    assert!(answer.contains("sk-ant-oat01-secret"));
}

#[tokio::test]
async fn a_slow_answer_is_right_otherwise() {
    let began = Instant::now();
    let (_, _, answer) = refresh_with(json!({ "slow_ms": 300 })).await;
    Tokens::of(answer.unwrap()).await;
    assert!(began.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn an_answer_is_held_until_the_faults_are_cleared() {
    for (kind, done) in [(json!("hold"), 0), (json!({ "after": "hold" }), 1)] {
        let practice = Practice::open().await;
        let tokens = practice.sign_in().await;
        practice.fault("refresh", kind.clone()).await;
        let clear = async {
            practice.wait_for("in_flight", 1).await;
            practice.wait_for("refreshes_ok", done).await;
            // Another fault that comes and is used up lets nobody go.
            practice.fault("models", json!({ "status": 503 })).await;
            assert_eq!(practice.models(&tokens.access).await.status(), 503);
            let counters = practice.counters().await;
            assert_eq!(counters["in_flight"], 1, "{kind}");
            assert_eq!(counters["refreshes_ok"], done, "{kind}");
            practice.clear_faults().await;
        };
        let (answer, ()) = tokio::join!(practice.refresh(&tokens.refresh), clear);
        let renewed = Tokens::of(answer).await;
        assert_eq!(practice.models(&renewed.access).await.status(), 200);
        // The order was for one request.
        Tokens::of(practice.refresh(&renewed.refresh).await).await;
    }
}

#[tokio::test]
async fn what_is_held_is_not_done_where_the_client_goes() {
    let (practice, tokens) = left_by_client(json!("hold"), "in_flight").await;
    practice.wait_for("in_flight", 0).await;
    practice.clear_faults().await;
    Tokens::of(practice.refresh(&tokens.refresh).await).await;
    let counters = practice.counters().await;
    assert_eq!(counters["refreshes_ok"], 1);
    assert_eq!(counters["refresh_reuse"], 0);
}

#[tokio::test]
async fn an_answer_is_cut_off_in_the_middle() {
    let (_, _, answer) = refresh_with(json!("cut_off")).await;
    let mut answer = answer.unwrap();
    let promised = answer.content_length().unwrap();
    let first = answer.chunk().await.unwrap().unwrap();
    assert!((1..promised).contains(&(first.len() as u64)));
    assert!(answer.chunk().await.is_err());
}

#[tokio::test]
async fn answers_that_are_no_token() {
    let answer = refresh_with(json!("not_json")).await.2.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.json::<Value>().await.is_err());

    let answer = refresh_with(json!("huge")).await.2.unwrap();
    assert!(answer.bytes().await.unwrap().len() > 2 << 20);

    let answer = refresh_with(json!({ "error_200": "invalid_grant" }))
        .await
        .2
        .unwrap();
    assert_eq!(refusal(answer).await, (200, "invalid_grant".into()));

    let odd = json!({ "access_token": "", "token_type": "mac", "scope": ["a"] });
    let answer = refresh_with(json!({ "body": odd })).await.2.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap(), odd);
}

#[tokio::test]
async fn a_redirect_leads_to_another_origin_that_counts() {
    let (practice, _, answer) = refresh_with(json!("redirect")).await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 302);
    let location = answer.headers()["location"].to_str().unwrap();
    assert!(location.starts_with("http://localhost:") && location.ends_with("/elsewhere"));
    assert_eq!(practice.counters().await["paths"].get("/elsewhere"), None);
}

#[tokio::test]
async fn no_answer_at_all() {
    let (practice, tokens, answer) = refresh_with(json!("drop")).await;
    let error = answer.unwrap_err();
    assert!(!error.is_timeout() && !error.is_connect(), "{error:?}");
    Tokens::of(practice.refresh(&tokens.refresh).await).await;

    let (practice, tokens) = left_by_client(json!("hang"), "in_flight").await;
    // The request under way ends with its client.
    practice.wait_for("in_flight", 0).await;
    Tokens::of(practice.refresh(&tokens.refresh).await).await;
}

#[tokio::test]
async fn an_answer_can_be_lost_after_the_token_was_spent() {
    let (practice, tokens, answer) = refresh_with(json!({ "after": "drop" })).await;
    assert!(answer.is_err());
    let hung = left_by_client(json!({ "after": "hang" }), "refreshes_ok").await;
    for (practice, tokens) in [(practice, tokens), hung] {
        assert_eq!(practice.counters().await["refreshes_ok"], 1);
        assert_eq!(practice.refresh(&tokens.refresh).await.status(), 400);
        assert_eq!(practice.counters().await["refresh_reuse"], 1);
    }
}

#[tokio::test]
async fn an_answer_can_be_spoiled_after_the_token_was_spent() {
    for kind in [
        json!("cut_off"),
        json!("not_json"),
        json!({ "status": 500 }),
    ] {
        let (practice, _, answer) = refresh_with(json!({ "after": kind })).await;
        assert!(answer.unwrap().json::<Tokenish>().await.is_err(), "{kind}");
        assert_eq!(practice.counters().await["refreshes_ok"], 1);
    }
    let slow = json!({ "after": { "slow_ms": 50 } });
    Tokens::of(refresh_with(slow).await.2.unwrap()).await;
}

/// What no spoiled answer can be read as.
#[derive(serde::Deserialize)]
struct Tokenish {
    #[serde(rename = "access_token")]
    _access_token: String,
}

#[tokio::test]
async fn a_fault_strikes_where_and_as_often_as_ordered() {
    let practice = Practice::open().await;
    for (on, path) in [
        ("metadata", "/.well-known/oauth-authorization-server"),
        ("models", "/v1/models"),
        ("authorize", "/oauth/authorize"),
    ] {
        let twice = json!({ "on": on, "kind": { "status": 418 }, "times": 2 });
        practice.control("faults", twice).await;
        for struck in [true, true, false] {
            let status = practice.get(path).send().await.unwrap().status();
            assert_eq!(status == 418, struck, "{on}");
        }
    }
    practice.fault("revoke", json!({ "status": 503 })).await;
    let request = practice.post("/v1/oauth/revoke").form(&[("token", "a")]);
    assert_eq!(request.send().await.unwrap().status(), 503);
}

#[tokio::test]
async fn token_means_exchange_and_refresh_until_cleared() {
    let practice = Practice::open().await;
    let forever = json!({ "on": "token", "kind": { "status": 503 }, "times": null });
    practice.control("faults", forever).await;
    let exchange = practice.exchange_fields(&practice.code().await);
    for _ in 0..3 {
        assert_eq!(practice.token(&exchange).await.status(), 503);
        assert_eq!(practice.refresh("a").await.status(), 503);
    }
    let listed = practice.get("/control/faults").send().await.unwrap();
    let listed: Value = listed.json().await.unwrap();
    assert_eq!(listed[0]["on"], "token");
    assert_eq!(listed[0]["kind"]["status"], 503);
    practice.clear_faults().await;
    Tokens::of(practice.token(&exchange).await).await;
}

#[tokio::test]
async fn an_order_that_makes_no_sense_is_refused() {
    let practice = Practice::open().await;
    for order in [
        json!({ "on": "token", "kind": "explode" }),
        json!({ "on": "nowhere", "kind": "drop" }),
        json!({ "on": "token", "kind": { "status": 503, "sttaus": 1 } }),
    ] {
        let request = practice.post("/control/faults").json(&order);
        assert_eq!(request.send().await.unwrap().status(), 422, "{order}");
    }
}
