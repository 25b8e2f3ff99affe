//! Credentials in variables of the environment: a pure function of their values and of the time.
//!
//! Nothing here is ever written down. What can only be a session of a Claude plan is never given to anybody.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::account::{
    Account, AccountId, Facts, Identity, Link, Method, Owner, Payer, Seen, SeenSession,
    SessionFacts,
};
use crate::api_key;
use crate::edge::Edge;
use crate::error::{Code, Error, Result};
use crate::secret::Secret;
use crate::when;

const API_KEY: &str = "ANTHROPIC_API_KEY";
const AUTH_TOKEN: &str = "ANTHROPIC_AUTH_TOKEN";
const OAUTH_TOKEN: &str = "ANTHROPIC_OAUTH_TOKEN";
const CLAUDE_CODE: &str = "CLAUDE_CODE_OAUTH_TOKEN";
const ACCESS: &str = "CLAUDE_ACCESS_TOKEN";
const REFRESH: &str = "CLAUDE_REFRESH_TOKEN";
const EXPIRES: &str = "CLAUDE_EXPIRES_AT";
const USE_OAUTH: &str = "CLAUDE_USE_OAUTH";

/// What Claude Code asks first, the highest first, of the variables that are looked at here.
const CLAUDE_CODES_ORDER: [&str; 3] = [AUTH_TOKEN, API_KEY, CLAUDE_CODE];

/// A credential in the environment.
pub(crate) struct Found {
    /// As it is shown. Its label is the name of its variable.
    pub(crate) account: Account,
    /// What it outranks, and what becomes of it.
    pub(crate) about: String,
    /// Of an API key.
    pub(crate) last_four: Option<String>,
    /// What kind it is.
    pub(crate) kind: Kind,
    /// What tools may be given, or why they are not.
    pub(crate) given: Result<Secret>,
}

/// What stands in a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An API key.
    ApiKey,
    /// A token of whoever issued it.
    Bearer,
    /// Tokens that tools may take where `CLAUDE_USE_OAUTH` says so, and that are not Anthropic's.
    Tokens,
    /// A session of a Claude plan, or what cannot be told from one.
    Session,
}

impl Kind {
    /// What it is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "API key",
            Self::Bearer => "Bearer token",
            Self::Tokens => "OAuth token",
            Self::Session => "Session of Claude",
        }
    }
}

/// All that is set, in the order in which Claude Code asks for it.
pub(crate) fn found(edge: &Edge) -> Vec<Found> {
    let now = edge.now();
    let set = |name: &str| secret(edge, name);
    let mut all = Vec::new();
    if let Some(value) = set(AUTH_TOKEN) {
        all.push(auth_token(edge, value, now));
    }
    if let Some(value) = set(API_KEY) {
        all.push(key(edge, &value, now));
    }
    if set(CLAUDE_CODE).is_some() {
        all.push(session(
            CLAUDE_CODE,
            vec![CLAUDE_CODE],
            &rank(edge, CLAUDE_CODE),
            None,
            now,
        ));
    }
    if set(OAUTH_TOKEN).is_some() {
        let rank = "Claude Code does not look at it; other tools may.";
        all.push(session(OAUTH_TOKEN, vec![OAUTH_TOKEN], rank, None, now));
    }
    if set(USE_OAUTH).is_some_and(|word| is_yes(word.expose())) && set(ACCESS).is_some() {
        all.push(trio(edge, now));
    }
    all
}

/// The tokens in the variables `CLAUDE_*`, with when they end.
pub(crate) fn tokens(edge: &Edge) -> (Option<Secret>, Option<Secret>, Option<Timestamp>) {
    (secret(edge, ACCESS), secret(edge, REFRESH), ends_at(edge))
}

fn secret(edge: &Edge, name: &str) -> Option<Secret> {
    // One that is no text is nobody's token.
    let text = edge.variable(name)?.into_string().ok()?;
    Some(Secret::new(text)).filter(|secret| !secret.expose().trim().is_empty())
}

fn ends_at(edge: &Edge) -> Option<Timestamp> {
    when::of_text(secret(edge, EXPIRES)?.expose()).ok()
}

fn is_yes(word: &str) -> bool {
    ["1", "true", "yes", "on"].contains(&word.trim().to_ascii_lowercase().as_str())
}

/// Whether it looks like what Claude issues to a program that somebody signed in to. Whose session it is cannot be
/// told from it.
pub(crate) fn is_session(secret: &Secret) -> bool {
    // Also behind a quotation mark or "Bearer ", which came along with it.
    let text = secret.expose();
    ["sk-ant-oat", "sk-ant-ort", "sk-ant-sid"]
        .iter()
        .any(|prefix| text.contains(prefix))
}

fn auth_token(edge: &Edge, value: Secret, now: Timestamp) -> Found {
    let rank = rank(edge, AUTH_TOKEN);
    if is_session(&value) {
        return session(AUTH_TOKEN, vec![AUTH_TOKEN], &rank, None, now);
    }
    let payer = match value.expose().trim().starts_with("sk-ant-api") {
        true => Payer::Api,
        false => Payer::Unknown,
    };
    Found {
        account: account(AUTH_TOKEN, vec![AUTH_TOKEN], payer, None, now),
        about: rank,
        last_four: None,
        kind: Kind::Bearer,
        given: Ok(Secret::new(value.expose().trim())),
    }
}

fn key(edge: &Edge, value: &Secret, now: Timestamp) -> Found {
    let rank = rank(edge, API_KEY);
    if is_session(value) {
        return session(API_KEY, vec![API_KEY], &rank, None, now);
    }
    let parsed = api_key::parse(value);
    let about = match &parsed {
        Ok(_) => rank,
        Err(error) => format!("{} {rank}", error.message),
    };
    Found {
        account: account(API_KEY, vec![API_KEY], Payer::Api, None, now),
        about,
        last_four: parsed.as_ref().ok().map(Secret::last_four),
        kind: Kind::ApiKey,
        given: parsed,
    }
}

fn trio(edge: &Edge, now: Timestamp) -> Found {
    let (access, refresh, ends_at) = tokens(edge);
    let set = |name: &&str| edge.variable(name).is_some();
    let variables: Vec<_> = [ACCESS, REFRESH, EXPIRES].into_iter().filter(set).collect();
    let mut rank =
        "Claude Code does not look at it; tools that know CLAUDE_USE_OAUTH do.".to_owned();
    if edge.variable(EXPIRES).is_some() && ends_at.is_none() {
        rank.push_str(" CLAUDE_EXPIRES_AT is no time that can be read.");
    }
    if access.iter().chain(&refresh).any(is_session) {
        return session(ACCESS, variables, &rank, ends_at, now);
    }
    Found {
        account: account(ACCESS, variables, Payer::Unknown, ends_at, now),
        about: format!("{rank} It can be imported for a provider of yours."),
        last_four: None,
        kind: Kind::Tokens,
        given: Err(Error::new(
            Code::Failed,
            format!(
                "{ACCESS} belongs to a provider that Keyfob does not know of, so it is not given."
            ),
            format!("Import it first: `keyfob import --from-environment {ACCESS} --provider ID`."),
        )),
    }
}

fn session(
    name: &'static str,
    variables: Vec<&'static str>,
    rank: &str,
    ends_at: Option<Timestamp>,
    now: Timestamp,
) -> Found {
    // What a plan's session costs is known; in a variable that is for other things, it may be another one.
    let payer = match name {
        AUTH_TOKEN | API_KEY => Payer::Unknown,
        _ => Payer::Plan,
    };
    Found {
        account: account(name, variables, payer, ends_at, now),
        about: format!(
            "{rank} It is a session of Claude: Keyfob leaves it where it is and gives it to nobody."
        ),
        last_four: None,
        kind: Kind::Session,
        given: Err(left_alone(name)),
    }
}

/// The words for what Keyfob does not touch.
pub(crate) fn left_alone(name: &str) -> Error {
    Error::new(
        Code::Failed,
        format!(
            "{name} holds a session of Claude, which Keyfob neither gives nor imports: it belongs to the program that it was issued to."
        ),
        "Use it there. For other tools sign in with `keyfob login`, or add an API key with `keyfob add-key`.",
    )
}

/// Where Claude Code asks for a variable, and what else is set here that it asks for earlier.
fn rank(edge: &Edge, name: &str) -> String {
    let outranks = match name {
        AUTH_TOKEN => {
            "Claude Code uses it before ANTHROPIC_API_KEY, an apiKeyHelper, CLAUDE_CODE_OAUTH_TOKEN, a profile and its own sign-in."
        }
        API_KEY => {
            "Claude Code uses it before an apiKeyHelper, CLAUDE_CODE_OAUTH_TOKEN, a profile and its own sign-in."
        }
        _ => "Claude Code uses it before a profile and its own sign-in, but after an apiKeyHelper.",
    };
    let earlier = CLAUDE_CODES_ORDER
        .iter()
        .take_while(|other| **other != name);
    match earlier
        .into_iter()
        .find(|other| edge.variable(other).is_some())
    {
        Some(other) => format!("{outranks} Here {other} is set too, and comes first."),
        None => outranks.to_owned(),
    }
}

fn account(
    name: &'static str,
    variables: Vec<&'static str>,
    payer: Payer,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Account {
    let variables = variables.into_iter().map(str::to_owned).collect();
    Account {
        id: id(name),
        label: name.to_owned(),
        method: Method::Environment,
        owner: Owner::Environment,
        provider: None,
        payer,
        generation: 0,
        practice: false,
        identity: Identity::default(),
        created_at: now,
        facts: Facts::Session(SessionFacts {
            link: Link::Environment { variables },
            seen: Seen {
                at: now,
                what: SeenSession::There {
                    expires_at,
                    sign_in_ends_at: None,
                    renewable: false,
                    scopes: Vec::new(),
                    plan: None,
                },
            },
            trouble: None,
        }),
    }
}

/// The same for the same variable on every computer, so that it can stand in a person's order.
fn id(name: &str) -> AccountId {
    let hash = Sha256::digest(format!("environment:{name}").as_bytes());
    AccountId::from_random(hash.into())
}

#[cfg(test)]
#[path = "environment_tests.rs"]
mod tests;
