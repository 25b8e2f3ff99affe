//! What a person already has: tokens as JSON, and variables of the environment.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use common::World;
use jiff::SignedDuration;
use keyfob::account::{Method, Payer};
use keyfob::{Code, Error, ImportCheck, Keyfob, Secret, State, Status, TokensToImport};
use serde_json::{Value, json};

const SESSION: &str = "sk-ant-oat01-planted-session";

/// Tokens that the server issued, taken away from Keyfob as if another program had them.
async fn tokens_of_elsewhere(world: &World) -> (String, String, i64) {
    let status = world.sign_in().await.unwrap();
    let stored: Value = {
        let secrets = world.store.secrets.lock().unwrap();
        serde_json::from_str(secrets[&status.id].expose()).unwrap()
    };
    let accounts = world.home.path().join("accounts.json");
    std::fs::remove_file(accounts).unwrap();
    world.store.secrets.lock().unwrap().clear();
    let text = |name: &str| stored[name].as_str().unwrap().to_owned();
    (
        text("access_token"),
        text("refresh_token"),
        stored["expires_at"].as_i64().unwrap(),
    )
}

async fn import(world: &World, text: &str, provider: &str) -> Result<Status, Error> {
    let new = TokensToImport {
        text: Secret::new(text),
        provider: provider.to_owned(),
        label: None,
    };
    let (status, warning) = world.keyfob.import_tokens(new).await?;
    assert_eq!(warning, None);
    Ok(status)
}

async fn token(keyfob: &Keyfob, name: &str) -> Result<String, Error> {
    let handed = keyfob.token(Some(name), SignedDuration::ZERO).await?;
    Ok(handed.secret.expose().to_owned())
}

fn configure(world: &World, block: &str) {
    let config = world.home.path().join("config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(config, text + block).unwrap();
}

#[tokio::test]
async fn tokens_that_live_are_stored_and_nothing_is_spent() {
    let world = World::new().await;
    let (access, refresh, expires_at) = tokens_of_elsewhere(&world).await;
    let text = json!({ "access_token": access, "refresh_token": refresh, "expires_at": expires_at * 1_000 });
    let check = world.keyfob.check_import(&Secret::new(text.to_string()));
    assert!(
        matches!(
            check,
            ImportCheck::Tokens {
                has_ended: false,
                renewable: true,
                ..
            }
        ),
        "{check:?}"
    );
    assert!(
        world.keyfob.accounts().unwrap().is_empty(),
        "looking stores nothing"
    );

    let status = import(&world, &text.to_string(), "mock").await.unwrap();
    assert!(matches!(
        status.state,
        State::Fresh {
            renewable: true,
            ..
        }
    ));
    assert_eq!(
        (status.method, status.label.as_str()),
        (Method::OAuth, "Practice server")
    );
    assert_eq!(
        token(&world.keyfob, "Practice server").await.unwrap(),
        access
    );
    assert_eq!(world.count("refreshes").await, 0);
    let told = world.keyfob.activity().unwrap();
    assert_eq!(serde_json::to_value(told[0].what).unwrap(), "imported");
    // They are renewed like those of a sign-in from here on.
    world.pass(9 * 3_600);
    assert_ne!(
        token(&world.keyfob, "Practice server").await.unwrap(),
        access
    );

    let again = json!({ "access_token": "other", "refresh_token": world.refresh_tokens()[0] });
    let error = import(&world, &again.to_string(), "mock")
        .await
        .unwrap_err();
    assert!(error.message.contains("stored already"), "{error}");
}

#[tokio::test]
async fn tokens_that_have_ended_are_renewed_at_once() {
    let world = World::new().await;
    let (access, refresh, _) = tokens_of_elsewhere(&world).await;
    let text =
        json!({ "access_token": access, "refresh_token": refresh, "expires_at": "2020-01-01" });
    let status = import(&world, &text.to_string(), "mock").await.unwrap();
    assert!(matches!(status.state, State::Fresh { .. }), "{status:?}");
    assert_eq!(world.count("refreshes_ok").await, 1);

    // Where that fails, they are kept all the same, and it is said.
    let text =
        json!({ "access_token": "x", "refresh_token": "never-issued", "expires_at": "2020-01-01" });
    let new = TokensToImport {
        text: Secret::new(text.to_string()),
        provider: "mock".to_owned(),
        label: Some("Old".to_owned()),
    };
    let (status, warning) = world.keyfob.import_tokens(new).await.unwrap();
    assert_eq!(warning.unwrap().code, Code::SignInNeeded);
    assert!(matches!(status.state, State::SignInAgain { .. }));
}

#[tokio::test]
async fn what_is_not_meant_here_is_refused_and_nothing_is_stored() {
    let world = World::new().await;
    configure(
        &world,
        "\n[providers.acme]\nname = \"Acme\"\nissuer = \"https://login.acme.example\"\nclient_id = \"keyfob\"\n\
         [providers.claude-console]\nclient_id = \"mine\"\n\
         [providers.far]\nname = \"Far\"\nauthorize_url = \"https://far.example/a\"\n\
         token_url = \"https://far.example/t\"\nclient_id = \"keyfob\"\npractice = true\n\
         [providers.bare]\nname = \"Bare\"\nissuer = \"https://bare.example\"\n",
    );
    let renewed_by_claude =
        json!({ "access_token": "x", "refresh_token": "sk-ant-ort01-planted" }).to_string();
    let session =
        json!({ "access_token": SESSION, "refresh_token": "sk-ant-ort01-planted" }).to_string();
    for (text, provider, code, part) in [
        (
            r#"{"access_token":"x"}"#,
            "nobody",
            Code::Usage,
            "no provider called",
        ),
        (r#"{"access_token":"x"}"#, "bare", Code::Usage, "client id"),
        (session.as_str(), "acme", Code::NotAccepted, "Whose session"),
        (
            session.as_str(),
            "claude-console",
            Code::NotAccepted,
            "Whose session",
        ),
        (
            renewed_by_claude.as_str(),
            "claude-console",
            Code::NotAccepted,
            "Whose session",
        ),
        (session.as_str(), "far", Code::NotAccepted, "Whose session"),
        (
            r#"{"claudeAiOauth":{}}"#,
            "mock",
            Code::NotAccepted,
            "Claude Code",
        ),
        (
            r#"{"access_token":7}"#,
            "mock",
            Code::NotAccepted,
            "no text",
        ),
    ] {
        let error = import(&world, text, provider).await.unwrap_err();
        assert_eq!(error.code, code, "{text}: {error}");
        assert!(error.message.contains(part), "{text}: {error}");
        assert!(!format!("{error:?}").contains("planted"), "{error:?}");
    }
    let check = world
        .keyfob
        .check_import(&Secret::new("{\n \"access_token\": 7}"));
    let ImportCheck::Problem {
        place: Some(place), ..
    } = check
    else {
        panic!("{check:?}")
    };
    assert_eq!(
        (place.line, place.column, place.path.as_deref()),
        (2, 18, Some("$.access_token"))
    );
    assert!(world.store.secrets.lock().unwrap().is_empty());
    assert!(world.keyfob.accounts().unwrap().is_empty());
}

#[tokio::test]
async fn a_variable_is_shown_and_given_and_never_written_down() {
    let world = World::new().await;
    let keyfob = world.open_in(&[
        ("ANTHROPIC_API_KEY", "sk-ant-api03-env-9f2A"),
        ("ANTHROPIC_AUTH_TOKEN", "gateway-token"),
        ("CLAUDE_CODE_OAUTH_TOKEN", SESSION),
    ]);
    let shown = keyfob.accounts().unwrap();
    let labels: Vec<_> = shown.iter().map(|status| status.label.as_str()).collect();
    assert_eq!(
        labels,
        [
            "ANTHROPIC_AUTH_TOKEN",
            "ANTHROPIC_API_KEY",
            "CLAUDE_CODE_OAUTH_TOKEN"
        ]
    );
    assert!(
        shown
            .iter()
            .all(|status| status.method == Method::Environment && !status.is_default)
    );
    assert_eq!(
        (shown[0].payer, shown[1].payer, shown[2].payer),
        (Payer::Unknown, Payer::Api, Payer::Plan)
    );
    assert_eq!(
        token(&keyfob, "anthropic_api_key").await.unwrap(),
        "sk-ant-api03-env-9f2A"
    );
    assert_eq!(
        token(&keyfob, "ANTHROPIC_AUTH_TOKEN").await.unwrap(),
        "gateway-token"
    );
    let error = token(&keyfob, "CLAUDE_CODE_OAUTH_TOKEN").await.unwrap_err();
    assert!(!error.to_string().contains("planted"), "{error}");
    // Without a name nothing of the environment is given: nobody said so.
    let error = keyfob.token(None, SignedDuration::ZERO).await.unwrap_err();
    assert_eq!(error.code, Code::SignInNeeded);

    let name = "ANTHROPIC_API_KEY";
    for error in [
        keyfob.rename(name, "Mine").unwrap_err(),
        keyfob.set_default(name).unwrap_err(),
        keyfob.sign_out(name).await.unwrap_err(),
        keyfob.refresh(Some(name)).await.unwrap_err(),
        keyfob.check_key(name).await.unwrap_err(),
    ] {
        assert_eq!(error.code, Code::Usage);
        assert!(
            error.message.contains("variable of the environment"),
            "{error}"
        );
    }
    let probed = keyfob.probe(Some(name)).await.unwrap();
    assert_eq!(probed.works, Some(true));
    assert!(!world.home.path().join("accounts.json").exists());
    // A tool brings back what was refused: there is nothing else in the variable.
    let refused = Secret::new("gateway-token");
    let error = keyfob
        .token_in_place_of(Some("ANTHROPIC_AUTH_TOKEN"), refused)
        .await;
    assert_eq!(error.unwrap_err().code, Code::SignInNeeded);
    // What is of another kind did not come from there.
    for (name, refused) in [
        ("ANTHROPIC_API_KEY", "sk-ant-oat01-of-another"),
        ("ANTHROPIC_AUTH_TOKEN", "sk-ant-oat01-of-another"),
        ("ANTHROPIC_AUTH_TOKEN", "sk-ant-api03-of-another"),
    ] {
        let handed = keyfob.token_in_place_of(Some(name), Secret::new(refused));
        assert_eq!(handed.await.unwrap_err().code, Code::Usage, "{name}");
    }
}

#[tokio::test]
async fn a_variable_is_taken_in_at_a_persons_word_and_a_session_never() {
    let world = World::new().await;
    let (access, refresh, _) = tokens_of_elsewhere(&world).await;
    let keyfob = world.open_in(&[("ANTHROPIC_API_KEY", "sk-ant-api03-env-9f2A")]);
    let (status, _) = keyfob
        .import_environment("ANTHROPIC_API_KEY", None, None)
        .await
        .unwrap();
    assert_eq!(
        (status.method, status.label.as_str()),
        (Method::ApiKey, "API key …9f2A")
    );
    assert!(status.is_default);

    // The practice server's tokens look like Claude's, and in these variables nobody can tell.
    let keyfob = world.open_in(&[
        ("CLAUDE_USE_OAUTH", "1"),
        ("CLAUDE_ACCESS_TOKEN", &access),
        ("CLAUDE_REFRESH_TOKEN", &refresh),
        ("CLAUDE_CODE_OAUTH_TOKEN", SESSION),
        ("ANTHROPIC_AUTH_TOKEN", "gateway"),
    ]);
    for variable in [
        "CLAUDE_ACCESS_TOKEN",
        "CLAUDE_REFRESH_TOKEN",
        "CLAUDE_CODE_OAUTH_TOKEN",
    ] {
        let taken = keyfob
            .import_environment(variable, Some("mock"), None)
            .await;
        let error = taken.unwrap_err();
        assert!(error.message.contains("session of Claude"), "{error}");
    }
    let error = keyfob
        .import_environment("ANTHROPIC_AUTH_TOKEN", Some("mock"), None)
        .await;
    assert_eq!(error.unwrap_err().code, Code::Usage);
    let error = keyfob
        .import_environment("PATH", None, None)
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::Usage);

    let keyfob = world.open_in(&[
        ("CLAUDE_USE_OAUTH", "1"),
        ("CLAUDE_ACCESS_TOKEN", "acme-access"),
        ("CLAUDE_REFRESH_TOKEN", "acme-refresh"),
        ("CLAUDE_EXPIRES_AT", "4102444800"),
    ]);
    let error = keyfob
        .import_environment("CLAUDE_ACCESS_TOKEN", None, None)
        .await;
    assert_eq!(
        error.unwrap_err().code,
        Code::Usage,
        "whose tokens they are has to be said"
    );
    let label = Some("Acme".to_owned());
    let taken = keyfob
        .import_environment("CLAUDE_ACCESS_TOKEN", Some("mock"), label)
        .await;
    let (status, warning) = taken.unwrap();
    assert_eq!((status.label.as_str(), warning), ("Acme", None));
    assert_eq!(token(&keyfob, "Acme").await.unwrap(), "acme-access");
}
