//! What a program writes, while it writes it.

use std::io::{ErrorKind, Read};
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::process::PATIENCE;

/// Processes that a program started and left behind may hold its output open; nobody waits for those longer.
const LEFT_OPEN: Duration = Duration::from_secs(5);

/// How often is noted that nothing more has come.
const STEP: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 500_000_000,
};

/// The output of a program. All of it is read as it comes, so that the program never blocks on a full pipe.
#[derive(Debug)]
pub struct Lines {
    written: Arc<Written>,
    /// Up to where lines were given out.
    read: usize,
}

#[derive(Debug, Default)]
struct Written {
    text: Mutex<Text>,
    more: Condvar,
}

#[derive(Debug, Default)]
struct Text {
    bytes: Vec<u8>,
    ended: bool,
    /// All that was written up to then is in `bytes`.
    whole_at: Option<Instant>,
}

impl Lines {
    /// Reads on a thread of its own until the output ends.
    pub fn of(mut output: impl Read + AsFd + Send + 'static) -> Self {
        let written = Arc::new(Written::default());
        let writer = Arc::clone(&written);
        thread::spawn(move || {
            let mut piece = [0; 8192];
            loop {
                let looked = Instant::now();
                if !has_more(&output) {
                    writer.lock().whole_at = Some(looked);
                    writer.more.notify_all();
                    continue;
                }
                let count = match output.read(&mut piece) {
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    read => read.unwrap_or(0),
                };
                let mut text = writer.lock();
                text.bytes.extend_from_slice(&piece[..count]);
                text.ended = count == 0;
                writer.more.notify_all();
                if text.ended {
                    return;
                }
            }
        });
        Self { written, read: 0 }
    }

    /// The next line without its end, `None` at the end of the output. The test ends where none comes in time.
    #[track_caller]
    pub fn next_within(&mut self, limit: Duration) -> Option<String> {
        let end = Instant::now() + limit;
        let mut text = self.written.lock();
        loop {
            let new = &text.bytes[self.read..];
            let length = new.iter().position(|byte| *byte == b'\n');
            if length.is_none() && text.ended && new.is_empty() {
                return None;
            }
            if length.is_some() || text.ended {
                let length = length.unwrap_or(new.len());
                let line = String::from_utf8_lossy(&new[..length]).into_owned();
                self.read = (self.read + length + 1).min(text.bytes.len());
                return Some(line);
            }
            assert!(
                Instant::now() < end,
                "no line came within {limit:?}; all that came was:\n{}",
                String::from_utf8_lossy(&text.bytes)
            );
            text = self.written.wait(text, end);
        }
    }

    /// All lines up to one that satisfies, itself included. The test ends where it does not come in time.
    #[track_caller]
    pub fn until(&mut self, limit: Duration, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let end = Instant::now() + limit;
        let mut seen = Vec::new();
        while let Some(line) = self.next_within(end.saturating_duration_since(Instant::now())) {
            let found = wanted(&line);
            seen.push(line);
            if found {
                return seen;
            }
        }
        panic!(
            "the output ended without the awaited line:\n{}",
            seen.join("\n")
        );
    }

    /// All that was written so far, read as lines or not.
    pub fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.written.lock().bytes).into_owned()
    }

    /// All that was written up to the end, by a program that has ended. What it wrote itself is never cut off, however
    /// slowly it is read here.
    pub fn to_the_end(&self) -> String {
        let begun = Instant::now();
        let (soon, late) = (begun + LEFT_OPEN, begun + PATIENCE);
        let mut text = self.written.lock();
        while !text.ended {
            let now = Instant::now();
            let is_whole = text.whole_at.is_some_and(|at| at >= begun);
            if (is_whole && now >= soon) || now >= late {
                break;
            }
            text = self.written.wait(text, late);
        }
        String::from_utf8_lossy(&text.bytes).into_owned()
    }
}

/// Whether there is something to read, if only the end; false where nothing came for a moment.
fn has_more(output: &impl AsFd) -> bool {
    // Whatever is wrong with it, reading tells.
    poll(&mut [PollFd::new(output, PollFlags::IN)], Some(&STEP)) != Ok(0)
}

impl Written {
    fn lock(&self) -> MutexGuard<'_, Text> {
        self.text.lock().expect("nobody panics while writing")
    }

    fn wait<'a>(&self, text: MutexGuard<'a, Text>, end: Instant) -> MutexGuard<'a, Text> {
        let left = end.saturating_duration_since(Instant::now());
        let woken = self.more.wait_timeout(text, left);
        woken.expect("nobody panics while writing").0
    }
}
