//! Renewing a token that still serves for a tool that waits: quickly or not at all, because Claude Code stands still until
//! the helper has ended. A server that takes its time must not be left in the middle, where it may have spent the refresh
//! token, so a program that has to end soon lets another process ask.

use std::path::Path;
use std::process::Stdio;

use jiff::SignedDuration;
use tokio::process::Command;

use super::Keyfob;
use super::given::{Given, Whose};
use crate::account::{AccountId, Facts};
use crate::error::Result;

/// How long Claude Code keeps what a helper printed.
const KEPT: SignedDuration = SignedDuration::from_secs(5 * 60 + 20);

impl Keyfob {
    /// Valid for as long as the tool keeps it, where tokens live long enough for that; what is valid now, where a new
    /// one cannot be had, or not quickly. `command` is Keyfob's own, where this program ends with the answer.
    pub(super) async fn kept_for_a_while(
        &self,
        whose: &Whose,
        command: Option<&Path>,
    ) -> Result<Given> {
        let id = &whose.account.id;
        let name = Some(id.as_str());
        let Facts::Tokens(facts) = &whose.account.facts else {
            return self.given(name, SignedDuration::ZERO).await;
        };
        let life = facts.expires_at.duration_since(facts.obtained_at);
        let at_least = KEPT.min(life / 4);
        let windows = self.windows().within(life);
        let left = facts.expires_at.duration_since(self.0.edge.now());
        let serves = left > windows.blocking;
        let in_time = match command.filter(|_| serves && left < at_least.max(windows.advisory)) {
            Some(command) => {
                let _ = tokio::time::timeout(
                    self.0.limits.early,
                    self.by_another(id, at_least, command),
                )
                .await;
                None
            }
            None if serves => {
                let given = self.given(name, at_least);
                tokio::time::timeout(self.0.limits.early, given).await.ok()
            }
            // Nothing is better than an old one, so it is waited for.
            None => Some(self.given(name, at_least).await),
        };
        match in_time {
            Some(Ok(given)) => Ok(given),
            Some(Err(error)) => self
                .given(name, SignedDuration::ZERO)
                .await
                .map_err(|_| error),
            // Whoever renews it still holds the account, and the old one is given past them.
            None => self.given(name, SignedDuration::ZERO).await,
        }
    }

    /// Lets another process renew an account, which goes on when this one has ended, and waits for it. Where somebody is
    /// at work on the account already, those are waited for.
    async fn by_another(&self, id: &AccountId, at_least: SignedDuration, command: &Path) {
        if let Ok(None) = self.0.locks.account_if_free(id) {
            let _ = self.0.locks.account_is_free(id).await;
            return;
        }
        let at_least = format!("{}s", at_least.as_secs());
        let mut renews = Command::new(command);
        renews
            .args(["token", id.as_str(), "--min-valid", &at_least])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(folder) = self.0.home.named_folder() {
            renews.env("KEYFOB_HOME", folder);
        }
        apart(&mut renews);
        if let Ok(mut renews) = renews.spawn() {
            let _ = renews.wait().await;
        }
    }
}

/// In a group of its own, so that whoever ends the helper with all that it started does not end this.
#[cfg(unix)]
fn apart(command: &mut Command) {
    command.process_group(0);
}

#[cfg(windows)]
fn apart(command: &mut Command) {
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    command.creation_flags(CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW);
}
