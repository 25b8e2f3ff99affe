//! Systems whose packages are installed by hand: says which.

use anyhow::{Result, bail};

use crate::command::asked;
use crate::place;
use crate::setup::packages::{Need, Sign};
use crate::setup::system::System;

/// Fails, with the command to type, where something is missing.
pub(crate) fn check(needs: &[&Need], system: &System) -> Result<()> {
    match system {
        System::MacOs => return mac_os(),
        System::Windows => return windows(),
        _ => {}
    }
    let missing: Vec<&Need> = needs.iter().copied().filter(|need| !shows(need)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("Keyfob needs these, which were not found:");
    for need in &missing {
        println!("  {:<24} {}", need.debian, need.reason);
    }
    let (install, names): (&str, Vec<&str>) = match system {
        System::Fedora => (
            "sudo dnf install",
            missing.iter().map(|need| need.fedora).collect(),
        ),
        System::Arch => (
            "sudo pacman -S --needed",
            missing.iter().map(|need| need.arch).collect(),
        ),
        _ => bail!("install what your system calls these Debian packages, and try again"),
    };
    bail!(
        "install them, and try again:\n\n  {install} {}",
        names.join(" ")
    );
}

/// Whether a thing shows that it is there. What cannot be seen is taken to be.
pub(crate) fn shows(need: &Need) -> bool {
    match need.sign {
        Sign::Program(names) => names.iter().any(|name| place::on_path(name).is_some()),
        Sign::Library(name) => asked("pkg-config", &["--exists", name]).is_some(),
        Sign::None => true,
    }
}

fn mac_os() -> Result<()> {
    if asked("xcode-select", &["-p"]).is_none() {
        bail!("the compiler is missing. `xcode-select --install` installs it; then try again");
    }
    Ok(())
}

/// The compiler came with Rust, and WebView2 comes with Windows 10 and 11.
#[allow(
    clippy::unnecessary_wraps,
    reason = "each system answers in the same way"
)]
fn windows() -> Result<()> {
    Ok(())
}
