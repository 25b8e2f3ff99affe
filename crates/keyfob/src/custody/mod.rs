//! Custody: where secrets lie, and when they have to be renewed, so that none is ever lost.

pub(crate) mod backoff;
pub(crate) mod freshness;
pub(crate) mod keychain;
pub(crate) mod lock;
#[cfg(test)]
mod model_tests;
pub(crate) mod renewals;
pub(crate) mod seal;
pub(crate) mod store;
pub(crate) mod vault;
