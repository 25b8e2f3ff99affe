//! When each connected tool asked last, and what it got then: small files, so that a thousand that ask at once wait for
//! no lock. What could not be noted is as if it had never happened.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};

use super::connections::ConnectionId;
use crate::files;

/// Notes that a tool asked just now.
pub(crate) fn note(folder: &Path, id: &ConnectionId, now: Timestamp) -> io::Result<()> {
    let path = folder.join(id.as_str());
    let file = files::open_to_touch(&path)?;
    file.set_modified(SystemTime::from(now))
}

/// When a tool asked last; none if it never did.
pub(crate) fn last(folder: &Path, id: &ConnectionId) -> Option<Timestamp> {
    let written = folder.join(id.as_str()).metadata().ok()?.modified().ok()?;
    Timestamp::try_from(written).ok()
}

/// What a tool was given last, by its fingerprint, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) fingerprint: String,
    pub(crate) at: Timestamp,
    /// When it was given the same the time before.
    pub(crate) before: Option<Timestamp>,
}

/// Notes what a tool is given. Every note is as long as every other and written at once, so that of two at the same
/// moment one stays.
pub(crate) fn note_given(folder: &Path, id: &ConnectionId, given: &Given) -> io::Result<()> {
    let before = given.before.map_or(0, Timestamp::as_microsecond);
    let at = given.at.as_microsecond();
    let note = format!("{} {at:020} {before:020}\n", given.fingerprint);
    files::open_to_note(&named(folder, id, "given"))?.write_all(note.as_bytes())
}

/// What a tool was given last.
pub(crate) fn last_given(folder: &Path, id: &ConnectionId) -> Option<Given> {
    let mut note = String::new();
    let file = File::open(named(folder, id, "given")).ok()?;
    file.take(256).read_to_string(&mut note).ok()?;
    let mut words = note.split_whitespace();
    let fingerprint = words.next()?.to_owned();
    let mut time = || words.next()?.parse::<i64>().ok();
    let (at, before) = (time()?, time()?);
    Some(Given {
        fingerprint,
        at: Timestamp::from_microsecond(at).ok()?,
        before: (before != 0)
            .then(|| Timestamp::from_microsecond(before).ok())
            .flatten(),
    })
}

/// Notes of a credential, by its fingerprint, what became of a suspicion.
pub(crate) fn note_of(
    folder: &Path,
    id: &ConnectionId,
    what: &str,
    fingerprint: &str,
) -> io::Result<()> {
    files::open_to_note(&named(folder, id, what))?.write_all(fingerprint.as_bytes())
}

/// Whether that was noted of this one last.
pub(crate) fn is_noted_of(folder: &Path, id: &ConnectionId, what: &str, fingerprint: &str) -> bool {
    let mut note = String::new();
    let file = File::open(named(folder, id, what));
    let read = file.and_then(|file| file.take(256).read_to_string(&mut note));
    read.is_ok() && note == fingerprint
}

/// Whether it is one's turn to do what is done only `every` so often, whoever else wants to do it at the same moment.
pub(crate) fn is_turn(
    folder: &Path,
    id: &ConnectionId,
    what: &str,
    every: SignedDuration,
    now: Timestamp,
) -> bool {
    let taken = || -> io::Result<bool> {
        let mut file = files::open_to_note(&named(folder, id, what))?;
        if file.try_lock().is_err() {
            return Ok(false);
        }
        let found = file.metadata()?;
        let before = Timestamp::try_from(found.modified()?).map_err(io::Error::other)?;
        // A turn in the future is of a clock that was wrong.
        let rests = now.duration_since(before);
        if found.len() > 0 && (SignedDuration::ZERO..every).contains(&rests) {
            return Ok(false);
        }
        file.write_all(b".")?;
        file.set_modified(SystemTime::from(now))?;
        Ok(true)
    };
    taken().unwrap_or(false)
}

/// Forgets it.
pub(crate) fn forget(folder: &Path, id: &ConnectionId) {
    let _ = files::remove(&folder.join(id.as_str()));
    for what in ["given", "doubted", "unanswered", "renewed", "told"] {
        let _ = files::remove(&named(folder, id, what));
    }
}

fn named(folder: &Path, id: &ConnectionId, what: &str) -> PathBuf {
    folder.join(format!("{id}.{what}"))
}

#[cfg(test)]
mod tests {
    use super::super::connections::Recipient;
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn of_many_one_has_a_turn() {
        let folder = tempfile::tempdir().unwrap();
        let id = ConnectionId::new(Recipient::ClaudeCode, [1; 32]);
        let every = SignedDuration::from_secs(5);
        let turn = |second| is_turn(folder.path(), &id, "doubted", every, at(second));
        let many = std::thread::scope(|scope| {
            let all: Vec<_> = (0..32).map(|_| scope.spawn(|| turn(0))).collect();
            all.into_iter()
                .map(|one| one.join().unwrap())
                .collect::<Vec<_>>()
        });
        assert_eq!(many.into_iter().filter(|turn| *turn).count(), 1);
        assert!(!turn(4) && turn(5) && !turn(9));
        // A clock that was ahead does not keep everybody from it.
        assert!(turn(-1_000));
    }

    #[test]
    fn what_was_given_last_is_known_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let id = ConnectionId::new(Recipient::ClaudeCode, [1; 32]);
        assert_eq!(last_given(folder.path(), &id), None);
        for fingerprint in ["0011223344556677", "8899aabbccddeeff"] {
            let given = Given {
                fingerprint: fingerprint.to_owned(),
                at: at(7),
                before: (fingerprint.starts_with('8')).then(|| at(3)),
            };
            note_given(folder.path(), &id, &given).unwrap();
            assert_eq!(last_given(folder.path(), &id), Some(given));
            assert!(!is_noted_of(folder.path(), &id, "renewed", fingerprint));
            note_of(folder.path(), &id, "renewed", fingerprint).unwrap();
            assert!(is_noted_of(folder.path(), &id, "renewed", fingerprint));
        }
        forget(folder.path(), &id);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
