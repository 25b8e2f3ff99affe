//! The token endpoint (RFC 6749 §3.2): exchange and refresh.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::answers::{OAuthError, RequestId};
use crate::devices::DEVICE_GRANT;
use crate::fault_list::Place;
use crate::faults::{Victim, answer};
use crate::fields::Fields;
use crate::ledger::{Grant, Proof, Terms};
use crate::mint::uuid_of;
use crate::shared::{Handle, Shared};
use crate::{id_token, pkce};

pub(crate) async fn token(
    State(shared): State<Handle>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fields = Fields::from_body(&headers, &body);
    let grant_type = fields.as_ref().ok().and_then(|f| f.get("grant_type"));
    let place = match grant_type {
        Some("authorization_code") => {
            shared.counters.exchange();
            Place::Exchange
        }
        Some("refresh_token") => Place::Refresh,
        Some(DEVICE_GRANT) => Place::Poll,
        _ => Place::Token,
    };
    // Held to the end of the answer, faults and all, so that requests which overlap are seen to overlap.
    let _in_flight = (place == Place::Refresh).then(|| shared.counters.refresh());
    let secrets = fields.as_ref().map(Fields::secrets).unwrap_or_default();
    let victim = Victim {
        place,
        secrets,
        id: &id,
    };
    answer(&shared, victim, async {
        let granted = fields.and_then(|fields| grant(&shared, place, &fields));
        granted.unwrap_or_else(IntoResponse::into_response)
    })
    .await
}

fn grant(shared: &Shared, place: Place, fields: &Fields) -> Result<Response, OAuthError> {
    if place == Place::Token {
        fields.required("grant_type")?;
        return Err(OAuthError::unsupported_grant_type());
    }
    if fields.required("client_id")? != shared.options.client_id {
        return Err(OAuthError::invalid_client());
    }
    let terms = shared.terms();
    let grant = match place {
        Place::Exchange => {
            shared.note_aims("exchange", fields.aims());
            let proof = proof(fields)?;
            let grant = shared.ledger().exchange(&proof, &shared.mint, terms)?;
            shared.counters.exchange_ok();
            grant
        }
        Place::Poll => {
            shared.note_aims("poll", fields.aims());
            let device_code = fields.required("device_code")?;
            shared.ledger().poll(device_code, &shared.mint, terms)?
        }
        _ => {
            shared.note_aims("refresh", fields.aims());
            let token = fields.required("refresh_token")?;
            let grant = shared.ledger().refresh(token, &shared.mint, terms)?;
            shared.counters.refresh_ok();
            grant
        }
    };
    Ok(success(shared, &grant, terms))
}

fn proof(fields: &Fields) -> Result<Proof<'_>, OAuthError> {
    let verifier = fields.required("code_verifier")?;
    if !pkce::is_verifier(verifier) {
        let words = "code_verifier must be 43 to 128 unreserved characters";
        return Err(OAuthError::invalid_request(words));
    }
    Ok(Proof {
        code: fields.required("code")?,
        redirect_uri: fields.required("redirect_uri")?,
        verifier,
        state: fields
            .get("state")
            .ok_or_else(|| OAuthError::unreadable("state is missing"))?,
    })
}

/// The answer of RFC 6749 §5.1. Where `openid` was asked for, it says who signed in as OpenID providers do; else as the
/// real server does.
fn success(shared: &Shared, grant: &Grant, terms: Terms) -> Response {
    let options = &shared.options;
    let email = &grant.grants.email;
    let mut answer = json!({
        "access_token": grant.access_token,
        "token_type": "Bearer",
        "expires_in": terms.access_life / 1000,
        "refresh_token": grant.refresh_token,
        "refresh_token_expires_in": grant.refresh_expires_at.saturating_sub(terms.now) / 1000,
        "scope": grant.grants.scopes.join(" "),
    });
    if grant.grants.scopes.iter().any(|scope| scope == "openid") {
        let about = id_token::About {
            issuer: shared.issuer(),
            client_id: &options.client_id,
            now: terms.now / 1000,
        };
        answer["id_token"] = id_token::of(&grant.grants, &about).into();
    } else {
        let workspace_id = uuid_of(&options.workspace).replace('-', "");
        answer["account"] = json!({ "uuid": uuid_of(email), "email_address": email });
        answer["organization"] =
            json!({ "uuid": uuid_of(&options.organization), "name": options.organization });
        answer["workspace"] =
            json!({ "id": format!("wrkspc_{workspace_id}"), "name": options.workspace });
    }
    Json(answer).into_response()
}
