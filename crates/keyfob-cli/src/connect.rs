//! Connecting tools, and what they get when they ask.

use std::path::PathBuf;
use std::process::ExitCode;

use keyfob::{
    ClaudeCodeWish, Code, ConnectRequest, ConnectTo, Connected, ConnectionStatus, Disconnected,
    Error, GitWants, Keyfob, Result,
};

use crate::commands::{now, print_json};
use crate::io::Io;
use crate::words;

/// `keyfob connect`.
#[derive(Debug, clap::Args)]
#[command(subcommand_value_name = "TOOL", subcommand_help_heading = "Tools")]
pub(crate) struct Connect {
    #[command(subcommand)]
    tool: Tool,
    /// An account's label or id; where it is left out, the first of your order, or the default
    #[arg(long, global = true, value_name = "ACCOUNT")]
    account: Option<String>,
    /// As JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Tool {
    /// The official SDKs and `ant`: a profile whose access token Keyfob keeps fresh
    AnthropicSdk {
        /// The profile's name; the account's where it is left out, with a number where that is taken
        #[arg(long, value_name = "NAME")]
        profile: Option<String>,
        /// Make it the one that programs use where none is named
        #[arg(long)]
        activate: bool,
    },
    /// Claude Code: its settings get a helper that asks Keyfob (apiKeyHelper)
    #[command(
        long_about = "Claude Code: its settings get a helper that asks Keyfob (apiKeyHelper).\n\nEvery other line of \
                      the file stays, a dated backup is made, and `keyfob disconnect claude-code` puts it back as it \
                      was."
    )]
    ClaudeCode {
        /// For this folder alone. It goes into the folder's .claude/settings.local.json, which is yours and not for the
        /// project's history: the line names a program and a connection of this computer, so others cannot use it
        #[arg(long, value_name = "DIR")]
        project: Option<PathBuf>,
        /// Put Keyfob's in the place of another helper or address, and put aside the headers that go with that address;
        /// disconnecting puts them back
        #[arg(long)]
        replace: bool,
        /// Also where Claude Code is not installed yet
        #[arg(long)]
        anyway: bool,
    },
    /// opencode: its settings name a file with a copy of an API key
    Opencode {
        /// Put Keyfob's in the place of another key or address; disconnecting puts that back
        #[arg(long)]
        replace: bool,
    },
    /// pi: its models.json runs a command for every request
    Pi {
        /// Put Keyfob's in the place of another key or address; disconnecting puts that back
        #[arg(long)]
        replace: bool,
    },
    /// Programs that ask `git credential fill`, for the API's host alone
    Git {
        /// The account's API host; any other is refused
        #[arg(long, value_name = "HOST")]
        host: Option<String>,
    },
    /// Any program that runs a command which prints a token: prints that command
    Command {
        /// What you call the program
        #[arg(long, value_parser = some_name)]
        name: Option<String>,
    },
}

impl Tool {
    fn wanted(self) -> ConnectTo {
        match self {
            Self::AnthropicSdk { profile, activate } => {
                ConnectTo::AnthropicSdk { profile, activate }
            }
            Self::Opencode { replace } => ConnectTo::Opencode { replace },
            Self::Pi { replace } => ConnectTo::Pi { replace },
            Self::Git { host } => ConnectTo::Git { host },
            Self::Command { name } => ConnectTo::Command { name },
            Self::ClaudeCode {
                project,
                replace,
                anyway,
            } => ConnectTo::ClaudeCode(ClaudeCodeWish {
                project,
                replace,
                anyway,
            }),
        }
    }
}

/// A name with something in it.
fn some_name(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("write a name, or leave it out"),
        _ => Ok(text.to_owned()),
    }
}

/// `keyfob disconnect`.
#[derive(Debug, clap::Args)]
pub(crate) struct Disconnect {
    /// The tool's name, the connection's id, or what it was given: a command's name, an exported file
    which: Option<String>,
    /// Every tool, and every exported file
    #[arg(long, conflicts_with = "which")]
    all: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn connect(keyfob: &Keyfob, wish: Connect, io: &mut Io) -> Result<()> {
    let request = ConnectRequest {
        to: wish.tool.wanted(),
        account: wish.account,
        program: own_path(keyfob)?,
    };
    let connected = keyfob.connect(request).await?;
    match wish.json {
        true => print_json(&connected, io),
        false => tell(&connected, io),
    }
}

fn tell(connected: &Connected, io: &mut Io) -> Result<()> {
    io.say(&words::connected(connected));
    match &connected.command {
        Some(command) => io.print(&format!("{command}\n")),
        None => Ok(()),
    }
}

pub(crate) fn disconnect(keyfob: &Keyfob, wish: &Disconnect, io: &mut Io) -> Result<()> {
    let names: Vec<String> = match &wish.which {
        Some(which) => vec![which.clone()],
        None if !wish.all => {
            return Err(Error::new(
                Code::Usage,
                "What to disconnect was not named.",
                "Name a tool, or what `keyfob connections` lists; or take back everything with `--all`.",
            ));
        }
        None => {
            let all = keyfob.connections()?;
            if all.is_empty() {
                io.say("No tool is connected, and no exported file is listed.\n");
            }
            all.iter().map(|one| one.id.to_string()).collect()
        }
    };
    // One that cannot be taken back does not keep the others.
    let (mut done, mut last_error) = (Vec::<Disconnected>::new(), None);
    for name in names {
        match keyfob.disconnect(&name) {
            Ok(disconnected) => {
                io.say(&words::disconnected(&disconnected));
                done.push(disconnected);
            }
            Err(error) => {
                if let Some(error) = last_error.replace(error) {
                    io.say(&format!("keyfob: {}\n", words::error(&error)));
                }
            }
        }
    }
    if wish.json {
        print_json(&done, io)?;
    }
    last_error.map_or(Ok(()), Err)
}

/// `keyfob connections`.
#[derive(Debug, clap::Args)]
pub(crate) struct Connections {
    /// Run a tool's own cheapest check, without any request to a model: its name or the connection's id
    #[arg(long, value_name = "CONNECTION")]
    pub(crate) test: Option<String>,
    /// The folder that the tool is started in, for --test; this one where it is left out
    #[arg(long, value_name = "FOLDER", requires = "test")]
    dir: Option<PathBuf>,
    /// The tools that could be connected, and which of them are on this computer
    #[arg(long, conflicts_with = "test")]
    available: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// `keyfob credential`.
#[derive(Debug, clap::Args)]
pub(crate) struct Credential {
    /// The connection's id
    id: String,
    /// What git wants: get, store or erase; whatever it comes to want later is passed over
    operation: String,
}

pub(crate) async fn list(keyfob: &Keyfob, wish: Connections, io: &mut Io) -> Result<ExitCode> {
    if let Some(which) = &wish.test {
        let folder = wish.dir.or_else(|| std::env::current_dir().ok());
        let tested = keyfob.test_connection(which, folder.as_deref()).await?;
        match wish.json {
            true => print_json(&tested, io)?,
            false => io.print(&words::tested(&tested))?,
        }
        return Ok(match tested.works {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        });
    }
    if wish.available {
        let tools = keyfob.connectable()?;
        match wish.json {
            true => print_json(&tools, io)?,
            false => {
                let shown: Vec<_> = tools.iter().map(words::connectable).collect();
                io.print(&shown.join("\n"))?;
            }
        }
        return Ok(ExitCode::SUCCESS);
    }
    let all = keyfob.connections()?;
    if wish.json {
        print_json(&all, io)?;
        return Ok(ExitCode::SUCCESS);
    }
    if all.is_empty() {
        io.say("No tool is connected. `keyfob connections --available` lists those that can be.\n");
    }
    let shown: Vec<_> = all
        .iter()
        .map(|one: &ConnectionStatus| words::connection(one, now()))
        .collect();
    io.print(&shown.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn credential(keyfob: &Keyfob, wish: &Credential, io: &mut Io) -> Result<()> {
    let wants = match wish.operation.as_str() {
        "get" => GitWants::Get,
        "store" => GitWants::Store,
        "erase" => GitWants::Erase,
        // "If a helper receives any other operation, it should silently ignore the request."
        _ => return Ok(()),
    };
    let input = io.secret("")?;
    let answer = keyfob.git_credential(&wish.id, wants, &input).await?;
    io.print(&answer)
}

pub(crate) async fn help(keyfob: &Keyfob, id: &str, io: &mut Io) -> Result<()> {
    let folder = std::env::current_dir().ok();
    let folder = folder.as_deref();
    let given = match std::env::current_exe() {
        Ok(own) => keyfob.helper_in_brief(id, folder, &own).await?,
        Err(_) => keyfob.helper(id, folder).await?,
    };
    io.say(&words::beside(&given.handed));
    let line = zeroize::Zeroizing::new(format!("{}\n", given.secret().expose()));
    io.print(&line)
}

/// Where this program lies, for whoever is to call it later.
fn own_path(keyfob: &Keyfob) -> Result<PathBuf> {
    let own = std::env::current_exe().map_err(|error| {
        Error::new(
            Code::Failed,
            "The system does not say where this program lies, so no tool can be told to call it.",
            "Start it by its full path.",
        )
        .detail(error.to_string())
    })?;
    Ok(keyfob.lasting_place(own))
}
