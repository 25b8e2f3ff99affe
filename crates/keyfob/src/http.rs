//! How Keyfob speaks HTTP: honest about who it is, patient for a bounded time, and never following a redirect with
//! a secret in its hands.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Certificate, Client, ClientBuilder, RequestBuilder, Response, StatusCode, redirect};

use url::{Host, Url};
use zeroize::Zeroizing;

use crate::edge::Edge;
use crate::error::{Code, Error, Result};
use crate::secret::presentable;

/// The longest answer that is read.
const LONGEST_ANSWER: usize = 1 << 20;

/// An answer, whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    /// Wiped when it is dropped: it may hold tokens.
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// The server could not be asked, or broke off. What was asked may have been done all the same.
    Unreachable(String),
    /// The answer is longer than any honest one.
    TooLong,
    /// The server points elsewhere, where a secret must not follow.
    PointsElsewhere,
}

/// More certificate authorities, beside the system's: what people behind a company's proxy have set for Claude Code.
pub(crate) const NODE_EXTRA_CA_CERTS: &str = "NODE_EXTRA_CA_CERTS";

/// OpenSSL's variables. On Linux they replace the system's authorities, as in other programs there, and the library
/// sees to that; elsewhere the file counts beside the system's.
pub(crate) const SSL_CERT_FILE: &str = "SSL_CERT_FILE";
/// See [`SSL_CERT_FILE`].
pub(crate) const SSL_CERT_DIR: &str = "SSL_CERT_DIR";

/// The clients for everything that goes out, each made when it is used for the first time.
#[derive(Debug)]
pub(crate) struct Http {
    /// Files with certificate authorities that are trusted, too.
    roots: Vec<PathBuf>,
    /// The longest a request may take, from the first packet to the last.
    limit: Duration,
    outside: OnceLock<Client>,
    /// For this computer itself: what is allowed to go without TLS must not go to a proxy on the way.
    here: OnceLock<Client>,
}

impl Http {
    pub(crate) fn new(limit: Duration, edge: &Edge) -> Self {
        let names = [NODE_EXTRA_CA_CERTS, SSL_CERT_FILE];
        let roots = names.iter().filter_map(|name| edge.variable(name));
        Self {
            roots: roots.map(PathBuf::from).collect(),
            limit,
            outside: OnceLock::new(),
            here: OnceLock::new(),
        }
    }

    /// A `GET` to this address.
    pub(crate) fn get(&self, url: &Url) -> Result<RequestBuilder> {
        Ok(self.client(url)?.get(url.clone()))
    }

    /// A `POST` to this address.
    pub(crate) fn post(&self, url: &Url) -> Result<RequestBuilder> {
        Ok(self.client(url)?.post(url.clone()))
    }

    fn client(&self, url: &Url) -> Result<&Client> {
        let stays_here = is_loopback(url);
        let kept = match stays_here {
            true => &self.here,
            false => &self.outside,
        };
        if let Some(client) = kept.get() {
            return Ok(client);
        }
        let client = self.make(stays_here)?;
        Ok(kept.get_or_init(|| client))
    }

    fn make(&self, stays_here: bool) -> Result<Client> {
        let builder = || {
            let builder = Client::builder()
                .user_agent(concat!("keyfob/", env!("CARGO_PKG_VERSION")))
                .redirect(redirect::Policy::none())
                .timeout(self.limit)
                .connect_timeout(Duration::from_secs(10));
            match stays_here {
                true => builder.no_proxy(),
                false => builder,
            }
        };
        // A file that cannot be used must not cut off servers that do without it. `doctor` tells of it.
        let roots = self.roots.iter().filter_map(|path| read_roots(path).ok());
        let roots: Vec<Certificate> = roots.flatten().collect();
        if !roots.is_empty()
            && let Ok(client) = builder().tls_certs_merge(roots).build()
        {
            return Ok(client);
        }
        built(builder())
    }
}

/// The certificate authorities in a PEM file, or what is wrong with it, as the end of a sentence.
pub(crate) fn read_roots(path: &Path) -> Result<Vec<Certificate>, &'static str> {
    let file = crate::files::read_small(path).map_err(|_| "cannot be read")?;
    let file = file.ok_or("is not there")?;
    match Certificate::from_pem_bundle(&file.bytes) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err("holds no certificate in PEM form"),
    }
}

fn built(builder: ClientBuilder) -> Result<Client> {
    builder.build().map_err(|error| {
        Error::new(
            Code::Network,
            "The network could not be set up.",
            "Check the system's certificates and the proxy variables.",
        )
        .detail(error.to_string())
    })
}

/// Whether an address is on this computer.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Sends a request and reads its answer whole.
pub(crate) async fn ask(request: RequestBuilder) -> Result<Answer, NoAnswer> {
    let mut response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    if status.is_redirection() {
        return Err(NoAnswer::PointsElsewhere);
    }
    let request_id = request_id(response.headers());
    let retry_after = retry_after(response.headers());
    let body = read(&mut response).await?;
    Ok(Answer {
        status,
        request_id,
        retry_after,
        body,
    })
}

async fn read(response: &mut Response) -> Result<Zeroizing<Vec<u8>>, NoAnswer> {
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Err(NoAnswer::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The innermost cause says what people can act on ("connection refused"); the outer ones name the URL.
fn unreachable(error: reqwest::Error) -> NoAnswer {
    if error.is_timeout() {
        return NoAnswer::Unreachable("no answer in time".to_owned());
    }
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    NoAnswer::Unreachable(presentable(&cause.to_string(), &[]))
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("request-id")?.to_str().ok()?;
    Some(presentable(value, &[]))
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get("retry-after")?.to_str().ok()?.trim();
    seconds.parse().ok().map(Duration::from_secs)
}

/// `HTTP 429, rate_limit_error: slow down (request req_1)`, of whatever is known.
pub(crate) fn detail(
    status: StatusCode,
    error: Option<&str>,
    description: Option<&str>,
    request_id: Option<&str>,
) -> String {
    let mut text = format!("HTTP {}", status.as_u16());
    for (mark, part) in [(", ", error), (": ", description)] {
        if let Some(part) = part.filter(|p| !p.is_empty()) {
            text.push_str(mark);
            text.push_str(part);
        }
    }
    if let Some(id) = request_id {
        text.push_str(&format!(" (request {id})"));
    }
    text
}
