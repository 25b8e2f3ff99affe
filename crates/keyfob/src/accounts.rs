//! The list of accounts on disk. No secret is in it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountId};
use crate::custody::lock;
use crate::error::{Code, Error, Result};
use crate::files;
use crate::home::Home;

/// The form of `accounts.json` that this program writes.
const VERSION: u32 = 1;

/// The longest label, in characters.
const LONGEST_LABEL: usize = 60;

/// The list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Accounts {
    version: u32,
    /// Which one tools get when they name none.
    #[serde(default)]
    pub(crate) default: Option<AccountId>,
    /// In the person's order.
    pub(crate) accounts: Vec<Account>,
}

/// The version alone.
#[derive(Deserialize)]
struct Form {
    version: u32,
}

/// Where the list lies.
#[derive(Debug, Clone)]
pub(crate) struct AccountsFile {
    path: PathBuf,
    lock: PathBuf,
}

impl AccountsFile {
    pub(crate) fn new(home: &Home) -> Self {
        Self {
            path: home.accounts_file(),
            lock: home.locks().join("accounts.lock"),
        }
    }

    /// The list as it is now.
    pub(crate) fn read(&self) -> Result<Accounts> {
        let Some(text) = files::read(&self.path)? else {
            return Ok(Accounts::default());
        };
        let unusable = |message: String, cure: &str, detail: String| {
            Error::new(Code::Failed, message, cure).detail(detail)
        };
        let name = self.path.display();
        // Looked at by itself first: a newer form need not have the shape of this one.
        if let Ok(Form { version }) = serde_json::from_str(&text)
            && version > VERSION
        {
            return Err(unusable(
                format!("{name} was written by a newer Keyfob."),
                "Update this one, or name another folder in KEYFOB_HOME.",
                format!("version {version}"),
            ));
        }
        serde_json::from_str(&text).map_err(|error| {
            unusable(
                format!("{name} is damaged."),
                "It was left as it is, and no secret is lost. Repair it, or move it away and sign in again.",
                error.to_string(),
            )
        })
    }

    /// Reads the list, changes it and writes it back, with no other process in between.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Accounts) -> Result<T>) -> Result<T> {
        lock::briefly(&self.lock, || {
            let mut accounts = self.read()?;
            let before = accounts.clone();
            let result = change(&mut accounts)?;
            if accounts != before {
                let mut text = serde_json::to_string_pretty(&accounts).map_err(|error| {
                    Error::new(
                        Code::Failed,
                        "The list of accounts cannot be written as JSON.",
                        "Please report this.",
                    )
                    .detail(error.to_string())
                })?;
                text.push('\n');
                files::replace(&self.path, &text)?;
            }
            Ok(result)
        })
    }
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            version: VERSION,
            default: None,
            accounts: Vec::new(),
        }
    }
}

impl Accounts {
    /// The account of an id.
    pub(crate) fn get(&self, id: &AccountId) -> Option<&Account> {
        self.accounts.iter().find(|a| a.id == *id)
    }

    /// The account of an id, to change.
    pub(crate) fn get_mut(&mut self, id: &AccountId) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|a| a.id == *id)
    }

    /// The account that a person or a tool means by `name`: an id or a label, the default where it is left out.
    pub(crate) fn find(&self, name: Option<&str>) -> Result<&Account> {
        if self.accounts.is_empty() {
            return Err(Error::new(
                Code::SignInNeeded,
                "There is no account yet.",
                "Sign in with `keyfob login`, or add an API key with `keyfob add-key`.",
            ));
        }
        let Some(name) = name else {
            // Taking whichever is left would change who pays without a word.
            return self
                .default
                .as_ref()
                .and_then(|id| self.get(id))
                .ok_or_else(|| {
                    Error::new(
                        Code::Usage,
                        "No account is the default.",
                        format!("Choose one with `keyfob use`: {}.", self.labels()),
                    )
                });
        };
        let wanted = name.trim();
        self.accounts
            .iter()
            .find(|a| a.id.as_str() == wanted)
            .or_else(|| self.labelled(wanted))
            .ok_or_else(|| {
                Error::new(
                    Code::Usage,
                    format!("There is no account called \"{}\".", wanted.escape_debug()),
                    format!("The accounts are: {}.", self.labels()),
                )
            })
    }

    /// Adds an account. The first one becomes the default; so does the first real one after practice, because
    /// nobody's tools are to get a practice token for long.
    pub(crate) fn add(&mut self, account: Account) {
        let default = self.default.as_ref().and_then(|id| self.get(id));
        let takes_over = match default {
            None => self.accounts.is_empty(),
            Some(default) => default.practice && !account.practice,
        };
        if takes_over {
            self.default = Some(account.id.clone());
        }
        self.accounts.push(account);
    }

    /// Takes an account off the list. Another one becomes the default only by the person's word.
    pub(crate) fn remove(&mut self, id: &AccountId) {
        self.accounts.retain(|a| a.id != *id);
        if self.default.as_ref() == Some(id) {
            self.default = None;
        }
    }

    /// `wanted`, with a number behind it where it is taken already.
    pub(crate) fn free_label(&self, wanted: &str) -> String {
        let taken = |label: &str| self.labelled(label).is_some();
        if !taken(wanted) {
            return wanted.to_owned();
        }
        (2..)
            .map(|n| {
                let number = format!(" {n}");
                let room = LONGEST_LABEL.saturating_sub(number.len());
                let stem: String = wanted.chars().take(room).collect();
                stem.trim_end().to_owned() + &number
            })
            .find(|label| !taken(label))
            .unwrap_or_else(|| wanted.to_owned())
    }

    /// The account with that label, however it is capitalized.
    pub(crate) fn labelled(&self, label: &str) -> Option<&Account> {
        let wanted = label.to_lowercase();
        self.accounts
            .iter()
            .find(|a| a.label.to_lowercase() == wanted)
    }

    fn labels(&self) -> String {
        let labels: Vec<_> = self.accounts.iter().map(|a| a.label.as_str()).collect();
        labels.join(", ")
    }
}

/// A label as it is kept: one line, not too long.
pub(crate) fn checked_label(label: &str) -> Result<String> {
    let label = label.trim();
    let wrong = |message: &str| {
        Error::new(
            Code::NotAccepted,
            message,
            "Use a name of 1 to 60 characters on one line.",
        )
    };
    if label.is_empty() {
        return Err(wrong("The name is empty."));
    }
    if label.chars().count() > LONGEST_LABEL {
        return Err(wrong("The name is too long."));
    }
    if label.chars().any(char::is_control) {
        return Err(wrong("The name holds characters that cannot be shown."));
    }
    if label.contains("sk-ant-") {
        return Err(wrong("The name holds a key."));
    }
    Ok(label.to_owned())
}

#[cfg(test)]
#[path = "accounts_tests.rs"]
mod tests;
