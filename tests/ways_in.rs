//! Keys that are replaced, tokens as JSON, variables of the environment, and the person's order, by the real command on
//! a real keychain. Every secret in it is marked, and none comes out where it is not meant to.

use keyfob_tests::home::{files_under, files_with};
use keyfob_tests::{DesktopSession, Home, Keyring, MockProvider, Output};
use serde_json::{Value, json};

const PLANTED: &str = "PLANTED7Q";
const OLD: &str = "sk-ant-api03-PLANTED7Q-old-1111";
const NEW: &str = "sk-ant-api03-PLANTED7Q-new-2222";
const SESSION: &str = "sk-ant-oat01-PLANTED7Q-session";

struct World {
    session: DesktopSession,
    mock: MockProvider,
    home: Home,
}

impl World {
    fn new() -> Self {
        let session = DesktopSession::start(Keyring::Unlocked);
        let mock = MockProvider::start(&["--auto", "agree", "--marker", PLANTED]);
        // What is practice never stands in for what is real, so here it plays the real one.
        let block = mock
            .config_block()
            .replace("practice = true", "practice = false")
            .replace("payer = \"none\"", "payer = \"company\"");
        let home = Home::new(&session, "home", &block);
        Self {
            session,
            mock,
            home,
        }
    }

    /// A call whose words hold no secret, whatever it prints as data.
    fn run(&self, arguments: &[&str], stdin: &str, code: i32) -> Output {
        self.run_in(&self.home, arguments, stdin, &[], code)
    }

    fn run_in(
        &self,
        home: &Home,
        arguments: &[&str],
        stdin: &str,
        variables: &[(&str, &str)],
        code: i32,
    ) -> Output {
        let mut call = self.session.keyfob(home, arguments).stdin(stdin);
        for (name, value) in variables {
            call = call.env(name, value);
        }
        let output = call.run().expect_code(code);
        assert!(!output.stderr.contains(PLANTED), "{output:#?}");
        if arguments[0] != "token" {
            assert!(!output.stdout.contains(PLANTED), "{output:#?}");
        }
        output
    }

    fn sign_in(&self, label: &str) {
        self.session.sign_in(&self.home, label);
    }

    /// What the keychain holds.
    fn secrets(&self) -> Vec<String> {
        let all = self.session.all_secrets().into_iter();
        all.map(|item| item.secret.unwrap()).collect()
    }

    fn no_file_holds_a_secret(&self) {
        let files = files_under(self.session.root());
        let outside: Vec<_> = files_with(&files, PLANTED)
            .into_iter()
            // The keychain's own, which is encrypted where it is not a test's.
            .filter(|path| !path.to_string_lossy().contains("keyrings"))
            .collect();
        assert!(outside.is_empty(), "{outside:#?}");
    }
}

fn json_of(output: &Output) -> Value {
    serde_json::from_str(&output.stdout).unwrap()
}

#[test]
fn a_key_is_replaced_edited_and_tried_out() {
    let world = World::new();
    world.run(
        &["add-key", "--label", "CI", "--expires", "2199-12-01"],
        OLD,
        0,
    );
    let status = world.run(&["status", "CI"], "", 0);
    assert!(
        status.stdout.contains("You noted: expires 1 Dec 2199"),
        "{}",
        status.stdout
    );
    let again = world.run(&["add-key"], OLD, 1);
    assert!(again.stderr.contains("it is \"CI\""), "{}", again.stderr);

    for (key, code, part) in [
        (
            "sk-ant-api03-PLANTED7Q-revoked",
            1,
            "does not know this key",
        ),
        ("sk-ant-api03-PLANTED7Q-billing", 1, "billing"),
        ("sk-ant-api03-PLANTED7Q-overloaded", 5, "HTTP 529"),
        (OLD, 1, "has already"),
        ("", 1, "Nothing was pasted"),
    ] {
        let refused = world.run(&["rotate-key", "CI"], key, code);
        assert!(refused.stderr.contains(part), "{}", refused.stderr);
        let token = world.run(&["token", "CI"], "", 0);
        assert_eq!(token.stdout.trim(), OLD);
    }
    let replaced = world.run(&["rotate-key", "CI", "--json"], NEW, 0);
    assert_eq!(json_of(&replaced)["last_four"], "2222");
    assert_eq!(world.run(&["token"], "", 0).stdout.trim(), NEW);
    let secrets = world.secrets();
    assert!(
        secrets.len() == 1 && secrets[0].contains("2222"),
        "the old key is forgotten"
    );

    let edited = world.run(
        &["edit-key", "CI", "--expires", "2198-01-31", "--json"],
        "",
        0,
    );
    assert_eq!(json_of(&edited)["expires_on"], "2198-01-31");
    world.run(&["edit-key", "CI", "--expires", "soon"], "", 1);
    let edited = world.run(&["edit-key", "CI", "--no-expires", "--json"], "", 0);
    assert_eq!(json_of(&edited)["expires_on"], Value::Null);
    world.run(&["edit-key", "CI", "--workspace", "wrkspc_1"], "", 0);

    let asked = world.mock.count("models");
    let probed = world.run(&["status", "CI", "--probe"], "", 0);
    assert!(
        probed.stdout.contains("Valid, checked just now"),
        "{}",
        probed.stdout
    );
    let kind = json!({ "status": 503, "error": "html" });
    world
        .mock
        .fault(&json!({ "on": "models", "kind": kind, "times": 1, "echo": true }));
    let probed = world.run(&["status", "CI", "--probe"], "", 0);
    assert!(
        probed.stdout.contains("Valid"),
        "a busy server judges nothing: {}",
        probed.stdout
    );
    assert!(
        probed.stdout.contains("taught nothing"),
        "{}",
        probed.stdout
    );
    let kind = json!({ "status": 401, "error": "object" });
    world
        .mock
        .fault(&json!({ "on": "models", "kind": kind, "times": 1, "echo": true }));
    let probed = world.run(&["status", "CI", "--probe"], "", 3);
    assert!(
        probed.stdout.contains("keyfob rotate-key"),
        "{}",
        probed.stdout
    );
    assert_eq!(world.mock.count("models"), asked + 3);
    let given = world.run(&["token"], "", 0);
    assert!(given.stderr.contains("did not know"), "{}", given.stderr);
    world.run(&["rotate-key", "nobody"], NEW, 2);
    world.no_file_holds_a_secret();
}

#[test]
fn tokens_come_in_as_json_and_the_place_of_an_error_is_said() {
    let world = World::new();
    world.sign_in("Work");
    let kept: Value = serde_json::from_str(&world.secrets()[0]).unwrap();
    let (access, refresh) = (
        kept["access_token"].as_str().unwrap(),
        kept["refresh_token"].as_str().unwrap(),
    );
    let other = Home::new(&world.session, "other", world.mock.config_block());
    let import = |text: &str, more: &[&str], code: i32| {
        let arguments = [&["import"], more].concat();
        world.run_in(&other, &arguments, text, &[], code)
    };
    for (text, code, part) in [
        (
            format!("{{\n  \"access_token\": \"{access}\",\n  \"expires_at\": \"{PLANTED}\"\n}}"),
            1,
            "(line 3, column 17, $.expires_at)",
        ),
        (
            format!("{{\"access_token\": \"{access}\","),
            1,
            "ends too early",
        ),
        (
            format!("{{\"access_token\": \"{PLANTED} {PLANTED}\"}}"),
            1,
            "$.access_token",
        ),
        (
            format!("{{\"claudeAiOauth\": {{\"accessToken\": \"{SESSION}\"}}}}"),
            1,
            "keyfob link claude-code",
        ),
        (OLD.to_owned(), 1, "keyfob add-key"),
        (String::new(), 1, "Nothing was pasted"),
    ] {
        let refused = import(&text, &[], code);
        assert!(refused.stderr.contains(part), "{}", refused.stderr);
    }
    let text = json!({
        "access_token": access, "refresh_token": refresh,
        "expires_at": kept["expires_at"].as_i64().unwrap() * 1_000,
        "scope": "user:profile",
    });
    let text = text.to_string();
    import(&text, &["--provider", "nobody"], 2);
    assert!(
        !other.file("accounts.json").exists(),
        "nothing was stored so far"
    );
    let imported = import(&text, &["--label", "Moved", "--json"], 0);
    let status = json_of(&imported);
    assert_eq!(
        (&status["state"]["kind"], &status["label"]),
        (&json!("fresh"), &json!("Moved"))
    );
    assert!(
        imported
            .stderr
            .contains("Remove the tokens where they came from")
    );
    let given = world.run_in(&other, &["token", "Moved"], "", &[], 0);
    assert_eq!(given.stdout.trim(), access);
    assert_eq!(world.mock.count("refreshes"), 0, "nothing is spent");
    let again = import(&text, &[], 1);
    assert!(again.stderr.contains("stored already"), "{}", again.stderr);
    world.no_file_holds_a_secret();
}

#[test]
fn variables_are_shown_given_by_name_and_taken_in_at_a_word() {
    let world = World::new();
    let variables = [
        ("ANTHROPIC_API_KEY", OLD),
        ("CLAUDE_CODE_OAUTH_TOKEN", SESSION),
        ("CLAUDE_USE_OAUTH", "1"),
        ("CLAUDE_ACCESS_TOKEN", "PLANTED7Q-of-acme"),
        ("CLAUDE_REFRESH_TOKEN", "PLANTED7Q-refresh-of-acme"),
        ("CLAUDE_EXPIRES_AT", "4102444800000"),
    ];
    let run =
        |arguments: &[&str], code: i32| world.run_in(&world.home, arguments, "", &variables, code);
    let shown = run(&["accounts"], 0).stdout;
    for part in [
        "ANTHROPIC_API_KEY · API key …1111",
        "set in this shell's environment",
        "Claude Code uses it before an apiKeyHelper",
        "Here ANTHROPIC_API_KEY is set too",
        "Keyfob leaves it where it is",
        "Fresh for",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("(default)"), "{shown}");
    run(&["token"], 3);
    assert_eq!(run(&["token", "ANTHROPIC_API_KEY"], 0).stdout.trim(), OLD);
    for name in ["CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_ACCESS_TOKEN"] {
        assert_eq!(run(&["token", name], 1).stdout, "");
    }
    for arguments in [
        &["rename", "ANTHROPIC_API_KEY", "Mine"][..],
        &["use", "ANTHROPIC_API_KEY"],
        &["logout", "ANTHROPIC_API_KEY"],
        &["refresh", "CLAUDE_CODE_OAUTH_TOKEN"],
        &["login", "--account", "ANTHROPIC_API_KEY"],
    ] {
        let refused = run(arguments, 2);
        assert!(refused.stderr.contains("variable"), "{}", refused.stderr);
    }
    run(&["logout", "--all"], 0);
    assert!(
        !world.home.file("accounts.json").exists(),
        "variables are never written down"
    );

    let refused = run(
        &[
            "import",
            "--from-environment",
            "CLAUDE_CODE_OAUTH_TOKEN",
            "--provider",
            "mock",
        ],
        1,
    );
    assert!(
        refused.stderr.contains("session of Claude"),
        "{}",
        refused.stderr
    );
    run(&["import", "--from-environment", "PATH"], 2);
    run(&["import", "--from-environment", "CLAUDE_ACCESS_TOKEN"], 2);
    assert!(world.secrets().is_empty());
    run(
        &[
            "import",
            "--from-environment",
            "CLAUDE_ACCESS_TOKEN",
            "--provider",
            "mock",
            "--label",
            "Acme",
        ],
        0,
    );
    run(
        &[
            "import",
            "--from-environment",
            "ANTHROPIC_API_KEY",
            "--label",
            "Mine",
        ],
        0,
    );
    assert_eq!(
        world.run(&["token", "Acme"], "", 0).stdout,
        "PLANTED7Q-of-acme\n"
    );
    assert_eq!(world.run(&["token", "Mine"], "", 0).stdout.trim(), OLD);
    world.no_file_holds_a_secret();
}

#[test]
fn the_order_says_who_is_given_and_a_fallback_says_who_pays() {
    let world = World::new();
    let run = |arguments: &[&str], code: i32| world.run(arguments, "", code);
    world.sign_in("Work");
    world.run(&["add-key", "--label", "CI key"], OLD, 0);
    assert!(run(&["order"], 0).stdout.contains("No order is set"));
    run(&["order", "CI key"], 0);
    assert_eq!(run(&["token"], 0).stdout.trim(), OLD);
    let order = run(&["order", "--preset", "stored-first"], 0);
    assert!(order.stdout.starts_with("1. Work"), "{}", order.stdout);
    assert!(
        order.stdout.contains("no other is given"),
        "{}",
        order.stdout
    );
    run(&["order", "nobody"], 2);

    world
        .mock
        .post("/control/expire", &json!({ "access": true }));
    world.mock.post("/control/revoke", &json!({}));
    let failed = run(&["token", "--min-valid", "12h"], 3);
    assert_eq!(
        failed.stdout, "",
        "without the person's word there is no fallback"
    );
    let order = json_of(&run(&["order", "--fallback", "on", "--json"], 0));
    assert_eq!(
        (&order["is_set"], &order["fallback"]),
        (&json!(true), &json!(true))
    );
    let given = run(&["token", "--min-valid", "12h"], 0);
    assert_eq!(given.stdout.trim(), OLD);
    assert!(
        given.stderr.contains("\"Work\" could not be used")
            && given.stderr.contains(
                "Gave \"CI key\" instead: now billed to API usage, and not to your company."
            ),
        "{}",
        given.stderr
    );
    let told = run(&["activity", "-n", "1"], 0);
    assert!(
        told.stdout.contains("another account was given"),
        "{}",
        told.stdout
    );
    assert!(
        run(&["order"], 0).stdout.contains("Since "),
        "it is shown until it is over"
    );
    run(&["token", "Work", "--min-valid", "12h"], 3);
    let other_kind = world.run(&["token", "--refused"], OLD, 2);
    assert_eq!(
        other_kind.stdout, "",
        "what was refused is not answered with the other kind"
    );

    // Variables stand in it where they are set, and are not there where they are not.
    let key = [("ANTHROPIC_API_KEY", NEW)];
    let in_shell = |arguments: &[&str]| world.run_in(&world.home, arguments, "", &key, 0);
    in_shell(&["order", "ANTHROPIC_API_KEY", "CI key"]);
    assert_eq!(in_shell(&["token"]).stdout.trim(), NEW);
    assert_eq!(run(&["token"], 0).stdout.trim(), OLD);
    let cleared = run(&["order", "--clear"], 0);
    assert!(
        cleared.stdout.contains("No order is set"),
        "{}",
        cleared.stdout
    );
    assert_eq!(
        run(&["token"], 0).stdout.trim(),
        OLD,
        "the first account stays the default"
    );
    world.no_file_holds_a_secret();
}
