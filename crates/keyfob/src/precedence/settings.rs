//! Claude Code's settings files: what of them bears on credentials. Text in, facts out.

use std::path::PathBuf;

use serde_json::Value as Json;
use zeroize::{Zeroize as _, Zeroizing};

use super::Bill;
use super::sources::{Value, Variables, names_in_settings};
use crate::account::AccountId;
use crate::hand_over::connections::ConnectionId;

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

/// Keyfob's own helper in a settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OurHelper {
    /// The connection by which it asks; none where that is gone.
    pub(crate) connection: Option<ConnectionId>,
    /// Whose credential it gives; none where the connection or the account is gone.
    pub(crate) gives: Option<Gives>,
    /// The command that it runs, where that is not there any more.
    pub(crate) missing: Option<PathBuf>,
}

/// Whose credential Keyfob's helper gives, and how that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gives {
    pub(crate) account: AccountId,
    pub(crate) label: String,
    pub(crate) payer: Bill,
    /// The server that it is for, beside which it gives nothing.
    pub(crate) host: String,
    pub(crate) state: String,
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
    /// Where that helper is Keyfob's.
    pub(crate) our_helper: Option<OurHelper>,
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

/// What becomes of a value: Claude Code was seen to take a list with one text in it for that text, as JavaScript does.
/// None of one that takes nothing away.
fn as_text(value: &Json) -> Option<String> {
    Some(match value {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        Json::Bool(yes) => yes.to_string(),
        Json::Null => return None,
        Json::Array(list) => {
            let parts = list.iter().map(|part| as_text(part).unwrap_or_default());
            Zeroizing::new(parts.collect::<Vec<_>>()).join(",")
        }
        Json::Object(_) => "[object Object]".to_owned(),
    })
}

/// Reads the text of a settings file. `value` keeps of a variable what may be kept; `ours` knows Keyfob's own helpers.
pub(crate) fn read(
    scope: Scope,
    path: PathBuf,
    text: &[u8],
    value: impl Fn(&str, &str) -> Value,
    ours: impl Fn(&str) -> Option<OurHelper>,
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
            // A name is the same in any case there.
            let is_it =
                |key: &str| key == name || (cfg!(windows) && key.eq_ignore_ascii_case(name));
            let mut found = env.iter().filter(|(key, _)| is_it(key));
            let text = Zeroizing::new(as_text(found.next_back()?.1)?);
            Some((name.to_owned(), value(name, &text)))
        };
        names_in_settings().filter_map(of).collect()
    });
    Ok(Settings {
        scope,
        path,
        env,
        has_helper: set("apiKeyHelper"),
        our_helper: word("apiKeyHelper").and_then(ours),
        login_only: set("forceLoginMethod") || set("forceLoginOrgUUID"),
        open_to_others: false,
    })
}
