//! The listener that a redirect comes back to (RFC 8252 §7.3).
//!
//! Any program and any web page on this computer can talk to it, so it trusts nothing: a request has to be a GET for
//! `/callback` with the right Host, every connection has its own task, time and size, and the newest connection is
//! always served, because a flood is older than the true redirect that comes after it. Whether a request is the
//! answer is not decided here: it is handed on, and only that verdict ends the wait.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinHandle};

use crate::error::{Code, Error, Result};
use crate::sign_in::page::Page;

/// What the redirect URI's path has to be.
const PATH: &str = "/callback";

/// An honest browser sends its headers at once.
const PATIENCE_FOR_HEADERS: Duration = Duration::from_secs(10);

/// An honest request is smaller by far; hyper takes nothing below 8 KiB.
const LARGEST_REQUEST: usize = 16 * 1024;

/// More connections than any browser opens; the oldest makes room for the newest.
const MOST_CONNECTIONS: usize = 128;

/// The longest that a browser is kept waiting for the page after its answer was taken.
const PATIENCE_FOR_PAGE: Duration = Duration::from_secs(60);

/// A request to the redirect URI, waiting for its verdict.
pub(crate) struct Arrival {
    /// The query as it came.
    pub(crate) query: String,
    /// Takes the verdict.
    pub(crate) verdict: oneshot::Sender<Verdict>,
}

/// What is done with a request.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is not the answer.
    Foreign,
    /// It is. The page to show comes when the tokens are stored; `shown` is dropped when it has been sent.
    Taken {
        page: watch::Receiver<Option<Page>>,
        shown: mpsc::Sender<()>,
    },
}

/// Bound, but not yet answering: its port is needed for the URL before anything can come back.
#[derive(Debug)]
pub(crate) struct Bound {
    port: u16,
    sockets: Vec<TcpListener>,
}

/// Answering. Dropping it closes the port; connections that are waiting for their page live on.
#[derive(Debug)]
pub(crate) struct Listener {
    tasks: Vec<JoinHandle<()>>,
}

impl Bound {
    /// Binds 127.0.0.1 and, where the computer has it, [::1], at the same port: a browser may turn `localhost` into
    /// either. Port 0 lets the system choose.
    pub(crate) async fn bind(port: u16) -> Result<Self> {
        let mut last = None;
        // A port that the system chose for one family can be taken in the other; then another one is tried.
        for _ in 0..16 {
            match bind_both(port).await {
                Ok(bound) => return Ok(bound),
                Err(error) if port == 0 && error.kind() == io::ErrorKind::AddrInUse => {
                    last = Some(error);
                }
                Err(error) => return Err(not_bound(port, &error)),
            }
        }
        Err(not_bound(
            port,
            &last.unwrap_or_else(|| io::ErrorKind::AddrInUse.into()),
        ))
    }

    /// The port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Begins to answer. Requests that could be the answer go to `arrivals`.
    pub(crate) fn listen(self, arrivals: mpsc::Sender<Arrival>) -> Listener {
        let port = self.port;
        let accept = |socket| tokio::spawn(accept(socket, port, arrivals.clone()));
        Listener {
            tasks: self.sockets.into_iter().map(accept).collect(),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn bind_both(port: u16) -> io::Result<Bound> {
    let first = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let port = first.local_addr()?.port();
    let mut sockets = vec![first];
    match TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await {
        Ok(second) => sockets.push(second),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
        // A computer without IPv6 has no [::1], and no browser that would go there.
        Err(_) => {}
    }
    Ok(Bound { port, sockets })
}

fn not_bound(port: u16, error: &io::Error) -> Error {
    let (message, cure) = match (port, error.kind()) {
        (0, _) => (
            "No port of this computer could be opened for the browser's answer.".to_owned(),
            "Check whether a security program blocks it, or sign in by a pasted code.",
        ),
        (_, io::ErrorKind::AddrInUse) => (
            format!("Port {port} is taken by another program."),
            "Choose another port, or leave the port out and any free one is used.",
        ),
        (_, io::ErrorKind::PermissionDenied) => (
            format!("This computer does not let Keyfob use port {port}."),
            "Choose a port above 1023, or leave the port out.",
        ),
        _ => (
            format!("Port {port} could not be opened."),
            "Choose another port, or leave the port out.",
        ),
    };
    Error::new(Code::Failed, message, cure).detail(error.to_string())
}

async fn accept(socket: TcpListener, port: u16, arrivals: mpsc::Sender<Arrival>) {
    let mut open: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let Ok((stream, _)) = socket.accept().await else {
            // Out of file descriptors, or a connection that ended before it began: neither ends the wait.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        open.retain(|connection| !connection.is_finished());
        if open.len() >= MOST_CONNECTIONS
            && let Some(oldest) = open.pop_front()
        {
            oldest.abort();
        }
        let task = tokio::spawn(serve(stream, port, arrivals.clone()));
        open.push_back(task.abort_handle());
    }
}

async fn serve(stream: TcpStream, port: u16, arrivals: mpsc::Sender<Arrival>) {
    // Holds the receipt of the answer until the page has left this socket.
    let shown: Arc<OnceLock<mpsc::Sender<()>>> = Arc::default();
    let receipt = Arc::clone(&shown);
    let service = service_fn(move |request| {
        let arrivals = arrivals.clone();
        let receipt = Arc::clone(&receipt);
        async move { Ok::<_, Infallible>(answer(request, port, arrivals, &receipt).await) }
    });
    // How a connection ends is the other side's business.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE_FOR_HEADERS)
        .max_buf_size(LARGEST_REQUEST)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    drop(shown);
}

async fn answer(
    request: Request<Incoming>,
    port: u16,
    arrivals: mpsc::Sender<Arrival>,
    receipt: &OnceLock<mpsc::Sender<()>>,
) -> Response<Full<Bytes>> {
    if request.uri().path() != PATH {
        return respond(StatusCode::NOT_FOUND, &Page::not_found());
    }
    let stray = || respond(StatusCode::BAD_REQUEST, &Page::stray());
    let honest = request.method() == Method::GET
        && request.uri().authority().is_none()
        && is_own_host(request.headers().get(HOST), port);
    let (true, Some(query)) = (honest, request.uri().query()) else {
        return stray();
    };
    let (verdict, answer) = oneshot::channel();
    let arrival = Arrival {
        query: query.to_owned(),
        verdict,
    };
    // Nobody listens any more: the answer came already, by another request or by a paste.
    let over = || respond(StatusCode::BAD_REQUEST, &Page::look_at_keyfob());
    if arrivals.send(arrival).await.is_err() {
        return over();
    }
    let (mut page, shown) = match answer.await {
        Ok(Verdict::Taken { page, shown }) => (page, shown),
        Ok(Verdict::Foreign) => return stray(),
        Err(_) => return over(),
    };
    let _ = receipt.set(shown);
    let ready = page.wait_for(Option::is_some);
    match tokio::time::timeout(PATIENCE_FOR_PAGE, ready).await {
        Ok(Ok(page)) => match page.as_ref() {
            Some(page) => respond(StatusCode::OK, page),
            None => stray(),
        },
        _ => respond(StatusCode::OK, &Page::look_at_keyfob()),
    }
}

/// A page of another site that was pointed at this port by DNS sends that site's name (DNS rebinding).
fn is_own_host(host: Option<&HeaderValue>, port: u16) -> bool {
    let Some(host) = host.and_then(|h| h.to_str().ok()) else {
        return false;
    };
    ["127.0.0.1", "localhost", "[::1]"]
        .iter()
        .any(|name| host.eq_ignore_ascii_case(&format!("{name}:{port}")))
}

fn respond(status: StatusCode, page: &Page) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(page.html())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE.as_str(), "text/html; charset=utf-8"),
        (
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'",
        ),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("connection", "close"),
    ] {
        if let (Ok(name), value) = (
            hyper::header::HeaderName::try_from(name),
            HeaderValue::from_static(value),
        ) {
            headers.insert(name, value);
        }
    }
    response
}

#[cfg(test)]
#[path = "redirect_tests.rs"]
mod tests;
