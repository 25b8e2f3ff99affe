//! What somebody else does to an account while it is connected.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use keyfob::{ConnectRequest, NewKey, Secret};
use serde_json::json;

use crate::desk::{Desk, NEW, claude_code, git, opencode, replacement, text};

#[tokio::test]
async fn whoever_signs_out_meanwhile_leaves_nothing_connected() {
    let desk = Desk::new().await;
    // Just before the settings are written, another program signs out.
    let accounts = desk.keyfobs("accounts.json");
    let none = r#"{"version":2,"accounts":[]}"#;
    desk.git(&format!(
        "case \"$*\" in *--add*) echo '{none}' > {};; esac",
        accounts.display()
    ));
    let error = desk.connect(git(), "CI").await.unwrap_err();
    assert!(error.message.contains("signed out"), "{error:?}");
    assert!(!desk.path(".gitconfig").exists());
    assert_eq!(desk.list()["all"], json!([]));
}

/// Until it is dropped, nobody can change the list of connections.
fn list_is_busy(desk: &Desk) -> fs::File {
    let lock = desk.keyfobs("locks/connections.lock");
    let lock = fs::File::options().write(true).open(lock).unwrap();
    lock.lock().unwrap();
    lock
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_that_replace_a_key_at_once_the_later_one_writes_last() {
    let desk = Desk::new().await;
    let connected = desk.connect(opencode(), "CI").await.unwrap();
    let copy = desk.keyfobs("given").join(connected.connection.id.as_str());
    let has = || text(&desk.keyfobs("accounts.json"));
    let rotate = |key: &'static str| {
        let keyfob = desk.keyfob.clone();
        tokio::spawn(async move { keyfob.rotate_key("CI", replacement(key)).await.unwrap() })
    };
    let busy = list_is_busy(&desk);
    let first = rotate("sk-ant-api03-first-1111");
    while !has().contains("1111") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let second = rotate("sk-ant-api03-second-2222");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!has().contains("2222"), "it did not wait for the first one");
    drop(busy);
    first.await.unwrap();
    second.await.unwrap();
    assert_eq!(text(&copy), "sk-ant-api03-second-2222");
    assert_eq!(desk.keyfob.connections().unwrap()[0].problem, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_connection_is_given_to_nobody_who_has_signed_out_meanwhile() {
    let desk = Desk::new().await;
    let other = NewKey {
        pasted: Secret::new(NEW),
        label: Some("Other".to_owned()),
        workspace_id: None,
        expires_on: None,
        verify: false,
    };
    desk.keyfob.add_api_key(other).await.unwrap();
    desk.connect(claude_code(), "CI").await.unwrap();
    let connect = || {
        let request = ConnectRequest {
            to: claude_code(),
            account: Some("Other".to_owned()),
            program: PathBuf::from("/opt/keyfob"),
        };
        let keyfob = desk.keyfob.clone();
        tokio::spawn(async move { keyfob.connect(request).await })
    };
    let busy = list_is_busy(&desk);
    let connecting = connect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    desk.keyfob.sign_out("Other").await.unwrap();
    drop(busy);
    connecting.await.unwrap().unwrap_err();
    let listed = desk.keyfob.connections().unwrap();
    assert_eq!(listed[0].label.as_deref(), Some("CI"));
}
