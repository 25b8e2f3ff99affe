//! What a listener on loopback has to live through: any program and any page on this computer can talk to it.
//!
//! Each attack leaves its connections open where that is its point, and says nothing of how it went: the question is
//! only whether the true redirect still completes afterwards.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Connections that an attack keeps open until the end.
pub type Open = Vec<TcpStream>;

type Running = Pin<Box<dyn Future<Output = Open> + Send>>;

/// An attack on the listener at a port, by somebody who does not know the state.
pub struct Attack {
    /// What it is, for the report.
    pub name: &'static str,
    /// Does it.
    pub run: fn(u16) -> Running,
}

/// All of them.
pub const ATTACKS: &[Attack] = &[
    Attack {
        name: "50 idle connections",
        run: |port| Box::pin(idle(port, 50)),
    },
    Attack {
        name: "half a request, then silence",
        run: |port| Box::pin(half(port)),
    },
    Attack {
        name: "1 MiB of headers",
        run: |port| Box::pin(huge_headers(port)),
    },
    Attack {
        name: "not HTTP at all",
        run: |port| {
            Box::pin(send(
                port,
                b"\x16\x03\x01\x02\x00\x01\x00\xff\xff\xff".to_vec(),
            ))
        },
    },
    Attack {
        name: "GET /favicon.ico",
        run: |port| Box::pin(request(port, "GET", "/favicon.ico", None)),
    },
    Attack {
        name: "GET /exit",
        run: |port| Box::pin(request(port, "GET", "/exit", None)),
    },
    Attack {
        name: "the bytes 1 3 3 7",
        run: |port| Box::pin(send(port, vec![1, 3, 3, 7])),
    },
    Attack {
        name: "POST /callback",
        run: |port| Box::pin(request(port, "POST", "/callback?code=evil&state=x", None)),
    },
    Attack {
        name: "another Host (DNS rebinding)",
        run: |port| {
            Box::pin(request(
                port,
                "GET",
                "/callback?code=evil&state=x",
                Some("evil.example"),
            ))
        },
    },
    Attack {
        name: "no query",
        run: |port| Box::pin(request(port, "GET", "/callback", None)),
    },
    Attack {
        name: "a code with a wrong state",
        run: |port| Box::pin(forged(port, "code=evil&state=wrong")),
    },
    Attack {
        name: "a code without state",
        run: |port| Box::pin(forged(port, "code=evil")),
    },
    Attack {
        name: "a code with two states",
        run: |port| Box::pin(forged(port, "code=evil&state=a&state=b")),
    },
    Attack {
        name: "an error without state",
        run: |port| Box::pin(forged(port, "error=access_denied")),
    },
    Attack {
        name: "a forged Full-Url header",
        run: |port| Box::pin(full_url(port)),
    },
    Attack {
        name: "5,000 stray requests",
        run: |port| Box::pin(flood(port, 5_000)),
    },
];

/// Sends one request and reads the whole answer; none if the other side gave none in time.
pub async fn ask(port: u16, text: &str, patience: Duration) -> Option<String> {
    let talk = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
        stream.write_all(text.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        // A closed socket after a whole answer is an answer too.
        let _ = stream.read_to_end(&mut answer).await;
        (!answer.is_empty()).then(|| String::from_utf8_lossy(&answer).into_owned())
    };
    tokio::time::timeout(patience, talk).await.ok().flatten()
}

async fn idle(port: u16, count: usize) -> Open {
    let mut open = Vec::new();
    for _ in 0..count {
        open.extend(TcpStream::connect(("127.0.0.1", port)).await);
    }
    open
}

async fn half(port: u16) -> Open {
    send(
        port,
        b"GET /callback?code=evil HTTP/1.1\r\nHost: 127".to_vec(),
    )
    .await
}

async fn huge_headers(port: u16) -> Open {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else {
        return Vec::new();
    };
    let head = format!("GET /callback?code=evil HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n");
    let mut failed = stream.write_all(head.as_bytes()).await.is_err();
    let line = format!("X-Filler: {}\r\n", "x".repeat(1_000));
    for _ in 0..1_024 {
        // The listener may close the door long before the end.
        let writing = stream.write_all(line.as_bytes());
        failed = failed
            || !matches!(
                tokio::time::timeout(Duration::from_millis(200), writing).await,
                Ok(Ok(()))
            );
        if failed {
            break;
        }
    }
    vec![stream]
}

async fn send(port: u16, bytes: Vec<u8>) -> Open {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else {
        return Vec::new();
    };
    let _ = stream.write_all(&bytes).await;
    vec![stream]
}

async fn request(port: u16, method: &str, target: &str, host: Option<&str>) -> Open {
    let own = format!("127.0.0.1:{port}");
    let host = host.unwrap_or(&own);
    let text = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n");
    let _ = ask(port, &text, Duration::from_secs(2)).await;
    Vec::new()
}

/// What a page of a browser can do: ask, and then what a script on the answer's page would do.
async fn forged(port: u16, query: &str) -> Open {
    request(port, "GET", &format!("/callback?{query}"), None).await;
    let text = format!(
        "GET /cb HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nFull-Url: http://127.0.0.1:{port}/callback?{query}\r\n\r\n"
    );
    let _ = ask(port, &text, Duration::from_secs(2)).await;
    Vec::new()
}

async fn full_url(port: u16) -> Open {
    let text = format!(
        "GET /cb HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nFull-Url: http://evil.example/callback?code=evil&state=x\r\n\r\n"
    );
    let _ = ask(port, &text, Duration::from_secs(2)).await;
    Vec::new()
}

async fn flood(port: u16, count: usize) -> Open {
    let text =
        format!("GET /callback?code=evil&state=wrong HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..count {
        let text = text.clone();
        running.spawn(async move { ask(port, &text, Duration::from_secs(5)).await });
        if running.len() >= 40 {
            running.join_next().await;
        }
    }
    while running.join_next().await.is_some() {}
    Vec::new()
}
