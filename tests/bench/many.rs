//! Ten thousand accounts: listing them, and renewing all of them beside a bare client that sends the same requests.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use keyfob::{AccountId, EncryptedFiles, Key, Secret, SecretStore as _};
use keyfob_tests::{DesktopSession, Home, Keyring, MockProvider, http};
use serde_json::{Value, json};

use crate::measure::{beside, median, wall};

const ACCOUNTS: usize = 10_000;
/// How many requests Keyfob has under way at most.
const AT_ONCE: usize = 8;

pub(crate) fn ten_thousand_accounts() {
    let session = DesktopSession::start(Keyring::Absent);
    let mock = MockProvider::start(&["--auto", "agree"]);
    let home = Home::new(&session, "home", mock.config_block());
    let keyfob = |arguments: &[&str]| {
        let mut command = session.command(beside("keyfob"));
        command.args(arguments).env("KEYFOB_HOME", home.path());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let key_file = session.root().join("key");
    wall(&mut keyfob(&[
        "storage",
        "key-file",
        &key_file.display().to_string(),
    ]));
    let tokens = sign_in(&mock, 2 * ACCOUNTS);
    let (ours, theirs) = tokens.split_at(ACCOUNTS);
    fill(
        &home,
        &EncryptedFiles::new(folder(&home), Key::File(key_file)),
        ours,
    );

    let mut listing = keyfob(&["accounts", "--json"]);
    let mut times: Vec<f64> = (0..9).map(|_| wall(&mut listing)).collect();
    println!(
        "| `accounts --json`, 10,000 accounts | {:.0} ms | | |",
        median(&mut times) * 1e3
    );

    let bare = bare_client(&mock, theirs);
    let before = mock.count("refreshes_ok");
    let start = Instant::now();
    let ended = keyfob(&["refresh", "--all"]).status().unwrap();
    let all = start.elapsed();
    assert!(ended.success());
    assert_eq!(
        mock.count("refreshes_ok"),
        before + ACCOUNTS as u64,
        "each once"
    );
    assert_eq!(mock.count("refresh_reuse"), 0);
    assert!(mock.count("in_flight_max") <= AT_ONCE as u64);
    println!(
        "| `refresh --all`, 10,000 accounts in encrypted files, each stored durably | {:.1} s ({:.0} a second) | a bare client, which keeps nothing {:.1} s ({:.0} a second) | {:.1} |",
        all.as_secs_f64(),
        ACCOUNTS as f64 / all.as_secs_f64(),
        bare.as_secs_f64(),
        ACCOUNTS as f64 / bare.as_secs_f64(),
        all.as_secs_f64() / bare.as_secs_f64(),
    );
}

/// The one folder of encrypted files that choosing them has made.
fn folder(home: &Home) -> std::path::PathBuf {
    let mut made = fs::read_dir(home.file("secrets")).unwrap();
    made.next().unwrap().unwrap().path()
}

/// Refresh tokens, each of a sign-in of its own.
fn sign_in(mock: &MockProvider, count: usize) -> Vec<String> {
    // BASE64URL(SHA256("v" 43 times)), RFC 7636.
    let verifier = "v".repeat(43);
    let challenge = challenge(&verifier);
    let client = client_id(mock);
    let authorize = format!(
        "{}/oauth/authorize?response_type=code&client_id={client}&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcallback&state=s&scope=user%3Aprofile&code_challenge={challenge}&code_challenge_method=S256",
        mock.base_url()
    );
    let token = |_| {
        let answer = http::get(&authorize);
        let location = answer
            .header("location")
            .expect("it agrees by itself")
            .to_owned();
        let (_, rest) = location.split_once("code=").unwrap();
        let code = rest.split('&').next().unwrap();
        let body = json!({
            "grant_type": "authorization_code", "code": code, "state": "s", "client_id": client,
            "redirect_uri": "http://127.0.0.1:1/callback", "code_verifier": verifier,
        });
        let tokens = http::post(&format!("{}/v1/oauth/token", mock.base_url()), &body).json();
        tokens["refresh_token"].as_str().unwrap().to_owned()
    };
    (0..count).map(token).collect()
}

fn challenge(verifier: &str) -> String {
    use base64::Engine as _;
    use sha2::Digest as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(verifier))
}

fn client_id(mock: &MockProvider) -> String {
    let block: toml::Table = mock.config_block().parse().unwrap();
    block["providers"]["mock"]["client_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Writes the list and the secrets as Keyfob itself does, without ten thousand sign-ins in a browser.
fn fill(home: &Home, store: &EncryptedFiles, refresh_tokens: &[String]) {
    let mut accounts = Vec::new();
    for (number, refresh_token) in refresh_tokens.iter().enumerate() {
        let id = format!("acct-{number:016x}");
        let secret = json!({
            "kind": "oauth", "access_token": format!("sk-ant-oat01-bench-{number}"),
            "refresh_token": refresh_token, "obtained_at": 1_790_000_000, "expires_at": 1_790_028_800,
        });
        let id_of = AccountId::try_from(id.clone()).unwrap();
        store
            .save(&id_of, "", &Secret::new(secret.to_string()))
            .unwrap();
        accounts.push(json!({
            "id": id, "label": format!("Account {number}"), "method": "oauth", "owner": "keyfob",
            "provider": "mock", "payer": "none", "generation": 1, "practice": true,
            "identity": { "subject": null, "email": format!("{number}@example.com"), "organization": null, "workspace": null },
            "created_at": "2026-11-21T12:00:00Z",
            "facts": { "kind": "tokens", "obtained_at": "2026-09-21T12:53:20Z", "expires_at": "2026-09-21T20:53:20Z",
                       "sign_in_ends_at": null, "renewable": true, "scopes": ["user:profile"], "trouble": null },
        }));
    }
    let list = json!({ "version": 1, "default": null, "accounts": accounts });
    fs::write(
        home.file("accounts.json"),
        serde_json::to_string_pretty(&list).unwrap(),
    )
    .unwrap();
}

/// The same requests, as many at once, by a client that throws the answers away.
fn bare_client(mock: &MockProvider, refresh_tokens: &[String]) -> Duration {
    use hyper_util::client::legacy::{Client, connect::HttpConnector};
    use hyper_util::rt::TokioExecutor;

    let url = format!("{}/v1/oauth/token", mock.base_url());
    let client_id = client_id(mock);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let start = Instant::now();
    runtime.block_on(async {
        let client: Client<HttpConnector, String> = Client::builder(TokioExecutor::new()).build_http();
        let mut workers = tokio::task::JoinSet::new();
        for share in refresh_tokens.chunks(ACCOUNTS / AT_ONCE) {
            let (client, url, client_id) = (client.clone(), url.clone(), client_id.clone());
            let share = share.to_vec();
            workers.spawn(async move {
                for refresh_token in share {
                    let body: Value = json!({ "grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": client_id });
                    let request = hyper::Request::post(&url).header("content-type", "application/json");
                    let answer = client.request(request.body(body.to_string()).unwrap()).await.unwrap();
                    assert!(answer.status().is_success());
                    http_body_util::BodyExt::collect(answer.into_body()).await.unwrap();
                }
            });
        }
        while let Some(ended) = workers.join_next().await {
            ended.unwrap();
        }
    });
    start.elapsed()
}
