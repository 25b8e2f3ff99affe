//! Keyfob's own helper in Claude Code's settings, and where those send what it gives.

use std::path::{Path, PathBuf};

use super::Keyfob;
use super::connecting::{KEYFOB_HOME, connection_in, is_missing, named_home, program_in};
use super::given::Api;
use super::looking_around::{managed_folder, no_home, read_settings, settings_files};
use crate::account::Facts;
use crate::edge::Edge;
use crate::error::{Code, Error, Result};
use crate::hand_over::connections::Connection;
use crate::hand_over::settings_file::SettingsFile;
use crate::linked::claude_code;
use crate::precedence::settings::{Gives, OurHelper};
use crate::precedence::sources::{Broken, CLOUDS, Fact, Value, host, is_on};

impl Keyfob {
    /// What Claude Code's settings say of a variable in a folder, and in which files, those that count most first. It is
    /// for a comparison and not to be shown: there may be a secret in it. A file that is there and cannot be understood
    /// is an error: Claude Code was seen to take much of what is no JSON to others.
    pub(super) fn in_settings(
        &self,
        name: &str,
        folder: Option<&Path>,
    ) -> Result<Vec<(String, PathBuf)>> {
        in_settings_of(&self.0.edge, name, folder)
    }

    /// What Keyfob's own helper gives; none where the line is another helper's.
    pub(super) fn our_helper(
        &self,
        line: &str,
        connections: &[Connection],
        folder: Option<&Path>,
    ) -> Option<OurHelper> {
        let id = connection_in(line)?;
        let Some(one) = connections.iter().find(|one| one.id.as_str() == id) else {
            return self.is_for_here(line).then_some(OurHelper {
                connection: None,
                gives: None,
                missing: None,
            });
        };
        // The folder's file may choose another account; where that cannot be followed, nothing is given.
        let account = self.account_for(one, folder);
        let is_refused = account.is_err();
        let account = account.unwrap_or_else(|_| one.account.clone());
        let whose = self.whose(Some(account.as_str())).ok();
        let gives = whose.map(|whose| Gives {
            account: account.clone(),
            label: whose.account.label.clone(),
            payer: whose.account.payer.into(),
            host: match &whose.api {
                Api::Anthropic => "api.anthropic.com".to_owned(),
                Api::At(url) => host(url.as_str()),
                Api::NotSaid => "a server that nothing names".to_owned(),
            },
            state: match &whose.account.facts {
                _ if is_refused => {
                    "It gives nothing here: the folder's .keyfob.toml is not trusted, or cannot be followed"
                        .to_owned()
                }
                Facts::Key(_) => "Keyfob gives its key each time".to_owned(),
                Facts::Tokens(facts) if facts.trouble.as_ref().is_some_and(|t| t.is_final) => {
                    "Its sign-in has ended; sign in again in Keyfob".to_owned()
                }
                _ => "Keyfob gives a valid token each time".to_owned(),
            },
        });
        let missing = program_in(line).filter(|program| is_missing(program));
        Some(OurHelper {
            connection: Some(one.id.clone()),
            gives,
            missing,
        })
    }

    /// Whether a helper's line is for the Keyfob with these files; there may be others, with files of their own.
    fn is_for_here(&self, line: &str) -> bool {
        match self.0.home.named_folder().filter(|_| cfg!(unix)) {
            Some(folder) => line.starts_with(&named_home(folder)),
            None => !line.starts_with(KEYFOB_HOME),
        }
    }
}

/// The same for a program that is started in another environment.
pub(super) fn in_settings_of(
    edge: &Edge,
    name: &str,
    folder: Option<&Path>,
) -> Result<Vec<(String, PathBuf)>> {
    let variable = |name: &str| edge.variable(name);
    let home = edge.home_folder().ok_or_else(no_home)?;
    let config_dir = claude_code::named_folder(variable);
    let place = claude_code::Place::of(variable, config_dir.as_deref(), &home);
    // Of what is not asked for nothing is kept.
    let whole = |of: &str, text: &str| {
        let kept = if of == name { text } else { "" };
        Value::new(Fact::Plain(kept.to_owned()))
    };
    let mut said = Vec::new();
    for (scope, path) in settings_files(&place, folder, &managed_folder()) {
        let mut broken = Vec::new();
        let settings = read_settings(scope, path, &whole, &|_| None, &mut broken);
        if let Some(file) = broken.pop() {
            // Whether one with comments in it counts is for Claude Code to say. Where it does not even name the
            // variable, that is no matter.
            match SettingsFile::at(&file.path).value(&["env", name]) {
                Ok(None) => continue,
                _ => return Err(not_understood(&file)),
            }
        }
        let Some(mut settings) = settings else {
            continue;
        };
        if let Some(Fact::Plain(text)) = settings.env.remove(name).map(|value| value.fact) {
            said.push((text, settings.path));
        }
    }
    Ok(said)
}

/// A cloud provider that Claude Code's requests go to.
pub(super) struct Cloud {
    /// The variable that switches it on.
    switch: &'static str,
    name: &'static str,
    /// Who has set it.
    place: String,
}

impl Cloud {
    pub(super) fn refused(&self, label: &str, therefore: &str) -> Error {
        Error::new(
            Code::Failed,
            format!(
                "{} sends what Claude Code asks to {}, and \"{label}\" is not for that: {therefore}.",
                self.switch, self.name
            ),
            format!("Take {} out of {}.", self.switch, self.place),
        )
    }
}

/// The cloud provider that is switched on for Claude Code. It was seen to send what a helper prints to whatever address
/// is named for the cloud, and a key of the environment too. A switch that is on in the environment alone counts beside
/// settings that say no: what has put it there may count for more than any file.
pub(super) fn cloud_of(edge: &Edge, folder: Option<&Path>) -> Result<Option<Cloud>> {
    for (switch, _, name) in CLOUDS {
        let in_settings = in_settings_of(edge, switch, folder)?.into_iter().next();
        let in_settings = in_settings.map(|(text, path)| (text, path.display().to_string()));
        let around = edge.variable(switch).map(|text| {
            let text = text.to_string_lossy().into_owned();
            (text, "the environment".to_owned())
        });
        let mut set = in_settings.into_iter().chain(around);
        if let Some((_, place)) = set.find(|(text, _)| is_on(text)) {
            return Ok(Some(Cloud {
                switch,
                name,
                place,
            }));
        }
    }
    Ok(None)
}

fn not_understood(file: &Broken) -> Error {
    Error::new(
        Code::Failed,
        format!(
            "{} could not be understood ({}), so nobody can say where Claude Code would send a credential: none was given.",
            file.path.display(),
            file.why
        ),
        "Correct that file, or move it away.",
    )
}
