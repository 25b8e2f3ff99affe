//! What git is answered when it asks its credential helper.

use jiff::SignedDuration;
use zeroize::Zeroizing;

use super::Keyfob;
use super::connecting::fits;
use super::connecting::git::api_of;
use crate::error::{Code, Error, Result};
use crate::hand_over::connections::{Connection, Recipient};
use crate::hand_over::git_credential::described;
use crate::secret::Secret;

/// What git wants of a credential helper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GitWants {
    /// The credential.
    Get,
    /// That one which worked is kept. Keyfob keeps its own.
    Store,
    /// That one which was refused is forgotten.
    Erase,
}

impl Keyfob {
    /// Answers git. For another host than the one that was connected, the answer is empty, as the protocol has it. What
    /// is given is always of the connection's own account, whatever a folder's file says: git asks for a host, and keeps
    /// by the host alone what it is told (`credential-cache`), so that one folder's answer would be given in the next.
    pub async fn git_credential(
        &self,
        id: &str,
        wants: GitWants,
        input: &Secret,
    ) -> Result<Zeroizing<String>> {
        let one = self.git_connection(id)?;
        let account = Some(one.account.as_str());
        let described = described(input.expose());
        if !described.is_for(&api_of(&self.whose(account)?)?) {
            return Ok(Zeroizing::default());
        }
        match wants {
            GitWants::Get => {
                // A note that cannot be written must not keep the tool from its credential.
                self.note_asked(&one.id);
                // What it could not be connected to any more it is not given either.
                fits(one.to, &self.whose(account)?)?;
                let given = self.given(account, SignedDuration::ZERO).await?;
                Ok(described.answer(given.secret(), given.expires_at()))
            }
            GitWants::Erase => {
                if let Some(refused) = described.password {
                    // git erases what a server refused. Where another one is stored already, nothing is renewed.
                    self.given_in_place_of(account, refused).await?;
                }
                Ok(Zeroizing::default())
            }
            GitWants::Store => Ok(Zeroizing::default()),
        }
    }

    fn git_connection(&self, id: &str) -> Result<Connection> {
        let list = self.0.connections.read()?;
        let found = list.all.into_iter().find(|one| one.id.as_str() == id);
        found.filter(|one| one.to == Recipient::Git).ok_or_else(|| {
            Error::new(
                Code::Usage,
                format!("There is no connection {id} any more."),
                "Connect git again with `keyfob connect git`, or take this helper out of its settings.",
            )
        })
    }
}
