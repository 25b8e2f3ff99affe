//! Rust and Node, which have to be there before.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::command::asked;
use crate::place;

/// The oldest Node that runs the page's tools.
const NODE: Version = (20, 19);

type Version = (u32, u32);

/// Fails where one of them is missing or too old.
pub(crate) fn check() -> Result<()> {
    let manifest = fs::read_to_string(place::root().join("Cargo.toml"))?;
    let line = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "));
    let wanted = line
        .and_then(version)
        .context("Cargo.toml names no rust-version")?;
    at_least(
        "Rust",
        asked("rustc", &["--version"]),
        wanted,
        "https://rustup.rs, then `rustup update`",
    )?;
    at_least(
        "Node",
        asked("node", &["--version"]),
        NODE,
        "https://nodejs.org",
    )?;
    if place::on_path("npm").is_none() {
        bail!("npm, which comes with Node, is not on PATH");
    }
    Ok(())
}

fn at_least(name: &str, said: Option<String>, wanted: Version, where_from: &str) -> Result<()> {
    let (major, minor) = wanted;
    let Some(said) = said else {
        bail!(
            "{name} {major}.{minor} or newer is needed, and there is none on PATH. Install it: {where_from}"
        );
    };
    if version(&said).is_none_or(|found| found < wanted) {
        bail!(
            "{name} {major}.{minor} or newer is needed, and this is {said}. Install a newer one: {where_from}"
        );
    }
    Ok(())
}

/// The first version in a text, such as `rustc 1.95.0 (…)`, `v20.19.4` or `"1.90"`.
fn version(text: &str) -> Option<Version> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let mut parts = text[start..]
        .split(|c: char| !c.is_ascii_digit())
        .map(str::parse);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Some((major, minor)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{at_least, version};

    #[test]
    fn versions_are_read_as_programs_say_them() {
        assert_eq!(
            version("rustc 1.95.0 (59807616e 2026-04-14)"),
            Some((1, 95))
        );
        assert_eq!(version("v20.19.4"), Some((20, 19)));
        assert_eq!(version("\"1.90\""), Some((1, 90)));
        assert_eq!(version("none"), None);
    }

    #[test]
    fn an_old_or_missing_program_is_named_with_its_cure() {
        let asked = |said: &str| at_least("Node", Some(said.into()), (20, 19), "nodejs.org");
        assert!(asked("v20.19.0").is_ok());
        assert!(asked("v24.0.1").is_ok());
        assert!(
            asked("v20.9.0")
                .unwrap_err()
                .to_string()
                .contains("v20.9.0")
        );
        assert!(at_least("Node", None, (20, 19), "nodejs.org").is_err());
    }
}
