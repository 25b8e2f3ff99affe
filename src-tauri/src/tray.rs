//! The icon in the system's tray: how things stand at a glance, and the way back to a window that was closed.

#[cfg(target_os = "linux")]
mod panel;
mod words;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tauri::image::Image;
use tauri::menu::{Menu, MenuEvent, MenuItem, PredefinedMenuItem};
use tauri::tray::{MouseButton, MouseButtonState, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager, Wry};
use tokio::sync::{Notify, watch};

use self::words::Words;
use crate::desk::{CHANGED, Desk, tell};
use crate::{leaving, raise};

const ID: &str = "keyfob";
const OPEN: &str = "tray-open";
const QUIT: &str = "tray-quit";

/// The pauses between attempts to get into the tray. At login, Keyfob may be there before the panel is.
const PAUSES: [u64; 4] = [1, 2, 4, 8];

/// The menu is made anew at most this often.
const BREATH: Duration = Duration::from_secs(1);

/// The longest sleep. A sleep is longer than it should be where the computer slept too.
const LONG: Duration = Duration::from_secs(600);

/// What is known of the tray.
#[derive(Default)]
pub(crate) struct Tray {
    begun: AtomicBool,
    /// Whether there is an icon; none as long as nobody has tried.
    there: watch::Sender<Option<bool>>,
    /// Heard when something may have to be said anew.
    news: Notify,
}

impl Tray {
    /// Whether the program may go on without a window, because the icon is a way back to it.
    pub(crate) fn is_there(&self) -> bool {
        *self.there.borrow() == Some(true)
    }

    /// Whether this desktop turned out to have no tray.
    pub(crate) fn is_missing(&self) -> bool {
        *self.there.borrow() == Some(false)
    }

    /// Accounts may have changed.
    pub(crate) fn look_again(&self) {
        self.news.notify_one();
    }
}

/// Puts the icon into the tray, and keeps its menu true as long as the program runs. Only the first call counts.
///
/// Where `hidden`, there is no window: without a tray it is opened, because nobody would find the program otherwise.
pub(crate) fn start(app: &AppHandle, hidden: bool) {
    if app.state::<Desk>().tray.begun.swap(true, Ordering::Relaxed) {
        return;
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let mut pauses = PAUSES.iter();
        while !get_in(&app).await {
            let Some(pause) = pauses.next() else {
                if hidden {
                    raise(&app);
                }
                return;
            };
            tokio::time::sleep(Duration::from_secs(*pause)).await;
        }
        keep_true(&app).await;
    });
}

/// Tries to get into the tray, and tells the page where the answer is another one than it was shown.
async fn get_in(app: &AppHandle) -> bool {
    let tray = &app.state::<Desk>().inner().tray;
    let was_missing = tray.is_missing();
    let (words, _) = look(app).await;
    #[cfg(target_os = "linux")]
    let answers = panel::answers().await;
    #[cfg(not(target_os = "linux"))]
    let answers = true;
    let trying = on_main_thread(app, move |app| {
        let there = answers && put_in(app, &words).is_ok();
        // Known before the main thread hears of anything else, such as a window that is closed.
        let tray = &app.state::<Desk>().inner().tray;
        tray.there.send_replace(Some(there));
        there
    });
    let there = trying.await.unwrap_or(false);
    if was_missing == there {
        tell(app, CHANGED, ());
    }
    there
}

fn put_in(app: &AppHandle, words: &Words) -> tauri::Result<()> {
    let mut icon = TrayIconBuilder::with_id(ID)
        .icon(app.default_window_icon().map_or_else(
            || Image::new_owned(Vec::new(), 0, 0),
            |icon| icon.clone().to_owned(),
        ))
        .tooltip(tooltip(words))
        .menu(&menu(app, words)?)
        // A click opens the window; the menu is behind the other button.
        .show_menu_on_left_click(false)
        .on_menu_event(on_menu)
        .on_tray_icon_event(|icon, event| {
            if let TrayIconEvent::Click {
                button: MouseButton::Left,
                button_state: MouseButtonState::Up,
                ..
            } = event
            {
                raise(icon.app_handle());
            }
        });
    if cfg!(target_os = "linux") {
        // What the panel calls the icon. On macOS it would stand beside it.
        icon = icon.title("Keyfob");
    }
    icon.build(app).map(drop)
}

/// Says anew how things stand, when they have changed and when the time alone changes the words.
async fn keep_true(app: &AppHandle) {
    let tray = &app.state::<Desk>().inner().tray;
    let mut shown = None;
    loop {
        let (words, next) = look(app).await;
        if shown.as_ref() != Some(&words) {
            let said = words.clone();
            let saying = on_main_thread(app, move |app| say(app, &said).is_ok()).await;
            // What could not be said is said at the next look.
            shown = saying.unwrap_or(false).then_some(words);
        }
        tokio::time::sleep(BREATH).await;
        let _ = tokio::time::timeout(until(next), tray.news.notified()).await;
    }
}

fn say(app: &AppHandle, words: &Words) -> tauri::Result<()> {
    let Some(icon) = app.tray_by_id(ID) else {
        return Ok(());
    };
    icon.set_menu(Some(menu(app, words)?))?;
    icon.set_tooltip(Some(tooltip(words)))
}

fn menu(app: &AppHandle, words: &Words) -> tauri::Result<Menu<Wry>> {
    let menu = Menu::new(app)?;
    let line =
        |id: &str, text: &str, enabled| MenuItem::with_id(app, id, text, enabled, None::<&str>);
    menu.append(&line("tray-summary", &words.summary, false)?)?;
    for (number, text) in words.accounts.iter().enumerate() {
        menu.append(&line(&format!("{OPEN}-{number}"), text, true)?)?;
    }
    menu.append(&PredefinedMenuItem::separator(app)?)?;
    menu.append(&line(OPEN, "Open Keyfob", true)?)?;
    menu.append(&line(QUIT, "Quit Keyfob", true)?)?;
    Ok(menu)
}

fn tooltip(words: &Words) -> String {
    format!("Keyfob: {}", words.summary)
}

/// The menus of other windows are heard here too, on macOS.
fn on_menu(app: &AppHandle, event: MenuEvent) {
    match event.id().as_ref() {
        QUIT => leaving::quit(app),
        id if id.starts_with(OPEN) => raise(app),
        _ => {}
    }
}

async fn look(app: &AppHandle) -> (Words, Option<Timestamp>) {
    let keyfob = app.state::<Desk>().keyfob.clone();
    let reading = tauri::async_runtime::spawn_blocking(move || keyfob.accounts()).await;
    words::words(reading.ok().and_then(Result::ok), now())
}

fn until(instant: Option<Timestamp>) -> Duration {
    let left = instant.and_then(|at| Duration::try_from(at.duration_since(now())).ok());
    match instant {
        Some(_) => left.unwrap_or_default().min(LONG),
        None => LONG,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tray is as far out as the page, which reads the clock itself too"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

/// Menus are made on the main thread only. None where the program is ending.
async fn on_main_thread(
    app: &AppHandle,
    work: impl FnOnce(&AppHandle) -> bool + Send + 'static,
) -> Option<bool> {
    let (teller, told) = tokio::sync::oneshot::channel();
    let there = app.clone();
    app.run_on_main_thread(move || {
        let _ = teller.send(work(&there));
    })
    .ok()?;
    told.await.ok()
}
