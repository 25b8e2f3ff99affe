//! Keyfob's window: a page that renders and asks, on the same core as the command.
//!
//! No secret ever goes to the page. What it types or pastes travels one way; what it shows is a `Status`.

mod background;
mod browser;
mod clipboard;
mod commands;
mod connections;
mod desk;
mod in_use;
mod leaving;
pub mod plugin_listener;
mod practice;
mod preferences;
mod storage;
mod tray;
mod view;
mod watch;

use std::process::ExitCode;

use keyfob::{Edge, Home, Keyfob, Passphrase, People, Prompts};
use tauri::webview::PageLoadEvent;
use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindowBuilder};

use crate::desk::Desk;

/// Starts without a window, into the tray: for starting with the computer.
const HIDDEN: &str = "--hidden";

/// Opens the window, and stays until it is closed; with a tray, until somebody quits.
pub fn run() -> ExitCode {
    let hidden = std::env::args_os().any(|argument| argument == HIDDEN);
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the outermost layer, which reads the environment for those below"
    )]
    let home = match Home::find(|name| std::env::var_os(name)) {
        Ok(home) => home,
        Err(error) => return complain(&error.to_string()),
    };
    let mut context = tauri::generate_context!();
    // A home of its own is a Keyfob of its own: it neither wakes another's window nor shares its preferences.
    let service = home.keychain_service();
    if let Some(tag) = service.strip_prefix("Keyfob-") {
        context.config_mut().identifier = format!("dev.keyfob.app.home{tag}");
    }
    let desk = Desk::new(open(&home, Prompts::Allowed), open(&home, Prompts::Never));

    let built = tauri::Builder::default()
        .plugin(leaving::last_things())
        .plugin(tauri_plugin_single_instance::init(|app, arguments, _| {
            if !arguments.iter().any(|argument| argument == HIDDEN) {
                raise(app);
            }
        }))
        .plugin(tauri_plugin_opener::init())
        .plugin(tauri_plugin_clipboard_manager::init())
        .plugin(tauri_plugin_store::Builder::new().build())
        .manage(desk)
        .invoke_handler(tauri::generate_handler![
            commands::overview,
            commands::begin_sign_in,
            commands::begin_linked_sign_in,
            commands::other_programs,
            commands::link_session,
            commands::look_at_session,
            commands::copy_sign_in_link,
            commands::open_browser_again,
            commands::paste_code,
            commands::cancel_sign_in,
            commands::add_api_key,
            commands::check_key,
            commands::refresh,
            commands::activity,
            commands::doctor,
            in_use::which,
            in_use::discover,
            in_use::take_discovered,
            in_use::ignore_discovered,
            commands::move_storage,
            commands::unlock_storage,
            commands::set_default,
            commands::rename,
            commands::sign_out,
            commands::copy_token,
            commands::start_practice,
            commands::save_provider,
            commands::remove_provider,
            commands::set_preferences,
            commands::open_link,
            commands::ways_in::rotate_key,
            commands::ways_in::edit_key,
            commands::ways_in::check_import,
            commands::ways_in::import_tokens,
            commands::ways_in::import_environment,
            commands::ways_in::set_order,
            commands::ways_in::use_usual_order,
            commands::ways_in::clear_order,
            commands::ways_in::set_fallback,
            commands::ways_in::acknowledge_fallback,
            connections::connectable,
            connections::connections,
            connections::connect_tool,
            connections::disconnect_tool,
            connections::test_connection,
        ])
        // Getting into the tray takes a moment, and must not hold up the window.
        .on_page_load(|webview, load| {
            if load.event() == PageLoadEvent::Finished {
                tray::start(webview.app_handle(), false);
            }
        })
        .setup(move |app| {
            if hidden {
                tray::start(app.handle(), true);
            } else {
                open_window(app.handle())?;
            }
            watch::start(app.handle());
            background::start(app.handle());
            leaving::when_asked_from_outside(app.handle());
            Ok(())
        })
        .build(context);
    match built {
        Ok(app) => {
            app.run(leaving::on_event);
            ExitCode::SUCCESS
        }
        Err(error) => complain(&format!("The window could not be opened ({error}).")),
    }
}

/// The core, for what a person asks for in the window, and for what happens in the background, where nobody would know
/// why the system asks for a password.
fn open(home: &Home, prompts: Prompts) -> Keyfob {
    let people = People {
        prompts,
        // The page asks for it, and hands it in.
        passphrase: Passphrase::unattended(),
        credentials: None,
    };
    let asked_by = match prompts {
        Prompts::Allowed => "the window",
        Prompts::Never => "the background",
    };
    Keyfob::open(home.clone(), people, Edge::system(), asked_by)
}

/// The page stores nothing: what it has to remember, the core and the preferences remember for it. What the web view
/// itself keeps (caches) lies in our own folder, so that a home of its own has one of its own.
fn open_window(app: &AppHandle) -> tauri::Result<()> {
    let data = app.state::<Desk>().keyfob.home().data_folder().to_owned();
    WebviewWindowBuilder::new(app, "main", WebviewUrl::default())
        .title("Keyfob")
        .inner_size(960.0, 680.0)
        .min_inner_size(400.0, 400.0)
        .data_directory(data.join("webview"))
        .theme(preferences::load(app).theme.for_window())
        .build()?;
    Ok(())
}

fn raise(app: &AppHandle) {
    if let Some(window) = app.get_webview_window("main") {
        // A window manager may refuse any of these; then the window stays where it is.
        let _ = window.show();
        let _ = window.unminimize();
        let _ = window.set_focus();
    } else {
        // It was closed, and the program goes on in the tray or to finish its work. On Windows a window cannot be made
        // while the main thread hears an event, so another one asks for it.
        let app = app.clone();
        tauri::async_runtime::spawn(async move { open_window(&app) });
    }
}

#[expect(
    clippy::print_stderr,
    reason = "without a window there is nowhere else to say it"
)]
fn complain(words: &str) -> ExitCode {
    eprintln!("keyfob-desktop: {words}");
    ExitCode::FAILURE
}
