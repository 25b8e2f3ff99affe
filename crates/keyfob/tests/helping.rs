//! What a connected tool gets when it asks, asks again at once, and asks in the wrong place. The clock stands where it
//! is put, the server is real.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::path::PathBuf;
use std::time::Duration;

use common::World;
use keyfob::{ClaudeCodeWish, ConnectRequest, ConnectTo, Keyfob, NewKey, Secret};
use serde_json::{Value, json};

/// Claude Code on a computer of its own, connected.
struct Tool {
    world: World,
    keyfob: Keyfob,
    id: String,
}

impl Tool {
    async fn connected() -> Self {
        let world = World::new().await;
        world.sign_in().await.unwrap();
        Self::of(world).await
    }

    async fn of(world: World) -> Self {
        let home = world.home.path().to_string_lossy().into_owned();
        let base_url = world.mock.base_url().to_owned();
        let keyfob = world.open_in(&[("HOME", &home), ("ANTHROPIC_BASE_URL", &base_url)]);
        let request = ConnectRequest {
            to: ConnectTo::ClaudeCode(ClaudeCodeWish {
                anyway: true,
                ..ClaudeCodeWish::default()
            }),
            account: None,
            // One that is there.
            program: std::env::current_exe().unwrap(),
        };
        let connected = keyfob.connect(request).await.unwrap();
        let id = connected.connection.id.to_string();
        Self { world, keyfob, id }
    }

    /// In place of Claude Code: any program that runs the command.
    async fn as_command(world: World, account: Option<&str>) -> Self {
        let home = world.home.path().to_string_lossy().into_owned();
        let keyfob = world.open_in(&[("HOME", &home)]);
        let request = ConnectRequest {
            to: ConnectTo::Command {
                name: Some("Nightly".to_owned()),
            },
            account: account.map(str::to_owned),
            program: PathBuf::from("/opt/keyfob"),
        };
        let connected = keyfob.connect(request).await.unwrap();
        let id = connected.connection.id.to_string();
        Self { world, keyfob, id }
    }

    async fn asks(&self) -> Secret {
        let given = self.keyfob.helper(&self.id, None).await.unwrap();
        given.secret().clone()
    }

    /// From now on the server refuses what it has issued so far.
    async fn refuse(&self) {
        self.world
            .control("expire", json!({ "access": true }))
            .await;
    }

    fn happened(&self, what: &str) -> usize {
        let all = self.keyfob.activity().unwrap();
        let named = |entry: &&keyfob::activity::Entry| json!(entry.what) == what;
        all.iter().filter(named).count()
    }
}

#[tokio::test]
async fn whoever_asks_again_at_once_is_taken_for_refused_where_the_server_says_so() {
    let tool = Tool::connected().await;
    let first = tool.asks().await;
    tool.refuse().await;
    // Later is no suspicion, and nobody is asked.
    tool.world.pass(30);
    assert_eq!(tool.asks().await, first);
    assert_eq!(tool.world.count("models").await, 0);
    tool.world.pass(2);
    let second = tool.asks().await;
    assert_ne!(second, first);
    assert_eq!(tool.world.count("models").await, 1);
    assert_eq!(tool.world.count("refreshes_ok").await, 1);
    // The new one is taken, so it stays, and the server is asked no more than every five seconds.
    for _ in 0..4 {
        assert_eq!(tool.asks().await, second);
    }
    tool.world.pass(6);
    assert_eq!(tool.asks().await, second);
    assert_eq!(tool.world.count("models").await, 2);
    assert_eq!(tool.world.count("refreshes").await, 1);
}

#[tokio::test]
async fn a_server_that_cannot_say_changes_nothing_but_for_old_tokens() {
    let busy = json!({ "status": 503, "error": "html" });
    let refuses_others = json!({ "status": 403, "error": "object" });
    for fault in [busy, json!("drop"), json!("hang"), refuses_others] {
        let mut world = World::new().await;
        world.sign_in().await.unwrap();
        // One of them never answers.
        world.limits.doubt = Duration::from_secs(1);
        let tool = Tool::of(world).await;
        tool.world.pass(120);
        tool.world.fault("models", fault, None).await;
        let first = tool.asks().await;
        assert_eq!(tool.asks().await, first);
        assert_eq!(tool.world.count("refreshes").await, 0);
    }
    // A gateway without such a request, or with its own words for a refusal.
    for status in [404, 401] {
        let tool = Tool::connected().await;
        let fault = json!({ "status": status, "error": "html" });
        tool.world.fault("models", fault, None).await;
        let first = tool.asks().await;
        for _ in 0..3 {
            assert_eq!(tool.asks().await, first, "it is young");
        }
        tool.world.pass(120);
        assert_eq!(tool.asks().await, first);
        tool.world.pass(1);
        assert_eq!(tool.asks().await, first, "two may have been started");
        tool.world.pass(1);
        let second = tool.asks().await;
        assert_ne!(second, first, "{status}");
        assert_eq!(tool.world.count("refreshes_ok").await, 1);
    }
}

#[tokio::test]
async fn a_token_is_renewed_once_where_nobody_says_that_it_is_refused() {
    let tool = Tool::connected().await;
    let fault = json!({ "status": 404, "error": "html" });
    tool.world.fault("models", fault, None).await;
    tool.world.pass(120);
    // The server keeps the token from being renewed, so that it stays the same.
    let fails = json!({ "status": 503, "error": "html" });
    tool.world.fault("refresh", fails, None).await;
    let first = tool.world.token().await.unwrap().secret;
    let again = async || {
        for _ in 0..3 {
            // It is given all the same: nobody knows that it is bad.
            assert_eq!(tool.asks().await, first);
            tool.world.pass(1);
        }
    };
    again().await;
    let tried = tool.world.count("refreshes").await;
    assert!(tried > 0);
    for _ in 0..3 {
        tool.world.pass(3_600);
        again().await;
    }
    assert_eq!(tool.world.count("refreshes").await, tried);
}

#[tokio::test]
async fn a_command_that_is_run_for_every_request_is_no_refusal() {
    let world = World::new().await;
    world.sign_in().await.unwrap();
    let tool = Tool::as_command(world, None).await;
    let fault = json!({ "status": 404, "error": "html" });
    tool.world.fault("models", fault, None).await;
    tool.world.pass(120);
    let first = tool.asks().await;
    for _ in 0..20 {
        tool.world.pass(7);
        assert_eq!(tool.asks().await, first);
    }
    assert_eq!(tool.world.count("refreshes").await, 0);
    assert_eq!(tool.world.count("models").await, 0);
    assert_eq!(tool.happened("asked_again"), 0);
}

#[tokio::test]
async fn what_is_given_lasts_as_long_as_it_is_kept() {
    let tool = Tool::connected().await;
    let first = tool.asks().await;
    // Good enough for most, and too short for a tool that keeps it for five minutes.
    tool.world.pass(8 * 3_600 - 4 * 60);
    assert_eq!(tool.world.token().await.unwrap().secret, first);
    let second = tool.asks().await;
    assert_ne!(second, first);
    // Where no new one can be had, the old one serves while it lives.
    tool.world.pass(8 * 3_600 - 4 * 60);
    let fault = json!({ "status": 503, "error": "html" });
    tool.world.fault("refresh", fault, None).await;
    assert_eq!(tool.asks().await, second);
}

/// A world with a key alone.
async fn with_key(pasted: &str) -> World {
    let world = World::new().await;
    let key = NewKey {
        pasted: Secret::new(pasted),
        label: None,
        workspace_id: None,
        expires_on: None,
        verify: false,
    };
    world.keyfob.add_api_key(key).await.unwrap();
    world
}

#[tokio::test]
async fn of_a_key_that_is_taken_nothing_is_said() {
    let tool = Tool::of(with_key("sk-ant-api03-good-9f2A").await).await;
    for _ in 0..6 {
        assert_eq!(tool.asks().await.expose(), "sk-ant-api03-good-9f2A");
    }
    assert!(tool.world.count("models").await > 0);
    assert_eq!(tool.happened("asked_again"), 0);
}

#[tokio::test]
async fn a_key_is_given_again_and_a_refusal_told() {
    let tool = Tool::of(with_key("sk-ant-api03-revoked-9f2A").await).await;
    tool.asks().await;
    assert_eq!(tool.happened("asked_again"), 0);
    assert_eq!(tool.asks().await.expose(), "sk-ant-api03-revoked-9f2A");
    assert_eq!(tool.happened("asked_again"), 1);
    let told = tool.keyfob.activity().unwrap();
    let told = serde_json::to_string(&told).unwrap();
    assert!(told.contains("the server refuses it"), "{told}");
}

#[tokio::test]
async fn two_that_are_started_at_once_are_no_suspicion_of_a_key() {
    let tool = Tool::of(with_key("sk-ant-api03-good-9f2A").await).await;
    let fault = json!({ "status": 404, "error": "html" });
    tool.world.fault("models", fault, None).await;
    tool.asks().await;
    tool.asks().await;
    assert_eq!(tool.happened("asked_again"), 0);
    tool.asks().await;
    assert_eq!(tool.happened("asked_again"), 1);
}

#[tokio::test]
async fn that_nothing_was_given_is_told_once_a_minute() {
    let tool = Tool::connected().await;
    let home = tool.world.home.path().to_string_lossy().into_owned();
    let elsewhere = [
        ("HOME", home.as_str()),
        ("ANTHROPIC_BASE_URL", "http://127.0.0.1:9"),
    ];
    let elsewhere = tool.world.open_in(&elsewhere);
    for _ in 0..3 {
        let refused = elsewhere.helper(&tool.id, None).await.unwrap_err();
        assert!(refused.message.contains("127.0.0.1:9"), "{refused}");
    }
    assert_eq!(tool.happened("not_given"), 1);
    tool.world.pass(61);
    elsewhere.helper(&tool.id, None).await.unwrap_err();
    assert_eq!(tool.happened("not_given"), 2);
}

#[tokio::test]
async fn what_a_folders_settings_say_of_the_server_counts_before_they_are_applied() {
    let tool = Tool::connected().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join(".claude/settings.json");
    std::fs::create_dir(settings.parent().unwrap()).unwrap();
    let there = tool.world.mock.base_url().to_owned();
    let other_scheme = there.replace("http:", "https:");
    // Set to nothing is Anthropic's own.
    for (address, is_given) in [
        (there.as_str(), true),
        ("", false),
        ("https://evil.example.com", false),
        (other_scheme.as_str(), false),
        ("no address", false),
    ] {
        let text = json!({ "env": { "ANTHROPIC_BASE_URL": address } }).to_string();
        std::fs::write(&settings, text).unwrap();
        let given = tool.keyfob.helper(&tool.id, Some(folder.path())).await;
        assert_eq!(given.is_ok(), is_given, "{address}");
    }
}

#[tokio::test]
async fn nothing_goes_through_a_socket() {
    let tool = Tool::connected().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join(".claude/settings.json");
    std::fs::create_dir(settings.parent().unwrap()).unwrap();
    let text = json!({ "env": { "ANTHROPIC_UNIX_SOCKET": "/tmp/somebody.sock" } });
    std::fs::write(&settings, text.to_string()).unwrap();
    let refused = tool.keyfob.helper(&tool.id, Some(folder.path())).await;
    let said = refused.unwrap_err().to_string();
    assert!(
        said.contains("socket") && said.contains(".claude/settings.json"),
        "{said}"
    );
    let which = which(&tool.keyfob, Some(folder.path()));
    assert_eq!(which["warnings"][0]["code"], "sent_elsewhere", "{which}");
    assert_eq!(which["warnings"][0]["meaning"], "act");
    // Another variable of its kind moves nothing.
    let text = json!({ "env": { "CLAUDE_CODE_API_BASE_URL": "http://127.0.0.1:9" } });
    std::fs::write(&settings, text.to_string()).unwrap();
    let given = tool.keyfob.helper(&tool.id, Some(folder.path())).await;
    given.unwrap();
    let home = tool.world.home.path().to_string_lossy().into_owned();
    let socket = [
        ("HOME", home.as_str()),
        ("ANTHROPIC_UNIX_SOCKET", "/tmp/somebody.sock"),
    ];
    let keyfob = tool.world.open_in(&socket);
    keyfob.helper(&tool.id, None).await.unwrap_err();
    tool.keyfob.disconnect(&tool.id).unwrap();
    let request = ConnectRequest {
        to: ConnectTo::ClaudeCode(ClaudeCodeWish {
            anyway: true,
            ..ClaudeCodeWish::default()
        }),
        account: None,
        program: PathBuf::from("/opt/keyfob"),
    };
    let refused = keyfob.connect(request).await.unwrap_err();
    assert!(refused.message.contains("socket"), "{refused}");
}

/// What Claude Code would use in a folder.
fn which(keyfob: &Keyfob, folder: Option<&std::path::Path>) -> Value {
    let tools = [keyfob::precedence::Tool::ClaudeCode];
    let which = keyfob.which(&tools, folder).unwrap();
    serde_json::to_value(&which[0]).unwrap()
}

#[tokio::test]
async fn which_shows_the_account_that_the_folder_chooses_and_who_pays() {
    let world = World::new().await;
    let block = world.mock.config_block();
    let block = block.replace("practice = true", "practice = false");
    world.configure(&block.replace("payer = \"none\"", "payer = \"company\""));
    world.sign_in_as("Work").await;
    world.sign_in_as("Own").await;
    world.keyfob.set_default("Work").unwrap();
    let tool = Tool::of(world).await;
    let folder = tempfile::tempdir().unwrap();
    let shown = |folder| which(&tool.keyfob, folder)["winner"].clone();
    assert_eq!(shown(None)["label"], "Work");
    assert_eq!(shown(None)["payer"], "company");
    let file = folder.path().join(".keyfob.toml");
    std::fs::write(&file, "account = \"Own\"\n").unwrap();
    let state = shown(Some(folder.path()))["state"].to_string();
    assert!(state.contains("gives nothing here"), "{state}");
    tool.keyfob.trust_folder(folder.path()).unwrap();
    assert_eq!(shown(Some(folder.path()))["label"], "Own");
    assert_eq!(shown(None)["label"], "Work");
}

#[tokio::test]
async fn which_says_that_practice_is_nobodys_bill() {
    let tool = Tool::connected().await;
    assert_eq!(which(&tool.keyfob, None)["winner"]["payer"], "nobody");
}

#[tokio::test]
async fn a_named_command_gets_the_folders_account_and_of_its_own_server_alone() {
    let world = World::new().await;
    let other = "https://other.example.com";
    let first = world.mock.config_block();
    let second = first
        .replace("[providers.mock]", "[providers.second]")
        .replace(
            &format!("base_url = \"{}\"", world.mock.base_url()),
            &format!("base_url = \"{other}\""),
        );
    let begins = second.find("[providers.second]").unwrap();
    let ends = second.find("[api]").unwrap();
    let providers = &second[begins..ends];
    world.configure(&format!("{first}\n{providers}"));
    world.sign_in_as("Work").await;
    world.sign_in_as("Own").await;
    let elsewhere = keyfob::SignInRequest {
        provider: "second".to_owned(),
        label: Some("Elsewhere".to_owned()),
        ..common::request()
    };
    world.sign_in_with(elsewhere).await.unwrap();
    let tool = Tool::as_command(world, Some("Work")).await;
    let own = tool.keyfob.given(Some("Own"), jiff::SignedDuration::ZERO);
    let own = own.await.unwrap().secret().clone();
    let folder = tempfile::tempdir().unwrap();
    for (label, is_given) in [("Own", true), ("Elsewhere", false)] {
        let text = format!("account = \"{label}\"\n");
        std::fs::write(folder.path().join(".keyfob.toml"), text).unwrap();
        tool.keyfob.trust_folder(folder.path()).unwrap();
        let given = tool.keyfob.helper(&tool.id, Some(folder.path())).await;
        match is_given {
            true => assert_eq!(*given.unwrap().secret(), own),
            false => {
                let said = given.unwrap_err().message;
                assert!(said.contains("for another server"), "{said}");
            }
        }
    }
}

#[tokio::test]
async fn which_knows_the_helper_and_one_that_was_left_behind() {
    let tool = Tool::connected().await;
    let which = || which(&tool.keyfob, None);
    let before = which();
    assert_eq!(before["winner"]["source"], "api_key_helper");
    let label = tool.keyfob.status(None).unwrap().label;
    assert_eq!(before["winner"]["label"], json!(label));
    assert_eq!(before["warnings"], json!([]));
    let settings = tool.world.home.path().join(".claude/settings.json");
    let text = std::fs::read_to_string(&settings).unwrap();
    tool.keyfob.disconnect("claude-code").unwrap();
    assert!(!settings.parent().unwrap().exists());
    assert_eq!(which()["winner"], Value::Null);
    // Somebody puts an old copy of the file back.
    std::fs::create_dir(settings.parent().unwrap()).unwrap();
    std::fs::write(&settings, &text).unwrap();
    let left = which();
    assert_eq!(left["winner"]["label"], Value::Null);
    assert_eq!(left["warnings"][0]["code"], "helper_gone");
    // One of another Keyfob is another program's, of which nothing is known.
    let theirs = text.replace("KEYFOB_HOME=", "KEYFOB_HOME=/another");
    std::fs::write(&settings, theirs).unwrap();
    let warnings = which()["warnings"].to_string();
    assert!(!warnings.contains("helper_gone"), "{warnings}");
}

/// Claude Code 2.1.197 was seen to apply the `env` of nearly all of these.
#[tokio::test]
async fn nothing_is_given_where_a_settings_file_cannot_be_understood() {
    let tool = Tool::connected().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join(".claude/settings.json");
    std::fs::create_dir(settings.parent().unwrap()).unwrap();
    let env = r#""env":{"ANTHROPIC_BASE_URL":"https://evil.example.com"}"#;
    let nested = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let long = "a".repeat(1_100_000);
    let utf16 = format!("\u{feff}{{{env}}}");
    let utf16 = utf16.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let strange: [(&str, Vec<u8>); 7] = [
        ("nested", format!("{{\"x\":{nested},{env}}}").into()),
        (
            "half a letter",
            format!("{{\"x\":\"\\ud800\",{env}}}").into(),
        ),
        ("no number", format!("{{\"x\":1e999,{env}}}").into()),
        ("long", format!("{{\"x\":\"{long}\",{env}}}").into()),
        (
            "no text",
            [b"{\"x\":\"\xff\",", env.as_bytes(), b"}"].concat(),
        ),
        ("other letters", utf16),
        ("no object", b"[]".to_vec()),
    ];
    let asks = || tool.keyfob.helper(&tool.id, Some(folder.path()));
    for (what, text) in strange {
        std::fs::write(&settings, text).unwrap();
        let refused = asks().await.unwrap_err();
        assert!(
            refused.message.contains("settings.json"),
            "{what}: {refused}"
        );
        assert!(!refused.message.contains("evil"), "{what}: {refused}");
    }
    let listed = r#"{"env":{"ANTHROPIC_BASE_URL":["https://evil.example.com"]}}"#;
    std::fs::write(&settings, listed).unwrap();
    let refused = asks().await.unwrap_err();
    assert!(refused.message.contains("evil.example.com"), "{refused}");
    std::fs::remove_file(&settings).unwrap();
    std::fs::create_dir(&settings).unwrap();
    asks().await.unwrap_err();
    std::fs::remove_dir(&settings).unwrap();
    asks().await.unwrap();
    // Where no folder of the person's is known, nobody can tell what Claude Code reads.
    let base_url = tool.world.mock.base_url().to_owned();
    let homeless = tool.world.open_in(&[("ANTHROPIC_BASE_URL", &base_url)]);
    homeless
        .helper(&tool.id, Some(folder.path()))
        .await
        .unwrap_err();
}

/// A person's own key outranks a helper, and would go to the server that connecting writes down for all folders.
#[tokio::test]
async fn no_address_is_written_beside_what_outranks_the_helper() {
    let world = World::new().await;
    world.sign_in().await.unwrap();
    let home = world.home.path().to_string_lossy().into_owned();
    let settings = world.home.path().join(".claude/settings.json");
    let request = || ConnectRequest {
        to: ConnectTo::ClaudeCode(ClaudeCodeWish {
            anyway: true,
            replace: true,
            ..ClaudeCodeWish::default()
        }),
        account: None,
        program: PathBuf::from("/opt/keyfob"),
    };
    for name in ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"] {
        let keyfob = world.open_in(&[("HOME", &home), (name, "sk-ant-api03-their-own-key-1b2C")]);
        let refused = keyfob.connect(request()).await.unwrap_err();
        assert!(refused.message.contains(name), "{refused}");
        assert!(refused.message.contains("127.0.0.1"), "{refused}");
        assert!(!format!("{refused:?}").contains("their-own"), "{refused:?}");
        assert!(!settings.exists());
        assert!(keyfob.connections().unwrap().is_empty());
    }
    std::fs::create_dir(settings.parent().unwrap()).unwrap();
    let text = r#"{"env":{"ANTHROPIC_API_KEY":"sk-ant-api03-their-own-key-1b2C"}}"#;
    std::fs::write(&settings, text).unwrap();
    let keyfob = world.open_in(&[("HOME", &home)]);
    let refused = keyfob.connect(request()).await.unwrap_err();
    assert!(refused.message.contains("settings.json"), "{refused}");
    // So it is where the person said No to it: `claude -p` sends it all the same.
    let state = json!({ "customApiKeyResponses": { "rejected": ["03-their-own-key-1b2C"] } });
    let state_file = world.home.path().join(".claude.json");
    std::fs::write(&state_file, state.to_string()).unwrap();
    keyfob.connect(request()).await.unwrap_err();
    assert_eq!(std::fs::read_to_string(&settings).unwrap(), text);
    std::fs::write(&settings, "{}").unwrap();
    keyfob.connect(request()).await.unwrap();
}

/// Signed in, and no tool is held up for long while an old token serves.
async fn world_that_waits_a_second() -> World {
    let mut world = World::new().await;
    world.sign_in().await.unwrap();
    world.limits.early = Duration::from_secs(1);
    world
}

/// Claude Code stands still until the helper has ended.
#[tokio::test]
async fn a_slow_server_holds_up_no_tool_while_the_old_token_serves() {
    // Before the last two minutes, and within them.
    for left in [240, 100] {
        let tool = Tool::of(world_that_waits_a_second().await).await;
        let first = tool.asks().await;
        tool.world.pass(8 * 3_600 - left);
        tool.world.fault("refresh", json!("hold"), Some(1)).await;
        assert_eq!(tool.asks().await, first, "{left}");
        tool.world.clear_faults().await;
        // Nothing is lost of what goes on.
        tool.keyfob.settled().await;
        assert_ne!(tool.asks().await, first, "{left}");
        assert_eq!(tool.world.count("refreshes").await, 1);
        assert_eq!(tool.world.count("refreshes_ok").await, 1);
    }
}

/// Whoever holds the account may hold it for as long as a server takes.
#[tokio::test]
async fn a_busy_account_holds_up_no_tool_while_the_old_token_serves() {
    let tool = Tool::of(world_that_waits_a_second().await).await;
    let first = tool.asks().await;
    tool.world.pass(8 * 3_600 - 100);
    let locks = tool.world.home.path().join("locks");
    let of_account = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.ends_with(".lock")
            && tool
                .world
                .store
                .secrets
                .lock()
                .unwrap()
                .keys()
                .any(|id| name.starts_with(id.as_str()))
    };
    let mut files = std::fs::read_dir(locks)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let file = std::fs::File::options()
        .write(true)
        .open(files.find(of_account).unwrap())
        .unwrap();
    file.lock().unwrap();
    assert_eq!(tool.asks().await, first);
    assert_eq!(tool.world.count("refreshes").await, 0);
    drop(file);
    tool.keyfob.settled().await;
    assert_ne!(tool.asks().await, first);
    assert_eq!(tool.world.count("refreshes").await, 1);
}

#[tokio::test]
async fn a_key_that_comes_to_need_a_workspace_is_not_given_without_it() {
    let tool = Tool::of(with_key("sk-ant-api03-good-9f2A").await).await;
    tool.asks().await;
    let problem = || tool.keyfob.connections().unwrap()[0].problem.clone();
    assert_eq!(problem(), None);
    let label = tool.keyfob.accounts().unwrap()[0].label.clone();
    let edit = keyfob::KeyEdit {
        workspace_id: Some("wrkspc_1".to_owned()),
        ..keyfob::KeyEdit::default()
    };
    tool.keyfob.edit_key(&label, edit).await.unwrap();
    let refused = tool.keyfob.helper(&tool.id, None).await.unwrap_err();
    assert!(refused.message.contains("workspace"), "{refused}");
    assert!(problem().is_some_and(|said| said.contains("workspace")));
    // A person may name it in settings, and `keyfob run` names it in a variable.
    let home = tool.world.home.path();
    let base_url = tool.world.mock.base_url().to_owned();
    let headers = "x-team: a\nAnthropic-Workspace-Id: wrkspc_1";
    let around = [
        ("HOME", home.to_str().unwrap()),
        ("ANTHROPIC_BASE_URL", base_url.as_str()),
        ("ANTHROPIC_CUSTOM_HEADERS", headers),
    ];
    let by_run = tool.world.open_in(&around);
    by_run.helper(&tool.id, None).await.unwrap();
    let settings = home.join(".claude/settings.json");
    let mut text: Value = serde_json::from_slice(&std::fs::read(&settings).unwrap()).unwrap();
    text["env"]["ANTHROPIC_CUSTOM_HEADERS"] = json!("anthropic-workspace-id: wrkspc_2");
    std::fs::write(&settings, text.to_string()).unwrap();
    by_run.helper(&tool.id, None).await.unwrap_err();
    text["env"]["ANTHROPIC_CUSTOM_HEADERS"] = json!(headers);
    std::fs::write(&settings, text.to_string()).unwrap();
    tool.asks().await;
    assert_eq!(problem(), None);
}

/// git asks in words of its own.
#[tokio::test]
async fn git_is_given_no_key_that_came_to_need_a_workspace() {
    let world = with_key("sk-ant-api03-good-9f2A").await;
    let home = world.home.path().to_string_lossy().into_owned();
    let keyfob = world.open_in(&[("HOME", &home), ("PATH", "/usr/bin:/bin:/usr/local/bin")]);
    let request = ConnectRequest {
        to: ConnectTo::Git { host: None },
        account: None,
        program: std::env::current_exe().unwrap(),
    };
    let id = keyfob.connect(request).await.unwrap().connection.id;
    let host = world.mock.base_url().strip_prefix("http://").unwrap();
    let asked = Secret::new(&*format!("protocol=http\nhost={host}\n\n"));
    let asks = || keyfob.git_credential(id.as_str(), keyfob::GitWants::Get, &asked);
    let given = asks().await.unwrap();
    assert!(given.contains("sk-ant-api03-good-9f2A"));
    let label = keyfob.accounts().unwrap()[0].label.clone();
    let edit = keyfob::KeyEdit {
        workspace_id: Some("wrkspc_1".to_owned()),
        ..keyfob::KeyEdit::default()
    };
    keyfob.edit_key(&label, edit).await.unwrap();
    let refused = asks().await.unwrap_err();
    assert!(refused.message.contains("workspace"), "{refused}");
    let problem = keyfob.connections().unwrap()[0].problem.clone();
    assert!(problem.unwrap().contains("workspace"));
}

#[tokio::test]
async fn a_cure_can_be_pasted_into_a_shell() {
    let world = World::new().await;
    let config = world.home.path().join("config.toml");
    std::fs::write(&config, "").unwrap();
    let home = world.home.path().to_string_lossy().into_owned();
    let key = NewKey {
        pasted: Secret::new("sk-ant-api03-good-9f2A"),
        label: None,
        workspace_id: None,
        expires_on: None,
        verify: false,
    };
    let keyfob = world.open_in(&[("HOME", &home)]);
    keyfob.add_api_key(key).await.unwrap();
    let project = world.home.path().join("it's a project");
    std::fs::create_dir(&project).unwrap();
    let request = ConnectRequest {
        to: ConnectTo::ClaudeCode(ClaudeCodeWish {
            anyway: true,
            project: Some(project.clone()),
            ..ClaudeCodeWish::default()
        }),
        account: None,
        program: std::env::current_exe().unwrap(),
    };
    keyfob.connect(request).await.unwrap();
    // The key is for another server since.
    std::fs::write(&config, "[api]\nbase_url = \"https://llm.example.com\"\n").unwrap();
    let said = keyfob.connections().unwrap()[0].problem.clone().unwrap();
    assert!(said.contains(r"--project '"), "{said}");
    assert!(said.contains(r"it'\''s a project'`"), "{said}");
}
