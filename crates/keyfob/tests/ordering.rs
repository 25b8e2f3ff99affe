//! The person's own order: who is given without a name, and who in the place of one that fails.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use common::World;
use jiff::SignedDuration;
use keyfob::account::Payer;
use keyfob::{Code, Error, Handed, Keyfob, NewKey, Preset, Secret};
use serde_json::json;

async fn token(keyfob: &Keyfob) -> Result<Handed, Error> {
    keyfob.token(None, SignedDuration::ZERO).await
}

async fn add(world: &World, label: &str, key: &str) {
    let key = NewKey {
        pasted: Secret::new(key),
        label: Some(label.to_owned()),
        workspace_id: None,
        expires_on: None,
        verify: false,
    };
    world.keyfob.add_api_key(key).await.unwrap();
}

fn order(keyfob: &Keyfob, names: &[&str]) {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    keyfob.set_order(&names).unwrap();
}

fn labels(keyfob: &Keyfob) -> Vec<String> {
    let all = keyfob.accounts().unwrap();
    all.into_iter().map(|status| status.label).collect()
}

/// The practice server, as a gateway that bills a company, and keys that are billed as usual.
async fn world() -> World {
    let world = World::new().await;
    let config = world.home.path().join("config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text
        .replace("practice = true", "practice = false")
        .replace("payer = \"none\"", "payer = \"company\"");
    std::fs::write(config, text).unwrap();
    world
}

#[tokio::test]
async fn the_first_of_the_order_is_given_and_use_moves_there() {
    let world = world().await;
    let keyfob = &world.keyfob;
    for (label, key) in [
        ("One", "sk-ant-1"),
        ("Two", "sk-ant-2"),
        ("Three", "sk-ant-3"),
    ] {
        add(&world, label, key).await;
    }
    assert!(!keyfob.order().unwrap().is_set);
    order(keyfob, &["three", "ONE"]);
    assert_eq!(labels(keyfob), ["Three", "One", "Two"]);
    assert_eq!(token(keyfob).await.unwrap().secret.expose(), "sk-ant-3");
    assert!(keyfob.accounts().unwrap()[0].is_default);
    keyfob.set_default("Two").unwrap();
    assert_eq!(labels(keyfob), ["Two", "Three", "One"]);
    assert_eq!(token(keyfob).await.unwrap().secret.expose(), "sk-ant-2");
    keyfob.sign_out("Two").await.unwrap();
    assert_eq!(token(keyfob).await.unwrap().secret.expose(), "sk-ant-3");
    let error = keyfob.set_order(&["Nobody".to_owned()]).unwrap_err();
    assert_eq!(error.code, Code::Usage);
    assert!(!keyfob.clear_order().unwrap().is_set);
    assert_eq!(
        token(keyfob).await.unwrap().secret.expose(),
        "sk-ant-3",
        "it stays the default"
    );
}

#[tokio::test]
async fn a_sign_in_that_fails_falls_back_only_where_the_person_wants_that() {
    let world = world().await;
    let keyfob = &world.keyfob;
    world.sign_in_as("Work").await;
    add(&world, "CI key", "sk-ant-api03-ci").await;
    order(keyfob, &["Work", "CI key"]);
    world.control("revoke", json!({})).await;
    world.pass(9 * 3_600);
    let error = token(keyfob).await.unwrap_err();
    assert_eq!(error.code, Code::SignInNeeded);
    assert!(keyfob.order().unwrap().fell_back.is_none());

    keyfob.set_fallback(true).unwrap();
    let handed = token(keyfob).await.unwrap();
    assert_eq!(handed.secret.expose(), "sk-ant-api03-ci");
    let fell = handed.instead.unwrap();
    assert_eq!(
        (fell.from_payer, fell.to_payer),
        (Payer::Company, Payer::Api)
    );
    assert!(
        fell.words()
            .contains("now billed to API usage, and not to your company"),
        "{}",
        fell.words()
    );
    // It is recorded, and shown until it is over.
    let told = keyfob.activity().unwrap();
    assert_eq!(serde_json::to_value(told[0].what).unwrap(), "fell_back");
    assert_eq!(told[0].words, Some(fell.words()));
    assert_eq!(keyfob.order().unwrap().fell_back, Some(fell.clone()));
    token(keyfob).await.unwrap();
    token(keyfob).await.unwrap();
    let again = keyfob.activity().unwrap();
    let what = again
        .iter()
        .map(|entry| serde_json::to_value(entry.what).unwrap());
    let times = what.filter(|what| what == "fell_back").count();
    assert_eq!(times, 1, "it is recorded once");
    assert_eq!(
        keyfob.order().unwrap().fell_back,
        Some(fell),
        "and shown as one"
    );

    // Whoever names an account means that one.
    let named = keyfob.token(Some("Work"), SignedDuration::ZERO).await;
    assert_eq!(named.unwrap_err().code, Code::SignInNeeded);
    // Whose it was that was refused cannot be told, and it is never answered with the other kind.
    let refused = Secret::new("of-a-company");
    let error = keyfob.token_in_place_of(None, refused).await.unwrap_err();
    assert_eq!(error.code, Code::Usage);
    assert!(
        error.cure.contains("keyfob token ACCOUNT --refused"),
        "{error}"
    );
    let refused = Secret::new("sk-ant-api03-ci");
    let error = keyfob.token_in_place_of(Some("CI key"), refused).await;
    assert_eq!(error.unwrap_err().code, Code::SignInNeeded);
    let refused = Secret::new("sk-ant-api03-ci");
    let error = keyfob.token_in_place_of(None, refused).await.unwrap_err();
    assert_eq!(error.code, Code::Usage);

    keyfob.acknowledge_fallback().unwrap();
    assert_eq!(keyfob.order().unwrap().fell_back, None);
    // Or until the person has signed in again.
    token(keyfob).await.unwrap();
    assert!(keyfob.order().unwrap().fell_back.is_some());
    world.sign_in_again("Work").await;
    assert_eq!(keyfob.order().unwrap().fell_back, None);
}

#[tokio::test]
async fn a_server_that_is_away_falls_back_once_nothing_lives_and_back_again() {
    let world = world().await;
    let keyfob = &world.keyfob;
    world.sign_in_as("Work").await;
    add(&world, "CI key", "sk-ant-api03-ci").await;
    order(keyfob, &["Work"]);
    keyfob.set_fallback(true).unwrap();
    world.fault("refresh", json!({ "status": 503 }), None).await;
    // The old token still lives.
    world.pass(8 * 3_600 - 60);
    let handed = token(keyfob).await.unwrap();
    assert!(handed.instead.is_none() && handed.secret.expose() != "sk-ant-api03-ci");
    world.pass(3_600);
    let handed = token(keyfob).await.unwrap();
    assert_eq!(handed.secret.expose(), "sk-ant-api03-ci");
    assert!(handed.instead.is_some());
    let url = format!("{}/control/faults", world.mock.base_url());
    reqwest::Client::new().delete(url).send().await.unwrap();
    world.pass(3_600);
    let handed = token(keyfob).await.unwrap();
    assert!(handed.instead.is_none() && handed.secret.expose() != "sk-ant-api03-ci");
    assert_eq!(
        keyfob.order().unwrap().fell_back,
        None,
        "the first works again"
    );
}

#[tokio::test]
async fn practice_never_stands_in_for_what_is_real() {
    let world = World::new().await;
    world.sign_in_as("Practice").await;
    let config = world.home.path().join("config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    // From here on keys are real ones.
    std::fs::write(&config, text.split("[api]").next().unwrap()).unwrap();
    add(&world, "Real", "sk-ant-api03-real").await;
    order(&world.keyfob, &["Practice", "Real"]);
    world.keyfob.set_fallback(true).unwrap();
    world.control("revoke", json!({})).await;
    world.pass(9 * 3_600);
    assert_eq!(
        token(&world.keyfob).await.unwrap_err().code,
        Code::SignInNeeded
    );
}

#[tokio::test]
async fn the_usual_orders_place_variables_too() {
    let world = world().await;
    add(&world, "CI key", "sk-ant-api03-ci").await;
    world.sign_in_as("Work").await;
    let keyfob = world.open_in(&[
        ("ANTHROPIC_AUTH_TOKEN", "gateway"),
        ("ANTHROPIC_API_KEY", "sk-ant-api03-env"),
        ("CLAUDE_CODE_OAUTH_TOKEN", "sk-ant-oat01-planted"),
    ]);
    keyfob.set_usual_order(Preset::StoredFirst).unwrap();
    assert_eq!(
        labels(&keyfob),
        [
            "Work",
            "ANTHROPIC_AUTH_TOKEN",
            "CLAUDE_CODE_OAUTH_TOKEN",
            "CI key",
            "ANTHROPIC_API_KEY"
        ]
    );
    keyfob.set_usual_order(Preset::EnvironmentFirst).unwrap();
    assert_eq!(
        labels(&keyfob),
        [
            "ANTHROPIC_AUTH_TOKEN",
            "CLAUDE_CODE_OAUTH_TOKEN",
            "Work",
            "CI key",
            "ANTHROPIC_API_KEY"
        ]
    );
    assert_eq!(token(&keyfob).await.unwrap().secret.expose(), "gateway");
    // Where the variable is not set, it is not there; a session of Claude is passed over with a word.
    let elsewhere = world.open_in(&[("CLAUDE_CODE_OAUTH_TOKEN", "sk-ant-oat01-planted")]);
    let handed = token(&elsewhere).await.unwrap();
    assert!(handed.secret.expose().starts_with("sk-ant-oat01-practice"));
    assert_eq!(handed.passed_over, ["CLAUDE_CODE_OAUTH_TOKEN"]);
    assert!(handed.instead.is_none());
    // A variable that nobody placed is given by its name alone.
    keyfob.clear_order().unwrap();
    order(&keyfob, &["CI key"]);
    assert_eq!(
        token(&keyfob).await.unwrap().secret.expose(),
        "sk-ant-api03-ci"
    );
    let shown = keyfob.order().unwrap();
    assert_eq!(shown.placed.len(), 2);
}

#[tokio::test]
async fn fallback_without_an_order_makes_one_of_what_there_is() {
    let world = world().await;
    add(&world, "One", "sk-ant-1").await;
    add(&world, "Two", "sk-ant-2").await;
    world.keyfob.set_default("Two").unwrap();
    let order = world.keyfob.set_fallback(true).unwrap();
    assert!(order.is_set && order.fallback);
    assert_eq!(labels(&world.keyfob), ["Two", "One"]);
    // The keychain has lost the first one.
    let id = world.keyfob.status(Some("Two")).unwrap().id;
    world.store.secrets.lock().unwrap().remove(&id);
    let handed = token(&world.keyfob).await.unwrap();
    assert_eq!(handed.secret.expose(), "sk-ant-1");
    assert!(handed.instead.unwrap().words().contains("as before"));
    assert!(!world.keyfob.set_fallback(false).unwrap().fallback);
    assert_eq!(
        token(&world.keyfob).await.unwrap_err().code,
        Code::SignInNeeded
    );
}

#[tokio::test]
async fn a_session_that_gives_nothing_is_passed_over_only_by_a_fallback_and_never_into_practice() {
    let world = world().await;
    let folder = tempfile::tempdir().unwrap();
    let keyfob = &world.open_in(&[("HOME", folder.path().to_str().unwrap())]);
    let session = json!({ "claudeAiOauth": {
        "accessToken": "sk-ant-oat01-planted", "refreshToken": "sk-ant-ort01-planted",
        "expiresAt": 4_102_444_800_000_i64, "scopes": ["user:inference"], "subscriptionType": "max",
    } });
    let file = folder.path().join(".credentials.json");
    std::fs::write(file, session.to_string()).unwrap();
    let folder = Some(folder.path().to_owned());
    let plan = Some("Plan".to_owned());
    keyfob.link_claude_code(folder, plan).await.unwrap();
    // Practice, since the server is one again.
    world.configure(&world.mock.config_block());
    world.sign_in_as("Practice").await;
    order(keyfob, &["Plan", "Practice"]);
    let first = || keyfob.accounts().unwrap()[0].clone();

    let error = token(keyfob).await.unwrap_err();
    let named = keyfob.token(Some("Plan"), SignedDuration::ZERO).await;
    assert_eq!(error, named.unwrap_err());
    assert_eq!(error.code, Code::Failed);
    assert!(first().is_default, "status says the same");

    keyfob.set_fallback(true).unwrap();
    let error = token(keyfob).await.unwrap_err();
    assert_eq!(error.code, Code::SignInNeeded, "{error}");
    assert!(keyfob.accounts().unwrap().iter().all(|all| !all.is_default));

    world.configure("");
    add(&world, "Real", "sk-ant-api03-real").await;
    order(keyfob, &["Plan", "Practice", "Real"]);
    let handed = token(keyfob).await.unwrap();
    assert_eq!(handed.secret.expose(), "sk-ant-api03-real");
    assert_eq!(handed.passed_over, ["Plan"]);
    assert!(keyfob.status(Some("Real")).unwrap().is_default);
    keyfob.set_fallback(false).unwrap();
    assert_eq!(token(keyfob).await.unwrap_err().code, Code::Failed);
    assert!(first().is_default && first().label == "Plan");
}

#[tokio::test]
async fn fallback_makes_nobody_the_default() {
    let world = world().await;
    for (label, key) in [("One", "sk-ant-1"), ("Two", "sk-ant-2")] {
        add(&world, label, key).await;
    }
    world.keyfob.sign_out("One").await.unwrap();
    add(&world, "Three", "sk-ant-3").await;
    let error = world.keyfob.set_fallback(true).unwrap_err();
    assert_eq!(error.code, Code::Usage);
    assert!(
        error.message.contains("No account is the default"),
        "{error}"
    );
    let order = world.keyfob.order().unwrap();
    assert!(!order.is_set && !order.fallback);
    assert_eq!(token(&world.keyfob).await.unwrap_err().code, Code::Usage);
}
