//! `cargo xtask run` and `cargo xtask test` do everything on a fresh machine with Rust and Node: set-up included.

mod bench;
mod bindings;
mod command;
mod place;
mod run;
mod screenshots;
mod setup;
mod test;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::setup::Purpose;

const HELP: &str = "\
Everything that is done to this project, on a fresh machine with Rust and Node.

cargo xtask run           Set up what is missing, build, and open the app with a practice server to sign in to.
                          It has a home of its own: your real accounts and keychain items are not touched.
cargo xtask test          Set up what is missing, and run every check.
cargo xtask test STEP…    Only these checks. `cargo xtask test --list` names them.
cargo xtask setup         Only set up, for running and for testing.
cargo xtask bindings      Write the page's TypeScript types anew from the Rust types.
cargo xtask screenshots   Copy the README's pictures from the last end-to-end tests to docs/screenshots.
cargo xtask bench         Measure the figures of docs/performance.md.

Set-up says what it installs and why before it does. Debian and Ubuntu packages are installed with apt-get (as root,
or by sudo); on other systems it says what to install by hand. npm packages go into the tree, tools of Rust into
your cache folder.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\ncargo xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[&str]) -> Result<()> {
    match arguments {
        ["run"] => run::run(),
        ["test", "--list"] => {
            test::list();
            Ok(())
        }
        ["test", steps @ ..] => test::run(steps),
        ["setup"] => setup::setup(Purpose::Test),
        ["bindings"] => bindings::write(),
        ["screenshots"] => screenshots::copy(),
        ["bench"] => bench::run(),
        [] | ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(())
        }
        _ => bail!("there is no `{}`\n\n{HELP}", arguments.join(" ")),
    }
}
