//! `keyfob storage`: where secrets lie, and moving them.

use std::process::ExitCode;

use keyfob::{Code, Error, Keyfob, Result, Storage, StorageChoice};

use crate::args::StorageCommand;
use crate::commands::print_json;
use crate::io::Io;
use crate::words;

pub(crate) async fn run(
    keyfob: &Keyfob,
    to: Option<StorageCommand>,
    finish: bool,
    json: bool,
    io: &mut Io,
) -> Result<ExitCode> {
    if finish {
        keyfob.finish_storage_move().await?;
    }
    let Some(to) = to else {
        show(&keyfob.storage()?, json, io)?;
        return Ok(ExitCode::SUCCESS);
    };
    let moved = keyfob.move_storage(choice(to)?).await?;
    io.say(&match moved.count {
        0 => "Nothing had to be moved.\n".to_owned(),
        1 => "1 secret was moved, and erased where it was.\n".to_owned(),
        count => format!("{count} secrets were moved, and erased where they were.\n"),
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

fn show(storage: &Storage, json: bool, io: &mut Io) -> Result<()> {
    match json {
        true => print_json(storage, io),
        false => io.print(&words::storage(storage)),
    }
}
