//! The real decisions, asked about the few tokens that the model knows. Each answer is computed once.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};

use crate::credential::OAuthTokens;
use crate::custody::freshness::{Need, Want, Windows, need};
use crate::custody::renewals::{LeftBehind, Note, Replaced, fingerprint};
use crate::secret::Secret;

/// The number of a pair of tokens: 0 those of the sign-in, each renewal one more.
pub(super) type Version = u8;

/// More than the model ever reaches.
pub(super) const VERSIONS: usize = 5;

/// How long one age of the model takes, in seconds. A token lives for a part of the age that it was issued in.
const AGE: i64 = 100_000;

fn tokens(version: Version, issued_in: u8) -> OAuthTokens {
    let obtained_at = Timestamp::from_second(AGE * i64::from(issued_in)).unwrap();
    OAuthTokens {
        access_token: Secret::new(format!("access {version}")),
        refresh_token: Some(Secret::new(format!("refresh {version}"))),
        obtained_at,
        expires_at: obtained_at + SignedDuration::from_hours(8),
        sign_in_ends_at: None,
        seal: None,
    }
}

/// Whether tokens have to be renewed, by `freshness::need`.
pub(super) fn is_due(issued_in: u8, age: u8) -> bool {
    static DUE: LazyLock<Vec<bool>> = LazyLock::new(|| {
        let all = (0..VERSIONS * VERSIONS).map(|at| {
            let (issued_in, age) = ((at / VERSIONS) as u8, (at % VERSIONS) as u8);
            let now = Timestamp::from_second(AGE * i64::from(age) + 60).unwrap();
            let want = Want::Valid(SignedDuration::ZERO);
            need(&tokens(0, issued_in), &want, Windows::default(), now) != Need::Nothing
        });
        all.collect()
    });
    DUE[usize::from(issued_in) * VERSIONS + usize::from(age)]
}

/// What `LeftBehind::of` makes of what lies there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Nothing,
    Over,
    Answer,
    CutOff,
}

pub(super) fn left_behind(
    stored: Version,
    note: Option<Version>,
    opened: Option<Version>,
    has_answer: bool,
) -> Seen {
    static SEEN: LazyLock<Vec<Seen>> = LazyLock::new(|| {
        let one_less = |number: usize| (number > 0).then(|| number as u8 - 1);
        let all = (0..VERSIONS * (VERSIONS + 1) * (VERSIONS + 1) * 2).map(|at| {
            let has_answer = at % 2 == 1;
            let opened = one_less(at / 2 % (VERSIONS + 1));
            let note = one_less(at / 2 / (VERSIONS + 1) % (VERSIONS + 1));
            let stored = (at / 2 / (VERSIONS + 1) / (VERSIONS + 1)) as u8;
            let note = note.map(note_of);
            let opened = opened.map(|version| tokens(version, 0));
            match LeftBehind::of(&tokens(stored, 0), note, opened, has_answer) {
                LeftBehind::Nothing => Seen::Nothing,
                LeftBehind::Over => Seen::Over,
                LeftBehind::Answer(_) => Seen::Answer,
                LeftBehind::CutOff(_) => Seen::CutOff,
            }
        });
        all.collect()
    });
    let at = (usize::from(stored) * (VERSIONS + 1) + number(note)) * (VERSIONS + 1);
    SEEN[(at + number(opened)) * 2 + usize::from(has_answer)]
}

/// Whether tokens in memory are newer than the store, by `Replaced::is_newest`.
pub(super) fn waits(stored: Option<Version>, note: Option<Version>, replaces: Version) -> bool {
    static WAITS: LazyLock<Vec<bool>> = LazyLock::new(|| {
        let one_less = |number: usize| (number > 0).then(|| number as u8 - 1);
        let all = (0..(VERSIONS + 1) * (VERSIONS + 1) * VERSIONS).map(|at| {
            let replaces = tokens((at % VERSIONS) as u8, 0);
            let note = one_less(at / VERSIONS % (VERSIONS + 1)).map(note_of);
            let stored = one_less(at / VERSIONS / (VERSIONS + 1)).map(|version| tokens(version, 0));
            Replaced::of(&replaces).is_newest(stored.as_ref(), note.as_ref())
        });
        all.collect()
    });
    let at = number(stored) * (VERSIONS + 1) + number(note);
    WAITS[at * VERSIONS + usize::from(replaces)]
}

fn number(version: Option<Version>) -> usize {
    version.map_or(0, |version| usize::from(version) + 1)
}

fn note_of(version: Version) -> Note {
    Note {
        fingerprint: fingerprint(&tokens(version, 0).refresh_token.unwrap()),
        begun_at: Timestamp::UNIX_EPOCH,
        asked_by: "a model".to_owned(),
    }
}
