//! Every command is named here, so that a window may call only those its capability lists.

fn main() {
    let commands = &[
        "overview",
        "begin_sign_in",
        "begin_linked_sign_in",
        "other_programs",
        "link_session",
        "look_at_session",
        "copy_sign_in_link",
        "open_browser_again",
        "paste_code",
        "cancel_sign_in",
        "add_api_key",
        "check_key",
        "refresh",
        "activity",
        "doctor",
        "which",
        "discover",
        "take_discovered",
        "ignore_discovered",
        "move_storage",
        "unlock_storage",
        "set_default",
        "rename",
        "sign_out",
        "copy_token",
        "start_practice",
        "save_provider",
        "remove_provider",
        "set_preferences",
        "open_link",
        "rotate_key",
        "edit_key",
        "check_import",
        "import_tokens",
        "import_environment",
        "set_order",
        "use_usual_order",
        "clear_order",
        "set_fallback",
        "acknowledge_fallback",
        "connectable",
        "connections",
        "connect_tool",
        "disconnect_tool",
        "test_connection",
    ];
    let manifest = tauri_build::AppManifest::new().commands(commands);
    let attributes = tauri_build::Attributes::new().app_manifest(manifest);
    if let Err(error) = tauri_build::try_build(attributes) {
        panic!("{error:#}");
    }
}
