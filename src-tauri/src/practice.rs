//! The practice server: a program of its own beside the app, started when somebody wants to try things out.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use keyfob::{Code, Error, Keyfob, Provider, Result};
use serde::Serialize;

/// Whether one can practise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub(crate) enum PracticeView {
    /// The program is not beside the app.
    Absent,
    /// It can be started.
    Available,
    /// It is running.
    Running,
}

/// The practice server that this window started, if it did. It ends with the window, because its standard input does.
#[derive(Default)]
pub(crate) struct Practice(Mutex<Option<Child>>);

impl Practice {
    /// Whether one can practise.
    pub(crate) async fn view(&self, providers: &[Provider]) -> PracticeView {
        for provider in providers.iter().filter(|p| p.practice) {
            if answers(provider).await {
                return PracticeView::Running;
            }
        }
        match program() {
            Some(_) => PracticeView::Available,
            None => PracticeView::Absent,
        }
    }

    /// Starts it where it is not running, and gives the id of its provider.
    pub(crate) async fn start(&self, keyfob: &Keyfob) -> Result<String> {
        let config = keyfob.config()?;
        let known = config.providers.iter().find(|p| p.practice);
        if let Some(provider) = known
            && answers(provider).await
        {
            return Ok(provider.id.to_string());
        }
        // The same port as before, so that older practice accounts find it again.
        let port = known
            .and_then(|p| p.token_url.as_ref()?.port())
            .unwrap_or(0);
        let block = match self.spawn(port) {
            Err(_) if port != 0 => self.spawn(0)?,
            block => block?,
        };
        keyfob.merge_providers(&block)?;
        let config = keyfob.config()?;
        let provider = config.providers.iter().find(|p| p.practice);
        provider
            .map(|p| p.id.to_string())
            .ok_or_else(|| failed("it named no provider"))
    }

    fn spawn(&self, port: u16) -> Result<String> {
        let program = program().ok_or_else(|| failed("its program is not beside the app"))?;
        let mut child = Command::new(program)
            .args(["--until-stdin-closes", "--port", &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| failed(&error.to_string()))?;
        let mut block = String::new();
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output)
                .lines()
                .map_while(std::result::Result::ok)
            {
                if line == "# ready" {
                    let older = self
                        .0
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .replace(child);
                    if let Some(mut older) = older {
                        // It no longer answered, or another one would not have been started.
                        let _ = older.kill();
                        let _ = older.wait();
                    }
                    return Ok(block);
                }
                block.push_str(&line);
                block.push('\n');
            }
        }
        let _ = child.kill();
        let _ = child.wait();
        Err(failed("it ended before it was ready"))
    }
}

/// Whether something listens where the provider is said to be.
async fn answers(provider: &Provider) -> bool {
    let Some(url) = &provider.token_url else {
        return false;
    };
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return false;
    };
    let connecting = tokio::net::TcpStream::connect((host, port));
    let soon = Duration::from_millis(300);
    matches!(tokio::time::timeout(soon, connecting).await, Ok(Ok(_)))
}

fn program() -> Option<PathBuf> {
    let name = format!("keyfob-mock-provider{}", std::env::consts::EXE_SUFFIX);
    let program = std::env::current_exe().ok()?.with_file_name(name);
    program.is_file().then_some(program)
}

fn failed(why: &str) -> Error {
    Error::new(
        Code::Failed,
        "The practice server could not be started.",
        "Try again, or install Keyfob anew: it comes with it.",
    )
    .detail(why)
}
