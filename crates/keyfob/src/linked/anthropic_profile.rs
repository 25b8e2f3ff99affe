//! Profiles of the `ant` command and of the official SDKs: which there are, and how each stands.
//!
//! `ant` writes and renews them. From its files nothing is taken but what may be shown, and nothing is written.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;

use super::lenient::{Instant, Object, Presence, Shown, Text, Words};
use super::{LONGEST_CREDENTIALS, Looked, Read, read, unreadable};
use crate::account::{Identity, Payer, Seen, SeenSession};
use crate::files;

/// Names the folder of profiles.
pub(crate) const CONFIG_DIR: &str = "ANTHROPIC_CONFIG_DIR";

/// The profile that counts where nothing names one.
pub(crate) const DEFAULT: &str = "default";

/// The longest list of profiles that is looked at.
const MOST_PROFILES: usize = 500;

/// What is known of one profile, without anything secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    /// Its name.
    pub(crate) name: String,
    /// Whether `active_config` names it.
    pub(crate) is_active: bool,
    /// `user_oauth`, `oidc_federation`, or what else it says.
    pub(crate) authentication: Option<String>,
    /// Whether it has a client id; a `user_oauth` profile without one is renewed by nobody who reads it.
    pub(crate) has_client_id: bool,
    /// The API that it is for, where that is another than the usual one.
    pub(crate) base_url: Option<String>,
    /// The organization's name, or its id where it has no name.
    pub(crate) organization: Option<String>,
    /// The workspace's name, or its id where it has no name.
    pub(crate) workspace: Option<String>,
    /// Who signed in.
    pub(crate) email: Option<String>,
    /// Whether an access token is there.
    pub(crate) has_access_token: bool,
    /// When that ends.
    pub(crate) expires_at: Option<Timestamp>,
    /// Whether a refresh token is there.
    pub(crate) has_refresh_token: bool,
    /// What was agreed to.
    pub(crate) scopes: Vec<String>,
    /// The organization's id.
    pub(crate) organization_id: Option<String>,
    /// The workspace's id.
    pub(crate) workspace_id: Option<String>,
    /// Why nothing, or not all, could be learned.
    pub(crate) problem: Option<SeenSession>,
}

/// The folder of profiles: the one that is named, else the usual one of this system.
pub(crate) fn folder(
    variable: impl Fn(&str) -> Option<OsString>,
    config_dir: Option<&Path>,
    home: &Path,
) -> PathBuf {
    let usual = || match variable("APPDATA").filter(|folder| cfg!(windows) && !folder.is_empty()) {
        Some(data) => PathBuf::from(data).join("Anthropic"),
        None => home.join(".config").join("anthropic"),
    };
    config_dir.map_or_else(usual, Path::to_owned)
}

/// The folder that the environment names, if it names one.
pub(crate) fn named_folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = variable(CONFIG_DIR).filter(|folder| !folder.is_empty())?;
    Some(PathBuf::from(folder))
}

/// Whether a text can be the name of a profile. Names become file names, so nothing else is let in.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    !name.is_empty() && name != "." && name != ".." && name.chars().all(plain)
}

/// The profile that tools use when they name none.
pub(crate) fn active(folder: &Path) -> String {
    named(folder).unwrap_or_else(|| DEFAULT.to_owned())
}

/// The profile that `active_config` names; none where there is no such file.
pub(crate) fn named(folder: &Path) -> Option<String> {
    let file = files::read_small(&folder.join("active_config"));
    let file = file.ok().flatten()?;
    let name = std::str::from_utf8(&file.bytes).ok()?.trim().to_owned();
    Some(name).filter(|name| is_name(name))
}

/// All profiles, by name: those that are configured, and those that have credentials alone.
pub(crate) fn profiles(folder: &Path) -> Vec<Profile> {
    let active = active(folder);
    let mut names: Vec<String> = ["configs", "credentials"]
        .iter()
        .filter_map(|part| std::fs::read_dir(folder.join(part)).ok())
        .flat_map(|entries| entries.flatten().take(MOST_PROFILES))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter_map(|file| file.strip_suffix(".json").map(str::to_owned))
        .filter(|name| is_name(name))
        .collect();
    names.sort();
    names.dedup();
    names
        .iter()
        .map(|name| Profile {
            is_active: *name == active,
            ..profile(folder, name)
        })
        .collect()
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    authentication: Object<Authentication>,
    organization_id: Shown,
    workspace_id: Shown,
    base_url: Shown,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Authentication {
    #[serde(rename = "type")]
    kind: Shown,
    client_id: Presence,
    scope: Words,
    credentials_path: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Credentials {
    access_token: Presence,
    refresh_token: Presence,
    expires_at: Instant,
    scope: Words,
    organization_uuid: Shown,
    organization_name: Shown,
    account_email: Shown,
    workspace_id: Shown,
    workspace_name: Shown,
}

/// One profile. A name that can be none gives one about which nothing is known.
pub(crate) fn profile(folder: &Path, name: &str) -> Profile {
    let file = |part: &str| folder.join(part).join(format!("{name}.json"));
    let mut problem = None;
    let config_file = file("configs");
    let config: Option<Config> = match read(&config_file, LONGEST_CREDENTIALS) {
        Read::There(Object(Some(config))) => Some(config),
        Read::Missing => None,
        Read::There(Object(None)) => {
            let detail = "no JSON object".to_owned();
            problem = Some(unreadable(&config_file, "is damaged", detail));
            None
        }
        Read::Unreadable(why, detail) => {
            problem = Some(unreadable(&config_file, why, detail));
            None
        }
    };
    let is_configured = config.is_some() || problem.is_some();
    let config = config.unwrap_or_default();
    let authentication = config.authentication.0.unwrap_or_default();
    let credentials_file = match authentication.credentials_path.0 {
        Some(path) => folder.join(path),
        None => file("credentials"),
    };
    let credentials: Option<Credentials> = match read(&credentials_file, LONGEST_CREDENTIALS) {
        Read::There(Object(credentials)) => {
            if credentials.is_none() {
                let detail = "no JSON object".to_owned();
                problem = Some(unreadable(&credentials_file, "is damaged", detail));
            }
            credentials
        }
        Read::Missing => None,
        Read::Unreadable(why, detail) => {
            problem = Some(unreadable(&credentials_file, why, detail));
            None
        }
    };
    let credentials = credentials.unwrap_or_default();
    let federated = authentication.kind.0.as_deref() == Some("oidc_federation");
    if problem.is_none()
        && !(credentials.access_token.0 || credentials.refresh_token.0 || federated)
    {
        let reason = match is_configured {
            true => format!("The profile \"{name}\" is not signed in."),
            false => format!("There is no profile \"{name}\" in {}.", folder.display()),
        };
        problem = Some(SeenSession::Missing { reason });
    }
    let organization_id = credentials.organization_uuid.0.or(config.organization_id.0);
    let workspace_id = credentials.workspace_id.0.or(config.workspace_id.0);
    Profile {
        name: name.to_owned(),
        is_active: false,
        authentication: authentication.kind.0,
        has_client_id: authentication.client_id.0,
        base_url: config.base_url.0,
        organization: credentials.organization_name.0.or(organization_id.clone()),
        workspace: credentials.workspace_name.0.or(workspace_id.clone()),
        email: credentials.account_email.0,
        has_access_token: credentials.access_token.0,
        expires_at: credentials.expires_at.0,
        has_refresh_token: credentials.refresh_token.0,
        scopes: match credentials.scope.0.is_empty() {
            true => authentication.scope.0,
            false => credentials.scope.0,
        },
        organization_id,
        workspace_id,
        problem,
    }
}

/// Looks at one profile.
pub(crate) fn look(folder: &Path, name: &str, now: Timestamp) -> Looked {
    if !is_name(name) {
        let reason = "That can be no name of a profile.".to_owned();
        return Looked::nothing(SeenSession::Missing { reason }, Payer::Api, now);
    }
    let profile = profile(folder, name);
    let federated = profile.authentication.as_deref() == Some("oidc_federation");
    let expires_at = match profile.has_access_token {
        true => profile.expires_at,
        // Whoever uses it fetches the first token itself.
        false if federated => None,
        false => Some(profile.expires_at.map_or(now, |end| end.min(now))),
    };
    let what = match profile.problem {
        Some(problem) => problem,
        None => SeenSession::There {
            expires_at,
            sign_in_ends_at: None,
            renewable: federated || (profile.has_refresh_token && profile.has_client_id),
            scopes: profile.scopes,
            plan: None,
        },
    };
    let subject = profile.email.clone().map(|email| {
        let more = profile.organization_id.iter().chain(&profile.workspace_id);
        more.fold(email, |subject, name| format!("{subject}/{name}"))
    });
    Looked {
        seen: Seen { at: now, what },
        identity: Identity {
            subject,
            email: profile.email,
            organization: profile.organization,
            workspace: profile.workspace,
        },
        payer: Payer::Api,
    }
}

#[cfg(test)]
#[path = "anthropic_profile_tests.rs"]
mod tests;
