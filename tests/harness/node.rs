//! The programs of `tests/node`, which run on Node.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::process::output_of;
use crate::programs;

/// Node itself.
///
/// What is on PATH may be a shim of a version manager, which looks into the person's home folder; programs of a
/// session have another one. So Node says where it is.
pub fn node() -> &'static Path {
    static NODE: OnceLock<PathBuf> = OnceLock::new();
    NODE.get_or_init(|| {
        let said = output_of(Command::new("node").args(["--print", "process.execPath"]));
        PathBuf::from(said.trim())
    })
}

/// One of the programs by its file name.
pub fn script(name: &str) -> PathBuf {
    let folder = programs::sources().join("node");
    assert!(
        folder.join("node_modules").is_dir(),
        "the packages of {} are not installed. `cargo xtask setup` does it.",
        folder.display()
    );
    folder.join(name)
}
