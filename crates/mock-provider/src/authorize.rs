//! The authorization endpoint (RFC 6749 §3.1) and the consent page behind it.

use axum::body::Bytes;
use axum::extract::{Extension, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use url::Url;

use crate::answers::RequestId;
use crate::fault_list::Place;
use crate::faults::{Victim, answer};
use crate::fields::Fields;
use crate::ledger::{Asked, Grants};
use crate::options::Decision;
use crate::shared::{Handle, Shared};
use crate::{pages, pkce, registration};

/// Why a request is refused, and to whom that is said.
enum Refused {
    /// To the person: the redirect URI cannot be trusted, so nobody is sent there (RFC 6749 §4.1.2.1).
    OnPage(&'static str),
    /// To the client, by redirect.
    ByRedirect {
        redirect_uri: String,
        state: Option<String>,
        error: &'static str,
        description: &'static str,
    },
}

pub(crate) async fn ask(
    State(shared): State<Handle>,
    Extension(id): Extension<RequestId>,
    RawQuery(query): RawQuery,
) -> Response {
    let victim = Victim {
        place: Place::Authorize,
        secrets: query.clone().unwrap_or_default(),
        id: &id,
    };
    answer(&shared, victim, async {
        let Ok(fields) = Fields::from_form(query.unwrap_or_default().as_bytes()) else {
            return pages::refusal("A parameter came twice.");
        };
        shared.note_aims("authorize", fields.aims());
        match examine(&shared, &fields) {
            Ok(asked) => consider(&shared, asked),
            Err(refused) => refuse(&shared, refused),
        }
    })
    .await
}

/// Checks the request in the order that decides who may hear of a fault: client and redirect URI first.
fn examine(shared: &Shared, fields: &Fields) -> Result<Asked, Refused> {
    if fields.get("client_id") != Some(&shared.options.client_id) {
        return Err(Refused::OnPage("The application is not registered here."));
    }
    let redirect_uri = fields
        .get("redirect_uri")
        .filter(|uri| registration::allows_redirect(uri, &shared.base_url))
        .ok_or(Refused::OnPage(
            "The application asked to be answered at an address that is not registered for it.",
        ))?;
    let state = fields.get("state");
    let refused = |error, description| Refused::ByRedirect {
        redirect_uri: redirect_uri.to_owned(),
        state: state.map(str::to_owned),
        error,
        description,
    };
    match fields.get("response_type") {
        Some("code") => {}
        Some(_) => {
            let words = "Only response_type=code is supported";
            return Err(refused("unsupported_response_type", words));
        }
        None => return Err(refused("invalid_request", "response_type is missing")),
    }
    let state = state.ok_or_else(|| refused("invalid_request", "state is missing"))?;
    if fields.get("code_challenge_method") != Some("S256") {
        let words = "code_challenge_method must be S256";
        return Err(refused("invalid_request", words));
    }
    let challenge = fields
        .get("code_challenge")
        .filter(|text| pkce::is_challenge(text))
        .ok_or_else(|| {
            refused(
                "invalid_request",
                "code_challenge must be 43 base64url characters",
            )
        })?;
    let scopes = registration::scopes(fields.get("scope"))
        .ok_or_else(|| refused("invalid_scope", "A scope is not known here"))?;
    Ok(Asked {
        redirect_uri: redirect_uri.to_owned(),
        state: state.to_owned(),
        challenge: challenge.to_owned(),
        grants: Grants {
            scopes,
            email: shared.switches().email.clone(),
            nonce: fields.get("nonce").map(str::to_owned),
        },
    })
}

/// Shows the consent page, or decides at once where that was switched on.
fn consider(shared: &Shared, asked: Asked) -> Response {
    let auto = shared.switches().auto;
    if let Some(decision) = auto {
        return conclude(shared, asked, decision);
    }
    let id = shared.mint.consent_id();
    let page = pages::consent(&shared.options, &asked.grants, pages::About::Browser(&id));
    shared.ledger().await_decision(id, asked);
    page
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
    let asked = shared
        .ledger()
        .take_undecided(fields.get("request").unwrap_or_default());
    match asked {
        Some(asked) => conclude(&shared, asked, decision),
        None => pages::refusal("This page was answered before. Start again from the application."),
    }
}

fn conclude(shared: &Shared, asked: Asked, decision: Decision) -> Response {
    let Asked {
        redirect_uri,
        state,
        ..
    } = asked.clone();
    let iss = shared.issuer();
    match decision {
        Decision::Agree => {
            let code = shared.mint.code();
            let pairs = [("code", code.as_str()), ("state", &state), ("iss", iss)];
            let response = send_back(&redirect_uri, &pairs);
            shared.ledger().record_code(code, asked, shared.now());
            shared.counters.consent();
            response
        }
        Decision::Decline => {
            shared.counters.decline();
            let refused = Refused::ByRedirect {
                redirect_uri,
                state: Some(state),
                error: "access_denied",
                description: "The person declined",
            };
            refuse(shared, refused)
        }
    }
}

fn refuse(shared: &Shared, refused: Refused) -> Response {
    match refused {
        Refused::OnPage(words) => pages::refusal(words),
        Refused::ByRedirect {
            redirect_uri,
            state,
            error,
            description,
        } => {
            let mut pairs = vec![("error", error), ("error_description", description)];
            pairs.extend(state.as_deref().map(|s| ("state", s)));
            pairs.push(("iss", shared.issuer()));
            send_back(&redirect_uri, &pairs)
        }
    }
}

/// Redirects with 303, so that a form's POST does not follow along (RFC 9700 §4.12).
fn send_back(redirect_uri: &str, pairs: &[(&str, &str)]) -> Response {
    match Url::parse(redirect_uri) {
        Ok(mut uri) => {
            uri.query_pairs_mut().extend_pairs(pairs);
            Redirect::to(uri.as_str()).into_response()
        }
        Err(_) => pages::refusal("The address to answer at cannot be read."),
    }
}
