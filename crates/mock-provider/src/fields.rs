//! Parameters as OAuth sends them: a query, a form, or a flat JSON object.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use serde::Serialize;
use serde_json::Value;
use url::form_urlencoded;

use crate::answers::OAuthError;

/// The parameters of one request. An empty value counts as left out (RFC 6749 §3.1).
#[derive(Debug, Default)]
pub(crate) struct Fields {
    single: BTreeMap<String, String>,
    /// The one parameter that may come more than once (RFC 8707 §2).
    resource: Vec<String>,
}

/// Whom a token is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Aims {
    resource: Vec<String>,
    audience: Option<String>,
}

impl Fields {
    /// Reads `application/x-www-form-urlencoded` text. A parameter must not come twice (RFC 6749 §3.1, §3.2).
    pub(crate) fn from_form(text: &[u8]) -> Result<Self, OAuthError> {
        let mut fields = Self::default();
        for (name, value) in form_urlencoded::parse(text) {
            if name == "resource" {
                fields.resource.push(value.into_owned());
            } else if fields
                .single
                .insert(name.into_owned(), value.into_owned())
                .is_some()
            {
                return Err(OAuthError::invalid_request("A parameter came twice"));
            }
        }
        Ok(fields)
    }

    /// Reads a JSON object. Values that are no text are passed over: but for lists of resources, no parameter here is
    /// anything else.
    fn from_json(text: &[u8]) -> Result<Self, OAuthError> {
        let values: BTreeMap<String, Value> = serde_json::from_slice(text)
            .map_err(|_| OAuthError::unreadable("The body is not a JSON object"))?;
        let mut fields = Self::default();
        for (name, value) in values {
            match value {
                Value::String(text) if name == "resource" => fields.resource.push(text),
                Value::String(text) => drop(fields.single.insert(name, text)),
                Value::Array(list) if name == "resource" => {
                    let texts = list.iter().filter_map(Value::as_str);
                    fields.resource.extend(texts.map(str::to_owned));
                }
                _ => {}
            }
        }
        Ok(fields)
    }

    /// Reads a request body by what its `Content-Type` says it is.
    pub(crate) fn from_body(headers: &HeaderMap, body: &[u8]) -> Result<Self, OAuthError> {
        let said = headers
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        let media_type = said.split(';').next().unwrap_or_default().trim();
        if media_type.eq_ignore_ascii_case("application/json") {
            Self::from_json(body)
        } else if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Self::from_form(body)
        } else {
            Err(OAuthError::invalid_request(
                "The body must be JSON or a form, and say so in Content-Type",
            ))
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.single
            .get(name)
            .map(String::as_str)
            .filter(|v| !v.is_empty())
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, OAuthError> {
        self.get(name)
            .ok_or_else(|| OAuthError::invalid_request(format!("{name} is missing")))
    }

    /// Whom the token is asked for (RFC 8707).
    pub(crate) fn aims(&self) -> Aims {
        Aims {
            resource: self.resource.clone(),
            audience: self.get("audience").map(str::to_owned),
        }
    }

    /// The secrets among the parameters, as text: what a fault that echoes them puts into its answer.
    pub(crate) fn secrets(&self) -> String {
        let secret = [
            "code",
            "code_verifier",
            "device_code",
            "refresh_token",
            "state",
            "token",
        ];
        let shown = secret
            .iter()
            .filter_map(|name| Some(format!("{name}={}", self.get(name)?)));
        shown.collect::<Vec<_>>().join(" ")
    }
}
