//! Whether an access token is good enough to hand out: pure functions of tokens and time.

use jiff::{SignedDuration, Timestamp};

use crate::credential::OAuthTokens;

/// How long before its end a token is renewed, as the official SDKs do.
const RENEW_BEFORE_END: SignedDuration = SignedDuration::from_secs(120);

/// How far a clock may be set back before what it said earlier is no longer believed.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// Whether the tokens can be handed out as they are: good for `at_least` longer, and not about to end. A token that
/// never lived long is renewed in the last quarter of its life, or it would be renewed at every call.
pub(crate) fn is_good(tokens: &OAuthTokens, at_least: SignedDuration, now: Timestamp) -> bool {
    let lifetime = tokens.expires_at.duration_since(tokens.obtained_at);
    let margin = RENEW_BEFORE_END.min(lifetime / 4).max(at_least);
    is_alive(tokens, now) && tokens.expires_at.duration_since(now) > margin
}

/// Whether the tokens still work, as far as this computer's clock can tell. Tokens issued in the future come from
/// a clock that was wrong, so their end says nothing.
pub(crate) fn is_alive(tokens: &OAuthTokens, now: Timestamp) -> bool {
    now < tokens.expires_at && tokens.obtained_at.duration_since(now) <= CLOCK_TOLERANCE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

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
        }
    }

    #[test]
    fn a_token_is_renewed_shortly_before_its_end() {
        for (lifetime, at_least, now, good) in [
            (28_800, 0, 10_000, true),
            (28_800, 0, 10_000 + 28_800 - 121, true),
            (28_800, 0, 10_000 + 28_800 - 120, false),
            (28_800, 600, 10_000 + 28_800 - 601, true),
            (28_800, 600, 10_000 + 28_800 - 600, false),
            // Short-lived tokens are used for three quarters of their life.
            (40, 0, 10_000 + 29, true),
            (40, 0, 10_000 + 30, false),
            (0, 0, 10_000, false),
        ] {
            let least = SignedDuration::from_secs(at_least);
            assert_eq!(
                is_good(&tokens(lifetime), least, at(now)),
                good,
                "{lifetime} {at_least} {now}"
            );
        }
    }

    #[test]
    fn a_token_from_the_future_is_not_believed() {
        assert!(is_alive(&tokens(28_800), at(10_000 - 300)));
        assert!(!is_alive(&tokens(28_800), at(10_000 - 301)));
    }
}
