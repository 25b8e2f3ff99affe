//! A desktop session of its own: folders, D-Bus, keychain and, where asked for, a screen.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::display::Display;
use crate::environment::{Environment, MARK};
use crate::keyring::{self, KeyringDaemon};
use crate::lines::Lines;
use crate::process::{Background, PATIENCE, eventually};
use crate::secret_service::{self, Item};

/// The state of the keychain when a session begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyring {
    /// Ready, and empty.
    Unlocked,
    /// There, with a password that nobody has typed yet.
    Locked,
    /// No Secret Service, and nothing that D-Bus could start in its place.
    Absent,
}

/// The session. Everything in it is ended and removed when this is dropped.
#[derive(Debug)]
pub struct DesktopSession {
    environment: Environment,
    keyring: Option<KeyringDaemon>,
    _bus: Background,
    _display: Option<Display>,
}

impl DesktopSession {
    /// A session without a screen, as over SSH.
    pub fn start(keyring: Keyring) -> Self {
        Self::begin(Environment::new(), None, keyring)
    }

    /// A session with a screen and a window manager.
    pub fn with_display(keyring: Keyring) -> Self {
        let mut environment = Environment::new();
        let display = Display::start(&mut environment);
        Self::begin(environment, Some(display), keyring)
    }

    fn begin(mut environment: Environment, display: Option<Display>, keyring: Keyring) -> Self {
        let bus = start_bus(&mut environment, keyring);
        let mut session = Self {
            environment,
            keyring: None,
            _bus: bus,
            _display: display,
        };
        match keyring {
            Keyring::Unlocked => session.start_keyring(),
            Keyring::Locked => {
                session.start_keyring();
                session.stop_keyring();
                session.start_keyring_locked();
                assert!(
                    session.is_locked(),
                    "the keyring is open although nobody gave its password"
                );
            }
            Keyring::Absent => {}
        }
        session
    }

    /// A program in this session: its environment, and nothing of the one outside.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        self.environment.command(program)
    }

    /// Sets a variable for every program that is started from now on.
    pub fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.environment.set(name, value);
    }

    /// Programs in this folder are found before others of their names.
    pub fn add_to_path(&mut self, folder: &Path) {
        let outside = self.environment.get("PATH").unwrap_or_default().to_owned();
        let mut path = vec![folder.to_owned()];
        path.extend(std::env::split_paths(&outside));
        self.set(
            "PATH",
            std::env::join_paths(path).expect("no folder holds a colon"),
        );
    }

    /// Folders and variables.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The folder that holds all that this session has on disk.
    pub fn root(&self) -> &Path {
        self.environment.root()
    }

    /// A new folder in the session.
    pub fn new_folder(&self, name: &str) -> PathBuf {
        let folder = self.environment.folder(name);
        fs::create_dir_all(&folder).expect("the session's folder can be written");
        folder
    }

    /// Starts the keychain unlocked, also after [`Self::stop_keyring`].
    pub fn start_keyring(&mut self) {
        self.keyring = Some(KeyringDaemon::unlocked(&self.environment));
        keyring::restart(&self.environment, Some("unlocked"));
    }

    /// Starts the keychain without anybody giving its password.
    pub fn start_keyring_locked(&mut self) {
        self.keyring = Some(KeyringDaemon::locked(&self.environment));
        keyring::restart(&self.environment, Some("locked"));
    }

    /// Leaves a keychain that breaks down broken down.
    pub fn never_restart_keyring(&self) {
        keyring::restart(&self.environment, None);
    }

    /// Ends the keychain's daemon, as a crash or an update would. What it stored stays.
    pub fn stop_keyring(&mut self) {
        let Some(daemon) = self.keyring.take() else {
            return;
        };
        keyring::restart(&self.environment, None);
        daemon.stop();
        // One that came in its place.
        self.signal_keyring(Signal::TERM);
        let gone = eventually(PATIENCE, || !self.has_secret_service());
        assert!(
            gone,
            "the Secret Service is still there after its daemon was stopped"
        );
    }

    /// Sends a signal to the keychain's daemon, whoever started it.
    pub fn signal_keyring(&self, signal: Signal) {
        for pid in self.processes() {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            if name.starts_with("gnome-keyring") {
                kill(pid, signal);
            }
        }
    }

    /// Locks the keychain in the middle of everything.
    pub fn lock_keyring(&self) {
        secret_service::lock(&self.environment);
        assert!(
            self.is_locked(),
            "the keyring is still open after it was locked"
        );
    }

    /// Gives the keychain its password, as a person would at the dialog.
    pub fn unlock_keyring(&self) {
        keyring::unlock(&self.environment);
        assert!(
            !self.is_locked(),
            "the keyring is still locked after it got its password"
        );
    }

    /// Whether the keychain is locked.
    pub fn is_locked(&self) -> bool {
        secret_service::is_locked(&self.environment)
    }

    /// Whether there is a Secret Service at all.
    pub fn has_secret_service(&self) -> bool {
        secret_service::is_there(&self.environment)
    }

    /// Whether the keychain's daemon has broken down since the session began: there is none, or there is another one in
    /// its place. In a session whose keychain a test stops by itself this says nothing.
    pub fn keyring_broke_down(&self) -> bool {
        keyring::starts(&self.environment) > 0 || !self.has_secret_service()
    }

    /// Stores a secret as another program would.
    pub fn secret_store(&self, service: &str, username: &str, secret: &str) {
        secret_service::store(&self.environment, service, username, secret);
    }

    /// Reads a secret as another program would.
    pub fn secret_lookup(&self, service: &str, username: &str) -> Option<String> {
        secret_service::lookup(&self.environment, service, username)
    }

    /// Everything in the keychain.
    pub fn all_secrets(&self) -> Vec<Item> {
        secret_service::all(&self.environment)
    }

    /// The processes of this session, whoever started them.
    pub fn processes(&self) -> Vec<u32> {
        let own = std::process::id();
        let mark = format!("{MARK}={}", self.root().display());
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").expect("there is /proc").flatten() {
            let Some(pid) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            else {
                continue;
            };
            let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
            let marked = environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == mark.as_bytes());
            if marked && pid != own {
                found.push(pid);
            }
        }
        found
    }

    /// Those of them that are called so.
    pub fn processes_called(&self, name: &str) -> Vec<u32> {
        let mut all = self.processes();
        all.retain(|pid| {
            let called = fs::read_to_string(format!("/proc/{pid}/comm"));
            called.is_ok_and(|called| called.trim_end() == name)
        });
        all
    }
}

impl Drop for DesktopSession {
    fn drop(&mut self) {
        // Programs that others started and left behind: browsers, prompters, what D-Bus activated. Those may start
        // more while they are being ended.
        eventually(Duration::from_secs(5), || {
            let left = self.processes();
            left.iter().for_each(|pid| kill(*pid, Signal::KILL));
            left.is_empty()
        });
    }
}

/// Sends a signal to a process that may be gone already.
fn kill(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let _ = pid.map(|pid| kill_process(pid, signal));
}

/// Starts the session's D-Bus. It can start the dialog that asks for the keychain's password, a keychain that broke
/// down, and nothing else: a Secret Service that is stopped stays stopped.
fn start_bus(environment: &mut Environment, keyring: Keyring) -> Background {
    let services = environment.folder("dbus-services");
    fs::create_dir(&services).expect("the folder is new");
    if keyring != Keyring::Absent {
        let starter = environment.folder("start-keyring");
        fs::write(&starter, keyring::starter(environment)).expect("the folder is ours");
        let text = format!(
            "[D-BUS Service]\nName=org.freedesktop.secrets\nExec=/bin/sh {}\n",
            starter.display()
        );
        let file = services.join("org.freedesktop.secrets.service");
        fs::write(file, text).expect("the folder is ours");
    }
    for name in [
        "org.gnome.keyring.SystemPrompter",
        "org.gnome.keyring.PrivatePrompter",
    ] {
        let file = format!("{name}.service");
        let installed = Path::new("/usr/share/dbus-1/services").join(&file);
        // Absent where no keyring is installed; then there is nothing to ask a password for.
        let _ = fs::copy(installed, services.join(file));
    }
    let config = environment.folder("dbus.conf");
    let text = format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={run}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
        run = environment.folder("run").display(),
        services = services.display(),
    );
    fs::write(&config, text).expect("the session's folder can be written");
    let mut command = environment.command("dbus-daemon");
    command.arg(format!("--config-file={}", config.display()));
    command.args(["--nofork", "--nopidfile", "--print-address=1"]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut bus = Background::start(&mut command);
    let output = bus.child().stdout.take().expect("it is piped");
    let address = Lines::of(output).next_within(PATIENCE);
    environment.set(
        "DBUS_SESSION_BUS_ADDRESS",
        address.expect("dbus-daemon prints its address"),
    );
    bus
}
