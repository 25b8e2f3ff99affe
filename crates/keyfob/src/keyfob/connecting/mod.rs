//! Connecting tools: each is told once how it gets its credential, what that changes is written down, and all of it can
//! be taken back.

pub(super) mod anthropic_sdk;
mod claude_code;
mod command;
mod fitting;
pub(super) mod git;
mod line;
pub(super) mod listing;
pub(super) mod lost;
mod opencode;
pub(super) mod pi;
mod project;
mod settings;
mod shown;
pub(super) mod standing;
mod taking_back;

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

pub use self::claude_code::ClaudeCodeWish;
pub(super) use self::fitting::{fits, is_of_a_plan, no_address, no_plan, workspace_of};
pub(super) use self::line::{
    KEYFOB_HOME, connection_in, is_missing, named_home, program_in, quoted,
};
use self::settings::{base_of, connected_already, home_folder, standing_there};
pub use self::shown::ConnectionStatus;
pub use self::taking_back::Disconnected;
pub(super) use self::taking_back::chosen;
use super::Keyfob;
use super::given::Whose;
use crate::error::{Code, Error, Result};
use crate::hand_over::change::Change;
use crate::hand_over::connections::Recipient;

/// What to connect.
#[derive(Debug, Clone)]
pub struct ConnectRequest {
    /// Which tool, and how.
    pub to: ConnectTo,
    /// The account; the one that is given without a name where it is left out.
    pub account: Option<String>,
    /// Where the command `keyfob` lies, for tools that ask it each time.
    pub program: PathBuf,
}

/// Which tool, and how.
#[derive(Debug, Clone)]
pub enum ConnectTo {
    /// Programs written with Anthropic's libraries, and `ant`: a profile that is kept fresh.
    AnthropicSdk {
        /// Its name; a free one where it is left out.
        profile: Option<String>,
        /// Whether it becomes the one that is used where none is named.
        activate: bool,
    },
    /// The command `opencode`.
    Opencode {
        /// Put Keyfob's in the place of a key or an address that is there already; disconnecting puts that back.
        replace: bool,
    },
    /// The command `pi`.
    Pi {
        /// The same.
        replace: bool,
    },
    /// Programs that ask git's credential helpers.
    Git {
        /// The host to give it for; the account's own where it is left out, and no other.
        host: Option<String>,
    },
    /// Any program that runs a command which prints a token.
    Command {
        /// What the person calls that program.
        name: Option<String>,
    },
    /// Claude Code, by the helper of its settings.
    ClaudeCode(ClaudeCodeWish),
}

/// What connecting did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct Connected {
    /// The connection.
    pub connection: ConnectionStatus,
    /// What was done and what to do now, as sentences.
    pub words: Vec<String>,
    /// A command line for the person to put where the tool wants it.
    pub command: Option<String>,
}

/// What connecting a tool made, before it is written down.
struct Made {
    target: Option<String>,
    valid_until: Option<Timestamp>,
    changes: Vec<Change>,
    words: Vec<String>,
    command: Option<String>,
}

impl Keyfob {
    /// Connects a tool.
    pub async fn connect(&self, request: ConnectRequest) -> Result<Connected> {
        let whose = self.whose(request.account.as_deref())?;
        if whose.claude_code_folder().is_some() {
            return Err(no_session(&whose));
        }
        if self.0.accounts.read()?.get(&whose.account.id).is_none() {
            return Err(Error::new(
                Code::Usage,
                format!(
                    "{} is a variable of the environment, which the tool sees by itself or not at all.",
                    whose.account.label
                ),
                "Name an account that Keyfob holds: `keyfob accounts` lists them.",
            ));
        }
        if let ConnectTo::ClaudeCode(wish) = &request.to
            && let Some(already) = self.claude_code_already(wish, &request, &whose)?
        {
            return Ok(already);
        }
        if let ConnectTo::AnthropicSdk { profile, activate } = &request.to
            && let Some(already) =
                self.anthropic_sdk_already((profile.as_deref(), *activate), &whose)?
        {
            return Ok(already);
        }
        let to = request.to.recipient();
        let id = self.new_id(to)?;
        fits(to, &whose)?;
        let made = match &request.to {
            ConnectTo::AnthropicSdk { profile, activate } => {
                let wanted = (profile.as_deref(), *activate);
                self.connect_anthropic_sdk(&id, wanted, &whose).await?
            }
            ConnectTo::Opencode { replace } => self.connect_opencode(&id, *replace, &whose).await?,
            ConnectTo::Pi { replace } => self.connect_pi(&id, *replace, &request, &whose)?,
            ConnectTo::Git { host } => self.connect_git(&id, host.as_deref(), &request, &whose)?,
            ConnectTo::Command { name } => {
                self.connect_command(&id, name.as_deref(), &request, &whose)?
            }
            ConnectTo::ClaudeCode(wish) => self.connect_claude_code(&id, wish, &request, &whose)?,
        };
        let connection = self.connection(&id, to, &whose, &made);
        self.confirm(&connection)?;
        Ok(Connected {
            connection: self.shown(&connection),
            words: made.words,
            command: made.command,
        })
    }

    /// All tools that are connected.
    pub fn connections(&self) -> Result<Vec<ConnectionStatus>> {
        let list = self.0.connections.read()?;
        Ok(list.all.iter().map(|one| self.shown(one)).collect())
    }
}

impl ConnectTo {
    fn recipient(&self) -> Recipient {
        match self {
            Self::AnthropicSdk { .. } => Recipient::AnthropicSdk,
            Self::Opencode { .. } => Recipient::Opencode,
            Self::Pi { .. } => Recipient::Pi,
            Self::Git { .. } => Recipient::Git,
            Self::Command { .. } => Recipient::Command,
            Self::ClaudeCode(_) => Recipient::ClaudeCode,
        }
    }
}

fn no_session(whose: &Whose) -> Error {
    let label = &whose.account.label;
    Error::new(
        Code::Usage,
        format!(
            "\"{label}\" is a session of Claude Code, and nothing of it is handed to other tools."
        ),
        format!(
            "Claude Code uses it by itself: `keyfob run {} -- claude` starts it with the right folder. For other tools name an API key or a sign-in that Keyfob holds.",
            quoted(label)
        ),
    )
}
