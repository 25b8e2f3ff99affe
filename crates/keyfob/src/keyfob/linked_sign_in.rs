//! Signing in by the program that will own the session: `claude auth login` or `ant auth login`, unmodified.
//!
//! It opens the browser itself and waits for the answer itself. Keyfob shows its address, feeds it what a person
//! pasted, hears what it says, and ends it when the person gives up. What comes of it is looked at, not taken.

use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::process::Command;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use url::Url;

use super::Keyfob;
use super::linking::{links_to, session_of};
use super::other_programs::{OtherProgram, not_started};
use super::sign_in_handle::{Ask, Phase, SignInHandle};
use super::signing_in::{LIMIT, Progress, cancelled, too_late};
use crate::account::{Account, Link, Payer, SeenSession};
use crate::accounts::checked_label;
use crate::activity::What;
use crate::error::{Code, Error, Result};
use crate::files;
use crate::linked::program::Running;
use crate::linked::{Looked, spoken};
use crate::secret::Secret;
use crate::sign_in::provider::is_secure;
use crate::status::Status;

/// How long a program may take to print its address.
const PATIENCE_FOR_ADDRESS: Duration = Duration::from_secs(30);

/// How long a program may take to say that a code is none, on a computer that is busy. After that it is asking its
/// server.
const PATIENCE_FOR_REFUSAL: Duration = Duration::from_secs(10);

/// How long a program may ask its server for.
const PATIENCE_FOR_SERVER: Duration = Duration::from_secs(60);

/// What to sign in to, and how.
#[derive(Debug, Clone)]
pub struct LinkedSignInRequest {
    /// By which program.
    pub program: OtherProgram,
    /// The account to sign in to again, an id or a label; none for a new one.
    pub account: Option<String>,
    /// What the person calls a new account.
    pub label: Option<String>,
    /// Where a new session is to lie.
    pub whereabouts: Whereabouts,
    /// Claude Code alone: the Console, API billing, in place of a plan.
    pub console: bool,
    /// Whether the program opens the browser.
    pub opens_browser: bool,
}

/// Where a new session is to lie.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Whereabouts {
    /// Claude Code: in a folder of its own beside Keyfob's files. `ant`: in a profile named after the account.
    #[default]
    New,
    /// Claude Code: in this folder.
    Folder(PathBuf),
    /// `ant`: in this profile.
    Profile(String),
}

/// A sign-in by another program under way. [`LinkedSignIn::finish`] takes it to its end.
pub struct LinkedSignIn {
    keyfob: Keyfob,
    request: LinkedSignInRequest,
    link: Link,
    known: Option<Account>,
    before: Looked,
    running: Running,
    address: Url,
    asks: mpsc::Receiver<Ask>,
    pasted: Vec<Secret>,
    progress: Progress,
    deadline: Instant,
    handle: SignInHandle,
}

impl Keyfob {
    /// Starts the program and waits for its address. Where it is told to, it opens the browser by itself.
    pub async fn begin_linked_sign_in(&self, request: LinkedSignInRequest) -> Result<LinkedSignIn> {
        if let Some(label) = &request.label {
            checked_label(label)?;
        }
        let known = match &request.account {
            Some(name) => Some(self.0.accounts.read()?.find(Some(name))?.clone()),
            None => None,
        };
        // What is not installed is said before anything is made.
        self.program(request.program)?;
        let link = match known.as_ref().map(session_of) {
            Some(Some(facts)) => facts.link.clone(),
            Some(None) => {
                return Err(Error::new(
                    Code::Usage,
                    "That account is held by Keyfob itself.",
                    "Sign in to it with its own provider.",
                ));
            }
            None => self.new_link(&request)?,
        };
        let known = known.or_else(|| {
            let accounts = self.0.accounts.read().ok()?;
            accounts
                .accounts
                .iter()
                .find(|a| links_to(a, &link))
                .cloned()
        });
        let before = self.look(&link)?;
        let command = self.sign_in_command(&request, &link)?;
        let started = Running::start(command, true);
        let mut running = started.map_err(|error| not_started(request.program, &error))?;
        let address = wait_for_address(&mut running, request.program).await;
        let address = match address {
            Ok(address) => address,
            Err(error) => {
                running.end().await;
                return Err(error);
            }
        };
        let (ask, asks) = mpsc::channel(4);
        let (phase, watched) = watch::channel(Phase::Waiting);
        let limit = SignedDuration::try_from(LIMIT).unwrap_or(SignedDuration::ZERO);
        let now = self.0.edge.now();
        // Its address shows a code to paste. Where it opened the browser itself, that one comes back to it.
        let handle = SignInHandle {
            asks: ask,
            arrivals: mpsc::channel(1).0,
            phase: watched,
            redirect_url: request.opens_browser.then(|| address.clone()),
            device: None,
            paste_url: Some(address.clone()),
            ends_at: now.saturating_add(limit).unwrap_or(now),
        };
        Ok(LinkedSignIn {
            keyfob: self.clone(),
            request,
            link,
            known,
            before,
            running,
            address,
            asks,
            pasted: Vec::new(),
            progress: Progress(phase),
            deadline: Instant::now() + LIMIT,
            handle,
        })
    }

    fn sign_in_command(&self, request: &LinkedSignInRequest, link: &Link) -> Result<Command> {
        let mut command = match link {
            Link::ClaudeCode { config_dir } => {
                if let Some(folder) = config_dir {
                    files::make_private_folder(folder)
                        .map_err(|error| files::not_written(folder, &error))?;
                }
                let mut command = self.claude_command(config_dir.as_deref())?;
                let whom = if request.console {
                    "--console"
                } else {
                    "--claudeai"
                };
                command.args(["auth", "login", whom]);
                if !request.opens_browser {
                    // It starts this in place of a browser.
                    command.env("BROWSER", "true");
                }
                command
            }
            Link::AnthropicProfile {
                config_dir,
                profile,
            } => {
                let mut command = self.ant_command(config_dir.as_deref(), profile)?;
                command.args(["auth", "login"]);
                if !request.opens_browser {
                    command.arg("--no-browser");
                }
                command
            }
            Link::Environment { .. } => {
                return Err(Error::new(
                    Code::Usage,
                    "Variables of the environment are not signed in to.",
                    "Set them where they are set now.",
                ));
            }
        };
        // The person signs in as somebody here and now, and not with what lies about in the environment.
        command.env_remove("ANTHROPIC_WORKSPACE_ID");
        Ok(command)
    }
}

impl LinkedSignIn {
    /// What can be said to it from elsewhere.
    pub fn handle(&self) -> SignInHandle {
        self.handle.clone()
    }

    /// By which program.
    pub fn program(&self) -> OtherProgram {
        self.request.program
    }

    /// Who will be billed.
    pub fn payer(&self) -> Payer {
        match (self.request.program, self.request.console) {
            (OtherProgram::ClaudeCode, false) => Payer::Plan,
            _ => Payer::Api,
        }
    }

    /// Waits until the program has ended, and looks at what came of it.
    pub async fn finish(mut self) -> Result<Status> {
        let ended = self.wait().await;
        if ended.is_err() {
            self.running.end().await;
        }
        match ended? {
            Some(0) => {
                let _ = self.progress.0.send(Phase::Storing);
                self.keep().await
            }
            _ => Err(self.failed()),
        }
    }

    async fn wait(&mut self) -> Result<Option<i32>> {
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(self.deadline) => return Err(too_late()),
                ended = self.running.next() => if let Some(code) = ended {
                    return Ok(code);
                },
                Some(ask) = self.asks.recv() => match ask {
                    Ask::Cancel => return Err(cancelled()),
                    Ask::Paste(text, reply) => match self.hand_on(&text).await {
                        Ok(Handed::Ended(code)) => {
                            let _ = reply.send(Ok(()));
                            return Ok(code);
                        }
                        Ok(Handed::Taken) => {
                            let _ = reply.send(Ok(()));
                            let _ = self.progress.0.send(Phase::Storing);
                            self.deadline = Instant::now() + PATIENCE_FOR_SERVER;
                        }
                        Ok(Handed::GivenUp) => {
                            let _ = reply.send(Err(cancelled()));
                            return Err(cancelled());
                        }
                        Err(error) => {
                            let _ = reply.send(Err(error));
                        }
                    },
                },
            }
        }
    }

    /// Gives the program what was pasted, and hears whether it refuses it.
    async fn hand_on(&mut self, pasted: &Secret) -> Result<Handed> {
        let code = spoken::code_in(pasted.expose(), &self.address)?;
        let before = self.refusals();
        let told = self.running.tell(code.expose()).await;
        // It may repeat the code without what came behind it.
        let alone = code.expose().split('#').next().unwrap_or_default();
        self.pasted.push(Secret::new(alone));
        self.pasted.push(code);
        if told.is_err() {
            return Err(Error::new(
                Code::Failed,
                format!("{} takes no code any more.", self.request.program.name()),
                "Sign in again to begin a new one.",
            ));
        }
        let name = self.request.program.name();
        let until = Instant::now() + PATIENCE_FOR_REFUSAL;
        loop {
            let said = tokio::select! {
                said = tokio::time::timeout_at(until, self.running.next()) => said,
                Some(ask) = self.asks.recv() => match ask {
                    Ask::Cancel => return Ok(Handed::GivenUp),
                    Ask::Paste(_, reply) => {
                        let one = Error::new(
                            Code::Failed,
                            format!("{name} is still looking at the code before this one."),
                            "Wait a moment, then paste it again.",
                        );
                        let _ = reply.send(Err(one));
                        continue;
                    }
                },
            };
            match said {
                Err(_) => return Ok(Handed::Taken),
                Ok(Some(code)) => return Ok(Handed::Ended(code)),
                Ok(None) if self.refusals() > before => {
                    return Err(spoken::not_accepted(&format!(
                        "{name} says that this is no whole code."
                    )));
                }
                Ok(None) => {}
            }
        }
    }

    fn refusals(&self) -> usize {
        let said = self.running.said();
        spoken::refusals(&said.err) + spoken::refusals(&said.out)
    }

    /// Its own words, where it did not sign in.
    fn failed(&self) -> Error {
        let said = self.running.said();
        let secrets: Vec<&Secret> = self.pasted.iter().collect();
        let words = spoken::last_words(&said.err, &secrets)
            .or_else(|| spoken::last_words(&said.out, &secrets));
        let name = self.request.program.name();
        let (code, cure) = match spoken::is_unreachable(&said.err) {
            true => (Code::Network, "Check the connection, then sign in again."),
            false => (
                Code::Failed,
                "Sign in again. If it stays, run the same in a terminal.",
            ),
        };
        let message = match words {
            Some(words) => format!("{name} did not sign in. It says: {}", ended(&words)),
            None => format!("{name} did not sign in, and did not say why."),
        };
        Error::new(code, message, cure)
    }

    /// Looks whether a session is really there, and puts it into the list.
    async fn keep(self) -> Result<Status> {
        let name = self.request.program.name();
        let looked = self.keyfob.look_by_request(&self.link).await?;
        let alive = match &looked.seen.what {
            SeenSession::There { expires_at, .. } => {
                expires_at.is_none_or(|end| looked.seen.at < end)
            }
            _ => false,
        };
        if !alive {
            let error = Error::new(
                Code::Failed,
                format!("{name} said that you are signed in, but it stored no session."),
                "Sign in again. If it happens again, look whether its folder can be written.",
            );
            return Err(match &looked.seen.what {
                SeenSession::Missing { reason } | SeenSession::NotReadable { reason, .. } => {
                    error.detail(reason)
                }
                SeenSession::There { .. } if looked.seen.what == self.before.seen.what => {
                    error.detail("what lies there is the session that had ended before")
                }
                SeenSession::There { .. } => error.detail("what it stored has ended already"),
            });
        }
        let keyfob = &self.keyfob;
        match &self.known {
            Some(account) => {
                keyfob.note_signed_in(account, &looked)?;
                keyfob.status(Some(account.id.as_str()))
            }
            None => {
                let label = self.request.label.clone();
                keyfob.list(self.link.clone(), looked, label, What::SignedIn)
            }
        }
    }
}

/// What became of a code.
enum Handed {
    /// The program took it, and is asking its server.
    Taken,
    /// The program has ended.
    Ended(Option<i32>),
    /// The person did not wait for that.
    GivenUp,
}

impl Keyfob {
    /// Writes down that an account in the list was signed in to again.
    fn note_signed_in(&self, account: &Account, looked: &Looked) -> Result<()> {
        self.note_looked(&account.id, looked)?;
        self.0.accounts.change(|accounts| {
            if let Some(account) = accounts.get_mut(&account.id) {
                account.generation += 1;
                if let crate::account::Facts::Session(facts) = &mut account.facts {
                    facts.trouble = None;
                }
            }
            Ok(())
        })?;
        self.tell(account, What::SignedIn, None);
        Ok(())
    }
}

async fn wait_for_address(running: &mut Running, program: OtherProgram) -> Result<Url> {
    let name = program.name();
    let nothing =
        |message: String| Error::new(Code::Failed, message, "Run the same in a terminal.");
    let until = Instant::now() + PATIENCE_FOR_ADDRESS;
    loop {
        let said = running.said();
        let address = spoken::address_in(&said.out, is_secure)
            .or_else(|| spoken::address_in(&said.err, is_secure));
        if let Some(address) = address {
            return Ok(address);
        }
        match tokio::time::timeout_at(until, running.next()).await {
            Ok(None) => {}
            Ok(Some(_)) => {
                let said = running.said();
                let words = spoken::last_words(&said.err, &[])
                    .or_else(|| spoken::last_words(&said.out, &[]));
                return Err(nothing(match words {
                    Some(words) => {
                        format!(
                            "{name} did not begin to sign in. It says: {}",
                            ended(&words)
                        )
                    }
                    None => format!("{name} ended before it could sign in."),
                }));
            }
            Err(_) => {
                return Err(nothing(format!("{name} printed no address to sign in at.")));
            }
        }
    }
}

/// Somebody else's words as a sentence among ours.
fn ended(words: &str) -> String {
    match words.ends_with(['.', '!', '?', '…']) {
        true => words.to_owned(),
        false => format!("{words}."),
    }
}
