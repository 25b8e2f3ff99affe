//! Folders in which nothing may be written: connecting, exporting and taking back say so, and leave no half behind.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use keyfob_tests::home::files_under;
use keyfob_tests::{Custody, Output};
use serde_json::Value;

const KEY: &str = "sk-ant-api03-practice-closed-9f2A";

const SETTINGS: &str = "{\n  \"model\": \"claude-practice-1\"\n}\n";

/// A session with a sign-in and a key, and a folder to be closed.
struct Desk {
    custody: Custody,
    folder: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let custody = Custody::start();
        custody.sign_in("work");
        let add = custody.keyfob(&["add-key", "--label", "ci", "--no-verify"]);
        add.stdin(KEY).run().expect_code(0);
        let folder = custody.session.new_folder("closed");
        Self { custody, folder }
    }

    /// Runs the command where nothing can be written into these folders, which are open again afterwards. What is in
    /// `within` is as it was.
    #[track_caller]
    fn closed(&self, folders: &[&Path], within: &Path, arguments: &[&str]) -> Output {
        let before = everything(within);
        for folder in folders {
            set_mode(folder, 0o500);
        }
        let (session, home) = (&self.custody.session, &self.custody.home);
        let output = session.keyfob(home, arguments).by_permissions().run();
        for folder in folders {
            set_mode(folder, 0o700);
        }
        assert_eq!(everything(within), before, "{output:#?}");
        // In a sentence, with what the system says of it; a key is in neither.
        let said = &output.stderr;
        assert!(said.contains("cannot be written"), "{output:#?}");
        assert!(said.contains("(Permission denied"), "{output:#?}");
        assert!(!said.contains("sk-ant-"), "{output:#?}");
        assert_eq!(output.stdout, "", "{output:#?}");
        output
    }

    fn run(&self, arguments: &[&str]) {
        self.custody.run(arguments).expect_code(0);
    }

    fn connections(&self) -> Vec<Value> {
        let output = self.custody.run(&["connections", "--json"]);
        serde_json::from_str(&output.expect_code(0).stdout).unwrap()
    }

    /// What cannot be taken back stays listed, and goes once it can.
    #[track_caller]
    fn stays_until_it_can_be_taken_back(&self, folders: &[&Path], within: &Path) {
        let id = self.connections()[0]["id"].as_str().unwrap().to_owned();
        self.closed(folders, within, &["disconnect", &id])
            .expect_code(1);
        assert_eq!(self.connections().len(), 1);
        self.run(&["disconnect", &id]);
        assert!(self.connections().is_empty());
    }
}

fn set_mode(folder: &Path, mode: u32) {
    fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
}

/// Files with their bytes, and folders.
fn everything(folder: &Path) -> (BTreeMap<PathBuf, Vec<u8>>, Vec<PathBuf>) {
    let (mut folders, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        let inside = fs::read_dir(&next).unwrap().map(|one| one.unwrap().path());
        open.extend(inside.filter(|path| path.is_dir()));
        folders.push(next);
    }
    folders.sort();
    (files_under(folder), folders)
}

#[test]
fn no_half_of_a_profile_is_left() {
    let mut desk = Desk::new();
    let root = desk.folder.clone();
    desk.custody.session.set("ANTHROPIC_CONFIG_DIR", &root);
    let connect = [
        "connect",
        "anthropic-sdk",
        "--account",
        "work",
        "--activate",
    ];
    let (configs, credentials) = (root.join("configs"), root.join("credentials"));
    let is_refused = |folders: &[&Path]| {
        let refused = desk.closed(folders, &root, &connect).expect_code(1);
        assert!(
            refused.stderr.contains("Nothing was changed"),
            "{refused:#?}"
        );
        assert!(desk.connections().is_empty());
    };
    is_refused(&[&root]);
    // The last of its files is the one that cannot be written.
    for folder in [&configs, &credentials] {
        fs::create_dir(folder).unwrap();
    }
    for folder in [&credentials, &configs, &root] {
        is_refused(&[folder]);
    }
    desk.run(&connect);
    assert_eq!(desk.connections()[0]["problem"], Value::Null);
    desk.stays_until_it_can_be_taken_back(&[&root, &configs, &credentials], &root);
    assert!(files_under(&root).is_empty());
}

#[test]
fn no_half_of_an_export_is_left() {
    let desk = Desk::new();
    let root = desk.folder.clone();
    let (file, profile) = (root.join("file"), root.join("profile"));
    let export = |account: &'static str, format: &'static str, to: &Path, more: &[&'static str]| {
        let export = ["export", account, "--format", format, "--to"];
        let export = export.map(str::to_owned).into_iter();
        let to = to.to_str().unwrap().to_owned();
        let more = more.iter().map(|one| (*one).to_owned());
        export.chain([to]).chain(more).collect::<Vec<String>>()
    };
    let is_refused = |folders: &[&Path], arguments: &[String]| {
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let refused = desk.closed(folders, &root, &arguments).expect_code(1);
        assert!(
            refused.stderr.contains("Nothing was exported"),
            "{refused:#?}"
        );
    };
    for format in ["env", "json", "docker-secret", "claude-credentials"] {
        is_refused(&[&root], &export("work", format, &file, &[]));
    }
    is_refused(
        &[&root],
        &export("work", "anthropic-profile", &profile, &[]),
    );
    fs::create_dir(&profile).unwrap();
    is_refused(
        &[&profile],
        &export("work", "anthropic-profile", &profile, &[]),
    );
    assert!(desk.connections().is_empty());

    let call = export("work", "docker-secret", &file, &[]);
    desk.run(&call.iter().map(String::as_str).collect::<Vec<_>>());
    is_refused(&[&root], &export("ci", "env", &file, &["--replace"]));
    let listed = desk.connections();
    assert_eq!(listed.len(), 1, "{listed:#?}");
    assert_eq!(listed[0]["label"], "work", "{listed:#?}");
    assert_eq!(listed[0]["problem"], Value::Null, "{listed:#?}");
    desk.stays_until_it_can_be_taken_back(&[&root], &root);
    assert!(!file.exists());
}

#[test]
fn settings_of_claude_code_stay_as_they_are() {
    let desk = Desk::new();
    let home = desk.custody.session.environment().folder("home");
    let user = home.join(".claude");
    let project = desk.folder.join("project");
    fs::create_dir_all(project.join(".claude")).unwrap();
    fs::create_dir(&user).unwrap();
    fs::write(user.join("settings.json"), SETTINGS).unwrap();
    let connect = ["connect", "claude-code", "--account", "ci", "--anyway"];
    let here = [&connect[..], &["--project", project.to_str().unwrap()]].concat();
    let of_project = project.join(".claude");
    for (folder, arguments) in [
        (&user, &connect[..]),
        (&of_project, &here),
        (&project, &here),
    ] {
        if folder == &project {
            fs::remove_dir(&of_project).unwrap();
        }
        desk.closed(&[folder], folder, arguments).expect_code(1);
        assert!(desk.connections().is_empty());
        let backups = files_under(&desk.custody.home.file("backups"));
        assert!(backups.is_empty(), "{:?}", backups.keys());
    }
    desk.run(&connect);
    desk.stays_until_it_can_be_taken_back(&[&user], &user);
    let left = files_under(&user);
    assert_eq!(left.len(), 1, "{:?}", left.keys());
    assert_eq!(left[Path::new("settings.json")], SETTINGS.as_bytes());
}

#[test]
fn a_folders_own_file_stays_as_it_is() {
    let desk = Desk::new();
    let file = desk.folder.join(".keyfob.toml");
    for text in [None, Some("account = \"work\" # why\n")] {
        if let Some(text) = text {
            fs::write(&file, text).unwrap();
        }
        let before = everything(&desk.folder);
        set_mode(&desk.folder, 0o500);
        let (session, home) = (&desk.custody.session, &desk.custody.home);
        let call = session
            .keyfob(home, &["use", "ci", "--here"])
            .by_permissions();
        let refused = call.within(&desk.folder).run().expect_code(1);
        set_mode(&desk.folder, 0o700);
        assert!(refused.stderr.contains("cannot be written"), "{refused:#?}");
        assert_eq!(everything(&desk.folder), before);
        let listed = desk.custody.run(&["trust", "--list", "--json"]);
        assert_eq!(listed.expect_code(0).stdout.trim(), "[]");
    }
}
