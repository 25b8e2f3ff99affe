//! Who else on this computer may read or write the files that matter: Keyfob's own, and those of the tools.

use std::path::{Path, PathBuf};

use super::{Finding, Group};
use crate::keyfob::Keyfob;
use crate::linked::{anthropic_profile, claude_code};

/// The most files that are looked at in one folder; ten thousand accounts have as many locks.
const MOST: usize = 2_000;

impl Keyfob {
    /// Every file and folder of ours.
    pub(super) fn look_at_permissions(&self) -> Finding {
        let (topic, home) = ("Files", self.home());
        let mut all = vec![home.config_folder().to_owned(), home.config_file()];
        if home.data_folder() != home.config_folder() {
            all.push(home.data_folder().to_owned());
        }
        for folder in [
            home.data_folder().to_owned(),
            home.locks(),
            home.secrets(),
            home.renewals(),
        ] {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            all.extend(entries.take(MOST).map(|entry| entry.path()));
        }
        let writable: Vec<&PathBuf> = all
            .iter()
            .filter(|path| others(path) & 0o022 != 0)
            .collect();
        if let Some(first) = writable.first() {
            let cure = format!(
                "Run `chmod go-w {}`{}.",
                first.display(),
                and_more(&writable)
            );
            let words = format!("Others on this computer can write {}.", first.display());
            return Finding::act(Group::Keyfob, topic, words, &cure);
        }
        // Nothing in config.toml is secret, and a folder that is not private has files in it that are.
        let private = |path: &&PathBuf| !path.is_dir() && **path != home.config_file();
        let readable: Vec<&PathBuf> = all
            .iter()
            .filter(private)
            .filter(|path| others(path) & 0o044 != 0 && is_reachable(path))
            .collect();
        match readable.first() {
            None => {
                let words = "Nobody else on this computer can write them, or read what is private.";
                Finding::fine(Group::Keyfob, topic, words)
            }
            Some(first) => {
                let cure = format!(
                    "Run `chmod go= {}`{}.",
                    first.display(),
                    and_more(&readable)
                );
                let words = format!("Others on this computer can read {}.", first.display());
                Finding::soon(Group::Keyfob, topic, words, &cure)
            }
        }
    }

    /// Where Claude Code and `ant` keep their sessions. Only looked at: Keyfob changes nothing there.
    pub(super) fn look_at_theirs(&self) -> Vec<Finding> {
        let Some(home) = self.0.edge.home_folder() else {
            return Vec::new();
        };
        let variable = |name: &str| self.0.edge.variable(name);
        let named = claude_code::named_folder(variable);
        let claude = claude_code::Place::of(variable, named.as_deref(), &home);
        let named = anthropic_profile::named_folder(variable);
        let ant = anthropic_profile::folder(variable, named.as_deref(), &home).join("credentials");
        let mut findings = Vec::new();
        if others(&claude.credentials) & 0o077 != 0 {
            let path = claude.credentials.display();
            findings.push(Finding::soon(
                Group::Tools,
                "Claude Code",
                "Others on this computer can read Claude Code's credentials.",
                &format!("Run `chmod 600 {path}`."),
            ));
        }
        let entries = std::fs::read_dir(ant).into_iter().flatten().flatten();
        for path in entries.take(MOST).map(|entry| entry.path()) {
            let shown = path.display();
            if path.is_symlink() {
                findings.push(Finding::act(
                    Group::Tools,
                    "ant",
                    format!("{shown} is a symbolic link, and the Anthropic SDKs refuse it."),
                    "Put the file itself there, or sign in again with `ant auth login`.",
                ));
            } else if path.is_file() && others(&path) & 0o077 != 0 {
                findings.push(Finding::act(
                    Group::Tools,
                    "ant",
                    format!(
                        "Others on this computer can read {shown}, so the Anthropic SDKs refuse it."
                    ),
                    &format!("Run `chmod 600 {shown}`."),
                ));
            }
        }
        findings
    }
}

fn and_more(all: &[&PathBuf]) -> String {
    match all.len() {
        0 | 1 => String::new(),
        more => format!(", and the same for {} more", more - 1),
    }
}

/// What a group and everybody else may do with it.
#[cfg(unix)]
fn others(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::symlink_metadata(path).ok();
    let metadata = metadata.filter(|metadata| !metadata.is_symlink());
    metadata.map_or(0, |metadata| metadata.permissions().mode() & 0o077)
}

/// Windows keeps a person's folders to that person.
#[cfg(not(unix))]
fn others(_: &Path) -> u32 {
    0
}

/// Whether others get as far as the folder that it lies in.
fn is_reachable(path: &Path) -> bool {
    path.parent()
        .is_none_or(|folder| others(folder) & 0o011 != 0)
}
