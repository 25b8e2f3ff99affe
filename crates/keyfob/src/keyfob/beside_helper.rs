//! Claude Code, started by `keyfob run` where it is connected by Keyfob's own helper. It sends what the helper prints and
//! what a variable holds together, which servers refuse, so that one of the two has to be silent.

use std::path::Path;

use super::Keyfob;
use super::connecting::{fits, workspace_of};
use super::looking_around::managed_folder;
use super::surroundings::{ToolEnvironment, with};
use crate::error::{Code, Error, Result};
use crate::hand_over::connections::{Connection, Recipient};
use crate::hand_over::environment::{API_KEY, AUTH_TOKEN};
use crate::precedence::{self, Source, Tool, connection_of_helper};

/// The variables that hold a credential of ours.
const CREDENTIALS: [&str; 2] = [API_KEY, AUTH_TOKEN];

impl Keyfob {
    /// Leaves the credential to Keyfob's own helper, where Claude Code would ask that here and it gives the same
    /// account's. An error where it gives another one's, or nothing. Whether it was left to it, as a sentence.
    pub(super) fn leave_to_helper(
        &self,
        planned: &mut ToolEnvironment,
        folder: Option<&Path>,
    ) -> Result<Option<String>> {
        let Some(one) = self.helper_in_force(planned, folder)? else {
            return Ok(None);
        };
        let label = &planned.whose.account.label;
        let account = self
            .account_for(&one, folder)
            .map_err(|error| silent(&one, error))?;
        if account != planned.whose.account.id {
            let accounts = self.0.accounts.read()?;
            let connected_to = match accounts.get(&account) {
                Some(account) => format!("\"{}\"", account.label),
                None => "an account that is gone".to_owned(),
            };
            let both = match planned.is_session() {
                true => format!("which goes before the session of \"{label}\""),
                false => {
                    format!("and would send that credential together with the one of \"{label}\"")
                }
            };
            return Err(Error::new(
                Code::Usage,
                format!(
                    "Claude Code is connected to {connected_to} here, {both}: it was not started."
                ),
                format!(
                    "Start it without `keyfob run`, or disconnect it first: `keyfob disconnect {}`.",
                    one.id
                ),
            ));
        }
        // The workspace, which the helper cannot say, is in a variable.
        if workspace_of(&planned.whose).is_none() {
            fits(Recipient::ClaudeCode, &planned.whose).map_err(|error| silent(&one, error))?;
        }
        let variables = &mut planned.variables;
        for name in CREDENTIALS {
            variables.set.retain(|variable| variable.name != name);
            if !variables.removed.contains(&name) {
                variables.removed.push(name);
            }
        }
        planned.by_helper = true;
        Ok(Some(format!(
            "Claude Code is connected to \"{}\" here: Keyfob's helper gives it the credential, and no variable does.",
            planned.whose.account.label
        )))
    }

    /// The connection that Claude Code would ask here, if no variable of ours were set.
    fn helper_in_force(
        &self,
        planned: &ToolEnvironment,
        folder: Option<&Path>,
    ) -> Result<Option<Connection>> {
        let edge = with(self.0.edge.clone(), &planned.variables);
        let before = edge.clone();
        let edge = edge.with_variables(move |name| match CREDENTIALS.contains(&name) {
            true => None,
            false => before.variable(name),
        });
        let sources = self.look_around_in(&edge, folder, &managed_folder())?;
        let winner = precedence::which(Tool::ClaudeCode, &sources).winner;
        if winner.is_none_or(|winner| winner.source != Source::ApiKeyHelper) {
            return Ok(None);
        }
        let Some(id) = connection_of_helper(&sources) else {
            return Ok(None);
        };
        let list = self.0.connections.read()?;
        Ok(list.all.into_iter().find(|one| one.id == *id))
    }
}

/// A helper that gives nothing here, for a reason of its own.
fn silent(one: &Connection, error: Error) -> Error {
    Error {
        message: format!(
            "Claude Code is connected here by Keyfob's helper, which gives nothing: {} It was not started.",
            error.message
        ),
        cure: format!(
            "{} Or disconnect it: `keyfob disconnect {}`.",
            error.cure, one.id
        ),
        ..error
    }
}
