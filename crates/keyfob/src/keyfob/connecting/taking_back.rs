//! Taking back what connecting changed, all of it or what is still as it was left.

use std::path::Path;

use serde::Serialize;

use super::super::Keyfob;
use super::super::exporting::{export_gone, real_place};
use super::ConnectionStatus;
use super::anthropic_sdk::named_still;
use crate::account::AccountId;
use crate::error::{Code, Error, Result};
use crate::hand_over::asked;
use crate::hand_over::change::{Change, TakenBack};
use crate::hand_over::connections::Connection;

/// What disconnecting did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct Disconnected {
    /// What it was.
    pub connection: ConnectionStatus,
    /// What could not be taken back, as sentences: somebody else has changed it since.
    pub left: Vec<String>,
}

/// What became of an account's connections.
#[derive(Default)]
pub(in crate::keyfob) struct AllTakenBack {
    /// As they are called.
    done: Vec<String>,
    /// What somebody else has changed since, as sentences.
    left: Vec<String>,
    /// What failed and is still listed, as sentences.
    failed: Vec<String>,
}

impl Keyfob {
    /// Takes a connection back: by its id, or by the tool's name where it has one alone.
    pub fn disconnect(&self, which: &str) -> Result<Disconnected> {
        let list = self.0.connections.read()?;
        let one = chosen(&list.all, which)?;
        let id = one.id.clone();
        // git may take its time, and nobody is to wait for the list meanwhile.
        let by_git: Vec<_> = one
            .changes
            .iter()
            .filter(|change| matches!(change, Change::Git(_)))
            .map(|change| (change.clone(), change.take_back()))
            .collect();
        self.0.connections.change(|list| {
            let place = list.all.iter().position(|one| one.id == id);
            let Some(place) = place else {
                return Err(not_connected(which));
            };
            let before = list.all[place].clone();
            // A file that is gone may be somewhere else now, which is said before it is forgotten.
            let gone = export_gone(&before);
            let (mut left, failed) = take_back(&mut list.all[place], |change| {
                let by_git = by_git.iter().find(|(known, _)| known == change);
                by_git.map_or_else(|| change.take_back(), |(_, taken)| taken.clone())
            });
            if let Some(error) = failed {
                // What remains stays in the list, so that it can be tried again.
                return Ok(Err(error));
            }
            left.extend(gone);
            let rest = list.all.remove(place);
            leave_folders(&mut list.all, &rest);
            close_the_gap(&mut list.all, &before.changes, &mut left);
            left.extend(named_still(&before));
            asked::forget(&self.0.home.asked(), &before.id);
            Ok(Ok(Disconnected {
                connection: ConnectionStatus {
                    // That it was taken out is as it should be now.
                    problem: None,
                    ..self.shown(&before)
                },
                left,
            }))
        })?
    }

    /// Takes all connections of an account back, before it leaves the list.
    pub(in crate::keyfob) fn disconnect_all_of(&self, account: &AccountId) -> AllTakenBack {
        let mut all = AllTakenBack::default();
        let list = match self.0.connections.read() {
            Ok(list) => list,
            Err(error) => {
                all.failed.push(error.message);
                return all;
            }
        };
        for one in list.all.iter().filter(|one| one.account == *account) {
            match self.disconnect(one.id.as_str()) {
                Ok(disconnected) => {
                    all.done.push(called(one));
                    all.left.extend(disconnected.left);
                }
                Err(error) => all.failed.push(format!(
                    "{}: {} {}",
                    called(one),
                    error.message,
                    how_to_retry(&error, one)
                )),
            }
        }
        all
    }

    /// The same once it has left the list, with what was connected in between: what is connected after that finds no
    /// account. Gives what was disconnected, and what was left.
    pub(in crate::keyfob) fn disconnect_the_rest_of(
        &self,
        account: &AccountId,
        before: AllTakenBack,
    ) -> (Vec<String>, Vec<String>) {
        let rest = self.disconnect_all_of(account);
        (
            [before.done, rest.done].concat(),
            // What failed was tried once more.
            [before.left, rest.left, rest.failed].concat(),
        )
    }
}

/// Folders that were made for one connection and in which another one has files by now: they go with the last of them.
fn leave_folders(all: &mut [Connection], gone: &Connection) {
    for folder in gone.changes.iter().rev().filter(|one| one.is_folder()) {
        let has_files_there =
            |change: &Change| !change.is_folder() && change.path().starts_with(folder.path());
        let heir = all
            .iter_mut()
            .find(|one| one.changes.iter().any(has_files_there));
        if let Some(heir) = heir.filter(|heir| !heir.changes.contains(folder)) {
            // What is in it is taken back before it.
            heir.changes.insert(0, folder.clone());
        }
    }
}

/// Where a later connection has replaced the same text once more, what it puts back is what lay there before both.
pub(super) fn close_the_gap(all: &mut [Connection], gone: &[Change], left: &mut Vec<String>) {
    for change in gone {
        let Change::Text { path, is, was } = change else {
            continue;
        };
        let later = all.iter_mut().flat_map(|one| &mut one.changes);
        for later in later {
            if let Change::Text {
                path: same,
                was: before,
                ..
            } = later
                && same == path
                // Another program may have written it anew, without the end of the line.
                && before.as_deref().map(str::trim) == Some(is.trim())
            {
                before.clone_from(was);
                // It was not somebody else who changed it.
                left.retain(|words| !words.starts_with(&path.display().to_string()));
            }
        }
    }
}

/// Takes back what can be: Keyfob's own copies of a secret first, then from the last change to the first. Where
/// something failed, the rest stays in the connection, and with it what somebody else has changed: it is said again.
pub(super) fn take_back(
    one: &mut Connection,
    by: impl Fn(&Change) -> Result<TakenBack>,
) -> (Vec<String>, Option<Error>) {
    let mut order: Vec<usize> = (0..one.changes.len()).rev().collect();
    order.sort_by_key(|at| !one.changes[*at].is_own_copy());
    let mut done = vec![false; one.changes.len()];
    let (mut left, mut failed) = (Vec::new(), None);
    for at in order {
        let change = &one.changes[at];
        match by(change) {
            // A folder with something in it stays as long as that does.
            Ok(TakenBack::Done) => done[at] = !(change.is_folder() && change.path().exists()),
            Ok(TakenBack::Left(words)) => left.push((at, words)),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    // A file that was being replaced has two fingerprints, and is gone by one of them.
    left.retain(|(at, _)| match &one.changes[*at] {
        Change::File { path, .. } => path.symlink_metadata().is_ok(),
        _ => true,
    });
    let mut done = done.into_iter();
    one.changes.retain(|_| !done.next().unwrap_or_default());
    (left.into_iter().map(|(_, words)| words).collect(), failed)
}

pub(in crate::keyfob) fn chosen<'a>(all: &'a [Connection], which: &str) -> Result<&'a Connection> {
    if let Some(one) = all.iter().find(|one| one.id.as_str() == which) {
        return Ok(one);
    }
    let of_tool = all.iter().filter(|one| one.to.id() == which);
    let mut named: Vec<_> = of_tool.collect();
    if named.is_empty() {
        let path = std::path::absolute(which).unwrap_or_default();
        let real = real_place(&path);
        let is_it = |target: &str| {
            let place = Path::new(target);
            target == which || place == path || real.as_deref() == Some(place)
        };
        let by_target = all.iter();
        named = by_target
            .filter(|one| one.target.as_deref().is_some_and(is_it))
            .collect();
    }
    match named.as_slice() {
        [one] => Ok(one),
        [] => Err(not_connected(which)),
        several => {
            let ids: Vec<_> = several.iter().map(|one| one.id.as_str()).collect();
            Err(Error::new(
                Code::Usage,
                format!("{which} is connected more than once."),
                format!("Name one of them: {}.", ids.join(", ")),
            ))
        }
    }
}

fn not_connected(which: &str) -> Error {
    Error::new(
        Code::Usage,
        format!("\"{which}\" is not connected."),
        "`keyfob connections` lists what is.",
    )
}

/// What to do about what could not be taken back, where its account is gone by then.
fn how_to_retry(error: &Error, one: &Connection) -> String {
    let first = match error.message.ends_with("cannot be written.") {
        true => "Make it writable",
        false => "See to that",
    };
    format!("{first}, then run `keyfob disconnect {}`.", one.id)
}

fn called(one: &Connection) -> String {
    match &one.target {
        Some(target) => format!("{} ({target})", one.to.name()),
        None => one.to.name().to_owned(),
    }
}
