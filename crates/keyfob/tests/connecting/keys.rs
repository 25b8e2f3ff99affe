//! Keys that are bound to a workspace, or replaced.

use std::fs;

use keyfob::{ClaudeCodeWish, ConnectTo, ExportFormat};

use crate::desk::{Desk, KEY, NEW, git, opencode, replacement, text};

#[tokio::test]
async fn a_key_that_needs_a_workspace_goes_where_the_workspace_can_be_said() {
    let desk = Desk::with(Some("wrkspc_01")).await;
    for to in [
        opencode(),
        git(),
        ConnectTo::Pi { replace: false },
        ConnectTo::ClaudeCode(ClaudeCodeWish::default()),
    ] {
        let error = desk.connect(to.clone(), "CI").await.unwrap_err();
        assert!(error.message.contains("workspace"), "{to:?} {error:?}");
    }
    let command = ConnectTo::Command { name: None };
    let connected = desk.connect(command, "CI").await.unwrap();
    let words = connected.words.join(" ");
    assert!(
        words.contains("anthropic-workspace-id: wrkspc_01"),
        "{words}"
    );
    for (format, expected) in [
        (ExportFormat::Env, "anthropic-workspace-id: wrkspc_01"),
        (ExportFormat::Json, "\"workspace_id\": \"wrkspc_01\""),
    ] {
        let name = format!("{format:?}");
        desk.export("CI", format, &name, false).await.unwrap();
        let text = text(&desk.path(&name));
        assert!(text.contains(expected), "{text}");
    }
    let secret = desk.export("CI", ExportFormat::DockerSecret, "secret", false);
    let words = secret.await.unwrap().words.join(" ");
    assert!(
        words.contains("anthropic-workspace-id: wrkspc_01"),
        "{words}"
    );
}

#[tokio::test]
async fn what_holds_a_key_that_was_replaced_says_so_and_opencodes_is_written_again() {
    let desk = Desk::new().await;
    desk.export("CI", ExportFormat::DockerSecret, "key", false)
        .await
        .unwrap();
    let connected = desk.connect(opencode(), "CI").await.unwrap();
    let id = connected.connection.id;
    let copy = desk.keyfobs("given").join(id.as_str());
    fs::remove_file(&copy).unwrap();
    fs::create_dir(&copy).unwrap();
    desk.rotate(NEW).await;
    let problem = |name: &str| {
        let all = desk.keyfob.connections().unwrap();
        let one = all.into_iter().find(|one| one.to.id() == name);
        one.unwrap().problem
    };
    let of_file = problem("file").unwrap();
    assert!(of_file.contains("Export it again"), "{of_file}");
    let of_copy = problem("opencode").unwrap();
    assert!(of_copy.contains("before it was replaced"), "{of_copy}");

    fs::remove_dir(&copy).unwrap();
    desk.keyfob.keep_fresh_once(|_| {}).await.unwrap();
    assert_eq!(text(&copy), NEW);
    assert_eq!(problem("opencode"), None);
    desk.export("CI", ExportFormat::DockerSecret, "key", true)
        .await
        .unwrap();
    assert_eq!(problem("file"), None);
}

#[tokio::test]
async fn a_new_key_that_could_not_be_passed_on_is_said_and_made_up_for() {
    let desk = Desk::new().await;
    desk.export("CI", ExportFormat::DockerSecret, "key", false)
        .await
        .unwrap();
    let connected = desk.connect(opencode(), "CI").await.unwrap();
    let copy = desk.keyfobs("given").join(connected.connection.id.as_str());
    let problem = |name: &str| {
        let all = desk.keyfob.connections().unwrap();
        let one = all.into_iter().find(|one| one.to.id() == name);
        one.unwrap().problem
    };
    assert_eq!((problem("opencode"), problem("file")), (None, None));
    // Nobody can note in the list that anything failed. A kill comes to the same.
    let busy = fs::File::create(desk.keyfobs("locks/connections.lock")).unwrap();
    busy.lock().unwrap();
    desk.rotate(NEW).await;
    drop(busy);
    assert_eq!(text(&copy), KEY);
    let of_copy = problem("opencode").unwrap();
    assert!(of_copy.contains("before it was replaced"), "{of_copy}");
    let of_file = problem("file").unwrap();
    assert!(of_file.contains("Export it again"), "{of_file}");

    desk.keyfob.keep_fresh_once(|_| {}).await.unwrap();
    assert_eq!(text(&copy), NEW);
    assert_eq!(problem("opencode"), None);
    assert!(problem("file").is_some());
    desk.export("CI", ExportFormat::DockerSecret, "key", true)
        .await
        .unwrap();
    assert_eq!(problem("file"), None);
}

#[tokio::test]
async fn a_key_that_is_replaced_while_it_is_handed_over_is_not_handed_over() {
    let desk = Desk::new().await;
    // Another process does it, between reading the key and writing it down.
    let replaced_meanwhile = |key: &'static str| {
        let other = desk.world.open();
        let here = tokio::runtime::Handle::current();
        *desk.world.store.after_load.lock().unwrap() = Some(Box::new(move || {
            here.block_on(other.rotate_key("CI", replacement(key)))
                .unwrap();
        }));
    };
    replaced_meanwhile(NEW);
    let export = |replace| desk.export("CI", ExportFormat::DockerSecret, "key", replace);
    let error = export(false).await.unwrap_err();
    assert!(error.message.contains("was replaced"), "{error:?}");
    assert!(!desk.path("key").exists());
    replaced_meanwhile(KEY);
    let error = desk.connect(opencode(), "CI").await.unwrap_err();
    assert!(error.message.contains("was replaced"), "{error:?}");
    assert!(!desk.path(".config/opencode/opencode.json").exists());
    assert!(!desk.keyfobs("given").exists());
    assert!(desk.keyfob.connections().unwrap().is_empty());
    // Once more, and it is the new one; so it is with one that is there.
    export(false).await.unwrap();
    replaced_meanwhile(NEW);
    export(true).await.unwrap_err();
    assert_eq!(text(&desk.path("key")), KEY);
    let problem = desk.keyfob.connections().unwrap()[0].problem.clone();
    assert!(problem.unwrap().contains("Export it again"));
    export(true).await.unwrap();
    assert_eq!(text(&desk.path("key")), NEW);
}
