use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::account::AccountId;
use crate::hand_over::connections::ConnectionId;

pub(in crate::keyfob::connecting) fn connection(to: Recipient, changes: Vec<Change>) -> Connection {
    Connection {
        id: ConnectionId::new(to, [1; 32]),
        to,
        account: AccountId::from_random([1; 32]),
        made_at: Timestamp::UNIX_EPOCH,
        target: None,
        valid_until: None,
        issued_at: None,
        generation: None,
        trouble: None,
        changes,
        command: None,
    }
}

/// A tool with values in its settings, which name a command that is there.
struct Tool {
    _folder: tempfile::TempDir,
    path: PathBuf,
    command: PathBuf,
    one: Connection,
    text: String,
}

impl Tool {
    fn connected(to: Recipient, key: &[&str], address: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        let command = folder.path().join("keyfob");
        std::fs::write(&command, "").unwrap();
        std::fs::write(&path, "{\"model\": \"x\"}").unwrap();
        let mut one = connection(to, Vec::new());
        let line = format!("{} helper {}", command.display(), one.id);
        let values = [
            (key, Value::from(line)),
            (address, json!("https://a.example")),
        ];
        let change = SettingsFile::at(&path).set(&values, Timestamp::UNIX_EPOCH);
        one.changes = vec![change.unwrap()];
        let text = std::fs::read_to_string(&path).unwrap();
        Self {
            _folder: folder,
            path,
            command,
            one,
            text,
        }
    }

    fn claude_code() -> Self {
        let address = ["env", "ANTHROPIC_BASE_URL"];
        Self::connected(Recipient::ClaudeCode, &["apiKeyHelper"], &address)
    }

    #[track_caller]
    fn says(&self, text: &str, parts: &[&str]) {
        std::fs::write(&self.path, text).unwrap();
        let said = lost(&self.one).unwrap().in_full();
        for part in parts {
            assert!(said.contains(part), "{part:?}: {said}");
        }
    }

    #[track_caller]
    fn is_fine(&self, text: &str) {
        std::fs::write(&self.path, text).unwrap();
        assert_eq!(lost(&self.one), None, "{text}");
    }
}

#[test]
fn what_was_taken_out_of_settings_is_said_whatever_else_stands_there() {
    let tool = Tool::claude_code();
    let text = &tool.text;
    tool.is_fine(text);
    tool.is_fine(&(text.replace("\"x\"", "\"y\"") + "\n"));
    let again = "Connect it again: `keyfob connect claude-code`, or turn it off and on.";
    let silent = "nothing is asked of Keyfob";
    let other = text.replace(" helper claude-code-01010101", " helper b-0202");
    tool.says(&other, &["(apiKeyHelper)", silent, again]);
    let other = text.replace("a.example", "b.example");
    let elsewhere = "may ask another server, and Keyfob gives nothing";
    tool.says(&other, &["(env.ANTHROPIC_BASE_URL)", elsewhere]);
    // What asks is named first.
    let both = "(apiKeyHelper, env.ANTHROPIC_BASE_URL)";
    for replaced in ["{}", "{\"model\": \"z\"}", "", "[]"] {
        tool.says(replaced, &[both, silent, again]);
    }
    std::fs::remove_file(&tool.path).unwrap();
    let said = lost(&tool.one).unwrap();
    assert!(said.words.contains("settings.json is not there any more"));
    assert!(said.words.contains(silent) && said.cure.contains(again));
}

#[test]
fn a_file_that_claude_code_does_not_read_is_said_with_its_reason() {
    let tool = Tool::claude_code();
    let comments = ["comments or trailing commas", "Take them out"];
    tool.says(&format!("// mine\n{}", tool.text), &comments);
    tool.says(&tool.text.replacen("\"x\"", "\"x\",,", 1), &["not valid"]);
    tool.says("{,", &["settings.json is not valid JSON", "correct it"]);
    // With a mark at its beginning it is read.
    tool.is_fine(&format!("\u{feff}{}", tool.text));
    // opencode takes comments.
    let other = Tool::connected(Recipient::Opencode, &["a", "b"], &["a", "c"]);
    other.is_fine(&format!("// mine\n{}", other.text));
    other.says("{,", &["settings.json is not valid JSON"]);
}

#[cfg(unix)]
#[test]
fn settings_that_were_moved_behind_a_link_are_still_read() {
    let tool = Tool::claude_code();
    let moved = tool.path.with_file_name("moved.json");
    std::fs::rename(&tool.path, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &tool.path).unwrap();
    assert_eq!(lost(&tool.one), None);
    std::fs::write(&moved, "{}").unwrap();
    assert!(lost(&tool.one).unwrap().words.contains("(apiKeyHelper, "));
}

#[test]
fn a_command_that_is_gone_is_said() {
    let tool = Tool::claude_code();
    std::fs::remove_file(&tool.command).unwrap();
    let said = lost(&tool.one).unwrap();
    let words = format!(
        "The command {} is not there any more, so Claude Code gets nothing.",
        tool.command.display()
    );
    assert_eq!(said.words, words);
    assert!(said.cure.starts_with("Connect it again"), "{}", said.cure);

    let mut by_hand = connection(Recipient::Command, Vec::new());
    let line = |program: &Path| format!("'{}' helper {}", program.display(), by_hand.id);
    let line = line(&tool.path.with_file_name("no such"));
    by_hand.command = Some(line);
    let said = lost(&by_hand).unwrap();
    assert!(said.words.ends_with("so the program gets nothing."));
}

#[test]
fn a_folder_and_a_copy_that_are_gone_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("p2");
    let path = project.join(".claude/settings.local.json");
    let values = [(&["apiKeyHelper"][..], json!("keyfob helper x-0101"))];
    let change = SettingsFile::at(&path).set(&values, Timestamp::UNIX_EPOCH);
    let mut one = connection(Recipient::ClaudeCode, vec![change.unwrap()]);
    one.target = Some(project.display().to_string());
    assert_eq!(lost(&one), None);
    std::fs::remove_dir_all(&project).unwrap();
    let said = lost(&one).unwrap();
    assert!(said.words.ends_with("p2 is not there any more."));
    let cure = "Turn it off (`keyfob disconnect claude-code-01010101`).";
    assert_eq!(said.cure, cure);

    let path = folder.path().join("copy");
    std::fs::write(&path, "").unwrap();
    let copy = Change::KeyCopy { path: path.clone() };
    let one = connection(Recipient::Opencode, vec![copy]);
    assert_eq!(lost(&one), None);
    std::fs::remove_file(&path).unwrap();
    let said = lost(&one).unwrap();
    assert!(
        said.words
            .starts_with("The copy that opencode reads is not")
    );
    let again = "turn it off (`keyfob disconnect opencode-01010101`), then on.";
    assert!(said.cure.ends_with(again), "{}", said.cure);
}

#[test]
fn what_follows_is_of_the_value_that_was_taken_out() {
    let of = |to, name: &str| without(to, &[name.to_owned()]);
    let asks = [
        (Recipient::ClaudeCode, "apiKeyHelper"),
        (Recipient::Pi, "apiKey"),
    ];
    assert!(asks.iter().all(|(to, name)| of(*to, name) == NOT_ASKED));
    // opencode reads a copy and asks nobody.
    assert!(of(Recipient::Opencode, "apiKey").contains("copy"));
    assert!(of(Recipient::Opencode, "baseURL").contains("to another server"));
    assert!(of(Recipient::ClaudeCode, "ANTHROPIC_BASE_URL").contains("gives nothing"));
    assert!(of(Recipient::Pi, "authHeader").contains("refused"));
}

#[test]
fn headers_that_somebody_sets_are_theirs() {
    let headers = ["a", "headers"];
    let tool = Tool::connected(Recipient::Pi, &["a", "apiKey"], &headers);
    let edited = tool.text.replace("https://a.example", "theirs");
    assert_ne!(edited, tool.text);
    tool.is_fine(&edited);
}
