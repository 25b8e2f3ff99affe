//! What connecting by a tool's own settings has in common: where those are, and what stands there already.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::git;
use crate::error::{Code, Error, Result};
use crate::hand_over::connections::ConnectionId;
use crate::hand_over::settings_file::{Prepared, SettingsFile};
use crate::keyfob::Keyfob;
use crate::keyfob::destination::same_server;
use crate::keyfob::given::ANTHROPIC;
use crate::keyfob::given::Whose;
use crate::precedence::sources::host;

/// What tools call what they send along with every request.
pub(super) const HEADERS: &str = "headers";

/// Where an API answers, without a slash at the end; the tool is told, so that it sends the credential nowhere else.
pub(super) fn base_of(whose: &Whose) -> Result<String> {
    let url = git::api_of(whose)?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// The person's own folder, which the settings of most tools are in.
pub(super) fn home_folder(keyfob: &Keyfob) -> Result<PathBuf> {
    let home = keyfob.0.edge.home_folder();
    home.filter(|home| home.is_dir()).ok_or_else(|| {
        Error::new(
            Code::Failed,
            "Your home folder is not there, and the tool's settings would be in it.",
            "Set HOME to it, then try again. Nothing was changed.",
        )
    })
}

/// Where a tool's settings say what it sends, and to whom.
pub(super) struct Keys {
    /// All that is set for Anthropic.
    pub(super) provider: &'static [&'static str],
    /// The server that is asked.
    pub(super) address: &'static [&'static str],
    /// What connecting sets, the address too.
    pub(super) set: &'static [&'static [&'static str]],
}

/// What stands in a tool's settings and would be put aside.
#[derive(Default)]
pub(super) struct Aside {
    /// By their last names.
    names: Vec<String>,
    /// Headers that are sent to another server than the one that is connected, each with the keys that lead to it.
    headers: Vec<Vec<String>>,
    /// Which server those are for.
    theirs: String,
}

impl Keys {
    /// What stands there already for an account whose API is at `base`. Headers belong to the address that they stand
    /// beside, because a gateway names its secrets as it likes: to another server none of them go along.
    pub(super) fn there(&self, settings: &SettingsFile, base: &str) -> Result<Aside> {
        let mut aside = Aside::of(settings, self.set)?;
        let address = settings.value(self.address)?;
        let address = address.as_ref().and_then(Value::as_str);
        let address = address.unwrap_or(ANTHROPIC);
        if same_server(address, base) {
            return Ok(aside);
        }
        let provider = settings.value(self.provider)?.unwrap_or_default();
        let mut at = self.provider.iter().map(|&key| key.to_owned()).collect();
        let in_a_list = headers_in(&provider, &mut at, &mut aside.headers);
        aside.theirs = host(address);
        if in_a_list {
            return Err(Error::new(
                Code::Failed,
                format!(
                    "{} has a model with headers of its own, which are for {}. They would go to another server.",
                    settings.path().display(),
                    aside.theirs
                ),
                "Take them out of that model, then connect again. Nothing was changed.",
            ));
        }
        if !aside.headers.is_empty() {
            aside.names.push(HEADERS.to_owned());
        }
        Ok(aside)
    }

    /// The same where what somebody else has set is replaced only by the person's word.
    pub(super) fn only_with(
        &self,
        replace: bool,
        settings: &SettingsFile,
        base: &str,
    ) -> Result<Aside> {
        let aside = self.there(settings, base)?;
        if replace || aside.names.is_empty() {
            return Ok(aside);
        }
        Err(Error::new(
            Code::Failed,
            format!(
                "{} sets {} for Anthropic already.",
                settings.path().display(),
                aside.names.join(" and ")
            ),
            "Say that it may be put aside (`--replace`); it is put back when this is turned off.",
        ))
    }
}

impl Aside {
    /// Of these values the ones that are there.
    fn of(settings: &SettingsFile, values: &[&[&str]]) -> Result<Self> {
        let mut aside = Self::default();
        for at in values {
            if settings.value(at)?.is_some() {
                aside.names.extend(at.last().map(|&name| name.to_owned()));
            }
        }
        Ok(aside)
    }

    /// The values that connecting sets, and nothing in the place of the headers of another server.
    pub(super) fn prepare(
        &self,
        settings: &SettingsFile,
        values: &[(&[&str], Value)],
        now: Timestamp,
    ) -> Result<Prepared> {
        let headers: Vec<Vec<&str>> = self
            .headers
            .iter()
            .map(|at| at.iter().map(String::as_str).collect())
            .collect();
        let none = headers
            .iter()
            .map(|at| (at.as_slice(), Value::Object(Map::new())));
        let all: Vec<_> = values.iter().cloned().chain(none).collect();
        settings.prepare(&all, now)
    }

    /// What a person has to know of the headers that do not go along.
    pub(super) fn words(&self) -> Option<String> {
        (!self.headers.is_empty()).then(|| {
            format!(
                "The headers that are set there are for {}, and are put aside until this is turned off.",
                self.theirs
            )
        })
    }
}

/// Where headers stand in a value, and whether some stand in a list, in which single values cannot be set.
fn headers_in(value: &Value, at: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> bool {
    match value {
        Value::Object(object) => {
            let mut in_a_list = false;
            for (key, inner) in object {
                at.push(key.clone());
                match inner.as_object() {
                    Some(headers) if key == HEADERS && !headers.is_empty() => {
                        found.push(at.clone())
                    }
                    _ => in_a_list |= headers_in(inner, at, found),
                }
                at.pop();
            }
            in_a_list
        }
        Value::Array(all) => {
            let mut inside = Vec::new();
            all.iter()
                .any(|one| headers_in(one, &mut Vec::new(), &mut inside))
                || !inside.is_empty()
        }
        _ => false,
    }
}

/// What stands in a settings file already and would be put aside, as a sentence; or why it cannot be changed.
pub(super) fn standing_there(
    settings: &SettingsFile,
    values: &[&[&str]],
) -> Result<Option<String>> {
    Ok(put_aside(settings, &Aside::of(settings, values)?))
}

/// That these stand in a settings file and are put aside, as a sentence.
pub(super) fn put_aside(settings: &SettingsFile, aside: &Aside) -> Option<String> {
    let path = settings.path().display();
    match aside.names.as_slice() {
        [] => None,
        [one] => Some(format!(
            "In {path} there is {one} already: it is put aside, and put back when this is turned off."
        )),
        several => Some(format!(
            "In {path} there are {} already: they are put aside, and put back when this is turned off.",
            several.join(" and ")
        )),
    }
}

pub(super) fn connected_already(tool: &str, id: &ConnectionId) -> Error {
    Error::new(
        Code::Usage,
        format!("{tool} is connected already."),
        format!("Turn that off first (`keyfob disconnect {id}`)."),
    )
}
