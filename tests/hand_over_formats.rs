//! What `keyfob env` prints, read back by real shells and programs: whatever is in a value, it is that value, and
//! nothing else happens.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use keyfob::{Environment as Variables, Format, Secret, Value, Variable};
use keyfob_tests::environment::Environment;
use keyfob_tests::node::node;
use keyfob_tests::programs;

const NAME: &str = "ANTHROPIC_API_KEY";
const OTHER: &str = "ANTHROPIC_AUTH_TOKEN";

/// Values that somebody could have chosen to do harm, and values that are merely odd.
const HOSTILE: &[&str] = &[
    "sk-ant-api03-plain_and-simple",
    "",
    " ",
    "it's",
    "'",
    "''''",
    "'; touch HARM; '",
    "$(touch HARM)",
    "`touch HARM`",
    "(touch HARM)",
    "$HOME ${HOME} $$ %PATH% !! !x",
    "\\",
    "\\\\'\\",
    "\\n\\x41\\u0041 \\$",
    "a\\\nb",
    "two\nlines",
    "\n",
    "\n\ntouch HARM\n\n",
    "ends in a line\n",
    "carriage\r\nreturn\r",
    "\ttabs\t",
    "\"double\" \"quotes\"",
    "a; touch HARM & | < > * ? [a] {b,c} ~",
    "# no comment",
    "a #b",
    "KEY=value=more",
    "-n -e",
    "工作 🗝 é \u{2018}q\u{2019} \u{202e}\u{feff}",
    "\u{1}\u{7f}\u{1b}[31m",
];

/// Values out of the same characters in every order, the same in each run.
fn generated() -> Vec<String> {
    let pieces: Vec<char> = "'\"\\`$(){}[]!#&;|<>*?~%=- \t\n\rab0é🗝\u{2019}"
        .chars()
        .collect();
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap()
    };
    let mut all = Vec::new();
    for _ in 0..100 {
        let long = next() % 24;
        all.push((0..long).map(|_| pieces[next() % pieces.len()]).collect());
    }
    all
}

fn values() -> Vec<String> {
    let hostile = HOSTILE.iter().map(|value| (*value).to_owned());
    hostile.chain(generated()).collect()
}

fn variables(value: &str) -> Variables {
    Variables {
        set: vec![
            Variable {
                name: NAME,
                value: Value::Secret(Secret::new(value)),
            },
            Variable {
                name: "CLAUDE_CONFIG_DIR",
                value: Value::Plain("/a folder's".into()),
            },
        ],
        removed: vec![OTHER, "ANTHROPIC_PROFILE"],
        ..Variables::default()
    }
}

/// Runs a script for many values at once, each between marks, and gives what the shell then had.
fn read_back(mut shell: Command, folder: &Path, script: &str) -> BTreeMap<usize, Vec<u8>> {
    let file = folder.join("script");
    fs::write(&file, script).unwrap();
    let output = shell.arg(&file).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(!folder.join("HARM").exists(), "a value was run");
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder.join("out")).unwrap().flatten() {
        let at = entry.file_name().to_str().unwrap().parse().unwrap();
        found.insert(at, fs::read(entry.path()).unwrap());
        fs::remove_file(entry.path()).unwrap();
    }
    found
}

/// Every value goes through this shell and comes out as it was, and what should be gone is gone.
fn goes_through(shell: &str, arguments: &[&str], format: Format, theirs: &str) {
    let environment = Environment::new();
    let folder = environment.folder("home");
    fs::create_dir(folder.join("out")).unwrap();
    let show = folder.join("show");
    // A program of its own, so that what is found is what programs get.
    fs::write(&show, format!("#!/bin/sh\nexec env -0 | grep -zE '^({NAME}|{OTHER}|CLAUDE_CONFIG_DIR)=' | sort -z > \"out/$1\"\n")).unwrap();
    fs::set_permissions(&show, fs::Permissions::from_mode(0o755)).unwrap();
    let values = values();
    let mut script = String::new();
    for (at, value) in values.iter().enumerate() {
        let text = variables(value).written(format).unwrap();
        let file = folder.join(format!("env-{at}"));
        fs::write(&file, text.as_bytes()).unwrap();
        script += &theirs.replace("AT", &at.to_string());
        script.push('\n');
    }
    let mut command = environment.command(shell);
    command.args(arguments).env(OTHER, "theirs");
    let found = read_back(command, &folder, &script);
    assert_eq!(found.len(), values.len());
    for (at, value) in values.iter().enumerate() {
        let expected = format!("{NAME}={value}\0CLAUDE_CONFIG_DIR=/a folder's\0");
        assert_eq!(
            String::from_utf8_lossy(&found[&at]),
            expected,
            "{shell}, {value:?}"
        );
    }
}

#[test]
fn sh_takes_every_value() {
    let by_eval = "export ANTHROPIC_AUTH_TOKEN=theirs; eval \"$(cat env-AT)\"; ./show AT";
    goes_through("sh", &["-eu"], Format::Sh, by_eval);
    goes_through("bash", &["-euo", "pipefail"], Format::Sh, by_eval);
    goes_through("bash", &["--posix"], Format::Sh, by_eval);
}

#[test]
fn fish_takes_every_value() {
    let by_source = "set -gx ANTHROPIC_AUTH_TOKEN theirs; cat env-AT | source; ./show AT";
    goes_through("fish", &["--no-config"], Format::Fish, by_source);
}

#[test]
fn what_fish_keeps_for_all_shells_is_hidden_and_stays() {
    let environment = Environment::new();
    let fish = |script: &str| {
        let output = environment.command("fish").args(["-c", script]).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let written = variables("ours").written(Format::Fish).unwrap();
    let file = environment.folder("home").join("env");
    fs::write(&file, written.as_bytes()).unwrap();
    fish(&format!("set -Ux {OTHER} theirs"));
    assert_eq!(fish(&format!("printenv {OTHER}")), "theirs\n");
    let script = format!("source env; printenv {OTHER} {NAME}; true");
    assert_eq!(fish(&script), "\nours\n");
    assert_eq!(fish(&format!("printenv {OTHER}")), "theirs\n");
}

#[test]
fn a_file_of_variables_is_read_alike_by_all_or_not_written() {
    let environment = Environment::new();
    let folder = environment.folder("home");
    let dotenv = programs::sources().join("node/node_modules/dotenv/dist/index.cjs");
    assert!(dotenv.is_file(), "`cargo xtask setup` installs dotenv");
    let mut written = Vec::new();
    for value in values() {
        let plain = Variables {
            set: variables(&value).set.into_iter().take(1).collect(),
            ..Variables::default()
        };
        if let Ok(text) = plain.written(Format::Dotenv) {
            fs::write(
                folder.join(format!("env-{}", written.len())),
                text.as_bytes(),
            )
            .unwrap();
            // What docker takes is the line as it stands.
            assert_eq!(*text, format!("{NAME}={value}\n"));
            written.push(value);
        }
    }
    assert!(written.contains(&HOSTILE[0].to_owned()));
    assert!(written.len() > 20, "{}", written.len());
    let script = "
        const { readFileSync } = require('node:fs');
        const { parseEnv } = require('node:util');
        const dotenv = require(process.argv[1]);
        const all = [];
        for (let at = 0; at < Number(process.argv[2]); at += 1) {
            const text = readFileSync(`env-${at}`, 'utf8');
            process.loadEnvFile(`env-${at}`);
            all.push([dotenv.parse(text), parseEnv(text), process.env.ANTHROPIC_API_KEY]);
            delete process.env.ANTHROPIC_API_KEY;
        }
        console.log(JSON.stringify(all));";
    let mut command = environment.command(node());
    command
        .args(["-e", script])
        .arg(dotenv)
        .arg(written.len().to_string());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let all: Vec<(serde_json::Value, serde_json::Value, String)> =
        serde_json::from_slice(&output.stdout).unwrap();
    for (value, (by_dotenv, by_node, loaded)) in written.iter().zip(&all) {
        let expected = serde_json::json!({ NAME: value });
        assert_eq!((by_dotenv, by_node), (&expected, &expected), "{value:?}");
        assert_eq!(loaded, value);
    }
    // `node --env-file` by itself.
    let mut command = environment.command(node());
    let print = "process.stdout.write(process.env.ANTHROPIC_API_KEY)";
    command.args(["--env-file", "env-0", "-e", print]);
    let output = command.output().unwrap();
    assert_eq!(output.stdout, written[0].as_bytes());
}

#[test]
fn json_holds_every_value() {
    for value in values() {
        let text = variables(&value).written(Format::Json).unwrap();
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["set"][NAME], value.as_str());
        assert_eq!(read["unset"][0], OTHER);
    }
}
