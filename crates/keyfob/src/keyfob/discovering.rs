//! What is already on this computer: sessions that could be linked, keys that could be imported, and what is only shown.
//! Looking changes nothing; what the person wants to see no more is remembered.

use serde::{Deserialize, Serialize};

use super::FoundSession;
use super::Keyfob;
use super::looking_around::managed_folder;
use crate::account::{Link, Payer};
use crate::custody::lock;
use crate::error::{Code, Error, Result};
use crate::files;
use crate::linked::environment;
use crate::precedence::Bill;
use crate::precedence::sources::{
    API_KEY, AUTH_TOKEN, Fact, IDENTITY_TOKEN, Kind, OAUTH_TOKEN, Place, Sources,
};
use crate::status::Status;

/// One thing that was found, and is in Keyfob's list neither as an account nor as ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct Discovered {
    /// Its own name, by which it is taken or ignored. It holds no secret.
    pub key: String,
    /// What it is.
    pub name: String,
    /// Where it lies.
    pub place: String,
    /// Who pays for what is done with it, as far as that can be seen.
    pub payer: Bill,
    /// What Keyfob can do with it.
    pub action: DiscoveredAction,
    /// What that means, as a sentence.
    pub about: String,
    /// The command that does it.
    pub command: Option<String>,
}

/// What Keyfob can do with something that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum DiscoveredAction {
    /// Link it: its owner keeps it.
    Link,
    /// Import it: Keyfob stores a copy.
    Import,
    /// Nothing but show it.
    OnlyShown,
}

/// What the person does not want to see again.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Ignored {
    version: u32,
    ignored: Vec<String>,
}

impl Keyfob {
    /// What is on this computer and not in the list yet. Files and variables are read; no keychain, no network.
    pub fn discover(&self) -> Result<Vec<Discovered>> {
        let sources = self.look_around(None, &managed_folder())?;
        let ignored = self.ignored()?.ignored;
        let sessions = self.found_sessions().into_iter().flatten();
        let sessions = sessions.map(|found| of_session(found, &sources));
        let all = sessions
            .chain(of_variables(&self.in_environment(), &sources))
            .chain(of_settings(&sources));
        Ok(all.filter(|found| !ignored.contains(&found.key)).collect())
    }

    /// Links or imports what was found under this name.
    pub async fn take_discovered(&self, key: &str) -> Result<Status> {
        let mut sessions = self.found_sessions().into_iter().flatten();
        if let Some(session) = sessions.find(|found| key_of(&found.link) == key) {
            let linked = match session.link {
                Link::ClaudeCode { config_dir } => self.link_claude_code(config_dir, None).await?,
                Link::AnthropicProfile {
                    config_dir,
                    profile,
                } => {
                    let profile = Some(profile);
                    self.link_anthropic_profile(config_dir, profile, None)
                        .await?
                }
                Link::Environment { .. } => return Err(gone()),
            };
            return Ok(linked.status);
        }
        let found = self.discover()?.into_iter().find(|found| found.key == key);
        match found.map(|found| found.action) {
            Some(DiscoveredAction::Import) => {
                let (status, _) = self.import_environment(API_KEY, None, None).await?;
                Ok(status)
            }
            Some(DiscoveredAction::OnlyShown) => Err(Error::new(
                Code::Usage,
                "That is only shown: Keyfob leaves it where it is.",
                "Change it where it is set.",
            )),
            _ => Err(gone()),
        }
    }

    /// Shows it no more.
    pub fn ignore_discovered(&self, key: &str) -> Result<()> {
        let Some(found) = self.discover()?.into_iter().find(|found| found.key == key) else {
            return Err(gone());
        };
        self.change_ignored(|ignored| ignored.push(found.key))
    }

    /// Shows everything again.
    pub fn ignore_nothing(&self) -> Result<()> {
        self.change_ignored(Vec::clear)
    }

    fn change_ignored(&self, change: impl FnOnce(&mut Vec<String>)) -> Result<()> {
        let path = self.0.home.discovered_file();
        self.0.home.create()?;
        lock::briefly(&path.with_extension("lock"), || {
            let mut list = self.ignored()?;
            change(&mut list.ignored);
            list.version = 1;
            list.ignored.sort();
            list.ignored.dedup();
            let text = serde_json::to_string_pretty(&list).unwrap_or_default();
            files::replace(&path, &(text + "\n"))
        })
    }

    fn ignored(&self) -> Result<Ignored> {
        let path = self.0.home.discovered_file();
        let Some(text) = files::read(&path)? else {
            return Ok(Ignored::default());
        };
        serde_json::from_str(&text).map_err(|error| {
            Error::new(
                Code::Failed,
                format!("{} cannot be understood.", path.display()),
                "Delete it: it holds only what you chose to ignore.",
            )
            .detail(error.to_string())
        })
    }
}

fn gone() -> Error {
    Error::new(
        Code::Usage,
        "That is not there, or it is in the list already.",
        "Look again: `keyfob discover` lists what is there.",
    )
}

fn key_of(link: &Link) -> String {
    let folder = |dir: &Option<std::path::PathBuf>| {
        dir.as_ref()
            .map_or_else(String::new, |dir| format!(":{}", dir.display()))
    };
    match link {
        Link::ClaudeCode { config_dir } => format!("claude-code{}", folder(config_dir)),
        Link::AnthropicProfile {
            config_dir,
            profile,
        } => format!("profile:{profile}{}", folder(config_dir)),
        Link::Environment { variables } => format!("variables:{}", variables.join(",")),
    }
}

fn of_session(found: FoundSession, sources: &Sources) -> Discovered {
    let key = key_of(&found.link);
    match found.link {
        Link::AnthropicProfile { profile, .. } => {
            let known = sources.profiles.named(&profile);
            Discovered {
                key,
                name: format!("The profile \"{profile}\" of ant ({})", found.name),
                place: known.map_or_else(
                    || "ant's own files".to_owned(),
                    |known| known.path.display().to_string(),
                ),
                payer: Bill::Api,
                action: DiscoveredAction::Link,
                about: "ant keeps and renews it; Keyfob shows how it stands.".to_owned(),
                command: Some(format!("keyfob link anthropic-profile {profile}")),
            }
        }
        _ => {
            let session = sources.session.as_ref();
            let place = session.map(|session| session.place.clone());
            let key_file = sources.login_key.as_ref().map(|p| p.display().to_string());
            Discovered {
                key,
                name: match found.name.as_str() {
                    "Claude Code" => "The sign-in of Claude Code".to_owned(),
                    person => format!("The sign-in of Claude Code ({person})"),
                },
                payer: match (session, &key_file) {
                    (Some(session), _) if session.plan.is_some() => Bill::Plan,
                    (None, Some(_)) => Bill::Api,
                    _ => Bill::NotKnown,
                },
                place: place
                    .or(key_file)
                    .unwrap_or_else(|| "this system's keychain".to_owned()),
                action: DiscoveredAction::Link,
                about: "Claude Code keeps and renews it; Keyfob shows how it stands.".to_owned(),
                command: Some("keyfob link claude-code".to_owned()),
            }
        }
    }
}

/// Variables of the environment. An API key can be imported by a click, tokens of a provider of yours by the command
/// that names it; what belongs to a plan or a gateway is only shown.
fn of_variables(all: &[environment::Found], sources: &Sources) -> Vec<Discovered> {
    let is_new = |found: &&environment::Found| {
        let seen = sources.shell_variable(&found.account.label);
        seen.is_none_or(|seen| seen.value.account.is_none())
    };
    let credentials = all.iter().filter(is_new).map(|found| {
        let name = &found.account.label;
        let (action, payer, about) = what_of_it(found);
        let import = format!("keyfob import --from-environment {name}");
        Discovered {
            payer,
            action,
            command: match (action, found.kind) {
                (DiscoveredAction::Import, _) => Some(import),
                (_, environment::Kind::Tokens) => Some(format!("{import} --provider ID")),
                _ => None,
            },
            ..variable(name, about, sources)
        }
    });
    // What federation shows of itself is no account's credential, so it is not among those.
    let identity = sources.shell_variable(IDENTITY_TOKEN);
    let identity = identity.map(|_| variable(IDENTITY_TOKEN, SAYS_NOTHING, sources));
    credentials.chain(identity).collect()
}

const SAYS_NOTHING: &str =
    "It says neither whose it is nor when it ends, so Keyfob leaves it where it is.";

/// What can be done with a variable, who pays for it, and what that means.
fn what_of_it(found: &environment::Found) -> (DiscoveredAction, Bill, &'static str) {
    use environment::Kind;
    let payer = match found.account.payer {
        Payer::Plan => Bill::Plan,
        Payer::Api => Bill::Api,
        _ => Bill::NotKnown,
    };
    let only_shown = DiscoveredAction::OnlyShown;
    match found.kind {
        Kind::ApiKey if found.given.is_ok() => (
            DiscoveredAction::Import,
            Bill::Api,
            "Keyfob checks it and stores a copy. The variable stays as it is.",
        ),
        Kind::ApiKey => (
            only_shown,
            Bill::NotKnown,
            "It does not look like an API key of Anthropic's, so Keyfob leaves it where it is.",
        ),
        Kind::Tokens => (
            only_shown,
            payer,
            "Keyfob can import it for a provider of yours, which has to be named. The variable stays as it is.",
        ),
        Kind::Session if found.account.label == OAUTH_TOKEN => (
            only_shown,
            Bill::Plan,
            "A token of a Claude plan belongs to Claude Code. Keyfob never stores or hands on one.",
        ),
        Kind::Session => (
            only_shown,
            payer,
            "A session of Claude belongs to the program that it was issued to. Keyfob never stores or hands on one.",
        ),
        Kind::Bearer => (only_shown, payer, SAYS_NOTHING),
    }
}

/// A variable that is only shown.
fn variable(name: &str, about: &str, sources: &Sources) -> Discovered {
    let last_four = match sources.shell_variable(name).map(|found| found.value.fact) {
        Some(Fact::Secret { last_four, .. }) => last_four.unwrap_or_default(),
        _ => String::new(),
    };
    Discovered {
        key: match last_four.as_str() {
            "" => format!("variable:{name}"),
            four => format!("variable:{name}:{four}"),
        },
        name: match last_four.as_str() {
            "" => format!("The variable {name}"),
            four => format!("The variable {name}, ends in {four}"),
        },
        place: "the environment".to_owned(),
        payer: Bill::NotKnown,
        action: DiscoveredAction::OnlyShown,
        about: about.to_owned(),
        command: None,
    }
}

/// What Claude Code's settings bring along: helpers, and credentials in plain text.
fn of_settings(sources: &Sources) -> Vec<Discovered> {
    let mut all = Vec::new();
    for settings in &sources.settings {
        let place = settings.path.display().to_string();
        let shown = |key: String, name: String, about: &str| Discovered {
            key,
            name,
            place: place.clone(),
            payer: Bill::NotKnown,
            action: DiscoveredAction::OnlyShown,
            about: about.to_owned(),
            command: None,
        };
        // Keyfob's own is no discovery.
        if settings.has_helper && settings.our_helper.is_none() {
            all.push(shown(
                format!("helper:{place}"),
                "A command that gives Claude Code its key (apiKeyHelper)".to_owned(),
                "Claude Code runs it by itself. Keyfob does not.",
            ));
        }
        for name in [API_KEY, AUTH_TOKEN, OAUTH_TOKEN, IDENTITY_TOKEN] {
            let here = Place::Settings(settings.scope, settings.path.clone());
            let set = sources.variable(name).filter(|found| found.place == here);
            if let Some(found) = set {
                all.push(shown(
                    format!("settings:{place}:{name}"),
                    format!("{name} in Claude Code's settings"),
                    in_plain_text(name, found.kind()),
                ));
            }
        }
    }
    all
}

/// What to do about a credential in a settings file.
fn in_plain_text(name: &str, kind: Option<Kind>) -> &'static str {
    match (name, kind) {
        (API_KEY, Some(Kind::ApiKey)) => {
            "It stands there in plain text. Add it with `keyfob add-key`, then take it out there."
        }
        (OAUTH_TOKEN, _) => {
            "It stands there in plain text. It belongs to Claude Code, and Keyfob does not take it in: sign in with `claude auth login` in its place, then take it out there."
        }
        _ => {
            "It stands there in plain text. Keyfob does not take it in; take it out there if you do not need it."
        }
    }
}

#[cfg(test)]
#[path = "discovering_tests.rs"]
mod tests;
