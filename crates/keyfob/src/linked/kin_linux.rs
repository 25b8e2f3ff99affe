//! Ending a program with all that it started, but for one thing: the browser that it opened for a sign-in is the
//! person's, and closing it would close every tab in it.

use std::collections::{HashMap, HashSet};
use std::fs;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Command;

/// What is left of a group after its first program ended can still be found and ended.
pub(super) const OUTLIVES_ITS_LEADER: bool = true;

/// Puts a program into a group of its own.
pub(super) fn apart(command: &mut Command) {
    command.process_group(0);
}

/// Asks a program and its kin to end.
pub(super) fn ask_to_end(leader: u32, spares_browser: bool) {
    signal(leader, spares_browser, Signal::TERM);
}

/// Ends a program and its kin at once.
pub(super) fn kill(leader: u32, spares_browser: bool) {
    signal(leader, spares_browser, Signal::KILL);
}

fn signal(leader: u32, spares_browser: bool, signal: Signal) {
    for pid in kin_of(leader, spares_browser) {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        // It may be gone already.
        let _ = pid.map(|pid| kill_process(pid, signal));
    }
}

/// The group of a program, where it signs in without the browser: without what was given an address to open, and what
/// that started. A program that does not sign in opens none, and what it gives addresses to is its own helper.
fn kin_of(leader: u32, spares_browser: bool) -> Vec<u32> {
    let mut parents = HashMap::new();
    let mut browsers = HashSet::new();
    let Ok(processes) = fs::read_dir("/proc") else {
        return vec![leader];
    };
    for process in processes.flatten() {
        let Some(pid) = process
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let Some((parent, group)) = parent_and_group(pid) else {
            continue;
        };
        if group != leader {
            continue;
        }
        parents.insert(pid, parent);
        if spares_browser && pid != leader && was_given_an_address(pid) {
            browsers.insert(pid);
        }
    }
    let is_browser = |pid: u32| {
        let up = |pid: &u32| parents.get(pid).copied();
        std::iter::successors(Some(pid), up)
            .take(parents.len() + 1)
            .any(|pid| browsers.contains(&pid))
    };
    parents
        .keys()
        .copied()
        .filter(|pid| !is_browser(*pid))
        .collect()
}

/// The fourth and the fifth field of `/proc/PID/stat`; the second is in parentheses and may hold anything.
fn parent_and_group(pid: u32) -> Option<(u32, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(1);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn was_given_an_address(pid: u32) -> bool {
    let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    arguments
        .split(|byte| *byte == 0)
        .any(|argument| argument.starts_with(b"https://") || argument.starts_with(b"http://"))
}
