//! Running a tool, or the line by which it asks, as the tool itself is run.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use tokio::process::Command;

use super::super::Keyfob;
use super::super::connecting::standing::IS_CHECK;
use super::shown::{PATIENCE, Shown, not_started, shell};
use crate::error::{Code, Error, Result};
use crate::hand_over::change::Change;
use crate::hand_over::connections::Connection;
use crate::linked::program;
use crate::secret::Secret;

impl Keyfob {
    /// Where a tool lies, which may have been removed since it was connected.
    pub(super) fn tool(&self, name: &str, one: &Connection) -> Result<PathBuf> {
        self.find_program(name).ok_or_else(|| {
            Error::new(
                Code::Failed,
                format!("{} is not installed here any more.", one.to.name()),
                "Install it again, or turn the connection off.",
            )
        })
    }

    /// The command line by which a tool asks, as a shell runs it.
    pub(super) async fn run_line(
        &self,
        one: &Connection,
        folder: &Path,
        secret: Secret,
    ) -> Result<Shown> {
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
    pub(super) async fn and_the_next(&self, one: &Connection, secret: Secret) -> Vec<Secret> {
        let account = Some(one.account.as_str());
        let next = self.given(account, SignedDuration::ZERO).await.ok();
        let next = next.map(|given| given.secret().clone());
        std::iter::once(secret).chain(next).collect()
    }

    /// Runs a tool's check to its end.
    pub(super) async fn run_check(
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
pub(super) fn as_a_check(command: &mut Command, folder: &Path) {
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
