//! Tools of Rust that the checks need. Those on PATH are used, whatever their version.

use std::fs;

use anyhow::{Context as _, Result};

use crate::command::{command, run};
use crate::place;

struct Tool {
    package: &'static str,
    program: &'static str,
    version: &'static str,
    /// Leaves out what we do not use, such as updating itself.
    features: &'static [&'static str],
    reason: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool {
        package: "cargo-nextest",
        program: "cargo-nextest",
        version: "0.9.151",
        features: &["--no-default-features", "--features", "default-no-update"],
        reason: "runs the tests, each in a process of its own",
    },
    Tool {
        package: "cargo-deny",
        program: "cargo-deny",
        version: "0.20.2",
        features: &[],
        reason: "checks licences, sources and known vulnerabilities of dependencies",
    },
    Tool {
        package: "typos-cli",
        program: "typos",
        version: "1.52.0",
        features: &[],
        reason: "finds misspelt words",
    },
];

/// Installs those that are not there into our cache folder.
pub(crate) fn install() -> Result<()> {
    let missing: Vec<&Tool> = TOOLS
        .iter()
        .filter(|tool| place::on_path(tool.program).is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let root = place::tools()?;
    println!(
        "The checks need these tools, which are compiled now (minutes, once) into {}:",
        root.display()
    );
    for tool in &missing {
        println!("  {:<14} {:<8} {}", tool.package, tool.version, tool.reason);
    }
    // Shared between them, since they share many crates, and removed at the end.
    let build = root.join("build");
    for tool in missing {
        let mut install = command(
            "cargo",
            &[
                "install",
                "--quiet",
                "--locked",
                "--debug",
                tool.package,
                "--version",
                tool.version,
            ],
        );
        install.args(tool.features).arg("--root").arg(&root);
        install.env("CARGO_TARGET_DIR", &build);
        // Compiling is most of what they will ever cost; without debug information it takes a third less.
        install
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_INCREMENTAL", "0");
        run(install).with_context(|| {
            format!(
                "{} could not be installed. By hand: cargo install --locked {}",
                tool.package, tool.package
            )
        })?;
    }
    fs::remove_dir_all(&build).with_context(|| format!("{} could not be removed", build.display()))
}
