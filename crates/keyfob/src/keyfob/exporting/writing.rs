//! Writing an exported file so that the list names it whatever happens in between.

use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::super::Keyfob;
use super::super::connecting::ConnectionStatus;
use super::super::connecting::listing::Begun;
use super::super::given::Given;
use super::place::{Place, changed_since, refused};
use super::standing::{file_of, is_as_written};
use crate::account::{Account, Facts};
use crate::error::{Error, Result};
use crate::files;
use crate::hand_over::change::{Change, TakenBack, fingerprint};
use crate::hand_over::connections::{Connection, Recipient};

/// What is said where only some of a profile's files could be replaced.
const HALF: &str = "Some of its files were written and some not. Take it back with `keyfob disconnect`, then export it again.";

impl Keyfob {
    /// Writes what is exported to its place, and lists it.
    pub(super) fn write_export(
        &self,
        place: Place,
        texts: &[(PathBuf, Zeroizing<Vec<u8>>)],
        given: &Given,
        account: &Account,
    ) -> Result<ConnectionStatus> {
        let before = place.replaces.as_ref();
        let files = texts
            .iter()
            .map(|(inside, text)| (place.of(inside), text.as_slice()));
        let files: Vec<(PathBuf, &[u8])> = files.collect();
        let mut connection = Connection {
            id: self.new_id(Recipient::File)?,
            to: Recipient::File,
            account: given.whose.account.id.clone(),
            made_at: self.0.edge.now(),
            target: Some(place.path.display().to_string()),
            valid_until: given.expires_at(),
            issued_at: None,
            generation: matches!(account.facts, Facts::Key(_)).then_some(account.generation),
            trouble: None,
            command: None,
            changes: changes(&place, &files),
        };
        if before.is_some_and(|before| is_for_another_api(before, &connection)) {
            return Err(refused(&place.path, "holds a profile for another API"));
        }
        // In the list before it is written: whoever is killed in between has left nothing that no list names.
        self.list_export(&connection, account, before)?;
        let (mut begun, mut written) = (Begun::default(), 0);
        let mut each = files.iter();
        let wrote = each.try_for_each(|(path, text)| {
            write(path, text, before, &mut begun)?;
            written += 1;
            Ok(())
        });
        match (wrote, place.replaces.clone()) {
            (Ok(()), _) => {}
            (Err(error), None) => return Err(self.not_begun(begun, connection, error)),
            (Err(error), Some(before)) if written == 0 => {
                self.relist_export(&connection, before);
                return Err(error);
            }
            // What was replaced cannot be put back, so the list goes on naming both.
            (Err(error), Some(_)) => {
                let cure = HALF.to_owned();
                return Err(Error { cure, ..error });
            }
        }
        let earlier = before.map_or(&[][..], |before| &before.changes);
        connection.changes.extend(not_gone(earlier, &files));
        self.confirm(&connection)?;
        Ok(self.shown(&connection))
    }

    /// Puts an export into the list, in the place of the one that it replaces. Until it is written, what lies there may
    /// be either of them.
    fn list_export(
        &self,
        connection: &Connection,
        account: &Account,
        replaces: Option<&Connection>,
    ) -> Result<()> {
        let mut listed = connection.clone();
        let Some(before) = replaces else {
            return self.list_first(listed, account);
        };
        let earlier = before.changes.iter().filter(|one| file_of(one).is_some());
        let (folders, files): (Vec<_>, Vec<_>) =
            connection.changes.iter().partition(|one| one.is_folder());
        let all = folders.into_iter().chain(earlier).chain(files);
        listed.changes = all.cloned().collect();
        listed.generation = before
            .generation
            .filter(|_| before.account == listed.account);
        self.list_first_in_place_of(listed, account, Some(&before.id))
    }

    /// Puts the earlier export back into the list in the place of one of which nothing was written.
    fn relist_export(&self, connection: &Connection, before: Connection) {
        let folders = connection.changes.iter().rev();
        for folder in folders.filter(|change| change.is_folder()) {
            // The earlier one's are not empty.
            let _ = folder.take_back();
        }
        // Where that fails, the new one names what lies there too.
        let _ = self.0.connections.change(|list| {
            let place = list.all.iter_mut().find(|one| one.id == connection.id);
            if let Some(place) = place {
                *place = before;
            }
            Ok(())
        });
    }
}

/// What writing these files changes: the folders that are made for them, and those that an earlier export made.
fn changes(place: &Place, files: &[(PathBuf, &[u8])]) -> Vec<Change> {
    let earlier = place.replaces.iter().flat_map(|before| &before.changes);
    let mut changes: Vec<_> = earlier.filter(|one| one.is_folder()).cloned().collect();
    if place.is_folder {
        let inside = ["", "configs", "credentials"].map(|name| place.of(Path::new(name)));
        let missing = inside.into_iter().filter(|folder| !folder.exists());
        changes.extend(missing.map(|path| Change::Folder { path }));
    }
    let written = files.iter().map(|(path, text)| Change::File {
        path: path.clone(),
        sha256: fingerprint(text),
    });
    changes.extend(written);
    changes
}

/// Removes the files of an earlier export that were not written again: a profile of another name lies beside the new
/// one, and holds the token of before. What cannot be removed is given back.
fn not_gone(earlier: &[Change], files: &[(PathBuf, &[u8])]) -> Vec<Change> {
    let is_beside = |path: &Path| !files.iter().any(|(written, _)| written == path);
    let beside = earlier
        .iter()
        .filter(|one| file_of(one).is_some_and(|(path, _)| is_beside(path)));
    let stays: Vec<_> = beside
        .filter(|one| one.take_back() != Ok(TakenBack::Done))
        .cloned()
        .collect();
    // One that was cut short has two fingerprints, and is gone by one of them.
    let stays = stays.into_iter();
    stays
        .filter(|one| one.path().symlink_metadata().is_ok())
        .collect()
}

/// Writes an exported file: a new one, or over the earlier one.
fn write(path: &Path, text: &[u8], replaces: Option<&Connection>, begun: &mut Begun) -> Result<()> {
    let of_before = |one: &&Connection| {
        let mut files = one.changes.iter().filter_map(file_of);
        files.any(|(known, _)| known == path)
    };
    let written = match replaces.filter(of_before) {
        // Getting the credential may take its time, in which somebody may have written there.
        Some(before) if !is_as_written(before, path) => return Err(changed_since(path)),
        Some(_) => files::replace_private(path, text),
        None => begun.create(
            Change::File {
                path: path.to_owned(),
                sha256: fingerprint(text),
            },
            text,
        ),
    };
    written.map_err(|error| not_exported(path, &error))
}

/// Whether a profile's configuration would become another one. Its two files cannot be replaced at the same instant, and
/// in between a token would go to the other one's API.
fn is_for_another_api(before: &Connection, now: &Connection) -> bool {
    let config = |path: &Path| {
        path.parent()
            .is_some_and(|folder| folder.ends_with("configs"))
    };
    let is_another = |(path, sha256): (&Path, &str)| {
        let mut earlier = before.changes.iter().filter_map(file_of);
        config(path) && earlier.any(|(of, known)| of == path && known != sha256)
    };
    let is_folder = now.changes.iter().filter_map(file_of).count() > 1;
    is_folder && now.changes.iter().filter_map(file_of).any(is_another)
}

fn not_exported(path: &Path, error: &io::Error) -> Error {
    Error {
        cure: "Check the folder's permissions, or name another place. Nothing was exported."
            .to_owned(),
        ..files::not_written(path, error)
    }
}
