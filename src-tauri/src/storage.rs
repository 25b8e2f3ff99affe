//! How the secret store stands, as the page shows it: a store that hangs must not hold up everything else.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use keyfob::Error;
use tauri::{AppHandle, Manager};

use crate::desk::{CHANGED, Desk, tell};

/// How long the page waits for a look at the store.
const SOON: Duration = Duration::from_millis(700);

/// What the last look at the store found.
#[derive(Default)]
pub(crate) struct Storage {
    problem: Mutex<Option<Error>>,
    /// Held by the one look that is under way; each may keep a thread of its own for long.
    look: Arc<tokio::sync::Mutex<()>>,
}

impl Storage {
    fn known(&self) -> Option<Error> {
        self.lock().clone()
    }

    /// Remembers what was found, and gives whether it is news.
    fn learn(&self, found: Option<Error>) -> bool {
        let mut problem = self.lock();
        let news = *problem != found;
        *problem = found;
        news
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Error>> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is wrong with the store. Where a look takes long, this is what the last one found, and the page is told when
/// the slow one has found something else.
pub(crate) async fn problem(app: &AppHandle) -> Option<Error> {
    let storage = &app.state::<Desk>().inner().storage;
    if let Ok(turn) = Arc::clone(&storage.look).try_lock_owned() {
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            let begun = Instant::now();
            let desk = app.state::<Desk>();
            let news = desk
                .storage
                .learn(desk.keyfob.look_at_storage().await.err());
            drop(turn);
            if news && begun.elapsed() >= SOON {
                tell(&app, CHANGED, ());
            }
        });
    }
    // Whoever looks, the lock is free when the look is over.
    let _ = tokio::time::timeout(SOON, storage.look.lock()).await;
    storage.known()
}
