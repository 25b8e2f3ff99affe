//! Asks servers on loopback, from tests with or without an async runtime.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use crate::process::PATIENCE;

/// What a server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The head, as it came.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// The body as JSON, and the end of the test where it is none or the server said no.
    pub fn json(&self) -> Value {
        assert!(
            self.status < 300,
            "the server answered {}: {}",
            self.status,
            self.body
        );
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {:?}", self.body))
    }
}

/// `GET`.
pub fn get(url: &str) -> Answer {
    ask("GET", url, &[], None)
}

/// `GET` with headers.
pub fn get_with(url: &str, headers: &[(&str, &str)]) -> Answer {
    ask("GET", url, headers, None)
}

/// `GET`, going where the answer points, as a browser does.
pub fn browse(url: &str) -> Answer {
    let mut url = url.to_owned();
    for _ in 0..5 {
        let answer = get(&url);
        match answer.header("location") {
            Some(location) if (300..400).contains(&answer.status) => url = location.to_owned(),
            _ => return answer,
        }
    }
    panic!("{url} points on and on")
}

/// `DELETE`.
pub fn delete(url: &str) -> Answer {
    ask("DELETE", url, &[], None)
}

/// `POST` with a JSON body.
pub fn post(url: &str, body: &Value) -> Answer {
    ask("POST", url, &[], Some(body))
}

fn ask(method: &str, url: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
    let rest = url
        .strip_prefix("http://")
        .expect("only plain HTTP on loopback is asked");
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let path = if path.is_empty() { "/" } else { path };
    let body = body.map(Value::to_string).unwrap_or_default();
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    // HTTP/1.0, so that no answer comes in chunks and each ends with its connection.
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    let mut stream =
        TcpStream::connect(host).unwrap_or_else(|error| panic!("{host} does not answer: {error}"));
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("the limit is not zero");
    stream
        .write_all(request.as_bytes())
        .expect("the server reads");
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .expect("the server answers within 30 seconds");
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    Answer {
        status: status.unwrap_or_else(|| panic!("no HTTP: {head:?}")),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}
