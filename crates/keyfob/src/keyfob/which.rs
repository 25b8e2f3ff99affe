//! Which credential a tool will use here: looks around, and lets the precedence decide.

use std::path::Path;

use super::Keyfob;
use super::looking_around::managed_folder;
use crate::error::{Code, Error, Result};
use crate::precedence::{self, Tool, Which};

impl Keyfob {
    /// What each of these tools would use in this environment and, where one is named, in this folder. Nothing but
    /// files is read, and nothing is written.
    pub fn which(&self, tools: &[Tool], folder: Option<&Path>) -> Result<Vec<Which>> {
        let folder = folder.map(existing).transpose()?;
        let sources = self.look_around(folder.as_deref(), &managed_folder())?;
        let answers = tools.iter().map(|tool| precedence::which(*tool, &sources));
        Ok(answers.collect())
    }
}

/// The folder by its real name, which is the one that Claude Code writes down.
pub(super) fn existing(folder: &Path) -> Result<std::path::PathBuf> {
    let real = folder.canonicalize().ok().filter(|real| real.is_dir());
    real.ok_or_else(|| {
        Error::new(
            Code::Usage,
            format!("There is no folder {}.", folder.display()),
            "Name the folder that the tool is started in.",
        )
    })
}

#[cfg(test)]
#[path = "which_tests.rs"]
pub(super) mod tests;
