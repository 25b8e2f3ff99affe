//! Handing out tokens and renewing them, with every fault that a server has, and nothing lost by any.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use common::World;
use keyfob::{Code, Revoked, State, StoreError};
use serde_json::json;

const EIGHT_HOURS: i64 = 8 * 3_600;

#[tokio::test]
async fn a_fresh_token_is_handed_out_without_asking_the_server() {
    let world = World::new().await;
    world.sign_in().await.unwrap();
    let one = world.token().await.unwrap().secret;
    assert_eq!(one, world.token().await.unwrap().secret);
    assert_eq!(world.count("refreshes").await, 0);
}

#[tokio::test]
async fn an_ended_token_is_renewed_once_however_many_ask() {
    let world = World::new().await;
    world.sign_in().await.unwrap();
    let old = world.token().await.unwrap().secret;
    world.pass(EIGHT_HOURS);
    assert!(matches!(
        world.status().state,
        State::RenewsWhenAsked { .. }
    ));
    let (a, b, c, d) = tokio::join!(world.token(), world.token(), world.token(), world.token());
    let new = a.unwrap().secret;
    assert_ne!(new, old);
    for other in [b, c, d] {
        assert_eq!(other.unwrap().secret, new);
    }
    assert_eq!(world.count("refreshes").await, 1);
    assert!(matches!(world.status().state, State::Fresh { .. }));
}

#[tokio::test]
async fn no_passing_fault_takes_anything_away_and_the_next_try_succeeds() {
    let world = World::new().await;
    world.sign_in().await.unwrap();
    for fault in [
        json!({ "status": 503, "error": "html" }),
        json!({ "status": 429, "error": "object", "retry_after": 7 }),
        json!({ "status": 401, "error": "object" }),
        json!({ "status": 403, "error": "none" }),
        json!("cut_off"),
        json!("not_json"),
        json!("huge"),
        json!("redirect"),
        json!("drop"),
        json!({ "body": { "token_type": "mac", "access_token": "x" } }),
    ] {
        world.pass(EIGHT_HOURS);
        let before = world.refresh_tokens();
        let asked = world.count("refreshes").await;
        world.fault("refresh", fault.clone(), Some(1)).await;
        let error = world.token().await.unwrap_err();
        assert_ne!(error.code, Code::SignInNeeded, "{fault}: {error}");
        assert!(world.refresh_tokens() == before, "{fault}");
        assert!(
            matches!(world.status().state, State::RenewalFailing { .. }),
            "{fault}"
        );
        // The server is left alone for a while, and then asked again.
        assert_eq!(world.token().await.unwrap_err().code, Code::Network);
        assert_eq!(world.count("refreshes").await, asked + 1, "{fault}");
        world.pass(301);
        world
            .token()
            .await
            .unwrap_or_else(|error| panic!("{fault}: {error}"));
        assert!(
            matches!(world.status().state, State::Fresh { .. }),
            "{fault}"
        );
    }
}

#[tokio::test]
async fn the_old_token_serves_while_it_lives() {
    let world = World::new().await;
    world.sign_in().await.unwrap();
    world.pass(EIGHT_HOURS - 100);
    world
        .fault(
            "refresh",
            json!({ "status": 503, "error": "none" }),
            Some(1),
        )
        .await;
    let handed = world.token().await.unwrap();
    assert_eq!(handed.warning.unwrap().code, Code::Network);
    world.pass(6);
    let renewed = world.token().await.unwrap();
    assert!(renewed.warning.is_none());
    assert_ne!(renewed.secret, handed.secret);
}

#[tokio::test]
async fn a_sign_in_that_the_server_ended_is_kept_and_says_so() {
    let world = World::new().await;
    let signed_in = world.sign_in().await.unwrap();
    world.pass(EIGHT_HOURS);
    world.control("revoke", json!({})).await;
    let error = world.token().await.unwrap_err();
    assert_eq!(error.code, Code::SignInNeeded);
    assert!(matches!(world.status().state, State::SignInAgain { .. }));
    assert_eq!(world.store.secrets.lock().unwrap().len(), 1);
    let again = world.sign_in().await.unwrap();
    assert_eq!(again.id, signed_in.id);
    assert!(matches!(again.state, State::Fresh { .. }));
}

#[tokio::test]
async fn a_store_that_cannot_be_written_is_found_out_before_the_refresh_token_is_spent() {
    let world = World::new().await;
    world.sign_in().await.unwrap();
    world.pass(EIGHT_HOURS);
    *world.store.failing.lock().unwrap() = Some(StoreError::Locked);
    assert_eq!(world.token().await.unwrap_err().code, Code::SecretStore);
    *world.store.failing.lock().unwrap() = None;
    assert_eq!(world.count("refreshes").await, 0);
    world.token().await.unwrap();
}

#[tokio::test]
async fn a_store_that_fails_between_the_servers_answer_and_ours_loses_nothing() {
    let world = World::new().await;
    world.sign_in().await.unwrap();
    world.pass(EIGHT_HOURS);
    world.store.takes_one_more();
    let handed = world.token().await.unwrap();
    assert_eq!(handed.warning.unwrap().code, Code::SecretStore);
    world.store.takes_everything();
    assert_eq!(world.token().await.unwrap().secret, handed.secret);
    assert_eq!(world.count("refreshes_ok").await, 1);
    assert_eq!(world.count("refresh_reuse").await, 0);
}

#[tokio::test]
async fn a_clock_that_was_ahead_at_sign_in_does_not_make_a_dead_token_look_fresh() {
    let world = World::new().await;
    world.pass(30 * 86_400);
    world.sign_in().await.unwrap();
    world.pass(-30 * 86_400);
    world.token().await.unwrap();
    assert_eq!(world.count("refreshes").await, 1);
}

#[tokio::test]
async fn an_item_that_another_program_removed_is_said_to_be_gone() {
    let world = World::new().await;
    world.sign_in().await.unwrap();
    world.store.secrets.lock().unwrap().clear();
    let error = world.token().await.unwrap_err();
    assert_eq!(error.code, Code::SignInNeeded);
    assert_eq!(world.keyfob.accounts().unwrap().len(), 1);
}

#[tokio::test]
async fn signing_out_revokes_erases_and_says_which() {
    let world = World::new().await;
    let status = world.sign_in().await.unwrap();
    let report = world.keyfob.sign_out(status.id.as_str()).await.unwrap();
    assert_eq!(report.revoked, Revoked::Yes);
    assert_eq!(world.count("revocations").await, 1);
    assert!(world.store.secrets.lock().unwrap().is_empty());
    assert!(world.keyfob.accounts().unwrap().is_empty());

    let status = world.sign_in().await.unwrap();
    world
        .fault("revoke", json!({ "status": 500, "error": "html" }), Some(1))
        .await;
    let report = world.keyfob.sign_out(status.id.as_str()).await.unwrap();
    assert_eq!(report.revoked, Revoked::Failed);
    assert!(world.store.secrets.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_account_whose_secret_cannot_be_erased_stays_listed() {
    let world = World::new().await;
    let status = world.sign_in().await.unwrap();
    *world.store.failing.lock().unwrap() = Some(StoreError::Locked);
    let error = world.keyfob.sign_out(status.id.as_str()).await.unwrap_err();
    assert_eq!(error.code, Code::SecretStore);
    assert_eq!(world.keyfob.accounts().unwrap().len(), 1);
}

#[tokio::test]
async fn what_waited_in_one_program_does_not_come_to_lie_over_what_another_one_has_stored_since() {
    let world = World::new().await;
    world.sign_in().await.unwrap();
    world.pass(EIGHT_HOURS);
    world.store.takes_one_more();
    let handed = world.token().await.unwrap();
    assert_eq!(handed.warning.unwrap().code, Code::SecretStore);

    // Another program finds the sealed answer, stores it, and renews it later on.
    world.store.takes_everything();
    let other = world.open();
    other.token(None, jiff::SignedDuration::ZERO).await.unwrap();
    world.pass(EIGHT_HOURS);
    let newest = other.token(None, jiff::SignedDuration::ZERO).await.unwrap();
    let stored = world.refresh_tokens();

    // The first one tries the store again by itself.
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    assert!(world.refresh_tokens() == stored);
    assert_eq!(world.token().await.unwrap().secret, newest.secret);
    world.pass(EIGHT_HOURS);
    world.token().await.unwrap();
    assert_eq!(world.count("refresh_reuse").await, 0);
}
