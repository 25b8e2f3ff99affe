//! Custody: where secrets lie, and when they have to be renewed, so that none is ever lost.

pub(crate) mod age_format;
pub(crate) mod backoff;
pub(crate) mod encrypted_file;
pub(crate) mod freshness;
pub(crate) mod identity;
pub(crate) mod keychain;
pub(crate) mod lock;
#[cfg(test)]
mod model_tests;
pub(crate) mod passphrase;
pub(crate) mod renewals;
pub(crate) mod seal;
pub(crate) mod store;
pub(crate) mod stores;
pub(crate) mod vault;
