//! Stand-ins for Claude Code and `ant`: programs of the same names that behave as the real ones were seen to, and own
//! files just like theirs.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::node;
use crate::programs;
use crate::session::DesktopSession;

/// The programs, installed on the PATH of a session.
#[derive(Debug)]
pub struct StandIns {
    folder: PathBuf,
}

impl StandIns {
    /// Puts both on the session's PATH, with nothing planned: they sign in and renew as they should.
    pub fn install(session: &mut DesktopSession) -> Self {
        let folder = session.new_folder("stand-ins");
        let source = programs::sources().join("stand-ins");
        for name in ["claude", "ant"] {
            let text = fs::read_to_string(source.join(name)).expect("it is in the repository");
            // What is called `node` on PATH may be a shim that looks into the person's home folder.
            let text = text.replacen("/usr/bin/env node", &node::node().to_string_lossy(), 1);
            let file = folder.join(name);
            fs::write(&file, text).expect("the folder is ours");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("it is ours");
        }
        session.add_to_path(&folder);
        let stand_ins = Self { folder };
        stand_ins.plan(&json!({}));
        stand_ins
    }

    /// Takes one away again, as if it had never been installed.
    pub fn uninstall(&self, name: &str) {
        fs::remove_file(self.folder.join(name)).expect("it was installed");
    }

    /// What their servers say from now on: `{"login":{"end":…,"email":…},"renew":{"end":…}}`.
    pub fn plan(&self, plan: &Value) {
        fs::write(self.folder.join("plan.json"), plan.to_string()).expect("the folder is ours");
    }

    /// Every call of either, in order.
    pub fn calls(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.join("calls.jsonl")).unwrap_or_default();
        let lines = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("it is JSON"));
        lines.filter(|call: &Value| call["did"].is_null()).collect()
    }

    /// A browser that does with an address what this shell script says; the address is `$1`.
    pub fn browser(&self, session: &mut DesktopSession, script: &str) {
        // For `xdg-open`, which `ant` starts, and for BROWSER, which Claude Code looks at first.
        for name in ["browser", "xdg-open"] {
            let file = self.folder.join(name);
            fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("the folder is ours");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("it is ours");
        }
        session.set("BROWSER", self.folder.join("browser"));
    }

    /// The folder they lie in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Everything under some folders as it is: bytes, permissions, number, owner and times of every file and folder. The
/// time of the last reading is left out, since reading is what may be done.
pub fn as_it_lies(folders: &[&Path]) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| folder.to_path_buf()).collect();
    while let Some(path) = open.pop() {
        let Ok(metadata) = fs::symlink_metadata(&path) else {
            continue;
        };
        let bytes = match metadata.is_file() {
            true => {
                String::from_utf8_lossy(&fs::read(&path).expect("it was just found")).into_owned()
            }
            false => String::new(),
        };
        let about = format!(
            "mode {:o} inode {} owner {}:{} written {}.{:09} changed {}.{:09} {bytes}",
            metadata.mode(),
            metadata.ino(),
            metadata.uid(),
            metadata.gid(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ctime(),
            metadata.ctime_nsec(),
        );
        if metadata.is_dir() {
            let entries = fs::read_dir(&path).expect("it was just found");
            open.extend(entries.flatten().map(|entry| entry.path()));
        }
        found.insert(path, about);
    }
    found
}
