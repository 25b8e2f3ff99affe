//! Bad input, broken files, keychains and servers: a sentence with a cure, the right exit code, and nothing lost.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use keyfob_tests::{
    DesktopSession, Home, Keyring, MockProvider, Output, PATIENCE, eventually, http,
};
use serde_json::json;

const KEY: &str = "sk-ant-api03-good-9f2A";

struct World {
    session: DesktopSession,
    mock: MockProvider,
    home: Home,
}

impl World {
    fn new(keyring: Keyring) -> Self {
        let session = DesktopSession::start(keyring);
        let mock = MockProvider::start(&["--auto", "agree"]);
        let home = Home::new(&session, "home", mock.config_block());
        Self {
            session,
            mock,
            home,
        }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.session.keyfob(&self.home, arguments).run()
    }

    fn add_key(&self, key: &str) -> Output {
        self.session
            .keyfob(&self.home, &["add-key"])
            .stdin(key)
            .run()
    }

    /// Signs in as a browser on this computer would.
    fn login(&self) -> Output {
        let mut login = self
            .session
            .keyfob(&self.home, &["login", "--no-browser"])
            .spawn();
        let lines = login
            .stderr
            .until(PATIENCE, |line| line.contains("Waiting for your browser"));
        let url = lines
            .iter()
            .find(|line| line.contains("response_type=code"))
            .unwrap();
        http::browse(url.trim());
        login.wait(PATIENCE)
    }
}

/// A sentence says what happened, another what to do, and neither shows a secret.
fn says(output: &Output, code: i32, part: &str) {
    assert_eq!(output.code, Some(code), "{output:#?}");
    assert!(
        output.stderr.contains(part),
        "{part:?} is not said: {output:#?}"
    );
    assert!(!output.stderr.contains("panicked"), "{output:#?}");
    assert!(!output.stderr.contains("sk-ant-api03-"), "{output:#?}");
}

#[test]
fn what_is_no_api_key() {
    let world = World::new(Keyring::Unlocked);
    for (pasted, part) in [
        ("", "Nothing was pasted"),
        ("hello", "begin with sk-ant-"),
        ("sk-ant-admin01-x", "admin key"),
        ("sk-ant-oat01-x", "access token"),
        ("sk-ant-ort01-x", "refresh token"),
        ("sk-ant-sid01-x", "cookie"),
        ("sk-ant-api03-x y", "spaces"),
        ("sk-ant-api03-x-revoked", "does not know this key"),
    ] {
        says(&world.add_key(pasted), 1, part);
    }
    assert!(world.session.all_secrets().is_empty());
    let argument = world.run(&["add-key", KEY]);
    says(&argument, 2, "standard input");
}

#[test]
fn broken_files_are_named_and_left_as_they_are() {
    let world = World::new(Keyring::Unlocked);
    world.add_key(KEY).expect_code(0);
    for broken in [
        "",
        "{",
        "[]",
        "{\"version\":99,\"accounts\":[]}",
        "\u{0}\u{1}",
    ] {
        let path = world.home.file("accounts.json");
        let whole = fs::read(&path).unwrap();
        fs::write(&path, broken).unwrap();
        for arguments in [
            &["accounts"][..],
            &["token"],
            &["logout", "--all"],
            &["use", "x"],
        ] {
            says(&world.run(arguments), 1, "accounts.json");
        }
        says(&world.add_key(KEY), 1, "accounts.json");
        assert_eq!(fs::read(&path).unwrap(), broken.as_bytes());
        fs::write(&path, whole).unwrap();
    }
    assert_eq!(world.run(&["token"]).expect_code(0).stdout.trim(), KEY);
    assert_eq!(
        world.session.all_secrets().len(),
        1,
        "what could not be listed was not kept"
    );

    for broken in [
        "[",
        "nonsense = 1",
        "[providers.x]\nissuer = \"http://a.example\"",
        "\u{0}",
    ] {
        let path = world.home.file("config.toml");
        fs::write(&path, broken).unwrap();
        says(&world.run(&["login"]), 1, "config.toml");
        assert_eq!(fs::read(&path).unwrap(), broken.as_bytes());
    }
    world.run(&["token"]).expect_code(0);
}

#[test]
fn what_was_asked_for_is_not_there() {
    let world = World::new(Keyring::Unlocked);
    says(&world.run(&["token"]), 3, "no account yet");
    world.add_key(KEY).expect_code(0);
    says(&world.run(&["token", "nobody"]), 2, "no account called");
    says(
        &world.run(&["login", "--provider", "nobody"]),
        2,
        "no provider called",
    );
    says(
        &world.run(&["login", "--provider", "claude-console"]),
        2,
        "needs a client id",
    );
    says(
        &world.run(&["rename", "nobody", "x"]),
        2,
        "no account called",
    );
    says(
        &world.run(&["token", "--min-valid", "forever"]),
        2,
        "min-valid",
    );
    says(&world.run(&["nonsense"]), 2, "nonsense");
    says(&world.run(&[]), 2, "Usage");
}

#[test]
fn the_keychain_is_locked() {
    let world = World::new(Keyring::Unlocked);
    world.add_key(KEY).expect_code(0);
    world.session.lock_keyring();
    for arguments in [
        &["token"][..],
        &["login", "--no-browser"],
        &["logout", "--all"],
    ] {
        says(&world.run(arguments), 4, "locked");
    }
    says(&world.add_key(KEY), 4, "locked");
    world.run(&["accounts"]).expect_code(0);
    world.session.unlock_keyring();
    assert_eq!(world.run(&["token"]).expect_code(0).stdout.trim(), KEY);
}

#[test]
fn there_is_no_keychain() {
    let world = World::new(Keyring::Absent);
    says(&world.add_key(KEY), 4, "No system keychain");
    says(
        &world.run(&["login", "--no-browser"]),
        4,
        "No system keychain",
    );
    world.run(&["accounts"]).expect_code(0);
    let files = world.home.snapshot();
    assert!(keyfob_tests::home::files_with(&files, KEY).is_empty());
}

#[test]
fn the_keychain_is_stopped_and_started_again() {
    let mut world = World::new(Keyring::Unlocked);
    world.add_key(KEY).expect_code(0);
    world.session.stop_keyring();
    let away = world.run(&["token"]);
    assert_eq!(away.code, Some(4), "{away:#?}");
    world.session.start_keyring();
    assert_eq!(world.run(&["token"]).expect_code(0).stdout.trim(), KEY);
}

#[test]
fn the_home_cannot_be_written() {
    // Root may write everywhere, so a file stands where the folder should be.
    let session = DesktopSession::start(Keyring::Unlocked);
    let folder = session.new_folder("blocked");
    fs::write(folder.join("home"), "a file").unwrap();
    let home = folder.join("home");
    let mut command = session.command(keyfob_tests::programs::program("keyfob"));
    command
        .args(["add-key", "--no-verify"])
        .env("KEYFOB_HOME", &home);
    let output = with_input(&mut command, KEY);
    says(&output, 1, "home");
    assert!(session.all_secrets().is_empty());
    assert_eq!(fs::read_to_string(home).unwrap(), "a file");
}

#[test]
fn the_disk_is_full() {
    let world = World::new(Keyring::Unlocked);
    world.add_key(KEY).expect_code(0);
    let list = world.home.file("accounts.json");
    let before = fs::read(&list).unwrap();
    // A limit on the size of files fails a write in the middle, as a full disk does.
    let mut command = world.session.command("sh");
    let program = keyfob_tests::programs::program("keyfob");
    command
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 0; exec \"$0\" add-key --no-verify --label Second",
        ])
        .arg(program)
        .env("KEYFOB_HOME", world.home.path());
    let output = with_input(&mut command, "sk-ant-api03-second");
    says(&output, 1, "cannot be written");
    assert_eq!(fs::read(&list).unwrap(), before);
    assert_eq!(world.session.all_secrets().len(), 1);
    assert_eq!(world.run(&["token"]).expect_code(0).stdout.trim(), KEY);
}

#[test]
fn a_link_in_place_of_the_list_is_refused() {
    let world = World::new(Keyring::Unlocked);
    let theirs = world.session.new_folder("theirs").join("file");
    fs::write(&theirs, "{\"version\":1,\"accounts\":[]}").unwrap();
    fs::set_permissions(&theirs, fs::Permissions::from_mode(0o644)).unwrap();
    std::os::unix::fs::symlink(&theirs, world.home.file("accounts.json")).unwrap();
    says(&world.add_key(KEY), 1, "accounts.json");
    assert_eq!(
        fs::read_to_string(theirs).unwrap(),
        "{\"version\":1,\"accounts\":[]}"
    );
    assert!(world.session.all_secrets().is_empty());
}

#[test]
fn every_refusal_of_the_server_at_sign_in() {
    let world = World::new(Keyring::Unlocked);
    for (kind, code, part) in [
        (json!({ "status": 503, "error": "html" }), 5, "busy"),
        (
            json!({ "status": 429, "error": "object", "retry_after": 7 }),
            5,
            "busy",
        ),
        (
            json!({ "status": 400, "error": "string", "code": "invalid_grant" }),
            1,
            "did not accept the code",
        ),
        (
            json!({ "status": 401, "error": "string", "code": "invalid_client" }),
            1,
            "client id",
        ),
        (
            json!({ "error_200": "invalid_grant" }),
            1,
            "did not accept the code",
        ),
        (json!("not_json"), 5, "does not understand"),
        (json!("huge"), 5, "does not understand"),
        (json!("redirect"), 5, "does not understand"),
        (json!("cut_off"), 5, "could not be reached"),
        (json!("drop"), 5, "could not be reached"),
    ] {
        world
            .mock
            .fault(&json!({ "on": "exchange", "kind": kind, "times": 1, "echo": true }));
        says(&world.login(), code, part);
        world.mock.clear_faults();
    }
    assert!(world.session.all_secrets().is_empty());
    world.login().expect_code(0);
}

#[test]
fn every_refusal_of_the_server_at_renewal_keeps_the_sign_in() {
    let world = World::new(Keyring::Unlocked);
    world.login().expect_code(0);
    // Each failure doubles the rest, which then outlasts what this computer takes for the next two calls.
    let broken = json!({ "status": 503, "error": "html" });
    world
        .mock
        .fault(&json!({ "on": "refresh", "kind": broken, "times": 5 }));
    for _ in 0..5 {
        says(&world.run(&["refresh"]), 5, "The sign-in is kept");
    }
    for (kind, code, part) in [
        (broken, 5, "The sign-in is kept"),
        (json!("not_json"), 5, "The sign-in is kept"),
        (json!("cut_off"), 5, "The sign-in is kept"),
        (
            json!({ "status": 401, "error": "string", "code": "invalid_client" }),
            1,
            "The sign-in is kept",
        ),
    ] {
        world
            .mock
            .fault(&json!({ "on": "refresh", "kind": kind, "times": 1 }));
        // A person who insists is not held up by the rest after the last failure.
        says(&world.run(&["refresh"]), code, part);
        world.mock.clear_faults();
        // A tool is, and the server is not asked.
        let asked = world.mock.count("refreshes");
        let rests = world.run(&["token", "--min-valid", "9h"]);
        says(&rests, 5, "left alone for another");
        assert_eq!(world.mock.count("refreshes"), asked);
    }
    assert!(
        (0..4).any(|_| everybody_keeps_to_the_servers_word(&world)),
        "this computer stood still again and again"
    );
    world.run(&["token"]).expect_code(0);
    world.mock.post("/control/revoke", &json!({}));
    says(&refreshed_after_the_rest(&world), 3, "again");
    // It is final, so no tool asks again; a person may.
    let asked = world.mock.count("refreshes");
    says(&world.run(&["token", "--min-valid", "9h"]), 3, "again");
    assert_eq!(world.mock.count("refreshes"), asked);
    world.run(&["status"]).expect_code(3);
    assert_eq!(
        world.session.all_secrets().len(),
        1,
        "a refusal deletes nothing"
    );
}

/// False where the time that the server named may have been over before all had asked.
fn everybody_keeps_to_the_servers_word(world: &World) -> bool {
    let begun = Instant::now();
    let kind = json!({ "status": 429, "error": "object", "retry_after": 20 });
    world.mock.fault(&json!({ "on": "refresh", "kind": kind }));
    says(&world.run(&["refresh"]), 5, "in 20 seconds");
    let asked = world.mock.count("refreshes");
    let tool = world.run(&["token", "--min-valid", "9h"]);
    let person = world.run(&["refresh"]);
    if begun.elapsed() >= Duration::from_secs(20) {
        refreshed_after_the_rest(world).expect_code(0);
        return false;
    }
    says(&tool, 5, "left alone for another");
    says(&person, 5, "left alone for another");
    assert_eq!(world.mock.count("refreshes"), asked);
    true
}

/// What a person is told as soon as the server may be asked again.
fn refreshed_after_the_rest(world: &World) -> Output {
    let mut refreshed = world.run(&["refresh"]);
    eventually(PATIENCE, || {
        let rests = refreshed.stderr.contains("left alone for another");
        if rests {
            refreshed = world.run(&["refresh"]);
        }
        !rests
    });
    refreshed
}

#[test]
fn no_browser_and_a_port_that_is_taken() {
    let world = World::new(Keyring::Unlocked);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    says(
        &world.run(&["login", "--no-browser", "--callback-port", &port]),
        1,
        "is taken",
    );

    // A PATH without xdg-open and without any browser.
    let mut login = world
        .session
        .keyfob(&world.home, &["login"])
        .env("PATH", "/nowhere")
        .spawn();
    let lines = login
        .stderr
        .until(PATIENCE, |line| line.contains("Waiting for your browser"));
    assert!(
        lines
            .iter()
            .any(|line| line.contains("No browser could be opened")),
        "{lines:#?}"
    );
    let url = lines
        .iter()
        .find(|line| line.contains("response_type=code"))
        .unwrap();
    http::browse(url.trim());
    login.wait(PATIENCE).expect_code(0);
}

#[test]
fn the_provider_cannot_be_reached() {
    let session = DesktopSession::start(Keyring::Unlocked);
    let config = "[providers.away]\nissuer = \"http://127.0.0.1:1\"\nclient_id = \"x\"\n";
    let home = Home::new(&session, "home", config);
    let output = session.keyfob(&home, &["login", "--no-browser"]).run();
    says(&output, 5, "cannot be reached");
}

fn with_input(command: &mut Command, text: &str) -> Output {
    use std::io::Write as _;
    use std::process::Stdio;
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that refuses at once reads nothing.
    let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
    let output = child.wait_with_output().unwrap();
    Output {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
