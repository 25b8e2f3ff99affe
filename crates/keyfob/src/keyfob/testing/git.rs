//! Whether git gives the credential.

use std::path::Path;

use tokio::process::Command;

use super::super::Keyfob;
use super::super::connecting::git::api_of;
use super::Tested;
use super::running::as_a_check;
use super::shown::{PATIENCE, Shown, not_started};
use crate::error::Result;
use crate::hand_over::connections::Connection;
use crate::hand_over::git_credential::host_of;
use crate::linked::program;
use crate::secret::Secret;

impl Keyfob {
    /// `git credential fill`, as a program would ask it.
    pub(super) async fn test_git(
        &self,
        one: &Connection,
        folder: &Path,
        secret: Secret,
    ) -> Result<Tested> {
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
                Some(shown.detail()),
            ),
            false => Tested::fails(
                "git does not give the credential for this host.",
                "Another helper may come first: `git config --show-origin --get-all credential.helper` lists them.",
                Some(shown.detail()),
            ),
        })
    }
}
