//! Every check, in an order in which cheap ones come first and nothing is compiled twice.
//!
//! All calls of cargo take the whole workspace and select tests by filter: with `-p` each would switch on another set
//! of features in the dependencies, and compile them once more.

mod deny;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::bindings;
use crate::command::{cargo, command, npm, run as run_command};
use crate::setup::{self, Purpose};

struct Step {
    name: &'static str,
    /// What it proves.
    proves: &'static str,
    check: fn() -> Result<()>,
}

const STEPS: &[Step] = &[
    Step {
        name: "format",
        proves: "Rust is formatted as rustfmt does it",
        check: || cargo(&["fmt", "--all", "--check"]),
    },
    Step {
        name: "typos",
        proves: "no word is misspelt",
        check: || run_command(command("typos", &[])),
    },
    Step {
        name: "deny",
        proves: "dependencies have licences and sources that we accept, and no known vulnerability",
        check: deny::check,
    },
    Step {
        name: "ui-lint",
        proves: "the page's code keeps to its rules",
        check: || npm("ui", &["run", "--silent", "lint"]),
    },
    Step {
        name: "ui-check",
        proves: "the page's types fit",
        check: || npm("ui", &["run", "--silent", "check"]),
    },
    Step {
        name: "ui-test",
        proves: "the page's parts behave",
        check: || npm("ui", &["run", "--silent", "test"]),
    },
    // The desktop program has the page inside it, so the page comes before anything that compiles that program.
    Step {
        name: "ui-build",
        proves: "the page can be built",
        check: || npm("ui", &["run", "--silent", "build"]),
    },
    Step {
        name: "clippy",
        proves: "Rust keeps to its rules",
        check: || {
            cargo(&[
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ])
        },
    },
    Step {
        name: "build",
        proves: "all programs and tests can be built",
        check: build,
    },
    Step {
        name: "bindings",
        proves: "the page's types are those of the Rust code",
        check: bindings::check,
    },
    Step {
        name: "rust-tests",
        proves: "each crate does what it says",
        check: || {
            nextest("not (package(keyfob-tests) or package(keyfob-desktop))")?;
            cargo(&["test", "--quiet", "--workspace", "--doc"])
        },
    },
    Step {
        name: "end-to-end",
        proves: "the built programs do it together: real window, real browser, real keychain",
        check: || {
            // Nextest builds tests, not the programs that these tests start; alone, this step would take old ones.
            build()?;
            nextest("package(keyfob-tests) or package(keyfob-desktop)")
        },
    },
];

/// Says which steps there are.
pub(crate) fn list() {
    for step in STEPS {
        println!("{:<12} {}", step.name, step.proves);
    }
}

/// Runs the steps named, or all.
pub(crate) fn run(names: &[&str]) -> Result<()> {
    if let Some(unknown) = names
        .iter()
        .find(|name| STEPS.iter().all(|step| step.name != **name))
    {
        bail!("there is no step `{unknown}`; `cargo xtask test --list` names them");
    }
    let start = Instant::now();
    setup::setup(Purpose::Test)?;
    let chosen: Vec<&Step> = STEPS
        .iter()
        .filter(|step| names.is_empty() || names.contains(&step.name))
        .collect();
    for (number, step) in chosen.iter().enumerate() {
        println!(
            "\n== {} ({} of {}): {}",
            step.name,
            number + 1,
            chosen.len(),
            step.proves
        );
        let start = Instant::now();
        (step.check)().with_context(|| {
            format!(
                "{} failed after {}. Only this step: cargo xtask test {}",
                step.name,
                seconds(start.elapsed()),
                step.name
            )
        })?;
        println!("\n== {}: passed in {}", step.name, seconds(start.elapsed()));
    }
    println!("\nAll of it took {}.", seconds(start.elapsed()));
    println!("{} passed, 0 failed", chosen.len());
    Ok(())
}

fn build() -> Result<()> {
    cargo(&["build", "--workspace", "--all-targets"])
}

/// Runs the tests of this filter. The tests that write TypeScript types are the step `bindings`.
fn nextest(filter: &str) -> Result<()> {
    let filter = format!("({filter}) and not test(/export_bindings/)");
    let mut nextest = command(
        "cargo",
        &["nextest", "run", "--workspace", "--filterset", &filter],
    );
    // What a test says of its failure names the line already, and is what is left of a log that somebody shortens. The
    // programs that tests start keep their backtraces.
    nextest.env("RUST_BACKTRACE", "0");
    run_command(nextest)
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
