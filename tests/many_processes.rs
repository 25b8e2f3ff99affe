//! However many processes want a token at once, the server is asked once and all get the same. Everything is real but
//! the provider: processes, sockets, the Secret Service, the window.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use keyfob::Limits;
use keyfob_tests::PATIENCE;
use keyfob_tests::custody::{at_once, the_same_token, while_the_keychain_lives};
use keyfob_tests::process::{eventually, has_open};
use keyfob_tests::{Call, Custody, Output, Window};
use rustix::process::Signal;
use serde_json::{Value, json};

/// As many as a person with many terminals, editors and agents might have, and more.
const MANY: usize = 64;

fn many(custody: &Custody, arguments: &[&str]) -> Vec<Call> {
    (0..MANY).map(|_| custody.keyfob(arguments)).collect()
}

#[test]
fn a_token_that_has_ended_is_renewed_once() {
    while_the_keychain_lives(|custody| {
        custody.sign_in_with_ended_tokens(&["Work"]);
        let old = custody.stored("Work");
        let token = the_same_token(&at_once(many(custody, &["token", "Work"])));
        assert_ne!(old["access_token"], token.as_str());
        assert_eq!(custody.stored("Work")["access_token"], token.as_str());
        assert_eq!(custody.api_says(&token), 200);
        custody.expect_refreshes(1);
        assert_eq!(custody.happened(), ["renewed"]);
        assert!(custody.left_by_renewals().is_empty());
    });
}

#[test]
fn a_token_that_was_refused_is_renewed_once() {
    while_the_keychain_lives(|custody| {
        custody.sign_in("Work");
        let refused = custody.token("Work");
        let calls = many(custody, &["token", "Work", "--refused"]);
        let calls = calls
            .into_iter()
            .map(|call| call.stdin(format!("{refused}\n")));
        let token = the_same_token(&at_once(calls.collect()));
        assert_ne!(token, refused);
        assert_eq!(custody.api_says(&token), 200);
        custody.expect_refreshes(1);
    });
}

#[test]
fn three_accounts_are_renewed_once_each() {
    while_the_keychain_lives(|custody| {
        let labels = ["One", "Two", "Three"];
        custody.sign_in_with_ended_tokens(&labels);
        let calls = (0..24).flat_map(|_| labels.map(|label| custody.keyfob(&["token", label])));
        let outputs = at_once(calls.collect());
        let mut tokens = Vec::new();
        for number in 0..labels.len() {
            let of_one: Vec<Output> = outputs.iter().skip(number).step_by(3).cloned().collect();
            assert_eq!(of_one.len(), 24);
            tokens.push(the_same_token(&of_one));
        }
        tokens.sort();
        tokens.dedup();
        assert_eq!(tokens.len(), labels.len(), "each has a token of its own");
        custody.expect_refreshes(3);
    });
}

#[test]
fn a_slow_server_is_asked_once() {
    while_the_keychain_lives(|custody| {
        custody.sign_in_with_ended_tokens(&["Work"]);
        custody.slow_refreshes(1_500, None);
        let begun = Instant::now();
        the_same_token(&at_once(many(custody, &["token", "Work"])));
        assert!(begun.elapsed() >= Duration::from_millis(1_500));
        custody.expect_refreshes(1);
    });
}

/// All failed in the same way, and gave nothing. Gives how many of them had asked the server.
#[track_caller]
fn all_are_told(outputs: &[Output], parts: &[&str]) -> u64 {
    for output in outputs {
        assert_eq!((output.code, output.stdout.as_str()), (Some(5), ""));
        for part in parts {
            assert!(output.stderr.contains(part), "{part:?}: {output:#?}");
        }
    }
    // The others were told how long it is left alone.
    let asked = |output: &&Output| !output.stderr.contains("left alone for another");
    outputs.iter().filter(asked).count() as u64
}

/// Asks until there is a token. Before that the server is not asked.
fn asked_again(custody: &Custody) -> Output {
    let mut output = None;
    let renewed = eventually(PATIENCE, || {
        let asked = custody.run(&["token", "Work"]);
        let renewed = asked.code == Some(0);
        assert!(
            renewed || asked.stderr.contains("left alone for another"),
            "{asked:#?}"
        );
        output = Some(asked);
        renewed
    });
    assert!(renewed, "{output:#?}");
    output.expect("it was asked")
}

/// How long a server is left alone at least.
const REST: Duration = Duration::from_secs(5);

/// Once until it has been left alone for that long: all come at one moment, but the last may get its turn much later.
fn a_server_that_fails_is_asked_once(kind: &Value) {
    while_the_keychain_lives(|custody| {
        custody.sign_in_with_ended_tokens(&["Work"]);
        let before = custody.stored("Work");
        custody
            .mock
            .fault(&json!({ "on": "refresh", "kind": kind, "times": null }));
        let begun = Instant::now();
        let outputs = at_once(many(custody, &["token", "Work"]));
        let rests = begun.elapsed().as_secs() / REST.as_secs();
        let asked = all_are_told(&outputs, &["is busy", "The sign-in is kept"]);
        assert!((1..=1 + rests).contains(&asked), "{asked} asked");
        assert_eq!(custody.mock.count("refreshes"), asked);
        let after = custody.stored("Work");
        for part in ["access_token", "refresh_token"] {
            assert_eq!(after[part], before[part]);
        }

        custody.mock.clear_faults();
        let renewed = asked_again(custody);
        assert!(begun.elapsed() >= REST, "it rests");
        assert_eq!(custody.api_says(the_same_token(&[renewed]).as_str()), 200);
        let counters = custody.mock.counters();
        assert_eq!(
            (&counters["refreshes"], &counters["refreshes_ok"]),
            (&json!(asked + 1), &json!(1))
        );
        let mut happened = vec!["renewal_failed"; asked as usize];
        happened.push("renewed");
        assert_eq!(custody.happened(), happened);
    });
}

#[test]
fn a_broken_server_is_asked_once_and_then_left_alone() {
    a_server_that_fails_is_asked_once(&json!({ "status": 503, "error": "html" }));
}

#[test]
fn a_server_that_limits_is_asked_once_and_then_left_alone() {
    a_server_that_fails_is_asked_once(
        &json!({ "status": 429, "error": "object", "retry_after": 2 }),
    );
}

#[test]
fn a_token_that_still_lives_is_given_when_the_server_fails() {
    while_the_keychain_lives(|custody| {
        let told =
            (0..4).any(|round| it_is_given_while_it_lives(custody, &format!("Work {round}")));
        assert!(told, "this computer stood still again and again");
    });
}

/// False where nothing can be told, because the token may have ended before all was seen.
fn it_is_given_while_it_lives(custody: &Custody, label: &str) -> bool {
    const LIFE: i64 = 32;
    let begun = Instant::now();
    let lives = || begun.elapsed() < Duration::from_secs(LIFE as u64 - 1);
    let before = custody.mock.count("refreshes");
    custody.access_ttl(LIFE);
    custody.sign_in(label);
    // It is left alone for longer than the token lives.
    let kind = json!({ "status": 503, "error": "html", "retry_after": 60 });
    custody
        .mock
        .fault(&json!({ "on": "refresh", "kind": kind, "times": null }));
    let ask = || custody.run(&["token", label]);
    let first = ask();
    // Renewed in the last quarter of its life.
    let mut last = first.clone();
    while !last.stderr.contains("The old token still works") && lives() {
        last = ask();
    }
    let outputs = at_once((0..8).map(|_| custody.keyfob(&["token", label])).collect());
    let old = first.stdout.trim();
    let taken = custody.api_says(old);
    let asked = custody.mock.count("refreshes") - before;
    custody.mock.clear_faults();
    if !lives() {
        return false;
    }
    assert_eq!((first.code, last.code), (Some(0), Some(0)), "{last:#?}");
    assert_eq!(last.stdout.trim(), old);
    for output in outputs {
        assert_eq!((output.code, output.stdout.trim()), (Some(0), old));
        // Who finds another one at it does not wait, and has nothing to say.
        let told = ["is busy", "The old token still works; it was given"];
        let said = told.iter().all(|part| output.stderr.contains(part));
        assert!(said || output.stderr.is_empty(), "{output:#?}");
    }
    assert_eq!(taken, 200);
    assert_eq!(asked, 1);
    true
}

#[test]
fn forty_accounts_are_renewed_eight_at_once() {
    while_the_keychain_lives(|custody| {
        let labels: Vec<String> = (0..40).map(|number| format!("Account {number}")).collect();
        thread::scope(|scope| {
            for some in labels.chunks(10) {
                scope.spawn(|| some.iter().for_each(|label| custody.sign_in(label)));
            }
        });
        let token = |label: &String| custody.token(label);
        let before: Vec<String> = labels.iter().map(token).collect();
        custody.slow_refreshes(300, None);
        let output = custody.run(&["refresh", "--all"]).expect_code(0);
        for label in &labels {
            let line = format!("● {label}: renewed\n");
            assert!(output.stderr.contains(&line), "{output:#?}");
        }
        custody.expect_refreshes(40);
        let at_once = custody.mock.count("in_flight_max");
        assert!((2..=8).contains(&at_once), "{at_once}");
        let after: Vec<String> = labels.iter().map(token).collect();
        assert!(before.iter().zip(&after).all(|(old, new)| old != new));
        custody.expect_refreshes(40);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_wait_for_the_renewal_of_the_window() {
    for _ in 0..4 {
        if commands_have_waited().await {
            return;
        }
    }
    panic!("this computer stood still again and again");
}

/// False where the server may have been left by the window before it had answered.
async fn commands_have_waited() -> bool {
    let custody = Custody::with_display();
    custody.sign_in("Work");
    let window = Window::open(&custody.session, &custody.home).await;
    window.wait_for_text("Work").await;
    let calls = many(&custody, &["token", "Work"]).into_iter();
    let mut held: Vec<_> = calls.map(Call::spawn_held).collect();
    let begun = Instant::now();
    let id = tokio::task::block_in_place(|| {
        custody.hold_refresh();
        custody.access_ttl(1);
        custody.sign_in_again("Work");
        custody.long_access_ttl();
        custody.wait_until_ended("Work");
        custody.status("Work")["id"].clone()
    });
    let lock = format!("locks/{}.lock", id.as_str().unwrap());
    let lock = custody.home.file(&lock);
    // What a click on "Copy token" asks for. The window may have begun by itself.
    let copy = "window.__TAURI_INTERNALS__.invoke('copy_token', { accountId: arguments[0] })\
                .then(() => { window.copied = true }); return true";
    window.run(copy, vec![id]).await;
    let outputs: Vec<Output> = tokio::task::block_in_place(|| {
        custody.wait_for_refreshes(1);
        held.iter_mut().for_each(|call| call.let_go());
        // All find the window at it. On a busy computer the last ones come when it is done, and are told the same.
        eventually(Limits::default().server / 2, || {
            held.iter_mut().all(|call| has_open(call.pid(), &lock))
        });
        custody.mock.clear_faults();
        held.into_iter().map(|call| call.wait(PATIENCE)).collect()
    });
    if begun.elapsed() >= Limits::default().server {
        window.close().await;
        return false;
    }
    let token = the_same_token(&outputs);
    window
        .wait_for("[data-testid='account-row'][data-state='fresh']")
        .await;
    let copied = "return window.copied === true";
    window
        .wait_until(copied, &[], "the window's own question got no answer")
        .await;
    tokio::task::block_in_place(|| {
        assert_eq!(custody.stored("Work")["access_token"], token.as_str());
        custody.expect_refreshes(1);
        let renewed = &custody.activity()[0];
        assert_eq!(renewed["what"], "renewed");
        assert_ne!(renewed["asked_by"], "keyfob token", "the window was first");
    });
    window.close().await;
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn window_watch_and_commands_renew_once_at_each_end() {
    for _ in 0..4 {
        if each_end_is_renewed_once().await {
            return;
        }
        eprintln!("gnome-keyring broke down; the test begins anew");
    }
    panic!("gnome-keyring broke down again and again");
}

/// False where the keychain's own daemon broke down meanwhile.
async fn each_end_is_renewed_once() -> bool {
    const LIFE: i64 = 8;
    const ENDS: usize = 3;
    let custody = Custody::with_display();
    custody.access_ttl(LIFE);
    custody.sign_in("Work");
    let window = Window::open(&custody.session, &custody.home).await;
    window.wait_for_text("Work").await;
    let lived = tokio::task::block_in_place(|| {
        let mut watch = custody.keyfob(&["watch"]).spawn();
        let mut given = BTreeSet::new();
        let end = Instant::now() + PATIENCE;
        while given.len() <= ENDS {
            assert!(Instant::now() < end, "{:#}", custody.mock.counters());
            let calls = (0..10).map(|_| custody.keyfob(&["token", "Work"]));
            for output in at_once(calls.collect()) {
                if output.code == Some(4) && custody.keychain_broke_down(&output.stderr) {
                    return false;
                }
                let output = output.expect_code(0);
                assert_eq!(output.stderr, "");
                given.insert(output.stdout);
            }
        }
        custody.long_access_ttl();
        watch.signal(Signal::TERM);
        watch.wait(PATIENCE).expect_code(0);
        custody.token("Work");
        // The window may be at the last one.
        let settled = eventually(PATIENCE, || {
            custody.happened().len() as u64 == custody.mock.count("refreshes")
        });
        assert!(settled, "each is written down: {:#?}", custody.activity());
        let count = custody.mock.count("refreshes");
        assert!(count >= ENDS as u64);
        custody.expect_refreshes(count);
        one_for_each_end(&custody, LIFE);
        true
    });
    window.close().await;
    lived
}

/// No renewal was begun before the last quarter of the life of the token before it.
fn one_for_each_end(custody: &Custody, life: i64) {
    let mut begun = Vec::new();
    for entry in custody.activity().iter().rev() {
        if entry["what"] != "signed_in" {
            assert_eq!(entry["what"], "renewed");
            let took = entry["took_ms"].as_u64().unwrap() as f64 / 1_000.0;
            begun.push(seconds(entry["at"].as_str().unwrap()) - took);
        }
    }
    for pair in begun.windows(2) {
        let apart = (pair[1] - pair[0]).rem_euclid(86_400.0);
        // On a busy computer what is written down is a little late.
        assert!(apart > life as f64 * 0.75 - 1.0, "{begun:?}");
    }
}

/// The seconds of the day of an instant such as 2026-01-01T12:34:56.789Z.
fn seconds(at: &str) -> f64 {
    let (_, time) = at.trim_end_matches('Z').split_once('T').unwrap();
    let parts = time.split(':').map(|part| part.parse::<f64>().unwrap());
    parts.fold(0.0, |sum, part| sum * 60.0 + part)
}
