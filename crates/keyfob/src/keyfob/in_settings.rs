//! Where Claude Code's settings send a credential, and with what: one look at all files that count in a folder, so that
//! everything that is said of them is of the same instant.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::Keyfob;
use super::looking_around::{managed_folder, no_home, read_settings, settings_files};
use crate::edge::Edge;
use crate::error::{Code, Error, Result};
use crate::hand_over::settings_file::SettingsFile;
use crate::linked::claude_code;
use crate::precedence::sources::{
    BASE_URL, Broken, CLOUDS, Fact, HEADERS, SOCKET, Value, is_on, names_in_settings,
};

/// Whether it bears on where a credential goes, and with what.
fn leads(name: &str) -> bool {
    [BASE_URL, SOCKET, HEADERS].contains(&name) || CLOUDS.iter().any(|(cloud, ..)| *cloud == name)
}

/// What the settings say, for comparisons and not to be shown: there may be a secret in it.
#[derive(Default)]
pub(super) struct InSettings {
    /// In the order in which the files count, the one that counts most first.
    said: Vec<Said>,
}

struct Said {
    name: String,
    text: Zeroizing<String>,
    path: PathBuf,
}

impl InSettings {
    /// Looks at the settings for a program that is started in this environment and folder. A file that is there and
    /// cannot be understood is an error: Claude Code was seen to take much of what is no JSON to others.
    pub(super) fn look(edge: &Edge, folder: Option<&Path>) -> Result<Self> {
        let variable = |name: &str| edge.variable(name);
        let home = edge.home_folder().ok_or_else(no_home)?;
        let config_dir = claude_code::named_folder(variable);
        let place = claude_code::Place::of(variable, config_dir.as_deref(), &home);
        // Of what is not asked for nothing is kept.
        let whole = |name: &str, text: &str| {
            let kept = if leads(name) { text } else { "" };
            Value::new(Fact::Plain(kept.to_owned()))
        };
        let mut said = Vec::new();
        for (scope, path) in settings_files(&place, folder, &managed_folder()) {
            let mut broken = Vec::new();
            let settings = read_settings(scope, path, &whole, &|_| None, &mut broken);
            if let Some(file) = broken.pop() {
                // Whether one with comments in it counts is for Claude Code to say. Where it does not even name any of
                // them, that is no matter.
                let file_there = SettingsFile::at(&file.path);
                let is_silent = |name: &str| matches!(file_there.value(&["env", name]), Ok(None));
                match names_in_settings()
                    .filter(|name| leads(name))
                    .all(is_silent)
                {
                    true => continue,
                    false => return Err(not_understood(&file)),
                }
            }
            let Some(settings) = settings else {
                continue;
            };
            for (name, value) in settings.env {
                if let Fact::Plain(text) = value.fact
                    && leads(&name)
                {
                    said.push(Said {
                        name,
                        text: Zeroizing::new(text),
                        path: settings.path.clone(),
                    });
                }
            }
        }
        Ok(Self { said })
    }

    /// What they say of one variable, and in which files, those that count most first.
    pub(super) fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, &'a Path)> {
        let of_it = self.said.iter().filter(move |said| said.name == name);
        of_it.map(|said| (said.text.as_str(), said.path.as_path()))
    }

    /// What counts of one variable.
    pub(super) fn first<'a>(&'a self, name: &'a str) -> Option<(&'a str, &'a Path)> {
        self.of(name).next()
    }

    /// The file that sends requests through a socket.
    pub(super) fn socket(&self) -> Option<&Path> {
        let first = self.first(SOCKET);
        first
            .filter(|(socket, _)| !socket.is_empty())
            .map(|(_, path)| path)
    }

    /// The cloud provider that is switched on for Claude Code. It was seen to send what a helper prints to whatever
    /// address is named for the cloud, and a key of the environment too. A switch that is on in the environment alone
    /// counts beside settings that say no: what has put it there may count for more than any file.
    pub(super) fn cloud(&self, edge: &Edge) -> Option<Cloud> {
        CLOUDS.iter().find_map(|(switch, _, name)| {
            let in_settings = self.first(switch);
            let in_settings =
                in_settings.map(|(text, path)| (text.to_owned(), path.display().to_string()));
            let around = edge.variable(switch).map(|text| {
                let text = text.to_string_lossy().into_owned();
                (text, "the environment".to_owned())
            });
            let mut set = in_settings.into_iter().chain(around);
            let (_, place) = set.find(|(text, _)| is_on(text))?;
            Some(Cloud {
                switch,
                name,
                place,
            })
        })
    }
}

impl Keyfob {
    /// What the settings say where Claude Code is started by a person, in this environment.
    pub(super) fn in_settings(&self, folder: Option<&Path>) -> Result<InSettings> {
        InSettings::look(&self.0.edge, folder)
    }
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
