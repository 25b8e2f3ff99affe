//! A `KEYFOB_HOME` of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::session::DesktopSession;

/// One folder with all of Keyfob's files.
#[derive(Debug, Clone)]
pub struct Home(PathBuf);

impl Home {
    /// A new one in the session, with these settings. Give each its own name.
    pub fn new(session: &DesktopSession, name: &str, config: &str) -> Self {
        let home = Self(session.new_folder("keyfob-homes").join(name));
        fs::create_dir(&home.0).expect("the name is not yet taken in this session");
        fs::write(home.0.join("config.toml"), config).expect("the folder is ours");
        home
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The service name of its items in the keychain, computed as a reader of the documentation would.
    pub fn service_name(&self) -> String {
        let digest = Sha256::digest(self.0.as_os_str().as_encoded_bytes());
        let hex: String = digest[..4]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("Keyfob-{hex}")
    }

    /// Every file in it as it is now: the path inside the folder, and the bytes.
    pub fn snapshot(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        files_under(&self.0)
    }
}

/// Every file under a folder: the path inside it, and the bytes. What is neither file nor folder is left out, and so
/// is what goes away while it is being read.
pub fn files_under(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        let Ok(entries) = fs::read_dir(&next) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(path),
                Ok(kind) if kind.is_file() => {
                    let inside = path
                        .strip_prefix(folder)
                        .expect("it was found there")
                        .to_owned();
                    if let Ok(bytes) = fs::read(&path) {
                        found.insert(inside, bytes);
                    }
                }
                _ => {}
            }
        }
    }
    found
}

/// Which of these files hold the text.
pub fn files_with<'a>(files: &'a BTreeMap<PathBuf, Vec<u8>>, text: &str) -> Vec<&'a Path> {
    let holds = |bytes: &[u8]| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    let found = files.iter().filter(|(_, bytes)| holds(bytes));
    found.map(|(path, _)| path.as_path()).collect()
}
