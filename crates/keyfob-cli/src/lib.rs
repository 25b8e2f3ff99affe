//! The command `keyfob`: arguments in, words out, everything else in the core.
//!
//! Data goes to standard output and words to standard error, so that `$(keyfob token)` is the token and nothing else.
#![warn(missing_docs)]

mod args;
mod becoming;
mod commands;
mod connect;
mod ending;
mod environment;
mod export;
mod import;
mod io;
mod keys;
mod link;
mod login;
mod many;
mod order;
mod storage;
mod trust;
mod unit;
mod which;
mod words;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use keyfob::{Code, Edge, Error, Home, Keyfob, Passphrase, People, Prompts};

pub use crate::io::Io;

use crate::args::{Args, Command};

/// How long a command goes on for a token that it could store nowhere, which would end with it.
const PATIENCE_AT_THE_END: Duration = Duration::from_secs(30);

/// Runs one command line and gives its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>, mut io: Io) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // Looked at before anything else, because a message about a wrong argument repeats it.
    if arguments
        .iter()
        .any(|a| a.to_string_lossy().contains("sk-ant-"))
    {
        return complain(&mut io, &secret_in_arguments());
    }
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => {
            let text = error.render().to_string();
            match error.use_stderr() {
                true => io.say(&text),
                false => drop(io.print(&text)),
            }
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let mut builder = match args.command.talks_while_it_works() {
        true => tokio::runtime::Builder::new_multi_thread(),
        false => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = match builder.worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = Error::new(
                Code::Failed,
                "The system gave no resources to run with.",
                "Close some programs, then try again.",
            )
            .detail(error.to_string());
            return complain(&mut io, &error);
        }
    };
    let done = runtime.block_on(async {
        let keyfob = open(&io, &args.command)?;
        if !args.command.may_renew() {
            return commands::run(&keyfob, args.command, &mut io).await;
        }
        let mut asked = std::pin::pin!(ending::asked());
        tokio::select! {
            biased;
            done = commands::run(&keyfob, args.command, &mut io) => {
                // Only what neither the disk nor the store took is still waited for here.
                let _ = tokio::time::timeout(PATIENCE_AT_THE_END, keyfob.settled()).await;
                // Whoever asked meanwhile meant the program that this one is about to become.
                tokio::select! {
                    biased;
                    code = &mut asked, if io.next.is_some() => {
                        io.next = None;
                        Ok(code)
                    }
                    done = std::future::ready(done) => done,
                }
            }
            // What the server is about to answer is all that will be left of the sign-in.
            code = &mut asked => {
                keyfob.settled().await;
                Ok(code)
            }
        }
    });
    // A keychain that hangs must not keep the program from ending.
    runtime.shutdown_background();
    match done {
        Ok(code) => match io.next.take() {
            Some(next) => becoming::become_it(next, &mut io),
            None => code,
        },
        Err(error) => complain(&mut io, &error),
    }
}

fn open(io: &Io, command: &Command) -> keyfob::Result<Keyfob> {
    let home = Home::find(io.variable)?;
    // Nobody asked for a dialog that comes from the background.
    let prompts = match io.person_is_there && !matches!(command, Command::Watch { .. }) {
        true => Prompts::Allowed,
        false => Prompts::Never,
    };
    let people = People {
        prompts,
        passphrase: match prompts {
            Prompts::Allowed => Passphrase::new(io::hidden_prompt),
            Prompts::Never => Passphrase::unattended(),
        },
        credentials: (io.variable)("CREDENTIALS_DIRECTORY").map(PathBuf::from),
    };
    let asked_by = format!("keyfob {}", command.name());
    Ok(Keyfob::open(home, people, Edge::system(), &asked_by))
}

fn complain(io: &mut Io, error: &Error) -> ExitCode {
    io.say(&format!("keyfob: {}\n", words::error(error)));
    exit_code(error.code)
}

fn exit_code(code: Code) -> ExitCode {
    ExitCode::from(match code {
        Code::Failed | Code::NotAccepted | Code::Cancelled => 1,
        Code::Usage => 2,
        Code::SignInNeeded => 3,
        Code::SecretStore => 4,
        Code::Network => 5,
    })
}

fn secret_in_arguments() -> Error {
    Error::new(
        Code::Usage,
        "A key or token was given as an argument, where every program on this computer can read it.",
        "Give it on standard input (`keyfob add-key < file`) or at the hidden prompt, and make a new one if others use this computer.",
    )
}
