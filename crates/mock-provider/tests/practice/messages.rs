use serde_json::{Value, json};

use crate::fixture::{Practice, envelope};

const KEY: &str = "sk-ant-api03-abc";

fn request(stream: bool) -> Value {
    json!({
        "model": "claude-practice-1",
        "max_tokens": 8,
        "stream": stream,
        "messages": [{ "role": "user", "content": "Hello" }],
    })
}

async fn ask(practice: &Practice, headers: &[(&str, &str)], body: &Value) -> reqwest::Response {
    let mut asked = practice.post("/v1/messages").json(body);
    asked = asked.header("anthropic-version", "2023-06-01");
    for (name, value) in headers {
        asked = asked.header(*name, *value);
    }
    asked.send().await.unwrap()
}

#[tokio::test]
async fn a_message_is_answered_whole_and_as_a_stream() {
    let practice = Practice::open().await;
    let whole = ask(&practice, &[("x-api-key", KEY)], &request(false)).await;
    let whole: Value = whole.json().await.unwrap();
    assert_eq!(whole["content"][0]["text"], "This is practice.");
    let stream = ask(&practice, &[("x-api-key", KEY)], &request(true)).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let text = stream.text().await.unwrap();
    assert!(text.starts_with("event: message_start\ndata: {"), "{text}");
    assert!(text.contains("This is practice."), "{text}");
    assert!(text.ends_with("\n\n"), "{text}");
    assert_eq!(practice.counters().await["messages"], 2);
}

#[tokio::test]
async fn both_headers_are_taken_where_they_carry_the_same() {
    let practice = Practice::open().await;
    let access = practice.sign_in().await.access;
    for secret in [KEY, &access] {
        let bearer = format!("Bearer {secret}");
        let same = [("x-api-key", secret), ("authorization", bearer.as_str())];
        assert_eq!(ask(&practice, &same, &request(false)).await.status(), 200);
    }
    let bearer = format!("Bearer {access}");
    let differ = [("x-api-key", KEY), ("authorization", bearer.as_str())];
    let refused = ask(&practice, &differ, &request(false)).await;
    assert_eq!(refused.status(), 400);
}

#[tokio::test]
async fn a_token_alone_needs_the_beta_and_has_to_live() {
    let practice = Practice::open().await;
    let bearer = format!("Bearer {}", practice.sign_in().await.access);
    let token = ("authorization", bearer.as_str());
    let beta = ("anthropic-beta", "oauth-2025-04-20");
    let without = ask(&practice, &[token], &request(false)).await;
    assert_eq!(without.status(), 401);
    let with = ask(&practice, &[token, beta], &request(false)).await;
    assert_eq!(with.status(), 200);
    practice.wait(9 * 3600);
    let late = ask(&practice, &[token, beta], &request(false)).await;
    let expected = (401, "OAuth token has expired".to_owned());
    assert_eq!(envelope(late).await, expected);
}

#[tokio::test]
async fn who_asked_is_told_apart_without_being_shown() {
    let practice = Practice::open().await;
    for key in [KEY, "sk-ant-api03-other", KEY, "sk-ant-api03-abc-revoked"] {
        ask(&practice, &[("x-api-key", key)], &request(false)).await;
    }
    let told = practice.get("/control/messages").send().await.unwrap();
    let told = told.text().await.unwrap();
    assert!(!told.contains("sk-ant"), "{told}");
    let told: Vec<Value> = serde_json::from_str(&told).unwrap();
    let sha256: Vec<_> = told.iter().map(|asked| &asked["sha256"][0]).collect();
    assert_eq!(sha256[0], sha256[2]);
    assert_ne!(sha256[0], sha256[1]);
    let statuses: Vec<_> = told.iter().map(|asked| &asked["status"]).collect();
    assert_eq!(statuses, [200, 200, 200, 401]);
    assert_eq!(told[0]["headers"], json!(["x-api-key"]));
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let practice = Practice::open().await;
    for body in [
        json!({}),
        json!({ "model": "m" }),
        json!({ "messages": [] }),
    ] {
        let refused = ask(&practice, &[("x-api-key", KEY)], &body).await;
        assert_eq!(refused.status(), 400, "{body}");
    }
    // Programs send whole files along.
    let mut long = request(false);
    long["system"] = json!("x".repeat(1024 * 1024));
    let answer = ask(&practice, &[("x-api-key", KEY)], &long).await;
    assert_eq!(answer.status(), 200);
}
