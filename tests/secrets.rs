//! Recognisable secrets are planted, every flow is walked by window and command, and everything that came out is
//! searched: standard output and error, command lines and environments of every process of the session, every file,
//! the page and all that it stores.

use std::collections::BTreeMap;
use std::path::PathBuf;

use keyfob_tests::home::{files_under, files_with};
use keyfob_tests::process::eventually;
use keyfob_tests::{
    ArgvWatch, Browser, DesktopSession, Home, Keyring, MockProvider, Output, PATIENCE, Visit,
    Window, http,
};
use serde_json::json;

/// Woven into every code and token that the practice server issues.
const PLANTED: &str = "PLANTED7Q";
/// A key, with the same mark.
const KEY: &str = "sk-ant-api03-PLANTED7Q-window-9f2A";
const KEY_OF_COMMAND: &str = "sk-ant-api03-PLANTED7Q-command-1234";
const REFUSED_KEY: &str = "sk-ant-api03-PLANTED7Q-revoked";

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_comes_out_anywhere() {
    let session = DesktopSession::with_display(Keyring::Unlocked);
    let watch = ArgvWatch::start(&session);
    let browser = Browser::install(&session, &Visit::Agree);
    let mock = MockProvider::start(&["--marker", PLANTED]);
    let home = Home::new(&session, "home", mock.config_block());
    let mut said = Said::default();

    let window = Window::open(&session, &home).await;
    let mut pages = Vec::new();
    window.click("[data-testid='route-mock']").await;
    window
        .wait_for("[data-testid='account-row'][data-state='fresh']")
        .await;
    browser.wait_for_visit(0);
    pages.push(shown(&window).await);
    window.click("[data-testid='add-account']").await;
    window.click("[data-testid='route-api-key']").await;
    for key in [REFUSED_KEY, KEY] {
        window.type_into("[data-testid='key-field']", key).await;
        window.click("[data-testid='key-submit']").await;
        if key == REFUSED_KEY {
            window.wait_for("[data-testid='key-error']").await;
            pages.push(shown(&window).await);
        }
    }
    window
        .wait_for("[data-testid='account-row'][data-state='valid']")
        .await;
    pages.push(shown(&window).await);

    // The server repeats what it was sent, in every error.
    for (visit, kind) in [
        (1, json!({ "status": 400, "error": "string" })),
        (2, json!({ "status": 503, "error": "object" })),
    ] {
        mock.fault(&json!({ "on": "token", "kind": kind, "times": 1, "echo": true }));
        browser.next_visit(&Visit::Agree);
        window.click("[data-testid='add-account']").await;
        window.click("[data-testid='route-mock']").await;
        window.wait_for("[data-testid='sign-in-failed']").await;
        browser.wait_for_visit(visit);
        pages.push(shown(&window).await);
        mock.fault(&json!({ "on": "refresh", "kind": kind, "times": 1, "echo": true }));
        // A person who insists is not held up by the rest after the last failure.
        let before = mock.count("refreshes");
        said.hear(session.keyfob(&home, &["refresh", "ada@example.com"]).run());
        assert_eq!(mock.count("refreshes"), before + 1);
        mock.clear_faults();
        window.click("[data-testid='nav-accounts']").await;
    }
    pages.push(shown(&window).await);
    said.hear(
        session
            .keyfob(&home, &["refresh", "ada@example.com"])
            .run()
            .expect_code(0),
    );

    said.hear(
        session
            .keyfob(&home, &["add-key"])
            .stdin(KEY_OF_COMMAND)
            .run(),
    );
    said.hear(session.keyfob(&home, &["add-key"]).stdin(REFUSED_KEY).run());
    said.hear(session.keyfob(&home, &["add-key", KEY_OF_COMMAND]).run());
    said.hear(
        session
            .keyfob(&home, &["rename", "ada@example.com", KEY_OF_COMMAND])
            .run(),
    );
    said.hear(login_by_paste(&session, &home));
    for arguments in [
        &["accounts"][..],
        &["accounts", "--json"],
        &["status"],
        &["status", "--json"],
    ] {
        said.hear(session.keyfob(&home, arguments).run());
    }
    let token = session
        .keyfob(&home, &["token", "ada@example.com"])
        .run()
        .expect_code(0);
    assert!(
        token.stdout.contains(PLANTED),
        "the mark is in what is meant to be handed out"
    );
    let refused = session.keyfob(&home, &["token", "ada@example.com", "--refused"]);
    said.hear_words_of(refused.stdin(token.stdout.clone()).run().expect_code(0));
    said.hear_words_of(token);
    let mut files = walk_custody(&session, &mock, &home, &mut said);
    walk_ways_in(&session, &mock, &home, &mut said);

    // The secrets are where they belong, or the search below would find nothing for the wrong reason.
    let kept = session.all_secrets();
    assert!(
        kept.len() >= 3
            && kept
                .iter()
                .all(|item| item.secret.as_ref().unwrap().contains(PLANTED))
    );

    pages.push(shown(&window).await);
    said.hear(session.keyfob(&home, &["logout", "--all"]).run());
    window.close().await;

    for page in &pages {
        assert!(!page.contains(PLANTED), "the page holds a secret:\n{page}");
    }
    for words in &said.0 {
        assert!(!words.contains(PLANTED), "a secret was said:\n{words}");
    }
    // What a test typed itself as an argument, and the address bar of the person's browser, are not ours to hide.
    let typed = |line: &String| line.contains(KEY_OF_COMMAND) || line.contains("chromium");
    let lines: Vec<_> = watch
        .with(PLANTED)
        .into_iter()
        .filter(|l| !typed(l) && !l.contains("--marker"))
        .collect();
    assert!(
        lines.is_empty(),
        "a command line or environment holds a secret: {lines:#?}"
    );
    files.extend(files_under(session.root()));
    let outside: Vec<_> = files_with(&files, PLANTED)
        .into_iter()
        .filter(|path| !path.starts_with("browser"))
        .collect();
    assert!(outside.is_empty(), "files hold a secret: {outside:#?}");
}

/// Everything that was said, on both outputs.
#[derive(Default)]
struct Said(Vec<String>);

impl Said {
    fn hear(&mut self, output: Output) {
        self.0.push(format!("{}\n{}", output.stdout, output.stderr));
    }

    fn hear_words_of(&mut self, output: Output) {
        self.0.push(output.stderr);
    }
}

/// Renews, waits for a keychain that is locked in the middle, moves the store and back, and gives the files as they
/// were while a renewed token lay sealed on disk, and while all secrets lay in encrypted files.
fn walk_custody(
    session: &DesktopSession,
    mock: &MockProvider,
    home: &Home,
    said: &mut Said,
) -> BTreeMap<PathBuf, Vec<u8>> {
    let run = |arguments: &[&str]| session.keyfob(home, arguments).run();
    let mut files = BTreeMap::new();
    let keep = |files: &mut BTreeMap<_, _>, when: &str| {
        for (path, bytes) in files_under(session.root()) {
            if !path.starts_with("browser") {
                files.insert(PathBuf::from(when).join(path), bytes);
            }
        }
    };
    mock.fault(&json!({ "on": "refresh", "kind": "hold" }));
    let before = mock.count("refreshes");
    let refreshing = session
        .keyfob(home, &["refresh", "ada@example.com"])
        .spawn();
    assert!(eventually(PATIENCE, || mock.count("refreshes") > before));
    session.lock_keyring();
    mock.clear_faults();
    let waiting = refreshing.wait(PATIENCE);
    assert!(waiting.stderr.contains("locked"), "{waiting:#?}");
    said.hear(waiting);
    said.hear(run(&["accounts", "--json"]));
    said.hear(run(&["doctor"]));
    keep(&mut files, "sealed");
    let is_sealed = |path: &PathBuf| path.to_string_lossy().contains("renewals/acct-");
    assert!(files.keys().any(is_sealed), "nothing lay sealed on disk");
    session.unlock_keyring();
    said.hear(run(&["watch", "--once"]));

    let key_file = session.root().join("key-of-files").display().to_string();
    said.hear(run(&["storage", "key-file", &key_file]).expect_code(0));
    said.hear(run(&["refresh", "--all"]));
    keep(&mut files, "encrypted");
    said.hear(run(&["storage", "--json"]));
    said.hear(run(&["storage", "keychain"]).expect_code(0));
    for arguments in [
        &["activity", "-n", "1000"][..],
        &["activity", "--json"],
        &["doctor", "--json"],
    ] {
        said.hear(run(arguments).expect_code(0));
    }
    files
}

/// Replaces a key, imports tokens that are right and wrong, and falls back in the person's order.
fn walk_ways_in(session: &DesktopSession, mock: &MockProvider, home: &Home, said: &mut Said) {
    let run = |arguments: &[&str], stdin: &str| session.keyfob(home, arguments).stdin(stdin).run();
    let status = run(&["status", "API key …1234", "--json"], "").expect_code(0);
    assert!(status.stdout.contains("1234"));
    for key in [
        REFUSED_KEY,
        KEY_OF_COMMAND,
        "sk-ant-api03-PLANTED7Q-command-5678",
    ] {
        let fault = json!({ "status": 500, "error": "object" });
        mock.fault(&json!({ "on": "models", "kind": fault, "times": 1, "echo": true }));
        said.hear(run(&["rotate-key", "API key …1234"], key));
        mock.clear_faults();
        said.hear(run(&["rotate-key", "API key …1234"], key));
    }
    said.hear(run(&["status", "API key …5678", "--probe"], "").expect_code(0));
    for text in [
        r#"{"access_token": "PLANTED7Q", "expires_at": "PLANTED7Q"}"#,
        r#"{"access_token": "PLANTED7Q" "PLANTED7Q"#,
        r#"{"claudeAiOauth": {"accessToken": "sk-ant-oat01-PLANTED7Q"}}"#,
        "PLANTED7Q",
        r#"{"access_token": "PLANTED7Q-imported", "expires_in": 3600}"#,
    ] {
        said.hear(run(&["import", "--label", "Imported"], text));
    }
    said.hear(
        run(
            &["order", "Imported", "API key …5678", "--fallback", "on"],
            "",
        )
        .expect_code(0),
    );
    said.hear_words_of(run(&["token", "--min-valid", "2h"], "").expect_code(0));
    said.hear(run(&["order", "--json"], "").expect_code(0));
    said.hear(run(&["use", "API key …5678", "--here"], "").expect_code(0));
    let env = run(&["env", "--format", "json"], "").expect_code(0);
    assert!(env.stdout.contains(PLANTED), "{env:#?}");
    said.hear_words_of(env);
    said.hear(run(&["run", "--", "no-such-program"], "").expect_code(127));
    said.hear(run(&["trust", "--list", "--json"], "").expect_code(0));
    said.hear(run(&["trust", "--forget"], "").expect_code(0));
}

/// All that the page holds: its text, its source, its storages and fields.
async fn shown(window: &Window) -> String {
    let source = window.page_source().await;
    source + &window.storage_dump().await
}

fn login_by_paste(session: &DesktopSession, home: &Home) -> Output {
    let soon = PATIENCE;
    let mut login = session
        .keyfob(
            home,
            &[
                "login",
                "--no-browser",
                "--provider",
                "mock",
                "--label",
                "Pasted",
            ],
        )
        .spawn();
    let lines = login
        .stderr
        .until(soon, |line| line.contains("Waiting for your browser"));
    let mut urls = lines
        .iter()
        .filter(|line| line.contains("response_type=code"));
    let url = urls.nth(1).unwrap().trim().to_owned();
    let browser = Browser::install(session, &Visit::ReadCode);
    let code = browser
        .open(session, &url)
        .code
        .expect("the page shows a code");
    assert!(code.contains(PLANTED));
    login.type_line("PLANTED7Q-of-another-sign-in#state");
    login
        .stderr
        .until(soon, |line| line.contains("Still waiting"));
    login.type_line(&code);
    let _ = http::browse(&url);
    login.wait(soon)
}
