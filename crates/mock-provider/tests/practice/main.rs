//! The practice server, asked over real sockets.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod fixture;

/// The control API, and what every answer carries.
mod control;
/// Signing in on another device.
mod device;
/// Every kind of fault.
mod faults;
/// `POST /v1/messages`, and who asked.
mod messages;
/// `GET /v1/models` for keys and tokens.
mod models;
/// The program: its output, its exit codes, its end.
mod program;
/// Exchanges and token requests that are refused.
mod refused_exchanges;
/// Authorization requests that are refused, and how.
mod refused_requests;
/// Sign-in from the authorization request to the tokens, on both legs and in both encodings.
mod sign_in;
/// Rotation, reuse, expiry and revocation.
mod token_life;
