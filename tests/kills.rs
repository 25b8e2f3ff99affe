//! Real processes are killed at random instants of real renewals, several at once, thousands of times. Afterwards a
//! valid token is there without a new sign-in, unless the kill fell between the server's answer and its arrival on our
//! disk: no client can keep what it was not given. That is said in its own words, and rare.

use std::collections::{BTreeSet, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use keyfob_tests::PATIENCE;
use keyfob_tests::chance::{Chance, seed};
use keyfob_tests::home::files_with;
use keyfob_tests::keyring::KeyringDaemon;
use keyfob_tests::process::eventually;
use keyfob_tests::{Custody, Interactive, Output};

/// Each is signed in to by itself, and all are worked on at the same time.
const ACCOUNTS: usize = 4;

/// How often the server has to be asked before the test is over.
const REFRESHES: u64 = 2_000;

/// After so many rounds of an account its activity is read, before older entries make room for newer ones.
const READ_AFTER: u64 = 40;

/// What is counted over all accounts.
#[derive(Default)]
struct Tally {
    rounds: AtomicU64,
    kills: AtomicU64,
    cut_offs: AtomicU64,
    /// Every entry of the activity, as its text.
    activity: Mutex<BTreeSet<String>>,
    /// The keychain's daemons that came after the first.
    daemons: Mutex<Vec<KeyringDaemon>>,
}

impl Tally {
    fn restarts(&self) -> usize {
        self.daemons.lock().unwrap().len()
    }

    fn read_activity(&self, custody: &Custody) {
        let entries = custody.activity();
        let mut all = self.activity.lock().unwrap();
        all.extend(entries.iter().map(ToString::to_string));
    }

    fn happened(&self, what: &str) -> Vec<serde_json::Value> {
        let all = self.activity.lock().unwrap();
        let entries = all
            .iter()
            .map(|text| serde_json::from_str::<serde_json::Value>(text).unwrap());
        entries.filter(|entry| entry["what"] == what).collect()
    }
}

/// One account, over and over.
struct Victim<'a> {
    custody: &'a Custody,
    tally: &'a Tally,
    label: String,
    chance: Chance,
    /// What it takes to renew at the moment, which depends on what else this computer does.
    span: Duration,
    current: String,
    earlier: HashSet<String>,
    /// How often the keychain had been started again when the last round was over.
    restarts: usize,
}

impl Victim<'_> {
    /// A process that has to renew, because the server is said to have refused the current token.
    fn renewing(&self) -> Interactive {
        let arguments = ["token", &self.label, "--refused"];
        let mut call = self.custody.keyfob(&arguments).spawn();
        call.type_line(&self.current);
        call.close_input();
        call
    }

    /// GNOME's daemon itself ends now and then when clients come or go at the wrong moment. A desktop starts it again,
    /// and so does this. False where it runs, and did so since `restarts`.
    fn keychain_is_back(&self, restarts: usize) -> bool {
        let mut daemons = self.tally.daemons.lock().unwrap();
        if daemons.len() > restarts {
            return true;
        }
        let gone = || !self.custody.session.has_secret_service();
        let gone = eventually(PATIENCE, gone);
        if gone {
            daemons.push(KeyringDaemon::unlocked(self.custody.session.environment()));
        }
        gone
    }

    /// Whether it is no failure of ours that this came to nothing, and it can be tried again until `end`.
    fn is_excused(&self, output: &Output, restarts: usize, end: Instant) -> bool {
        match was_slow(output) {
            true => Instant::now() < end,
            false => keychain_was_away(output) && self.keychain_is_back(restarts),
        }
    }

    /// Does something that only a keychain that is away or slow may keep from being done.
    fn until_done(&self, work: impl Fn(&Custody, &str) -> Output) -> Output {
        let end = Instant::now() + PATIENCE;
        loop {
            let restarts = self.tally.restarts();
            let output = work(self.custody, &self.label);
            if !self.is_excused(&output, restarts, end) {
                return output.expect_code(0);
            }
        }
    }

    /// Several renew at once and are killed; then somebody asks in peace. Gives what went wrong.
    fn round(&mut self) -> Result<(), String> {
        let count = 2 + self.chance.number() % 2;
        let begun = Instant::now();
        let mut victims: Vec<(Duration, Interactive)> = (0..count)
            .map(|_| {
                let victim = self.renewing();
                (begun.elapsed() + self.chance.instant(self.span), victim)
            })
            .collect();
        victims.sort_by_key(|(instant, _)| *instant);
        let mut ends = Vec::new();
        for (instant, victim) in victims {
            thread::sleep(instant.saturating_sub(begun.elapsed()));
            ends.push(victim.cut_short());
        }
        let killed = ends.iter().filter(|end| end.code.is_none()).count();
        self.tally.kills.fetch_add(killed as u64, Ordering::Relaxed);

        let asked = Instant::now();
        let restarts = self.tally.restarts();
        let mut last = self.renewing().wait(PATIENCE);
        while self.is_excused(&last, restarts, asked + PATIENCE) {
            ends.push(last);
            last = self.renewing().wait(PATIENCE);
        }
        let was_away = self.tally.restarts() > self.restarts;
        self.restarts = self.tally.restarts();
        // Standing still for once is not what it takes.
        let took = asked.elapsed().min(self.span * 4);
        self.span = (self.span * 7 + took * 6 / 5) / 8;
        let wrong = |why: &str| Err(format!("{why}\nkilled: {ends:#?}\nafterwards: {last:#?}"));
        let given = ends.iter().filter(|end| end.code == Some(0));
        let excused = |end: &Output| was_slow(end) || (was_away && keychain_was_away(end));
        match last.code {
            Some(0) => {
                let token = last.stdout.trim().to_owned();
                if !last.stderr.is_empty() {
                    return wrong("something is said beside a good token");
                }
                if self.custody.api_says(&token) != 200 || !self.earlier.insert(token.clone()) {
                    return wrong("the token is not valid, or not new");
                }
                if given
                    .map(|end| end.stdout.trim())
                    .any(|other| other != token)
                {
                    return wrong("another token was given before");
                }
                if !ends
                    .iter()
                    .all(|end| matches!(end.code, None | Some(0)) || excused(end))
                {
                    return wrong("it failed before");
                }
                self.current = token;
            }
            Some(3) if is_cut_off(&last) => {
                let others = |end: &Output| end.code.is_none() || is_cut_off(end) || excused(end);
                if !ends.iter().all(others) || killed == 0 {
                    return wrong("it was cut off, but not by a kill");
                }
                self.tally.cut_offs.fetch_add(1, Ordering::Relaxed);
                self.until_done(|custody, label| custody.try_to_sign_in_again(label));
                let token = self.until_done(|custody, label| custody.run(&["token", label]));
                self.current = token.stdout.trim().to_owned();
            }
            _ => return wrong("there is no token afterwards"),
        }
        Ok(())
    }
}

/// The keychain did not answer, or did not take the renewed token.
fn keychain_was_away(output: &Output) -> bool {
    let kept = output.stderr.contains("kept safe meanwhile");
    output.code == Some(4) || (output.code == Some(0) && kept)
}

/// The keychain was there, and only took its time.
fn was_slow(output: &Output) -> bool {
    keychain_was_away(output) && output.stderr.contains("did not answer in time")
}

fn is_cut_off(output: &Output) -> bool {
    output.code == Some(3)
        && output.stdout.is_empty()
        && output.stderr.contains("ended without a new token")
}

#[test]
fn thousands_of_kills_lose_nothing_that_could_be_kept() {
    let seed = seed();
    println!("seed {seed} (KEYFOB_KILL_SEED chooses another one)");
    let begun = Instant::now();
    let custody = Custody::start();
    // It is told from a loss only where it is seen.
    custody.session.never_restart_keyring();
    let tally = Tally::default();
    let labels: Vec<String> = (0..ACCOUNTS)
        .map(|number| format!("Account {number}"))
        .collect();
    labels.iter().for_each(|label| custody.sign_in(label));
    thread::scope(|scope| {
        for (label, number) in labels.iter().zip(0..) {
            let mut victim = Victim {
                custody: &custody,
                tally: &tally,
                label: label.clone(),
                chance: Chance::new(seed.wrapping_add(number << 32)),
                span: Duration::from_millis(100),
                current: custody.token(label),
                earlier: HashSet::new(),
                restarts: 0,
            };
            scope.spawn(move || {
                for round in 1.. {
                    if let Err(why) = victim.round() {
                        panic!("{} in round {round} with seed {seed}: {why}", victim.label);
                    }
                    victim.tally.rounds.fetch_add(1, Ordering::Relaxed);
                    if victim.chance.number().is_multiple_of(64) {
                        println!("{} refreshes", victim.custody.mock.count("refreshes"));
                    }
                    if round % READ_AFTER == 0 {
                        victim.tally.read_activity(victim.custody);
                    }
                    if victim.custody.mock.count("refreshes") >= REFRESHES {
                        break;
                    }
                }
            });
        }
    });
    tally.read_activity(&custody);
    judge(&custody, &tally, begun.elapsed());
    // A kill in the middle of writing a file leaves the beginning of one under a name of its own.
    let mut left = custody.left_by_renewals();
    left.retain(|name| !name.starts_with(".keyfob-"));
    assert!(left.is_empty(), "{left:?}");
    let files = custody.home.snapshot();
    assert!(
        files_with(&files, "sk-ant-").is_empty(),
        "a token lies on disk"
    );
    assert_eq!(custody.session.all_secrets().len(), ACCOUNTS);
}

/// Tells the figures, and whether they are good.
fn judge(custody: &Custody, tally: &Tally, took: Duration) {
    let counters = custody.mock.counters();
    let count = |name: &str| counters[name].as_u64().unwrap();
    let [rounds, kills, cut_offs] =
        [&tally.rounds, &tally.kills, &tally.cut_offs].map(|count| count.load(Ordering::Relaxed));
    let recovered = tally.happened("recovered").len() as u64;
    let mut exposed: Vec<u64> = tally
        .happened("renewed")
        .iter()
        .map(|entry| entry["exposed_us"].as_u64().expect("each is measured"))
        .collect();
    exposed.sort_unstable();
    let at = |part: f64| exposed[((exposed.len() - 1) as f64 * part) as usize];
    println!(
        "{} refreshes ({} answered), {kills} kills in {rounds} rounds, {cut_offs} cut off, {recovered} recovered, in {:.0} s; the keychain's daemon broke down {} times",
        count("refreshes"),
        count("refreshes_ok"),
        took.as_secs_f64(),
        tally.restarts(),
    );
    println!(
        "from the answer to the disk, of {} measured: median {} µs, 99 % {} µs, most {} µs",
        exposed.len(),
        at(0.5),
        at(0.99),
        at(1.0),
    );
    assert!(count("refreshes") >= REFRESHES);
    assert!(kills >= REFRESHES, "most were not killed");
    assert!(recovered > 0, "no kill fell between disk and keychain");
    assert_eq!(count("families_revoked"), cut_offs);
    assert!(
        count("refresh_reuse") >= cut_offs,
        "each was found out at the server"
    );
    assert!(cut_offs * 20 < count("refreshes"), "too many were lost");
}
