//! Somewhere to export credentials to.

use std::path::PathBuf;

use serde_json::Value;

use crate::custody::Custody;
use crate::keyfob::Output;

/// The key of the account "ci".
pub const KEY: &str = "sk-ant-api03-practice-export-9f2A";

/// A session with a sign-in, a key, and a folder for files.
#[derive(Debug)]
pub struct Desk {
    /// Where "work" is signed in to, and "ci" is a key.
    pub custody: Custody,
    /// For what is exported.
    pub folder: PathBuf,
}

impl Desk {
    /// One with an empty folder.
    #[expect(clippy::new_without_default, reason = "it starts programs")]
    pub fn new() -> Self {
        let custody = Custody::start();
        custody.sign_in("work");
        let add = custody.keyfob(&["add-key", "--label", "ci", "--no-verify"]);
        add.stdin(format!("{KEY}\n")).run().expect_code(0);
        let folder = custody.session.new_folder("exports");
        Self { custody, folder }
    }

    /// A place in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Exports an account into the folder, and looks whether anything secret is said.
    pub fn export(&self, account: &str, format: &str, name: &str, more: &[&str]) -> Output {
        let path = self.path(name);
        let to = path.to_str().unwrap();
        let mut arguments = vec!["export", account, "--format", format, "--to", to];
        arguments.extend(more);
        let output = self.custody.run(&arguments);
        // Words alone are said, never what is in the file.
        for secret in [KEY, "sk-ant-"] {
            assert!(!output.stdout.contains(secret), "{output:#?}");
            assert!(!output.stderr.contains(secret), "{output:#?}");
        }
        output
    }

    /// The list as programs read it.
    pub fn connections(&self) -> Vec<Value> {
        let output = self.custody.run(&["connections", "--json"]);
        serde_json::from_str(&output.expect_code(0).stdout).unwrap()
    }
}
