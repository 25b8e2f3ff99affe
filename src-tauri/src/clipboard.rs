//! The clipboard, reached only from here: the page never sees what is copied.

use std::time::Duration;

use keyfob::{Code, Error, Result, Secret};
use tauri::AppHandle;
use tauri_plugin_clipboard_manager::ClipboardExt as _;

/// How long a secret stays in the clipboard.
const A_WHILE: Duration = Duration::from_secs(30);

/// Copies an address.
pub(crate) fn copy(app: &AppHandle, text: &str) -> Result<()> {
    app.clipboard().write_text(text).map_err(refused)
}

/// Copies a secret, and takes it out again after a while if it is still there.
pub(crate) fn copy_for_a_while(app: &AppHandle, secret: Secret) -> Result<()> {
    app.clipboard()
        .write_secret(secret.expose())
        .map_err(refused)?;
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(A_WHILE).await;
        let still_there = app
            .clipboard()
            .read_text()
            .is_ok_and(|text| Secret::new(text) == secret);
        if still_there {
            let _ = app.clipboard().clear();
        }
    });
    Ok(())
}

/// The library's own words may repeat what was to be copied, so they are not.
fn refused(_: tauri_plugin_clipboard_manager::Error) -> Error {
    Error::new(
        Code::Failed,
        "The system's clipboard did not take it.",
        "Try again; on a machine without a desktop use `keyfob token`.",
    )
}
