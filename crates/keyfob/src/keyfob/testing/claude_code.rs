//! Whether Claude Code uses its connection.

use std::path::Path;

use tokio::process::Command;

use super::super::Keyfob;
use super::Tested;
use crate::error::Result;
use crate::hand_over::change::Change;
use crate::hand_over::connections::Connection;
use crate::precedence::{Source, Tool};
use crate::secret::{Secret, presentable};

impl Keyfob {
    /// What Claude Code says it uses (`claude auth status`), and what its helper prints.
    pub(super) async fn test_claude_code(
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
                Some(detail),
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

    /// Where the helper stands that Claude Code uses in a folder in the place of a connection's.
    fn other_helper(&self, one: &Connection, folder: &Path) -> Option<String> {
        let answers = self.which(&[Tool::ClaudeCode], Some(folder)).ok()?;
        let winner = answers.into_iter().next()?.winner?;
        let is_here = |change: &Change| change.path().display().to_string() == winner.place;
        let is_other = winner.source == Source::ApiKeyHelper && !one.changes.iter().any(is_here);
        is_other.then_some(winner.place)
    }
}
