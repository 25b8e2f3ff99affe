//! Claude Code's settings, their backup, and a linked folder.

use std::fs;
use std::os::unix::fs::symlink;

use keyfob::{ClaudeCodeWish, ConnectTo};

use crate::desk::{Desk, NEW, claude_code, text};

#[tokio::test]
async fn a_linked_folder_of_claude_code_is_not_written_through() {
    let desk = Desk::new().await;
    for folder in ["project", "another/.claude"] {
        fs::create_dir_all(desk.path(folder)).unwrap();
    }
    symlink(desk.path("another/.claude"), desk.path("project/.claude")).unwrap();
    let wish = ClaudeCodeWish {
        project: Some(desk.path("project")),
        ..ClaudeCodeWish::default()
    };
    let error = desk.connect(ConnectTo::ClaudeCode(wish), "CI").await;
    let error = error.unwrap_err();
    assert!(error.detail.unwrap().contains("symbolic link"));
    assert_eq!(
        fs::read_dir(desk.path("another/.claude")).unwrap().count(),
        0
    );
}

#[tokio::test]
async fn a_backup_stays_listed_where_its_file_was_removed_and_connected_again() {
    let desk = Desk::new().await;
    let settings = desk.path(".claude/settings.json");
    fs::create_dir(desk.path(".claude")).unwrap();
    fs::write(&settings, "{\"env\": {\"THEIRS\": \"sk-theirs\"}}").unwrap();
    desk.connect(claude_code(), "CI").await.unwrap();
    fs::remove_file(&settings).unwrap();
    let again = desk.connect(claude_code(), "CI").await.unwrap();
    assert!(again.words.join(" ").contains(".bak"), "{again:?}");
    let backups = || {
        let all = fs::read_dir(desk.path(".claude")).unwrap();
        let all = all.map(|entry| entry.unwrap().path());
        all.filter(|path| path.to_string_lossy().ends_with(".bak"))
            .collect::<Vec<_>>()
    };
    let backup = &backups()[0];
    let listed = desk.list().to_string();
    assert!(listed.contains(backup.to_str().unwrap()), "{listed}");
    // A third time, where the file was edited meanwhile.
    let edited = text(&settings).replacen('{', "{\"model\": \"x\",", 1);
    fs::write(&settings, edited).unwrap();
    desk.rotate(NEW).await;
    desk.connect(claude_code(), "CI").await.unwrap();
    let left = desk.keyfob.disconnect("claude-code").unwrap().left;
    let left = left.join(" ");
    assert!(left.contains(backup.to_str().unwrap()), "{left}");
    assert!(text(backup).contains("sk-theirs"));
    for one in backups() {
        assert!(left.contains(one.to_str().unwrap()), "{left}");
    }
}
