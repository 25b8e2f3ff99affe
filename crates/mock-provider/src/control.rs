//! The control API: what tests ask of the server beside its trade.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Json, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use crate::counters::Snapshot;
use crate::fault_list::{Fault, FaultList};
use crate::fields::Aims;
use crate::ledger::Standing;
use crate::messages::Asked;
use crate::options::Decision;
use crate::shared::{Handle, lock};

pub(crate) fn routes() -> Router<Handle> {
    Router::new()
        .route("/counters", get(counters))
        .route("/reset", post(reset))
        .route("/faults", get(faults).post(order).delete(clear))
        .route("/expire", post(expire))
        .route("/revoke", post(revoke))
        .route("/standing", post(standing))
        .route("/access_ttl", post(access_ttl))
        .route("/auto", post(auto))
        .route("/person", post(person))
        .route("/date", post(date))
        .route("/aims", get(aims))
        .route("/messages", get(messages))
        .layer(middleware::from_fn(loopback_only))
}

/// Refuses requests that name another host than loopback: a web page whose name was made to point here
/// (DNS rebinding) could otherwise steer the server.
async fn loopback_only(request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    if ["127.0.0.1", "localhost", "[::1]"].contains(&name) {
        next.run(request).await
    } else {
        (
            StatusCode::FORBIDDEN,
            "The control API answers loopback hosts only\n",
        )
            .into_response()
    }
}

async fn counters(State(shared): State<Handle>) -> Json<Snapshot> {
    let snapshot = shared.counters.snapshot(&shared.ledger());
    Json(snapshot)
}

async fn reset(State(shared): State<Handle>) -> StatusCode {
    shared.reset();
    StatusCode::NO_CONTENT
}

async fn faults(State(shared): State<Handle>) -> Json<FaultList> {
    Json(shared.faults().clone())
}

async fn order(State(shared): State<Handle>, Json(fault): Json<Fault>) -> StatusCode {
    shared.faults().push(fault);
    StatusCode::NO_CONTENT
}

async fn clear(State(shared): State<Handle>) -> StatusCode {
    shared.clear_faults();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expire {
    #[serde(default)]
    access: bool,
    #[serde(default)]
    refresh: bool,
}

async fn expire(State(shared): State<Handle>, Json(what): Json<Expire>) -> StatusCode {
    let (now, mut ledger) = (shared.now(), shared.ledger());
    if what.access {
        ledger.age_access(now);
    }
    if what.refresh {
        ledger.age_refresh(now);
    }
    StatusCode::NO_CONTENT
}

async fn revoke(State(shared): State<Handle>) -> StatusCode {
    shared.ledger().revoke_all();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    token: String,
}

async fn standing(State(shared): State<Handle>, Json(asked): Json<Token>) -> Json<Standing> {
    Json(shared.standing(&asked.token))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccessTtl {
    seconds: i64,
}

async fn access_ttl(State(shared): State<Handle>, Json(ttl): Json<AccessTtl>) -> StatusCode {
    shared.switches().access_ttl = ttl.seconds;
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Auto {
    decision: Option<Decision>,
}

async fn auto(State(shared): State<Handle>, Json(auto): Json<Auto>) -> StatusCode {
    shared.switches().auto = auto.decision;
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    email: String,
}

async fn person(State(shared): State<Handle>, Json(person): Json<Person>) -> StatusCode {
    shared.switches().email = person.email;
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Date {
    seconds_ahead: i64,
}

async fn date(State(shared): State<Handle>, Json(date): Json<Date>) -> StatusCode {
    shared.switches().date_ahead = date.seconds_ahead;
    StatusCode::NO_CONTENT
}

/// Who asked for a message, and with what.
async fn messages(State(shared): State<Handle>) -> Json<Vec<Asked>> {
    Json(shared.asks.all())
}

async fn aims(State(shared): State<Handle>) -> Json<BTreeMap<&'static str, Aims>> {
    Json(lock(&shared.aims).clone())
}
