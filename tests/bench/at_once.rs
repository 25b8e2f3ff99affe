//! 64 processes at once on one account whose token has ended: how long after the server's own time the last one has its
//! answer.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::{Duration, Instant};

use keyfob_tests::{DesktopSession, Home, Keyring, MockProvider, http};
use serde_json::json;

use crate::measure::{beside, median};

const PROCESSES: usize = 64;
/// How long the server takes, so that all of them are there before it answers.
const SERVER: Duration = Duration::from_millis(500);

pub(crate) fn sixty_four_at_once() {
    let session = DesktopSession::start(Keyring::Unlocked);
    let mock = MockProvider::start(&["--auto", "agree"]);
    let home = Home::new(&session, "home", mock.config_block());
    mock.post("/control/access_ttl", &json!({ "seconds": 0 }));
    let mut login = session.keyfob(&home, &["login", "--no-browser"]).spawn();
    let waiting = |line: &str| line.contains("Waiting for your browser");
    let lines = login.stderr.until(Duration::from_secs(30), waiting);
    let url = lines
        .iter()
        .find(|line| line.contains("response_type=code"));
    http::browse(url.unwrap().trim());
    login.wait(Duration::from_secs(30)).expect_code(0);

    let (mut after_server, mut alone) = (Vec::new(), Vec::new());
    for round in 0..7 {
        // As many that have nothing to wait for: what starting them takes by itself.
        mock.post("/control/access_ttl", &json!({ "seconds": 28_800 }));
        ask(&session, &home, &["refresh"], 1);
        let start = Instant::now();
        assert_eq!(ask(&session, &home, &["token"], PROCESSES).len(), 1);
        let fresh = start.elapsed();
        // A token that has ended when it comes.
        mock.post("/control/access_ttl", &json!({ "seconds": 0 }));
        ask(&session, &home, &["refresh"], 1);
        mock.post("/control/access_ttl", &json!({ "seconds": 28_800 }));
        let slow =
            json!({ "on": "refresh", "kind": { "slow_ms": SERVER.as_millis() }, "times": 1 });
        mock.fault(&slow);
        let before = mock.count("refreshes");
        let start = Instant::now();
        assert_eq!(
            ask(&session, &home, &["token"], PROCESSES).len(),
            1,
            "all got the same"
        );
        let took = start.elapsed();
        assert_eq!(mock.count("refreshes"), before + 1, "it was renewed once");
        if round > 0 {
            after_server.push(took.saturating_sub(SERVER).as_secs_f64());
            alone.push(fresh.as_secs_f64());
        }
    }
    println!(
        "| 64 processes at once, token ended: last answer after the server's {} ms | {:.0} ms | 64 at once with a fresh token {:.0} ms | |",
        SERVER.as_millis(),
        median(&mut after_server) * 1e3,
        median(&mut alone) * 1e3,
    );
}

/// Starts so many at once, waits for all, and gives the different answers.
fn ask(
    session: &DesktopSession,
    home: &Home,
    arguments: &[&str],
    count: usize,
) -> BTreeSet<String> {
    let start = || {
        let mut command = session.command(beside("keyfob"));
        command.args(arguments).env("KEYFOB_HOME", home.path());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let children: Vec<_> = (0..count).map(|_| start()).collect();
    let answer = |child: std::process::Child| {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    children.into_iter().map(answer).collect()
}
