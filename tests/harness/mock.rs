//! The practice server as a program.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::http;
use crate::lines::Lines;
use crate::process::{Background, PATIENCE};
use crate::programs::{self, MOCK_PROVIDER};

/// A running practice server. It is killed when this is dropped.
#[derive(Debug)]
pub struct MockProvider {
    _program: Background,
    block: String,
    base_url: String,
}

impl MockProvider {
    /// Starts one with these arguments, and waits until it is ready. It belongs to no session.
    pub fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(programs::program(MOCK_PROVIDER));
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut program = Background::start(&mut command);
        let output = program.child().stdout.take().expect("it is piped");
        let mut lines = Lines::of(output).until(PATIENCE, |line| line == "# ready");
        lines.pop();
        let block = lines.join("\n") + "\n";
        let base_url = base_url(&block);
        Self {
            _program: program,
            block,
            base_url,
        }
    }

    /// Where it answers, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The settings that make Keyfob use it.
    pub fn config_block(&self) -> &str {
        &self.block
    }

    /// How often it was asked for what.
    pub fn counters(&self) -> Value {
        http::get(&self.url("/control/counters")).json()
    }

    /// One of the counters.
    pub fn count(&self, name: &str) -> u64 {
        let counters = self.counters();
        let count = counters[name].as_u64();
        count.unwrap_or_else(|| panic!("there is no counter {name} in {counters}"))
    }

    /// Makes something go wrong.
    pub fn fault(&self, fault: &Value) {
        self.post("/control/faults", fault);
    }

    /// Nothing goes wrong any longer, and what is held is answered.
    pub fn clear_faults(&self) {
        let answer = http::delete(&self.url("/control/faults"));
        assert!(
            answer.status < 300,
            "the practice server answered {}",
            answer.status
        );
    }

    /// Asks the control API, which must agree.
    pub fn post(&self, path: &str, body: &Value) {
        let answer = http::post(&self.url(path), body);
        assert!(
            answer.status < 300,
            "{path} answered {}: {}",
            answer.status,
            answer.body
        );
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }
}

/// Where the server answers: the first address on loopback in its block, up to the path.
fn base_url(block: &str) -> String {
    let (_, rest) = block
        .split_once("\"http://127.0.0.1:")
        .expect("the block names the server");
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    format!("http://127.0.0.1:{port}")
}
