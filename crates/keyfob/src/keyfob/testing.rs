//! Whether a connection works: the tool's own cheapest check is run, as the tool would run, and without any request to
//! a model.

mod claude_code;
mod git;
mod listing;
mod profile;
mod running;
mod shown;

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Keyfob;
use super::connecting::lost::lost;
use super::exporting::{export_gone, export_problem};
use super::which::existing;
use crate::error::Result;
use crate::hand_over::connections::{Connection, Recipient};
use crate::secret::Secret;

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
    fn works(words: impl Into<String>, detail: Option<String>) -> Self {
        Self {
            works: true,
            words: words.into(),
            cure: None,
            detail,
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
        if one.to == Recipient::File {
            return Ok(test_file(&one, self.0.edge.now()));
        }
        let folder = folder.map(existing).transpose()?;
        if let Some(lost) = lost(&one) {
            return Ok(Tested::fails(lost.words, lost.cure, None));
        }
        let folder = self.runs_in(&one, folder);
        let tested = self.test_in(&folder, one.clone()).await?;
        Ok(match one.to {
            Recipient::AnthropicSdk => tested,
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
            Recipient::File => Ok(test_file(&one, self.0.edge.now())),
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
            true => Tested::works(
                "The command prints a valid credential.",
                Some(shown.detail()),
            ),
            false => shown.prints_nothing(),
        })
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
}

/// By what lies there alone: it is a copy, which the account's credential of now says nothing about.
fn test_file(one: &Connection, now: Timestamp) -> Tested {
    let off = format!("Take it off the list: `keyfob disconnect {}`.", one.id);
    if let Some(problem) = export_problem(one) {
        let cure = match export_gone(one) {
            Some(_) => off,
            None => format!("{off} What lies there is left as it is."),
        };
        return Tested::fails(problem, cure, None);
    }
    match one.valid_until.filter(|end| *end <= now) {
        Some(end) => Tested::fails(
            format!(
                "It lies there as it was written, and what it holds ended on {}.",
                end.strftime("%Y-%m-%d at %H:%M UTC")
            ),
            "Export it again, with `--replace`.",
            None,
        ),
        None if one.valid_until.is_some() => Tested::works(
            "It lies there as it was written, and what it holds has not ended.",
            None,
        ),
        None => Tested::works("It lies there as it was written.", None),
    }
}
