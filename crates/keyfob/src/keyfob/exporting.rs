//! Files for places that Keyfob does not reach. Each is a copy: it is not renewed, it is listed, and it is removed when
//! the account is signed out of. What renews a sign-in is in none of them: two holders of one refresh token that
//! rotates log each other out.

mod place;
mod standing;
mod text;
mod writing;

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use zeroize::Zeroizing;

use super::Keyfob;
use super::connecting::{ConnectionStatus, is_of_a_plan, no_plan};
use super::given::{Api, Form, Given, Whose};
use crate::account::{Facts, Owner};
use crate::error::{Code, Error, Result};

pub(super) use self::place::real_place;
pub(super) use self::standing::{export_gone, export_problem};
use self::text::{about, how_it_is_sent};

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Claude Code's `.credentials.json`.
    ClaudeCredentials,
    /// `docker --env-file` and what reads the same.
    Env,
    /// JSON for programs of one's own.
    Json,
    /// A folder with a profile for the official SDKs and `ant`.
    AnthropicProfile,
    /// The bare credential, without the end of a line.
    DockerSecret,
}

/// Where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportTo {
    /// A file, or a folder for a profile.
    Path(PathBuf),
    /// Whoever asked, who has to see to it.
    Output,
}

/// What to export.
#[derive(Debug, Clone)]
pub struct ExportRequest {
    /// The account; the one that is given without a name where it is left out.
    pub account: Option<String>,
    /// What the file is for.
    pub format: ExportFormat,
    /// Where it goes.
    pub to: ExportTo,
    /// Whether a file or a profile that Keyfob exported there earlier, and nobody changed since, may be replaced.
    pub replace: bool,
    /// How long an access token has to be good for; half of its life where that is left out.
    pub at_least: Option<SignedDuration>,
}

/// What exporting did.
#[derive(Debug, Serialize)]
pub struct Exported {
    /// What the file allows, to whom, and until when, as sentences.
    pub words: Vec<String>,
    /// What should be said beside the credential.
    pub warning: Option<Error>,
    /// As it is listed; none where it went to the output.
    pub connection: Option<ConnectionStatus>,
    /// When what lies there ends; none for an API key.
    pub valid_until: Option<Timestamp>,
    /// The text, where it goes to the output.
    #[serde(skip)]
    pub text: Option<Zeroizing<Vec<u8>>>,
}

impl Keyfob {
    /// Writes a credential into a file for somewhere else.
    pub async fn export(&self, request: ExportRequest) -> Result<Exported> {
        let whose = self.whose(request.account.as_deref())?;
        may_be_exported(&whose, request.format)?;
        let place = match &request.to {
            ExportTo::Output if request.format == ExportFormat::AnthropicProfile => {
                return Err(Error::new(
                    Code::Usage,
                    "A profile is a folder with several files, which cannot go to standard output.",
                    "Name a folder with `--to`.",
                ));
            }
            ExportTo::Output => None,
            ExportTo::Path(path) => Some(self.place(path, &request)?),
        };
        let account = whose.account.clone();
        let given = self.given_for_export(&whose, request.at_least).await?;
        let whose = &given.whose;
        let texts = self.texts(request.format, &given)?;
        let mut words = about(&request, whose, given.expires_at());
        words.extend(how_it_is_sent(request.format, &given));
        let valid_until = given.expires_at();
        let Some(place) = place else {
            return Ok(Exported {
                words,
                warning: given.handed.warning,
                connection: None,
                valid_until,
                text: texts.into_iter().next().map(|(_, text)| text),
            });
        };
        let connection = self.write_export(place, &texts, &given, &account)?;
        Ok(Exported {
            words,
            warning: given.handed.warning,
            connection: Some(connection),
            valid_until,
            text: None,
        })
    }

    /// With as much of its life left as was asked for; where the server cannot be asked, what there is.
    async fn given_for_export(
        &self,
        whose: &Whose,
        at_least: Option<SignedDuration>,
    ) -> Result<Given> {
        let id = Some(whose.account.id.as_str());
        match (at_least, &whose.account.facts) {
            (Some(at_least), _) => self.given(id, at_least).await,
            (None, Facts::Tokens(facts)) => {
                let life = facts.expires_at.duration_since(facts.obtained_at);
                match self.given(id, life / 2).await {
                    Err(error) if error.code == Code::Network => {
                        self.given(id, SignedDuration::ZERO).await
                    }
                    given => given,
                }
            }
            (None, _) => self.given(id, SignedDuration::ZERO).await,
        }
    }
}

/// Whether this may lie anywhere but where it does.
fn may_be_exported(whose: &Whose, format: ExportFormat) -> Result<()> {
    let account = &whose.account;
    let label = &account.label;
    if whose.claude_code_folder().is_some() {
        return Err(Error::new(
            Code::Failed,
            format!(
                "\"{label}\" is a session of Claude Code. Anthropic lets no other program copy one, so nothing of it is exported."
            ),
            "In a container sign in with Claude Code itself: `claude auth login` with CLAUDE_CONFIG_DIR on a volume; or make a token for it with `claude setup-token`, and give that as CLAUDE_CODE_OAUTH_TOKEN.",
        ));
    }
    if account.owner == Owner::Environment {
        return Err(Error::new(
            Code::Usage,
            format!("{label} is a variable of the environment, and stays there."),
            "Name an account that Keyfob holds: `keyfob accounts` lists them.",
        ));
    }
    if is_of_a_plan(account) {
        return Err(no_plan(account));
    }
    let is_key = whose.form == Form::ApiKey;
    match format {
        ExportFormat::ClaudeCredentials if is_key => Err(Error::new(
            Code::Usage,
            format!("\"{label}\" is an API key, and that file holds access tokens alone."),
            "Export it with `--format env`, which sets ANTHROPIC_API_KEY.",
        )),
        ExportFormat::AnthropicProfile if is_key => Err(Error::new(
            Code::Usage,
            format!("\"{label}\" is an API key, and a profile holds access tokens alone."),
            "Export it with `--format env`, which sets ANTHROPIC_API_KEY.",
        )),
        ExportFormat::ClaudeCredentials if account.owner != Owner::Keyfob => Err(Error::new(
            Code::Usage,
            format!("\"{label}\" is kept by ant, and is no session of Claude Code."),
            "Sign in to Claude Code where it runs: `claude auth login`.",
        )),
        // These say where it goes, and a program takes them for all that there is to be said.
        ExportFormat::AnthropicProfile | ExportFormat::Env | ExportFormat::Json
            if whose.api == Api::NotSaid =>
        {
            Err(Error::new(
                Code::Failed,
                format!(
                    "Nothing says which API the token of \"{label}\" is for, and programs would send it to Anthropic's."
                ),
                "Add `base_url` to its provider in config.toml, then export again; or `--format docker-secret`, where the program is told the address.",
            ))
        }
        _ => Ok(()),
    }
}
