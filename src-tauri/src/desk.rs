//! What the program remembers while it runs: the core, the sign-in under way, the practice server, the tray.

use std::sync::{Mutex, PoisonError};

use keyfob::{
    Code, Error, Keyfob, LinkedSignInRequest, ListenerChoice, Listening, Moved, Phase, Result,
    Secret, SignInHandle, SignInRequest, Status, StorageChoice,
};
use tauri::{AppHandle, Emitter, Manager};
use tokio::sync::watch;

use crate::background::Background;
use crate::browser;
use crate::clipboard::Copied;
use crate::leaving::{Leaving, Pending};
use crate::plugin_listener::PluginListener;
use crate::practice::Practice;
use crate::storage::Storage;
use crate::tray::Tray;
use crate::view::{SignInEnded, WaitingView};

/// Told to the page when accounts, providers or the sign-in under way have changed.
pub(crate) const CHANGED: &str = "changed";

/// Told to the page when a sign-in is over.
pub(crate) const SIGN_IN_ENDED: &str = "sign_in_ended";

/// What the program remembers, with a window or without.
pub(crate) struct Desk {
    pub(crate) keyfob: Keyfob,
    /// The same for what nobody asked for: it opens no dialog.
    pub(crate) unattended: Keyfob,
    pub(crate) background: Background,
    pub(crate) practice: Practice,
    pub(crate) storage: Storage,
    pub(crate) pending: Pending,
    pub(crate) copied: Copied,
    pub(crate) tray: Tray,
    pub(crate) leaving: Leaving,
    under_way: Mutex<Option<UnderWay>>,
    /// Held while an attempt begins: there is one at a time.
    beginning: tokio::sync::Mutex<()>,
    newest: watch::Sender<Newest>,
}

/// The attempt that was asked for last, and whether it was then cancelled.
#[derive(Clone, Copy, Default)]
struct Newest {
    number: u64,
    cancelled: bool,
}

impl Newest {
    fn wants(self, number: u64) -> bool {
        self.number == number && !self.cancelled
    }
}

/// Who signs in.
pub(crate) enum By {
    /// Keyfob, at a provider; to an account again, where one is named.
    Keyfob {
        provider: String,
        account: Option<String>,
    },
    /// The program that will hold the session.
    Other(LinkedSignInRequest),
}

/// The sign-in under way, and how it looks.
#[derive(Clone)]
struct UnderWay {
    handle: SignInHandle,
    view: WaitingView,
}

impl Desk {
    pub(crate) fn new(keyfob: Keyfob, unattended: Keyfob) -> Self {
        Self {
            keyfob,
            unattended,
            background: Background::default(),
            practice: Practice::default(),
            storage: Storage::default(),
            pending: Pending::default(),
            copied: Copied::default(),
            tray: Tray::default(),
            leaving: Leaving::default(),
            under_way: Mutex::default(),
            beginning: tokio::sync::Mutex::default(),
            newest: watch::Sender::default(),
        }
    }

    /// Changes files, where it holds up nobody else: their locks may have to be waited for.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Keyfob) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _pending = self.pending.begin();
        let keyfob = self.keyfob.clone();
        let worked = tauri::async_runtime::spawn_blocking(move || work(&keyfob)).await;
        worked.unwrap_or_else(|_| {
            Err(Error::new(
                Code::Failed,
                "The change broke off inside Keyfob.",
                "Try again, and please report this.",
            ))
        })
    }

    /// Moves secrets to another store, which a new passphrase opens where one is given.
    pub(crate) async fn move_storage(
        &self,
        to: StorageChoice,
        passphrase: Option<Secret>,
    ) -> Result<Moved> {
        if let Some(passphrase) = &passphrase {
            self.keyfob.give_passphrase(passphrase.clone());
        }
        let moved = self.keyfob.move_storage(to).await?;
        if let Some(passphrase) = passphrase {
            self.unattended.give_passphrase(passphrase);
        }
        Ok(moved)
    }

    /// Opens the encrypted files for as long as the program runs, here and in the background.
    pub(crate) async fn unlock_storage(&self, passphrase: Secret) -> Result<()> {
        self.keyfob.unlock_storage(passphrase.clone()).await?;
        self.unattended.unlock_storage(passphrase).await
    }

    /// Whether a token is being renewed, by whomever in this program.
    pub(crate) fn is_renewing(&self) -> bool {
        self.keyfob.is_renewing() || self.unattended.is_renewing()
    }

    /// Waits until no token is being renewed, and begins no more in the background.
    pub(crate) async fn settled(&self) {
        self.background.stop();
        tokio::join!(self.keyfob.settled(), self.unattended.settled());
    }

    /// The sign-in under way, as the page shows it.
    pub(crate) fn waiting(&self) -> Option<WaitingView> {
        let under_way = self.under_way()?;
        Some(WaitingView {
            exchanging: under_way.handle.phase() == Phase::Storing,
            ..under_way.view
        })
    }

    /// The sign-in under way, to talk to.
    pub(crate) fn handle(&self) -> Result<SignInHandle> {
        let under_way = self.under_way();
        under_way.map(|u| u.handle).ok_or_else(|| {
            Error::new(
                Code::Failed,
                "No sign-in is under way.",
                "Begin one with Sign in.",
            )
        })
    }

    /// Ends the sign-in that waits, and one that is only beginning.
    pub(crate) async fn cancel_sign_in(&self) {
        self.newest.send_modify(|newest| newest.cancelled = true);
        self.cancel_under_way().await;
    }

    /// Begins a sign-in, unless a newer one is begun or it is cancelled before it could.
    pub(crate) async fn begin_sign_in(&self, app: &AppHandle, by: By) -> Result<WaitingView> {
        let mut number = 0;
        self.newest.send_modify(|newest| {
            number = newest.number + 1;
            *newest = Newest {
                number,
                cancelled: false,
            };
        });
        let mut newest = self.newest.subscribe();
        tokio::select! {
            biased;
            _ = newest.wait_for(|newest| !newest.wants(number)) => Err(cancelled()),
            begun = self.begin(app, number, by) => begun,
        }
    }

    /// begin → open the browser → wait in a task of its own → tell the page how it ended.
    async fn begin(&self, app: &AppHandle, number: u64, by: By) -> Result<WaitingView> {
        let _one_at_a_time = self.beginning.lock().await;
        // The newest wish counts; an older attempt would only wait for a browser tab that nobody looks at.
        self.cancel_under_way().await;
        match by {
            By::Keyfob { provider, account } => {
                self.begin_own(app, number, provider, account).await
            }
            By::Other(request) => self.begin_linked(app, number, request).await,
        }
    }

    /// The other program opens the browser itself, and its session stays with it.
    async fn begin_linked(
        &self,
        app: &AppHandle,
        number: u64,
        request: LinkedSignInRequest,
    ) -> Result<WaitingView> {
        let sign_in = self.keyfob.begin_linked_sign_in(request).await?;
        let handle = sign_in.handle();
        let view = WaitingView {
            provider_id: String::new(),
            provider_name: sign_in.program().name().to_owned(),
            payer: sign_in.payer(),
            practice: false,
            ends_at: handle.ends_at().to_string(),
            can_paste: true,
            listens: handle.listens(),
            browser_problem: None,
            exchanging: false,
            program: Some(sign_in.program()),
        };
        self.now_under_way(number, &handle, &view)?;
        see_through(app, number, handle, sign_in.finish());
        Ok(view)
    }

    async fn begin_own(
        &self,
        app: &AppHandle,
        number: u64,
        provider: String,
        account: Option<String>,
    ) -> Result<WaitingView> {
        let plugin = match self.keyfob.config()?.listener {
            ListenerChoice::Plugin => Some(PluginListener::start()?),
            ListenerChoice::Own => None,
        };
        let request = SignInRequest {
            provider,
            account,
            label: None,
            listening: plugin
                .as_ref()
                .map_or(Listening::Own(0), |p| Listening::Elsewhere(p.port())),
        };
        let sign_in = self.keyfob.begin_sign_in(request).await?;
        let handle = sign_in.handle();
        let url = handle.url().cloned();
        let provider = sign_in.provider();
        let view = WaitingView {
            provider_id: provider.id.to_string(),
            provider_name: provider.name.clone(),
            payer: provider.payer,
            practice: provider.practice,
            ends_at: handle.ends_at().to_string(),
            can_paste: handle.paste_url().is_some(),
            listens: handle.listens(),
            browser_problem: url.and_then(|url| browser::open(app, url.as_str()).err()),
            exchanging: false,
            program: None,
        };
        self.now_under_way(number, &handle, &view)?;
        let fed = handle.clone();
        see_through(app, number, handle, async move {
            // Lives as long as the attempt: dropping it closes its port.
            let _plugin = plugin.map(|plugin| plugin.feed(fed));
            sign_in.finish().await
        });
        Ok(view)
    }

    /// Remembers the attempt, unless it is no longer wanted.
    fn now_under_way(&self, number: u64, handle: &SignInHandle, view: &WaitingView) -> Result<()> {
        // Whoever cancels says so first and then looks here, so one of the two sees the other.
        let mut under_way = self.lock();
        if !self.newest.borrow().wants(number) {
            return Err(cancelled());
        }
        *under_way = Some(UnderWay {
            handle: handle.clone(),
            view: view.clone(),
        });
        Ok(())
    }

    /// What is being stored cannot be cancelled any more, and would not hear of it.
    async fn cancel_under_way(&self) {
        let waiting = self
            .handle()
            .ok()
            .filter(|handle| handle.phase() == Phase::Waiting);
        if let Some(handle) = waiting {
            handle.cancel().await;
        }
    }

    fn under_way(&self) -> Option<UnderWay> {
        let under_way = self.lock().clone();
        under_way.filter(|under_way| under_way.handle.phase() != Phase::Over)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<UnderWay>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a sign-in to its end, and tells the page how far it is.
fn see_through(
    app: &AppHandle,
    number: u64,
    mut progress: SignInHandle,
    ending: impl Future<Output = Result<Status>> + Send + 'static,
) {
    let teller = app.clone();
    tauri::async_runtime::spawn(async move {
        while progress.phase_changed().await != Phase::Over {
            tell(&teller, CHANGED, ());
        }
    });
    let teller = app.clone();
    // All of it counts as pending, since it may turn from waiting to storing at any time. Who wants to end the
    // program cancels it first, which ends one that only waits.
    let pending = app.state::<Desk>().pending.begin();
    tauri::async_runtime::spawn(async move {
        let ended = match ending.await {
            Ok(account) => SignInEnded::SignedIn {
                account: Box::new(account),
            },
            Err(error) if error.code == Code::Cancelled => SignInEnded::Cancelled,
            Err(error) => SignInEnded::Failed { error },
        };
        drop(pending);
        // The page shows the newest attempt, and would take the end of an older one for its end.
        if teller.state::<Desk>().newest.borrow().number == number {
            tell(&teller, SIGN_IN_ENDED, ended);
        }
        tell(&teller, CHANGED, ());
    });
}

fn cancelled() -> Error {
    Error::new(
        Code::Cancelled,
        "The sign-in was cancelled.",
        "Sign in again whenever you like.",
    )
}

/// Tells the page. A page that is not there yet asks for everything when it comes.
pub(crate) fn tell<T: serde::Serialize + Clone>(app: &AppHandle, event: &str, what: T) {
    if app.get_webview_window("main").is_some() {
        let _ = app.emit_to("main", event, what);
    }
}
