//! Lets answers go wrong as ordered.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use hyper::body::{Frame, SizeHint};
use serde_json::{Value, json};
use tokio::sync::futures::Notified;
use tokio::time::{Sleep, sleep};

use crate::answers::{RequestId, envelope, error_type, status_code};
use crate::fault_list::{ErrorForm, Fault, Kind, Place, Plain, StatusFault};
use crate::shared::Shared;

/// Marks an answer that must not be sent: the connection ends instead.
#[derive(Clone)]
pub(crate) struct HangUp;

/// The largest real answer that is cut off or delayed.
const LARGEST: usize = 1 << 20;

/// How long after its first half an answer is cut off.
const PAUSE: Duration = Duration::from_millis(30);

/// A request as faults see it.
pub(crate) struct Victim<'a> {
    pub(crate) place: Place,
    /// The secrets the request carried, for faults that echo them.
    pub(crate) secrets: String,
    pub(crate) id: &'a RequestId,
}

/// Answers a request: with what the operation says, or with what was ordered to go wrong. Unless a fault is slow,
/// holds the answer or comes after the operation, the operation is not begun.
pub(crate) async fn answer(
    shared: &Shared,
    victim: Victim<'_>,
    operation: impl Future<Output = Response>,
) -> Response {
    // Before the fault is taken, or clearing in between would let nobody go.
    let cleared = shared.cleared();
    let fault = shared.faults().take(victim.place);
    match fault {
        None => operation.await,
        Some(fault) => match &fault.kind {
            Kind::Slow(slow) => {
                sleep(Duration::from_millis(slow.slow_ms)).await;
                operation.await
            }
            Kind::Plain(Plain::Hold) => {
                cleared.await;
                operation.await
            }
            Kind::After(inner) => {
                let done = Some(operation.await);
                spoil(shared, &victim, &fault, &inner.after, done, cleared).await
            }
            kind => spoil(shared, &victim, &fault, kind, None, cleared).await,
        },
    }
}

/// The answer that this kind of fault makes of a request. `done` is the real one where the operation was carried
/// out.
async fn spoil(
    shared: &Shared,
    victim: &Victim<'_>,
    fault: &Fault,
    kind: &Kind,
    done: Option<Response>,
    cleared: Notified<'_>,
) -> Response {
    let echo = |asked: bool| (asked || fault.echo).then_some(victim.secrets.as_str());
    match kind {
        Kind::Plain(Plain::CutOff) => cut_off(done).await,
        Kind::Plain(Plain::NotJson) => Html("<!doctype html><p>It works!").into_response(),
        Kind::Plain(Plain::Huge) => Json(sample(2 << 20)).into_response(),
        Kind::Plain(Plain::Redirect) => redirect(shared),
        Kind::Plain(Plain::Hang) => std::future::pending().await,
        Kind::Plain(Plain::Hold) => {
            cleared.await;
            done.unwrap_or_else(|| StatusCode::NO_CONTENT.into_response())
        }
        Kind::Plain(Plain::Drop) => {
            let mut never_sent = StatusCode::OK.into_response();
            never_sent.extensions_mut().insert(HangUp);
            never_sent
        }
        Kind::Status(wanted) => status(wanted, echo(wanted.echo), victim.id),
        Kind::Error200(wanted) => {
            let body = oauth_body(&wanted.error_200, echo(wanted.echo));
            Json(body).into_response()
        }
        Kind::Body(wanted) => {
            let mut body = wanted.body.clone();
            if let (Some(secrets), Some(object)) = (echo(wanted.echo), body.as_object_mut()) {
                object.insert("error_description".into(), secrets.into());
            }
            Json(body).into_response()
        }
        Kind::Slow(slow) => {
            sleep(Duration::from_millis(slow.slow_ms)).await;
            done.unwrap_or_else(|| StatusCode::NO_CONTENT.into_response())
        }
        // An operation cannot be carried out twice; what it answered stands.
        Kind::After(_) => done.unwrap_or_else(|| StatusCode::NO_CONTENT.into_response()),
    }
}

fn status(wanted: &StatusFault, echo: Option<&str>, id: &RequestId) -> Response {
    let code = wanted
        .code
        .as_deref()
        .unwrap_or_else(|| error_type(wanted.status));
    let words = echo.map_or_else(|| "Ordered fault".into(), |s| format!("Ordered fault: {s}"));
    let mut response = match wanted.error {
        ErrorForm::String => Json(oauth_body(code, echo)).into_response(),
        ErrorForm::Object if wanted.code.is_none() => envelope(wanted.status, &words, id),
        ErrorForm::Object => Json(json!({
            "type": "error",
            "error": { "type": code, "message": words },
            "request_id": id.0,
        }))
        .into_response(),
        ErrorForm::Html => {
            let page = format!("<!doctype html><title>Error</title><h1>{words}</h1>");
            Html(page).into_response()
        }
        ErrorForm::None => Response::default(),
    };
    *response.status_mut() = status_code(wanted.status);
    if let Some(seconds) = wanted.retry_after {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn oauth_body(code: &str, echo: Option<&str>) -> Value {
    let words = echo.map_or_else(|| "Ordered fault".into(), |s| format!("Ordered fault: {s}"));
    json!({ "error": code, "error_description": words })
}

/// To the same server by another name: another origin, so that nothing secret may follow, and still counted here.
fn redirect(shared: &Shared) -> Response {
    let elsewhere = shared.base_url.replace("127.0.0.1", "localhost") + "/elsewhere";
    let mut response = StatusCode::FOUND.into_response();
    if let Ok(location) = HeaderValue::try_from(elsewhere) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// A token answer that would pass, with so much padding in front.
fn sample(padding: usize) -> Value {
    json!({
        "a_padding": "x".repeat(padding),
        "access_token": "sk-ant-oat01-practice-never-issued",
        "token_type": "Bearer",
        "expires_in": 3600,
    })
}

async fn cut_off(done: Option<Response>) -> Response {
    let whole = done.unwrap_or_else(|| Json(sample(0)).into_response());
    let (parts, body) = whole.into_parts();
    let bytes = axum::body::to_bytes(body, LARGEST)
        .await
        .unwrap_or_default();
    let half = Half {
        first: Some(bytes.slice(..bytes.len() / 2)),
        total: bytes.len() as u64,
        pause: None,
    };
    Response::from_parts(parts, Body::new(half))
}

/// A body that promises `total` bytes, gives fewer, and fails.
struct Half {
    first: Option<Bytes>,
    total: u64,
    /// Between both: without it hyper would see the failure before it had sent anything, and send nothing.
    pause: Option<Pin<Box<Sleep>>>,
}

impl hyper::body::Body for Half {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(PAUSE)));
        ready!(pause.as_mut().poll(context));
        Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionAborted.into())))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.total)
    }
}
