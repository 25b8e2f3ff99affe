//! Whom one signs in to, as data: endpoints, client id, scopes, and how requests are written.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::account::Payer;
use crate::http::is_loopback;
pub use crate::sign_in::variables::ByVariables;

/// A provider's id: the `example` of `[providers.example]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProviderId(String);

impl ProviderId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<ProviderId> for String {
    fn from(id: ProviderId) -> Self {
        id.0
    }
}

impl TryFrom<String> for ProviderId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if !text.is_empty() && text.len() <= 40 && text.chars().all(fits) {
            Ok(Self(text))
        } else {
            Err(format!(
                "`{}` is no provider id: use up to 40 small letters, digits, `-` and `_`",
                text.escape_debug()
            ))
        }
    }
}

/// By which ways an answer can come back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "lowercase")]
pub enum Redirect {
    /// By a redirect to a port of this computer (RFC 8252 §7.3).
    #[default]
    Loopback,
    /// By that, or by a code that a page of the provider shows.
    Both,
    /// Only by a code that a page of the provider shows.
    Paste,
}

/// How the fields of a token request are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "lowercase")]
pub enum TokenRequest {
    /// As RFC 6749 §4.1.3 says.
    #[default]
    Form,
    /// As a JSON object.
    Json,
}

/// One text or several, as a person may write them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// `"…"`
    One(String),
    /// `["…", "…"]`
    Many(Vec<String>),
}

/// A provider as configuration names it: whatever is left out is found in the issuer's metadata, or has a default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProviderEntry {
    /// How people call it.
    pub name: Option<String>,
    /// Whose metadata is read (RFC 8414, or OpenID Connect Discovery).
    pub issuer: Option<String>,
    /// RFC 6749 §3.1.
    pub authorize_url: Option<String>,
    /// RFC 6749 §3.2.
    pub token_url: Option<String>,
    /// RFC 7009.
    pub revocation_url: Option<String>,
    /// RFC 8628 §3.1.
    pub device_authorization_url: Option<String>,
    /// RFC 6749 §2.2, issued to the person or the organization.
    pub client_id: Option<String>,
    /// RFC 6749 §3.3.
    pub scopes: Option<Vec<String>>,
    /// Whom the token is for, by the name that some servers have for it.
    pub audience: Option<String>,
    /// Whom the token is for, by address (RFC 8707 §2).
    pub resource: Option<OneOrMany>,
    /// By which ways an answer can come back.
    pub redirect: Option<Redirect>,
    /// With `{port}` where the port belongs.
    pub loopback_redirect_uri: Option<String>,
    /// The page that shows a code.
    pub paste_redirect_uri: Option<String>,
    /// Added to the authorize URL of the pasted leg.
    pub paste_query: Option<BTreeMap<String, String>>,
    /// How token requests are written.
    pub token_request: Option<TokenRequest>,
    /// Sent with every token request.
    pub token_headers: Option<BTreeMap<String, String>>,
    /// Who is billed.
    pub payer: Option<Payer>,
    /// The API that the token is for.
    pub base_url: Option<String>,
    /// Nothing that comes from it is real.
    pub practice: Option<bool>,
}

/// A provider, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its id.
    pub id: ProviderId,
    /// How people call it.
    pub name: String,
    /// Whether it comes with Keyfob.
    pub built_in: bool,
    /// Whose metadata is read.
    pub issuer: Option<Url>,
    /// RFC 6749 §3.1.
    pub authorize_url: Option<Url>,
    /// RFC 6749 §3.2.
    pub token_url: Option<Url>,
    /// RFC 7009.
    pub revocation_url: Option<Url>,
    /// RFC 8628 §3.1.
    pub device_authorization_url: Option<Url>,
    /// RFC 6749 §2.2.
    pub client_id: Option<String>,
    /// RFC 6749 §3.3.
    pub scopes: Vec<String>,
    /// Whom the token is for, by the name that some servers have for it.
    pub audience: Option<String>,
    /// Whom the token is for, by address (RFC 8707 §2).
    pub resource: Vec<String>,
    /// By which ways an answer can come back.
    pub redirect: Redirect,
    /// With `{port}` where the port belongs.
    pub loopback_redirect_uri: String,
    /// The page that shows a code.
    pub paste_redirect_uri: Option<Url>,
    /// Added to the authorize URL of the pasted leg.
    pub paste_query: BTreeMap<String, String>,
    /// How token requests are written.
    pub token_request: TokenRequest,
    /// Sent with every token request.
    pub token_headers: BTreeMap<String, String>,
    /// Who is billed.
    pub payer: Payer,
    /// The API that the token is for.
    pub base_url: Option<Url>,
    /// Nothing that comes from it is real.
    pub practice: bool,
    /// What variables of the environment say of it, where `config.toml` says nothing.
    pub by_variables: ByVariables,
}

impl Provider {
    /// Whether one can sign in: a client id, and endpoints or an issuer that names them.
    pub fn is_ready(&self) -> bool {
        let asked = self.authorize_url.is_some() || self.device_authorization_url.is_some();
        let endpoints = asked && self.token_url.is_some();
        let usable = self.by_variables.problem.is_none();
        usable && self.client_id.is_some() && (endpoints || self.issuer.is_some())
    }

    /// Whether one may be able to sign in on another device (RFC 8628). Where only an issuer is named, its metadata
    /// says so for sure.
    pub fn may_have_device_flow(&self) -> bool {
        self.device_authorization_url.is_some() || self.issuer.is_some()
    }

    /// Whether the server is asked who signs in (OpenID Connect Core §3.1.2.1).
    pub(crate) fn asks_who_it_is(&self) -> bool {
        self.scopes.iter().any(|scope| scope == "openid")
    }

    /// What every request says about whom the token is for.
    pub(crate) fn aims(&self) -> Vec<(&str, &str)> {
        let audience = self.audience.iter().map(|a| ("audience", a.as_str()));
        let resource = self.resource.iter().map(|r| ("resource", r.as_str()));
        resource.chain(audience).collect()
    }

    /// The host on which one signs in, to show.
    pub fn host(&self) -> Option<String> {
        let url = self.authorize_url.as_ref().or(self.issuer.as_ref())?;
        let host = url.host_str()?;
        Some(match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        })
    }

    /// Checks an entry. The error is a sentence about the one thing that is wrong.
    pub fn from_entry(
        id: ProviderId,
        entry: ProviderEntry,
        built_in: bool,
    ) -> Result<Self, String> {
        let redirect = entry.redirect.unwrap_or_default();
        let loopback_redirect_uri = entry
            .loopback_redirect_uri
            .unwrap_or_else(|| "http://127.0.0.1:{port}/callback".to_owned());
        check_loopback_template(&loopback_redirect_uri)?;
        let paste_redirect_uri = secure_url("paste_redirect_uri", entry.paste_redirect_uri)?;
        if redirect != Redirect::Loopback && paste_redirect_uri.is_none() {
            return Err(
                "it answers by a pasted code, but `paste_redirect_uri` is missing".to_owned(),
            );
        }
        let scopes = entry.scopes.unwrap_or_default();
        if let Some(scope) = scopes.iter().find(|s| !is_scope_token(s)) {
            return Err(format!(
                "`{}` is no scope: each scope is one word",
                scope.escape_debug()
            ));
        }
        let client_id = entry.client_id.filter(|id| !id.trim().is_empty());
        // It goes into an address that a browser opens.
        if client_id.as_ref().is_some_and(|id| id.contains("sk-ant-")) {
            return Err("`client_id` holds a key or a token".to_owned());
        }
        let issuer = secure_url("issuer", entry.issuer)?;
        if let Some(issuer) = &issuer
            && (issuer.query().is_some() || issuer.fragment().is_some())
        {
            return Err("`issuer` may have no query and no fragment (RFC 8414 §2)".to_owned());
        }
        let token_headers = entry.token_headers.unwrap_or_default();
        for (name, value) in &token_headers {
            let fits = reqwest::header::HeaderName::try_from(name).is_ok()
                && reqwest::header::HeaderValue::try_from(value).is_ok();
            if !fits {
                return Err("`token_headers` has a name or value that HTTP does not allow".into());
            }
        }
        Ok(Self {
            name: entry.name.unwrap_or_else(|| id.to_string()),
            built_in,
            issuer,
            authorize_url: secure_url("authorize_url", entry.authorize_url)?,
            token_url: secure_url("token_url", entry.token_url)?,
            revocation_url: secure_url("revocation_url", entry.revocation_url)?,
            device_authorization_url: secure_url(
                "device_authorization_url",
                entry.device_authorization_url,
            )?,
            client_id: client_id.map(|id| id.trim().to_owned()),
            scopes,
            audience: entry.audience.filter(|a| !a.trim().is_empty()),
            resource: checked_resource(entry.resource)?,
            redirect,
            loopback_redirect_uri,
            paste_redirect_uri,
            paste_query: entry.paste_query.unwrap_or_default(),
            token_request: entry.token_request.unwrap_or_default(),
            token_headers,
            payer: entry.payer.unwrap_or(Payer::Api),
            base_url: secure_url("base_url", entry.base_url)?,
            practice: entry.practice.unwrap_or(false),
            by_variables: ByVariables::default(),
            id,
        })
    }
}

impl ProviderEntry {
    /// This entry, with what `over` names laid over it.
    #[must_use]
    pub fn overlaid(self, over: Self) -> Self {
        Self {
            name: over.name.or(self.name),
            issuer: over.issuer.or(self.issuer),
            authorize_url: over.authorize_url.or(self.authorize_url),
            token_url: over.token_url.or(self.token_url),
            revocation_url: over.revocation_url.or(self.revocation_url),
            device_authorization_url: over
                .device_authorization_url
                .or(self.device_authorization_url),
            client_id: over.client_id.or(self.client_id),
            scopes: over.scopes.or(self.scopes),
            audience: over.audience.or(self.audience),
            resource: over.resource.or(self.resource),
            redirect: over.redirect.or(self.redirect),
            loopback_redirect_uri: over.loopback_redirect_uri.or(self.loopback_redirect_uri),
            paste_redirect_uri: over.paste_redirect_uri.or(self.paste_redirect_uri),
            paste_query: over.paste_query.or(self.paste_query),
            token_request: over.token_request.or(self.token_request),
            token_headers: over.token_headers.or(self.token_headers),
            payer: over.payer.or(self.payer),
            base_url: over.base_url.or(self.base_url),
            practice: over.practice.or(self.practice),
        }
    }
}

/// The id of the Claude Console.
pub(crate) const CLAUDE_CONSOLE: &str = "claude-console";

/// What comes with Keyfob. No client id does: one is issued to a person or an organization, who enters it.
pub(crate) fn built_in() -> Vec<(ProviderId, ProviderEntry)> {
    let text = |text: &str| Some(text.to_owned());
    let pair = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
    let claude_console = ProviderEntry {
        name: text("Claude Console"),
        authorize_url: text("https://platform.claude.com/oauth/authorize"),
        token_url: text("https://platform.claude.com/v1/oauth/token"),
        scopes: Some(
            ["user:profile", "user:inference", "user:developer"]
                .map(str::to_owned)
                .to_vec(),
        ),
        redirect: Some(Redirect::Both),
        loopback_redirect_uri: text("http://localhost:{port}/callback"),
        paste_redirect_uri: text("https://platform.claude.com/oauth/code/callback"),
        paste_query: Some(pair("code", "true")),
        token_request: Some(TokenRequest::Json),
        token_headers: Some(pair("anthropic-beta", "oauth-2025-04-20")),
        payer: Some(Payer::Api),
        base_url: text("https://api.anthropic.com"),
        ..ProviderEntry::default()
    };
    vec![(ProviderId(CLAUDE_CONSOLE.to_owned()), claude_console)]
}

/// RFC 8707 §2: an absolute URI without a fragment.
fn checked_resource(resource: Option<OneOrMany>) -> Result<Vec<String>, String> {
    let resource = match resource {
        None => Vec::new(),
        Some(OneOrMany::One(one)) => vec![one],
        Some(OneOrMany::Many(many)) => many,
    };
    let resource: Vec<_> = resource
        .iter()
        .map(|r| r.trim().to_owned())
        .filter(|r| !r.is_empty())
        .collect();
    let fits = |text: &String| Url::parse(text).is_ok_and(|url| url.fragment().is_none());
    match resource.iter().find(|r| !fits(r)) {
        None => Ok(resource),
        Some(wrong) => Err(format!(
            "`resource` has to be a whole address without `#` (RFC 8707), and `{}` is none",
            wrong.escape_debug()
        )),
    }
}

/// RFC 6749 §3.3: `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`.
fn is_scope_token(scope: &str) -> bool {
    let fits = |b: u8| (0x21..=0x7e).contains(&b) && b != b'"' && b != b'\\';
    !scope.is_empty() && scope.bytes().all(fits)
}

/// TLS everywhere but on this computer (RFC 6749 §3.1, RFC 8252 §8.3).
pub(crate) fn is_secure(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url))
}

pub(super) fn secure_url(field: &str, text: Option<String>) -> Result<Option<Url>, String> {
    let Some(text) = text.filter(|t| !t.trim().is_empty()) else {
        return Ok(None);
    };
    let url = Url::parse(text.trim()).map_err(|e| format!("`{field}` is no URL ({e})"))?;
    if !is_secure(&url) {
        return Err(format!(
            "`{field}` has to start with https:// (http:// only on this computer)"
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("`{field}` may hold no user name and no password"));
    }
    Ok(Some(url))
}

fn check_loopback_template(template: &str) -> Result<(), String> {
    let wrong = || {
        "`loopback_redirect_uri` has to be http://127.0.0.1:{port}/callback, \
         http://[::1]:{port}/callback or http://localhost:{port}/callback"
            .to_owned()
    };
    let url = Url::parse(&template.replace("{port}", "1")).map_err(|_| wrong())?;
    let bound = ["127.0.0.1", "localhost", "[::1]"];
    let fits = url.scheme() == "http"
        && url.host_str().is_some_and(|host| bound.contains(&host))
        && template.contains(":{port}/")
        && url.path() == "/callback"
        && url.query().is_none()
        && url.fragment().is_none();
    if fits { Ok(()) } else { Err(wrong()) }
}

#[cfg(test)]
#[path = "provider_tests.rs"]
mod tests;
