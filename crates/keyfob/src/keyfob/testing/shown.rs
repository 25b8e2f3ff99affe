//! What a check ran and what that said, without anything that must not be seen.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::Tested;
use crate::error::{Code, Error};
use crate::linked::program::Ended;
use crate::secret::{Secret, blot_out_keys};

/// How long a check may take. Some of these programs take seconds to start.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The most that is shown of what a program said.
const LONGEST_DETAIL: usize = 2_000;

/// What a check ran, and what that said.
pub(super) struct Shown {
    /// None where it took too long.
    pub(super) ended: Option<Ended>,
    /// The credential, and the one after it where it was renewed meanwhile.
    pub(super) secrets: Vec<Secret>,
    pub(super) line: String,
    /// What it prints is the credential, which is not shown in any form.
    pub(super) prints_secrets: bool,
}

impl Shown {
    pub(super) fn printed_it(&self) -> bool {
        let ended = self.ended.as_ref();
        ended.is_some_and(|ended| {
            let printed = ended.said.out.trim();
            ended.code == Some(0) && self.secrets.iter().any(|one| one.expose() == printed)
        })
    }

    pub(super) fn prints_nothing(&self) -> Tested {
        match self.ended {
            None => self.took_too_long(),
            Some(_) => Tested::fails(
                "The command does not print the credential.",
                "What it says stands below; `keyfob activity` has what went wrong earlier.",
                Some(self.detail()),
            ),
        }
    }

    /// What was run and what it said, with the credential and all that looks like one blotted out.
    pub(super) fn detail(&self) -> String {
        let mut text = format!("$ {}\n", self.line);
        if let Some(ended) = &self.ended {
            let code = ended
                .code
                .map_or("none".to_owned(), |code| code.to_string());
            match self.prints_secrets && !ended.said.out.is_empty() {
                true => text.push_str("[removed]\n"),
                false => text.push_str(&clean(&ended.said.out, &self.secrets)),
            }
            text.push_str(&clean(&ended.said.err, &self.secrets));
            text.push_str(&format!("exit code {code}"));
        }
        text
    }

    pub(super) fn took_too_long(&self) -> Tested {
        Tested::fails(
            format!("The check did not end within {} s.", PATIENCE.as_secs()),
            "Run it in a terminal to see what it waits for.",
            Some(self.detail()),
        )
    }
}

pub(super) fn not_started(line: &str, error: &std::io::Error) -> Error {
    Error::new(
        Code::Failed,
        format!("`{line}` could not be started."),
        "See whether it runs in a terminal.",
    )
    .detail(error.to_string())
}

/// A program's words made safe to show, in lines.
fn clean(text: &str, secrets: &[Secret]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|one| !one.expose().is_empty()) {
        text = text.replace(secret.expose(), "[removed]");
    }
    let mut shown: String = blot_out_keys(&text)
        .chars()
        .filter(|c| *c == '\n' || !c.is_control())
        .take(LONGEST_DETAIL)
        .collect();
    if !shown.is_empty() && !shown.ends_with('\n') {
        shown.push('\n');
    }
    shown
}

/// A line as the system's shell takes it.
pub(super) fn shell(line: &str) -> Command {
    let mut command;
    #[cfg(windows)]
    {
        command = Command::new("cmd");
        // As it stands: quotes that are in it would be escaped in a way that `cmd` does not know. With `/S` it takes off
        // the outermost ones alone.
        command.raw_arg(format!("/D /S /C \"{line}\""));
    }
    #[cfg(not(windows))]
    {
        command = Command::new("sh");
        command.arg("-c").arg(line);
    }
    command.stdin(Stdio::null());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_shown() {
        let secrets = [Secret::new("gateway-token"), Secret::new("")];
        let said = "a gateway-token\r\nsk-ant-api03-other_1 b\u{1b}[31m";
        assert_eq!(clean(said, &secrets), "a [removed]\n[removed] b[31m\n");
        assert_eq!(clean(&"x".repeat(5_000), &[]).len(), LONGEST_DETAIL + 1);
        assert_eq!(clean("", &secrets), "");
    }
}
