//! Starts, serves and stops.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::answers::RequestId;
use crate::faults::HangUp;
use crate::ledger::Standing;
use crate::options::Options;
use crate::shared::{Handle, Shared};
use crate::{authorize, control, device, messages, metadata, models, pages, revoke, token};

/// The largest request body. No honest one is a tenth of it.
const LARGEST_BODY: usize = 64 * 1024;

/// A running practice server. It stops when this is dropped.
pub struct MockProvider {
    shared: Handle,
    serving: JoinHandle<()>,
}

/// Starts a practice server on 127.0.0.1, on the current tokio runtime.
///
/// It answers once this returns. Errors are a port that is taken, options that make no sense
/// ([`io::ErrorKind::InvalidInput`]) and a system without randomness.
pub async fn start(options: Options) -> io::Result<MockProvider> {
    options.check()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
    let base_url = format!("http://{}", listener.local_addr()?);
    let shared = Arc::new(Shared::new(base_url, options)?);
    let router = routes(&shared);
    Ok(MockProvider {
        shared,
        serving: tokio::spawn(serve(listener, router)),
    })
}

impl MockProvider {
    /// Where it answers: `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    /// The settings that make Keyfob use this server: TOML for its `config.toml`.
    pub fn config_block(&self) -> String {
        metadata::config_block(&self.shared.base_url, &self.shared.options.client_id)
    }

    /// How an access or refresh token stands, as `POST /control/standing` tells it.
    pub fn standing(&self, token: &str) -> Standing {
        self.shared.standing(token)
    }

    /// Stops, and returns when the port is free again. Answers under way are cut off.
    pub async fn shutdown(mut self) {
        self.serving.abort();
        let _aborted = (&mut self.serving).await;
    }
}

impl Drop for MockProvider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn routes(shared: &Handle) -> Router {
    Router::new()
        .route(
            "/.well-known/oauth-authorization-server",
            get(metadata::metadata),
        )
        .route("/oauth/authorize", get(authorize::ask))
        .route("/oauth/decision", post(authorize::decide))
        .route("/oauth/code/callback", get(pages::code))
        .route("/oauth/device", get(device::page).post(device::typed))
        .route("/oauth/device/decision", post(device::decide))
        .route("/v1/oauth/device_authorization", post(device::begin))
        .route("/v1/oauth/token", post(token::token))
        .route("/v1/oauth/revoke", post(revoke::revoke))
        .route("/v1/models", get(models::models))
        .route(
            "/v1/messages",
            post(messages::messages).layer(DefaultBodyLimit::max(messages::LARGEST_BODY)),
        )
        .nest("/control", control::routes())
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(shared.clone(), stamp))
        .with_state(shared.clone())
}

/// Counts the request, and gives its answer what every answer carries.
async fn stamp(State(shared): State<Handle>, mut request: Request, next: Next) -> Response {
    shared.counters.request(request.uri().path());
    let id = RequestId(shared.mint.request_id());
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(date) = wrong_date(&shared) {
        headers.insert(header::DATE, date);
    }
    if let Ok(id) = HeaderValue::try_from(id.0) {
        headers.insert(HeaderName::from_static("request-id"), id);
    }
    response
}

/// The time as this server tells it where its clock was put wrong; hyper else tells the right one.
fn wrong_date(shared: &Shared) -> Option<HeaderValue> {
    let ahead = shared.switches().date_ahead;
    let by = Duration::from_secs(ahead.unsigned_abs());
    let now = (shared.options.clock)();
    let told = match ahead {
        0 => None,
        1.. => now.checked_add(by),
        _ => now.checked_sub(by),
    }?;
    HeaderValue::try_from(httpdate::fmt_http_date(told)).ok()
}

async fn serve(listener: TcpListener, router: Router) {
    // Every conversation ends with this set, and the set with this task.
    let mut conversations = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    conversations.spawn(converse(stream, router.clone()));
                }
                // Out of file descriptors, most likely: others will end.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            Some(_ended) = conversations.join_next() => {}
        }
    }
}

/// Serves one connection until either side ends it. An error here is the client's going, or ours on purpose.
async fn converse(stream: TcpStream, router: Router) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request| {
        let answer = router.call(request);
        async move {
            let Ok(response): Result<Response, Infallible> = answer.await;
            match response.extensions().get::<HangUp>() {
                Some(_) => Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
                None => Ok(response),
            }
        }
    });
    let _ = stream.set_nodelay(true);
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
