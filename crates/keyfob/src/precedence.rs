//! Which credential a tool will use, what that outranks, and who pays: a pure function of what lies around.
//!
//! Nothing here reads anything. [`Sources`] says what is set where, and never a value that could be a secret.

pub(crate) mod anthropic_sdk;
pub(crate) mod claude_code;
mod claude_code_warnings;
mod helper_warnings;
pub(crate) mod settings;
pub(crate) mod sources;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod test_words;
#[cfg(test)]
mod written_tests;

use serde::{Deserialize, Serialize};

pub(crate) use self::claude_code_warnings::connection_of_helper;
use self::sources::{Fact, Found, Sources};
use crate::account::{AccountId, Payer};
use crate::status::Meaning;

/// A tool that looks for a credential by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    /// The command `claude`.
    ClaudeCode,
    /// Programs written with Anthropic's libraries.
    AnthropicSdk,
}

/// Where a credential can come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// `CLAUDE_CODE_USE_BEDROCK`: Amazon Bedrock.
    Bedrock,
    /// `CLAUDE_CODE_USE_FOUNDRY`: Microsoft Foundry.
    Foundry,
    /// `CLAUDE_CODE_USE_ANTHROPIC_AWS`: Claude on AWS.
    AnthropicAws,
    /// `CLAUDE_CODE_USE_MANTLE`: Bedrock's Mantle.
    Mantle,
    /// `CLAUDE_CODE_USE_VERTEX`: Google Vertex AI.
    Vertex,
    /// `ANTHROPIC_AUTH_TOKEN`.
    AuthToken,
    /// `ANTHROPIC_API_KEY`.
    ApiKey,
    /// `apiKeyHelper` in a settings file of Claude Code.
    ApiKeyHelper,
    /// `CLAUDE_CODE_OAUTH_TOKEN`.
    OauthToken,
    /// An Anthropic profile that `ANTHROPIC_PROFILE` names.
    NamedProfile,
    /// Workload identity federation, by variables.
    Federation,
    /// The active Anthropic profile.
    ActiveProfile,
    /// The session of Claude Code's own sign-in.
    LoginSession,
    /// The API key that Claude Code made when it signed in to the Console.
    LoginKey,
}

/// Who pays for what is done with a credential, as far as it can be known from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum Bill {
    /// A Claude plan.
    Plan,
    /// API billing.
    Api,
    /// The company whose gateway it is for.
    Company,
    /// Nobody: practice.
    Nobody,
    /// The cloud provider's bill.
    Cloud,
    /// It cannot be known from here.
    NotKnown,
}

impl From<Payer> for Bill {
    fn from(payer: Payer) -> Self {
        match payer {
            Payer::Plan => Self::Plan,
            Payer::Api => Self::Api,
            Payer::Company => Self::Company,
            Payer::None => Self::Nobody,
            Payer::Unknown => Self::NotKnown,
        }
    }
}

/// One credential that a tool would use if nothing outranked it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct Candidate {
    /// What kind it is.
    pub source: Source,
    /// What people call it.
    pub name: String,
    /// Where it lies: a file, or the environment.
    pub place: String,
    /// Who keeps it.
    pub owner: String,
    /// Who pays.
    pub payer: Bill,
    /// How it stands, as far as it can be seen without asking a server.
    pub state: String,
    /// Which of Keyfob's accounts it is.
    pub account: Option<AccountId>,
    /// What that account is called.
    pub label: Option<String>,
}

/// Something that a person should know about what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct Warning {
    /// Which one, for programs.
    pub code: WarningCode,
    /// Whether something has to be done.
    pub meaning: Meaning,
    /// What is so.
    pub words: String,
    /// What to do about it.
    pub cure: String,
}

/// Which warning it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum WarningCode {
    /// Something else is used in place of the subscription that is signed in to.
    OutranksPlan,
    /// `CLAUDE_CODE_OAUTH_TOKEN` is set and not used.
    OauthTokenOutranked,
    /// More than one credential goes along with each request.
    SentTogether,
    /// A helper is configured and not used.
    HelperOutranked,
    /// Keyfob's own helper is in a settings file, and its connection is gone.
    HelperGone,
    /// A settings file sets a credential.
    SetBySettings,
    /// The session that would be used has ended.
    SessionEnded,
    /// The credential goes to another server than Anthropic's.
    SentElsewhere,
    /// Others on this computer can read a file with a credential in it.
    ReadableByOthers,
    /// The folder's settings count once it is trusted.
    NotTrusted,
    /// The person has told Claude Code not to use the key.
    KeyRejected,
    /// Claude Code asks before it uses the key.
    KeyAsksFirst,
    /// The organization allows a sign-in alone.
    LoginOnly,
    /// `ANTHROPIC_PROFILE` or `active_config` names a profile that is not there.
    ProfileMissing,
    /// Programs look for profiles in different folders.
    TwoFolders,
    /// A file could not be understood.
    FileBroken,
    /// The tools disagree about an order.
    OtherOrder,
    /// What a kind of credential is set as is something else.
    WrongKind,
    /// The keychain was not looked into.
    NotLookedInto,
}

/// Which credential a tool will use here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct Which {
    /// Whose.
    pub tool: Tool,
    /// The one that is used; none where the tool would ask for a sign-in or stop.
    pub winner: Option<Candidate>,
    /// What that outranks, highest first.
    pub outranked: Vec<Candidate>,
    /// What happens if the winner is refused, as sentences.
    pub if_it_failed: String,
    /// What is used once the winner is taken away.
    pub next: Option<Candidate>,
    /// What is to be known beside it, the gravest first.
    pub warnings: Vec<Warning>,
    /// What always holds for this tool and cannot be seen from here.
    pub notes: Vec<String>,
}

/// Which credential the tool will use, given what lies around.
pub(crate) fn which(tool: Tool, sources: &Sources) -> Which {
    let (ranks, mut warnings, notes) = match tool {
        Tool::ClaudeCode => (
            claude_code::ranked(sources),
            claude_code_warnings::warnings(sources),
            claude_code::notes(),
        ),
        Tool::AnthropicSdk => (
            anthropic_sdk::ranked(sources),
            anthropic_sdk::warnings(sources),
            anthropic_sdk::notes(),
        ),
    };
    warnings.sort_by_key(|warning| match warning.meaning {
        Meaning::Act => 0,
        Meaning::Soon => 1,
        Meaning::Fine => 2,
    });
    let next = ranks.first().and_then(|winner| {
        let without = sources.without(winner.source);
        let after = match tool {
            Tool::ClaudeCode => claude_code::ranked(&without),
            Tool::AnthropicSdk => anthropic_sdk::ranked(&without),
        };
        after.into_iter().next()
    });
    let if_it_failed = if_it_failed(tool, ranks.first(), next.as_ref());
    let mut ranks = ranks.into_iter();
    Which {
        tool,
        winner: ranks.next(),
        outranked: ranks.collect(),
        if_it_failed,
        next,
        warnings,
        notes,
    }
}

fn if_it_failed(tool: Tool, winner: Option<&Candidate>, next: Option<&Candidate>) -> String {
    let Some(winner) = winner else {
        return match tool {
            Tool::ClaudeCode => "Claude Code says \"Not logged in\" and asks you to sign in.",
            Tool::AnthropicSdk => {
                "The program stops with an error that says that no credential was found."
            }
        }
        .to_owned();
    };
    let stops = match (tool, winner.source) {
        (Tool::ClaudeCode, Source::ApiKeyHelper) => {
            "Claude Code runs the helper again, and if that does not help says so and stops."
        }
        (Tool::ClaudeCode, Source::LoginSession) => {
            "Claude Code renews the session, and if that does not help asks you to sign in."
        }
        (Tool::ClaudeCode, _) => "Claude Code says so and stops; it tries no other by itself.",
        (Tool::AnthropicSdk, _) => "The program gets an error; no other is tried.",
    };
    match next {
        Some(next) => format!("{stops} Without it, this would be used: {}.", next.name),
        None => format!("{stops} Without it, nothing would be left."),
    }
}

/// A candidate of a variable, with what is known of its value.
fn of_variable(source: Source, variable: &str, found: &Found, payer: Bill) -> Candidate {
    let state = match &found.value.fact {
        Fact::Secret {
            last_four: Some(four),
            ..
        } => format!("Set, ends in {four}; nobody asked a server whether it works"),
        _ => "Set; nobody asked a server whether it works".to_owned(),
    };
    Candidate {
        source,
        name: format!("the variable {variable}"),
        place: found.place.words(),
        owner: found.place.owner(),
        payer,
        state,
        account: found.value.account.as_ref().map(|a| a.0.clone()),
        label: found.value.account.as_ref().map(|a| a.1.clone()),
    }
}
