use serde_json::Value;

use crate::fixture::{Practice, envelope};

/// Asks with these headers, and tells status and message.
async fn ask(practice: &Practice, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request = practice.get("/v1/models?limit=1");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    if response.status() == 200 {
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["has_more"], false);
        return (200, body["data"][0]["id"].as_str().unwrap().to_owned());
    }
    envelope(response).await
}

const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");

#[tokio::test]
async fn keys_are_judged_by_their_text() {
    let practice = Practice::open().await;
    for (key, status) in [
        ("sk-ant-api03-abc", 200),
        ("sk-ant-some-later-kind", 200),
        ("sk-ant-api03-abc-revoked", 401),
        ("sk-ant-api03-expired-abc", 401),
        ("sk-ant-api03-abc-expired", 401),
        ("sk-ant-api03-abc-billing", 402),
        ("sk-ant-api03-abc-forbidden", 403),
        ("sk-ant-api03-abc-identity", 400),
        ("sk-ant-api03-abc-limited", 429),
        ("sk-ant-api03-abc-broken", 500),
        ("sk-ant-api03-abc-overloaded", 529),
        ("sk-ant-admin01-abc", 401),
        ("sk-ant-ort01-practice-abc", 401),
        ("abc", 401),
    ] {
        let bearer = format!("Bearer {key}");
        for credential in [("x-api-key", key), ("authorization", &bearer)] {
            let answer = ask(&practice, &[VERSION, credential]).await;
            assert_eq!(answer.0, status, "{key} {answer:?}");
        }
    }
}

#[tokio::test]
async fn an_identity_linked_key_wants_a_workspace() {
    let practice = Practice::open().await;
    let key = ("x-api-key", "sk-ant-api03-abc-identity");
    let (status, words) = ask(&practice, &[VERSION, key]).await;
    let wanted =
        "anthropic-workspace-id is required when authenticating with an identity-linked API key";
    assert_eq!((status, words.as_str()), (400, wanted));
    let workspace = ("anthropic-workspace-id", "wrkspc_1");
    assert_eq!(ask(&practice, &[VERSION, key, workspace]).await.0, 200);
}

#[tokio::test]
async fn a_limited_key_is_told_when_to_come_again() {
    let practice = Practice::open().await;
    let request = practice.get("/v1/models").header(VERSION.0, VERSION.1);
    let request = request.header("x-api-key", "sk-ant-api03-abc-limited");
    assert_eq!(request.send().await.unwrap().headers()["retry-after"], "7");
}

#[tokio::test]
async fn the_headers_have_to_be_right() {
    let practice = Practice::open().await;
    let access = format!("Bearer {}", practice.sign_in().await.access);
    let key = ("x-api-key", "sk-ant-api03-abc");
    let token = ("authorization", access.as_str());
    let beta = ("anthropic-beta", "something-else, oauth-2025-04-20");
    assert_eq!(ask(&practice, &[VERSION, token, beta]).await.0, 200);
    assert_eq!(ask(&practice, &[VERSION, token, beta, key]).await.0, 400);
    assert_eq!(ask(&practice, &[VERSION, token]).await.0, 401);
    assert_eq!(ask(&practice, &[token, beta]).await.0, 400);
    assert_eq!(ask(&practice, &[key]).await.0, 400);
    assert_eq!(ask(&practice, &[VERSION]).await.0, 401);
    assert_eq!(
        ask(&practice, &[VERSION, ("authorization", "Basic abc")])
            .await
            .0,
        401
    );
}

#[tokio::test]
async fn a_token_that_was_never_issued_is_invalid() {
    let practice = Practice::open().await;
    let answer = practice.models("sk-ant-oat01-practice-made-up").await;
    assert_eq!(envelope(answer).await, (401, "Invalid bearer token".into()));
}
