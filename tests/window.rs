//! The main job, end to end, with nothing faked but the provider: the real window on a real display, a real Chromium
//! opened the way the system opens addresses, a real Secret Service, and a program that is not ours to look into it.

use keyfob_tests::process::eventually;
use keyfob_tests::{Browser, DesktopSession, Home, Keyring, MockProvider, PATIENCE, Visit, Window};
use serde_json::Value;

/// A session with a display, a practice server that is already configured, and somebody at the browser.
struct World {
    session: DesktopSession,
    mock: MockProvider,
    home: Home,
    browser: Browser,
}

impl World {
    fn new(visit: &Visit) -> Self {
        let session = DesktopSession::with_display(Keyring::Unlocked);
        let browser = Browser::install(&session, visit);
        let mock = MockProvider::start(&[]);
        let home = Home::new(&session, "home", mock.config_block());
        Self {
            session,
            mock,
            home,
            browser,
        }
    }

    async fn window(&self) -> Window {
        let window = Window::open(&self.session, &self.home).await;
        window.wait_for(by("screen-title")).await;
        window
    }

    /// The tokens of the only account, as `secret-tool` reads them.
    fn stored(&self) -> Value {
        let accounts = std::fs::read_to_string(self.home.file("accounts.json")).unwrap();
        let accounts: Value = serde_json::from_str(&accounts).unwrap();
        let id = accounts["accounts"][0]["id"].as_str().unwrap();
        let service = self.home.service_name();
        let stored = self.session.secret_lookup(&service, id);
        serde_json::from_str(&stored.expect("secret-tool finds it")).unwrap()
    }
}

/// The selector of a test id.
fn by(id: &'static str) -> &'static str {
    // Selectors are few and tests are short, so each is made once and kept.
    Box::leak(format!("[data-testid='{id}']").into_boxed_str())
}

/// The key, as WebDriver writes it.
const ENTER: char = '\u{e007}';

const FRESH: &str = "[data-testid='account-row'][data-state='fresh']";

#[tokio::test(flavor = "multi_thread")]
async fn a_click_puts_a_token_into_the_keychain() {
    let world = World::new(&Visit::Agree);
    let window = world.window().await;
    window.wait_for(by("first-start")).await;
    window.screenshot("first-start").await;

    window.click(by("route-mock")).await;
    window.wait_for(FRESH).await;
    let visited = world.browser.wait_for_visit(0);
    assert!(visited.text.contains("You are signed in"), "{visited:?}");
    let row = window.text(by("account-row")).await;
    for part in [
        "ada@example.com",
        "Fresh for",
        "System keychain",
        "Practice",
    ] {
        assert!(row.contains(part), "{part} is missing in:\n{row}");
    }
    window.screenshot("accounts").await;

    let stored = world.stored();
    let token = world
        .session
        .keyfob(&world.home, &["token"])
        .run()
        .expect_code(0);
    assert_eq!(stored["access_token"], token.stdout.trim());
    assert_eq!(world.mock.count("exchanges_ok"), 1);
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_code_signs_in_and_a_wrong_one_leaves_the_window_waiting() {
    // The person only looks at the page that opens by itself, as where the browser is on another computer.
    let world = World::new(&Visit::Look);
    let window = world.window().await;
    window.click(by("route-mock")).await;
    window.wait_for(by("waiting")).await;
    world.browser.wait_for_visit(0);
    window.screenshot("waiting").await;

    window.type_into(by("paste-field"), "hello there").await;
    window.click(by("paste-submit")).await;
    let said = window.text(by("paste-error")).await;
    assert!(said.contains("does not look like a code"), "{said}");
    let field = window.run(
        "return document.querySelector(\"[data-testid='paste-field']\").value",
        vec![],
    );
    assert_eq!(field.await, "", "the field is cleared before the answer");
    window.screenshot("waiting-refused").await;

    window.click(by("copy-paste-link")).await;
    let link = clipboard(&world.session);
    world.browser.next_visit(&Visit::ReadCode);
    let code = world
        .browser
        .open(&world.session, &link)
        .code
        .expect("the page shows a code");
    window
        .type_into(by("paste-field"), &format!("{code}{ENTER}"))
        .await;
    window.wait_for(FRESH).await;
    assert!(world.stored()["refresh_token"].is_string());
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_is_checked_stored_and_shown_by_its_last_four() {
    let world = World::new(&Visit::Look);
    let window = world.window().await;
    window.click(by("route-api-key")).await;
    window.screenshot("api-key").await;

    window
        .type_into(by("key-field"), "sk-ant-api03-window-revoked")
        .await;
    window.click(by("key-submit")).await;
    window.wait_for(by("key-error")).await;
    window.screenshot("api-key-refused").await;
    assert!(world.session.all_secrets().is_empty());

    window
        .type_into(by("key-field"), "sk-ant-api03-window-9f2A")
        .await;
    window.click(by("key-submit")).await;
    window
        .wait_for("[data-testid='account-row'][data-state='valid']")
        .await;
    assert!(window.text(by("account-row")).await.contains("9f2A"));
    assert_eq!(world.stored()["key"], "sk-ant-api03-window-9f2A");
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn declining_and_cancelling_leave_nothing_behind() {
    let world = World::new(&Visit::Decline);
    let window = world.window().await;
    window.click(by("route-mock")).await;
    window.wait_for(by("sign-in-failed")).await;
    window.wait_for_text("declined").await;
    window.screenshot("declined").await;

    world.browser.next_visit(&Visit::Look);
    window.click(by("try-again")).await;
    window.wait_for(by("waiting")).await;
    window.click(by("cancel")).await;
    window.wait_until_gone(by("waiting")).await;
    assert!(world.session.all_secrets().is_empty());
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn window_and_command_see_each_others_changes() {
    let world = World::new(&Visit::Agree);
    let window = world.window().await;
    let keyfob = |arguments: &[&str]| world.session.keyfob(&world.home, arguments);
    keyfob(&["add-key", "--label", "From the command"])
        .stdin("sk-ant-api03-command-1234")
        .run()
        .expect_code(0);
    window.wait_for_text("From the command").await;
    keyfob(&["rename", "From the command", "Renamed"])
        .run()
        .expect_code(0);
    window.wait_for_text("Renamed").await;

    window.click(by("row-menu")).await;
    window.click(by("menu-sign-out")).await;
    window.wait_for(by("sign-out-dialog")).await;
    window.screenshot("sign-out").await;
    window.click(by("sign-out-confirm")).await;
    window.wait_for(by("sign-out-said")).await;
    let listed = keyfob(&["accounts", "--json"]).run().expect_code(0);
    assert_eq!(listed.stdout.trim(), "[]");
    assert!(world.session.all_secrets().is_empty());
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_fits_at_both_sizes_light_and_dark() {
    let world = World::new(&Visit::Agree);
    let window = world.window().await;
    for (label, key) in [
        ("CI key", "sk-ant-api03-ci-9f2A"),
        ("Old key", "sk-ant-api03-billing-1111"),
    ] {
        let call = world
            .session
            .keyfob(&world.home, &["add-key", "--label", label]);
        call.stdin(key).run().expect_code(0);
    }
    window.wait_for_text("Old key").await;
    window.click(by("add-account")).await;
    window.click(by("route-mock")).await;
    window.wait_for(FRESH).await;
    // The word about the outcome lies over the page; the pictures are of what stays.
    window.close_outcome().await;
    for theme in ["light", "dark"] {
        window.click(by("nav-settings")).await;
        window
            .click(if theme == "light" {
                by("theme-light")
            } else {
                by("theme-dark")
            })
            .await;
        for (width, height) in [(800, 600), (1280, 800)] {
            window.resize(width, height).await;
            for (screen, way) in [
                ("accounts", by("nav-accounts")),
                ("settings", by("nav-settings")),
            ] {
                window.click(way).await;
                window.wait_for(by("screen-title")).await;
                fits(&window, screen).await;
                window
                    .screenshot(&format!("{screen}-{width}-{theme}"))
                    .await;
            }
            window.click(by("nav-accounts")).await;
            window.click(by("add-account")).await;
            fits(&window, "add").await;
            window.screenshot(&format!("add-{width}-{theme}")).await;
            window.click(by("back")).await;
        }
    }
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_alone_is_enough() {
    let world = World::new(&Visit::Agree);
    let window = world.window().await;
    let key = |key: fantoccini::key::Key| char::from(key).to_string();
    let (tab, enter) = (
        key(fantoccini::key::Key::Tab),
        key(fantoccini::key::Key::Enter),
    );
    let focused = "return document.activeElement?.dataset.testid ?? ''";
    // The ways to sign in come after the rest of the page.
    window.wait_for(by("route-mock")).await;
    for _ in 0..20 {
        if window.run(focused, vec![]).await == "route-mock" {
            break;
        }
        window.press(&tab).await;
    }
    assert_eq!(window.run(focused, vec![]).await, "route-mock");
    window.press(&enter).await;
    window.wait_for(FRESH).await;
    window.close().await;
}

/// Without a practice server running, a first start offers to start one.
#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_can_try_everything_without_an_account() {
    let session = DesktopSession::with_display(Keyring::Unlocked);
    let browser = Browser::install(&session, &Visit::Agree);
    let home = Home::new(&session, "home", "");
    let window = Window::open(&session, &home).await;
    window.wait_for(by("first-start")).await;
    window.screenshot("first-start-empty").await;
    window.click(by("route-practice")).await;
    window.wait_for(FRESH).await;
    browser.wait_for_visit(0);
    assert!(window.text(by("account-row")).await.contains("Practice"));
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plugin_can_be_chosen_as_the_listener() {
    let world = World::new(&Visit::Agree);
    let config = world.home.file("config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        format!("{text}\n[sign_in]\nlistener = \"plugin\"\n"),
    )
    .unwrap();
    let window = world.window().await;
    window.click(by("route-mock")).await;
    window.wait_for(FRESH).await;
    let visited = world.browser.wait_for_visit(0);
    assert!(visited.text.contains("Go back to Keyfob"), "{visited:?}");
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keychain_the_window_says_so_and_sends_nobody_to_a_browser() {
    let session = DesktopSession::with_display(Keyring::Absent);
    let browser = Browser::install(&session, &Visit::Agree);
    let mock = MockProvider::start(&[]);
    let home = Home::new(&session, "home", mock.config_block());
    let window = Window::open(&session, &home).await;
    window
        .wait_for("[data-testid='storage'][data-storage='problem']")
        .await;
    window.wait_for_text("No system keychain was found").await;
    window.screenshot("no-keychain").await;
    window.click(by("route-mock")).await;
    window.wait_for(by("sign-in-failed")).await;
    assert!(browser.visits().is_empty());
    assert_eq!(mock.count("authorize"), 0);
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_wakes_the_first_window_and_ends() {
    let world = World::new(&Visit::Look);
    let window = world.window().await;
    let mut second = world
        .session
        .command(keyfob_tests::programs::program("keyfob-desktop"));
    let mut second = second
        .env("KEYFOB_HOME", world.home.path())
        .spawn()
        .unwrap();
    let ended = eventually(PATIENCE, || second.try_wait().unwrap().is_some());
    assert!(ended, "two windows on one home");
    assert!(second.wait().unwrap().success());
    window.wait_for(by("first-start")).await;
    window.close().await;
}

async fn fits(window: &Window, screen: &str) {
    let wider =
        "return document.documentElement.scrollWidth > document.documentElement.clientWidth";
    assert_eq!(
        window.run(wider, vec![]).await,
        false,
        "{screen} scrolls sideways"
    );
}

/// What the session's clipboard holds, asked of the display by a program that is not ours.
fn clipboard(session: &DesktopSession) -> String {
    let mut text = String::new();
    // The program fails as long as nothing was copied.
    let holds_something = eventually(PATIENCE, || {
        let mut command = session.command("xclip");
        let asked = command.args(["-o", "-selection", "clipboard"]).output();
        text = String::from_utf8(asked.unwrap().stdout).unwrap();
        !text.is_empty()
    });
    assert!(holds_something, "nothing was copied");
    text
}
