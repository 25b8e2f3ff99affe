//! A person's computer, and what is connected there.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use keyfob::{
    ClaudeCodeWish, ConnectRequest, ConnectTo, Connected, Error, ExportFormat, ExportRequest,
    ExportTo, Exported, Keyfob, NewKey, Replacement, Secret,
};
use serde_json::Value;

use crate::common::World;

pub(crate) const KEY: &str = "sk-ant-api03-good-9f2A";
pub(crate) const NEW: &str = "sk-ant-api03-good-7c31";

/// A person's computer: a home folder, some programs, and a Keyfob with a key.
pub(crate) struct Desk {
    pub(crate) world: World,
    pub(crate) keyfob: Keyfob,
    pub(crate) folder: tempfile::TempDir,
}

impl Desk {
    pub(crate) async fn new() -> Self {
        Self::with(None).await
    }

    pub(crate) async fn with(workspace: Option<&str>) -> Self {
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

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn program(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The real git, at home here, with something that is done first.
    pub(crate) fn git(&self, first: &str) {
        let home = self.folder.path().display();
        self.program(
            "git",
            &format!(
                "HOME={home}; export HOME; unset XDG_CONFIG_HOME GIT_CONFIG_GLOBAL\n{first}\n\
                 PATH=/usr/local/bin:/usr/bin:/bin exec git \"$@\""
            ),
        );
    }

    pub(crate) fn keyfobs(&self, name: &str) -> PathBuf {
        self.world.home.path().join(name)
    }

    /// Until this is undone, the list of connections cannot be written.
    pub(crate) fn list_cannot_be_written(&self, cannot: bool) {
        let next = self.keyfobs(".connections.json.new");
        match cannot {
            true => fs::create_dir(next).unwrap(),
            false => fs::remove_dir(next).unwrap(),
        }
    }

    pub(crate) async fn connect(&self, to: ConnectTo, account: &str) -> Result<Connected, Error> {
        let request = ConnectRequest {
            to,
            account: Some(account.to_owned()),
            program: PathBuf::from("/opt/keyfob"),
        };
        self.keyfob.connect(request).await
    }

    pub(crate) async fn export(
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

    pub(crate) async fn rotate(&self, key: &str) {
        let rotated = self.keyfob.rotate_key("CI", replacement(key)).await;
        rotated.unwrap();
    }

    pub(crate) fn list(&self) -> Value {
        let text = fs::read_to_string(self.keyfobs("connections.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

pub(crate) fn opencode() -> ConnectTo {
    ConnectTo::Opencode { replace: false }
}

pub(crate) fn git() -> ConnectTo {
    ConnectTo::Git { host: None }
}

pub(crate) fn sdk(activate: bool) -> ConnectTo {
    ConnectTo::AnthropicSdk {
        profile: Some("work".to_owned()),
        activate,
    }
}

pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

pub(crate) fn claude_code() -> ConnectTo {
    ConnectTo::ClaudeCode(ClaudeCodeWish::default())
}

pub(crate) fn replacement(key: &str) -> Replacement {
    Replacement {
        pasted: Secret::new(key),
        workspace_id: None,
        expires_on: None,
        verify: false,
    }
}
