//! What can be said to a sign-in under way, from wherever the person is: the window, the terminal, a listener.

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};
use url::Url;

use crate::error::{Code, Error, Result};
use crate::secret::Secret;
use crate::sign_in::device::DevicePrompt;
use crate::sign_in::redirect::{Arrival, Verdict};

/// How far a sign-in is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The person is in the browser.
    Waiting,
    /// The answer is here; tokens are being fetched and stored. It cannot be cancelled any more.
    Storing,
    /// It is over.
    Over,
}

/// What can be said to a sign-in under way.
#[derive(Debug, Clone)]
pub struct SignInHandle {
    pub(super) asks: mpsc::Sender<Ask>,
    pub(super) arrivals: mpsc::Sender<Arrival>,
    pub(super) phase: watch::Receiver<Phase>,
    pub(super) redirect_url: Option<Url>,
    pub(super) paste_url: Option<Url>,
    pub(super) device: Option<DevicePrompt>,
    pub(super) ends_at: Timestamp,
}

/// What is said.
#[derive(Debug)]
pub(super) enum Ask {
    Paste(Secret, oneshot::Sender<Result<()>>),
    Cancel,
}

impl SignInHandle {
    /// What to open in a browser on this computer: the redirect comes back by itself. Where only a code can be
    /// pasted, the page that shows it.
    pub fn url(&self) -> Option<&Url> {
        self.redirect_url.as_ref().or(self.paste_url.as_ref())
    }

    /// What to open in a browser on any computer: a page shows the code to paste.
    pub fn paste_url(&self) -> Option<&Url> {
        self.paste_url.as_ref()
    }

    /// What to type on another device, where that is how it goes on.
    pub fn device(&self) -> Option<&DevicePrompt> {
        self.device.as_ref()
    }

    /// Whether a redirect is waited for.
    pub fn listens(&self) -> bool {
        self.redirect_url.is_some()
    }

    /// When it ends by itself.
    pub fn ends_at(&self) -> Timestamp {
        self.ends_at
    }

    /// How far it is.
    pub fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Waits until it is further than it was.
    pub async fn phase_changed(&mut self) -> Phase {
        match self.phase.changed().await {
            Ok(()) => self.phase(),
            Err(_) => Phase::Over,
        }
    }

    /// Hands in what a person pasted. An error says why that is not it; the sign-in goes on waiting.
    pub async fn paste(&self, text: Secret) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        // A message that could not be sent still holds its reply's other end, so it must not be waited for.
        if self.asks.send(Ask::Paste(text, reply)).await.is_err() {
            return Err(over());
        }
        let mut phase = self.phase.clone();
        tokio::select! {
            biased;
            answer = answer => answer.unwrap_or_else(|_| Err(over())),
            _ = phase.wait_for(|phase| *phase != Phase::Waiting) => Err(over()),
        }
    }

    /// Hands in a URL that a listener elsewhere was asked for. Gives whether it was the answer.
    pub async fn arrived(&self, url: &Url) -> bool {
        let (verdict, answer) = oneshot::channel();
        let query = url.query().unwrap_or_default().to_owned();
        let arrival = Arrival { query, verdict };
        if url.path() != "/callback" || self.arrivals.send(arrival).await.is_err() {
            return false;
        }
        let mut phase = self.phase.clone();
        tokio::select! {
            biased;
            answer = answer => matches!(answer, Ok(Verdict::Taken { .. })),
            _ = phase.wait_for(|phase| *phase != Phase::Waiting) => false,
        }
    }

    /// Ends it, if it still waits.
    pub async fn cancel(&self) {
        let _ = self.asks.send(Ask::Cancel).await;
    }
}

fn over() -> Error {
    Error::new(
        Code::Failed,
        "This sign-in is already over.",
        "Sign in again to begin a new one.",
    )
}
