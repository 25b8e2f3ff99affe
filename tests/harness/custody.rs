//! A keychain, a practice server and a home together, with accounts that are signed in.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use serde_json::{Value, json};

use crate::home::Home;
use crate::http;
use crate::keyfob::{Call, Output};
use crate::mock::MockProvider;
use crate::process::{PATIENCE, eventually};
use crate::session::{DesktopSession, Keyring};

/// The life of access tokens that outlive every test, in seconds.
const LONG: i64 = 8 * 3600;

/// Everything that a proof of custody needs.
#[derive(Debug)]
pub struct Custody {
    /// The session with a real Secret Service.
    pub session: DesktopSession,
    /// The practice server, which agrees by itself.
    pub mock: MockProvider,
    /// Keyfob's files.
    pub home: Home,
}

impl Custody {
    /// Without a screen.
    pub fn start() -> Self {
        Self::in_session(DesktopSession::start(Keyring::Unlocked))
    }

    /// With a screen, for the window.
    pub fn with_display() -> Self {
        Self::in_session(DesktopSession::with_display(Keyring::Unlocked))
    }

    fn in_session(session: DesktopSession) -> Self {
        let mock = MockProvider::start(&["--auto", "agree"]);
        let home = Home::new(&session, "home", mock.config_block());
        Self {
            session,
            mock,
            home,
        }
    }

    /// A call of the command.
    pub fn keyfob(&self, arguments: &[&str]) -> Call {
        self.session.keyfob(&self.home, arguments)
    }

    /// Runs the command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.keyfob(arguments).run()
    }

    /// Signs in to a new account with a family of tokens of its own.
    pub fn sign_in(&self, label: &str) {
        self.log_in(&["login", "--no-browser", "--label", label]);
    }

    /// Signs in once more to an account.
    pub fn sign_in_again(&self, label: &str) {
        self.try_to_sign_in_again(label).expect_code(0);
    }

    /// The same, however it ends.
    pub fn try_to_sign_in_again(&self, label: &str) -> Output {
        self.try_to_log_in(&["login", "--no-browser", "--account", label])
    }

    fn log_in(&self, arguments: &[&str]) {
        self.try_to_log_in(arguments).expect_code(0);
    }

    fn try_to_log_in(&self, arguments: &[&str]) -> Output {
        let mut login = self.keyfob(arguments).spawn();
        let mut url = None;
        while let Some(line) = login.stderr.next_within(PATIENCE) {
            if line.contains("response_type=code") && url.is_none() {
                url = Some(line.trim().to_owned());
            }
            if line.contains("Waiting for your browser") {
                http::browse(&url.expect("login prints an address"));
                break;
            }
        }
        login.wait(PATIENCE)
    }

    /// Signs in to accounts whose access tokens have ended, for the core as for the server. What is renewed from now
    /// on lives long.
    pub fn sign_in_with_ended_tokens(&self, labels: &[&str]) {
        self.access_ttl(1);
        for label in labels {
            self.sign_in(label);
        }
        self.access_ttl(LONG);
        for label in labels {
            self.wait_until_ended(label);
        }
    }

    /// Waits until the access token of an account has ended.
    pub fn wait_until_ended(&self, label: &str) {
        let ended = eventually(PATIENCE, || {
            self.status(label)["state"]["kind"] == "renews_when_asked"
        });
        assert!(ended, "{:#}", self.status(label));
    }

    /// The life of access tokens that are issued from now on.
    pub fn access_ttl(&self, seconds: i64) {
        self.mock
            .post("/control/access_ttl", &json!({ "seconds": seconds }));
    }

    /// Access tokens outlive the test from now on.
    pub fn long_access_ttl(&self) {
        self.access_ttl(LONG);
    }

    /// The next refreshes are answered as they should be, but late.
    pub fn slow_refreshes(&self, milliseconds: u64, times: Option<u64>) {
        self.mock.fault(
            &json!({ "on": "refresh", "kind": { "slow_ms": milliseconds }, "times": times }),
        );
    }

    /// The next refresh is answered as it should be, once the faults are cleared.
    pub fn hold_refresh(&self) {
        self.mock.fault(&json!({ "on": "refresh", "kind": "hold" }));
    }

    /// Waits until the server has been asked so often to refresh.
    #[track_caller]
    pub fn wait_for_refreshes(&self, count: u64) {
        let asked = eventually(PATIENCE, || self.mock.count("refreshes") >= count);
        assert!(asked, "{:#}", self.mock.counters());
    }

    /// The token that `keyfob token` prints for an account, without anything said beside it.
    #[track_caller]
    pub fn token(&self, label: &str) -> String {
        let output = self.run(&["token", label]).expect_code(0);
        assert_eq!(output.stderr, "");
        output.stdout.trim().to_owned()
    }

    /// How an account stands.
    pub fn status(&self, label: &str) -> Value {
        let output = self.run(&["status", label, "--json"]);
        serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output:#?}"))
    }

    /// What happened, the newest first.
    pub fn activity(&self) -> Vec<Value> {
        let output = self.run(&["activity", "--json", "-n", "1000000"]);
        serde_json::from_str(&output.expect_code(0).stdout).expect("it prints JSON")
    }

    /// What happened, the oldest first, without the sign-ins at the start.
    pub fn happened(&self) -> Vec<String> {
        let what = |entry: &Value| entry["what"].as_str().expect("it has one").to_owned();
        let mut all: Vec<String> = self.activity().iter().map(what).collect();
        all.retain(|what| what != "signed_in");
        all.reverse();
        all
    }

    /// What an account has in the keychain, read by a program that is not ours.
    pub fn stored(&self, label: &str) -> Value {
        let id = self.status(label)["id"]
            .as_str()
            .expect("it has one")
            .to_owned();
        let stored = self
            .session
            .secret_lookup(&self.home.service_name(), &id)
            .expect("secret-tool finds it");
        serde_json::from_str(&stored).expect("it is JSON")
    }

    /// Whether a failure with these words comes of gnome-keyring: its daemon has broken down, or a program waited for it
    /// in vain.
    pub fn keychain_broke_down(&self, said: &str) -> bool {
        said.contains("did not answer in time") || self.session.keyring_broke_down()
    }

    /// What renewals have left on disk.
    pub fn left_by_renewals(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.home.file("renewals")) else {
            return Vec::new();
        };
        entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    }

    /// The status with which the API takes an access token: 200, or why not.
    pub fn api_says(&self, token: &str) -> u16 {
        let authorization = format!("Bearer {token}");
        let headers = [
            ("Authorization", authorization.as_str()),
            ("anthropic-version", "2023-06-01"),
            ("anthropic-beta", "oauth-2025-04-20"),
        ];
        http::get_with(&format!("{}/v1/models", self.mock.base_url()), &headers).status
    }

    /// The server was asked for so many refreshes, gave each, and saw no token twice.
    #[track_caller]
    pub fn expect_refreshes(&self, count: u64) {
        let counters = self.mock.counters();
        for (name, expected) in [
            ("refreshes", count),
            ("refreshes_ok", count),
            ("refresh_reuse", 0),
            ("families_revoked", 0),
        ] {
            assert_eq!(counters[name], expected, "{name} in {counters:#}");
        }
    }
}

/// Lets calls go at one moment, each as a process of its own, and waits for all.
pub fn at_once(calls: Vec<Call>) -> Vec<Output> {
    let mut held: Vec<_> = calls.into_iter().map(Call::spawn_held).collect();
    for call in &mut held {
        call.let_go();
    }
    held.into_iter().map(|call| call.wait(PATIENCE)).collect()
}

/// All calls ended well, and printed one and the same token.
#[track_caller]
pub fn the_same_token(outputs: &[Output]) -> String {
    let first = outputs[0].stdout.clone();
    assert!(first.starts_with("sk-ant-oat01-"), "{:#?}", outputs[0]);
    for output in outputs {
        let told = (output.code, &output.stdout, output.stderr.as_str());
        assert_eq!(told, (Some(0), &first, ""));
    }
    first.trim().to_owned()
}

/// Runs a test on a keychain of its own, and once more where the keychain's own daemon has broken down under it: with
/// dozens of programs at once gnome-keyring does so now and then, and it is not what is tested here. Where the daemon
/// lives, a failure is a failure at once.
pub fn while_the_keychain_lives(test: impl Fn(&Custody)) {
    for attempt in 1.. {
        let custody = Custody::start();
        let tested = catch_unwind(AssertUnwindSafe(|| test(&custody)));
        let Err(failure) = tested else { return };
        let said = failure.downcast_ref::<String>().map_or("", String::as_str);
        if attempt == 4 || !custody.keychain_broke_down(said) {
            resume_unwind(failure);
        }
        eprintln!("gnome-keyring broke down; the test begins anew");
    }
}
