//! Which tools are connected, to which account, and what that changed: `connections.json`. No secret is in it.

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

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

/// The name of a connection: the tool, and eight hex digits by chance, so that a helper's line that was left behind
/// somewhere does not come to mean another connection that is made later.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
#[serde(try_from = "String", into = "String")]
pub struct ConnectionId(String);

impl ConnectionId {
    pub(crate) fn new(to: Recipient, random: [u8; 32]) -> Self {
        let digits: String = random[..4]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self(format!("{}-{digits}", to.id()))
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
            false => Err("a connection's id is a tool's name and hex digits".to_owned()),
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
    /// Of an API key that lies there, the account's generation: with a newer one it is the key of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) generation: Option<u64>,
    /// Why what lies there could not be kept fresh, as a sentence, until it could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trouble: Option<String>,
    /// What was changed, in that order; taken back from the last to the first.
    #[serde(default, deserialize_with = "changes")]
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

    /// Keyfob's own file with a copy of the key.
    pub(crate) fn key_copy(&self) -> Option<&Path> {
        self.changes.iter().find_map(|change| match change {
            Change::KeyCopy { path } => Some(path.as_path()),
            _ => None,
        })
    }
}

/// Lists of before name a copy of a key as a file without a fingerprint.
fn changes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Change>, D::Error> {
    let mut all = Vec::<Value>::deserialize(from)?;
    for one in &mut all {
        if one["kind"] == "file" && one.get("sha256").is_none() {
            one["kind"] = "key_copy".into();
        }
    }
    let changes = all.into_iter().map(serde_json::from_value);
    changes.collect::<Result<_, _>>().map_err(D::Error::custom)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_before_is_read_as_it_was_meant() {
        let text = r#"{
            "version": 1,
            "all": [{
                "id": "opencode-53db",
                "to": "opencode",
                "account": "acct-0123456789abcdef",
                "made_at": "2026-11-01T08:00:00Z",
                "changes": [
                    { "kind": "file", "path": "/k/given/opencode-53db" },
                    { "kind": "file", "path": "/k/key", "sha256": "00" },
                    { "kind": "folder", "path": "/k" }
                ]
            }]
        }"#;
        let list: Connections = serde_json::from_str(text).unwrap();
        let one = &list.all[0];
        assert_eq!(one.id.as_str(), "opencode-53db");
        assert_eq!(one.generation, None);
        assert_eq!(one.key_copy(), Some(Path::new("/k/given/opencode-53db")));
        let file = Change::File {
            path: PathBuf::from("/k/key"),
            sha256: "00".to_owned(),
        };
        assert_eq!(one.changes[1], file);
        assert!(one.changes[2].is_folder());
        // And what is written now is read as the same.
        let written = serde_json::to_string(&list).unwrap();
        assert!(written.contains("key_copy"), "{written}");
        assert_eq!(serde_json::from_str::<Connections>(&written).unwrap(), list);
    }

    #[test]
    fn a_change_of_a_kind_that_is_not_known_is_no_copy() {
        let text = r#"{"kind":"link","path":"/k"}"#;
        assert!(serde_json::from_str::<Change>(text).is_err());
    }

    #[test]
    fn a_name_has_room_for_chance_and_fits_into_a_line() {
        let mut random = [0; 32];
        let id = ConnectionId::new(Recipient::Pi, random);
        assert_eq!(id.as_str(), "pi-00000000");
        random[3] = 1;
        assert_ne!(ConnectionId::new(Recipient::Pi, random), id);
        for to in [Recipient::AnthropicSdk, Recipient::ClaudeCode] {
            let id = ConnectionId::new(to, [0xff; 32]);
            assert_eq!(ConnectionId::try_from(id.to_string()), Ok(id));
        }
    }
}
