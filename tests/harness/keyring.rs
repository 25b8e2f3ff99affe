//! GNOME's keyring daemon in a session.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Stdio;

use crate::environment::Environment;
use crate::process::{Background, PATIENCE};
use crate::secret_service;

/// The password of the login keyring. It must not be empty, or nothing is encrypted and nothing can be locked.
pub const PASSWORD: &str = "test-pw";

/// A running daemon that owns `org.freedesktop.secrets`.
#[derive(Debug)]
pub struct KeyringDaemon(Background);

impl KeyringDaemon {
    /// With the login keyring open; it is made where there is none.
    pub fn unlocked(environment: &Environment) -> Self {
        Self::start(environment, true)
    }

    /// With the login keyring of an earlier daemon, closed. A dialog would ask for [`PASSWORD`].
    pub fn locked(environment: &Environment) -> Self {
        Self::start(environment, false)
    }

    fn start(environment: &Environment, unlock: bool) -> Self {
        let mut command = environment.command("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]);
        if unlock {
            command.arg("--unlock");
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut daemon = Background::start(&mut command);
        let mut input = daemon.child().stdin.take().expect("it is piped");
        if unlock {
            input
                .write_all(PASSWORD.as_bytes())
                .expect("the daemon reads its password");
        }
        drop(input);
        assert!(
            secret_service::answers_within(environment, PATIENCE),
            "gnome-keyring-daemon did not take org.freedesktop.secrets"
        );
        Self(daemon)
    }

    /// Ends it; what was stored stays in the session's folder.
    pub fn stop(self) {
        self.0.stop();
    }
}

/// What D-Bus starts where somebody asks for the Secret Service and there is none: another daemon, as long as the
/// session wants one.
pub fn starter(environment: &Environment) -> String {
    let (wanted, starts) = (wanted_file(environment), starts_file(environment));
    let (wanted, starts) = (wanted.display(), starts.display());
    let daemon = "gnome-keyring-daemon --foreground --components=secrets";
    format!(
        "#!/bin/sh\necho started >>'{starts}'\ncase $(cat '{wanted}') in\nunlocked) printf %s '{PASSWORD}' | {daemon} --unlock ;;\nlocked) {daemon} </dev/null ;;\n*) exit 1 ;;\nesac\n"
    )
}

/// GNOME's daemon itself breaks down now and then, when a client comes or goes at the wrong moment. A desktop starts it
/// again, and so does a session from now on; none is started where that is left out.
pub fn restart(environment: &Environment, state: Option<&str>) {
    let state = state.unwrap_or_default();
    fs::write(wanted_file(environment), state).expect("the session's folder can be written");
}

/// How often D-Bus has started a daemon, because the one before had broken down or been ended.
pub fn starts(environment: &Environment) -> usize {
    let started = fs::read_to_string(starts_file(environment)).unwrap_or_default();
    started.lines().count()
}

fn starts_file(environment: &Environment) -> PathBuf {
    environment.folder("keyring-starts")
}

fn wanted_file(environment: &Environment) -> PathBuf {
    environment.folder("keyring-wanted")
}

/// Gives the running daemon its password over its control socket, as PAM does at log-in.
pub fn unlock(environment: &Environment) {
    const UNLOCK: u32 = 1;
    let path = environment.folder("run").join("keyring").join("control");
    let mut socket = UnixStream::connect(path).expect("the daemon listens");
    let length = u32::try_from(PASSWORD.len()).expect("a short password");
    // One byte that carries the credentials, then length of all, operation, length of the password, password.
    let mut packet = vec![0];
    packet.extend((12 + length).to_be_bytes());
    packet.extend(UNLOCK.to_be_bytes());
    packet.extend(length.to_be_bytes());
    packet.extend(PASSWORD.as_bytes());
    socket.write_all(&packet).expect("the daemon reads");
    let mut answer = [0; 8];
    socket.read_exact(&mut answer).expect("the daemon answers");
    assert_eq!(answer[4..], [0; 4], "the daemon did not take the password");
}
