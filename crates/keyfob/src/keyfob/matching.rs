//! Which account a sign-in belongs to, and what it is called.

use super::SignInRequest;
use crate::account::{Account, Identity};
use crate::accounts::{Accounts, checked_label};
use crate::sign_in::provider::Provider;

/// What the server says now, and where it says nothing, what it said before.
pub(super) fn completed(new: Identity, old: &Identity) -> Identity {
    let old = old.clone();
    Identity {
        subject: new.subject.or(old.subject),
        email: new.email.or(old.email),
        organization: new.organization.or(old.organization),
        workspace: new.workspace.or(old.workspace),
    }
}

/// Which account a sign-in renews: the one it was begun for, unless somebody else signed in; else the one of the
/// same person at the same provider.
pub(super) fn same_person<'a>(
    accounts: &'a Accounts,
    provider: &Provider,
    request: &SignInRequest,
    identity: &Identity,
) -> Option<&'a Account> {
    let differs = |account: &Account| match (&account.identity.subject, &identity.subject) {
        (Some(before), Some(now)) => before != now && !is_older_form(before, now),
        _ => false,
    };
    let begun_for = request.account.as_deref();
    let begun_for = begun_for.and_then(|name| accounts.find(Some(name)).ok());
    if let Some(account) = begun_for
        && account.provider.as_ref() == Some(&provider.id)
        && !differs(account)
    {
        return Some(account);
    }
    // A label asks for an entry of its own, even for a person who has one already.
    if request.label.is_some() {
        return None;
    }
    let subject = identity.subject.as_ref()?;
    let with = |is_theirs: &dyn Fn(&str) -> bool| {
        accounts.accounts.iter().find(|a| {
            a.provider.as_ref() == Some(&provider.id)
                && a.identity.subject.as_deref().is_some_and(is_theirs)
        })
    };
    with(&|before| before == subject).or_else(|| with(&|before| is_older_form(before, subject)))
}

/// Accounts of before ID tokens were told apart by their issuer have the subject alone.
fn is_older_form(before: &str, now: &str) -> bool {
    now.rsplit_once(" at ")
        .is_some_and(|(subject, _)| subject == before)
}

pub(super) fn wished_label(
    request: &SignInRequest,
    provider: &Provider,
    identity: &Identity,
) -> String {
    let wished = request.label.clone();
    let label = wished
        .or_else(|| identity.email.clone())
        .unwrap_or_else(|| provider.name.clone());
    checked_label(&label).unwrap_or_else(|_| provider.id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{AccountId, Facts, Method, Owner, Payer, TokenFacts};
    use crate::sign_in::provider::{ProviderEntry, ProviderId};

    fn identity(subject: &str) -> Identity {
        Identity {
            subject: Some(subject.to_owned()),
            ..Identity::default()
        }
    }

    fn provider(id: &str) -> Provider {
        let id = ProviderId::try_from(id.to_owned()).unwrap();
        Provider::from_entry(id, ProviderEntry::default(), false).unwrap()
    }

    fn account(number: u8, provider: &Provider, subject: &str) -> Account {
        Account {
            id: AccountId::from_random([number; 32]),
            label: number.to_string(),
            method: Method::OAuth,
            owner: Owner::Keyfob,
            provider: Some(provider.id.clone()),
            payer: Payer::Company,
            generation: 1,
            practice: false,
            identity: identity(subject),
            created_at: jiff::Timestamp::UNIX_EPOCH,
            facts: Facts::Tokens(TokenFacts {
                obtained_at: jiff::Timestamp::UNIX_EPOCH,
                expires_at: jiff::Timestamp::UNIX_EPOCH,
                sign_in_ends_at: None,
                renewable: true,
                scopes: Vec::new(),
                trouble: None,
                waits_since: None,
                issued: None,
            }),
        }
    }

    fn found<'a>(
        accounts: &'a Accounts,
        provider: &Provider,
        account: Option<&str>,
        subject: &str,
    ) -> Option<&'a str> {
        let request = SignInRequest {
            account: account.map(str::to_owned),
            ..SignInRequest::default()
        };
        let same = same_person(accounts, provider, &request, &identity(subject));
        same.map(|account| account.label.as_str())
    }

    #[test]
    fn an_account_of_before_issuers_were_told_apart_is_found_again() {
        let (acme, other) = (provider("acme"), provider("other"));
        let mut accounts = Accounts::default();
        accounts.add(account(1, &acme, "7"));
        accounts.add(account(2, &acme, "8 at b.example"));
        let now = "7 at a.example";
        assert_eq!(found(&accounts, &acme, None, now), Some("1"));
        assert_eq!(found(&accounts, &acme, Some("1"), now), Some("1"));
        // Somebody else, another issuer, and another provider.
        assert_eq!(found(&accounts, &acme, Some("1"), "9 at a.example"), None);
        assert_eq!(found(&accounts, &acme, None, "8 at a.example"), None);
        assert_eq!(found(&accounts, &other, None, now), None);
        // It learns the new form, and one that has it goes before one that has not.
        let learned = completed(identity(now), &accounts.accounts[0].identity);
        assert_eq!(learned.subject.as_deref(), Some(now));
        accounts.add(account(3, &acme, now));
        assert_eq!(found(&accounts, &acme, None, now), Some("3"));
    }
}
