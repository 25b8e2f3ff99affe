//! opencode, by its settings (opencode.ai/docs/config, "Variables" and "Files"; opencode.ai/docs/providers, "Base URL"):
//! `apiKey` names a file of Keyfob's own, which opencode reads when it starts. It has no command to run in its place.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use serde_json::Value;

use super::settings::{Keys, put_aside};
use super::{Made, base_of};
use crate::error::{Code, Error, Result};
use crate::files;
use crate::hand_over::change::Change;
use crate::hand_over::connections::{ConnectionId, Recipient};
use crate::hand_over::settings_file::SettingsFile;
use crate::keyfob::Keyfob;
use crate::keyfob::connectable::Prospect;
use crate::keyfob::given::Whose;

const API_KEY: &[&str] = &["provider", "anthropic", "options", "apiKey"];
const BASE_URL: &[&str] = &["provider", "anthropic", "options", "baseURL"];
const KEYS: Keys = Keys {
    provider: &["provider", "anthropic"],
    address: BASE_URL,
    set: &[API_KEY, BASE_URL],
};

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
        let base = base_of(whose)?;
        let aside = KEYS.only_with(replace, &settings, &base)?;
        let copy = self.0.home.given().join(id.as_str());
        let values = [
            (API_KEY, Value::from(format!("{{file:{}}}", named(&copy)?))),
            (BASE_URL, Value::from(format!("{base}/v1"))),
        ];
        let prepared = aside.prepare(&settings, &values, self.0.edge.now())?;
        let account = Some(whose.account.id.as_str());
        let given = self.given(account, SignedDuration::ZERO).await?;
        let mut words = vec![
            "opencode uses it from its next start. A project's own opencode.json counts for more, and may send the key to another server: read it first."
                .to_owned(),
        ];
        words.extend(aside.words());
        let our_copy = Change::KeyCopy { path: copy.clone() };
        let made = Made {
            target: None,
            valid_until: None,
            changes: vec![our_copy.clone(), prepared.change()],
            words,
            command: None,
        };
        let connection = self.connection(id, Recipient::Opencode, whose, &made);
        self.list_and_write(connection, &whose.account, |begun| {
            begun
                .create(our_copy, given.secret().expose().as_bytes())
                .map_err(|error| files::not_written(&copy, &error))?;
            prepared.write()
        })?;
        Ok(made)
    }

    pub(in crate::keyfob) fn opencode_prospect(&self) -> Prospect {
        let how = "Its settings name a file of Keyfob's own, which holds a copy of the API key and which only you can read.";
        match self.opencode_settings() {
            Ok(path) => {
                let settings = SettingsFile::at(&path);
                Prospect::of(how, vec![path]).with(super::standing_there(&settings, KEYS.set))
            }
            Err(error) => Prospect::of(how, Vec::new()).hindered(&error),
        }
    }

    /// What connecting an account would put aside, as a sentence.
    pub(in crate::keyfob) fn opencode_puts_aside(&self, whose: &Whose) -> Option<String> {
        let settings = SettingsFile::at(self.opencode_settings().ok()?);
        put_aside(
            &settings,
            &KEYS.there(&settings, &base_of(whose).ok()?).ok()?,
        )
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
