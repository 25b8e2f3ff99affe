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
            name.starts_with(".keyfob-") && !path.starts_with("run")
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
