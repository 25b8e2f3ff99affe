//! Values in another program's settings file: set with a backup, and taken back exactly.
//!
//! What is still as it was written gets its old bytes back. What was edited since loses our values alone.

mod words;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::change::{Change, TakenBack, fingerprint};
use super::json_text::{self, Setting, TakenOut};
use crate::error::Result;
use crate::files;

/// Another program's settings file, as JSON with comments or without.
#[derive(Debug, Clone)]
pub(crate) struct SettingsFile {
    path: PathBuf,
    /// Where backups go, in place of beside it.
    backups: Option<PathBuf>,
}

/// What was done to such a file. No secret is in it: what stood there before is in the backup alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) path: PathBuf,
    /// The fingerprint of what was there; none where there was no file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    /// Of what was written.
    after: String,
    /// What was there, as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    backup: Option<PathBuf>,
    /// Backups of earlier changes that could not be put back: they are the person's, and said when this is taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    older_backups: Vec<PathBuf>,
    /// The outermost folder that was made for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made_folder: Option<PathBuf>,
    /// In the order in which they were set.
    pub(crate) values: Vec<Setting>,
}

/// A change that is thought through to the end, and not made yet.
#[derive(Debug)]
pub(crate) struct Prepared {
    change: Settings,
    /// What is there now.
    there: Option<Zeroizing<String>>,
    /// What has to be put aside first.
    aside: Option<Zeroizing<String>>,
    text: Zeroizing<String>,
    /// What could not be taken back of an earlier change, as sentences.
    pub(crate) left: Vec<String>,
}

/// What a change begins with.
struct Base {
    text: Option<Zeroizing<String>>,
    /// The backup of exactly that text, where an earlier change has made one.
    backup: Option<PathBuf>,
    older_backups: Vec<PathBuf>,
    made_folder: Option<PathBuf>,
    left: Vec<String>,
}

impl SettingsFile {
    pub(crate) fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            backups: None,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The same with its backups in another folder: what lies beside a project's file may be handed on with the project.
    #[must_use]
    pub(crate) fn with_backups_in(mut self, folder: impl Into<PathBuf>) -> Self {
        self.backups = Some(folder.into());
        self
    }

    /// A value as it stands there now.
    pub(crate) fn value(&self, at: &[&str]) -> Result<Option<Value>> {
        let Some(text) = read(&self.path)?.filter(|text| !is_blank(text)) else {
            return Ok(None);
        };
        json_text::value(&text, at).map_err(|fault| words::fault(&self.path, &fault))
    }

    /// Whether it can be read as JSON in the strict sense, without comments; one that is missing can.
    pub(crate) fn is_strict(&self) -> Result<bool> {
        Ok(read(&self.path)?.is_none_or(|text| is_blank(&text) || json_text::is_strict(&text)))
    }

    /// What setting these values will do; the first of them will stand first where none of them is there yet. Nothing
    /// is written.
    pub(crate) fn prepare(&self, values: &[(&[&str], Value)], now: Timestamp) -> Result<Prepared> {
        self.prepare_over(&[], values, now)
    }

    /// The same in the place of earlier changes, the one in force first: on what would be there once that is taken back,
    /// which it never is by itself. What lay there before the first of them stays put aside, so that it comes back with
    /// the last.
    pub(crate) fn prepare_over(
        &self,
        earlier: &[&Settings],
        values: &[(&[&str], Value)],
        now: Timestamp,
    ) -> Result<Prepared> {
        let path = &self.path;
        words::check_writable(path)?;
        let there = read(path)?;
        let base = match (earlier.first(), &there) {
            (Some(earlier), Some(there)) => earlier.base(there)?,
            (Some(earlier), None) => earlier.base_without_file(),
            (None, _) => Base {
                text: there.clone(),
                backup: None,
                older_backups: Vec::new(),
                made_folder: first_missing(path),
                left: Vec::new(),
            },
        };
        let mut text = match &base.text {
            Some(text) if !is_blank(text) => text.clone(),
            _ => Zeroizing::new("{}\n".to_owned()),
        };
        let mut set = Vec::new();
        for (at, is) in values.iter().rev() {
            let (new, setting) =
                json_text::set(&text, at, is).map_err(|fault| words::fault(path, &fault))?;
            text = Zeroizing::new(new);
            set.push(setting);
        }
        let aside = base.text.clone().filter(|_| base.backup.is_none());
        let new_backup = || aside.is_some().then(|| self.backup_name(now));
        let backup = base.backup.or_else(new_backup);
        let mut older_backups = base.older_backups;
        // Of those that were cut short.
        for one in earlier.iter().skip(1) {
            older_backups.extend(one.and_the_older_backups());
        }
        older_backups.retain(|older| Some(older) != backup.as_ref());
        let change = Settings {
            path: path.clone(),
            before: base.text.as_ref().map(|text| fingerprint(text.as_bytes())),
            after: fingerprint(text.as_bytes()),
            backup,
            older_backups,
            made_folder: base.made_folder,
            values: set,
        };
        Ok(Prepared {
            change,
            there,
            aside,
            text,
            left: base.left,
        })
    }

    /// Sets these values at once.
    #[cfg(test)]
    pub(crate) fn set(&self, values: &[(&[&str], Value)], now: Timestamp) -> Result<Change> {
        let prepared = self.prepare(values, now)?;
        prepared.write()?;
        Ok(prepared.change())
    }

    /// A name that nothing has yet.
    fn backup_name(&self, now: Timestamp) -> PathBuf {
        let folder = match &self.backups {
            Some(folder) => folder.clone(),
            None => self.path.with_file_name(""),
        };
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let time = now.strftime("%Y-%m-%dT%H-%M-%SZ");
        let numbered = |number: u32| {
            let number = match number {
                0 => String::new(),
                number => format!("-{number}"),
            };
            folder.join(format!("{name}.keyfob-{time}{number}.bak"))
        };
        let free = (0..1000).map(numbered).find(|path| !path.exists());
        free.unwrap_or_else(|| numbered(1000))
    }
}

impl Prepared {
    /// How it will be taken back. Whoever writes that down first can be killed at any instant.
    pub(crate) fn change(&self) -> Change {
        Change::Settings(Box::new(self.change.clone()))
    }

    /// Makes it; where that fails, nothing was changed.
    pub(crate) fn write(&self) -> Result<()> {
        let path = &self.change.path;
        let backed_up = self.backed_up();
        // One that could not be made is another one's of the same name.
        let is_ours = backed_up.is_ok();
        let written = backed_up.and_then(|()| {
            // Whoever wrote meanwhile must not lose what they wrote.
            match read(path)? == self.there {
                true => files::replace_theirs(path, self.text.as_bytes())
                    .map_err(|error| words::not_written(path, &error)),
                false => Err(words::written_meanwhile(path)),
            }
        });
        if written.is_err() {
            if is_ours && self.aside.is_some() {
                self.change.forget_backup();
            }
            self.change.remove_folders();
        }
        written
    }

    fn backed_up(&self) -> Result<()> {
        let path = &self.change.path;
        let failed = |error: io::Error| words::not_written(path, &error);
        match (&self.change.backup, &self.aside) {
            (Some(backup), Some(aside)) => {
                files::create_bytes(backup, aside.as_bytes()).map_err(failed)
            }
            _ => files::make_private_folder(folder_of(path)).map_err(failed),
        }
    }
}

impl Settings {
    /// Takes it back. What is gone already is taken back.
    pub(super) fn take_back(&self) -> Result<TakenBack> {
        let mut left = match self.take_back_this()? {
            TakenBack::Done => Vec::new(),
            TakenBack::Left(words) => vec![words],
        };
        let older = self.older_backups.iter().filter(|backup| backup.exists());
        left.extend(older.map(|backup| words::older_backup(&self.path, backup)));
        Ok(match left.is_empty() {
            true => TakenBack::Done,
            false => TakenBack::Left(left.join(" ")),
        })
    }

    fn take_back_this(&self) -> Result<TakenBack> {
        let path = &self.path;
        if let Some(backup) = &self.backup {
            files::remove_abandoned(backup);
        }
        let Some(now) = read(path)? else {
            self.remove_folders();
            return Ok(match &self.backup {
                Some(backup) if backup.exists() => TakenBack::Left(words::vanished(path, backup)),
                _ => TakenBack::Done,
            });
        };
        let hash = fingerprint(now.as_bytes());
        // It was never written, or somebody has put the old one back.
        if self.before.as_ref() == Some(&hash) {
            self.forget_backup();
            return Ok(TakenBack::Done);
        }
        words::check_writable(path)?;
        let backup = self.backup_text();
        if hash == self.after {
            return self.restore(&now, backup.as_ref().map(|text| text.as_str()));
        }
        self.take_out_of(&now, backup.as_ref().map(|text| text.as_str()))
    }

    /// The bytes as they were before.
    fn restore(&self, now: &str, backup: Option<&str>) -> Result<TakenBack> {
        let path = &self.path;
        let failed = |error: io::Error| words::not_written(path, &error);
        if self.before.is_none() {
            files::remove(path).map_err(failed)?;
            self.remove_folders();
            return Ok(TakenBack::Done);
        }
        let Some(before) = backup else {
            // Without the backup, taking out what was put in comes to the same; what was replaced is gone.
            return self.take_out_of(now, None);
        };
        files::replace_theirs(path, before.as_bytes()).map_err(failed)?;
        self.forget_backup();
        Ok(TakenBack::Done)
    }

    /// Our values alone, from the last to the first.
    fn take_out_of(&self, now: &str, backup: Option<&str>) -> Result<TakenBack> {
        let path = &self.path;
        let (mut text, mut left) = self.without(now, backup)?;
        let failed = |error: io::Error| words::not_written(path, &error);
        if let Some(blank) = backup.filter(|before| is_blank(before) && json_text::is_bare(&text)) {
            text = Zeroizing::new(blank.to_owned());
        }
        if self.before.is_none() && json_text::is_bare(&text) {
            files::remove(path).map_err(failed)?;
            self.remove_folders();
        } else {
            if *text != now {
                files::replace_theirs(path, text.as_bytes()).map_err(failed)?;
            }
            if self.before.is_none() {
                left.push(words::others_wrote(path));
            }
        }
        match &self.backup {
            Some(_) if self.before == Some(fingerprint(text.as_bytes())) => self.forget_backup(),
            Some(backup) if backup.exists() => left.push(words::backup_stays(path, backup)),
            _ => {}
        }
        Ok(match left.is_empty() {
            true => TakenBack::Done,
            false => TakenBack::Left(left.join(" ")),
        })
    }

    /// A text without our values, and what could not be taken out as sentences.
    fn without(&self, now: &str, backup: Option<&str>) -> Result<(Zeroizing<String>, Vec<String>)> {
        let path = &self.path;
        let mut text = Zeroizing::new(now.to_owned());
        let mut left = Vec::new();
        for setting in self.values.iter().rev() {
            let was = backup.and_then(|text| json_text::raw(text, &setting.at).ok().flatten());
            let taken = json_text::take_out(&text, setting, was)
                .map_err(|fault| words::fault(path, &fault))?;
            match taken {
                TakenOut::Changed(without) => {
                    text = Zeroizing::new(without);
                    if setting.replaced() && was.is_none() {
                        left.push(words::backup_gone(path, setting));
                    }
                }
                TakenOut::Gone => {}
                TakenOut::Theirs => left.push(words::theirs(path, setting)),
            }
        }
        Ok((text, left))
    }

    /// What would be there once this is taken back, for the next change to begin with.
    fn base(&self, there: &Zeroizing<String>) -> Result<Base> {
        let hash = fingerprint(there.as_bytes());
        let backup = self.backup_text();
        let whole = |text: Option<Zeroizing<String>>| Base {
            backup: text.as_ref().and(self.backup.clone()),
            text,
            older_backups: self.older_backups.clone(),
            made_folder: self.made_folder.clone(),
            left: Vec::new(),
        };
        let is_ours = hash == self.after;
        if let Some(before) = &backup
            && (is_ours || self.before.as_ref() == Some(&hash))
        {
            return Ok(whole(Some(before.clone())));
        }
        let (text, mut left) = self.without(there, backup.as_ref().map(|text| text.as_str()))?;
        if self.before.is_none() && (is_ours || json_text::is_bare(&text)) {
            return Ok(whole(None));
        }
        if backup.is_some() && self.before == Some(fingerprint(text.as_bytes())) {
            return Ok(whole(Some(text)));
        }
        // What was edited since is put aside anew, and the old one is the person's to look at.
        let old = self.backup.as_ref().filter(|backup| backup.exists());
        left.extend(old.map(|backup| words::backup_stays(&self.path, backup)));
        Ok(Base {
            text: Some(text),
            backup: None,
            older_backups: self.and_the_older_backups(),
            made_folder: self.made_folder.clone(),
            left,
        })
    }

    /// The same where somebody has removed the file, which is then theirs to have removed.
    fn base_without_file(&self) -> Base {
        let old = self.backup.as_ref().filter(|backup| backup.exists());
        let left = old.map(|backup| words::vanished(&self.path, backup));
        let made = [self.made_folder.clone(), first_missing(&self.path)];
        Base {
            text: None,
            backup: None,
            older_backups: self.and_the_older_backups(),
            // Both are on the way to the file, so the shorter one is the outer one.
            made_folder: made
                .into_iter()
                .flatten()
                .min_by_key(|folder| folder.as_os_str().len()),
            left: left.into_iter().collect(),
        }
    }

    /// The backups that stay once another change has taken the place of this one without them.
    fn and_the_older_backups(&self) -> Vec<PathBuf> {
        let all = self.older_backups.iter().chain(&self.backup);
        all.filter(|backup| backup.exists()).cloned().collect()
    }

    /// What was there before, if the backup still holds it.
    fn backup_text(&self) -> Option<Zeroizing<String>> {
        let text = read(self.backup.as_deref()?).ok()??;
        (self.before.as_ref() == Some(&fingerprint(text.as_bytes()))).then_some(text)
    }

    fn forget_backup(&self) {
        if let Some(backup) = &self.backup {
            let _ = files::remove(backup);
        }
    }

    /// The folders that were made for it, as far as nothing else is in them.
    fn remove_folders(&self) {
        let Some(outermost) = &self.made_folder else {
            return;
        };
        for folder in self.path.ancestors().skip(1) {
            if !folder.starts_with(outermost) || fs::remove_dir(folder).is_err() {
                return;
            }
        }
    }
}

/// The text of a settings file; none if there is none.
fn read(path: &Path) -> Result<Option<Zeroizing<String>>> {
    words::refuse_link(path)?;
    let Some(small) = files::read_small(path).map_err(|error| words::not_read(path, &error))?
    else {
        return Ok(None);
    };
    match std::str::from_utf8(&small.bytes) {
        Ok(text) => Ok(Some(Zeroizing::new(text.to_owned()))),
        Err(_) => Err(words::not_text(path)),
    }
}

/// Many programs take an empty file as one without settings.
fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

/// The outermost folder that is missing on the way to a file.
fn first_missing(path: &Path) -> Option<PathBuf> {
    let missing = path
        .ancestors()
        .skip(1)
        .take_while(|folder| !folder.exists());
    missing
        .last()
        .filter(|folder| !folder.as_os_str().is_empty())
        .map(Path::to_owned)
}

#[cfg(test)]
#[path = "settings_file_tests.rs"]
mod tests;
