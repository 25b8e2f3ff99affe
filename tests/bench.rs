//! The figures of `docs/performance.md`: each beside something that nobody here wrote, measured in turn in one run.
//!
//! `cargo xtask bench` builds what is needed and runs this. It prints Markdown.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use keyfob_tests::{DesktopSession, Home, Keyring};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat};
use x11rb::rust_connection::RustConnection;

fn main() {
    println!("| figure | Keyfob | beside | ratio |\n|---|---|---|---|");
    token_beside_secret_tool();
    start_beside_an_empty_window();
    sizes();
}

/// `keyfob token` of a fresh credential, and `secret-tool lookup` of the same secret.
fn token_beside_secret_tool() {
    let session = DesktopSession::start(Keyring::Unlocked);
    let home = Home::new(&session, "home", "");
    let keyfob = |arguments: &[&str]| {
        let mut command = session.command(beside("keyfob"));
        command.args(arguments).env("KEYFOB_HOME", home.path());
        command
    };
    let mut add = keyfob(&["add-key", "--no-verify"]);
    let mut adding = add
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(
        &mut adding.stdin.take().unwrap(),
        b"sk-ant-api03-bench-0000",
    )
    .unwrap();
    assert!(adding.wait().unwrap().success());
    let item = session.all_secrets().swap_remove(0);

    let mut ours = keyfob(&["token"]);
    let mut theirs = session.command("secret-tool");
    theirs.args([
        "lookup",
        "service",
        &item.service,
        "username",
        &item.username,
    ]);
    let (mut a, mut b, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..45 {
        let (x, y) = (wall(&mut ours), wall(&mut theirs));
        // The first rounds fill the caches of the file system.
        if round >= 5 {
            a.push(x);
            b.push(y);
            ratios.push(x / y);
        }
    }
    println!(
        "| `keyfob token`, fresh, wall time | {:.1} ms | `secret-tool lookup` {:.1} ms | {:.2} |",
        median(&mut a) * 1e3,
        median(&mut b) * 1e3,
        median(&mut ratios)
    );
    println!(
        "| `keyfob token`, peak memory | {:.1} MiB | `secret-tool lookup` {:.1} MiB | |",
        peak(&mut ours),
        peak(&mut theirs)
    );
}

/// From the start of the program to the first words on the screen.
fn start_beside_an_empty_window() {
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

fn sizes() {
    let size =
        |name: &str| std::fs::metadata(beside(name)).unwrap().len() as f64 / f64::from(1 << 20);
    for name in ["keyfob", "keyfob-desktop", "keyfob-mock-provider"] {
        println!("| size of `{name}` | {:.1} MiB | | |", size(name));
    }
}

fn wall(command: &mut Command) -> f64 {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    assert!(command.status().unwrap().success());
    start.elapsed().as_secs_f64()
}

/// The most memory that a short program had, looked up as often as can be while it runs.
fn peak(command: &mut Command) -> f64 {
    let mut highest = 0.0;
    for _ in 0..10 {
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let status = format!("/proc/{}/status", child.id());
        while child.try_wait().unwrap().is_none() {
            highest = f64::max(highest, kib(&status, "VmHWM:") / 1024.0);
        }
    }
    highest
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

fn kib(path: &str, field: &str) -> f64 {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0.0)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A program of the same build.
fn beside(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let path = own.parent().unwrap_or(Path::new(".")).join(name);
    assert!(
        path.is_file(),
        "{} is not built; run `cargo xtask bench`",
        path.display()
    );
    path
}
