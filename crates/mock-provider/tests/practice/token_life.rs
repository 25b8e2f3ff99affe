use serde_json::json;

use crate::fixture::{Practice, Tokens, envelope, refusal};

const DAY: u64 = 24 * 3600;

#[tokio::test]
async fn refresh_tokens_rotate() {
    let practice = Practice::open().await;
    let first = practice.sign_in().await;
    let second = Tokens::of(practice.refresh(&first.refresh).await).await;
    assert_ne!(first.refresh, second.refresh);
    assert_ne!(first.access, second.access);
    assert_eq!(practice.models(&second.access).await.status(), 200);
    Tokens::of(practice.refresh(&second.refresh).await).await;
}

#[tokio::test]
async fn reuse_revokes_the_whole_family_and_no_other() {
    let practice = Practice::open().await;
    let (first, bystander) = (practice.sign_in().await, practice.sign_in().await);
    let second = Tokens::of(practice.refresh(&first.refresh).await).await;
    let reused = practice.refresh(&first.refresh).await;
    assert_eq!(refusal(reused).await, (400, "invalid_grant".into()));
    assert_eq!(practice.refresh(&second.refresh).await.status(), 400);
    let answer = envelope(practice.models(&second.access).await).await;
    assert_eq!(answer, (403, "OAuth token has been revoked".into()));
    assert_eq!(practice.models(&bystander.access).await.status(), 200);
    let counters = practice.counters().await;
    assert_eq!(counters["refresh_reuse"], 1);
    assert_eq!(counters["families_revoked"], 1);
    assert_eq!(
        (&counters["refreshes"], &counters["refreshes_ok"]),
        (&json!(3), &json!(1))
    );
}

#[tokio::test]
async fn an_access_token_expires_to_the_second() {
    let practice = Practice::open().await;
    let tokens = practice.sign_in().await;
    practice.wait(8 * 3600 - 1);
    assert_eq!(practice.models(&tokens.access).await.status(), 200);
    practice.wait(1);
    let answer = envelope(practice.models(&tokens.access).await).await;
    assert_eq!(answer, (401, "OAuth token has expired".into()));
}

#[tokio::test]
async fn a_sign_in_does_not_slide() {
    let practice = Practice::open().await;
    let first = practice.sign_in().await;
    practice.wait(27 * DAY);
    let second = Tokens::of(practice.refresh(&first.refresh).await).await;
    assert_eq!(second.all["refresh_token_expires_in"], DAY);
    practice.wait(DAY);
    assert_eq!(practice.refresh(&second.refresh).await.status(), 400);
}

#[tokio::test]
async fn what_was_issued_can_be_aged() {
    let practice = Practice::open().await;
    let tokens = practice.sign_in().await;
    practice.control("expire", json!({ "access": true })).await;
    assert_eq!(practice.models(&tokens.access).await.status(), 401);
    let tokens = Tokens::of(practice.refresh(&tokens.refresh).await).await;
    practice.control("expire", json!({ "refresh": true })).await;
    assert_eq!(practice.models(&tokens.access).await.status(), 200);
    assert_eq!(practice.refresh(&tokens.refresh).await.status(), 400);
}

#[tokio::test]
async fn the_access_life_can_be_set_also_below_zero() {
    let practice = Practice::open().await;
    for (seconds, status) in [
        (60, 200),
        (0, 401),
        (-5, 401),
        (i64::MAX, 200),
        (i64::MIN, 401),
    ] {
        practice
            .control("access_ttl", json!({ "seconds": seconds }))
            .await;
        let tokens = practice.sign_in().await;
        assert_eq!(
            practice.models(&tokens.access).await.status(),
            status,
            "{seconds}"
        );
    }
}

#[tokio::test]
async fn either_token_revokes_the_sign_in() {
    let practice = Practice::open().await;
    for by_access in [true, false] {
        let tokens = practice.sign_in().await;
        let token = if by_access {
            &tokens.access
        } else {
            &tokens.refresh
        };
        let request = practice.post("/v1/oauth/revoke").form(&[("token", token)]);
        assert_eq!(request.send().await.unwrap().status(), 200);
        assert_eq!(practice.models(&tokens.access).await.status(), 403);
        assert_eq!(practice.refresh(&tokens.refresh).await.status(), 400);
    }
    assert_eq!(practice.counters().await["revocations"], 2);
}

#[tokio::test]
async fn revoking_an_unknown_token_succeeds_and_no_token_does_not() {
    let practice = Practice::open().await;
    let unknown = practice
        .post("/v1/oauth/revoke")
        .json(&json!({ "token": "made-up" }));
    assert_eq!(unknown.send().await.unwrap().status(), 200);
    let none = practice.post("/v1/oauth/revoke").json(&json!({}));
    assert_eq!(
        refusal(none.send().await.unwrap()).await,
        (400, "invalid_request".into())
    );
}

#[tokio::test]
async fn everything_can_be_revoked_at_once() {
    let practice = Practice::open().await;
    let tokens = [practice.sign_in().await, practice.sign_in().await];
    practice.control("revoke", json!(null)).await;
    for tokens in &tokens {
        assert_eq!(practice.models(&tokens.access).await.status(), 403);
    }
    assert_eq!(practice.counters().await["families_revoked"], 2);
}
