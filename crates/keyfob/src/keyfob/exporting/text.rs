//! What an exported file says, and what is said of it: what it allows, to whom, and until when.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::super::Keyfob;
use super::super::connecting::workspace_of;
use super::super::given::{Api, Form, Given, Whose};
use super::super::linked_places::slug;
use super::place::real_place;
use super::{ExportFormat, ExportRequest, ExportTo};
use crate::account::{Account, Facts};
use crate::error::{Code, Error, Result};
use crate::hand_over::anthropic_profile::{Profile, config_text, credentials_text};
use crate::hand_over::credentials_file::{self, Contents};
use crate::hand_over::environment::{ACCESS_TOKEN, OAUTH};
use crate::hand_over::formats::Format;

impl Keyfob {
    /// What goes into which file; the names are those inside a folder, where it is one.
    pub(super) fn texts(
        &self,
        format: ExportFormat,
        given: &Given,
    ) -> Result<Vec<(PathBuf, Zeroizing<Vec<u8>>)>> {
        let whose = &given.whose;
        let account = &whose.account;
        let base_url = whose.api.other();
        let contents = Contents {
            label: &account.label,
            payer: account.payer.words(),
            secret: given.secret(),
            is_key: whose.form == Form::ApiKey,
            base_url,
            workspace_id: workspace_of(whose),
            expires_at: given.expires_at(),
            scopes: match &account.facts {
                Facts::Tokens(facts) => &facts.scopes,
                _ => &[],
            },
        };
        let text = match format {
            ExportFormat::Json => credentials_file::json(&contents),
            ExportFormat::DockerSecret => {
                Zeroizing::new(given.secret().expose().as_bytes().to_vec())
            }
            ExportFormat::Env => {
                let written = self.variables_of(given).written(Format::Dotenv)?;
                Zeroizing::new(written.as_bytes().to_vec())
            }
            ExportFormat::ClaudeCredentials => {
                let end = given.expires_at().ok_or_else(|| no_end(account))?;
                credentials_file::claude_credentials(&contents, end)
            }
            ExportFormat::AnthropicProfile => {
                let end = given.expires_at().ok_or_else(|| no_end(account))?;
                let name = slug(&account.label);
                let name = if name.is_empty() {
                    "keyfob".to_owned()
                } else {
                    name
                };
                let profile = Profile {
                    folder: PathBuf::new(),
                    name,
                };
                let plain = |text: String| Zeroizing::new(text.into_bytes());
                let pointer = Profile::pointer(&profile.folder);
                return Ok(vec![
                    (profile.credentials(), credentials_text(given.secret(), end)),
                    (profile.config(), plain(config_text(base_url))),
                    (pointer, plain(format!("{}\n", profile.name))),
                ]);
            }
        };
        Ok(vec![(PathBuf::new(), text)])
    }
}

/// What the file allows, for whom, and until when.
pub(super) fn about(request: &ExportRequest, whose: &Whose, end: Option<Timestamp>) -> Vec<String> {
    let account = &whose.account;
    let what = match whose.form {
        Form::ApiKey => "the API key",
        Form::Bearer => "an access token",
    };
    let place = match &request.to {
        ExportTo::Path(path) => path.display().to_string(),
        ExportTo::Output => "What was printed".to_owned(),
    };
    let mut words = vec![format!(
        "{place} holds {what} of \"{}\". Whoever has it can use the API with it, billed to {}, {}.",
        account.label,
        account.payer.words(),
        match end {
            Some(end) => format!("until {}", end.strftime("%Y-%m-%d %H:%M UTC")),
            None => "until the key is revoked".to_owned(),
        }
    )];
    if whose.form == Form::Bearer {
        words.push(
            "It is a copy, and is not renewed: export it again when it has ended.".to_owned(),
        );
    }
    match (&whose.api, request.format) {
        (Api::At(url), ExportFormat::ClaudeCredentials | ExportFormat::DockerSecret) => {
            words.push(format!(
                "It is for {url}, which the file cannot say. Set ANTHROPIC_BASE_URL to that wherever it is used; else it is sent to Anthropic."
            ));
        }
        (Api::NotSaid, _) => words.push(
            "Nothing says which API it is for. Set ANTHROPIC_BASE_URL wherever it is used; else it is sent to Anthropic."
                .to_owned(),
        ),
        _ => {}
    }
    if request.format == ExportFormat::DockerSecret
        && let Some(workspace) = workspace_of(whose)
    {
        words.push(format!(
            "Requests with it have to name its workspace, which the file cannot say. Set ANTHROPIC_CUSTOM_HEADERS to `anthropic-workspace-id: {workspace}` wherever it is used."
        ));
    }
    if request.format == ExportFormat::AnthropicProfile {
        words.push("Programs read it where ANTHROPIC_CONFIG_DIR names the folder.".to_owned());
    }
    if request.format == ExportFormat::ClaudeCredentials {
        words.push(
            "Claude Code reads it as .credentials.json in the folder that CLAUDE_CONFIG_DIR names, with mode 0600."
                .to_owned(),
        );
    }
    if let ExportTo::Path(path) = &request.to
        && real_place(path).is_some_and(|path| path.ancestors().any(is_work_tree))
    {
        words.push("It lies in a working tree of git: do not commit it.".to_owned());
    }
    words
}

/// What a program has to know of an access token that no file of variables tells it.
pub(super) fn how_it_is_sent(format: ExportFormat, given: &Given) -> Option<String> {
    let is_bare = matches!(format, ExportFormat::DockerSecret | ExportFormat::Json);
    if given.whose.form != Form::Bearer || !is_bare {
        return None;
    }
    let is_theirs =
        given.whose.api == Api::Anthropic || given.secret().expose().starts_with(ACCESS_TOKEN);
    let beta = match is_theirs {
        true => format!(", with the header `anthropic-beta: {OAUTH}` in ANTHROPIC_CUSTOM_HEADERS"),
        false => String::new(),
    };
    Some(format!(
        "It belongs in ANTHROPIC_AUTH_TOKEN and not in ANTHROPIC_API_KEY{beta}. `--format env` says all of that by itself."
    ))
}

fn is_work_tree(folder: &Path) -> bool {
    folder.join(".git").exists()
}

fn no_end(account: &Account) -> Error {
    Error::new(
        Code::Failed,
        format!("Nothing says when the token of \"{}\" ends.", account.label),
        "Export it with `--format env`, which needs no end.",
    )
}
