//! Accounts whose session another program owns: linking them, looking at them, and forgetting them. Nothing here writes
//! into what is theirs.

use std::path::{Path, PathBuf};

use super::Keyfob;
use super::others_keychain::keychain_item;
use super::sign_out::{Revoked, SignOutReport};
use crate::account::{Account, AccountId, Facts, Link, Method, Owner, SeenSession, SessionFacts};
use crate::accounts::checked_label;
use crate::activity::What;
use crate::error::{Code, Error, Result};
use crate::linked::Looked;
use crate::linked::anthropic_profile::{self, is_name};
use crate::linked::claude_code::{self, Place};
use crate::status::Status;

/// A session of another program that is in the list now.
#[derive(Debug, Clone)]
pub struct Linked {
    /// How it stands.
    pub status: Status,
    /// Whether it was in the list before.
    pub already: bool,
}

impl Keyfob {
    /// Adds a session of Claude Code to the list: of a folder, else the one that Claude Code uses in this environment.
    pub async fn link_claude_code(
        &self,
        config_dir: Option<PathBuf>,
        label: Option<String>,
    ) -> Result<Linked> {
        let config_dir = match config_dir {
            Some(folder) => Some(self.absolute(&folder)?),
            None => self.claude_config_dir(),
        };
        self.link(Link::ClaudeCode { config_dir }, label).await
    }

    /// Adds a profile of `ant` to the list: the one that is named, else the active one.
    pub async fn link_anthropic_profile(
        &self,
        config_dir: Option<PathBuf>,
        profile: Option<String>,
        label: Option<String>,
    ) -> Result<Linked> {
        let config_dir = match config_dir {
            Some(folder) => Some(self.absolute(&folder)?),
            None => self.anthropic_config_dir(),
        };
        let profile = match profile {
            Some(name) if is_name(&name) => name,
            Some(name) => return Err(no_name(&name)),
            None => anthropic_profile::active(&self.anthropic_folder(config_dir.as_deref())?),
        };
        let folder = self.anthropic_folder(config_dir.as_deref())?;
        if self.made_profile(&folder, &profile)?.is_some() {
            return Err(Error::new(
                Code::Usage,
                format!(
                    "Keyfob made the profile \"{profile}\" itself, out of an account of its own."
                ),
                "There is nothing to link: `keyfob connections` shows which account it is of.",
            ));
        }
        let link = Link::AnthropicProfile {
            config_dir,
            profile,
        };
        self.link(link, label).await
    }

    async fn link(&self, link: Link, label: Option<String>) -> Result<Linked> {
        let label = label.as_deref().map(checked_label).transpose()?;
        if let Some(status) = self.linked_already(&link)? {
            return Ok(Linked {
                status,
                already: true,
            });
        }
        let looked = self.look_by_request(&link).await?;
        if let Some(error) = cannot_be_linked(&link, &looked.seen.what) {
            return Err(error);
        }
        let status = self.list(link, looked, label, What::Linked)?;
        Ok(Linked {
            status,
            already: false,
        })
    }

    /// Puts a session into the list.
    pub(super) fn list(
        &self,
        link: Link,
        looked: Looked,
        label: Option<String>,
        what: What,
    ) -> Result<Status> {
        let id = AccountId::from_random(self.0.edge.random()?);
        let (method, owner) = match &link {
            Link::ClaudeCode { .. } => (Method::ClaudeCode, Owner::ClaudeCode),
            Link::AnthropicProfile { .. } => (Method::AnthropicProfile, Owner::Ant),
            Link::Environment { .. } => (Method::Environment, Owner::Environment),
        };
        let email = looked.identity.email.as_deref();
        let usual = email.and_then(|email| checked_label(email).ok());
        let label = label.or(usual).unwrap_or_else(|| provider_name(&link));
        self.0.accounts.change(|accounts| {
            // Somebody else may have linked it since.
            if accounts.accounts.iter().any(|a| links_to(a, &link)) {
                return Ok(());
            }
            accounts.add(Account {
                id: id.clone(),
                label: accounts.free_label(&label),
                method,
                owner,
                provider: None,
                payer: looked.payer,
                generation: 1,
                practice: false,
                identity: looked.identity.clone(),
                created_at: self.0.edge.now(),
                facts: Facts::Session(SessionFacts {
                    link: link.clone(),
                    seen: looked.seen.clone(),
                    trouble: None,
                }),
            });
            Ok(())
        })?;
        match self.0.accounts.read()?.get(&id) {
            Some(account) => {
                self.tell(account, what, None);
                self.status(Some(id.as_str()))
            }
            None => self.linked_already(&link)?.ok_or_else(gone_meanwhile),
        }
    }

    /// Writes down what was just seen of a session that is in the list.
    pub(super) fn note_looked(&self, id: &AccountId, looked: &Looked) -> Result<()> {
        self.0.accounts.change(|accounts| {
            if let Some(account) = accounts.get_mut(id)
                && let Facts::Session(facts) = &mut account.facts
            {
                let changed = facts.seen.what != looked.seen.what;
                facts.seen = looked.seen.clone();
                facts.trouble = facts.trouble.take().filter(|_| !changed);
                if matches!(looked.seen.what, SeenSession::There { .. }) {
                    account.identity = looked.identity.clone();
                    account.payer = looked.payer;
                }
            }
            Ok(())
        })
    }

    fn linked_already(&self, link: &Link) -> Result<Option<Status>> {
        let accounts = self.0.accounts.read()?;
        let known = accounts.accounts.iter().find(|a| links_to(a, link));
        known.map(|a| self.status(Some(a.id.as_str()))).transpose()
    }

    /// Looks at a session because a person asked for it: on macOS also into the keychain, which may ask them.
    pub async fn look_at_session(&self, name: &str) -> Result<Status> {
        let account = self.0.accounts.read()?.find(Some(name))?.clone();
        let Facts::Session(facts) = &account.facts else {
            return Err(Error::new(
                Code::Usage,
                format!("\"{}\" is held by Keyfob itself.", account.label),
                "There is nothing elsewhere to look at.",
            ));
        };
        let looked = self.look_by_request(&facts.link).await?;
        self.note_looked(&account.id, &looked)?;
        self.status(Some(account.id.as_str()))
    }

    /// The account with what lies there at this instant. Reading a file or two is all it does.
    pub(super) fn seen_now(&self, account: &Account) -> Option<Account> {
        let Facts::Session(facts) = &account.facts else {
            return None;
        };
        let looked = self.look(&facts.link).ok()?;
        // What a click has found in the keychain stays known: it is not looked into again by the way.
        if matches!(looked.seen.what, SeenSession::NotReadable { .. }) && self.hides(&facts.link) {
            return None;
        }
        let mut account = account.clone();
        if matches!(looked.seen.what, SeenSession::There { .. }) {
            account.identity = looked.identity;
            account.payer = looked.payer;
        }
        let unchanged = looked.seen.what == facts.seen.what;
        // How long a session has been missing is known by who saw it first.
        let seen = match unchanged {
            true => facts.seen.clone(),
            false => looked.seen,
        };
        account.facts = Facts::Session(SessionFacts {
            link: facts.link.clone(),
            trouble: facts.trouble.clone().filter(|_| unchanged),
            seen,
        });
        Some(account)
    }

    /// Whether a session lies in a keychain that is not looked into without a click.
    pub(super) fn hides(&self, link: &Link) -> bool {
        match link {
            Link::ClaudeCode { config_dir } => self
                .claude_place(config_dir.as_deref())
                .is_ok_and(|place| place.has_keychain && !place.credentials.exists()),
            _ => false,
        }
    }

    pub(super) fn look(&self, link: &Link) -> Result<Looked> {
        let now = self.0.edge.now();
        match link {
            Link::ClaudeCode { config_dir } => {
                let place = self.claude_place(config_dir.as_deref())?;
                Ok(claude_code::look(&place, now))
            }
            Link::AnthropicProfile {
                config_dir,
                profile,
            } => {
                let folder = self.anthropic_folder(config_dir.as_deref())?;
                Ok(anthropic_profile::look(&folder, profile, now))
            }
            Link::Environment { .. } => Err(Error::new(
                Code::Usage,
                "Variables of the environment are not linked.",
                "They are shown as they are set.",
            )),
        }
    }

    /// The same, because a person asked for it.
    pub(super) async fn look_by_request(&self, link: &Link) -> Result<Looked> {
        let Link::ClaudeCode { config_dir } = link else {
            return self.look(link);
        };
        let place = self.claude_place(config_dir.as_deref())?;
        let now = self.0.edge.now();
        if !place.has_keychain {
            return Ok(claude_code::look(&place, now));
        }
        let item = keychain_item(&place).await?;
        let item = item.as_ref().map(|item| item.expose().as_bytes());
        Ok(claude_code::look_at_item(&place, item, now))
    }

    /// Takes a session off the list. Nothing of it is touched: not the other program's files, not our store.
    pub(super) fn unlink(&self, account: &Account) -> Result<SignOutReport> {
        let taken_back = self.disconnect_all_of(&account.id);
        self.0.accounts.change(|accounts| {
            accounts.remove(&account.id);
            Ok(())
        })?;
        self.tell(account, What::Unlinked, None);
        let (disconnected, left) = self.disconnect_the_rest_of(&account.id, taken_back);
        Ok(SignOutReport {
            label: account.label.clone(),
            revoked: Revoked::NotOurs,
            detail: None,
            disconnected,
            left,
            is_unfinished: self.is_connected_still(&account.id),
        })
    }

    pub(super) fn claude_place(&self, config_dir: Option<&Path>) -> Result<Place> {
        let home = self.home_folder()?;
        Ok(Place::of(
            |name| self.0.edge.variable(name),
            config_dir,
            &home,
        ))
    }

    pub(super) fn anthropic_folder(&self, config_dir: Option<&Path>) -> Result<PathBuf> {
        let home = self.home_folder()?;
        let variable = |name: &str| self.0.edge.variable(name);
        Ok(anthropic_profile::folder(variable, config_dir, &home))
    }

    pub(super) fn claude_config_dir(&self) -> Option<PathBuf> {
        claude_code::named_folder(|name| self.0.edge.variable(name))
    }

    pub(super) fn anthropic_config_dir(&self) -> Option<PathBuf> {
        anthropic_profile::named_folder(|name| self.0.edge.variable(name))
    }

    fn home_folder(&self) -> Result<PathBuf> {
        self.0.edge.home_folder().ok_or_else(|| {
            Error::new(
                Code::Failed,
                "This computer names no home folder: HOME is not set.",
                "Set HOME, then try again.",
            )
        })
    }

    fn absolute(&self, folder: &Path) -> Result<PathBuf> {
        std::path::absolute(folder).map_err(|error| {
            Error::new(
                Code::Usage,
                "That can be no folder.",
                "Name it with its full path.",
            )
            .detail(error.to_string())
        })
    }
}

/// Whether an account is of the session that lies there.
pub(super) fn links_to(account: &Account, link: &Link) -> bool {
    let Facts::Session(facts) = &account.facts else {
        return false;
    };
    match (&facts.link, link) {
        (Link::ClaudeCode { config_dir: one }, Link::ClaudeCode { config_dir: other }) => {
            is_same_folder(one.as_deref(), other.as_deref())
        }
        (
            Link::AnthropicProfile {
                config_dir: one,
                profile,
            },
            Link::AnthropicProfile {
                config_dir: other,
                profile: name,
            },
        ) => profile == name && is_same_folder(one.as_deref(), other.as_deref()),
        _ => false,
    }
}

/// A folder has many spellings; the one that is used when none is named is another session even where it is the same.
fn is_same_folder(one: Option<&Path>, other: Option<&Path>) -> bool {
    let real = |path: &Path| {
        path.canonicalize()
            .unwrap_or_else(|_| path.components().collect())
    };
    match (one, other) {
        (Some(one), Some(other)) => real(one) == real(other),
        (one, other) => one == other,
    }
}

/// Whose session it is, in place of a provider's name.
pub(super) fn provider_name(link: &Link) -> String {
    match link {
        Link::ClaudeCode { .. } => "Claude Code".to_owned(),
        Link::AnthropicProfile { profile, .. } => format!("ant profile {profile}"),
        Link::Environment { .. } => "Environment".to_owned(),
    }
}

/// Where a session lies, in words.
pub(super) fn storage_of(keyfob: &Keyfob, link: &Link) -> String {
    match link {
        Link::ClaudeCode { config_dir } => match keyfob.claude_place(config_dir.as_deref()) {
            Ok(place) => place.folder.display().to_string(),
            Err(_) => "Claude Code's own folder".to_owned(),
        },
        Link::AnthropicProfile { config_dir, .. } => {
            match keyfob.anthropic_folder(config_dir.as_deref()) {
                Ok(folder) => folder.display().to_string(),
                Err(_) => "ant's own folder".to_owned(),
            }
        }
        Link::Environment { variables } => variables.join(", "),
    }
}

fn cannot_be_linked(link: &Link, what: &SeenSession) -> Option<Error> {
    let with = match link {
        Link::ClaudeCode { .. } => "claude-code",
        _ => "ant",
    };
    match what {
        SeenSession::There { .. } => None,
        SeenSession::Missing { reason } => Some(Error::new(
            Code::SignInNeeded,
            reason,
            format!("Sign in with `keyfob login --with {with}`, or name another one."),
        )),
        SeenSession::NotReadable { reason, detail } => {
            let error = Error::new(
                Code::Failed,
                reason,
                "Check the file and its permissions. Keyfob left it as it is.",
            );
            Some(match detail {
                Some(detail) => error.detail(detail),
                None => error,
            })
        }
    }
}

fn no_name(name: &str) -> Error {
    Error::new(
        Code::Usage,
        format!("\"{}\" can be no name of a profile.", name.escape_debug()),
        "Names consist of letters, digits, `_`, `.` and `-`.",
    )
}

fn gone_meanwhile() -> Error {
    Error::new(
        Code::Failed,
        "The account was forgotten again while it was being added.",
        "Link it again.",
    )
}

/// The session of an account, if another program owns it.
pub(super) fn session_of(account: &Account) -> Option<&SessionFacts> {
    match &account.facts {
        Facts::Session(facts) => Some(facts),
        _ => None,
    }
}
