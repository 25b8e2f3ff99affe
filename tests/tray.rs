//! The tray, on a real display with a panel that is played: its menu says the truth, the program stays in it without
//! a window, and where there is none nothing runs that nobody sees.

use std::time::{Duration, Instant};

use keyfob_tests::manager;
use keyfob_tests::process::{Background, eventually};
use keyfob_tests::programs::{DESKTOP, program};
use keyfob_tests::{
    A_WHILE, DesktopSession, Home, Keyring, MockProvider, PATIENCE, TrayHost, Window,
};

const TITLE: &str = "[data-testid='screen-title']";
const SETTINGS: &str = "[data-testid='nav-settings']";
const HINT: &str = "[data-testid='keep-running-hint']";
const KEEP: &str = "[data-testid='keep-running']";

struct World {
    session: DesktopSession,
    home: Home,
    _mock: MockProvider,
}

impl World {
    /// A session with one account, an API key that is checked.
    fn new() -> Self {
        let session = DesktopSession::with_display(Keyring::Unlocked);
        let mock = MockProvider::start(&[]);
        let home = Home::new(&session, "home", mock.config_block());
        let world = Self {
            session,
            home,
            _mock: mock,
        };
        world.keyfob(
            &["add-key", "--label", "CI_key & more"],
            "sk-ant-api03-ci-9f2A",
        );
        world
    }

    fn keyfob(&self, arguments: &[&str], input: &str) {
        let call = self.session.keyfob(&self.home, arguments).stdin(input);
        call.run().expect_code(0);
    }

    /// Starts the program as a person or the desktop would.
    fn start(&self, arguments: &[&str]) -> Background {
        let mut command = self.session.command(program(DESKTOP));
        command.args(arguments).env("KEYFOB_HOME", self.home.path());
        Background::start(&mut command)
    }

    /// Starts it once more; the one that runs already takes over.
    #[track_caller]
    fn start_again(&self, arguments: &[&str]) {
        let mut second = self.start(arguments);
        let ended = eventually(PATIENCE, || !second.is_running());
        assert!(ended, "two programs on one home");
    }

    fn has_window(&self) -> bool {
        !manager::windows(&self.session, "Keyfob").is_empty()
    }

    #[track_caller]
    fn wait_for_window(&self) {
        assert!(eventually(PATIENCE, || self.has_window()), "no window came");
    }

    /// Closes the window as a person does.
    #[track_caller]
    fn close_window(&self) {
        for window in manager::windows(&self.session, "Keyfob") {
            manager::close(&self.session, window);
        }
        let closed = eventually(PATIENCE, || !self.has_window());
        assert!(closed, "the window did not close");
    }
}

/// As long as a person takes to see that the window has come or gone. The display says so before the program knows it
/// itself, and in between the program takes a window that is just going for one that is there.
fn a_moment() {
    std::thread::sleep(Duration::from_secs(1));
}

fn ends(program: &mut Background) -> bool {
    eventually(PATIENCE, || !program.is_running())
}

const MENU: [&str; 5] = [
    "All accounts are in order",
    "● CI_key & more · valid",
    "",
    "Open Keyfob",
    "Quit Keyfob",
];

#[test]
fn in_the_tray_keyfob_goes_on_without_its_window_until_somebody_quits() {
    let world = World::new();
    let panel = TrayHost::start(&world.session);
    let mut program = world.start(&[]);
    world.wait_for_window();
    panel.wait_for_menu(&MENU);
    assert!(!panel.line(MENU[0]).enabled, "the first line is to be read");

    world.close_window();
    assert!(
        !eventually(A_WHILE, || !program.is_running()),
        "it ended with its window"
    );

    // The menu stays true without a window.
    world.keyfob(&["rename", "CI_key & more", "Renamed"], "");
    let mut renamed = MENU;
    renamed[1] = "● Renamed · valid";
    panel.wait_for_menu(&renamed);

    for come_back in [
        (|world, _| world.start_again(&[])) as fn(&World, &TrayHost),
        |_, panel| panel.choose("Open Keyfob"),
        |_, panel| panel.choose("● Renamed · valid"),
        |_, panel| panel.click(),
    ] {
        a_moment();
        // A person who sees nothing come clicks again.
        let came = (0..5).any(|_| {
            come_back(&world, &panel);
            eventually(PATIENCE / 5, || world.has_window())
        });
        assert!(came, "the window does not come back");
        a_moment();
        world.close_window();
    }
    assert_eq!(panel.icons(), 1, "one program has one icon");

    a_moment();
    panel.choose("Quit Keyfob");
    assert!(ends(&mut program), "Quit Keyfob did not end it");
}

#[test]
fn quit_ends_an_open_window_too() {
    let world = World::new();
    let panel = TrayHost::start(&world.session);
    let mut program = world.start(&[]);
    world.wait_for_window();
    panel.wait_for_menu(&MENU);
    panel.choose("Quit Keyfob");
    assert!(ends(&mut program), "Quit Keyfob did not end it");
}

/// The window that comes back is a new one, and shows what is so.
#[tokio::test(flavor = "multi_thread")]
async fn the_window_that_comes_back_shows_the_same_accounts() {
    let world = World::new();
    let panel = TrayHost::start(&world.session);
    let window = Window::open(&world.session, &world.home).await;
    window.wait_for_text("CI_key & more").await;
    panel.wait_for_menu(&MENU);
    let before = window.client().windows().await.unwrap();

    world.close_window();
    world.start_again(&[]);
    world.wait_for_window();
    window.go_to_new(&before).await;
    window.wait_for_text("CI_key & more").await;
    window.close().await;
}

#[test]
fn who_does_not_want_it_to_stay_ends_it_with_the_window() {
    let world = World::new();
    let panel = TrayHost::start(&world.session);
    let choice = r#"{ "window": { "keep_running": false } }"#;
    std::fs::write(world.home.file("window.json"), choice).unwrap();
    let mut program = world.start(&[]);
    world.wait_for_window();
    panel.wait_for_menu(&MENU);
    world.close_window();
    assert!(ends(&mut program), "it runs on without a window");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_choice_is_made_in_the_settings() {
    let world = World::new();
    let panel = TrayHost::start(&world.session);
    let window = Window::open(&world.session, &world.home).await;
    panel.wait_for_menu(&MENU);
    window.wait_for(TITLE).await;
    for (theme, width, height) in [("light", 800, 600), ("dark", 1280, 800)] {
        window.click(SETTINGS).await;
        window
            .click(&format!("[data-testid='theme-{theme}']"))
            .await;
        window.resize(width, height).await;
        window
            .screenshot(&format!("settings-tray-{width}-{theme}"))
            .await;
    }
    assert!(window.text(HINT).await.contains("tools never wait"));
    window.click(KEEP).await;
    let kept = eventually(PATIENCE, || {
        let text = std::fs::read_to_string(world.home.file("window.json")).unwrap_or_default();
        let kept: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        kept["window"]["keep_running"] == false
    });
    assert!(kept, "the choice is not in window.json");
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_tray_the_settings_say_what_closing_does() {
    let world = World::new();
    let window = Window::open(&world.session, &world.home).await;
    window.wait_for(TITLE).await;
    window.click(SETTINGS).await;
    window.wait_for_text("This desktop has no tray").await;
    for (theme, width, height) in [("light", 800, 600), ("dark", 1280, 800)] {
        window
            .click(&format!("[data-testid='theme-{theme}']"))
            .await;
        window.resize(width, height).await;
        window
            .screenshot(&format!("settings-no-tray-{width}-{theme}"))
            .await;
    }
    window.close().await;
}

#[test]
fn without_a_tray_closing_the_window_ends_it() {
    let world = World::new();
    let mut program = world.start(&[]);
    world.wait_for_window();
    world.close_window();
    assert!(ends(&mut program), "it runs on where nobody sees it");
}

#[test]
fn hidden_it_starts_into_the_tray_and_wakes_nobody() {
    let world = World::new();
    let panel = TrayHost::start(&world.session);
    let mut program = world.start(&["--hidden"]);
    panel.wait_for_menu(&MENU);
    assert!(!eventually(A_WHILE, || world.has_window()), "a window came");

    world.start_again(&["--hidden"]);
    assert!(!eventually(A_WHILE, || world.has_window()), "a window came");
    world.start_again(&[]);
    world.wait_for_window();
    assert!(program.is_running());
}

#[test]
fn hidden_without_a_tray_it_opens_its_window() {
    let world = World::new();
    let mut program = world.start(&["--hidden"]);
    // Nobody would find it otherwise.
    world.wait_for_window();
    world.close_window();
    assert!(ends(&mut program), "it runs on where nobody sees it");
}

/// At login the panel may come after Keyfob, which tries for this long at least before it opens its window.
const TRIES_FOR: Duration = Duration::from_secs(15);

#[test]
fn a_panel_that_comes_later_gets_the_icon_too() {
    let world = World::new();
    let begun = Instant::now();
    let mut program = world.start(&["--hidden"]);
    std::thread::sleep(Duration::from_secs(2));
    let panel = TrayHost::start(&world.session);
    if begun.elapsed() < TRIES_FOR {
        panel.wait_for_menu(&MENU);
        assert!(!world.has_window());
    } else {
        // This computer stood still for so long that Keyfob may have given up.
        let found = || panel.icons() == 1 || world.has_window();
        assert!(eventually(PATIENCE, found), "nobody would find it");
    }
    assert!(program.is_running());
}
