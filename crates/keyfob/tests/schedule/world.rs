//! What a schedule is played on: one home, one store, three programs on it, and a server for each account.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use keyfob::{AccountId, Edge, Error, Home, Keyfob, Limits, SignInRequest, Status};
use mock_provider::{Decision, MockProvider, Options, Standing};
use serde_json::{Value, json};

use crate::random::Random;
use crate::store::{LIMIT, Scripted};

/// When every schedule begins, in seconds since 1970.
const BEGINNING: i64 = 1_790_000_000;

/// What takes longer than this will never end, however busy the computer is.
pub(crate) const LONGEST_CALL: Duration = Duration::from_secs(120);

pub(crate) fn limits() -> Limits {
    Limits {
        store: LIMIT,
        lock: Duration::from_secs(6),
        server: Duration::from_secs(3),
        doubt: Duration::from_secs(3),
        early: Duration::from_secs(3),
        pause: Duration::from_millis(4),
    }
}

/// A program at work on the home. It has a runtime of its own, so that it can be stopped at any instant.
pub(crate) struct Program {
    pub(crate) keyfob: Keyfob,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Drop for Program {
    fn drop(&mut self) {
        // Waiting for it is not allowed here, and not wanted.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// An account as the schedule knows it.
pub(crate) struct Person {
    pub(crate) provider: String,
    pub(crate) mock: MockProvider,
    pub(crate) id: Option<AccountId>,
    pub(crate) label: &'static str,
    /// An answer of the server was lost on the way, so the newest refresh token is nowhere.
    pub(crate) lost: bool,
    /// The server ended the sign-in, or was told to.
    pub(crate) revoked: bool,
    /// The store lost the item, or may have.
    pub(crate) gone: bool,
    /// The server has said that the sign-in is over, be it true or not.
    pub(crate) told_ended: bool,
    /// The server has seen a spent refresh token.
    pub(crate) reuse: u64,
    pub(crate) refreshes: u64,
    pub(crate) in_flight_max: u64,
}

pub(crate) struct World {
    pub(crate) people: Vec<Person>,
    pub(crate) programs: Vec<Program>,
    pub(crate) store: Arc<Scripted>,
    pub(crate) home: tempfile::TempDir,
    pub(crate) client: reqwest::Client,
    clock: Arc<AtomicI64>,
    chance: Arc<AtomicU64>,
}

impl World {
    pub(crate) async fn new(seed: u64) -> Self {
        let clock = Arc::new(AtomicI64::new(BEGINNING));
        let home = tempfile::tempdir().unwrap();
        let mut config = String::new();
        let mut people = Vec::new();
        for (number, label) in ["one", "two", "three"].into_iter().enumerate() {
            let theirs = Arc::clone(&clock);
            let options = Options {
                auto: Some(Decision::Agree),
                email: format!("{label}@example.com"),
                clock: Arc::new(move || {
                    let seconds = u64::try_from(theirs.load(Ordering::SeqCst)).unwrap();
                    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
                }),
                ..Options::default()
            };
            let mock = mock_provider::start(options).await.unwrap();
            let provider = format!("mock{number}");
            let block = mock.config_block();
            let (block, _) = block.split_once("[api]").unwrap();
            config += &block.replace("[providers.mock]", &format!("[providers.{provider}]"));
            config.push('\n');
            people.push(Person {
                provider,
                mock,
                id: None,
                label,
                lost: false,
                revoked: false,
                gone: false,
                told_ended: false,
                reuse: 0,
                refreshes: 0,
                in_flight_max: 0,
            });
        }
        std::fs::write(home.path().join("config.toml"), config).unwrap();
        let mut world = Self {
            people,
            programs: Vec::new(),
            store: Arc::new(Scripted::default()),
            home,
            client: reqwest::Client::new(),
            clock,
            chance: Arc::new(AtomicU64::new(seed)),
        };
        for _ in 0..3 {
            let program = world.open();
            world.programs.push(program);
        }
        world
    }

    /// Starts a program.
    pub(crate) fn open(&self) -> Program {
        let (clock, chance) = (Arc::clone(&self.clock), Arc::clone(&self.chance));
        let edge = Edge::new(
            move || Timestamp::from_second(clock.load(Ordering::SeqCst)).unwrap(),
            move || {
                let mut random = Random(chance.fetch_add(1, Ordering::SeqCst));
                let mut bytes = [0; 32];
                for chunk in bytes.chunks_mut(8) {
                    chunk.copy_from_slice(&random.next().to_le_bytes());
                }
                Ok(bytes)
            },
        );
        let home = Home::at(self.home.path().to_owned());
        let keyfob = Keyfob::with_limits(home, self.store.clone(), edge, "a test", limits());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .ok();
        Program { keyfob, runtime }
    }

    /// Stops a program at this very instant, and starts another one in its place.
    pub(crate) async fn crash(&mut self, which: usize) {
        let anew = self.open();
        let mut old = std::mem::replace(&mut self.programs[which], anew);
        let stopped = tokio::task::spawn_blocking(move || {
            let runtime = old.runtime.take().unwrap();
            runtime.shutdown_timeout(LONGEST_CALL);
        });
        stopped.await.unwrap();
        // What a server was just about to do is done by then: it is asked once more, after all that was sent to it.
        tokio::time::sleep(Duration::from_millis(40)).await;
        for person in 0..self.people.len() {
            self.counters(person).await;
        }
    }

    pub(crate) fn pass(&self, seconds: i64) {
        let now = self.clock.load(Ordering::SeqCst) + seconds;
        self.clock
            .store(now.max(BEGINNING - 86_400), Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_second(self.clock.load(Ordering::SeqCst)).unwrap()
    }

    /// Does something in a program, in that program's own runtime. None where the program was stopped.
    pub(crate) async fn within<T: Send + 'static>(
        &self,
        which: usize,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let done = tokio::time::timeout(LONGEST_CALL, self.spawn(which, work)).await;
        done.unwrap_or_else(|_| panic!("a call does not end")).ok()
    }

    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        which: usize,
        work: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.programs[which].runtime.as_ref().unwrap().spawn(work)
    }

    /// Signs in by the redirect, as a browser would.
    pub(crate) async fn sign_in(&self, which: usize, person: usize) -> Result<Status, Error> {
        let keyfob = self.programs[which].keyfob.clone();
        let (provider, client) = (self.people[person].provider.clone(), self.client.clone());
        let work = async move {
            let request = SignInRequest {
                provider,
                ..SignInRequest::default()
            };
            let sign_in = keyfob.begin_sign_in(request).await?;
            let url = sign_in.handle().url().unwrap().clone();
            let browse = async {
                if let Ok(answer) = client.get(url).send().await {
                    let _ = answer.text().await;
                }
            };
            let (ended, ()) = tokio::join!(sign_in.finish(), browse);
            ended
        };
        self.within(which, work).await.unwrap()
    }

    pub(crate) async fn fault(&self, person: usize, on: &str, kind: &Value) {
        let body = json!({ "on": on, "kind": kind, "times": 1 });
        self.control(person, "faults", body).await;
    }

    pub(crate) async fn control(&self, person: usize, what: &str, body: Value) {
        let url = self.address(person, what);
        let sent = self.client.post(url).json(&body).send().await.unwrap();
        assert!(sent.status().is_success(), "{what} {body}");
    }

    pub(crate) async fn clear_faults(&self, person: usize) {
        let url = self.address(person, "faults");
        self.client.delete(url).send().await.unwrap();
    }

    /// The orders that no request has met yet.
    pub(crate) async fn faults_left(&self, person: usize) -> Vec<Value> {
        let answer = self.client.get(self.address(person, "faults")).send();
        answer.await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn counters(&self, person: usize) -> Value {
        let answer = self.client.get(self.address(person, "counters")).send();
        answer.await.unwrap().json().await.unwrap()
    }

    fn address(&self, person: usize, what: &str) -> String {
        format!("{}/control/{what}", self.people[person].mock.base_url())
    }

    pub(crate) fn standing(&self, person: usize, token: &str) -> Standing {
        self.people[person].mock.standing(token)
    }
}
