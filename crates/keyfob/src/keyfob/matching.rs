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
        (Some(before), Some(now)) => before != now,
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
    accounts.accounts.iter().find(|a| {
        a.provider.as_ref() == Some(&provider.id) && a.identity.subject.as_ref() == Some(subject)
    })
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
