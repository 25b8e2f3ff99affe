//! A server that nobody here wrote: the npm package `oidc-provider`, strict about PKCE, with refresh rotation and
//! RFC 9207, with the device flow (RFC 8628) and resource indicators (RFC 8707). The configuration names its issuer, a
//! client id and scopes, and nothing else but whom the token is for.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyfob_tests::{
    Browser, DesktopSession, Home, Keyring, OidcProvider, PATIENCE, Visit, eventually, http,
};
use serde_json::{Value, json};

/// Short enough that a test can wait for its end. No test relies on a token that it has been given to live still.
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
    let lines = login
        .stderr
        .until(PATIENCE, |line| line.contains("Waiting for your browser"));
    let url = lines
        .iter()
        .find(|line| line.contains("response_type=code"))
        .unwrap();
    let visited = browser.open(&session, url.trim());
    assert!(visited.text.contains("You are signed in"), "{visited:?}");
    login.wait(PATIENCE).expect_code(0);

    let token = || {
        session
            .keyfob(&home, &["token"])
            .run()
            .expect_code(0)
            .stdout
    };
    let mut before = token();
    // On a slow computer a token may end between two calls, but not between any two.
    let handed_out_as_it_is = eventually(PATIENCE, || {
        let again = token();
        let same = again == before;
        before = again;
        same
    });
    assert!(handed_out_as_it_is, "each call gives another token");
    // Two renewals, so that the rotated refresh token of the first is the one that pays for the second.
    for _ in 0..2 {
        std::thread::sleep(LIFETIME);
        let after = token();
        assert_ne!(after, before);
        before = after;
    }
    let works = || {
        let authorization = format!("Bearer {}", token().trim());
        let headers = [("Authorization", authorization.as_str())];
        http::get_with(&format!("{}/me", server.issuer()), &headers).status == 200
    };
    assert!(eventually(PATIENCE, works), "{:#}", server.counters());
    let is_fresh = || {
        token();
        let status = session.keyfob(&home, &["status", "--json"]).run();
        let status: Value = serde_json::from_str(&status.expect_code(0).stdout).unwrap();
        status["state"]["kind"] == "fresh"
    };
    assert!(eventually(PATIENCE, is_fresh), "{:#}", server.counters());
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

/// The gateway that tokens are for, as the server knows it.
const GATEWAY: &str = "https://gateway.example/v1";

/// What a token says that is a JWT.
fn claims(token: &str) -> Value {
    let payload = token.trim().split('.').nth(1).expect("the token is a JWT");
    let bytes = URL_SAFE_NO_PAD.decode(payload).expect("it is base64url");
    serde_json::from_slice(&bytes).expect("it is JSON")
}

#[test]
fn a_machine_without_a_browser_signs_in_to_a_gateway_by_a_code() {
    let session = DesktopSession::start(Keyring::Unlocked);
    let browser = Browser::install(&session, &Visit::Look);
    let server = OidcProvider::start(LIFETIME);
    let config = format!(
        "[providers.gateway]\nname = \"Acme gateway\"\nissuer = \"{}\"\nclient_id = \"{}\"\n\
         scopes = [\"openid\", \"offline_access\", \"llm\"]\nresource = \"{GATEWAY}\"\npayer = \"company\"\n",
        server.issuer(),
        server.client_id(),
    );
    let home = Home::new(&session, "home", &config);

    let mut login = session
        .keyfob(&home, &["login", "--device", "--json"])
        .spawn();
    let lines = login
        .stderr
        .until(PATIENCE, |line| line.contains("Waiting for you there"));
    let after = |words: &str| {
        let place = lines.iter().position(|line| line.contains(words)).unwrap();
        lines[place + 2].trim().to_owned()
    };
    let (page, code) = (after("open this address"), after("type this code"));
    browser.next_visit(&Visit::TypeCode {
        code,
        name: "ada".to_owned(),
        password: "any".to_owned(),
    });
    let visited = browser.open(&session, &page);
    assert_eq!(visited.error, None, "{visited:?}");
    let out = login.wait(PATIENCE).expect_code(0);
    let status: Value = serde_json::from_str(&out.stdout).unwrap();
    assert_eq!(status["payer"], "company");
    let who = format!("ada at {}", server.issuer());
    assert_eq!(status["identity"]["subject"], json!(who));

    let token = || {
        session
            .keyfob(&home, &["token"])
            .run()
            .expect_code(0)
            .stdout
    };
    let first = token();
    assert_eq!(claims(&first)["aud"], GATEWAY);
    let before = server.counters();
    std::thread::sleep(LIFETIME);
    let renewed = token();
    assert_ne!(renewed, first);
    assert_eq!(claims(&renewed)["aud"], GATEWAY);
    // On a slow computer it may have been renewed more than once, but nothing was refused.
    let counters = server.counters();
    let refreshes = |counters: &Value| counters["refreshes"].as_u64().unwrap();
    assert!(refreshes(&counters) > refreshes(&before), "{counters}");
    assert_eq!(counters["refused"], before["refused"], "{counters}");
}

#[test]
fn a_redirect_gives_a_token_for_the_gateway_too() {
    let session = DesktopSession::start(Keyring::Unlocked);
    let person = Visit::LogIn {
        name: "bob".to_owned(),
        password: "any".to_owned(),
    };
    let browser = Browser::install(&session, &person);
    let server = OidcProvider::start(LIFETIME);
    let config = format!(
        "{}resource = \"{GATEWAY}\"\n",
        server
            .config_block()
            .replace("\"offline_access\"", "\"offline_access\", \"llm\"")
    );
    let home = Home::new(&session, "home", &config);
    let mut login = session.keyfob(&home, &["login", "--no-browser"]).spawn();
    let lines = login
        .stderr
        .until(PATIENCE, |line| line.contains("Waiting for your browser"));
    let url = lines
        .iter()
        .find(|line| line.contains("response_type=code"))
        .unwrap();
    assert!(url.contains("nonce=") && url.contains("resource="), "{url}");
    let visited = browser.open(&session, url.trim());
    assert!(visited.text.contains("You are signed in"), "{visited:?}");
    login.wait(PATIENCE).expect_code(0);
    let token = session.keyfob(&home, &["token"]).run().expect_code(0);
    assert_eq!(claims(&token.stdout)["aud"], GATEWAY);

    // One that the server has no such resource for.
    let config = config.replace("https://gateway.example/v1", "https://other.example/");
    let home = Home::new(&session, "other", &config);
    let out = session
        .keyfob(&home, &["login", "--device"])
        .run()
        .expect_code(1);
    assert!(out.stderr.contains("invalid_target"), "{}", out.stderr);
}
