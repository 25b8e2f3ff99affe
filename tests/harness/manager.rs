//! Windows as the window manager sees them, also those that no driver drives.

use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ClientMessageEvent, ConnectionExt as _, EventMask, Window,
};
use x11rb::rust_connection::RustConnection;

use crate::session::DesktopSession;

/// The windows with this title that the window manager takes care of.
pub fn windows(session: &DesktopSession, title: &str) -> Vec<Window> {
    let (connection, root) = connect(session);
    let managed = property(&connection, root, "_NET_CLIENT_LIST");
    let managed = managed.chunks_exact(4).map(|bytes| {
        let bytes = bytes.try_into().expect("there are four");
        Window::from_ne_bytes(bytes)
    });
    let has_title =
        |window: &Window| property(&connection, *window, "_NET_WM_NAME") == title.as_bytes();
    managed.filter(has_title).collect()
}

/// Asks the window manager to close a window, as its cross does.
pub fn close(session: &DesktopSession, window: Window) {
    let (connection, root) = connect(session);
    // The person's own wish (2), at no particular time.
    let wish = [0, 2, 0, 0, 0];
    let wish = ClientMessageEvent::new(32, window, atom(&connection, "_NET_CLOSE_WINDOW"), wish);
    let to = EventMask::SUBSTRUCTURE_NOTIFY | EventMask::SUBSTRUCTURE_REDIRECT;
    let sent = connection.send_event(false, root, to, wish);
    let sent = sent.expect("the display takes requests").check();
    sent.expect("the display hands it on");
}

fn connect(session: &DesktopSession) -> (RustConnection, Window) {
    let display = session.environment().get("DISPLAY");
    let display = display.and_then(|display| display.to_str());
    let (connection, screen) = x11rb::connect(display).expect("the session has a display");
    let root = connection.setup().roots[screen].root;
    (connection, root)
}

fn atom(connection: &RustConnection, name: &str) -> Atom {
    let asked = connection.intern_atom(false, name.as_bytes());
    let answer = asked.expect("the display takes requests").reply();
    answer.expect("every name has an atom").atom
}

/// What a property holds; nothing where the window or the property is gone.
fn property(connection: &RustConnection, window: Window, name: &str) -> Vec<u8> {
    let name = atom(connection, name);
    let asked = connection.get_property(false, window, name, AtomEnum::ANY, 0, 1024);
    let answer = asked.expect("the display takes requests").reply();
    answer.map(|property| property.value).unwrap_or_default()
}
