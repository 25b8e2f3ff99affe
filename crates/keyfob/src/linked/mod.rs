//! Sessions that other programs own. Everything here only reads, and of secrets it takes nothing but that they are
//! there.
//!
//! Both programs write JSON that this one does not own, so nothing in it is relied upon: what has another type than
//! expected counts as not being there, and only what is no JSON at all counts as damaged.

pub(crate) mod anthropic_profile;
pub(crate) mod claude_code;
pub(crate) mod environment;
mod lenient;
pub(crate) mod program;
pub(crate) mod spoken;

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::account::{Identity, Payer, Seen, SeenSession};
use crate::files;

/// The most that is read of a file with credentials.
const LONGEST_CREDENTIALS: usize = 1024 * 1024;

/// The most that is read of Claude Code's own list of everything, which grows with use.
const LONGEST_STATE: usize = 16 * 1024 * 1024;

/// How long one waits before a file that makes no sense is read again: it may have been in the middle of being written.
const PAUSE: Duration = Duration::from_millis(20);

/// What was learned by looking at a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Looked {
    /// How the session stands.
    pub(crate) seen: Seen,
    /// Whose it is, as far as its owner wrote it down.
    pub(crate) identity: Identity,
    /// Who is billed for it.
    pub(crate) payer: Payer,
}

impl Looked {
    fn nothing(what: SeenSession, payer: Payer, now: Timestamp) -> Self {
        Self {
            seen: Seen { at: now, what },
            identity: Identity::default(),
            payer,
        }
    }
}

/// What one file of another program says.
enum Read<T> {
    There(T),
    Missing,
    /// It is there, and nothing can be learned from it: why, and the technical remainder.
    Unreadable(&'static str, String),
}

/// Reads a file of another program, and nothing is ever written there.
fn read<T: DeserializeOwned>(path: &Path, most: usize) -> Read<T> {
    match read_once(path, most) {
        Read::Unreadable(..) => {
            std::thread::sleep(PAUSE);
            read_once(path, most)
        }
        read => read,
    }
}

fn read_once<T: DeserializeOwned>(path: &Path, most: usize) -> Read<T> {
    let file = match files::read_up_to(path, most) {
        Ok(Some(file)) => file,
        Ok(None) => return Read::Missing,
        Err(error) => {
            let why = match error.kind() {
                std::io::ErrorKind::PermissionDenied => "may not be read by you",
                std::io::ErrorKind::FileTooLarge => "is far longer than it should be",
                // A file in place of a folder on the way: nothing can lie there.
                std::io::ErrorKind::NotADirectory => return Read::Missing,
                _ => "cannot be read",
            };
            return Read::Unreadable(why, error.to_string());
        }
    };
    parse(&file.bytes)
}

/// Reads JSON as other programs leave it behind: perhaps with a byte order mark.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Read<T> {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match serde_json::from_slice(text) {
        Ok(parsed) => Read::There(parsed),
        Err(error) => {
            // The library's own words may repeat a value.
            let place = format!("line {}, column {}", error.line(), error.column());
            Read::Unreadable("is damaged", place)
        }
    }
}

fn unreadable(path: &Path, why: &str, detail: String) -> SeenSession {
    SeenSession::NotReadable {
        reason: format!("{} {why}.", path.display()),
        detail: Some(detail),
    }
}
