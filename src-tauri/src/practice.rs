//! The practice server: a program of its own beside the app, started when somebody wants to try things out.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use keyfob::{Code, Error, Provider, Result};
use serde::Serialize;
use tokio::sync::Mutex;

use crate::desk::Desk;

/// How long it may take to be ready.
const PATIENCE: Duration = Duration::from_secs(10);

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

/// The practice server that this program started, if it did. It ends with us, because its standard input does.
/// Whoever starts it holds the lock, so that two clicks start one.
#[derive(Default)]
pub(crate) struct Practice(Mutex<Option<Child>>);

impl Practice {
    /// Whether one can practise.
    pub(crate) async fn view(&self, providers: &[Provider]) -> PracticeView {
        // The one that `start` asks, so that both say the same.
        if let Some(provider) = providers.iter().find(|p| p.practice)
            && answers(provider).await
        {
            return PracticeView::Running;
        }
        match program() {
            Some(_) => PracticeView::Available,
            None => PracticeView::Absent,
        }
    }

    /// Starts it where it is not running, and gives the id of its provider.
    pub(crate) async fn start(&self, desk: &Desk) -> Result<String> {
        let mut server = self.0.lock().await;
        let config = desk.keyfob.config()?;
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
        let (child, block) = match spawn(port).await {
            Err(_) if port != 0 => spawn(0).await?,
            spawned => spawned?,
        };
        if let Some(older) = server.replace(child) {
            // It no longer answered, or another one would not have been started.
            end(older);
        }
        desk.change(move |keyfob| keyfob.merge_providers(&block))
            .await?;
        let config = desk.keyfob.config()?;
        let provider = config.providers.iter().find(|p| p.practice);
        provider
            .map(|p| p.id.to_string())
            .ok_or_else(|| failed("it named no provider"))
    }
}

/// Starts the program, and gives what it prints until it is ready.
async fn spawn(port: u16) -> Result<(Child, String)> {
    let program = program().ok_or_else(|| failed("its program is not beside the app"))?;
    let mut command = Command::new(program);
    command
        .args(["--until-stdin-closes", "--port", &port.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    #[cfg(windows)]
    {
        use std::os::windows::process::CommandExt as _;
        // CREATE_NO_WINDOW: it is a program for the terminal, and would open one.
        command.creation_flags(0x0800_0000);
    }
    let mut child = command
        .spawn()
        .map_err(|error| failed(&error.to_string()))?;
    let output = child.stdout.take();
    let reading = tauri::async_runtime::spawn_blocking(move || until_ready(output?));
    let why = match tokio::time::timeout(PATIENCE, reading).await {
        Ok(Ok(Some(block))) => return Ok((child, block)),
        Ok(_) => "it ended before it was ready",
        Err(_) => "it was not ready in time",
    };
    // Its output ends with it, and so does the reading.
    end(child);
    Err(failed(why))
}

/// What is printed before the line that says it is ready; none if that never comes.
fn until_ready(output: ChildStdout) -> Option<String> {
    let mut block = String::new();
    for line in BufReader::new(output).lines() {
        let line = line.ok()?;
        if line == "# ready" {
            return Some(block);
        }
        block.push_str(&line);
        block.push('\n');
    }
    None
}

fn end(mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
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
