//! Whether a profile of the SDKs holds the token that is valid now, and whether the API takes it.

use jiff::SignedDuration;

use super::super::Keyfob;
use super::Tested;
use crate::error::Result;
use crate::hand_over::anthropic_profile::credentials_text;
use crate::hand_over::connections::Connection;
use crate::hand_over::copies::Copy;

impl Keyfob {
    /// One free question to the server, with the very token that lies in the profile.
    pub(super) async fn test_profile(&self, one: &Connection) -> Result<Tested> {
        let account = Some(one.account.as_str());
        let given = self.given(account, SignedDuration::ZERO).await?;
        let text = given
            .expires_at()
            .map(|end| credentials_text(given.secret(), end));
        let holds = Copy::among(&one.changes)
            .zip(text)
            .is_some_and(|(copy, text)| copy.holds(&text));
        if !holds {
            return Ok(Tested::fails(
                "The profile does not hold the token that is valid now.",
                "Run `keyfob connections` to see what keeps it from that.",
                None,
            ));
        }
        let probed = self.probe(account).await?;
        Ok(match probed.works {
            Some(true) => Tested::works("The profile holds a token, and the API takes it.", None),
            Some(false) => Tested::fails(
                format!(
                    "The profile holds the token, but it does not work. {}",
                    probed.words
                ),
                "See how the account stands under Accounts.",
                None,
            ),
            None => Tested::fails(
                format!("The profile holds the token. {}", probed.words),
                "Try again when the server can be reached.",
                None,
            ),
        })
    }
}
