//! Looks whether Keyfob itself is in order: where secrets lie, whether that store answers, who keeps tokens fresh, and
//! whether our files are as they should be. What it says is safe to paste in public.

use std::path::Path;

use serde::Serialize;

use super::Keyfob;
use crate::custody::stores::StorageChoice;
use crate::error::{Code, Error};
use crate::status::Meaning;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct Finding {
    /// What was looked at, in a word or two.
    pub topic: &'static str,
    /// Whether the person should do something.
    pub meaning: Meaning,
    /// What was found, as a sentence.
    pub words: String,
    /// What to do, where something is to be done.
    pub cure: Option<String>,
    /// The technical remainder, safe to share.
    pub detail: Option<String>,
}

impl Finding {
    fn fine(topic: &'static str, words: impl Into<String>) -> Self {
        Self {
            topic,
            meaning: Meaning::Fine,
            words: words.into(),
            cure: None,
            detail: None,
        }
    }

    fn wrong(topic: &'static str, meaning: Meaning, error: Error) -> Self {
        Self {
            topic,
            meaning,
            words: error.message,
            cure: Some(error.cure),
            detail: error.detail,
        }
    }
}

impl Keyfob {
    /// Looks at everything, without network and without opening any dialog.
    pub async fn doctor(&self) -> Vec<Finding> {
        let mut findings = vec![self.look_at_store().await];
        findings.extend(self.look_at_move());
        findings.extend(self.look_at_accounts());
        findings.push(match self.config() {
            Ok(_) => Finding::fine("Settings", "config.toml can be read."),
            Err(error) => Finding::wrong("Settings", Meaning::Act, error),
        });
        findings.push(match self.is_kept_fresh() {
            true => Finding::fine("Background", "Tokens are kept fresh in the background."),
            false => Finding::fine(
                "Background",
                "No Keyfob runs in the background: tokens are renewed when a tool asks for them.",
            ),
        });
        findings.extend(self.look_at_waiting());
        findings.push(self.look_at_permissions());
        findings
    }

    async fn look_at_store(&self) -> Finding {
        let name = self.storage_name();
        match self.look_at_storage().await {
            Ok(()) => Finding::fine("Secrets", format!("They lie here: {name}. It answers.")),
            Err(error) => {
                // A passphrase is asked for when it is needed; that it was not given yet is no fault.
                let asks = self
                    .storage()
                    .is_ok_and(|s| s.choice == Some(StorageChoice::Passphrase));
                let meaning = if asks { Meaning::Soon } else { Meaning::Act };
                let found = Finding::wrong("Secrets", meaning, error);
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
        Some(Finding::wrong("Secrets", Meaning::Soon, error))
    }

    fn look_at_accounts(&self) -> Option<Finding> {
        Some(match self.accounts() {
            Err(error) => Finding::wrong("Accounts", Meaning::Act, error),
            Ok(accounts) => {
                let act = accounts.iter().filter(|a| a.meaning == Meaning::Act);
                match (accounts.len(), act.count()) {
                    (0, _) => Finding::fine("Accounts", "There are none yet."),
                    (all, 0) => Finding::fine("Accounts", format!("{all}, all in order.")),
                    (all, some) => {
                        let words = format!("{some} of {all} need you.");
                        let cure = "Look at them with `keyfob accounts`.";
                        Finding::wrong(
                            "Accounts",
                            Meaning::Act,
                            Error::new(Code::Failed, words, cure),
                        )
                    }
                }
            }
        })
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
        Some(Finding::wrong("Renewals", Meaning::Soon, error))
    }

    fn look_at_permissions(&self) -> Finding {
        let home = self.home();
        let open = [home.data_folder(), home.config_folder()]
            .into_iter()
            .find(|folder| is_open_to_others(folder));
        match open {
            None => Finding::fine("Files", "Nobody else on this computer can write them."),
            Some(folder) => Finding::wrong(
                "Files",
                Meaning::Soon,
                Error::new(
                    Code::Failed,
                    format!(
                        "Others on this computer can write into {}.",
                        folder.display()
                    ),
                    format!("Run `chmod go-w {}`.", folder.display()),
                ),
            ),
        }
    }
}

#[cfg(unix)]
fn is_open_to_others(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(folder).is_ok_and(|m| m.permissions().mode() & 0o022 != 0)
}

/// Windows keeps a person's folders to that person.
#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}
