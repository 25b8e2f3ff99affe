//! The practice server as a program: prints the settings that make Keyfob use it, then serves until it is stopped.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use mock_provider::{Decision, MockProvider, Options, start};
use tokio::sync::oneshot;

/// Keyfob's practice server: sign in, refresh and revoke without an account.
///
/// It is an OAuth 2.0 authorization server and a small API on 127.0.0.1. Nothing it issues opens anything. On
/// standard output it prints the settings for Keyfob's config.toml and then a line "# ready".
#[derive(Parser)]
#[command(name = "keyfob-mock-provider", version)]
struct Arguments {
    /// Listen on this port of 127.0.0.1 [default: any free one]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    port: u16,

    /// The client id that Keyfob is registered under here
    #[arg(long, value_name = "ID", default_value = "practice-client")]
    client_id: String,

    /// How long access tokens live, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 8 * 3600)]
    access_ttl: u64,

    /// How often a device may ask whether the person has agreed, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    device_interval: u64,

    /// How long the code for another device is good, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    device_ttl: u64,

    /// Weave this text into every code and token, to search for it afterwards
    #[arg(long, value_name = "TEXT")]
    marker: Option<String>,

    /// Answer sign-ins at once, without showing the consent page
    #[arg(long, value_name = "DECISION")]
    auto: Option<Decision>,

    /// Stop when standard input ends, so that no server outlives the program that started it
    #[arg(long)]
    until_stdin_closes: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(io::stderr(), "keyfob-mock-provider: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let port = arguments.port;
    let until_stdin_closes = arguments.until_stdin_closes;
    // Listened for before anything is announced: a signal right after "# ready" must find us prepared.
    let stop = stop_signal().map_err(|e| format!("cannot listen for signals: {e}"))?;
    let provider = start(options(arguments)).await.map_err(|e| match e.kind() {
        io::ErrorKind::AddrInUse => {
            format!("port {port} on 127.0.0.1 is in use; choose another with --port, or leave it out")
        }
        _ => format!("cannot start: {e}"),
    })?;
    announce(&provider).map_err(|e| format!("cannot write the settings: {e}"))?;
    tokio::select! {
        () = stop => {}
        () = stdin_closed(), if until_stdin_closes => {}
    }
    provider.shutdown().await;
    Ok(())
}

fn options(arguments: Arguments) -> Options {
    Options {
        port: arguments.port,
        client_id: arguments.client_id,
        access_ttl: Duration::from_secs(arguments.access_ttl),
        device_interval: Duration::from_secs(arguments.device_interval),
        device_ttl: Duration::from_secs(arguments.device_ttl),
        marker: arguments.marker,
        auto: arguments.auto,
        ..Options::default()
    }
}

/// Prints the settings, and a last line that tells a waiting program that all of it was read.
fn announce(provider: &MockProvider) -> io::Result<()> {
    let mut out = io::stdout().lock();
    write!(out, "{}\n# ready\n", provider.config_block())?;
    out.flush()
}

/// Ends when the program is asked to stop, by Ctrl-C or as a service.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ends when the program is asked to stop, by Ctrl-C or by its console window being closed.
#[cfg(windows)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::windows::{ctrl_c, ctrl_close};
    let (mut interrupt, mut close) = (ctrl_c()?, ctrl_close()?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = close.recv() => {}
        }
    })
}

/// Ends when standard input does. It is read on a thread of its own, which the end of `main` does not wait for; the
/// runtime would.
async fn stdin_closed() {
    let (closed, wait) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        let mut buffer = [0; 1024];
        let mut input = io::stdin().lock();
        while input.read(&mut buffer).is_ok_and(|n| n > 0) {}
        drop(closed);
    });
    let _ = wait.await;
}
