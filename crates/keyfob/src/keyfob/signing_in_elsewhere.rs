//! A sign-in on another device (RFC 8628): for machines without a browser.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use url::Url;

use super::keeping_sign_in::Asked;
use super::sign_in_handle::{Ask, Phase, SignInHandle};
use super::signing_in::{Progress, Run, SignIn, Way, cancelled};
use super::{Keyfob, SignInRequest};
use crate::error::{Code, Error, Result};
use crate::secret::Secret;
use crate::sign_in::device::{self, NotYet, Pace};
use crate::sign_in::metadata::{self, DeviceEndpoints};
use crate::sign_in::provider::Provider;
use crate::sign_in::token_endpoint::{self, Granted, TokenError};
use crate::status::Status;

/// A question that waits for its answer on another device.
pub(super) struct Elsewhere {
    endpoints: DeviceEndpoints,
    client_id: String,
    device_code: Secret,
    pace: Pace,
}

impl Keyfob {
    /// Asks the server for a code to type on another device.
    pub(super) async fn begin_elsewhere(
        &self,
        provider: Provider,
        client_id: String,
        request: SignInRequest,
    ) -> Result<SignIn> {
        let http = &self.0.http;
        let endpoints = metadata::device_endpoints(http, &provider).await?;
        let answer = device::begin(http, &provider, &endpoints.device, &client_id)
            .await
            .map_err(|error| not_begun(error, &provider.name))?;
        let (ask, asks) = mpsc::channel(4);
        // Nothing arrives here; the handle has the same ends for both ways.
        let (arrivals, _) = mpsc::channel(1);
        let (phase, watched) = watch::channel(Phase::Waiting);
        let now = self.0.edge.now();
        let lifetime = SignedDuration::try_from(answer.lifetime).unwrap_or(SignedDuration::ZERO);
        let handle = SignInHandle {
            asks: ask,
            arrivals,
            phase: watched,
            redirect_url: None,
            paste_url: None,
            device: Some(answer.prompt),
            ends_at: now.saturating_add(lifetime).unwrap_or(now),
        };
        Ok(SignIn {
            run: Run {
                keyfob: self.clone(),
                provider,
                request,
                asks,
                progress: Progress(phase),
                deadline: Instant::now() + answer.lifetime,
                handle,
            },
            way: Way::Elsewhere(Box::new(Elsewhere {
                endpoints,
                client_id,
                device_code: answer.device_code,
                pace: answer.pace,
            })),
        })
    }
}

impl Elsewhere {
    /// wait → ask → … → keep.
    pub(super) async fn finish(mut self, mut run: Run) -> Result<Status> {
        let name = run.provider.name.clone();
        let mut pause = self.pace.wait();
        loop {
            self.rest(&mut run, pause).await?;
            // A question that is asked is heard to its end: what it gives would be lost else.
            match self.ask(&run).await {
                Ok(granted) => {
                    let _ = run.progress.0.send(Phase::Storing);
                    return self.keep(&run, granted).await;
                }
                Err(error) => match self.pace.after(error) {
                    NotYet::In(wait) => pause = wait,
                    NotYet::Declined => return Err(declined()),
                    NotYet::Expired => return Err(expired()),
                    NotYet::Over(error) => return Err(error.at_sign_in(&name)),
                },
            }
        }
    }

    /// Waits for the next time to ask. An error is the end of it all.
    async fn rest(&self, run: &mut Run, pause: Duration) -> Result<()> {
        let again = Instant::now() + pause;
        if again >= run.deadline {
            tokio::select! {
                () = tokio::time::sleep_until(run.deadline) => return Err(expired()),
                () = was_cancelled(&mut run.asks) => return Err(cancelled()),
            }
        }
        tokio::select! {
            () = tokio::time::sleep_until(again) => Ok(()),
            () = was_cancelled(&mut run.asks) => Err(cancelled()),
        }
    }

    async fn ask(&self, run: &Run) -> Result<Granted, TokenError> {
        let (http, now) = (&run.keyfob.0.http, run.keyfob.0.edge.now());
        let (provider, token): (_, &Url) = (&run.provider, &self.endpoints.token);
        let code = &self.device_code;
        token_endpoint::poll_device(http, provider, token, &self.client_id, code, now).await
    }

    async fn keep(&self, run: &Run, granted: Granted) -> Result<Status> {
        let asked = Asked {
            provider: &run.provider,
            request: &run.request,
            client_id: &self.client_id,
            token: &self.endpoints.token,
            revocation: self.endpoints.revocation.as_ref(),
            issuer: self.endpoints.issuer.as_deref(),
            // RFC 8628 has no place for one; the device code ties the answer to this attempt.
            nonce: None,
        };
        run.keyfob.complete(&asked, granted).await
    }
}

/// Waits until somebody cancels. A code cannot be pasted here.
async fn was_cancelled(asks: &mut mpsc::Receiver<Ask>) {
    loop {
        match asks.recv().await {
            Some(Ask::Cancel) => return,
            Some(Ask::Paste(_, reply)) => {
                let _ = reply.send(Err(no_paste()));
            }
            // Nobody is left who could.
            None => std::future::pending().await,
        }
    }
}

fn no_paste() -> Error {
    Error::new(
        Code::NotAccepted,
        "Nothing is pasted in this sign-in.",
        "Type the code that is shown here on the other device.",
    )
}

fn declined() -> Error {
    Error::new(
        Code::Failed,
        "You declined on the other device, so nothing was signed in.",
        "Sign in again whenever you like.",
    )
    .detail("access_denied")
}

fn expired() -> Error {
    Error::new(
        Code::Failed,
        "The code was not used in time, so the sign-in was ended.",
        "Sign in again: a new code is shown.",
    )
    .detail("expired_token")
}

fn not_begun(error: TokenError, provider: &str) -> Error {
    let (code, message, cure, detail) = match error {
        TokenError::Refused { detail, .. } => (
            Code::Failed,
            format!("{provider} refused a sign-in on another device."),
            "Check that its client id is allowed to use the device flow, and its scopes.",
            detail,
        ),
        TokenError::Busy { detail, .. } => (
            Code::Network,
            format!("{provider} is busy and did not begin the sign-in."),
            "Wait a minute, then sign in again.",
            detail,
        ),
        TokenError::Unreachable(why) => (
            Code::Network,
            format!("{provider} could not be reached to begin the sign-in."),
            "Check the network, then sign in again.",
            why,
        ),
        TokenError::NotUnderstood(why) => (
            Code::Network,
            format!("{provider} answered in a way that Keyfob does not understand."),
            "Check the provider's device_authorization_url; then sign in again.",
            why,
        ),
    };
    Error::new(code, message, cure).detail(detail)
}
