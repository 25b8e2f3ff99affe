//! What tools are given, and the traces that this leaves in their files.
//!
//! Nothing here opens the keychain or asks a server: what is handed over comes in as an argument.

pub(crate) mod anthropic_profile;
pub(crate) mod asked;
pub(crate) mod change;
pub(crate) mod connections;
pub(crate) mod copies;
pub(crate) mod credentials_file;
pub(crate) mod environment;
pub(crate) mod folder;
pub(crate) mod formats;
pub(crate) mod git_config;
pub(crate) mod git_credential;
pub(crate) mod json_text;
mod list;
pub(crate) mod settings_file;
pub(crate) mod trust;
