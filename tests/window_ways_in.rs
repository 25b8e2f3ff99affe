//! What the window does with keys, tokens and the order: replaces a key, says where pasted tokens are wrong, imports
//! them, and shows that another account was given.

use keyfob_tests::{DesktopSession, Home, Keyring, MockProvider, Window};
use serde_json::json;

const OLD: &str = "sk-ant-api03-PLANTED7Q-old-1111";
const NEW: &str = "sk-ant-api03-PLANTED7Q-new-2222";

fn by(id: &str) -> String {
    format!("[data-testid='{id}']")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_replaced_and_tokens_are_imported() {
    let session = DesktopSession::with_display(Keyring::Unlocked);
    let mock = MockProvider::start(&["--auto", "agree"]);
    let block = mock
        .config_block()
        .replace("practice = true", "practice = false")
        .replace("payer = \"none\"", "payer = \"company\"");
    let home = Home::new(&session, "home", &block);
    session
        .keyfob(&home, &["add-key", "--label", "CI"])
        .stdin(OLD)
        .run()
        .expect_code(0);
    let window = Window::open(&session, &home).await;

    window
        .wait_for("[data-testid='account-row'][data-state='valid']")
        .await;
    // The window comes to rest first: what is fetched late moves the row.
    window.screenshot("ways-in-key").await;
    window.click(&by("row-menu")).await;
    window.click(&by("menu-replace-key")).await;
    let revoked = "sk-ant-api03-PLANTED7Q-revoked";
    window.type_into(&by("replace-key-field"), revoked).await;
    window.click(&by("replace-key-confirm")).await;
    window.wait_for(&by("replace-key-error")).await;
    window.screenshot("ways-in-refused").await;
    window.type_into(&by("replace-key-field"), NEW).await;
    window.click(&by("replace-key-confirm")).await;
    window.wait_until_gone(&by("replace-key-dialog")).await;
    window.wait_for_text("API key …2222").await;
    assert!(
        session.all_secrets()[0]
            .secret
            .as_ref()
            .unwrap()
            .contains(NEW)
    );

    window.click(&by("nav-settings")).await;
    window
        .type_into(&by("import-text"), "{\"access_token\": 7}")
        .await;
    window
        .wait_for_text("Line 1, column 18, at $.access_token")
        .await;
    window.screenshot("ways-in-place").await;
    window
        .run(
            "document.querySelector(\"[data-testid='import-text']\").select()",
            vec![],
        )
        .await;
    let text = json!({ "access_token": "PLANTED7Q-imported", "expires_in": 3600 });
    window
        .type_into(&by("import-text"), &text.to_string())
        .await;
    window.wait_for(&by("import-found")).await;
    window.type_into(&by("import-label"), "Imported").await;
    window.click(&by("import-submit")).await;
    window
        .wait_for("[data-testid='account-row'][data-state='fresh']")
        .await;
    let page = window.page_source().await + &window.storage_dump().await;
    assert!(
        !page.contains("PLANTED7Q"),
        "the page holds a secret:\n{page}"
    );

    // The order, by the menu alone; then the first one fails, elsewhere.
    window
        .click("[data-testid='account-row']:nth-of-type(2) [data-testid='row-menu']")
        .await;
    window.click(&by("menu-up")).await;
    let first = "[data-testid='account-row']:nth-of-type(1)";
    window.wait_for_text_in(first, "Imported").await;
    let keyfob = |arguments: &[&str]| session.keyfob(&home, arguments).run().expect_code(0);
    keyfob(&["order", "--fallback", "on"]);
    let given = keyfob(&["token", "--min-valid", "2h"]);
    assert_eq!(given.stdout.trim(), NEW);
    window.wait_for(&by("fell-back")).await;
    window.screenshot("ways-in-fell-back").await;
    window.click(&by("fell-back-understood")).await;
    window.wait_until_gone(&by("fell-back")).await;
    window.close().await;
}
