//! What another program, or a page in a browser, can do to the port of a sign-in. An attack knows the port and
//! nothing else, so that it can be tried on any listener. It gives the connections that it leaves open.

use std::pin::Pin;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// An attack by its name, and how it goes.
pub(crate) type Attack = (&'static str, fn(u16) -> Attacking);

/// An attack under way.
pub(crate) type Attacking = Pin<Box<dyn Future<Output = Vec<TcpStream>> + Send>>;

/// All of them.
pub(crate) fn attacks() -> Vec<Attack> {
    vec![
        ("50 idle connections", |p| {
            Box::pin(async move { leave_open(p, 50, "").await })
        }),
        ("half requests", |p| {
            Box::pin(async move {
                let mut open = leave_open(p, 5, "GET /callb").await;
                open.extend(leave_open(p, 5, "\r\n\r\n").await);
                open.extend(leave_open(p, 5, "GET /callback?state=x HTTP/1.1\r\nHo").await);
                open
            })
        }),
        ("a body that never comes", |p| {
            Box::pin(async move {
                let head = format!(
                    "POST /callback?state=x HTTP/1.1\r\nHost: 127.0.0.1:{p}\r\nContent-Length: 9999\r\n\r\n"
                );
                leave_open(p, 5, &head).await
            })
        }),
        ("1 MiB of headers", |p| {
            let padding = format!("X-Padding: {}\r\n", "a".repeat(1_000)).repeat(1_024);
            Box::pin(requests(
                p,
                vec![format!(
                    "GET /callback?state=x HTTP/1.1\r\n{padding}Host: 127.0.0.1:{p}\r\n\r\n"
                )],
            ))
        }),
        ("1 MiB of query", |p| {
            let query = "a".repeat(1 << 20);
            Box::pin(requests(p, vec![get(p, &format!("/callback?{query}"))]))
        }),
        ("other paths", |p| {
            let paths = ["/", "/favicon.ico", "/exit", "/cancel", "/callback/", "//"];
            Box::pin(requests(p, paths.iter().map(|path| get(p, path)).collect()))
        }),
        ("other methods", |p| {
            let methods = ["POST", "HEAD", "OPTIONS", "DELETE", "CONNECT", "exit"];
            let line = |m| format!("{m} /callback?code=c&state=x HTTP/1.1\r\n");
            let host = format!("Host: 127.0.0.1:{p}\r\nContent-Length: 0\r\n\r\n");
            Box::pin(requests(
                p,
                methods.iter().map(|m| line(m) + &host).collect(),
            ))
        }),
        ("other hosts", |p| {
            let hosts = ["evil.example", "127.0.0.1", "127.0.0.1:1", ""];
            let with = |h| format!("GET /callback?code=c&state=x HTTP/1.1\r\nHost: {h}\r\n\r\n");
            Box::pin(requests(p, hosts.iter().map(with).collect()))
        }),
        ("an absolute address", |p| {
            let line = format!("GET http://127.0.0.1:{p}/callback?code=c&state=x HTTP/1.1\r\n");
            Box::pin(requests(
                p,
                vec![format!("{line}Host: 127.0.0.1:{p}\r\n\r\n")],
            ))
        }),
        ("the exit bytes of tauri-plugin-oauth", |p| {
            Box::pin(async move { leave_open(p, 3, "\u{1}\u{3}\u{3}\u{7}").await })
        }),
        ("the forged page report of tauri-plugin-oauth", |p| {
            let report = format!("Full-Url: http://127.0.0.1:{p}/callback?code=c&state=x\r\n\r\n");
            let head = format!("GET /cb HTTP/1.1\r\nHost: 127.0.0.1:{p}\r\n");
            Box::pin(requests(p, vec![head + &report]))
        }),
        ("what is no HTTP", |p| {
            let texts = ["GET\r\n\r\n", "\0\0\r\n\r\n", "\u{16}\u{3}\u{1}\r\n\r\n"];
            Box::pin(requests(p, texts.map(str::to_owned).to_vec()))
        }),
        ("answers without the state", |p| {
            let queries = [
                "",
                "?",
                "?code=c",
                "?code=c&state=",
                "?code=c&state=x",
                "?code=c&state=x&state=y",
                "?error=access_denied",
                "?error=access_denied&state=x",
            ];
            let request = |query| get(p, &format!("/callback{query}"));
            Box::pin(requests(p, queries.iter().map(request).collect()))
        }),
        ("5,000 stray requests", |p| Box::pin(flood(p))),
    ]
}

/// A request as a browser sends it.
pub(crate) fn get(port: u16, target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/html\r\n\r\n")
}

/// Sends a text on a connection of its own and reads what comes back until the other side closes, however it does.
pub(crate) async fn ask(port: u16, request: &str) -> String {
    let mut answer = Vec::new();
    if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await {
        let _ = stream.write_all(request.as_bytes()).await;
        let _ = stream.read_to_end(&mut answer).await;
    }
    String::from_utf8_lossy(&answer).into_owned()
}

async fn leave_open(port: u16, count: usize, text: &str) -> Vec<TcpStream> {
    let mut open = Vec::new();
    for _ in 0..count {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await {
            let _ = stream.write_all(text.as_bytes()).await;
            open.push(stream);
        }
    }
    open
}

async fn requests(port: u16, requests: Vec<String>) -> Vec<TcpStream> {
    for request in requests {
        ask(port, &request).await;
    }
    Vec::new()
}

async fn flood(port: u16) -> Vec<TcpStream> {
    let mut askers = JoinSet::new();
    for _ in 0..10 {
        askers.spawn(async move {
            for n in 0..500 {
                ask(port, &get(port, &format!("/callback?code=c&state={n}"))).await;
            }
        });
    }
    askers.join_all().await;
    Vec::new()
}
