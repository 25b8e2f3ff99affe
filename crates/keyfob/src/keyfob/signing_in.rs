//! One sign-in from the first click to the stored tokens.
//!
//! Bind the listener, start the attempt, let the caller open the browser, wait for the answer that carries our
//! state, exchange, store, read back, and only then say "signed in". A redirect and a paste race in one attempt;
//! cancelling and the time limit can end it while it waits.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::Keyfob;
use super::keeping_sign_in::Asked;
use super::sign_in_handle::{Ask, Phase, SignInHandle};
use super::signing_in_elsewhere::Elsewhere;
use crate::accounts::checked_label;
use crate::error::{Code, Error, Result};
use crate::secret::Secret;
use crate::sign_in::attempt::{Answer, Attempt, Leg, NotTheAnswer, other_issuer};
use crate::sign_in::metadata;
use crate::sign_in::page::Page;
use crate::sign_in::provider::{Provider, Redirect};
use crate::sign_in::redirect::{Arrival, Bound, Listener, Verdict};
use crate::sign_in::token_endpoint;
use crate::status::Status;

/// How long a person may take in the browser.
pub(super) const LIMIT: Duration = Duration::from_secs(5 * 60);

/// How long the end of a sign-in waits for the browser to have its page.
const PATIENCE_FOR_BROWSER: Duration = Duration::from_secs(2);

/// What to sign in to.
#[derive(Debug, Clone, Default)]
pub struct SignInRequest {
    /// The provider's id.
    pub provider: String,
    /// The account to renew by this sign-in, an id or a label; none for a new one.
    pub account: Option<String>,
    /// What the person calls a new account.
    pub label: Option<String>,
    /// How the redirect is waited for.
    pub listening: Listening,
}

/// How the redirect is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listening {
    /// By our own listener, at this port; at 0 the system chooses one.
    Own(u16),
    /// By somebody else's, who is already listening at this port and hands on what arrives
    /// ([`SignInHandle::arrived`]).
    Elsewhere(u16),
    /// By nobody: the person types a code on another device, and the server is asked now and then (RFC 8628).
    Device,
}

impl Default for Listening {
    fn default() -> Self {
        Self::Own(0)
    }
}

/// A sign-in under way. [`SignIn::finish`] takes it to its end.
pub struct SignIn {
    pub(super) run: Run,
    pub(super) way: Way,
}

/// What every sign-in under way has.
pub(super) struct Run {
    pub(super) keyfob: Keyfob,
    pub(super) provider: Provider,
    pub(super) request: SignInRequest,
    pub(super) asks: mpsc::Receiver<Ask>,
    pub(super) progress: Progress,
    pub(super) deadline: Instant,
    pub(super) handle: SignInHandle,
}

/// How the answer comes.
pub(super) enum Way {
    /// By a redirect, or a code that is pasted.
    Here(Box<Here>),
    /// By asking the server.
    Elsewhere(Box<Elsewhere>),
}

/// An attempt that a browser answers.
pub(super) struct Here {
    attempt: Attempt,
    listener: Option<Listener>,
    arrivals: mpsc::Receiver<Arrival>,
}

/// Tells the handles how far it is; however the sign-in ends, they learn that it is over.
pub(super) struct Progress(pub(super) watch::Sender<Phase>);

impl Drop for Progress {
    fn drop(&mut self) {
        let _ = self.0.send(Phase::Over);
    }
}

/// The browser that brought the answer and waits for its page.
struct Browser {
    page: watch::Sender<Option<Page>>,
    shown: mpsc::Receiver<()>,
}

impl Keyfob {
    /// Gets everything ready that a person in the browser will need at the end: the provider's addresses, the port,
    /// and a keychain that answers. What is wrong is better said before than after they have agreed.
    pub async fn begin_sign_in(&self, request: SignInRequest) -> Result<SignIn> {
        if let Some(label) = &request.label {
            checked_label(label)?;
        }
        if let Some(name) = &request.account {
            self.stored(Some(name))?;
        }
        let (provider, client_id) = self.provider_to_sign_in(&request.provider)?;
        self.check_storage().await?;
        if request.listening == Listening::Device {
            return self.begin_elsewhere(provider, client_id, request).await;
        }
        let endpoints = metadata::endpoints(&self.0.http, &provider).await?;

        let (arrival, arrivals) = mpsc::channel(16);
        let (listener, port) = match (provider.redirect, request.listening) {
            (Redirect::Paste, _) => (None, None),
            (_, Listening::Elsewhere(port)) => (None, Some(port)),
            (_, Listening::Device) => (None, None),
            (redirect, Listening::Own(port)) => match Bound::bind(port).await {
                Ok(bound) => {
                    let port = bound.port();
                    (Some(bound.listen(arrival.clone())), Some(port))
                }
                // A computer that opens no port at all still takes a pasted code.
                Err(_) if redirect == Redirect::Both && port == 0 => (None, None),
                Err(error) => return Err(error),
            },
        };
        let random = || self.0.edge.random();
        let (verifier, state, nonce) = (random()?, random()?, random()?);
        let id = &client_id;
        let attempt = Attempt::new(&provider, id, endpoints, port, verifier, state, nonce);
        let (ask, asks) = mpsc::channel(4);
        let (phase, watched) = watch::channel(Phase::Waiting);
        let limit = SignedDuration::try_from(LIMIT).unwrap_or(SignedDuration::ZERO);
        let now = self.0.edge.now();
        let handle = SignInHandle {
            asks: ask,
            arrivals: arrival,
            phase: watched,
            redirect_url: attempt.authorize_url(Leg::Loopback),
            paste_url: attempt.authorize_url(Leg::Paste),
            device: None,
            ends_at: now.saturating_add(limit).unwrap_or(now),
        };
        Ok(SignIn {
            run: Run {
                keyfob: self.clone(),
                provider,
                request,
                asks,
                progress: Progress(phase),
                deadline: Instant::now() + LIMIT,
                handle,
            },
            way: Way::Here(Box::new(Here {
                attempt,
                listener,
                arrivals,
            })),
        })
    }

    pub(super) fn provider_to_sign_in(&self, id: &str) -> Result<(Provider, String)> {
        let config = self.config()?;
        let known = || {
            let ready = config.providers.iter().filter(|p| p.is_ready());
            let ids: Vec<_> = ready.map(|p| p.id.as_str()).collect();
            match ids.is_empty() {
                true => "Add one in Settings or config.toml.".to_owned(),
                false => format!("Ready to use: {}.", ids.join(", ")),
            }
        };
        let Some(provider) = config.provider(id) else {
            let message = format!("There is no provider called \"{}\".", id.escape_debug());
            return Err(Error::new(Code::Usage, message, known()));
        };
        if let Some(problem) = &provider.by_variables.problem {
            return Err(unusable_variable(problem));
        }
        match (&provider.client_id, provider.is_ready()) {
            (Some(client_id), true) => Ok((provider.clone(), client_id.clone())),
            (None, _) => Err(Error::new(
                Code::Usage,
                format!(
                    "{} needs a client id, and Keyfob comes with none.",
                    provider.name
                ),
                format!(
                    "Enter the one that was issued to you or your organization, in Settings or as \
                     client_id under [providers.{}] in config.toml.",
                    provider.id
                ),
            )),
            (Some(_), false) => Err(Error::new(
                Code::Usage,
                format!("{} has no addresses to sign in at.", provider.name),
                "Give it an issuer, or an authorize_url and a token_url.",
            )),
        }
    }
}

impl SignIn {
    /// What can be said to it from elsewhere.
    pub fn handle(&self) -> SignInHandle {
        self.run.handle.clone()
    }

    /// The provider's name.
    pub fn provider(&self) -> &Provider {
        &self.run.provider
    }

    /// Waits for the answer and takes it to its end.
    pub async fn finish(self) -> Result<Status> {
        match self.way {
            Way::Here(here) => here.finish(self.run).await,
            Way::Elsewhere(elsewhere) => elsewhere.finish(self.run).await,
        }
    }
}

impl Here {
    async fn finish(mut self, mut run: Run) -> Result<Status> {
        let (answer, browser) = self.wait(&mut run).await;
        // From here on nothing else may come in.
        drop(self.listener);
        drop(self.arrivals);
        let ended = match answer {
            Ok((code, leg)) => {
                let _ = run.progress.0.send(Phase::Storing);
                exchange(&run, self.attempt, code, leg).await
            }
            Err(error) => Err(error),
        };
        if let Some(mut browser) = browser {
            let page = match &ended {
                Ok(_) => Page::signed_in(),
                Err(error) => Page::failed(error),
            };
            let _ = browser.page.send(Some(page));
            // `recv` ends when the connection has sent the page and dropped its end.
            let _ = tokio::time::timeout(PATIENCE_FOR_BROWSER, browser.shown.recv()).await;
        }
        ended
    }

    async fn wait(&mut self, run: &mut Run) -> (Result<(Secret, Leg)>, Option<Browser>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(run.deadline) => return (Err(too_late()), None),
                Some(ask) = run.asks.recv() => match ask {
                    Ask::Cancel => return (Err(cancelled()), None),
                    Ask::Paste(text, reply) => match self.attempt.answer_in_paste(text.expose()) {
                        Ok(answer) => {
                            let _ = reply.send(Ok(()));
                            return (code_of(answer), None);
                        }
                        Err(error) => {
                            let _ = reply.send(Err(error));
                        }
                    },
                },
                Some(arrival) = self.arrivals.recv() => {
                    let answer = match self.attempt.answer_in_query(&arrival.query, Leg::Loopback) {
                        Ok(answer) => code_of(answer),
                        Err(NotTheAnswer::OtherIssuer) => Err(other_issuer()),
                        Err(NotTheAnswer::Foreign(_)) => {
                            let _ = arrival.verdict.send(Verdict::Foreign);
                            continue;
                        }
                    };
                    let (page, watched) = watch::channel(None);
                    let (receipt, shown) = mpsc::channel(1);
                    let taken = Verdict::Taken { page: watched, shown: receipt };
                    let _ = arrival.verdict.send(taken);
                    return (answer, Some(Browser { page, shown }));
                }
            }
        }
    }
}

/// exchange → keep.
async fn exchange(run: &Run, attempt: Attempt, code: Secret, leg: Leg) -> Result<Status> {
    let endpoints = attempt.endpoints().clone();
    let exchange = attempt.into_exchange(code, leg);
    let (keyfob, provider) = (&run.keyfob, &run.provider);
    let (http, now) = (&keyfob.0.http, keyfob.0.edge.now());
    let granted = token_endpoint::exchange(http, provider, &endpoints.token, &exchange, now)
        .await
        .map_err(|error| error.at_sign_in(&provider.name))?;
    let asked = Asked {
        provider,
        request: &run.request,
        client_id: &exchange.client_id,
        token: &endpoints.token,
        revocation: endpoints.revocation.as_ref(),
        issuer: endpoints.issuer.as_deref(),
        nonce: exchange.nonce.as_deref(),
    };
    keyfob.complete(&asked, granted).await
}

fn code_of(answer: Answer) -> Result<(Secret, Leg)> {
    match answer {
        Answer::Code { code, leg } => Ok((code, leg)),
        Answer::Declined { error } => Err(error),
    }
}

pub(super) fn too_late() -> Error {
    Error::new(
        Code::Failed,
        "Nothing came back from the browser within five minutes, so the sign-in was ended.",
        "Sign in again when you are ready.",
    )
}

pub(super) fn cancelled() -> Error {
    Error::new(
        Code::Cancelled,
        "The sign-in was cancelled.",
        "Sign in again whenever you like.",
    )
}

/// A variable that is set wrongly is not passed over: the person would be sent elsewhere than they wanted.
pub(super) fn unusable_variable(problem: &str) -> Error {
    Error::new(
        Code::Usage,
        format!("A variable of this environment cannot be used: {problem}."),
        "Correct it or unset it, then try again.",
    )
}
