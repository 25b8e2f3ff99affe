//! Python packages, by a list with their hashes, in an environment of their own.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::command::{command, run};
use crate::place;

/// The list.
const LIST: &str = "tests/python/requirements.txt";

/// Where they go, beside cargo's own output, where the tests look for them.
const FOLDER: &str = "tests-python";

/// Installs the packages where the list has changed since they were.
pub(crate) fn install() -> Result<()> {
    let list = place::root().join(LIST);
    let wanted = fs::read(&list).with_context(|| format!("{LIST} cannot be read"))?;
    let folder = place::target()?.join(FOLDER);
    // Written once all is there.
    let installed = folder.join("installed.txt");
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!(
        "The Python packages of {LIST} are installed into {}; nothing else of this computer's Python is changed.",
        folder.display()
    );
    // What an earlier list brought along does not stay.
    if folder.is_dir() {
        fs::remove_dir_all(&folder).context("the old Python packages could not be removed")?;
    }
    let mut environment = command("python3", &["-m", "venv"]);
    environment.arg(&folder);
    run(environment)?;
    let mut install = command(
        &python(&folder),
        &["-m", "pip", "install", "--quiet", "--require-hashes"],
    );
    install
        .args([
            "--disable-pip-version-check",
            "--only-binary",
            ":all:",
            "-r",
        ])
        .arg(&list);
    run(install)?;
    Ok(fs::write(installed, wanted)?)
}

fn python(folder: &Path) -> String {
    let inside = match cfg!(windows) {
        true => Path::new("Scripts").join("python.exe"),
        false => Path::new("bin").join("python"),
    };
    folder.join(inside).display().to_string()
}
