//! Looks at the command lines and environments of a session's processes all the time, as anybody else on the
//! computer could look at the command lines.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::environment::MARK;
use crate::session::DesktopSession;

/// A process just forked still has its parent's environment, so that a look may take it for a stranger. For so long it
/// is looked at each time; and ever after it is looked at once in so long, because it may stand still before it becomes
/// what it is to be.
const NEW_FOR: Duration = Duration::from_millis(500);

/// Between two looks. A look costs some tenths of a millisecond; without a pause it would take a core from the tests.
const PAUSE: Duration = Duration::from_millis(1);

/// What was seen so far. The looking ends when this is dropped.
///
/// A process that lives for less than a millisecond may go unseen; what is to be proved is run often.
#[derive(Debug)]
pub struct ArgvWatch {
    seen: Arc<Mutex<Seen>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Seen {
    command_lines: BTreeSet<String>,
    environments: BTreeSet<String>,
}

impl ArgvWatch {
    /// Begins to look at the processes of this session.
    pub fn start(session: &DesktopSession) -> Self {
        let mark = format!("{MARK}={}", session.root().display());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let (seen, stop) = (Arc::clone(&seen), Arc::clone(&stop));
            thread::spawn(move || look(&mark, &seen, &stop))
        };
        Self {
            seen,
            stop,
            thread: Some(thread),
        }
    }

    /// Every command line seen, its arguments parted by blanks.
    pub fn command_lines(&self) -> Vec<String> {
        self.seen
            .lock()
            .expect("nobody panics holding it")
            .command_lines
            .iter()
            .cloned()
            .collect()
    }

    /// Every environment seen, its variables parted by line ends.
    pub fn environments(&self) -> Vec<String> {
        self.seen
            .lock()
            .expect("nobody panics holding it")
            .environments
            .iter()
            .cloned()
            .collect()
    }

    /// What was seen with this text in it.
    pub fn with(&self, text: &str) -> Vec<String> {
        let mut all = self.command_lines();
        all.extend(self.environments());
        all.retain(|one| one.contains(text));
        all
    }
}

impl Drop for ArgvWatch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic in there has been shown already, and panicking in `drop` would hide it.
            let _ = thread.join();
        }
    }
}

/// What is known of a process.
enum Known {
    /// Of this session: look at its command line each time, since it may become another program.
    Ours,
    /// Not of this session, as far as can be told.
    Stranger { met: Instant, looked: Instant },
}

fn look(mark: &str, seen: &Mutex<Seen>, stop: &AtomicBool) {
    let mut known: HashMap<u32, Known> = HashMap::new();
    let own = std::process::id();
    while !stop.load(Ordering::Relaxed) {
        let mut alive = HashMap::new();
        for entry in fs::read_dir("/proc").expect("there is /proc").flatten() {
            let pid = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok());
            let Some(pid) = pid.filter(|pid| *pid != own) else {
                continue;
            };
            let state = match known.remove(&pid) {
                Some(Known::Ours) => Known::Ours,
                Some(Known::Stranger { met, looked })
                    if met.elapsed() > NEW_FOR && looked.elapsed() < NEW_FOR =>
                {
                    Known::Stranger { met, looked }
                }
                earlier => meet(&entry.path(), mark, seen, earlier),
            };
            if let (Known::Ours, Ok(line)) = (&state, fs::read(entry.path().join("cmdline")))
                && !line.is_empty()
            {
                let line = readable(&line, " ");
                seen.lock()
                    .expect("nobody panics holding it")
                    .command_lines
                    .insert(line);
            }
            alive.insert(pid, state);
        }
        known = alive;
        thread::sleep(PAUSE);
    }
}

fn meet(process: &Path, mark: &str, seen: &Mutex<Seen>, earlier: Option<Known>) -> Known {
    let looked = Instant::now();
    let environment = fs::read(process.join("environ")).unwrap_or_default();
    if environment
        .split(|byte| *byte == 0)
        .any(|variable| variable == mark.as_bytes())
    {
        let environment = readable(&environment, "\n");
        seen.lock()
            .expect("nobody panics holding it")
            .environments
            .insert(environment);
        return Known::Ours;
    }
    let met = match earlier {
        Some(Known::Stranger { met, .. }) => met,
        _ => looked,
    };
    Known::Stranger { met, looked }
}

fn readable(bytes: &[u8], between: &str) -> String {
    String::from_utf8_lossy(bytes)
        .trim_end_matches('\0')
        .replace('\0', between)
}
