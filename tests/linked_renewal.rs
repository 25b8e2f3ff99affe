//! Claude Code and `ant` renew their own sessions when Keyfob asks them to, once, and nobody breaks that off.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use keyfob::Limits;
use keyfob_tests::PATIENCE;
use keyfob_tests::linked::{World, now};
use keyfob_tests::process::{eventually, has_open};
use keyfob_tests::stand_in::as_it_lies;
use rustix::process::Signal;
use serde_json::{Value, json};

/// How long Keyfob waits for `ant`.
const PATIENCE_WITH_ANT: Duration = Duration::from_secs(40);

/// Plays a round again where this computer stood still in it for longer than Keyfob waits for others, so that nothing
/// can be told from it.
fn in_time(round: impl Fn() -> bool) {
    let told = (0..4).any(|_| round());
    assert!(told, "this computer stood still again and again");
}

#[test]
fn claude_code_renews_its_own_session_when_it_is_asked() {
    let world = World::default();
    world.plant_claude(&world.claude(), -60);
    world
        .keyfob(&["link", "claude-code", "--label", "Mine"])
        .expect_code(0);
    assert_eq!(world.state("Mine"), "renews_when_asked");
    world.keyfob(&["refresh", "Mine"]).expect_code(0);
    assert_eq!(world.state("Mine"), "fresh");
    let calls = world.programs.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(
        calls[0]["args"],
        json!(["-p", ".", "--model", "claude-haiku-4-5"])
    );
    assert_eq!(calls[0]["folder"], world.claude().to_str().unwrap());
    // One that is good is left as it is, and that is said.
    let before = world.theirs();
    let output = world.keyfob(&["refresh", "Mine"]).expect_code(0);
    assert!(
        output.stderr.contains("did not renew it yet"),
        "{output:#?}"
    );
    assert_eq!(world.theirs(), before);
}

#[test]
fn a_session_that_stays_expired_names_the_cure() {
    let world = World::default();
    world.plant_claude(&world.claude(), -60);
    world
        .keyfob(&["link", "claude-code", "--label", "Mine"])
        .expect_code(0);
    let before = world.theirs();
    for (end, code, calls, words, state) in [
        (
            "unreachable",
            5,
            1,
            "could not reach its server",
            "renewal_failing",
        ),
        (
            "broken",
            1,
            1,
            "could not make the request",
            "renewal_failing",
        ),
        ("stays", 3, 1, "claude auth login", "sign_in_again"),
        // Refused once may be a passing fault, so it is tried once more.
        ("refused", 3, 2, "claude auth login", "sign_in_again"),
        ("revoked", 3, 2, "claude auth login", "sign_in_again"),
    ] {
        world.programs.plan(&json!({ "renew": { "end": end } }));
        let called = world.programs.calls().len();
        let output = world.keyfob(&["refresh", "Mine"]).expect_code(code);
        assert!(output.stderr.contains(words), "{end}: {output:#?}");
        assert_eq!(world.programs.calls().len(), called + calls, "{end}");
        assert_eq!(world.state("Mine"), state, "{end}");
        assert_eq!(world.theirs(), before, "{end}");
    }
    // A new sign-in cures it, in the same place and under the same name.
    world.programs.plan(&json!({}));
    world
        .sign_in(&["login", "--account", "Mine"])
        .expect_code(0);
    assert_eq!(world.state("Mine"), "fresh");
    let accounts = world.keyfob(&["accounts", "--json"]).stdout;
    assert_eq!(
        serde_json::from_str::<Vec<Value>>(&accounts).unwrap().len(),
        1
    );
    assert_eq!(
        world.programs.calls().last().unwrap()["folder"],
        world.claude().to_str().unwrap()
    );
}

#[test]
fn a_session_that_was_revoked_before_its_time_is_said_to_be_over() {
    let world = World::default();
    world.plant_claude(&world.claude(), 3_600);
    world
        .keyfob(&["link", "claude-code", "--label", "Mine"])
        .expect_code(0);
    world
        .programs
        .plan(&json!({ "renew": { "end": "revoked" } }));
    world.keyfob(&["refresh", "Mine"]).expect_code(3);
    assert_eq!(world.state("Mine"), "sign_in_again");
    // Once Claude Code has another one, that is forgotten.
    world.plant_claude(&world.claude(), 7_200);
    assert_eq!(world.state("Mine"), "fresh");
}

#[test]
fn many_who_ask_at_once_make_one_request() {
    in_time(|| {
        let world = World::default();
        world.plant_claude(&world.claude(), -60);
        world
            .keyfob(&["link", "claude-code", "--label", "Mine"])
            .expect_code(0);
        let id = world.status("Mine")["id"].as_str().unwrap().to_owned();
        let lock = world.home.file("locks").join(format!("{id}.lock"));
        world.programs.plan(&json!({ "renew": { "end": "slow" } }));
        let asks = |_| {
            let call = world.session.keyfob(&world.home, &["refresh", "Mine"]);
            call.spawn_held()
        };
        let mut asking: Vec<_> = (0..4).map(asks).collect();
        let begun = Instant::now();
        asking.iter_mut().for_each(|call| call.let_go());
        // Each has seen the old session by the time it waits for its turn.
        let all_wait = eventually(Limits::default().lock, || {
            asking.iter_mut().all(|call| has_open(call.pid(), &lock))
        });
        fs::write(world.programs.folder().join("go"), "").unwrap();
        let ended = asking.into_iter().map(|call| call.wait(PATIENCE));
        let outputs: Vec<_> = ended.map(|output| world.checked(output)).collect();
        if begun.elapsed() >= Limits::default().lock {
            return false;
        }
        assert!(all_wait, "{outputs:#?}");
        for output in outputs {
            output.expect_code(0);
        }
        assert_eq!(world.programs.calls().len(), 1);
        true
    });
}

#[test]
fn nothing_is_renewed_in_the_background_unless_the_person_switched_it_on() {
    for (config, calls) in [("", 0), ("[claude_code]\nrenew_in_background = true\n", 1)] {
        let world = World::with(config);
        world.plant_claude(&world.claude(), -60);
        world
            .keyfob(&["link", "claude-code", "--label", "Mine"])
            .expect_code(0);
        world.keyfob(&["refresh", "--all"]).expect_code(0);
        assert_eq!(world.programs.calls().len(), 0);
        world.keyfob(&["watch", "--once"]);
        assert_eq!(world.programs.calls().len(), calls, "{config}");
        // One that could not be renewed is left alone for a while.
        world.plant_claude(&world.claude(), -30);
        world
            .programs
            .plan(&json!({ "renew": { "end": "unreachable" } }));
        world.keyfob(&["watch", "--once"]);
        world.keyfob(&["watch", "--once"]);
        assert_eq!(world.programs.calls().len(), 2 * calls, "{config}");
    }
}

#[test]
fn whoever_leaves_during_a_renewal_does_not_break_it_off() {
    let world = World::default();
    world.plant_claude(&world.claude(), -60);
    world
        .keyfob(&["link", "claude-code", "--label", "Mine"])
        .expect_code(0);
    world.programs.plan(&json!({ "renew": { "end": "hangs" } }));
    let mut call = world
        .session
        .keyfob(&world.home, &["refresh", "Mine"])
        .spawn();
    assert!(eventually(PATIENCE, || world.left_over().len() == 1));
    call.signal(Signal::INT);
    thread::sleep(Duration::from_millis(500));
    assert!(
        call.is_running(),
        "Claude Code may just have spent its refresh token"
    );
    assert_eq!(world.left_over().len(), 1);
}

#[test]
fn whoever_leaves_while_ant_renews_does_not_break_it_off() {
    let world = World::default();
    world.plant_profile("work", 3_600);
    world
        .keyfob(&["link", "anthropic-profile", "--label", "Work"])
        .expect_code(0);
    world.programs.plan(&json!({ "renew": { "end": "slow" } }));
    let credentials = world.anthropic().join("credentials/work.json");
    let go = world.programs.folder().join("go");
    let leaves = |signal: Signal| {
        world.plant_profile("work", -60);
        let begun = Instant::now();
        let call = ["token", "Work"];
        let mut call = world.session.keyfob(&world.home, &call).spawn();
        assert!(
            eventually(PATIENCE, || !credentials.exists()),
            "ant was not asked"
        );
        call.signal(signal);
        // In this time it hears the signal; where ant was done before that, it ends as if nobody had left.
        thread::sleep(Duration::from_millis(500));
        fs::write(&go, "").unwrap();
        let output = call.wait(PATIENCE);
        world.expect_none_left();
        fs::remove_file(&go).unwrap();
        if begun.elapsed() >= PATIENCE_WITH_ANT || output.code == Some(0) {
            eprintln!("{output:#?}");
            return false;
        }
        let output = world.checked(output);
        assert_eq!(output.code, Some(128 + signal.as_raw()), "{output:#?}");
        let written = fs::read_to_string(&credentials).expect("ant has written the new token");
        let written: Value = serde_json::from_str(&written).unwrap();
        assert!(written["expires_at"].as_i64().unwrap() > now());
        true
    };
    for signal in [Signal::TERM, Signal::INT] {
        in_time(|| leaves(signal));
    }
}

#[test]
fn a_list_that_cannot_be_written_keeps_no_token_back() {
    let world = World::default();
    world.plant_profile("work", 3_600);
    world
        .keyfob(&["link", "anthropic-profile", "--label", "Work"])
        .expect_code(0);
    let list = world.home.file("accounts.json");
    let lies = || as_it_lies(&[&list]);
    let before = lies();
    world.keyfob(&["token", "Work"]).expect_code(0);
    assert_eq!(lies(), before, "nothing new was seen");
    let lock = world.home.file("locks/accounts.lock");
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    world.plant_profile("work", 7_200);
    let output = world.keyfob(&["token", "Work"]).expect_code(0);
    assert_eq!(output.stdout, "sk-ant-oat01-HANDED-ON\n");
    assert_eq!(lies(), before);
    fs::remove_dir(&lock).unwrap();
    world.keyfob(&["token", "Work"]).expect_code(0);
    assert_ne!(lies(), before, "the end is another one");
}
