//! `keyfob storage`: where secrets lie, and moving them.

use std::process::ExitCode;

use keyfob::{Code, Error, Keyfob, Result, Storage, StorageChoice};

use crate::args::StorageCommand;
use crate::commands::print_json;
use crate::io::Io;
use crate::words;

/// What was asked for.
pub(crate) struct Wish {
    pub(crate) to: Option<StorageCommand>,
    pub(crate) finish: bool,
    pub(crate) without_old: bool,
    pub(crate) json: bool,
}

pub(crate) async fn run(keyfob: &Keyfob, wish: Wish, io: &mut Io) -> Result<ExitCode> {
    let Wish {
        to,
        finish,
        without_old,
        json,
    } = wish;
    let to = match (to, finish) {
        (Some(_), true) => return Err(one_of_both()),
        (Some(to), false) => to,
        (None, finish) => {
            if finish {
                keyfob.finish_storage_move().await?;
            }
            show(&keyfob.storage()?, json, io)?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    if without_old {
        let storage = keyfob.abandon_storage(choice(to)?).await?;
        io.say("Nothing was copied. Sign in to each account again, or sign out of it.\n");
        show(&storage, json, io)?;
        return Ok(ExitCode::SUCCESS);
    }
    let to = choice(to)?;
    let moved = keyfob.move_storage(to).await?;
    io.say(&match (moved.count, &moved.problem) {
        (0, _) => "There was nothing to move.\n".to_owned(),
        (1, None) => "1 secret was moved, and erased where it was.\n".to_owned(),
        (count, None) => format!("{count} secrets were moved, and erased where they were.\n"),
        (count, Some(_)) => format!("{count} were moved.\n"),
    });
    show(&moved.storage, json, io)?;
    match moved.problem {
        // The secrets are where they were to be, but old copies are left: that is no success.
        Some(problem) => {
            io.say(&format!(
                "keyfob: The old copies could not be erased yet. {}\n",
                words::error(&problem)
            ));
            Ok(crate::exit_code(problem.code))
        }
        None => Ok(ExitCode::SUCCESS),
    }
}

fn choice(to: StorageCommand) -> Result<StorageChoice> {
    Ok(match to {
        StorageCommand::Keychain => StorageChoice::Keychain,
        StorageCommand::Passphrase => StorageChoice::Passphrase,
        StorageCommand::Credential => StorageChoice::Credential,
        StorageCommand::KeyFile { path } => StorageChoice::KeyFile {
            // It has to be found from whatever folder the next call comes.
            path: std::path::absolute(path).map_err(|error| {
                Error::new(
                    Code::Usage,
                    "That is no path to a key file.",
                    "Name a file, such as ~/.config/keyfob.key.",
                )
                .detail(error.to_string())
            })?,
        },
    })
}

fn one_of_both() -> Error {
    Error::new(
        Code::Usage,
        "Finishing an earlier move and beginning a new one are two things.",
        "Run `keyfob storage --finish` first.",
    )
}

fn show(storage: &Storage, json: bool, io: &mut Io) -> Result<()> {
    match json {
        true => print_json(storage, io),
        false => io.print(&words::storage(storage)),
    }
}
