//! The person's browser: Chromium without a window, and somebody who does at a page what the test says.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::environment::Environment;
use crate::node;
use crate::process::{eventually, output_of};
use crate::session::DesktopSession;

/// How long a visit may take: Chromium to come, and each step at its pages. A visit that goes wrong leaves an account
/// before that, which says more than that none came.
const A_VISIT: Duration = Duration::from_secs(5 * 60);

/// What the person does at the page that opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visit {
    /// Looks at it.
    Look,
    /// Agrees at the practice server, and goes where that leads.
    Agree,
    /// Declines at the practice server, and goes where that leads.
    Decline,
    /// Agrees at the practice server, and reads the code that its hosted page shows.
    ReadCode,
    /// Logs in at `oidc-provider` and agrees there.
    LogIn {
        /// Any name does.
        name: String,
        /// Any password does; plant one to search for.
        password: String,
    },
    /// Types the code of another device at `oidc-provider`, logs in, and agrees there.
    TypeCode {
        /// What the other device shows.
        code: String,
        /// Any name does.
        name: String,
        /// Any password does; plant one to search for.
        password: String,
    },
    /// Agrees at the practice server to what another device asks, at the address that has its code.
    AgreeOnDevice,
}

/// What came of a visit.
#[derive(Debug, Clone, Deserialize)]
pub struct Visited {
    /// The address that was asked for.
    pub opened: String,
    /// The address where it ended.
    pub url: String,
    /// The title of the last page.
    pub title: String,
    /// What a person can read on the last page.
    pub text: String,
    /// The status of the last page; none where the page did not load.
    pub status: Option<u16>,
    /// The code that was to be read.
    pub code: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
    /// A picture of the last page.
    pub screenshot: PathBuf,
}

/// The browser of a session, also for programs that ask the system to open an address.
#[derive(Debug)]
pub struct Browser {
    folder: PathBuf,
}

impl Browser {
    /// Makes it the session's handler of web addresses. `xdg-open` uses it in a session with a display; in one
    /// without, [`Browser::open`] does.
    pub fn install(session: &DesktopSession, visit: &Visit) -> Self {
        let browser = Self {
            folder: session.new_folder("browser"),
        };
        browser.next_visit(visit);
        browser.register(session.environment());
        browser
    }

    /// What the person does from now on.
    pub fn next_visit(&self, visit: &Visit) {
        fs::write(self.folder.join("visit.json"), script(visit).to_string())
            .expect("the folder is ours");
    }

    /// Opens an address without asking the system, and waits for what comes of it.
    pub fn open(&self, session: &DesktopSession, url: &str) -> Visited {
        let before = self.visits().len();
        let mut command = self.handler(session);
        output_of(command.arg(url));
        let mut visits = self.visits();
        assert_eq!(
            visits.len(),
            before + 1,
            "the visit left no account of itself"
        );
        visits.swap_remove(before)
    }

    /// The visit of this number, counted from 0, as soon as it is over.
    pub fn wait_for_visit(&self, number: usize) -> Visited {
        let over = eventually(A_VISIT, || self.visits().len() > number);
        assert!(
            over,
            "visit {number} left no account of itself; those that did: {:#?}",
            self.visits()
        );
        self.visits().swap_remove(number)
    }

    /// All visits that are over, in the order in which they ended.
    pub fn visits(&self) -> Vec<Visited> {
        let mut found: Vec<PathBuf> = fs::read_dir(&self.folder)
            .expect("the folder is ours")
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.to_string_lossy().ends_with(".visited.json"))
            .collect();
        found.sort();
        found.iter().map(|path| account_of(path)).collect()
    }

    fn handler(&self, session: &DesktopSession) -> Command {
        let mut command = session.command(node::node());
        command
            .arg(node::script("browser-handler.mjs"))
            .arg(&self.folder)
            .stdin(Stdio::null());
        command
    }

    fn register(&self, environment: &Environment) {
        let applications = environment.folder("data").join("applications");
        fs::create_dir_all(&applications).expect("the folder is ours");
        // A script, since xdg-open cannot read the quotes that the Exec key of a desktop file may have.
        let opener = self.folder.join("open");
        let text = format!(
            "#!/bin/sh\nexec '{}' '{}' '{}' \"$1\"\n",
            node::node().display(),
            node::script("browser-handler.mjs").display(),
            self.folder.display(),
        );
        fs::write(&opener, text).expect("the folder is ours");
        fs::set_permissions(&opener, fs::Permissions::from_mode(0o700)).expect("the file is ours");
        let entry = format!(
            "[Desktop Entry]\nType=Application\nName=Browser of the tests\nNoDisplay=true\n\
             Exec={} %u\nMimeType=x-scheme-handler/http;x-scheme-handler/https;\n",
            opener.display(),
        );
        fs::write(applications.join("keyfob-test-browser.desktop"), entry)
            .expect("the folder is ours");
        let handlers = "[Default Applications]\nx-scheme-handler/http=keyfob-test-browser.desktop\n\
                        x-scheme-handler/https=keyfob-test-browser.desktop\n";
        fs::write(environment.folder("config").join("mimeapps.list"), handlers)
            .expect("the folder is ours");
    }
}

fn script(visit: &Visit) -> Value {
    match visit {
        Visit::Look => json!({ "do": "look" }),
        Visit::Agree => json!({ "do": "agree" }),
        Visit::Decline => json!({ "do": "decline" }),
        Visit::ReadCode => json!({ "do": "read_code" }),
        Visit::LogIn { name, password } => {
            json!({ "do": "log_in", "name": name, "password": password })
        }
        Visit::TypeCode {
            code,
            name,
            password,
        } => {
            json!({ "do": "type_code", "code": code, "name": name, "password": password })
        }
        Visit::AgreeOnDevice => json!({ "do": "agree_on_device" }),
    }
}

fn account_of(path: &Path) -> Visited {
    let text = fs::read_to_string(path).expect("it was just listed");
    serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{}: {error} in {text}", path.display()))
}
