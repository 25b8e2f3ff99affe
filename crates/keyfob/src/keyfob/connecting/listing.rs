//! The list of what is connected: an entry before anything of it is written, and what is sure of it afterwards.

use super::taking_back::take_back;
use super::{Keyfob, Made, Whose, connected_already};
use crate::account::Account;
use crate::error::{Code, Error, Result};
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

    /// Takes a connection of which nothing was written out of the list.
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
            Ok(true)
        });
        // Where the list cannot be read or written now, it names the connection from before.
        if stands.unwrap_or(true) {
            return Ok(());
        }
        if let (_, None) = take_back(&mut connection.clone(), Change::take_back) {
            self.unlist(&connection.id);
        }
        Err(gone_meanwhile())
    }
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
