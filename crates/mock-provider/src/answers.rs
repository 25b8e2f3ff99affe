//! The forms in which this server says no.

use std::borrow::Cow;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// The `request-id` of the answer under way. Envelopes repeat it in their body.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// An error of the token or revocation endpoint, in the string form of RFC 6749 §5.2.
#[derive(Debug)]
pub(crate) struct OAuthError {
    status: StatusCode,
    code: &'static str,
    description: Cow<'static, str>,
}

impl OAuthError {
    pub(crate) fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::bad_request("invalid_request", description)
    }

    pub(crate) fn invalid_grant(description: &'static str) -> Self {
        Self::bad_request("invalid_grant", description)
    }

    /// What a device is told that asks before the person has agreed (RFC 8628 §3.5).
    pub(crate) fn not_yet(code: &'static str, description: &'static str) -> Self {
        Self::bad_request(code, description)
    }

    pub(crate) fn invalid_scope() -> Self {
        Self::bad_request("invalid_scope", "A scope is not known here")
    }

    pub(crate) fn unsupported_grant_type() -> Self {
        let description =
            "Only authorization_code, refresh_token and the device code are supported";
        Self::bad_request("unsupported_grant_type", description)
    }

    /// A request whose form is wrong. The code is not of the RFC: it is what the real server was seen to answer,
    /// for a missing `state` among others.
    pub(crate) fn unreadable(description: &'static str) -> Self {
        Self::bad_request("oauth_request_parse_error", description)
    }

    pub(crate) fn invalid_client() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            code: "invalid_client",
            description: "This client is not registered here".into(),
        }
    }

    fn bad_request(code: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            description: description.into(),
        }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.code, "error_description": self.description });
        (self.status, Json(body)).into_response()
    }
}

/// An error of the API, in its envelope.
pub(crate) fn envelope(status: u16, message: &str, id: &RequestId) -> Response {
    let body = json!({
        "type": "error",
        "error": { "type": error_type(status), "message": message },
        "request_id": id.0,
    });
    (status_code(status), Json(body)).into_response()
}

/// The type that the API names beside a status.
pub(crate) fn error_type(status: u16) -> &'static str {
    match status {
        400 => "invalid_request_error",
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        _ => "api_error",
    }
}

/// A number as a status; what is none becomes 500.
pub(crate) fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
