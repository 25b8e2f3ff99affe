//! Sign-ins on other devices, and the rules for them (RFC 8628). No network, no clock: the time is an argument.

use std::collections::HashMap;

use crate::answers::OAuthError;
use crate::ledger::Grants;
use crate::options::Decision;

/// How a device says that it asks for tokens (§3.4).
pub(crate) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What a code is short of: vowels, so that it makes no words, and what looks alike (§6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// A sign-in that waits for somebody at another device.
struct Device {
    user_code: String,
    grants: Grants,
    expires_at: i64,
    /// How long a device has to wait between two questions, in milliseconds.
    interval: i64,
    asked_at: Option<i64>,
    decision: Option<Decision>,
}

/// All of them, by device code.
#[derive(Default)]
pub(crate) struct Devices(HashMap<String, Device>);

/// When a code ends, and how often may be asked about it, in milliseconds.
pub(crate) struct Times {
    pub(crate) expires_at: i64,
    pub(crate) interval: i64,
}

impl Devices {
    pub(crate) fn begin(
        &mut self,
        device_code: String,
        user_code: String,
        grants: Grants,
        times: &Times,
        decision: Option<Decision>,
    ) {
        let device = Device {
            user_code,
            grants,
            expires_at: times.expires_at,
            interval: times.interval,
            asked_at: None,
            decision,
        };
        self.0.insert(device_code, device);
    }

    /// What waits under the code that a person typed.
    pub(crate) fn waiting(&self, typed: &str, now: i64) -> Option<(&str, &Grants)> {
        let found = self
            .0
            .values()
            .find(|d| plain(&d.user_code) == plain(typed))?;
        let waits = found.decision.is_none() && now < found.expires_at;
        waits.then_some((found.user_code.as_str(), &found.grants))
    }

    /// Takes the person's word, who is `email`; false where nothing waits under that code.
    pub(crate) fn decide(
        &mut self,
        typed: &str,
        email: &str,
        decision: Decision,
        now: i64,
    ) -> bool {
        let mut devices = self.0.values_mut();
        let found = devices.find(|d| plain(&d.user_code) == plain(typed));
        let Some(found) = found.filter(|d| d.decision.is_none() && now < d.expires_at) else {
            return false;
        };
        found.decision = Some(decision);
        email.clone_into(&mut found.grants.email);
        true
    }

    /// Answers a device that asks (§3.5). A device code gives tokens once.
    pub(crate) fn poll(&mut self, device_code: &str, now: i64) -> Result<Grants, OAuthError> {
        let device = self
            .0
            .get_mut(device_code)
            .ok_or_else(|| OAuthError::invalid_grant("Device code not found"))?;
        let too_soon = device
            .asked_at
            .is_some_and(|before| now < before.saturating_add(device.interval));
        device.asked_at = Some(now);
        if now >= device.expires_at {
            return Err(OAuthError::not_yet("expired_token", "The code has expired"));
        }
        if too_soon {
            device.interval += 5_000;
            return Err(OAuthError::not_yet("slow_down", "You ask too often"));
        }
        match device.decision {
            None => {
                let words = "The person has not answered yet";
                Err(OAuthError::not_yet("authorization_pending", words))
            }
            Some(Decision::Decline) => {
                Err(OAuthError::not_yet("access_denied", "The person declined"))
            }
            Some(Decision::Agree) => {
                let grants = device.grants.clone();
                self.0.remove(device_code);
                Ok(grants)
            }
        }
    }
}

/// A code for people out of random text: eight letters with a dash between.
pub(crate) fn user_code(random: &str) -> String {
    let letter = |byte: &u8| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]);
    let letters: String = random.bytes().map(|b| letter(&b)).take(8).collect();
    format!("{}-{}", &letters[..4], &letters[4..])
}

/// People leave out the dash and type small letters (§6.1).
fn plain(code: &str) -> String {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_uppercase()).collect()
}
