//! The programs that own sessions: what they are called, whether they are here, and what of theirs could be linked.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use super::Keyfob;
use super::linking::links_to;
use crate::account::{Link, SeenSession};
use crate::error::{Code, Error, Result};
use crate::files;
use crate::linked::program::{self, Ended, run};
use crate::linked::{anthropic_profile, spoken};
use crate::precedence::sources::{BASE_URL, CLOUDS, SOCKET};

/// How long a program may take to say its version.
const PATIENCE_FOR_VERSION: Duration = Duration::from_secs(5);

/// What would be used in place of a session. Taken out of the environment of the programs that own one, so that they
/// use what they own; and from Claude Code also what would send its session elsewhere.
///
/// Where `ant` finds its servers, and as which client it is known there, belongs together (ANTHROPIC_BASE_URL,
/// ANTHROPIC_CONSOLE_URL and ANTHROPIC_OAUTH_CLIENT_ID) and stays as the person has it: the same command in their
/// terminal would sign in to, and renew at, the very same.
const OUTRANKING: [&str; 16] = [
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_PROFILE",
    "ANTHROPIC_CUSTOM_HEADERS",
    "ANTHROPIC_IDENTITY_TOKEN",
    "ANTHROPIC_IDENTITY_TOKEN_FILE",
    "ANTHROPIC_FEDERATION_RULE_ID",
    "ANTHROPIC_SERVICE_ACCOUNT_ID",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_OAUTH_REFRESH_TOKEN",
    "CLAUDE_CODE_OAUTH_SCOPES",
    "CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR",
    "CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR",
    "CLAUDE_SECURESTORAGE_CONFIG_DIR",
    // Set in what Claude Code starts; a second one in it refuses to run.
    "CLAUDECODE",
    "CLAUDE_CODE_ENTRYPOINT",
];

/// Which other program a session belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum OtherProgram {
    /// Claude Code, the command `claude`.
    ClaudeCode,
    /// The command `ant`.
    Ant,
}

impl OtherProgram {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code",
            Self::Ant => "ant",
        }
    }

    /// What it is called on a command line.
    pub(super) fn command(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude",
            Self::Ant => "ant",
        }
    }

    /// The variables that are not in its environment.
    fn does_without(self) -> impl Iterator<Item = &'static str> {
        let clouds = CLOUDS.iter().map(|(name, ..)| *name);
        let elsewhere = [BASE_URL, SOCKET].into_iter().chain(clouds);
        let elsewhere = elsewhere.filter(move |_| self == Self::ClaudeCode);
        OUTRANKING.into_iter().chain(elsewhere)
    }

    pub(super) fn not_installed(self) -> Error {
        let (message, cure) = match self {
            Self::ClaudeCode => (
                "Claude Code is not installed here: there is no program `claude`.",
                "Get it from https://code.claude.com/docs/en/setup, or with `npm install -g @anthropic-ai/claude-code`. \
                 Without it, add an API key, or sign in to the Claude Console.",
            ),
            Self::Ant => (
                "The command `ant` is not installed here.",
                "Get it from https://github.com/anthropics/anthropic-cli/releases, or with \
                 `brew install anthropics/tap/ant`. Without it, add an API key, or sign in with a client id of your own.",
            ),
        };
        Error::new(Code::Failed, message, cure)
    }
}

/// What of another program is on this computer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct OtherSessions {
    /// Which program.
    pub program: OtherProgram,
    /// Where it lies; none where it is not installed.
    pub path: Option<String>,
    /// What it says of its version.
    pub version: Option<String>,
    /// Sessions of it that are there and not in the list yet.
    pub found: Vec<FoundSession>,
}

/// A session of another program that could be linked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct FoundSession {
    /// Where it lies.
    pub link: Link,
    /// What to call it.
    pub name: String,
}

impl Keyfob {
    /// The sessions of other programs that are here and not in the list yet: Claude Code's, and those of `ant`.
    pub(super) fn found_sessions(&self) -> [Vec<FoundSession>; 2] {
        let accounts = self.0.accounts.read().unwrap_or_default();
        let is_new = |link: &Link| !accounts.accounts.iter().any(|a| links_to(a, link));
        let claude = Link::ClaudeCode {
            config_dir: self.claude_config_dir(),
        };
        let config_dir = self.anthropic_config_dir();
        let folder = self.anthropic_folder(config_dir.as_deref());
        // What Keyfob made itself is no session of another program.
        let is_ours = |folder: &Path, name: &str| {
            let made = self.made_profile(folder, name);
            made.is_ok_and(|made| made.is_some())
        };
        let profiles = folder.into_iter().flat_map(|folder| {
            let mut profiles = anthropic_profile::profiles(&folder);
            profiles.retain(|p| p.problem.is_none() && !is_ours(&folder, &p.name));
            profiles
        });
        let profiles = profiles.map(|profile| FoundSession {
            name: profile
                .email
                .clone()
                .unwrap_or_else(|| profile.name.clone()),
            link: Link::AnthropicProfile {
                config_dir: config_dir.clone(),
                profile: profile.name,
            },
        });
        let claude = self.look(&claude).ok().map(|looked| (looked, claude));
        let claude = claude
            .filter(|(looked, link)| {
                matches!(looked.seen.what, SeenSession::There { .. }) || self.hides(link)
            })
            .map(|(looked, link)| FoundSession {
                name: looked
                    .identity
                    .email
                    .unwrap_or_else(|| "Claude Code".to_owned()),
                link,
            });
        let new = |found: FoundSession| is_new(&found.link).then_some(found);
        [
            claude.into_iter().filter_map(new).collect(),
            profiles.filter_map(new).collect(),
        ]
    }

    /// Which of the other programs are here, and which of their sessions are not in the list yet.
    pub async fn other_programs(&self) -> Vec<OtherSessions> {
        let [claude, profiles] = self.found_sessions();
        let (of_claude, of_ant) = tokio::join!(
            self.version_of(OtherProgram::ClaudeCode),
            self.version_of(OtherProgram::Ant),
        );
        let others = |program: OtherProgram, found: Vec<FoundSession>, version| OtherSessions {
            version,
            program,
            path: self
                .program(program)
                .ok()
                .map(|path| path.display().to_string()),
            found,
        };
        vec![
            others(OtherProgram::ClaudeCode, claude, of_claude),
            others(OtherProgram::Ant, profiles, of_ant),
        ]
    }

    /// Where another program lies.
    pub(super) fn program(&self, program: OtherProgram) -> Result<PathBuf> {
        let home = self.0.edge.home_folder().unwrap_or_default();
        program::find(program.command(), |name| self.0.edge.variable(name), &home)
            .ok_or_else(|| program.not_installed())
    }

    /// What another program says of its version.
    pub(super) async fn version_of(&self, program: OtherProgram) -> Option<String> {
        let mut command = self.command_of(program).ok()?;
        command.arg("--version");
        let ended = run(command, PATIENCE_FOR_VERSION).await.ok()??;
        let said = spoken::last_words(&ended.said.out, &[])?;
        let number = said
            .split_whitespace()
            .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
        Some(number.to_owned())
    }

    /// Runs another program to its end.
    pub(super) async fn run_to_end(
        &self,
        program: OtherProgram,
        command: Command,
        limit: Duration,
    ) -> Result<Ended> {
        match run(command, limit).await {
            Ok(Some(ended)) => Ok(ended),
            Ok(None) => Err(Error::new(
                Code::Network,
                format!(
                    "{} did not end within {} s, so it was ended.",
                    program.name(),
                    limit.as_secs()
                ),
                "Check the connection, then try again.",
            )),
            Err(error) => Err(not_started(program, &error)),
        }
    }

    /// `claude` for one session: in no project, and without what would be used in place of the session.
    pub(super) fn claude_command(&self, config_dir: Option<&Path>) -> Result<Command> {
        let mut command = self.command_of(OtherProgram::ClaudeCode)?;
        match config_dir {
            Some(folder) => command.env("CLAUDE_CONFIG_DIR", folder),
            None => command.env_remove("CLAUDE_CONFIG_DIR"),
        };
        Ok(command)
    }

    /// `ant` for one profile.
    pub(super) fn ant_command(&self, config_dir: Option<&Path>, profile: &str) -> Result<Command> {
        let mut command = self.command_of(OtherProgram::Ant)?;
        match config_dir {
            Some(folder) => command.env("ANTHROPIC_CONFIG_DIR", folder),
            None => command.env_remove("ANTHROPIC_CONFIG_DIR"),
        };
        command.args([OsStr::new("--profile"), OsStr::new(profile)]);
        Ok(command)
    }

    fn command_of(&self, program: OtherProgram) -> Result<Command> {
        let folder = self.0.home.data_folder();
        files::make_private_folder(folder).map_err(|error| files::not_written(folder, &error))?;
        let mut command = Command::new(self.program(program)?);
        command.current_dir(folder).env("NO_COLOR", "1");
        for name in program.does_without() {
            command.env_remove(name);
        }
        Ok(command)
    }
}

pub(super) fn not_started(program: OtherProgram, error: &std::io::Error) -> Error {
    Error::new(
        Code::Failed,
        format!("{} could not be started.", program.name()),
        format!(
            "See whether `{} --version` runs in a terminal.",
            program.command()
        ),
    )
    .detail(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::precedence::sources;

    #[test]
    fn claude_code_gets_nothing_that_outranks_its_session() {
        let without: Vec<&str> = OtherProgram::ClaudeCode.does_without().collect();
        // Says which organization a session is of, and is no credential.
        let harmless = [sources::ORGANIZATION];
        for name in sources::names().filter(|name| !harmless.contains(name)) {
            assert!(without.contains(&name), "{name}");
        }
    }

    #[test]
    fn ant_keeps_what_says_where_its_servers_are() {
        let without: Vec<&str> = OtherProgram::Ant.does_without().collect();
        for name in [
            "ANTHROPIC_BASE_URL",
            "ANTHROPIC_CONSOLE_URL",
            "ANTHROPIC_OAUTH_CLIENT_ID",
        ] {
            assert!(!without.contains(&name), "{name}");
        }
        for name in [
            "ANTHROPIC_API_KEY",
            "ANTHROPIC_AUTH_TOKEN",
            "ANTHROPIC_PROFILE",
        ] {
            assert!(without.contains(&name), "{name}");
        }
    }
}
