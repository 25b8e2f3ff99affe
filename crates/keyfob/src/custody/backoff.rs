//! How long a server is left alone after a renewal failed: pure functions.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The shortest rest.
const SHORTEST: SignedDuration = SignedDuration::from_secs(5);

/// The longest rest, whatever the server asks for: a longer one would outlast the tokens of some.
const LONGEST: SignedDuration = SignedDuration::from_mins(5);

/// How long to rest after so many failures in a row: 5 s, 10 s, 20 s and so on, up to five minutes, less up to a
/// quarter by chance, so that many who failed together do not come back together. The server's own word is honoured.
pub(crate) fn rest(failures: u32, told_so: Option<Duration>, chance: u8) -> SignedDuration {
    let doubled = SHORTEST.saturating_mul(1 << failures.saturating_sub(1).min(10));
    let jitter = doubled.min(LONGEST) / 4 * i32::from(chance) / 255;
    let told = told_so.map_or(SHORTEST, told);
    (doubled.min(LONGEST) - jitter)
        .max(told)
        .clamp(SHORTEST, LONGEST)
}

/// How long the server has said that it is to be left alone, within what is honoured.
pub(crate) fn told(told: Duration) -> SignedDuration {
    let told = SignedDuration::try_from(told).unwrap_or(LONGEST);
    told.clamp(SHORTEST, LONGEST)
}

/// How much of a rest is left; none where the server may be asked. A clock that was set back does not prolong it.
pub(crate) fn left(until: Option<Timestamp>, now: Timestamp) -> Option<SignedDuration> {
    let left = until?.duration_since(now);
    (left > SignedDuration::ZERO && left <= LONGEST).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_grows_from_five_seconds_to_five_minutes() {
        let seconds = |failures, told: Option<u64>, chance| {
            rest(failures, told.map(Duration::from_secs), chance).as_secs()
        };
        for (failures, told, chance, expected) in [
            (1, None, 0, 5),
            (1, None, 255, 5),
            (2, None, 0, 10),
            (2, None, 255, 7),
            (3, None, 0, 20),
            (7, None, 0, 300),
            (7, None, 255, 225),
            (u32::MAX, None, 0, 300),
            (1, Some(0), 0, 5),
            (1, Some(60), 255, 60),
            (1, Some(u64::MAX), 0, 300),
        ] {
            assert_eq!(
                seconds(failures, told, chance),
                expected,
                "{failures} {told:?} {chance}"
            );
        }
    }

    #[test]
    fn a_rest_ends_and_is_not_prolonged_by_a_clock_that_was_set_back() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let left = |now| left(Some(at(1_000)), at(now)).map(|left| left.as_secs());
        assert_eq!(left(990), Some(10));
        assert_eq!(left(1_000), None);
        assert_eq!(left(2_000), None);
        assert_eq!(left(600), None);
    }
}
