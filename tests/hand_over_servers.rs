//! What goes to which server once Claude Code is connected: the credential to its own, and nothing that belongs to another
//! one along with it. The program is the real one, and the servers keep what comes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use keyfob_tests::home::files_under;
use keyfob_tests::session::DesktopSession;
use keyfob_tests::{Call, Custody, Eavesdropper, Home, Output, claude};
use serde_json::{Value, json};

const KEY: &str = "sk-ant-api03-e2e-planted-key-9f2A";
const TOKEN: &str = "token-of-the-other-gateway";
const SECRET: &str = "secret-of-the-other-gateway";

/// A computer whose Claude Code was set up for a gateway before there was Keyfob.
struct Computer {
    custody: Custody,
    settings: PathBuf,
    project: PathBuf,
    /// That gateway.
    before: Eavesdropper,
    /// Another one, which Keyfob has a key for.
    own: Eavesdropper,
    /// Keyfob with that key.
    home: Home,
    /// Keyfob with a key of Anthropic's.
    anthropic: Home,
}

impl Computer {
    fn new() -> Self {
        let mut custody = Custody::start();
        let folder = custody.session.environment().folder("home").join(".claude");
        fs::create_dir(&folder).unwrap();
        let claude = claude::claude();
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", claude.parent().unwrap().display());
        custody.session.set("PATH", path);
        let (before, own) = (Eavesdropper::start(), Eavesdropper::start());
        let config = format!("[api]\nbase_url = \"{}\"\n", own.url());
        Self {
            settings: folder.join("settings.json"),
            project: custody.session.new_folder("a project"),
            home: with_key(&custody.session, "own", &config),
            anthropic: with_key(&custody.session, "anthropic", ""),
            custody,
            before,
            own,
        }
    }

    /// The person's settings for all folders, with these variables beside the gateway's address.
    fn set_up(&self, more: &Value) -> String {
        let mut env = json!({ "ANTHROPIC_BASE_URL": self.before.url() });
        let more = more.as_object().unwrap().clone();
        env.as_object_mut().unwrap().extend(more);
        let text = json!({ "env": env }).to_string();
        fs::write(&self.settings, &text).unwrap();
        text
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.settings).unwrap()
    }

    fn env(&self) -> Value {
        let text: Value = serde_json::from_str(&self.text()).unwrap();
        text["env"].clone()
    }

    fn call(&self, home: &Home, arguments: &[&str]) -> Call {
        self.custody.session.keyfob(home, arguments)
    }

    fn connect(&self, home: &Home, more: &[&str]) -> Call {
        self.call(home, &[&["connect", "claude-code"], more].concat())
    }

    fn connect_project(&self, home: &Home) -> Call {
        self.connect(home, &["--project", self.project.to_str().unwrap()])
    }

    /// A project's own settings, as somebody writes them by hand.
    fn by_hand(&self, env: &Value) {
        let folder = self.project.join(".claude");
        fs::create_dir_all(&folder).unwrap();
        let theirs = json!({ "apiKeyHelper": "echo practice", "env": env });
        fs::write(folder.join("settings.local.json"), theirs.to_string()).unwrap();
    }

    fn untouched(&self) {
        assert_eq!(files_under(&self.project).len(), 0);
    }

    /// Asks the real program something, in a folder; whatever comes of it.
    fn ask(&self, folder: &Path, more: &[(&str, &str)]) {
        let arguments = ["-p", "hi", "--model", "claude-haiku-4-5"];
        let mut call = claude::call(self.custody.session.environment(), &arguments);
        call.envs(more.iter().copied());
        call.current_dir(folder).stdin(Stdio::null());
        call.output().unwrap();
    }

    /// The same by `keyfob run`.
    fn run(&self, more: &[(&str, &str)]) -> Output {
        let real = claude::call(self.custody.session.environment(), &[]);
        let program = real.get_program().to_str().unwrap();
        let ask = [program, "-p", "hi", "--model", "claude-haiku-4-5"];
        let call = self.call(&self.home, &[&["run", "Key", "--"], &ask[..]].concat());
        let call = call.within(&self.project);
        let call = real.get_envs().fold(call, |call, (name, value)| {
            call.env(name.to_str().unwrap(), value.unwrap().to_str().unwrap())
        });
        let set = |call: Call, (name, value): &(&str, &str)| call.env(name, value);
        more.iter().fold(call, set).run()
    }

    /// What came to the key's own server: the key, and nothing of the other gateway's.
    #[track_caller]
    fn own_came_alone(&self) {
        let came = self.own.came();
        assert!(came.contains(KEY), "{came}");
        assert!(!came.contains(SECRET) && !came.contains(TOKEN), "{came}");
        assert!(!self.before.came().contains(KEY));
    }
}

fn with_key(session: &DesktopSession, name: &str, config: &str) -> Home {
    let home = Home::new(session, name, config);
    let add = ["add-key", "--no-verify", "--label", "Key"];
    session.keyfob(&home, &add).stdin(KEY).run().expect_code(0);
    home
}

fn headers() -> Value {
    json!({ "ANTHROPIC_CUSTOM_HEADERS": format!("x-gateway: {SECRET}") })
}

/// A sentence says why, and no secret is in it.
#[track_caller]
fn refused(output: &Output, parts: &[&str]) {
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
    for part in parts {
        assert!(output.stderr.contains(part), "{part:?}: {output:#?}");
    }
    for secret in [KEY, TOKEN, SECRET] {
        assert!(!output.stderr.contains(secret), "{output:#?}");
    }
}

#[test]
fn no_address_takes_the_token_of_another_gateway_along() {
    let computer = Computer::new();
    let text = computer.set_up(&json!({ "ANTHROPIC_AUTH_TOKEN": TOKEN }));
    // It is true: a token of the settings for all folders goes where a project's address leads.
    let env = json!({ "ANTHROPIC_BASE_URL": computer.own.url() });
    computer.by_hand(&env);
    computer.ask(&computer.project, &[]);
    assert!(computer.own.came().contains(TOKEN));
    fs::remove_dir_all(computer.project.join(".claude")).unwrap();

    // The address may be Anthropic's own.
    let place = computer.settings.to_str().unwrap().to_owned();
    for home in [&computer.home, &computer.anthropic] {
        let said = computer.connect_project(home).run();
        refused(&said, &["ANTHROPIC_AUTH_TOKEN", &place]);
        // What `run` takes out is of the environment alone.
        assert!(!said.stderr.contains("keyfob run"), "{said:#?}");
        computer.untouched();
    }
    assert_eq!(computer.text(), text);
    // In the shell it is the same.
    computer.set_up(&json!({}));
    for home in [&computer.home, &computer.anthropic] {
        for name in ["ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY"] {
            let said = computer.connect_project(home).env(name, TOKEN).run();
            refused(&said, &[name, "the environment", "keyfob run Key"]);
            computer.untouched();
        }
        computer.connect_project(home).run().expect_code(0);
        let disconnect = ["disconnect", "claude-code"];
        computer.call(home, &disconnect).run().expect_code(0);
        computer.untouched();
    }
}

#[test]
fn taking_an_address_out_moves_a_token_too() {
    let computer = Computer::new();
    let home = &computer.home;
    computer.connect(home, &[]).run().expect_code(0);
    let connected = computer.text();
    // The person says since that the key is for Anthropic's own API.
    fs::write(home.file("config.toml"), "").unwrap();
    let with_token = computer.connect(home, &[]);
    let said = with_token.env("ANTHROPIC_AUTH_TOKEN", TOKEN).run();
    refused(&said, &["ANTHROPIC_AUTH_TOKEN", "api.anthropic.com"]);
    assert_eq!(computer.text(), connected);
    computer.connect(home, &[]).run().expect_code(0);
    assert_eq!(computer.env(), Value::Null);
}

#[test]
fn headers_of_another_server_are_put_aside_with_its_address() {
    let computer = Computer::new();
    let text = computer.set_up(&headers());
    let folder = computer.project.clone();
    computer.connect(&computer.home, &[]).run().expect_code(1);
    assert_eq!(computer.text(), text);
    let said = computer.connect(&computer.home, &["--replace"]).run();
    let said = said.expect_code(0).stderr;
    assert!(said.contains("ANTHROPIC_CUSTOM_HEADERS"), "{said}");
    assert!(!said.contains(SECRET), "{said}");
    assert_eq!(computer.env()["ANTHROPIC_CUSTOM_HEADERS"], "");
    computer.ask(&folder, &[]);
    // Settings that are set to nothing take away what the shell says.
    let around = format!("x-gateway: {SECRET}");
    computer.ask(&folder, &[("ANTHROPIC_CUSTOM_HEADERS", &around)]);
    computer.own_came_alone();
    let again = computer.connect(&computer.home, &[]).run().expect_code(0);
    assert!(again.stderr.contains("already"), "{again:#?}");

    // What a person sets beside the new address is for the new server, and nothing is wrong with it.
    let mut own: Value = serde_json::from_str(&computer.text()).unwrap();
    own["env"]["ANTHROPIC_CUSTOM_HEADERS"] = json!("x-team: mine");
    let connected = computer.text();
    fs::write(&computer.settings, own.to_string()).unwrap();
    let listed = computer.call(&computer.home, &["connections", "--json"]);
    let listed: Value = serde_json::from_str(&listed.run().stdout).unwrap();
    assert_eq!(listed[0]["problem"], Value::Null);
    fs::write(&computer.settings, connected).unwrap();
    let disconnect = ["disconnect", "claude-code"];
    computer
        .call(&computer.home, &disconnect)
        .run()
        .expect_code(0);
    assert_eq!(computer.text(), text);
}

#[test]
fn headers_without_an_address_are_for_anthropic() {
    let computer = Computer::new();
    let text = json!({ "env": headers() }).to_string();
    fs::write(&computer.settings, &text).unwrap();
    let said = computer.connect(&computer.home, &[]).run();
    refused(
        &said,
        &["api.anthropic.com", "ANTHROPIC_CUSTOM_HEADERS", "--replace"],
    );
    assert_eq!(computer.text(), text);
    // For a key of Anthropic's they stay.
    computer
        .connect(&computer.anthropic, &[])
        .run()
        .expect_code(0);
    assert_eq!(computer.env(), headers());
    computer
        .call(&computer.anthropic, &["disconnect", "claude-code"])
        .run()
        .expect_code(0);
    computer
        .connect(&computer.home, &["--replace"])
        .run()
        .expect_code(0);
    computer.ask(&computer.project, &[]);
    computer.own_came_alone();
}

#[test]
fn headers_of_the_same_server_stay() {
    let computer = Computer::new();
    let own = json!({
        "ANTHROPIC_BASE_URL": computer.own.url(),
        "ANTHROPIC_CUSTOM_HEADERS": "x-team: mine",
    });
    fs::write(&computer.settings, json!({ "env": own }).to_string()).unwrap();
    computer.connect(&computer.home, &[]).run().expect_code(0);
    assert_eq!(computer.env(), own);
    computer.ask(&computer.project, &[]);
    assert!(computer.own.came().contains("x-team: mine"));
    // For a program that is started with the same key, too.
    let before = computer.own.came().len();
    let said = computer.run(&[]);
    let came = computer.own.came().split_off(before);
    assert!(came.contains("x-team: mine"), "{said:#?}");
}

#[test]
fn a_project_sends_no_headers_of_the_other_folders_to_its_server() {
    let computer = Computer::new();
    let text = computer.set_up(&headers());
    // It is true: they would go along.
    computer.by_hand(&json!({ "ANTHROPIC_BASE_URL": computer.own.url() }));
    computer.ask(&computer.project, &[]);
    assert!(computer.own.came().contains(SECRET));
    fs::remove_dir_all(computer.project.join(".claude")).unwrap();

    let local = computer.project.join(".claude/settings.local.json");
    for (home, address) in [
        (&computer.anthropic, "https://api.anthropic.com"),
        (&computer.home, computer.own.url()),
    ] {
        let before = computer.own.came().len();
        let said = computer.connect_project(home).run().expect_code(0);
        let place = computer.settings.to_str().unwrap();
        let parts = ["ANTHROPIC_CUSTOM_HEADERS", place];
        assert!(
            parts.iter().all(|part| said.stderr.contains(part)),
            "{said:#?}"
        );
        let written: Value = serde_json::from_str(&fs::read_to_string(&local).unwrap()).unwrap();
        let env = json!({ "ANTHROPIC_BASE_URL": address, "ANTHROPIC_CUSTOM_HEADERS": "" });
        assert_eq!(written["env"], env);
        if home.path() == computer.home.path() {
            computer.ask(&computer.project, &[]);
            let came = computer.own.came().split_off(before);
            assert!(came.contains(KEY) && !came.contains(SECRET), "{came}");
        }
        let disconnect = ["disconnect", "claude-code"];
        computer.call(home, &disconnect).run().expect_code(0);
        computer.untouched();
    }
    assert_eq!(computer.text(), text);
    assert!(!computer.before.came().contains(KEY));
}

#[test]
fn run_starts_nothing_that_takes_headers_of_another_server_along() {
    let computer = Computer::new();
    let write = |env: &Value| {
        fs::write(&computer.settings, json!({ "env": env }).to_string()).unwrap();
    };
    let place = computer.settings.to_str().unwrap();
    // It is true: they go along with a key of the environment.
    write(&headers());
    let own = [
        ("ANTHROPIC_API_KEY", "practice"),
        ("ANTHROPIC_BASE_URL", computer.own.url()),
    ];
    computer.ask(&computer.project, &own);
    assert!(computer.own.came().contains(SECRET));
    let before = computer.own.came().len();
    let refuses = |more: &[(&str, &str)], part: &str| {
        let said = computer.run(more);
        refused(
            &said,
            &["ANTHROPIC_CUSTOM_HEADERS", place, part, "was not started"],
        );
        assert_eq!(computer.own.came().len(), before);
    };
    refuses(&[], "api.anthropic.com");
    let elsewhere = [("ANTHROPIC_BASE_URL", computer.before.url())];
    refuses(&elsewhere, "127.0.0.1");
    // A credential among them is one too many for any server.
    write(&json!({ "ANTHROPIC_CUSTOM_HEADERS": format!("Authorization: Bearer {TOKEN}") }));
    let here = [("ANTHROPIC_BASE_URL", computer.own.url())];
    refuses(&here, "hold a credential");
    // Where the person's own environment leads to the same server, others are for that.
    write(&json!({ "ANTHROPIC_CUSTOM_HEADERS": "x-team: mine" }));
    computer.run(&here);
    let came = computer.own.came().split_off(before);
    assert!(
        came.contains(KEY) && came.contains("x-team: mine"),
        "{came}"
    );

    // Settings take the place of the variable that names a workspace.
    let workspace = ["edit-key", "Key", "--workspace", "wrkspc_1"];
    computer
        .call(&computer.home, &workspace)
        .run()
        .expect_code(0);
    let before = computer.own.came().len();
    let said = computer.run(&here);
    refused(&said, &["workspace", place]);
    assert_eq!(computer.own.came().len(), before);
    write(&json!({ "ANTHROPIC_CUSTOM_HEADERS": "anthropic-workspace-id: wrkspc_1" }));
    computer.run(&here);
    let came = computer.own.came().split_off(before);
    assert!(came.contains("anthropic-workspace-id: wrkspc_1"), "{came}");
}
