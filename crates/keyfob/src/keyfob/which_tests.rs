use std::ffi::OsString;
use std::fs;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::custody::store::{SecretStore, StoreError};
use crate::precedence::{Bill, Source, WarningCode};
use crate::{AccountId, Edge, Home, Secret};

/// A store that nobody may ask anything.
struct Untouched;

impl SecretStore for Untouched {
    fn name(&self) -> String {
        "nowhere".to_owned()
    }
    fn load(&self, _: &AccountId) -> Result<Option<Secret>, StoreError> {
        panic!("the secret store was asked");
    }
    fn save(&self, _: &AccountId, _: &str, _: &Secret) -> Result<(), StoreError> {
        panic!("the secret store was asked");
    }
    fn delete(&self, _: &AccountId) -> Result<(), StoreError> {
        panic!("the secret store was asked");
    }
}

pub(crate) const KEY: &str = "sk-ant-api03-PLANTED-PLANTED-PLANTED-PLANTED-9f2A";

/// A person's computer: some files, some variables.
pub(crate) struct Computer {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Computer {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("project")).unwrap();
        Self {
            folder,
            variables: Vec::new(),
        }
    }

    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    pub(crate) fn set(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    pub(crate) fn keyfob(&self) -> Keyfob {
        let home = self.folder.path().to_str().unwrap().to_owned();
        let mut variables = self.variables.clone();
        variables.push(("HOME", home.clone()));
        variables.push(("USERPROFILE", home));
        let edge = Edge::new(|| "2026-11-21T12:00:00Z".parse().unwrap(), || Ok([7; 32]));
        let edge = edge.with_variables(move |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        });
        let home = Home::at(self.folder.path().join("keyfob"));
        Keyfob::new(home, Arc::new(Untouched), edge, "a test")
    }

    fn which(&self, tool: Tool) -> Which {
        let project = self.folder.path().join("project").canonicalize().unwrap();
        let managed = self.folder.path().join("managed");
        let sources = self.keyfob().look_around(Some(&project), &managed).unwrap();
        let kept = format!("{sources:?}");
        assert!(!kept.contains("PLANTED"), "{kept}");
        let answer = precedence::which(tool, &sources);
        let said = serde_json::to_string(&answer).unwrap();
        assert!(!said.contains("PLANTED"), "{said}");
        answer
    }

    fn claude_code(&self) -> Which {
        self.which(Tool::ClaudeCode)
    }
}

fn winner(answer: &Which) -> Option<Source> {
    answer.winner.as_ref().map(|winner| winner.source)
}

fn codes(answer: &Which) -> Vec<WarningCode> {
    answer.warnings.iter().map(|warning| warning.code).collect()
}

pub(crate) const SESSION: &str = r#"{"claudeAiOauth":{"accessToken":"PLANTED","refreshToken":"PLANTED",
    "expiresAt":1795284000000,"scopes":["user:inference","user:profile"],"subscriptionType":"max"}}"#;

#[test]
fn an_empty_computer_has_nothing() {
    let computer = Computer::new();
    for tool in [Tool::ClaudeCode, Tool::AnthropicSdk] {
        let answer = computer.which(tool);
        assert_eq!((winner(&answer), codes(&answer)), (None, Vec::new()));
    }
}

#[test]
fn a_session_is_found_where_claude_code_keeps_it() {
    let computer = Computer::new().file(".claude/.credentials.json", SESSION);
    let answer = computer.claude_code();
    assert_eq!(winner(&answer), Some(Source::LoginSession));
    assert_eq!(answer.winner.unwrap().payer, Bill::Plan);
    assert_eq!(winner(&computer.which(Tool::AnthropicSdk)), None);

    let computer = Computer::new().file("other/.credentials.json", SESSION);
    let other = computer.folder.path().join("other");
    assert_eq!(winner(&computer.claude_code()), None);
    let computer = computer.set("CLAUDE_CONFIG_DIR", other.to_str().unwrap());
    assert_eq!(winner(&computer.claude_code()), Some(Source::LoginSession));
}

#[test]
fn a_key_in_the_shell_outranks_the_subscription_and_that_is_said() {
    let computer = Computer::new()
        .file(".claude/.credentials.json", SESSION)
        .set("ANTHROPIC_API_KEY", KEY);
    let answer = computer.claude_code();
    assert_eq!(winner(&answer), Some(Source::ApiKey));
    assert_eq!(
        codes(&answer),
        [WarningCode::OutranksPlan, WarningCode::KeyAsksFirst]
    );
    assert!(answer.winner.unwrap().state.contains("9f2A"));
}

#[test]
fn what_was_said_about_a_key_is_remembered_by_its_end() {
    let end = &KEY[KEY.len() - 20..];
    let with = |list: &str| {
        let state = format!(r#"{{"customApiKeyResponses":{{"{list}":["{end}"]}}}}"#);
        let computer = Computer::new()
            .file(".claude.json", &state)
            .file(".claude/.credentials.json", SESSION);
        computer.set("ANTHROPIC_API_KEY", KEY).claude_code()
    };
    assert_eq!(winner(&with("rejected")), Some(Source::LoginSession));
    assert_eq!(codes(&with("rejected")), [WarningCode::KeyRejected]);
    assert_eq!(codes(&with("approved")), [WarningCode::OutranksPlan]);
}

#[test]
fn the_key_of_a_sign_in_to_the_console_is_found() {
    let computer = Computer::new().file(".claude.json", r#"{"primaryApiKey":"PLANTED"}"#);
    assert_eq!(winner(&computer.claude_code()), Some(Source::LoginKey));
    let computer = computer.file(".claude/.credentials.json", SESSION);
    let answer = computer.claude_code();
    assert_eq!(winner(&answer), Some(Source::LoginSession));
    assert_eq!(answer.outranked[0].source, Source::LoginKey);
    for odd in ["{\"primaryApiKey\":\"\"}", "{\"primaryApiKey\":7}", "{}"] {
        let computer = Computer::new().file(".claude.json", odd);
        assert_eq!(winner(&computer.claude_code()), None, "{odd}");
    }
}

#[test]
fn settings_count_from_managed_to_user() {
    let helper = r#"{"apiKeyHelper":"echo PLANTED"}"#;
    let mut computer = Computer::new();
    for (file, place) in [
        (".claude/settings.json", "settings.json"),
        ("project/.claude/settings.json", "settings.json"),
        ("project/.claude/settings.local.json", "settings.local.json"),
        ("managed/managed-settings.json", "managed-settings.json"),
        ("managed/managed-settings.d/10-a.json", "10-a.json"),
        ("managed/managed-settings.d/20-b.json", "20-b.json"),
    ] {
        computer = computer.file(file, helper);
        let found = computer.claude_code().winner.unwrap();
        assert_eq!(found.source, Source::ApiKeyHelper);
        assert!(found.place.ends_with(place), "{file}: {}", found.place);
    }
    let computer = computer.file("managed/managed-settings.d/.30.json", helper);
    assert!(
        computer
            .claude_code()
            .winner
            .unwrap()
            .place
            .ends_with("20-b.json")
    );
}

#[test]
fn a_variable_of_a_settings_file_counts_and_an_empty_one_takes_away() {
    let settings = format!(r#"{{"env":{{"ANTHROPIC_API_KEY":"{KEY}"}}}}"#);
    let computer = Computer::new().file(".claude/settings.json", &settings);
    let answer = computer.claude_code();
    assert_eq!(winner(&answer), Some(Source::ApiKey));
    assert!(codes(&answer).contains(&WarningCode::SetBySettings));
    assert_eq!(winner(&computer.which(Tool::AnthropicSdk)), None);

    let computer = Computer::new()
        .file(
            ".claude/settings.json",
            r#"{"env":{"ANTHROPIC_API_KEY":""}}"#,
        )
        .set("ANTHROPIC_API_KEY", KEY);
    assert_eq!(winner(&computer.claude_code()), None);
    assert_eq!(
        winner(&computer.which(Tool::AnthropicSdk)),
        Some(Source::ApiKey)
    );

    let switch = r#"{"env":{"CLAUDE_CODE_USE_BEDROCK":true,"CLAUDE_CODE_USE_VERTEX":1}}"#;
    let computer = Computer::new().file(".claude/settings.json", switch);
    assert_eq!(winner(&computer.claude_code()), Some(Source::Bedrock));
}

#[test]
fn a_broken_file_is_a_warning_with_its_place_and_nothing_of_its_text() {
    for (file, text) in [
        (".claude/settings.json", "{\"apiKeyHelper\":\"PLANTED\""),
        (".claude/settings.json", "[\"PLANTED\"]"),
        (".claude/settings.json", "\u{fffd}PLANTED"),
        (".claude.json", "{\"primaryApiKey\":PLANTED}"),
        (".claude/.credentials.json", "PLANTED"),
        ("project/.claude/settings.local.json", "PLANTED"),
        (".config/anthropic/configs/work.json", "PLANTED"),
        (".config/anthropic/configs/work.json", "[]"),
    ] {
        if cfg!(windows) && file.starts_with(".config") {
            continue;
        }
        let computer = Computer::new()
            .file(file, text)
            .set("ANTHROPIC_API_KEY", KEY);
        let answer = computer.claude_code();
        assert_eq!(winner(&answer), Some(Source::ApiKey), "{file}");
        assert_eq!(codes(&answer)[0], WarningCode::FileBroken, "{file}");
        assert!(answer.warnings[0].words.contains(".json"), "{file}");
    }
}

#[test]
fn a_folder_counts_as_trusted_where_it_or_one_above_it_is() {
    let helper = r#"{"apiKeyHelper":"echo PLANTED"}"#;
    let computer = Computer::new().file("project/.claude/settings.json", helper);
    assert_eq!(codes(&computer.claude_code()), [WarningCode::NotTrusted]);
    let root = computer.folder.path().canonicalize().unwrap();
    let mut computer = computer;
    for folder in [root.join("project"), root] {
        let name = folder.to_string_lossy().replace('\\', "/");
        let state = serde_json::json!({ "projects": { name: { "hasTrustDialogAccepted": true } } });
        computer = computer.file(".claude.json", &state.to_string());
        assert_eq!(codes(&computer.claude_code()), []);
    }
    let elsewhere = r#"{"projects":{"/elsewhere":{"hasTrustDialogAccepted":true}}}"#;
    let computer = computer.file(".claude.json", elsewhere);
    assert_eq!(codes(&computer.claude_code()), [WarningCode::NotTrusted]);
}

#[cfg(unix)]
#[test]
fn a_file_with_a_key_that_others_can_read_is_said() {
    use std::os::unix::fs::PermissionsExt as _;
    let settings = format!(r#"{{"env":{{"ANTHROPIC_API_KEY":"{KEY}"}}}}"#);
    let computer = Computer::new().file(".claude/settings.json", &settings);
    let folder = computer.folder.path();
    let mode =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let file = folder.join(".claude/settings.json");
    let warned = || codes(&computer.claude_code()).contains(&WarningCode::ReadableByOthers);
    mode(folder, 0o755);
    mode(&folder.join(".claude"), 0o755);
    mode(&file, 0o644);
    assert!(warned());
    mode(&file, 0o600);
    assert!(!warned());
    mode(&file, 0o644);
    mode(folder, 0o700);
    assert!(!warned(), "nobody gets that far");
}

#[cfg(not(windows))]
#[test]
fn profiles_are_found_by_name_and_by_pointer() {
    let config = r#"{"version":"1.0","authentication":{"type":"user_oauth"}}"#;
    let credentials = r#"{"access_token":"PLANTED","expires_at":1795284000}"#;
    let at = |name: &str| format!(".config/anthropic/{name}");
    let computer = Computer::new()
        .file(&at("configs/work.json"), config)
        .file(&at("credentials/work.json"), credentials)
        .file(&at("credentials/alone.json"), credentials);
    for tool in [Tool::ClaudeCode, Tool::AnthropicSdk] {
        assert_eq!(winner(&computer.which(tool)), None, "no one names it");
    }
    let computer = computer.file(&at("active_config"), "work\n");
    for tool in [Tool::ClaudeCode, Tool::AnthropicSdk] {
        assert_eq!(winner(&computer.which(tool)), Some(Source::ActiveProfile));
    }
    let computer = computer.set("ANTHROPIC_PROFILE", "work");
    for tool in [Tool::ClaudeCode, Tool::AnthropicSdk] {
        assert_eq!(winner(&computer.which(tool)), Some(Source::NamedProfile));
    }
    let computer = Computer::new()
        .file(&at("credentials/alone.json"), credentials)
        .set("ANTHROPIC_PROFILE", "alone");
    for tool in [Tool::ClaudeCode, Tool::AnthropicSdk] {
        let answer = computer.which(tool);
        assert_eq!(winner(&answer), None, "credentials alone are no profile");
        assert_eq!(codes(&answer), [WarningCode::ProfileMissing]);
    }
}

#[test]
fn a_folder_that_is_not_there_is_an_error_and_none_at_all_is_not() {
    let computer = Computer::new();
    let missing = computer.folder.path().join("missing");
    let error = computer.keyfob().which(&[Tool::ClaudeCode], Some(&missing));
    assert_eq!(error.unwrap_err().code, Code::Usage);
    assert_eq!(
        computer
            .keyfob()
            .which(&[Tool::ClaudeCode], None)
            .unwrap()
            .len(),
        1
    );
}

/// Claude Code 2.1.197 was seen to send its requests through a socket that it or a folder's settings name.
#[test]
fn a_socket_is_another_server() {
    let settings = r#"{"env":{"ANTHROPIC_UNIX_SOCKET":"/tmp/PLANTED"}}"#;
    let by_folder = Computer::new().file("project/.claude/settings.json", settings);
    let by_shell = Computer::new().set("ANTHROPIC_UNIX_SOCKET", "/tmp/PLANTED");
    for computer in [by_folder, by_shell] {
        let answer = computer.set("ANTHROPIC_API_KEY", KEY).claude_code();
        let elsewhere = answer.warnings.iter();
        let mut elsewhere = elsewhere.filter(|warning| warning.code == WarningCode::SentElsewhere);
        let warning = elsewhere.next().unwrap();
        assert!(warning.words.contains("socket"), "{warning:?}");
        assert!(
            warning.cure.contains("ANTHROPIC_UNIX_SOCKET"),
            "{warning:?}"
        );
        assert!(elsewhere.next().is_none());
    }
}

#[test]
fn of_a_settings_file_that_cannot_be_read_it_is_said_that_claude_code_may_read_it() {
    let broken = "{\"x\": \"\\ud800\"";
    let computer = Computer::new().file("project/.claude/settings.json", broken);
    let answer = computer.claude_code();
    assert_eq!(codes(&answer), [WarningCode::FileBroken]);
    let words = &answer.warnings[0].words;
    assert!(words.contains("Claude Code may read it"), "{words}");
    assert!(!words.contains("counts for nothing"), "{words}");
    // It is no file of theirs.
    assert_eq!(codes(&computer.which(Tool::AnthropicSdk)), []);

    let computer = Computer::new().file(".config/anthropic/configs/work.json", "{");
    for tool in [Tool::ClaudeCode, Tool::AnthropicSdk] {
        let words = &computer.which(tool).warnings[0].words;
        assert!(words.contains("counts for nothing"), "{words}");
    }
}
