//! The list of what is connected: an entry before anything of it is written, and what is sure of it afterwards.

use std::io;

use super::taking_back::take_back;
use super::{Keyfob, Made, Whose, connected_already};
use crate::account::Account;
use crate::error::{Code, Error, Result};
use crate::files;
use crate::hand_over::change::Change;
use crate::hand_over::connections::{Connection, ConnectionId, Recipient};

impl Keyfob {
    /// A connection as it goes into the list.
    pub(super) fn connection(
        &self,
        id: &ConnectionId,
        to: Recipient,
        whose: &Whose,
        made: &Made,
    ) -> Connection {
        Connection {
            id: id.clone(),
            to,
            account: whose.account.id.clone(),
            made_at: self.0.edge.now(),
            target: made.target.clone(),
            valid_until: made.valid_until,
            issued_at: None,
            generation: is_of_a_key(&made.changes).then_some(whose.account.generation),
            trouble: None,
            changes: made.changes.clone(),
            command: made.command.clone(),
        }
    }

    /// Some tools have one place alone for a credential.
    pub(super) fn only_once(&self, to: Recipient) -> Result<()> {
        let list = self.0.connections.read()?;
        match list.all.iter().find(|one| one.to == to) {
            Some(one) => Err(connected_already(to.id(), &one.id)),
            None => Ok(()),
        }
    }

    /// Makes what a connection changes: in the list before it is written, because whoever is killed in between has left
    /// nothing then that no list names; and out of it again where it could not be written, once nothing of it is left.
    pub(in crate::keyfob) fn list_and_write(
        &self,
        connection: Connection,
        account: &Account,
        write: impl FnOnce(&mut Begun) -> Result<()>,
    ) -> Result<()> {
        self.list_first(connection.clone(), account)?;
        let mut begun = Begun::default();
        write(&mut begun).map_err(|error| self.not_begun(begun, connection, error))
    }

    /// Takes back what had been written when the rest could not be, and gives the reason. What stays is listed.
    pub(in crate::keyfob) fn not_begun(
        &self,
        begun: Begun,
        connection: Connection,
        error: Error,
    ) -> Error {
        let (folders, _): (Vec<_>, Vec<_>) =
            connection.changes.into_iter().partition(Change::is_folder);
        let mut one = Connection {
            changes: folders.into_iter().chain(begun.0).collect(),
            ..connection
        };
        match self.take_back_or_list(&mut one) {
            None => error,
            Some(stays) => Error {
                cure: format!("What was written before is still there. {stays}"),
                ..error
            },
        }
    }

    /// Takes a connection back, and out of the list once nothing is left that gives anything. What stays is said, with
    /// what to do about it.
    fn take_back_or_list(&self, one: &mut Connection) -> Option<String> {
        let (mut stays, failed) = take_back(one, Change::take_back);
        let gives = |change: &Change| change.is_own_copy() || matches!(change, Change::Git(_));
        let is_listed = failed.is_some() || one.changes.iter().any(gives);
        stays.extend(failed.map(|error| error.message));
        if !is_listed {
            self.unlist(&one.id);
            return (!stays.is_empty()).then(|| stays.join(" "));
        }
        one.trouble = Some(format!(
            "It could not be connected, and what was written is still there. Run `keyfob disconnect {}`.",
            one.id
        ));
        // Where this fails too, the list names all of it from before.
        let _ = self.0.connections.change(|list| {
            match list.all.iter_mut().find(|listed| listed.id == one.id) {
                Some(listed) => listed.clone_from(one),
                None => list.all.push(one.clone()),
            }
            Ok(())
        });
        stays.push(format!(
            "See to that, then run `keyfob disconnect {}`.",
            one.id
        ));
        Some(stays.join(" "))
    }

    /// Writes a connection down before what it changes is written, so that a kill in between leaves nothing unknown.
    /// The account is as it was before its secret was read: one that was replaced since is not handed over, because
    /// whoever replaced it found nothing here yet to write anew.
    pub(in crate::keyfob) fn list_first(
        &self,
        connection: Connection,
        account: &Account,
    ) -> Result<()> {
        self.list_first_in_place_of(connection, account, None)
    }

    /// The same in the place of another one.
    pub(in crate::keyfob) fn list_first_in_place_of(
        &self,
        connection: Connection,
        account: &Account,
        before: Option<&ConnectionId>,
    ) -> Result<()> {
        self.0.connections.change(|list| {
            let is_taken = |one: &Connection| one.id == connection.id && Some(&one.id) != before;
            if list.all.iter().any(is_taken) {
                return Err(taken(&connection.id));
            }
            // Whoever signs out takes back what is in the list by then.
            match self.0.accounts.read()?.get(&connection.account) {
                None => return Err(gone_meanwhile()),
                Some(now) if now.generation != account.generation => {
                    return Err(replaced_meanwhile(account));
                }
                Some(_) => {}
            }
            if before.is_some_and(|before| list.all.iter().all(|one| one.id != *before)) {
                return Err(gone_meanwhile());
            }
            list.all.retain(|one| Some(&one.id) != before);
            list.all.push(connection);
            Ok(())
        })
    }

    /// An id that no connection has: a helper's line must never come to mean two.
    pub(in crate::keyfob) fn new_id(&self, to: Recipient) -> Result<ConnectionId> {
        self.0.connections.change(|list| {
            for _ in 0..MOST_DRAWS {
                let id = ConnectionId::new(to, self.0.edge.random()?);
                if !list.all.iter().any(|one| one.id == id) {
                    return Ok(id);
                }
            }
            Err(Error::new(
                Code::Failed,
                format!("No free name for a connection of {} was found.", to.name()),
                "Take back connections that are not needed: `keyfob connections` lists them.",
            ))
        })
    }

    /// Takes a connection of which nothing is left out of the list.
    pub(in crate::keyfob) fn unlist(&self, id: &ConnectionId) {
        // What stays there is taken back like any other: what was never written is taken back already.
        let _ = self.0.connections.change(|list| {
            list.all.retain(|one| one.id != *id);
            Ok(())
        });
    }

    /// Once all is written: notes where that came to lie elsewhere than was thought, and takes it back where somebody
    /// has signed out or disconnected meanwhile, which found nothing to take back yet.
    pub(in crate::keyfob) fn confirm(&self, connection: &Connection) -> Result<()> {
        let stands = self.0.connections.change(|list| {
            let listed = list.all.iter_mut().find(|one| one.id == connection.id);
            let account = self.0.accounts.read()?.get(&connection.account).cloned();
            let (Some(listed), Some(_)) = (listed, account) else {
                return Ok(false);
            };
            // Folders may have been left to it meanwhile by one that was taken back.
            let is_left =
                |change: &Change| change.is_folder() && !connection.changes.contains(change);
            listed.changes.retain(is_left);
            listed.changes.extend_from_slice(&connection.changes);
            // Somebody may have replaced the key since, and have written the new one already.
            listed.generation = listed.generation.max(connection.generation);
            Ok(true)
        });
        // Where the list cannot be read or written now, it names the connection from before.
        if stands.unwrap_or(true) {
            return Ok(());
        }
        Err(match self.take_back_or_list(&mut connection.clone()) {
            None => gone_meanwhile(),
            Some(stays) => Error {
                cure: stays,
                ..gone_meanwhile()
            },
        })
    }
}

/// What has been written of a connection so far, for taking it back where the rest cannot be written.
#[derive(Default)]
pub(in crate::keyfob) struct Begun(Vec<Change>);

impl Begun {
    /// Makes a file where there is none.
    pub(in crate::keyfob) fn create(&mut self, change: Change, bytes: &[u8]) -> io::Result<()> {
        let made = files::create_bytes(change.path(), bytes);
        // What was there already is somebody else's, but for a copy that whoever replaced the key has just written.
        let was_there = |error: &io::Error| error.kind() == io::ErrorKind::AlreadyExists;
        let is_theirs = made.as_ref().is_err_and(was_there) && !change.is_own_key();
        if !is_theirs {
            self.0.push(change);
        }
        made
    }

    /// Notes what is about to be written.
    pub(super) fn add(&mut self, change: Change) {
        self.0.push(change);
    }
}

/// Whether what is changed has a copy of an API key in it.
fn is_of_a_key(changes: &[Change]) -> bool {
    changes.iter().any(Change::is_own_key)
}

/// How often a name is drawn before it is given up.
const MOST_DRAWS: usize = 10_000;

fn taken(id: &ConnectionId) -> Error {
    Error::new(
        Code::Failed,
        format!("Another connection was made at the same moment under the same name, {id}."),
        "Connect it again.",
    )
}

pub(super) fn gone_meanwhile() -> Error {
    Error::new(
        Code::Failed,
        "The account was signed out of, or the tool disconnected, while it was being connected.",
        "Nothing was handed over. `keyfob accounts` and `keyfob connections` list what there is.",
    )
}

fn replaced_meanwhile(account: &Account) -> Error {
    Error::new(
        Code::Failed,
        format!(
            "The credential of \"{}\" was replaced while it was being handed over.",
            account.label
        ),
        "Nothing was handed over. Try again, and it is the new one.",
    )
}

#[cfg(test)]
mod tests {
    use super::super::lost::tests::connection;
    use super::*;
    use crate::keyfob::which::tests::Computer;

    fn not_begun(keyfob: &Keyfob, begun: Begun) -> Error {
        let one = connection(Recipient::Opencode, Vec::new());
        let error = Error::new(Code::Failed, "It failed.", "Nothing was changed.");
        keyfob.not_begun(begun, one, error)
    }

    #[test]
    fn what_is_left_of_a_connection_that_failed_is_listed() {
        let computer = Computer::new().file("removable", "key");
        let keyfob = computer.keyfob();
        let copy = |name: &str| Change::KeyCopy {
            path: computer.path(name).into(),
        };
        let error = not_begun(&keyfob, Begun(vec![copy("removable")]));
        assert_eq!(error.cure, "Nothing was changed.");
        assert!(!std::path::Path::new(&computer.path("removable")).exists());
        assert!(keyfob.connections().unwrap().is_empty());

        // A folder in its place cannot be removed as a file.
        let error = not_begun(&keyfob, Begun(vec![copy("project")]));
        assert!(error.cure.contains("is still there"), "{error:?}");
        assert!(error.cure.contains("`keyfob disconnect opencode-01010101`"));
        let listed = keyfob.connections().unwrap();
        assert_eq!(
            listed[0].files,
            [std::path::PathBuf::from(computer.path("project"))]
        );
        assert!(listed[0].problem.is_some());
    }

    #[test]
    fn what_somebody_else_made_is_not_taken_back() {
        let computer = Computer::new().file("theirs", "theirs");
        let keyfob = computer.keyfob();
        let path = std::path::PathBuf::from(computer.path("theirs"));
        let fails = |change: Change| {
            let mut begun = Begun::default();
            begun.create(change, b"key").unwrap_err();
            not_begun(&keyfob, begun);
        };
        fails(Change::File {
            path: path.clone(),
            sha256: crate::hand_over::change::fingerprint(b"theirs"),
        });
        assert!(path.exists());
        // A copy of a key has a name that is Keyfob's own.
        fails(Change::KeyCopy { path: path.clone() });
        assert!(!path.exists());
    }
}
