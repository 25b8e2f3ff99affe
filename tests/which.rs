//! `keyfob which` and `keyfob discover` as a person and a script meet them: exit codes, words, and no secret anywhere.

use std::fs;
use std::path::Path;

use keyfob_tests::{Call, DesktopSession, Home, Keyring, Output};
use serde_json::{Value, json};

const KEY: &str = "sk-ant-api03-PLANTED-PLANTED-PLANTED-PLANTED-9f2A";

struct World {
    session: DesktopSession,
    home: Home,
}

impl World {
    fn new() -> Self {
        // Nothing here asks the keychain, so there is none.
        let session = DesktopSession::start(Keyring::Absent);
        let home = Home::new(&session, "home", "");
        Self { session, home }
    }

    fn person(&self) -> std::path::PathBuf {
        self.session.root().join("home")
    }

    fn file(&self, name: &str, text: &str) {
        let path = self.person().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn keyfob(&self, arguments: &[&str]) -> Call {
        self.session.keyfob(&self.home, arguments)
    }

    fn run(&self, call: Call, code: i32) -> Output {
        let output = call.run().expect_code(code);
        assert!(!output.stdout.contains("PLANTED"), "{}", output.stdout);
        assert!(!output.stderr.contains("PLANTED"), "{}", output.stderr);
        output
    }

    fn session(&self) {
        let session = json!({ "claudeAiOauth": { "accessToken": "PLANTED", "refreshToken": "PLANTED",
            "expiresAt": 4_102_444_800_000_i64, "scopes": ["user:inference"], "subscriptionType": "max" } });
        self.file(".claude/.credentials.json", &session.to_string());
    }
}

fn json_of(output: &Output) -> Value {
    serde_json::from_str(&output.stdout).unwrap()
}

#[test]
fn nothing_is_exit_code_3_and_a_winner_0() {
    let world = World::new();
    let nothing = world.run(world.keyfob(&["which"]), 3);
    assert!(
        nothing.stdout.contains("nothing would be used here"),
        "{}",
        nothing.stdout
    );
    assert_eq!(
        nothing.stdout.matches("What happens").count(),
        2,
        "both tools"
    );
    world.run(world.keyfob(&["which", "anthropic-sdk"]), 3);
    world.session();
    world.run(world.keyfob(&["which", "claude-code"]), 0);
    world.run(world.keyfob(&["which", "anthropic-sdk"]), 3);
    world.run(world.keyfob(&["which"]), 0);
    world.keyfob(&["which", "something"]).run().expect_code(2);
    let missing = world.run(world.keyfob(&["which", "--dir", "/no/such/folder"]), 2);
    assert!(
        missing.stderr.contains("There is no folder"),
        "{}",
        missing.stderr
    );
}

#[test]
fn a_key_in_the_shell_outranks_the_subscription_in_so_many_words() {
    let world = World::new();
    world.session();
    let call = world
        .keyfob(&["which", "claude-code"])
        .env("ANTHROPIC_API_KEY", KEY);
    let said = world.run(call, 0).stdout;
    for words in [
        "Claude Code: the variable ANTHROPIC_API_KEY",
        "Who pays: API billing",
        "Claude Code's own sign-in (max)",
        "Your plan is signed in to, and is not used here",
        "unset ANTHROPIC_API_KEY",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    let call = world
        .keyfob(&["which", "claude-code", "--json"])
        .env("ANTHROPIC_API_KEY", KEY);
    let answer = json_of(&world.run(call, 0));
    assert_eq!(answer["winner"]["source"], "api_key");
    assert_eq!(answer["winner"]["payer"], "api");
    assert_eq!(answer["next"]["source"], "login_session");
    assert_eq!(answer["warnings"][0]["code"], "outranks_plan");
}

#[test]
fn the_folder_counts_and_can_be_named() {
    let world = World::new();
    world.session();
    let helper = r#"{"apiKeyHelper":"echo PLANTED"}"#;
    world.file("project/.claude/settings.json", helper);
    let project = world.person().join("project");
    let project = project.to_str().unwrap();
    let source = |arguments: &[&str]| {
        let answer = json_of(&world.run(world.keyfob(arguments), 0));
        answer["winner"]["source"].as_str().unwrap().to_owned()
    };
    assert_eq!(source(&["which", "claude-code", "--json"]), "login_session");
    let named = ["which", "claude-code", "--json", "--dir", project];
    assert_eq!(source(&named), "api_key_helper");
    let said = world.run(world.keyfob(&named[..2]), 0).stdout;
    assert!(!said.contains("trust the folder"), "{said}");
    let said = world
        .run(world.keyfob(&["which", "--dir", project]), 0)
        .stdout;
    assert!(
        said.contains("has not been told to trust the folder"),
        "{said}"
    );
}

#[test]
fn broken_and_odd_files_are_warnings() {
    let world = World::new();
    world.session();
    // Settings that Keyfob cannot read may well count.
    let (settings, other) = ("Keyfob could not read", "could not be understood");
    for (file, text, words) in [
        (
            ".claude/settings.json",
            "{\"apiKeyHelper\": \"PLANTED",
            settings,
        ),
        (".claude.json", "PLANTED", other),
        (".claude/settings.json", "\u{0}\u{1}PLANTED", settings),
    ] {
        world.file(file, text);
        let said = world.run(world.keyfob(&["which", "claude-code"]), 0).stdout;
        assert!(said.contains(words), "{said}");
        assert!(
            said.contains(Path::new(file).file_name().unwrap().to_str().unwrap()),
            "{said}"
        );
    }
    // A folder where a file should be, and a file where a folder should be.
    let world = World::new();
    fs::create_dir_all(world.person().join(".claude/settings.json")).unwrap();
    fs::create_dir_all(world.person().join(".config")).unwrap();
    world.file("config/anthropic", "PLANTED");
    let said = world
        .run(world.keyfob(&["which"]).env("ANTHROPIC_API_KEY", KEY), 0)
        .stdout;
    assert!(said.contains(settings), "{said}");
}

#[test]
fn what_is_found_can_be_linked_and_ignored_by_its_command() {
    let world = World::new();
    world.session();
    let token = "sk-ant-oat01-PLANTED-PLANTED-5678";
    let discover = |arguments: &[&str]| {
        let call = [&["discover"], arguments].concat();
        world.keyfob(&call).env("CLAUDE_CODE_OAUTH_TOKEN", token)
    };
    let said = world.run(discover(&[]), 0).stdout;
    assert!(said.contains("The sign-in of Claude Code"), "{said}");
    assert!(said.contains("keyfob link claude-code"), "{said}");
    assert!(said.contains("never stores or hands on one"), "{said}");
    let found = json_of(&world.run(discover(&["--json"]), 0));
    assert_eq!(found.as_array().unwrap().len(), 2);

    let command = found[0]["command"].as_str().unwrap();
    let words: Vec<&str> = command.split_whitespace().skip(1).collect();
    world.run(world.keyfob(&words), 0);
    let found = json_of(&world.run(discover(&["--json"]), 0));
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["action"], "only_shown");
    assert_eq!(found[0]["command"], Value::Null);

    let key = found[0]["key"].as_str().unwrap();
    world.run(discover(&["--ignore", key]), 0);
    assert_eq!(json_of(&world.run(discover(&["--json"]), 0)), json!([]));
    world.run(discover(&["--ignore", key]), 2);
    let all = json_of(&world.run(discover(&["--all", "--json"]), 0));
    assert_eq!(all.as_array().unwrap().len(), 1);

    let which = json_of(&world.run(world.keyfob(&["which", "claude-code", "--json"]), 0));
    let accounts = json_of(&world.run(world.keyfob(&["accounts", "--json"]), 0));
    assert_eq!(which["winner"]["account"], accounts[0]["id"]);
    assert_eq!(which["winner"]["label"], accounts[0]["label"]);
    let files = world.home.snapshot();
    assert!(keyfob_tests::home::files_with(&files, "PLANTED").is_empty());
}
