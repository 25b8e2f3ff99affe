//! Whether a tool gets what it should, as far as small files tell: said before it asks in vain.

use super::fits;
use super::lost::{Lost, lost};
use crate::account::{Account, Facts};
use crate::hand_over::asked;
use crate::hand_over::connections::{Connection, ConnectionId, Recipient};
use crate::keyfob::Keyfob;
use crate::status::{Meaning, State, Status, Surroundings};

/// Set by a check that runs a tool's own command, so that the check does not count as the tool's asking.
pub(in crate::keyfob) const IS_CHECK: &str = "KEYFOB_IS_CHECK";

impl Keyfob {
    /// What keeps a tool from its credential, as sentences: its settings do not name Keyfob any more, or its account
    /// gives nothing before somebody has seen to it.
    pub(super) fn keeps_from_it(
        &self,
        one: &Connection,
        account: Option<&Account>,
    ) -> Option<String> {
        // What a file holds does not hang on the account any more.
        if one.to == Recipient::File {
            return None;
        }
        lost(one)
            .map(Lost::in_full)
            .or_else(|| self.goes_to_a_cloud(one))
            .or_else(|| self.needs_somebody(account?))
            .or_else(|| self.does_not_fit(one, account?))
    }

    /// Why the helper gives nothing although everything is as it was connected.
    fn goes_to_a_cloud(&self, one: &Connection) -> Option<String> {
        if one.to != Recipient::ClaudeCode {
            return None;
        }
        let whose = self.whose(Some(one.account.as_str())).ok()?;
        let settings = self.in_settings(one.project());
        let refused = settings.and_then(|settings| self.check_cloud(&whose, &settings));
        Some(refused.err()?.to_string())
    }

    /// Why the tool could not be connected to its account now: a key may have come to need a workspace since.
    fn does_not_fit(&self, one: &Connection, account: &Account) -> Option<String> {
        let whose = self.whose(Some(account.id.as_str())).ok()?;
        // Where that cannot be told, the helper says so.
        if self
            .says_workspace(one, &whose, one.project())
            .unwrap_or_default()
        {
            return None;
        }
        Some(fits(one.to, &whose).err()?.to_string())
    }

    /// Notes that a tool asked. A note that cannot be written must not keep it from its credential.
    pub(in crate::keyfob) fn note_asked(&self, id: &ConnectionId) {
        if self.0.edge.variable(IS_CHECK).is_none() {
            let _ = asked::note(&self.0.home.asked(), id, self.0.edge.now());
        }
    }

    /// Why an account gives nothing, where only a person can change that.
    fn needs_somebody(&self, account: &Account) -> Option<String> {
        let seen = match &account.facts {
            Facts::Session(_) => self.seen_now(account),
            _ => None,
        };
        let around = Surroundings {
            provider_name: "",
            storage: "",
            is_default: false,
        };
        let now = self.0.edge.now();
        let status = Status::of(seen.as_ref().unwrap_or(account), around, now);
        if status.meaning != Meaning::Act {
            return None;
        }
        let (reason, cure) = match status.state {
            State::SignInAgain { reason, .. } => (reason, " Sign in to it again."),
            State::RenewalFailing { reason, .. }
            | State::Unverified { reason }
            | State::NeedsWorkspace { reason, .. }
            | State::KeyRefused { reason, .. }
            | State::BillingNeeded { reason, .. }
            | State::NotPermitted { reason, .. }
            | State::NotedExpired { reason, .. }
            | State::Ended { reason, .. }
            | State::Hindered { reason, .. }
            | State::CannotTell { reason, .. } => (reason, ""),
            State::Fresh { .. } | State::RenewsWhenAsked { .. } | State::Valid { .. } => {
                return None;
            }
        };
        Some(format!(
            "\"{}\" does not work now: {reason}{cure}",
            account.label
        ))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::lost::tests::connection;
    use super::*;
    use crate::account::{AccountId, KeyFacts, Method, Owner, Payer};
    use crate::keyfob::which::tests::Computer;

    fn account(facts: KeyFacts) -> Account {
        Account {
            id: AccountId::from_random([1; 32]),
            label: "CI".to_owned(),
            method: Method::ApiKey,
            owner: Owner::Keyfob,
            provider: None,
            payer: Payer::Api,
            generation: 1,
            practice: false,
            identity: Default::default(),
            created_at: Timestamp::UNIX_EPOCH,
            facts: Facts::Key(facts),
        }
    }

    #[test]
    fn an_account_that_the_server_refuses_is_said_of_every_tool_but_of_no_file() {
        let keyfob = Computer::new().keyfob();
        let problem =
            |to, facts| keyfob.keeps_from_it(&connection(to, Vec::new()), Some(&account(facts)));
        let refused = || KeyFacts {
            expires_on: Some("1999-01-01".parse().unwrap()),
            ..KeyFacts::default()
        };
        assert_eq!(problem(Recipient::Pi, KeyFacts::default()), None);
        for to in [
            Recipient::ClaudeCode,
            Recipient::Opencode,
            Recipient::Command,
        ] {
            let said = problem(to, refused()).unwrap();
            assert!(said.starts_with("\"CI\" does not work now: "), "{said}");
        }
        assert_eq!(problem(Recipient::File, refused()), None);
    }

    #[test]
    fn a_check_is_not_the_tools_asking() {
        let one = connection(Recipient::Command, Vec::new());
        let checked = Computer::new().set(IS_CHECK, "1");
        let last = |keyfob: &Keyfob| {
            keyfob.note_asked(&one.id);
            asked::last(&keyfob.0.home.asked(), &one.id)
        };
        assert_eq!(last(&checked.keyfob()), None);
        let asks = Computer::new();
        assert!(last(&asks.keyfob()).is_some());
    }
}
