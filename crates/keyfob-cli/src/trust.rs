//! `keyfob trust` and `keyfob use --here`: which account the tools of a folder get.

use std::path::{Path, PathBuf};

use keyfob::{Code, Error, FolderChoice, Keyfob, Result, TrustState};

use crate::commands::print_json;
use crate::io::Io;

/// `keyfob trust`.
#[derive(Debug, clap::Args)]
pub(crate) struct Trust {
    /// The folder; this one where it is left out
    dir: Option<PathBuf>,
    /// Trust its file no more
    #[arg(long)]
    forget: bool,
    /// Show what is trusted
    #[arg(long, conflicts_with_all = ["forget", "dir"])]
    list: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// `keyfob use`.
#[derive(Debug, clap::Args)]
pub(crate) struct Use {
    /// An account's label or id
    account: String,
    /// For this folder and those below it alone: writes .keyfob.toml here, and trusts it
    #[arg(long)]
    here: bool,
}

pub(crate) fn trust(keyfob: &Keyfob, wish: &Trust, io: &mut Io) -> Result<()> {
    if wish.list {
        return list(keyfob, wish.json, io);
    }
    let dir = wish.dir.clone().map_or_else(here, Ok)?;
    if wish.forget {
        let file = keyfob.forget_folder(&dir)?;
        io.say(&format!(
            "{} is not trusted any more. Until it is, tools in its folder are given nothing without a name.\n",
            file.display()
        ));
        return match wish.json {
            true => print_json(&file, io),
            false => Ok(()),
        };
    }
    let choice = keyfob.trust_folder(&dir)?;
    io.say(&format!(
        "{} is trusted as it is now. {}\n",
        choice.file.display(),
        effect(&choice)
    ));
    match wish.json {
        true => print_json(&choice, io),
        false => Ok(()),
    }
}

fn list(keyfob: &Keyfob, json: bool, io: &mut Io) -> Result<()> {
    let all = keyfob.trusted_folders()?;
    if json {
        return print_json(&all, io);
    }
    if all.is_empty() {
        io.say("No folder's file is trusted. `keyfob use ACCOUNT --here` writes one.\n");
    }
    for one in all {
        let state = match one.state {
            TrustState::Trusted => "●",
            TrustState::Changed => {
                "○ changed since, so it counts for nothing until `keyfob trust`:"
            }
            TrustState::AnotherAccount => {
                "○ another account is called so now, so it counts for nothing until `keyfob trust`:"
            }
            TrustState::NoAccount => {
                "○ no account is called so now, so it counts for nothing until `keyfob use ACCOUNT --here`:"
            }
            TrustState::Gone => "◌ not there any more:",
        };
        io.print(&format!(
            "{state} {} gives \"{}\"\n",
            one.file.display(),
            one.account
        ))?;
    }
    Ok(())
}

/// Makes an account the default, or the one of this folder.
pub(crate) fn use_it(keyfob: &Keyfob, wish: &Use, io: &mut Io) -> Result<()> {
    if !wish.here {
        let status = keyfob.set_default(&wish.account)?;
        io.say(&format!("\"{}\" is the default now.\n", status.label));
        return Ok(());
    }
    let choice = keyfob.use_in_folder(&wish.account, &here()?)?;
    io.say(&format!(
        "{} is written and trusted. {} It holds a name and no secret, so it can go into the repository.\n",
        choice.file.display(),
        effect(&choice)
    ));
    Ok(())
}

/// What a folder's file does.
fn effect(choice: &FolderChoice) -> String {
    let folder = choice.file.parent().unwrap_or(Path::new("/"));
    format!(
        "`keyfob token`, `env`, `run` and `export` give \"{}\" in {}, billed to {}; so do Claude Code, pi and commands that are connected as a whole.",
        choice.label,
        folder.display(),
        choice.payer.words()
    )
}

fn here() -> Result<PathBuf> {
    std::env::current_dir().map_err(|error| {
        Error::new(
            Code::Usage,
            "The folder that this was started in is not there any more.",
            "Go to another one.",
        )
        .detail(error.to_string())
    })
}
