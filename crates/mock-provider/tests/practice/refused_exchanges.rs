use serde_json::{Value, json};

use crate::fixture::{Practice, Tokens, VERIFIER, redirected, refresh_fields, refusal};

#[tokio::test]
async fn each_wrong_field_has_its_error_and_the_code_survives() {
    let practice = Practice::open().await;
    let code = practice.code().await;
    let right = practice.exchange_fields(&code);
    for (field, value, expected) in [
        ("code", json!("made-up"), (400, "invalid_grant")),
        ("code", Value::Null, (400, "invalid_request")),
        (
            "redirect_uri",
            json!("http://127.0.0.1:50124/callback"),
            (400, "invalid_grant"),
        ),
        ("redirect_uri", Value::Null, (400, "invalid_request")),
        ("client_id", json!("someone-else"), (401, "invalid_client")),
        ("client_id", Value::Null, (400, "invalid_request")),
        (
            "code_verifier",
            json!(VERIFIER.replace('d', "e")),
            (400, "invalid_grant"),
        ),
        (
            "code_verifier",
            json!("too-short"),
            (400, "invalid_request"),
        ),
        (
            "code_verifier",
            json!("!".repeat(43)),
            (400, "invalid_request"),
        ),
        ("state", Value::Null, (400, "oauth_request_parse_error")),
        ("state", json!("another"), (400, "invalid_grant")),
        (
            "grant_type",
            json!("password"),
            (400, "unsupported_grant_type"),
        ),
        ("grant_type", Value::Null, (400, "invalid_request")),
    ] {
        let mut fields = right.clone();
        fields[field] = value;
        let (status, error) = refusal(practice.token(&fields).await).await;
        assert_eq!((status, error.as_str()), expected, "{field}");
    }
    Tokens::of(practice.token(&right).await).await;
}

#[tokio::test]
async fn a_code_used_twice_revokes_what_came_of_it() {
    let practice = Practice::open().await;
    let fields = practice.exchange_fields(&practice.code().await);
    let tokens = Tokens::of(practice.token(&fields).await).await;
    assert_eq!(
        refusal(practice.token(&fields).await).await,
        (400, "invalid_grant".into())
    );
    assert_eq!(practice.models(&tokens.access).await.status(), 403);
    assert_eq!(practice.refresh(&tokens.refresh).await.status(), 400);
    assert_eq!(practice.counters().await["families_revoked"], 1);
}

#[tokio::test]
async fn a_code_lives_five_minutes() {
    let practice = Practice::open().await;
    let (early, late) = (practice.code().await, practice.code().await);
    practice.wait(299);
    Tokens::of(practice.token(&practice.exchange_fields(&early)).await).await;
    practice.wait(1);
    assert_eq!(
        practice
            .token(&practice.exchange_fields(&late))
            .await
            .status(),
        400
    );
}

#[tokio::test]
async fn only_json_and_forms_are_read() {
    let practice = Practice::open().await;
    for (media_type, body) in [
        ("text/plain", "grant_type=refresh_token"),
        ("", "grant_type=refresh_token"),
        ("application/json", "{\"grant_type\":"),
        ("application/json", "[]"),
        ("application/x-www-form-urlencoded", "state=1&state=2"),
    ] {
        let request = practice
            .post("/v1/oauth/token")
            .header("content-type", media_type);
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{media_type} {body}");
    }
}

#[tokio::test]
async fn a_refresh_by_another_client_is_refused() {
    let practice = Practice::open().await;
    let tokens = practice.sign_in().await;
    let mut fields = refresh_fields(&tokens.refresh);
    fields["client_id"] = json!("someone-else");
    assert_eq!(
        refusal(practice.token(&fields).await).await,
        (401, "invalid_client".into())
    );
    Tokens::of(practice.refresh(&tokens.refresh).await).await;
}

#[tokio::test]
async fn declining_gives_no_code() {
    let practice = Practice::open().await;
    practice
        .control("auto", json!({ "decision": "decline" }))
        .await;
    let query = redirected(&practice.authorize(&[]).await);
    assert_eq!(query["error"], "access_denied");
    assert!(!query.contains_key("code"));
}
