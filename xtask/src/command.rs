//! Runs other programs from the top of the tree.

use std::env;
use std::ffi::OsStr;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::place;

/// A program with its arguments, to be run in the top folder. Our own tools are found too.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let path = place::on_path(program);
    let mut command = Command::new(
        path.as_deref()
            .map_or(OsStr::new(program), |path| path.as_os_str()),
    );
    command.args(arguments).current_dir(place::root());
    // Cargo looks for its subcommands on PATH.
    let path = env::var_os("PATH").unwrap_or_default();
    let places = env::split_paths(&path).chain(place::tools().map(|tools| tools.join("bin")));
    if let Ok(path) = env::join_paths(places) {
        command.env("PATH", path);
    }
    command
}

/// Says what it runs, runs it, and fails where it does.
pub(crate) fn run(mut command: Command) -> Result<()> {
    let words = words(&command);
    println!("$ {words}");
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("{words} could not be started"))?;
    if !status.success() {
        bail!("`{words}` failed ({status})");
    }
    Ok(())
}

/// Cargo.
pub(crate) fn cargo(arguments: &[&str]) -> Result<()> {
    run(command("cargo", arguments))
}

/// npm in a folder of the tree.
pub(crate) fn npm(folder: &str, arguments: &[&str]) -> Result<()> {
    let mut command = command("npm", arguments);
    command.current_dir(place::root().join(folder));
    run(command)
}

/// What a program writes; none where it fails or is not there.
pub(crate) fn asked(program: &str, arguments: &[&str]) -> Option<String> {
    let output = command(program, arguments)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A command as one would type it in its folder.
fn words(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_stem().unwrap_or(program.as_os_str());
    let mut words = vec![name.to_string_lossy().into_owned()];
    for argument in command.get_args().map(OsStr::to_string_lossy) {
        let plain = |c: char| c.is_alphanumeric() || "-_./=:@,+…".contains(c);
        words.push(if argument.chars().all(plain) {
            argument.into_owned()
        } else {
            format!("'{argument}'")
        });
    }
    words.join(" ")
}
