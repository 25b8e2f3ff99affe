//! What the window remembers while it is open: the core, the sign-in under way, the practice server.

use std::sync::{Mutex, PoisonError};

use keyfob::{
    Code, Error, Keyfob, ListenerChoice, Listening, Phase, Result, SignInHandle, SignInRequest,
};
use tauri::{AppHandle, Emitter, Manager};

use crate::browser;
use crate::plugin_listener::PluginListener;
use crate::practice::Practice;
use crate::view::{SignInEnded, WaitingView};

/// Told to the page when accounts, providers or the sign-in under way have changed.
pub(crate) const CHANGED: &str = "changed";

/// Told to the page when a sign-in is over.
pub(crate) const SIGN_IN_ENDED: &str = "sign_in_ended";

/// What the window remembers.
pub(crate) struct Desk {
    pub(crate) keyfob: Keyfob,
    pub(crate) practice: Practice,
    under_way: Mutex<Option<UnderWay>>,
}

/// The sign-in under way, and how it looks.
#[derive(Clone)]
struct UnderWay {
    handle: SignInHandle,
    view: WaitingView,
}

impl Desk {
    pub(crate) fn new(keyfob: Keyfob) -> Self {
        Self {
            keyfob,
            practice: Practice::default(),
            under_way: Mutex::default(),
        }
    }

    /// The sign-in under way, as the page shows it.
    pub(crate) fn waiting(&self) -> Option<WaitingView> {
        let under_way = self.under_way()?;
        match under_way.handle.phase() {
            Phase::Over => None,
            phase => Some(WaitingView {
                exchanging: phase == Phase::Storing,
                ..under_way.view
            }),
        }
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

    /// begin → open the browser → wait in a task of its own → tell the page how it ended.
    pub(crate) async fn begin_sign_in(
        &self,
        app: &AppHandle,
        provider: String,
        account: Option<String>,
    ) -> Result<WaitingView> {
        // The newest wish counts; an older attempt would only wait for a browser tab that nobody looks at.
        if let Ok(older) = self.handle() {
            older.cancel().await;
        }
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
        };
        *self.lock() = Some(UnderWay {
            handle: handle.clone(),
            view: view.clone(),
        });

        let teller = app.clone();
        let mut progress = handle.clone();
        tauri::async_runtime::spawn(async move {
            while progress.phase_changed().await != Phase::Over {
                tell(&teller, CHANGED, ());
            }
        });
        let teller = app.clone();
        tauri::async_runtime::spawn(async move {
            // Lives as long as the attempt: dropping it closes its port.
            let plugin = plugin.map(|plugin| plugin.feed(handle));
            let ended = match sign_in.finish().await {
                Ok(account) => SignInEnded::SignedIn {
                    account: Box::new(account),
                },
                Err(error) if error.code == Code::Cancelled => SignInEnded::Cancelled,
                Err(error) => SignInEnded::Failed { error },
            };
            drop(plugin);
            tell(&teller, SIGN_IN_ENDED, ended);
            tell(&teller, CHANGED, ());
        });
        Ok(view)
    }

    fn under_way(&self) -> Option<UnderWay> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<UnderWay>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the page. A page that is not there yet asks for everything when it comes.
pub(crate) fn tell<T: serde::Serialize + Clone>(app: &AppHandle, event: &str, what: T) {
    if app.get_webview_window("main").is_some() {
        let _ = app.emit_to("main", event, what);
    }
}
