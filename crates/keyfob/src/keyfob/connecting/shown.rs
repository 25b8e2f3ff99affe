//! A connection as it may be shown.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::super::connectable::gets_of;
use super::super::exporting::export_problem;
use super::super::given::Form;
use super::super::passing_on::old_key;
use super::{Keyfob, anthropic_sdk};
use crate::account::{Account, AccountId, Facts, Payer};
use crate::hand_over::asked;
use crate::hand_over::connections::{Connection, ConnectionId, Recipient};

/// A tool that is connected, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(
    feature = "typescript",
    derive(ts_rs::TS),
    ts(export, rename = "ConnectionStatus")
)]
pub struct ConnectionStatus {
    /// Its name here.
    pub id: ConnectionId,
    /// Which tool.
    pub to: Recipient,
    /// As people call it.
    pub name: String,
    /// Which one of the tool's: a project's folder, a profile's name, a file.
    pub target: Option<String>,
    /// Whose credential it gets.
    pub account: AccountId,
    /// As that is called; none where the account is gone.
    pub label: Option<String>,
    /// Who pays.
    pub payer: Option<Payer>,
    /// What it gets, as words.
    pub gets: String,
    /// Since when.
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    pub made_at: Timestamp,
    /// Until when what lies there is valid; none where the tool asks each time, or it has no end.
    #[cfg_attr(feature = "typescript", ts(type = "string | null"))]
    pub valid_until: Option<Timestamp>,
    /// What keeps it from what it should get, as sentences.
    pub problem: Option<String>,
    /// When it asked last.
    #[cfg_attr(feature = "typescript", ts(type = "string | null"))]
    pub last_asked: Option<Timestamp>,
    /// The files that were changed for it.
    pub files: Vec<PathBuf>,
    /// The command line by which it asks, for the person to put where the tool wants it.
    pub command: Option<String>,
}

impl Keyfob {
    pub(in crate::keyfob) fn shown(&self, one: &Connection) -> ConnectionStatus {
        let accounts = self.0.accounts.read().unwrap_or_default();
        let account = accounts.get(&one.account);
        let mut files: Vec<PathBuf> = Vec::new();
        for change in &one.changes {
            if !change.is_folder() && !files.iter().any(|file| file == change.path()) {
                files.push(change.path().to_owned());
            }
        }
        ConnectionStatus {
            id: one.id.clone(),
            to: one.to,
            name: one.to.name().to_owned(),
            target: one.target.clone(),
            account: one.account.clone(),
            label: account.map(|account| account.label.clone()),
            payer: account.map(|account| account.payer),
            gets: gets(one, account),
            made_at: one.made_at,
            valid_until: one.valid_until,
            problem: anthropic_sdk::problem(one)
                .or_else(|| export_problem(one))
                .or_else(|| one.trouble.clone())
                .or_else(|| Some(self.moved_since(one, &one.account)?.to_string()))
                .or_else(|| Some(old_key(one, account?)?.to_owned()))
                .or_else(|| self.keeps_from_it(one, account))
                .or_else(|| account.is_none().then(|| not_taken_back(one))),
            last_asked: asked::last(&self.0.home.asked(), &one.id),
            files,
            command: one.command.clone(),
        }
    }
}

/// What signing out could not take back, and what to do about it.
fn not_taken_back(one: &Connection) -> String {
    format!(
        "Its account is gone, and this is still in place. Make the files below writable where they are not, then run `keyfob disconnect {}`.",
        one.id
    )
}

/// What a tool gets, as words.
fn gets(one: &Connection, account: Option<&Account>) -> String {
    let is_key = account.is_some_and(|account| matches!(account.facts, Facts::Key(_)));
    gets_of(one.to, if is_key { Form::ApiKey } else { Form::Bearer })
}
