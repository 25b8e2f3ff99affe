//! npm packages, by lock file.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::Result;

use crate::command;
use crate::place;

/// Installs the packages of a folder where its lock file has changed since they were.
pub(crate) fn install(folder: &str) -> Result<()> {
    let full = place::root().join(folder);
    // npm writes the second when it has installed.
    let wanted = changed(&full.join("package-lock.json"));
    let installed = changed(&full.join("node_modules").join(".package-lock.json"));
    if installed >= wanted && installed.is_some() {
        return Ok(());
    }
    println!(
        "The npm packages of {folder} are installed as its lock file says, into {folder}/node_modules."
    );
    command::npm(folder, &["ci", "--no-audit", "--no-fund"])
}

fn changed(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|file| file.modified()).ok()
}
