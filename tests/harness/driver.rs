//! WebKit's own driver, which drives a window from outside.

use std::fs::{self, File};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::process::{Background, PATIENCE, eventually};
use crate::session::DesktopSession;
use crate::window::LOG;

/// Starts it, and gives it with the port that it listens on.
pub(crate) fn start(session: &DesktopSession, variables: &[(&str, String)]) -> (Background, u16) {
    // Another program may take the port before the driver does, and then the driver ends.
    for _ in 0..5 {
        let port = free_port();
        let mut driver = Background::start(&mut command(session, variables, port));
        let mut listens = false;
        let known = eventually(PATIENCE, || {
            listens = is_of(driver.child().id(), port);
            listens || !driver.is_running()
        });
        if listens {
            return (driver, port);
        }
        assert!(known, "WebKitWebDriver does not listen on port {port}");
    }
    let said = fs::read_to_string(session.environment().folder(LOG)).unwrap_or_default();
    panic!("WebKitWebDriver ended before it listened, again and again:\n{said}")
}

fn command(session: &DesktopSession, variables: &[(&str, String)], port: u16) -> Command {
    let mut command = session.command("WebKitWebDriver");
    command.arg(format!("--port={port}"));
    // The driver hands its environment on to the program that it starts.
    command
        .env("TAURI_WEBVIEW_AUTOMATION", "true")
        .env("TAURI_AUTOMATION", "true");
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    // A file in the session, where tests that search for secrets look too. A pipe of the test's would also be held
    // open by the web view's processes for a moment after the test.
    let log = File::options()
        .append(true)
        .create(true)
        .open(session.environment().folder(LOG))
        .expect("the session's folder can be written");
    let shared = log.try_clone().expect("a file can be shared");
    command.stdin(Stdio::null()).stdout(shared).stderr(log);
    command
}

/// A port that nobody has at this moment. The driver cannot choose one by itself.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    listener.local_addr().expect("it is bound").port()
}

/// Whether it is this program that listens on this port, and not another one, which may be a driver too.
fn is_of(program: u32, port: u16) -> bool {
    const LISTENS: &str = "0A";
    let address = format!("0100007F:{port:04X}");
    let sockets = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let inode = sockets.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_it = fields.get(1) == Some(&address.as_str()) && fields.get(3) == Some(&LISTENS);
        is_it.then(|| fields.get(9).copied()).flatten()
    });
    let Some(socket) = inode.map(|inode| format!("socket:[{inode}]")) else {
        return false;
    };
    let open = fs::read_dir(format!("/proc/{program}/fd"));
    open.is_ok_and(|open| {
        let mut targets = open
            .flatten()
            .filter_map(|file| fs::read_link(file.path()).ok());
        targets.any(|target| target.to_str() == Some(&socket))
    })
}
