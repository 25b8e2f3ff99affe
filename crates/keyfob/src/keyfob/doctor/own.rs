//! Keyfob's own affairs: where secrets lie and whether that store answers, how the accounts stand, and who keeps tokens
//! fresh.

use super::{Finding, Group};
use crate::config::Config;
use crate::custody::stores::StorageChoice;
use crate::error::{Code, Error};
use crate::keyfob::Keyfob;
use crate::status::Meaning;

const OURS: Group = Group::Keyfob;

impl Keyfob {
    /// All of it, without opening any dialog.
    pub(super) async fn look_at_own(&self) -> Vec<Finding> {
        let mut findings = vec![self.look_at_store().await];
        findings.extend(self.look_at_move());
        findings.push(self.look_at_accounts());
        findings.extend(look_at_settings(self.config()));
        let words = match self.is_kept_fresh() {
            true => "Tokens are kept fresh in the background.",
            false => {
                "No Keyfob runs in the background: tokens are renewed when a tool asks for them."
            }
        };
        findings.push(Finding::fine(OURS, "Background", words));
        findings.extend(self.look_at_waiting());
        findings
    }

    async fn look_at_store(&self) -> Finding {
        let name = self.storage_name();
        match self.look_at_storage().await {
            Ok(()) => Finding::fine(
                OURS,
                "Secrets",
                format!("They lie here: {name}. It answers."),
            ),
            Err(error) => {
                // A passphrase is asked for when it is needed; that it was not given yet is no fault.
                let asks = self
                    .storage()
                    .is_ok_and(|s| s.choice == Some(StorageChoice::Passphrase));
                let meaning = if asks { Meaning::Soon } else { Meaning::Act };
                let found = Finding::wrong(OURS, "Secrets", meaning, error);
                Finding {
                    words: format!("They lie here: {name}. {}", found.words),
                    ..found
                }
            }
        }
    }

    fn look_at_move(&self) -> Option<Finding> {
        let left = self.storage().ok()?.leftovers_in?;
        let error = Error::new(
            Code::SecretStore,
            format!("Old copies of secrets still lie elsewhere: {left}."),
            "Run `keyfob storage --finish` where that store can be opened.",
        );
        Some(Finding::wrong(OURS, "Secrets", Meaning::Soon, error))
    }

    fn look_at_accounts(&self) -> Finding {
        match self.accounts() {
            Err(error) => Finding::wrong(OURS, "Accounts", Meaning::Act, error),
            Ok(accounts) => {
                let act = accounts.iter().filter(|a| a.meaning == Meaning::Act);
                match (accounts.len(), act.count()) {
                    (0, _) => Finding::fine(OURS, "Accounts", "There are none yet."),
                    (all, 0) => Finding::fine(OURS, "Accounts", format!("{all}, all in order.")),
                    (all, some) => {
                        let words = format!("{some} of {all} need you.");
                        let cure = "Look at them with `keyfob accounts`.";
                        Finding::wrong(
                            OURS,
                            "Accounts",
                            Meaning::Act,
                            Error::new(Code::Failed, words, cure),
                        )
                    }
                }
            }
        }
    }

    fn look_at_waiting(&self) -> Option<Finding> {
        let count = self.0.renewals.unfinished().len();
        if count == 0 {
            return None;
        }
        let error = Error::new(
            Code::SecretStore,
            format!("{count} renewed token(s) wait, sealed on disk, for the store to take them."),
            "Unlock the store; the next call, or Keyfob in the background, then stores them.",
        );
        Some(Finding::wrong(OURS, "Renewals", Meaning::Soon, error))
    }
}

/// What `config.toml` says, and which variables count beside it.
fn look_at_settings(config: crate::Result<Config>) -> Vec<Finding> {
    let topic = "Settings";
    let config = match config {
        Ok(config) => config,
        Err(error) => return vec![Finding::wrong(OURS, topic, Meaning::Act, error)],
    };
    let mut findings = vec![Finding::fine(OURS, topic, "config.toml can be read.")];
    for provider in &config.providers {
        let by = &provider.by_variables;
        if !by.names.is_empty() {
            let names = by.names.join(", ");
            let words = format!(
                "{} is set up by {names}, because config.toml does not say it.",
                provider.name
            );
            findings.push(Finding::fine(OURS, topic, words));
        }
        findings.extend(by.problem.as_deref().map(unusable));
    }
    let said = config
        .providers
        .iter()
        .any(|p| p.by_variables.problem == config.api.problem);
    if config.api.by_variable {
        let words = "API keys are checked where ANTHROPIC_BASE_URL says.";
        findings.push(Finding::fine(OURS, topic, words));
    }
    findings.extend(
        config
            .api
            .problem
            .as_deref()
            .filter(|_| !said)
            .map(unusable),
    );
    findings
}

fn unusable(problem: &str) -> Finding {
    let error = Error::new(
        Code::Usage,
        format!("A variable of this environment cannot be used: {problem}."),
        "Correct it or unset it.",
    );
    Finding::wrong(OURS, "Settings", Meaning::Act, error)
}
