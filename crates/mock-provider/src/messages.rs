//! `POST /v1/messages`: enough of it that real clients are content. It says the same thing each time, and keeps whose
//! credential came with which request.

use std::collections::VecDeque;
use std::sync::Mutex;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::answers::{RequestId, envelope};
use crate::fault_list::Place;
use crate::faults::{Victim, answer};
use crate::models::{Both, admit, bearer, text};
use crate::shared::{Handle, lock};

/// The largest request body: a program that works on files sends much more than a sign-in does.
pub(crate) const LARGEST_BODY: usize = 8 * 1024 * 1024;

/// How many requests are remembered.
const REMEMBERED: usize = 1_000;

/// What every answer says.
const SAID: &str = "This is practice.";

/// One request as the control API tells of it.
#[derive(Clone, Serialize)]
pub(crate) struct Asked {
    /// Which headers carried a credential.
    headers: Vec<&'static str>,
    /// The sha256 of each, in the same order, so that a test can tell them apart without their being shown.
    sha256: Vec<String>,
    /// What the client calls itself.
    user_agent: String,
    /// The status that it was answered with, unless a fault was ordered for it.
    status: u16,
}

/// The requests so far, the oldest first.
#[derive(Default)]
pub(crate) struct Asks(Mutex<VecDeque<Asked>>);

impl Asks {
    fn note(&self, asked: Asked) {
        let mut all = lock(&self.0);
        all.push_back(asked);
        while all.len() > REMEMBERED {
            all.pop_front();
        }
    }

    pub(crate) fn all(&self) -> Vec<Asked> {
        lock(&self.0).iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }
}

pub(crate) async fn messages(
    State(shared): State<Handle>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let sent = [
        ("x-api-key", text(&headers, "x-api-key")),
        ("authorization", bearer(&headers)),
    ];
    let sent: Vec<(&'static str, &str)> = sent
        .into_iter()
        .filter_map(|(name, secret)| Some((name, secret?)))
        .collect();
    let secrets: Vec<&str> = sent.iter().map(|(_, secret)| *secret).collect();
    let victim = Victim {
        place: Place::Messages,
        secrets: secrets.join(" "),
        id: &id,
    };
    let judged = admit(&shared, &headers, Both::WhenTheSame).and_then(|()| asked_for(&body));
    shared.asks.note(Asked {
        headers: sent.iter().map(|(name, _)| *name).collect(),
        sha256: secrets.iter().map(|secret| sha256(secret)).collect(),
        user_agent: text(&headers, "user-agent").unwrap_or_default().to_owned(),
        status: judged.as_ref().map_or_else(|(status, _)| *status, |_| 200),
    });
    answer(&shared, victim, async {
        match judged {
            Ok(Wanted {
                model,
                stream: true,
            }) => streamed(&model, &id),
            Ok(Wanted { model, .. }) => Json(whole(&model, &id)).into_response(),
            Err((status, words)) => envelope(status, words, &id),
        }
    })
    .await
}

struct Wanted {
    model: String,
    stream: bool,
}

fn asked_for(body: &[u8]) -> Result<Wanted, (u16, &'static str)> {
    let body: Value = serde_json::from_slice(body).map_err(|_| (400, "The body is no JSON"))?;
    if !body["messages"].is_array() {
        return Err((400, "messages: Field required"));
    }
    let model = body["model"].as_str().ok_or((400, "model: Field required"));
    Ok(Wanted {
        model: model?.to_owned(),
        stream: body["stream"].as_bool() == Some(true),
    })
}

/// A message without what it says: as a stream begins.
fn message(model: &str, id: &RequestId) -> Value {
    json!({
        "id": format!("msg_{}", id.0),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
        "usage": { "input_tokens": 1, "output_tokens": 1 },
    })
}

fn whole(model: &str, id: &RequestId) -> Value {
    let mut message = message(model, id);
    message["content"] = json!([{ "type": "text", "text": SAID }]);
    message["stop_reason"] = json!("end_turn");
    message
}

/// The same as server-sent events, all at once.
fn streamed(model: &str, id: &RequestId) -> Response {
    let events = [
        json!({ "type": "message_start", "message": message(model, id) }),
        json!({
            "type": "content_block_start",
            "index": 0,
            "content_block": { "type": "text", "text": "" },
        }),
        json!({
            "type": "content_block_delta",
            "index": 0,
            "delta": { "type": "text_delta", "text": SAID },
        }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({
            "type": "message_delta",
            "delta": { "stop_reason": "end_turn", "stop_sequence": null },
            "usage": { "output_tokens": 5 },
        }),
        json!({ "type": "message_stop" }),
    ];
    let text: String = events
        .iter()
        .map(|event| {
            let name = event["type"].as_str().unwrap_or_default();
            format!("event: {name}\ndata: {event}\n\n")
        })
        .collect();
    ([(header::CONTENT_TYPE, "text/event-stream")], text).into_response()
}

fn sha256(secret: &str) -> String {
    let digest = Sha256::digest(secret.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
