//! What the page can ask for. Each is a few lines: the core does it, and its words are the answer.

pub(crate) mod ways_in;

use keyfob::account::Link;
use keyfob::activity::Entry;
use keyfob::{
    Error, Finding, Keyfob, LinkedSignInRequest, Moved, NewKey, OtherProgram, OtherSessions,
    ProviderForm, Result, Secret, SignOutReport, Status, StorageChoice, Whereabouts,
};
use tauri::{AppHandle, State};

use self::ways_in::OrderView;
use crate::desk::{By, CHANGED, Desk, tell};
use crate::preferences::{self, Preferences};
use crate::view::{Overview, ProviderView, StorageView, WaitingView};
use crate::{browser, clipboard, storage};

type Answer<T> = std::result::Result<T, Error>;

#[tauri::command]
pub(crate) async fn overview(app: AppHandle, desk: State<'_, Desk>) -> Answer<Overview> {
    let keyfob = &desk.keyfob;
    let mut problems = Vec::new();
    let accounts = keyfob.accounts().unwrap_or_else(|error| {
        problems.push(error);
        Vec::new()
    });
    // A list that cannot be read has its problem said already.
    let order = keyfob.order().ok().map(OrderView::from);
    let config = keyfob.config().map_err(|error| problems.push(error)).ok();
    let providers = config.as_ref().map_or(&[][..], |c| &c.providers);
    let (problem, practice) = tokio::join!(storage::problem(&app), desk.practice.view(providers));
    Ok(Overview {
        accounts,
        order,
        practice,
        practice_home: config.as_ref().is_some_and(|c| c.api.practice),
        providers: providers.iter().map(ProviderView::from).collect(),
        storage: StorageView::of(keyfob, problem),
        waiting: desk.waiting(),
        preferences: preferences::load(&app),
        // Until it is known there is taken to be one, as on most desktops; the page is told when there is none.
        tray: !desk.tray.is_missing(),
        problems,
        home: keyfob.home().data_folder().display().to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

#[tauri::command]
pub(crate) async fn begin_sign_in(
    app: AppHandle,
    desk: State<'_, Desk>,
    provider_id: String,
    account_id: Option<String>,
) -> Answer<WaitingView> {
    let by = By::Keyfob {
        provider: provider_id,
        account: account_id,
    };
    desk.begin_sign_in(&app, by).await
}

#[tauri::command]
pub(crate) async fn begin_linked_sign_in(
    app: AppHandle,
    desk: State<'_, Desk>,
    program: OtherProgram,
    account_id: Option<String>,
    console: bool,
) -> Answer<WaitingView> {
    let request = LinkedSignInRequest {
        program,
        account: account_id,
        label: None,
        whereabouts: Whereabouts::New,
        console,
        opens_browser: true,
    };
    desk.begin_sign_in(&app, By::Other(request)).await
}

#[tauri::command]
pub(crate) async fn other_programs(desk: State<'_, Desk>) -> Answer<Vec<OtherSessions>> {
    Ok(desk.keyfob.other_programs().await)
}

#[tauri::command]
pub(crate) async fn link_session(desk: State<'_, Desk>, link: Link) -> Answer<Status> {
    let linked = match link {
        Link::ClaudeCode { config_dir } => desk.keyfob.link_claude_code(config_dir, None).await,
        Link::AnthropicProfile {
            config_dir,
            profile,
        } => {
            let keyfob = &desk.keyfob;
            keyfob
                .link_anthropic_profile(config_dir, Some(profile), None)
                .await
        }
        Link::Environment { .. } => return desk.keyfob.status(None),
    };
    Ok(linked?.status)
}

#[tauri::command]
pub(crate) async fn look_at_session(desk: State<'_, Desk>, account_id: String) -> Answer<Status> {
    desk.keyfob.look_at_session(&account_id).await
}

#[tauri::command]
pub(crate) async fn copy_sign_in_link(
    app: AppHandle,
    desk: State<'_, Desk>,
    leg: browser::Leg,
) -> Answer<()> {
    let handle = desk.handle()?;
    let url = browser::link(&handle, leg)?;
    clipboard::copy(&app, url.to_string()).await
}

#[tauri::command]
pub(crate) async fn open_browser_again(app: AppHandle, desk: State<'_, Desk>) -> Answer<()> {
    let handle = desk.handle()?;
    let url = browser::link(&handle, browser::Leg::Redirect)?;
    browser::open(&app, url.as_str())
}

#[tauri::command]
pub(crate) async fn paste_code(desk: State<'_, Desk>, text: String) -> Answer<()> {
    desk.handle()?.paste(Secret::new(text)).await
}

#[tauri::command]
pub(crate) async fn cancel_sign_in(desk: State<'_, Desk>) -> Answer<()> {
    desk.cancel_sign_in().await;
    Ok(())
}

#[tauri::command]
pub(crate) async fn add_api_key(
    desk: State<'_, Desk>,
    key: String,
    label: Option<String>,
    workspace_id: Option<String>,
    expires_on: Option<String>,
    verify: bool,
) -> Answer<Status> {
    let key = NewKey {
        pasted: Secret::new(key),
        label: label.filter(|label| !label.trim().is_empty()),
        workspace_id,
        expires_on,
        verify,
    };
    let _pending = desk.pending.begin();
    desk.keyfob.add_api_key(key).await
}

#[tauri::command]
pub(crate) async fn check_key(desk: State<'_, Desk>, account_id: String) -> Answer<Status> {
    let _pending = desk.pending.begin();
    desk.keyfob.check_key(&account_id).await
}

#[tauri::command]
pub(crate) async fn refresh(desk: State<'_, Desk>, account_id: String) -> Answer<Option<Error>> {
    let _pending = desk.pending.begin();
    let (_, warning) = desk.keyfob.refresh(Some(&account_id)).await?;
    Ok(warning)
}

#[tauri::command]
pub(crate) async fn activity(desk: State<'_, Desk>) -> Answer<Vec<Entry>> {
    desk.change(Keyfob::activity).await
}

#[tauri::command]
pub(crate) async fn doctor(desk: State<'_, Desk>, network: bool) -> Answer<Vec<Finding>> {
    Ok(desk.keyfob.doctor(network).await)
}

#[tauri::command]
pub(crate) async fn move_storage(
    app: AppHandle,
    desk: State<'_, Desk>,
    to: StorageChoice,
    passphrase: Option<String>,
) -> Answer<Moved> {
    let _pending = desk.pending.begin();
    let moved = desk.move_storage(to, passphrase.map(Secret::new)).await;
    tell(&app, CHANGED, ());
    moved
}

#[tauri::command]
pub(crate) async fn unlock_storage(
    app: AppHandle,
    desk: State<'_, Desk>,
    passphrase: String,
) -> Answer<()> {
    let unlocked = desk.unlock_storage(Secret::new(passphrase)).await;
    tell(&app, CHANGED, ());
    unlocked
}

#[tauri::command]
pub(crate) async fn set_default(desk: State<'_, Desk>, account_id: String) -> Answer<()> {
    desk.change(move |keyfob| keyfob.set_default(&account_id).map(drop))
        .await
}

#[tauri::command]
pub(crate) async fn rename(desk: State<'_, Desk>, account_id: String, label: String) -> Answer<()> {
    desk.change(move |keyfob| keyfob.rename(&account_id, &label).map(drop))
        .await
}

#[tauri::command]
pub(crate) async fn sign_out(
    app: AppHandle,
    desk: State<'_, Desk>,
    account_id: String,
) -> Answer<SignOutReport> {
    let _pending = desk.pending.begin();
    let report = desk.keyfob.sign_out(&account_id).await?;
    // What was copied of it is not left lying about. A clipboard that hangs holds up nobody.
    tauri::async_runtime::spawn_blocking(move || clipboard::take_out(&app));
    Ok(report)
}

#[tauri::command]
pub(crate) async fn copy_token(
    app: AppHandle,
    desk: State<'_, Desk>,
    account_id: String,
) -> Answer<()> {
    // The token may have to be renewed, which spends the one before it.
    let _pending = desk.pending.begin();
    let as_it_comes = jiff::SignedDuration::ZERO;
    let handed = desk.keyfob.token(Some(&account_id), as_it_comes).await?;
    clipboard::copy_for_a_while(&app, handed.secret).await
}

#[tauri::command]
pub(crate) async fn start_practice(desk: State<'_, Desk>) -> Answer<String> {
    desk.practice.start(&desk).await
}

#[tauri::command]
pub(crate) async fn save_provider(
    desk: State<'_, Desk>,
    form: ProviderForm,
    replaces: Option<String>,
) -> Answer<()> {
    desk.change(move |keyfob| keyfob.save_provider(&form, replaces.as_deref()))
        .await
}

#[tauri::command]
pub(crate) async fn remove_provider(desk: State<'_, Desk>, provider_id: String) -> Result<()> {
    desk.change(move |keyfob| keyfob.remove_provider(&provider_id))
        .await
}

#[tauri::command]
pub(crate) async fn set_preferences(app: AppHandle, preferences: Preferences) -> Answer<()> {
    preferences::save(&app, preferences)
}

#[tauri::command]
pub(crate) async fn open_link(app: AppHandle, which: browser::KnownPage) -> Answer<()> {
    browser::open(&app, which.url())
}
