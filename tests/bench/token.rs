//! `keyfob token` of a fresh credential: beside `secret-tool lookup` of the same secret, and beside a bare ping of the
//! same service.

use std::process::{Command, Stdio};

use keyfob_tests::{DesktopSession, Home, Keyring};

use crate::measure::{beside, median, peak, wall};

pub(crate) fn token_beside_others() {
    let session = DesktopSession::start(Keyring::Unlocked);
    let home = Home::new(&session, "home", "");
    let keyfob = |arguments: &[&str]| {
        let mut command = session.command(beside("keyfob"));
        command.args(arguments).env("KEYFOB_HOME", home.path());
        command
    };
    let mut add = keyfob(&["add-key", "--no-verify"]);
    let mut adding = add
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(
        &mut adding.stdin.take().unwrap(),
        b"sk-ant-api03-bench-0000",
    )
    .unwrap();
    assert!(adding.wait().unwrap().success());
    let item = session.all_secrets().swap_remove(0);

    let mut ours = keyfob(&["token"]);
    let mut theirs = session.command("secret-tool");
    theirs.args([
        "lookup",
        "service",
        &item.service,
        "username",
        &item.username,
    ]);
    let mut ping = session.command("dbus-send");
    ping.args([
        "--session",
        "--print-reply",
        "--dest=org.freedesktop.secrets",
    ]);
    ping.args(["/org/freedesktop/secrets", "org.freedesktop.DBus.Peer.Ping"]);
    pairs(
        ("`keyfob token`, fresh", &mut ours),
        ("`secret-tool lookup`", &mut theirs),
    );
    pairs(
        ("`keyfob token`, fresh", &mut ours),
        ("a bare D-Bus ping (`dbus-send`)", &mut ping),
    );
    let connected = keyfob(&["connect", "command"]).output().unwrap();
    let line = String::from_utf8(connected.stdout).unwrap();
    let (_, id) = line.trim().rsplit_once(' ').unwrap();
    let mut helper = keyfob(&["helper", id]);
    pairs(
        ("`keyfob helper`, fresh", &mut helper),
        ("`keyfob token`", &mut ours),
    );
    let mut run = keyfob(&["run", "--quiet", "--", "true"]);
    pairs(
        ("`keyfob run -- true`", &mut run),
        ("`keyfob token`", &mut ours),
    );
    println!(
        "| `keyfob token`, peak memory | {:.1} MiB | `secret-tool lookup` {:.1} MiB | |",
        peak(&mut ours),
        peak(&mut theirs)
    );
}

/// One after the other, again and again, so that what slows the machine slows both.
fn pairs((name, ours): (&str, &mut Command), (other, theirs): (&str, &mut Command)) {
    let (mut a, mut b, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..45 {
        let (x, y) = (wall(ours), wall(theirs));
        // The first rounds fill the caches of the file system.
        if round >= 5 {
            a.push(x);
            b.push(y);
            ratios.push(x / y);
        }
    }
    println!(
        "| {name}, wall time | {:.1} ms | {other} {:.1} ms | {:.2} |",
        median(&mut a) * 1e3,
        median(&mut b) * 1e3,
        median(&mut ratios)
    );
}
