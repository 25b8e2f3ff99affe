//! Instants as programs write them: seconds or milliseconds since 1970, or a date and time of ISO 8601.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// From here on a number counts milliseconds: as seconds it would be in the year 5138.
const MILLISECONDS_FROM: f64 = 1e11;

/// Nothing that is issued today ended before 2001 or lives until 2200.
const SECONDS: std::ops::Range<f64> = 978_307_200.0..7_258_118_400.0;

/// Why something is no instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoInstant {
    /// It is neither a number nor a date.
    NotATime,
    /// A date and time that may be anywhere on earth.
    NoZone,
    /// It lies too far away.
    OutOfRange,
}

impl NoInstant {
    /// What is wrong, as the end of a sentence.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::NotATime => "is no time",
            Self::NoZone => "is a time without a zone",
            Self::OutOfRange => "is a time too far away to be meant",
        }
    }
}

/// Seconds or milliseconds since 1970.
pub(crate) fn of_number(number: f64) -> Result<Timestamp, NoInstant> {
    let seconds = match number.abs() >= MILLISECONDS_FROM {
        true => number / 1_000.0,
        false => number,
    };
    if !SECONDS.contains(&seconds) {
        return Err(NoInstant::OutOfRange);
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it lies between 2001 and 2200"
    )]
    let milliseconds = (seconds * 1_000.0).round() as i64;
    Timestamp::from_millisecond(milliseconds).map_err(|_| NoInstant::OutOfRange)
}

/// The same, or a date and time.
pub(crate) fn of_text(text: &str) -> Result<Timestamp, NoInstant> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return of_number(number);
    }
    let instant = match text.parse::<Timestamp>() {
        Ok(instant) => instant,
        // A day alone begins at midnight by the clock that every computer has in common.
        Err(_) if text.len() == 10 => text
            .parse::<Date>()
            .ok()
            .and_then(|day| day.to_zoned(TimeZone::UTC).ok())
            .ok_or(NoInstant::NotATime)?
            .timestamp(),
        Err(_) if text.parse::<DateTime>().is_ok() => return Err(NoInstant::NoZone),
        Err(_) => return Err(NoInstant::NotATime),
    };
    #[expect(
        clippy::cast_precision_loss,
        reason = "it is only compared with whole years"
    )]
    match SECONDS.contains(&(instant.as_second() as f64)) {
        true => Ok(instant),
        false => Err(NoInstant::OutOfRange),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_understood_however_it_is_written() {
        let expected: Timestamp = "2026-12-01T10:00:00Z".parse().unwrap();
        for text in [
            "1796119200",
            "1796119200.0",
            " 1796119200000 ",
            "2026-12-01T10:00:00Z",
            "2026-12-01T11:00:00+01:00",
            "2026-12-01T10:00:00.000Z",
            "2026-12-01 10:00:00Z",
        ] {
            assert_eq!(of_text(text), Ok(expected), "{text}");
        }
        assert_eq!(of_number(1_796_119_200.0), Ok(expected));
        assert_eq!(of_number(1_796_119_200_000.0), Ok(expected));
        let midnight = "2026-12-01T00:00:00Z".parse().unwrap();
        assert_eq!(of_text("2026-12-01"), Ok(midnight));
    }

    #[test]
    fn what_is_none_says_why() {
        use NoInstant::*;
        for (text, why) in [
            ("", NotATime),
            ("soon", NotATime),
            ("nan", OutOfRange),
            ("inf", OutOfRange),
            ("2026-13-01", NotATime),
            ("2026-12-01T10:00:00", NoZone),
            ("3600", OutOfRange),
            ("-1", OutOfRange),
            ("1e300", OutOfRange),
            ("1796119200000000", OutOfRange),
            ("1026-12-01T10:00:00Z", OutOfRange),
            ("9999-12-01T10:00:00Z", OutOfRange),
        ] {
            assert_eq!(of_text(text), Err(why), "{text}");
        }
    }
}
