//! pi, by its models.json (docs/models.md of @earendil-works/pi-coding-agent, "Value Resolution"): an `apiKey` that begins
//! with `!` is a command, run for every request and not kept. In its auth.json such a command is run once a process.

use std::path::PathBuf;

use serde_json::Value;

use super::settings::{Keys, put_aside};
use super::{ConnectRequest, Made, base_of};
use crate::error::{Code, Error, Result};
use crate::hand_over::change::Change;
use crate::hand_over::connections::{Connection, ConnectionId, Recipient};
use crate::hand_over::settings_file::SettingsFile;
use crate::keyfob::Keyfob;
use crate::keyfob::connectable::Prospect;
use crate::keyfob::destination::same_server;
use crate::keyfob::given::{Form, Whose};

const API_KEY: &[&str] = &["providers", "anthropic", "apiKey"];
const BASE_URL: &[&str] = &["providers", "anthropic", "baseUrl"];
const BEARER: &[&str] = &["providers", "anthropic", "authHeader"];
const KEYS: Keys = Keys {
    provider: &["providers", "anthropic"],
    address: BASE_URL,
    set: &[API_KEY, BASE_URL, BEARER],
};
/// Models that the person has added there, each of which may have an address of its own.
const MODELS: &[&str] = &["providers", "anthropic", "models"];

impl Keyfob {
    pub(super) fn connect_pi(
        &self,
        id: &ConnectionId,
        replace: bool,
        request: &ConnectRequest,
        whose: &Whose,
    ) -> Result<Made> {
        if self.find_program("pi").is_none() {
            return Err(Error::new(
                Code::Failed,
                "pi is not installed here: there is no program `pi`.",
                "Get it with `npm install -g @earendil-works/pi-coding-agent`, then connect again. Nothing was changed.",
            ));
        }
        self.only_once(Recipient::Pi)?;
        let folder = self.pi_folder()?;
        if self.pi_has_its_own()? {
            return Err(Error::new(
                Code::Failed,
                "pi holds a credential of its own for Anthropic, and uses that first.",
                "Take it away with /logout in pi, then connect again. Nothing was changed.",
            ));
        }
        let line = format!(
            "!{}",
            self.call_of(&request.program, &format!("helper {id}"))
        );
        let base = base_of(whose)?;
        let settings = SettingsFile::at(folder.join("models.json"));
        let aside = KEYS.only_with(replace, &settings, &base)?;
        let values = [
            (API_KEY, Value::from(line)),
            (BASE_URL, Value::from(base)),
            // As it stood there before, it was meant for another credential.
            (BEARER, Value::from(whose.form == Form::Bearer)),
        ];
        let prepared = aside.prepare(&settings, &values, self.0.edge.now())?;
        let mut words = vec!["pi asks for it at every request.".to_owned()];
        words.extend(aside.words());
        let made = Made {
            target: None,
            valid_until: None,
            changes: vec![prepared.change()],
            words,
            command: None,
        };
        let connection = self.connection(id, Recipient::Pi, whose, &made);
        self.list_and_write(connection, &whose.account, |_| prepared.write())?;
        Ok(made)
    }

    pub(in crate::keyfob) fn pi_prospect(&self) -> Prospect {
        let how = "Its models.json runs Keyfob's command for every request.";
        match self.pi_folder() {
            Ok(folder) => {
                let path = folder.join("models.json");
                let settings = SettingsFile::at(&path);
                let prospect =
                    Prospect::of(how, vec![path]).with(super::standing_there(&settings, KEYS.set));
                match self.pi_has_its_own() {
                    Ok(true) => prospect.hindered(&Error::new(
                        Code::Failed,
                        "pi holds a credential of its own for Anthropic, and uses that first.",
                        "Take it away with /logout in pi.",
                    )),
                    _ => prospect,
                }
            }
            Err(error) => Prospect::of(how, Vec::new()).hindered(&error),
        }
    }

    /// What connecting an account would put aside, as a sentence.
    pub(in crate::keyfob) fn pi_puts_aside(&self, whose: &Whose) -> Option<String> {
        let settings = SettingsFile::at(self.pi_folder().ok()?.join("models.json"));
        put_aside(
            &settings,
            &KEYS.there(&settings, &base_of(whose).ok()?).ok()?,
        )
    }

    /// Whether its auth.json has an entry, which outranks models.json. Nothing of it is kept.
    fn pi_has_its_own(&self) -> Result<bool> {
        let auth = SettingsFile::at(self.pi_folder()?.join("auth.json"));
        Ok(auth.value(&["anthropic"])?.is_some())
    }

    /// Where pi keeps its settings (docs/configuration.md, "Agent directory").
    fn pi_folder(&self) -> Result<PathBuf> {
        match self.0.edge.variable("PI_CODING_AGENT_DIR") {
            Some(folder) => Ok(PathBuf::from(folder)),
            None => Ok(super::home_folder(self)?.join(".pi").join("agent")),
        }
    }
}

/// pi sends what it gets to the address that stands in its models.json now, whoever wrote that.
pub(in crate::keyfob) fn check_address(one: &Connection, label: &str) -> Result<()> {
    let mut all = one.changes.iter().filter_map(Change::settings);
    let written = all.find_map(|settings| {
        let value = settings.values.iter().find(|value| value.at == BASE_URL)?;
        Some((&settings.path, &value.is))
    });
    let Some((path, written)) = written else {
        return Ok(());
    };
    let refused = |why: &str| {
        Error::new(
            Code::Failed,
            format!("{} {why}: \"{label}\" was not given.", path.display()),
            format!(
                "Correct that file, or connect pi again: `keyfob disconnect {}`, then `keyfob connect pi`.",
                one.id
            ),
        )
    };
    let file = SettingsFile::at(path);
    let (Ok(now), Ok(models)) = (file.value(BASE_URL), file.value(MODELS)) else {
        return Err(refused(
            "cannot be read, so nobody can say where pi would send a credential",
        ));
    };
    if now.as_ref() != Some(written) {
        return Err(refused(
            "names another address than connecting put there (baseUrl)",
        ));
    }
    let own = |model: &Value| {
        model
            .get("baseUrl")
            .is_some_and(|own| !is_same(own, written))
    };
    match models.as_ref().and_then(Value::as_array) {
        Some(models) if models.iter().any(own) => {
            Err(refused("names another server for a model (baseUrl)"))
        }
        _ => Ok(()),
    }
}

fn is_same(one: &Value, other: &Value) -> bool {
    match (one.as_str(), other.as_str()) {
        (Some(one), Some(other)) => same_server(one, other),
        _ => false,
    }
}
