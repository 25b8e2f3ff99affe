//! Connecting, exporting and taking back are killed at random instants. Nothing is ever handed over that is not
//! listed, and taking back leaves every file of other programs as it was, byte for byte, with no copy beside it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use keyfob_tests::chance::{Chance, seed};
use keyfob_tests::home::{files_under, files_with};
use keyfob_tests::{Custody, Interactive, Output, PATIENCE, eventually, tools};
use serde_json::Value;

/// How often each way is killed.
const ROUNDS: usize = 24;

/// About how long it writes, on a busy disk.
const WRITING: Duration = Duration::from_millis(20);

/// What lies in the key, and so in every copy of it.
const KEY: &str = "sk-ant-api03-PLANTED7Q-kills-1111";

const SETTINGS: &str = "{\n  // ours\n  \"model\": \"opus\",\n  \"env\": { \"A\": \"1\" },\n}\n";

/// The ways of handing over that write files.
const WAYS: &[&[&str]] = &[
    &["connect", "claude-code", "--account", "CI", "--anyway"],
    &[
        "connect",
        "claude-code",
        "--project",
        "project",
        "--account",
        "CI",
        "--anyway",
    ],
    &["connect", "anthropic-sdk", "--account", "Me", "--activate"],
    &["connect", "opencode", "--account", "CI"],
    &["connect", "pi", "--account", "CI"],
    &["connect", "git", "--account", "Me"],
    &["export", "CI", "--format", "dotenv", "--to", "handed.env"],
    &[
        "export",
        "CI",
        "--format",
        "dotenv",
        "--to",
        "handed.env",
        "--replace",
    ],
    &[
        "export",
        "Me",
        "--format",
        "anthropic-profile",
        "--to",
        "mounted",
        "--replace",
    ],
];

struct World(Custody);

impl World {
    fn new() -> Self {
        let mut world = Self(Custody::start());
        tools::install(&mut world.0.session, &["opencode", "pi"]);
        world.0.long_access_ttl();
        world.0.sign_in("Me");
        let add = ["add-key", "--no-verify", "--label", "CI"];
        world.0.keyfob(&add).stdin(KEY).run().expect_code(0);
        for (path, text) in [
            ("home/.claude/settings.json", SETTINGS),
            ("home/project/.claude/settings.local.json", SETTINGS),
            ("config/opencode/opencode.json", SETTINGS),
            ("home/.pi/agent/models.json", "{\n\t\"providers\": {}\n}"),
            ("home/.gitconfig", "[user]\n\tname = Somebody\n"),
        ] {
            let path = world.0.session.root().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        world
    }

    /// Every file of other programs. A backup of one is no change of it.
    fn theirs(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let folders = ["home", "config"].map(|folder| {
            let files = files_under(&self.0.session.root().join(folder));
            files
                .into_iter()
                .map(move |(path, bytes)| (Path::new(folder).join(path), bytes))
        });
        let all = folders.into_iter().flatten();
        all.filter(|(path, _)| !path.to_string_lossy().contains(".keyfob-2"))
            .collect()
    }

    /// The copies that a killed program has left, which it had not renamed yet.
    fn unfinished(&self) -> Vec<PathBuf> {
        let all = files_under(self.0.session.root()).into_keys();
        all.filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            // The next version of a file of Keyfob's own is written over by the one after it, and holds no secret.
            let own = self
                .0
                .home
                .path()
                .strip_prefix(self.0.session.root())
                .unwrap();
            let is_next = name.starts_with('.') && name.ends_with(".new");
            let is_copy = is_next && path.parent() != Some(own);
            (name.starts_with(".keyfob-") || is_copy) && !path.starts_with("run")
        })
        .map(|path| self.0.session.root().join(path))
        .collect()
    }

    fn listed(&self) -> Vec<Value> {
        let listed = self.0.run(&["connections", "--json"]).expect_code(0);
        serde_json::from_str(&listed.stdout).unwrap()
    }

    /// What is replaced lies there, and is another text.
    fn make_ready(&self, way: &[&str]) {
        if way.contains(&"--replace") {
            let first = way.iter().filter(|word| **word != "--replace");
            let first: Vec<_> = first
                .map(|word| {
                    if *word == "dotenv" {
                        "docker-secret"
                    } else {
                        word
                    }
                })
                .collect();
            self.in_peace(&first);
        }
    }

    /// What it takes in peace.
    fn in_peace(&self, arguments: &[&str]) -> Duration {
        let begun = Instant::now();
        self.0.run(arguments).expect_code(0);
        begun.elapsed()
    }

    /// Starts it, and kills it somewhere in so long a life.
    fn killed(&self, arguments: &[&str], chance: &mut Chance, span: Duration) -> Output {
        let call = self.0.keyfob(arguments).spawn();
        thread::sleep(span.mul_f64(chance.part()));
        self.cut_short(call)
    }

    /// Kills it at this instant. What it had started by then, such as git, still comes to its end.
    fn cut_short(&self, call: Interactive) -> Output {
        let output = call.cut_short();
        for name in ["git", "keyfob"] {
            let ended = || self.0.session.processes_called(name).is_empty();
            assert!(eventually(PATIENCE, ended), "{name} goes on and on");
        }
        output
    }

    /// Starts it, and kills it when it has begun to write, or soon after.
    fn killed_while_it_writes(&self, arguments: &[&str], chance: &mut Chance) -> Output {
        let list = self.0.home.file("connections.json");
        let before = fs::read(&list).unwrap_or_default();
        let mut call = self.0.keyfob(arguments).spawn();
        while fs::read(&list).unwrap_or_default() == before && call.is_running() {
            thread::sleep(Duration::from_micros(200));
        }
        thread::sleep(chance.instant(WRITING));
        self.cut_short(call)
    }

    /// What holds the key, but for the keychain.
    fn with_key(&self) -> Vec<PathBuf> {
        let files = files_under(self.0.session.root());
        let paths = files_with(&files, "PLANTED7Q").into_iter();
        let paths = paths.filter(|path| !path.starts_with("data/keyrings"));
        paths.map(Path::to_owned).collect()
    }
}

#[test]
fn a_kill_leaves_nothing_unlisted_and_nothing_that_is_not_taken_back() {
    let seed = seed();
    println!("seed {seed} (KEYFOB_KILL_SEED chooses another one)");
    let mut chance = Chance::new(seed);
    let world = World::new();
    let before = world.theirs();
    assert!(world.with_key().is_empty());
    let (mut kills, mut halfway, mut unfinished) = (0, 0, 0);
    for way in WAYS {
        world.make_ready(way);
        let making = world.in_peace(way);
        let id = world.listed()[0]["id"].as_str().unwrap().to_owned();
        let undoing = world.in_peace(&["disconnect", &id]);
        for round in 0..ROUNDS {
            world.make_ready(way);
            let made = match round % 4 {
                0 => world.killed(way, &mut chance, making),
                _ => world.killed_while_it_writes(way, &mut chance),
            };
            let now = world.theirs();
            let listed = world.listed();
            let about = format!("{way:?}, round {round}, seed {seed}: {made:#?}\n{listed:#?}");
            if made.code.is_some() {
                made.expect_code(0);
            } else {
                kills += 1;
                halfway += usize::from(!listed.is_empty());
            }
            // What git still wrote after the kill is listed by then.
            assert!(now == before || !listed.is_empty(), "{about}");
            assert!(world.with_key().is_empty() || !listed.is_empty(), "{about}");

            if let Some(one) = listed.first() {
                let id = one["id"].as_str().unwrap();
                let undone = world.killed(&["disconnect", id], &mut chance, undoing);
                kills += usize::from(undone.code.is_none());
                assert!(matches!(undone.code, None | Some(0)), "{undone:#?}");
            }
            unfinished += world.unfinished().len();
            for one in world.listed() {
                let id = one["id"].as_str().unwrap();
                let undone = world.0.run(&["disconnect", id]);
                assert_eq!(undone.code, Some(0), "{about}\n{undone:#?}");
            }
            assert_eq!(world.theirs(), before, "{about}");
            assert!(world.unfinished().is_empty(), "{about}");
            assert!(world.with_key().is_empty(), "{about}");
        }
    }
    println!("{kills} kills, {halfway} after it was listed, {unfinished} with a file unfinished");
    let rounds = ROUNDS * WAYS.len();
    assert!(
        halfway > rounds / 10,
        "hardly any kill fell into the middle"
    );
}

#[test]
fn a_kill_while_a_key_is_replaced_leaves_no_copy_of_the_old_one_without_a_word() {
    let seed = seed();
    println!("seed {seed} (KEYFOB_KILL_SEED chooses another one)");
    let mut chance = Chance::new(seed);
    let world = World::new();
    let before = world.theirs();
    let handed = world.0.session.root().join("handed");
    let export = |replace: &[&str]| {
        let to = handed.to_str().unwrap();
        let format = ["export", "CI", "--format", "docker-secret", "--to", to];
        world.in_peace(&[&format, replace].concat())
    };
    world.in_peace(&["connect", "opencode", "--account", "CI"]);
    export(&[]);
    let copy = || {
        let given = files_under(&world.0.home.file("given"));
        let copies = given
            .into_iter()
            .filter(|(path, _)| !path.to_string_lossy().starts_with('.'));
        let all: Vec<_> = copies
            .map(|(_, bytes)| String::from_utf8(bytes).unwrap())
            .collect();
        assert_eq!(all.len(), 1);
        all.into_iter().next().unwrap()
    };
    let problem = |name: &str| {
        let listed = world.listed();
        let one = listed.iter().find(|one| one["to"] == name);
        one.unwrap()["problem"].as_str().map(str::to_owned)
    };
    let rotate = |key: &str| {
        let arguments = ["rotate-key", "CI", "--no-verify"];
        world.0.keyfob(&arguments).stdin(key)
    };
    let key = |number: usize| format!("sk-ant-api03-PLANTED7Q-kills-{number:04}");
    let begun = Instant::now();
    rotate(&key(9000)).run().expect_code(0);
    let span = begun.elapsed();
    export(&["--replace"]);
    let (mut kills, mut halfway) = (0, 0);
    for round in 0..ROUNDS {
        let next = key(round);
        let mut call = rotate(&next).spawn();
        call.type_line(&next);
        call.close_input();
        let list = world.0.home.file("accounts.json");
        let listed = fs::read(&list).unwrap();
        match round % 4 {
            0 => thread::sleep(span.mul_f64(chance.part())),
            _ => {
                while fs::read(&list).unwrap_or_default() == listed && call.is_running() {
                    thread::sleep(Duration::from_micros(200));
                }
                thread::sleep(chance.instant(WRITING));
            }
        }
        let made = call.cut_short();
        kills += usize::from(made.code.is_none());
        let about = format!(
            "round {round}, seed {seed}: {made:#?}\n{:#?}",
            world.listed()
        );

        // Where the list says that it is the key of before still, the person replaces it once more.
        if !next.ends_with(world.0.status("CI")["last_four"].as_str().unwrap()) {
            rotate(&next).run().expect_code(0);
        } else if copy() != next {
            // Whoever looks in between is not told that all is well.
            halfway += 1;
            assert!(problem("opencode").is_some(), "{about}");
        }
        world.0.run(&["watch", "--once"]).expect_code(0);
        assert_eq!(world.0.token("CI"), next, "{about}");
        assert_eq!(copy(), next, "{about}");
        assert_eq!(problem("opencode"), None, "{about}");
        // Nobody writes what was exported anew, so it is said.
        assert_ne!(fs::read_to_string(&handed).unwrap(), next, "{about}");
        let of_file = problem("file").unwrap_or_default();
        assert!(of_file.contains("Export it again"), "{of_file}: {about}");
        export(&["--replace"]);
        assert_eq!(problem("file"), None, "{about}");
    }
    println!("{kills} kills, {halfway} of them between the list and the copy");
    for one in world.listed() {
        world.in_peace(&["disconnect", one["id"].as_str().unwrap()]);
    }
    assert_eq!(world.theirs(), before);
    assert!(world.unfinished().is_empty());
    assert!(world.with_key().is_empty());
    assert!(halfway > 0, "no kill fell between the list and the copy");
}
