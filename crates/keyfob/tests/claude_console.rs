//! The Claude Console with a person's own client id, out of `config.toml` or out of the variables that the official
//! `ant` command reads; a practice server plays the Console and the API.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use common::{World, browse};
use jiff::SignedDuration;
use keyfob::{
    Code, Error, KeyEdit, Keyfob, NewKey, Replacement, Secret, SignInRequest, State, Status,
};

fn wish() -> SignInRequest {
    SignInRequest {
        provider: "claude-console".to_owned(),
        ..SignInRequest::default()
    }
}

async fn sign_in(keyfob: &Keyfob) -> Result<Status, Error> {
    let sign_in = keyfob.begin_sign_in(wish()).await?;
    let handle = sign_in.handle();
    let (ended, ()) = tokio::join!(sign_in.finish(), browse(&handle));
    ended
}

/// A world without any configuration, and its server's address.
async fn bare() -> (World, String) {
    let world = World::new().await;
    world.configure("");
    let base = world.mock.base_url().to_owned();
    (world, base)
}

#[tokio::test]
async fn the_variables_of_the_official_command_are_enough_and_others_can_renew() {
    let (world, base) = bare().await;
    let here = world.open_in(&[
        ("ANTHROPIC_OAUTH_CLIENT_ID", "practice-client"),
        ("ANTHROPIC_CONSOLE_URL", &base),
        ("ANTHROPIC_BASE_URL", &format!("{base}/")),
    ]);
    let status = sign_in(&here).await.unwrap();
    let identity = &status.identity;
    assert_eq!(identity.organization.as_deref(), Some("Acme Inc."));
    assert_eq!(identity.workspace.as_deref(), Some("Default"));

    // The window was not started from that shell, and another shell points to somebody's gateway.
    let window = world.open();
    let elsewhere = world.open_in(&[
        ("ANTHROPIC_OAUTH_CLIENT_ID", "another-client"),
        ("ANTHROPIC_BASE_URL", "http://127.0.0.1:1"),
    ]);
    for keyfob in [window, elsewhere] {
        world.pass(9 * 3600);
        let handed = keyfob.token(None, SignedDuration::ZERO).await.unwrap();
        assert!(handed.warning.is_none());
    }
    assert_eq!(world.count("refreshes_ok").await, 2);
    let status = world.open().status(None).unwrap();
    assert!(matches!(status.state, State::Fresh { .. }));
}

#[tokio::test]
async fn config_toml_goes_before_the_variables() {
    let (world, base) = bare().await;
    world.configure(
        "[providers.claude-console]\nclient_id = \"practice-client\"\n\
         authorize_url = \"BASE/oauth/authorize\"\ntoken_url = \"BASE/v1/oauth/token\"\n\
         paste_redirect_uri = \"BASE/oauth/code/callback\"\nbase_url = \"BASE\"\n",
    );
    let other = "http://127.0.0.1:1";
    let keyfob = world.open_in(&[
        ("ANTHROPIC_OAUTH_CLIENT_ID", "another-client"),
        ("ANTHROPIC_CONSOLE_URL", other),
        ("ANTHROPIC_BASE_URL", other),
    ]);
    let config = keyfob.config().unwrap();
    let console = config.provider("claude-console").unwrap();
    assert!(console.by_variables.names.is_empty());
    assert_eq!(
        console.base_url.as_ref().unwrap().as_str(),
        format!("{base}/")
    );
    sign_in(&keyfob).await.unwrap();
}

#[tokio::test]
async fn without_a_client_id_nothing_begins_and_a_variable_gives_it() {
    let (world, _) = bare().await;
    let error = world.keyfob.begin_sign_in(wish()).await.err().unwrap();
    assert_eq!(error.code, Code::Usage);
    assert!(error.message.contains("client id"), "{error}");
    let with = world.open_in(&[("ANTHROPIC_OAUTH_CLIENT_ID", "mine")]);
    let config = with.config().unwrap();
    let console = config.provider("claude-console").unwrap();
    assert!(console.is_ready() && console.by_variables.give_client_id());
}

#[tokio::test]
async fn a_variable_that_is_not_safe_ends_it_with_a_sentence_and_hides_no_account() {
    let (world, base) = bare().await;
    for (name, value) in [
        ("ANTHROPIC_CONSOLE_URL", "http://console.example"),
        ("ANTHROPIC_BASE_URL", "not an address"),
        ("ANTHROPIC_OAUTH_CLIENT_ID", "sk-ant-api03-hunter2"),
    ] {
        let keyfob = world.open_in(&[
            ("ANTHROPIC_OAUTH_CLIENT_ID", "practice-client"),
            ("ANTHROPIC_CONSOLE_URL", &base),
            (name, value),
        ]);
        let error = keyfob.begin_sign_in(wish()).await.err().unwrap();
        assert_eq!(error.code, Code::Usage, "{name}");
        assert!(error.message.contains(name), "{error}");
        assert!(!error.message.contains("hunter2"), "{error}");
        assert!(keyfob.accounts().unwrap().is_empty());
    }
}

#[tokio::test]
async fn api_keys_are_checked_where_the_variable_says() {
    let (world, base) = bare().await;
    let key = |key: &str| NewKey {
        pasted: Secret::new(key),
        label: None,
        workspace_id: None,
        expires_on: None,
        verify: true,
    };
    let keyfob = world.open_in(&[("ANTHROPIC_BASE_URL", &base)]);
    let status = keyfob
        .add_api_key(key("sk-ant-api03-practice-key"))
        .await
        .unwrap();
    assert!(matches!(status.state, State::Valid { .. }));
    assert_eq!(world.count("models").await, 1);

    let wrong = world.open_in(&[("ANTHROPIC_BASE_URL", "http://api.example")]);
    assert_eq!(
        wrong
            .add_api_key(key("sk-ant-api03-another-key"))
            .await
            .unwrap_err()
            .code,
        Code::Usage
    );
}

#[tokio::test]
async fn a_key_of_the_list_goes_to_no_other_host_than_it_was_checked_at() {
    let (world, base) = bare().await;
    let other = mock_provider::start(mock_provider::Options::default());
    let other = other.await.unwrap();
    let here = world.open_in(&[("ANTHROPIC_BASE_URL", &base)]);
    let new = NewKey {
        pasted: Secret::new("sk-ant-api03-old-1111"),
        label: Some("CI".to_owned()),
        workspace_id: None,
        expires_on: None,
        verify: true,
    };
    here.add_api_key(new).await.unwrap();

    // Another shell points to somebody's gateway.
    let elsewhere = world.open_in(&[
        ("ANTHROPIC_BASE_URL", other.base_url()),
        ("ANTHROPIC_API_KEY", "sk-ant-api03-of-the-gateway"),
    ]);
    let status = elsewhere.check_key("CI").await.unwrap();
    assert!(matches!(status.state, State::Valid { .. }));
    assert_eq!(elsewhere.probe(Some("CI")).await.unwrap().works, Some(true));
    let edit = KeyEdit {
        workspace_id: Some("wrkspc_1".to_owned()),
        ..KeyEdit::default()
    };
    elsewhere.edit_key("CI", edit).await.unwrap();
    let new = Replacement {
        pasted: Secret::new("sk-ant-api03-new-2222"),
        workspace_id: None,
        expires_on: None,
        verify: true,
    };
    elsewhere.rotate_key("CI", new).await.unwrap();
    // The key that took its place belongs there, too; also where a variable cannot be used at all.
    let wrong = world.open_in(&[("ANTHROPIC_BASE_URL", "not an address")]);
    let status = wrong.check_key("CI").await.unwrap();
    assert!(matches!(status.state, State::Valid { .. }));
    assert_eq!(world.count("models").await, 6);

    let seen = || async {
        let url = format!("{}/control/counters", other.base_url());
        let counters = reqwest::get(url).await.unwrap();
        counters.json::<serde_json::Value>().await.unwrap()["models"].clone()
    };
    assert_eq!(seen().await, 0, "the other host sees nothing of it");
    // What that shell itself has is asked about where it points.
    let probed = elsewhere.probe(Some("ANTHROPIC_API_KEY")).await.unwrap();
    assert_eq!(probed.works, Some(true), "{}", probed.words);
    assert_eq!(seen().await, 1);
}
