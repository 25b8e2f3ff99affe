//! A company's gateway: an OpenID issuer, a client id, scopes and an address, against a practice server on real
//! sockets.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{World, request};
use jiff::SignedDuration;
use keyfob::{Api, Code, Revoked, State};
use mock_provider::{Decision, MockProvider, Options};
use serde_json::json;

const GATEWAY: &str = r#"
[providers.mock]
name = "Acme gateway"
issuer = "BASE"
client_id = "practice-client"
scopes = ["openid", "offline_access"]
audience = "acme llm"
resource = ["https://llm.acme.example/", "urn:acme:llm"]
payer = "company"
base_url = "https://llm.acme.example"
"#;

async fn gateway() -> World {
    let world = World::new().await;
    world.configure(GATEWAY);
    world
}

fn id_token(claims: &serde_json::Value) -> String {
    let part = URL_SAFE_NO_PAD.encode(claims.to_string());
    format!("e30.{part}.")
}

#[tokio::test]
async fn the_row_says_who_signed_in_and_two_people_are_two_accounts() {
    let world = gateway().await;
    let ada = world.sign_in().await.unwrap();
    assert_eq!(ada.identity.email.as_deref(), Some("ada@example.com"));
    assert_eq!(ada.label, "ada@example.com");
    let body = json!({ "email": "bob@example.com" });
    world.control("person", body).await;
    let bob = world.sign_in().await.unwrap();
    assert_ne!(ada.id, bob.id);
    assert_eq!(bob.identity.email.as_deref(), Some("bob@example.com"));
    let again = world.sign_in().await.unwrap();
    assert_eq!(again.id, bob.id, "the same person is the same account");
    assert_eq!(world.keyfob.accounts().unwrap().len(), 2);
}

#[tokio::test]
async fn every_request_says_whom_the_token_is_for() {
    let world = gateway().await;
    world.sign_in().await.unwrap();
    world.pass(9 * 3600);
    world.token().await.unwrap();
    let aims = world.told("aims").await;
    let wanted = json!({
        "resource": ["https://llm.acme.example/", "urn:acme:llm"], "audience": "acme llm",
    });
    for place in ["authorize", "exchange", "refresh"] {
        assert_eq!(aims[place], wanted, "{place}");
    }
    world.configure(&GATEWAY.replace("client_id", "token_request = \"json\"\nclient_id"));
    world.sign_in().await.unwrap();
    assert_eq!(world.told("aims").await["exchange"], wanted);
}

#[tokio::test]
async fn the_id_token_is_kept_nowhere() {
    let world = gateway().await;
    world.sign_in().await.unwrap();
    let mut kept = String::new();
    for file in ["accounts.json", "activity.jsonl"] {
        kept += &std::fs::read_to_string(world.home.path().join(file)).unwrap();
    }
    for secret in world.store.secrets.lock().unwrap().values() {
        kept += secret.expose();
    }
    assert!(kept.contains("ada@example.com"));
    // What every encoded JSON object begins with.
    assert!(!kept.contains("eyJ"), "{kept}");
}

#[tokio::test]
async fn an_id_token_of_another_sign_in_is_refused_and_its_tokens_given_back() {
    let world = gateway().await;
    let base = world.mock.base_url().to_owned();
    for claims in [
        json!({ "iss": base, "aud": "practice-client", "sub": "7", "nonce": "of another" }),
        json!({ "iss": base, "aud": "somebody else", "sub": "7" }),
        json!({ "iss": "https://evil.example", "aud": "practice-client", "sub": "7" }),
    ] {
        let body = json!({ "body": {
            "access_token": "sk-ant-oat01-x", "token_type": "Bearer", "id_token": id_token(&claims),
        } });
        let before = world.count("revocations").await;
        world.fault("exchange", body, Some(1)).await;
        let error = world.sign_in().await.unwrap_err();
        assert_eq!(error.code, Code::Failed, "{claims}");
        assert!(error.message.contains("another sign-in"), "{error}");
        assert!(world.keyfob.accounts().unwrap().is_empty());
        assert!(world.store.secrets.lock().unwrap().is_empty());
        assert_eq!(world.count("revocations").await, before + 1, "{claims}");
    }
    world.sign_in().await.unwrap();
}

#[tokio::test]
async fn a_gateway_of_which_only_the_device_endpoint_is_known_can_be_used() {
    let world = World::new().await;
    world.configure(
        "[providers.mock]\nclient_id = \"practice-client\"\nscopes = [\"openid\"]\n\
         token_url = \"BASE/v1/oauth/token\"\n\
         device_authorization_url = \"BASE/v1/oauth/device_authorization\"\n",
    );
    let provider = world.keyfob.config().unwrap();
    assert!(provider.provider("mock").unwrap().is_ready());
    let error = world.keyfob.begin_sign_in(request()).await.err().unwrap();
    assert_eq!(error.code, Code::Usage);
    let wish = keyfob::SignInRequest {
        listening: keyfob::Listening::Device,
        ..request()
    };
    let sign_in = world.keyfob.begin_sign_in(wish).await.unwrap();
    let status = sign_in.finish().await.unwrap();
    assert!(matches!(status.state, State::Fresh { .. }));
}

#[tokio::test]
async fn tokens_are_renewed_by_the_client_that_they_were_issued_to() {
    let world = gateway().await;
    world.sign_in().await.unwrap();
    // The person enters another client id meanwhile; what was issued is still the old one's.
    world.configure(&GATEWAY.replace("practice-client", "a-newer-client"));
    world.pass(9 * 3600);
    let handed = world.keyfob.token(None, SignedDuration::ZERO).await;
    assert!(handed.unwrap().warning.is_none());
    assert_eq!(world.count("refreshes_ok").await, 1);
}

/// What a server was asked besides its metadata.
async fn asked(server: &MockProvider) -> (u64, u64) {
    let url = format!("{}/control/counters", server.base_url());
    let counters: serde_json::Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    let count = |what: &str| counters[what].as_u64().unwrap();
    (count("refreshes"), count("revocations"))
}

async fn another_server() -> MockProvider {
    let options = Options {
        auto: Some(Decision::Agree),
        ..Options::default()
    };
    mock_provider::start(options).await.unwrap()
}

#[tokio::test]
async fn a_provider_with_another_address_gets_no_token_of_the_old_one() {
    let world = gateway().await;
    world.sign_in().await.unwrap();
    let before = world.refresh_tokens();
    world.pass(9 * 3600);
    let other = another_server().await;
    let base = other.base_url();
    let moved = [
        GATEWAY.replace("BASE", base),
        GATEWAY.replace(
            "client_id",
            &format!("token_url = \"{base}/v1/oauth/token\"\nclient_id"),
        ),
    ];
    for config in &moved {
        world.configure(config);
        for _ in 0..2 {
            let error = world.token().await.unwrap_err();
            assert_eq!(error.code, Code::SignInNeeded);
            assert!(error.message.contains("another address"), "{error}");
        }
        world
            .keyfob
            .refresh(Some("ada@example.com"))
            .await
            .unwrap_err();
        assert_eq!(world.refresh_tokens(), before);
    }
    assert_eq!(asked(&other).await, (0, 0));
    assert_eq!(world.count("refreshes").await, 0);

    // Nothing was final about it.
    world.configure(GATEWAY);
    assert!(world.token().await.unwrap().warning.is_none());
    assert!(matches!(world.status().state, State::Fresh { .. }));

    // Where the issuing server still says itself where it revokes, it is told; nobody else is.
    for (config, revoked) in moved.iter().zip([Revoked::Failed, Revoked::Yes]) {
        world.configure(config);
        let report = world.keyfob.sign_out("ada@example.com").await.unwrap();
        assert_eq!(report.revoked, revoked);
        let why = report.detail.unwrap_or_default();
        assert_eq!(why.contains("another address"), revoked == Revoked::Failed);
        assert!(world.store.secrets.lock().unwrap().is_empty());
        world.configure(GATEWAY);
        world.sign_in().await.unwrap();
    }
    assert_eq!(asked(&other).await, (0, 0));
    let report = world.keyfob.sign_out("ada@example.com").await.unwrap();
    assert_eq!(report.revoked, Revoked::Yes);
}

#[tokio::test]
async fn a_practice_server_may_have_another_port_each_time() {
    let world = World::new().await;
    world.sign_in().await.unwrap();
    world.pass(9 * 3600);
    let other = another_server().await;
    world.configure(&other.config_block());
    let error = world.token().await.unwrap_err();
    assert!(!error.message.contains("another address"), "{error}");
    assert_eq!(asked(&other).await.0, 1);
}

/// Neither what renews a sign-in nor what it gives goes to somebody else under the same id.
#[tokio::test]
async fn access_tokens_do_not_go_to_a_provider_that_took_the_place_of_theirs() {
    let world = gateway().await;
    let label = world.sign_in().await.unwrap().label;
    let given = || world.keyfob.given(Some(&label), SignedDuration::ZERO);
    let api = async || match given().await.unwrap().whose.api {
        Api::At(url) => url.to_string(),
        api => panic!("{api:?}"),
    };
    assert_eq!(api().await, "https://llm.acme.example/");
    let other = another_server().await;
    let base = other.base_url();
    let evil = GATEWAY.replace("llm.acme.example", "evil.example");
    for replaced in [
        evil.replace("BASE", base),
        evil.replace(
            "client_id",
            &format!("token_url = \"{base}/v1/oauth/token\"\nclient_id"),
        ),
        format!("{evil}practice = true\n"),
    ] {
        world.configure(&replaced);
        let error = given().await.unwrap_err();
        assert_eq!(error.code, Code::SignInNeeded);
        assert!(error.message.contains("another address"), "{error}");
        let variables = world
            .keyfob
            .environment_for(Some(&label), SignedDuration::ZERO, false);
        assert!(
            variables
                .await
                .unwrap_err()
                .message
                .contains("another address")
        );
        // What is only printed leads nowhere.
        world.token().await.unwrap();
    }
    // Of the same issuer, what the person enters counts; where nothing is entered any more, what was said at sign-in.
    world.configure(&GATEWAY.replace("llm.acme.example", "llm2.acme.example"));
    assert_eq!(api().await, "https://llm2.acme.example/");
    world.configure(&GATEWAY.replace("base_url = \"https://llm.acme.example\"", ""));
    assert_eq!(api().await, "https://llm.acme.example/");

    // Accounts of before these were kept go on as they did.
    let path = world.home.path().join("accounts.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut list: serde_json::Value = serde_json::from_str(&text).unwrap();
    let issued = list["accounts"][0]["facts"]["issued"]
        .as_object_mut()
        .unwrap();
    assert!(issued.remove("issuer").is_some() && issued.remove("api").is_some());
    std::fs::write(&path, list.to_string()).unwrap();
    world.configure(GATEWAY);
    assert_eq!(api().await, "https://llm.acme.example/");
}

/// A program takes Anthropic's own API where nothing names another one.
#[tokio::test]
async fn a_token_whose_api_nobody_names_goes_nowhere() {
    let world = World::new().await;
    world.configure(&GATEWAY.replace("base_url = \"https://llm.acme.example\"", ""));
    world.sign_in().await.unwrap();
    for fresh in [false, true] {
        let variables = world
            .keyfob
            .environment_for(None, SignedDuration::ZERO, fresh);
        let error = variables.await.unwrap_err();
        assert!(error.message.contains("does not say which API"), "{error}");
        assert!(error.cure.contains("base_url in config.toml"), "{error}");
    }
    world.token().await.unwrap();
    // The person said where it goes.
    let named = world.open_in(&[("ANTHROPIC_BASE_URL", "https://llm.acme.example")]);
    let variables = named
        .environment_for(None, SignedDuration::ZERO, false)
        .await;
    let variables = variables.unwrap().variables;
    assert_eq!(variables.unsaid_server.as_deref(), Some("llm.acme.example"));
    assert!(!variables.removed.contains(&"ANTHROPIC_BASE_URL"));
}
