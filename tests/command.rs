//! The command as a person and a script meet it, on a real keychain.

use keyfob_tests::{DesktopSession, Home, Interactive, Keyring, MockProvider, PATIENCE, http};
use serde_json::Value;

fn world() -> (DesktopSession, MockProvider, Home) {
    let session = DesktopSession::start(Keyring::Unlocked);
    let mock = MockProvider::start(&["--auto", "agree"]);
    let home = Home::new(&session, "home", mock.config_block());
    (session, mock, home)
}

/// The addresses that `login` prints: for this computer, and for another one.
fn addresses(login: &mut Interactive) -> Vec<String> {
    let lines = login
        .stderr
        .until(PATIENCE, |line| line.contains("Waiting for your browser"));
    let is_address = |line: &&String| line.contains("response_type=code");
    lines
        .iter()
        .filter(is_address)
        .map(|line| line.trim().to_owned())
        .collect()
}

#[test]
fn login_by_redirect_and_the_life_of_an_account() {
    let (session, mock, home) = world();
    let keyfob = |arguments: &[&str]| session.keyfob(&home, arguments);
    let mut login = keyfob(&["login", "--no-browser", "--json"]).spawn();
    let url = addresses(&mut login).swap_remove(0);
    assert_eq!(http::browse(&url).status, 200);
    let output = login.wait(PATIENCE).expect_code(0);
    let signed_in: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(signed_in["state"]["kind"], "fresh");

    let token = keyfob(&["token"]).run().expect_code(0);
    assert_eq!(token.stdout.lines().count(), 1);
    assert!(token.stdout.starts_with("sk-ant-oat01-"));
    assert_eq!(token.stderr, "");
    keyfob(&["rename", "ada@example.com", "Work"])
        .run()
        .expect_code(0);
    let status = keyfob(&["status", "work"]).run().expect_code(0);
    assert!(status.stdout.contains("Fresh for"), "{}", status.stdout);

    mock.post("/control/expire", &serde_json::json!({ "access": true }));
    keyfob(&["token", "--min-valid", "9h"]).run().expect_code(0);
    assert_eq!(mock.count("refreshes_ok"), 1);

    let out = keyfob(&["logout", "Work"]).run().expect_code(0);
    assert!(
        out.stderr
            .contains("revoked at the server, and erased here"),
        "{}",
        out.stderr
    );
    assert!(session.all_secrets().is_empty());
    keyfob(&["token"]).run().expect_code(3);
}

#[test]
fn login_by_a_code_on_standard_input() {
    let (session, _mock, home) = world();
    let mut login = session
        .keyfob(&home, &["login", "--no-browser", "--label", "Remote"])
        .spawn();
    let url = addresses(&mut login).swap_remove(1);
    let page = http::browse(&url).body;
    let shown = page
        .split("id=\"code\"")
        .nth(1)
        .unwrap()
        .split('>')
        .nth(1)
        .unwrap();
    let code = shown.split('<').next().unwrap();
    login.type_line("rubbish");
    login
        .stderr
        .until(PATIENCE, |line| line.contains("Still waiting"));
    login.type_line(&format!("  {code}  "));
    let output = login.wait(PATIENCE).expect_code(0);
    assert!(output.stderr.contains("Remote"), "{}", output.stderr);
    assert_eq!(output.stdout, "", "words go to standard error");
}

#[test]
fn keys_the_default_and_the_list() {
    let (session, _mock, home) = world();
    let keyfob = |arguments: &[&str]| session.keyfob(&home, arguments);
    for (label, key) in [
        ("One", "sk-ant-api03-one-1111"),
        ("Two", "sk-ant-api03-two-2222"),
    ] {
        keyfob(&["add-key", "--label", label])
            .stdin(key)
            .run()
            .expect_code(0);
    }
    assert_eq!(
        keyfob(&["token"]).run().expect_code(0).stdout,
        "sk-ant-api03-one-1111\n"
    );
    assert_eq!(
        keyfob(&["token", "two"]).run().expect_code(0).stdout,
        "sk-ant-api03-two-2222\n"
    );
    keyfob(&["use", "Two"]).run().expect_code(0);
    assert_eq!(
        keyfob(&["token"]).run().expect_code(0).stdout,
        "sk-ant-api03-two-2222\n"
    );

    let listed = keyfob(&["accounts", "--json"]).run().expect_code(0);
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(listed[0]["last_four"], "1111");

    // Nothing becomes the default by itself: that would change who pays without a word.
    keyfob(&["logout", "Two"]).run().expect_code(0);
    let refused = keyfob(&["token"]).run().expect_code(2);
    assert!(refused.stderr.contains("keyfob use"), "{}", refused.stderr);
    keyfob(&["logout", "--all"]).run().expect_code(0);
    assert!(session.all_secrets().is_empty());
}

#[test]
fn a_browser_is_opened_unless_told_otherwise() {
    let session = DesktopSession::with_display(Keyring::Unlocked);
    let browser = keyfob_tests::Browser::install(&session, &keyfob_tests::Visit::Agree);
    let mock = MockProvider::start(&[]);
    let home = Home::new(&session, "home", mock.config_block());
    session.keyfob(&home, &["login"]).run().expect_code(0);
    assert!(browser.wait_for_visit(0).text.contains("You are signed in"));
}

#[test]
fn completions_are_printed_for_every_shell() {
    let session = DesktopSession::start(Keyring::Absent);
    let home = Home::new(&session, "home", "");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = session
            .keyfob(&home, &["completions", shell])
            .run()
            .expect_code(0);
        assert!(script.stdout.contains("logout"), "{shell}");
    }
}
