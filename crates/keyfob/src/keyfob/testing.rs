//! Whether a connection works: the tool's own cheapest check is run, as the tool would run, and without any request to
//! a model.

mod shown;

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use serde::Serialize;
use tokio::process::Command;

use self::shown::{PATIENCE, Shown, not_started, shell};
use super::Keyfob;
use super::connecting::git::api_of;
use super::connecting::lost::lost;
use super::connecting::standing::IS_CHECK;
use super::which::existing;
use crate::error::{Code, Error, Result};
use crate::files;
use crate::hand_over::anthropic_profile::credentials_text;
use crate::hand_over::change::Change;
use crate::hand_over::connections::{Connection, Recipient};
use crate::hand_over::copies::Copy;
use crate::hand_over::git_credential::host_of;
use crate::linked::program;
use crate::precedence::{Source, Tool};
use crate::secret::{Secret, presentable};

/// What a check of a connection came to. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct Tested {
    /// Whether it works.
    pub works: bool,
    /// In a sentence.
    pub words: String,
    /// What to do, where it does not work.
    pub cure: Option<String>,
    /// What was run, and what it said; safe to share.
    pub detail: Option<String>,
    /// The folder that it was run in, whose settings count; none where nothing was run.
    pub folder: Option<PathBuf>,
}

impl Tested {
    fn works(words: impl Into<String>, detail: String) -> Self {
        Self {
            works: true,
            words: words.into(),
            cure: None,
            detail: Some(detail),
            folder: None,
        }
    }

    fn fails(words: impl Into<String>, cure: impl Into<String>, detail: Option<String>) -> Self {
        Self {
            works: false,
            words: words.into(),
            cure: Some(cure.into()),
            detail,
            folder: None,
        }
    }
}

impl Keyfob {
    /// Tests a connection: by its id, or by the tool's name where it has one alone; as if the tool were started in
    /// `folder`, in the person's own where that is left out, and in its project where it is connected for one. What
    /// cannot be tested is an error; what does not work is an answer.
    pub async fn test_connection(&self, which: &str, folder: Option<&Path>) -> Result<Tested> {
        let list = self.0.connections.read()?;
        let one = super::connecting::chosen(&list.all, which)?.clone();
        let folder = folder.map(existing).transpose()?;
        if let Some(lost) = lost(&one) {
            return Ok(Tested::fails(lost.words, lost.cure, None));
        }
        let folder = self.runs_in(&one, folder);
        let tested = self.test_in(&folder, one.clone()).await?;
        Ok(match one.to {
            Recipient::AnthropicSdk | Recipient::File => tested,
            _ => Tested {
                folder: Some(folder),
                ..tested
            },
        })
    }

    async fn test_in(&self, folder: &Path, mut one: Connection) -> Result<Tested> {
        // What asks a helper gets the account that the file of the folder chooses.
        if matches!(
            one.to,
            Recipient::ClaudeCode | Recipient::Pi | Recipient::Command
        ) {
            match self.account_for(&one, Some(folder)) {
                Ok(account) => one.account = account,
                Err(error) => return Ok(Tested::fails(error.message, error.cure, error.detail)),
            }
        }
        // The credential itself comes first: without it no tool can do anything, and why is known best here.
        let given = self.given(Some(one.account.as_str()), SignedDuration::ZERO);
        let secret = match given.await {
            Ok(given) => given.secret().clone(),
            Err(error) => {
                return Ok(Tested::fails(error.message, error.cure, error.detail));
            }
        };
        match one.to {
            Recipient::Command => self.test_command(&one, folder, secret).await,
            Recipient::ClaudeCode => self.test_claude_code(&one, folder, secret).await,
            Recipient::AnthropicSdk => self.test_profile(&one).await,
            Recipient::Opencode | Recipient::Pi => self.test_listing(&one, folder, secret).await,
            Recipient::Git => self.test_git(&one, folder, secret).await,
            Recipient::File => Ok(test_file(&one)),
        }
    }

    /// The very line that the person was given, as a shell runs it.
    async fn test_command(
        &self,
        one: &Connection,
        folder: &Path,
        secret: Secret,
    ) -> Result<Tested> {
        let shown = self.run_line(one, folder, secret).await?;
        Ok(match shown.printed_it() {
            true => Tested::works("The command prints a valid credential.", shown.detail()),
            false => shown.prints_nothing(),
        })
    }

    /// What Claude Code says it uses (`claude auth status`), and what its helper prints.
    async fn test_claude_code(
        &self,
        one: &Connection,
        folder: &Path,
        secret: Secret,
    ) -> Result<Tested> {
        let helper = self.run_line(one, folder, secret.clone()).await?;
        if !helper.printed_it() {
            return Ok(helper.prints_nothing());
        }
        let mut command = Command::new(self.tool("claude", one)?);
        command.args(["auth", "status"]).env("NO_COLOR", "1");
        // A second one in what Claude Code has started refuses to run.
        command.env_remove("CLAUDECODE");
        let shown = self
            .run_check(command, folder, "claude auth status", secret)
            .await?;
        let said = shown.ended.as_ref().map(|ended| &*ended.said.out);
        let status: serde_json::Value =
            serde_json::from_str(said.map_or("", |said| said.trim())).unwrap_or_default();
        let detail = format!("{}\n{}", helper.detail(), shown.detail());
        Ok(match status["authMethod"].as_str() {
            Some("api_key_helper") if let Some(other) = self.other_helper(one, folder) => {
                Tested::fails(
                    format!(
                        "The helper prints a valid credential, but Claude Code uses another one here ({other})."
                    ),
                    "Take that out, so that this one counts.",
                    Some(detail),
                )
            }
            Some("none") => Tested::fails(
                "The helper prints a valid credential, but Claude Code says that it uses none.",
                "`keyfob which claude-code` says what it finds in the settings here.",
                Some(detail),
            ),
            Some("api_key_helper") => Tested::works(
                "Claude Code uses this helper, and the helper prints a valid credential.",
                detail,
            ),
            Some(other) => Tested::fails(
                format!(
                    "The helper prints a valid credential, but Claude Code says that it uses something else ({}).",
                    presentable(other, &[])
                ),
                "`keyfob which` says what outranks it, and how to change that.",
                Some(detail),
            ),
            None if shown.ended.is_none() => shown.took_too_long(),
            None => Tested::fails(
                "Claude Code does not say what it uses.",
                "See what `claude auth status` says in a terminal.",
                Some(detail),
            ),
        })
    }

    /// One free question to the server, with the very token that lies in the profile.
    async fn test_profile(&self, one: &Connection) -> Result<Tested> {
        let account = Some(one.account.as_str());
        let given = self.given(account, SignedDuration::ZERO).await?;
        let text = given
            .expires_at()
            .map(|end| credentials_text(given.secret(), end));
        let holds = Copy::among(&one.changes)
            .zip(text)
            .is_some_and(|(copy, text)| copy.holds(&text));
        if !holds {
            return Ok(Tested::fails(
                "The profile does not hold the token that is valid now.",
                "Run `keyfob connections` to see what keeps it from that.",
                None,
            ));
        }
        let probed = self.probe(account).await?;
        Ok(match probed.works {
            Some(true) => Tested {
                detail: None,
                ..Tested::works(
                    "The profile holds a token, and the API takes it.",
                    String::new(),
                )
            },
            Some(false) => Tested::fails(
                format!(
                    "The profile holds the token, but it does not work. {}",
                    probed.words
                ),
                "See how the account stands under Accounts.",
                None,
            ),
            None => Tested::fails(
                format!("The profile holds the token. {}", probed.words),
                "Try again when the server can be reached.",
                None,
            ),
        })
    }

    /// What opencode and pi list without asking a model: Anthropic's models, which they show only with a credential.
    async fn test_listing(
        &self,
        one: &Connection,
        folder: &Path,
        secret: Secret,
    ) -> Result<Tested> {
        let (name, line, arguments) = match one.to {
            Recipient::Pi => (
                "pi",
                "pi --list-models anthropic",
                ["--list-models", "anthropic"],
            ),
            _ => (
                "opencode",
                "opencode models anthropic",
                ["models", "anthropic"],
            ),
        };
        let mut first = String::new();
        match one.to {
            Recipient::Pi => {
                let helper = self.run_line(one, folder, secret.clone()).await?;
                if !helper.printed_it() {
                    return Ok(helper.prints_nothing());
                }
                first = helper.detail() + "\n";
            }
            _ if !holds(one, &secret) => {
                return Ok(Tested::fails(
                    "The file that opencode reads does not hold the key any more.",
                    "Turn the connection off and on again.",
                    None,
                ));
            }
            _ => {}
        }
        let mut command = Command::new(self.tool(name, one)?);
        command.args(arguments).env("NO_COLOR", "1");
        let shown = self.run_check(command, folder, line, secret).await?;
        let Some(ended) = &shown.ended else {
            return Ok(shown.took_too_long());
        };
        let detail = Some(first + &shown.detail());
        // Some print their list on standard error.
        let listed = [&ended.said.out, &ended.said.err];
        let lists = listed.iter().any(|text| {
            text.lines()
                .any(|line| line.starts_with("anthropic") && line.contains("claude"))
        });
        Ok(match ended.code == Some(0) && lists {
            true => Tested {
                detail,
                ..Tested::works(
                    format!("{name} has a credential for Anthropic's models, and it is there."),
                    String::new(),
                )
            },
            false => Tested::fails(
                format!("{name} lists none of Anthropic's models."),
                format!("See what `{line}` says in a terminal."),
                detail,
            ),
        })
    }

    /// `git credential fill`, as a program would ask it.
    async fn test_git(&self, one: &Connection, folder: &Path, secret: Secret) -> Result<Tested> {
        let api = api_of(&self.whose(Some(one.account.as_str()))?)?;
        let mut command = Command::new(self.tool("git", one)?);
        command
            .args(["credential", "fill"])
            // Where nobody answers, nobody is asked.
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "");
        let host = host_of(&api).unwrap_or_default();
        let input = format!("protocol={}\nhost={host}\n", api.scheme());
        let line = format!("git credential fill, for {}://{host}", api.scheme());
        as_a_check(&mut command, folder);
        let ended = program::run_with_input(command, &input, PATIENCE)
            .await
            .map_err(|error| not_started(&line, &error))?;
        let shown = Shown {
            ended,
            secrets: self.and_the_next(one, secret).await,
            line,
            prints_secrets: true,
        };
        let Some(ended) = &shown.ended else {
            return Ok(shown.took_too_long());
        };
        let is_it = |line: &str| {
            let password = line.strip_prefix("password=");
            password.is_some_and(|text| shown.secrets.iter().any(|one| one.expose() == text))
        };
        Ok(match ended.said.out.lines().any(is_it) {
            true => Tested::works(
                "git gives a valid credential for this host.",
                shown.detail(),
            ),
            false => Tested::fails(
                "git does not give the credential for this host.",
                "Another helper may come first: `git config --show-origin --get-all credential.helper` lists them.",
                Some(shown.detail()),
            ),
        })
    }

    /// Where a tool lies, which may have been removed since it was connected.
    fn tool(&self, name: &str, one: &Connection) -> Result<PathBuf> {
        self.find_program(name).ok_or_else(|| {
            Error::new(
                Code::Failed,
                format!("{} is not installed here any more.", one.to.name()),
                "Install it again, or turn the connection off.",
            )
        })
    }

    /// The command line by which a tool asks, as a shell runs it.
    async fn run_line(&self, one: &Connection, folder: &Path, secret: Secret) -> Result<Shown> {
        let Some(line) = line_of(one) else {
            return Err(Error::new(
                Code::Failed,
                "The line by which it asks was not written down.",
                "Turn the connection off and on again.",
            ));
        };
        let mut command = shell(&line);
        // Claude Code hands its helper the environment of its settings.
        for setting in one
            .changes
            .iter()
            .filter_map(Change::settings)
            .flat_map(|all| &all.values)
        {
            if let ([first, name], Some(value)) = (setting.at.as_slice(), setting.is.as_str())
                && first == "env"
            {
                command.env(name, value);
            }
        }
        let shown = self
            .run_check(command, folder, &line, secret.clone())
            .await?;
        Ok(Shown {
            secrets: self.and_the_next(one, secret).await,
            prints_secrets: true,
            ..shown
        })
    }

    /// The credential, and the one that has taken its place since: a tool may be given one that lasts longer.
    async fn and_the_next(&self, one: &Connection, secret: Secret) -> Vec<Secret> {
        let account = Some(one.account.as_str());
        let next = self.given(account, SignedDuration::ZERO).await.ok();
        let next = next.map(|given| given.secret().clone());
        std::iter::once(secret).chain(next).collect()
    }

    /// Where a connected tool is run: in its project, where it is connected for one; else where the person says, or in
    /// their own folder, as a terminal begins.
    fn runs_in(&self, one: &Connection, folder: Option<PathBuf>) -> PathBuf {
        let home = || {
            let home = self.0.edge.home_folder().filter(|home| home.is_dir());
            home.unwrap_or_else(|| self.0.home.data_folder().to_owned())
        };
        let project = one.project().map(Path::to_owned);
        project.or(folder).unwrap_or_else(home)
    }

    /// Where the helper stands that Claude Code uses in a folder in the place of a connection's.
    fn other_helper(&self, one: &Connection, folder: &Path) -> Option<String> {
        let answers = self.which(&[Tool::ClaudeCode], Some(folder)).ok()?;
        let winner = answers.into_iter().next()?.winner?;
        let is_here = |change: &Change| change.path().display().to_string() == winner.place;
        let is_other = winner.source == Source::ApiKeyHelper && !one.changes.iter().any(is_here);
        is_other.then_some(winner.place)
    }

    async fn run_check(
        &self,
        mut command: Command,
        folder: &Path,
        line: &str,
        secret: Secret,
    ) -> Result<Shown> {
        as_a_check(&mut command, folder);
        let ended = program::run(command, PATIENCE)
            .await
            .map_err(|error| not_started(line, &error))?;
        Ok(Shown {
            ended,
            secrets: vec![secret],
            line: line.to_owned(),
            prints_secrets: false,
        })
    }
}

/// In the folder that is tested; what it asks Keyfob is the check's asking, and not the tool's.
fn as_a_check(command: &mut Command, folder: &Path) {
    command.env(IS_CHECK, "1").current_dir(folder);
}

/// The line by which a tool asks: as the person was given it, or as it stands in the tool's settings.
fn line_of(one: &Connection) -> Option<String> {
    if let Some(line) = &one.command {
        return Some(line.clone());
    }
    let ending = format!(" helper {}", one.id);
    let settings = one.changes.iter().filter_map(Change::settings);
    let texts = settings
        .flat_map(|settings| &settings.values)
        .filter_map(|setting| setting.is.as_str().map(str::to_owned));
    let mut lines = texts.filter(|text| text.ends_with(&ending));
    let line = lines.next()?;
    // pi knows a command by this.
    Some(line.strip_prefix('!').unwrap_or(&line).to_owned())
}

/// Whether the file of Keyfob's own holds the credential.
fn holds(one: &Connection, secret: &Secret) -> bool {
    let copy = one.changes.iter().find_map(|change| match change {
        Change::File { path, sha256: None } => Some(path),
        _ => None,
    });
    let found = copy.and_then(|path| files::read_small(path).ok().flatten());
    found.is_some_and(|found| **found.bytes == *secret.expose().as_bytes())
}

fn test_file(one: &Connection) -> Tested {
    match one.changes.iter().all(|change| change.path().exists()) {
        true => Tested::works("The file is there.", String::new()),
        false => Tested::fails(
            "The file is not there any more.",
            "Remove it from the list.",
            None,
        ),
    }
}
