//! The faults of a server, chosen by chance.

use serde_json::{Value, json};

use crate::random::Random;

/// An access token that a fault's body carries and no server issued.
pub(crate) const NEVER_ISSUED: &str = "sk-ant-oat01-practice-never-issued";

/// A fault of the server, and what follows from it.
pub(crate) struct Ordered {
    pub(crate) kind: Value,
    /// The server does what it was asked for, and the answer is spoilt on the way.
    pub(crate) loses: bool,
    /// The server says that the sign-in is over, and it is not.
    pub(crate) says_ended: bool,
    /// The client leaves before the server has noticed.
    pub(crate) client_leaves: bool,
}

pub(crate) fn any(random: &mut Random) -> Ordered {
    let inner = plain(random);
    if random.percent(12) {
        // Whatever it is, the new tokens do not arrive.
        return Ordered {
            kind: json!({ "after": inner.kind }),
            loses: true,
            ..inner
        };
    }
    inner
}

fn plain(random: &mut Random) -> Ordered {
    let (mut says_ended, mut client_leaves) = (false, false);
    let kind = match random.below(20) {
        0..=7 => {
            let status = random.pick(&[400, 401, 403, 404, 408, 429, 500, 502, 503, 529]);
            let mut fault = json!({
                "status": status,
                "error": random.pick(&["string", "object", "html", "none"]),
            });
            if random.percent(30) {
                fault["retry_after"] = json!(random.pick(&[0_u64, 7, 100, 86_400]));
            }
            if random.percent(30) {
                let code = random.pick(&["invalid_grant", "invalid_client", "slow_down"]);
                fault["code"] = json!(code);
                says_ended = code == "invalid_grant" && status < 429;
            }
            fault
        }
        8 | 9 => {
            let error = random.pick(&["invalid_grant", "server_error", "invalid_request"]);
            says_ended = error == "invalid_grant";
            json!({ "error_200": error })
        }
        10 | 11 => json!("drop"),
        12 => json!("cut_off"),
        13 => json!("not_json"),
        14 => json!("redirect"),
        15 => json!({ "slow_ms": random.below(40) }),
        16 => json!({ "body": { "access_token": NEVER_ISSUED, "expires_in": 3_600 } }),
        17 => json!({ "body": { "token_type": "mac", "access_token": NEVER_ISSUED } }),
        18 => json!({ "body": { "expires_in": "soon" } }),
        _ => match random.below(6) {
            0 => json!("huge"),
            1 => {
                client_leaves = true;
                json!("hang")
            }
            2 => {
                client_leaves = true;
                json!({ "slow_ms": 8_000 })
            }
            _ => json!("drop"),
        },
    };
    Ordered {
        kind,
        loses: false,
        says_ended,
        client_leaves,
    }
}
