//! How the program ends: not before what a server has already given is stored, and not with a secret of ours in the
//! clipboard.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Manager, RunEvent, Wry};
use tokio::sync::watch;

use crate::clipboard;
use crate::desk::Desk;
use crate::preferences;

/// How long the program goes on without its window for work that is not done.
const PATIENCE: Duration = Duration::from_secs(40);

/// How long it goes on for renewals: a server may take half a minute twice, and a keychain its time.
const PATIENCE_FOR_RENEWALS: Duration = Duration::from_secs(100);

/// How long it goes on for a clipboard that does not answer.
const PATIENCE_FOR_CLIPBOARD: Duration = Duration::from_secs(5);

/// Work that has to come to its end before the program does, counted.
#[derive(Default)]
pub(crate) struct Pending(watch::Sender<usize>);

/// One such work. It counts until this is dropped.
pub(crate) struct Work(watch::Sender<usize>);

impl Pending {
    pub(crate) fn begin(&self) -> Work {
        self.0.send_modify(|count| *count += 1);
        Work(self.0.clone())
    }

    fn any(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Waits until nothing is pending, but not without end.
    async fn ended(&self) {
        let mut count = self.0.subscribe();
        let _ = tokio::time::timeout(PATIENCE, count.wait_for(|count| *count == 0)).await;
    }

    /// Nobody waits any more for what is still pending.
    fn give_up(&self) {
        self.0.send_replace(0);
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// Whether somebody wants the program to end, and not only its window.
#[derive(Default)]
pub(crate) struct Leaving(AtomicBool);

impl Leaving {
    fn wanted(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    fn want(&self, wanted: bool) {
        self.0.store(wanted, Ordering::SeqCst);
    }
}

/// The window is closed. In the tray the program goes on as it was, and with work left to do until that is done;
/// `AppHandle::exit` comes with a code and is never held up.
pub(crate) fn on_event(app: &AppHandle, event: RunEvent) {
    match event {
        RunEvent::ExitRequested {
            code: None, api, ..
        } => {
            let desk = app.state::<Desk>();
            if stays(app) {
                api.prevent_exit();
            } else if desk.pending.any() || desk.copied.any() || desk.is_renewing() {
                api.prevent_exit();
                tauri::async_runtime::spawn(leave(app.clone()));
            }
        }
        // A click on the icon in the Dock.
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { .. } => crate::raise(app),
        _ => {}
    }
}

/// Whether the program goes on without its window. Where there is no tray, nobody would find it again.
fn stays(app: &AppHandle) -> bool {
    let desk = app.state::<Desk>();
    !desk.leaving.wanted() && desk.tray.is_there() && preferences::load(app).keep_running
}

/// Ends the program, as closing its window does where it does not stay in the tray.
pub(crate) fn quit(app: &AppHandle) {
    app.state::<Desk>().leaving.want(true);
    let closing = app
        .get_webview_window("main")
        .map(|window| window.destroy());
    // With a window, its end is the next event. Without one there is none.
    if !matches!(closing, Some(Ok(()))) {
        tauri::async_runtime::spawn(leave(app.clone()));
    }
}

/// A logout or a shutdown asks every program to end. It does so as carefully as "Quit".
#[cfg(unix)]
pub(crate) fn when_asked_from_outside(app: &AppHandle) {
    use tokio::signal::unix::{SignalKind, signal};

    for kind in [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
    ] {
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            // Where it cannot be heard, it ends the program as it always does.
            if let Ok(mut heard) = signal(kind) {
                heard.recv().await;
                quit(&app);
            }
        });
    }
}

/// Windows and its window tell each other by themselves.
#[cfg(not(unix))]
pub(crate) fn when_asked_from_outside(_: &AppHandle) {}

async fn leave(app: AppHandle) {
    let desk = app.state::<Desk>();
    desk.cancel_sign_in().await;
    desk.pending.ended().await;
    // Keyfob was started again meanwhile, and its window is open.
    if app.get_webview_window("main").is_some() {
        desk.leaving.want(false);
        return;
    }
    let _ = tokio::time::timeout(PATIENCE_FOR_RENEWALS, desk.settled()).await;
    desk.pending.give_up();
    let clearer = app.clone();
    let clearing = tauri::async_runtime::spawn_blocking(move || clipboard::take_out(&clearer));
    let _ = tokio::time::timeout(PATIENCE_FOR_CLIPBOARD, clearing).await;
    app.exit(0);
}

/// Sees the very end, which on macOS comes without being asked for (Quit in the menu); after [`leave`] nothing is left
/// to do here.
///
/// It is a plugin because the clipboard's plugin gives the clipboard up at this event, and plugins hear of it before
/// the program does, in the order in which they were added: this one has to be added first.
pub(crate) fn last_things() -> TauriPlugin<Wry> {
    tauri::plugin::Builder::new("last-things")
        .on_event(|app, event| {
            if let RunEvent::Exit = event {
                let desk = app.state::<Desk>();
                tauri::async_runtime::block_on(async {
                    desk.cancel_sign_in().await;
                    desk.pending.ended().await;
                    let _ = tokio::time::timeout(PATIENCE_FOR_RENEWALS, desk.settled()).await;
                });
                clipboard::take_out(app);
            }
        })
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_waits_for_pending_work() {
        let pending = Pending::default();
        let (one, two) = (pending.begin(), pending.begin());
        drop(one);
        assert!(pending.any());
        let soon = Duration::from_millis(20);
        assert!(tokio::time::timeout(soon, pending.ended()).await.is_err());
        drop(two);
        pending.ended().await;
        assert!(!pending.any());
    }

    #[tokio::test]
    async fn what_was_given_up_counts_no_more() {
        let pending = Pending::default();
        let work = pending.begin();
        pending.give_up();
        drop(work);
        assert!(!pending.any());
        let _work = pending.begin();
        assert!(pending.any());
    }
}
