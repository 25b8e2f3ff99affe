//! Claude Code and `ant` sign in for Keyfob: the browser opens once, a code can be pasted, and whatever fails leaves
//! nothing behind.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use keyfob_tests::Interactive;
use keyfob_tests::PATIENCE;
use keyfob_tests::linked::{World, state_of};
use keyfob_tests::process::eventually;
use rustix::process::Signal;
use serde_json::{Value, json};

#[test]
fn a_pasted_code_signs_in_and_a_wrong_one_leaves_the_attempt_alive() {
    let world = World::default();
    let (mut login, address) = world.begin(&[
        "login",
        "--with",
        "claude-code",
        "--label",
        "Work",
        "--no-browser",
        "--json",
    ]);
    let refusal = |login: &mut Interactive, text: &str| {
        login.type_line(text);
        login
            .stderr
            .until(PATIENCE, |line| line.contains("Still waiting"))
            .join("\n")
    };
    let said = refusal(&mut login, "only-the-first-half");
    assert!(
        said.contains("Claude Code says that this is no whole code"),
        "{said}"
    );
    let said = refusal(&mut login, "the-code#of-another-sign-in");
    assert!(said.contains("belongs to another sign-in"), "{said}");
    let said = refusal(&mut login, "sk-ant-api03-a-key#x");
    assert!(said.contains("a key or a token"), "{said}");
    login.type_line(&format!("the-code#{}", state_of(&address)));
    let output = world.checked(login.wait(PATIENCE)).expect_code(0);
    let status: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(status["label"], "Work");
    assert_eq!(status["owner"], "claude_code");
    assert_eq!(status["payer"], "plan");
    assert_eq!(status["state"]["kind"], "fresh");
    assert_eq!(status["identity"]["email"], "ada@example.com");

    // It lies in a folder of its own, closed to others, and that is where it says that it is.
    let folder = world.home.file("claude-code").join("work");
    assert_eq!(status["storage"], folder.to_str().unwrap());
    let mode = fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o700);
    assert!(!world.claude().exists() && !world.claude_state().exists());
    world.expect_none_left();
}

#[test]
fn several_sessions_lie_side_by_side() {
    let world = World::default();
    for (label, email) in [("Work", "ada@work.example"), ("Home", "ada@home.example")] {
        world.programs.plan(&json!({ "login": { "email": email } }));
        world
            .sign_in(&["login", "--with", "claude-code", "--label", label])
            .expect_code(0);
    }
    // Without a name it is called after whoever signed in.
    world
        .programs
        .plan(&json!({ "login": { "email": "grace@example.com" } }));
    world
        .sign_in(&["login", "--with", "claude-code"])
        .expect_code(0);
    for (label, email) in [
        ("Work", "ada@work.example"),
        ("Home", "ada@home.example"),
        ("grace@example.com", "grace@example.com"),
    ] {
        assert_eq!(world.status(label)["identity"]["email"], email);
    }
    let folders: Vec<Value> = world
        .programs
        .calls()
        .iter()
        .map(|c| c["folder"].clone())
        .collect();
    assert_eq!(folders.len(), 3);
    assert!(
        folders
            .iter()
            .all(|f| folders.iter().filter(|g| *g == f).count() == 1)
    );
    // Forgetting one leaves all of them signed in.
    let before = world.theirs();
    world.keyfob(&["logout", "Work"]).expect_code(0);
    assert_eq!(world.theirs(), before);
}

#[test]
fn the_browser_opens_once_and_what_it_brings_goes_to_claude_code() {
    let mut world = World::default();
    let opened = world.programs.folder().join("opened");
    // Whoever sits at it agrees, and is sent back with a code.
    let agree = format!(
        "echo \"$1\" >> {opened}\nexec {node} -e 'const u = new URL(process.argv[1]); fetch(u.searchParams.get(\"redirect_uri\").replace(\"localhost\", \"127.0.0.1\") + \"?code=from-the-browser&state=\" + u.searchParams.get(\"state\"))' \"$1\"",
        opened = opened.display(),
        node = keyfob_tests::node::node().display(),
    );
    world.programs.browser(&mut world.session, &agree);
    for arguments in [
        ["login", "--with", "claude-code", "--label", "Claude"],
        ["login", "--with", "ant", "--label", "Console"],
    ] {
        fs::write(&opened, "").unwrap();
        let output = world.session.keyfob(&world.home, &arguments).run();
        world.checked(output).expect_code(0);
        let tabs = fs::read_to_string(&opened).unwrap();
        assert_eq!(tabs.lines().count(), 1, "{tabs}");
    }
    assert_eq!(world.state("Claude"), "fresh");
    assert_eq!(world.state("Console"), "fresh");
    world.expect_none_left();
    // Told to open none, neither opens one.
    fs::write(&opened, "").unwrap();
    for program in ["claude-code", "ant"] {
        world
            .sign_in(&["login", "--with", program, "--no-browser"])
            .expect_code(0);
    }
    assert_eq!(fs::read_to_string(&opened).unwrap(), "");
}

#[test]
fn the_session_is_used_and_nothing_that_lies_about_in_the_environment() {
    let mut world = World::default();
    for name in [
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "CLAUDE_CODE_OAUTH_TOKEN",
    ] {
        world.session.set(name, "sk-ant-PLANTED");
    }
    for name in [
        "ANTHROPIC_PROFILE",
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_CONSOLE_URL",
        "ANTHROPIC_OAUTH_CLIENT_ID",
        "CLAUDE_CODE_USE_BEDROCK",
        "CLAUDE_CODE_USE_VERTEX",
        "CLAUDE_CODE_USE_FOUNDRY",
        "CLAUDE_CODE_USE_ANTHROPIC_AWS",
        "CLAUDE_CODE_USE_MANTLE",
        "CLAUDECODE",
    ] {
        world.session.set(name, "1");
    }
    world
        .sign_in(&["login", "--with", "claude-code", "--label", "Work"])
        .expect_code(0);
    world.keyfob(&["refresh", "Work"]).expect_code(0);
    world
        .sign_in(&["login", "--with", "ant", "--label", "Ant"])
        .expect_code(0);
    let calls = world.programs.calls();
    assert_eq!(calls.len(), 3);
    for call in &calls {
        assert_eq!(call["outranking"], json!([]), "{call}");
    }
    // Where `ant` finds its servers, and as which client, is the person's own affair, and belongs together.
    let servers = [
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_CONSOLE_URL",
        "ANTHROPIC_OAUTH_CLIENT_ID",
    ];
    assert_eq!(calls[2]["servers"], json!(servers));
}

#[test]
fn a_failed_sign_in_says_why_and_leaves_no_account() {
    let world = World::default();
    let login = ["login", "--with", "claude-code", "--no-browser"];
    for (end, code, words) in [
        (
            "refused",
            1,
            "Login failed: Request failed with status code 400",
        ),
        ("unreachable", 5, "getaddrinfo ENOTFOUND"),
        ("nothing_saved", 1, "it stored no session"),
    ] {
        world.programs.plan(&json!({ "login": { "end": end } }));
        let output = world.sign_in(&login).expect_code(code);
        assert!(output.stderr.contains(words), "{output:#?}");
        assert!(
            !output.stderr.contains("the-code-of-the-page ("),
            "{output:#?}"
        );
        assert!(world.keyfob(&["accounts"]).stdout.is_empty());
    }
    world
        .programs
        .plan(&json!({ "login": { "end": "dies_early" } }));
    let output = world.keyfob(&login).expect_code(1);
    assert!(
        output.stderr.contains("this machine is not allowed"),
        "{output:#?}"
    );
    world.expect_none_left();
    // What was given up is used again, and leaves no row of folders behind.
    let folders = fs::read_dir(world.home.file("claude-code"))
        .unwrap()
        .count();
    assert_eq!(folders, 1);
}

#[test]
fn a_sign_in_that_is_given_up_leaves_nothing_running() {
    let world = World::default();
    for program in ["claude-code", "ant"] {
        for signal in [Signal::INT, Signal::TERM] {
            let (mut login, _) = world.begin(&["login", "--with", program]);
            assert_eq!(world.left_over().len(), 1);
            login.signal(signal);
            let output = world.checked(login.wait(PATIENCE));
            assert_eq!(output.code, Some(128 + signal.as_raw()), "{output:#?}");
            world.expect_none_left();
        }
    }
    // Also while the program has a code, and has not said yet what it makes of it.
    world.programs.plan(&json!({ "login": { "end": "hangs" } }));
    let (mut login, address) = world.begin(&["login", "--with", "claude-code"]);
    login.type_line(&format!("the-code#{}", state_of(&address)));
    let notes = world.programs.folder().join("calls.jsonl");
    assert!(eventually(PATIENCE, || {
        fs::read_to_string(&notes).is_ok_and(|notes| notes.contains("exchange"))
    }));
    login.signal(Signal::INT);
    let output = world.checked(login.wait(PATIENCE));
    assert_eq!(output.code, Some(130), "{output:#?}");
    world.expect_none_left();
    assert!(world.keyfob(&["accounts"]).stdout.is_empty());
}

#[test]
fn what_is_not_installed_is_said_with_where_it_is_to_be_had() {
    let world = World::default();
    world.plant_claude(&world.claude(), 3_600);
    world
        .keyfob(&["link", "claude-code", "--label", "Mine"])
        .expect_code(0);
    world.programs.uninstall("claude");
    world.programs.uninstall("ant");
    let output = world
        .keyfob(&["login", "--with", "claude-code"])
        .expect_code(1);
    for part in [
        "https://code.claude.com/docs/en/setup",
        "@anthropic-ai/claude-code",
        "API key",
    ] {
        assert!(output.stderr.contains(part), "{output:#?}");
    }
    assert!(
        !world.home.file("claude-code").exists(),
        "nothing was made for it"
    );
    let output = world.keyfob(&["login", "--with", "ant"]).expect_code(1);
    assert!(
        output.stderr.contains("anthropics/anthropic-cli"),
        "{output:#?}"
    );
    // What lies there is shown all the same.
    assert_eq!(world.state("Mine"), "fresh");
    world.keyfob(&["refresh", "Mine"]).expect_code(1);
}

#[test]
fn signing_in_by_ant_makes_a_profile() {
    let world = World::default();
    world.plant_profile("work", 3_600);
    let output = world
        .sign_in(&[
            "login",
            "--with",
            "ant",
            "--label",
            "New one",
            "--no-browser",
        ])
        .expect_code(0);
    assert!(output.stderr.contains("the active one"), "{output:#?}");
    assert_eq!(
        world.status("New one")["provider_name"],
        "ant profile new-one"
    );
    let calls = world.programs.calls();
    assert_eq!(
        calls[0]["args"],
        json!(["--profile", "new-one", "auth", "login", "--no-browser"])
    );
    world
        .programs
        .plan(&json!({ "login": { "end": "refused" } }));
    let output = world
        .sign_in(&[
            "login",
            "--with",
            "ant",
            "--profile",
            "third",
            "--no-browser",
        ])
        .expect_code(1);
    assert!(
        output.stderr.contains("exchange code for token"),
        "{output:#?}"
    );
    assert!(
        !output.stderr.contains("the-code-of-the-page is"),
        "{output:#?}"
    );
}
