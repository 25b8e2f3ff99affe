//! Sessions of Claude Code in the real window: signed in to by it, linked, renewed and forgotten, with a stand-in for
//! Claude Code and everything else real.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use keyfob_tests::process::eventually;
use keyfob_tests::stand_in::{StandIns, as_it_lies};
use keyfob_tests::{DesktopSession, Home, Keyring, PATIENCE, Window};
use serde_json::json;

fn by(id: &str) -> &'static str {
    // Selectors are few and tests are short, so each is made once and kept.
    Box::leak(format!("[data-testid='{id}']").into_boxed_str())
}

const FRESH: &str = "[data-testid='account-row'][data-state='fresh']";

fn left_over(session: &DesktopSession, programs: &StandIns) -> usize {
    let running = session.processes();
    let pids = programs.calls();
    let pids = pids
        .iter()
        .filter_map(|call| u32::try_from(call["pid"].as_u64()?).ok());
    pids.filter(|pid| running.contains(pid)).count()
}

/// How many times the browser was opened.
fn tabs(opened: &Path) -> usize {
    let text = fs::read_to_string(opened).unwrap_or_default();
    text.lines().count()
}

fn plant(folder: &Path, home: &Path) {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let session = json!({ "claudeAiOauth": {
        "accessToken": "sk-ant-oat01-PLANTED",
        "refreshToken": "sk-ant-ort01-PLANTED",
        "expiresAt": (now + 7_200) * 1_000,
        "scopes": ["user:inference"],
        "subscriptionType": "max",
    } });
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(".credentials.json"), session.to_string()).unwrap();
    let state = json!({ "oauthAccount": { "emailAddress": "grace@example.com" } });
    fs::write(home.join(".claude.json"), state.to_string()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_signed_in_to_through_claude_code() {
    let mut session = DesktopSession::with_display(Keyring::Unlocked);
    let programs = StandIns::install(&mut session);
    let opened = programs.folder().join("opened");
    // Nobody agrees, until the file says so.
    let agree = programs.folder().join("agree");
    programs.browser(
        &mut session,
        &format!(
            "echo \"$1\" >> {opened}\n[ -e {agree} ] && exec {node} -e 'const u = new URL(process.argv[1]); fetch(u.searchParams.get(\"redirect_uri\").replace(\"localhost\", \"127.0.0.1\") + \"?code=from-the-browser&state=\" + u.searchParams.get(\"state\"))' \"$1\"",
            opened = opened.display(),
            agree = agree.display(),
            node = keyfob_tests::node::node().display(),
        ),
    );
    let home = Home::new(&session, "home", "");
    let window = Window::open(&session, &home).await;
    window.click(by("route-claude_code")).await;
    window.wait_for(by("waiting-holder")).await;
    window.screenshot("linked-waiting").await;
    window
        .type_into(by("paste-field"), "only-half-of-a-code")
        .await;
    window.click(by("paste-submit")).await;
    let said = window.text(by("paste-error")).await;
    assert!(
        said.contains("Claude Code says that this is no whole code"),
        "{said}"
    );
    assert!(eventually(PATIENCE, || left_over(&session, &programs) == 1));
    // The browser of this attempt has written its line before the next one begins.
    assert!(eventually(PATIENCE, || tabs(&opened) == 1));
    window.click(by("cancel")).await;
    window.wait_for(by("first-start")).await;
    assert!(eventually(PATIENCE, || left_over(&session, &programs) == 0));

    fs::write(&agree, "").unwrap();
    fs::write(&opened, "").unwrap();
    window.click(by("route-claude_code")).await;
    window.wait_for(FRESH).await;
    assert_eq!(tabs(&opened), 1, "one tab opens");
    let row = window.text(by("account-row")).await;
    for part in [
        "ada@example.com",
        "Claude Code",
        "Plan",
        "held by Claude Code",
        "Fresh for",
    ] {
        assert!(row.contains(part), "{part} is missing in:\n{row}");
    }
    window.screenshot("linked-account").await;
    assert!(!window.page_source().await.contains("PLANTED"));
    assert!(eventually(PATIENCE, || left_over(&session, &programs) == 0));
    assert!(
        session
            .all_secrets()
            .iter()
            .all(|item| !format!("{item:?}").contains("PLANTED"))
    );
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_there_is_linked_and_forgotten_by_clicks() {
    let mut session = DesktopSession::with_display(Keyring::Unlocked);
    let programs = StandIns::install(&mut session);
    programs.browser(&mut session, "exit 0");
    let person = session.environment().folder("home");
    let (folder, state) = (person.join(".claude"), person.join(".claude.json"));
    plant(&folder, &person);
    let before = as_it_lies(&[&folder, &state]);
    let home = Home::new(&session, "home", "");
    let window = Window::open(&session, &home).await;
    let found = window.text(by("found")).await;
    assert!(found.contains("grace@example.com"), "{found}");
    window.click(by("take")).await;
    window.wait_for(FRESH).await;

    window.click(by("row-menu")).await;
    window.wait_for(by("renew")).await;
    window.click(by("renew")).await;
    let said = window.text(by("renew-dialog")).await;
    assert!(said.contains("one small request"), "{said}");
    window.screenshot("linked-renew").await;
    window.click(by("renew-confirm")).await;
    window.wait_for_text("did not renew it yet").await;
    window.wait_until_gone(by("renew-dialog")).await;

    window.click(by("row-menu")).await;
    window.click(by("menu-sign-out")).await;
    let said = window.text(by("sign-out-dialog")).await;
    assert!(
        said.contains("Nothing is removed from Claude Code"),
        "{said}"
    );
    window.click(by("sign-out-confirm")).await;
    let said = window.text(by("sign-out-said")).await;
    assert!(said.contains("keeps its session as it is"), "{said}");
    window.click(by("sign-out-close")).await;
    window.wait_for(by("first-start")).await;
    assert_eq!(as_it_lies(&[&folder, &state]), before);
    window.close().await;
}
