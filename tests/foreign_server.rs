//! A server that nobody here wrote: the npm package `oidc-provider`, strict about PKCE, with refresh rotation and
//! RFC 9207. The configuration names its issuer, a client id and scopes, and nothing else.

use std::time::Duration;

use keyfob_tests::{Browser, DesktopSession, Home, Keyring, OidcProvider, Visit};

/// Short enough that a test can wait for its end, long enough for a sign-in on a slow machine.
const LIFETIME: Duration = Duration::from_secs(8);

#[test]
fn login_and_token_work_with_issuer_client_id_and_scopes_alone() {
    let session = DesktopSession::start(Keyring::Unlocked);
    let person = Visit::LogIn {
        name: "ada".to_owned(),
        password: "any".to_owned(),
    };
    let browser = Browser::install(&session, &person);
    let server = OidcProvider::start(LIFETIME);
    let config = format!(
        "[providers.foreign]\nissuer = \"{}\"\nclient_id = \"{}\"\nscopes = [\"openid\", \"offline_access\"]\n",
        server.issuer(),
        server.client_id(),
    );
    let home = Home::new(&session, "home", &config);

    let mut login = session.keyfob(&home, &["login", "--no-browser"]).spawn();
    let lines = login.stderr.until(Duration::from_secs(20), |line| {
        line.contains("Waiting for your browser")
    });
    let url = lines
        .iter()
        .find(|line| line.contains("response_type=code"))
        .unwrap();
    let visited = browser.open(&session, url.trim());
    assert!(visited.text.contains("You are signed in"), "{visited:?}");
    login.wait(Duration::from_secs(20)).expect_code(0);

    let token = || {
        session
            .keyfob(&home, &["token"])
            .run()
            .expect_code(0)
            .stdout
    };
    let first = token();
    assert_eq!(token(), first, "a fresh token is handed out as it is");
    // Two renewals, so that the rotated refresh token of the first is the one that pays for the second.
    let mut before = first;
    for _ in 0..2 {
        std::thread::sleep(LIFETIME);
        let after = token();
        assert_ne!(after, before);
        before = after;
    }
    let status = session
        .keyfob(&home, &["status", "--json"])
        .run()
        .expect_code(0);
    assert!(
        status.stdout.contains("\"kind\": \"fresh\""),
        "{}",
        status.stdout
    );
    let out = session
        .keyfob(&home, &["logout", "--all"])
        .run()
        .expect_code(0);
    assert!(
        out.stderr.contains("revoked at the server"),
        "{}",
        out.stderr
    );
}
