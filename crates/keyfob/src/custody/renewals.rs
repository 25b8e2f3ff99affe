//! What lies on disk while a token is being renewed, so that a program that is stopped at any instant leaves something
//! that the next one understands: a note of the attempt, and the server's answer, sealed.
//!
//! Neither holds a secret that can be read: the note has a fingerprint of the refresh token, and the key to the sealed
//! answer lies in the secret store, with the tokens that were there before.

use std::fs::{self, File};
use std::io::{self, Seek as _, Write as _};
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::account::AccountId;
use crate::credential::{Credential, OAuthTokens};
use crate::custody::seal::{self, Sealer};
use crate::error::Result;
use crate::files;
use crate::secret::Secret;

/// The room that is kept for an answer: more than any that was met.
const ROOM: usize = 16 * 1024;

/// The folder of all notes. Whoever reads or writes in it holds the account's lock.
pub(crate) struct Renewals {
    folder: PathBuf,
}

/// A renewal that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// Of the refresh token that is being spent.
    pub(crate) fingerprint: String,
    /// When.
    pub(crate) begun_at: Timestamp,
    /// By whom.
    pub(crate) asked_by: String,
}

/// What a renewal that was not ended has left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LeftBehind {
    /// Nothing: none was begun, or it was ended.
    Nothing,
    /// Files that say nothing any more: what was renewed is in the store.
    Over,
    /// The server's answer, which the store does not have yet.
    Answer(OAuthTokens),
    /// A note alone: the server may have answered, and nobody kept it.
    CutOff(Note),
}

impl LeftBehind {
    /// What the files say beside the tokens in the store: the note, the answer where the key in the store opens it,
    /// and whether there is any.
    pub(crate) fn of(
        stored: &OAuthTokens,
        note: Option<Note>,
        answer: Option<OAuthTokens>,
        has_answer: bool,
    ) -> Self {
        if let Some(answer) = answer {
            return Self::Answer(answer);
        }
        let spent = stored.refresh_token.as_ref().map(fingerprint);
        match note {
            Some(note) if spent.as_ref() == Some(&note.fingerprint) => Self::CutOff(note),
            Some(_) => Self::Over,
            None if has_answer => Self::Over,
            None => Self::Nothing,
        }
    }
}

/// What renewed tokens replace, by fingerprints: so that it is known later whether anything newer was stored since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replaced {
    access_token: String,
    refresh_token: Option<String>,
}

impl Replaced {
    pub(crate) fn of(tokens: &OAuthTokens) -> Self {
        Self {
            access_token: fingerprint(&tokens.access_token),
            refresh_token: tokens.refresh_token.as_ref().map(fingerprint),
        }
    }

    /// Whether the tokens that replace these are the newest: they are while the store still has these. Where it has
    /// nothing any more, they are while the note of their renewal lies there, which whoever stores them removes.
    pub(crate) fn is_newest(&self, stored: Option<&OAuthTokens>, note: Option<&Note>) -> bool {
        match stored {
            Some(stored) => fingerprint(&stored.access_token) == self.access_token,
            None => note.is_some_and(|note| Some(&note.fingerprint) == self.refresh_token.as_ref()),
        }
    }
}

/// A renewal under way: all is prepared, so that the answer can be sealed to disk at once.
pub(crate) struct UnderWay {
    sealer: Sealer,
    next: PathBuf,
    answer: PathBuf,
    file: File,
}

/// An answer that is on disk.
pub(crate) struct Kept(File, PathBuf);

impl Renewals {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Writes down that a refresh token is about to be spent.
    pub(crate) fn begin(&self, id: &AccountId, note: &Note, sealer: Sealer) -> Result<UnderWay> {
        // Text and dates always serialize.
        let text = serde_json::to_string(note).unwrap_or_default();
        files::replace(&self.note_file(id), &text)?;
        let next = self.folder.join(format!("{id}.next"));
        let mut file = files::create_anew(&next)?;
        // The answer then needs no room that a full disk might not have any more.
        file.write_all(&[0; ROOM])
            .and_then(|()| file.rewind())
            .map_err(|error| files::not_written(&next, &error))?;
        Ok(UnderWay {
            sealer,
            file,
            next,
            answer: self.answer_file(id),
        })
    }

    /// The renewal that was begun and not ended, if there is one. A note that cannot be read now is no note that is
    /// not there.
    pub(crate) fn begun(&self, id: &AccountId) -> Result<Option<Note>> {
        let text = files::read(&self.note_file(id))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Whether an answer lies here, sealed.
    pub(crate) fn has_answer(&self, id: &AccountId) -> bool {
        self.answer_file(id).exists()
    }

    /// The answer that lies here, opened with the key from the store; none where there is none, or it opens with
    /// another key.
    fn answer(&self, id: &AccountId, key: &Secret) -> Result<Option<Secret>> {
        let path = self.answer_file(id);
        match fs::read(&path) {
            Ok(sealed) => Ok(seal::open(key, &sealed)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(files::not_read(&path, &error)),
        }
    }

    /// What a renewal that was not ended has left, seen beside the tokens in the store.
    pub(crate) fn left_behind(&self, id: &AccountId, stored: &OAuthTokens) -> Result<LeftBehind> {
        let opened = match &stored.seal {
            Some(key) => self.answer(id, key)?,
            None => None,
        };
        let answer = match opened.as_ref().and_then(Credential::from_stored) {
            Some(Credential::OAuth(answer)) => Some(answer),
            _ => None,
        };
        let note = self.begun(id)?;
        Ok(LeftBehind::of(stored, note, answer, self.has_answer(id)))
    }

    /// The accounts with an answer that has not gone into the store yet.
    pub(crate) fn unfinished(&self) -> Vec<AccountId> {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return Vec::new();
        };
        let id_of = |entry: fs::DirEntry| {
            let name = entry.file_name().into_string().ok()?;
            AccountId::try_from(name.strip_suffix(".age")?.to_owned()).ok()
        };
        entries.flatten().filter_map(id_of).collect()
    }

    /// Nothing is under way any more. What cannot be removed is recognised as old by its fingerprint or its key.
    pub(crate) fn end(&self, id: &AccountId) {
        let _ = fs::remove_file(self.answer_file(id));
        let _ = fs::remove_file(self.folder.join(format!("{id}.next")));
        let _ = fs::remove_file(self.note_file(id));
    }

    fn note_file(&self, id: &AccountId) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }

    fn answer_file(&self, id: &AccountId) -> PathBuf {
        self.folder.join(format!("{id}.age"))
    }
}

impl UnderWay {
    /// Puts the answer on disk. From the return of this on it survives the end of the program; after [`Kept::sync`]
    /// also that of the power.
    pub(crate) fn keep(mut self, answer: &Secret) -> io::Result<Kept> {
        let sealed = self
            .sealer
            .seal(answer)
            .ok_or_else(|| io::Error::other("it could not be sealed"))?;
        self.file.write_all(&sealed)?;
        self.file
            .set_len(u64::try_from(sealed.len()).unwrap_or(u64::MAX))?;
        fs::rename(&self.next, &self.answer)?;
        Ok(Kept(self.file, self.answer))
    }
}

impl Kept {
    /// Waits until the disk itself has it.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.0.sync_all()?;
        files::sync_folder_of(&self.1)
    }
}

/// Recognises a refresh token without knowing it.
pub(crate) fn fingerprint(refresh_token: &Secret) -> String {
    let digest = Sha256::digest(refresh_token.expose().as_bytes());
    digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_behind_is_found_and_ended() {
        let folder = tempfile::tempdir().unwrap();
        let renewals = Renewals::new(folder.path().join("renewals"));
        let id = AccountId::from_random([3; 32]);
        let note = Note {
            fingerprint: fingerprint(&Secret::new("refresh")),
            begun_at: Timestamp::UNIX_EPOCH,
            asked_by: "a test".to_owned(),
        };
        let sealer = Sealer::new().unwrap();
        let key = sealer.key().clone();
        let under_way = renewals.begin(&id, &note, sealer).unwrap();
        assert_eq!(renewals.begun(&id).unwrap(), Some(note));
        assert!(!renewals.has_answer(&id));
        assert!(renewals.unfinished().is_empty());

        let answer = Secret::new("sk-ant-ort01-new");
        under_way.keep(&answer).unwrap().sync().unwrap();
        assert_eq!(renewals.unfinished(), std::slice::from_ref(&id));
        assert_eq!(renewals.answer(&id, &key).unwrap(), Some(answer));
        let other = Sealer::new().unwrap();
        assert_eq!(renewals.answer(&id, other.key()).unwrap(), None);

        renewals.end(&id);
        assert_eq!(renewals.begun(&id).unwrap(), None);
        assert!(renewals.unfinished().is_empty());
        assert_eq!(
            fs::read_dir(folder.path().join("renewals"))
                .unwrap()
                .count(),
            0
        );
    }

    #[test]
    fn what_waits_is_the_newest_until_somebody_has_stored_it_or_something_newer() {
        let tokens = |name: &str| OAuthTokens {
            access_token: Secret::new(format!("access {name}")),
            refresh_token: Some(Secret::new(format!("refresh {name}"))),
            obtained_at: Timestamp::UNIX_EPOCH,
            expires_at: Timestamp::UNIX_EPOCH,
            sign_in_ends_at: None,
            seal: None,
        };
        let note = |name: &str| Note {
            fingerprint: fingerprint(&Secret::new(format!("refresh {name}"))),
            begun_at: Timestamp::UNIX_EPOCH,
            asked_by: "a test".to_owned(),
        };
        let replaced = Replaced::of(&tokens("old"));
        assert!(replaced.is_newest(Some(&tokens("old")), None));
        assert!(!replaced.is_newest(Some(&tokens("newer")), None));
        // The item is gone: the note tells whether another program has gone on since.
        assert!(replaced.is_newest(None, Some(&note("old"))));
        assert!(!replaced.is_newest(None, Some(&note("newer"))));
        assert!(!replaced.is_newest(None, None));
    }

    #[test]
    fn a_fingerprint_tells_tokens_apart_and_gives_none_away() {
        let one = fingerprint(&Secret::new("sk-ant-ort01-one"));
        assert_eq!(one.len(), 16);
        assert_ne!(one, fingerprint(&Secret::new("sk-ant-ort01-two")));
    }
}
