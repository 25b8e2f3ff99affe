//! A Keyfob on a fresh home with a store in memory, and a practice server on a real socket.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test file takes what it needs from this one"
)]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up fails"
)]

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use keyfob::{
    AccountId, Edge, Error, Handed, Home, Keyfob, Limits, Secret, SecretStore, SignInHandle,
    SignInRequest, Status, StoreError,
};
use mock_provider::{Decision, MockProvider, Options};
use serde_json::{Value, json};

/// A store in memory that can be told to fail.
#[derive(Default)]
pub struct Memory {
    pub secrets: Mutex<HashMap<AccountId, Secret>>,
    pub failing: Mutex<Option<StoreError>>,
    /// What it says to whoever wants to store something, while it still reads.
    pub not_saving: Mutex<Option<StoreError>>,
    /// What happens once, between reading a secret and giving it to whoever asked.
    pub after_load: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    /// What happens once, after a secret was saved.
    pub after_save: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Memory {
    fn check(&self) -> Result<(), StoreError> {
        self.failing.lock().unwrap().clone().map_or(Ok(()), Err)
    }

    /// Takes what is saved before a renewal, and not what comes after it.
    pub fn takes_one_more(self: &Arc<Self>) {
        let store = Arc::clone(self);
        let happens = move || *store.not_saving.lock().unwrap() = Some(StoreError::Locked);
        *self.after_save.lock().unwrap() = Some(Box::new(happens));
    }

    /// Takes everything again.
    pub fn takes_everything(&self) {
        *self.not_saving.lock().unwrap() = None;
    }
}

impl SecretStore for Memory {
    fn load(&self, account: &AccountId) -> Result<Option<Secret>, StoreError> {
        self.check()?;
        let found = self.secrets.lock().unwrap().get(account).cloned();
        let after_load = self.after_load.lock().unwrap().take();
        if let Some(happens) = after_load {
            happens();
        }
        Ok(found)
    }
    fn save(&self, account: &AccountId, _: &str, secret: &Secret) -> Result<(), StoreError> {
        self.check()?;
        self.not_saving
            .lock()
            .unwrap()
            .clone()
            .map_or(Ok(()), Err)?;
        let mut secrets = self.secrets.lock().unwrap();
        secrets.insert(account.clone(), secret.clone());
        drop(secrets);
        let after_save = self.after_save.lock().unwrap().take();
        if let Some(happens) = after_save {
            happens();
        }
        Ok(())
    }
    fn delete(&self, account: &AccountId) -> Result<(), StoreError> {
        self.check()?;
        self.secrets.lock().unwrap().remove(account);
        Ok(())
    }
    fn name(&self) -> String {
        "memory".to_owned()
    }
}

/// More than a busy computer takes for anything that is bound to happen.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where a fault says that a server never answers, a test sets its own.
const LIMITS: Limits = Limits {
    store: PATIENCE,
    lock: PATIENCE,
    server: PATIENCE,
    doubt: PATIENCE,
    early: PATIENCE,
    pause: Duration::from_millis(250),
};

/// The clock of Keyfob and of the server, which is one and the same.
#[derive(Clone)]
struct Clock {
    /// Where it stands; none for one that runs.
    stands_at: Option<SystemTime>,
    ahead: Arc<AtomicI64>,
}

impl Clock {
    fn now(&self) -> SystemTime {
        let begin = self.stands_at.unwrap_or_else(SystemTime::now);
        let ahead = self.ahead.load(Ordering::SeqCst);
        let seconds = Duration::from_secs(ahead.unsigned_abs());
        match ahead < 0 {
            true => begin - seconds,
            false => begin + seconds,
        }
    }
}

/// Everything a flow needs.
pub struct World {
    pub keyfob: Keyfob,
    pub store: Arc<Memory>,
    pub mock: MockProvider,
    pub home: tempfile::TempDir,
    /// How long the programs that are opened from now on wait for others.
    pub limits: Limits,
    clock: Clock,
}

impl World {
    pub async fn new() -> Self {
        Self::with(|options| options).await
    }

    /// The clock stands where it is put, however long the computer takes.
    pub async fn with(change: impl FnOnce(Options) -> Options) -> Self {
        Self::at(Some(SystemTime::now()), change).await
    }

    /// The clock runs: for what has to come about by itself.
    pub async fn running(change: impl FnOnce(Options) -> Options) -> Self {
        Self::at(None, change).await
    }

    async fn at(stands_at: Option<SystemTime>, change: impl FnOnce(Options) -> Options) -> Self {
        let clock = Clock {
            stands_at,
            ahead: Arc::default(),
        };
        let theirs = clock.clone();
        let options = change(Options {
            auto: Some(Decision::Agree),
            clock: Arc::new(move || theirs.now()),
            ..Options::default()
        });
        let mock = mock_provider::start(options).await.unwrap();
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("config.toml"), mock.config_block()).unwrap();
        let store = Arc::new(Memory::default());
        let keyfob = open(&home, &store, clock.clone(), LIMITS, &[]);
        Self {
            keyfob,
            store,
            mock,
            home,
            limits: LIMITS,
            clock,
        }
    }

    /// Another program on the same home.
    pub fn open(&self) -> Keyfob {
        self.open_in(&[])
    }

    /// Another program on the same home, in an environment with these variables.
    pub fn open_in(&self, variables: &[(&str, &str)]) -> Keyfob {
        let clock = self.clock.clone();
        open(&self.home, &self.store, clock, self.limits, variables)
    }

    /// Writes `config.toml`; `BASE` in it becomes the server's address.
    pub fn configure(&self, text: &str) {
        let text = text.replace("BASE", self.mock.base_url());
        std::fs::write(self.home.path().join("config.toml"), text).unwrap();
    }

    /// What the control API tells.
    pub async fn told(&self, what: &str) -> Value {
        let url = format!("{}/control/{what}", self.mock.base_url());
        reqwest::get(url).await.unwrap().json().await.unwrap()
    }

    /// Lets time pass, here and at the server.
    pub fn pass(&self, seconds: i64) {
        self.clock.ahead.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Signs in by the redirect, as a browser would.
    pub async fn sign_in(&self) -> Result<Status, Error> {
        self.sign_in_with(request()).await
    }

    /// Signs in to an account of its own.
    pub async fn sign_in_as(&self, label: &str) -> Status {
        let request = SignInRequest {
            label: Some(label.to_owned()),
            ..request()
        };
        self.sign_in_with(request).await.unwrap()
    }

    /// Signs in to an account that is there.
    pub async fn sign_in_again(&self, name: &str) -> Status {
        let request = SignInRequest {
            account: Some(name.to_owned()),
            ..request()
        };
        self.sign_in_with(request).await.unwrap()
    }

    pub async fn sign_in_with(&self, request: SignInRequest) -> Result<Status, Error> {
        let sign_in = self.keyfob.begin_sign_in(request).await?;
        let handle = sign_in.handle();
        let (ended, ()) = tokio::join!(sign_in.finish(), browse(&handle));
        ended
    }

    pub async fn token(&self) -> Result<Handed, Error> {
        self.keyfob.token(None, SignedDuration::ZERO).await
    }

    /// The refresh tokens in the store: what a failure must leave alone.
    pub fn refresh_tokens(&self) -> Vec<String> {
        let secrets = self.store.secrets.lock().unwrap();
        let mut tokens: Vec<String> = secrets
            .values()
            .map(|stored| {
                let stored: Value = serde_json::from_str(stored.expose()).unwrap();
                stored["refresh_token"].as_str().unwrap().to_owned()
            })
            .collect();
        tokens.sort();
        tokens
    }

    pub fn status(&self) -> Status {
        self.keyfob.status(None).unwrap()
    }

    /// Orders a fault of the server, as its control API takes it.
    pub async fn fault(&self, on: &str, kind: Value, times: Option<u32>) {
        let body = json!({ "on": on, "kind": kind, "times": times });
        self.control("faults", body).await;
    }

    /// Ends what goes wrong at the server, and lets go of what it holds.
    pub async fn clear_faults(&self) {
        let url = format!("{}/control/faults", self.mock.base_url());
        let answer = reqwest::Client::new().delete(url).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
    }

    pub async fn control(&self, what: &str, body: Value) {
        let url = format!("{}/control/{what}", self.mock.base_url());
        let sent = reqwest::Client::new().post(url).json(&body).send().await;
        let answer = sent.unwrap();
        let status = answer.status();
        assert!(
            status.is_success(),
            "{what}: {status} {}",
            answer.text().await.unwrap()
        );
    }

    pub async fn count(&self, what: &str) -> u64 {
        let url = format!("{}/control/counters", self.mock.base_url());
        let counters: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        counters[what]
            .as_u64()
            .unwrap_or_else(|| panic!("no counter {what} in {counters}"))
    }
}

fn open(
    home: &tempfile::TempDir,
    store: &Arc<Memory>,
    clock: Clock,
    limits: Limits,
    variables: &[(&str, &str)],
) -> Keyfob {
    let variables: HashMap<String, OsString> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), OsString::from(value)))
        .collect();
    let edge = Edge::new(
        move || Timestamp::try_from(clock.now()).unwrap(),
        || {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
            Ok(bytes)
        },
    )
    .with_variables(move |name| variables.get(name).cloned());
    let home = Home::at(home.path().to_owned());
    Keyfob::with_limits(home, store.clone(), edge, "a test", limits)
}

pub fn request() -> SignInRequest {
    SignInRequest {
        provider: "mock".to_owned(),
        ..SignInRequest::default()
    }
}

/// Opens the address and follows it back, as a browser would; the person agrees by themselves.
pub async fn browse(handle: &SignInHandle) {
    let url = handle.url().unwrap().clone();
    // Reading to the end is what shows that the page was sent.
    let answer = reqwest::get(url).await.unwrap();
    answer.text().await.unwrap();
}

/// What the hosted page shows to be pasted.
pub async fn code_to_paste(handle: &SignInHandle) -> String {
    let url = handle.paste_url().unwrap().clone();
    let page = reqwest::get(url).await.unwrap().text().await.unwrap();
    let shown = page.split("id=\"code\"").nth(1).unwrap();
    let shown = shown.split('>').nth(1).unwrap();
    shown.split('<').next().unwrap().to_owned()
}
