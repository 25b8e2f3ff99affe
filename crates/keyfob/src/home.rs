//! The folders that Keyfob's own files lie in.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Code, Error, Result};
use crate::files;

/// Where Keyfob keeps its files. Secrets lie in some of its folders alone: encrypted in `secrets` and `renewals`, in plain
/// text by the person's order in `given`, whatever somebody had put into settings in `backups`, and in `claude-code`
/// what Claude Code itself keeps there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    config: PathBuf,
    data: PathBuf,
    /// Whether the folder was named by `KEYFOB_HOME`.
    named: bool,
}

impl Home {
    /// `KEYFOB_HOME` where it is set, else the platform's folders for configuration and data.
    ///
    /// `variable` reads the environment, so that only the outermost layer depends on it.
    pub fn find(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        if let Some(folder) = variable("KEYFOB_HOME").filter(|f| !f.is_empty()) {
            let folder = PathBuf::from(folder);
            if !folder.is_absolute() {
                return Err(Error::new(
                    Code::Usage,
                    "KEYFOB_HOME is not an absolute path.",
                    "Set it to a full path, or leave it unset.",
                ));
            }
            return Ok(Self::at(folder));
        }
        match (dirs::config_dir(), dirs::data_local_dir()) {
            (Some(config), Some(data)) => Ok(Self {
                config: config.join("keyfob"),
                data: data.join("keyfob"),
                named: false,
            }),
            _ => Err(Error::new(
                Code::Failed,
                "This computer names no folder for configuration: HOME is not set.",
                "Set HOME, or name a folder in KEYFOB_HOME.",
            )),
        }
    }

    /// One folder for everything, as `KEYFOB_HOME` names it.
    pub fn at(folder: PathBuf) -> Self {
        Self {
            config: folder.clone(),
            data: folder,
            named: true,
        }
    }

    /// Settings and providers.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// The list of accounts.
    pub fn accounts_file(&self) -> PathBuf {
        self.data.join("accounts.json")
    }

    /// Lock files, one an account.
    pub fn locks(&self) -> PathBuf {
        self.data.join("locks")
    }

    /// What happened to each account.
    pub fn activity_file(&self) -> PathBuf {
        self.data.join("activity.jsonl")
    }

    /// Which store secrets lie in, where a person chose.
    pub(crate) fn storage_file(&self) -> PathBuf {
        self.data.join("storage.json")
    }

    /// What was found on this computer and is not to be shown again.
    pub(crate) fn discovered_file(&self) -> PathBuf {
        self.data.join("discovered.json")
    }

    /// Which tools are connected, and what that changed.
    pub(crate) fn connections_file(&self) -> PathBuf {
        self.data.join("connections.json")
    }

    /// Which folders' files are trusted.
    pub(crate) fn trusted_file(&self) -> PathBuf {
        self.data.join("trusted.json")
    }

    /// When each connected tool asked last, by the time of an empty file each; beside it are notes of what it was
    /// given, by a fingerprint.
    pub fn asked(&self) -> PathBuf {
        self.data.join("asked")
    }

    /// Copies of API keys that tools read from a file, one file a connection.
    pub(crate) fn given(&self) -> PathBuf {
        self.data.join("given")
    }

    /// The encrypted files, where secrets lie in such.
    pub(crate) fn secrets(&self) -> PathBuf {
        self.data.join("secrets")
    }

    /// What lies there while a token is being renewed: notes, and answers that are sealed.
    pub(crate) fn renewals(&self) -> PathBuf {
        self.data.join("renewals")
    }

    /// Other programs' settings files as they were, where they cannot lie beside them.
    pub(crate) fn backups(&self) -> PathBuf {
        self.data.join("backups")
    }

    /// The folder that `KEYFOB_HOME` named, if it did.
    pub(crate) fn named_folder(&self) -> Option<&Path> {
        self.named.then_some(&*self.data)
    }

    /// The folder with `config.toml`.
    pub fn config_folder(&self) -> &Path {
        &self.config
    }

    /// The folder with `accounts.json`.
    pub fn data_folder(&self) -> &Path {
        &self.data
    }

    /// Makes the folders, so that they can be watched.
    pub fn create(&self) -> Result<()> {
        for folder in [&self.config, &self.data, &self.asked()] {
            files::make_private_folder(folder)
                .map_err(|error| files::not_written(folder, &error))?;
        }
        Ok(())
    }

    /// The service name of our items in the system's keychain. A named folder has its own, so that tests, practice
    /// and people never share one.
    pub fn keychain_service(&self) -> String {
        if !self.named {
            return "Keyfob".to_owned();
        }
        let digest = Sha256::digest(one_spelling(&self.data).as_os_str().as_encoded_bytes());
        let hex: String = digest[..4].iter().map(|b| format!("{b:02x}")).collect();
        format!("Keyfob-{hex}")
    }
}

/// One folder has many spellings; all of them have to name the same items.
fn one_spelling(folder: &Path) -> PathBuf {
    let plain: PathBuf = folder.components().collect();
    let mut missing = Vec::new();
    let mut there = plain.as_path();
    loop {
        if let Ok(real) = there.canonicalize() {
            return missing
                .iter()
                .rev()
                .fold(real, |path, name| path.join(name));
        }
        match (there.parent(), there.file_name()) {
            (Some(parent), Some(name)) => {
                missing.push(name);
                there = parent;
            }
            _ => return plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home_of(value: &str) -> Result<Home> {
        Home::find(|name| (name == "KEYFOB_HOME").then(|| value.into()))
    }

    #[test]
    fn a_named_folder_holds_everything_and_has_its_own_keychain_service() {
        let folder = std::env::temp_dir();
        let home = home_of(folder.to_str().unwrap()).unwrap();
        assert_eq!(home.config_file(), folder.join("config.toml"));
        assert_eq!(home.accounts_file(), folder.join("accounts.json"));
        let service = home.keychain_service();
        assert_eq!(service.len(), "Keyfob-".len() + 8);
        assert_ne!(service, Home::at(folder.join("other")).keychain_service());
    }

    #[cfg(unix)]
    #[test]
    fn however_a_folder_is_spelled_its_items_are_the_same() {
        let base = tempfile::tempdir().unwrap();
        let link = base.path().join("link");
        std::os::unix::fs::symlink(base.path(), &link).unwrap();
        let service = |path: PathBuf| Home::at(path).keychain_service();
        let plain = service(base.path().join("home"));
        assert_eq!(plain, service(base.path().join("./home/")));
        assert_eq!(plain, service(link.join("home")));
        std::fs::create_dir(base.path().join("home")).unwrap();
        assert_eq!(plain, service(link.join("home")));
    }

    #[test]
    fn a_relative_folder_is_refused() {
        assert_eq!(home_of("here").unwrap_err().code, Code::Usage);
    }
}
