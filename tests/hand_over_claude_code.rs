//! Claude Code connected by the helper of its settings. The program is the real one, as npm brings it; the API is the
//! practice server, and the keychain a real Secret Service.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Output as Ended, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use keyfob_tests::PATIENCE;
use keyfob_tests::custody::{at_once, the_same_token, while_the_keychain_lives};
use keyfob_tests::home::{files_under, files_with};
use keyfob_tests::{Call, Custody, Eavesdropper, Home, Output, claude};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// As people write it, not as a program does.
const SETTINGS: &str = "{\r\n\t\"model\": \"claude-haiku-4-5\",\r\n\t\"permissions\" : {\"allow\": []},\r\n\t\"env\": {\"EDITOR_COLOUR\": \"1\"}\r\n}";

const KEY: &str = "sk-ant-api03-e2e-planted-key-9f2A";

/// A computer with Claude Code, with settings of the person's own, and with Keyfob.
struct Computer {
    custody: Custody,
    settings: PathBuf,
}

impl Computer {
    fn new() -> Self {
        Self::of(Custody::start())
    }

    fn of(mut custody: Custody) -> Self {
        let folder = custody.session.environment().folder("home").join(".claude");
        fs::create_dir(&folder).unwrap();
        let settings = folder.join("settings.json");
        fs::write(&settings, SETTINGS).unwrap();
        let path = std::env::var("PATH").unwrap();
        let claude = claude::claude();
        let path = format!("{}:{path}", claude.parent().unwrap().display());
        custody.session.set("PATH", path);
        Self { custody, settings }
    }

    /// With one account of the practice server.
    fn signed_in() -> Self {
        let computer = Self::new();
        computer.custody.sign_in("Work");
        computer
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.custody.run(arguments)
    }

    fn connect(&self, more: &[&str]) -> Output {
        self.run(&[&["connect", "claude-code"], more].concat())
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.settings).unwrap()
    }

    /// The only file in the folder is the one that was there.
    #[track_caller]
    fn is_untouched(&self) {
        assert_eq!(self.text(), SETTINGS);
        let backups = |path: &PathBuf| path.to_string_lossy().contains(".keyfob-");
        let there = files_under(self.settings.parent().unwrap());
        assert!(!there.keys().any(backups), "{:?}", there.keys());
    }

    /// The helper's id.
    fn id(&self) -> String {
        let listed = self.run(&["connections", "--json"]).expect_code(0).stdout;
        let listed: Value = serde_json::from_str(&listed).unwrap();
        listed[0]["id"].as_str().unwrap().to_owned()
    }

    /// The helper as Claude Code would call it.
    fn helper(&self) -> Call {
        let call = self.custody.keyfob(&["helper", &self.id()]);
        call.env("ANTHROPIC_BASE_URL", self.custody.mock.base_url())
    }

    /// Asks Claude Code something, in a folder.
    fn ask(&self, folder: &Path) -> Ended {
        self.ask_with(folder, &[])
    }

    fn ask_with(&self, folder: &Path, more: &[&str]) -> Ended {
        let arguments = [&["-p", "hi", "--model", "claude-haiku-4-5"], more].concat();
        let mut call = claude::call(self.custody.session.environment(), &arguments);
        call.env("CLAUDE_CODE_MAX_RETRIES", "4");
        call.current_dir(folder).stdin(Stdio::null());
        call.output().unwrap()
    }

    #[track_caller]
    fn is_answered(&self, folder: &Path) {
        let ended = self.ask(folder);
        let said = String::from_utf8_lossy(&ended.stdout);
        assert!(said.contains("This is practice."), "{ended:#?}");
    }

    fn auth_status(&self, folder: &Path) -> Value {
        let mut call = claude::call(self.custody.session.environment(), &["auth", "status"]);
        let ended = call.current_dir(folder).stdin(Stdio::null()).output();
        serde_json::from_slice(&ended.unwrap().stdout).unwrap()
    }

    fn which(&self, folder: &Path) -> Value {
        let asked = ["which", "claude-code", "--json"];
        let said = self.custody.keyfob(&asked).within(folder).run();
        serde_json::from_str(&said.expect_code(0).stdout).unwrap()
    }

    /// What the server saw at `/v1/messages`: which token, and what it answered.
    fn asked(&self) -> Vec<(String, u64)> {
        let url = format!("{}/control/messages", self.custody.mock.base_url());
        let all = keyfob_tests::http::get(&url).json();
        let mut seen = Vec::new();
        for one in all.as_array().unwrap() {
            // Claude Code sends what a helper prints in both ways.
            assert_eq!(one["headers"], json!(["x-api-key", "authorization"]));
            assert_eq!(one["sha256"][0], one["sha256"][1]);
            let sha256 = one["sha256"][0].as_str().unwrap().to_owned();
            seen.push((sha256, one["status"].as_u64().unwrap()));
        }
        seen
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.custody.session.new_folder(name)
    }

    /// From now on the server refuses every access token that it has issued.
    fn refuse_tokens(&self) {
        let all = json!({ "access": true });
        self.custody.mock.post("/control/expire", &all);
    }
}

fn sha256(token: &str) -> String {
    let digest = Sha256::digest(token.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A sentence says what is so, another what to do, and nothing was given.
#[track_caller]
fn refused(output: Output, parts: &[&str]) {
    assert_eq!(output.code, Some(1), "{output:#?}");
    assert_eq!(output.stdout, "");
    for part in parts {
        assert!(output.stderr.contains(part), "{part:?}: {output:#?}");
    }
    assert!(!output.stderr.contains("sk-ant-"), "{output:#?}");
}

#[test]
fn claude_code_sends_our_token_and_a_new_one_after_a_refusal() {
    let computer = Computer::signed_in();
    let folder = computer.folder("project");
    let first = computer.custody.token("Work");
    computer.connect(&[]).expect_code(0);
    assert_eq!(
        computer.auth_status(&folder)["authMethod"],
        "api_key_helper"
    );
    let which = computer.which(&folder);
    assert_eq!(which["winner"]["source"], "api_key_helper");
    assert_eq!(which["winner"]["label"], "Work");
    let ours = computer.settings.display().to_string();
    assert_eq!(which["winner"]["place"], ours);
    assert_eq!(which["warnings"], json!([]));

    // The server refuses what Keyfob takes for fresh.
    computer.refuse_tokens();
    computer.is_answered(&folder);
    let second = computer.custody.token("Work");
    assert_ne!(first, second);
    computer.custody.expect_refreshes(1);
    let asked = computer.asked();
    assert_eq!(asked.first(), Some(&(sha256(&first), 401)));
    assert_eq!(asked.last(), Some(&(sha256(&second), 200)));

    // As long as it is taken, it stays.
    computer.is_answered(&folder);
    computer.is_answered(&folder);
    computer.custody.expect_refreshes(1);
    assert_eq!(computer.asked().last(), Some(&(sha256(&second), 200)));

    computer.run(&["disconnect", "claude-code"]).expect_code(0);
    computer.is_untouched();
    assert_eq!(computer.auth_status(&folder)["loggedIn"], false);
}

#[test]
fn a_token_that_has_ended_is_renewed_before_it_is_sent() {
    let computer = Computer::new();
    computer.custody.sign_in_with_ended_tokens(&["Work"]);
    computer.connect(&[]).expect_code(0);
    computer.is_answered(&computer.folder("project"));
    let token = sha256(&computer.custody.token("Work"));
    assert!(
        computer
            .asked()
            .iter()
            .all(|asked| *asked == (token.clone(), 200))
    );
    computer.custody.expect_refreshes(1);
}

#[test]
fn a_project_is_connected_for_itself() {
    let computer = Computer::signed_in();
    let (project, elsewhere) = (computer.folder("project"), computer.folder("elsewhere"));
    let named = project.to_str().unwrap();
    let said = computer.connect(&["--project", named]).expect_code(0);
    assert!(said.stderr.contains("not been told to trust"), "{said:#?}");
    computer.is_untouched();
    computer.is_answered(&project);
    assert_eq!(computer.auth_status(&elsewhere)["loggedIn"], false);
    let mut files = files_under(&project);
    assert!(
        files
            .remove(Path::new(".claude/settings.local.json"))
            .is_some()
    );
    assert!(files.is_empty(), "{:?}", files.keys());
    computer.run(&["disconnect", "claude-code"]).expect_code(0);
    assert_eq!(fs::read_dir(&project).unwrap().count(), 0);

    // Where there is such a file, its backup is no part of the project.
    let local = project.join(".claude/settings.local.json");
    fs::create_dir(project.join(".claude")).unwrap();
    fs::write(&local, SETTINGS).unwrap();
    computer.connect(&["--project", named]).expect_code(0);
    assert_eq!(files_under(&project).len(), 1);
    computer.run(&["disconnect", "claude-code"]).expect_code(0);
    assert_eq!(fs::read_to_string(&local).unwrap(), SETTINGS);
    assert_eq!(files_under(&computer.custody.home.file("backups")).len(), 0);
}

#[test]
fn what_a_projects_folder_makes_of_settings_is_said() {
    let computer = Computer::signed_in();
    let project = computer.folder("project");
    let named = project.to_str().unwrap();
    let connect = || {
        let said = computer
            .connect(&["--project", named])
            .expect_code(0)
            .stderr;
        computer.run(&["disconnect", "claude-code"]).expect_code(0);
        said
    };
    let (by_git, by_others) = ("git does not ignore it", "Others on this computer");
    let said = connect();
    assert!(
        !said.contains(by_git) && !said.contains(by_others),
        "{said}"
    );
    let mut git = computer.custody.session.command("git");
    let made = git.args(["init", "--quiet", named]).status();
    assert!(made.unwrap().success());
    let said = connect();
    assert!(said.contains(by_git), "{said}");
    // The line that it names helps.
    let (_, advice) = said.split_once(by_git).unwrap();
    let line = advice.split('`').nth(1).unwrap();
    fs::write(project.join(".git/info/exclude"), line).unwrap();
    let said = connect();
    assert!(!said.contains(by_git), "{said}");
    fs::set_permissions(&project, fs::Permissions::from_mode(0o1777)).unwrap();
    let said = connect();
    assert!(said.contains(by_others), "{said}");
}

#[test]
fn another_server_gets_nothing() {
    let computer = Computer::signed_in();
    let token = computer.custody.token("Work");
    computer.connect(&[]).expect_code(0);
    let other = keyfob_tests::MockProvider::start(&[]);
    let call = || computer.custody.keyfob(&["helper", &computer.id()]);
    let at = |url: &str| call().env("ANTHROPIC_BASE_URL", url).run();
    refused(
        at(other.base_url()),
        &["it was not given", "ANTHROPIC_BASE_URL"],
    );
    let same_with_another_scheme = computer.custody.mock.base_url().replace("http:", "https:");
    refused(at(&same_with_another_scheme), &["it was not given"]);
    refused(at("nonsense"), &["it was not given"]);
    // Named nowhere at all: Anthropic's own.
    let silent = call().env("CLAUDE_CONFIG_DIR", "/nowhere");
    let silent = silent.within(&computer.folder("silent")).run();
    refused(silent, &["api.anthropic.com", "it was not given"]);
    assert_eq!(computer.helper().run().stdout.trim(), token);
    // The settings name it, whether they are applied yet or not.
    assert_eq!(call().run().stdout.trim(), token);

    // Somebody's project sends Claude Code elsewhere.
    let project = computer.folder("project");
    fs::create_dir(project.join(".claude")).unwrap();
    let theirs = json!({ "env": { "ANTHROPIC_BASE_URL": other.base_url() } }).to_string();
    fs::write(project.join(".claude/settings.json"), theirs).unwrap();
    // Claude Code asks the helper before it applies those, so the helper reads them itself.
    refused(
        computer.helper().within(&project).run(),
        &["project/.claude/settings.json"],
    );
    let ended = computer.ask(&project);
    assert!(!ended.status.success(), "{ended:#?}");
    let url = format!("{}/control/messages", other.base_url());
    let seen = keyfob_tests::http::get(&url).body;
    assert!(!seen.contains(&sha256(&token)), "{seen}");
    let which = computer.which(&project);
    assert_eq!(which["warnings"][0]["code"], "sent_elsewhere");
    assert_eq!(which["warnings"][0]["meaning"], "act");
    let happened = computer.custody.happened();
    assert!(
        happened.iter().any(|what| what == "not_given"),
        "{happened:?}"
    );
}

/// Answers nothing, and counts who comes.
fn listens(socket: &Path) -> Arc<AtomicUsize> {
    let listener = UnixListener::bind(socket).unwrap();
    let came = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&came);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            drop(stream);
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    came
}

#[test]
fn nothing_is_sent_through_a_socket() {
    let computer = Computer::signed_in();
    computer.connect(&[]).expect_code(0);
    let project = computer.folder("project");
    let socket = project.join("s");
    let came = listens(&socket);
    fs::create_dir(project.join(".claude")).unwrap();
    let settings = project.join(".claude/settings.json");
    let of = |value: Value| json!({ "env": { "ANTHROPIC_UNIX_SOCKET": value } });
    let mut theirs = of(json!(socket));
    theirs["apiKeyHelper"] = json!("echo practice");
    fs::write(&settings, theirs.to_string()).unwrap();
    // It is true: the real program goes there, whatever address is named.
    computer.ask(&project);
    assert!(came.load(Ordering::SeqCst) > 0);
    assert_eq!(computer.asked(), []);
    fs::write(&settings, of(json!(socket)).to_string()).unwrap();
    let helper = || computer.helper().within(&project).run();
    refused(helper(), &["ANTHROPIC_UNIX_SOCKET", "project/.claude"]);
    assert_eq!(computer.which(&project)["warnings"][0]["meaning"], "act");
    let inherited = computer
        .helper()
        .env("ANTHROPIC_UNIX_SOCKET", &socket.to_string_lossy());
    refused(inherited.run(), &["the environment"]);
    let named = project.to_str().unwrap();
    refused(
        computer.connect(&["--project", named]),
        &["nothing was connected"],
    );
    // Its other variable moves none of these requests.
    let moved = json!({ "env": { "CLAUDE_CODE_API_BASE_URL": "http://127.0.0.1:9" } });
    fs::write(&settings, moved.to_string()).unwrap();
    helper().expect_code(0);
    computer.is_answered(&project);
}

/// A cloud provider's switch, and all that makes Claude Code send to `url` without credentials of that provider's.
fn clouds(url: &str) -> [(&'static str, Value); 5] {
    let of = |name: &str, address: &str| {
        json!({
            format!("CLAUDE_CODE_USE_{name}"): "1",
            format!("CLAUDE_CODE_SKIP_{name}_AUTH"): "1",
            format!("ANTHROPIC_{address}_BASE_URL"): url,
            "ANTHROPIC_AWS_WORKSPACE_ID": "w",
            "ANTHROPIC_VERTEX_PROJECT_ID": "p",
            "AWS_REGION": "us-east-1",
            "CLOUD_ML_REGION": "us-east5",
        })
    };
    [
        ("CLAUDE_CODE_USE_BEDROCK", of("BEDROCK", "BEDROCK")),
        ("CLAUDE_CODE_USE_VERTEX", of("VERTEX", "VERTEX")),
        ("CLAUDE_CODE_USE_MANTLE", of("MANTLE", "BEDROCK_MANTLE")),
        ("CLAUDE_CODE_USE_ANTHROPIC_AWS", of("ANTHROPIC_AWS", "AWS")),
        ("CLAUDE_CODE_USE_FOUNDRY", of("FOUNDRY", "FOUNDRY")),
    ]
}

#[test]
fn a_cloud_gets_nothing() {
    let computer = Computer::signed_in();
    computer.connect(&[]).expect_code(0);
    let token = computer.custody.token("Work");
    let project = computer.folder("project");
    fs::create_dir(project.join(".claude")).unwrap();
    let settings = project.join(".claude/settings.json");
    let helper = || computer.helper().within(&project);
    let cloud = Eavesdropper::start();
    for (switch, env) in clouds(cloud.url()) {
        let before = cloud.came().len();
        // It is true: the real program sends there what a helper prints. Foundry wants something of its own.
        if switch != "CLAUDE_CODE_USE_FOUNDRY" {
            let theirs = json!({ "env": env, "apiKeyHelper": "echo practice" });
            fs::write(&settings, theirs.to_string()).unwrap();
            let ended = computer.ask(&project);
            let came = cloud.came().split_off(before);
            assert!(came.contains("Bearer practice"), "{switch}: {ended:#?}");
        }
        fs::write(&settings, json!({ "env": env }).to_string()).unwrap();
        refused(helper().run(), &[switch, "it was not given", "project"]);
        let inherited = computer.helper().env(switch, "true").run();
        refused(inherited, &[switch, "the environment"]);
    }
    let (_, env) = clouds(cloud.url())[0].clone();
    fs::write(&settings, json!({ "env": env }).to_string()).unwrap();
    computer.ask(&project);
    assert!(!cloud.came().contains(&token));
    let which = computer.which(&project);
    assert_eq!(which["winner"]["source"], "bedrock");
    let ours = &which["outranked"][0];
    assert_eq!(ours["source"], "api_key_helper");
    let state = ours["state"].as_str().unwrap();
    assert!(state.contains("gives nothing here"), "{which}");

    // Off is off, and what is off takes nothing away.
    let off = json!({ "env": { "CLAUDE_CODE_USE_BEDROCK": "0" } });
    fs::write(&settings, off.to_string()).unwrap();
    computer.is_answered(&project);

    // In the settings for all folders, which count before the helper is asked.
    let problem = || {
        let listed = computer.run(&["connections", "--json"]).stdout;
        let listed: Value = serde_json::from_str(&listed).unwrap();
        listed[0]["problem"].clone()
    };
    assert_eq!(problem(), Value::Null);
    let mut own: Value = serde_json::from_str(&computer.text()).unwrap();
    own["env"]["CLAUDE_CODE_USE_BEDROCK"] = json!("1");
    fs::write(&computer.settings, own.to_string()).unwrap();
    let said = problem();
    assert!(
        said.as_str().unwrap().contains("CLAUDE_CODE_USE_BEDROCK"),
        "{said}"
    );
    own["env"]["CLAUDE_CODE_USE_BEDROCK"] = json!("0");
    fs::write(&computer.settings, own.to_string()).unwrap();
    assert_eq!(problem(), Value::Null);
    // Where the environment says otherwise, the settings have put that right by the time the helper is asked.
    let mut call = claude::call(
        computer.custody.session.environment(),
        &["-p", "hi", "--model", "claude-haiku-4-5"],
    );
    call.env("CLAUDE_CODE_USE_BEDROCK", "1")
        .stdin(Stdio::null());
    let ended = call.current_dir(computer.folder("plain")).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(said.contains("This is practice."), "{ended:#?}");
}

#[test]
fn settings_of_a_command_line_lead_nothing_elsewhere() {
    let computer = Computer::signed_in();
    computer.connect(&[]).expect_code(0);
    let token = computer.custody.token("Work");
    let folder = computer.folder("project");
    let other = Eavesdropper::start();
    let settings = |value: Value| value.to_string();
    let moved = json!({ "ANTHROPIC_BASE_URL": other.url() });
    let theirs = json!({ "env": moved, "apiKeyHelper": "echo practice" });
    computer.ask_with(&folder, &["--settings", &settings(theirs)]);
    assert!(other.came().contains("Bearer practice"), "it is true");
    let (_, bedrock) = clouds(other.url())[0].clone();
    for env in [moved, bedrock] {
        let env = settings(json!({ "env": env }));
        let ended = computer.ask_with(&folder, &["--settings", &env]);
        assert!(!ended.status.success(), "{ended:#?}");
    }
    assert!(!other.came().contains(&token), "{}", other.came());
    assert_eq!(computer.asked(), []);
    let happened = computer.custody.happened();
    assert!(
        happened.iter().any(|what| what == "not_given"),
        "{happened:?}"
    );
}

/// There the folder's settings are those for all folders, and beside them lie the person's own for that folder.
#[test]
fn in_the_home_folder_its_own_settings_count() {
    let computer = Computer::signed_in();
    computer.connect(&[]).expect_code(0);
    let token = computer.custody.token("Work");
    let home = computer.custody.session.environment().folder("home");
    let local = home.join(".claude/settings.local.json");
    let other = Eavesdropper::start();
    let env = json!({ "ANTHROPIC_BASE_URL": other.url() });
    let theirs = json!({ "env": env, "apiKeyHelper": "echo practice" });
    fs::write(&local, theirs.to_string()).unwrap();
    computer.ask(&home);
    assert!(other.came().contains("Bearer practice"), "it is true");

    fs::write(&local, json!({ "env": env }).to_string()).unwrap();
    let asked = computer.helper().within(&home).run();
    refused(asked, &["settings.local.json", "it was not given"]);
    computer.ask(&home);
    assert!(!other.came().contains(&token), "{}", other.came());
    let which = computer.which(&home);
    assert_eq!(which["warnings"][0]["code"], "sent_elsewhere");
    // Once, and not as the folder's too.
    fs::remove_file(&local).unwrap();
    let which = computer.which(&home);
    assert_eq!(which["winner"]["name"], "Keyfob's helper in your settings");
    computer.is_answered(&home);
}

#[test]
fn a_project_has_another_server_than_the_other_folders() {
    let computer = Computer::signed_in();
    let elsewhere = keyfob_tests::MockProvider::start(&["--auto", "agree"]);
    // Settings for all folders name another server, which a project's own take the place of.
    let theirs = SETTINGS.replace("EDITOR_COLOUR\": \"1", "ANTHROPIC_BASE_URL\": \"URL");
    fs::write(
        &computer.settings,
        theirs.replace("URL", elsewhere.base_url()),
    )
    .unwrap();
    let project = computer.folder("project");
    let named = project.to_str().unwrap();
    computer.connect(&["--project", named]).expect_code(0);
    computer.is_answered(&project);
    let tested = computer.run(&["connections", "--test", "claude-code"]);
    tested.expect_code(0);
    let token = sha256(&computer.custody.token("Work"));
    assert_eq!(computer.asked(), [(token, 200)]);
}

#[test]
fn a_project_is_tested_in_its_folder() {
    let computer = Computer::signed_in();
    let project = computer.folder("project");
    let named = project.to_str().unwrap();
    computer.connect(&["--project", named]).expect_code(0);
    let tested = computer.run(&["connections", "--test", "claude-code"]);
    tested.expect_code(0);
    // Common settings of the project count in its folder alone.
    let moved = json!({ "env": { "ANTHROPIC_UNIX_SOCKET": "/nowhere" } });
    fs::write(project.join(".claude/settings.json"), moved.to_string()).unwrap();
    let tested = computer.run(&["connections", "--test", "claude-code"]);
    assert_eq!(tested.code, Some(1), "{tested:#?}");
    assert!(
        tested.stdout.contains("ANTHROPIC_UNIX_SOCKET"),
        "{tested:#?}"
    );
    fs::remove_dir_all(&project).unwrap();
    let gone = computer.run(&["connections", "--test", "claude-code"]);
    assert!(gone.stdout.contains("is not there any more"), "{gone:#?}");
}

#[test]
fn a_test_sees_what_claude_code_sees_in_the_folder() {
    let computer = Computer::signed_in();
    computer.connect(&[]).expect_code(0);
    let test = ["connections", "--test", "claude-code"];
    let tested_in = |folder: &Path| computer.custody.keyfob(&test).within(folder).run();
    let plain = computer.folder("plain");
    let tested = tested_in(&plain).expect_code(0);
    let place = format!("Tested in {}", plain.canonicalize().unwrap().display());
    assert!(tested.stdout.contains(&place), "{tested:#?}");

    // There Claude Code gets nothing, and so does the test.
    let folder = computer.folder("chosen");
    fs::write(folder.join(".keyfob.toml"), "account = \"Work\"\n").unwrap();
    assert!(!computer.ask(&folder).status.success());
    for tested in [
        tested_in(&folder),
        computer.run(&[&test[..], &["--dir", folder.to_str().unwrap()]].concat()),
    ] {
        assert_eq!(tested.code, Some(1), "{tested:#?}");
        assert!(tested.stdout.contains("keyfob trust"), "{tested:#?}");
    }

    // Another helper of the folder's is not ours.
    let theirs = computer.folder("theirs");
    fs::create_dir(theirs.join(".claude")).unwrap();
    let helper = json!({ "apiKeyHelper": "echo practice" }).to_string();
    fs::write(theirs.join(".claude/settings.json"), helper).unwrap();
    let tested = tested_in(&theirs);
    assert_eq!(tested.code, Some(1), "{tested:#?}");
    assert!(tested.stdout.contains("uses another one"), "{tested:#?}");
    assert!(tested.stdout.contains("theirs/.claude"), "{tested:#?}");
    let nowhere = computer.run(&[&test[..], &["--dir", "/nowhere"]].concat());
    assert!(nowhere.stderr.contains("no folder /nowhere"));
}

#[test]
fn what_is_not_as_connecting_left_it_is_said_by_the_list_and_by_the_test() {
    let computer = Computer::signed_in();
    computer.connect(&[]).expect_code(0);
    let connected = computer.text();
    let said = |parts: &[&str]| {
        let listed = computer.run(&["connections"]).expect_code(0).stdout;
        let tested = computer.run(&["connections", "--test", "claude-code"]);
        assert_eq!(tested.code, Some(1), "{tested:#?}");
        for part in parts {
            assert!(listed.contains(part), "{part:?}: {listed}");
            assert!(tested.stdout.contains(part), "{part:?}: {tested:#?}");
        }
    };
    let folder = computer.folder("project");
    fs::write(&computer.settings, format!("// mine\n{connected}")).unwrap();
    assert_eq!(computer.auth_status(&folder)["loggedIn"], false);
    said(&["comments or trailing commas", "Take them out"]);
    fs::write(&computer.settings, "{,").unwrap();
    said(&["not valid JSON", "correct it there"]);
    fs::remove_file(&computer.settings).unwrap();
    said(&["settings.json is not there any more", "Connect it again"]);
    fs::write(&computer.settings, SETTINGS).unwrap();
    said(&["(apiKeyHelper, env.ANTHROPIC_BASE_URL)", "Connect it again"]);

    // By another copy of the command, which is gone.
    fs::write(&computer.settings, &connected).unwrap();
    computer.run(&["disconnect", "claude-code"]).expect_code(0);
    computer.is_untouched();
    let copy = computer.folder("copies of it").join("keyfob");
    symlink(keyfob_tests::programs::program("keyfob"), &copy).unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", copy.parent().unwrap().display());
    let claude = claude::claude();
    let path = format!("{path}:{}", claude.parent().unwrap().display());
    let by_copy = computer.custody.keyfob(&["connect", "claude-code"]);
    by_copy.env("PATH", &path).run().expect_code(0);
    assert!(computer.text().contains("copies of it/keyfob"));
    computer.is_answered(&folder);
    fs::remove_file(&copy).unwrap();
    let gone = format!("The command {} is not there any more", copy.display());
    said(&[&gone, "Connect it again"]);
    let which = computer.which(&folder);
    assert_eq!(which["warnings"][0]["code"], "helper_gone");
    let state = "It gives nothing: its command is not there any more";
    assert_eq!(which["winner"]["state"], state);
    // What it says to do helps.
    computer.run(&["disconnect", "claude-code"]).expect_code(0);
    computer.is_untouched();
    computer.connect(&[]).expect_code(0);
    computer.is_answered(&folder);
}

#[test]
fn the_folder_chooses_the_account() {
    let computer = Computer::signed_in();
    computer.custody.sign_in("Private");
    computer.connect(&["--account", "Work"]).expect_code(0);
    let folder = computer.folder("private");
    fs::write(folder.join(".keyfob.toml"), "account = \"Private\"\n").unwrap();
    let asked = |folder: &Path| computer.helper().within(folder).run();
    // It counts for nothing before it is trusted, and neither does another account in its place.
    let untrusted = asked(&folder);
    assert_eq!((untrusted.code, untrusted.stdout.as_str()), (Some(2), ""));
    assert!(untrusted.stderr.contains("keyfob trust"), "{untrusted:#?}");
    let trusted = computer.custody.keyfob(&["trust"]).within(&folder).run();
    trusted.expect_code(0);
    let (work, private) = (
        computer.custody.token("Work"),
        computer.custody.token("Private"),
    );
    assert_eq!(asked(&folder).stdout.trim(), private);
    assert_eq!(asked(&computer.folder("other")).stdout.trim(), work);
    computer.is_answered(&folder);
    assert_eq!(computer.asked(), [(sha256(&private), 200)]);
}

#[test]
fn a_thousand_helpers_over_an_expiry_renew_once() {
    while_the_keychain_lives(|custody| {
        custody.sign_in_with_ended_tokens(&["Work"]);
        let connected = custody.run(&["connect", "claude-code", "--anyway"]);
        connected.expect_code(0);
        let listed = custody.run(&["connections", "--json"]).stdout;
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let id = listed[0]["id"].as_str().unwrap().to_owned();
        let helper = || {
            let call = custody.keyfob(&["helper", &id]);
            call.env("ANTHROPIC_BASE_URL", custody.mock.base_url())
        };
        let mut outputs = Vec::new();
        // As many at a time as a computer has room for; each begins when another one has ended.
        std::thread::scope(|scope| {
            let lanes: Vec<_> = (0..50)
                .map(|_| scope.spawn(|| (0..20).map(|_| helper().run()).collect::<Vec<_>>()))
                .collect();
            for lane in lanes {
                outputs.extend(lane.join().unwrap());
            }
        });
        assert_eq!(outputs.len(), 1_000);
        let token = the_same_token(&outputs);
        assert_eq!(custody.api_says(&token), 200);
        custody.expect_refreshes(1);
        // However often it is asked again, the server is asked now and then whether it refuses.
        let doubts = custody.mock.count("models");
        assert!(doubts < 100, "{doubts}");
    });
}

#[test]
fn many_that_were_refused_at_once_renew_once() {
    while_the_keychain_lives(|custody| {
        custody.sign_in("Work");
        custody
            .run(&["connect", "claude-code", "--anyway"])
            .expect_code(0);
        let listed = custody.run(&["connections", "--json"]).stdout;
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let id = listed[0]["id"].as_str().unwrap().to_owned();
        let many = || {
            let helper = |_| {
                let call = custody.keyfob(&["helper", &id]);
                call.env("ANTHROPIC_BASE_URL", custody.mock.base_url())
            };
            at_once((0..24).map(helper).collect())
        };
        let refused = the_same_token(&many());
        custody
            .mock
            .post("/control/expire", &json!({ "access": true }));
        // Whoever comes while one asks the server is still given the old one, and comes again.
        let renewed = keyfob_tests::process::eventually(PATIENCE, || {
            let outputs = many();
            assert!(outputs.iter().all(|output| output.code == Some(0)));
            outputs.iter().all(|output| output.stdout.trim() != refused)
        });
        assert!(renewed);
        custody.expect_refreshes(1);
    });
}

#[test]
fn signing_out_takes_the_helper_out() {
    let computer = Computer::signed_in();
    computer.connect(&[]).expect_code(0);
    assert_ne!(computer.text(), SETTINGS);
    computer.run(&["logout", "Work"]).expect_code(0);
    computer.is_untouched();
    assert_eq!(computer.run(&["connections", "--json"]).stdout.trim(), "[]");
    // What still calls it is told, and gets nothing.
    let gone = computer.run(&["helper", "claude-code-0000"]);
    assert_eq!((gone.code, gone.stdout.as_str()), (Some(2), ""));
}

#[test]
fn connecting_twice_is_connecting_once() {
    let computer = Computer::signed_in();
    computer.connect(&[]).expect_code(0);
    let (text, id) = (computer.text(), computer.id());
    let again = computer.connect(&[]).expect_code(0);
    assert!(again.stderr.contains("already"), "{again:#?}");
    assert_eq!((computer.text(), computer.id()), (text.clone(), id.clone()));
    computer.custody.sign_in("Private");
    computer.connect(&["--account", "Private"]).expect_code(0);
    // The helper's line stays, and gives what the other account gives.
    assert_eq!((computer.text(), computer.id()), (text, id));
    let private = computer.custody.token("Private");
    assert_eq!(computer.helper().run().stdout.trim(), private);
    let listed = computer.run(&["connections", "--json"]).stdout;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["label"], "Private");
    computer.run(&["disconnect", "claude-code"]).expect_code(0);
    computer.is_untouched();
}

#[test]
fn somebody_elses_helper_is_replaced_by_the_persons_word_and_comes_back() {
    let computer = Computer::signed_in();
    let theirs = SETTINGS.replacen("{", "{ \"apiKeyHelper\": \"pass show claude\",", 1);
    fs::write(&computer.settings, &theirs).unwrap();
    refused(
        computer.connect(&[]),
        &["another apiKeyHelper", "--replace"],
    );
    assert_eq!(computer.text(), theirs);
    computer.connect(&["--replace"]).expect_code(0);
    computer.is_answered(&computer.folder("project"));
    // Claude Code writes the file anew, as it does when a person changes something in it.
    let mut changed: Value = serde_json::from_str(&computer.text()).unwrap();
    changed["theme"] = json!("dark");
    fs::write(&computer.settings, format!("{changed:#}\n")).unwrap();
    let done = computer.run(&["disconnect", "claude-code"]).expect_code(0);
    assert!(done.stderr.contains(".bak"), "{done:#?}");
    let back: Value = serde_json::from_str(&computer.text()).unwrap();
    assert_eq!(back["apiKeyHelper"], "pass show claude");
    assert_eq!(back["theme"], "dark");
    assert_eq!(back["env"], json!({ "EDITOR_COLOUR": "1" }));
}

#[test]
fn what_cannot_be_written_is_left_with_a_sentence() {
    let computer = Computer::signed_in();
    let settings = &computer.settings;
    let says = |parts: &[&str]| {
        let before = files_under(settings.parent().unwrap());
        refused(computer.connect(&[]), parts);
        assert_eq!(files_under(settings.parent().unwrap()), before);
        assert_eq!(computer.run(&["connections", "--json"]).stdout.trim(), "[]");
    };
    for (text, part) in [
        ("{\n  \"a\": 1,,\n}", "line 2, column 10"),
        ("[]", "no JSON object"),
        ("{\"env\": []}", "\"env\" is no object"),
    ] {
        fs::write(settings, text).unwrap();
        says(&[part, "left as it is"]);
    }
    fs::write(settings, vec![b' '; 2 * 1024 * 1024]).unwrap();
    says(&["larger than 1 MiB"]);
    fs::remove_file(settings).unwrap();
    fs::create_dir(settings).unwrap();
    says(&["is a folder"]);
    fs::remove_dir(settings).unwrap();
    let dotfiles = computer.folder("dotfiles").join("claude.json");
    fs::write(&dotfiles, SETTINGS).unwrap();
    std::os::unix::fs::symlink(&dotfiles, settings).unwrap();
    says(&["symbolic link", dotfiles.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(&dotfiles).unwrap(), SETTINGS);
    fs::remove_file(settings).unwrap();
    fs::write(settings, SETTINGS).unwrap();
    fs::set_permissions(settings, fs::Permissions::from_mode(0o400)).unwrap();
    says(&["write-protected"]);
    fs::set_permissions(settings, fs::Permissions::from_mode(0o600)).unwrap();

    let nowhere = computer.connect(&["--project", "/no/such/folder"]);
    assert_eq!(nowhere.code, Some(2));
    let home = computer.custody.session.environment().folder("home");
    let at_home = computer.connect(&["--project", home.to_str().unwrap()]);
    assert!(
        at_home.stderr.contains("Leave --project out"),
        "{at_home:#?}"
    );
    computer.is_untouched();
}

#[test]
fn a_file_with_comments_is_connected_and_said_to_be_passed_over() {
    let computer = Computer::signed_in();
    let commented = SETTINGS.replacen("{", "{ // mine", 1);
    fs::write(&computer.settings, &commented).unwrap();
    let said = computer.connect(&[]).expect_code(0);
    assert!(said.stderr.contains("passes over"), "{said:#?}");
    // It is true: the real program does.
    let folder = computer.folder("project");
    assert_eq!(computer.auth_status(&folder)["loggedIn"], false);
    fs::write(&computer.settings, computer.text().replace(" // mine", "")).unwrap();
    assert_eq!(computer.auth_status(&folder)["loggedIn"], true);
    computer.run(&["disconnect", "claude-code"]).expect_code(0);
    assert_eq!(computer.text(), SETTINGS);
}

#[test]
fn where_it_is_not_installed_nothing_is_done_without_the_persons_word() {
    let custody = Custody::start();
    custody.sign_in("Work");
    let settings = custody
        .session
        .environment()
        .folder("home/.claude/settings.json");
    let call = |more: &[&str]| {
        let arguments = [&["connect", "claude-code"], more].concat();
        custody.keyfob(&arguments).env("PATH", "/nowhere").run()
    };
    refused(call(&[]), &["not installed", "--anyway"]);
    assert!(!settings.parent().unwrap().exists());
    call(&["--anyway"]).expect_code(0);
    assert!(settings.exists());
    custody.run(&["disconnect", "claude-code"]).expect_code(0);
    assert!(!settings.parent().unwrap().exists());
}

/// Keyfob as people have it: no practice server, and Anthropic's own API.
fn of_anthropic(computer: &Computer) -> Home {
    let home = Home::new(&computer.custody.session, "anthropic", "");
    let add = ["add-key", "--no-verify", "--label", "Key"];
    let add = computer.custody.session.keyfob(&home, &add);
    add.stdin(KEY).run().expect_code(0);
    home
}

#[test]
fn a_key_of_anthropics_goes_to_anthropic_alone() {
    let computer = Computer::new();
    let home = of_anthropic(&computer);
    let keyfob = |arguments: &[&str]| computer.custody.session.keyfob(&home, arguments);
    let connect = || keyfob(&["connect", "claude-code"]);
    let elsewhere = connect().env("ANTHROPIC_BASE_URL", "https://llm.example.com");
    refused(elsewhere.run(), &["llm.example.com", "wrong server"]);
    computer.is_untouched();
    let theirs = SETTINGS.replace(
        "EDITOR_COLOUR\": \"1",
        "ANTHROPIC_BASE_URL\": \"https://b.example.com",
    );
    fs::write(&computer.settings, &theirs).unwrap();
    refused(connect().run(), &["b.example.com"]);
    assert_eq!(computer.text(), theirs);
    fs::write(&computer.settings, SETTINGS).unwrap();

    connect().run().expect_code(0);
    let written: Value = serde_json::from_str(&computer.text()).unwrap();
    assert_eq!(written["env"], json!({ "EDITOR_COLOUR": "1" }));
    let id = written["apiKeyHelper"].as_str().unwrap();
    let id = id.rsplit(' ').next().unwrap();
    let helper = || keyfob(&["helper", id]);
    assert_eq!(helper().run().expect_code(0).stdout.trim(), KEY);
    let other = helper().env("ANTHROPIC_BASE_URL", computer.custody.mock.base_url());
    refused(other.run(), &["it was not given"]);
    let same = helper().env("ANTHROPIC_BASE_URL", "https://api.anthropic.com/");
    assert_eq!(same.run().stdout.trim(), KEY);
    // Nothing of it lies anywhere but in the keychain.
    let root = files_under(computer.custody.session.root());
    let found = files_with(&root, KEY);
    let in_keychain = |path: &&Path| path.starts_with("data/keyrings");
    assert!(found.iter().all(in_keychain), "{found:?}");
}

#[test]
fn a_sign_in_to_the_console_is_not_for_a_helper() {
    let computer = Computer::new();
    let mock = computer.custody.mock.base_url();
    let block = computer.custody.mock.config_block();
    let line = |line: &&str| line.starts_with("base_url") && line.contains(mock);
    assert!(block.lines().any(|found| line(&found)), "{block}");
    let config: String = block
        .lines()
        .map(|found| match line(&found) {
            true => "base_url = \"https://api.anthropic.com\"\n".to_owned(),
            false => format!("{found}\n"),
        })
        .collect();
    computer.custody.sign_in("Console");
    fs::write(computer.custody.home.file("config.toml"), config).unwrap();
    let said = computer.connect(&[]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""));
    for part in [
        "anthropic-sdk --account Console --activate",
        "keyfob run Console -- claude",
    ] {
        assert!(said.stderr.contains(part), "{said:#?}");
    }
    computer.is_untouched();
}

#[test]
fn run_leaves_the_credential_to_the_helper_that_gives_it_anyway() {
    let computer = Computer::signed_in();
    computer.custody.sign_in("Private");
    let add = ["add-key", "--label", "CI"];
    let add = computer.custody.keyfob(&add).stdin(KEY).run();
    add.expect_code(0);
    let folder = computer.folder("project");
    let run = |account: &str, program: &[&str]| {
        let real = claude::call(computer.custody.session.environment(), &[]);
        let arguments = [&["run", account, "--"], program].concat();
        let call = computer.custody.keyfob(&arguments).within(&folder);
        let call = real.get_envs().fold(call, |call, (name, value)| {
            call.env(name.to_str().unwrap(), value.unwrap().to_str().unwrap())
        });
        call.limit(PATIENCE * 2).run()
    };
    let claude = claude::claude();
    let ask = [claude.to_str().unwrap(), "-p", "hi"];
    let ask = [&ask[..], &["--model", "claude-haiku-4-5"]].concat();
    for (account, credential) in [
        ("CI", KEY.to_owned()),
        ("Work", computer.custody.token("Work")),
    ] {
        computer.connect(&["--account", account]).expect_code(0);
        let before = computer.asked().len();
        let output = run(account, &ask);
        assert!(output.stdout.contains("This is practice."), "{output:#?}");
        assert!(output.stderr.contains("helper gives it"), "{output:#?}");
        // Both ways in which Claude Code sends it hold the same, and it was taken at once.
        let asked = computer.asked().split_off(before);
        let sent = (sha256(&credential), 200);
        assert!(asked.iter().all(|asked| *asked == sent), "{asked:?}");
        assert!(!asked.is_empty());
    }
    // Another account's would go along with the helper's, so nothing is started.
    let session = json!({ "claudeAiOauth": {
        "accessToken": "sk-ant-oat01-planted", "refreshToken": "sk-ant-ort01-planted",
        "expiresAt": 4_102_444_800_000_i64, "scopes": ["user:inference"], "subscriptionType": "max" } });
    let home = computer.settings.parent().unwrap();
    fs::write(home.join(".credentials.json"), session.to_string()).unwrap();
    let link = ["link", "claude-code", "--label", "Plan"];
    computer.run(&link).expect_code(0);
    let before = computer.asked().len();
    let disconnect = format!("`keyfob disconnect {}`", computer.id());
    for account in ["CI", "Private", "Plan"] {
        let output = run(account, &ask);
        assert_eq!((output.code, output.stdout.as_str()), (Some(2), ""));
        let said = ["connected to \"Work\" here", "was not started", &disconnect];
        for part in said {
            assert!(output.stderr.contains(part), "{part}: {output:#?}");
        }
        run(account, &["true"]).expect_code(0);
    }
    // In a folder whose file is not trusted the helper gives nothing.
    let chooses = folder.join(".keyfob.toml");
    fs::write(&chooses, "account = \"CI\"\n").unwrap();
    let silent = run("Work", &ask);
    assert_eq!((silent.code, silent.stdout.as_str()), (Some(2), ""));
    assert!(silent.stderr.contains("gives nothing"), "{silent:#?}");
    fs::remove_file(&chooses).unwrap();
    assert_eq!(computer.asked().len(), before);

    // By hand, the address beside the helper would stay, and the plan's token go there.
    let which = computer.run(&["which", "claude-code"]).stdout;
    let advice = format!("Should your plan pay? Run {disconnect}");
    assert!(which.contains(&advice), "{which}");
    computer.run(&["disconnect", "claude-code"]).expect_code(0);
    let connected = computer.connect(&["--account", "Work"]).expect_code(0);
    let advice = format!("plan pay? Run `keyfob disconnect {}`", computer.id());
    assert!(connected.stderr.contains(&advice), "{connected:#?}");
    computer.run(&["disconnect", "claude-code"]).expect_code(0);
    assert!(run("CI", &ask).stdout.contains("This is practice."));
}

/// An account whose token serves for another two minutes, for a tool that would keep it for longer.
fn with_an_old_token(computer: &Computer) -> String {
    let custody = &computer.custody;
    custody.access_ttl(600);
    custody.sign_in("Work");
    custody.long_access_ttl();
    let token = custody.token("Work");
    let earlier = 480;
    let mut stored = custody.stored("Work");
    for name in ["obtained_at", "expires_at"] {
        let at = stored[name].as_i64().unwrap();
        stored[name] = json!(at - earlier);
    }
    let id = custody.status("Work")["id"].as_str().unwrap().to_owned();
    let service = custody.home.service_name();
    let session = &custody.session;
    session.secret_store(&service, &id, &stored.to_string());
    let list = custody.home.file("accounts.json");
    let mut accounts: Value = serde_json::from_slice(&fs::read(&list).unwrap()).unwrap();
    let facts = &mut accounts["accounts"][0]["facts"];
    for name in ["obtained_at", "expires_at"] {
        let at = format!("@{}", stored[name]);
        let mut date = session.command("date");
        let date = date.args(["--utc", "--date", &at, "+%Y-%m-%dT%H:%M:%SZ"]);
        let date = String::from_utf8(date.output().unwrap().stdout).unwrap();
        facts[name] = json!(date.trim());
    }
    fs::write(&list, accounts.to_string()).unwrap();
    assert_eq!(custody.stored("Work"), stored);
    token
}

#[test]
fn a_slow_server_holds_up_neither_the_helper_nor_claude_code() {
    let computer = Computer::new();
    let first = with_an_old_token(&computer);
    computer.connect(&[]).expect_code(0);
    let custody = &computer.custody;
    custody.slow_refreshes(20_000, Some(1));
    // The helper has ended, and the server has not answered yet: a process of its own waits for that.
    let asked = computer.helper().run().expect_code(0);
    assert_eq!(asked.stdout.trim(), first);
    assert_eq!(custody.mock.counters()["refreshes"], 1);
    assert_eq!(custody.mock.counters()["refreshes_ok"], 0);
    assert_eq!(computer.helper().run().stdout.trim(), first);
    let stored = || custody.stored("Work")["access_token"].clone();
    let is_renewed = || stored() != first.as_str();
    assert!(keyfob_tests::process::eventually(PATIENCE, is_renewed));
    custody.expect_refreshes(1);
    computer.is_answered(&computer.folder("project"));
    let token = sha256(stored().as_str().unwrap());
    assert_eq!(computer.asked(), [(token, 200)]);
}
