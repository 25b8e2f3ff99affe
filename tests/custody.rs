//! The keychain, the person and the system get in the way while the server answers a refresh. The refresh token is
//! spent by then, so whatever happens, the renewed one must be kept, and nobody else may be held up for it.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use keyfob_tests::PATIENCE;
use keyfob_tests::process::eventually;
use keyfob_tests::{Custody, Interactive, Output, Window};
use rustix::process::Signal;

/// In the middle of a renewal: the server has been asked, and does not answer before the test lets it.
fn in_the_middle(custody: &Custody) -> Interactive {
    custody.sign_in_with_ended_tokens(&["Work"]);
    renewal_under_way(custody)
}

/// The same, where the token has ended already.
fn renewal_under_way(custody: &Custody) -> Interactive {
    custody.hold_refresh();
    let renewing = custody.keyfob(&["token", "Work"]).spawn();
    custody.wait_for_refreshes(1);
    renewing
}

/// Lets the server answer, which it has not done before.
#[track_caller]
fn let_it_answer(custody: &Custody) {
    assert_eq!(custody.mock.count("refreshes_ok"), 0, "it is under way");
    custody.mock.clear_faults();
}

/// The token is handed out although the keychain did not take it, and that is said.
fn handed_out_with_a_warning(custody: &Custody, renewing: Interactive) -> String {
    let output = renewing.wait(PATIENCE).expect_code(0);
    let words = "The renewed token is kept safe meanwhile";
    assert!(output.stderr.contains(words), "{output:#?}");
    let listed = custody.run(&["accounts"]).expect_code(0);
    assert!(listed.stdout.contains("sealed on disk"), "{listed:#?}");
    assert!(custody.status("Work")["waits_since"].is_string());
    assert_eq!(custody.left_by_renewals().len(), 2, "a note and an answer");
    let token = output.stdout.trim().to_owned();
    assert_eq!(custody.api_says(&token), 200);
    token
}

/// What waited is in the keychain, and nothing else is left of it.
#[track_caller]
fn is_stored(custody: &Custody, token: &str) {
    assert_eq!(custody.stored("Work")["access_token"], token);
    assert_eq!(
        custody.status("Work")["waits_since"],
        serde_json::Value::Null
    );
    custody.expect_refreshes(1);
    let mut happened = custody.happened();
    // A program that writes down first that it waits, and one that does so afterwards, mean the same.
    happened.sort();
    assert_eq!(happened, ["recovered", "renewed", "waiting"]);
    assert_eq!(custody.happened().last().unwrap(), "recovered");
    assert!(custody.left_by_renewals().is_empty());
}

#[test]
fn the_keychain_is_locked_in_the_middle() {
    let custody = Custody::start();
    let renewing = in_the_middle(&custody);
    custody.session.lock_keyring();
    let_it_answer(&custody);
    let token = handed_out_with_a_warning(&custody, renewing);
    let locked = custody.run(&["token", "Work"]).expect_code(4);
    assert!(locked.stderr.contains("locked"), "{locked:#?}");
    custody.session.unlock_keyring();
    assert_ne!(custody.stored("Work")["access_token"], token.as_str());
    assert_eq!(custody.token("Work"), token);
    is_stored(&custody, &token);
}

#[test]
fn the_keychain_is_stopped_in_the_middle() {
    let mut custody = Custody::start();
    let renewing = in_the_middle(&custody);
    custody.session.stop_keyring();
    let_it_answer(&custody);
    let token = handed_out_with_a_warning(&custody, renewing);
    custody.run(&["token", "Work"]).expect_code(4);
    custody.session.start_keyring();
    assert_eq!(custody.token("Work"), token);
    is_stored(&custody, &token);
}

#[test]
fn a_keychain_that_breaks_down_while_it_is_asked_is_asked_again() {
    let custody = Custody::start();
    custody.sign_in("Work");
    let token = custody.token("Work");
    // At each of the calls that a token takes, and at some in between.
    for milliseconds in (0..40).step_by(4) {
        let given = (0..5).find_map(|_| asked_over_a_breakdown(&custody, &token, milliseconds));
        let given = given.expect("one of them is not held up");
        assert_eq!(given.code, Some(0), "after {milliseconds} ms: {given:#?}");
        assert_eq!(given.stdout.trim(), token, "after {milliseconds} ms");
    }
}

/// Asks for the token, and lets the keychain hang and then break down so long afterwards. Nothing comes of it where it
/// took so long that a keychain may be believed to be silent.
fn asked_over_a_breakdown(custody: &Custody, token: &str, milliseconds: u64) -> Option<Output> {
    const SOON: Duration = Duration::from_secs(2);
    // The keychain that came in place of the last one is there: who asks while one is being started gets no answer
    // where that one breaks down.
    assert_eq!(custody.token("Work"), token);
    let asking = custody.keyfob(&["token", "Work"]).spawn();
    thread::sleep(Duration::from_millis(milliseconds));
    let begun = Instant::now();
    custody.session.signal_keyring(Signal::STOP);
    thread::sleep(Duration::from_millis(150));
    custody.session.signal_keyring(Signal::KILL);
    let given = asking.wait(PATIENCE);
    (given.code == Some(0) || begun.elapsed() < SOON).then_some(given)
}

#[test]
fn what_waits_is_handed_out_before_an_older_token_that_still_lives() {
    let custody = Custody::start();
    custody.sign_in("Work");
    let refused = custody.token("Work");
    custody.hold_refresh();
    let mut renewing = custody.keyfob(&["token", "Work", "--refused"]).spawn();
    renewing.type_line(&refused);
    renewing.close_input();
    custody.wait_for_refreshes(1);
    custody.session.lock_keyring();
    let_it_answer(&custody);
    let token = handed_out_with_a_warning(&custody, renewing);
    assert_ne!(token, refused);
    custody.session.unlock_keyring();
    assert_eq!(custody.stored("Work")["access_token"], refused.as_str());
    assert_eq!(custody.token("Work"), token);
    is_stored(&custody, &token);
}

/// Waits until what was renewed is kept on disk because the keychain is locked, then unlocks that, and waits until the
/// program that runs on has stored it by itself.
fn stores_by_itself(custody: &Custody) {
    let sealed = || {
        let left = custody.left_by_renewals();
        left.iter().any(|name| name.ends_with(".age"))
    };
    assert!(eventually(PATIENCE, sealed), "{:#?}", custody.activity());
    assert_eq!(custody.mock.count("refreshes_ok"), 1);
    custody.session.unlock_keyring();
    let stored = eventually(PATIENCE, || custody.left_by_renewals().is_empty());
    assert!(stored, "{:#?}", custody.activity());
    let token = custody.stored("Work")["access_token"].clone();
    let token = token.as_str().expect("it is text");
    assert_eq!(custody.api_says(token), 200);
    let told = eventually(PATIENCE, || {
        custody.happened().contains(&"renewed".to_owned())
    });
    assert!(told, "{:#?}", custody.activity());
    assert_eq!(custody.token("Work"), token);
    custody.expect_refreshes(1);
}

#[test]
fn watch_stores_by_itself_after_the_unlock() {
    let custody = Custody::start();
    custody.sign_in_with_ended_tokens(&["Work"]);
    custody.hold_refresh();
    let mut watch = custody.keyfob(&["watch"]).spawn();
    custody.wait_for_refreshes(1);
    custody.session.lock_keyring();
    let_it_answer(&custody);
    // Nobody is asked for a password from the background, so it gives up for now, and says so.
    let waits = eventually(PATIENCE, || {
        custody.happened().contains(&"waiting".to_owned())
    });
    assert!(waits, "{:#?}", custody.activity());
    stores_by_itself(&custody);
    // What waited is taken away a moment before that is written down.
    let recovered = || custody.happened().last().unwrap() == "recovered";
    assert!(eventually(PATIENCE, recovered), "{:#?}", custody.activity());
    watch.signal(Signal::TERM);
    watch.wait(PATIENCE).expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_stores_by_itself_after_the_unlock() {
    let custody = Custody::with_display();
    custody.sign_in("Work");
    let window = Window::open(&custody.session, &custody.home).await;
    window.wait_for_text("Work").await;
    let id = tokio::task::block_in_place(|| {
        let id = custody.status("Work")["id"].clone();
        custody.hold_refresh();
        custody.access_ttl(1);
        custody.sign_in_again("Work");
        custody.long_access_ttl();
        custody.wait_until_ended("Work");
        id
    });
    // What a click on "Copy token" asks for. The window may have begun by itself. Somebody is there to give a password,
    // so a dialog asks for it while the token lies on disk.
    let copy =
        "window.__TAURI_INTERNALS__.invoke('copy_token', { accountId: arguments[0] }); return true";
    window.run(copy, vec![id]).await;
    tokio::task::block_in_place(|| {
        custody.wait_for_refreshes(1);
        custody.session.lock_keyring();
        let_it_answer(&custody);
        stores_by_itself(&custody);
    });
    window.close().await;
}

#[test]
fn a_signal_in_the_middle_ends_the_program_after_the_token_is_stored() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let custody = Custody::start();
        custody.sign_in_with_ended_tokens(&["Work"]);
        let old = custody.stored("Work");
        let mut renewing = renewal_under_way(&custody);
        renewing.signal(signal);
        let_it_answer(&custody);
        let output = renewing.wait(PATIENCE).expect_code(code);
        assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("", ""));
        let stored = custody.stored("Work");
        for part in ["access_token", "refresh_token"] {
            assert_ne!(stored[part], old[part]);
        }
        assert!(custody.left_by_renewals().is_empty());
        assert_eq!(stored["access_token"], custody.token("Work").as_str());
        assert_eq!(custody.happened(), ["renewed"]);
        custody.expect_refreshes(1);
    }
}

/// Waits until a program has opened the lock of an account, which somebody else holds.
fn comes_to_the_lock(program: &mut Interactive) {
    let open = format!("/proc/{}/fd", program.pid());
    let is_lock = |entry: fs::DirEntry| {
        let file = fs::read_link(entry.path()).unwrap_or_default();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("acct-") && name.ends_with(".lock")
    };
    let has_come = || fs::read_dir(&open).is_ok_and(|all| all.flatten().any(is_lock));
    assert!(eventually(PATIENCE, has_come), "it does not come to it");
}

#[test]
fn signing_out_in_the_middle_leaves_nothing() {
    let custody = Custody::start();
    let renewing = in_the_middle(&custody);
    let mut logout = custody.keyfob(&["logout", "Work"]).spawn();
    comes_to_the_lock(&mut logout);
    let_it_answer(&custody);
    let out = logout.wait(PATIENCE).expect_code(0);
    let words = "revoked at the server, and erased here";
    assert!(out.stderr.contains(words), "{out:#?}");
    // It may have had its token before the sign-out came to its turn; that is revoked, too.
    let output = renewing.wait(PATIENCE);
    assert!(matches!(output.code, Some(0 | 3)), "{output:#?}");
    if output.code == Some(0) {
        assert_eq!(custody.api_says(output.stdout.trim()), 403);
    }
    assert_eq!(custody.mock.count("refreshes_ok"), 1);
    assert_eq!(custody.mock.count("families_revoked"), 1);
    assert_eq!(custody.mock.count("refresh_reuse"), 0);
    assert!(custody.session.all_secrets().is_empty());
    assert!(custody.left_by_renewals().is_empty());
    assert_eq!(custody.run(&["accounts", "--json"]).stdout.trim(), "[]");
    custody.run(&["token", "Work"]).expect_code(3);
}

#[test]
fn another_account_does_not_wait() {
    let custody = Custody::start();
    custody.sign_in_with_ended_tokens(&["Slow", "Quick"]);
    // The first refresh alone is held.
    custody.hold_refresh();
    let mut slow = custody.keyfob(&["token", "Slow"]).spawn();
    custody.wait_for_refreshes(1);
    let quick = custody.token("Quick");
    assert!(slow.is_running());
    assert_eq!(custody.mock.count("refreshes_ok"), 1);
    custody.mock.clear_faults();
    let output = slow.wait(PATIENCE).expect_code(0);
    assert_ne!(output.stdout.trim(), quick);
    custody.expect_refreshes(2);
    assert_eq!(custody.happened(), ["renewed", "renewed"]);
}
