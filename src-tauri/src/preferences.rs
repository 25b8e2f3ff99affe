//! What concerns only the window: its theme, and where the person was. Kept by tauri-plugin-store.

use std::sync::Arc;

use keyfob::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, Manager, Wry};
use tauri_plugin_store::{Store, StoreExt as _};

use crate::desk::Desk;

const KEY: &str = "window";

/// The person's choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
#[serde(default)]
pub(crate) struct Preferences {
    pub(crate) theme: Theme,
    pub(crate) last_screen: Screen,
    /// The program goes on in the tray when its window is closed, where there is a tray.
    pub(crate) keep_running: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            last_screen: Screen::default(),
            keep_running: true,
        }
    }
}

/// Light, dark, or as the system is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

/// The screens of the left rail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Screen {
    #[default]
    Accounts,
    Which,
    Connections,
    Activity,
    Settings,
    Doctor,
}

impl Theme {
    /// What the window's own frame is told.
    pub(crate) fn for_window(self) -> Option<tauri::Theme> {
        match self {
            Self::System => None,
            Self::Light => Some(tauri::Theme::Light),
            Self::Dark => Some(tauri::Theme::Dark),
        }
    }
}

/// The person's choices; the usual ones where none were made, or where their file is damaged.
pub(crate) fn load(app: &AppHandle) -> Preferences {
    let stored = store(app).ok().and_then(|store| store.get(KEY));
    stored
        .and_then(|value| serde_json::from_value(value).ok())
        .unwrap_or_default()
}

/// Keeps the person's choices, and dresses the window in them.
pub(crate) fn save(app: &AppHandle, preferences: Preferences) -> Result<()> {
    let not_saved = |error: tauri_plugin_store::Error| {
        Error::new(
            Code::Failed,
            "The window's preferences could not be saved.",
            "They hold until the window is closed.",
        )
        .detail(error.to_string())
    };
    app.set_theme(preferences.theme.for_window());
    let store = store(app).map_err(not_saved)?;
    store.set(KEY, serde_json::to_value(preferences).unwrap_or_default());
    store.save().map_err(not_saved)
}

fn store(app: &AppHandle) -> tauri_plugin_store::Result<Arc<Store<Wry>>> {
    let folder = app.state::<Desk>().keyfob.home().data_folder().to_owned();
    app.store(folder.join("window.json"))
}
