//! Where a connected tool sends what it is given: a credential must not get to another server than its own.

use std::path::Path;

use url::Url;

use super::Keyfob;
use super::connecting::{pi, quoted, workspace_of};
use super::given::ANTHROPIC;
use super::given::{Api, Whose};
use super::in_settings::InSettings;
use crate::account::AccountId;
use crate::error::{Code, Error, Result};
use crate::hand_over::anthropic_profile::config_text;
use crate::hand_over::change::{Change, fingerprint};
use crate::hand_over::connections::{Connection, Recipient};
use crate::hand_over::copies::Copy;
use crate::hand_over::environment::name_workspace;
use crate::precedence::sources::{BASE_URL, HEADERS, SOCKET, host};

impl Keyfob {
    /// Claude Code sends what it gets to the server that its settings name, or else its environment. Settings of a folder
    /// were seen to count although the helper, asked before, does not see them in its environment, so they are looked
    /// at too. Another server must not get it.
    pub(super) fn check_destination(
        &self,
        one: &Connection,
        whose: &Whose,
        folder: Option<&Path>,
    ) -> Result<()> {
        // What is for no server does not fit, and is told before it comes to this.
        let belongs_to = whose.api.url().map(String::from).unwrap_or_default();
        let settings = self.in_settings(folder)?;
        self.check_socket(whose, &settings)?;
        self.check_cloud(whose, &settings)?;
        let mut in_settings = settings.of(BASE_URL);
        let counts = in_settings.next();
        let named = self.0.edge.variable(BASE_URL);
        let named = named.map(|named| named.to_string_lossy().into_owned());
        // What this connection wrote for its project takes the place of what wider settings have put into the
        // environment by then; real ones were seen to.
        let is_own = counts.as_ref().is_some_and(|(_, path)| {
            one.project().is_some() && one.changes.iter().any(|change| change.path() == *path)
        });
        let named = named
            .filter(|named| !is_own || !in_settings.any(|(wider, _)| same_server(wider, named)));
        let named = named.map(|address| (address, "the environment".to_owned()));
        let counts = counts.map(|(address, path)| {
            // Set to nothing takes away what lies below.
            let address = Some(address).filter(|address| !address.trim().is_empty());
            let address = address.unwrap_or(ANTHROPIC).to_owned();
            (address, path.display().to_string())
        });
        // Where neither says anything, that is Anthropic's own.
        if named.is_none() && counts.is_none() && !same_server(ANTHROPIC, &belongs_to) {
            let cure = "Connect Claude Code again with `keyfob connect claude-code`.";
            return Err(not_there(whose, ANTHROPIC, &belongs_to, cure));
        }
        for (address, place) in named.into_iter().chain(counts) {
            if !same_server(&address, &belongs_to) {
                let cure = format!(
                    "Take {BASE_URL} out of {place}, or connect an account of that server."
                );
                return Err(not_there(whose, &address, &belongs_to, &cure));
            }
        }
        Ok(())
    }

    /// Whether Claude Code names the workspace that a key needs, by headers of its settings or of its environment. They
    /// are a person's own, or those of `keyfob run`.
    pub(super) fn says_workspace(
        &self,
        one: &Connection,
        whose: &Whose,
        folder: Option<&Path>,
    ) -> Result<bool> {
        let Some(id) = workspace_of(whose).filter(|_| one.to == Recipient::ClaudeCode) else {
            return Ok(false);
        };
        let settings = self.in_settings(folder)?;
        Ok(match settings.first(HEADERS) {
            Some((headers, _)) => name_workspace(headers, id),
            None => {
                let headers = self.0.edge.variable(HEADERS);
                headers.is_some_and(|headers| name_workspace(&headers.to_string_lossy(), id))
            }
        })
    }

    /// Through a socket requests go to whoever listens there, whatever address is named. Of the other variables,
    /// `CLAUDE_CODE_API_BASE_URL` moves none of the requests that carry what a helper prints.
    fn check_socket(&self, whose: &Whose, settings: &InSettings) -> Result<()> {
        match self.socket(settings) {
            None => Ok(()),
            Some(place) => Err(through_a_socket(
                &place,
                &format!("\"{}\" was not given", whose.account.label),
            )),
        }
    }

    /// Where a cloud provider is switched on, requests go to that one's address, whatever else is named.
    pub(super) fn check_cloud(&self, whose: &Whose, settings: &InSettings) -> Result<()> {
        match settings.cloud(&self.0.edge) {
            None => Ok(()),
            Some(cloud) => Err(cloud.refused(&whose.account.label, "it was not given")),
        }
    }

    /// Who says that Claude Code's requests go through a socket.
    pub(super) fn socket(&self, settings: &InSettings) -> Option<String> {
        if self.0.edge.variable(SOCKET).is_some() {
            return Some("the environment".to_owned());
        }
        Some(settings.socket()?.display().to_string())
    }

    /// The account of a folder may only take the place of the connection's where both are for the same server: the
    /// tool sends to that one, by its settings or by the person's word.
    pub(super) fn check_same_api(&self, one: &Connection, whose: &Whose) -> Result<()> {
        let connected = self.whose(Some(one.account.as_str()))?;
        let is_same = match (&connected.api, &whose.api) {
            (Api::Anthropic, Api::Anthropic) => true,
            (Api::At(one), Api::At(other)) => one.origin() == other.origin(),
            // Two of one provider are for the same, wherever that is.
            (Api::NotSaid, Api::NotSaid) => {
                connected.account.provider.is_some()
                    && connected.account.provider == whose.account.provider
            }
            _ => false,
        };
        // How it is sent stands in a tool's settings; a command's own program may send either.
        let is_sent_alike = one.to == Recipient::Command || connected.form == whose.form;
        if is_same && is_sent_alike {
            return self.check_written(one, whose);
        }
        Err(Error::new(
            Code::Failed,
            format!(
                "The folder's account \"{}\" is for another server than the one that {} is connected to: it was not given.",
                whose.account.label,
                one.to.name()
            ),
            "Name another account in the folder's .keyfob.toml, or connect the tool to that account.",
        ))
    }

    /// What was written into a tool's settings or profile names the server of when it was connected. An account that is
    /// for another one since gives nothing there, and neither is anything given where somebody has written another one.
    pub(super) fn check_written(&self, one: &Connection, whose: &Whose) -> Result<()> {
        match (is_elsewhere(one, whose), one.to) {
            (true, _) => Err(moved(one, &whose.account.label)),
            (false, Recipient::Pi) => pi::check_address(one, &whose.account.label),
            (false, _) => Ok(()),
        }
    }

    /// The same by the account's id, for whoever shows it; nothing where the account cannot be looked at.
    pub(super) fn moved_since(&self, one: &Connection, account: &AccountId) -> Option<Error> {
        let whose = self.whose(Some(account.as_str())).ok()?;
        self.check_written(one, &whose).err()
    }
}

/// Whether another address was written for a connection than the one that its account is for now.
fn is_elsewhere(one: &Connection, whose: &Whose) -> bool {
    if let Some(copy) = Copy::among(&one.changes) {
        return copy.config_is != fingerprint(config_text(whose.api.other()).as_bytes());
    }
    let now = whose.api.url().map(String::from).unwrap_or_default();
    let now = now.trim_end_matches('/');
    let mut written = written_addresses(one).peekable();
    match (one.to, written.peek().is_some()) {
        // Without one it goes to Anthropic's own.
        (Recipient::ClaudeCode, false) => now != ANTHROPIC,
        // opencode's ends with the version.
        _ => written.any(|address| address.trim_end_matches("/v1") != now.trim_end_matches("/v1")),
    }
}

/// The addresses that were written into a tool's settings.
fn written_addresses(one: &Connection) -> impl Iterator<Item = &str> {
    let settings = one.changes.iter().filter_map(Change::settings);
    let values = settings.flat_map(|settings| &settings.values);
    let addresses = values.filter(|value| value.at.last().is_some_and(|name| is_address(name)));
    addresses.filter_map(|value| value.is.as_str())
}

/// Whether a value of a tool's settings, by its name, says which server is asked.
pub(super) fn is_address(name: &str) -> bool {
    name == BASE_URL || name.eq_ignore_ascii_case("baseurl")
}

/// Whether two addresses are of one server, and reached in the same way.
pub(super) fn same_server(one: &str, other: &str) -> bool {
    match (Url::parse(one.trim()), Url::parse(other.trim())) {
        (Ok(one), Ok(other)) => one.origin() == other.origin(),
        _ => false,
    }
}

/// By which commands it is connected to the server that its account is for now.
fn commands_to_reconnect(one: &Connection) -> String {
    match one.to {
        Recipient::ClaudeCode => match one.project() {
            Some(project) => format!(
                "Connect it again with `keyfob connect claude-code --project {}`.",
                quoted(&project.to_string_lossy())
            ),
            None => "Connect it again with `keyfob connect claude-code`.".to_owned(),
        },
        to => format!(
            "Connect it again: `keyfob disconnect {}`, then `keyfob connect {}`.",
            one.id,
            to.id()
        ),
    }
}

fn moved(one: &Connection, label: &str) -> Error {
    let given = match one.changes.iter().any(Change::is_own_copy) {
        // The tool reads it without asking, and sends it where it did before.
        true => {
            "nothing new is given there. What lies there is of before, and goes when it is disconnected"
        }
        false => "nothing is given there",
    };
    Error::new(
        Code::Failed,
        format!(
            "The account \"{label}\" is for another server now than the one that was written for {}: {given}.",
            one.to.name()
        ),
        commands_to_reconnect(one),
    )
}

/// Requests that go to whoever listens at a socket.
pub(super) fn through_a_socket(place: &str, therefore: &str) -> Error {
    Error::new(
        Code::Failed,
        format!(
            "{SOCKET} sends what Claude Code asks through a socket, and who answers there cannot be seen: {therefore}."
        ),
        format!("Take {SOCKET} out of {place}."),
    )
}

fn not_there(whose: &Whose, sends_to: &str, belongs_to: &str, cure: &str) -> Error {
    Error::new(
        Code::Failed,
        format!(
            "Claude Code sends to {}, and \"{}\" is for {}: it was not given.",
            host(sends_to),
            whose.account.label,
            host(belongs_to)
        ),
        cure,
    )
}
