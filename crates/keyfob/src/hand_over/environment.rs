//! Which variables hand a credential to a program that is started with them: what is set, and what is taken out because
//! it would outrank the credential, go along with it, or lead it to another server. A pure function.
//!
//! The tools disagree about the order (Claude Code puts a token before a key, the SDKs a key before a token), so
//! whatever is not ours goes out, and no order decides.

use std::ffi::OsString;
use std::path::Path;

use zeroize::Zeroizing;

use crate::secret::Secret;
pub(crate) use crate::variables::{API_KEY, AUTH_TOKEN, BASE_URL, HEADERS};

/// More betas for each request, parted by commas, which Claude Code adds to its own.
pub(crate) const BETAS: &str = "ANTHROPIC_BETAS";
/// Claude Code's folder, with its session.
pub(crate) const CONFIG_DIR: &str = "CLAUDE_CONFIG_DIR";
/// The header that says in which workspace an identity-linked key works.
const WORKSPACE: &str = "anthropic-workspace-id";

/// The header that names betas.
const BETA: &str = "anthropic-beta";
/// The beta without which Anthropic's API takes no access token. Tools add it to those of profiles by themselves, and
/// not to one of a variable. What a program asks for in its own code takes the place of the header, which is why Claude
/// Code has a variable of its own for it.
pub(crate) const OAUTH: &str = "oauth-2025-04-20";
/// How Anthropic's access tokens begin.
pub(crate) const ACCESS_TOKEN: &str = "sk-ant-oat";

/// Headers that are credentials, or belong to one.
const OF_CREDENTIALS: [&str; 3] = ["authorization", "x-api-key", WORKSPACE];

/// What is never left beside a credential of ours. By what it does:
const OUTRANK: [&str; 27] = [
    // Credentials by themselves.
    API_KEY,
    AUTH_TOKEN,
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_OAUTH_REFRESH_TOKEN",
    "ANTHROPIC_OAUTH_TOKEN",
    "CLAUDE_ACCESS_TOKEN",
    "CLAUDE_REFRESH_TOKEN",
    "CLAUDE_EXPIRES_AT",
    "CLAUDE_USE_OAUTH",
    // Credentials that Claude Code reads from an open file of whoever started it.
    "CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR",
    "CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR",
    // A profile, which brings a credential and a server, and workload identity federation, which fetches one.
    "ANTHROPIC_PROFILE",
    "ANTHROPIC_FEDERATION_RULE_ID",
    "ANTHROPIC_ORGANIZATION_ID",
    "ANTHROPIC_IDENTITY_TOKEN",
    "ANTHROPIC_IDENTITY_TOKEN_FILE",
    "ANTHROPIC_SERVICE_ACCOUNT_ID",
    "ANTHROPIC_WORKSPACE_ID",
    "ANTHROPIC_SCOPE",
    // Switches by which a cloud's own credentials are used, whatever else is set.
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_ANTHROPIC_AWS",
    "CLAUDE_CODE_USE_MANTLE",
    "CLAUDE_CODE_USE_GATEWAY",
    // Claude Code sends its requests through it, whatever address is named: seen.
    "ANTHROPIC_UNIX_SOCKET",
    // Where Claude Code fetches files with the token of a session; other requests do not heed it: seen.
    "CLAUDE_CODE_API_BASE_URL",
];

/// What moves a session of Claude Code to where nobody looked. The usual folder's own variables (`linked`) stay: what
/// they name is what was linked.
const MOVES_SESSION: [&str; 1] = ["CLAUDE_SECURESTORAGE_CONFIG_DIR"];

/// What is handed over.
pub(crate) enum What<'a> {
    /// An API key, and the workspace that it needs.
    Key(&'a Secret, Option<&'a str>),
    /// A bearer token.
    Bearer(&'a Secret),
    /// A session of Claude Code, by its folder alone; none for the folder that it uses when nothing is set.
    Session(Option<&'a Path>),
}

/// Which server a credential is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Server {
    /// Anthropic's own.
    Anthropics,
    /// Another one.
    At(String),
    /// Nothing says so.
    NotSaid,
}

/// The variables.
#[derive(Debug, Default)]
pub struct Environment {
    /// What is set.
    pub set: Vec<Variable>,
    /// What is taken out, whether it is there or not.
    pub removed: Vec<&'static str>,
    /// Of what is taken out, that which was there and would have counted, as it was looked for.
    pub outranked: Vec<&'static str>,
    /// The server that the environment named and that the credential is not for.
    pub other_server: Option<String>,
    /// Where nothing says which server the credential is for, the one that the environment names.
    pub unsaid_server: Option<String>,
    /// Whether headers were left out of those that the environment adds to each request: they were credentials.
    pub headers_left_out: bool,
    /// Whether all of them were left out, because they were for another server than the credential is.
    pub headers_of_another: bool,
}

/// A variable that is set.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it is set to.
    pub value: Value,
}

/// What a variable is set to.
#[derive(Debug, Clone)]
pub enum Value {
    /// What must not be seen.
    Secret(Secret),
    /// An address or a folder.
    Plain(OsString),
}

/// Computes the variables. `now` gives what the environment holds of a variable, and nothing for an empty one, which
/// programs take as not set; `host` shortens an address to what may be shown.
pub(crate) fn plan(
    what: &What<'_>,
    server: &Server,
    now: impl Fn(&str) -> Option<OsString>,
    host: impl Fn(&str) -> String,
) -> Environment {
    let mut plan = Environment::default();
    let (mut workspace, mut beta) = (None, None);
    match what {
        What::Key(key, of) => {
            plan.secret(API_KEY, key);
            workspace = *of;
        }
        What::Bearer(token) => {
            plan.secret(AUTH_TOKEN, token);
            let is_theirs = token.expose().starts_with(ACCESS_TOKEN);
            beta = (is_theirs || *server == Server::Anthropics).then_some(OAUTH);
        }
        What::Session(folder) => {
            match folder {
                Some(folder) => plan.plain(CONFIG_DIR, folder.as_os_str().to_owned()),
                None => plan.take_out(CONFIG_DIR, &now),
            }
            for name in MOVES_SESSION {
                plan.take_out(name, &now);
            }
        }
    }
    for name in OUTRANK {
        if !plan.sets(name) {
            plan.take_out(name, &now);
        }
    }
    let moves = plan.lead_to(server, &now, host);
    if let Some(beta) = beta {
        let before = now(BETAS).map(|text| text.to_string_lossy().into_owned());
        plan.plain(BETAS, with_beta(&before.unwrap_or_default(), beta).into());
    }
    plan.add_headers(workspace, beta, moves, &now);
    plan
}

impl Environment {
    /// Whether this variable is set.
    fn sets(&self, name: &str) -> bool {
        self.set.iter().any(|variable| variable.name == name)
    }

    fn secret(&mut self, name: &'static str, value: &Secret) {
        let value = Value::Secret(value.clone());
        self.set.push(Variable { name, value });
    }

    fn plain(&mut self, name: &'static str, value: OsString) {
        let value = Value::Plain(value);
        self.set.push(Variable { name, value });
    }

    fn take_out(&mut self, name: &'static str, now: &impl Fn(&str) -> Option<OsString>) {
        self.removed.push(name);
        if now(name).is_some() {
            self.outranked.push(name);
        }
    }

    /// A credential goes to the server that it is for. Whether that is another one than what the environment sends
    /// elsewhere was for.
    fn lead_to(
        &mut self,
        server: &Server,
        now: &impl Fn(&str) -> Option<OsString>,
        host: impl Fn(&str) -> String,
    ) -> bool {
        let named = now(BASE_URL).map(|address| address.to_string_lossy().into_owned());
        let is = |address: &str, other: &str| {
            address.trim().trim_end_matches('/') == other.trim_end_matches('/')
        };
        match server {
            Server::At(address) => {
                let moves = named.as_ref().is_none_or(|named| !is(named, address));
                let other = named.filter(|_| moves);
                self.other_server = other.map(|named| host(&named));
                let address = address.trim_end_matches('/');
                self.plain(BASE_URL, OsString::from(address));
                moves
            }
            Server::Anthropics => {
                self.removed.push(BASE_URL);
                let named = named.map(|named| host(&named));
                self.other_server = named.filter(|named| named != "api.anthropic.com");
                self.other_server.is_some()
            }
            // It may be right, and there is nothing better to put in its place.
            Server::NotSaid => {
                self.unsaid_server = named.map(|named| host(&named));
                false
            }
        }
    }

    /// The headers that the environment adds, without those of other credentials, and with what ours needs.
    fn add_headers(
        &mut self,
        workspace: Option<&str>,
        beta: Option<&str>,
        moves: bool,
        now: &impl Fn(&str) -> Option<OsString>,
    ) {
        // Whoever put headers there may have put a secret there.
        let before = now(HEADERS).map(|text| Zeroizing::new(text.to_string_lossy().into_owned()));
        let before = before.as_ref().map_or("", |text| text.as_str());
        // A gateway asks for headers by names of its own, so which of them are credentials cannot be known.
        self.headers_of_another = moves && !before.trim().is_empty();
        let before = if self.headers_of_another { "" } else { before };
        self.headers_left_out = before.lines().any(|line| is(line, &OF_CREDENTIALS));
        let is_changed = self.headers_left_out || self.headers_of_another;
        if workspace.is_none() && beta.is_none() && !is_changed {
            return;
        }
        // A header that is named twice counts once.
        let is_gone = |line: &str| {
            line.trim().is_empty()
                || is(line, &OF_CREDENTIALS)
                || (beta.is_some() && is(line, &[BETA]))
        };
        let mut lines: Vec<&str> = before.lines().filter(|line| !is_gone(line)).collect();
        let workspace = workspace.map(|id| format!("{WORKSPACE}: {id}"));
        lines.extend(workspace.as_deref());
        let beta = beta.map(|beta| {
            let line = before.lines().find(|line| is(line, &[BETA]));
            let named = line.and_then(|line| line.split_once(':'));
            let named = named.map_or("", |(_, betas)| betas);
            format!("{BETA}: {}", with_beta(named, beta))
        });
        lines.extend(beta.as_deref());
        match lines.is_empty() {
            true => self.removed.push(HEADERS),
            false => self.secret(HEADERS, &Secret::new(lines.join("\n"))),
        }
    }
}

/// Whether headers hold a credential, or what belongs to one, beside the workspace of ours.
pub(crate) fn hold_credential(headers: &str, workspace: Option<&str>) -> bool {
    let mut lines = headers.lines();
    lines.any(|line| is(line, &OF_CREDENTIALS) && !workspace.is_some_and(|id| says(line, id)))
}

/// Whether headers name this workspace.
pub(crate) fn name_workspace(headers: &str, id: &str) -> bool {
    headers.lines().any(|line| says(line, id))
}

fn says(line: &str, workspace: &str) -> bool {
    let named = line.split_once(':').map(|(_, id)| id.trim());
    is(line, &[WORKSPACE]) && named == Some(workspace)
}

/// Whether a line is one of these headers.
fn is(line: &str, headers: &[&str]) -> bool {
    let name = line.split(':').next().unwrap_or_default().trim();
    headers.iter().any(|of| name.eq_ignore_ascii_case(of))
}

/// The betas that are there, and this one.
fn with_beta(before: &str, beta: &str) -> String {
    let before = before.split(',').map(str::trim);
    let mut all: Vec<&str> = before.filter(|one| !one.is_empty()).collect();
    if !all.contains(&beta) {
        all.push(beta);
    }
    all.join(",")
}

#[cfg(test)]
#[path = "environment_tests.rs"]
mod tests;
