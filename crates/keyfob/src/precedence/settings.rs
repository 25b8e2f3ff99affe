//! Claude Code's settings files: what of them bears on credentials. Text in, facts out.

use std::path::PathBuf;

use serde_json::Value as Json;
use zeroize::{Zeroize as _, Zeroizing};

use super::sources::{Value, Variables, names};

/// Whose settings file it is, the one that counts most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// The organization's.
    Managed,
    /// The person's own for one folder.
    Local,
    /// Everybody's who works on the folder.
    Project,
    /// The person's own for all folders.
    User,
}

impl Scope {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Managed => "managed settings",
            Self::Local => "your own settings for this folder",
            Self::Project => "this folder's settings",
            Self::User => "your settings",
        }
    }

    pub(crate) fn owner(self) -> &'static str {
        match self {
            Self::Managed => "your organization",
            Self::Local | Self::User => "you, in Claude Code's settings",
            Self::Project => "whoever wrote this folder's settings",
        }
    }

    /// Whether Claude Code asks first whether the folder is trusted.
    pub(crate) fn needs_trust(self) -> bool {
        matches!(self, Self::Local | Self::Project)
    }
}

/// What one settings file says about credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) scope: Scope,
    pub(crate) path: PathBuf,
    /// The variables it sets, of those that count.
    pub(crate) env: Variables,
    /// Whether it names an `apiKeyHelper`.
    pub(crate) has_helper: bool,
    /// Whether it allows nothing but a sign-in to Claude (`forceLoginMethod`, `forceLoginOrgUUID`).
    pub(crate) login_only: bool,
    /// Whether others on this computer can read it.
    pub(crate) open_to_others: bool,
}

/// JSON that may hold a secret.
#[derive(Default, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Wiped(pub(crate) Json);

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(json: &mut Json) {
    match json {
        Json::String(text) => text.zeroize(),
        Json::Array(list) => list.iter_mut().for_each(wipe),
        Json::Object(map) => map.values_mut().for_each(wipe),
        _ => {}
    }
}

/// Reads the text of a settings file. `value` keeps of a variable what may be kept.
pub(crate) fn read(
    scope: Scope,
    path: PathBuf,
    text: &[u8],
    value: impl Fn(&str, &str) -> Value,
) -> Result<Settings, String> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let empty = text.iter().all(u8::is_ascii_whitespace);
    let json = match empty {
        true => Json::Object(serde_json::Map::new()),
        // The parser's own words repeat the text, which may hold a secret.
        false => serde_json::from_slice(text)
            .map_err(|error| format!("line {}, column {}", error.line(), error.column()))?,
    };
    let json = Wiped(json);
    let Some(json) = json.0.as_object() else {
        return Err("it is no JSON object".to_owned());
    };
    let word = |name: &str| json.get(name).and_then(Json::as_str);
    let set = |name: &str| word(name).is_some_and(|text| !text.trim().is_empty());
    let env = json.get("env").and_then(Json::as_object);
    let env = env.map_or_else(Variables::new, |env| {
        let of = |name: &'static str| {
            let text = Zeroizing::new(match env.get(name)? {
                Json::String(text) => text.clone(),
                Json::Number(number) => number.to_string(),
                Json::Bool(yes) => yes.to_string(),
                _ => return None,
            });
            Some((name.to_owned(), value(name, &text)))
        };
        names().filter_map(of).collect()
    });
    Ok(Settings {
        scope,
        path,
        env,
        has_helper: set("apiKeyHelper"),
        login_only: set("forceLoginMethod") || set("forceLoginOrgUUID"),
        open_to_others: false,
    })
}
