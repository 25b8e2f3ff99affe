//! Signing in on another device (RFC 8628), against a practice server on real sockets.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::time::{Duration, Instant};

use common::{World, request};
use keyfob::{Code, Error, Listening, Phase, Secret, SignInHandle, SignInRequest, State, Status};
use mock_provider::Options;
use serde_json::json;

async fn world() -> World {
    World::running(|options| Options {
        auto: None,
        device_interval: Duration::from_secs(1),
        ..options
    })
    .await
}

fn wish() -> SignInRequest {
    SignInRequest {
        listening: Listening::Device,
        ..request()
    }
}

/// What the person does on the other device.
async fn answer(world: &World, handle: &SignInHandle, decision: &str) {
    let prompt = handle.device().unwrap();
    let client = reqwest::Client::new();
    let page = client.get(prompt.complete_url.clone().unwrap());
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(page.contains(&prompt.user_code), "{page}");
    let url = format!("{}/oauth/device/decision", world.mock.base_url());
    let form = format!("request={}&decision={decision}", prompt.user_code);
    let sent = client
        .post(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    assert!(sent.send().await.unwrap().status().is_success());
}

async fn sign_in(world: &World, decision: &str) -> Result<Status, Error> {
    let sign_in = world.keyfob.begin_sign_in(wish()).await.unwrap();
    let handle = sign_in.handle();
    answer(world, &handle, decision).await;
    sign_in.finish().await
}

#[tokio::test]
async fn the_person_agrees_elsewhere_and_the_account_is_here() {
    let world = world().await;
    let begun = world.keyfob.begin_sign_in(wish()).await.unwrap();
    let mut handle = begun.handle();
    let prompt = handle.device().unwrap().clone();
    assert_eq!(prompt.user_code.len(), 9);
    assert!(prompt.verification_url.path().ends_with("/oauth/device"));
    assert_eq!((handle.url(), handle.paste_url()), (None, None));
    let person = async {
        // Asked once or twice before the person is there.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!(handle.phase(), Phase::Waiting);
        let pasted = handle.paste(Secret::new("a-code-of-16-letters")).await;
        assert_eq!(pasted.unwrap_err().code, Code::NotAccepted);
        answer(&world, &handle, "agree").await;
    };
    let (ended, ()) = tokio::join!(begun.finish(), person);
    let status = ended.unwrap();
    assert!(matches!(status.state, State::Fresh { .. }));
    assert_eq!(status.identity.email.as_deref(), Some("ada@example.com"));
    assert_eq!(handle.phase_changed().await, Phase::Over);
    world.pass(9 * 3600);
    world.token().await.unwrap();
    assert_eq!(world.count("refreshes_ok").await, 1);
}

#[tokio::test]
async fn a_no_is_said_and_stores_nothing() {
    let world = world().await;
    let error = sign_in(&world, "decline").await.unwrap_err();
    assert!(error.message.contains("declined"), "{error}");
    assert!(world.store.secrets.lock().unwrap().is_empty());
}

#[tokio::test]
async fn slow_down_is_obeyed() {
    let world = world().await;
    let slow = json!({ "status": 400, "code": "slow_down" });
    world.fault("poll", slow, Some(1)).await;
    let begun = Instant::now();
    sign_in(&world, "agree").await.unwrap();
    // One second to the first question, and five more than that to the second (RFC 8628 §3.5).
    assert!(
        begun.elapsed() >= Duration::from_secs(7),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(world.told("counters").await["paths"]["/v1/oauth/token"], 2);
}

#[tokio::test]
async fn a_server_that_goes_away_for_a_moment_is_asked_again_more_slowly() {
    let world = world().await;
    world.fault("poll", json!("drop"), Some(1)).await;
    let busy = json!({ "status": 503, "error": "html" });
    world.fault("poll", busy, Some(1)).await;
    let begun = Instant::now();
    sign_in(&world, "agree").await.unwrap();
    // One second, then two, then four.
    assert!(
        begun.elapsed() >= Duration::from_secs(7),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn an_expired_code_and_an_expired_wait_are_both_the_end() {
    let world = world().await;
    let expired = json!({ "status": 400, "code": "expired_token" });
    world.fault("poll", expired, Some(1)).await;
    let error = sign_in(&world, "agree").await.unwrap_err();
    assert!(error.message.contains("not used in time"), "{error}");

    let short = World::running(|options| Options {
        auto: None,
        device_interval: Duration::from_secs(1),
        device_ttl: Duration::from_secs(2),
        ..options
    })
    .await;
    let sign_in = short.keyfob.begin_sign_in(wish()).await.unwrap();
    let error = sign_in.finish().await.unwrap_err();
    assert!(error.message.contains("not used in time"), "{error}");
}

#[tokio::test]
async fn a_refusal_ends_it_with_its_reason() {
    let world = world().await;
    let refusal = json!({ "status": 401, "code": "invalid_client" });
    world.fault("poll", refusal, Some(1)).await;
    let error = sign_in(&world, "agree").await.unwrap_err();
    assert_eq!(error.code, Code::Failed);
    assert!(error.detail.unwrap().contains("invalid_client"));
}

#[tokio::test]
async fn cancelling_ends_it_at_once() {
    let world = world().await;
    let sign_in = world.keyfob.begin_sign_in(wish()).await.unwrap();
    let handle = sign_in.handle();
    let (ended, ()) = tokio::join!(sign_in.finish(), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        handle.cancel().await;
    });
    assert_eq!(ended.unwrap_err().code, Code::Cancelled);
}

#[tokio::test]
async fn faults_of_the_device_endpoint_are_said_before_anybody_waits() {
    let world = world().await;
    for (fault, code) in [
        (
            json!({ "status": 400, "code": "unauthorized_client" }),
            Code::Failed,
        ),
        (json!({ "status": 503, "error": "html" }), Code::Network),
        (json!("not_json"), Code::Network),
        (json!("huge"), Code::Network),
        (json!("drop"), Code::Network),
        (json!("redirect"), Code::Network),
        (json!({ "body": { "device_code": "x" } }), Code::Network),
        (
            json!({ "body": { "device_code": "x", "user_code": "y", "verification_uri": "http://a.example" } }),
            Code::Network,
        ),
    ] {
        world.fault("device", fault.clone(), Some(1)).await;
        let error = world.keyfob.begin_sign_in(wish()).await.err().unwrap();
        assert_eq!(error.code, code, "{fault}: {error:?}");
        assert!(!error.cure.is_empty());
    }
}

#[tokio::test]
async fn a_provider_without_a_device_endpoint_says_so() {
    let world = world().await;
    world.configure(
        "[providers.mock]\nclient_id = \"practice-client\"\nauthorize_url = \"BASE/oauth/authorize\"\n\
         token_url = \"BASE/v1/oauth/token\"\n",
    );
    let error = world.keyfob.begin_sign_in(wish()).await.err().unwrap();
    assert_eq!(error.code, Code::Usage);
    assert!(
        error.message.contains("no sign-in on another device"),
        "{error}"
    );
}
