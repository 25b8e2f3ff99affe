//! Connecting and taking back where something goes wrong in between: a kill, a file that cannot be written, somebody who
//! signs out meanwhile. What is handed over never lies where no list names it.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up fails"
)]

#[path = "../common/mod.rs"]
mod common;

mod desk;

mod claude_code;
mod exports;
mod git;
mod keys;
mod meanwhile;
mod profiles;
mod tools;
