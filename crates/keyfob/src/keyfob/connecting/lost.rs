//! What is not there any more as connecting left it: a project's folder, a copy, the lines in a tool's settings, the
//! command that they name. Said alike by the list and by the test.

use std::path::{Path, PathBuf};

use super::line::{is_missing, program_in, quoted};
use super::settings::HEADERS;
use crate::files;
use crate::hand_over::change::Change;
use crate::hand_over::connections::{Connection, Recipient};
use crate::hand_over::json_text::{self, Fault};
use crate::hand_over::settings_file::{Settings, SettingsFile};
use crate::keyfob::destination::is_address;
use crate::precedence::sources;

/// What is not as connecting left it, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::keyfob) struct Lost {
    /// In a sentence.
    pub(in crate::keyfob) words: String,
    /// What to do.
    pub(in crate::keyfob) cure: String,
}

impl Lost {
    /// Both as one text.
    pub(super) fn in_full(self) -> String {
        format!("{} {}", self.words, self.cure)
    }
}

/// The first thing that keeps a tool from what it was connected to, by the files alone.
pub(in crate::keyfob) fn lost(one: &Connection) -> Option<Lost> {
    // What was exported is nobody's to keep.
    if one.to == Recipient::File {
        return None;
    }
    folder_gone(one)
        .or_else(|| copy_gone(one))
        .or_else(|| taken_out(one))
        .or_else(|| command_gone(one))
}

fn folder_gone(one: &Connection) -> Option<Lost> {
    let project = one.project().filter(|project| !project.is_dir())?;
    Some(Lost {
        words: format!("The folder {} is not there any more.", project.display()),
        cure: format!("Turn it off (`keyfob disconnect {}`).", one.id),
    })
}

/// That the copy which a tool reads is gone. That of a profile is written anew by itself.
fn copy_gone(one: &Connection) -> Option<Lost> {
    let gone = one
        .key_copy()
        .filter(|path| path.symlink_metadata().is_err())?;
    Some(Lost {
        words: format!(
            "The copy that {} reads is not there any more ({}).",
            one.to.name(),
            gone.display()
        ),
        cure: connect_anew(one),
    })
}

/// That what connecting put into somebody's settings is not there any more, or is not read.
fn taken_out(one: &Connection) -> Option<Lost> {
    one.changes.iter().find_map(|change| match change {
        Change::Settings(settings) => of_settings(one, settings),
        Change::Git(git) => {
            let text = match files::read_small(&git.path) {
                Ok(Some(found)) => String::from_utf8_lossy(&found.bytes).into_owned(),
                Ok(None) => return Some(file_gone(one, &git.path)),
                Err(_) => return None,
            };
            let line = format!("credential {}", one.id);
            let names =
                |text: &str| !text.trim_start().starts_with(['#', ';']) && text.contains(&line);
            let is_there = text.lines().any(names);
            (!is_there).then(|| not_held(one, &git.path, &["the helper".to_owned()], NOT_ASKED))
        }
        _ => None,
    })
}

fn of_settings(one: &Connection, settings: &Settings) -> Option<Lost> {
    let path = &settings.path;
    // Somebody may keep it elsewhere since and put a link here, which the tool follows.
    let real = path.canonicalize().unwrap_or_else(|_| path.clone());
    let text = match files::read_small(&real) {
        Ok(Some(found)) => String::from_utf8_lossy(&found.bytes).into_owned(),
        Ok(None) => return Some(file_gone(one, path)),
        Err(_) => return None,
    };
    let is_blank = text.trim().is_empty();
    if one.to == Recipient::ClaudeCode && !is_blank && !json_text::is_strict(&text) {
        return Some(not_read(&real));
    }
    // They were set from the last to the first, which is the one that asks.
    let mut missing = Vec::new();
    let mut first: Option<&[String]> = None;
    for setting in settings.values.iter().rev() {
        // What was put aside stays so, and what somebody sets there since is theirs.
        if setting.at.last().is_some_and(|name| name == HEADERS) {
            continue;
        }
        let at: Vec<&str> = setting.at.iter().map(String::as_str).collect();
        let found = match json_text::value(&text, &at) {
            _ if is_blank => None,
            Ok(found) => found,
            Err(Fault::NoObject(_)) => None,
            Err(Fault::Empty | Fault::NotJson { .. }) => return Some(not_read(&real)),
            // Which of them counts is for the tool to say.
            Err(Fault::Twice(_)) => continue,
        };
        // Headers that somebody has set since are for the server that is named beside them.
        let last = setting.at.last();
        let is_headers = last.is_some_and(|name| name == sources::HEADERS);
        if is_headers && found.is_some() {
            continue;
        }
        if found.as_ref() != Some(&setting.is) {
            first = first.or(Some(&setting.at));
            missing.push(setting.name());
        }
    }
    Some(not_held(one, path, &missing, without(one.to, first?)))
}

/// A settings file that its tool passes over.
fn not_read(path: &Path) -> Lost {
    match SettingsFile::at(path).value(&["_"]) {
        Err(error) => Lost {
            words: error.message,
            cure: "The tool does not read it as it is: correct it there.".to_owned(),
        },
        Ok(_) => Lost {
            words: format!(
                "There are comments or trailing commas in {}, and Claude Code passes over such a file as a whole.",
                path.display()
            ),
            cure: "Take them out, so that the helper counts.".to_owned(),
        },
    }
}

fn file_gone(one: &Connection, path: &Path) -> Lost {
    Lost {
        words: format!(
            "{} is not there any more, so nothing is asked of Keyfob.",
            path.display()
        ),
        cure: connect_anew(one),
    }
}

const NOT_ASKED: &str = "nothing is asked of Keyfob";

/// What follows where a value of settings is gone or another one: most of them name the helper or the copy.
fn without(to: Recipient, at: &[String]) -> &'static str {
    let name = at.last().map_or("", String::as_str);
    match (is_address(name), to) {
        // It reads the copy by itself.
        (true, Recipient::Opencode) => "it may send the key of its copy to another server",
        (true, _) => "it may ask another server, and Keyfob gives nothing for one",
        (false, _) if name == sources::HEADERS => "headers for another server may go along",
        (false, _) if name == "authHeader" => "it may send the token in a way that is refused",
        (false, Recipient::Opencode) => "it does not read Keyfob's copy",
        (false, _) => NOT_ASKED,
    }
}

fn not_held(one: &Connection, path: &Path, missing: &[String], so: &str) -> Lost {
    Lost {
        words: format!(
            "{} does not hold what connecting put there any more ({}), so {so}.",
            path.display(),
            missing.join(", ")
        ),
        cure: connect_anew(one),
    }
}

fn command_gone(one: &Connection) -> Option<Lost> {
    let gone = missing_command(one)?;
    Some(Lost {
        words: format!(
            "The command {} is not there any more, so {} gets nothing.",
            gone.display(),
            match one.to {
                Recipient::Command => "the program",
                _ => one.to.name(),
            }
        ),
        cure: connect_anew(one),
    })
}

/// The command that a tool was told to call, where it is not there any more.
fn missing_command(one: &Connection) -> Option<PathBuf> {
    let settings = one.changes.iter().filter_map(Change::settings);
    let values = settings.flat_map(|settings| &settings.values);
    let by_git = one.changes.iter().filter_map(|change| match change {
        Change::Git(git) => Some(git.line()),
        _ => None,
    });
    let mut lines = values
        .filter_map(|setting| setting.is.as_str())
        .chain(by_git)
        .chain(one.command.as_deref())
        .filter(|line| line.ends_with(&format!(" {}", one.id)));
    program_in(lines.next()?).filter(|program| is_missing(program))
}

/// How it is connected anew, in the window and by the command. Claude Code is connected over what is there; the others
/// have room for one connection alone.
fn connect_anew(one: &Connection) -> String {
    match (one.to, one.project()) {
        (Recipient::ClaudeCode, None) => {
            "Connect it again: `keyfob connect claude-code`, or turn it off and on.".to_owned()
        }
        (Recipient::ClaudeCode, Some(project)) => format!(
            "Connect it again: `keyfob connect claude-code --project {}`.",
            quoted(&project.display().to_string())
        ),
        _ => format!(
            "Connect it again: turn it off (`keyfob disconnect {}`), then on.",
            one.id
        ),
    }
}

#[cfg(test)]
#[path = "lost_tests.rs"]
pub(super) mod tests;
