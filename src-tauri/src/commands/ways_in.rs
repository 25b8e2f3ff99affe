//! Keys that are replaced, tokens and variables that are taken in, and the person's order.

use keyfob::{
    FellBack, ImportCheck, KeyEdit, Order, Preset, Replacement, Secret, Status, TokensToImport,
};
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, State};

use super::Answer;
use crate::clipboard;
use crate::desk::Desk;

/// What was taken in, and what should be said beside it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub(crate) struct Imported {
    account: Status,
    warning: Option<keyfob::Error>,
}

/// The person's order, with what is to be said of it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub(crate) struct OrderView {
    #[serde(flatten)]
    order: Order,
    /// That another account than the first one was given, as sentences.
    fallback_words: Option<String>,
}

impl From<Order> for OrderView {
    fn from(order: Order) -> Self {
        Self {
            fallback_words: order.fell_back.as_ref().map(FellBack::words),
            order,
        }
    }
}

/// The usual orders.
#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub(crate) enum UsualOrder {
    StoredFirst,
    EnvironmentFirst,
}

#[tauri::command]
pub(crate) async fn rotate_key(
    app: AppHandle,
    desk: State<'_, Desk>,
    account_id: String,
    key: String,
    expires_on: Option<String>,
    verify: bool,
) -> Answer<Status> {
    let new = Replacement {
        pasted: Secret::new(key),
        workspace_id: None,
        expires_on,
        verify,
    };
    let _pending = desk.pending.begin();
    let status = desk.keyfob.rotate_key(&account_id, new).await?;
    // The old key may still lie in the clipboard.
    tauri::async_runtime::spawn_blocking(move || clipboard::take_out(&app));
    Ok(status)
}

#[tauri::command]
pub(crate) async fn edit_key(
    desk: State<'_, Desk>,
    account_id: String,
    workspace_id: String,
    expires_on: String,
) -> Answer<Status> {
    let edit = KeyEdit {
        workspace_id: Some(workspace_id),
        expires_on: Some(expires_on),
    };
    let _pending = desk.pending.begin();
    desk.keyfob.edit_key(&account_id, edit).await
}

/// While it is being typed: nothing is stored, and nothing of it comes back.
#[tauri::command]
pub(crate) async fn check_import(desk: State<'_, Desk>, text: String) -> Answer<ImportCheck> {
    Ok(desk.keyfob.check_import(&Secret::new(text)))
}

#[tauri::command]
pub(crate) async fn import_tokens(
    desk: State<'_, Desk>,
    text: String,
    provider_id: String,
    label: Option<String>,
) -> Answer<Imported> {
    let new = TokensToImport {
        text: Secret::new(text),
        provider: provider_id,
        label,
    };
    let _pending = desk.pending.begin();
    let (account, warning) = desk.keyfob.import_tokens(new).await?;
    Ok(Imported { account, warning })
}

#[tauri::command]
pub(crate) async fn import_environment(
    desk: State<'_, Desk>,
    account_id: String,
    provider_id: Option<String>,
) -> Answer<Imported> {
    let provider = provider_id.as_deref();
    let _pending = desk.pending.begin();
    let taken = desk.keyfob.import_environment(&account_id, provider, None);
    let (account, warning) = taken.await?;
    Ok(Imported { account, warning })
}

#[tauri::command]
pub(crate) async fn set_order(desk: State<'_, Desk>, account_ids: Vec<String>) -> Answer<()> {
    desk.change(move |keyfob| keyfob.set_order(&account_ids).map(drop))
        .await
}

#[tauri::command]
pub(crate) async fn use_usual_order(desk: State<'_, Desk>, which: UsualOrder) -> Answer<()> {
    let preset = match which {
        UsualOrder::StoredFirst => Preset::StoredFirst,
        UsualOrder::EnvironmentFirst => Preset::EnvironmentFirst,
    };
    desk.change(move |keyfob| keyfob.set_usual_order(preset).map(drop))
        .await
}

#[tauri::command]
pub(crate) async fn clear_order(desk: State<'_, Desk>) -> Answer<()> {
    desk.change(|keyfob| keyfob.clear_order().map(drop)).await
}

#[tauri::command]
pub(crate) async fn set_fallback(desk: State<'_, Desk>, on: bool) -> Answer<()> {
    desk.change(move |keyfob| keyfob.set_fallback(on).map(drop))
        .await
}

#[tauri::command]
pub(crate) async fn acknowledge_fallback(desk: State<'_, Desk>) -> Answer<()> {
    desk.change(keyfob::Keyfob::acknowledge_fallback).await
}
