//! Connecting and taking back where something goes wrong in between: a kill, a file that cannot be written, somebody who
//! signs out meanwhile. What is handed over never lies where no list names it.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up fails"
)]

mod common;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::World;
use keyfob::{
    ClaudeCodeWish, ConnectRequest, ConnectTo, Connected, Error, ExportFormat, ExportRequest,
    ExportTo, Exported, Keyfob, NewKey, Replacement, Secret,
};
use serde_json::{Value, json};

const KEY: &str = "sk-ant-api03-good-9f2A";
const NEW: &str = "sk-ant-api03-good-7c31";

/// A person's computer: a home folder, some programs, and a Keyfob with a key.
struct Desk {
    world: World,
    keyfob: Keyfob,
    folder: tempfile::TempDir,
}

impl Desk {
    async fn new() -> Self {
        Self::with(None).await
    }

    async fn with(workspace: Option<&str>) -> Self {
        let world = World::new().await;
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("bin")).unwrap();
        let of = |name: &str| folder.path().join(name).display().to_string();
        let keyfob = world.open_in(&[
            ("HOME", &of("")),
            ("PATH", &of("bin")),
            ("ANTHROPIC_BASE_URL", world.mock.base_url()),
            ("ANTHROPIC_CONFIG_DIR", &of("profiles")),
        ]);
        let key = NewKey {
            pasted: Secret::new(KEY),
            label: Some("CI".to_owned()),
            workspace_id: workspace.map(str::to_owned),
            expires_on: None,
            verify: false,
        };
        keyfob.add_api_key(key).await.unwrap();
        let desk = Self {
            world,
            keyfob,
            folder,
        };
        for name in ["opencode", "pi", "claude"] {
            desk.program(name, "");
        }
        desk.git("");
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The real git, at home here, with something that is done first.
    fn git(&self, first: &str) {
        let home = self.folder.path().display();
        self.program(
            "git",
            &format!(
                "HOME={home}; export HOME; unset XDG_CONFIG_HOME GIT_CONFIG_GLOBAL\n{first}\n\
                 PATH=/usr/local/bin:/usr/bin:/bin exec git \"$@\""
            ),
        );
    }

    fn keyfobs(&self, name: &str) -> PathBuf {
        self.world.home.path().join(name)
    }

    /// Until this is undone, the list of connections cannot be written.
    fn list_cannot_be_written(&self, cannot: bool) {
        let next = self.keyfobs(".connections.json.new");
        match cannot {
            true => fs::create_dir(next).unwrap(),
            false => fs::remove_dir(next).unwrap(),
        }
    }

    async fn connect(&self, to: ConnectTo, account: &str) -> Result<Connected, Error> {
        let request = ConnectRequest {
            to,
            account: Some(account.to_owned()),
            program: PathBuf::from("/opt/keyfob"),
        };
        self.keyfob.connect(request).await
    }

    async fn export(
        &self,
        account: &str,
        format: ExportFormat,
        name: &str,
        replace: bool,
    ) -> Result<Exported, Error> {
        let request = ExportRequest {
            account: Some(account.to_owned()),
            format,
            to: ExportTo::Path(self.path(name)),
            replace,
            at_least: None,
        };
        self.keyfob.export(request).await
    }

    async fn rotate(&self, key: &str) {
        let new = Replacement {
            pasted: Secret::new(key),
            workspace_id: None,
            expires_on: None,
            verify: false,
        };
        self.keyfob.rotate_key("CI", new).await.unwrap();
    }

    fn list(&self) -> Value {
        let text = fs::read_to_string(self.keyfobs("connections.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

fn opencode() -> ConnectTo {
    ConnectTo::Opencode { replace: false }
}

fn git() -> ConnectTo {
    ConnectTo::Git { host: None }
}

fn sdk(activate: bool) -> ConnectTo {
    ConnectTo::AnthropicSdk {
        profile: Some("work".to_owned()),
        activate,
    }
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn our_copies_go_even_where_the_tools_settings_cannot_be_put_back() {
    let desk = Desk::new().await;
    let connected = desk.connect(opencode(), "CI").await.unwrap();
    let copy = desk.keyfobs("given").join(connected.connection.id.as_str());
    assert_eq!(text(&copy), KEY);
    let settings = desk.path(".config/opencode/opencode.json");
    let elsewhere = desk.path("elsewhere.json");
    fs::rename(&settings, &elsewhere).unwrap();
    symlink(&elsewhere, &settings).unwrap();
    let report = desk.keyfob.sign_out("CI").await.unwrap();
    assert!(!copy.exists());
    assert_eq!(report.left.len(), 1, "{report:?}");
    assert!(report.left[0].contains("symbolic link"), "{report:?}");

    // What remains is still listed, and goes once it can.
    fs::remove_file(&settings).unwrap();
    fs::rename(&elsewhere, &settings).unwrap();
    desk.keyfob.disconnect("opencode").unwrap();
    assert!(!settings.exists());
    assert!(desk.keyfob.connections().unwrap().is_empty());
}

#[tokio::test]
async fn a_profiles_token_goes_even_where_the_active_one_cannot_be_read() {
    let desk = Desk::new().await;
    desk.world.sign_in_as("Work").await;
    desk.connect(sdk(true), "Work").await.unwrap();
    let token = desk.path("profiles/credentials/work.json");
    assert!(token.exists());
    let active = desk.path("profiles/active_config");
    fs::remove_file(&active).unwrap();
    fs::create_dir(&active).unwrap();
    desk.keyfob.disconnect("anthropic-sdk").unwrap_err();
    assert!(!token.exists());
    assert!(!desk.path("profiles/configs/work.json").exists());
    fs::remove_dir(&active).unwrap();
    assert!(
        desk.keyfob
            .disconnect("anthropic-sdk")
            .unwrap()
            .left
            .is_empty()
    );
    assert!(!desk.path("profiles").exists());
}

#[tokio::test]
async fn git_is_told_of_what_is_listed_and_forgets_while_the_account_is_listed() {
    let desk = Desk::new().await;
    let (list, accounts) = (
        desk.keyfobs("connections.json"),
        desk.keyfobs("accounts.json"),
    );
    let seen = desk.path("seen");
    desk.git(&format!(
        "case \"$*\" in *--add*) cat {} > {seen};; *--unset*) cat {} > {seen};; esac",
        list.display(),
        accounts.display(),
        seen = seen.display()
    ));
    let connected = desk.connect(git(), "CI").await.unwrap();
    let id = connected.connection.id.as_str();
    assert!(text(&seen).contains(id), "{}", text(&seen));
    assert!(text(&desk.path(".gitconfig")).contains(id));
    let report = desk.keyfob.sign_out("CI").await.unwrap();
    assert!(report.left.is_empty(), "{report:?}");
    assert!(text(&seen).contains("\"CI\""), "{}", text(&seen));
    assert!(!desk.path(".gitconfig").exists());
}

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

#[tokio::test]
async fn a_profile_that_was_listed_and_never_written_is_taken_back_without_a_word() {
    let desk = Desk::new().await;
    desk.world.sign_in_as("Work").await;
    fs::create_dir(desk.path("profiles")).unwrap();
    fs::write(desk.path("profiles/active_config"), "mine\n").unwrap();
    desk.connect(sdk(true), "Work").await.unwrap();
    // As a kill leaves it that comes after the list was written.
    fs::remove_dir_all(desk.path("profiles")).unwrap();
    fs::create_dir(desk.path("profiles")).unwrap();
    fs::write(desk.path("profiles/active_config"), "mine\n").unwrap();
    let gone = desk.keyfob.disconnect("anthropic-sdk").unwrap();
    assert!(gone.left.is_empty(), "{:?}", gone.left);
    assert_eq!(text(&desk.path("profiles/active_config")), "mine\n");
}

#[tokio::test]
async fn nothing_is_written_that_cannot_be_listed() {
    let desk = Desk::new().await;
    desk.world.sign_in_as("Work").await;
    desk.export("CI", ExportFormat::DockerSecret, "key", false)
        .await
        .unwrap();
    desk.rotate(NEW).await;
    desk.list_cannot_be_written(true);
    let again = desk.export("CI", ExportFormat::DockerSecret, "key", true);
    again.await.unwrap_err();
    assert_eq!(text(&desk.path("key")), KEY);
    let other = desk.export("CI", ExportFormat::DockerSecret, "other", false);
    other.await.unwrap_err();
    desk.connect(sdk(false), "Work").await.unwrap_err();
    desk.connect(git(), "CI").await.unwrap_err();
    for path in ["other", "profiles", ".gitconfig"] {
        assert!(!desk.path(path).exists(), "{path}");
    }
    desk.list_cannot_be_written(false);
    desk.export("CI", ExportFormat::DockerSecret, "key", true)
        .await
        .unwrap();
    assert_eq!(text(&desk.path("key")), NEW);
    assert_eq!(desk.keyfob.connections().unwrap().len(), 1);
}

#[tokio::test]
async fn an_export_that_was_killed_while_it_was_replaced_is_still_ours() {
    let desk = Desk::new().await;
    let export = |replace| desk.export("CI", ExportFormat::DockerSecret, "key", replace);
    export(false).await.unwrap();
    let old = desk.list()["all"][0]["changes"][0].clone();
    desk.rotate(NEW).await;
    for written in [KEY, NEW] {
        export(true).await.unwrap();
        // As the list is before the file is written.
        let mut list = desk.list();
        let changes = list["all"][0]["changes"].as_array_mut().unwrap();
        changes.insert(0, old.clone());
        fs::write(desk.keyfobs("connections.json"), list.to_string()).unwrap();
        fs::write(desk.path("key"), written).unwrap();
        let listed = desk.keyfob.connections().unwrap();
        assert_eq!(listed[0].problem, None, "{written}");
    }
    export(true).await.unwrap();
    let mut list = desk.list();
    let changes = list["all"][0]["changes"].as_array_mut().unwrap();
    changes.insert(0, old);
    fs::write(desk.keyfobs("connections.json"), list.to_string()).unwrap();
    let report = desk.keyfob.sign_out("CI").await.unwrap();
    assert!(report.left.is_empty(), "{report:?}");
    assert!(!desk.path("key").exists());
}

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
async fn nothing_of_a_plan_is_copied() {
    let desk = Desk::new().await;
    let config = desk.world.mock.config_block();
    let plan = config.replace("payer = \"none\"", "payer = \"plan\"");
    assert_ne!(config, plan);
    desk.world
        .configure(&plan.replace("practice = true", "practice = false"));
    desk.world.sign_in_as("Work").await;
    for format in [
        ExportFormat::ClaudeCredentials,
        ExportFormat::Env,
        ExportFormat::Json,
        ExportFormat::AnthropicProfile,
        ExportFormat::DockerSecret,
    ] {
        let error = desk.export("Work", format, "out", false).await.unwrap_err();
        assert!(
            error.message.contains("Claude plan"),
            "{format:?} {error:?}"
        );
    }
    for to in [sdk(false), opencode()] {
        let error = desk.connect(to, "Work").await.unwrap_err();
        assert!(error.message.contains("Claude plan"), "{error:?}");
    }
    assert!(!desk.path("out").exists() && !desk.path("profiles").exists());
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
async fn gits_line_goes_wherever_its_file_has_gone() {
    let desk = Desk::new().await;
    let usual = desk.path(".gitconfig");
    let other = desk.path(".config/git/config");
    fs::create_dir_all(other.parent().unwrap()).unwrap();

    desk.connect(git(), "CI").await.unwrap();
    fs::rename(&usual, &other).unwrap();
    assert!(desk.keyfob.disconnect("git").unwrap().left.is_empty());
    assert!(!text(&other).contains("helper"), "{}", text(&other));

    // git writes there where the usual one is missing, and a list that names another one is put right.
    fs::write(&other, "").unwrap();
    let connected = desk.connect(git(), "CI").await.unwrap();
    assert_eq!(connected.connection.files, std::slice::from_ref(&other));
    desk.keyfob.disconnect("git").unwrap();
    assert_eq!(text(&other), "");
    assert!(!usual.exists());
}

#[tokio::test]
async fn a_git_that_knows_no_fixed_values_is_given_a_pattern() {
    let desk = Desk::new().await;
    desk.git("case \"$*\" in *--fixed-value*) exit 129;; esac");
    let before = "[credential]\n\thelper = cache\n";
    fs::write(desk.path(".gitconfig"), before).unwrap();
    desk.connect(git(), "CI").await.unwrap();
    assert_ne!(text(&desk.path(".gitconfig")), before);
    assert!(desk.keyfob.disconnect("git").unwrap().left.is_empty());
    assert_eq!(text(&desk.path(".gitconfig")), before);
}

#[tokio::test]
async fn a_git_that_does_not_end_is_ended() {
    let desk = Desk::new().await;
    desk.program("git", "exec /bin/sleep 600");
    let error = desk.connect(git(), "CI").await.unwrap_err();
    assert!(error.message.contains("in time"), "{error:?}");
    assert!(desk.keyfob.connections().unwrap().is_empty());
}

#[tokio::test]
async fn the_tools_say_what_does_not_fit_and_call_what_is_ours_nobody_elses() {
    let desk = Desk::with(Some("wrkspc_01")).await;
    desk.program("claude", "exit 0");
    let tool = |id: &str| {
        let tools = desk.keyfob.connectable().unwrap();
        tools.into_iter().find(|tool| tool.to.id() == id).unwrap()
    };
    let pi = tool("pi");
    assert_eq!(pi.unfit[0].label, "CI");
    assert!(pi.unfit[0].why.contains("workspace"), "{:?}", pi.unfit);
    assert_eq!(tool("command").unfit, []);

    let desk = Desk::new().await;
    desk.program("claude", "exit 0");
    let replaces = || {
        let tools = desk.keyfob.connectable().unwrap();
        tools[0].accounts[0].replaces.clone()
    };
    assert_eq!(replaces(), None);
    let to = ConnectTo::ClaudeCode(ClaudeCodeWish::default());
    desk.connect(to, "CI").await.unwrap();
    assert_eq!(replaces(), None);
    let settings = desk.path(".claude/settings.json");
    fs::write(&settings, json!({ "apiKeyHelper": "theirs" }).to_string()).unwrap();
    assert!(replaces().unwrap().contains("apiKeyHelper"));
}

#[tokio::test]
async fn looking_at_the_tools_runs_none_of_them() {
    let desk = Desk::new().await;
    let ran = desk.path("ran");
    for name in ["git", "opencode", "pi", "claude"] {
        desk.program(name, &format!("echo {name} >> {}", ran.display()));
    }
    let tools = desk.keyfob.connectable().unwrap();
    assert!(!ran.exists(), "{}", text(&ran));
    let git = tools.iter().find(|tool| tool.to.id() == "git").unwrap();
    assert_eq!(git.changes, [desk.path(".gitconfig")]);
    assert!(git.found.is_some());
}

#[tokio::test]
async fn lists_of_a_newer_keyfob_are_not_called_damaged() {
    let desk = Desk::new().await;
    fs::write(desk.keyfobs("connections.json"), r#"{"version":9,"by":{}}"#).unwrap();
    fs::write(desk.keyfobs("trusted.json"), r#"{"version":9,"by":{}}"#).unwrap();
    let errors = [
        desk.keyfob.connections().unwrap_err(),
        desk.keyfob.trusted_folders().unwrap_err(),
    ];
    for error in errors {
        assert!(error.message.contains("newer Keyfob"), "{error:?}");
        assert!(error.cure.starts_with("Update"), "{error:?}");
    }
}

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

/// Until it is dropped, nobody can change the list of connections.
fn list_is_busy(desk: &Desk) -> fs::File {
    let lock = desk.keyfobs("locks/connections.lock");
    let lock = fs::File::options().write(true).open(lock).unwrap();
    lock.lock().unwrap();
    lock
}

fn replacement(key: &str) -> Replacement {
    Replacement {
        pasted: Secret::new(key),
        workspace_id: None,
        expires_on: None,
        verify: false,
    }
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
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!has().contains("2222"), "it did not wait for the first one");
    drop(busy);
    first.await.unwrap();
    second.await.unwrap();
    assert_eq!(text(&copy), "sk-ant-api03-second-2222");
    assert_eq!(desk.keyfob.connections().unwrap()[0].problem, None);
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

#[tokio::test]
async fn what_somebody_wrote_while_it_was_exported_anew_stays() {
    let desk = Desk::new().await;
    let export = |replace| desk.export("CI", ExportFormat::DockerSecret, "key", replace);
    export(false).await.unwrap();
    let before = desk.list()["all"].clone();
    let path = desk.path("key");
    *desk.world.store.after_load.lock().unwrap() =
        Some(Box::new(move || fs::write(path, "theirs").unwrap()));
    let error = export(true).await.unwrap_err();
    assert!(error.message.contains("was changed"), "{error:?}");
    assert_eq!(text(&desk.path("key")), "theirs");
    assert_eq!(desk.list()["all"], before);
}

#[tokio::test]
async fn a_link_in_a_files_place_is_left_and_said() {
    let desk = Desk::new().await;
    desk.export("CI", ExportFormat::DockerSecret, "key", false)
        .await
        .unwrap();
    fs::rename(desk.path("key"), desk.path("moved")).unwrap();
    symlink(desk.path("moved"), desk.path("key")).unwrap();
    let listed = desk.keyfob.connections().unwrap();
    let problem = listed[0].problem.clone().unwrap();
    assert!(problem.contains("only a symbolic link"), "{problem}");
    let left = desk.keyfob.disconnect("file").unwrap().left.join(" ");
    assert!(left.contains("is a symbolic link now"), "{left}");
    assert!(left.contains("works until its end"), "{left}");
    assert!(desk.path("key").is_symlink());
    assert_eq!(text(&desk.path("moved")), KEY);
}

fn claude_code() -> ConnectTo {
    ConnectTo::ClaudeCode(ClaudeCodeWish::default())
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

#[tokio::test]
async fn folders_go_with_the_last_profile_in_them() {
    let desk = Desk::new().await;
    desk.world.sign_in_as("Work").await;
    let named = |name: &str| ConnectTo::AnthropicSdk {
        profile: Some(name.to_owned()),
        activate: false,
    };
    for order in [["a", "b", "c"], ["b", "a", "c"], ["c", "b", "a"]] {
        let mut ids = Vec::new();
        for name in ["a", "b", "c"] {
            let connected = desk.connect(named(name), "Work").await.unwrap();
            ids.push((name, connected.connection.id));
        }
        for name in order {
            let (_, id) = ids.iter().find(|(known, _)| *known == name).unwrap();
            assert!(desk.path("profiles/configs").is_dir());
            let taken = desk.keyfob.disconnect(id.as_str()).unwrap();
            assert!(taken.left.is_empty(), "{taken:?}");
        }
        assert!(!desk.path("profiles").exists(), "{order:?}");
    }
}

#[tokio::test]
async fn an_exported_profile_is_written_anew() {
    let desk = Desk::new().await;
    for label in ["Work", "Home"] {
        desk.world.sign_in_as(label).await;
    }
    let export =
        |account, replace| desk.export(account, ExportFormat::AnthropicProfile, "mounted", replace);
    let file = |name: &str| desk.path("mounted").join(name);
    export("Work", false).await.unwrap();
    let before = text(&file("credentials/work.json"));
    let refused = export("Work", false).await.unwrap_err();
    assert!(refused.cure.contains("--replace"), "{refused:?}");
    desk.keyfob.refresh(Some("Work")).await.unwrap();
    export("Work", true).await.unwrap();
    assert_ne!(text(&file("credentials/work.json")), before);

    // Of another account, and nothing stays of the one before.
    fs::write(file("theirs"), "theirs").unwrap();
    export("Home", true).await.unwrap();
    assert!(!file("credentials/work.json").exists() && !file("configs/work.json").exists());
    assert_eq!(text(&file("active_config")), "home\n");
    let listed = desk.keyfob.connections().unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].label.as_deref(), &listed[0].problem),
        (Some("Home"), &None)
    );

    // Where somebody has changed any of it, all of it is left.
    fs::write(file("active_config"), "other\n").unwrap();
    let refused = export("Work", true).await.unwrap_err();
    assert!(refused.message.contains("was changed"), "{refused:?}");
    assert!(file("credentials/home.json").exists() && !file("credentials/work.json").exists());
    fs::write(file("active_config"), "home\n").unwrap();
    desk.export(
        "Work",
        ExportFormat::AnthropicProfile,
        "mounted/configs",
        true,
    )
    .await
    .unwrap_err();

    // Of another API, and its token never lies beside this one's address.
    let config = file("configs/home.json");
    let elsewhere = text(&config).replace("http://", "https://");
    assert_ne!(elsewhere, text(&config));
    let (old, new) = (sha256(&text(&config)), sha256(&elsewhere));
    fs::write(&config, &elsewhere).unwrap();
    let list = text(&desk.keyfobs("connections.json")).replace(&old, &new);
    fs::write(desk.keyfobs("connections.json"), list).unwrap();
    let refused = export("Home", true).await.unwrap_err();
    assert!(refused.message.contains("another API"), "{refused:?}");
    desk.keyfob.disconnect("file").unwrap();
    fs::remove_file(file("theirs")).unwrap();
    assert_eq!(fs::read_dir(desk.path("mounted")).unwrap().count(), 0);
}

fn sha256(text: &str) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
