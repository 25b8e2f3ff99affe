//! Claude Code's own session: where it lies, and how it stands.
//!
//! Claude Code keeps and renews it. From its files nothing is taken but what may be shown, and nothing is written.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::lenient::{Instant, Object, Presence, Shown, Words};
use super::{LONGEST_CREDENTIALS, LONGEST_STATE, Looked, Read, parse, read, unreadable};
use crate::account::{Identity, Payer, Seen, SeenSession};

/// Names Claude Code's folder.
pub(crate) const CONFIG_DIR: &str = "CLAUDE_CONFIG_DIR";

/// Another credentials file for the session that Claude Code uses when no folder is named.
pub(crate) const CREDENTIALS_PATH: &str = "CLAUDE_CODE_AUTH_CREDENTIALS_PATH";

/// Another keychain service for the session that Claude Code uses when no folder is named.
pub(crate) const KEYCHAIN_SERVICE: &str = "CLAUDE_CODE_AUTH_KEYCHAIN_SERVICE";

/// Where one session of Claude Code lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// `CLAUDE_CONFIG_DIR` for this session; none for the one that Claude Code uses when nothing is set.
    pub(crate) config_dir: Option<PathBuf>,
    /// The folder itself.
    pub(crate) folder: PathBuf,
    /// Where the session lies, unless it lies in the keychain.
    pub(crate) credentials: PathBuf,
    /// Where Claude Code writes down who signed in, among much else.
    pub(crate) state: PathBuf,
    /// The item in the keychain of macOS.
    pub(crate) keychain_service: String,
    /// Whose item that is.
    pub(crate) keychain_user: String,
    /// Whether this system has such a keychain, in which Claude Code keeps the session where it can.
    pub(crate) has_keychain: bool,
}

/// The folder that the environment names, if it names one.
pub(crate) fn named_folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = variable(CONFIG_DIR).filter(|folder| !folder.is_empty())?;
    Some(PathBuf::from(folder))
}

impl Place {
    /// Where the session of `config_dir` lies: none for the one that Claude Code uses when nothing is set, and for that
    /// one alone the environment may name another file or another item.
    pub(crate) fn of(
        variable: impl Fn(&str) -> Option<OsString>,
        config_dir: Option<&Path>,
        home: &Path,
    ) -> Self {
        let folder = config_dir.map_or_else(|| home.join(".claude"), Path::to_owned);
        let other =
            |name: &str| variable(name).filter(|value| config_dir.is_none() && !value.is_empty());
        let credentials =
            other(CREDENTIALS_PATH).map_or_else(|| folder.join(".credentials.json"), PathBuf::from);
        // An older Claude Code kept it inside of the folder, and where that file still is, it is the one that counts.
        let older = folder.join(".config.json");
        let state = match (older.is_file(), config_dir) {
            (true, _) => older,
            (false, Some(folder)) => folder.join(".claude.json"),
            (false, None) => home.join(".claude.json"),
        };
        let keychain_service = other(KEYCHAIN_SERVICE)
            .and_then(|name| name.into_string().ok())
            .unwrap_or_else(|| service_of(config_dir));
        Self {
            config_dir: config_dir.map(Path::to_owned),
            folder,
            credentials,
            state,
            keychain_service,
            keychain_user: keychain_user(variable("USER")),
            has_keychain: cfg!(target_os = "macos"),
        }
    }
}

/// The name of the item in the keychain: a named folder has one of its own.
fn service_of(config_dir: Option<&Path>) -> String {
    const PLAIN: &str = "Claude Code-credentials";
    match config_dir {
        None => PLAIN.to_owned(),
        Some(folder) => {
            let digest = Sha256::digest(folder.to_string_lossy().as_bytes());
            let hex: String = digest[..4].iter().map(|b| format!("{b:02x}")).collect();
            format!("{PLAIN}-{hex}")
        }
    }
}

fn keychain_user(user: Option<OsString>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    user.and_then(|user| user.into_string().ok())
        .filter(|user| !user.is_empty() && user.chars().all(plain))
        .unwrap_or_else(|| "claude-code-user".to_owned())
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Credentials {
    claude_ai_oauth: Object<Session>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Session {
    access_token: Presence,
    refresh_token: Presence,
    expires_at: Instant,
    refresh_token_expires_at: Instant,
    scopes: Words,
    subscription_type: Shown,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct State {
    oauth_account: Object<Person>,
    primary_api_key: Presence,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Person {
    account_uuid: Shown,
    email_address: Shown,
    organization_uuid: Shown,
    organization_name: Shown,
}

/// Looks at the session in its file. The keychain of macOS is not touched, because that may open a dialog.
pub(crate) fn look(place: &Place, now: Timestamp) -> Looked {
    match read(&place.credentials, LONGEST_CREDENTIALS) {
        Read::Missing if place.has_keychain => {
            let reason = "Claude Code keeps this session in the keychain, and Keyfob looks there only when you click Look now in its window.";
            let what = SeenSession::NotReadable {
                reason: reason.to_owned(),
                detail: None,
            };
            Looked::nothing(what, Payer::Plan, now)
        }
        credentials => judge(place, credentials, now),
    }
}

/// Looks at the session as the keychain of macOS has it; where it has none, in the file.
pub(crate) fn look_at_item(place: &Place, item: Option<&[u8]>, now: Timestamp) -> Looked {
    let credentials = match item {
        Some(item) => parse(item),
        None => read(&place.credentials, LONGEST_CREDENTIALS),
    };
    judge(place, credentials, now)
}

fn judge(place: &Place, credentials: Read<Object<Credentials>>, now: Timestamp) -> Looked {
    let state = match read::<Object<State>>(&place.state, LONGEST_STATE) {
        Read::There(Object(Some(state))) => state,
        // Who it is is worth knowing, and nothing more: the session is there without.
        _ => State::default(),
    };
    let path = &place.credentials;
    let nothing = match credentials {
        Read::There(Object(Some(Credentials {
            claude_ai_oauth: Object(Some(session)),
        }))) if session.access_token.0 || session.refresh_token.0 => {
            return Looked {
                seen: Seen {
                    at: now,
                    what: there(session, now),
                },
                identity: identity(&state),
                payer: Payer::Plan,
            };
        }
        Read::There(Object(None)) => {
            let detail = "no JSON object".to_owned();
            return Looked::nothing(unreadable(path, "is damaged", detail), Payer::Plan, now);
        }
        Read::Unreadable(why, detail) => {
            return Looked::nothing(unreadable(path, why, detail), Payer::Plan, now);
        }
        Read::There(_) => format!(
            "Claude Code is not signed in here: {} holds no claude.ai session.",
            path.display()
        ),
        Read::Missing => format!(
            "Claude Code has no session here: there is no {}.",
            path.display()
        ),
    };
    // Signed in with the Console, Claude Code has a key of its own instead.
    if state.primary_api_key.0 {
        return Looked {
            seen: Seen {
                at: now,
                what: SeenSession::There {
                    expires_at: None,
                    sign_in_ends_at: None,
                    renewable: false,
                    scopes: Vec::new(),
                    plan: None,
                },
            },
            identity: identity(&state),
            payer: Payer::Api,
        };
    }
    Looked::nothing(SeenSession::Missing { reason: nothing }, Payer::Plan, now)
}

fn there(session: Session, now: Timestamp) -> SeenSession {
    // Without an access token there is nothing that could still be fresh.
    let expires_at = match session.access_token.0 {
        true => session.expires_at.0,
        false => Some(session.expires_at.0.map_or(now, |end| end.min(now))),
    };
    SeenSession::There {
        expires_at,
        sign_in_ends_at: session.refresh_token_expires_at.0,
        renewable: session.refresh_token.0,
        scopes: session.scopes.0,
        plan: session.subscription_type.0,
    }
}

fn identity(state: &State) -> Identity {
    let Object(Some(person)) = &state.oauth_account else {
        return Identity::default();
    };
    let subject = person.account_uuid.0.clone().map(|account| {
        let organization = person.organization_uuid.0.iter();
        organization.fold(account, |subject, name| format!("{subject}/{name}"))
    });
    Identity {
        subject,
        email: person.email_address.0.clone(),
        organization: person.organization_name.0.clone(),
        workspace: None,
    }
}

#[cfg(test)]
#[path = "claude_code_tests.rs"]
mod tests;
