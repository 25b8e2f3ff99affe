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
use super::matching::{completed, same_person, wished_label};
use super::noting::facts_of;
use super::sign_in_handle::{Ask, Phase, SignInHandle};
use crate::account::{Account, AccountId, Facts, Identity, Method, Owner};
use crate::accounts::checked_label;
use crate::activity::What;
use crate::credential::{Credential, OAuthTokens};
use crate::custody::lock::Held;
use crate::custody::store::StoreError;
use crate::error::{Code, Error, Result};
use crate::secret::Secret;
use crate::sign_in::attempt::{
    Answer, Attempt, Endpoints, Exchange, Leg, NotTheAnswer, other_issuer,
};
use crate::sign_in::metadata;
use crate::sign_in::page::Page;
use crate::sign_in::provider::{Provider, Redirect};
use crate::sign_in::redirect::{Arrival, Bound, Listener, Verdict};
use crate::sign_in::token_endpoint;
use crate::status::Status;

/// How long a person may take in the browser.
const LIMIT: Duration = Duration::from_secs(5 * 60);

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
}

impl Default for Listening {
    fn default() -> Self {
        Self::Own(0)
    }
}

/// A sign-in under way. [`SignIn::finish`] takes it to its end.
pub struct SignIn {
    keyfob: Keyfob,
    provider: Provider,
    request: SignInRequest,
    attempt: Attempt,
    listener: Option<Listener>,
    arrivals: mpsc::Receiver<Arrival>,
    asks: mpsc::Receiver<Ask>,
    progress: Progress,
    deadline: Instant,
    handle: SignInHandle,
}

/// Tells the handles how far it is; however the sign-in ends, they learn that it is over.
struct Progress(watch::Sender<Phase>);

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
        let endpoints = metadata::endpoints(&self.0.http, &provider).await?;

        let (arrival, arrivals) = mpsc::channel(16);
        let (listener, port) = match (provider.redirect, request.listening) {
            (Redirect::Paste, _) => (None, None),
            (_, Listening::Elsewhere(port)) => (None, Some(port)),
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
        let (verifier, state) = (self.0.edge.random()?, self.0.edge.random()?);
        let attempt = Attempt::new(&provider, &client_id, endpoints, port, verifier, state);
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
            ends_at: now.saturating_add(limit).unwrap_or(now),
        };
        Ok(SignIn {
            keyfob: self.clone(),
            provider,
            request,
            attempt,
            listener,
            arrivals,
            asks,
            progress: Progress(phase),
            deadline: Instant::now() + LIMIT,
            handle,
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

    /// exchange → keep; what cannot be kept is given back.
    async fn complete(
        &self,
        provider: &Provider,
        request: &SignInRequest,
        endpoints: &Endpoints,
        exchange: &Exchange,
    ) -> Result<Status> {
        let (http, now) = (&self.0.http, self.0.edge.now());
        let granted = token_endpoint::exchange(http, provider, &endpoints.token, exchange, now)
            .await
            .map_err(|error| error.at_sign_in(&provider.name))?;
        let tokens = granted.tokens.clone();
        let said = Said {
            identity: granted.answer.identity,
            scopes: granted.answer.scopes,
            what: What::SignedIn,
        };
        let kept = self.keep_sign_in(provider, request, granted.tokens, said);
        match kept.await {
            Ok(id) => self.status(Some(id.as_str())),
            Err(NotKept { error, is_nobodys }) => {
                if let Some(revocation) = endpoints.revocation.as_ref().filter(|_| is_nobodys) {
                    // Whether the server hears it is its affair.
                    let id = &exchange.client_id;
                    let _ = token_endpoint::revoke(http, revocation, id, &tokens).await;
                }
                Err(error)
            }
        }
    }

    /// lock → store and read back → list.
    pub(super) async fn keep_sign_in(
        &self,
        provider: &Provider,
        request: &SignInRequest,
        tokens: OAuthTokens,
        said: Said,
    ) -> Result<AccountId, NotKept> {
        let accounts = self.0.accounts.read()?;
        let identity = said.identity;
        let known = same_person(&accounts, provider, request, &identity).map(|a| a.id.clone());
        let id = match known {
            Some(id) => id,
            None => AccountId::from_random(self.0.edge.random()?),
        };
        let held = self.0.locks.account(&id).await?;
        let label = match accounts.get(&id) {
            Some(account) => account.label.clone(),
            None => wished_label(request, provider, &identity),
        };
        let scopes = said.scopes.unwrap_or_else(|| provider.scopes.clone());
        let facts = Facts::Tokens(facts_of(&tokens, scopes));
        let before = match accounts.get(&id) {
            // What cannot be read could not be put back.
            Some(_) => match self.0.vault.load(&id).await {
                Ok(before) => before,
                Err(StoreError::NotUnderstood) => None,
                Err(error) => return Err(Error::from(error).into()),
            },
            None => None,
        };
        let credential = Credential::OAuth(tokens);
        let saved = self.0.vault.save(&held, &id, &label, &credential).await;
        let held = match saved {
            Ok(()) => held,
            Err(error) => {
                // A store that is only slow still does it, and has the lock until then.
                drop(held);
                let stored = self.stored_after_all(&id, &label, &credential, &before);
                stored.await.map_err(|is_nobodys| NotKept {
                    error: error.into(),
                    is_nobodys,
                })?
            }
        };
        let listed = self.0.accounts.change(|accounts| {
            match accounts.get_mut(&id) {
                Some(account) => {
                    account.generation += 1;
                    account.identity = completed(identity, &account.identity);
                    account.payer = provider.payer;
                    account.practice = provider.practice;
                    account.facts = facts;
                }
                None => accounts.add(Account {
                    id: id.clone(),
                    label: accounts.free_label(&label),
                    method: Method::OAuth,
                    owner: Owner::Keyfob,
                    provider: Some(provider.id.clone()),
                    payer: provider.payer,
                    generation: 1,
                    practice: provider.practice,
                    identity,
                    created_at: self.0.edge.now(),
                    facts,
                }),
            }
            if accounts.fell_back_from(&id) {
                accounts.fell_back = None;
            }
            Ok(())
        });
        if let Err(error) = listed {
            // What no list names would never be found again, and what was there before is still good.
            let is_nobodys = self.put_back(&held, &id, &label, &before).await;
            return Err(NotKept { error, is_nobodys });
        }
        self.forget_unsaved(&id);
        self.0.renewals.end(&id);
        if let Some(account) = self.0.accounts.read()?.get(&id) {
            self.tell(account, said.what, None);
        }
        Ok(id)
    }
}

impl Keyfob {
    /// The lock again, where what a store seemed to refuse is in it after all. Else puts back what was there before,
    /// and says whether the new tokens are nobody's by that.
    pub(super) async fn stored_after_all(
        &self,
        id: &AccountId,
        label: &str,
        credential: &Credential,
        before: &Option<Credential>,
    ) -> Result<Held, bool> {
        let Ok(held) = self.0.locks.account(id).await else {
            return Err(before.is_none());
        };
        match self.0.vault.load(id).await {
            Ok(Some(stored)) if stored == *credential => Ok(held),
            _ => Err(self.put_back(&held, id, label, before).await),
        }
    }

    /// Puts back what was in the store before a sign-in that could not be kept, and says whether the new tokens may be
    /// revoked: not those that may lie over older ones, because they are then all that is left.
    pub(super) async fn put_back(
        &self,
        held: &Held,
        id: &AccountId,
        label: &str,
        before: &Option<Credential>,
    ) -> bool {
        match before {
            Some(before) => self.0.vault.save(held, id, label, before).await.is_ok(),
            None => {
                let erased = self.0.vault.delete(held, id).await.is_ok();
                // Of an account that is listed, what lies there is found again.
                let is_listed = self
                    .0
                    .accounts
                    .read()
                    .is_ok_and(|all| all.get(id).is_some());
                erased || !is_listed
            }
        }
    }
}

/// What is known beside tokens that are to be kept.
pub(super) struct Said {
    pub(super) identity: Identity,
    /// What the person agreed to; none where that is what the provider asks for.
    pub(super) scopes: Option<Vec<String>>,
    /// How they came in.
    pub(super) what: What,
}

/// A sign-in that came about at the server, and could not be kept here.
pub(super) struct NotKept {
    pub(super) error: Error,
    /// Whether its tokens are certainly not in the store, or named by no list, so that the server may be told to
    /// forget them.
    is_nobodys: bool,
}

impl From<Error> for NotKept {
    fn from(error: Error) -> Self {
        Self {
            error,
            is_nobodys: true,
        }
    }
}

impl SignIn {
    /// What can be said to it from elsewhere.
    pub fn handle(&self) -> SignInHandle {
        self.handle.clone()
    }

    /// The provider's name.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Waits for the answer and takes it to its end.
    pub async fn finish(mut self) -> Result<Status> {
        let (answer, browser) = self.wait().await;
        // From here on nothing else may come in.
        drop(self.listener);
        drop(self.arrivals);
        let ended = match answer {
            Ok((code, leg)) => {
                let _ = self.progress.0.send(Phase::Storing);
                let endpoints = self.attempt.endpoints().clone();
                let exchange = self.attempt.into_exchange(code, leg);
                self.keyfob
                    .complete(&self.provider, &self.request, &endpoints, &exchange)
                    .await
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

    async fn wait(&mut self) -> (Result<(Secret, Leg)>, Option<Browser>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(self.deadline) => return (Err(too_late()), None),
                Some(ask) = self.asks.recv() => match ask {
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

fn code_of(answer: Answer) -> Result<(Secret, Leg)> {
    match answer {
        Answer::Code { code, leg } => Ok((code, leg)),
        Answer::Declined { error } => Err(error),
    }
}

fn too_late() -> Error {
    Error::new(
        Code::Failed,
        "Nothing came back from the browser within five minutes, so the sign-in was ended.",
        "Sign in again when you are ready.",
    )
}

fn cancelled() -> Error {
    Error::new(
        Code::Cancelled,
        "The sign-in was cancelled.",
        "Sign in again whenever you like.",
    )
}
