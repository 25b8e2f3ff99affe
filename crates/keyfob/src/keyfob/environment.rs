//! Variables of the environment beside the accounts that are stored: named like them, shown like them, never changed.

use super::Keyfob;
use crate::account::{Account, AccountId};
use crate::accounts::Accounts;
use crate::custody::freshness::Want;
use crate::error::{Code, Error, Result};
use crate::linked::environment::{self, Found};
use crate::status::{Importable, Status, Surroundings};

use super::tokens::Handed;

/// What a name means.
pub(super) enum Named<'a> {
    /// An account that is listed.
    Stored(&'a Account),
    /// A variable.
    Variable(Box<Found>),
}

impl Named<'_> {
    pub(super) fn account(&self) -> &Account {
        match self {
            Self::Stored(account) => account,
            Self::Variable(found) => &found.account,
        }
    }
}

impl Keyfob {
    /// What is set in the environment of this program.
    pub(super) fn in_environment(&self) -> Vec<Found> {
        environment::found(&self.0.edge)
    }

    /// What a name means, or the account that is given without one.
    pub(super) fn named<'a>(
        &self,
        accounts: &'a Accounts,
        name: Option<&str>,
    ) -> Result<Named<'a>> {
        let Some(wanted) = name else {
            return match accounts.is_ordered() {
                true => self.first_in_order(accounts),
                false => Ok(Named::Stored(accounts.find(None)?)),
            };
        };
        match accounts.find(name) {
            Ok(account) => Ok(Named::Stored(account)),
            Err(error) => {
                let found = self
                    .in_environment()
                    .into_iter()
                    .find(|found| is_named(found, wanted));
                found
                    .map(|found| Named::Variable(Box::new(found)))
                    .ok_or(error)
            }
        }
    }

    /// An account that is listed, for what can be done only to one of those.
    pub(super) fn stored(&self, name: Option<&str>) -> Result<Account> {
        match self.named(&*self.0.accounts.read()?, name)? {
            Named::Stored(account) => Ok(account.clone()),
            Named::Variable(found) => Err(set_elsewhere(&found)),
        }
    }

    /// The id of an account that is listed, while the list is being changed.
    pub(super) fn stored_in(&self, accounts: &Accounts, name: &str) -> Result<AccountId> {
        match self.named(accounts, Some(name))? {
            Named::Stored(account) => Ok(account.id.clone()),
            Named::Variable(found) => Err(set_elsewhere(&found)),
        }
    }

    /// How a variable stands.
    pub(super) fn status_of_variable(&self, found: &Found, is_default: bool) -> Status {
        let around = Surroundings {
            provider_name: found.kind.name(),
            storage: "Environment",
            is_default,
        };
        let mut status = Status::of(&found.account, around, self.0.edge.now());
        status.about = Some(found.about.clone());
        status.last_four.clone_from(&found.last_four);
        status.gives = found.given.is_ok();
        status.importable = match found.kind {
            environment::Kind::ApiKey if status.gives => Some(Importable::Key),
            environment::Kind::Tokens => Some(Importable::Tokens),
            _ => None,
        };
        status
    }

    /// What a variable holds, for a tool.
    pub(super) fn variable_handed(&self, found: Found, want: &Want) -> Result<Handed> {
        let secret = found.given?;
        match want {
            Want::Other { than, .. } if *than == secret => Err(Error::new(
                Code::SignInNeeded,
                format!("What {} holds is what was refused.", found.account.label),
                "Set a new one there, or name another account.",
            )),
            _ => Ok(Handed::of_secret(&found.account.id, secret)),
        }
    }
}

fn is_named(found: &Found, name: &str) -> bool {
    let name = name.trim();
    found.account.label.eq_ignore_ascii_case(name) || found.account.id.as_str() == name
}

/// The words for whoever wants to change what is not ours.
fn set_elsewhere(found: &Found) -> Error {
    let name = &found.account.label;
    Error::new(
        Code::Usage,
        format!(
            "{name} is a variable of the environment: Keyfob shows it and changes nothing of it."
        ),
        match found.kind {
            environment::Kind::Session | environment::Kind::Bearer => {
                format!("Change it where it is set, or take it out there with `unset {name}`.")
            }
            _ => format!(
                "Change it where it is set, or import it with `keyfob import --from-environment {name}`."
            ),
        },
    )
}
