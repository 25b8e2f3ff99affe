//! The screen Connections in the real window, with the real Claude Code beside it: a switch changes its settings on disk,
//! the screen says when it asked, a test says what it says of itself, and turned off again everything is as it was.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use keyfob_tests::process::eventually;
use keyfob_tests::{DesktopSession, Home, Keyring, MockProvider, PATIENCE, Window, claude, tools};
use serde_json::Value;

const PLANTED: &str = "PLANTED7Q";
const KEY: &str = "sk-ant-api03-PLANTED7Q-window-1111";

fn by(id: &str) -> String {
    format!("[data-testid='{id}']")
}

/// The switch of a row.
fn switch(row: &str) -> String {
    format!("{} {}", by(row), by("switch"))
}

struct World {
    session: DesktopSession,
    _mock: MockProvider,
    home: Home,
}

impl World {
    /// With the real `claude` on PATH, and a key called CI.
    fn new() -> Self {
        let mut session = DesktopSession::with_display(Keyring::Unlocked);
        let folder = tools::install(&mut session, &[]);
        let program = folder.join("claude");
        let line = format!("#!/bin/sh\nexec '{}' \"$@\"\n", claude::claude().display());
        fs::write(&program, line).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let mock = MockProvider::start(&["--auto", "agree", "--marker", PLANTED]);
        let block = mock
            .config_block()
            .replace("practice = true", "practice = false")
            .replace("payer = \"none\"", "payer = \"company\"");
        let home = Home::new(&session, "home", &block);
        let add = session.keyfob(&home, &["add-key", "--label", "CI"]);
        add.stdin(KEY).run().expect_code(0);
        Self {
            session,
            _mock: mock,
            home,
        }
    }

    async fn window(&self) -> Window {
        let window = Window::open(&self.session, &self.home).await;
        window.wait_for(&by("account-row")).await;
        window.click(&by("nav-connections")).await;
        window.wait_for(&by("tool-claude-code")).await;
        window
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_connects_claude_code_and_turned_off_everything_is_as_it_was() {
    let world = World::new();
    let settings = world
        .session
        .environment()
        .folder("home")
        .join(".claude/settings.json");
    // Claude Code itself moves a model of this name to another key, so none is named.
    let before = "{\n\t\"includeCoAuthoredBy\": false,\n\t\"env\": {\"EDITOR\": \"vi\"}\n}";
    fs::create_dir_all(settings.parent().unwrap()).unwrap();
    fs::write(&settings, before).unwrap();
    let window = world.window().await;

    window.click(&switch("tool-claude-code")).await;
    let changes = window.text(&by("connect-changes")).await;
    assert!(changes.contains("~/.claude/settings.json"), "{changes}");
    assert_eq!(
        fs::read_to_string(&settings).unwrap(),
        before,
        "it only asks"
    );
    window.screenshot("connections-connect").await;
    window.click(&by("connect-confirm")).await;
    // The row may come as soon as the connection is listed; what there is to know of it comes when all is done.
    let row = by("connection-claude-code");
    window
        .wait_for(&format!("{row} {}", by("connection-told")))
        .await;
    let text = fs::read_to_string(&settings).unwrap();
    let written: Value = serde_json::from_str(&text).unwrap();
    let line = written["apiKeyHelper"].as_str().unwrap().to_owned();
    assert!(
        text.starts_with("{\n\t") && text.contains("\"EDITOR\": \"vi\""),
        "{text}"
    );
    window.wait_for_text("Has not asked yet").await;

    window.click(&format!("{row} {}", by("test"))).await;
    window.wait_for(&by("test-result")).await;
    let said = window.text(&by("test-result")).await;
    assert!(said.contains("Claude Code uses this helper"), "{said}");
    // The check's own question is not Claude Code's.
    let said = window.text(&row).await;
    assert!(said.contains("Has not asked yet"), "{said}");

    // As Claude Code asks: by the line, with the environment of its settings.
    let mut asked = world.session.command("sh");
    asked.args(["-c", &line]);
    if let Some(url) = written["env"]["ANTHROPIC_BASE_URL"].as_str() {
        asked.env("ANTHROPIC_BASE_URL", url);
    }
    let printed = asked.output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&printed.stdout).trim(),
        KEY,
        "{printed:?}"
    );
    window
        .wait_for_text_in(&format!("{row} {}", by("row-standing")), "Asked ")
        .await;

    // The word about the outcome lies over the page; the picture is of what stays.
    window.close_outcome().await;
    window.screenshot("connections").await;
    let page = window.page_source().await + &window.storage_dump().await;
    assert!(!page.contains(PLANTED), "the page holds a secret:\n{page}");

    window.click(&switch("connection-claude-code")).await;
    window.wait_for(&by("tool-claude-code")).await;
    let is_as_it_was = || fs::read_to_string(&settings).is_ok_and(|text| text == before);
    assert!(eventually(PATIENCE, is_as_it_was), "{settings:?} differs");
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_connected_by_keyboard_and_signing_out_says_what_is_lost() {
    let world = World::new();
    let window = world.window().await;
    let focused = "return document.activeElement?.closest('[data-testid=\"tool-command\"]') !== null \
                   && document.activeElement?.dataset.testid === 'switch'";
    let key = |key: fantoccini::key::Key| char::from(key).to_string();
    for _ in 0..40 {
        if window.run(focused, vec![]).await == true {
            break;
        }
        window.press(&key(fantoccini::key::Key::Tab)).await;
    }
    assert_eq!(window.run(focused, vec![]).await, true);
    window.press(" ").await;
    window
        .type_into(&by("connect-name"), "Nightly\u{e007}")
        .await;
    window.wait_for(&by("connection-command")).await;
    window.wait_for_text("Nightly").await;
    window.wait_for_text(" helper command-").await;
    let file = world.home.file("connections.json");
    let list: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(list["all"][0]["target"], "Nightly");

    // What the command connects is seen here too.
    let connect = world
        .session
        .keyfob(&world.home, &["connect", "command", "--name", "Second"]);
    connect.run().expect_code(0);
    window.wait_for_text("Second").await;

    window.click(&by("nav-accounts")).await;
    window.click(&by("row-menu")).await;
    window.click(&by("menu-sign-out")).await;
    let lost = window.text(&by("sign-out-commands")).await;
    assert_eq!(lost, "Nightly and Second will get nothing any more.");
    window.screenshot("sign-out-connected").await;
    window.click(&by("sign-out-confirm")).await;
    let done = window.text(&by("sign-out-disconnected")).await;
    assert!(
        done.contains("Command (Nightly), Command (Second)"),
        "{done}"
    );
    window.close().await;
}

/// Nothing is half written where the settings cannot be.
#[tokio::test(flavor = "multi_thread")]
async fn settings_that_are_no_json_are_left_alone() {
    let world = World::new();
    let settings = world
        .session
        .environment()
        .folder("home")
        .join(".claude/settings.json");
    fs::create_dir_all(settings.parent().unwrap()).unwrap();
    fs::write(&settings, "{ \"model\": ").unwrap();
    let window = world.window().await;
    let said = window.text(&by("tool-obstacle")).await;
    assert!(said.contains("settings.json"), "{said}");
    fs::write(&settings, "{}").unwrap();
    window.click(&by("nav-accounts")).await;
    window.click(&by("nav-connections")).await;
    window.click(&switch("tool-claude-code")).await;
    // Broken while the person still thinks.
    fs::write(&settings, "[1]").unwrap();
    window.click(&by("connect-confirm")).await;
    window.wait_for(&by("connect-error")).await;
    assert_eq!(fs::read_to_string(&settings).unwrap(), "[1]");
    window.screenshot("connections-refused").await;
    window.close().await;
}
