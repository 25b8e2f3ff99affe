//! Which server may be sent what renews or ends a sign-in: the one that issued it.

use url::Url;

use super::tokens::sign_in_again;
use crate::account::{Account, Facts};
use crate::error::Error;
use crate::http::is_loopback;
use crate::sign_in::provider::Provider;

/// Whether an address is on the server that issued an account's tokens. A provider that was edited, or replaced by
/// another one under the same id, is somebody else, who must not get them.
pub(super) fn is_of_issuer(account: &Account, provider: &Provider, address: &Url) -> bool {
    let Some(issuer) = issuer(account) else {
        // Of accounts of before it was kept, nothing is known.
        return true;
    };
    // A practice server has another port each time it is started.
    let is_practice = account.practice && provider.practice;
    issuer.origin() == address.origin()
        || (is_practice && is_loopback(issuer) && is_loopback(address))
}

/// Whether somebody else stands under the id of an account's provider now, who must not be sent its access tokens
/// either. Nobody is asked for it, so of a provider that has only an issuer it is the issuer that is compared.
pub(super) fn is_replaced(account: &Account, provider: &Provider) -> bool {
    let Facts::Tokens(facts) = &account.facts else {
        return false;
    };
    let then = facts.issued.as_ref().and_then(|i| i.issuer.as_deref());
    let is_practice = account.practice && provider.practice;
    let is_same = |then: &Url, now: &Url| {
        then.origin() == now.origin() || (is_practice && is_loopback(then) && is_loopback(now))
    };
    // Practice tokens are of no use to a real server, and real ones are nobody's to practise with.
    let other = match (&provider.token_url, &provider.issuer, then) {
        (Some(endpoint), ..) => !is_of_issuer(account, provider, endpoint),
        (None, Some(now), Some(then)) => !is_same(then, now),
        _ => false,
    };
    other || account.practice != provider.practice
}

fn issuer(account: &Account) -> Option<&Url> {
    match &account.facts {
        Facts::Tokens(facts) => facts.issued.as_ref()?.endpoint.as_deref(),
        _ => None,
    }
}

/// That a renewal is not tried. It is no last word: where the provider gets its old address back, it goes on.
pub(super) fn elsewhere(account: &Account, provider: &Provider) -> Error {
    let why = format!(
        "{} has another address now than when \"{}\" was signed in to, so its sign-in was not sent there.",
        provider.name, account.label
    );
    let mut error = sign_in_again(account, &why);
    error
        .cure
        .push_str(" Or give the provider its old address back in Settings: the sign-in is kept.");
    match issuer(account) {
        Some(issuer) => error.detail(format!(
            "issued by {}",
            issuer.origin().ascii_serialization()
        )),
        None => error,
    }
}
