//! Sessions that Claude Code and `ant` own, end to end with the real command: they are signed in to, renewed and
//! forgotten, and nothing in their files is ever written by Keyfob.
//!
//! There is no keychain in these sessions, so whatever works here works without Keyfob's own store.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use keyfob_tests::home::files_with;
use keyfob_tests::process::eventually;
use keyfob_tests::stand_in::{StandIns, as_it_lies};
use keyfob_tests::{DesktopSession, Home, Interactive, Keyring, Output};
use rustix::process::Signal;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);

/// What every planted secret holds.
const PLANTED: &str = "PLANTED";

struct World {
    session: DesktopSession,
    programs: StandIns,
    home: Home,
}

impl World {
    fn new() -> Self {
        Self::with("")
    }

    fn with(config: &str) -> Self {
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
    fn keyfob(&self, arguments: &[&str]) -> Output {
        self.checked(self.session.keyfob(&self.home, arguments).run())
    }

    #[track_caller]
    fn checked(&self, output: Output) -> Output {
        assert!(!output.stdout.contains(PLANTED), "{output:#?}");
        assert!(!output.stderr.contains(PLANTED), "{output:#?}");
        // Claude Code's own folders lie there too, and hold what is its own.
        let mut files = self.home.snapshot();
        files.retain(|path, _| !path.starts_with("claude-code"));
        assert_eq!(files_with(&files, PLANTED), Vec::<&Path>::new());
        output
    }

    fn status(&self, name: &str) -> Value {
        let output = self.keyfob(&["status", name, "--json"]);
        serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output:#?}"))
    }

    fn state(&self, name: &str) -> String {
        self.status(name)["state"]["kind"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The folder that Claude Code uses when none is named.
    fn claude(&self) -> PathBuf {
        self.session.environment().folder("home").join(".claude")
    }

    fn claude_state(&self) -> PathBuf {
        self.session
            .environment()
            .folder("home")
            .join(".claude.json")
    }

    fn anthropic(&self) -> PathBuf {
        self.session
            .environment()
            .folder("home")
            .join(".config/anthropic")
    }

    /// A session of Claude Code that ends in so many seconds.
    fn plant_claude(&self, folder: &Path, seconds: i64) {
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

    fn plant_profile(&self, name: &str, seconds: i64) {
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
    fn theirs(&self) -> BTreeMap<PathBuf, String> {
        as_it_lies(&[
            &self.claude(),
            &self.claude_state(),
            &self.anthropic(),
            &self.home.file("claude-code"),
        ])
    }

    /// Begins `keyfob login` and gives it with the address that it printed.
    fn begin(&self, arguments: &[&str]) -> (Interactive, String) {
        let mut login = self.session.keyfob(&self.home, arguments).spawn();
        let lines = login
            .stderr
            .until(SOON, |line| line.contains("Waiting for your browser"));
        let address = lines
            .iter()
            .map(|line| line.trim())
            .find(|line| line.starts_with("https://"));
        let address = address.unwrap_or_else(|| panic!("no address in {lines:#?}"));
        (login, address.to_owned())
    }

    /// Signs in with a code that is pasted, as a person without a browser here does.
    fn sign_in(&self, arguments: &[&str]) -> Output {
        let (mut login, address) = self.begin(arguments);
        login.type_line(&format!("the-code-of-the-page#{}", state_of(&address)));
        self.checked(login.wait(SOON))
    }

    /// Processes of the stand-ins that still run.
    fn left_over(&self) -> Vec<u32> {
        let calls = self.programs.calls();
        let pids = calls
            .iter()
            .filter_map(|call| u32::try_from(call["pid"].as_u64()?).ok());
        let running = self.session.processes();
        pids.filter(|pid| running.contains(pid)).collect()
    }
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

fn write(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

fn state_of(address: &str) -> &str {
    let (_, rest) = address.split_once("state=").unwrap();
    rest.split('&').next().unwrap()
}

#[test]
fn a_session_is_linked_shown_and_forgotten_and_nothing_of_it_is_touched() {
    let world = World::new();
    world.plant_claude(&world.claude(), 3_600);
    world.plant_profile("work", 3_600);
    let before = world.theirs();
    let untouched = |what: &str| assert_eq!(world.theirs(), before, "after {what}");

    let linked = world
        .keyfob(&["link", "claude-code", "--label", "Mine"])
        .expect_code(0);
    for part in [
        "Mine · Claude Code",
        "Fresh for",
        "your plan",
        "ada@example.com",
        "held by Claude Code",
    ] {
        assert!(
            linked.stderr.contains(part),
            "{part} is missing in {linked:#?}"
        );
    }
    let again = world.keyfob(&["link", "claude-code"]).expect_code(0);
    assert!(
        again.stderr.contains("linked already, as \"Mine\""),
        "{again:#?}"
    );
    world
        .keyfob(&["link", "anthropic-profile", "--label", "Work"])
        .expect_code(0);
    let again = world
        .keyfob(&["link", "anthropic-profile", "work"])
        .expect_code(0);
    assert!(
        again.stderr.contains("linked already, as \"Work\""),
        "{again:#?}"
    );
    untouched("linking");

    let refused = world.keyfob(&["token", "Mine"]).expect_code(1);
    assert!(refused.stderr.contains("Run `claude`"), "{refused:#?}");
    let call = world
        .session
        .keyfob(&world.home, &["token", "Mine", "--refused"]);
    let refused = world
        .checked(call.stdin("sk-ant-oat01-whatever").run())
        .expect_code(1);
    assert!(refused.stdout.is_empty(), "{refused:#?}");
    untouched("a token was asked for");

    for arguments in [
        &["accounts"][..],
        &["accounts", "--json"],
        &["status", "Work"],
        &["use", "Work"],
        &["rename", "Mine", "Home"],
        &["refresh", "--all"],
        &["watch", "--once"],
        &["activity"],
        &["activity", "--json"],
        &["storage"],
    ] {
        world.keyfob(arguments).expect_code(0);
        untouched(&format!("{arguments:?}"));
    }
    for arguments in [&["which"][..], &["discover"], &["order"]] {
        world.keyfob(arguments);
        untouched(&format!("{arguments:?}"));
    }
    assert_eq!(
        world.programs.calls(),
        Vec::<Value>::new(),
        "nothing was run by the way"
    );
    world.keyfob(&["doctor", "--offline"]);
    untouched("doctor");
    let more_than_asked = |call: &Value| call["args"] != json!(["--version"]);
    assert!(
        !world.programs.calls().iter().any(more_than_asked),
        "the doctor asks programs for their versions alone"
    );

    let forgotten = world.keyfob(&["logout", "--all"]).expect_code(0);
    assert!(
        forgotten.stderr.contains("Nothing of it was touched"),
        "{forgotten:#?}"
    );
    untouched("forgetting");
    assert!(world.keyfob(&["accounts"]).stdout.is_empty());
}

#[test]
fn what_happens_to_a_session_elsewhere_is_seen_at_once() {
    let world = World::new();
    world.plant_claude(&world.claude(), 3_600);
    world
        .keyfob(&["link", "claude-code", "--label", "Mine"])
        .expect_code(0);
    assert_eq!(world.state("Mine"), "fresh");
    world.plant_claude(&world.claude(), -60);
    assert_eq!(world.state("Mine"), "renews_when_asked");

    let file = world.claude().join(".credentials.json");
    for (text, state, code) in [
        ("{\"mcpOAuth\":{}}", "sign_in_again", 3),
        (
            "{\"claudeAiOauth\":{\"accessToken\":\"PLANTED",
            "cannot_tell",
            0,
        ),
        (
            "{\"claudeAiOauth\":{\"accessToken\":\"PLANTED\"}}",
            "unverified",
            0,
        ),
    ] {
        write(&file, text);
        assert_eq!(world.state("Mine"), state);
        world.keyfob(&["status", "Mine"]).expect_code(code);
    }
    fs::remove_file(&file).unwrap();
    assert_eq!(world.state("Mine"), "sign_in_again");
    world.plant_claude(&world.claude(), 3_600);
    assert_eq!(world.state("Mine"), "fresh");
}

#[test]
fn what_is_not_there_is_not_linked() {
    let world = World::new();
    let nothing = world.keyfob(&["link", "claude-code"]).expect_code(3);
    assert!(
        nothing.stderr.contains("login --with claude-code"),
        "{nothing:#?}"
    );
    let nothing = world.keyfob(&["link", "anthropic-profile"]).expect_code(3);
    assert!(nothing.stderr.contains("login --with ant"), "{nothing:#?}");
    world
        .keyfob(&["link", "anthropic-profile", "../../etc/passwd"])
        .expect_code(2);
    write(&world.claude().join(".credentials.json"), "no JSON");
    let damaged = world.keyfob(&["link", "claude-code"]).expect_code(1);
    assert!(damaged.stderr.contains("is damaged"), "{damaged:#?}");
}

#[test]
fn a_pasted_code_signs_in_and_a_wrong_one_leaves_the_attempt_alive() {
    let world = World::new();
    let (mut login, address) = world.begin(&[
        "login",
        "--with",
        "claude-code",
        "--label",
        "Work",
        "--no-browser",
        "--json",
    ]);
    let refusal = |login: &mut Interactive, text: &str| {
        login.type_line(text);
        login
            .stderr
            .until(SOON, |line| line.contains("Still waiting"))
            .join("\n")
    };
    let said = refusal(&mut login, "only-the-first-half");
    assert!(
        said.contains("Claude Code says that this is no whole code"),
        "{said}"
    );
    let said = refusal(&mut login, "the-code#of-another-sign-in");
    assert!(said.contains("belongs to another sign-in"), "{said}");
    let said = refusal(&mut login, "sk-ant-api03-a-key#x");
    assert!(said.contains("a key or a token"), "{said}");
    login.type_line(&format!("the-code#{}", state_of(&address)));
    let output = world.checked(login.wait(SOON)).expect_code(0);
    let status: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(status["label"], "Work");
    assert_eq!(status["owner"], "claude_code");
    assert_eq!(status["payer"], "plan");
    assert_eq!(status["state"]["kind"], "fresh");
    assert_eq!(status["identity"]["email"], "ada@example.com");

    // It lies in a folder of its own, closed to others, and that is where it says that it is.
    let folder = world.home.file("claude-code").join("work");
    assert_eq!(status["storage"], folder.to_str().unwrap());
    let mode = fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o700);
    assert!(!world.claude().exists() && !world.claude_state().exists());
    assert_eq!(world.left_over(), Vec::<u32>::new());
}

#[test]
fn several_sessions_lie_side_by_side() {
    let world = World::new();
    for (label, email) in [("Work", "ada@work.example"), ("Home", "ada@home.example")] {
        world.programs.plan(&json!({ "login": { "email": email } }));
        world
            .sign_in(&["login", "--with", "claude-code", "--label", label])
            .expect_code(0);
    }
    // Without a name it is called after whoever signed in.
    world
        .programs
        .plan(&json!({ "login": { "email": "grace@example.com" } }));
    world
        .sign_in(&["login", "--with", "claude-code"])
        .expect_code(0);
    for (label, email) in [
        ("Work", "ada@work.example"),
        ("Home", "ada@home.example"),
        ("grace@example.com", "grace@example.com"),
    ] {
        assert_eq!(world.status(label)["identity"]["email"], email);
    }
    let folders: Vec<Value> = world
        .programs
        .calls()
        .iter()
        .map(|c| c["folder"].clone())
        .collect();
    assert_eq!(folders.len(), 3);
    assert!(
        folders
            .iter()
            .all(|f| folders.iter().filter(|g| *g == f).count() == 1)
    );
    // Forgetting one leaves all of them signed in.
    let before = world.theirs();
    world.keyfob(&["logout", "Work"]).expect_code(0);
    assert_eq!(world.theirs(), before);
}

#[test]
fn the_browser_opens_once_and_what_it_brings_goes_to_claude_code() {
    let mut world = World::new();
    let opened = world.programs.folder().join("opened");
    // Whoever sits at it agrees, and is sent back with a code.
    let agree = format!(
        "echo \"$1\" >> {opened}\nexec {node} -e 'const u = new URL(process.argv[1]); fetch(u.searchParams.get(\"redirect_uri\") + \"?code=from-the-browser&state=\" + u.searchParams.get(\"state\"))' \"$1\"",
        opened = opened.display(),
        node = keyfob_tests::node::node().display(),
    );
    world.programs.browser(&mut world.session, &agree);
    for arguments in [
        ["login", "--with", "claude-code", "--label", "Claude"],
        ["login", "--with", "ant", "--label", "Console"],
    ] {
        fs::write(&opened, "").unwrap();
        let output = world.session.keyfob(&world.home, &arguments).run();
        world.checked(output).expect_code(0);
        let tabs = fs::read_to_string(&opened).unwrap();
        assert_eq!(tabs.lines().count(), 1, "{tabs}");
    }
    assert_eq!(world.state("Claude"), "fresh");
    assert_eq!(world.state("Console"), "fresh");
    assert_eq!(world.left_over(), Vec::<u32>::new());
    // Told to open none, neither opens one.
    fs::write(&opened, "").unwrap();
    for program in ["claude-code", "ant"] {
        world
            .sign_in(&["login", "--with", program, "--no-browser"])
            .expect_code(0);
    }
    assert_eq!(fs::read_to_string(&opened).unwrap(), "");
}

#[test]
fn the_session_is_used_and_nothing_that_lies_about_in_the_environment() {
    let mut world = World::new();
    for name in [
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "CLAUDE_CODE_OAUTH_TOKEN",
    ] {
        world.session.set(name, "sk-ant-PLANTED");
    }
    for name in [
        "ANTHROPIC_PROFILE",
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_CONSOLE_URL",
        "ANTHROPIC_OAUTH_CLIENT_ID",
        "CLAUDE_CODE_USE_BEDROCK",
        "CLAUDE_CODE_USE_VERTEX",
        "CLAUDE_CODE_USE_FOUNDRY",
        "CLAUDE_CODE_USE_ANTHROPIC_AWS",
        "CLAUDE_CODE_USE_MANTLE",
        "CLAUDECODE",
    ] {
        world.session.set(name, "1");
    }
    world
        .sign_in(&["login", "--with", "claude-code", "--label", "Work"])
        .expect_code(0);
    world.keyfob(&["refresh", "Work"]).expect_code(0);
    world
        .sign_in(&["login", "--with", "ant", "--label", "Ant"])
        .expect_code(0);
    let calls = world.programs.calls();
    assert_eq!(calls.len(), 3);
    for call in &calls {
        assert_eq!(call["outranking"], json!([]), "{call}");
    }
    // Where `ant` finds its servers, and as which client, is the person's own affair, and belongs together.
    let servers = [
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_CONSOLE_URL",
        "ANTHROPIC_OAUTH_CLIENT_ID",
    ];
    assert_eq!(calls[2]["servers"], json!(servers));
}

#[test]
fn a_failed_sign_in_says_why_and_leaves_no_account() {
    let world = World::new();
    let login = ["login", "--with", "claude-code", "--no-browser"];
    for (end, code, words) in [
        (
            "refused",
            1,
            "Login failed: Request failed with status code 400",
        ),
        ("unreachable", 5, "getaddrinfo ENOTFOUND"),
        ("nothing_saved", 1, "it stored no session"),
    ] {
        world.programs.plan(&json!({ "login": { "end": end } }));
        let output = world.sign_in(&login).expect_code(code);
        assert!(output.stderr.contains(words), "{output:#?}");
        assert!(
            !output.stderr.contains("the-code-of-the-page ("),
            "{output:#?}"
        );
        assert!(world.keyfob(&["accounts"]).stdout.is_empty());
    }
    world
        .programs
        .plan(&json!({ "login": { "end": "dies_early" } }));
    let output = world.keyfob(&login).expect_code(1);
    assert!(
        output.stderr.contains("this machine is not allowed"),
        "{output:#?}"
    );
    assert_eq!(world.left_over(), Vec::<u32>::new());
    // What was given up is used again, and leaves no row of folders behind.
    let folders = fs::read_dir(world.home.file("claude-code"))
        .unwrap()
        .count();
    assert_eq!(folders, 1);
}

#[test]
fn a_sign_in_that_is_given_up_leaves_nothing_running() {
    let world = World::new();
    for program in ["claude-code", "ant"] {
        for signal in [Signal::INT, Signal::TERM] {
            let (mut login, _) = world.begin(&["login", "--with", program]);
            assert_eq!(world.left_over().len(), 1);
            login.signal(signal);
            let output = world.checked(login.wait(SOON));
            assert_eq!(output.code, Some(128 + signal.as_raw()), "{output:#?}");
            assert_eq!(world.left_over(), Vec::<u32>::new());
        }
    }
    assert!(world.keyfob(&["accounts"]).stdout.is_empty());
}

#[test]
fn what_is_not_installed_is_said_with_where_it_is_to_be_had() {
    let world = World::new();
    world.plant_claude(&world.claude(), 60);
    world
        .keyfob(&["link", "claude-code", "--label", "Mine"])
        .expect_code(0);
    world.programs.uninstall("claude");
    world.programs.uninstall("ant");
    let output = world
        .keyfob(&["login", "--with", "claude-code"])
        .expect_code(1);
    for part in [
        "https://code.claude.com/docs/en/setup",
        "@anthropic-ai/claude-code",
        "API key",
    ] {
        assert!(output.stderr.contains(part), "{output:#?}");
    }
    assert!(
        !world.home.file("claude-code").exists(),
        "nothing was made for it"
    );
    let output = world.keyfob(&["login", "--with", "ant"]).expect_code(1);
    assert!(
        output.stderr.contains("anthropics/anthropic-cli"),
        "{output:#?}"
    );
    // What lies there is shown all the same.
    assert_eq!(world.state("Mine"), "fresh");
    world.keyfob(&["refresh", "Mine"]).expect_code(1);
}

#[test]
fn claude_code_renews_its_own_session_when_it_is_asked() {
    let world = World::new();
    world.plant_claude(&world.claude(), -60);
    world
        .keyfob(&["link", "claude-code", "--label", "Mine"])
        .expect_code(0);
    assert_eq!(world.state("Mine"), "renews_when_asked");
    world.keyfob(&["refresh", "Mine"]).expect_code(0);
    assert_eq!(world.state("Mine"), "fresh");
    let calls = world.programs.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(
        calls[0]["args"],
        json!(["-p", ".", "--model", "claude-haiku-4-5"])
    );
    assert_eq!(calls[0]["folder"], world.claude().to_str().unwrap());
    // One that is good is left as it is, and that is said.
    let before = world.theirs();
    let output = world.keyfob(&["refresh", "Mine"]).expect_code(0);
    assert!(
        output.stderr.contains("did not renew it yet"),
        "{output:#?}"
    );
    assert_eq!(world.theirs(), before);
}

#[test]
fn a_session_that_stays_expired_names_the_cure() {
    let world = World::new();
    world.plant_claude(&world.claude(), -60);
    world
        .keyfob(&["link", "claude-code", "--label", "Mine"])
        .expect_code(0);
    let before = world.theirs();
    for (end, code, calls, words, state) in [
        (
            "unreachable",
            5,
            1,
            "could not reach its server",
            "renewal_failing",
        ),
        (
            "broken",
            1,
            1,
            "could not make the request",
            "renewal_failing",
        ),
        ("stays", 3, 1, "claude auth login", "sign_in_again"),
        // Refused once may be a passing fault, so it is tried once more.
        ("refused", 3, 2, "claude auth login", "sign_in_again"),
        ("revoked", 3, 2, "claude auth login", "sign_in_again"),
    ] {
        world.programs.plan(&json!({ "renew": { "end": end } }));
        let called = world.programs.calls().len();
        let output = world.keyfob(&["refresh", "Mine"]).expect_code(code);
        assert!(output.stderr.contains(words), "{end}: {output:#?}");
        assert_eq!(world.programs.calls().len(), called + calls, "{end}");
        assert_eq!(world.state("Mine"), state, "{end}");
        assert_eq!(world.theirs(), before, "{end}");
    }
    // A new sign-in cures it, in the same place and under the same name.
    world.programs.plan(&json!({}));
    world
        .sign_in(&["login", "--account", "Mine"])
        .expect_code(0);
    assert_eq!(world.state("Mine"), "fresh");
    let accounts = world.keyfob(&["accounts", "--json"]).stdout;
    assert_eq!(
        serde_json::from_str::<Vec<Value>>(&accounts).unwrap().len(),
        1
    );
    assert_eq!(
        world.programs.calls().last().unwrap()["folder"],
        world.claude().to_str().unwrap()
    );
}

#[test]
fn a_session_that_was_revoked_before_its_time_is_said_to_be_over() {
    let world = World::new();
    world.plant_claude(&world.claude(), 3_600);
    world
        .keyfob(&["link", "claude-code", "--label", "Mine"])
        .expect_code(0);
    world
        .programs
        .plan(&json!({ "renew": { "end": "revoked" } }));
    world.keyfob(&["refresh", "Mine"]).expect_code(3);
    assert_eq!(world.state("Mine"), "sign_in_again");
    // Once Claude Code has another one, that is forgotten.
    world.plant_claude(&world.claude(), 7_200);
    assert_eq!(world.state("Mine"), "fresh");
}

#[test]
fn many_who_ask_at_once_make_one_request() {
    let world = World::new();
    world.plant_claude(&world.claude(), -60);
    world
        .keyfob(&["link", "claude-code", "--label", "Mine"])
        .expect_code(0);
    let mut asking: Vec<_> = (0..4)
        .map(|_| {
            world
                .session
                .keyfob(&world.home, &["refresh", "Mine"])
                .spawn_held()
        })
        .collect();
    asking.iter_mut().for_each(|call| call.let_go());
    for call in asking {
        world.checked(call.wait(SOON)).expect_code(0);
    }
    assert_eq!(world.programs.calls().len(), 1);
}

#[test]
fn nothing_is_renewed_in_the_background_unless_the_person_switched_it_on() {
    for (config, calls) in [("", 0), ("[claude_code]\nrenew_in_background = true\n", 1)] {
        let world = World::with(config);
        world.plant_claude(&world.claude(), -60);
        world
            .keyfob(&["link", "claude-code", "--label", "Mine"])
            .expect_code(0);
        world.keyfob(&["refresh", "--all"]).expect_code(0);
        assert_eq!(world.programs.calls().len(), 0);
        world.keyfob(&["watch", "--once"]);
        assert_eq!(world.programs.calls().len(), calls, "{config}");
        // One that could not be renewed is left alone for a while.
        world.plant_claude(&world.claude(), -30);
        world
            .programs
            .plan(&json!({ "renew": { "end": "unreachable" } }));
        world.keyfob(&["watch", "--once"]);
        world.keyfob(&["watch", "--once"]);
        assert_eq!(world.programs.calls().len(), 2 * calls, "{config}");
    }
}

#[test]
fn whoever_leaves_during_a_renewal_does_not_break_it_off() {
    let world = World::new();
    world.plant_claude(&world.claude(), -60);
    world
        .keyfob(&["link", "claude-code", "--label", "Mine"])
        .expect_code(0);
    world.programs.plan(&json!({ "renew": { "end": "hangs" } }));
    let mut call = world
        .session
        .keyfob(&world.home, &["refresh", "Mine"])
        .spawn();
    assert!(eventually(SOON, || world.left_over().len() == 1));
    call.signal(Signal::INT);
    std::thread::sleep(Duration::from_millis(500));
    assert!(
        call.is_running(),
        "Claude Code may just have spent its refresh token"
    );
    assert_eq!(world.left_over().len(), 1);
}

#[test]
fn whoever_leaves_while_ant_renews_does_not_break_it_off() {
    let world = World::new();
    world.plant_profile("work", 3_600);
    world
        .keyfob(&["link", "anthropic-profile", "--label", "Work"])
        .expect_code(0);
    world.programs.plan(&json!({ "renew": { "end": "slow" } }));
    let credentials = world.anthropic().join("credentials/work.json");
    for signal in [Signal::TERM, Signal::INT] {
        world.plant_profile("work", -60);
        let call = ["token", "Work"];
        let mut call = world.session.keyfob(&world.home, &call).spawn();
        assert!(
            eventually(SOON, || !credentials.exists()),
            "ant was not asked"
        );
        call.signal(signal);
        let output = world.checked(call.wait(SOON));
        assert_eq!(output.code, Some(128 + signal.as_raw()), "{output:#?}");
        let written = fs::read_to_string(&credentials).expect("ant has written the new token");
        let written: Value = serde_json::from_str(&written).unwrap();
        assert!(written["expires_at"].as_i64().unwrap() > now());
        assert_eq!(world.left_over(), Vec::<u32>::new());
    }
}

#[test]
fn a_list_that_cannot_be_written_keeps_no_token_back() {
    let world = World::new();
    world.plant_profile("work", 3_600);
    world
        .keyfob(&["link", "anthropic-profile", "--label", "Work"])
        .expect_code(0);
    let list = world.home.file("accounts.json");
    let lies = || as_it_lies(&[&list]);
    let before = lies();
    world.keyfob(&["token", "Work"]).expect_code(0);
    assert_eq!(lies(), before, "nothing new was seen");
    let lock = world.home.file("locks/accounts.lock");
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    world.plant_profile("work", 7_200);
    let output = world.keyfob(&["token", "Work"]).expect_code(0);
    assert_eq!(output.stdout, "sk-ant-oat01-HANDED-ON\n");
    assert_eq!(lies(), before);
    fs::remove_dir(&lock).unwrap();
    world.keyfob(&["token", "Work"]).expect_code(0);
    assert_ne!(lies(), before, "the end is another one");
}

#[test]
fn a_console_account_of_claude_code_is_billed_by_use() {
    let world = World::new();
    world
        .programs
        .plan(&json!({ "login": { "end": "console", "email": "ada@example.com" } }));
    world
        .sign_in(&[
            "login",
            "--with",
            "claude-code",
            "--console",
            "--label",
            "Console",
        ])
        .expect_code(0);
    assert_eq!(
        world.programs.calls()[0]["args"],
        json!(["auth", "login", "--console"])
    );
    let status = world.status("Console");
    assert_eq!(status["payer"], "api");
    assert_eq!(status["state"]["kind"], "unverified");
    world
        .keyfob(&["login", "--with", "ant", "--console"])
        .expect_code(2);
    let refused = world.keyfob(&["login", "--account", "Console", "--device"]);
    assert!(
        refused
            .expect_code(2)
            .stderr
            .contains("Claude Code signs in by a browser alone.")
    );
    world
        .keyfob(&["login", "--with", "claude-code", "--profile", "x"])
        .expect_code(2);
}

#[test]
fn a_profile_of_ant_gives_what_ant_prints() {
    let world = World::new();
    world.plant_profile("work", 3_600);
    world
        .keyfob(&["link", "anthropic-profile", "--label", "Work"])
        .expect_code(0);
    let status = world.status("Work");
    assert_eq!(status["identity"]["organization"], "Acme");
    assert_eq!(status["identity"]["workspace"], "Research");
    assert_eq!(status["payer"], "api");
    let before = world.theirs();
    let output = world.keyfob(&["token", "Work"]).expect_code(0);
    assert_eq!(output.stdout, "sk-ant-oat01-HANDED-ON\n");
    let call = world
        .session
        .keyfob(&world.home, &["token", "Work", "--refused"]);
    let refused = world
        .checked(call.stdin("sk-ant-oat01-HANDED-ON").run())
        .expect_code(3);
    assert!(refused.stderr.contains("ant auth login"), "{refused:#?}");
    world.keyfob(&["refresh", "Work"]).expect_code(0);
    assert_eq!(world.theirs(), before);

    // One that has ended is renewed by `ant`, and one that it cannot renew is not handed on.
    world.plant_profile("work", -60);
    world
        .programs
        .plan(&json!({ "renew": { "end": "refused" } }));
    let output = world.keyfob(&["token", "Work"]).expect_code(3);
    assert_eq!(output.stdout, "");
    assert!(output.stderr.contains("invalid_grant"), "{output:#?}");
    world.programs.plan(&json!({}));
    let renewed = world
        .session
        .keyfob(&world.home, &["token", "Work"])
        .run()
        .expect_code(0);
    assert!(
        renewed.stdout.starts_with("sk-ant-oat01-PLANTED-"),
        "{renewed:#?}"
    );
    assert_eq!(world.state("Work"), "fresh");
    world.keyfob(&["logout", "Work"]).expect_code(0);
    assert!(world.anthropic().join("credentials/work.json").exists());
}

#[test]
fn signing_in_by_ant_makes_a_profile() {
    let world = World::new();
    world.plant_profile("work", 3_600);
    let output = world
        .sign_in(&[
            "login",
            "--with",
            "ant",
            "--label",
            "New one",
            "--no-browser",
        ])
        .expect_code(0);
    assert!(output.stderr.contains("the active one"), "{output:#?}");
    assert_eq!(
        world.status("New one")["provider_name"],
        "ant profile new-one"
    );
    let calls = world.programs.calls();
    assert_eq!(
        calls[0]["args"],
        json!(["--profile", "new-one", "auth", "login", "--no-browser"])
    );
    world
        .programs
        .plan(&json!({ "login": { "end": "refused" } }));
    let output = world
        .sign_in(&[
            "login",
            "--with",
            "ant",
            "--profile",
            "third",
            "--no-browser",
        ])
        .expect_code(1);
    assert!(
        output.stderr.contains("exchange code for token"),
        "{output:#?}"
    );
    assert!(
        !output.stderr.contains("the-code-of-the-page is"),
        "{output:#?}"
    );
}
