//! What happened to each account, kept for people: who asked, how it ended, how long it took. Never a secret.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::custody::lock;
use crate::error::Result;
use crate::files;
use crate::home::Home;

/// The file is cut down to its newer half when it has grown beyond this.
const LONGEST_FILE: u64 = 512 * 1024;

/// One thing that happened to one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(export, rename = "ActivityEntry")
)]
pub struct Entry {
    /// When.
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    pub at: Timestamp,
    /// To which account.
    pub account: AccountId,
    /// As it was called then.
    pub label: String,
    /// What.
    pub what: What,
    /// Who asked for it: the command, the window.
    pub asked_by: String,
    /// What is to be said about it, as a sentence; why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// The technical remainder, safe to share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The server's own number of the request, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// How long it took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
    pub took_ms: Option<u64>,
    /// How long the server's answer was in memory alone before it was on disk, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
    pub exposed_us: Option<u64>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The person signed in.
    SignedIn,
    /// The person signed out.
    SignedOut,
    /// An API key was added.
    KeyAdded,
    /// An API key was checked.
    KeyChecked,
    /// An API key took the place of an older one.
    KeyReplaced,
    /// Tokens or a key that the person had elsewhere were taken in.
    Imported,
    /// It could not be used, and the next account in the person's order was given in its place.
    FellBack,
    /// The token was renewed.
    Renewed,
    /// The token could not be renewed for now.
    RenewalFailed,
    /// The server ended the sign-in.
    SignInEnded,
    /// A renewed token could not be stored yet, and waits sealed on disk.
    Waiting,
    /// A renewed token that was left behind, sealed, was stored.
    Recovered,
    /// The secret was moved to another store.
    Moved,
    /// A session of another program was added to the list.
    Linked,
    /// Such a session was taken off the list; nothing of it was touched.
    Unlinked,
    /// The copy of its token that lies with a tool could not be written anew.
    NotWritten,
    /// A connected tool asked for its credential and got none.
    NotGiven,
    /// A connected tool asked again at once for a key, which may mean that the server refused it.
    AskedAgain,
}

/// The file `activity.jsonl`.
pub(crate) struct Activity {
    path: PathBuf,
    lock: PathBuf,
}

impl Activity {
    pub(crate) fn new(home: &Home) -> Self {
        Self {
            path: home.activity_file(),
            lock: home.locks().join("activity.lock"),
        }
    }

    /// Writes an entry down. That it could not be written must not spoil what it tells of.
    pub(crate) fn add(&self, entry: &Entry) {
        // Texts, dates and numbers always serialize.
        let line = serde_json::to_string(entry).unwrap_or_default() + "\n";
        let _ = lock::briefly(&self.lock, || {
            files::append(&self.path, &line)?;
            self.bound()
        });
    }

    /// What happened, the newest first.
    pub(crate) fn read(&self) -> Result<Vec<Entry>> {
        let text = files::read_lossy(&self.path)?;
        // A line that is not understood was cut off, or written by a newer Keyfob.
        let entries = text
            .lines()
            .rev()
            .filter_map(|line| serde_json::from_str(line).ok());
        Ok(entries.collect())
    }

    /// Keeps the newer half, in whole lines.
    fn bound(&self) -> Result<()> {
        let length = std::fs::metadata(&self.path).map_or(0, |file| file.len());
        if length <= LONGEST_FILE {
            return Ok(());
        }
        let text = files::read_lossy(&self.path)?;
        let half = text.len() / 2;
        let newer = text
            .char_indices()
            .find(|(at, letter)| *at >= half && *letter == '\n')
            .map_or("", |(at, _)| &text[at + 1..]);
        files::replace(&self.path, newer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(words: &str) -> Entry {
        Entry {
            at: Timestamp::UNIX_EPOCH,
            account: AccountId::from_random([1; 32]),
            label: "Work".to_owned(),
            what: What::Renewed,
            asked_by: "a test".to_owned(),
            words: Some(words.to_owned()),
            detail: None,
            request_id: None,
            took_ms: Some(12),
            exposed_us: None,
        }
    }

    #[test]
    fn the_newest_comes_first_and_the_file_stays_short() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().to_owned());
        let activity = Activity::new(&home);
        assert_eq!(activity.read().unwrap(), []);
        let long = "x".repeat(1_000);
        for number in 0..1_200 {
            activity.add(&entry(&format!("{number} {long}")));
        }
        let read = activity.read().unwrap();
        assert!(read[0].words.as_ref().unwrap().starts_with("1199 "));
        assert!(read[1].words.as_ref().unwrap().starts_with("1198 "));
        assert!((200..600).contains(&read.len()), "{}", read.len());
        assert!(std::fs::metadata(home.activity_file()).unwrap().len() <= LONGEST_FILE);
    }

    #[test]
    fn a_line_that_is_not_understood_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().to_owned());
        let activity = Activity::new(&home);
        activity.add(&entry("one"));
        files::append(&home.activity_file(), "{\"at\":\"half a li\n").unwrap();
        activity.add(&entry("two"));
        assert_eq!(activity.read().unwrap(), [entry("two"), entry("one")]);
    }
}
