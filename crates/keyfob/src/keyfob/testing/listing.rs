//! Whether opencode and pi find their credential.

use std::path::Path;

use tokio::process::Command;

use super::super::Keyfob;
use super::Tested;
use crate::error::Result;
use crate::files;
use crate::hand_over::connections::{Connection, Recipient};
use crate::secret::Secret;

impl Keyfob {
    /// What opencode and pi list without asking a model: Anthropic's models, which they show only with a credential.
    pub(super) async fn test_listing(
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
            true => Tested::works(
                format!("{name} has a credential for Anthropic's models, and it is there."),
                detail,
            ),
            false => Tested::fails(
                format!("{name} lists none of Anthropic's models."),
                format!("See what `{line}` says in a terminal."),
                detail,
            ),
        })
    }
}

/// Whether the file of Keyfob's own holds the credential.
fn holds(one: &Connection, secret: &Secret) -> bool {
    let found = one
        .key_copy()
        .and_then(|path| files::read_small(path).ok().flatten());
    found.is_some_and(|found| **found.bytes == *secret.expose().as_bytes())
}
