//! Where secrets lie: moved between a real keychain and encrypted files, on computers without a keychain, and killed
//! in the middle.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use keyfob_tests::home::files_with;
use keyfob_tests::lines::Lines;
use keyfob_tests::process::{Background, eventually, output_of};
use keyfob_tests::{DesktopSession, Home, Keyring, MockProvider, Output, PATIENCE, http, programs};
use serde_json::Value;

struct World {
    session: DesktopSession,
    mock: MockProvider,
    home: Home,
}

impl World {
    fn new(keyring: Keyring) -> Self {
        let session = DesktopSession::start(keyring);
        let mock = MockProvider::start(&["--auto", "agree"]);
        let home = Home::new(&session, "home", mock.config_block());
        Self {
            session,
            mock,
            home,
        }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.session.keyfob(&self.home, arguments).run()
    }

    fn add_keys(&self, count: usize) {
        for number in 0..count {
            let (label, key) = (format!("Key {number}"), key(number));
            self.session
                .keyfob(&self.home, &["add-key", "--no-verify", "--label", &label])
                .stdin(key)
                .run()
                .expect_code(0);
        }
    }

    fn sign_in(&self) {
        self.login(["--label", "Work"]);
    }

    fn login(&self, which: [&str; 2]) {
        let arguments = ["login", "--no-browser", which[0], which[1]];
        let mut login = self.session.keyfob(&self.home, &arguments).spawn();
        let lines = login
            .stderr
            .until(PATIENCE, |line| line.contains("Waiting for your browser"));
        let url = lines.iter().find(|l| l.contains("response_type=code"));
        http::browse(url.unwrap().trim());
        login.wait(PATIENCE).expect_code(0);
    }

    fn storage(&self) -> Value {
        let shown = self.run(&["storage", "--json"]).expect_code(0);
        serde_json::from_str(&shown.stdout).unwrap()
    }

    /// The encrypted files of secrets, without the identities that open them.
    fn encrypted(&self) -> usize {
        let files = self.home.snapshot();
        let is_secret = |path: &&std::path::PathBuf| {
            path.starts_with("secrets") && path.to_string_lossy().contains("acct-")
        };
        files.keys().filter(is_secret).count()
    }

    fn key_file(&self) -> String {
        self.session.root().join("keyfob.key").display().to_string()
    }

    /// Runs the command at a terminal of its own, where a person types.
    fn at_a_terminal(&self, arguments: &str, typed: &str) -> Output {
        let mut script = self.session.command("script");
        let command = format!("{} {arguments}", programs::program("keyfob").display());
        script
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .env("KEYFOB_HOME", self.home.path())
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut running = Background::start(&mut script);
        let mut input = running.child().stdin.take().unwrap();
        let out = Lines::of(running.child().stdout.take().unwrap());
        let err = Lines::of(running.child().stderr.take().unwrap());
        for (line, number) in typed.lines().zip(1..) {
            // The terminal shows what is typed until it is told not to, a moment after the prompt.
            let is_asked = eventually(PATIENCE, || {
                let shown = out.so_far();
                let prompts = ["encrypted files: ", "once more: "];
                let prompts = prompts.map(|prompt| shown.matches(prompt).count());
                prompts.iter().sum::<usize>() >= number && self.hides_what_is_typed()
            });
            assert!(is_asked, "{}", out.so_far());
            writeln!(input, "{line}").unwrap();
        }
        let ended = eventually(PATIENCE, || !running.is_running());
        assert!(ended, "{}", out.so_far());
        Output {
            code: running.child().wait().unwrap().code(),
            stdout: out.to_the_end(),
            stderr: err.to_the_end(),
        }
    }

    /// Whether the terminal that the command runs at shows nothing of what is typed.
    fn hides_what_is_typed(&self) -> bool {
        let commands = self.session.processes_called("keyfob").into_iter();
        let inputs = commands.flat_map(|pid| fs::read_link(format!("/proc/{pid}/fd/0")));
        let mut terminals = inputs.filter(|input| input.starts_with("/dev/pts"));
        terminals.any(|terminal| {
            let mut stty = self.session.command("stty");
            stty.arg("--file").arg(terminal).arg("--all");
            output_of(&mut stty).contains(" -echo ")
        })
    }
}

fn key(number: usize) -> String {
    format!("sk-ant-api03-planted-{number:04}")
}

#[test]
fn secrets_are_moved_and_nothing_is_left_where_they_were() {
    let world = World::new(Keyring::Unlocked);
    world.add_keys(3);
    world.sign_in();
    let token = world.run(&["token", "Work"]).expect_code(0).stdout;
    assert_eq!(world.session.all_secrets().len(), 4);

    let key_file = world.key_file();
    let moved = world
        .run(&["storage", "key-file", &key_file])
        .expect_code(0);
    assert!(moved.stderr.contains("4 secrets were moved"), "{moved:#?}");
    assert_eq!(world.storage()["choice"]["kind"], "key_file");
    assert_eq!(world.storage()["leftovers_in"], Value::Null);
    assert!(world.session.all_secrets().is_empty());
    assert_eq!(world.encrypted(), 4);
    let mode = fs::metadata(&key_file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let files = world.home.snapshot();
    for secret in [
        token.trim(),
        "sk-ant-ort01-",
        "planted-0001",
        "AGE-SECRET-KEY",
    ] {
        assert_eq!(files_with(&files, secret), Vec::<&std::path::Path>::new());
    }
    assert_eq!(world.run(&["token", "Work"]).expect_code(0).stdout, token);
    // Renewing works there as well, and says where the token lies.
    world.run(&["refresh", "Work"]).expect_code(0);
    let accounts = world.run(&["accounts"]).expect_code(0).stdout;
    assert!(
        accounts.contains("Encrypted files (key file)"),
        "{accounts}"
    );
    let doctor = world.run(&["doctor"]).expect_code(0).stdout;
    assert!(
        doctor.contains("Encrypted files (key file). It answers."),
        "{doctor}"
    );

    world.run(&["storage", "keychain"]).expect_code(0);
    assert_eq!(world.session.all_secrets().len(), 4);
    assert_eq!(world.encrypted(), 0);
    assert_eq!(
        world.run(&["token", "Key 2"]).expect_code(0).stdout.trim(),
        key(2)
    );
}

#[test]
fn a_passphrase_is_typed_once_and_opens_the_files_for_that_call() {
    let world = World::new(Keyring::Unlocked);
    world.add_keys(2);
    let chosen = world.at_a_terminal("storage passphrase", "correct horse\ncorrect horse\n");
    assert_eq!(chosen.code, Some(0), "{chosen:#?}");
    assert!(!chosen.stdout.contains("correct horse"), "{chosen:#?}");
    assert!(world.session.all_secrets().is_empty());
    // A script is told at once, and with the right code.
    let locked = world.run(&["token", "Key 1"]).expect_code(4);
    assert!(locked.stderr.contains("passphrase"), "{locked:#?}");
    let token = world.at_a_terminal("token 'Key 1'", "correct horse\n");
    assert!(token.stdout.contains(&key(1)), "{token:#?}");
    let wrong = world.at_a_terminal("token 'Key 1'", "a\nb\nc\n");
    assert_eq!(wrong.code, Some(4), "{wrong:#?}");
    let back = world.at_a_terminal("storage keychain", "correct horse\n");
    assert_eq!(back.code, Some(0), "{back:#?}");
    assert_eq!(world.session.all_secrets().len(), 2);
}

#[test]
fn a_computer_without_a_keychain_needs_one_command() {
    let world = World::new(Keyring::Absent);
    let refused = world.run(&["login", "--no-browser"]).expect_code(4);
    assert!(refused.stderr.contains("keyfob storage"), "{refused:#?}");
    let key_file = world.key_file();
    world
        .run(&["storage", "key-file", &key_file])
        .expect_code(0);
    world.sign_in();
    let first = world.run(&["token"]).expect_code(0).stdout;
    world.run(&["refresh"]).expect_code(0);
    let second = world.run(&["token"]).expect_code(0).stdout;
    assert_ne!(first, second);
    world.run(&["watch", "--once"]).expect_code(0);
    assert_eq!(world.mock.count("refreshes_ok"), 1);

    // Another user's eyes, a lost key, a foreign key: each is told apart, and nothing is changed by it.
    fs::set_permissions(&key_file, fs::Permissions::from_mode(0o644)).unwrap();
    let open = world.run(&["token"]).expect_code(4);
    assert!(open.stderr.contains("chmod 600"), "{open:#?}");
    fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).unwrap();
    let aside = format!("{key_file}.aside");
    fs::rename(&key_file, &aside).unwrap();
    let lost = world.run(&["token"]).expect_code(4);
    assert!(lost.stderr.contains("is missing"), "{lost:#?}");
    fs::write(&key_file, "nonsense").unwrap();
    fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).unwrap();
    world.run(&["token"]).expect_code(4);
    fs::rename(&aside, &key_file).unwrap();
    assert_eq!(world.run(&["token"]).expect_code(0).stdout, second);
    world.run(&["logout", "--all"]).expect_code(0);
    assert_eq!(world.encrypted(), 0);
}

#[test]
fn a_keychain_that_is_not_there_is_no_way_to_go_and_blocks_no_other() {
    let world = World::new(Keyring::Absent);
    let key_file = world.key_file();
    world
        .run(&["storage", "key-file", &key_file])
        .expect_code(0);
    world.add_keys(1);
    let refused = world.run(&["storage", "keychain"]).expect_code(4);
    assert!(
        refused.stderr.contains("No system keychain"),
        "{refused:#?}"
    );
    assert_eq!(world.storage()["leftovers_in"], Value::Null);
    let other = format!("{key_file}.other");
    world.run(&["storage", "key-file", &other]).expect_code(0);
    assert_eq!(world.run(&["token"]).expect_code(0).stdout.trim(), key(0));
}

#[test]
fn a_key_that_is_lost_is_begun_anew_without() {
    let world = World::new(Keyring::Absent);
    let key_file = world.key_file();
    world
        .run(&["storage", "key-file", &key_file])
        .expect_code(0);
    world.add_keys(1);
    world.sign_in();
    fs::remove_file(&key_file).unwrap();
    let lost = world.run(&["token", "Work"]).expect_code(4);
    assert!(lost.stderr.contains("--without-old"), "{lost:#?}");
    let other = format!("{key_file}.other");
    world.run(&["storage", "key-file", &other]).expect_code(4);
    // The same place may hold what is not lost at all.
    world
        .run(&["storage", "key-file", &key_file, "--without-old"])
        .expect_code(2);
    world
        .run(&["storage", "key-file", &other, "--without-old"])
        .expect_code(0);
    world.run(&["token", "Work"]).expect_code(3);
    world.login(["--account", "Work"]);
    world.run(&["token", "Work"]).expect_code(0);
    world.run(&["logout", "--all"]).expect_code(0);
}

#[test]
fn a_service_manager_hands_over_the_key() {
    let world = World::new(Keyring::Absent);
    let credentials = world.session.new_folder("credentials");
    let folder = credentials.display().to_string();
    let run = |arguments: &[&str]| {
        let call = world.session.keyfob(&world.home, arguments);
        call.env("CREDENTIALS_DIRECTORY", &folder)
    };
    let none = run(&["storage", "credential"]).run().expect_code(4);
    assert!(none.stderr.contains("missing"), "{none:#?}");
    // Any age identity will do; Keyfob makes one for a key file.
    let key_file = world.key_file();
    world
        .run(&["storage", "key-file", &key_file])
        .expect_code(0);
    fs::copy(&key_file, credentials.join("keyfob-identity")).unwrap();
    run(&["storage", "credential"]).run().expect_code(0);
    let call = run(&["add-key", "--no-verify"]).stdin(key(7));
    call.run().expect_code(0);
    assert_eq!(run(&["token"]).run().expect_code(0).stdout.trim(), key(7));
    let outside = world.run(&["token"]).expect_code(4);
    assert!(outside.stderr.contains("LoadCredential"), "{outside:#?}");
}

#[test]
fn a_keychain_that_is_locked_moves_nothing() {
    let world = World::new(Keyring::Unlocked);
    world.add_keys(2);
    world.session.lock_keyring();
    let refused = world.run(&["storage", "key-file", &world.key_file()]);
    assert_eq!(refused.code, Some(4), "{refused:#?}");
    assert_eq!(world.storage()["choice"]["kind"], "keychain");
    world.session.unlock_keyring();
    assert_eq!(world.session.all_secrets().len(), 2);
    assert_eq!(world.encrypted(), 0);
    assert_eq!(
        world.run(&["token", "Key 0"]).expect_code(0).stdout.trim(),
        key(0)
    );
}

#[test]
fn whoever_runs_already_follows_to_the_new_store() {
    let world = World::new(Keyring::Unlocked);
    world
        .mock
        .post("/control/access_ttl", &serde_json::json!({ "seconds": 6 }));
    world.sign_in();
    let mut watching = world.session.keyfob(&world.home, &["watch"]).spawn();
    watching
        .stderr
        .until(PATIENCE, |line| line.contains("renewed"));
    world
        .run(&["storage", "key-file", &world.key_file()])
        .expect_code(0);
    let before = world.mock.count("refreshes_ok");
    let renewed = eventually(PATIENCE, || world.mock.count("refreshes_ok") > before);
    assert!(renewed, "nothing was renewed after the move");
    assert!(
        world.session.all_secrets().is_empty(),
        "it was stored where it no longer belongs"
    );
    assert_eq!(world.mock.count("refresh_reuse"), 0);
}

#[test]
fn a_move_that_is_killed_anywhere_loses_nothing_and_is_finished_later() {
    let world = World::new(Keyring::Unlocked);
    world.add_keys(5);
    let all: BTreeSet<String> = (0..5).map(key).collect();
    let key_file = world.key_file();
    // How long a whole move takes here, so that the kills fall all over it. One may have been held up.
    let moves = [
        &["storage", "key-file", &key_file][..],
        &["storage", "keychain"],
    ];
    let took = moves.map(|arguments| {
        let begun = std::time::Instant::now();
        world.run(arguments).expect_code(0);
        begun.elapsed()
    });
    let whole = took[0].min(took[1]);
    let (mut interrupted, rounds) = (0, 24);
    for round in 0.. {
        if round >= rounds && (interrupted > 0 || round >= 500) {
            break;
        }
        let to_files = world.storage()["choice"]["kind"] == "keychain";
        let arguments: &[&str] = match to_files {
            true => &["storage", "key-file", &key_file],
            false => &["storage", "keychain"],
        };
        let moving = world.session.keyfob(&world.home, arguments).spawn();
        std::thread::sleep(whole.mul_f64(f64::from(round % rounds) / f64::from(rounds)));
        moving.kill();
        let read = |number: usize| {
            let label = format!("Key {number}");
            world
                .run(&["token", &label])
                .expect_code(0)
                .stdout
                .trim()
                .to_owned()
        };
        let found: BTreeSet<String> = (0..5).map(read).collect();
        assert_eq!(found, all, "round {round}");
        let left = world.storage()["leftovers_in"] != Value::Null;
        let doctor = world.run(&["doctor"]).expect_code(0).stdout;
        assert_eq!(doctor.contains("Old copies"), left, "{doctor}");
        interrupted += usize::from(left);
        world.run(&["storage", "--finish"]).expect_code(0);
        assert_eq!(world.storage()["leftovers_in"], Value::Null);
        let in_files = world.storage()["choice"]["kind"] == "key_file";
        let (files, items) = if in_files { (5, 0) } else { (0, 5) };
        assert_eq!(world.encrypted(), files, "round {round}");
        assert_eq!(world.session.all_secrets().len(), items, "round {round}");
    }
    assert!(interrupted > 0, "no kill fell into a move");
}
