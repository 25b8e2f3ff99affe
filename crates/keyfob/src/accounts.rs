//! The list of accounts on disk. No secret is in it.

mod order;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountId, Method};
use crate::custody::lock;
use crate::error::{Code, Error, Result};
use crate::files::{self, Stamp};
use crate::home::Home;

pub use self::order::FellBack;

/// The form of `accounts.json` that this program writes.
const VERSION: u32 = 2;

/// The longest label, in characters.
const LONGEST_LABEL: usize = 60;

/// The list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Accounts {
    version: u32,
    /// Which one tools get when they name none.
    #[serde(default)]
    pub(crate) default: Option<AccountId>,
    /// As they came in.
    pub(crate) accounts: Vec<Account>,
    /// The person's own order, in which variables of the environment can stand too; empty where none was set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) order: Vec<AccountId>,
    /// Whether the next one in that order is given where the first one fails.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) fallback: bool,
    /// That it was, until the first one works again or the person has seen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fell_back: Option<FellBack>,
}

/// The version alone.
#[derive(Deserialize)]
struct Form {
    version: u32,
}

/// Where the list lies. Cheap to clone.
#[derive(Clone)]
pub(crate) struct AccountsFile(Arc<Place>);

struct Place {
    path: PathBuf,
    lock: PathBuf,
    /// What was read last. The file is replaced as a whole, so as long as it is the same one, so is what it says.
    known: Mutex<Option<(Stamp, Arc<Accounts>)>>,
    /// Changes of single accounts that wait to be written together.
    waiting: Mutex<Waiting>,
    /// Held by the one who writes for all that wait.
    writing: tokio::sync::Mutex<Written>,
}

type Change = Box<dyn FnOnce(&mut Account) + Send>;

#[derive(Default)]
struct Waiting {
    changes: Vec<(AccountId, Change)>,
    /// How many were ever handed in.
    count: u64,
}

#[derive(Default)]
struct Written {
    /// How many of those handed in have been written, or could not be.
    count: u64,
    /// The last batch that could not be: up to which one, from which one, and why.
    failed: Option<(u64, u64, Error)>,
}

impl AccountsFile {
    pub(crate) fn new(home: &Home) -> Self {
        Self(Arc::new(Place {
            path: home.accounts_file(),
            lock: home.locks().join("accounts.lock"),
            known: Mutex::default(),
            waiting: Mutex::default(),
            writing: tokio::sync::Mutex::default(),
        }))
    }

    /// Whether there is a list at all.
    pub(crate) fn is_there(&self) -> bool {
        self.0.path.exists()
    }

    /// The list as it is now.
    pub(crate) fn read(&self) -> Result<Arc<Accounts>> {
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.as_ref().map(|(stamp, _)| stamp);
        let (text, stamp) = match files::read_if_new(&self.0.path, before)? {
            files::Read::Missing => return Ok(Arc::default()),
            files::Read::Same => match &*known {
                Some((_, accounts)) => return Ok(Arc::clone(accounts)),
                None => return Ok(Arc::default()),
            },
            files::Read::New(text, stamp) => (text, stamp),
        };
        let accounts = Arc::new(self.parse(&text)?);
        *known = Some((stamp, Arc::clone(&accounts)));
        Ok(accounts)
    }

    fn parse(&self, text: &str) -> Result<Accounts> {
        let unusable = |message: String, cure: &str, detail: String| {
            Error::new(Code::Failed, message, cure).detail(detail)
        };
        let name = self.0.path.display();
        let parsed = serde_json::from_str(text);
        // Looked at by itself: a newer form need not have the shape of this one, and may look as if it had.
        let version = match &parsed {
            Ok(Accounts { version, .. }) => Some(*version),
            Err(_) => serde_json::from_str(text).ok().map(|f: Form| f.version),
        };
        if let Some(version) = version.filter(|version| *version > VERSION) {
            return Err(unusable(
                format!("{name} was written by a newer Keyfob."),
                "Update this one, or name another folder in KEYFOB_HOME.",
                format!("version {version}"),
            ));
        }
        parsed.map_err(|error| {
            unusable(
                format!("{name} is damaged."),
                "It was left as it is, and no secret is lost. Repair it, or move it away and sign in again.",
                error.to_string(),
            )
        })
    }

    /// Reads the list, changes it and writes it back, with no other process in between.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Accounts) -> Result<T>) -> Result<T> {
        lock::briefly(&self.0.lock, || {
            let before = self.read()?;
            let mut accounts = (*before).clone();
            let result = change(&mut accounts)?;
            if accounts != *before {
                accounts.version = VERSION;
                let mut text = serde_json::to_string_pretty(&accounts).map_err(|error| {
                    Error::new(
                        Code::Failed,
                        "The list of accounts cannot be written as JSON.",
                        "Please report this.",
                    )
                    .detail(error.to_string())
                })?;
                text.push('\n');
                files::replace(&self.0.path, &text)?;
            }
            Ok(result)
        })
    }

    /// Changes one account. Whoever asks while the list is being written is written together with all others that
    /// wait, so that ten thousand changes at once do not write ten thousand lists.
    pub(crate) async fn change_one(
        &self,
        id: &AccountId,
        change: impl FnOnce(&mut Account) + Send + 'static,
    ) -> Result<()> {
        let number = {
            let mut waiting = self.waiting();
            waiting.changes.push((id.clone(), Box::new(change)));
            waiting.count += 1;
            waiting.count
        };
        let mut written = self.0.writing.lock().await;
        if written.count < number {
            let (changes, upto) = {
                let mut waiting = self.waiting();
                (std::mem::take(&mut waiting.changes), waiting.count)
            };
            let file = self.clone();
            let writing = tokio::task::spawn_blocking(move || file.change_many(changes)).await;
            let from = written.count;
            written.count = upto;
            match writing.unwrap_or_else(|_| Err(broke_off())) {
                Ok(()) => {}
                Err(error) => written.failed = Some((from, upto, error)),
            }
        }
        match &written.failed {
            Some((from, upto, error)) if *from < number && number <= *upto => Err(error.clone()),
            _ => Ok(()),
        }
    }

    fn change_many(&self, changes: Vec<(AccountId, Change)>) -> Result<()> {
        self.change(|accounts| {
            for (id, change) in changes {
                // It may have been signed out of meanwhile.
                if let Some(account) = accounts.get_mut(&id) {
                    change(account);
                }
            }
            Ok(())
        })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn broke_off() -> Error {
    Error::new(
        Code::Failed,
        "Writing the list of accounts broke off inside Keyfob.",
        "Try again, and please report this.",
    )
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            version: VERSION,
            default: None,
            accounts: Vec::new(),
            order: Vec::new(),
            fallback: false,
            fell_back: None,
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
                "`keyfob discover` shows what is on this computer already. Or sign in with `keyfob login` (a Claude plan: `--with claude-code`), or add an API key with `keyfob add-key`.",
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
    /// nobody's tools are to get a practice token for long, and the first one that gives tools something after one
    /// that never does, which changes for nobody who pays.
    pub(crate) fn add(&mut self, account: Account) {
        let default = self.default.as_ref().and_then(|id| self.get(id));
        let takes_over = match default {
            None => self.accounts.is_empty(),
            Some(default) => {
                let gives = |account: &Account| account.method != Method::ClaudeCode;
                (default.practice && !account.practice) || (!gives(default) && gives(&account))
            }
        };
        if takes_over {
            self.default = Some(account.id.clone());
        }
        self.take_place(&account);
        self.accounts.push(account);
    }

    /// Takes an account off the list. Another one becomes the default only by the person's word.
    pub(crate) fn remove(&mut self, id: &AccountId) {
        self.accounts.retain(|a| a.id != *id);
        if self.default.as_ref() == Some(id) {
            self.default = None;
        }
        self.leave_place(id);
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
