//! Anthropic's own libraries, as npm and PyPI bring them, with the profile that Keyfob makes for them: they find it,
//! they go on over the end of an access token, and they find nothing once it is taken back.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use keyfob_tests::PATIENCE;
use keyfob_tests::custody::{at_once, the_same_token, while_the_keychain_lives};
use keyfob_tests::home::{files_under, files_with};
use keyfob_tests::{Call, Custody, Sdk};
use rustix::process::Signal;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A session with an account, and a folder for profiles.
struct Desk {
    custody: Custody,
    profiles: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let custody = Custody::start();
        custody.sign_in("Work");
        Self::with(custody)
    }

    fn with(mut custody: Custody) -> Self {
        let profiles = custody.session.root().join("profiles");
        let folder = profiles.clone();
        custody.session.set("ANTHROPIC_CONFIG_DIR", folder);
        Self { custody, profiles }
    }

    fn connect(&self, more: &[&str]) -> Call {
        let mut arguments = vec!["connect", "anthropic-sdk", "--account", "Work"];
        arguments.extend(more);
        self.custody.keyfob(&arguments)
    }

    fn config(&self, name: &str) -> PathBuf {
        self.profiles.join("configs").join(format!("{name}.json"))
    }

    fn credentials(&self, name: &str) -> PathBuf {
        let file = format!("{name}.json");
        self.profiles.join("credentials").join(file)
    }

    /// What lies there for the libraries.
    fn held(&self, name: &str) -> Value {
        let path = self.credentials(name);
        let text = fs::read_to_string(&path).unwrap_or_else(|_| panic!("{}", path.display()));
        serde_json::from_str(&text).unwrap()
    }

    fn connections(&self) -> Vec<Value> {
        let output = self.custody.run(&["connections", "--json"]);
        serde_json::from_str(&output.expect_code(0).stdout).unwrap()
    }

    /// What the server saw of requests for messages.
    fn asked(&self) -> Vec<Value> {
        let url = format!("{}/control/messages", self.custody.mock.base_url());
        serde_json::from_value(keyfob_tests::http::get(&url).json()).unwrap()
    }
}

fn sha256(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Bytes, mode, inode and time of everything in a folder.
fn exactly(folder: &Path) -> Vec<(PathBuf, Vec<u8>, u32, u64, i64)> {
    let files = files_under(folder);
    let seen = files.into_iter().map(|(path, bytes)| {
        let about = fs::metadata(folder.join(&path)).unwrap();
        (path, bytes, about.mode(), about.ino(), about.mtime_nsec())
    });
    seen.collect()
}

#[test]
fn both_libraries_find_the_profile_and_nothing_after_it_was_taken_back() {
    let desk = Desk::new();
    let said = desk.connect(&["--activate"]).run().expect_code(0);
    assert!(
        said.stderr.contains("is the active profile there now"),
        "{said:#?}"
    );
    let token = desk.custody.token("Work");
    for sdk in Sdk::ALL {
        desk.custody.session.sdk(sdk, &[]).expect_answer();
    }
    // It is the account's own access token, and it comes as one.
    let asked = desk.asked();
    assert_eq!(asked.len(), 2);
    for one in &asked {
        assert_eq!(one["sha256"], json!([sha256(&token)]), "{one}");
        assert_eq!(one["headers"], json!(["authorization"]), "{one}");
    }

    // Both files are as those who read them want them, and hold what they should and nothing else.
    assert_eq!(mode(&desk.credentials("work")), 0o600);
    assert_eq!(mode(desk.credentials("work").parent().unwrap()), 0o700);
    let config: Value = serde_json::from_slice(&fs::read(desk.config("work")).unwrap()).unwrap();
    assert_eq!(
        config,
        json!({
            "version": "1.0",
            "authentication": { "type": "user_oauth" },
            "base_url": desk.custody.mock.base_url(),
        })
    );
    let held = desk.held("work");
    let names: Vec<_> = held.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["access_token", "expires_at", "type", "version"]);
    let refresh = desk.custody.stored("Work")["refresh_token"].clone();
    let everything = files_under(&desk.profiles);
    assert!(files_with(&everything, refresh.as_str().unwrap()).is_empty());
    let of_keyfob = desk.custody.home.snapshot();
    assert!(files_with(&of_keyfob, &token).is_empty());

    let listed = &desk.connections()[0];
    assert_eq!(listed["to"], "anthropic-sdk");
    assert_eq!(listed["target"], "work");
    assert_eq!(listed["payer"], "none");
    assert_eq!(listed["problem"], Value::Null);
    assert!(listed["valid_until"].is_string(), "{listed}");

    let gone = desk.custody.run(&["disconnect", "anthropic-sdk"]);
    gone.expect_code(0);
    assert!(!desk.profiles.exists());
    for sdk in Sdk::ALL {
        let error = desk.custody.session.sdk(sdk, &[]).ask().unwrap_err();
        // Python looks no further where a folder is named.
        let expected = match sdk {
            Sdk::TypeScript => "Could not resolve authentication method",
            Sdk::Python => "Config file not found",
        };
        assert!(error.contains(expected), "{sdk:?} {error}");
    }
}

#[test]
fn a_profile_is_found_by_its_name_in_the_usual_folder() {
    let custody = Custody::start();
    custody.sign_in("Work");
    let connect = custody.keyfob(&["connect", "anthropic-sdk", "--profile", "mine"]);
    // The session sets XDG_CONFIG_HOME, which not all of them heed.
    let said = connect.run().expect_code(0);
    assert!(said.stderr.contains("ANTHROPIC_PROFILE=mine"), "{said:#?}");
    assert!(said.stderr.contains("XDG_CONFIG_HOME is set"), "{said:#?}");
    let home = custody.session.root().join("home/.config/anthropic");
    assert!(home.join("credentials/mine.json").is_file());
    for sdk in Sdk::ALL {
        let variables = [("ANTHROPIC_PROFILE", "mine"), ("XDG_CONFIG_HOME", "")];
        custody.session.sdk(sdk, &variables).expect_answer();
        // It was not made the one that is used where none is named.
        let without = custody.session.sdk(sdk, &[("XDG_CONFIG_HOME", "")]).ask();
        assert!(without.is_err(), "{sdk:?} {without:?}");
    }
}

#[test]
fn they_go_on_over_the_end_of_an_access_token_while_watch_runs() {
    let custody = Custody::start();
    // The libraries take no token that has less than 30 s left, so this is short for them; and on a slow computer it is
    // long enough for the first requests.
    custody.access_ttl(90);
    custody.sign_in("Work");
    let desk = Desk::with(custody);
    desk.connect(&["--activate"]).run().expect_code(0);
    let first = desk.held("work");
    let ends = UNIX_EPOCH + Duration::from_secs(first["expires_at"].as_u64().unwrap());
    let mut programs = Sdk::ALL.map(|sdk| desk.custody.session.sdk(sdk, &[]));
    for program in &mut programs {
        program.expect_answer();
    }
    let mut watch = desk.custody.keyfob(&["watch"]).spawn();
    while SystemTime::now() < ends + Duration::from_secs(2) {
        for program in &mut programs {
            program.expect_answer();
        }
        thread::sleep(Duration::from_millis(500));
    }
    for program in &mut programs {
        assert!(program.is_running());
        program.expect_answer();
    }
    // The first token has ended for the server too: what was sent last was another one.
    assert_eq!(
        desk.custody
            .api_says(first["access_token"].as_str().unwrap()),
        401
    );
    let asked = desk.asked();
    assert!(asked.iter().all(|one| one["status"] == 200), "{asked:#?}");
    let first = sha256(first["access_token"].as_str().unwrap());
    assert_eq!(asked[0]["sha256"][0], first.as_str());
    assert_ne!(asked[asked.len() - 1]["sha256"][0], first.as_str());
    watch.signal(Signal::TERM);
    let ended = watch.wait(PATIENCE);
    assert_eq!(ended.stdout, "");
    // Each of those renewals was one, and no copy was left behind by it.
    assert_eq!(desk.custody.mock.count("refresh_reuse"), 0);
    let stored = desk.custody.stored("Work");
    assert_eq!(desk.held("work")["access_token"], stored["access_token"]);
    assert_eq!(desk.held("work")["expires_at"], stored["expires_at"]);
}

#[test]
fn what_lies_there_is_put_right_by_the_next_token_and_by_watch() {
    let desk = Desk::new();
    desk.connect(&[]).run().expect_code(0);
    // What was just renewed is put right as well as what has lain in the store.
    desk.custody.run(&["refresh", "Work"]).expect_code(0);
    let path = desk.credentials("work");
    let as_it_was = fs::read(&path).unwrap();
    let spoil: [&dyn Fn(); 4] = [
        &|| fs::remove_file(&path).unwrap(),
        &|| fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap(),
        &|| fs::remove_dir_all(path.parent().unwrap()).unwrap(),
        &|| {
            let old = json!({
                "version": "1.0",
                "type": "oauth_token",
                "access_token": "sk-ant-oat01-practice-old",
                "expires_at": 1_700_000_000,
            });
            fs::write(&path, old.to_string()).unwrap();
        },
    ];
    for spoil in spoil {
        spoil();
        desk.custody.token("Work");
        assert_eq!(fs::read(&path).unwrap(), as_it_was);
        assert_eq!(mode(&path), 0o600);
    }
    for spoil in spoil {
        spoil();
        desk.custody.run(&["watch", "--once"]).expect_code(0);
        assert_eq!(fs::read(&path).unwrap(), as_it_was);
        assert_eq!(mode(&path), 0o600);
    }
    // Where nothing is wrong, nothing is written.
    let before = exactly(&desk.profiles);
    desk.custody.token("Work");
    desk.custody.run(&["watch", "--once"]).expect_code(0);
    assert_eq!(exactly(&desk.profiles), before);
    desk.custody.expect_refreshes(1);
}

#[test]
fn every_renewal_and_every_sign_in_reaches_the_profile() {
    let desk = Desk::new();
    desk.connect(&[]).run().expect_code(0);
    let same = |desk: &Desk| {
        let stored = desk.custody.stored("Work");
        assert_eq!(desk.held("work")["access_token"], stored["access_token"]);
        stored["access_token"].clone()
    };
    let first = same(&desk);
    desk.custody.run(&["refresh", "Work"]).expect_code(0);
    let second = same(&desk);
    assert_ne!(first, second);
    desk.custody.sign_in_again("Work");
    let third = same(&desk);
    assert_ne!(second, third);
    // One that ends sooner than the last takes its place all the same.
    desk.custody.access_ttl(3600);
    desk.custody.run(&["refresh", "Work"]).expect_code(0);
    assert_ne!(third, same(&desk));
    // What cannot be renewed leaves what is there.
    let before = fs::read(desk.credentials("work")).unwrap();
    desk.custody
        .mock
        .fault(&json!({ "on": "refresh", "kind": { "status": 503 } }));
    desk.custody.run(&["refresh", "Work"]).expect_code(5);
    assert_eq!(fs::read(desk.credentials("work")).unwrap(), before);
    // Signing out takes all of it away.
    let said = desk.custody.run(&["logout", "Work"]).expect_code(0);
    assert!(said.stderr.contains("Anthropic SDKs and ant"), "{said:#?}");
    assert!(files_under(&desk.profiles).is_empty());
    assert!(desk.connections().is_empty());
}

#[test]
fn profiles_of_others_are_left_byte_for_byte() {
    let desk = Desk::new();
    for part in ["configs", "credentials"] {
        fs::create_dir_all(desk.profiles.join(part)).unwrap();
    }
    let theirs = json!({
        "version": "1.0",
        "type": "oauth_token",
        "access_token": "sk-ant-oat01-practice-theirs",
        "refresh_token": "sk-ant-ort01-practice-theirs",
        "expires_at": 1_900_000_000,
    });
    let config =
        json!({ "version": "1.0", "authentication": { "type": "user_oauth", "client_id": "ant" } });
    for name in ["default", "work"] {
        fs::write(desk.config(name), config.to_string()).unwrap();
        fs::write(desk.credentials(name), theirs.to_string()).unwrap();
    }
    // Half of one is one, and so is a link that leads nowhere.
    fs::write(desk.config("half"), "{").unwrap();
    symlink("/nowhere", desk.credentials("link")).unwrap();
    fs::write(desk.profiles.join("active_config"), "default").unwrap();
    let before = exactly(&desk.profiles);
    for name in ["default", "work", "half", "link"] {
        let refused = desk.connect(&["--profile", name]).run().expect_code(2);
        assert!(
            refused.stderr.contains("Keyfob did not make it"),
            "{refused:#?}"
        );
        assert_eq!(exactly(&desk.profiles), before);
    }
    // The free name that is chosen is another one.
    desk.connect(&["--activate"]).run().expect_code(0);
    assert_eq!(desk.connections()[0]["target"], "work-2");
    let active = || fs::read_to_string(desk.profiles.join("active_config")).unwrap();
    assert_eq!(active().trim(), "work-2");
    desk.custody.run(&["refresh", "Work"]).expect_code(0);
    desk.custody
        .run(&["disconnect", "anthropic-sdk"])
        .expect_code(0);
    assert_eq!(active(), "default");
    let after = exactly(&desk.profiles);
    let without_pointer = |seen: &[(PathBuf, Vec<u8>, u32, u64, i64)]| {
        let mut seen = seen.to_vec();
        seen.retain(|(path, ..)| !path.ends_with("active_config"));
        seen
    };
    assert_eq!(without_pointer(&after), without_pointer(&before));
}

#[test]
fn a_profile_that_another_program_took_over_is_not_written_any_more() {
    let desk = Desk::new();
    desk.connect(&[]).run().expect_code(0);
    // As `ant auth login --profile work` leaves it.
    let config =
        json!({ "version": "1.0", "authentication": { "type": "user_oauth", "client_id": "ant" } });
    fs::write(desk.config("work"), config.to_string()).unwrap();
    let theirs = json!({
        "version": "1.0",
        "type": "oauth_token",
        "access_token": "sk-ant-oat01-practice-theirs",
        "refresh_token": "sk-ant-ort01-practice-theirs",
        "expires_at": 1_900_000_000,
    });
    fs::write(desk.credentials("work"), theirs.to_string()).unwrap();
    let before = exactly(&desk.profiles);
    desk.custody.run(&["refresh", "Work"]).expect_code(0);
    desk.custody.token("Work");
    desk.custody.run(&["watch", "--once"]).expect_code(0);
    assert_eq!(exactly(&desk.profiles), before);
    let problem = desk.connections()[0]["problem"].clone();
    let words = problem.as_str().unwrap();
    assert!(words.contains("was changed by another program"), "{words}");
    let gone = desk
        .custody
        .run(&["disconnect", "anthropic-sdk"])
        .expect_code(0);
    assert!(gone.stderr.contains("left as it is"), "{gone:#?}");
    assert_eq!(exactly(&desk.profiles), before);
}

#[test]
fn two_that_were_made_active_can_go_in_any_order() {
    for first in ["Work", "Second"] {
        let desk = Desk::new();
        desk.custody.sign_in("Second");
        fs::create_dir_all(&desk.profiles).unwrap();
        let active = desk.profiles.join("active_config");
        fs::write(&active, "theirs").unwrap();
        desk.connect(&["--activate"]).run().expect_code(0);
        let second = [
            "connect",
            "anthropic-sdk",
            "--account",
            "Second",
            "--activate",
        ];
        desk.custody.run(&second).expect_code(0);
        assert_eq!(fs::read_to_string(&active).unwrap(), "second\n");
        let out = desk.custody.run(&["logout", first]).expect_code(0);
        assert!(!out.stderr.contains("left as it is"), "{out:#?}");
        let expected = if first == "Work" {
            "second\n"
        } else {
            "work\n"
        };
        assert_eq!(fs::read_to_string(&active).unwrap(), expected);
        desk.custody
            .run(&["disconnect", "anthropic-sdk"])
            .expect_code(0);
        assert_eq!(fs::read_to_string(&active).unwrap(), "theirs");
    }
}

#[test]
fn what_is_connected_can_be_made_active_later() {
    let desk = Desk::new();
    let active = desk.profiles.join("active_config");
    fs::create_dir_all(&desk.profiles).unwrap();
    fs::write(&active, "theirs").unwrap();
    let folder = format!("ANTHROPIC_CONFIG_DIR={}", desk.profiles.display());
    let said = desk.connect(&[]).run().expect_code(0);
    assert!(said.stderr.contains("ANTHROPIC_PROFILE=work"), "{said:#?}");
    assert!(said.stderr.contains(&folder), "{said:#?}");
    let said = desk.connect(&["--activate"]).run().expect_code(0);
    assert!(said.stderr.contains(&folder), "{said:#?}");
    assert!(said.stderr.contains("the active profile"), "{said:#?}");
    assert_eq!(fs::read_to_string(&active).unwrap(), "work\n");
    assert_eq!(desk.connections().len(), 1);
    // Another one comes between, and this one again: what was there before both comes back.
    desk.custody.sign_in("Second");
    let second = ["connect", "anthropic-sdk", "--account", "Second"];
    let second = [&second[..], &["--activate"]].concat();
    desk.custody.run(&second).expect_code(0);
    assert_eq!(fs::read_to_string(&active).unwrap(), "second\n");
    desk.connect(&["--activate"]).run().expect_code(0);
    let again = desk.connect(&["--activate", "--profile", "work"]).run();
    assert!(again.stderr.contains("already"), "{again:#?}");
    assert_eq!(fs::read_to_string(&active).unwrap(), "work\n");
    desk.custody.run(&["logout", "Second"]).expect_code(0);
    assert_eq!(fs::read_to_string(&active).unwrap(), "work\n");
    let gone = ["disconnect", "anthropic-sdk"];
    let gone = desk.custody.run(&gone).expect_code(0);
    assert!(gone.stderr.contains("Its profile was removed"), "{gone:#?}");
    assert_eq!(fs::read_to_string(&active).unwrap(), "theirs");
}

#[test]
fn what_cannot_be_done_is_a_sentence_and_leaves_nothing() {
    let desk = Desk::new();
    let nothing = |desk: &Desk| assert!(files_under(&desk.profiles).is_empty());
    for name in [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "a b",
        ".hidden",
        "ä",
        "a\nb",
        &"x".repeat(200),
    ] {
        let refused = desk.connect(&["--profile", name]).run().expect_code(2);
        assert!(
            refused.stderr.contains("no name of a profile"),
            "{name:?} {refused:#?}"
        );
        nothing(&desk);
    }
    // The folder of credentials leads elsewhere.
    let elsewhere = desk.custody.session.new_folder("elsewhere");
    fs::create_dir_all(&desk.profiles).unwrap();
    symlink(&elsewhere, desk.profiles.join("credentials")).unwrap();
    let refused = desk.connect(&[]).run().expect_code(1);
    assert!(refused.stderr.contains("cannot be written"), "{refused:#?}");
    assert!(files_under(&elsewhere).is_empty());
    fs::remove_file(desk.profiles.join("credentials")).unwrap();
    // A file where a folder should be, and one that is only half possible.
    fs::write(desk.profiles.join("configs"), "").unwrap();
    let refused = desk.connect(&[]).run().expect_code(1);
    assert!(
        refused.stderr.contains("Nothing was changed"),
        "{refused:#?}"
    );
    assert_eq!(files_under(&desk.profiles).len(), 1);
    fs::remove_file(desk.profiles.join("configs")).unwrap();
    // The pointer is a link: nothing of what was made before it stays.
    symlink("/nowhere", desk.profiles.join("active_config")).unwrap();
    desk.connect(&["--activate"]).run().expect_code(1);
    nothing(&desk);
    assert!(desk.connections().is_empty());
    // A key is no token.
    let add = desk
        .custody
        .keyfob(&["add-key", "--label", "Key", "--no-verify"]);
    add.stdin("sk-ant-api03-practice\n").run().expect_code(0);
    let refused = desk
        .custody
        .run(&["connect", "anthropic-sdk", "--account", "Key"]);
    let refused = refused.expect_code(2);
    assert!(refused.stderr.contains("keyfob run"), "{refused:#?}");
    nothing(&desk);
}

#[test]
fn a_file_that_cannot_be_written_keeps_no_tool_from_its_token() {
    let desk = Desk::new();
    desk.connect(&[]).run().expect_code(0);
    // What a folder that may not be written is for people, a file in its place is for root as well.
    let folder = desk.credentials("work").parent().unwrap().to_owned();
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "in the way").unwrap();
    for _ in 0..2 {
        let output = desk.custody.run(&["token", "Work"]).expect_code(0);
        assert!(output.stdout.starts_with("sk-ant-oat01-"), "{output:#?}");
        assert!(output.stderr.contains("cannot be written"), "{output:#?}");
    }
    let told = desk.custody.happened();
    assert_eq!(told, ["not_written"]);
    let problem = desk.connections()[0]["problem"].clone();
    assert!(
        problem.as_str().unwrap().contains("cannot be written"),
        "{problem}"
    );
    fs::remove_file(&folder).unwrap();
    desk.custody.token("Work");
    assert_eq!(desk.connections()[0]["problem"], Value::Null);
    assert!(desk.credentials("work").is_file());
}

#[test]
fn our_own_profile_is_ours_wherever_keyfob_looks() {
    let desk = Desk::new();
    desk.connect(&["--activate"]).run().expect_code(0);
    let found = desk.custody.run(&["discover", "--json"]).expect_code(0);
    assert!(!found.stdout.contains("work"), "{found:#?}");
    let refused = desk.custody.run(&["link", "anthropic-profile", "work"]);
    let refused = refused.expect_code(2);
    assert!(refused.stderr.contains("Keyfob made"), "{refused:#?}");
    let which = desk
        .custody
        .run(&["which", "anthropic-sdk", "--json"])
        .expect_code(0);
    let which: Value = serde_json::from_str(&which.stdout).unwrap();
    let winner = &which["winner"];
    assert_eq!(winner["owner"], "Keyfob", "{which:#}");
    assert_eq!(winner["label"], "Work", "{which:#}");
    assert_eq!(winner["source"], "active_profile", "{which:#}");
    let id = desk.custody.status("Work")["id"].clone();
    assert_eq!(winner["account"], id);
    assert_eq!(which["warnings"], json!([]), "{which:#}");
}

#[test]
fn many_who_ask_over_an_expiry_leave_one_whole_file() {
    while_the_keychain_lives(|custody| {
        custody.sign_in("Work");
        let profiles = custody.session.root().join("profiles");
        let keyfob = |arguments: &[&str]| {
            let call = custody.keyfob(arguments);
            call.env("ANTHROPIC_CONFIG_DIR", profiles.to_str().unwrap())
        };
        keyfob(&["connect", "anthropic-sdk"]).run().expect_code(0);
        let refused = custody.token("Work");
        let calls = (0..24).map(|_| {
            let call = keyfob(&["token", "Work", "--refused"]);
            call.stdin(format!("{refused}\n"))
        });
        let token = the_same_token(&at_once(calls.collect()));
        let held = fs::read(profiles.join("credentials/work.json")).unwrap();
        let held: Value = serde_json::from_slice(&held).unwrap();
        assert_eq!(held["access_token"], token.as_str());
        custody.expect_refreshes(1);
        let left: Vec<_> = files_under(&profiles).into_keys().collect();
        assert_eq!(left.len(), 2, "{left:?}");
    });
}
