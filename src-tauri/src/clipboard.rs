//! The clipboard, reached only from here: the page never sees what is copied.
//!
//! The system's clipboard may block, so all but [`take_out`] call it where that holds up nobody.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyfob::{Code, Error, Result, Secret};
use tauri::async_runtime::{JoinHandle, spawn, spawn_blocking};
use tauri::{AppHandle, Manager};
use tauri_plugin_clipboard_manager::ClipboardExt as _;

use crate::desk::Desk;

/// How long a secret stays in the clipboard.
const A_WHILE: Duration = Duration::from_secs(30);

/// The secret that was copied last, as long as it may still be in the clipboard, and the task that will take it out.
#[derive(Default)]
pub(crate) struct Copied(Mutex<Option<(Secret, JoinHandle<()>)>>);

impl Copied {
    pub(crate) fn any(&self) -> bool {
        self.lock().is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Secret, JoinHandle<()>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Copies an address.
pub(crate) async fn copy(app: &AppHandle, text: String) -> Result<()> {
    let app = app.clone();
    spawn_blocking(move || app.clipboard().write_text(text).is_ok())
        .await
        .unwrap_or(false)
        .then_some(())
        .ok_or_else(refused)
}

/// Copies a secret, and takes it out again after a while if it is still there.
pub(crate) async fn copy_for_a_while(app: &AppHandle, secret: Secret) -> Result<()> {
    let taker = app.clone();
    let taking = spawn(async move {
        tokio::time::sleep(A_WHILE).await;
        let _ = spawn_blocking(move || take_out(&taker)).await;
    });
    // Remembered before it is copied, so that the program cannot end between the two.
    let older = app
        .state::<Desk>()
        .copied
        .lock()
        .replace((secret.clone(), taking));
    // The while begins anew, even where the same secret is copied once more.
    if let Some((_, taking)) = older {
        taking.abort();
    }
    let app = app.clone();
    spawn_blocking(move || app.clipboard().write_secret(secret.expose()).is_ok())
        .await
        .unwrap_or(false)
        .then_some(())
        .ok_or_else(refused)
}

/// Takes the secret that was copied out of the clipboard, if it is still there. May block.
pub(crate) fn take_out(app: &AppHandle) {
    let Some((secret, _)) = app.state::<Desk>().copied.lock().take() else {
        return;
    };
    let clipboard = app.clipboard();
    let still_there = clipboard
        .read_text()
        .is_ok_and(|text| Secret::new(text) == secret);
    if still_there {
        let _ = clipboard.clear();
    }
}

/// The library's own words may repeat what was to be copied, so they are not.
fn refused() -> Error {
    Error::new(
        Code::Failed,
        "The system's clipboard did not take it.",
        "Try again; on a machine without a desktop use `keyfob token`.",
    )
}
