//! The device authorization endpoint (RFC 8628 §3.1), and the pages where the person types the code.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use url::form_urlencoded;

use crate::answers::{OAuthError, RequestId};
use crate::devices::{Times, user_code};
use crate::fault_list::Place;
use crate::faults::{Victim, answer};
use crate::fields::Fields;
use crate::ledger::Grants;
use crate::options::Decision;
use crate::shared::{Handle, Shared};
use crate::{pages, registration};

pub(crate) async fn begin(
    State(shared): State<Handle>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fields = Fields::from_body(&headers, &body);
    let victim = Victim {
        place: Place::Device,
        secrets: String::new(),
        id: &id,
    };
    answer(&shared, victim, async {
        let begun = fields.and_then(|fields| issue(&shared, &fields));
        begun.unwrap_or_else(IntoResponse::into_response)
    })
    .await
}

fn issue(shared: &Shared, fields: &Fields) -> Result<Response, OAuthError> {
    if fields.required("client_id")? != shared.options.client_id {
        return Err(OAuthError::invalid_client());
    }
    shared.note_aims("device", fields.aims());
    let scopes = registration::scopes(fields.get("scope")).ok_or_else(OAuthError::invalid_scope)?;
    let (email, auto) = {
        let switches = shared.switches();
        (switches.email.clone(), switches.auto)
    };
    let grants = Grants {
        scopes,
        email,
        nonce: None,
    };
    let options = &shared.options;
    let life = i64::try_from(options.device_ttl.as_secs()).unwrap_or(i64::MAX / 2000);
    let interval = i64::try_from(options.device_interval.as_secs()).unwrap_or(60);
    let times = Times {
        expires_at: shared.now().saturating_add(life * 1000),
        interval: interval * 1000,
    };
    let (device_code, code) = (shared.mint.code(), user_code(&shared.mint.consent_id()));
    let mut ledger = shared.ledger();
    let devices = &mut ledger.devices;
    devices.begin(device_code.clone(), code.clone(), grants, &times, auto);
    let page = format!("{}/oauth/device", shared.base_url);
    let query: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("user_code", &code)
        .finish();
    Ok(Json(json!({
        "device_code": device_code,
        "user_code": code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?{query}"),
        "expires_in": life,
        "interval": interval,
    }))
    .into_response())
}

/// Asks for the code, or whether the person agrees where the address has it.
pub(crate) async fn page(State(shared): State<Handle>, RawQuery(query): RawQuery) -> Response {
    match Fields::from_form(query.unwrap_or_default().as_bytes()) {
        Ok(fields) => consider(&shared, &fields),
        Err(_) => pages::refusal("A parameter came twice."),
    }
}

/// What the page for the code sends.
pub(crate) async fn typed(
    State(shared): State<Handle>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match Fields::from_body(&headers, &body) {
        Ok(fields) => consider(&shared, &fields),
        Err(_) => pages::refusal("The form could not be read."),
    }
}

fn consider(shared: &Shared, fields: &Fields) -> Response {
    let Some(typed) = fields.get("user_code") else {
        return pages::device(None);
    };
    let email = shared.switches().email.clone();
    let now = shared.now();
    let ledger = shared.ledger();
    match ledger.devices.waiting(typed, now) {
        Some((code, grants)) => {
            let grants = Grants {
                email,
                ..grants.clone()
            };
            pages::consent(&shared.options, &grants, pages::About::Device(code))
        }
        None => pages::device(Some(typed)),
    }
}

/// What the two buttons of the consent page send.
pub(crate) async fn decide(
    State(shared): State<Handle>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Ok(fields) = Fields::from_body(&headers, &body) else {
        return pages::refusal("The form could not be read.");
    };
    let decision = match fields.get("decision") {
        Some("agree") => Decision::Agree,
        Some("decline") => Decision::Decline,
        _ => return pages::refusal("The form says neither yes nor no."),
    };
    let email = shared.switches().email.clone();
    let (code, now) = (fields.get("request").unwrap_or_default(), shared.now());
    if !shared.ledger().devices.decide(code, &email, decision, now) {
        return pages::refusal("This code was answered before, or has expired.");
    }
    match decision {
        Decision::Agree => shared.counters.consent(),
        Decision::Decline => shared.counters.decline(),
    }
    pages::device_done(decision == Decision::Agree)
}
