//! What the window does for custody: renewing at a word, moving secrets behind a passphrase, asking for it when it is
//! started again, and telling what happened.

use keyfob_tests::process::eventually;
use keyfob_tests::{Browser, DesktopSession, Home, Keyring, MockProvider, PATIENCE, Visit, Window};

const FRESH: &str = "[data-testid='account-row'][data-state='fresh']";

fn by(id: &str) -> String {
    format!("[data-testid='{id}']")
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_moved_and_unlocked_with_a_passphrase() {
    let session = DesktopSession::with_display(Keyring::Unlocked);
    let _browser = Browser::install(&session, &Visit::Agree);
    let mock = MockProvider::start(&[]);
    let home = Home::new(&session, "home", mock.config_block());
    let window = Window::open(&session, &home).await;
    window.click(&by("route-mock")).await;
    window.wait_for(FRESH).await;
    window.click(&by("row-menu")).await;
    window.click(&by("renew")).await;
    assert!(eventually(PATIENCE, || mock.count("refreshes_ok") == 1));
    window
        .wait_for_text_in(&by("account-state"), "Fresh for")
        .await;
    window.screenshot("storage-renewed").await;
    window.click(&by("nav-settings")).await;
    window.click(&by("storage-choice-passphrase")).await;
    window.type_into(&by("new-passphrase"), "long enough").await;
    window
        .type_into(&by("new-passphrase-again"), "long enough")
        .await;
    window.click(&by("storage-move")).await;
    window.wait_for(&by("move-dialog")).await;
    window.click(&by("move-confirm")).await;
    window.wait_until_gone(&by("move-dialog")).await;
    window.screenshot("storage-moved").await;
    window.click(&by("nav-activity")).await;
    window.wait_for("[data-what='moved']").await;
    window.screenshot("storage-activity").await;
    window.close().await;
    assert!(session.all_secrets().is_empty());
    let window = Window::open(&session, &home).await;
    window.wait_for(&by("passphrase-field")).await;
    window.screenshot("storage-locked").await;
    window.type_into(&by("passphrase-field"), "wrong one").await;
    window.click(&by("unlock")).await;
    window.wait_for(&by("unlock-error")).await;
    window.screenshot("storage-wrong").await;
    window
        .type_into(&by("passphrase-field"), "long enough")
        .await;
    window.click(&by("unlock")).await;
    window
        .wait_for("[data-testid='storage'][data-storage='fine']")
        .await;
    window.screenshot("storage-unlocked").await;
    window.close().await;
}
