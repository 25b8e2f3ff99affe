//! Being asked to end from outside.

use std::process::ExitCode;

/// Waits until the person or the system asks the program to end, and gives the exit code that shells use for it.
#[cfg(unix)]
pub(crate) async fn asked() -> ExitCode {
    use tokio::signal::unix::{SignalKind, signal};

    let heard = |kind: SignalKind| async move {
        match signal(kind) {
            Ok(mut signals) => drop(signals.recv().await),
            // It then ends the program as it always does.
            Err(_) => std::future::pending().await,
        }
        u8::try_from(128 + kind.as_raw_value()).unwrap_or(1)
    };
    let code = tokio::select! {
        code = heard(SignalKind::interrupt()) => code,
        code = heard(SignalKind::terminate()) => code,
        code = heard(SignalKind::hangup()) => code,
    };
    ExitCode::from(code)
}

/// Waits until the person asks the program to end, and gives the exit code for it.
#[cfg(not(unix))]
pub(crate) async fn asked() -> ExitCode {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
    ExitCode::from(130)
}
