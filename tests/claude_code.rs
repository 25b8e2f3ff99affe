//! `keyfob which claude-code` beside the real `claude`: what that says of itself, and what it sends to a server.
//!
//! Every difference is in a list with its reason. One that is not in the list fails, and so does one in the list that
//! is no longer there.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use keyfob_tests::claude;
use keyfob_tests::environment::Environment;
use keyfob_tests::programs::{KEYFOB, program};
use serde_json::{Value, json};

const KEY: &str = "sk-ant-api03-e2e-e2e-e2e-e2e-e2e-e2e-e2e-9f2A";

/// What is there, in words.
const ROWS: &[&str] = &[
    "",
    "session",
    "session-ended",
    "session-without-inference",
    "session config-dir",
    "login-key",
    "login-key session",
    "login-key session-without-inference",
    "key",
    "key-approved",
    "key-rejected",
    "key session",
    "key-approved session",
    "key-rejected session",
    "key login-key",
    "token",
    "token key",
    "token session",
    "token login-key",
    "token login-key session",
    "token helper:user",
    "oauth",
    "oauth session",
    "oauth token",
    "oauth key",
    "oauth login-key",
    "helper:user",
    "helper:user session",
    "helper:user key",
    "helper:user oauth",
    "helper:user login-key",
    "helper:project",
    "helper:local",
    "helper:user helper:project",
    "helper:user helper:project helper:local",
    "helper:project below",
    "user:key",
    "user:key session",
    "user:token",
    "user:oauth",
    "user:no-key key",
    "user:no-key key session",
    "project:key",
    "local:key session",
    "user:token project:key",
    "work active",
    "work active session",
    "work active login-key",
    "work active oauth",
    "work named",
    "work named session",
    "work named login-key",
    "work named session login-key",
    "work named key",
    "work named token",
    "work named oauth",
    "work named helper:user",
    "work",
    "named",
    "named session",
    "named login-key",
    "signed-out named session",
    "default",
    "default session",
    "user:named work session",
    "broken:user key",
    "broken:project key session",
    "bedrock",
    "bedrock-off session",
    "vertex session",
    "foundry vertex",
    "aws mantle",
    "mantle vertex",
    "bedrock foundry aws mantle vertex key token",
    "user:bedrock session",
    "project:bedrock",
];

/// Where `claude auth status` says something else, and why Keyfob does not.
const STATUS_DIFFERS: &[(&str, &str)] = &[
    ("key session", SESSION_FIRST),
    ("key-approved session", SESSION_FIRST),
    ("user:key session", SESSION_FIRST),
    ("key-rejected", ASKS_NOTHING),
    ("key-rejected session", ASKS_NOTHING),
    ("oauth key", TOKEN_FIRST),
    ("work named key", TOKEN_FIRST),
    ("work named login-key", TOKEN_FIRST),
    ("work named session login-key", TOKEN_FIRST),
    ("work active login-key", TOKEN_FIRST),
    ("helper:user key", HELPER_FIRST),
    ("helper:user oauth", TOKEN_FIRST),
    ("project:key", BEFORE_TRUST),
    ("local:key session", BEFORE_TRUST),
    ("broken:project key session", SESSION_FIRST),
    ("user:token project:key", BEFORE_TRUST),
];

const SESSION_FIRST: &str =
    "status names the session wherever there is one; requests carry the key";
const ASKS_NOTHING: &str =
    "status does not know what the person answered about the key; the terminal does";
const TOKEN_FIRST: &str = "status names tokens before keys; requests carry the key alone";
const HELPER_FIRST: &str =
    "status names the helper; requests carry both, and the documentation puts the key first";
const BEFORE_TRUST: &str = "status leaves out the folder's variables; the terminal and -p use them";

/// Where `claude -p` sends something else, and why Keyfob does not say so.
const SENT_DIFFERS: &[(&str, &str)] = &[("key-rejected", PRINTS), ("key-rejected session", PRINTS)];

const PRINTS: &str =
    "-p uses a key that the person rejected, the terminal does not; Keyfob says both";

/// A computer as a row describes it.
struct Computer {
    environment: Environment,
    project: PathBuf,
}

impl Computer {
    fn new(row: &str) -> Self {
        let mut environment = Environment::new();
        let home = environment.folder("home");
        let project = home.join("project");
        let mut started_in = project.clone();
        let mut claude = home.join(".claude");
        let mut state = json!({});
        let mut settings: BTreeMap<&str, Value> = BTreeMap::new();
        let words: Vec<&str> = row.split_whitespace().collect();
        let mut state_file = home.join(".claude.json");
        if words.contains(&"config-dir") {
            claude = home.join("elsewhere");
            state_file = claude.join(".claude.json");
            environment.set("CLAUDE_CONFIG_DIR", &claude);
        }
        fs::create_dir_all(project.join("below")).unwrap();
        let write = |path: PathBuf, text: &str| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            // The SDKs refuse credentials that others can read.
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        };
        let anthropic = environment.folder("config").join("anthropic");
        let settings_file = |scope: &str| match scope {
            "user" => claude.join("settings.json"),
            "project" => project.join(".claude/settings.json"),
            "local" => project.join(".claude/settings.local.json"),
            _ => panic!("{scope} is no scope"),
        };
        for word in &words {
            let session = |expires_at: i64, scopes: &[&str]| {
                let session = json!({ "claudeAiOauth": {
                    "accessToken": "e2e-session", "refreshToken": "e2e-refresh", "expiresAt": expires_at,
                    "scopes": scopes, "subscriptionType": "max" } });
                write(claude.join(".credentials.json"), &session.to_string());
            };
            let profile = |name: &str, signed_in: bool| {
                let config =
                    json!({ "version": "1.0", "authentication": { "type": "user_oauth" } });
                write(
                    anthropic.join(format!("configs/{name}.json")),
                    &config.to_string(),
                );
                if signed_in {
                    let credentials = json!({ "version": "1.0", "type": "oauth_token",
                        "access_token": "e2e-profile", "expires_at": 4_102_444_800_i64 });
                    write(
                        anthropic.join(format!("credentials/{name}.json")),
                        &credentials.to_string(),
                    );
                }
            };
            match word.split_once(':') {
                Some(("helper", scope)) => {
                    let of_scope = settings.entry(scope).or_insert_with(|| json!({}));
                    of_scope["apiKeyHelper"] = json!(format!("echo e2e-helper-{scope}"));
                }
                Some(("broken", scope)) => write(settings_file(scope), "{\"apiKeyHelper\": \"echo"),
                Some((scope, word)) => {
                    let of_scope = settings.entry(scope).or_insert_with(|| json!({}));
                    let (name, value) = variable(word);
                    of_scope["env"][name] = json!(value);
                }
                None => match *word {
                    "config-dir" => {}
                    "below" => started_in = project.join("below"),
                    "session" => session(4_102_444_800_000, &["user:inference", "user:profile"]),
                    "session-ended" => session(1_000, &["user:inference", "user:profile"]),
                    "session-without-inference" => session(4_102_444_800_000, &["user:profile"]),
                    "login-key" => state["primaryApiKey"] = json!("e2e-login-key"),
                    "work" => profile("work", true),
                    "default" => profile("default", true),
                    "signed-out" => profile("work", false),
                    "active" => write(anthropic.join("active_config"), "work"),
                    word => {
                        let (name, value) = variable(word);
                        environment.set(name, value);
                        let end = &KEY[KEY.len() - 20..];
                        match word {
                            "key-approved" => {
                                state["customApiKeyResponses"] =
                                    json!({ "approved": [end], "rejected": [] })
                            }
                            "key-rejected" => {
                                state["customApiKeyResponses"] =
                                    json!({ "approved": [], "rejected": [end] })
                            }
                            _ => {}
                        }
                    }
                },
            }
        }
        for (scope, settings) in settings {
            write(settings_file(scope), &settings.to_string());
        }
        write(state_file, &state.to_string());
        Self {
            environment,
            project: started_in,
        }
    }

    /// What Keyfob says, which must not hold anything planted.
    fn keyfob(&self) -> Value {
        let mut command = self.environment.command(program(KEYFOB));
        command.args(["which", "claude-code", "--json"]);
        command.env("KEYFOB_HOME", self.environment.folder("keyfob"));
        let said = self.said_by(command);
        assert!(!said.contains("e2e"), "{said}");
        serde_json::from_str(&said).unwrap()
    }

    fn said_by(&self, mut command: Command) -> String {
        command.current_dir(&self.project).stdin(Stdio::null());
        let output = command.output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    fn auth_status(&self) -> Value {
        let said = self.said_by(claude::call(&self.environment, &["auth", "status"]));
        serde_json::from_str(&said).unwrap_or_else(|_| panic!("claude said: {said}"))
    }
}

fn variable(word: &str) -> (&'static str, &'static str) {
    match word {
        "key" | "key-approved" | "key-rejected" => ("ANTHROPIC_API_KEY", KEY),
        "no-key" => ("ANTHROPIC_API_KEY", ""),
        "token" => ("ANTHROPIC_AUTH_TOKEN", "e2e-token"),
        "oauth" => ("CLAUDE_CODE_OAUTH_TOKEN", "e2e-oauth"),
        "named" => ("ANTHROPIC_PROFILE", "work"),
        "bedrock" => ("CLAUDE_CODE_USE_BEDROCK", "1"),
        "bedrock-off" => ("CLAUDE_CODE_USE_BEDROCK", "0"),
        "foundry" => ("CLAUDE_CODE_USE_FOUNDRY", "1"),
        "aws" => ("CLAUDE_CODE_USE_ANTHROPIC_AWS", "1"),
        "mantle" => ("CLAUDE_CODE_USE_MANTLE", "1"),
        "vertex" => ("CLAUDE_CODE_USE_VERTEX", "1"),
        _ => panic!("{word} is no word of these rows"),
    }
}

fn winner(answer: &Value) -> &str {
    answer["winner"]["source"].as_str().unwrap_or("none")
}

/// What `claude auth status` would say if it said what is used: method, provider, and where it would find a key.
fn status_of(answer: &Value) -> (String, String, String) {
    let winner = winner(answer);
    let (method, provider) = match winner {
        "bedrock" | "vertex" | "foundry" | "mantle" => ("third_party", winner),
        "anthropic_aws" => ("third_party", "anthropicAws"),
        "none" => ("none", "firstParty"),
        "api_key" => ("api_key", "firstParty"),
        "api_key_helper" => ("api_key_helper", "firstParty"),
        // Its word for all that came from a sign-in.
        "login_session" | "login_key" => ("claude.ai", "firstParty"),
        _ => ("oauth_token", "firstParty"),
    };
    let mut there = vec![winner];
    let outranked = answer["outranked"].as_array().unwrap();
    there.extend(outranked.iter().filter_map(|c| c["source"].as_str()));
    let sources = [
        ("api_key", "ANTHROPIC_API_KEY"),
        ("api_key_helper", "apiKeyHelper"),
        ("login_key", "/login managed key"),
    ];
    let key = sources.iter().find(|(source, _)| there.contains(source));
    let key = key.map_or("", |(_, name)| name);
    (method.to_owned(), provider.to_owned(), key.to_owned())
}

/// Runs something for every row, two at a time, because each starts a large program.
fn for_every_row(
    check: impl Fn(&'static str) -> Option<String> + Sync,
) -> BTreeMap<&'static str, String> {
    let (even, odd): (Vec<_>, Vec<_>) = ROWS.iter().enumerate().partition(|(at, _)| at % 2 == 0);
    let run = |rows: Vec<(usize, &&'static str)>| -> Vec<(&'static str, String)> {
        rows.into_iter()
            .filter_map(|(_, row)| Some((*row, check(row)?)))
            .collect()
    };
    let found = thread::scope(|scope| {
        let other = scope.spawn(|| run(odd));
        let mut found = run(even);
        found.extend(other.join().unwrap());
        found
    });
    found.into_iter().collect()
}

fn explained(found: BTreeMap<&str, String>, list: &[(&str, &str)]) {
    let expected: Vec<&str> = list.iter().map(|(row, _)| *row).collect();
    for (row, what) in &found {
        assert!(
            expected.contains(row),
            "a difference without a reason: \"{row}\": {what}\nall: {found:#?}"
        );
    }
    for (row, reason) in list {
        assert!(
            found.contains_key(row),
            "\"{row}\" no longer differs, so this is not true any more: {reason}"
        );
    }
}

#[test]
fn what_claude_says_of_itself() {
    let found = for_every_row(|row| {
        let computer = Computer::new(row);
        let ours = status_of(&computer.keyfob());
        let theirs = computer.auth_status();
        let word = |name: &str| theirs[name].as_str().unwrap_or("").to_owned();
        let theirs = (
            word("authMethod"),
            word("apiProvider"),
            word("apiKeySource"),
        );
        (ours != theirs).then(|| format!("keyfob {ours:?}, claude {theirs:?}"))
    });
    explained(found, STATUS_DIFFERS);
}

#[test]
fn what_claude_sends() {
    let found = for_every_row(|row| {
        let clouds = ["bedrock", "vertex", "foundry", "aws", "mantle"];
        let to_a_cloud = |word: &str| clouds.contains(&word.rsplit(':').next().unwrap());
        if row.split_whitespace().any(to_a_cloud) {
            return None;
        }
        let server = Server::start();
        let mut computer = Computer::new(row);
        computer
            .environment
            .set("ANTHROPIC_BASE_URL", &server.address);
        let arguments = ["-p", "hi", "--model", "claude-haiku-4-5"];
        let said = computer.said_by(claude::call(&computer.environment, &arguments));
        let answer = computer.keyfob();
        let sent = server.first();
        let expected = match winner(&answer) {
            "none" => vec![],
            "api_key" => vec![KEY],
            "auth_token" => vec!["e2e-token"],
            "oauth_token" => vec!["e2e-oauth"],
            "login_session" => vec!["e2e-session"],
            "login_key" => vec!["e2e-login-key"],
            "named_profile" | "active_profile" => vec!["e2e-profile"],
            "api_key_helper" => {
                let place = answer["winner"]["place"].as_str().unwrap();
                vec![match (place.contains("project"), place.contains("local")) {
                    (true, true) => "e2e-helper-local",
                    (true, false) => "e2e-helper-project",
                    _ => "e2e-helper-user",
                }]
            }
            other => panic!("{other}"),
        };
        let codes: Vec<_> = answer["warnings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|w| &w["code"])
            .collect();
        let warned = codes.contains(&&json!("sent_together"));
        // The winner goes along, and something else beside it exactly where that is warned of. What a helper prints
        // may come too late for the first request, which does not wait for it where something else is there.
        let more = sent.iter().any(|s| !expected.contains(&s.as_str()));
        let too_late = warned && !more && row.contains("helper");
        let same =
            expected.iter().all(|e| sent.iter().any(|s| s == e)) && (more == warned || too_late);
        (!same).then(|| {
            format!(
                "keyfob {}, sent {sent:?}, claude said {said:?}",
                winner(&answer)
            )
        })
    });
    explained(found, SENT_DIFFERS);
}

/// A server that refuses everything, and remembers which credentials came with the first request to a model.
struct Server {
    address: String,
    seen: Arc<Mutex<Option<Vec<String>>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(None));
        let kept = Arc::clone(&seen);
        // It ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                thread::spawn(move || answer(stream, &kept));
            }
        });
        Self { address, seen }
    }

    fn first(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone().unwrap_or_default()
    }
}

fn answer(stream: TcpStream, seen: &Mutex<Option<Vec<String>>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let to_a_model = line.contains("/v1/messages");
    let (mut length, mut credentials) = (0, Vec::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else {
            break;
        };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "x-api-key" => credentials.push(value.to_owned()),
            "authorization" => credentials.push(value.trim_start_matches("Bearer ").to_owned()),
            _ => {}
        }
    }
    reader.take(length).read_to_end(&mut Vec::new()).ok()?;
    if to_a_model {
        seen.lock().unwrap().get_or_insert(credentials);
    }
    let body = r#"{"type":"error","error":{"type":"invalid_request_error","message":"no"}}"#;
    let head = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = stream;
    stream.write_all((head + body).as_bytes()).ok()
}
