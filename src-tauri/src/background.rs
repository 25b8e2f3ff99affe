//! Keeps tokens fresh as long as the program runs, with its window or without.

use tauri::{AppHandle, Manager};
use tokio::sync::watch;

use crate::desk::Desk;

/// Whether the background work is to end.
#[derive(Default)]
pub(crate) struct Background(watch::Sender<bool>);

impl Background {
    /// Lets it begin nothing more.
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }
}

/// Begins it. What it changes, the page hears of by the files.
pub(crate) fn start(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let desk = app.state::<Desk>();
        let mut stopping = desk.background.0.subscribe();
        let stop = async move { drop(stopping.wait_for(|stop| *stop).await) };
        desk.unattended.keep_fresh(|_| {}, stop).await;
    });
}
