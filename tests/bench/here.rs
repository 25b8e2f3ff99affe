//! `keyfob which` and `keyfob doctor --offline` on a computer where a lot is set up: what a person waits for who asks.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

use keyfob_tests::{DesktopSession, Home, Keyring};
use serde_json::json;

use crate::measure::{beside, median};

/// As many projects as somebody has after a year with Claude Code, and some profiles.
const PROJECTS: usize = 500;
const PROFILES: usize = 20;

pub(crate) fn which_and_doctor() {
    let session = DesktopSession::start(Keyring::Unlocked);
    let home = Home::new(&session, "home", "");
    let person = session.root().join("person");
    let project = person.join("project");
    let write = |name: &str, text: String| {
        let path = person.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let history: Vec<_> = (0..50)
        .map(|n| json!({ "display": "x".repeat(100), "n": n }))
        .collect();
    let one = json!({ "hasTrustDialogAccepted": true, "history": history });
    let projects: serde_json::Map<_, _> = (0..PROJECTS)
        .map(|n| (format!("/project/{n}"), one.clone()))
        .collect();
    write(".claude.json", json!({ "projects": projects }).to_string());
    let credentials = json!({ "claudeAiOauth": { "accessToken": "bench", "refreshToken": "bench",
        "expiresAt": 4_102_444_800_000_i64, "scopes": ["user:inference"], "subscriptionType": "max" } });
    write(".claude/.credentials.json", credentials.to_string());
    let settings =
        json!({ "apiKeyHelper": "true", "env": { "ANTHROPIC_BASE_URL": "https://example.com" } });
    for place in [
        ".claude/settings.json",
        "project/.claude/settings.json",
        "project/.claude/settings.local.json",
    ] {
        write(place, settings.to_string());
    }
    for number in 0..PROFILES {
        let config = json!({ "version": "1.0", "authentication": { "type": "user_oauth" } });
        let credentials = json!({ "access_token": "bench", "expires_at": 4_102_444_800_i64 });
        write(
            &format!("anthropic/configs/p{number}.json"),
            config.to_string(),
        );
        write(
            &format!("anthropic/credentials/p{number}.json"),
            credentials.to_string(),
        );
    }
    let keyfob = |arguments: &[&str]| {
        let mut command = session.command(beside("keyfob"));
        command.args(arguments).env("KEYFOB_HOME", home.path());
        command
            .env("HOME", &person)
            .env("ANTHROPIC_CONFIG_DIR", person.join("anthropic"));
        command.env("ANTHROPIC_API_KEY", "sk-ant-api03-bench-bench-bench-bench");
        command
            .current_dir(&project)
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        command
    };
    for (arguments, words) in [
        (&["which"][..], "`keyfob which`, 500 projects, 20 profiles"),
        (&["doctor", "--offline"][..], "`keyfob doctor --offline`"),
    ] {
        let mut command = keyfob(arguments);
        let mut times: Vec<f64> = (0..41).map(|_| timed(&mut command)).skip(1).collect();
        println!(
            "| {words} | {:.1} ms | | | ≤ 50 ms |",
            median(&mut times) * 1e3
        );
    }
}

/// What it says does not matter here, and it may say that something is wrong.
fn timed(command: &mut Command) -> f64 {
    command.stdout(Stdio::null());
    let start = Instant::now();
    let ended = command.status().unwrap();
    assert!(ended.code().is_some(), "{ended}");
    start.elapsed().as_secs_f64()
}
