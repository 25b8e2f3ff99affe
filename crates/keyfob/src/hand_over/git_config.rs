//! Values in git's own settings, set and taken back by git itself (git-config(1)). What git leaves of the file otherwise
//! is put right: a line's end that it added, and an empty file where there was none.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::change::{TakenBack, fingerprint};
use crate::error::{Code, Error, Result};
use crate::files;

/// The longest that one waits for git, which only reads and writes a small file.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is looked whether git has ended.
const STEP: Duration = Duration::from_millis(5);

/// Values of one key that were added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GitConfig {
    /// The file that git chose.
    pub(crate) path: PathBuf,
    /// Where git itself lies.
    git: PathBuf,
    key: String,
    /// In the order in which they were added.
    values: Vec<String>,
    /// The fingerprint of what was there; none where there was no file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<String>,
}

impl GitConfig {
    /// The values that a key has in the person's own settings.
    pub(crate) fn values(git: &Path, key: &str) -> Result<Vec<String>> {
        let found = run(git, &["config", "--global", "--null", "--get-all", key])?;
        // 1: the key has none.
        if !found.status.success() && found.status.code() != Some(1) {
            return Err(refused(&found));
        }
        let text = String::from_utf8_lossy(&found.stdout).into_owned();
        let values = text.split_terminator('\0').map(str::to_owned);
        Ok(values.collect())
    }

    /// The file that git will most likely write the person's own settings to (git-config(1), "FILES"), without asking
    /// it: on a Mac without Apple's tools that would open a dialog.
    pub(crate) fn file(home: &Path, named: Option<PathBuf>, xdg: Option<PathBuf>) -> PathBuf {
        if let Some(named) = named {
            return named;
        }
        let usual = home.join(".gitconfig");
        let xdg = xdg.unwrap_or_else(|| home.join(".config"));
        let other = xdg.join("git").join("config");
        match !usual.exists() && other.exists() {
            true => other,
            false => usual,
        }
    }

    /// What adding values to a key will do. Nothing is written.
    pub(crate) fn plan(git: &Path, file: &Path, key: &str, values: &[&str]) -> Result<Self> {
        let before = files::read_small(file).map_err(|error| files::not_read(file, &error))?;
        Ok(Self {
            path: file.to_owned(),
            git: git.to_owned(),
            key: key.to_owned(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            before: before.map(|small| fingerprint(&small.bytes)),
        })
    }

    /// Adds the values. Where one cannot be added, those before it are there until this is taken back.
    pub(crate) fn write(&mut self) -> Result<()> {
        for value in &self.values {
            let added = run(
                &self.git,
                &["config", "--global", "--add", &self.key, value],
            );
            match added {
                Ok(output) if output.status.success() => {}
                Ok(output) => return Err(refused(&output)),
                Err(error) => return Err(error),
            }
        }
        if let Some(path) = self.found().filter(|path| *path != self.path) {
            self.path = path;
            // Nobody looked at that one before.
            self.before = Some(String::new());
        }
        Ok(())
    }

    /// Takes exactly these values out again. What is gone already is taken back.
    pub(super) fn take_back(&self) -> Result<TakenBack> {
        // It was never written. A git that cannot read the file at all need not be asked to take anything out.
        if self.is_untouched() && self.found().is_none() {
            return Ok(TakenBack::Done);
        }
        let file = self.path.to_string_lossy();
        let noted: &[&str] = &["--file", &file];
        let anywhere: &[&str] = &["--global"];
        // The file may have been moved to another place where git looks.
        let mut moved = !self.path.exists();
        for value in self.values.iter().rev() {
            if !moved {
                let taken = match self.unset(noted, value) {
                    Ok(taken) => taken,
                    Err(error) => return Ok(TakenBack::Left(self.by_hand(value, &error.message))),
                };
                match taken.status.code() {
                    Some(0) => continue,
                    // 5: it is not there any more, or there more than once, which is then somebody else's too.
                    Some(5) if value.is_empty() => continue,
                    Some(5) => {}
                    _ => return Err(refused(&taken)),
                }
            }
            let taken = self.unset(anywhere, value);
            let is_found = taken.is_ok_and(|taken| taken.status.success());
            if moved && !is_found {
                // An empty value by itself is somebody else's.
                break;
            }
            moved = is_found;
        }
        self.put_right();
        Ok(match self.found() {
            Some(path) => TakenBack::Left(
                Self {
                    path,
                    ..self.clone()
                }
                .by_hand(self.line(), "git still has Keyfob's helper."),
            ),
            None => TakenBack::Done,
        })
    }

    /// Whether the file is as it was before.
    fn is_untouched(&self) -> bool {
        match files::read_small(&self.path) {
            Ok(now) => now.map(|small| fingerprint(&small.bytes)) == self.before,
            Err(_) => false,
        }
    }

    /// The value that names Keyfob.
    pub(crate) fn line(&self) -> &str {
        self.values.last().map_or("", String::as_str)
    }

    /// The file that git has it in, from git's own mouth; none where it has it in none.
    fn found(&self) -> Option<PathBuf> {
        let arguments = ["config", "--global", "--show-origin", "--null", "--get-all"];
        let found = run(&self.git, &[&arguments[..], &[&self.key]].concat()).ok()?;
        let text = String::from_utf8_lossy(&found.stdout).into_owned();
        let mut words = text.split_terminator('\0');
        while let (Some(origin), Some(value)) = (words.next(), words.next()) {
            if value == self.line() {
                let path = PathBuf::from(origin.strip_prefix("file:")?);
                return Some(path).filter(|path| path.is_absolute());
            }
        }
        None
    }

    /// Takes one value out of one place.
    fn unset(&self, place: &[&str], value: &str) -> Result<Output> {
        let by = |option: &[&str], value: &str| {
            let what = ["--unset", &self.key, value];
            run(&self.git, &[&["config"], place, option, &what].concat())
        };
        let taken = by(&["--fixed-value"], value)?;
        // 129: it does not know that, which came with git 2.30. Before, a value is named by a pattern.
        match taken.status.code() {
            Some(129) => by(&[], &format!("^{}$", escaped(value))),
            _ => Ok(taken),
        }
    }

    /// git leaves an empty file where there was none, and ends the last line of one that did not end it.
    fn put_right(&self) {
        let Ok(Some(now)) = files::read_small(&self.path) else {
            return;
        };
        match &self.before {
            None if now.bytes.is_empty() => {
                let _ = files::remove(&self.path);
            }
            Some(before) => {
                let Some(shorter) = now.bytes.strip_suffix(b"\n") else {
                    return;
                };
                if fingerprint(&now.bytes) != *before && fingerprint(shorter) == *before {
                    // A line's end more or less is no failure.
                    let _ = files::replace_theirs(&self.path, shorter);
                }
            }
            None => {}
        }
    }

    fn by_hand(&self, value: &str, why: &str) -> String {
        format!(
            "{why} Take the line `helper = {value}` for {} out of {} by hand.",
            self.key,
            self.path.display()
        )
    }
}

/// A text as a pattern that is that text alone (POSIX, extended).
fn escaped(text: &str) -> String {
    let mut pattern = String::new();
    for letter in text.chars() {
        if r".[{()\*+?^$|".contains(letter) {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

/// Whether git leaves a file of a work tree out of its history; none where it does not say.
pub(crate) fn ignores(git: &Path, folder: &Path, file: &Path) -> Option<bool> {
    let (folder, file) = (folder.to_string_lossy(), file.to_string_lossy());
    // What a project's own settings name is not run.
    let quiet = ["-c", "core.fsmonitor=false", "check-ignore", "--quiet"];
    let asked = run(
        git,
        &[&["-C", &folder], &quiet[..], &["--", &file]].concat(),
    )
    .ok()?;
    match asked.status.code() {
        Some(0) => Some(true),
        Some(1) => Some(false),
        _ => None,
    }
}

/// Runs git to its end, or ends it.
fn run(git: &Path, arguments: &[&str]) -> Result<Output> {
    let mut child = Command::new(git)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| not_run("git could not be started.", &error))?;
    let out = child.stdout.take().map(read_aside);
    let err = child.stderr.take().map(read_aside);
    let failed = |error: io::Error| not_run("git could not be waited for.", &error);
    let mut tries = PATIENCE.as_millis() / STEP.as_millis();
    let status = loop {
        match child.try_wait().map_err(failed)? {
            Some(status) => break status,
            None if tries == 0 => {
                let _ = child.kill();
                let _ = child.wait();
                let late = io::Error::from(io::ErrorKind::TimedOut);
                return Err(not_run("git did not end in time.", &late));
            }
            None => {
                tries -= 1;
                thread::sleep(STEP);
            }
        }
    };
    // What git has started may hold its streams open for longer.
    let said = |stream: Option<Receiver<Vec<u8>>>| {
        let said = stream.and_then(|stream| stream.recv_timeout(Duration::from_secs(1)).ok());
        said.unwrap_or_default()
    };
    Ok(Output {
        status,
        stdout: said(out),
        stderr: said(err),
    })
}

/// Reads a stream to its end, while others wait for the program.
fn read_aside(mut stream: impl io::Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
}

fn not_run(message: &str, error: &io::Error) -> Error {
    Error::new(
        Code::Failed,
        message,
        "See whether `git --version` runs in a terminal.",
    )
    .detail(error.to_string())
}

fn refused(output: &Output) -> Error {
    let said = String::from_utf8_lossy(&output.stderr);
    Error::new(
        Code::Failed,
        "git did not change its settings.",
        "Check that its settings file can be written and has no mistake: `git config --global --list` says more.",
    )
    .detail(crate::secret::presentable(said.trim(), &[]))
}
