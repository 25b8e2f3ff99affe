//! Proves the harness: where a test of Keyfob says "locked" or "nowhere in a command line", the harness would have
//! noticed the contrary.

use std::process::{Command, Stdio};
use std::time::Duration;

use keyfob_tests::environment::MARK;
use keyfob_tests::lines::Lines;
use keyfob_tests::process::{Background, eventually, output_of};
use keyfob_tests::{
    ArgvWatch, Browser, DesktopSession, Home, Keyring, MockProvider, OidcProvider, PATIENCE, Visit,
    Window, http,
};
use rustix::process::Signal;
use serde_json::json;

#[test]
fn an_unlocked_keyring_stores_and_gives() {
    let mut session = DesktopSession::start(Keyring::Unlocked);
    assert!(!session.is_locked());
    assert_eq!(session.secret_lookup("Harness", "somebody"), None);

    session.secret_store("Harness", "somebody", "secret-1");
    assert_eq!(
        session.secret_lookup("Harness", "somebody").as_deref(),
        Some("secret-1")
    );
    let [item] = session.all_secrets().try_into().unwrap();
    assert_eq!(
        (item.service.as_str(), item.secret.as_deref()),
        ("Harness", Some("secret-1"))
    );

    session.stop_keyring();
    assert!(!session.has_secret_service());
    session.start_keyring();
    assert_eq!(
        session.secret_lookup("Harness", "somebody").as_deref(),
        Some("secret-1")
    );
}

#[test]
fn a_locked_keyring_gives_nothing() {
    let session = DesktopSession::start(Keyring::Locked);
    assert!(session.has_secret_service());
    assert!(session.is_locked());
    assert_eq!(session.secret_lookup("Harness", "somebody"), None);
}

#[test]
fn a_keyring_can_be_locked_in_the_middle() {
    let session = DesktopSession::start(Keyring::Unlocked);
    session.secret_store("Harness", "somebody", "secret-1");
    session.lock_keyring();
    assert_eq!(session.secret_lookup("Harness", "somebody"), None);
    session.unlock_keyring();
    assert_eq!(
        session.secret_lookup("Harness", "somebody").as_deref(),
        Some("secret-1")
    );
}

#[test]
fn a_keyring_that_broke_down_is_known_by_the_one_in_its_place() {
    let session = DesktopSession::start(Keyring::Unlocked);
    session.secret_store("Harness", "somebody", "secret-1");
    assert!(!session.keyring_broke_down());
    session.signal_keyring(Signal::KILL);
    let found = || session.secret_lookup("Harness", "somebody");
    assert!(eventually(PATIENCE, || found().is_some()));
    assert!(session.has_secret_service());
    assert!(session.keyring_broke_down());
}

#[test]
fn an_absent_keyring_is_absent_and_nothing_starts_one() {
    let session = DesktopSession::start(Keyring::Absent);
    assert!(!session.has_secret_service());
    // This asks D-Bus to start the service, as a program would without meaning to.
    assert_eq!(session.secret_lookup("Harness", "somebody"), None);
    assert!(!session.has_secret_service());
}

#[test]
fn a_session_has_nothing_of_the_one_outside_and_leaves_nothing() {
    let session = DesktopSession::start(Keyring::Unlocked);
    let variables = output_of(&mut session.command("env"));
    for line in variables.lines() {
        let (name, value) = line.split_once('=').unwrap();
        let known = ["PATH", "LANG", "RUST_BACKTRACE", "NO_AT_BRIDGE"].contains(&name);
        let own = value.contains(session.root().to_str().unwrap());
        assert!(known || own, "{line} came in from outside");
    }

    // Somebody leaves a program behind, as a browser does.
    output_of(
        session
            .command("sh")
            .args(["-c", "sleep 600 >/dev/null 2>&1 &"]),
    );
    let root = session.root().to_owned();
    let processes = session.processes();
    assert!(
        processes.len() >= 3,
        "D-Bus, the keyring and sleep: {processes:?}"
    );
    drop(session);
    assert!(!root.exists());
    for pid in processes {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        assert!(
            line.is_empty(),
            "{} is still there",
            String::from_utf8_lossy(&line)
        );
    }
}

#[test]
fn the_watch_sees_planted_arguments_and_variables() {
    let session = DesktopSession::start(Keyring::Absent);
    let watch = ArgvWatch::start(&session);
    // Each stays for as long as nobody types a line.
    let stays = |command: &mut Command| Background::start(command.stdin(Stdio::piped()));
    // A stranger's process is nobody's business here.
    let _stranger = stays(Command::new("sh").args(["-c", "read -r line; : planted-stranger"]));
    let mut shell = session.command("sh");
    shell.env("PLANTED", "planted-variable");
    let _both = stays(shell.args(["-c", "exec sh -c 'read -r line; : planted-argument'"]));
    // One that stands still before it becomes what it is to be.
    let mark = format!("{MARK}={}", session.root().display());
    let late = "sleep 1; exec env \"$0\" sh -c 'read -r line; : planted-late'";
    let _late = stays(Command::new("sh").args(["-c", late, &mark]));

    for planted in ["planted-argument", "planted-variable", "planted-late"] {
        let seen = || !watch.with(planted).is_empty();
        assert!(eventually(PATIENCE, seen), "{planted}");
    }
    assert!(watch.with("planted-stranger").is_empty());
}

#[test]
fn what_a_program_said_is_whole_also_where_another_one_holds_its_output_open() {
    let session = DesktopSession::start(Keyring::Absent);
    let mut command = session.command("sh");
    let much = "sleep 600 & i=0; while [ $i -lt 9000 ]; do echo said; i=$((i+1)); done";
    command.args(["-c", much]).stdout(Stdio::piped());
    let mut program = Background::start(&mut command);
    let output = Lines::of(program.child().stdout.take().unwrap());
    assert!(eventually(PATIENCE, || !program.is_running()));
    assert_eq!(output.to_the_end(), "said\n".repeat(9_000));
}

#[test]
fn the_system_opens_an_address_in_our_browser() {
    let session = DesktopSession::with_display(Keyring::Absent);
    let browser = Browser::install(&session, &Visit::Look);
    let issuer = OidcProvider::start(Duration::from_secs(60));
    let address = format!(
        "{}/.well-known/openid-configuration?a=1&b=%20",
        issuer.issuer()
    );
    output_of(session.command("xdg-open").arg(&address));

    let visited = browser.wait_for_visit(0);
    assert_eq!(visited.error, None);
    assert_eq!(
        (visited.opened.as_str(), visited.url.as_str()),
        (address.as_str(), address.as_str())
    );
    assert_eq!(visited.status, Some(200));
    assert!(visited.text.contains("token_endpoint"), "{}", visited.text);
    assert!(visited.screenshot.is_file());
}

#[test]
fn the_strict_provider_says_what_it_can_and_signs_people_in() {
    let issuer = OidcProvider::start(Duration::from_secs(60));
    let metadata = http::get(&format!(
        "{}/.well-known/openid-configuration",
        issuer.issuer()
    ))
    .json();
    assert_eq!(metadata["issuer"], issuer.issuer());
    assert_eq!(
        metadata["code_challenge_methods_supported"],
        serde_json::json!(["S256"])
    );
    assert_eq!(
        metadata["authorization_response_iss_parameter_supported"],
        true
    );
    assert!(metadata["revocation_endpoint"].is_string());
    assert_eq!(issuer.counters()["codes_exchanged"], 0);

    // Somebody listens for the redirect, as Keyfob would.
    let session = DesktopSession::start(Keyring::Absent);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answering = std::thread::spawn(move || answer_once(&listener));
    let login = Visit::LogIn {
        name: "jo".into(),
        password: "any".into(),
    };
    let browser = Browser::install(&session, &login);
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let address = format!(
        "{}?client_id={}&response_type=code&redirect_uri=http%3A%2F%2F127.0.0.1%3A{port}%2Fcallback\
         &scope=openid%20offline_access&prompt=consent&state=abc&code_challenge={challenge}&code_challenge_method=S256",
        metadata["authorization_endpoint"].as_str().unwrap(),
        issuer.client_id(),
    );
    let visited = browser.open(&session, &address);
    assert_eq!(visited.error, None, "{visited:#?}");
    assert_eq!(visited.text, "came back");
    let request = answering.join().unwrap();
    for part in ["GET /callback?", "code=", "state=abc", "iss="] {
        assert!(request.contains(part), "{part} is not in {request}");
    }
}

#[test]
fn the_practice_server_counts_and_misbehaves_as_told() {
    let session = DesktopSession::start(Keyring::Absent);
    let browser = Browser::install(&session, &Visit::Look);
    let mock = MockProvider::start(&[]);
    assert_eq!(mock.count("models"), 0);
    mock.fault(&json!({ "on": "models", "kind": { "status": 503 } }));
    let models = format!("{}/v1/models", mock.base_url());
    assert_eq!(browser.open(&session, &models).status, Some(503));
    mock.clear_faults();
    assert_ne!(browser.open(&session, &models).status, Some(503));
    assert_eq!(mock.count("models"), 2);
}

#[test]
fn the_command_runs_in_a_session_with_a_home_of_its_own() {
    let session = DesktopSession::start(Keyring::Unlocked);
    let home = Home::new(
        &session,
        "somebody's home",
        MockProvider::start(&[]).config_block(),
    );
    let output = session
        .keyfob(&home, &["accounts", "--json"])
        .run()
        .expect_code(0);
    serde_json::from_str::<serde_json::Value>(&output.stdout).unwrap();
    assert!(
        home.snapshot()
            .contains_key(std::path::Path::new("config.toml"))
    );
}

#[tokio::test]
async fn the_window_can_be_read_resized_and_pictured() {
    let session = DesktopSession::with_display(Keyring::Unlocked);
    let home = Home::new(&session, "home", "");
    let window = Window::open(&session, &home).await;
    window.wait_for("h1").await;
    assert!(window.page_text().await.len() > 20);
    window.resize(700, 620).await;
    assert!(window.storage_dump().await.contains("local"));
    let picture = std::fs::read(window.screenshot("harness").await).unwrap();
    assert!(picture.starts_with(b"\x89PNG"));
    window.close().await;
}

/// Answers one request, and gives its first line.
fn answer_once(listener: &std::net::TcpListener) -> String {
    use std::io::{BufRead as _, BufReader, Write as _};
    loop {
        let (mut stream, _) = listener.accept().unwrap();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        // Browsers open connections ahead of need, and close them unused.
        if line.is_empty() {
            continue;
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Type: text/plain\r\n\r\ncame back").unwrap();
        return line;
    }
}
