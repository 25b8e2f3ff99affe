//! The environment that hands an account's credential to a program: what is set in it and what is taken out, and what
//! would outrank it all the same.

use std::ffi::OsString;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::Keyfob;
use super::connecting::{no_address, workspace_of};
use super::destination::{same_server, through_a_socket};
use super::given::{ANTHROPIC, Api, Form, Given, Whose};
use super::in_settings::InSettings;
use super::looking_around::managed_folder;
use crate::edge::Edge;
use crate::error::{Code, Error, Result};
use crate::hand_over::environment::{self, Environment, Server, Value, What};
use crate::precedence::sources::{BASE_URL, HEADERS, host};
use crate::precedence::{self, Source, Tool, WarningCode};

/// The variables that hand an account's credential to a program, and what has to be said beside them.
#[derive(Debug)]
pub struct ToolEnvironment {
    /// The variables.
    pub variables: Environment,
    /// Whose credential it is.
    pub whose: Whose,
    /// The credential and what came with it; none of a session of Claude Code, of which only the folder is named.
    pub given: Option<Given>,
    /// Whether Keyfob's helper in Claude Code's settings gives the credential, and no variable does.
    pub by_helper: bool,
}

impl ToolEnvironment {
    /// When the credential ends, where that is known.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.given.as_ref().and_then(Given::expires_at)
    }

    /// Whether it is a session of Claude Code, which is of use to Claude Code alone.
    pub fn is_session(&self) -> bool {
        self.given.is_none()
    }
}

impl Keyfob {
    /// The variables that hand an account's credential, valid for `at_least` longer where that can be had, to a program
    /// that is started with them; `fresh` where they are for another environment than this one, so that nothing of this
    /// one counts.
    pub async fn environment_for(
        &self,
        name: Option<&str>,
        at_least: SignedDuration,
        fresh: bool,
    ) -> Result<ToolEnvironment> {
        let whose = self.whose(name)?;
        let nothing = Edge::new(|| Timestamp::UNIX_EPOCH, || Ok([0; 32]));
        let edge = if fresh { &nothing } else { &self.0.edge };
        let now = |name: &str| edge.variable(name);
        if let Some(folder) = whose.claude_code_folder() {
            let variables =
                environment::plan(&What::Session(folder), &Server::Anthropics, now, host);
            return Ok(ToolEnvironment {
                variables,
                whose,
                given: None,
                by_helper: false,
            });
        }
        // Asked before the keychain is.
        self.check_api_is_said(&whose, edge)?;
        // By the name that was asked for: with none, the next one of the order may be given in its place.
        let given = self.given(name, at_least).await?;
        let whose = given.whose.clone();
        self.check_api_is_said(&whose, edge)?;
        Ok(ToolEnvironment {
            variables: planned(&given, now),
            whose,
            given: Some(given),
            by_helper: false,
        })
    }

    /// Where nothing says which API a credential is for, a program sends it to Anthropic. What the person's environment
    /// says counts; its own variables go where they would go without Keyfob.
    fn check_api_is_said(&self, whose: &Whose, edge: &Edge) -> Result<()> {
        let is_said = whose.api != Api::NotSaid || edge.variable(BASE_URL).is_some();
        if is_said || self.0.accounts.read()?.get(&whose.account.id).is_none() {
            return Ok(());
        }
        Err(no_address(whose, "a program would send it to Anthropic"))
    }

    /// The variables that hand a credential to a program somewhere else, where nothing of this environment counts.
    pub(super) fn variables_of(&self, given: &Given) -> Environment {
        planned(given, |_| None)
    }

    /// Why Claude Code, started in this folder with these variables, would not use what they hand over, or not alone,
    /// as sentences; what Keyfob's own helper gives there too is left to it. An error where another credential would go
    /// along, where it would be sent to another server than its own, or where that cannot be known.
    pub fn outranked_in_claude_code(
        &self,
        planned: &mut ToolEnvironment,
        folder: Option<&Path>,
    ) -> Result<Vec<String>> {
        let folder = folder.and_then(|folder| folder.canonicalize().ok());
        let left = self.leave_to_helper(planned, folder.as_deref())?;
        let edge = with(self.0.edge.clone(), &planned.variables);
        check_destination(planned, &self.0.edge, &edge, folder.as_deref())?;
        let sources = self.look_around_in(&edge, folder.as_deref(), &managed_folder())?;
        let answer = precedence::which(Tool::ClaudeCode, &sources);
        let expected = match (planned.is_session(), planned.whose.form) {
            _ if planned.by_helper => Source::ApiKeyHelper,
            (true, _) => Source::LoginSession,
            (false, Form::ApiKey) => Source::ApiKey,
            (false, Form::Bearer) => Source::AuthToken,
        };
        let label = &planned.whose.account.label;
        // On macOS the session lies in the keychain, which is not opened for this; what stands below it is no winner.
        let unseen = planned.is_session() && sources.session_not_looked_into;
        let below = |source| matches!(source, Source::ActiveProfile | Source::LoginKey);
        let mut said = Vec::from_iter(left);
        match &answer.winner {
            Some(winner) if unseen && below(winner.source) => {}
            None if unseen => {}
            Some(winner) if winner.source == expected && is_ours(&winner.place, expected) => {}
            Some(winner) => said.push(format!(
                "Claude Code will use {} ({}) in place of \"{label}\".",
                winner.name, winner.place
            )),
            None if planned.is_session() => said.push(format!(
                "Claude Code finds no session of \"{label}\", and will ask you to sign in."
            )),
            // That a key was rejected is said by its warning.
            None => {}
        }
        let own_server = sources.shell_variable(environment::BASE_URL);
        for warning in answer.warnings {
            let is_said = match warning.code {
                WarningCode::SentTogether
                | WarningCode::KeyRejected
                | WarningCode::LoginOnly
                | WarningCode::SessionEnded => true,
                // To the server that it is for it should go.
                WarningCode::SentElsewhere => {
                    let in_force = sources.variable(environment::BASE_URL);
                    in_force.as_ref().and_then(|found| found.plain())
                        != own_server.as_ref().and_then(|found| found.plain())
                }
                _ => false,
            };
            if is_said {
                said.push(format!("{} {}", warning.words, warning.cure));
            }
        }
        Ok(said)
    }
}

/// Claude Code's settings count for more than the environment that it is started in. `before` is that of the person, and
/// `edge` the one that the program gets.
fn check_destination(
    planned: &ToolEnvironment,
    before: &Edge,
    edge: &Edge,
    folder: Option<&Path>,
) -> Result<()> {
    let label = &planned.whose.account.label;
    let settings = InSettings::look(edge, folder)?;
    if let Some(path) = settings.socket() {
        return Err(through_a_socket(
            &path.display().to_string(),
            &format!("it was not started with \"{label}\""),
        ));
    }
    // A session is not sent to a cloud.
    if !planned.is_session()
        && let Some(cloud) = settings.cloud(edge)
    {
        return Err(cloud.refused(label, "it was not started"));
    }
    let named = |edge: &Edge| {
        let named = edge.variable(BASE_URL)?;
        Some(named.to_string_lossy().into_owned())
    };
    let belongs_to = match planned.whose.api.url() {
        Some(url) => url.into(),
        None => match named(edge) {
            Some(address) => address,
            None => return Ok(()),
        },
    };
    let in_settings = settings.first(BASE_URL);
    if let Some((address, path)) = in_settings {
        // Set to nothing is Anthropic's own.
        let address = match address.trim() {
            "" => ANTHROPIC,
            address => address,
        };
        if !same_server(address, &belongs_to) {
            return Err(Error::new(
                Code::Failed,
                format!(
                    "{} sends Claude Code to {}, and \"{label}\" is for {}: it was not started.",
                    path.display(),
                    host(address),
                    host(&belongs_to)
                ),
                format!("Take {BASE_URL} out of that file, or name an account of that server."),
            ));
        }
    }
    // Without Keyfob the requests go where the settings say, or else the person's environment.
    let address = match in_settings {
        Some(_) => None,
        None => Some(named(before).unwrap_or_else(|| ANTHROPIC.to_owned())),
    };
    let other = address.filter(|address| !same_server(address, &belongs_to));
    match settings.first(HEADERS) {
        Some(headers) => check_headers(&planned.whose, headers, other.as_deref()),
        None => Ok(()),
    }
}

/// Headers in Claude Code's settings take the place of those in a variable, so nothing can be left out of them. `other`
/// is the server that they are for, where that is another one than the credential's.
fn check_headers(whose: &Whose, headers: (&str, &Path), other: Option<&str>) -> Result<()> {
    let (headers, path) = headers;
    let label = &whose.account.label;
    let workspace = workspace_of(whose);
    let why = match (workspace, other) {
        (Some(id), _) if !environment::name_workspace(headers, id) => {
            format!("take the place of the one that names the workspace of \"{label}\"")
        }
        _ if environment::hold_credential(headers, workspace) => {
            format!("hold a credential, which would go along with the one of \"{label}\"")
        }
        (_, Some(other)) if !headers.trim().is_empty() => format!(
            "are for {}, and would go along to the server of \"{label}\"",
            host(other)
        ),
        _ => return Ok(()),
    };
    Err(Error::new(
        Code::Failed,
        format!(
            "The headers that {} adds to each request of Claude Code ({HEADERS}) {why}: it was not started.",
            path.display()
        ),
        match (workspace, other) {
            (Some(_), _) => format!("Take {HEADERS} out of that file."),
            _ => format!(
                "Take {HEADERS} out of that file; headers that belong to one server can be set in the shell, where Keyfob leaves them out for another one."
            ),
        },
    ))
}

fn planned(given: &Given, now: impl Fn(&str) -> Option<OsString>) -> Environment {
    let whose = &given.whose;
    let what = match whose.form {
        Form::ApiKey => What::Key(given.secret(), workspace_of(whose)),
        Form::Bearer => What::Bearer(given.secret()),
    };
    let server = match &whose.api {
        Api::Anthropic => Server::Anthropics,
        Api::At(address) => Server::At(address.to_string()),
        Api::NotSaid => Server::NotSaid,
    };
    environment::plan(&what, &server, now, host)
}

/// Whether it comes from the environment, as it should, and not from a settings file.
fn is_ours(place: &str, expected: Source) -> bool {
    matches!(expected, Source::LoginSession | Source::ApiKeyHelper)
        || place == precedence::sources::Place::Environment.words()
}

/// The environment of a program that is started so.
pub(super) fn with(edge: Edge, plan: &Environment) -> Edge {
    let before = edge.clone();
    let set: Vec<(&'static str, Value)> = plan
        .set
        .iter()
        .map(|variable| (variable.name, variable.value.clone()))
        .collect();
    let removed = plan.removed.clone();
    edge.with_variables(move |name| {
        let planned = set.iter().find(|(set, _)| *set == name);
        match planned {
            Some((_, Value::Plain(text))) => Some(text.clone()),
            Some((_, Value::Secret(secret))) => Some(OsString::from(secret.expose())),
            None if removed.contains(&name) => None,
            None => before.variable(name),
        }
    })
}
