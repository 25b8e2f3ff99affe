//! What the page can ask about this computer: which credential a tool uses, and what is there already.

use std::path::PathBuf;

use keyfob::precedence::{Tool, Which};
use keyfob::{Discovered, Error, Status};
use tauri::{AppHandle, State};

use crate::desk::{CHANGED, Desk, tell};

type Answer<T> = std::result::Result<T, Error>;

#[tauri::command]
pub(crate) async fn which(desk: State<'_, Desk>, folder: Option<String>) -> Answer<Vec<Which>> {
    let folder = folder.map(PathBuf::from);
    let tools = [Tool::ClaudeCode, Tool::AnthropicSdk];
    desk.change(move |keyfob| keyfob.which(&tools, folder.as_deref()))
        .await
}

#[tauri::command]
pub(crate) async fn discover(desk: State<'_, Desk>) -> Answer<Vec<Discovered>> {
    desk.change(|keyfob| keyfob.discover()).await
}

#[tauri::command]
pub(crate) async fn take_discovered(
    app: AppHandle,
    desk: State<'_, Desk>,
    key: String,
) -> Answer<Status> {
    let _pending = desk.pending.begin();
    let status = desk.keyfob.take_discovered(&key).await?;
    tell(&app, CHANGED, ());
    Ok(status)
}

#[tauri::command]
pub(crate) async fn ignore_discovered(desk: State<'_, Desk>, key: String) -> Answer<()> {
    desk.change(move |keyfob| keyfob.ignore_discovered(&key))
        .await
}
