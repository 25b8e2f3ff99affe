//! Programs that ask git for a credential (`git credential fill`): for one host, the account's own, git is told that
//! Keyfob is its helper (gitcredentials(7), "Credential contexts").

use std::path::PathBuf;

use url::Url;

use super::{ConnectRequest, Made};
use crate::error::{Code, Error, Result};
use crate::hand_over::change::Change;
use crate::hand_over::connections::{ConnectionId, Recipient};
use crate::hand_over::git_config::GitConfig;
use crate::hand_over::git_credential::{host_of, may_be_asked_for};
use crate::keyfob::Keyfob;
use crate::keyfob::connectable::Prospect;
use crate::keyfob::given::Whose;

impl Keyfob {
    pub(super) fn connect_git(
        &self,
        id: &ConnectionId,
        host: Option<&str>,
        request: &ConnectRequest,
        whose: &Whose,
    ) -> Result<Made> {
        let api = api_of(whose)?;
        let own = host_of(&api).unwrap_or_default();
        if let Some(host) = host.filter(|host| !host.eq_ignore_ascii_case(&own)) {
            return Err(Error::new(
                Code::Usage,
                format!(
                    "The credential of \"{}\" is for {own}, and not for {host}.",
                    whose.account.label
                ),
                "It is given to no other host. Leave --host out, or name another account.",
            ));
        }
        let git = self.find_program("git").ok_or_else(not_installed)?;
        let key = format!("credential.{}://{own}.helper", api.scheme());
        let before = GitConfig::values(&git, &key)?;
        self.refuse_second(&own)?;
        let line = format!(
            "!{}",
            self.call_of(&request.program, &format!("credential {id}"))
        );
        // An empty value first: without it, helpers that are there for every host would be handed the token to keep.
        // Who has one already for this host has decided that.
        let values: &[&str] = match before.is_empty() {
            true => &["", &line],
            false => &[&line],
        };
        let planned = GitConfig::plan(&git, &self.git_file(), &key, values)?;
        let mut made = Made {
            target: Some(own.clone()),
            valid_until: None,
            changes: vec![Change::Git(Box::new(planned.clone()))],
            words: vec![format!(
                "Programs that ask git for a credential of {own} get it: `git credential fill`."
            )],
            command: None,
        };
        let connection = self.connection(id, Recipient::Git, whose, &made);
        let mut written = planned.clone();
        self.list_and_write(connection, &whose.account, |begun| {
            begun.add(Change::Git(Box::new(planned)));
            written.write()
        })?;
        made.changes = vec![Change::Git(Box::new(written))];
        Ok(made)
    }

    pub(in crate::keyfob) fn git_prospect(&self) -> Prospect {
        Prospect::of(
            "git is told that Keyfob has the credential for the API's host, for programs that ask git.",
            vec![self.git_file()],
        )
    }

    /// The file of the person's own settings of git.
    fn git_file(&self) -> PathBuf {
        let home = self.0.edge.home_folder().unwrap_or_default();
        let named = |name: &str| self.0.edge.variable(name).map(PathBuf::from);
        GitConfig::file(&home, named("GIT_CONFIG_GLOBAL"), named("XDG_CONFIG_HOME"))
    }

    /// Two helpers for one host would both be asked, and the first answers.
    fn refuse_second(&self, host: &str) -> Result<()> {
        let list = self.0.connections.read()?;
        let same = list
            .all
            .iter()
            .find(|one| one.to == Recipient::Git && one.target.as_deref() == Some(host));
        match same {
            Some(one) => Err(super::connected_already("git", &one.id)),
            None => Ok(()),
        }
    }
}

/// The address that a credential is for, where git may hand it out for that.
pub(in crate::keyfob) fn api_of(whose: &Whose) -> Result<Url> {
    let api = whose.api.url();
    api.filter(may_be_asked_for).ok_or_else(|| {
        Error::new(
            Code::Failed,
            format!(
                "The API of \"{}\" has no address that git could be told.",
                whose.account.label
            ),
            "It has to be an address with https. Give it to the provider as base_url in config.toml.",
        )
    })
}

fn not_installed() -> Error {
    Error::new(
        Code::Failed,
        "git is not installed here: there is no program `git`.",
        "Install it with your system's packages, then connect again. Nothing was changed.",
    )
}
