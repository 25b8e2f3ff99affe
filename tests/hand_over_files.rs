//! Files for containers and CI: every format is read by the kind of program that it is for, what may not leave does not,
//! and the guide for containers is true.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use keyfob_tests::desk::{Desk, KEY};
use keyfob_tests::home::files_under;
use keyfob_tests::node::node;
use keyfob_tests::programs;
use keyfob_tests::sdk::python;
use keyfob_tests::{Home, Sdk, claude};
use serde_json::{Value, json};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// What another program prints.
#[track_caller]
fn said(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?} {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn variables_are_what_programs_read() {
    let desk = Desk::new();
    let token = desk.custody.token("work");
    let base_url = desk.custody.mock.base_url().to_owned();
    for format in ["env", "dotenv"] {
        for (account, name, secret) in [
            ("work", "ANTHROPIC_AUTH_TOKEN", token.as_str()),
            ("ci", "ANTHROPIC_API_KEY", KEY),
        ] {
            let file = format!("{account}-{format}");
            let told = desk.export(account, format, &file, &[]).expect_code(0);
            assert!(told.stderr.contains("Whoever has it"), "{told:#?}");
            let path = desk.path(&file);
            assert_eq!(mode(&path), 0o600);
            let script = format!("process.env.{name} + ' ' + process.env.ANTHROPIC_BASE_URL");
            let mut program = desk.custody.session.command(node());
            program.arg(format!("--env-file={}", path.display()));
            let read = said(program.args(["--print", &script]));
            let (read_secret, read_url) = read.trim().split_once(' ').unwrap();
            assert_eq!(read_secret, secret);
            assert_eq!(read_url.trim_end_matches('/'), base_url);
            // As Docker reads it: a line, a name, and the rest as it stands.
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.lines().any(|line| line == format!("{name}={secret}")));
        }
    }
}

#[test]
fn json_and_the_bare_credential_are_what_they_say() {
    let desk = Desk::new();
    let token = desk.custody.token("work");
    desk.export("work", "json", "token.json", &[])
        .expect_code(0);
    desk.export("ci", "json", "key.json", &[]).expect_code(0);
    let script = "import json,sys; d=json.load(open(sys.argv[1])); print(d.get('access_token') or d['api_key'], d['account'], d['billed_to'], d.get('expires_at'))";
    let read = |name: &str| {
        let mut program = desk.custody.session.command(python());
        said(program.args(["-c", script]).arg(desk.path(name)))
    };
    let end = desk.custody.stored("work")["expires_at"].clone();
    let expected = format!("{token} work nobody (practice) {end}\n");
    assert_eq!(read("token.json"), expected);
    assert_eq!(
        read("key.json"),
        format!("{KEY} ci nobody (practice) None\n")
    );
    desk.export("ci", "docker-secret", "secret", &[])
        .expect_code(0);
    assert_eq!(fs::read_to_string(desk.path("secret")).unwrap(), KEY);
    // The same to standard output, where nobody looks on.
    let printed = desk
        .custody
        .run(&["export", "ci", "--format", "docker-secret", "--to", "-"]);
    let printed = printed.expect_code(0);
    assert_eq!(printed.stdout, KEY);
    assert!(!printed.stderr.contains(KEY), "{printed:#?}");
    assert_eq!(desk.connections().len(), 3);
}

#[test]
fn a_folder_with_a_profile_is_all_that_the_libraries_need() {
    let desk = Desk::new();
    desk.export("work", "anthropic-profile", "mounted", &[])
        .expect_code(0);
    let folder = desk.path("mounted");
    for sdk in Sdk::ALL {
        let variables = [("ANTHROPIC_CONFIG_DIR", folder.to_str().unwrap())];
        desk.custody.session.sdk(sdk, &variables).expect_answer();
    }
    assert_eq!(mode(&folder.join("credentials/work.json")), 0o600);
    // It is a copy: what is renewed later does not get there.
    let before = files_under(&folder);
    desk.custody.run(&["refresh", "work"]).expect_code(0);
    assert_eq!(files_under(&folder), before);
    let refused = desk.export("work", "anthropic-profile", "mounted", &[]);
    assert!(refused.expect_code(2).stderr.contains("--replace"));
    desk.export("work", "anthropic-profile", "mounted", &["--replace"])
        .expect_code(0);
    assert_ne!(files_under(&folder), before);
    for sdk in Sdk::ALL {
        let variables = [("ANTHROPIC_CONFIG_DIR", folder.to_str().unwrap())];
        desk.custody.session.sdk(sdk, &variables).expect_answer();
    }
    assert_eq!(desk.connections().len(), 1);
    desk.custody.run(&["disconnect", "file"]).expect_code(0);
    assert!(!folder.exists());
}

#[test]
fn the_real_claude_code_reads_its_own_form() {
    let desk = Desk::new();
    fs::create_dir(desk.path("claude")).unwrap();
    let told = desk.export(
        "work",
        "claude-credentials",
        "claude/.credentials.json",
        &[],
    );
    let told = told.expect_code(0);
    assert!(told.stderr.contains("ANTHROPIC_BASE_URL"), "{told:#?}");
    let mut command = claude::call(
        desk.custody.session.environment(),
        &["auth", "status", "--json"],
    );
    command.env("CLAUDE_CONFIG_DIR", desk.path("claude"));
    let status: Value = serde_json::from_str(&said(&mut command)).unwrap();
    assert_eq!(status["loggedIn"], true, "{status:#}");
    assert_eq!(status["authMethod"], "claude.ai", "{status:#}");
    let text = fs::read_to_string(desk.path("claude/.credentials.json")).unwrap();
    let stored = desk.custody.stored("work");
    assert!(!text.contains(stored["refresh_token"].as_str().unwrap()));
    // With the address beside it, it works.
    let mut command = claude::call(
        desk.custody.session.environment(),
        &["-p", "Hello", "--model", "claude-practice-1"],
    );
    command
        .env("CLAUDE_CONFIG_DIR", desk.path("claude"))
        .env("ANTHROPIC_BASE_URL", desk.custody.mock.base_url());
    assert_eq!(said(&mut command).trim(), "This is practice.");
}

#[test]
fn a_terminal_is_not_shown_a_credential_unless_asked() {
    let desk = Desk::new();
    // A terminal of its own, as `script` would make one.
    let script = "import os,pty,sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    let on_a_terminal = |more: &[&str]| {
        let mut program = desk.custody.session.command(python());
        program.args(["-c", script]);
        program.arg(keyfob_tests::programs::program(
            keyfob_tests::programs::KEYFOB,
        ));
        program.args(["export", "ci", "--format", "docker-secret", "--to", "-"]);
        program
            .args(more)
            .env("KEYFOB_HOME", desk.custody.home.path());
        let output = program.stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), text)
    };
    let (code, text) = on_a_terminal(&[]);
    assert_eq!(code, Some(2), "{text}");
    assert!(!text.contains(KEY), "{text}");
    assert!(text.contains("--show"), "{text}");
    let (code, text) = on_a_terminal(&["--show"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(KEY), "{text}");
}

#[test]
fn what_may_not_be_exported_is_refused_with_the_way_that_is_supported() {
    let desk = Desk::new();
    let session = desk.custody.session.new_folder("claude-session");
    let plans = json!({ "claudeAiOauth": {
        "accessToken": "sk-ant-oat01-planted-plan",
        "refreshToken": "sk-ant-ort01-planted-plan",
        "expiresAt": 4_000_000_000_000_i64,
        "scopes": ["user:inference", "user:profile"],
        "subscriptionType": "max",
    }});
    let file = session.join(".credentials.json");
    fs::write(&file, plans.to_string()).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let folder = session.to_str().unwrap();
    let link = [
        "link",
        "claude-code",
        "--config-dir",
        folder,
        "--label",
        "plan",
    ];
    desk.custody.run(&link).expect_code(0);
    for format in [
        "claude-credentials",
        "env",
        "dotenv",
        "json",
        "anthropic-profile",
        "docker-secret",
    ] {
        let refused = desk.export("plan", format, "out", &[]).expect_code(1);
        assert!(
            refused.stderr.contains("claude setup-token"),
            "{refused:#?}"
        );
        assert!(refused.stderr.contains("CLAUDE_CONFIG_DIR"), "{refused:#?}");
    }
    for format in ["claude-credentials", "anthropic-profile"] {
        let refused = desk.export("ci", format, "out", &[]).expect_code(2);
        assert!(refused.stderr.contains("--format env"), "{refused:#?}");
    }
    let refused = desk.export("work", "json", "out", &["--with-refresh-token"]);
    let refused = refused.expect_code(2);
    assert!(refused.stderr.contains("stays in Keyfob"), "{refused:#?}");
    desk.export("work", "json", "out", &["--access-only"])
        .expect_code(0);
    let of_keyfob = desk.custody.home.snapshot();
    let token = desk.custody.token("work");
    assert!(keyfob_tests::home::files_with(&of_keyfob, &token).is_empty());
    assert!(keyfob_tests::home::files_with(&of_keyfob, "planted").is_empty());
}

#[test]
fn what_a_file_cannot_say_is_said_or_nothing_is_written() {
    let desk = Desk::new();
    for format in ["docker-secret", "json"] {
        let said = desk.export("work", format, format, &[]).expect_code(0);
        assert!(said.stderr.contains("ANTHROPIC_AUTH_TOKEN"), "{said:#?}");
        assert!(said.stderr.contains("oauth-2025-04-20"), "{said:#?}");
    }
    let said = desk.export("work", "anthropic-profile", "profile", &[]);
    assert!(said.stderr.contains("ANTHROPIC_CONFIG_DIR"), "{said:#?}");
    // Where nothing says which API it is for, a file that would carry an address carries nothing.
    let config = "[providers.bare]\nname = \"Bare\"\nclient_id = \"keyfob\"\n\
        authorize_url = \"https://bare.example/a\"\ntoken_url = \"https://bare.example/t\"\n";
    let home = Home::new(&desk.custody.session, "bare", config);
    let run = |arguments: &[&str]| desk.custody.session.keyfob(&home, arguments);
    let tokens =
        json!({ "access_token": "planted", "refresh_token": "r", "expires_at": 4_000_000_000_i64 });
    let import = run(&["import", "--provider", "bare", "--label", "bare"]);
    import.stdin(tokens.to_string()).run().expect_code(0);
    let path = desk.path("bare");
    let export = |format: &str| {
        let to = path.to_str().unwrap();
        run(&["export", "bare", "--format", format, "--to", to]).run()
    };
    for format in ["env", "dotenv", "json", "anthropic-profile"] {
        let refused = export(format).expect_code(1);
        assert!(refused.stderr.contains("base_url"), "{refused:#?}");
        assert!(!path.exists());
    }
    let said = export("docker-secret").expect_code(0).stderr;
    assert!(said.contains("Nothing says which API"), "{said}");
    assert!(
        said.contains("ANTHROPIC_AUTH_TOKEN") && !said.contains("oauth-2025"),
        "{said}"
    );
    let said = run(&["connect", "command", "--account", "bare"]).run();
    let said = said.expect_code(0).stderr;
    assert!(said.contains("Nothing says which API"), "{said}");
}

/// The blocks of one language of the guide.
fn blocks(language: &str) -> Vec<String> {
    let guide = programs::sources().join("../docs/containers.md");
    let guide = fs::read_to_string(guide).unwrap();
    let begin = format!("```{language}\n");
    let parts = guide.split(&begin).skip(1);
    let blocks = parts.map(|part| part.split("```").next().unwrap().to_owned());
    blocks.collect()
}

#[test]
fn the_commands_of_the_guide_do_what_it_says() {
    let desk = Desk::new();
    let root = desk.folder.to_str().unwrap().to_owned();
    for folder in ["srv/app", "etc"] {
        fs::create_dir_all(desk.folder.join(folder)).unwrap();
    }
    // Only where the files lie is another place, and what is not here is left out.
    let here = |block: &str| {
        let block = block.replace("/srv/", &format!("{root}/srv/"));
        let block = block.replace("/etc/", &format!("{root}/etc/"));
        // The folders here are the test's own, so nobody else has to make them.
        let block = block.replace("sudo ", "");
        block.replace("| gh secret set ANTHROPIC_API_KEY", "> gh-secret")
    };
    let is_here = |line: &&str| !line.starts_with("docker ");
    let bin = keyfob_tests::programs::program(keyfob_tests::programs::KEYFOB);
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", bin.parent().unwrap().display());
    let all = blocks("sh");
    assert_eq!(all.len(), 6);
    for block in all {
        let script: Vec<_> = block.lines().filter(is_here).collect();
        let script = here(&script.join("\n"));
        let mut shell = desk.custody.session.command("sh");
        shell.args(["-euc", &script]).current_dir(&desk.folder);
        shell
            .env("PATH", &path)
            .env("KEYFOB_HOME", desk.custody.home.path());
        let output = shell.stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{script}\n{output:?}");
    }
    for (path, expected) in [
        ("anthropic_api_key", KEY.to_owned()),
        ("etc/credstore/anthropic-api-key", KEY.to_owned()),
        ("gh-secret", KEY.to_owned()),
    ] {
        assert_eq!(
            fs::read_to_string(desk.path(path)).unwrap(),
            expected,
            "{path}"
        );
    }
    for path in [
        "srv/app/anthropic/credentials/app.json",
        "srv/app/anthropic/active_config",
        "app.env",
        "claude/.credentials.json",
    ] {
        assert!(desk.path(path).is_file(), "{path}");
    }
}

#[test]
fn what_the_guide_shows_for_other_programs_is_well_formed() {
    let desk = Desk::new();
    let script = "import json,sys,yaml; print(json.dumps(yaml.safe_load(sys.argv[1])))";
    let read = |text: &String| -> Value {
        let mut program = desk.custody.session.command(python());
        serde_json::from_str(&said(program.args(["-c", script, text]))).unwrap()
    };
    let all = blocks("yaml");
    let [profile, secret, actions] = all.as_slice() else {
        panic!("there are {} blocks", all.len());
    };
    let mount = &read(profile)["services"]["app"]["volumes"][0];
    assert_eq!(mount["source"], "/srv/app/anthropic");
    assert_eq!(mount["read_only"], true);
    let secret = read(secret);
    assert_eq!(
        secret["secrets"]["anthropic_api_key"]["file"],
        "./anthropic_api_key"
    );
    // What the shell of the container is given, once Compose has taken `$$` for `$`.
    let command = secret["services"]["app"]["command"].as_array().unwrap();
    let line = command[2].as_str().unwrap().replace("$$", "$");
    fs::write(desk.path("anthropic_api_key"), KEY).unwrap();
    let line = line
        .replace("/run/secrets", desk.folder.to_str().unwrap())
        .replace("exec app", "exec printenv ANTHROPIC_API_KEY");
    let mut shell = desk.custody.session.command("sh");
    assert_eq!(said(shell.args(["-c", &line])).trim(), KEY);
    let steps = &read(actions)["jobs"]["ask"]["steps"];
    let variable = &steps[1]["env"]["ANTHROPIC_API_KEY"];
    assert_eq!(variable, "${{ secrets.ANTHROPIC_API_KEY }}");

    for (number, unit) in blocks("ini").iter().enumerate() {
        let path = desk.path(&format!("keyfob-guide-{number}.service"));
        // The programs that it starts are not here.
        let unit = unit.replace("/usr/local/bin/keyfob", "/bin/sh");
        fs::write(&path, unit).unwrap();
        let mut verify = desk.custody.session.command("systemd-analyze");
        let output = verify
            .args(["verify", "--man=no"])
            .arg(&path)
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        let about_it: Vec<_> = words
            .lines()
            .filter(|line| line.contains("keyfob-guide"))
            .collect();
        assert!(about_it.is_empty(), "{about_it:?}");
    }
}
