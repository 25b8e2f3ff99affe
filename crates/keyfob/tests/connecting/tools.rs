//! The list of tools, and what remains of one whose settings cannot be put back.

use std::fs;
use std::os::unix::fs::symlink;

use keyfob::{ClaudeCodeWish, ConnectTo};
use serde_json::json;

use crate::desk::{Desk, KEY, opencode, text};

#[tokio::test]
async fn our_copies_go_even_where_the_tools_settings_cannot_be_put_back() {
    let desk = Desk::new().await;
    let connected = desk.connect(opencode(), "CI").await.unwrap();
    let copy = desk.keyfobs("given").join(connected.connection.id.as_str());
    assert_eq!(text(&copy), KEY);
    let settings = desk.path(".config/opencode/opencode.json");
    let elsewhere = desk.path("elsewhere.json");
    fs::rename(&settings, &elsewhere).unwrap();
    symlink(&elsewhere, &settings).unwrap();
    let report = desk.keyfob.sign_out("CI").await.unwrap();
    assert!(!copy.exists());
    assert_eq!(report.left.len(), 1, "{report:?}");
    assert!(report.left[0].contains("symbolic link"), "{report:?}");

    // What remains is still listed, and goes once it can.
    fs::remove_file(&settings).unwrap();
    fs::rename(&elsewhere, &settings).unwrap();
    desk.keyfob.disconnect("opencode").unwrap();
    assert!(!settings.exists());
    assert!(desk.keyfob.connections().unwrap().is_empty());
}

#[tokio::test]
async fn the_tools_say_what_does_not_fit_and_call_what_is_ours_nobody_elses() {
    let desk = Desk::with(Some("wrkspc_01")).await;
    desk.program("claude", "exit 0");
    let tool = |id: &str| {
        let tools = desk.keyfob.connectable().unwrap();
        tools.into_iter().find(|tool| tool.to.id() == id).unwrap()
    };
    let pi = tool("pi");
    assert_eq!(pi.unfit[0].label, "CI");
    assert!(pi.unfit[0].why.contains("workspace"), "{:?}", pi.unfit);
    assert_eq!(tool("command").unfit, []);

    let desk = Desk::new().await;
    desk.program("claude", "exit 0");
    let replaces = || {
        let tools = desk.keyfob.connectable().unwrap();
        tools[0].accounts[0].replaces.clone()
    };
    assert_eq!(replaces(), None);
    let to = ConnectTo::ClaudeCode(ClaudeCodeWish::default());
    desk.connect(to, "CI").await.unwrap();
    assert_eq!(replaces(), None);
    let settings = desk.path(".claude/settings.json");
    fs::write(&settings, json!({ "apiKeyHelper": "theirs" }).to_string()).unwrap();
    assert!(replaces().unwrap().contains("apiKeyHelper"));
}

#[tokio::test]
async fn looking_at_the_tools_runs_none_of_them() {
    let desk = Desk::new().await;
    let ran = desk.path("ran");
    for name in ["git", "opencode", "pi", "claude"] {
        desk.program(name, &format!("echo {name} >> {}", ran.display()));
    }
    let tools = desk.keyfob.connectable().unwrap();
    assert!(!ran.exists(), "{}", text(&ran));
    let git = tools.iter().find(|tool| tool.to.id() == "git").unwrap();
    assert_eq!(git.changes, [desk.path(".gitconfig")]);
    assert!(git.found.is_some());
}

#[tokio::test]
async fn lists_of_a_newer_keyfob_are_not_called_damaged() {
    let desk = Desk::new().await;
    fs::write(desk.keyfobs("connections.json"), r#"{"version":9,"by":{}}"#).unwrap();
    fs::write(desk.keyfobs("trusted.json"), r#"{"version":9,"by":{}}"#).unwrap();
    let errors = [
        desk.keyfob.connections().unwrap_err(),
        desk.keyfob.trusted_folders().unwrap_err(),
    ];
    for error in errors {
        assert!(error.message.contains("newer Keyfob"), "{error:?}");
        assert!(error.cure.starts_with("Update"), "{error:?}");
    }
}
