//! `GET /v1/models`, the free request by which a credential is tried out, and how a credential is judged.

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::answers::{RequestId, envelope};
use crate::fault_list::Place;
use crate::faults::{Victim, answer};
use crate::ledger::Standing;
use crate::shared::{Handle, Shared};

/// The header value without which OAuth tokens are refused.
const OAUTH_BETA: &str = "oauth-2025-04-20";

/// How access tokens begin.
const ACCESS_TOKEN: &str = "sk-ant-oat01-";

/// A refusal: its status and its words.
pub(crate) type No = (u16, &'static str);

/// What becomes of a request that carries both kinds of credential.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Both {
    /// It is refused.
    Refused,
    /// It is taken where both are the same: what its helper prints, Claude Code sends as both.
    WhenTheSame,
}

pub(crate) async fn models(
    State(shared): State<Handle>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
) -> Response {
    let secrets = [text(&headers, "x-api-key"), bearer(&headers)];
    let victim = Victim {
        place: Place::Models,
        secrets: secrets.into_iter().flatten().collect::<Vec<_>>().join(" "),
        id: &id,
    };
    answer(&shared, victim, async {
        match admit(&shared, &headers, Both::Refused) {
            Ok(()) => list(),
            Err((status, words)) => {
                let mut response = envelope(status, words, &id);
                if status == 429 {
                    response.headers_mut().insert(header::RETRY_AFTER, 7.into());
                }
                response
            }
        }
    })
    .await
}

pub(crate) fn admit(shared: &Shared, headers: &HeaderMap, both: Both) -> Result<(), No> {
    let credential = match (text(headers, "x-api-key"), bearer(headers)) {
        (Some(key), Some(token)) if both == Both::WhenTheSame && key == token => {
            Credential::Either(key)
        }
        (Some(_), Some(_)) => {
            return Err((400, "Send either x-api-key or Authorization, not both"));
        }
        (Some(key), None) => Credential::Key(key),
        (None, Some(token)) if token.starts_with(ACCESS_TOKEN) => Credential::OAuth(token),
        (None, Some(key)) => Credential::Key(key),
        (None, None) => return Err((401, "x-api-key header is required")),
    };
    if text(headers, "anthropic-version").is_none() {
        return Err((400, "anthropic-version: header is required"));
    }
    match credential {
        Credential::Key(key) => judge_key(key, text(headers, "anthropic-workspace-id")),
        Credential::OAuth(token) => {
            names_oauth(headers)?;
            judge_token(shared, token)
        }
        // As a gateway would: what a helper has printed may be a token, which nobody but we can tell.
        Credential::Either(token) if token.starts_with(ACCESS_TOKEN) => judge_token(shared, token),
        Credential::Either(key) => judge_key(key, text(headers, "anthropic-workspace-id")),
    }
}

enum Credential<'a> {
    Key(&'a str),
    OAuth(&'a str),
    Either(&'a str),
}

fn names_oauth(headers: &HeaderMap) -> Result<(), No> {
    let betas = headers.get_all("anthropic-beta").iter();
    let mut named = betas
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','));
    match named.any(|beta| beta.trim() == OAUTH_BETA) {
        true => Ok(()),
        false => Err((401, "OAuth authentication is currently not supported.")),
    }
}

fn judge_token(shared: &Shared, token: &str) -> Result<(), No> {
    match shared.ledger().standing(token, shared.now()) {
        Standing::Live => Ok(()),
        Standing::Expired => Err((401, "OAuth token has expired")),
        Standing::Revoked => Err((403, "OAuth token has been revoked")),
        Standing::Unknown | Standing::Spent => Err((401, "Invalid bearer token")),
    }
}

/// Keys are not issued here: any will do, and words within one ask for the refusals there are.
fn judge_key(key: &str, workspace: Option<&str>) -> Result<(), No> {
    let Some(rest) = key.strip_prefix("sk-ant-") else {
        return Err((401, "invalid x-api-key"));
    };
    if ["admin01-", "oat01-", "ort01-", "sid"]
        .iter()
        .any(|p| rest.starts_with(p))
    {
        return Err((401, "invalid x-api-key"));
    }
    let asks = |word: &str| rest.contains(word);
    if asks("-revoked") || asks("-expired") {
        Err((401, "invalid x-api-key"))
    } else if asks("-billing") {
        Err((402, "Your credit balance is too low to access the API"))
    } else if asks("-forbidden") {
        Err((
            403,
            "Your API key does not have permission to use the specified resource",
        ))
    } else if asks("-limited") {
        Err((429, "This request would exceed your rate limit"))
    } else if asks("-broken") {
        Err((500, "Internal server error"))
    } else if asks("-overloaded") {
        Err((529, "Overloaded"))
    } else if asks("-identity") && !workspace.is_some_and(|id| id.starts_with("wrkspc_")) {
        Err((
            400,
            "anthropic-workspace-id is required when authenticating with an identity-linked API key",
        ))
    } else {
        Ok(())
    }
}

fn list() -> Response {
    let id = "claude-practice-1";
    Json(json!({
        "data": [{
            "type": "model",
            "id": id,
            "display_name": "Practice model (answers nothing)",
            "created_at": "2026-01-01T00:00:00Z",
        }],
        "has_more": false,
        "first_id": id,
        "last_id": id,
    }))
    .into_response()
}

pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The credential of an `Authorization: Bearer` header (RFC 6750 §2.1); another scheme is none.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, credential) = text(headers, "authorization")?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| credential.trim())
}
