//! What the page can ask about tools: which could be given a credential, which are, and whether that works.

use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use keyfob::{
    Code, ConnectRequest, ConnectTo, ConnectableTool, Connected, ConnectionStatus, Disconnected,
    Error, Keyfob, Recipient, Result, Tested,
};
use tauri::{AppHandle, Manager as _, State};

use crate::desk::{CHANGED, Desk, tell};

type Answer<T> = std::result::Result<T, Error>;

#[tauri::command]
pub(crate) async fn connectable(
    app: AppHandle,
    desk: State<'_, Desk>,
) -> Answer<Vec<ConnectableTool>> {
    let mut tools = desk.change(Keyfob::connectable).await?;
    for tool in &mut tools {
        tool.found.iter_mut().for_each(|path| shorten(&app, path));
        tool.changes.iter_mut().for_each(|path| shorten(&app, path));
        let files = tool.connections.iter_mut().flat_map(|one| &mut one.files);
        files.for_each(|path| shorten(&app, path));
    }
    Ok(tools)
}

#[tauri::command]
pub(crate) async fn connections(
    app: AppHandle,
    desk: State<'_, Desk>,
) -> Answer<Vec<ConnectionStatus>> {
    let mut all = desk.change(Keyfob::connections).await?;
    let files = all.iter_mut().flat_map(|one| &mut one.files);
    files.for_each(|path| shorten(&app, path));
    Ok(all)
}

/// The person's own folder as people write it; the page only shows it.
fn shorten(app: &AppHandle, path: &mut PathBuf) {
    if let Ok(home) = app.path().home_dir()
        && let Ok(inside) = path.strip_prefix(home)
    {
        *path = match inside.as_os_str().is_empty() {
            true => PathBuf::from("~"),
            false => Path::new("~").join(inside),
        };
    }
}

/// The same in sentences. What stands in backquotes is for a terminal, where `~` does not count everywhere.
fn shorten_in(words: &str, home: &Path) -> String {
    let long = format!("{}{MAIN_SEPARATOR}", home.display());
    let short = format!("~{MAIN_SEPARATOR}");
    let parts = words.split('`').enumerate();
    let parts = parts.map(|(index, part)| match index % 2 {
        0 => part.replace(&long, &short),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("`")
}

#[tauri::command]
pub(crate) async fn connect_tool(
    app: AppHandle,
    desk: State<'_, Desk>,
    to: Recipient,
    account_id: String,
    name: Option<String>,
    replace: bool,
    activate: bool,
) -> Answer<Connected> {
    let request = ConnectRequest {
        to: ConnectTo::usual(to, name, replace, activate)?,
        account: Some(account_id),
        program: command(&desk.keyfob)?,
    };
    let _pending = desk.pending.begin();
    let mut connected = desk.keyfob.connect(request).await?;
    tell(&app, CHANGED, ());
    if let Ok(home) = app.path().home_dir() {
        for words in &mut connected.words {
            *words = shorten_in(words, &home);
        }
    }
    Ok(connected)
}

#[tauri::command]
pub(crate) async fn disconnect_tool(
    app: AppHandle,
    desk: State<'_, Desk>,
    id: String,
) -> Answer<Disconnected> {
    let disconnected = desk.change(move |keyfob| keyfob.disconnect(&id)).await?;
    tell(&app, CHANGED, ());
    Ok(disconnected)
}

#[tauri::command]
pub(crate) async fn test_connection(
    app: AppHandle,
    desk: State<'_, Desk>,
    id: String,
) -> Answer<Tested> {
    let _pending = desk.pending.begin();
    // The window has no folder of its own: the person's, or that of the project.
    let mut tested = desk.keyfob.test_connection(&id, None).await?;
    let folder = tested.folder.as_mut();
    folder.into_iter().for_each(|path| shorten(&app, path));
    Ok(tested)
}

/// Where the command `keyfob` lies, which tools call: beside this program, else where programs are installed.
fn command(keyfob: &Keyfob) -> Result<PathBuf> {
    let name = format!("keyfob{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe()
        .ok()
        .map(|program| program.with_file_name(name))
        .filter(|program| program.is_file());
    beside
        .map(|command| keyfob.lasting_place(command))
        .or_else(|| keyfob.find_program("keyfob"))
        .ok_or_else(|| {
            Error::new(
                Code::Failed,
                "The command `keyfob`, which tools call for their credential, is not on this computer.",
                "Install it beside Keyfob's window, or into a folder on PATH such as ~/.local/bin. Then try again.",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_name_the_persons_own_folder_as_people_do() {
        let own = Path::new("home").join("ada");
        let path = own.join(".claude");
        let other = Path::new("home").join("adam").join(".claude");
        let words = |path: &Path| format!("{} names it. Run `ls {0}`.", path.display());
        let short = Path::new("~").join(".claude");
        let expected = format!("{} names it. Run `ls {}`.", short.display(), path.display());
        assert_eq!(shorten_in(&words(&path), &own), expected);
        assert_eq!(shorten_in(&words(&other), &own), words(&other));
    }
}
