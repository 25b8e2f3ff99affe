//! Windows as the window manager sees them, also those that no driver drives.

use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ClientMessageEvent, ConnectionExt as _, EventMask};

use crate::session::DesktopSession;

/// The windows with this title that a person can see.
pub fn windows(session: &DesktopSession, title: &str) -> Vec<u32> {
    let mut search = session.command("xdotool");
    search.args(["search", "--onlyvisible", "--name", &format!("^{title}$")]);
    // It fails where there is none.
    let found = search.output().expect("xdotool is installed");
    let found = String::from_utf8_lossy(&found.stdout).into_owned();
    found.lines().filter_map(|id| id.parse().ok()).collect()
}

/// Asks the window manager to close a window, as its cross does.
pub fn close(session: &DesktopSession, window: u32) {
    let display = session.environment().get("DISPLAY");
    let display = display.and_then(|display| display.to_str());
    let (connection, screen) = x11rb::connect(display).expect("the session has a display");
    let root = connection.setup().roots[screen].root;
    let atom = connection.intern_atom(false, b"_NET_CLOSE_WINDOW");
    let atom = atom.expect("the display takes requests").reply();
    let atom = atom.expect("the display has the name").atom;
    // The person's own wish (2), at no particular time.
    let wish = ClientMessageEvent::new(32, window, atom, [0, 2, 0, 0, 0]);
    let to = EventMask::SUBSTRUCTURE_NOTIFY | EventMask::SUBSTRUCTURE_REDIRECT;
    let sent = connection.send_event(false, root, to, wish);
    let sent = sent.expect("the display takes requests").check();
    sent.expect("the display hands it on");
}
