//! What a program writes, while it writes it.

use std::io::{ErrorKind, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// Processes that a program started and left behind may hold its output open; nobody waits for those longer.
const LEFT_OPEN: Duration = Duration::from_secs(5);

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
}

impl Lines {
    /// Reads on a thread of its own until the output ends.
    pub fn of(mut output: impl Read + Send + 'static) -> Self {
        let written = Arc::new(Written::default());
        let writer = Arc::clone(&written);
        thread::spawn(move || {
            let mut piece = [0; 8192];
            loop {
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

    /// All that is written up to the end.
    pub fn to_the_end(&self) -> String {
        let end = Instant::now() + LEFT_OPEN;
        let mut text = self.written.lock();
        while !text.ended && Instant::now() < end {
            text = self.written.wait(text, end);
        }
        String::from_utf8_lossy(&text.bytes).into_owned()
    }
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
