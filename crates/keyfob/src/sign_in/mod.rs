//! Signing in with OAuth 2.0 for native apps (RFC 8252): authorization code with PKCE (RFC 7636), answered by a
//! loopback redirect or by a pasted code, in the person's own browser; or on another device (RFC 8628).

pub(crate) mod attempt;
pub(crate) mod device;
pub(crate) mod id_token;
pub(crate) mod metadata;
pub(crate) mod page;
pub(crate) mod provider;
pub(crate) mod redirect;
pub(crate) mod token_answer;
pub(crate) mod token_endpoint;
pub(crate) mod variables;
