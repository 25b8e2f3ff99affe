//! The start of the window, beside an empty one.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use keyfob_tests::{DesktopSession, Home, Keyring};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat};
use x11rb::rust_connection::RustConnection;

use crate::measure::{beside, kib, median};

/// From the start of the program to the first words on the screen.
pub(crate) fn start_beside_an_empty_window() {
    let session = DesktopSession::with_display(Keyring::Unlocked);
    let home = Home::new(&session, "home", "");
    let mut ours = session.command(beside("keyfob-desktop"));
    ours.env("KEYFOB_HOME", home.path());
    let mut empty = session.command(beside("examples/empty_window"));
    let display = session
        .environment()
        .get("DISPLAY")
        .unwrap()
        .to_string_lossy()
        .into_owned();
    let mut kept: [Vec<f64>; 9] = Default::default();
    for round in 0..11 {
        let x = paint(&session, &mut ours, &display);
        let y = paint(&session, &mut empty, &display);
        // The first round fills the caches of the file system.
        if round > 0 {
            for i in 0..3 {
                kept[3 * i].push(x[i]);
                kept[3 * i + 1].push(y[i]);
                kept[3 * i + 2].push(x[i] / y[i]);
            }
        }
    }
    let middle: Vec<f64> = kept.iter_mut().map(|values| median(values)).collect();
    for (i, what, unit, scale) in [
        (0, "window, start to first paint of the page", "ms", 1e3),
        (1, "window, start to first words in the middle", "ms", 1e3),
        (2, "window, memory (PSS, all its processes)", "MiB", 1.0),
    ] {
        println!(
            "| {what} | {:.0} {unit} | an empty Tauri window {:.0} {unit} | {:.2} |",
            middle[3 * i] * scale,
            middle[3 * i + 1] * scale,
            middle[3 * i + 2],
        );
    }
}

/// Seconds until the page paints for the first time and until it shows words, and what the program's processes hold
/// then, in MiB.
fn paint(session: &DesktopSession, command: &mut Command, display: &str) -> [f64; 3] {
    let before = session.processes();
    let (x11, screen) = RustConnection::connect(Some(display)).unwrap();
    let root = x11.setup().roots[screen].root;
    let start = Instant::now();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    // The screen is black; then comes the window without its page, in one colour; then the page.
    let (mut empty_window, mut painted) = (None, None);
    let words = loop {
        let asked = x11.get_image(ImageFormat::Z_PIXMAP, root, 400, 150, 640, 400, !0);
        let pixels = asked.unwrap().reply().unwrap().data;
        let now = start.elapsed().as_secs_f64();
        let first = pixels[..3].to_vec();
        let plain = pixels.chunks_exact(4).all(|pixel| pixel[..3] == first[..]);
        if plain
            && first != [0, 0, 0]
            && *empty_window.get_or_insert_with(|| first.clone()) != first
        {
            painted.get_or_insert(now);
        }
        if !plain {
            break now;
        }
        assert!(now < 60.0, "nothing was painted");
        std::thread::sleep(Duration::from_millis(4));
    };
    std::thread::sleep(Duration::from_millis(700));
    let new = session
        .processes()
        .into_iter()
        .filter(|pid| !before.contains(pid));
    let memory: f64 = new
        .map(|pid| kib(&format!("/proc/{pid}/smaps_rollup"), "Pss:"))
        .sum();
    child.kill().unwrap();
    child.wait().unwrap();
    // The window is gone from the screen, and its helpers with it, before the next one starts.
    std::thread::sleep(Duration::from_millis(700));
    [painted.unwrap_or(words), words, memory / 1024.0]
}
