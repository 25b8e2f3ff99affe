//! Signing in, from the address to the stored tokens, against a practice server on real sockets.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use common::{World, browse, code_to_paste, request};
use keyfob::{Code, Listening, Meaning, Phase, Secret, SignInRequest, State, StoreError};
use mock_provider::{Decision, Options};
use serde_json::json;

#[tokio::test]
async fn a_redirect_signs_in() {
    let world = World::new().await;
    let status = world.sign_in().await.unwrap();
    assert_eq!(status.identity.email.as_deref(), Some("ada@example.com"));
    assert_eq!(status.label, "ada@example.com");
    assert!(matches!(status.state, State::Fresh { .. }));
    assert_eq!(status.meaning, Meaning::Fine);
    assert!(status.is_default && status.practice);
    assert_eq!(world.store.secrets.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_pasted_code_signs_in_and_a_wrong_paste_costs_nothing() {
    let world = World::new().await;
    let sign_in = world.keyfob.begin_sign_in(request()).await.unwrap();
    let handle = sign_in.handle();
    let person = async {
        for rubbish in [
            "",
            "hello",
            "code#otherstate",
            "sk-ant-api03-key",
            "https://a.example/?code=x",
        ] {
            let error = handle.paste(Secret::new(rubbish)).await.unwrap_err();
            assert_eq!(error.code, Code::NotAccepted, "{rubbish}");
            assert_eq!(handle.phase(), Phase::Waiting);
        }
        let code = code_to_paste(&handle).await;
        handle
            .paste(Secret::new(format!(" {code}\n")))
            .await
            .unwrap();
    };
    let (ended, ()) = tokio::join!(sign_in.finish(), person);
    assert!(matches!(ended.unwrap().state, State::Fresh { .. }));
}

#[tokio::test]
async fn the_callback_address_can_be_pasted_where_the_browser_is_elsewhere() {
    let world = World::new().await;
    let sign_in = world.keyfob.begin_sign_in(request()).await.unwrap();
    let handle = sign_in.handle();
    let person = async {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let answer = client
            .get(handle.url().unwrap().clone())
            .send()
            .await
            .unwrap();
        let address = answer.headers()["location"].to_str().unwrap().to_owned();
        handle.paste(Secret::new(address)).await.unwrap();
    };
    let (ended, ()) = tokio::join!(sign_in.finish(), person);
    ended.unwrap();
}

#[tokio::test]
async fn cancelling_ends_it_and_closes_the_port() {
    let world = World::new().await;
    let sign_in = world.keyfob.begin_sign_in(request()).await.unwrap();
    let mut handle = sign_in.handle();
    handle.cancel().await;
    assert_eq!(sign_in.finish().await.unwrap_err().code, Code::Cancelled);
    assert_eq!(handle.phase_changed().await, Phase::Over);
    assert_eq!(
        handle
            .paste(Secret::new("something"))
            .await
            .unwrap_err()
            .code,
        Code::Failed
    );
    assert!(world.keyfob.accounts().unwrap().is_empty());
}

#[tokio::test]
async fn declining_is_said_and_stores_nothing() {
    let world = World::with(|options| Options {
        auto: Some(Decision::Decline),
        ..options
    })
    .await;
    let error = world.sign_in().await.unwrap_err();
    assert!(error.message.contains("declined"), "{error}");
    assert!(world.store.secrets.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_same_person_renews_the_account_and_another_person_does_not() {
    let world = World::new().await;
    let first = world.sign_in().await.unwrap();
    let again = world.sign_in().await.unwrap();
    assert_eq!(first.id, again.id);
    let own_entry = SignInRequest {
        label: Some("Second".to_owned()),
        ..request()
    };
    let sign_in = world.keyfob.begin_sign_in(own_entry).await.unwrap();
    let handle = sign_in.handle();
    let (second, ()) = tokio::join!(sign_in.finish(), browse(&handle));
    assert_ne!(second.unwrap().id, first.id);
}

#[tokio::test]
async fn a_port_can_be_asked_for_and_a_taken_one_is_named() {
    let world = World::new().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let wish = |port| SignInRequest {
        listening: Listening::Own(port),
        ..request()
    };
    let error = world.keyfob.begin_sign_in(wish(port)).await.err().unwrap();
    assert!(error.message.contains(&port.to_string()), "{error}");
    drop(taken);
    let sign_in = world.keyfob.begin_sign_in(wish(port)).await.unwrap();
    let url = sign_in.handle().url().unwrap().to_string();
    assert!(url.contains(&format!("%3A{port}%2Fcallback")), "{url}");
}

#[tokio::test]
async fn every_fault_of_the_token_endpoint_is_said_and_stores_nothing() {
    let world = World::new().await;
    for (fault, code) in [
        (json!({ "status": 503, "error": "html" }), Code::Network),
        (
            json!({ "status": 429, "error": "object", "retry_after": 7 }),
            Code::Network,
        ),
        (json!({ "status": 401, "error": "string" }), Code::Failed),
        (json!({ "status": 400, "error": "none" }), Code::Network),
        (json!({ "error_200": "invalid_grant" }), Code::Failed),
        (json!("cut_off"), Code::Network),
        (json!("not_json"), Code::Network),
        (json!("huge"), Code::Network),
        (json!("redirect"), Code::Network),
        (json!("drop"), Code::Network),
        (json!({ "body": { "access_token": "" } }), Code::Network),
        (json!({ "body": { "access_token": "a b" } }), Code::Network),
        (
            json!({ "body": { "access_token": "x", "token_type": "mac" } }),
            Code::Network,
        ),
    ] {
        world.fault("exchange", fault.clone(), Some(1)).await;
        let error = world.sign_in().await.unwrap_err();
        assert_eq!(error.code, code, "{fault}: {error:?}");
        assert!(!error.cure.is_empty());
        assert!(world.store.secrets.lock().unwrap().is_empty(), "{fault}");
    }
    world.sign_in().await.unwrap();
}

#[tokio::test]
async fn an_answer_without_a_lifetime_counts_for_an_hour() {
    let world = World::new().await;
    let body = json!({ "body": { "access_token": "sk-ant-oat01-x", "token_type": "bearer", "scope": ["a", "b"] } });
    world.fault("exchange", body, Some(1)).await;
    let status = world.sign_in().await.unwrap();
    let State::Fresh {
        since: Some(since),
        until,
        renewable,
    } = status.state
    else {
        panic!("{:?}", status.state);
    };
    assert_eq!(until.duration_since(since).as_secs(), 3_600);
    assert!(!renewable);
    assert_eq!(status.scopes, ["a", "b"]);
}

#[tokio::test]
async fn a_store_that_fails_is_said_before_the_browser_and_keeps_nothing_half_done() {
    let world = World::new().await;
    *world.store.failing.lock().unwrap() = Some(StoreError::Locked);
    let error = world.keyfob.begin_sign_in(request()).await.err().unwrap();
    assert_eq!(error.code, Code::SecretStore);
    *world.store.failing.lock().unwrap() = None;

    let sign_in = world.keyfob.begin_sign_in(request()).await.unwrap();
    let handle = sign_in.handle();
    *world.store.failing.lock().unwrap() = Some(StoreError::TooLong { limit: 2_560 });
    let (ended, ()) = tokio::join!(sign_in.finish(), browse(&handle));
    assert_eq!(ended.unwrap_err().code, Code::SecretStore);
    assert!(world.keyfob.accounts().unwrap().is_empty());
    assert_eq!(
        world.count("revocations").await,
        1,
        "what cannot be kept is given back"
    );
}

#[tokio::test]
async fn an_issuer_alone_is_enough_and_its_faults_are_said() {
    let world = World::new().await;
    let config = format!(
        "[providers.mock]\nissuer = \"{}\"\nclient_id = \"practice-client\"\nscopes = [\"user:profile\"]\n",
        world.mock.base_url()
    );
    std::fs::write(world.home.path().join("config.toml"), config).unwrap();
    world.sign_in().await.unwrap();
    for fault in [
        json!({ "status": 500, "error": "html" }),
        json!("not_json"),
        json!("huge"),
        json!("drop"),
        json!("redirect"),
        json!({ "body": { "issuer": "https://other.example" } }),
        json!({ "body": { "issuer": world.mock.base_url() } }),
    ] {
        world.fault("metadata", fault.clone(), Some(2)).await;
        let error = world.keyfob.begin_sign_in(request()).await.err();
        let error = error.unwrap_or_else(|| panic!("{fault} was accepted"));
        assert_eq!(error.code, Code::Network, "{fault}");
        reset_faults(&world).await;
    }
}

async fn reset_faults(world: &World) {
    let url = format!("{}/control/faults", world.mock.base_url());
    reqwest::Client::new().delete(url).send().await.unwrap();
}

#[tokio::test]
async fn a_sign_in_that_cannot_be_kept_leaves_what_a_newer_keyfob_stored() {
    let world = World::new().await;
    let status = world.sign_in_as("Work").await;
    let newer = Secret::new(r#"{"kind":"of_tomorrow"}"#);
    let secrets = || world.store.secrets.lock().unwrap();
    secrets().insert(status.id.clone(), newer.clone());
    *world.store.not_saving.lock().unwrap() = Some(StoreError::Refused("no".to_owned()));
    let again = SignInRequest {
        account: Some("Work".to_owned()),
        ..common::request()
    };
    let error = world.sign_in_with(again).await.unwrap_err();
    assert_eq!(error.code, Code::SecretStore);
    assert_eq!(secrets().get(&status.id), Some(&newer));
    *world.store.not_saving.lock().unwrap() = None;
    world.sign_in_again("Work").await;
    assert_ne!(secrets().get(&status.id), Some(&newer));
}
