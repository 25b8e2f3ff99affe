//! `keyfob run`: a program gets a credential in its environment, everything of its own passes through, and nothing
//! that outranks the credential is left beside it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use keyfob_tests::PATIENCE;
use keyfob_tests::node::{node, script};
use keyfob_tests::process::{Background, eventually};
use keyfob_tests::programs::{self, KEYFOB, program};
use keyfob_tests::sdk::python;
use keyfob_tests::{ArgvWatch, Custody, Eavesdropper, Output, claude, lines::Lines};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const KEY: &str = "sk-ant-api03-PLANTED7Q-ours-9f2A";
/// A key that works only in a workspace.
const KEY_OF_PERSON: &str = "sk-ant-api03-PLANTED7Q-identity-1b3C";

/// What is planted in the environment, all of it something that would outrank or accompany what is handed over.
const THEIRS: &[(&str, &str)] = &[
    ("ANTHROPIC_API_KEY", "sk-ant-api03-theirs"),
    ("ANTHROPIC_AUTH_TOKEN", "their-token"),
    ("ANTHROPIC_BASE_URL", "http://127.0.0.1:9"),
    ("ANTHROPIC_CUSTOM_HEADERS", "x-team: a\nx-api-key: theirs"),
    ("ANTHROPIC_IDENTITY_TOKEN", "their-identity"),
    ("ANTHROPIC_PROFILE", "theirs"),
    ("CLAUDE_CODE_OAUTH_TOKEN", "their-session"),
    ("CLAUDE_CODE_USE_BEDROCK", "1"),
];

fn world() -> Custody {
    let custody = Custody::start();
    for (label, key) in [("CI", KEY), ("Person", KEY_OF_PERSON)] {
        custody
            .keyfob(&["add-key", "--label", label, "--workspace", "wrkspc_1"])
            .stdin(key)
            .run()
            .expect_code(0);
    }
    custody
        .run(&["edit-key", "CI", "--no-workspace"])
        .expect_code(0);
    custody
}

/// The command without the harness around it.
fn bare(custody: &Custody, arguments: &[&str]) -> Command {
    let mut command = custody.session.command(program(KEYFOB));
    command
        .args(arguments)
        .env("KEYFOB_HOME", custody.home.path());
    command
}

fn variables(output: &Output) -> BTreeMap<String, String> {
    let all = output.stdout.split('\0').filter(|line| !line.is_empty());
    all.map(|line| {
        let (name, value) = line.split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    })
    .collect()
}

fn theirs(arguments: &[&str], custody: &Custody) -> keyfob_tests::Call {
    let call = custody.keyfob(arguments);
    THEIRS
        .iter()
        .fold(call, |call, (name, value)| call.env(name, value))
}

#[test]
fn exit_codes_and_streams_are_the_programs_own() {
    let custody = world();
    let watch = ArgvWatch::start(&custody.session);
    for code in [0, 1, 3, 42, 255] {
        let end = format!("cat; echo said >&2; exit {code}");
        let output = custody
            .keyfob(&["run", "ci", "--", "sh", "-c", &end])
            .stdin("in\0out\n")
            .run()
            .expect_code(code);
        assert_eq!(output.stdout, "in\0out\n");
        assert_eq!(output.stderr, "said\n");
    }
    let none = custody.run(&["run", "ci", "--", "no-such-program"]);
    assert!(none.stderr.contains("no-such-program"), "{none:#?}");
    none.expect_code(127);
    let plain = custody.session.root().join("plain");
    fs::write(&plain, "no program").unwrap();
    for not_a_program in [plain.as_path(), custody.session.root()] {
        let path = not_a_program.to_str().unwrap();
        let output = custody.run(&["run", "ci", "--", path]).expect_code(126);
        assert!(output.stderr.contains(path), "{output:#?}");
        assert_eq!(output.stdout, "");
    }
    // What no interpreter is named for is a script, as for every shell.
    fs::write(&plain, "exit 9\n").unwrap();
    fs::set_permissions(&plain, fs::Permissions::from_mode(0o755)).unwrap();
    custody
        .run(&["run", "ci", "--", plain.to_str().unwrap()])
        .expect_code(9);

    let usage: [&[&str]; 5] = [
        &["run"],
        &["run", "ci"],
        &["run", "claude"],
        &["run", "--"],
        &["run", "ci", "Person", "--", "true"],
    ];
    for arguments in usage {
        let output = custody.run(arguments).expect_code(2);
        assert!(
            output.stderr.contains("keyfob run -- claude"),
            "{output:#?}"
        );
    }
    custody.run(&["run", "nobody", "--", "true"]).expect_code(2);
    // What is handed over is in no command line, before and after the program has taken Keyfob's place.
    let mut running = custody
        .keyfob(&["run", "ci", "--", "sh", "-c", ": to-be-seen; read -r line"])
        .spawn();
    let seen = |text: &str| {
        let lines = watch.command_lines();
        lines.iter().any(|line| line.contains(text))
    };
    assert!(eventually(PATIENCE, || seen(": to-be-seen")));
    assert!(!seen("PLANTED7Q"), "{:#?}", watch.command_lines());
    running.close_input();
    running.wait(PATIENCE);
}

#[test]
fn a_signal_reaches_the_program_and_ends_it() {
    let custody = world();
    let script = "echo $$; exec sleep 600";
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::KILL] {
        let mut command = bare(&custody, &["run", "ci", "--", "sh", "-c", script]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut running = Background::start(&mut command);
        let mut out = Lines::of(running.child().stdout.take().unwrap());
        let pid = out.next_within(PATIENCE).unwrap();
        // The program has taken keyfob's place, so there is nobody who could lose the signal.
        assert_eq!(pid, running.child().id().to_string());
        kill_process(Pid::from_child(running.child()), signal).unwrap();
        assert!(eventually(PATIENCE, || !running.is_running()));
        let status = running.child().wait().unwrap();
        assert_eq!(status.signal(), Some(signal.as_raw()), "{status:?}");
    }
}

#[test]
fn the_program_begins_as_if_the_shell_had_started_it() {
    let custody = world();
    // Without Keyfob: what the surroundings of this test bring along is not its doing.
    let said = |before: &str, by_keyfob: bool, program_and_arguments: &[&str]| {
        let mut command = custody.session.command("sh");
        command.args(["-c", &format!("{before}exec \"$@\""), "sh"]);
        if by_keyfob {
            command.arg(program(KEYFOB)).args(["run", "ci", "--"]);
            command.env("KEYFOB_HOME", custody.home.path());
        }
        let output = command.args(program_and_arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    // What `nohup` and shells ignore on purpose stays ignored: SIGHUP is the first bit, SIGINT the second.
    for (before, ignored) in [("", 0), ("trap '' HUP INT; ", 0b11)] {
        let masks = ["sed", "-n", "/^Sig[BIC]/p", "/proc/self/status"];
        let found = said(before, true, &masks);
        assert_eq!(found, said(before, false, &masks), "{before}");
        let bits = found
            .lines()
            .find_map(|line| line.strip_prefix("SigIgn:\t"));
        let bits = u64::from_str_radix(bits.unwrap(), 16).unwrap();
        assert_eq!(bits & 0xffff, ignored, "{before}");
    }
    // No file of Keyfob's stays open, and it is in the same folder.
    for ask in [&["ls", "/proc/self/fd"][..], &["pwd", "-P"]] {
        assert_eq!(said("", true, ask), said("", false, ask));
    }
}

/// A terminal of util-linux's `script`, which types what comes in by its standard input.
fn on_a_terminal(custody: &Custody, line: &str) -> Command {
    let mut command = custody.session.command("script");
    command
        .args(["--quiet", "--return", "--command", line, "/dev/null"])
        .env("KEYFOB_HOME", custody.home.path())
        .env("KEYFOB", program(KEYFOB))
        .env("SHELL", "/bin/sh")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[test]
fn a_terminal_stays_one() {
    let custody = world();
    let tty = "exec \"$KEYFOB\" run ci -- sh -c 'test -t 0 && test -t 1 && test -t 2 && exit 5'";
    let mut command = on_a_terminal(&custody, tty);
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{output:?}");

    // Ctrl-C is the program's own to answer.
    let asks = "exec \"$KEYFOB\" run ci -- sh -c 'trap \"exit 7\" INT; echo ready; while :; do sleep 0.05; done'";
    let mut command = on_a_terminal(&custody, asks);
    let mut running = Background::start(command.stdin(Stdio::piped()));
    let mut input = running.child().stdin.take().unwrap();
    let mut out = Lines::of(running.child().stdout.take().unwrap());
    out.until(PATIENCE, |line| line.trim() == "ready");
    std::io::Write::write_all(&mut input, b"\x03").unwrap();
    assert!(eventually(PATIENCE, || !running.is_running()));
    let status = running.child().wait().unwrap();
    assert_eq!(status.code(), Some(7), "{status:?}");
    drop(input);

    // A secret is shown on a screen only to whoever insists.
    for (arguments, code) in [
        ("env ci", 2),
        ("env ci --format json", 2),
        ("env ci --show", 0),
        ("env ci --quiet | cat", 0),
    ] {
        let mut command = on_a_terminal(&custody, &format!("\"$KEYFOB\" {arguments}"));
        let output = command.stdin(Stdio::null()).output().unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments}: {shown}");
        assert_eq!(shown.contains(KEY), code == 0, "{arguments}: {shown}");
        if code == 2 {
            assert!(shown.contains("--show"), "{shown}");
        }
    }
}

/// A session of Claude Code's own, whose tokens are nobody else's.
fn plant_session(folder: &Path) {
    let session = json!({ "claudeAiOauth": {
        "accessToken": "sk-ant-oat01-PLANTED7Q", "refreshToken": "sk-ant-ort01-PLANTED7Q",
        "expiresAt": 4_102_444_800_000_i64, "scopes": ["user:inference"], "subscriptionType": "max" } });
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(".credentials.json"), session.to_string()).unwrap();
}

#[test]
fn headers_that_stay_beside_a_session_are_shown_to_nobody() {
    let custody = Custody::start();
    let folder = custody.session.new_folder("claude-of-ada");
    plant_session(&folder);
    let folder = folder.to_str().unwrap();
    let link = [
        "link",
        "claude-code",
        "--label",
        "Plan",
        "--config-dir",
        folder,
    ];
    custody.run(&link).expect_code(0);
    // One that goes is a credential, so what is left is written anew; whether that is one too nobody knows.
    let headers = "x-api-key: theirs\nx-gateway: h1dden";
    let shown = |more: &str| {
        let mut command = on_a_terminal(&custody, &format!("\"$KEYFOB\" env Plan{more}"));
        command.env("ANTHROPIC_CUSTOM_HEADERS", headers);
        let output = command.stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), text)
    };
    let (code, text) = shown("");
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("--show") && !text.contains("h1dden"),
        "{text}"
    );
    let (code, text) = shown(" --show");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("h1dden"), "{text}");
}

#[test]
fn the_environment_is_exactly_what_it_should_be() {
    let custody = world();
    let folder = custody.session.new_folder("claude-of-ada");
    plant_session(&folder);
    custody
        .run(&[
            "link",
            "claude-code",
            "--label",
            "Plan",
            "--config-dir",
            folder.to_str().unwrap(),
        ])
        .expect_code(0);
    custody.sign_in("Work");
    let token = custody.token("Work");
    let mock = custody.mock.base_url();
    let own = |name: &str| !["_", "PWD", "SHLVL", "OLDPWD"].contains(&name);
    let mut around: BTreeMap<String, String> = variables(
        &custody
            .run(&["run", "Plan", "--", "env", "-0"])
            .expect_code(0),
    );
    assert_eq!(
        around.remove("CLAUDE_CONFIG_DIR").as_deref(),
        folder.to_str()
    );
    around.retain(|name, _| own(name));
    for (name, value) in custody.session.environment().command("x").get_envs() {
        let name = name.to_str().unwrap();
        assert_eq!(
            around.get(name).map(String::as_str),
            value.and_then(|value| value.to_str()),
            "{name} passes through"
        );
    }

    // Theirs were for the server that their variable names, and go with no credential to another one.
    let with_workspace = "anthropic-workspace-id: wrkspc_1";
    let rows: [(&str, &[(&str, &str)]); 4] = [
        (
            "CI",
            &[("ANTHROPIC_API_KEY", KEY), ("ANTHROPIC_BASE_URL", mock)],
        ),
        (
            "Person",
            &[
                ("ANTHROPIC_API_KEY", KEY_OF_PERSON),
                ("ANTHROPIC_BASE_URL", mock),
                ("ANTHROPIC_CUSTOM_HEADERS", with_workspace),
            ],
        ),
        (
            "Work",
            &[
                ("ANTHROPIC_AUTH_TOKEN", token.as_str()),
                ("ANTHROPIC_BASE_URL", mock),
                ("ANTHROPIC_BETAS", "oauth-2025-04-20"),
                (
                    "ANTHROPIC_CUSTOM_HEADERS",
                    "anthropic-beta: oauth-2025-04-20",
                ),
            ],
        ),
        ("Plan", &[("CLAUDE_CONFIG_DIR", folder.to_str().unwrap())]),
    ];
    for (account, set) in rows {
        let mut expected = around.clone();
        for (name, value) in set {
            expected.insert((*name).to_owned(), (*value).to_owned());
        }
        let output = theirs(&["run", account, "--", "env", "-0"], &custody).run();
        let mut found = variables(&output);
        found.retain(|name, _| own(name));
        assert_eq!(found, expected, "{account}");
        let output = output.expect_code(0);
        for said in [
            "CLAUDE_CODE_OAUTH_TOKEN",
            "CLAUDE_CODE_USE_BEDROCK",
            "127.0.0.1:9",
            "for another server",
        ] {
            assert!(output.stderr.contains(said), "{output:#?}");
        }
        assert!(!output.stderr.contains("their"), "{output:#?}");
        assert!(!output.stderr.contains("PLANTED7Q"), "{output:#?}");
        let is_session = output.stderr.contains("which Claude Code alone can use");
        assert_eq!(is_session, account == "Plan", "{output:#?}");

        let quiet = theirs(&["run", "-q", account, "--", "true"], &custody).run();
        assert_eq!(quiet.expect_code(0).stderr, "");

        // `env` says the same to a shell.
        let script = "eval \"$(\"$KEYFOB\" env \"$0\")\" && exec env -0";
        let mut shell = custody.session.command("bash");
        shell
            .args(["-euc", script, account])
            .env("KEYFOB_HOME", custody.home.path())
            .env("KEYFOB", program(KEYFOB))
            .envs(THEIRS.iter().copied());
        let output = shell.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let mut found = variables(&Output {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: said.clone(),
        });
        found.retain(|name, _| own(name) && name != "KEYFOB");
        assert_eq!(found, expected, "{account}");
        assert!(
            said.contains(account) && said.contains("billed to"),
            "{said}"
        );
    }
    // In the usual folder's session no folder is named, and one that is named there is taken out.
    let home = custody.session.environment().folder("home");
    plant_session(&home.join(".claude"));
    let usual = ["link", "claude-code", "--label", "Usual"];
    custody.run(&usual).expect_code(0);
    let output = custody
        .keyfob(&["run", "Usual", "--", "env", "-0"])
        .env("CLAUDE_CONFIG_DIR", "/theirs")
        .run();
    let mut found = variables(&output);
    found.retain(|name, _| own(name));
    assert_eq!(found, around);
}

#[test]
fn what_is_renewed_for_a_program_is_stored_before_it_begins() {
    let custody = Custody::start();
    custody.sign_in_with_ended_tokens(&["Work"]);
    custody.slow_refreshes(300, None);
    let script = "printenv ANTHROPIC_AUTH_TOKEN; ls \"$KEYFOB_HOME/renewals\"";
    let output = custody.run(&["run", "Work", "--", "sh", "-c", script]);
    let output = output.expect_code(0);
    let token = output.stdout.trim().to_owned();
    // One line alone: no renewal has left anything to be finished.
    assert_eq!(custody.stored("Work")["access_token"], token.as_str());
    assert_eq!(custody.token("Work"), token);
    custody.expect_refreshes(1);

    custody.access_ttl(600);
    let output = custody.run(&["run", "Work", "--min-valid", "9h", "--", "true"]);
    assert!(output.stderr.contains("ends in"), "{output:#?}");
    assert!(output.stderr.contains("keyfob connect"), "{output:#?}");
}

#[test]
fn what_cannot_be_had_starts_nothing() {
    let custody = Custody::start();
    custody.sign_in_with_ended_tokens(&["Work"]);
    let mark = custody.session.root().join("mark");
    let touch = ["run", "Work", "--", "touch", mark.to_str().unwrap()];
    custody
        .mock
        .fault(&json!({ "on": "refresh", "kind": { "status": 503, "error": "object" } }));
    custody.run(&touch).expect_code(5);
    custody.run(&["logout", "Work"]).expect_code(0);
    custody.run(&["run", "--", "touch", "mark"]).expect_code(3);
    assert!(!mark.exists());
}

#[test]
fn programs_with_the_real_libraries_send_our_credential_and_no_other() {
    let custody = world();
    custody.sign_in("Work");
    let token = custody.token("Work");
    let python_script = programs::sources().join("python/anthropic_sdk.py");
    let programs = [
        (node().to_owned(), script("anthropic-sdk.mjs")),
        (python(), python_script),
    ];
    for (account, secret) in [
        ("CI", KEY),
        ("Person", KEY_OF_PERSON),
        ("Work", token.as_str()),
    ] {
        for (program, script) in &programs {
            let before = asked(&custody).len();
            let (program, script) = (program.to_str().unwrap(), script.to_str().unwrap());
            let output = theirs(&["run", account, "--", program, script], &custody)
                .env("NO_PROXY", "127.0.0.1")
                .stdin("ask\nend\n")
                .run();
            assert!(output.stdout.contains("This is practice."), "{output:#?}");
            let requests = asked(&custody).split_off(before);
            assert_eq!(requests.len(), 1, "{output:#?}");
            // The libraries send keys in different headers, and each of them in one alone.
            expect_sent(&requests[0], secret);
        }
    }
}

/// The request was answered, and carried this credential alone.
#[track_caller]
fn expect_sent(request: &Value, secret: &str) {
    let hash = Sha256::digest(secret);
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(request["sha256"], json!([hash]));
    assert_eq!(request["status"], 200);
}

/// The real `claude`, with all that would outrank our credential around it.
fn claude_by_keyfob(custody: &Custody, account: &str, more: &[(&str, &str)]) -> Output {
    let environment = custody.session.environment();
    let real = claude::call(environment, &["-p", "hi", "--model", "claude-haiku-4-5"]);
    let mut arguments: Vec<&str> = vec!["run", account, "--"];
    arguments.push(real.get_program().to_str().unwrap());
    arguments.extend(real.get_args().map(|argument| argument.to_str().unwrap()));
    let mut call = theirs(&arguments, custody);
    for (name, value) in real.get_envs() {
        call = call.env(name.to_str().unwrap(), value.unwrap().to_str().unwrap());
    }
    call = more
        .iter()
        .fold(call, |call, (name, value)| call.env(name, value));
    // It is large, and asks its server more than once.
    call.limit(PATIENCE * 2).run()
}

fn asked(custody: &Custody) -> Vec<Value> {
    let url = format!("{}/control/messages", custody.mock.base_url());
    let told = keyfob_tests::http::get(&url).json();
    told.as_array().unwrap().clone()
}

#[test]
fn the_real_claude_sends_our_credential_and_no_other() {
    let custody = world();
    custody.sign_in("Work");
    let token = custody.token("Work");
    let mut before = 0;
    for (account, header, secret) in [
        ("CI", "x-api-key", KEY),
        // It is refused without its workspace.
        ("Person", "x-api-key", KEY_OF_PERSON),
        ("Work", "authorization", token.as_str()),
    ] {
        let output = claude_by_keyfob(&custody, account, &[]);
        let all = asked(&custody);
        assert!(all.len() > before, "{output:#?}");
        for request in &all[before..] {
            // Of a token it is refused without the beta that belongs to it.
            expect_sent(request, secret);
            assert_eq!(request["headers"], json!([header]));
        }
        assert!(output.stdout.contains("This is practice."), "{output:#?}");
        before = all.len();
    }
}

#[test]
fn what_outranks_it_in_claude_codes_own_files_is_said() {
    let custody = world();
    let home = custody.session.environment().folder("home");
    let settings = home.join(".claude/settings.json");
    let state = |text: &Value| fs::write(home.join(".claude.json"), text.to_string()).unwrap();
    fs::create_dir_all(settings.parent().unwrap()).unwrap();
    // It need not be the real one to be spoken of.
    let fake = custody.session.root().join("claude");
    fs::write(&fake, "#!/bin/sh\nexit 6\n").unwrap();
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    let path = fake.to_str().unwrap();
    let run = |what: &str| {
        let output = custody.run(&["run", "ci", "--", path]).expect_code(6);
        assert!(output.stderr.contains(what), "{what}: {output:#?}");
        if what.is_empty() {
            assert_eq!(output.stderr, "");
        }
        assert!(!output.stderr.contains("theirs-secret"), "{output:#?}");
    };
    let set = |text: &Value| fs::write(&settings, text.to_string()).unwrap();
    run("");
    set(&json!({ "model": "opus" }));
    run("");
    set(&json!({ "env": { "ANTHROPIC_API_KEY": "theirs-secret" } }));
    run("in place of \"CI\"");
    set(&json!({ "env": { "ANTHROPIC_AUTH_TOKEN": "theirs-secret" } }));
    run("in place of \"CI\"");
    set(&json!({ "apiKeyHelper": "echo theirs-secret" }));
    run("sends two credentials");
    set(&json!({}));
    let end = &KEY[KEY.len() - 20..];
    state(&json!({ "customApiKeyResponses": { "approved": [], "rejected": [end] } }));
    run("told Claude Code not to use it");
    // Another program does not read those.
    let other = custody.run(&["run", "ci", "--", "true"]).expect_code(0);
    assert_eq!(other.stderr, "");
    assert!(Path::new(&settings).exists());
}

/// Seen: where a cloud is switched on, the real program sends a key of the environment to that cloud's address.
#[test]
fn a_cloud_gets_nothing_of_ours() {
    let custody = world();
    let home = custody.session.environment().folder("home");
    let settings = home.join(".claude/settings.json");
    fs::create_dir_all(settings.parent().unwrap()).unwrap();
    let cloud = Eavesdropper::start();
    let env = json!({
        "CLAUDE_CODE_USE_BEDROCK": "1",
        "CLAUDE_CODE_SKIP_BEDROCK_AUTH": "1",
        "ANTHROPIC_BEDROCK_BASE_URL": cloud.url(),
        "AWS_REGION": "us-east-1",
    });
    fs::write(&settings, json!({ "env": env }).to_string()).unwrap();
    let arguments = ["-p", "hi", "--model", "claude-haiku-4-5"];
    let mut real = claude::call(custody.session.environment(), &arguments);
    let real = real
        .env("ANTHROPIC_API_KEY", "practice")
        .stdin(Stdio::null());
    let ended = real.output().unwrap();
    assert!(cloud.came().contains("practice"), "{ended:#?}");

    let output = claude_by_keyfob(&custody, "CI", &[]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
    let parts = ["Amazon Bedrock", "it was not started", "settings.json"];
    assert!(
        parts.iter().all(|part| output.stderr.contains(part)),
        "{output:#?}"
    );
    assert!(!cloud.came().contains(KEY), "{}", cloud.came());
    // A session is not sent there, so that is a word and no refusal.
    plant_session(&home.join(".claude"));
    let usual = ["link", "claude-code", "--label", "Usual"];
    custody.run(&usual).expect_code(0);
    let fake = custody.session.root().join("claude");
    fs::write(&fake, "#!/bin/sh\nexit 6\n").unwrap();
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    let said = custody.run(&["run", "Usual", "--", fake.to_str().unwrap()]);
    assert!(said.expect_code(6).stderr.contains("in place of"));
}

/// What Claude Code reads when it is there already leads a credential elsewhere than the variables say.
#[test]
fn claude_code_is_not_started_where_its_settings_send_it_elsewhere() {
    let custody = world();
    let folder = custody.session.new_folder("cloned");
    let settings = folder.join(".claude/settings.json");
    fs::create_dir(folder.join(".claude")).unwrap();
    let fake = custody.session.root().join("claude");
    fs::write(&fake, "#!/bin/sh\necho started\n").unwrap();
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    let run = |program: &Path, more: &[&str]| {
        let arguments = [&["run"], more, &["ci", "--", program.to_str().unwrap()]].concat();
        custody.keyfob(&arguments).within(&folder).run()
    };
    let refuses = |what: &str| {
        for more in [&[][..], &["--quiet"]] {
            let output = run(&fake, more);
            assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
            assert!(output.stderr.contains(what), "{what}: {output:#?}");
            assert!(output.stderr.contains("settings.json"), "{output:#?}");
            assert!(!output.stderr.contains("s3cret"), "{output:#?}");
        }
        // Another program does not read those.
        run(Path::new("/bin/true"), &[]).expect_code(0);
    };
    let write = |text: &str| fs::write(&settings, text).unwrap();
    let env = |name: &str, value: Value| write(&json!({ "env": { name: value } }).to_string());
    env("ANTHROPIC_BASE_URL", json!("https://theirs.example/s3cret"));
    refuses("theirs.example");
    // Seen: the real one takes the text out of such a list.
    env("ANTHROPIC_BASE_URL", json!(["https://theirs.example"]));
    refuses("theirs.example");
    env("ANTHROPIC_BASE_URL", json!(""));
    refuses("api.anthropic.com");
    env("ANTHROPIC_UNIX_SOCKET", json!("/tmp/theirs"));
    refuses("ANTHROPIC_UNIX_SOCKET");
    env("CLAUDE_CODE_USE_VERTEX", json!(true));
    refuses("Google Vertex AI");
    write("{\"x\": \"\\ud800\", \"env\": {\"CLAUDE_CODE_USE_BEDROCK\": \"1\"}}");
    refuses("could not be understood");
    env("CLAUDE_CODE_USE_BEDROCK", json!("0"));
    run(&fake, &[]).expect_code(0);
    // Seen: the real one applies this.
    write("{\"x\": \"\\ud800\", \"env\": {\"ANTHROPIC_BASE_URL\": \"https://theirs.example\"}}");
    refuses("could not be understood");
    fs::remove_file(&settings).unwrap();
    fs::create_dir(&settings).unwrap();
    refuses("could not be understood");
    fs::remove_dir(&settings).unwrap();
    env("ANTHROPIC_BASE_URL", json!(custody.mock.base_url()));
    assert_eq!(run(&fake, &[]).expect_code(0).stdout, "started\n");
    let homeless = custody.keyfob(&["run", "ci", "--", fake.to_str().unwrap()]);
    let homeless = homeless.within(&folder).env("HOME", "").run();
    assert_eq!(homeless.stdout, "", "{homeless:#?}");
    assert_ne!(homeless.code, Some(0), "{homeless:#?}");
}
