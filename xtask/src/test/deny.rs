//! Dependencies: licences and sources always, known vulnerabilities where the database can be had.

use std::io::Read as _;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::command::{cargo, command};

/// Time enough to fetch the database anew over a slow line; where a firewall swallows packets git would wait longer.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) fn check() -> Result<()> {
    cargo(&[
        "deny",
        "--workspace",
        "--all-features",
        "check",
        "bans",
        "licenses",
        "sources",
    ])?;
    match fetch()? {
        Ok(()) => cargo(&[
            "deny",
            "--workspace",
            "--all-features",
            "check",
            "--disable-fetch",
            "advisories",
        ]),
        Err(why) => {
            println!(
                "NOT CHECKED: known vulnerabilities (cargo deny check advisories), since their database cannot be reached: {why}"
            );
            Ok(())
        }
    }
}

/// Fetches the database of advisories; the inner error says why there is none.
fn fetch() -> Result<Result<(), String>> {
    let mut fetching = command("cargo", &["deny", "fetch", "db"])
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cargo deny could not be started")?;
    let words = thread::spawn({
        let mut errors = fetching.stderr.take();
        move || {
            let mut words = String::new();
            // What cannot be read is only missing from the reason.
            let _ = errors
                .as_mut()
                .map(|errors| errors.read_to_string(&mut words));
            words
        }
    });
    if !ended(&mut fetching)? {
        fetching.kill()?;
        fetching.wait()?;
        return Ok(Err(format!("no answer within {} s", PATIENCE.as_secs())));
    }
    if fetching.wait()?.success() {
        return Ok(Ok(()));
    }
    let words = words.join().unwrap_or_default();
    let last = words.lines().rev().find(|line| !line.trim().is_empty());
    Ok(Err(last.unwrap_or("git did not say why").to_owned()))
}

fn ended(child: &mut Child) -> Result<bool> {
    let end = Instant::now() + PATIENCE;
    while child.try_wait()?.is_none() {
        if Instant::now() > end {
            return Ok(false);
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(true)
}
