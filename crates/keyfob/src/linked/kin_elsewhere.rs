//! Ending a program with all that it started. Neither macOS nor Windows makes a browser the child of whoever opens it.

use tokio::process::Command;

/// What is left of a group after its first program ended can still be ended by the number of the group, which nobody
/// else gets as long as one is left. Windows goes by the number of the program, which somebody else may have by then.
pub(super) const OUTLIVES_ITS_LEADER: bool = cfg!(unix);

#[cfg(windows)]
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

/// Puts a program into a group of its own.
#[cfg(unix)]
pub(super) fn apart(command: &mut Command) {
    command.process_group(0);
}

/// Puts a program into a group of its own, without a console window.
#[cfg(windows)]
pub(super) fn apart(command: &mut Command) {
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x0000_0200;
    command.creation_flags(CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW);
}

/// Asks a program and its kin to end.
#[cfg(unix)]
pub(super) fn ask_to_end(leader: u32, _spares_browser: bool) {
    signal(leader, rustix::process::Signal::TERM);
}

/// Ends a program and its kin at once.
#[cfg(unix)]
pub(super) fn kill(leader: u32, _spares_browser: bool) {
    signal(leader, rustix::process::Signal::KILL);
}

#[cfg(unix)]
fn signal(leader: u32, signal: rustix::process::Signal) {
    let group = i32::try_from(leader)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    // It may be gone already.
    let _ = group.map(|group| rustix::process::kill_process_group(group, signal));
}

/// Windows has no way of asking a program without a window.
#[cfg(windows)]
pub(super) fn ask_to_end(leader: u32, _spares_browser: bool) {
    kill(leader, false);
}

/// Ends a program and its kin at once, and returns when that is done.
#[cfg(windows)]
pub(super) fn kill(leader: u32, _spares_browser: bool) {
    let mut command = std::process::Command::new("taskkill");
    command.args(["/T", "/F", "/PID", &leader.to_string()]);
    // It has a console window of its own otherwise.
    std::os::windows::process::CommandExt::creation_flags(&mut command, CREATE_NO_WINDOW);
    let _ = command
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status();
}
