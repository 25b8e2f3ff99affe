//! Being asked to end from outside.

use std::process::ExitCode;

/// Waits until the person or the system asks the program to end, and gives the exit code that shells use for it.
#[cfg(unix)]
pub(crate) async fn asked() -> ExitCode {
    use tokio::signal::unix::{SignalKind, signal};

    // Listening to what the person had ignored (`nohup`, a job in the background) would end that, also for a program
    // that this one becomes.
    let ignored = ignored();
    let heard = |kind: SignalKind| async move {
        if ignored & (1 << (kind.as_raw_value() - 1)) != 0 {
            return std::future::pending().await;
        }
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

/// The signals that this program was started to ignore, a bit each. Only Linux says so without unsafe code; elsewhere
/// they are listened to.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = match cfg!(target_os = "linux") {
        true => std::fs::read_to_string("/proc/self/status").unwrap_or_default(),
        false => String::new(),
    };
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok())
        .unwrap_or_default()
}

/// Waits until the person or the system asks the program to end, and gives the exit code for it. When a console is
/// closed or the person logs out, Windows leaves a few seconds.
#[cfg(windows)]
pub(crate) async fn asked() -> ExitCode {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};

    let (Ok(mut c), Ok(mut pause), Ok(mut close), Ok(mut logoff), Ok(mut shutdown)) = (
        ctrl_c(),
        ctrl_break(),
        ctrl_close(),
        ctrl_logoff(),
        ctrl_shutdown(),
    ) else {
        // It then ends as it always does.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = c.recv() => {}
        _ = pause.recv() => {}
        _ = close.recv() => {}
        _ = logoff.recv() => {}
        _ = shutdown.recv() => {}
    }
    ExitCode::from(130)
}
