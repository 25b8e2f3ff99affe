//! Reads what the precedence depends on: variables, Claude Code's settings and state, profiles, sessions. Of secrets
//! nothing is kept but what kind they are and their last four characters.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use zeroize::Zeroizing;

use super::Keyfob;
use super::connecting::anthropic_sdk::is_made_by;
use super::trusted::Trusted;
use crate::account::{Account, AccountId, Facts, Link, Payer, SeenSession};
use crate::edge::Edge;
use crate::error::{Code, Error, Result};
use crate::files;
use crate::linked::{anthropic_profile, claude_code};
use crate::precedence::settings::{self, OurHelper, Scope, Settings, Wiped};
use crate::precedence::sources::{
    API_KEY, Answer, BASE_URL, Broken, CLOUDS, FEDERATION_RULE, Fact, FileKind, HEADERS,
    IDENTITY_TOKEN_FILE, Kind, ORGANIZATION, PROFILE, Profile, Profiles, SOCKET, Session, Sources,
    Value, host, names,
};
use crate::secret::{Secret, presentable};

/// The longest state of Claude Code that is read; it grows with use.
const LONGEST_STATE: usize = 16 * 1024 * 1024;

/// What a session needs so that models may be used with it.
const INFERENCE: &str = "user:inference";

/// Where an organization puts settings that a person cannot change.
pub(super) fn managed_folder() -> PathBuf {
    PathBuf::from(if cfg!(target_os = "macos") {
        "/Library/Application Support/ClaudeCode"
    } else if cfg!(windows) {
        r"C:\Program Files\ClaudeCode"
    } else {
        "/etc/claude-code"
    })
}

impl Keyfob {
    /// All that the precedence depends on.
    pub(super) fn look_around(&self, folder: Option<&Path>, managed: &Path) -> Result<Sources> {
        self.look_around_in(&self.0.edge, folder, managed)
    }

    /// The same in another environment, which a program is to be started in.
    pub(super) fn look_around_in(
        &self,
        edge: &Edge,
        folder: Option<&Path>,
        managed: &Path,
    ) -> Result<Sources> {
        let variable = |name: &str| edge.variable(name);
        let home = edge.home_folder().ok_or_else(no_home)?;
        // A broken list is reported where it matters, and must not keep this from being answered.
        let accounts = self.0.accounts.read().map(|list| list.accounts.clone());
        let accounts = accounts.unwrap_or_default();
        let now = edge.now();
        let mut broken = Vec::new();

        let config_dir = claude_code::named_folder(variable);
        let place = claude_code::Place::of(variable, config_dir.as_deref(), &home);
        let state = State::read(&place.state, &mut broken);
        let keep = |name: &str, text: &str| keep(name, text, &state, &accounts);
        let shell = names().filter_map(|name| {
            let text = variable(name)?;
            let text = Zeroizing::new(text.to_string_lossy().into_owned());
            Some((name.to_owned(), keep(name, &text)))
        });
        let shell = shell.collect();

        let connections = self.0.connections.read().map(|list| list.all);
        let connections = connections.unwrap_or_default();
        let ours = |line: &str| self.our_helper(line, &connections, folder);

        let settings = settings_files(&place, folder, managed)
            .into_iter()
            .filter_map(|(scope, path)| read_settings(scope, path, &keep, &ours, &mut broken))
            .collect();

        let looked = claude_code::look(&place, now);
        let session_not_looked_into =
            place.has_keychain && matches!(looked.seen.what, SeenSession::NotReadable { .. });
        let session = match looked.seen.what {
            // Where there is no session, the reader gives the sign-in's API key in its place.
            SeenSession::There {
                expires_at,
                sign_in_ends_at,
                renewable,
                scopes,
                plan,
            } if looked.payer == Payer::Plan => Some(Session {
                place: place.credentials.display().to_string(),
                expires_at,
                sign_in_ends_at,
                renewable,
                for_inference: scopes.iter().any(|scope| scope == INFERENCE),
                plan,
                account: linked(
                    &accounts,
                    |link| matches!(link, Link::ClaudeCode { config_dir: dir } if *dir == config_dir),
                ),
            }),
            SeenSession::NotReadable { .. } if session_not_looked_into => None,
            SeenSession::NotReadable { reason, detail } => {
                let why = detail.unwrap_or(reason);
                broken.push(Broken {
                    path: place.credentials.clone(),
                    why,
                    kind: FileKind::OfClaudeCode,
                });
                None
            }
            _ => None,
        };
        let named = anthropic_profile::named_folder(variable);
        // Claude Code and the TypeScript SDK heed it, the Python SDK does not.
        let xdg = variable("XDG_CONFIG_HOME").filter(|_| cfg!(unix) && named.is_none());
        let python = anthropic_profile::folder(variable, named.as_deref(), &home);
        let named = named.or(xdg.map(|folder| PathBuf::from(folder).join("anthropic")));
        let here = anthropic_profile::folder(variable, named.as_deref(), &home);
        let differ = here != python && (here.is_dir() || python.is_dir());
        let is_usual = here == anthropic_profile::folder(variable, None, &home);
        let named = named.filter(|_| !is_usual);
        let mut profiles = profiles(&here, named.as_deref(), &accounts, &mut broken);
        self.name_our_own(&mut profiles.all, &accounts);
        Ok(Sources {
            shell,
            settings,
            trusted: folder.is_none_or(|folder| state.trusts(folder)),
            profiles,
            two_folders: differ.then_some((here, python)),
            session,
            session_not_looked_into,
            login_key: state.has_key().then(|| place.state.clone()),
            broken,
            now,
        })
    }

    /// Says of the profiles that Keyfob made which accounts they are of.
    fn name_our_own(&self, profiles: &mut [Profile], accounts: &[Account]) {
        let list = self.0.connections.read().unwrap_or_default();
        for profile in profiles {
            let made = list.all.iter().find(|one| is_made_by(one, &profile.path));
            let account = made.and_then(|one| accounts.iter().find(|a| a.id == one.account));
            if let Some(account) = account {
                profile.account = Some((account.id.clone(), account.label.clone()));
                profile.kept = Some(account.payer);
            }
        }
    }
}

/// The profiles in a folder; `named` is what a link to one of them says of the folder.
fn profiles(
    folder: &Path,
    named: Option<&Path>,
    accounts: &[Account],
    broken: &mut Vec<Broken>,
) -> Profiles {
    let all = anthropic_profile::profiles(folder);
    let of = |found: anthropic_profile::Profile| {
        let path = folder.join("configs").join(format!("{}.json", found.name));
        if let Some(SeenSession::NotReadable { reason, detail }) = &found.problem {
            broken.push(Broken {
                path: path.clone(),
                why: detail.clone().unwrap_or_else(|| reason.clone()),
                kind: FileKind::Profile,
            });
            return None;
        }
        let federated = found.authentication.as_deref() == Some("oidc_federation");
        let by_person = found.authentication.as_deref() == Some("user_oauth");
        // Credentials without a configuration are no profile to those who read it.
        let signed_in = by_person && found.has_access_token && path.is_file();
        let account = linked(accounts, |link| {
            matches!(link, Link::AnthropicProfile { config_dir, profile }
                if config_dir.as_deref() == named && *profile == found.name)
        });
        Some(Profile {
            path,
            federated,
            signed_in,
            renewable: found.has_refresh_token && found.has_client_id,
            expires_at: found.expires_at,
            host: found.base_url.as_deref().map(host),
            account,
            kept: None,
            name: found.name,
        })
    };
    let pointer = folder.join("active_config");
    Profiles {
        all: all.into_iter().filter_map(of).collect(),
        active: pointer.is_file().then(|| anthropic_profile::active(folder)),
    }
}

pub(super) fn no_home() -> Error {
    Error::new(
        Code::Failed,
        "This environment names no folder of yours, so there is nowhere to look.",
        "Set HOME (USERPROFILE on Windows).",
    )
}

/// Keyfob's account with this link.
fn linked(accounts: &[Account], is_it: impl Fn(&Link) -> bool) -> Option<(AccountId, String)> {
    let account = accounts.iter().find(|account| match &account.facts {
        Facts::Session(facts) => is_it(&facts.link),
        _ => false,
    })?;
    Some((account.id.clone(), account.label.clone()))
}

/// What is kept of a variable's value.
fn keep(name: &str, text: &str, state: &State, accounts: &[Account]) -> Value {
    let is_switch = CLOUDS.iter().any(|(cloud, ..)| *cloud == name);
    if text.is_empty() {
        return Value::new(Fact::Empty);
    }
    match name {
        BASE_URL => Value::new(Fact::Plain(host(text))),
        // Nothing depends on what they say; of them headers alone may be secrets.
        HEADERS | SOCKET | ORGANIZATION | FEDERATION_RULE | IDENTITY_TOKEN_FILE => {
            Value::new(Fact::Plain("set".to_owned()))
        }
        _ if is_switch || name == PROFILE => Value::new(Fact::Plain(presentable(text, &[]))),
        _ => {
            let value = Secret::new(text.trim());
            let kind = Kind::of(value.expose());
            // Of a session's token not even four characters are shown, or written down as ignored.
            let is_key = kind == Kind::ApiKey && text.len() >= 20;
            let last_four = is_key.then(|| value.last_four());
            let answer = match name {
                API_KEY => state.answer(&value),
                _ => Answer::NotAsked,
            };
            let account = last_four
                .as_deref()
                .and_then(|four| same_key(accounts, four));
            Value {
                fact: Fact::Secret {
                    kind,
                    last_four,
                    answer,
                },
                account,
            }
        }
    }
}

/// Keyfob's account with a key that ends like this, if there is exactly one.
fn same_key(accounts: &[Account], last_four: &str) -> Option<(AccountId, String)> {
    let mut same = accounts
        .iter()
        .filter(|account| matches!(&account.facts, Facts::Key(key) if key.last_four == last_four));
    match (same.next(), same.next()) {
        (Some(account), None) => Some((account.id.clone(), account.label.clone())),
        _ => None,
    }
}

/// Claude Code's settings files for a folder, those that count most first.
pub(super) fn settings_files(
    place: &claude_code::Place,
    folder: Option<&Path>,
    managed: &Path,
) -> Vec<(Scope, PathBuf)> {
    let mut files = managed_files(managed);
    let user = place.folder.join("settings.json");
    let of_folder = folder.map(|folder| folder.join(".claude"));
    if let Some(of_folder) = of_folder {
        // In the home folder too, where the other one is that of all folders.
        files.push((Scope::Local, of_folder.join("settings.local.json")));
        let project = of_folder.join("settings.json");
        if project != user {
            files.push((Scope::Project, project));
        }
    }
    files.push((Scope::User, user));
    files
}

/// The organization's files, those that count most first: of the folder's, the last by name.
fn managed_files(folder: &Path) -> Vec<(Scope, PathBuf)> {
    let parts = std::fs::read_dir(folder.join("managed-settings.d"));
    let mut paths: Vec<PathBuf> = parts
        .into_iter()
        .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(".json") && !name.starts_with('.')
        })
        .collect();
    paths.sort();
    paths.reverse();
    paths.push(folder.join("managed-settings.json"));
    paths
        .into_iter()
        .map(|path| (Scope::Managed, path))
        .collect()
}

pub(super) fn read_settings(
    scope: Scope,
    path: PathBuf,
    keep: &impl Fn(&str, &str) -> Value,
    ours: &impl Fn(&str) -> Option<OurHelper>,
    broken: &mut Vec<Broken>,
) -> Option<Settings> {
    let read = files::read_small(&path).map_err(|error| unreadable(&error));
    let read = read.and_then(|file| {
        let Some(file) = file else { return Ok(None) };
        let mut settings = settings::read(scope, path.clone(), &file.bytes, keep, ours)?;
        settings.open_to_others = file.mode & 0o004 != 0 && way_is_open(&path);
        Ok(Some(settings))
    });
    read.unwrap_or_else(|why| {
        broken.push(Broken {
            path,
            why,
            kind: FileKind::Settings,
        });
        None
    })
}

fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "you may not read it".to_owned(),
        io::ErrorKind::FileTooLarge => "it is far longer than it should be".to_owned(),
        _ => error.to_string(),
    }
}

/// Whether others may walk through all folders on the way.
#[cfg(unix)]
fn way_is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let passable = |folder: &Path| {
        std::fs::metadata(folder).is_ok_and(|found| found.permissions().mode() & 0o001 != 0)
    };
    path.ancestors().skip(1).all(passable)
}

#[cfg(not(unix))]
fn way_is_open(_: &Path) -> bool {
    false
}

/// What Claude Code has written down about itself, as far as it bears on credentials.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct State {
    primary_api_key: Wiped,
    custom_api_key_responses: Wiped,
    projects: Trusted,
}

impl State {
    fn read(path: &Path, broken: &mut Vec<Broken>) -> Self {
        let read = files::read_up_to(path, LONGEST_STATE).map_err(|error| unreadable(&error));
        let read = read.and_then(|file| {
            let Some(file) = file else {
                return Ok(Self::default());
            };
            let text = file
                .bytes
                .strip_prefix(b"\xef\xbb\xbf")
                .unwrap_or(&file.bytes);
            // The parser's own words may repeat a value.
            serde_json::from_slice(text)
                .map_err(|error| format!("line {}, column {}", error.line(), error.column()))
        });
        read.unwrap_or_else(|why| {
            broken.push(Broken {
                path: path.to_owned(),
                why,
                kind: FileKind::OfClaudeCode,
            });
            Self::default()
        })
    }

    fn has_key(&self) -> bool {
        let key = self.primary_api_key.0.as_str();
        key.is_some_and(|key| !key.trim().is_empty())
    }

    /// What the person said about this key, which Claude Code knows again by its last twenty characters.
    fn answer(&self, key: &Secret) -> Answer {
        let text = key.expose();
        let start = text.char_indices().rev().nth(19).map_or(0, |(at, _)| at);
        let end = &text[start..];
        let holds = |list: &str| {
            let list = self.custom_api_key_responses.0[list].as_array();
            list.is_some_and(|list| list.iter().any(|entry| entry.as_str() == Some(end)))
        };
        if holds("rejected") {
            Answer::Rejected
        } else if holds("approved") {
            Answer::Approved
        } else {
            Answer::NotAsked
        }
    }

    /// Whether the person trusts the folder, or one that it lies in.
    fn trusts(&self, folder: &Path) -> bool {
        folder.ancestors().any(|folder| {
            let name = folder.to_string_lossy().replace('\\', "/");
            self.projects.0.contains(&name)
        })
    }
}
