//! Which tools on this computer could be given a credential, how, and what that would change.

use std::path::PathBuf;

use serde::Serialize;

use super::Keyfob;
use super::connecting::{ClaudeCodeWish, ConnectTo, ConnectionStatus, fits};
use super::given::{Form, Whose};
use crate::account::{AccountId, Payer};
use crate::error::{Code, Error, Result};
use crate::hand_over::connections::Recipient;
use crate::linked::program;

/// A tool that can be connected, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct ConnectableTool {
    /// Which tool.
    pub to: Recipient,
    /// As people call it.
    pub name: String,
    /// Where it was found; none where it is not on this computer.
    pub found: Option<PathBuf>,
    /// Whether it is there: some are no program that could be found.
    pub is_here: bool,
    /// How it would be connected, as a sentence.
    pub how: String,
    /// The files that connecting changes or makes.
    pub changes: Vec<PathBuf>,
    /// The accounts that it can be given, the usual one first.
    pub accounts: Vec<Fitting>,
    /// The accounts that it cannot be given, and why.
    pub unfit: Vec<Unfit>,
    /// What stands in the way, as sentences.
    pub obstacle: Option<String>,
    /// How it is connected: more than once, where it is for folders, hosts or files.
    pub connections: Vec<ConnectionStatus>,
}

/// An account that a tool can be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct Fitting {
    /// The account.
    pub id: AccountId,
    /// As it is called.
    pub label: String,
    /// Who pays.
    pub payer: Payer,
    /// What the tool gets of it, as words.
    pub gets: String,
    /// What lies there now and would be put aside for it until that is disconnected, as a sentence.
    pub replaces: Option<String>,
}

/// An account that a tool cannot be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct Unfit {
    /// As it is called.
    pub label: String,
    /// Why, in a sentence.
    pub why: String,
}

/// In the order in which they are shown.
const TOOLS: [Recipient; 6] = [
    Recipient::ClaudeCode,
    Recipient::AnthropicSdk,
    Recipient::Opencode,
    Recipient::Pi,
    Recipient::Git,
    Recipient::Command,
];

impl Keyfob {
    /// The tools that can be connected, whether they are on this computer, and how they are connected. No network, no
    /// keychain, and no program is run: on a Mac without Apple's tools, `git` would open a dialog.
    pub fn connectable(&self) -> Result<Vec<ConnectableTool>> {
        let connections = self.connections()?;
        let accounts = self.givable()?;
        Ok(TOOLS
            .into_iter()
            .map(|to| self.connectable_tool(to, &accounts, &connections))
            .collect())
    }

    fn connectable_tool(
        &self,
        to: Recipient,
        accounts: &[Whose],
        connections: &[ConnectionStatus],
    ) -> ConnectableTool {
        let found = program_of(to).and_then(|name| self.find_program(name));
        let prospect = self.prospect(to);
        let fitting: Vec<Fitting> = accounts
            .iter()
            .filter(|whose| fits(to, whose).is_ok())
            .map(|whose| Fitting {
                id: whose.account.id.clone(),
                label: whose.account.label.clone(),
                payer: whose.account.payer,
                gets: gets_of(to, whose.form),
                replaces: self.put_aside(to, whose, &prospect, connections),
            })
            .collect();
        let why = |whose: &Whose| {
            Some(Unfit {
                label: whose.account.label.clone(),
                why: fits(to, whose).err()?.message,
            })
        };
        ConnectableTool {
            to,
            name: to.name().to_owned(),
            is_here: found.is_some() || program_of(to).is_none(),
            found,
            how: prospect.how,
            changes: prospect.changes,
            obstacle: prospect.obstacle.or_else(|| match fitting.is_empty() {
                true => why_not(to, accounts),
                false => None,
            }),
            unfit: accounts.iter().filter_map(why).collect(),
            accounts: fitting,
            connections: connections
                .iter()
                .filter(|one| one.to == to)
                .cloned()
                .collect(),
        }
    }

    /// What connecting an account would put aside: not every account needs everything set.
    fn put_aside(
        &self,
        to: Recipient,
        whose: &Whose,
        prospect: &Prospect,
        connections: &[ConnectionStatus],
    ) -> Option<String> {
        match to {
            Recipient::ClaudeCode => self.claude_code_puts_aside(whose),
            // What stands there is Keyfob's own.
            _ if connections.iter().any(|one| one.to == to) => None,
            Recipient::Opencode => self.opencode_puts_aside(whose),
            Recipient::Pi => self.pi_puts_aside(whose),
            _ => prospect.replaces.clone(),
        }
    }

    fn prospect(&self, to: Recipient) -> Prospect {
        match to {
            Recipient::ClaudeCode => self.claude_code_prospect(),
            Recipient::AnthropicSdk => self.anthropic_sdk_prospect(),
            Recipient::Opencode => self.opencode_prospect(),
            Recipient::Pi => self.pi_prospect(),
            Recipient::Git => self.git_prospect(),
            _ => Prospect::of(
                "You give the program a command, which prints a valid credential and nothing else.",
                Vec::new(),
            ),
        }
    }

    /// All accounts that could be asked for a credential, the usual one first.
    fn givable(&self) -> Result<Vec<Whose>> {
        let accounts = self.0.accounts.read()?;
        let all = self.all_in_order(&accounts);
        let stored = all.iter().filter_map(|named| match named {
            super::environment::Named::Stored(account) => Some(account),
            super::environment::Named::Variable(_) => None,
        });
        let mut givable: Vec<Whose> = stored
            .filter_map(|account| self.whose(Some(account.id.as_str())).ok())
            .collect();
        let first = self.given_without_a_name(&accounts);
        givable.sort_by_key(|whose| first.as_ref() != Some(&whose.account.id));
        Ok(givable)
    }

    /// Where a program lies that a person installed; none where it is not here.
    pub fn find_program(&self, name: &str) -> Option<PathBuf> {
        let home = self.0.edge.home_folder().unwrap_or_default();
        program::find(name, |variable| self.0.edge.variable(variable), &home)
    }
}

/// What connecting a tool would do.
pub(super) struct Prospect {
    pub(super) how: String,
    pub(super) changes: Vec<PathBuf>,
    pub(super) replaces: Option<String>,
    pub(super) obstacle: Option<String>,
}

impl Prospect {
    pub(super) fn of(how: &str, changes: Vec<PathBuf>) -> Self {
        Self {
            how: how.to_owned(),
            changes,
            replaces: None,
            obstacle: None,
        }
    }

    /// With what stands there already, or why that cannot be changed.
    pub(super) fn with(self, there: Result<Option<String>>) -> Self {
        match there {
            Ok(replaces) => Self { replaces, ..self },
            Err(error) => self.hindered(&error),
        }
    }

    /// With what stands in the way.
    pub(super) fn hindered(self, error: &Error) -> Self {
        Self {
            obstacle: Some(format!("{} {}", error.message, error.cure)),
            ..self
        }
    }
}

/// The program that has to be here for a tool to be; none where any program may be it.
pub(super) fn program_of(to: Recipient) -> Option<&'static str> {
    match to {
        Recipient::ClaudeCode => Some("claude"),
        Recipient::Opencode => Some("opencode"),
        Recipient::Pi => Some("pi"),
        Recipient::Git => Some("git"),
        Recipient::AnthropicSdk | Recipient::Command | Recipient::File => None,
    }
}

/// Why none of the accounts that are there can be given to a tool, by the usual one's word.
fn why_not(to: Recipient, accounts: &[Whose]) -> Option<String> {
    let is_held = |whose: &&Whose| whose.claude_code_folder().is_none();
    let usual = accounts.iter().find(is_held).or(accounts.first())?;
    let error = fits(to, usual).err()?;
    Some(format!("{} {}", error.message, error.cure))
}

/// What a tool gets of an account, as words.
pub(super) fn gets_of(to: Recipient, form: Form) -> String {
    let what = match form {
        Form::ApiKey => "the API key",
        Form::Bearer => "an access token",
    };
    match to {
        Recipient::AnthropicSdk | Recipient::File | Recipient::Opencode => {
            format!("a copy of {what}")
        }
        _ => format!("{what}, each time it asks"),
    }
}

impl ConnectTo {
    /// The usual way to connect a tool, without any wish but a name for a command, the word that what stands there may
    /// be put aside, and that a profile is used where none is named.
    pub fn usual(
        to: Recipient,
        name: Option<String>,
        replace: bool,
        activate: bool,
    ) -> Result<Self> {
        match to {
            Recipient::ClaudeCode => Ok(Self::ClaudeCode(ClaudeCodeWish {
                replace,
                ..ClaudeCodeWish::default()
            })),
            Recipient::AnthropicSdk => Ok(Self::AnthropicSdk {
                profile: None,
                activate,
            }),
            Recipient::Opencode => Ok(Self::Opencode { replace }),
            Recipient::Pi => Ok(Self::Pi { replace }),
            Recipient::Git => Ok(Self::Git { host: None }),
            Recipient::Command => Ok(Self::Command { name }),
            _ => Err(Error::new(
                Code::Usage,
                format!("{} cannot be connected here.", to.name()),
                "`keyfob connect --help` says how.",
            )),
        }
    }
}
