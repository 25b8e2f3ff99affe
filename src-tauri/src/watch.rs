//! Sees what other programs change in Keyfob's files, so that the window and the command always show the same.

use std::path::Path;
use std::time::Duration;

use notify::{RecursiveMode, Watcher as _};
use tauri::{AppHandle, Manager};
use tokio::sync::mpsc;

use crate::desk::{CHANGED, Desk, tell};

/// The files that are shown.
const OURS: [&str; 4] = [
    "accounts.json",
    "config.toml",
    "connections.json",
    "storage.json",
];

/// A change is several events; the page asks once.
const SETTLING: Duration = Duration::from_millis(60);

/// Told to the page when a connected tool has asked for its credential.
pub(crate) const ASKED: &str = "asked";

/// Tools may ask a thousand times at once; the page is told no more often than this.
const BETWEEN_ASKED: Duration = Duration::from_secs(3);

/// Watches as long as the program runs. Where the system cannot watch, the window still shows its own changes.
pub(crate) fn start(app: &AppHandle) {
    let home = app.state::<Desk>().keyfob.home().clone();
    let (teller, mut changes) = mpsc::unbounded_channel();
    let (asked_teller, mut asked) = mpsc::unbounded_channel();
    let asked_folder = home.asked();
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let ours = |path: &Path| {
            path.file_name()
                .is_some_and(|name| OURS.iter().any(|ours| name == *ours))
        };
        let Ok(event) = event else { return };
        if event.kind.is_access() {
            return;
        }
        if event.paths.iter().any(|path| ours(path)) {
            let _ = teller.send(());
        }
        if event
            .paths
            .iter()
            .any(|path| path.starts_with(&asked_folder))
        {
            let _ = asked_teller.send(());
        }
    });
    let Ok(mut watcher) = watcher else { return };
    // The folders are made, because a folder that is missing cannot be watched.
    let _ = home.create();
    for folder in [home.config_folder(), home.data_folder(), &home.asked()] {
        let _ = watcher.watch(folder, RecursiveMode::NonRecursive);
    }
    let teller = app.clone();
    tauri::async_runtime::spawn(async move {
        while asked.recv().await.is_some() {
            tokio::time::sleep(SETTLING).await;
            while asked.try_recv().is_ok() {}
            tell(&teller, ASKED, ());
            tokio::time::sleep(BETWEEN_ASKED).await;
        }
    });
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let _watching = watcher;
        while changes.recv().await.is_some() {
            tokio::time::sleep(SETTLING).await;
            while changes.try_recv().is_ok() {}
            tell(&app, CHANGED, ());
            app.state::<Desk>().tray.look_again();
        }
    });
}
