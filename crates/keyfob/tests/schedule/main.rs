//! Thousands of random steps over clock, servers, store, people and programs that are stopped, and after each the
//! promises of custody are held against the ledgers of the servers.
//!
//! A schedule is the same for the same seed; how threads take turns in it is not. `KEYFOB_SEED=… cargo test -p keyfob
//! --test schedule` plays one again, and `KEYFOB_STEPS` says how long.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
#![allow(
    clippy::print_stdout,
    reason = "how much was done is part of what a schedule proves"
)]

mod checks;
mod faults;
mod random;
mod steps;
mod store;
mod world;

use std::panic::AssertUnwindSafe;

use crate::steps::Schedule;

/// The schedules of every run, played beside each other. Most of them once found something.
const SEEDS: [u64; 6] = [1, 4, 339_415_545, 37_323_749, 670_451_243, 20_261_121];

/// How long each is.
const STEPS: u64 = 1_700;

#[test]
fn nothing_is_lost_in_ten_thousand_steps() {
    let steps = number_from("KEYFOB_STEPS").unwrap_or(STEPS);
    let seeds: Vec<u64> = match number_from("KEYFOB_SEED") {
        Some(seed) => vec![seed],
        None => SEEDS.to_vec(),
    };
    let players: Vec<_> = seeds
        .iter()
        .map(|&seed| std::thread::spawn(move || play(seed, steps)))
        .collect();
    let failed: Vec<_> = players
        .into_iter()
        .filter_map(|player| player.join().unwrap().err())
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Plays one schedule to its end; the error names the seed and the last steps.
fn play(seed: u64, steps: u64) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut told = Vec::new();
    let played = std::panic::catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let mut schedule = Schedule::new(seed).await;
            for _ in 0..steps {
                schedule.step(&mut told).await;
            }
            schedule.end();
        });
    }));
    played.map_err(|panic| {
        let why = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()))
            .unwrap_or_default();
        let last: Vec<String> = told.iter().rev().take(12).rev().cloned().collect();
        format!(
            "KEYFOB_SEED={seed}, step {}: {why}\n  {}",
            told.len(),
            last.join("\n  ")
        )
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a schedule that failed is played again by naming its seed"
)]
fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
