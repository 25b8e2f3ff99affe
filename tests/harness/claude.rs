//! The real `claude`, unmodified, as npm brings it: with a home of its own, without any credential of the person who
//! runs the tests, and with no way to any server but those on this computer.

use std::path::PathBuf;
use std::process::Command;

use crate::environment::Environment;
use crate::programs;

/// A port that nothing listens at: whatever wants to go out there ends at once.
const NOWHERE: &str = "http://127.0.0.1:9";

/// The program itself, which npm puts into a package of its own for each system.
pub fn claude() -> PathBuf {
    let system = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "linux-x64",
        ("linux", "aarch64") => "linux-arm64",
        ("macos", "x86_64") => "darwin-x64",
        ("macos", _) => "darwin-arm64",
        (os, arch) => panic!("there is no claude for {os} on {arch}"),
    };
    let packages = programs::sources().join("node/node_modules/@anthropic-ai");
    let program = packages
        .join(format!("claude-code-{system}"))
        .join("claude");
    assert!(
        program.is_file(),
        "{} is not installed. `cargo xtask setup` does it.",
        program.display()
    );
    program
}

/// A call of it in this environment.
pub fn call(environment: &Environment, arguments: &[&str]) -> Command {
    let mut command = environment.command(claude());
    command.args(arguments);
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"] {
        command.env(name, NOWHERE);
    }
    command
        .env("NO_PROXY", "127.0.0.1")
        .env("DISABLE_AUTOUPDATER", "1")
        .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
        .env("CLAUDE_CODE_MAX_RETRIES", "0");
    command
}
