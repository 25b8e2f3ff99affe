//! Measuring other programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

pub(crate) fn wall(command: &mut Command) -> f64 {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    assert!(command.status().unwrap().success());
    start.elapsed().as_secs_f64()
}

/// The most memory that a short program had, looked up as often as can be while it runs.
pub(crate) fn peak(command: &mut Command) -> f64 {
    let mut highest = 0.0;
    for _ in 0..10 {
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let status = format!("/proc/{}/status", child.id());
        while child.try_wait().unwrap().is_none() {
            highest = f64::max(highest, kib(&status, "VmHWM:") / 1024.0);
        }
    }
    highest
}

pub(crate) fn kib(path: &str, field: &str) -> f64 {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0.0)
}

pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A program of the same build.
pub(crate) fn beside(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let path = own.parent().unwrap_or(Path::new(".")).join(name);
    assert!(
        path.is_file(),
        "{} is not built; run `cargo xtask bench`",
        path.display()
    );
    path
}
