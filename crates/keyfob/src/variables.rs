//! The names of variables that more than one room knows.

/// A program's credential as `x-api-key`.
pub(crate) const API_KEY: &str = "ANTHROPIC_API_KEY";
/// A program's credential as `Authorization: Bearer`.
pub(crate) const AUTH_TOKEN: &str = "ANTHROPIC_AUTH_TOKEN";
/// Which server requests go to.
pub(crate) const BASE_URL: &str = "ANTHROPIC_BASE_URL";
/// More headers for each request, a line each, which Claude Code and the SDKs for Python and TypeScript read.
pub(crate) const HEADERS: &str = "ANTHROPIC_CUSTOM_HEADERS";
