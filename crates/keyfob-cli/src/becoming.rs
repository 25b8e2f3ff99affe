//! Becoming another program.

use std::io::ErrorKind;
use std::process::{Command, ExitCode};

use keyfob::{Code, Error};

use crate::io::Io;
use crate::words;

/// Ends this program by becoming the other one: the same process, so that signals, the terminal and the exit code are
/// its own. Comes back only where that is not possible, with the exit code that shells use.
#[cfg(unix)]
pub(crate) fn become_it(mut command: Command, io: &mut Io) -> ExitCode {
    use std::os::unix::process::CommandExt as _;

    let error = command.exec();
    not_started(&command, &error, io)
}

/// Runs the other program to its end, and ends as it did. Ctrl-C goes to all programs of a console: it is the other
/// one's to heed, and this one only waits.
#[cfg(windows)]
pub(crate) fn become_it(command: Command, io: &mut Io) -> ExitCode {
    use tokio::signal::windows::{ctrl_break, ctrl_c};

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let _entered = runtime.as_ref().map(tokio::runtime::Runtime::enter);
    // As long as these are listened to, the system does not end this program.
    let _heard = runtime.is_ok().then(|| (ctrl_c(), ctrl_break()));
    let mut found = with_ending(command, io);
    match found.status() {
        // An exit code has more than eight bits here.
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => not_started(&found, &error, io),
    }
}

/// The same command, with its program looked for as a Windows shell does: with the endings that name programs. What npm
/// installs ends in `.cmd`, which is not found otherwise.
#[cfg(windows)]
fn with_ending(command: Command, io: &Io) -> Command {
    use std::path::{Path, PathBuf};

    let program = Path::new(command.get_program());
    let is_plain = program.components().count() == 1 && program.extension().is_none();
    let path = (io.variable)("PATH").unwrap_or_default();
    let found = is_plain.then(|| {
        std::env::split_paths(&path)
            .flat_map(|folder| {
                [".exe", ".cmd", ".bat"].map(|ending| {
                    let mut name = program.as_os_str().to_owned();
                    name.push(ending);
                    folder.join(name)
                })
            })
            .find(|file: &PathBuf| file.is_file())
    });
    let Some(found) = found.flatten() else {
        return command;
    };
    let mut other = Command::new(found);
    other.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => other.env(name, value),
            None => other.env_remove(name),
        };
    }
    other
}

fn not_started(command: &Command, error: &std::io::Error, io: &mut Io) -> ExitCode {
    let program = command.get_program().to_string_lossy();
    let (code, message, cure) = match error.kind() {
        ErrorKind::NotFound => (
            127,
            format!("There is no program {program} here."),
            "Check its name, and that PATH leads to it.",
        ),
        ErrorKind::PermissionDenied => (
            126,
            format!("{program} is no program that you may run."),
            "Make the file executable, or name another one.",
        ),
        _ => (
            126,
            format!("{program} could not be started."),
            "Check that it is a program for this computer.",
        ),
    };
    let error = Error::new(Code::Failed, message, cure).detail(error.to_string());
    io.say(&format!("keyfob: {}\n", words::error(&error)));
    ExitCode::from(code)
}
