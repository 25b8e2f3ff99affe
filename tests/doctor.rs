//! `keyfob doctor` on a real desktop: what is in order is said to be, what is not has a cure, and nothing that it prints
//! could not be pasted in public.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use keyfob_tests::{
    Browser, DesktopSession, Home, Keyring, MockProvider, Output, PATIENCE, Visit, eventually, http,
};
use serde_json::{Value, json};

/// Recognisable, and in every variable that could hold a secret.
const PLANTED: &str = "hunter2-planted";

/// A gateway that counts as real: a practice server is left out by the doctor.
fn gateway(base: &str) -> String {
    format!(
        "[providers.gateway]\nname = \"Acme gateway\"\nissuer = \"{base}\"\nclient_id = \"practice-client\"\n\
         scopes = [\"openid\"]\npayer = \"company\"\n\n[api]\nbase_url = \"{base}\"\n"
    )
}

fn world(keyring: Keyring) -> (DesktopSession, MockProvider, Home) {
    let session = DesktopSession::start(keyring);
    Browser::install(&session, &Visit::Look);
    let mock = MockProvider::start(&["--auto", "agree", "--device-interval", "1"]);
    let home = Home::new(&session, "home", &gateway(mock.base_url()));
    (session, mock, home)
}

fn doctor(session: &DesktopSession, home: &Home) -> Output {
    // Nothing is drawn; it is what tells that somebody sits there.
    session.keyfob(home, &["doctor"]).env("DISPLAY", ":0").run()
}

/// The lines of a finding that has these words, with the cure below.
fn finding(said: &str, words: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    let place = lines.iter().position(|line| line.contains(words));
    let place = place.unwrap_or_else(|| panic!("nothing says \"{words}\" in:\n{said}"));
    let more = lines[place + 1..]
        .iter()
        .take_while(|l| l.starts_with("    "));
    let more: Vec<&str> = more.copied().collect();
    format!("{}\n{}", lines[place], more.join("\n"))
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_healthy_desktop_is_said_to_be_one() {
    let (session, _mock, home) = world(Keyring::Unlocked);
    let said = doctor(&session, &home).expect_code(0).stdout;
    for words in [
        "It answers.",
        "keyfob-test-browser opens addresses.",
        "127.0.0.1",
        "Acme gateway answered in",
        "The API answered in",
        "This computer's clock agrees with the servers'.",
        "Nobody else on this computer can write them, or read what is private.",
    ] {
        assert!(said.contains(words), "{words} is not in:\n{said}");
    }
    assert!(!said.contains('○') && !said.contains('◐'), "{said}");

    let offline = session
        .keyfob(&home, &["doctor", "--offline", "--json"])
        .env("DISPLAY", ":0")
        .run()
        .expect_code(0);
    let findings: Vec<Value> = serde_json::from_str(&offline.stdout).unwrap();
    assert!(
        findings.iter().all(|f| f["meaning"] == "fine"),
        "{findings:#?}"
    );
    assert!(findings.iter().all(|f| f["topic"] != "Server"));
    let groups: Vec<_> = findings.iter().map(|f| f["group"].clone()).collect();
    for group in ["keyfob", "computer", "network", "tools"] {
        assert!(groups.contains(&json!(group)), "{group}");
    }
}

#[test]
fn a_locked_keychain_is_found_without_a_dialog() {
    let (session, _mock, home) = world(Keyring::Locked);
    let said = doctor(&session, &home).expect_code(1).stdout;
    let found = finding(&said, "Secrets:");
    assert!(
        found.starts_with('○') && found.contains("locked"),
        "{found}"
    );
    assert!(found.lines().count() > 1, "it has a cure: {found}");
}

#[test]
fn a_server_that_is_gone_and_a_clock_that_is_wrong_are_told() {
    let (session, mock, home) = world(Keyring::Unlocked);
    mock.post("/control/date", &json!({ "seconds_ahead": 7200 }));
    let said = doctor(&session, &home).expect_code(1).stdout;
    let clock = finding(&said, "Clock:");
    assert!(
        clock.starts_with('○') && clock.contains("behind the servers'"),
        "{clock}"
    );
    mock.post("/control/date", &json!({ "seconds_ahead": -120 }));
    let said = doctor(&session, &home).expect_code(0).stdout;
    let clock = finding(&said, "Clock:");
    assert!(
        clock.starts_with('◐') && clock.contains("ahead of"),
        "{clock}"
    );
    mock.post("/control/date", &json!({ "seconds_ahead": 0 }));

    // With an account that depends on it, the same silence is worse.
    session
        .keyfob(&home, &["login", "--device"])
        .limit(PATIENCE)
        .run()
        .expect_code(0);
    drop(mock);
    let said = doctor(&session, &home).expect_code(1).stdout;
    let server = finding(&said, "Acme gateway");
    assert!(
        server.starts_with('○') && server.contains("nothing answers"),
        "{server}"
    );
    assert!(server.contains("Check the network"), "{server}");
    let api = finding(&said, "The API");
    assert!(api.starts_with('◐'), "nothing depends on it: {api}");
    session
        .keyfob(&home, &["doctor", "--offline"])
        .run()
        .expect_code(0);
}

#[test]
fn files_that_others_can_write_or_read_are_named_with_the_command_that_helps() {
    let (session, _mock, home) = world(Keyring::Unlocked);
    set_mode(&home.file("config.toml"), 0o666);
    let said = doctor(&session, &home).expect_code(1).stdout;
    let found = finding(&said, "can write");
    assert!(
        found.contains("config.toml") && found.contains("chmod go-w"),
        "{found}"
    );
    set_mode(&home.file("config.toml"), 0o644);
    doctor(&session, &home).expect_code(0);

    // Claude Code's and ant's files, which Keyfob only looks at.
    let person = session.environment().folder("home");
    let claude = person.join(".claude/.credentials.json");
    let ant = person.join(".config/anthropic/credentials/default.json");
    for file in [&claude, &ant] {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, format!("{{\"access_token\": \"{PLANTED}\"}}")).unwrap();
        set_mode(file, 0o644);
    }
    let said = doctor(&session, &home).expect_code(1).stdout;
    let found = finding(&said, "can read Claude Code's credentials");
    assert!(
        found.contains("chmod 600 ~/.claude/.credentials.json"),
        "{found}"
    );
    let found = finding(&said, "SDKs refuse it");
    assert!(
        found.contains("~/.config/anthropic/credentials/default.json"),
        "{found}"
    );
    assert!(
        !said.contains(PLANTED) && !said.contains(person.to_str().unwrap()),
        "{said}"
    );
    for file in [&claude, &ant] {
        assert_eq!(
            fs::metadata(file).unwrap().permissions().mode() & 0o777,
            0o644
        );
    }
}

#[test]
fn variables_that_conflict_are_named_and_nothing_planted_comes_out() {
    let (session, _mock, home) = world(Keyring::Unlocked);
    let key = format!("sk-ant-api03-{PLANTED}");
    let proxy = format!("http://ada:{PLANTED}@proxy-{PLANTED}.example:3128");
    let elsewhere = format!("https://{PLANTED}.example");
    for arguments in [&["doctor"][..], &["doctor", "--json"]] {
        let out = session
            .keyfob(&home, arguments)
            .env("ANTHROPIC_API_KEY", &key)
            .env("ANTHROPIC_AUTH_TOKEN", &key)
            .env(
                "CLAUDE_CODE_OAUTH_TOKEN",
                &format!("sk-ant-oat01-{PLANTED}"),
            )
            .env("CLAUDE_USE_OAUTH", PLANTED)
            .env("ANTHROPIC_BASE_URL", &elsewhere)
            .env("ANTHROPIC_OAUTH_CLIENT_ID", &key)
            .env("HTTPS_PROXY", &proxy)
            .env("NODE_EXTRA_CA_CERTS", "/nowhere/ca.pem")
            .env("USER", "adalovelace")
            .run()
            .expect_code(1);
        for words in [
            "ANTHROPIC_API_KEY and ANTHROPIC_AUTH_TOKEN are both set",
            "CLAUDE_CODE_OAUTH_TOKEN is set, but ANTHROPIC_AUTH_TOKEN goes before it",
            "CLAUDE_USE_OAUTH is set",
            "ANTHROPIC_BASE_URL sends tools",
            "`ANTHROPIC_OAUTH_CLIENT_ID` holds a key or a token",
            "NODE_EXTRA_CA_CERTS names a file that is not there",
            "http://[name and host removed]:3128",
        ] {
            assert!(
                out.stdout.contains(words),
                "{words} is not in:\n{}",
                out.stdout
            );
        }
        let said = format!("{}{}", out.stdout, out.stderr);
        assert!(!said.contains(PLANTED), "{said}");
        assert!(!said.contains(session.environment().folder("home").to_str().unwrap()));
    }
}

#[test]
fn a_private_authority_is_trusted_where_a_variable_names_it() {
    let session = DesktopSession::start(Keyring::Unlocked);
    let folder = session.new_folder("authority");
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        command.current_dir(&folder).args(arguments.split(' '));
        let done = command.stdin(Stdio::null()).output().unwrap();
        assert!(done.status.success(), "{arguments}: {done:?}");
    };
    fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    openssl(
        "req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ca.key -out ca.pem -subj /CN=Private",
    );
    openssl("req -newkey rsa:2048 -nodes -keyout key -out request -subj /CN=localhost");
    openssl(
        "x509 -req -in request -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out cert",
    );
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut server = Command::new("openssl")
        .current_dir(&folder)
        .args([
            "s_server", "-cert", "cert", "-key", "key", "-www", "-quiet", "-accept",
        ])
        .arg(port.to_string())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let base = format!("https://localhost:{port}");
    let config = format!(
        "[providers.gateway]\nname = \"Acme gateway\"\nclient_id = \"c\"\nauthorize_url = \"{base}/a\"\n\
         token_url = \"{base}/t\"\n\n[api]\nbase_url = \"{base}\"\n"
    );
    let home = Home::new(&session, "home", &config);
    let ca = folder.join("ca.pem");
    let said = |variable: &str| {
        let call = session.keyfob(&home, &["doctor"]);
        let out = call
            .env(variable, ca.to_str().unwrap())
            .run()
            .expect_code(0);
        finding(&out.stdout, "Acme gateway")
    };
    let listens = || TcpStream::connect(("127.0.0.1", port)).is_ok();
    assert!(eventually(PATIENCE, listens), "openssl does not listen");
    let without = said("NOT_SET");
    let with = ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"].map(said);
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(
        without.contains("an authority that this computer does not know"),
        "{without}"
    );
    assert!(without.contains("NODE_EXTRA_CA_CERTS"), "{without}");
    for with in with {
        assert!(
            with.contains("answered in") && with.contains("over TLS"),
            "{with}"
        );
    }
}

#[test]
fn a_program_that_hangs_does_not_hold_the_doctor_up_for_good() {
    let (session, _mock, home) = world(Keyring::Unlocked);
    let folder = session.environment().folder("home").join(".local/bin");
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in [("claude", "sleep 600"), ("ant", "echo ant version 1.4.2")] {
        let file = folder.join(name);
        fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
        set_mode(&file, 0o755);
    }
    // It ends long before that program does.
    let said = doctor(&session, &home).expect_code(0).stdout;
    let claude = finding(&said, "Claude Code:");
    assert!(claude.contains("did not end in time"), "{claude}");
    assert!(finding(&said, "ant:").contains("Version 1.4.2."), "{said}");
}

#[test]
fn a_sign_in_on_another_device_can_be_ended_and_agreed_to() {
    let session = DesktopSession::start(Keyring::Unlocked);
    let browser = Browser::install(&session, &Visit::AgreeOnDevice);
    let mock = MockProvider::start(&["--device-interval", "1"]);
    let home = Home::new(&session, "home", mock.config_block());
    let begin = || {
        let mut login = session
            .keyfob(&home, &["login", "--device", "--json"])
            .spawn();
        let lines = login
            .stderr
            .until(PATIENCE, |line| line.contains("Waiting for you there"));
        let complete = lines.iter().find(|line| line.contains("user_code="));
        (login, complete.unwrap().trim().to_owned())
    };
    let (mut login, _) = begin();
    login.signal(rustix::process::Signal::INT);
    let out = login.wait(PATIENCE).expect_code(130);
    assert!(out.stderr.contains("cancelled"), "{}", out.stderr);
    assert_eq!(out.stdout, "");

    let (login, address) = begin();
    let visited = browser.open(&session, &address);
    assert!(
        visited.text.contains("signed in on the other device"),
        "{visited:?}"
    );
    let out = login.wait(PATIENCE).expect_code(0);
    let status: Value = serde_json::from_str(&out.stdout).unwrap();
    assert_eq!(status["identity"]["workspace"], "Default");
    let shown = session.keyfob(&home, &["status"]).run().expect_code(0);
    assert!(shown.stdout.contains("Signed in as") || shown.stdout.contains("ada@example.com"));
    assert_eq!(http::get(mock.base_url()).status, 404);
}
