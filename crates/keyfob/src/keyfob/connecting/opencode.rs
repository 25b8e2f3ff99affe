//! opencode, by its settings (opencode.ai/docs/config, "Variables" and "Files"; opencode.ai/docs/providers, "Base URL"):
//! `apiKey` names a file of Keyfob's own, which opencode reads when it starts. It has no command to run in its place.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use serde_json::Value;

use super::{Made, base_of, only_with};
use crate::account::AccountId;
use crate::credential::Credential;
use crate::error::{Code, Error, Result};
use crate::files;
use crate::hand_over::change::Change;
use crate::hand_over::connections::{ConnectionId, Recipient};
use crate::hand_over::settings_file::SettingsFile;
use crate::keyfob::Keyfob;
use crate::keyfob::connectable::Prospect;
use crate::keyfob::given::Whose;
use crate::secret::Secret;

const API_KEY: &[&str] = &["provider", "anthropic", "options", "apiKey"];
const BASE_URL: &[&str] = &["provider", "anthropic", "options", "baseURL"];

/// What an exported file says once its account has another key.
const OLD_KEY: &str = "It holds the key from before it was replaced. Export it again.";

impl Keyfob {
    pub(super) async fn connect_opencode(
        &self,
        id: &ConnectionId,
        replace: bool,
        whose: &Whose,
    ) -> Result<Made> {
        if self.find_program("opencode").is_none() {
            return Err(Error::new(
                Code::Failed,
                "opencode is not installed here: there is no program `opencode`.",
                "Get it from https://opencode.ai, then connect again. Nothing was changed.",
            ));
        }
        self.only_once(Recipient::Opencode)?;
        let settings = SettingsFile::at(self.opencode_settings()?);
        only_with(replace, &settings, &[API_KEY, BASE_URL])?;
        let copy = self.0.home.given().join(id.as_str());
        let values = [
            (API_KEY, Value::from(format!("{{file:{}}}", named(&copy)?))),
            (BASE_URL, Value::from(format!("{}/v1", base_of(whose)?))),
        ];
        let prepared = settings.prepare(&values, self.0.edge.now())?;
        let account = Some(whose.account.id.as_str());
        let given = self.given(account, SignedDuration::ZERO).await?;
        let made = Made {
            target: None,
            valid_until: None,
            changes: vec![
                Change::File {
                    path: copy.clone(),
                    sha256: None,
                },
                prepared.change(),
            ],
            words: vec![
                "opencode uses it from its next start. A project's own opencode.json counts for more, and may send the key to another server: read it first."
                    .to_owned(),
            ],
            command: None,
        };
        // In the list before it is written: whoever is killed in between has left nothing that no list names.
        self.list_first(
            self.connection(id, Recipient::Opencode, whose, &made),
            &whose.account,
        )?;
        let key = given.secret().expose().as_bytes();
        let written = files::create_bytes(&copy, key)
            .map_err(|error| files::not_written(&copy, &error))
            .and_then(|()| prepared.write());
        if let Err(error) = written {
            let _ = files::remove(&copy);
            self.unlist(id);
            return Err(error);
        }
        Ok(made)
    }

    pub(in crate::keyfob) fn opencode_prospect(&self) -> Prospect {
        let how = "Its settings name a file of Keyfob's own, which holds a copy of the API key and which only you can read.";
        match self.opencode_settings() {
            Ok(path) => {
                let settings = SettingsFile::at(&path);
                Prospect::of(how, vec![path])
                    .with(super::standing_there(&settings, &[API_KEY, BASE_URL]))
            }
            Err(error) => Prospect::of(how, Vec::new()).hindered(&error),
        }
    }

    /// A new key of an account, wherever a copy of the old one lies. What could not be written is noted there, and gives
    /// its reason.
    pub(in crate::keyfob) fn pass_on_key(
        &self,
        account: &AccountId,
        key: &Secret,
    ) -> Option<Error> {
        let passed = self.0.connections.change(|list| {
            let mut problem = None;
            for one in list.all.iter_mut().filter(|one| one.account == *account) {
                match one.to {
                    Recipient::Opencode => {
                        // What it names is another server's by now.
                        if let Some(moved) = self.moved_since(one, account) {
                            problem = problem.take().or(Some(moved));
                            continue;
                        }
                    }
                    Recipient::File => {
                        one.trouble = Some(OLD_KEY.to_owned());
                        continue;
                    }
                    _ => continue,
                }
                for path in one.changes.iter().filter_map(copy) {
                    let written = files::replace_bytes(path, key.expose().as_bytes());
                    let error = written
                        .map_err(|error| files::not_written(path, &error))
                        .err();
                    one.trouble = error.as_ref().map(|error| {
                        format!(
                            "It has the key from before it was replaced: {}",
                            error.message
                        )
                    });
                    problem = problem.take().or(error);
                }
            }
            Ok(problem)
        });
        passed.unwrap_or_else(Some)
    }

    /// Tries again what could not be written when a key was replaced. No keychain is opened where nothing failed.
    pub(in crate::keyfob) async fn put_keys_right(&self) {
        let Ok(list) = self.0.connections.read() else {
            return;
        };
        let waiting = list
            .all
            .iter()
            .filter(|one| one.to == Recipient::Opencode && one.trouble.is_some())
            .filter(|one| self.moved_since(one, &one.account).is_none());
        for one in waiting {
            // Whoever replaces the key at this moment writes it by himself.
            let Ok(_held) = self.0.locks.account(&one.account).await else {
                continue;
            };
            if let Ok(Some(Credential::ApiKey(stored))) = self.0.vault.load(&one.account).await {
                self.pass_on_stored_key(&one.id, &stored.key);
            }
        }
    }

    fn pass_on_stored_key(&self, id: &ConnectionId, key: &Secret) {
        // Whatever fails is tried again.
        let _ = self.0.connections.change(|list| {
            let one = list.all.iter_mut().find(|one| one.id == *id);
            let Some(one) = one else {
                return Ok(());
            };
            let write = |path: &Path| files::replace_bytes(path, key.expose().as_bytes()).is_ok();
            if one.changes.iter().filter_map(copy).all(write) {
                one.trouble = None;
            }
            Ok(())
        });
    }

    /// The person's own settings. Of several files opencode lets the one with comments count more.
    fn opencode_settings(&self) -> Result<PathBuf> {
        let folder = match self.0.edge.variable("XDG_CONFIG_HOME") {
            Some(folder) => PathBuf::from(folder),
            None => super::home_folder(self)?.join(".config"),
        };
        let folder = folder.join("opencode");
        let with_comments = folder.join("opencode.jsonc");
        Ok(match with_comments.exists() {
            true => with_comments,
            false => folder.join("opencode.json"),
        })
    }
}

/// The file of Keyfob's own among the changes.
fn copy(change: &Change) -> Option<&Path> {
    match change {
        Change::File { path, sha256: None } => Some(path),
        _ => None,
    }
}

/// A path inside `{file:…}`, which ends at the first brace.
fn named(path: &Path) -> Result<String> {
    let text = path.to_str().map(|text| match cfg!(windows) {
        // Windows takes both, and what stands in a JSON text is read without a second thought.
        true => text.replace('\\', "/"),
        false => text.to_owned(),
    });
    let text = text.filter(|text| !text.contains(['{', '}', '"', '\\', '\n']));
    text.ok_or_else(|| {
        Error::new(
            Code::Failed,
            format!("opencode cannot be told the name {}.", path.display()),
            "Name a folder without braces and backslashes in KEYFOB_HOME.",
        )
    })
}
