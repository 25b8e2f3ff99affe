//! Where things are.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::{Context as _, Result};

/// The top of the tree. Cargo says where that is when it starts this program; what it said when this was compiled may be
/// a tree that was moved since, or another one with the same output folder.
pub(crate) fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let own = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let own = own.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
        own.parent().unwrap_or(&own).to_owned()
    });
    &ROOT
}

/// Where cargo puts its output. This program lies in it.
pub(crate) fn target() -> Result<PathBuf> {
    let own = env::current_exe().context("this program does not know where it is")?;
    let target = own.parent().and_then(Path::parent);
    Ok(target
        .context("cargo puts programs into target/debug")?
        .to_owned())
}

/// A built program.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    Ok(target()?.join("debug").join(file))
}

/// Ours in the person's cache folder: it can be deleted at any time, and is made again.
pub(crate) fn cache() -> Result<PathBuf> {
    let named = |name: &str| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let home = || named("HOME").or_else(|| named("USERPROFILE"));
    let folder = if cfg!(windows) {
        named("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        home().map(|home| home.join("Library").join("Caches"))
    } else {
        named("XDG_CACHE_HOME").or_else(|| home().map(|home| home.join(".cache")))
    };
    Ok(folder
        .context("HOME is not set, so there is no cache folder")?
        .join("keyfob"))
}

/// Where tools of Rust are installed that were not on PATH.
pub(crate) fn tools() -> Result<PathBuf> {
    Ok(cache()?.join("tools"))
}

/// A program on PATH, or among our own tools.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = env::split_paths(&path).collect();
    places.extend(tools().map(|tools| tools.join("bin")).ok());
    // npm is a script on Windows.
    let endings: &[&str] = if cfg!(windows) {
        &[".exe", ".cmd"]
    } else {
        &[""]
    };
    let files = places.iter().flat_map(|place| {
        endings
            .iter()
            .map(move |end| place.join(format!("{name}{end}")))
    });
    files.into_iter().find(|file| file.is_file())
}
