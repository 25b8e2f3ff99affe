//! What lies around, as the precedence needs to know it: which names are set where, and never a secret value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::Source;
use super::settings::{Scope, Settings};
use crate::account::{AccountId, Payer};
pub(crate) use crate::variables::{API_KEY, AUTH_TOKEN, BASE_URL, HEADERS};

pub(crate) const OAUTH_TOKEN: &str = "CLAUDE_CODE_OAUTH_TOKEN";
pub(crate) const PROFILE: &str = "ANTHROPIC_PROFILE";
/// A socket that Claude Code sends its requests through, whatever address is named.
pub(crate) const SOCKET: &str = "ANTHROPIC_UNIX_SOCKET";
pub(crate) const FEDERATION_RULE: &str = "ANTHROPIC_FEDERATION_RULE_ID";
pub(crate) const ORGANIZATION: &str = "ANTHROPIC_ORGANIZATION_ID";
pub(crate) const IDENTITY_TOKEN: &str = "ANTHROPIC_IDENTITY_TOKEN";
pub(crate) const IDENTITY_TOKEN_FILE: &str = "ANTHROPIC_IDENTITY_TOKEN_FILE";

/// The switches to cloud providers, in the order in which Claude Code 2.1.197 takes them where several are set.
pub(crate) const CLOUDS: [(&str, Source, &str); 5] = [
    ("CLAUDE_CODE_USE_BEDROCK", Source::Bedrock, "Amazon Bedrock"),
    (
        "CLAUDE_CODE_USE_FOUNDRY",
        Source::Foundry,
        "Microsoft Foundry",
    ),
    (
        "CLAUDE_CODE_USE_ANTHROPIC_AWS",
        Source::AnthropicAws,
        "Claude on AWS",
    ),
    (
        "CLAUDE_CODE_USE_MANTLE",
        Source::Mantle,
        "Amazon Bedrock (Mantle)",
    ),
    ("CLAUDE_CODE_USE_VERTEX", Source::Vertex, "Google Vertex AI"),
];

/// Every variable that counts.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let others = [
        API_KEY,
        AUTH_TOKEN,
        OAUTH_TOKEN,
        PROFILE,
        BASE_URL,
        SOCKET,
        FEDERATION_RULE,
        ORGANIZATION,
        IDENTITY_TOKEN,
        IDENTITY_TOKEN_FILE,
    ];
    CLOUDS.iter().map(|(name, ..)| *name).chain(others)
}

/// What is looked at in the `env` of a settings file: also the headers, which go along with any credential.
pub(crate) fn names_in_settings() -> impl Iterator<Item = &'static str> {
    names().chain([HEADERS])
}

/// What is known of a variable's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fact {
    /// It is set to nothing, which counts as not set and takes away what lies below.
    Empty,
    /// A text that is no secret: a profile's name, a switch, the host of an address.
    Plain(String),
    /// A credential, of which nothing but this is kept.
    Secret {
        /// What it looks like.
        kind: Kind,
        /// Its last four characters, where it is long enough for them to tell nothing.
        last_four: Option<String>,
        /// What the person once told Claude Code about this very key.
        answer: Answer,
    },
}

/// What a credential looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An API key of Anthropic's.
    ApiKey,
    /// A token of a sign-in, also behind a quotation mark that came along with it.
    OauthToken,
    /// An admin key, which no tool can use for messages.
    AdminKey,
    /// Something else: a gateway's own, or a mistake.
    Other,
}

impl Kind {
    /// By the prefixes that Anthropic promises.
    pub(crate) fn of(value: &str) -> Self {
        let value = value.trim();
        let session = ["sk-ant-oat", "sk-ant-ort", "sk-ant-sid"];
        if session.iter().any(|prefix| value.contains(prefix)) {
            Self::OauthToken
        } else if value.starts_with("sk-ant-admin") {
            Self::AdminKey
        } else if value.starts_with("sk-ant-") {
            Self::ApiKey
        } else {
            Self::Other
        }
    }
}

/// What the person told Claude Code when it asked whether to use an API key of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Answer {
    #[default]
    NotAsked,
    Approved,
    Rejected,
}

/// A variable's value, as far as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) fact: Fact,
    /// Keyfob's account with this very key, by id and label.
    pub(crate) account: Option<(AccountId, String)>,
}

impl Value {
    pub(crate) fn new(fact: Fact) -> Self {
        Self {
            fact,
            account: None,
        }
    }
}

pub(crate) type Variables = BTreeMap<String, Value>;

/// Where a variable is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the environment that was looked at.
    Environment,
    /// In the `env` of a settings file.
    Settings(Scope, PathBuf),
}

impl Place {
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Environment => "the environment".to_owned(),
            Self::Settings(_, path) => path.display().to_string(),
        }
    }

    pub(crate) fn owner(&self) -> String {
        match self {
            Self::Environment => "whoever set it".to_owned(),
            Self::Settings(scope, _) => scope.owner().to_owned(),
        }
    }
}

/// A variable that is in force, and where it is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

impl Found {
    pub(crate) fn plain(&self) -> Option<&str> {
        match &self.value.fact {
            Fact::Plain(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn kind(&self) -> Option<Kind> {
        match &self.value.fact {
            Fact::Secret { kind, .. } => Some(*kind),
            _ => None,
        }
    }

    pub(crate) fn answer(&self) -> Answer {
        match &self.value.fact {
            Fact::Secret { answer, .. } => *answer,
            _ => Answer::NotAsked,
        }
    }
}

/// A profile of `ant` and the SDKs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) name: String,
    /// Its configuration.
    pub(crate) path: PathBuf,
    /// Whether it is of workload identity federation, which needs no stored token.
    pub(crate) federated: bool,
    /// Whether a token is stored for it.
    pub(crate) signed_in: bool,
    /// Whether whoever uses it can renew that token.
    pub(crate) renewable: bool,
    pub(crate) expires_at: Option<Timestamp>,
    /// The host of its own API, where it has one.
    pub(crate) host: Option<String>,
    pub(crate) account: Option<(AccountId, String)>,
    /// Who pays for what its account does, where Keyfob made the profile and keeps it fresh.
    pub(crate) kept: Option<Payer>,
}

impl Profile {
    pub(crate) fn usable(&self) -> bool {
        self.federated || self.signed_in
    }

    /// Whether its token has ended, and nobody who reads it can renew it.
    pub(crate) fn has_ended(&self, now: Timestamp) -> bool {
        let ended = self.expires_at.is_some_and(|end| end <= now);
        ended && !self.federated && !self.renewable
    }
}

/// The profiles there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Profiles {
    pub(crate) all: Vec<Profile>,
    /// What `active_config` says; none where there is no such file.
    pub(crate) active: Option<String>,
}

impl Profiles {
    pub(crate) fn named(&self, name: &str) -> Option<&Profile> {
        self.all.iter().find(|profile| profile.name == name)
    }

    /// The one in use where nothing names one.
    pub(crate) fn active(&self) -> Option<&Profile> {
        self.named(self.active.as_deref().unwrap_or("default"))
    }
}

/// The session of Claude Code's own sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// Where it lies.
    pub(crate) place: String,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) sign_in_ends_at: Option<Timestamp>,
    pub(crate) renewable: bool,
    /// Whether models may be used with it: a session without that scope is passed over.
    pub(crate) for_inference: bool,
    /// The subscription, as Claude Code calls it.
    pub(crate) plan: Option<String>,
    pub(crate) account: Option<(AccountId, String)>,
}

/// A file that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) path: PathBuf,
    /// What is wrong, without any of its text.
    pub(crate) why: String,
    pub(crate) kind: FileKind,
}

/// Whose file it is that could not be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// Settings of Claude Code, which takes much of what is no JSON to others.
    Settings,
    /// What else Claude Code alone reads.
    OfClaudeCode,
    /// A profile, which the SDKs read too.
    Profile,
}

/// Everything that the order depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sources {
    /// The environment.
    pub(crate) shell: Variables,
    /// Claude Code's settings files, those that count most first.
    pub(crate) settings: Vec<Settings>,
    /// Whether Claude Code has been told to trust the folder.
    pub(crate) trusted: bool,
    pub(crate) profiles: Profiles,
    /// The folder of those profiles and the one that the Python SDK looks into, where they differ and one is there.
    pub(crate) two_folders: Option<(PathBuf, PathBuf)>,
    pub(crate) session: Option<Session>,
    /// Whether the session may lie in a keychain that was not looked into.
    pub(crate) session_not_looked_into: bool,
    /// Where an API key of a sign-in to the Console lies.
    pub(crate) login_key: Option<PathBuf>,
    /// Files that could not be understood.
    pub(crate) broken: Vec<Broken>,
    /// The time.
    pub(crate) now: Timestamp,
}

impl Sources {
    /// A variable as Claude Code has it once it has applied its settings files.
    pub(crate) fn variable(&self, name: &str) -> Option<Found> {
        let set_by = self.settings.iter().find_map(|settings| {
            let value = settings.env.get(name)?.clone();
            let place = Place::Settings(settings.scope, settings.path.clone());
            Some(Found { value, place })
        });
        set_by
            .or_else(|| self.shell_variable(name))
            .filter(|found| found.value.fact != Fact::Empty)
    }

    /// A variable as any other program has it.
    pub(crate) fn shell_variable(&self, name: &str) -> Option<Found> {
        let value = self.shell.get(name)?.clone();
        let place = Place::Environment;
        Some(Found { value, place }).filter(|found| found.value.fact != Fact::Empty)
    }

    /// The settings file whose helper is in force.
    pub(crate) fn helper(&self) -> Option<&Settings> {
        self.settings.iter().find(|settings| settings.has_helper)
    }

    /// The same without one source, wherever it is set.
    pub(crate) fn without(&self, source: Source) -> Self {
        let mut rest = self.clone();
        let cloud = CLOUDS.iter().find(|(_, cloud, _)| *cloud == source);
        let names: &[&str] = match source {
            Source::AuthToken => &[AUTH_TOKEN],
            Source::ApiKey => &[API_KEY],
            Source::OauthToken => &[OAUTH_TOKEN],
            Source::NamedProfile => &[PROFILE],
            Source::Federation => &[FEDERATION_RULE],
            _ => &[],
        };
        for name in names.iter().chain(cloud.map(|(name, ..)| name)) {
            rest.shell.remove(*name);
            for settings in &mut rest.settings {
                settings.env.remove(*name);
            }
        }
        match source {
            Source::ApiKeyHelper => rest.settings.iter_mut().for_each(|s| {
                s.has_helper = false;
                s.our_helper = None;
            }),
            Source::ActiveProfile => {
                let active = rest.profiles.active().map(|profile| profile.name.clone());
                rest.profiles
                    .all
                    .retain(|p| Some(&p.name) != active.as_ref());
            }
            Source::LoginSession => rest.session = None,
            Source::LoginKey => rest.login_key = None,
            _ => {}
        }
        rest
    }
}

/// Whether a switch is on, as Claude Code reads it.
pub(crate) fn is_on(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    matches!(text.as_str(), "1" | "true" | "yes" | "on")
}

/// The host of an address, which is all that is kept of it: the rest may hold a secret.
pub(crate) fn host(address: &str) -> String {
    let host = url::Url::parse(address.trim()).ok();
    let host = host.and_then(|url| {
        let port = url.port().map_or(String::new(), |port| format!(":{port}"));
        Some(format!("{}{port}", url.host_str()?))
    });
    host.unwrap_or_else(|| "an address that cannot be read".to_owned())
}

/// Whether the server is Anthropic's own.
pub(crate) fn is_anthropic(host: &str) -> bool {
    host == "api.anthropic.com"
}

/// A path as it is shown.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}
