//! `config.toml`: providers and settings. It holds no secret, and its comments are kept when it is edited.

use std::collections::BTreeMap;
use std::ffi::OsString;

use jiff::SignedDuration;
use serde::Deserialize;
use toml_edit::{DocumentMut, Item, Table, Value};
use url::Url;

use crate::custody::freshness::Windows;
use crate::edge::Edge;
use crate::error::{Code, Error, Result};
use crate::files;
use crate::home::Home;
use crate::secret::blot_out_keys;
use crate::sign_in::provider::{
    CLAUDE_CONSOLE, Provider, ProviderEntry, ProviderId, built_in, is_secure,
};
use crate::sign_in::variables;

/// Where API keys are checked, if `[api]` names nothing else.
const API: &str = "https://api.anthropic.com";

/// What `config.toml` says.
#[derive(Debug, Clone)]
pub struct Config {
    /// Built-in and own providers.
    pub providers: Vec<Provider>,
    /// Where API keys are checked.
    pub api: Api,
    /// Which listener the window uses.
    pub listener: ListenerChoice,
    /// How long before their end tokens are renewed.
    pub windows: Windows,
    /// Whether Claude Code is asked in the background to renew its sessions, at the cost of a small request each.
    pub renew_claude_code: bool,
}

/// Where API keys are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// The API's address.
    pub base_url: Url,
    /// Whether it is a practice server's.
    pub practice: bool,
    /// Whether a variable of the environment names it.
    pub by_variable: bool,
    /// What that variable says, where it cannot be used, as a part of a sentence.
    pub problem: Option<String>,
}

/// Which listener waits for the redirect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ListenerChoice {
    /// The core's own.
    #[default]
    Own,
    /// `tauri-plugin-oauth`, in the window only.
    Plugin,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    providers: BTreeMap<String, ProviderEntry>,
    api: WrittenApi,
    sign_in: WrittenSignIn,
    refresh: WrittenRefresh,
    claude_code: WrittenClaudeCode,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenApi {
    base_url: Option<String>,
    practice: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenSignIn {
    listener: ListenerChoice,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenClaudeCode {
    renew_in_background: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenRefresh {
    advisory: Option<SignedDuration>,
    blocking: Option<SignedDuration>,
}

/// Reads one variable of the environment.
type Variable<'a> = &'a dyn Fn(&str) -> Option<OsString>;

impl Config {
    /// What the file says, laid over what variables of the environment say, laid over what is built in.
    pub fn read(home: &Home, edge: &Edge) -> Result<Self> {
        Self::with(home, &|name| edge.variable(name))
    }

    /// The same without the environment: for what was begun in another one.
    pub(crate) fn written(home: &Home) -> Result<Self> {
        Self::with(home, &|_| None)
    }

    fn with(home: &Home, variable: Variable<'_>) -> Result<Self> {
        let text = files::read(&home.config_file())?.unwrap_or_default();
        Self::parse_with(&text, variable).map_err(|why| unusable(home, why))
    }

    fn parse(text: &str) -> Result<Self, String> {
        Self::parse_with(text, &|_| None)
    }

    fn parse_with(text: &str, variable: Variable<'_>) -> Result<Self, String> {
        let written: Written = toml::from_str(text).map_err(|error| {
            // The library's full text repeats the line itself, which may hold what does not belong there.
            let line = error.span().map(|span| {
                1 + text
                    .bytes()
                    .take(span.start)
                    .filter(|b| *b == b'\n')
                    .count()
            });
            match line {
                Some(line) => format!("line {line}: {}", error.message()),
                None => error.message().to_owned(),
            }
        })?;
        let console = written.providers.get(CLAUDE_CONSOLE).cloned();
        let (mut said, mut by_variables) =
            variables::of_claude_console(&console.unwrap_or_default(), variable);
        let mut entries: BTreeMap<ProviderId, (ProviderEntry, bool)> = built_in()
            .into_iter()
            .map(|(id, entry)| match id.as_str() {
                CLAUDE_CONSOLE => (id, (entry.overlaid(std::mem::take(&mut said)), true)),
                _ => (id, (entry, true)),
            })
            .collect();
        for (id, entry) in written.providers {
            let id = ProviderId::try_from(id)?;
            let (below, is_built_in) = entries.remove(&id).unwrap_or_default();
            entries.insert(id, (below.overlaid(entry), is_built_in));
        }
        let providers = entries
            .into_iter()
            .map(|(id, (entry, is_built_in))| {
                let name = id.to_string();
                let provider = Provider::from_entry(id, entry, is_built_in)
                    .map_err(|why| format!("[providers.{name}]: {why}"))?;
                Ok(match name.as_str() {
                    CLAUDE_CONSOLE => Provider {
                        by_variables: std::mem::take(&mut by_variables),
                        ..provider
                    },
                    _ => provider,
                })
            })
            .collect::<Result<_, String>>()?;
        Ok(Self {
            providers,
            api: api(written.api, variable)?,
            listener: written.sign_in.listener,
            windows: windows(&written.refresh)?,
            renew_claude_code: written.claude_code.renew_in_background,
        })
    }

    /// The provider of an id.
    pub fn provider(&self, id: &str) -> Option<&Provider> {
        self.providers.iter().find(|p| p.id.as_str() == id)
    }
}

fn api(written: WrittenApi, variable: Variable<'_>) -> Result<Api, String> {
    // A practice server is never left for what a variable says.
    let named = match written.base_url.is_none() && !written.practice {
        true => variable(variables::BASE_URL).filter(|value| !value.is_empty()),
        false => None,
    };
    let named = named.map(|value| {
        let value = value.to_str().unwrap_or_default();
        variables::safe_address(variables::BASE_URL, value)
    });
    let (named, problem) = match named {
        Some(Ok(named)) => (Some(named), None),
        Some(Err(problem)) => (None, Some(problem)),
        None => (None, None),
    };
    let text = written.base_url.as_deref();
    let text = text.or(named.as_deref()).unwrap_or(API);
    let base_url = Url::parse(text)
        .ok()
        .filter(is_secure)
        .ok_or("[api]: `base_url` has to start with https:// (http:// only on this computer)")?;
    Ok(Api {
        base_url,
        practice: written.practice,
        by_variable: named.is_some(),
        problem,
    })
}

fn windows(written: &WrittenRefresh) -> Result<Windows, String> {
    let usual = Windows::default();
    let windows = Windows {
        advisory: written.advisory.unwrap_or(usual.advisory),
        blocking: written.blocking.unwrap_or(usual.blocking),
    };
    let day = SignedDuration::from_hours(24);
    match SignedDuration::ZERO <= windows.blocking
        && windows.blocking <= windows.advisory
        && windows.advisory <= day
    {
        true => Ok(windows),
        false => Err(
            "[refresh]: `blocking` has to be at most `advisory`, and that at most 24h".to_owned(),
        ),
    }
}

/// What a person fills in for a provider of their own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct ProviderForm {
    /// The id.
    pub id: String,
    /// How people call it.
    pub name: String,
    /// Whose metadata is read.
    pub issuer: Option<String>,
    /// RFC 6749 §3.1.
    pub authorize_url: Option<String>,
    /// RFC 6749 §3.2.
    pub token_url: Option<String>,
    /// RFC 7009.
    pub revocation_url: Option<String>,
    /// RFC 8628 §3.1.
    pub device_authorization_url: Option<String>,
    /// RFC 6749 §2.2.
    pub client_id: String,
    /// RFC 6749 §3.3.
    pub scopes: Vec<String>,
    /// Whom the token is for, by the name that some servers have for it.
    pub audience: Option<String>,
    /// Whom the token is for, by address (RFC 8707).
    pub resource: Vec<String>,
    /// By which ways an answer can come back; left as it is where none is chosen.
    pub redirect: Option<crate::sign_in::provider::Redirect>,
    /// The page that shows a code; left as it is where no way is chosen.
    pub paste_redirect_uri: Option<String>,
    /// Who is billed.
    pub payer: crate::account::Payer,
    /// How token requests are written; left as it is where none is chosen.
    pub token_request: Option<crate::sign_in::provider::TokenRequest>,
    /// The API that the token is for.
    pub base_url: Option<String>,
}

/// Writes a provider into `config.toml`. `replaces` is the id it had before, where it was edited.
pub(crate) fn save_provider(
    home: &Home,
    form: &ProviderForm,
    replaces: Option<&str>,
) -> Result<()> {
    use crate::account::Payer;
    use crate::sign_in::provider::{Redirect, TokenRequest};

    edit(home, |document| {
        let id = ProviderId::try_from(form.id.trim().to_owned()).map_err(not_accepted)?;
        let is_built_in = built_in().iter().any(|(other, _)| *other == id);
        let providers = providers_table(document)?;
        let taken = providers.contains_key(id.as_str());
        let free = match replaces {
            Some(old) => old == id.as_str() || !(is_built_in || taken),
            None => is_built_in || !taken,
        };
        if !free {
            return Err(not_accepted(format!(
                "`{id}` is the id of another provider"
            )));
        }
        let before = providers.remove(replaces.unwrap_or(id.as_str()));
        let mut table = match before.map(Item::into_table) {
            Some(Ok(table)) => table,
            Some(Err(_)) => {
                return Err(not_accepted(format!("`{id}` is no table in config.toml")));
            }
            None => Table::new(),
        };
        let mut set = |name: &str, text: Option<&str>| match text.map(str::trim) {
            Some(text) if !text.is_empty() => put(&mut table, name, text.into()),
            _ => {
                table.remove(name);
            }
        };
        set("client_id", Some(&form.client_id));
        // Of what is built in only the client id is the person's to say; the rest follows Keyfob's updates.
        if !is_built_in {
            set("name", Some(&form.name));
            set("issuer", form.issuer.as_deref());
            set("authorize_url", form.authorize_url.as_deref());
            set("token_url", form.token_url.as_deref());
            set("revocation_url", form.revocation_url.as_deref());
            let device = form.device_authorization_url.as_deref();
            set("device_authorization_url", device);
            set("audience", form.audience.as_deref());
            set("base_url", form.base_url.as_deref());
            if let Some(redirect) = form.redirect {
                set("paste_redirect_uri", form.paste_redirect_uri.as_deref());
                set(
                    "redirect",
                    Some(match redirect {
                        Redirect::Loopback => "loopback",
                        Redirect::Both => "both",
                        Redirect::Paste => "paste",
                    }),
                );
            }
            set(
                "payer",
                Some(match form.payer {
                    Payer::Plan => "plan",
                    Payer::Api => "api",
                    Payer::Company => "company",
                    Payer::None => "none",
                    Payer::Unknown => "unknown",
                }),
            );
            if let Some(token_request) = form.token_request {
                set(
                    "token_request",
                    Some(match token_request {
                        TokenRequest::Form => "form",
                        TokenRequest::Json => "json",
                    }),
                );
            }
            put_list(&mut table, "scopes", &form.scopes);
            match form.resource.as_slice() {
                [] => drop(table.remove("resource")),
                [one] => put(&mut table, "resource", one.into()),
                many => put_list(&mut table, "resource", many),
            }
        }
        providers.insert(id.as_str(), Item::Table(table));
        Ok(())
    })
}

/// Sets a list, unless it is the same already: how a person has broken it into lines stays.
fn put_list(table: &mut Table, name: &str, list: &[String]) {
    let before = table.get(name).and_then(Item::as_array);
    let before: Option<Vec<_>> = before.map(|list| list.iter().map(Value::as_str).collect());
    let now: Vec<_> = list.iter().map(|word| Some(word.as_str())).collect();
    if before != Some(now) {
        let list: toml_edit::Array = list.iter().collect();
        put(table, name, list.into());
    }
}

/// Sets a field, and leaves the comment that stands behind it.
fn put(table: &mut Table, name: &str, mut new: Value) {
    if let Some(old) = table.get(name).and_then(Item::as_value) {
        new.decor_mut().clone_from(old.decor());
    }
    table[name] = Item::Value(new);
}

/// Takes a provider out of `config.toml`.
pub(crate) fn remove_provider(home: &Home, id: &str) -> Result<()> {
    edit(home, |document| {
        if providers_table(document)?.remove(id).is_none() {
            return Err(Error::new(
                Code::Usage,
                "That provider does not stand in config.toml.",
                "Nothing was changed.",
            ));
        }
        Ok(())
    })
}

/// Writes a whole block of configuration, as the practice server prints it, over what stood there for it before.
pub(crate) fn merge(home: &Home, block: &str) -> Result<()> {
    let block: DocumentMut = block
        .parse()
        .map_err(|e: toml_edit::TomlError| not_accepted(e.message().to_owned()))?;
    edit(home, |document| {
        let theirs = block.get("providers").and_then(Item::as_table);
        let providers = providers_table(document)?;
        for (id, table) in theirs.into_iter().flat_map(Table::iter) {
            let mut table = table.clone();
            forget_place(&mut table);
            providers.insert(id, table);
        }
        Ok(())
    })
}

/// A table remembers its place in the file that it was read from; in another one it would land between the parts of
/// some other table.
fn forget_place(item: &mut Item) {
    if let Item::Table(table) = item {
        table.set_position(None);
        table.iter_mut().for_each(|(_, item)| forget_place(item));
    }
}

fn providers_table(document: &mut DocumentMut) -> Result<&mut Table> {
    let mut new = Table::new();
    new.set_implicit(true);
    document
        .entry("providers")
        .or_insert(Item::Table(new))
        .as_table_mut()
        .ok_or_else(|| not_accepted("`providers` is no table in config.toml".to_owned()))
}

/// Edits the file and writes it only if what comes out can be read again.
fn edit(home: &Home, change: impl FnOnce(&mut DocumentMut) -> Result<()>) -> Result<()> {
    let path = home.config_file();
    crate::custody::lock::briefly(&home.locks().join("config.lock"), || {
        let text = files::read(&path)?.unwrap_or_default();
        let mut document: DocumentMut = text
            .parse()
            .map_err(|e: toml_edit::TomlError| unusable(home, e.message().to_owned()))?;
        let edited = change(&mut document).and_then(|()| {
            let text = document.to_string();
            Config::parse(&text).map_err(not_accepted)?;
            Ok(text)
        });
        match (edited, Config::parse(&text)) {
            (Ok(edited), _) => files::replace(&path, &edited),
            // What was wrong before is not the fault of what is saved now.
            (Err(_), Err(why)) => Err(unusable(home, why)),
            (Err(error), Ok(_)) => Err(error),
        }
    })
}

fn not_accepted(why: String) -> Error {
    Error::new(
        Code::NotAccepted,
        format!("That provider cannot be used: {}.", blot_out_keys(&why)),
        "Correct it and save again. Nothing was changed.",
    )
}

fn unusable(home: &Home, why: String) -> Error {
    Error::new(
        Code::Failed,
        format!("{} cannot be used.", home.config_file().display()),
        "It was left as it is. Correct it, or move it away to begin anew.",
    )
    .detail(blot_out_keys(&why))
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
