//! `cargo xtask bench`: the figures of `docs/performance.md`, measured as ratios in one run.

use anyhow::Result;

use crate::command::{cargo, command, npm, run as run_command};
use crate::place;
use crate::setup::{self, Purpose};

/// Builds everything as it is shipped, and measures.
pub(crate) fn run() -> Result<()> {
    setup::setup(Purpose::Test)?;
    npm("ui", &["run", "--silent", "build"])?;
    let release = ["build", "--release", "--workspace", "--exclude", "xtask"];
    cargo(&[&release[..], &["--bins", "--example", "empty_window"]].concat())?;
    println!("\nThe figures, for docs/performance.md:\n");
    let bench = place::target()?.join("release").join("keyfob-bench");
    run_command(command(&bench.display().to_string(), &[]))
}
