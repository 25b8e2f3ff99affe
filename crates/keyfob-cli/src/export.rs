//! `keyfob export`: files for places that Keyfob does not reach.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use jiff::SignedDuration;
use keyfob::{Code, Error, ExportFormat, ExportRequest, ExportTo, Keyfob, Result};

use crate::commands::print_json;
use crate::io::Io;
use crate::{environment, words};

/// `keyfob export`.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Write a credential into a file, for a container, for CI, or for another computer.\n\nThe file is \
                  private (0600) and a copy: an access token in it is not renewed, and whatever renews a sign-in is \
                  never in it. `keyfob connections` lists it, `keyfob disconnect` and `keyfob logout` remove it. \
                  Where a tool on this computer is to have a credential that stays valid, `keyfob connect` is better."
)]
pub(crate) struct Export {
    /// An account's label or id; where it is left out, as the folder's .keyfob.toml says, else the first of your order,
    /// or the default
    account: Option<String>,
    /// What the file is for
    #[arg(long)]
    format: Form,
    /// The file; a new or empty folder for anthropic-profile; `-` for standard output
    #[arg(long, value_name = "PATH")]
    to: PathBuf,
    /// Write over the file or the profile that Keyfob exported there, and that nobody has changed since
    #[arg(long)]
    replace: bool,
    /// With `--to -`: print it even where standard output is a terminal
    #[arg(long)]
    show: bool,
    /// An access token alone, and nothing that renews it; it is always so
    #[arg(long, conflicts_with = "with_refresh_token")]
    access_only: bool,
    /// What renews the sign-in: Keyfob does not hand it over
    #[arg(long, hide = true)]
    with_refresh_token: bool,
    /// How long an access token has to be good for, such as 2m; half of its life where it is left out
    #[arg(long, value_name = "TIME", value_parser = crate::args::duration)]
    min_valid: Option<SignedDuration>,
    /// Say what was done as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// Claude Code's .credentials.json, for sign-ins that Keyfob holds
    ClaudeCredentials,
    /// Variables, for `docker run --env-file`
    Env,
    /// The same, for programs that read .env files
    Dotenv,
    /// JSON, for programs of your own
    Json,
    /// A folder with a profile for the official SDKs and `ant`, to be mounted
    AnthropicProfile,
    /// The bare credential, without the end of a line
    DockerSecret,
}

impl Form {
    fn wanted(self) -> ExportFormat {
        match self {
            Self::ClaudeCredentials => ExportFormat::ClaudeCredentials,
            // One text that both kinds of reader understand alike.
            Self::Env | Self::Dotenv => ExportFormat::Env,
            Self::Json => ExportFormat::Json,
            Self::AnthropicProfile => ExportFormat::AnthropicProfile,
            Self::DockerSecret => ExportFormat::DockerSecret,
        }
    }
}

pub(crate) async fn run(keyfob: &Keyfob, wish: Export, io: &mut Io) -> Result<()> {
    if wish.with_refresh_token {
        return Err(refresh_tokens_stay());
    }
    let to = match wish.to == Path::new("-") {
        true if io.out_is_terminal && !wish.show => {
            return Err(Error::new(
                Code::Usage,
                "That would show the credential on this terminal.",
                "Name a file with `--to`, lead standard output into one, or add `--show`.",
            ));
        }
        true if wish.json => {
            return Err(Error::new(
                Code::Usage,
                "Standard output cannot hold both the credential and what was done.",
                "Name a file with `--to`, or leave out `--json`.",
            ));
        }
        true => ExportTo::Output,
        false => ExportTo::Path(wish.to),
    };
    let (account, choice) = environment::chosen(keyfob, wish.account)?;
    if let Some(choice) = choice {
        io.say(&environment::by_folder(&choice));
    }
    let exported = keyfob.export(ExportRequest {
        account,
        format: wish.format.wanted(),
        to,
        replace: wish.replace,
        at_least: wish.min_valid,
    });
    let exported = exported.await?;
    if let Some(warning) = &exported.warning {
        io.say(&format!("keyfob: {}\n", words::error(warning)));
    }
    for words in &exported.words {
        io.say(&format!("{words}\n"));
    }
    if let Some(text) = &exported.text {
        // Every format is text.
        return io.print(std::str::from_utf8(text).unwrap_or_default());
    }
    match wish.json {
        true => print_json(&exported, io),
        false => Ok(()),
    }
}

fn refresh_tokens_stay() -> Error {
    Error::new(
        Code::Usage,
        "What renews a sign-in stays in Keyfob: it works once, so two programs that hold it log each other out.",
        "Sign in where it is needed, so that each place has a sign-in of its own: `keyfob login --no-browser`, or `--device` where the provider has that. For longer than an access token lives, use an API key.",
    )
}
