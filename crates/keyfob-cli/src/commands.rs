//! What each command does: ask the core, say what it said.

use std::process::ExitCode;

use clap::CommandFactory as _;
use jiff::Timestamp;
use keyfob::account::Owner;
use keyfob::{Code, Error, Keyfob, Meaning, Result, State, Status};
use serde::Serialize;

use crate::args::{Args, Command};
use crate::io::Io;
use crate::{
    connect, environment, exit_code, export, import, keys, link, login, many, order, storage,
    trust, unit, which, words,
};

pub(crate) async fn run(keyfob: &Keyfob, command: Command, io: &mut Io) -> Result<ExitCode> {
    match command {
        Command::Login {
            provider,
            with,
            console,
            config_dir,
            profile,
            label,
            account,
            no_browser,
            device,
            callback_port,
            json,
        } => {
            let by = link::By {
                with,
                console,
                config_dir,
                profile,
                device,
            };
            if let Some(request) = link::request(keyfob, by, &label, &account, no_browser)? {
                let ended = link::sign_in(keyfob, request, io).await?;
                return link::told(ended, json, io);
            }
            let wish = login::Wish {
                provider,
                label,
                account,
                no_browser,
                device,
                callback_port,
            };
            match login::run(keyfob, wish, io).await? {
                login::Ended::SignedIn(status) => added(&status, json, io)?,
                login::Ended::Stopped(code) => return Ok(code),
            }
        }
        Command::Link { what } => link::run(keyfob, what, io).await?,
        Command::AddKey(new) => keys::add(keyfob, new, io).await?,
        Command::RotateKey(new) => keys::rotate(keyfob, new, io).await?,
        Command::EditKey(edit) => keys::edit(keyfob, edit, io).await?,
        Command::Import(wish) => import::run(keyfob, wish, io).await?,
        Command::Order(wanted) => order::run(keyfob, &wanted, io)?,
        Command::Accounts { json: true } => print_json(&keyfob.accounts()?, io)?,
        Command::Accounts { json: false } => {
            let accounts = keyfob.accounts()?;
            if accounts.is_empty() {
                io.say(
                    "There is no account yet. `keyfob discover` shows what is on this computer already. Or sign in with \
                     `keyfob login` (a Claude plan: `--with claude-code`), or add an API key with `keyfob add-key`.\n",
                );
            }
            let shown: Vec<_> = accounts.iter().map(|s| words::status(s, now())).collect();
            io.print(&shown.join("\n"))?;
        }
        Command::Status {
            account,
            probe: true,
            json,
        } => return keys::probe(keyfob, account.as_deref(), json, io).await,
        Command::Status { account, json, .. } => {
            let status = keyfob.status(account.as_deref())?;
            match json {
                true => print_json(&status, io)?,
                false => io.print(&whole(&status))?,
            }
            // The default is not what is given in a folder that says otherwise.
            match environment::chosen(keyfob, account) {
                Ok((_, Some(choice))) => io.say(&format!(
                    "Tools in this folder get \"{}\", as {} says.\n",
                    choice.label,
                    choice.file.display()
                )),
                Ok((_, None)) => {}
                Err(error) => io.say(&format!("keyfob: {}\n", words::error(&error))),
            }
            return Ok(standing(&status));
        }
        Command::Token {
            account,
            min_valid,
            refused,
        } => {
            let (account, choice) = environment::chosen(keyfob, account)?;
            let account = account.as_deref();
            if let Some(choice) = choice.filter(|_| io.person_is_there) {
                io.say(&environment::by_folder(&choice));
            }
            let handed = match refused {
                true => {
                    let refused =
                        io.line("Paste the token that was refused (nothing is shown): ")?;
                    keyfob.token_in_place_of(account, refused).await?
                }
                false => {
                    let at_least = min_valid.unwrap_or_default();
                    keyfob.token(account, at_least).await?
                }
            };
            io.say(&words::beside(&handed));
            let line = zeroize::Zeroizing::new(format!("{}\n", handed.secret.expose()));
            io.print(&line)?;
        }
        Command::Env(wish) => environment::print(keyfob, wish, io).await?,
        Command::Run(wish) => return environment::run(keyfob, wish, io).await,
        Command::Connect(wish) => connect::connect(keyfob, wish, io).await?,
        Command::Disconnect(wish) => connect::disconnect(keyfob, &wish, io)?,
        Command::Connections(wish) => return connect::list(keyfob, wish, io).await,
        Command::Export(wish) => export::run(keyfob, wish, io).await?,
        Command::Credential(wish) => connect::credential(keyfob, &wish, io).await?,
        Command::Helper { id } => connect::help(keyfob, &id, io).await?,
        Command::Refresh {
            all: true, json, ..
        } => {
            let done = many::refresh_all(keyfob, io).await;
            if json {
                print_json(&keyfob.accounts()?, io)?;
            }
            done?;
        }
        Command::Refresh { account, json, .. } => {
            let (status, warning) = keyfob.refresh(account.as_deref()).await?;
            if let Some(warning) = &warning {
                io.say(&format!("keyfob: {}\n", words::error(warning)));
            }
            added(&status, json, io)?;
        }
        Command::Watch { unit: true, .. } => {
            let program = std::env::current_exe().map_err(|error| unknown_program(&error))?;
            let home = (io.variable)("KEYFOB_HOME").map(std::path::PathBuf::from);
            let choice = keyfob.storage()?.choice;
            io.print(&unit::text(&program, home.as_deref(), choice.as_ref()))?;
        }
        Command::Watch { once: true, .. } => many::watch_once(keyfob, io).await?,
        Command::Watch { .. } => return many::watch(keyfob, io).await,
        Command::Activity {
            account,
            count,
            json,
        } => {
            let mut entries = keyfob.activity()?;
            if let Some(name) = account {
                let id = keyfob.status(Some(&name)).map(|status| status.id);
                // An account that is signed out of has a past all the same.
                entries.retain(|entry| match &id {
                    Ok(id) => entry.account == *id,
                    Err(_) => entry.label == name || entry.account.as_str() == name,
                });
            }
            entries.truncate(count);
            match json {
                true => print_json(&entries, io)?,
                false => {
                    if entries.is_empty() {
                        io.say("Nothing has happened yet.\n");
                    }
                    let lines: Vec<_> = entries.iter().rev().map(words::entry).collect();
                    io.print(&lines.concat())?;
                }
            }
        }
        Command::Storage {
            to,
            finish,
            without_old,
            json,
        } => {
            let wish = storage::Wish {
                to,
                finish,
                without_old,
                json,
            };
            return storage::run(keyfob, wish, io).await;
        }
        Command::Discover { all, ignore, json } => {
            which::discover(keyfob, all, ignore.as_deref(), json, io)?;
        }
        Command::Which { tool, dir, json } => return which::run(keyfob, tool, dir, json, io),
        Command::Doctor { offline, json } => {
            let findings = keyfob.doctor(!offline).await;
            match json {
                true => print_json(&findings, io)?,
                false => io.print(&words::findings(&findings))?,
            }
            if findings.iter().any(|f| f.meaning == Meaning::Act) {
                return Ok(exit_code(Code::Failed));
            }
        }
        Command::Use(wish) => trust::use_it(keyfob, &wish, io)?,
        Command::Trust(wish) => trust::trust(keyfob, &wish, io)?,
        Command::Rename { account, label } => {
            let status = keyfob.rename(&account, &label)?;
            io.say(&format!("It is called \"{}\" now.\n", status.label));
        }
        Command::Logout { account, json, .. } => return log_out(keyfob, account, json, io).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "keyfob", &mut script);
            io.print(&String::from_utf8_lossy(&script))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One account, or all of them; one that cannot be signed out of does not keep the others.
async fn log_out(
    keyfob: &Keyfob,
    account: Option<String>,
    json: bool,
    io: &mut Io,
) -> Result<ExitCode> {
    let names = match account {
        Some(account) => vec![account],
        None => {
            let mut accounts = keyfob.accounts()?;
            // What is set in the environment is not ours to take out.
            accounts.retain(|account| account.owner != Owner::Environment);
            accounts.iter().map(|a| a.id.to_string()).collect()
        }
    };
    let (mut reports, mut last_error) = (Vec::new(), None);
    for name in names {
        let status = keyfob.status(Some(&name)).ok();
        let is_key = status.is_some_and(|status| status.last_four.is_some());
        match keyfob.sign_out(&name).await {
            Ok(report) => {
                io.say(&words::signed_out(&report));
                if is_key {
                    io.say(words::KEY_STILL_WORKS);
                }
                reports.push(report);
            }
            Err(error) => {
                if let Some(error) = last_error.replace(error) {
                    io.say(&format!("keyfob: {}\n", words::error(&error)));
                }
            }
        }
    }
    if json {
        print_json(&reports, io)?;
    }
    match last_error {
        Some(error) => Err(error),
        // What a tool was given is still there, which was said.
        None if reports.iter().any(|report| report.is_unfinished) => Ok(ExitCode::FAILURE),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn unknown_program(error: &std::io::Error) -> Error {
    Error::new(
        Code::Failed,
        "The system does not say where this program lies.",
        "Write the unit by hand, as the README shows.",
    )
    .detail(error.to_string())
}

pub(crate) fn added(status: &Status, json: bool, io: &mut Io) -> Result<()> {
    match json {
        true => print_json(status, io)?,
        false => io.say(&words::status(status, now())),
    }
    Ok(())
}

/// All about an account.
pub(crate) fn whole(status: &Status) -> String {
    words::status(status, now()) + &words::more(status)
}

/// The exit code that says how an account stands.
pub(crate) fn standing(status: &Status) -> ExitCode {
    match status.state {
        State::SignInAgain { .. } | State::KeyRefused { .. } => exit_code(Code::SignInNeeded),
        _ => ExitCode::SUCCESS,
    }
}

pub(crate) fn print_json(data: &impl Serialize, io: &mut Io) -> Result<()> {
    // What is printed consists of texts, numbers and lists, which always serialize.
    let text = serde_json::to_string_pretty(data).unwrap_or_default();
    io.print(&(text + "\n"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "words are said in the present, at the outermost layer"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
