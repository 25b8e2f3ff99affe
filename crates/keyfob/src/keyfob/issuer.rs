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
