//! Builds the app and opens it, with a practice server to sign in to and a home of its own.

mod practice;
mod sections;

use std::env;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};

use self::practice::Practice;
use crate::command::{asked, cargo, command, npm};
use crate::place;
use crate::setup::{self, Purpose};

/// Set up, build, open, wait.
pub(crate) fn run() -> Result<()> {
    setup::setup(Purpose::Run)?;
    npm("ui", &["run", "--silent", "build"])?;
    // All programs in one go, so that their dependencies are compiled once. This program is left out: it is running.
    cargo(&["build", "--workspace", "--exclude", "xtask", "--bins"])?;

    let home = place::cache()?.join("practice-home");
    if cfg!(target_os = "linux") {
        need_a_screen()?;
        look_for_a_keychain();
    }
    // What a run that was broken off has left connected to a server that is gone.
    disconnect(&home)?;
    let practice = Practice::start(&home)?;
    say_what_to_try(&home)?;
    let mut app = command(
        &place::program("keyfob-desktop")?.display().to_string(),
        &[],
    );
    let status = app
        .env("KEYFOB_HOME", &home)
        .stdin(Stdio::null())
        .status()
        .context("the app could not be started")?;
    disconnect(&home)?;
    practice.stop()?;
    if !status.success() {
        bail!("the app ended with an error ({status})");
    }
    Ok(())
}

/// Takes back what practice accounts were given to: the tools are real ones, and must not be left with a server that
/// has ended.
fn disconnect(home: &Path) -> Result<()> {
    if !home.join("connections.json").exists() {
        return Ok(());
    }
    let keyfob = place::program("keyfob")?.display().to_string();
    let mut all = command(&keyfob, &["disconnect", "--all"]);
    let status = all.env("KEYFOB_HOME", home).status()?;
    if !status.success() {
        println!(
            "`keyfob connections` with KEYFOB_HOME={} lists what is still connected.",
            home.display()
        );
    }
    Ok(())
}

fn say_what_to_try(home: &Path) -> Result<()> {
    let (home, keyfob) = (home.display(), place::program("keyfob")?);
    println!(
        "
Keyfob opens now. Everything in it is practice: its home is {home},
and its items in your keychain have a name of their own.

Try: sign in with the practice server, agree in the browser, and watch the account appear.
The same accounts with the command, in another terminal:

  KEYFOB_HOME='{home}' '{}' accounts

The tools under Connections are your real ones. What you connect there is taken back when this ends.
This ends when you close the window; where Keyfob stays in the tray, when you choose Quit Keyfob there.
",
        keyfob.display()
    );
    Ok(())
}

/// Fails, with the line to type, where no window could open.
fn need_a_screen() -> Result<()> {
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    if set("DISPLAY") || set("WAYLAND_DISPLAY") {
        return Ok(());
    }
    let keyrings = place::cache()?.join("practice-keyrings");
    bail!(
        "everything is built, but there is no screen here to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is \
         set). Run it in your desktop session; or on a screen that nobody sees, with a keychain of its own (Debian \
         packages xvfb, xauth, dbus and gnome-keyring):\n\n  XDG_DATA_HOME='{}' xvfb-run -a dbus-run-session -- \
         sh -c 'printf practice | gnome-keyring-daemon --unlock --components=secrets && cargo xtask run'",
        keyrings.display()
    );
}

/// Says what it means where there is nowhere to keep secrets. The app can be looked at all the same.
fn look_for_a_keychain() {
    let ping = [
        "call",
        "--session",
        "--timeout",
        "5",
        "--dest",
        "org.freedesktop.secrets",
        "--object-path",
        "/org/freedesktop/secrets",
        "--method",
        "org.freedesktop.DBus.Peer.Ping",
    ];
    if place::on_path("gdbus").is_some() && asked("gdbus", &ping).is_none() {
        println!(
            "\nNo Secret Service answers in this session, so Keyfob has nowhere to keep a secret and will say so \
             instead of signing in.\nDesktops bring one; where yours does not, install gnome-keyring and log in anew."
        );
    }
}
