//! The same attacks against our own listener and against tauri-plugin-oauth, each followed by the true redirect.
//!
//! Our own has to live through every one of them, and through all at once. What the plugin does is measured and has
//! to be what ARCHITECTURE.md says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up fails"
)]

#[path = "../../crates/keyfob/src/sign_in/redirect_attacks.rs"]
mod redirect_attacks;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyfob::{
    AccountId, Edge, Home, Keyfob, Listening, Secret, SecretStore, SignInHandle, SignInRequest,
    StoreError,
};
use keyfob_desktop::plugin_listener::PluginListener;
use mock_provider::{Decision, MockProvider, Options};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use url::Url;

use crate::redirect_attacks::{Attack, ask, attacks};

/// How long the true redirect may take before the listener counts as frozen. Computers that run tests stand still now
/// and then.
const PATIENCE: Duration = Duration::from_secs(60);

/// The same for a listener of which ARCHITECTURE.md says that it fails: nobody waits for what does not come.
const A_WHILE: Duration = Duration::from_secs(4);

#[derive(Default)]
struct Memory(Mutex<HashMap<AccountId, Secret>>);

impl SecretStore for Memory {
    fn load(&self, account: &AccountId) -> Result<Option<Secret>, StoreError> {
        Ok(self.0.lock().unwrap().get(account).cloned())
    }
    fn save(&self, account: &AccountId, _: &str, secret: &Secret) -> Result<(), StoreError> {
        self.0
            .lock()
            .unwrap()
            .insert(account.clone(), secret.clone());
        Ok(())
    }
    fn delete(&self, account: &AccountId) -> Result<(), StoreError> {
        self.0.lock().unwrap().remove(account);
        Ok(())
    }
    fn name(&self) -> String {
        "memory".to_owned()
    }
}

/// A sign-in that waits for its redirect.
struct Waiting {
    port: u16,
    handle: SignInHandle,
    finished: JoinHandle<keyfob::Result<keyfob::Status>>,
    _home: tempfile::TempDir,
    _feeding: Option<keyfob_desktop::plugin_listener::Feeding>,
}

async fn begin(mock: &MockProvider, plugin: bool) -> Waiting {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.toml"), mock.config_block()).unwrap();
    let home = Home::at(folder.path().to_owned());
    let keyfob = Keyfob::new(home, Arc::new(Memory::default()), Edge::system(), "a test");
    let plugin = plugin.then(|| PluginListener::start().unwrap());
    let request = SignInRequest {
        provider: "mock".to_owned(),
        listening: plugin
            .as_ref()
            .map_or(Listening::Own(0), |p| Listening::Elsewhere(p.port())),
        ..SignInRequest::default()
    };
    let sign_in = keyfob.begin_sign_in(request).await.unwrap();
    let handle = sign_in.handle();
    let redirect = query_of(handle.url().unwrap(), "redirect_uri");
    Waiting {
        port: Url::parse(&redirect).unwrap().port().unwrap(),
        _feeding: plugin.map(|p| p.feed(handle.clone())),
        handle,
        finished: tokio::spawn(sign_in.finish()),
        _home: folder,
    }
}

/// What a browser does once the person has agreed, the plugin's script included. Says whether the sign-in completes.
async fn true_redirect(waiting: Waiting, patience: Duration) -> bool {
    let url = waiting.handle.url().unwrap().clone();
    let target = format!("{}?{}", url.path(), url.query().unwrap());
    let head = format!(
        "GET {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        host(&url)
    );
    let answer = ask(url.port().unwrap(), &head).await;
    let location = answer
        .lines()
        .find_map(|line| {
            line.to_lowercase()
                .starts_with("location: ")
                .then(|| line[10..].trim())
        })
        .expect("the mock provider agrees by itself");
    let back = Url::parse(location).unwrap();
    let target = format!("{}?{}", back.path(), back.query().unwrap());
    let port = waiting.port;
    let browser = async move {
        let head = format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
        let _ = timeout(patience, ask(port, &head)).await;
        let head = format!(
            "GET /cb HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nFull-Url: http://127.0.0.1:{port}{target}\r\n\r\n"
        );
        let _ = timeout(patience, ask(port, &head)).await;
    };
    let (_, ended) = tokio::join!(browser, timeout(patience, waiting.finished));
    ended.is_ok_and(|ended| ended.unwrap().is_ok())
}

async fn completes_after(
    mock: &MockProvider,
    plugin: bool,
    attacks: &[Attack],
    patience: Duration,
) -> bool {
    let waiting = begin(mock, plugin).await;
    let mut open = Vec::new();
    for attack in attacks {
        // A frozen listener leaves the attacker waiting too.
        open.push(timeout(PATIENCE, (attack.1)(waiting.port)).await);
    }
    true_redirect(waiting, patience).await
}

async fn mock() -> MockProvider {
    let options = Options {
        auto: Some(Decision::Agree),
        ..Options::default()
    };
    mock_provider::start(options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_listener_lives_through_all_attacks_at_once() {
    let mock = mock().await;
    assert!(completes_after(&mock, false, &attacks(), PATIENCE).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_listeners_are_as_architecture_md_says() {
    let mock = mock().await;
    assert!(
        completes_after(&mock, true, &[], PATIENCE).await,
        "the plugin completes where nobody attacks it"
    );
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../ARCHITECTURE.md");
    let page = std::fs::read_to_string(page).unwrap();
    let said = page
        .split("<!-- listeners:begin -->\n")
        .nth(1)
        .unwrap_or_default();
    let said = said
        .split("<!-- listeners:end -->")
        .next()
        .unwrap_or_default();
    let mut table = String::from("| attack | own listener | tauri-plugin-oauth |\n|---|---|---|\n");
    for attack in attacks() {
        let own = completes_after(&mock, false, &[attack], PATIENCE).await;
        assert!(own, "our own listener does not live through: {}", attack.0);
        let fails = format!("| {} | completes | **fails** |", attack.0);
        let patience = if said.lines().any(|line| line == fails) {
            A_WHILE
        } else {
            PATIENCE
        };
        let plugin = completes_after(&mock, true, &[attack], patience).await;
        let word = |completes| if completes { "completes" } else { "**fails**" };
        table.push_str(&format!(
            "| {} | {} | {} |\n",
            attack.0,
            word(own),
            word(plugin)
        ));
    }
    assert_eq!(said, table, "put this table into ARCHITECTURE.md:\n{table}");
}

fn query_of(url: &Url, name: &str) -> String {
    let mut pairs = url.query_pairs();
    pairs.find(|(n, _)| n == name).unwrap().1.into_owned()
}

fn host(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap(), url.port().unwrap())
}
