//! A desktop with tools and a Keyfob that has a key, for the tests of connecting them.
#![allow(
    dead_code,
    reason = "every test file takes what it needs from this one"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use keyfob_tests::home::{files_under, files_with};
use keyfob_tests::{DesktopSession, Home, Keyring, MockProvider, Output, http, tools};
use serde_json::Value;

pub(crate) const PLANTED: &str = "PLANTED7Q";
pub(crate) const KEY: &str = "sk-ant-api03-PLANTED7Q-tools-1111";
pub(crate) const NEW: &str = "sk-ant-api03-PLANTED7Q-tools-2222";

pub(crate) struct World {
    pub(crate) session: DesktopSession,
    pub(crate) mock: MockProvider,
    pub(crate) home: Home,
}

impl World {
    /// With a key, and these tools.
    pub(crate) fn new(names: &[&str]) -> Self {
        Self::with_api_at(names, None)
    }

    /// The same with the key of another server than the practice server.
    pub(crate) fn with_api_at(names: &[&str], api: Option<&str>) -> Self {
        let mut session = DesktopSession::start(Keyring::Unlocked);
        tools::install(&mut session, names);
        let mock = MockProvider::start(&["--auto", "agree", "--marker", PLANTED]);
        let block = mock
            .config_block()
            .replace("practice = true", "practice = false")
            .replace("payer = \"none\"", "payer = \"company\"");
        let ours = format!("[api]\nbase_url = \"{}\"", mock.base_url());
        assert!(block.contains(&ours), "{block}");
        let api = api.unwrap_or(mock.base_url());
        let block = block.replace(&ours, &format!("[api]\nbase_url = \"{api}\""));
        let home = Home::new(&session, "home", &block);
        let world = Self {
            session,
            mock,
            home,
        };
        world.run(&["add-key", "--no-verify", "--label", "CI"], KEY, 0);
        world
    }

    /// A call whose words hold no secret.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str], stdin: &str, code: i32) -> Output {
        let call = self.session.keyfob(&self.home, arguments).stdin(stdin);
        let output = call.run().expect_code(code);
        assert!(!output.stderr.contains(PLANTED), "{output:#?}");
        let gives = ["token", "helper", "credential"].contains(&arguments[0]);
        assert!(gives || !output.stdout.contains(PLANTED), "{output:#?}");
        output
    }

    #[track_caller]
    pub(crate) fn connect(&self, arguments: &[&str]) -> Value {
        let all = [&["connect"], arguments, &["--json"]].concat();
        json_of(&self.run(&all, "", 0))
    }

    pub(crate) fn sign_in(&self, label: &str) {
        self.session.sign_in(&self.home, label);
    }

    /// A file in the person's own folder.
    pub(crate) fn in_home(&self, path: &str) -> PathBuf {
        self.session.environment().folder("home").join(path)
    }

    pub(crate) fn opencode_settings(&self) -> PathBuf {
        let config = self.session.environment().folder("config");
        config.join("opencode/opencode.json")
    }

    /// Runs a tool as the person would, in a project of theirs.
    pub(crate) fn tool(&self, program: &str, arguments: &[&str]) -> std::process::Output {
        let project = self.session.new_folder("project");
        let mut command = self.session.command(program);
        command.args(arguments).current_dir(project);
        command.stdin(Stdio::null()).output().unwrap()
    }

    /// What the server was sent: the headers, and the fingerprint of what was in them.
    pub(crate) fn sent(&self) -> Vec<Value> {
        let url = format!("{}/control/messages", self.mock.base_url());
        http::get(&url).json().as_array().unwrap().clone()
    }

    /// Everything of other programs in the person's folders. What those keep for themselves is theirs.
    pub(crate) fn theirs(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let environment = self.session.environment();
        let mut all = BTreeMap::new();
        for folder in ["home", "config"] {
            for (path, bytes) in files_under(&environment.folder(folder)) {
                all.insert(Path::new(folder).join(path), bytes);
            }
        }
        all
    }

    /// Which files hold a planted secret, but for the keychain's own.
    pub(crate) fn with_secrets(&self) -> Vec<String> {
        let files = files_under(self.session.root());
        let paths = files_with(&files, PLANTED).into_iter();
        let paths = paths.map(|path| path.display().to_string());
        paths.filter(|path| !path.contains("keyrings")).collect()
    }
}

pub(crate) fn json_of(output: &Output) -> Value {
    serde_json::from_str(&output.stdout).unwrap()
}

pub(crate) fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
