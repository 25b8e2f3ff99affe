//! What a new profile is called.

use std::path::Path;

use super::making::not_made;
use crate::account::Account;
use crate::error::{Code, Error, Result};
use crate::files;
use crate::hand_over::anthropic_profile::Profile;
use crate::hand_over::connections::Recipient;
use crate::keyfob::Keyfob;
use crate::keyfob::linked_places::{numbered, slug};
use crate::linked::anthropic_profile;

impl Keyfob {
    /// The profile to make: the one that is named, which must not be there; else the first free name.
    pub(super) fn free_profile(
        &self,
        folder: &Path,
        name: Option<&str>,
        account: &Account,
    ) -> Result<Profile> {
        for part in ["configs", "credentials"] {
            let part = folder.join(part);
            // A link there may lead into a folder that is copied elsewhere.
            files::refuse_link(&part).map_err(|error| not_made(&part, &error))?;
        }
        match name {
            Some(name) => self.free_under(folder, name),
            None => {
                self.has_none_yet(account)?;
                first_free(folder, account)
            }
        }
    }

    /// By the person's own choice of a name.
    fn free_under(&self, folder: &Path, name: &str) -> Result<Profile> {
        if !is_name(name) {
            return Err(Error::new(
                Code::Usage,
                "That can be no name of a profile.",
                "Names consist of letters, digits, `_`, `.` and `-`, and do not begin with a dot.",
            ));
        }
        let profile = called(folder, name);
        match (self.made_profile(folder, name)?, is_free(&profile)) {
            (Some(id), _) => Err(Error::new(
                Code::Usage,
                format!("The profile \"{name}\" is connected already."),
                format!("Take it back first: `keyfob disconnect {id}`."),
            )),
            (None, true) => Ok(profile),
            (None, false) => Err(Error::new(
                Code::Usage,
                format!(
                    "There is a profile \"{name}\" in {} already, and Keyfob did not make it.",
                    folder.display()
                ),
                "It was left as it is. Choose another name with `--profile`.",
            )),
        }
    }

    /// A second profile of one account is made only by its name.
    fn has_none_yet(&self, account: &Account) -> Result<()> {
        let list = self.0.connections.read()?;
        let mut all = list.all.iter();
        let known = all.find(|one| one.to == Recipient::AnthropicSdk && one.account == account.id);
        let Some(one) = known else {
            return Ok(());
        };
        let target = one.target.as_deref().unwrap_or_default();
        Err(Error::new(
            Code::Usage,
            format!(
                "\"{}\" has the profile \"{target}\" already.",
                account.label
            ),
            format!(
                "Turn that off first (`keyfob disconnect {}`), or name another profile (`--profile`).",
                one.id
            ),
        ))
    }
}

/// By what the account is called. Never the name that programs take where nothing names one: that would make it the
/// active one without the person's word, and another account would pay from then on.
fn first_free(folder: &Path, account: &Account) -> Result<Profile> {
    let stem = slug(&account.label);
    let stem = if stem.is_empty() { "keyfob" } else { &stem };
    let names = numbered(stem).filter(|name| name != anthropic_profile::DEFAULT);
    let free = names.map(|name| called(folder, &name)).find(is_free);
    free.ok_or_else(|| {
        Error::new(
            Code::Failed,
            "No free name for a profile was found.",
            "Choose one with `--profile`.",
        )
    })
}

fn called(folder: &Path, name: &str) -> Profile {
    Profile {
        folder: folder.to_owned(),
        name: name.to_owned(),
    }
}

/// The Python SDK takes no name that begins with a dot.
fn is_name(name: &str) -> bool {
    anthropic_profile::is_name(name) && !name.starts_with('.') && name.len() <= 100
}

/// Whether nothing at all lies where the profile would, not even a link.
fn is_free(profile: &Profile) -> bool {
    let files = [profile.config(), profile.credentials()];
    files.iter().all(|file| file.symlink_metadata().is_err())
}
