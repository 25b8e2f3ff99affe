//! A practice provider: an OAuth 2.0 authorization server and a small API on loopback, for tests and for trying
//! everything without an account.
//!
//! It behaves like the real servers where a client can tell the difference: S256 (RFC 7636), exact redirect
//! matching, rotation of single-use refresh tokens with reuse detection, `iss` in the redirect (RFC 9207),
//! metadata (RFC 8414), revocation (RFC 7009), sign-in on another device (RFC 8628), ID tokens, and errors in every form that was seen in the field. Faults can be
//! ordered over a control API, and every request is counted.
//!
//! Nothing it issues opens anything anywhere, and it listens on 127.0.0.1 alone. There is no option for another
//! address.
//!
//! Where to begin: `server.rs` has the routes, `ledger.rs` the rules of codes and tokens as plain functions of the
//! time, `faults.rs` what can be made to go wrong.

#![warn(missing_docs)]

mod answers;
mod authorize;
mod control;
mod counters;
mod device;
mod devices;
mod fault_list;
mod faults;
mod fields;
mod id_token;
mod ledger;
mod messages;
mod metadata;
mod mint;
mod models;
mod options;
mod pages;
mod pkce;
mod registration;
mod revoke;
mod server;
mod shared;
mod token;

pub use ledger::Standing;
pub use options::{Clock, Decision, Entropy, Options};
pub use server::{MockProvider, start};
