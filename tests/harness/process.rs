//! Programs in the background.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long anything that is waited for may take. Computers that run tests are slow, and stand still now and then: a
/// test that is right waits for what comes, and this ends only what never does.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// How long is watched that something does not happen.
pub const A_WHILE: Duration = Duration::from_secs(5);

/// A program in the background. It is killed when this is dropped.
#[derive(Debug)]
pub struct Background {
    name: String,
    child: Child,
}

impl Background {
    /// Starts it; a program that is not installed ends the test with its name.
    pub fn start(command: &mut Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        match command.spawn() {
            Ok(child) => Self { name, child },
            Err(error) => panic!(
                "{name} could not be started: {error}. `cargo xtask setup` installs what tests need."
            ),
        }
    }

    /// The running program, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child of ours").is_none()
    }

    /// Asks it to end, and insists after two seconds.
    pub fn stop(mut self) {
        let pid = Pid::from_child(&self.child);
        if self.is_running() && kill_process(pid, Signal::TERM).is_ok() {
            let ended = eventually(Duration::from_secs(2), || !self.is_running());
            if !ended {
                eprintln!("{} did not end when asked", self.name);
            }
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again and again until it is so; false when the time is up.
pub fn eventually(limit: Duration, mut so: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    while !so() {
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
    true
}

/// Whether a process has this file open, as one has the file of a lock that waits for it.
pub fn has_open(pid: u32, file: &Path) -> bool {
    let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    open.flatten()
        .any(|one| fs::read_link(one.path()).is_ok_and(|opened| opened == file))
}

/// Runs a program to its end and gives what it wrote, or ends the test with what it complained about.
pub fn output_of(command: &mut Command) -> String {
    let name = format!("{command:?}");
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{name} could not be started: {error}"));
    assert!(
        output.status.success(),
        "{name} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
