//! How long Keyfob waits for others.

use std::time::Duration;

/// How long Keyfob waits for others before it goes on without them. The default is for people; tests cannot wait
/// that long ten thousand times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For a keychain that answers by itself. A person at its dialog has longer.
    pub store: Duration,
    /// For whoever else is at work on the same account.
    pub lock: Duration,
    /// For a server, from the first packet to the last.
    pub server: Duration,
    /// For a server that is asked whether it refuses a credential, while the tool that got it waits.
    pub doubt: Duration,
    /// For a new token while a tool waits and the old one still serves.
    pub early: Duration,
    /// Before a keychain that did not take a renewed token is tried again; later pauses are multiples of it.
    pub pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            store: Duration::from_secs(5),
            lock: Duration::from_secs(30),
            server: Duration::from_secs(30),
            doubt: Duration::from_secs(2),
            early: Duration::from_secs(3),
            pause: Duration::from_millis(250),
        }
    }
}
