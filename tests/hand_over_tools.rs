//! opencode, pi, git and any command: connected by the real command, asked by the real programs, against the practice
//! server; then everything is as it was, byte for byte.

#[path = "hand_over_tools/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use keyfob_tests::home::{files_under, files_with};
use keyfob_tests::{Eavesdropper, MockProvider};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use world::{KEY, NEW, PLANTED, World, json_of, write};

fn sha256(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn opencode_sends_the_key_of_its_file_and_the_new_one_after_a_rotation() {
    let world = World::new(&["opencode"]);
    let settings = world.opencode_settings();
    // opencode itself puts its schema into a file that has none, and that would be its own change.
    let before = "{\n\t\"$schema\": \"https://opencode.ai/config.json\",\n\t// mine\n\t\"theme\": \"nord\",\n\t\"provider\": { \"openai\": {} },\n}";
    write(&settings, before);
    let untouched = world.theirs();

    let connected = world.connect(&["opencode"]);
    let id = connected["connection"]["id"].as_str().unwrap();
    let copy = world.home.file("given").join(id);
    assert_eq!(fs::read_to_string(&copy).unwrap(), KEY);
    let mode = fs::metadata(&copy).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = fs::read_to_string(&settings).unwrap();
    assert!(
        text.contains("// mine") && !text.contains(PLANTED),
        "{text}"
    );
    // The one copy that was promised, and no other.
    assert_eq!(world.with_secrets().len(), 1, "{:?}", world.with_secrets());

    let asked = ["run", "-m", "anthropic/claude-haiku-4-5", "hi"];
    let said = world.tool("opencode", &asked);
    let first = world.sent();
    assert!(!first.is_empty(), "{said:?}");
    for sent in &first {
        assert_eq!(sent["headers"], json!(["x-api-key"]), "{sent}");
        assert_eq!(sent["sha256"], json!([sha256(KEY)]), "{sent}");
    }
    let tested = world.run(&["connections", "--test", "opencode", "--json"], "", 0);
    assert_eq!(json_of(&tested)["works"], true, "{tested:#?}");

    world.run(&["rotate-key", "CI"], NEW, 0);
    world.tool("opencode", &asked);
    let last = world.sent().pop().unwrap();
    assert_eq!(last["sha256"], json!([sha256(NEW)]), "{last}");

    let listed = || world.run(&["connections"], "", 0).stdout;
    let fresh = "Holds a copy, which Keyfob keeps fresh";
    assert!(listed().contains(fresh) && !listed().contains("asked"));
    fs::rename(&copy, copy.with_extension("aside")).unwrap();
    let gone = "The copy that opencode reads is not there any more";
    assert!(listed().contains(gone) && !listed().contains(fresh));
    let tested = world.run(&["connections", "--test", "opencode"], "", 1);
    assert!(tested.stdout.contains(gone), "{tested:#?}");
    fs::rename(copy.with_extension("aside"), &copy).unwrap();

    let again = world.run(&["connect", "opencode"], "", 2);
    assert!(
        again.stderr.contains("connected already"),
        "{}",
        again.stderr
    );
    world.run(&["disconnect", "opencode"], "", 0);
    assert!(!copy.exists());
    assert_eq!(fs::read_to_string(&settings).unwrap(), before);
    // A backup stays only where something was left.
    let in_the_folder = |all: &BTreeMap<PathBuf, Vec<u8>>| -> Vec<PathBuf> {
        let it = |path: &&PathBuf| path.to_string_lossy().contains("opencode.json");
        all.keys().filter(it).cloned().collect()
    };
    assert_eq!(in_the_folder(&world.theirs()), in_the_folder(&untouched));
}

#[test]
fn pi_asks_at_every_request() {
    let world = World::new(&["pi"]);
    let settings = world.in_home(".pi/agent/models.json");
    let before = "{\r\n  \"providers\": {\r\n    \"ollama\": { \"baseUrl\": \"http://localhost:11434/v1\", \"api\": \"openai-completions\", \"apiKey\": \"ollama\", \"models\": [{ \"id\": \"m\" }] }\r\n  }\r\n}\r\n";
    write(&settings, before);
    let connected = world.connect(&["pi", "--account", "CI"]);
    assert!(connected["connection"]["last_asked"].is_null());
    let text = fs::read_to_string(&settings).unwrap();
    assert!(
        text.contains("!KEYFOB_HOME=") && text.contains(" helper pi-"),
        "{text}"
    );

    let asked = ["-p", "--model", "anthropic/claude-haiku-4-5", "hi"];
    let said = world.tool("pi", &asked);
    let sent = world.sent();
    assert_eq!(
        String::from_utf8_lossy(&said.stdout).trim(),
        "This is practice.",
        "{said:?} {sent:?}"
    );
    for one in &sent {
        assert_eq!(one["headers"], json!(["x-api-key"]), "{one}");
        assert_eq!(one["sha256"], json!([sha256(KEY)]), "{one}");
    }
    let listed = json_of(&world.run(&["connections", "--json"], "", 0));
    assert!(listed[0]["last_asked"].is_string(), "{listed}");
    world.run(&["rotate-key", "CI"], NEW, 0);
    world.tool("pi", &asked);
    assert_eq!(world.sent().pop().unwrap()["sha256"], json!([sha256(NEW)]));
    let tested = world.run(&["connections", "--test", "pi"], "", 0);
    assert!(tested.stdout.contains("pi has a credential"), "{tested:#?}");
    assert!(tested.stdout.contains("[removed]"), "{tested:#?}");
    assert_eq!(world.with_secrets(), Vec::<String>::new());

    // What pi holds itself comes first, so that is said and nothing is changed.
    world.run(&["disconnect", "pi"], "", 0);
    assert_eq!(fs::read_to_string(&settings).unwrap(), before);
    let auth = world.in_home(".pi/agent/auth.json");
    fs::write(&auth, r#"{"anthropic":{"type":"api_key","key":"theirs"}}"#).unwrap();
    let refused = world.run(&["connect", "pi"], "", 1);
    assert!(refused.stderr.contains("/logout"), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(&settings).unwrap(), before);
}

#[test]
fn pi_is_given_nothing_for_another_address_than_the_one_that_was_written() {
    let world = World::new(&["pi"]);
    let settings = world.in_home(".pi/agent/models.json");
    let id = world.connect(&["pi"])["connection"]["id"].clone();
    let helper = ["helper", id.as_str().unwrap()];
    let written = fs::read_to_string(&settings).unwrap();
    let other = Eavesdropper::start();
    let asked = ["-p", "--model", "anthropic/claude-haiku-4-5", "hi"];
    let edited = |at: &dyn Fn(&mut Value)| {
        let mut all: Value = serde_json::from_str(&written).unwrap();
        at(&mut all["providers"]["anthropic"]);
        fs::write(&settings, all.to_string()).unwrap();
    };
    let model = |url: &str| json!([{ "id": "m", "name": "m", "baseUrl": url }]);
    // It is true: pi sends there what it is given.
    edited(&|it| {
        it["baseUrl"] = json!(other.url());
        it["apiKey"] = json!("!echo practice");
    });
    let said = world.tool("pi", &asked);
    assert!(other.came().contains("practice"), "{said:?}");

    let refused = |what: &str| {
        let output = world.run(&helper, "", 1);
        assert_eq!(output.stdout, "");
        assert!(output.stderr.contains(what), "{output:#?}");
        let listed = json_of(&world.run(&["connections", "--json"], "", 0));
        let problem = listed[0]["problem"].as_str().unwrap();
        assert!(problem.contains(what), "{problem}");
    };
    edited(&|it| it["baseUrl"] = json!(other.url()));
    refused("another address than connecting put there");
    world.tool("pi", &asked);
    assert!(!other.came().contains(KEY), "{}", other.came());
    edited(&|it| it["baseUrl"] = Value::Null);
    refused("another address than connecting put there");
    edited(&|it| it["models"] = model(other.url()));
    refused("another server for a model");
    fs::write(&settings, "{").unwrap();
    refused("cannot be read");
    edited(&|it| it["models"] = model(world.mock.base_url()));
    assert_eq!(world.run(&helper, "", 0).stdout.trim(), KEY);
    fs::write(&settings, &written).unwrap();
    assert_eq!(world.run(&helper, "", 0).stdout.trim(), KEY);
}

#[test]
fn tools_that_cannot_send_a_token_are_not_given_one() {
    let world = World::new(&["opencode", "pi"]);
    world.sign_in("Work");
    let refused = world.run(&["connect", "opencode", "--account", "Work"], "", 2);
    assert!(
        refused.stderr.contains("reads its credential once"),
        "{}",
        refused.stderr
    );
    // The practice server is a gateway of its own, for which pi documents how tokens are sent.
    world.connect(&["pi", "--account", "Work"]);
    let asked = ["-p", "--model", "anthropic/claude-haiku-4-5", "hi"];
    world.tool("pi", &asked);
    let token = world.run(&["token", "Work"], "", 0);
    let sent = world.sent().pop().unwrap();
    let headers = sent["headers"].as_array().unwrap();
    assert!(headers.contains(&json!("authorization")), "{sent}");
    let hash = sha256(token.stdout.trim());
    let all = sent["sha256"].as_array().unwrap();
    assert!(all.iter().all(|one| *one == json!(hash)), "{sent}");
}

/// `git credential OPERATION` as a program runs it.
fn git_credential(world: &World, operation: &str, input: &str) -> (bool, String) {
    let mut command: Command = world.session.command("git");
    command
        .args(["credential", operation])
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    (
        output.status.success(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn git_fills_in_the_token_and_a_refused_one_is_renewed_once() {
    let world = World::new(&[]);
    world.sign_in("Work");
    let settings = world.in_home(".gitconfig");
    // Whoever keeps what git hands it must not be handed this.
    let kept = world.in_home("kept");
    let before = format!(
        "[user]\n\tname = Ada\n[credential]\n\thelper = store --file {}",
        kept.display()
    );
    write(&settings, &before);
    let connected = world.connect(&["git", "--account", "Work"]);
    let host = world
        .mock
        .base_url()
        .trim_start_matches("http://")
        .to_owned();
    assert_eq!(connected["connection"]["target"], json!(host));

    let place = format!("protocol=http\nhost={host}\n\n");
    let (filled, first) = git_credential(&world, "fill", &place);
    assert!(filled, "{first}");
    let token = world.run(&["token", "Work"], "", 0).stdout;
    let password = format!("password={}", token.trim());
    assert!(first.lines().any(|line| line == password), "{first}");
    assert!(first.contains("password_expiry_utc="), "{first}");
    git_credential(&world, "approve", &first);
    assert!(!kept.exists(), "another helper was handed the token");

    let renewed = world.mock.count("refreshes_ok");
    git_credential(&world, "reject", &first);
    let (_, second) = git_credential(&world, "fill", &place);
    assert!(!second.contains(&password), "{second}");
    // The old one again: another one is there already.
    git_credential(&world, "reject", &first);
    assert_eq!(world.mock.count("refreshes_ok"), renewed + 1);
    let (_, third) = git_credential(&world, "fill", &place);
    assert_eq!(second, third);
    let tested = world.run(&["connections", "--test", "git"], "", 0);
    assert!(tested.stdout.contains("[removed]"), "{tested:#?}");

    let id = connected["connection"]["id"].as_str().unwrap();
    for other in [
        "protocol=https\nhost=example.com\n\n",
        "protocol=https\nhost=127.0.0.1\n\n",
        "\n",
        "",
    ] {
        let given = world.run(&["credential", id, "get"], other, 0);
        assert_eq!(given.stdout, "", "{other:?}");
    }
    let given = world.run(&["credential", id, "capability"], &place, 0);
    assert_eq!(given.stdout, "");
    let wrong = world.run(
        &["connect", "git", "--host", "example.com", "--account", "CI"],
        "",
        2,
    );
    assert!(
        wrong.stderr.contains("not for example.com"),
        "{}",
        wrong.stderr
    );
    let twice = world.run(&["connect", "git", "--account", "CI"], "", 2);
    assert!(
        twice.stderr.contains("connected already"),
        "{}",
        twice.stderr
    );

    world.run(&["disconnect", "git"], "", 0);
    assert_eq!(fs::read_to_string(&settings).unwrap(), before);
    let gone = world.run(&["credential", id, "get"], &place, 2);
    assert!(gone.stderr.contains("any more"), "{}", gone.stderr);
    assert_eq!(world.with_secrets(), Vec::<String>::new());
}

#[test]
fn gits_settings_are_as_before_whatever_they_were() {
    let world = World::new(&[]);
    let settings = world.in_home(".gitconfig");
    let host = world.mock.base_url();
    for before in [
        None,
        Some(String::new()),
        Some("[user]\n\tname = Ada\n".to_owned()),
        Some("[user]\n\tname = Ada".to_owned()),
        Some(format!(
            "# mine\n[credential \"{host}\"]\n\thelper = cache\n"
        )),
        Some(format!(
            "[credential \"{host}\"]\n\thelper =\n\tusername = ada\n"
        )),
    ] {
        let _ = fs::remove_file(&settings);
        if let Some(before) = &before {
            fs::write(&settings, before).unwrap();
        }
        world.connect(&["git"]);
        world.run(&["disconnect", "git"], "", 0);
        assert_eq!(fs::read_to_string(&settings).ok(), before);
    }
    fs::write(&settings, "[user\n").unwrap();
    let refused = world.run(&["connect", "git"], "", 1);
    assert!(
        refused.stderr.contains("git did not change"),
        "{}",
        refused.stderr
    );
    assert_eq!(fs::read_to_string(&settings).unwrap(), "[user\n");
}

#[test]
fn a_command_prints_the_credential_and_has_the_name_that_was_given() {
    let world = World::new(&[]);
    let connected = world.connect(&["command", "--name", "Nightly evaluation"]);
    assert_eq!(connected["connection"]["target"], "Nightly evaluation");
    let line = connected["command"].as_str().unwrap();
    let mut shell = world.session.command("sh");
    let printed = shell.args(["-c", line]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&printed.stdout).trim(), KEY);
    let tested = world.run(&["connections", "--test", "command", "--json"], "", 0);
    assert_eq!(json_of(&tested)["works"], true);
    let listed = world.run(&["connections"], "", 0);
    assert!(
        listed.stdout.contains("Nightly evaluation"),
        "{}",
        listed.stdout
    );
    assert!(
        listed.stdout.contains("Asked last just now"),
        "{}",
        listed.stdout
    );
    world.run(&["connect", "command", "--name", "two\nlines"], "", 2);
    world.connect(&["command"]);
    let which = world.run(&["disconnect", "command"], "", 2);
    assert!(which.stderr.contains("more than once"), "{}", which.stderr);
    let gone = world.run(&["logout", "CI"], "", 0);
    assert!(
        gone.stderr
            .contains("Disconnected: Command (Nightly evaluation), Command."),
        "{}",
        gone.stderr
    );
}

#[test]
fn the_line_names_the_place_that_stays_when_a_version_goes() {
    let mut world = World::new(&[]);
    let bin = world.session.new_folder("bin");
    symlink(
        keyfob_tests::programs::program("keyfob"),
        bin.join("keyfob"),
    )
    .unwrap();
    let other = world.session.new_folder("other");
    write(&other.join("keyfob"), "#!/bin/sh\n");
    let before = std::env::var("PATH").unwrap();
    let path = format!("{}:{}:{before}", other.display(), bin.display());
    world.session.set("PATH", path);
    let connected = world.connect(&["command"]);
    let line = connected["command"].as_str().unwrap();
    let lasting = bin.join("keyfob");
    assert!(line.contains(lasting.to_str().unwrap()), "{line}");
    let printed = world.session.command("sh").args(["-c", line]).output();
    assert_eq!(
        String::from_utf8_lossy(&printed.unwrap().stdout).trim(),
        KEY
    );
}

#[test]
fn an_account_that_has_moved_to_another_server_gives_nothing_to_the_one_before() {
    let world = World::new(&["opencode", "pi"]);
    world.connect(&["pi"]);
    world.connect(&["opencode"]);
    let listed = json_of(&world.run(&["connections", "--json"], "", 0));
    let id = listed[0]["id"].as_str().unwrap();
    let copy = |all: &BTreeMap<PathBuf, Vec<u8>>| files_with(all, KEY).len();
    let ours = || files_under(&world.home.file("given"));
    world.run(&["helper", id], "", 0);
    let config = world.home.file("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    let from = format!("[api]\nbase_url = \"{}\"", world.mock.base_url());
    assert!(text.contains(&from), "{text}");
    let other = MockProvider::start(&[]);
    let to = format!("[api]\nbase_url = \"{}\"", other.base_url());
    fs::write(&config, text.replace(&from, &to)).unwrap();
    let refused = world.run(&["helper", id], "", 1);
    assert_eq!(refused.stdout, "");
    let parts = ["for another server now", "`keyfob connect pi`"];
    assert!(
        parts.iter().all(|part| refused.stderr.contains(part)),
        "{refused:#?}"
    );
    assert!(!refused.stderr.contains("lies there"), "{refused:#?}");
    // A new key is for the new server alone.
    world.run(&["rotate-key", "CI"], NEW, 0);
    assert_eq!(copy(&ours()), 1);
    let listed = json_of(&world.run(&["connections", "--json"], "", 0));
    for one in listed.as_array().unwrap() {
        let problem = one["problem"].as_str().unwrap();
        assert!(problem.contains("for another server now"), "{problem}");
        // What opencode reads by itself is there until it is taken away.
        let lies_there = problem.contains("goes when it is disconnected");
        assert_eq!(lies_there, one["to"] == "opencode", "{problem}");
    }
}

#[test]
fn signing_out_takes_everything_back() {
    let world = World::new(&["opencode", "pi"]);
    let before = world.theirs();
    world.connect(&["opencode"]);
    world.connect(&["pi"]);
    world.connect(&["git"]);
    let listed = world.run(&["connections", "--available"], "", 0);
    assert!(
        listed.stdout.contains("Connected: opencode-"),
        "{}",
        listed.stdout
    );
    world.run(&["logout", "CI"], "", 0);
    assert_eq!(world.theirs(), before);
    assert_eq!(world.with_secrets(), Vec::<String>::new());
    let listed = json_of(&world.run(&["connections", "--json"], "", 0));
    assert_eq!(listed, json!([]));
}

#[test]
fn one_that_cannot_be_taken_back_does_not_keep_the_others() {
    let world = World::new(&["opencode", "pi"]);
    let copy = world.in_home("key");
    let to = copy.to_str().unwrap();
    world.run(
        &["export", "CI", "--format", "docker-secret", "--to", to],
        "",
        0,
    );
    world.connect(&["opencode"]);
    world.connect(&["pi"]);
    let rotated = world.run(&["rotate-key", "CI"], NEW, 0);
    assert!(
        rotated.stderr.contains("Export it again"),
        "{}",
        rotated.stderr
    );
    let settings = world.opencode_settings();
    let elsewhere = world.in_home("elsewhere.json");
    fs::rename(&settings, &elsewhere).unwrap();
    symlink(&elsewhere, &settings).unwrap();
    let output = world.run(&["disconnect", "--all", "--json"], "", 1);
    assert!(output.stderr.contains("symbolic link"), "{output:#?}");
    assert_eq!(json_of(&output).as_array().unwrap().len(), 2, "{output:#?}");
    assert!(!copy.exists() && !world.in_home(".pi/agent/models.json").exists());
    let listed = json_of(&world.run(&["connections", "--json"], "", 0));
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(world.with_secrets(), Vec::<String>::new());
    fs::rename(&elsewhere, &settings).unwrap();
    world.run(&["disconnect", "--all"], "", 0);
    let listed = json_of(&world.run(&["connections", "--json"], "", 0));
    assert_eq!(listed, json!([]));
}

#[test]
fn help_names_the_tools_each_in_a_line() {
    let world = World::new(&[]);
    let help = world.run(&["connect", "--help"], "", 0).stdout;
    assert!(help.contains("connect [OPTIONS] <TOOL>"), "{help}");
    let tools = help.split("Tools:\n").nth(1).unwrap();
    let tools = tools.split("\n\n").next().unwrap();
    let names = [
        "anthropic-sdk",
        "claude-code",
        "opencode",
        "pi",
        "git",
        "command",
    ];
    let lines: Vec<_> = tools
        .lines()
        .filter(|line| !line.contains("  help "))
        .collect();
    assert_eq!(lines.len(), names.len(), "{help}");
    for (line, name) in lines.iter().zip(names) {
        assert!(line.trim_start().starts_with(name), "{help}");
        assert!(line.chars().count() <= 100, "{help}");
    }
}

#[test]
fn what_is_said_of_connecting_and_disconnecting_is_so() {
    let world = World::new(&["opencode", "pi"]);
    let says = |arguments: &[&str], code: i32, parts: &[&str]| {
        let output = world.run(arguments, "", code);
        for part in parts {
            assert!(output.stderr.contains(part), "{part}: {output:#?}");
        }
    };
    // A refusal names the account that was asked for, as a shell takes it, and all end alike.
    let key = ["add-key", "--label", "Two words", "--workspace", "wrkspc_1"];
    world.run(&key, "sk-ant-api03-PLANTED7Q-identity-1b3C", 0);
    let run = "`keyfob run 'Two words' -- COMMAND`";
    for tool in ["claude-code", "pi", "opencode", "git", "anthropic-sdk"] {
        says(&["connect", tool, "--account", "Two words"], 2, &[run]);
    }
    says(&["disconnect", "--all"], 0, &["No tool is connected"]);
    says(&["disconnect"], 2, &["--all"]);
    world.run(&["connect", "command", "--name", " "], "", 2);
    assert_eq!(
        json_of(&world.run(&["connections", "--json"], "", 0)),
        json!([])
    );

    let gets = "pi now gets the API key of \"CI\", each time it asks.";
    let pi = ["connect", "pi", "--account", "CI"];
    says(&pi, 0, &[gets, "billed to", "`keyfob disconnect pi-"]);
    let as_before = "pi is disconnected. Its settings are as they were.";
    says(&["disconnect", "pi"], 0, &[as_before]);
    let models = world.in_home(".pi/agent/models.json");
    write(
        &models,
        "{\"providers\": {\"anthropic\": {\"apiKey\": \"theirs\"}}}",
    );
    says(&pi, 1, &["models.json sets apiKey", "--replace"]);
    fs::remove_file(&models).unwrap();

    // By the name that it was given, or the file that it is.
    for name in ["Nightly evaluation", "Other"] {
        world.connect(&["command", "--name", name, "--account", "CI"]);
    }
    let tested = world.run(&["connections", "--test", "Other"], "", 0);
    assert!(!tested.stdout.is_empty());
    says(
        &["disconnect", "Nightly evaluation"],
        0,
        &["Nightly evaluation"],
    );
    let file = world.in_home("app.key");
    let path = file.to_str().unwrap();
    let export = ["export", "CI", "--format", "docker-secret", "--to", path];
    world.run(&export, "", 0);
    says(&["disconnect", path], 0, &[&format!("{path} was removed.")]);
    assert!(!file.exists());

    // What signing out cannot take back is said with the way, and the exit code is not that of success.
    says(&pi, 0, &[]);
    let elsewhere = world.in_home("elsewhere.json");
    fs::rename(&models, &elsewhere).unwrap();
    symlink(&elsewhere, &models).unwrap();
    let way = "run `keyfob disconnect pi-";
    says(&["logout", "CI"], 1, &[way, "The key itself works"]);
    let listed = world.run(&["connections"], "", 0).stdout;
    for part in ["of an account that is gone", "Its account is gone", way] {
        assert!(listed.contains(part), "{part}: {listed}");
    }
    fs::rename(&elsewhere, &models).unwrap();
    says(&["disconnect", "pi"], 0, &["is disconnected"]);
    assert_eq!(world.with_secrets(), Vec::<String>::new());
}
