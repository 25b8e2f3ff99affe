//! A world in which Claude Code and `ant` hold sessions of their own.
//!
//! There is no keychain in it, so whatever works there works without Keyfob's own store.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::home::{Home, files_with};
use crate::keyfob::{Interactive, Output};
use crate::process::{PATIENCE, eventually};
use crate::session::{DesktopSession, Keyring};
use crate::stand_in::{StandIns, as_it_lies};

/// What every planted secret holds.
pub const PLANTED: &str = "PLANTED";

/// A desktop without a keychain, with both programs played and a home of Keyfob.
pub struct World {
    pub session: DesktopSession,
    pub programs: StandIns,
    pub home: Home,
}

impl Default for World {
    fn default() -> Self {
        Self::with("")
    }
}

impl World {
    /// With this `config.toml`.
    pub fn with(config: &str) -> Self {
        let mut session = DesktopSession::start(Keyring::Absent);
        let programs = StandIns::install(&mut session);
        programs.browser(&mut session, "exit 0");
        let home = Home::new(&session, "home", config);
        Self {
            session,
            programs,
            home,
        }
    }

    /// Runs the command; nothing that it says, and nothing that it writes, holds a planted secret.
    #[track_caller]
    pub fn keyfob(&self, arguments: &[&str]) -> Output {
        self.checked(self.session.keyfob(&self.home, arguments).run())
    }

    #[track_caller]
    pub fn checked(&self, output: Output) -> Output {
        assert!(!output.stdout.contains(PLANTED), "{output:#?}");
        assert!(!output.stderr.contains(PLANTED), "{output:#?}");
        // Claude Code's own folders lie there too, and hold what is its own.
        let mut files = self.home.snapshot();
        files.retain(|path, _| !path.starts_with("claude-code"));
        assert_eq!(files_with(&files, PLANTED), Vec::<&Path>::new());
        output
    }

    pub fn status(&self, name: &str) -> Value {
        let output = self.keyfob(&["status", name, "--json"]);
        serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output:#?}"))
    }

    pub fn state(&self, name: &str) -> String {
        self.status(name)["state"]["kind"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The folder that Claude Code uses when none is named.
    pub fn claude(&self) -> PathBuf {
        self.session.environment().folder("home").join(".claude")
    }

    pub fn claude_state(&self) -> PathBuf {
        self.session
            .environment()
            .folder("home")
            .join(".claude.json")
    }

    pub fn anthropic(&self) -> PathBuf {
        self.session
            .environment()
            .folder("home")
            .join(".config/anthropic")
    }

    /// A session of Claude Code that ends in so many seconds.
    pub fn plant_claude(&self, folder: &Path, seconds: i64) {
        let session = json!({
            "claudeAiOauth": {
                "accessToken": "sk-ant-oat01-PLANTED-access",
                "refreshToken": "sk-ant-ort01-PLANTED-refresh",
                "expiresAt": (now() + seconds) * 1_000,
                "scopes": ["user:inference", "user:profile"],
                "subscriptionType": "max",
            },
            "mcpOAuth": { "server": { "accessToken": "PLANTED-mcp" } },
        });
        write(&folder.join(".credentials.json"), &session.to_string());
        let state = json!({
            "projects": { "/secret/project": { "history": ["PLANTED-history"] } },
            "oauthAccount": {
                "accountUuid": "a-1",
                "emailAddress": "ada@example.com",
                "organizationName": "Ada's organization",
            },
        });
        let file = match folder == self.claude() {
            true => self.claude_state(),
            false => folder.join(".claude.json"),
        };
        write(&file, &state.to_string());
    }

    pub fn plant_profile(&self, name: &str, seconds: i64) {
        let config = json!({
            "version": "1.0",
            "authentication": { "type": "user_oauth", "client_id": "c" },
        });
        let credentials = json!({
            "version": "1.0",
            "type": "oauth_token",
            "access_token": "sk-ant-oat01-HANDED-ON",
            "refresh_token": "sk-ant-ort01-PLANTED",
            "expires_at": now() + seconds,
            "scope": "user:profile user:inference",
            "organization_name": "Acme",
            "account_email": "grace@example.com",
            "workspace_name": "Research",
        });
        let folder = self.anthropic();
        write(
            &folder.join(format!("configs/{name}.json")),
            &config.to_string(),
        );
        write(
            &folder.join(format!("credentials/{name}.json")),
            &credentials.to_string(),
        );
        write(&folder.join("active_config"), name);
    }

    /// All that the other programs own, as it lies there.
    pub fn theirs(&self) -> BTreeMap<PathBuf, String> {
        as_it_lies(&[
            &self.claude(),
            &self.claude_state(),
            &self.anthropic(),
            &self.home.file("claude-code"),
        ])
    }

    /// Begins `keyfob login` and gives it with the address that it printed.
    pub fn begin(&self, arguments: &[&str]) -> (Interactive, String) {
        let mut login = self.session.keyfob(&self.home, arguments).spawn();
        let lines = login
            .stderr
            .until(PATIENCE, |line| line.contains("Waiting for your browser"));
        let address = lines
            .iter()
            .map(|line| line.trim())
            .find(|line| line.starts_with("https://"));
        let address = address.unwrap_or_else(|| panic!("no address in {lines:#?}"));
        (login, address.to_owned())
    }

    /// Signs in with a code that is pasted, as a person without a browser here does.
    pub fn sign_in(&self, arguments: &[&str]) -> Output {
        let (mut login, address) = self.begin(arguments);
        login.type_line(&format!("the-code-of-the-page#{}", state_of(&address)));
        self.checked(login.wait(PATIENCE))
    }

    /// Processes of the stand-ins that still run.
    pub fn left_over(&self) -> Vec<u32> {
        let calls = self.programs.calls();
        let pids = calls
            .iter()
            .filter_map(|call| u32::try_from(call["pid"].as_u64()?).ok());
        let running = self.session.processes();
        pids.filter(|pid| running.contains(pid)).collect()
    }

    /// Waits until none runs any more.
    #[track_caller]
    pub fn expect_none_left(&self) {
        let ended = eventually(PATIENCE, || self.left_over().is_empty());
        assert!(ended, "{:?}", self.left_over());
    }
}

pub fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

pub fn write(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

pub fn state_of(address: &str) -> &str {
    let (_, rest) = address.split_once("state=").unwrap();
    rest.split('&').next().unwrap()
}
