//! Debian and Ubuntu: installs what is missing.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::command::{asked, command, run};
use crate::place;
use crate::setup::elsewhere;
use crate::setup::packages::Need;

/// Installs the packages that are not there.
pub(crate) fn install(needs: &[&Need], release: &str) -> Result<()> {
    let missing: Vec<&Need> = needs
        .iter()
        .copied()
        .filter(|need| !is_there(need, release))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("Keyfob needs these Debian packages, which are not installed yet:");
    for need in &missing {
        println!("  {:<24} {}", need.debian, need.reason);
    }
    if is_snap(release, &missing) {
        bail!(
            "on Ubuntu the package chromium is a snap, which cannot run inside the tests. Install Google Chrome or a \
             Chromium that is no snap by hand, and try again"
        );
    }
    let names: Vec<&str> = missing.iter().map(|need| need.debian).collect();
    let by_hand = format!(
        "sudo apt-get install --no-install-recommends {}",
        names.join(" ")
    );
    let update = as_root(&["apt-get", "update", "--quiet"])
        .with_context(|| format!("install them by hand: {by_hand}"))?;
    run(update)?;
    let mut arguments = vec![
        "apt-get",
        "install",
        "--yes",
        "--quiet",
        "--option=Dpkg::Use-Pty=0",
        "--no-install-recommends",
    ];
    arguments.extend(names);
    let install = as_root(&arguments)?;
    run(install).with_context(|| format!("the packages could not be installed. By hand: {by_hand}"))
}

/// A command with the rights of root. The person may be asked for a password by sudo, at the terminal.
fn as_root(arguments: &[&str]) -> Result<Command> {
    // The name and its value are given as an argument, since sudo clears the environment.
    let quiet = "DEBIAN_FRONTEND=noninteractive";
    if asked("id", &["-u"]).as_deref() == Some("0") {
        let mut all = vec![quiet];
        all.extend(arguments);
        return Ok(command("env", &all));
    }
    if place::on_path("sudo").is_none() {
        bail!("this takes the rights of root, and there is no sudo");
    }
    println!("This takes the rights of root: sudo may ask for your password.");
    let mut all = vec!["env", quiet];
    all.extend(arguments);
    Ok(command("sudo", &all))
}

fn is_there(need: &Need, release: &str) -> bool {
    // A snap counts as installed by its package, and a browser from elsewhere does not.
    if need.debian == "chromium" && release == "ubuntu" {
        return elsewhere::shows(need);
    }
    let mut query = command(
        "dpkg-query",
        &["--show", "--showformat=${db:Status-Status}", need.debian],
    );
    let output = query.stdin(Stdio::null()).stderr(Stdio::null()).output();
    output.is_ok_and(|output| output.stdout == b"installed")
}

fn is_snap(release: &str, missing: &[&Need]) -> bool {
    release == "ubuntu" && missing.iter().any(|need| need.debian == "chromium")
}
