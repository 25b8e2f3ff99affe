//! A server that is not the credential's own: it refuses everything, and keeps what came.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Listens on this computer for as long as the test's process lives.
pub struct Eavesdropper {
    url: String,
    came: Arc<Mutex<String>>,
}

impl Eavesdropper {
    /// At a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it listens").port();
        let came = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&came);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || refuse(&stream, &kept));
            }
        });
        Self {
            url: format!("http://127.0.0.1:{port}"),
            came,
        }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The heads of all requests so far.
    pub fn came(&self) -> String {
        self.came.lock().expect("nobody panicked").clone()
    }
}

fn refuse(mut stream: &TcpStream, kept: &Mutex<String>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
        head.push_str(&line);
    }
    kept.lock().ok()?.push_str(&head);
    reader.take(length).read_to_end(&mut Vec::new()).ok()?;
    let body = r#"{"type":"error","error":{"type":"invalid_request_error","message":"no"}}"#;
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).ok()
}
