//! Which tools are connected, to which account, and what that changed: `connections.json`. No secret is in it.

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::change::Change;
use crate::account::AccountId;
use crate::custody::lock;
use crate::error::Result;
use crate::files;
use crate::home::Home;

/// The form of the file that this program writes.
const VERSION: u32 = 1;

/// Who is given something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "kebab-case")]
pub enum Recipient {
    /// The command `claude`.
    ClaudeCode,
    /// Programs written with Anthropic's libraries, and `ant`.
    AnthropicSdk,
    /// The command `opencode`.
    Opencode,
    /// The command `pi`.
    Pi,
    /// Programs that ask git's credential helpers.
    Git,
    /// Any program that runs a command which prints a token.
    Command,
    /// A file for a container or another computer.
    File,
}

impl Recipient {
    /// As it is typed.
    pub fn id(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::AnthropicSdk => "anthropic-sdk",
            Self::Opencode => "opencode",
            Self::Pi => "pi",
            Self::Git => "git",
            Self::Command => "command",
            Self::File => "file",
        }
    }

    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code",
            Self::AnthropicSdk => "Anthropic SDKs and ant",
            Self::Opencode => "opencode",
            Self::Pi => "pi",
            Self::Git => "git credential helper",
            Self::Command => "Command",
            Self::File => "File",
        }
    }
}

/// The name of a connection: the tool, and four hex digits, so that a helper's line that was left behind somewhere
/// never means another connection that was made later.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
#[serde(try_from = "String", into = "String")]
pub struct ConnectionId(String);

impl ConnectionId {
    pub(crate) fn new(to: Recipient, random: [u8; 32]) -> Self {
        Self(format!("{}-{:02x}{:02x}", to.id(), random[0], random[1]))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<ConnectionId> for String {
    fn from(id: ConnectionId) -> Self {
        id.0
    }
}

impl TryFrom<String> for ConnectionId {
    type Error = String;

    /// Ids become file names and parts of command lines, so nothing else than our own form is let in.
    fn try_from(text: String) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_id = text.contains('-') && text.len() <= 40 && text.chars().all(plain);
        match is_id && !text.starts_with('-') {
            true => Ok(Self(text)),
            false => Err("a connection's id is a tool's name and four hex digits".to_owned()),
        }
    }
}

/// One tool that is given an account's credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Connection {
    pub(crate) id: ConnectionId,
    pub(crate) to: Recipient,
    pub(crate) account: AccountId,
    pub(crate) made_at: Timestamp,
    /// Which one of the tool's: a project's folder, a profile's name, a file. None for the tool as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<String>,
    /// Until when what lies there is valid; none where the tool asks each time, or it has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) valid_until: Option<Timestamp>,
    /// When what lies there was issued, where Keyfob keeps it fresh: an older one never takes its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) issued_at: Option<Timestamp>,
    /// Why what lies there could not be kept fresh, as a sentence, until it could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trouble: Option<String>,
    /// What was changed, in that order; taken back from the last to the first.
    #[serde(default)]
    pub(crate) changes: Vec<Change>,
    /// The command line by which it asks, where the person puts that into place. No secret is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) command: Option<String>,
}

impl Connection {
    /// The folder that a connection is for alone, which keeps its account whatever the folder's file chooses. Only a
    /// project of Claude Code's is one; a profile, a host or what a person calls a command is none.
    pub(crate) fn project(&self) -> Option<&Path> {
        let target = self.target.as_deref().map(Path::new);
        target.filter(|_| self.to == Recipient::ClaudeCode)
    }
}

/// The list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Connections {
    version: u32,
    pub(crate) all: Vec<Connection>,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            version: VERSION,
            all: Vec::new(),
        }
    }
}

/// Where the list lies. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionsFile {
    path: PathBuf,
    lock: PathBuf,
}

impl ConnectionsFile {
    pub(crate) fn new(home: &Home) -> Self {
        Self {
            path: home.connections_file(),
            lock: home.locks().join("connections.lock"),
        }
    }

    /// The list as it is now.
    pub(crate) fn read(&self) -> Result<Connections> {
        super::list::read(&self.path, VERSION, "connect your tools")
    }

    /// Reads the list, changes it and writes it back, with no other process in between.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Connections) -> Result<T>,
    ) -> Result<T> {
        lock::briefly(&self.lock, || {
            let before = self.read()?;
            let mut list = before.clone();
            let result = change(&mut list)?;
            if list != before {
                // Texts, numbers and lists always serialize.
                let text = serde_json::to_string_pretty(&list).unwrap_or_default() + "\n";
                files::replace(&self.path, &text)?;
            }
            Ok(result)
        })
    }
}
