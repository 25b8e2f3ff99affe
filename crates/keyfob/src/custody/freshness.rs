//! Whether an access token is good enough to hand out: pure functions of tokens and time.

use jiff::{SignedDuration, Timestamp};

use crate::credential::OAuthTokens;
use crate::secret::Secret;

/// How far a clock may be set back before what it said earlier is no longer believed.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// How long before its end a token is renewed, as the official SDKs do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// From here on it is renewed where that holds up nobody: the old one still serves.
    pub advisory: SignedDuration,
    /// From here on nobody gets it before it has been renewed.
    pub blocking: SignedDuration,
}

impl Default for Windows {
    fn default() -> Self {
        Self {
            advisory: SignedDuration::from_secs(120),
            blocking: SignedDuration::from_secs(30),
        }
    }
}

impl Windows {
    /// The windows of a token that lives for `lifetime`. One that never lived long is renewed in the last quarter of
    /// its life, or it would be renewed at every call.
    pub(crate) fn within(self, lifetime: SignedDuration) -> Self {
        Self {
            advisory: self.advisory.min(lifetime / 4),
            blocking: self.blocking.min(lifetime / 8),
        }
    }
}

/// What is wanted of tokens.
#[derive(Debug, Clone)]
pub(crate) enum Want {
    /// That they are good for so much longer.
    Valid(SignedDuration),
    /// That the access token is another one than this.
    Other {
        /// The one that was refused, or is to be renewed before its time.
        than: Secret,
        /// A person asks now, and not a program that would ask again and again.
        insists: bool,
    },
}

/// What has to be done before tokens are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing.
    Nothing,
    /// They should be renewed, but still serve.
    Soon,
    /// They have to be renewed.
    Now,
}

/// What has to be done to tokens before they are what is wanted.
pub(crate) fn need(tokens: &OAuthTokens, want: &Want, windows: Windows, now: Timestamp) -> Need {
    let at_least = match want {
        Want::Valid(at_least) => *at_least,
        Want::Other { than, .. } if tokens.access_token == *than => return Need::Now,
        Want::Other { .. } => SignedDuration::ZERO,
    };
    let windows = windows.within(tokens.expires_at.duration_since(tokens.obtained_at));
    let left = tokens.expires_at.duration_since(now);
    if !is_alive(tokens, now) || left <= windows.blocking || left < at_least {
        Need::Now
    } else if left <= windows.advisory {
        Need::Soon
    } else {
        Need::Nothing
    }
}

/// Whether tokens that could not be renewed are better than none.
pub(crate) fn still_serves(tokens: &OAuthTokens, want: &Want, now: Timestamp) -> bool {
    match want {
        Want::Valid(at_least) => {
            is_alive(tokens, now) && tokens.expires_at.duration_since(now) >= *at_least
        }
        Want::Other { than, .. } => is_alive(tokens, now) && tokens.access_token != *than,
    }
}

/// Whether the tokens still work, as far as this computer's clock can tell. Tokens issued in the future come from
/// a clock that was wrong, so their end says nothing.
pub(crate) fn is_alive(tokens: &OAuthTokens, now: Timestamp) -> bool {
    now < tokens.expires_at && tokens.obtained_at.duration_since(now) <= CLOCK_TOLERANCE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn tokens(lifetime: i64) -> OAuthTokens {
        OAuthTokens {
            access_token: Secret::new("a"),
            refresh_token: None,
            obtained_at: at(10_000),
            expires_at: at(10_000 + lifetime),
            sign_in_ends_at: None,
            seal: None,
        }
    }

    #[test]
    fn a_token_is_renewed_shortly_before_its_end() {
        for (lifetime, at_least, age, expected) in [
            (28_800, 0, 0, Need::Nothing),
            (28_800, 0, 28_800 - 121, Need::Nothing),
            (28_800, 0, 28_800 - 120, Need::Soon),
            (28_800, 0, 28_800 - 31, Need::Soon),
            (28_800, 0, 28_800 - 30, Need::Now),
            (28_800, 0, 28_800, Need::Now),
            (28_800, 600, 28_800 - 600, Need::Nothing),
            (28_800, 600, 28_800 - 599, Need::Now),
            // Short-lived tokens are used for three quarters of their life.
            (40, 0, 29, Need::Nothing),
            (40, 0, 30, Need::Soon),
            (40, 0, 35, Need::Now),
            (0, 0, 0, Need::Now),
        ] {
            let want = Want::Valid(SignedDuration::from_secs(at_least));
            assert_eq!(
                need(
                    &tokens(lifetime),
                    &want,
                    Windows::default(),
                    at(10_000 + age)
                ),
                expected,
                "{lifetime} {at_least} {age}"
            );
        }
    }

    #[test]
    fn a_refused_token_is_renewed_however_fresh_and_another_one_is_not() {
        let other = |than: &str| Want::Other {
            than: Secret::new(than),
            insists: false,
        };
        let need = |than| {
            need(
                &tokens(28_800),
                &other(than),
                Windows::default(),
                at(10_001),
            )
        };
        assert_eq!(need("a"), Need::Now);
        assert_eq!(need("b"), Need::Nothing);
        assert!(!still_serves(&tokens(28_800), &other("a"), at(10_001)));
        assert!(still_serves(&tokens(28_800), &other("b"), at(10_001)));
    }

    #[test]
    fn a_token_from_the_future_is_not_believed() {
        assert!(is_alive(&tokens(28_800), at(10_000 - 300)));
        assert!(!is_alive(&tokens(28_800), at(10_000 - 301)));
    }
}
