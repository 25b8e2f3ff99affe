//! A Tauri window with nothing in it: what `cargo xtask bench` holds Keyfob's own window against.

fn main() {
    let context = tauri::generate_context!("examples/empty/tauri.conf.json");
    if let Err(error) = tauri::Builder::default().run(context) {
        panic!("the window could not be opened: {error}");
    }
}
