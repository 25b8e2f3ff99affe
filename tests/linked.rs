//! Sessions that Claude Code and `ant` own, end to end with the real command: they are linked, shown and forgotten, and
//! nothing in their files is ever written by Keyfob.

use std::fs;

use keyfob_tests::linked::{World, write};
use serde_json::{Value, json};

#[test]
fn a_session_is_linked_shown_and_forgotten_and_nothing_of_it_is_touched() {
    let world = World::default();
    world.plant_claude(&world.claude(), 3_600);
    world.plant_profile("work", 3_600);
    let before = world.theirs();
    let untouched = |what: &str| assert_eq!(world.theirs(), before, "after {what}");

    let linked = world
        .keyfob(&["link", "claude-code", "--label", "Mine"])
        .expect_code(0);
    for part in [
        "Mine · Claude Code",
        "Fresh for",
        "your plan",
        "ada@example.com",
        "held by Claude Code",
    ] {
        assert!(
            linked.stderr.contains(part),
            "{part} is missing in {linked:#?}"
        );
    }
    let again = world.keyfob(&["link", "claude-code"]).expect_code(0);
    assert!(
        again.stderr.contains("linked already, as \"Mine\""),
        "{again:#?}"
    );
    world
        .keyfob(&["link", "anthropic-profile", "--label", "Work"])
        .expect_code(0);
    let again = world
        .keyfob(&["link", "anthropic-profile", "work"])
        .expect_code(0);
    assert!(
        again.stderr.contains("linked already, as \"Work\""),
        "{again:#?}"
    );
    untouched("linking");

    let refused = world.keyfob(&["token", "Mine"]).expect_code(1);
    assert!(refused.stderr.contains("-- claude`"), "{refused:#?}");
    let call = world
        .session
        .keyfob(&world.home, &["token", "Mine", "--refused"]);
    let refused = world
        .checked(call.stdin("sk-ant-oat01-whatever").run())
        .expect_code(1);
    assert!(refused.stdout.is_empty(), "{refused:#?}");
    untouched("a token was asked for");

    for arguments in [
        &["accounts"][..],
        &["accounts", "--json"],
        &["status", "Work"],
        &["use", "Work"],
        &["rename", "Mine", "Home"],
        &["refresh", "--all"],
        &["watch", "--once"],
        &["activity"],
        &["activity", "--json"],
        &["storage"],
    ] {
        world.keyfob(arguments).expect_code(0);
        untouched(&format!("{arguments:?}"));
    }
    for arguments in [&["which"][..], &["discover"], &["order"]] {
        world.keyfob(arguments);
        untouched(&format!("{arguments:?}"));
    }
    assert_eq!(
        world.programs.calls(),
        Vec::<Value>::new(),
        "nothing was run by the way"
    );
    world.keyfob(&["doctor", "--offline"]);
    untouched("doctor");
    let more_than_asked = |call: &Value| call["args"] != json!(["--version"]);
    assert!(
        !world.programs.calls().iter().any(more_than_asked),
        "the doctor asks programs for their versions alone"
    );

    let forgotten = world.keyfob(&["logout", "--all"]).expect_code(0);
    assert!(
        forgotten.stderr.contains("Nothing of it was touched"),
        "{forgotten:#?}"
    );
    untouched("forgetting");
    assert!(world.keyfob(&["accounts"]).stdout.is_empty());
}

#[test]
fn what_happens_to_a_session_elsewhere_is_seen_at_once() {
    let world = World::default();
    world.plant_claude(&world.claude(), 3_600);
    world
        .keyfob(&["link", "claude-code", "--label", "Mine"])
        .expect_code(0);
    assert_eq!(world.state("Mine"), "fresh");
    world.plant_claude(&world.claude(), -60);
    assert_eq!(world.state("Mine"), "renews_when_asked");

    let file = world.claude().join(".credentials.json");
    for (text, state, code) in [
        ("{\"mcpOAuth\":{}}", "sign_in_again", 3),
        (
            "{\"claudeAiOauth\":{\"accessToken\":\"PLANTED",
            "cannot_tell",
            0,
        ),
        (
            "{\"claudeAiOauth\":{\"accessToken\":\"PLANTED\"}}",
            "unverified",
            0,
        ),
    ] {
        write(&file, text);
        assert_eq!(world.state("Mine"), state);
        world.keyfob(&["status", "Mine"]).expect_code(code);
    }
    fs::remove_file(&file).unwrap();
    assert_eq!(world.state("Mine"), "sign_in_again");
    world.plant_claude(&world.claude(), 3_600);
    assert_eq!(world.state("Mine"), "fresh");
}

#[test]
fn what_is_not_there_is_not_linked() {
    let world = World::default();
    let nothing = world.keyfob(&["link", "claude-code"]).expect_code(3);
    assert!(
        nothing.stderr.contains("login --with claude-code"),
        "{nothing:#?}"
    );
    let nothing = world.keyfob(&["link", "anthropic-profile"]).expect_code(3);
    assert!(nothing.stderr.contains("login --with ant"), "{nothing:#?}");
    world
        .keyfob(&["link", "anthropic-profile", "../../etc/passwd"])
        .expect_code(2);
    write(&world.claude().join(".credentials.json"), "no JSON");
    let damaged = world.keyfob(&["link", "claude-code"]).expect_code(1);
    assert!(damaged.stderr.contains("is damaged"), "{damaged:#?}");
}

#[test]
fn a_console_account_of_claude_code_is_billed_by_use() {
    let world = World::default();
    world
        .programs
        .plan(&json!({ "login": { "end": "console", "email": "ada@example.com" } }));
    world
        .sign_in(&[
            "login",
            "--with",
            "claude-code",
            "--console",
            "--label",
            "Console",
        ])
        .expect_code(0);
    assert_eq!(
        world.programs.calls()[0]["args"],
        json!(["auth", "login", "--console"])
    );
    let status = world.status("Console");
    assert_eq!(status["payer"], "api");
    assert_eq!(status["state"]["kind"], "unverified");
    world
        .keyfob(&["login", "--with", "ant", "--console"])
        .expect_code(2);
    let refused = world.keyfob(&["login", "--account", "Console", "--device"]);
    assert!(
        refused
            .expect_code(2)
            .stderr
            .contains("Claude Code signs in by a browser alone.")
    );
    world
        .keyfob(&["login", "--with", "claude-code", "--profile", "x"])
        .expect_code(2);
}

#[test]
fn a_profile_of_ant_gives_what_ant_prints() {
    let world = World::default();
    world.plant_profile("work", 3_600);
    world
        .keyfob(&["link", "anthropic-profile", "--label", "Work"])
        .expect_code(0);
    let status = world.status("Work");
    assert_eq!(status["identity"]["organization"], "Acme");
    assert_eq!(status["identity"]["workspace"], "Research");
    assert_eq!(status["payer"], "api");
    let before = world.theirs();
    let output = world.keyfob(&["token", "Work"]).expect_code(0);
    assert_eq!(output.stdout, "sk-ant-oat01-HANDED-ON\n");
    let call = world
        .session
        .keyfob(&world.home, &["token", "Work", "--refused"]);
    let refused = world
        .checked(call.stdin("sk-ant-oat01-HANDED-ON").run())
        .expect_code(3);
    assert!(refused.stderr.contains("ant auth login"), "{refused:#?}");
    world.keyfob(&["refresh", "Work"]).expect_code(0);
    assert_eq!(world.theirs(), before);

    // One that has ended is renewed by `ant`, and one that it cannot renew is not handed on.
    world.plant_profile("work", -60);
    world
        .programs
        .plan(&json!({ "renew": { "end": "refused" } }));
    let output = world.keyfob(&["token", "Work"]).expect_code(3);
    assert_eq!(output.stdout, "");
    assert!(output.stderr.contains("invalid_grant"), "{output:#?}");
    world.programs.plan(&json!({}));
    let renewed = world
        .session
        .keyfob(&world.home, &["token", "Work"])
        .run()
        .expect_code(0);
    assert!(
        renewed.stdout.starts_with("sk-ant-oat01-PLANTED-"),
        "{renewed:#?}"
    );
    assert_eq!(world.state("Work"), "fresh");
    world.keyfob(&["logout", "Work"]).expect_code(0);
    assert!(world.anthropic().join("credentials/work.json").exists());
}

/// As the libraries do that read profiles too: nothing goes over a network for all to read.
#[test]
fn a_profile_without_https_is_handed_to_no_program() {
    let world = World::default();
    world.plant_profile("work", 3_600);
    let link = ["link", "anthropic-profile", "--label", "Work"];
    world.keyfob(&link).expect_code(0);
    let file = world.anthropic().join("configs/work.json");
    let text = std::fs::read_to_string(&file).unwrap();
    let with = |address: &str| {
        let mut config: serde_json::Value = serde_json::from_str(&text).unwrap();
        config["base_url"] = serde_json::json!(address);
        std::fs::write(&file, config.to_string()).unwrap();
        world.keyfob(&["run", "Work", "--", "true"])
    };
    for address in ["http://llm.example.com", "ftp://127.0.0.1", "no address"] {
        let refused = with(address).expect_code(1);
        assert!(refused.stderr.contains("https"), "{refused:#?}");
    }
    for address in [
        "https://llm.example.com",
        "http://127.0.0.1:9",
        "http://localhost:9",
    ] {
        let said = with(address);
        assert!(!said.stderr.contains("https"), "{said:#?}");
    }
}
