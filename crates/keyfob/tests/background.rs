//! Keeping tokens fresh before anybody asks, in one program and in several.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::World;
use keyfob::{Code, Keyfob, State};
use serde_json::json;
use tokio::sync::oneshot;

const EIGHT_HOURS: i64 = 8 * 3_600;

/// A program that keeps tokens fresh until its handle is dropped.
struct Watching {
    renewed: Arc<AtomicUsize>,
    end: Option<oneshot::Sender<()>>,
    task: Option<tokio::task::JoinHandle<()>>,
}

fn watch(keyfob: &Keyfob) -> Watching {
    let (end, ended) = oneshot::channel::<()>();
    let renewed = Arc::new(AtomicUsize::new(0));
    let (keyfob, counter) = (keyfob.clone(), Arc::clone(&renewed));
    let task = tokio::spawn(async move {
        let told = |renewal: keyfob::Renewal| {
            if renewal.renewed {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        };
        keyfob.keep_fresh(told, async { drop(ended.await) }).await;
    });
    Watching {
        renewed,
        end: Some(end),
        task: Some(task),
    }
}

impl Watching {
    async fn end(mut self) {
        drop(self.end.take());
        self.task.take().unwrap().await.unwrap();
    }
}

async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    for _ in 0..4_800 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it never came about: {what}");
}

#[tokio::test]
async fn once_renews_what_is_due_and_nothing_else() {
    let world = World::new().await;
    world.sign_in().await.unwrap();
    world.keyfob.keep_fresh_once(|_| {}).await.unwrap();
    assert_eq!(world.count("refreshes").await, 0);
    // The blocking window has begun, so every account is due, whatever its jitter.
    world.pass(EIGHT_HOURS - 30);
    let mut told = Vec::new();
    world
        .keyfob
        .keep_fresh_once(|renewal| told.push(renewal))
        .await
        .unwrap();
    assert_eq!(told.len(), 1);
    assert!(told[0].renewed && told[0].problem.is_none(), "{told:?}");
    world.keyfob.keep_fresh_once(|_| {}).await.unwrap();
    assert_eq!(world.count("refreshes").await, 1);
    let entry = world.keyfob.activity().unwrap().swap_remove(0);
    assert_eq!(
        (entry.asked_by.as_str(), entry.request_id.is_some()),
        ("a test", true)
    );
}

#[tokio::test]
async fn a_failure_rests_and_is_tried_again() {
    let world = World::new().await;
    world.sign_in().await.unwrap();
    world.pass(EIGHT_HOURS);
    let busy = json!({ "status": 429, "error": "object", "retry_after": 40 });
    world.fault("refresh", busy, Some(1)).await;
    let mut problems = Vec::new();
    for _ in 0..3 {
        let told = |renewal: keyfob::Renewal| problems.extend(renewal.problem);
        world.keyfob.keep_fresh_once(told).await.unwrap();
    }
    assert_eq!(
        problems.len(),
        1,
        "a server that is left alone is no news: {problems:?}"
    );
    assert_eq!(problems[0].code, Code::Network);
    assert_eq!(world.count("refreshes").await, 1);
    // The server said forty seconds, so not even a person may ask before.
    assert_eq!(
        world.keyfob.refresh(None).await.unwrap_err().code,
        Code::Network
    );
    world.pass(30);
    world.keyfob.keep_fresh_once(|_| {}).await.unwrap();
    assert_eq!(world.count("refreshes").await, 1);
    world.pass(11);
    world.keyfob.keep_fresh_once(|_| {}).await.unwrap();
    assert_eq!(world.count("refreshes").await, 2);
    assert!(matches!(world.status().state, State::Fresh { .. }));
}

#[tokio::test]
async fn two_programs_renew_once_and_the_second_takes_over() {
    let world = World::running(|options| mock_provider::Options {
        access_ttl: Duration::from_secs(8),
        ..options
    })
    .await;
    world.sign_in().await.unwrap();
    let (one, two) = (watch(&world.keyfob), watch(&world.open()));
    let told = |watching: &Watching| watching.renewed.load(Ordering::SeqCst);
    let both = || told(&one) + told(&two);
    until("a renewal", async || both() > 0).await;
    // While that is looked at, the next one may come.
    until("all that the server renewed is told", async || {
        world.count("refreshes_ok").await == both() as u64
    })
    .await;
    assert!(world.keyfob.is_kept_fresh());
    let first = told(&one) > 0;
    let (worker, rest) = if first { (one, two) } else { (two, one) };
    assert_eq!(told(&rest), 0, "one works at a time");
    worker.end().await;
    until("the other one's renewal", async || told(&rest) > 0).await;
    rest.end().await;
    assert!(!world.keyfob.is_kept_fresh());
    assert_eq!(world.count("refresh_reuse").await, 0);
}

#[tokio::test]
async fn of_many_accounts_eight_at_most_are_renewed_at_once_and_none_twice() {
    let world = World::new().await;
    for number in 0..30 {
        world.sign_in_as(&format!("Account {number}")).await;
    }
    world.fault("refresh", json!({ "slow_ms": 40 }), None).await;
    let mut renewed = 0;
    let told = |renewal: keyfob::Renewal| renewed += usize::from(renewal.renewed);
    world.keyfob.refresh_all(told).await.unwrap();
    assert_eq!(renewed, 30);
    assert_eq!(world.count("refreshes_ok").await, 30);
    let most = world.count("in_flight_max").await;
    assert!((2..=8).contains(&most), "{most} at once");
}
