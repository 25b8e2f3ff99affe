//! The folders and variables of a session.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The variable by which the processes of a session are known, whoever started them.
pub const MARK: &str = "KEYFOB_TEST_SESSION";

const FOLDERS: &[(&str, &str)] = &[
    ("HOME", "home"),
    ("TMPDIR", "tmp"),
    ("XDG_RUNTIME_DIR", "run"),
    ("XDG_DATA_HOME", "data"),
    ("XDG_CONFIG_HOME", "config"),
    ("XDG_CACHE_HOME", "cache"),
    ("XDG_STATE_HOME", "state"),
];

/// Everything that programs of a session find around them. Nothing of the outer environment comes through but the
/// way to installed programs.
#[derive(Debug)]
pub struct Environment {
    root: TempDir,
    variables: Vec<(OsString, OsString)>,
}

impl Environment {
    /// Makes the folders, closed to everybody else.
    pub fn new() -> Self {
        let root = tempfile::Builder::new().prefix("keyfob-test-").tempdir();
        let root = root.expect("the temporary folder can be written");
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o700)).expect("it is ours");
        let mut environment = Self {
            root,
            variables: Vec::new(),
        };
        for (name, folder) in FOLDERS {
            let path = environment.folder(folder);
            fs::DirBuilder::new()
                .mode(0o700)
                .create(&path)
                .expect("the folder is new");
            environment.set(name, path);
        }
        let mark = environment.root.path().as_os_str().to_owned();
        environment.set(MARK, mark);
        environment.set("PATH", std::env::var_os("PATH").unwrap_or_default());
        environment.set("LANG", "C.UTF-8");
        environment.set("RUST_BACKTRACE", "1");
        // GTK would look for the accessibility bus of a desktop and wait for it.
        environment.set("NO_AT_BRIDGE", "1");
        environment
    }

    /// Sets a variable for all programs started from now on.
    pub fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.variables.retain(|(known, _)| known != name);
        self.variables
            .push((name.into(), value.as_ref().to_owned()));
    }

    /// A variable as programs of the session see it.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        let found = self.variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_os_str())
    }

    /// The folder that holds all others.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// A folder or file of the session by its name: `data`, `config`, `run`, …
    pub fn folder(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A program with these variables and no others.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.folder("home"));
        command
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self::new()
    }
}
