//! The command `keyfob`.

use std::process::ExitCode;

fn main() -> ExitCode {
    keyfob_cli::run(std::env::args_os(), keyfob_cli::Io::system())
}
