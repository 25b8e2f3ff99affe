//! Running the programs that own sessions: found where people install them, bounded in time and in what they say, and
//! ended for good when they are no longer wanted.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::patience;

#[cfg(target_os = "linux")]
#[path = "kin_linux.rs"]
mod kin;
#[cfg(not(target_os = "linux"))]
#[path = "kin_elsewhere.rs"]
mod kin;

/// The most that is kept of what a program says on one stream.
const LONGEST_OUTPUT: usize = 64 * 1024;

/// How long a program may take to end after it was asked to, before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// How long the last words of a program that has ended are waited for.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// Where a program lies: on PATH, else where its installers put it, because a program that was started from a desktop
/// often has a shorter PATH than a terminal.
pub(crate) fn find(
    name: &str,
    variable: impl Fn(&str) -> Option<OsString>,
    home: &Path,
) -> Option<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let at_home = [
        ".local/bin",
        ".claude/local",
        ".opencode/bin",
        ".bun/bin",
        ".npm-global/bin",
        "go/bin",
    ];
    folders.extend(at_home.map(|folder| home.join(folder)));
    match cfg!(windows) {
        true => folders.extend(variable("APPDATA").map(|data| PathBuf::from(data).join("npm"))),
        false => folders.extend(["/opt/homebrew/bin", "/usr/local/bin"].map(PathBuf::from)),
    }
    let endings: &[&str] = if cfg!(windows) {
        &[".exe", ".cmd"]
    } else {
        &[""]
    };
    folders
        .iter()
        // What lies where somebody happens to stand is not run.
        .filter(|folder| folder.is_absolute())
        .flat_map(|folder| {
            endings
                .iter()
                .map(move |ending| folder.join(format!("{name}{ending}")))
        })
        .find(|file| is_program(file))
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file()
}

/// Which of its two streams a program spoke on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
}

/// What a program said so far. It may hold what is secret, so it is wiped.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) out: Zeroizing<String>,
    pub(crate) err: Zeroizing<String>,
}

impl Said {
    fn add(&mut self, stream: Stream, piece: &[u8]) {
        let text = match stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        };
        // Room for all of it at once, because a text that grows leaves its old memory behind unwiped.
        if text.capacity() == 0 {
            text.reserve_exact(LONGEST_OUTPUT);
        }
        let piece = Zeroizing::new(String::from_utf8_lossy(piece).into_owned());
        for letter in piece.chars() {
            if text.len() + letter.len_utf8() > LONGEST_OUTPUT {
                break;
            }
            text.push(letter);
        }
    }
}

/// How a program ended.
pub(crate) struct Ended {
    /// Its exit code; none where it was killed.
    pub(crate) code: Option<i32>,
    /// All that it said.
    pub(crate) said: Said,
}

/// A program at work. Dropping this ends it, and whatever it started.
pub(crate) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    pieces: mpsc::Receiver<(Stream, Zeroizing<Vec<u8>>)>,
    said: Said,
    /// It is talked with, and the browser that it opened stays.
    signs_in: bool,
    is_over: bool,
}

impl Running {
    /// Starts it in a group of its own, so that all of it can be ended.
    pub(crate) fn start(mut command: Command, signs_in: bool) -> std::io::Result<Self> {
        kin::apart(&mut command);
        let stdin = if signs_in {
            Stdio::piped()
        } else {
            Stdio::null()
        };
        let mut child = command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (sender, pieces) = mpsc::channel(64);
        if let Some(out) = child.stdout.take() {
            tokio::spawn(listen(out, Stream::Out, sender.clone()));
        }
        if let Some(err) = child.stderr.take() {
            tokio::spawn(listen(err, Stream::Err, sender));
        }
        Ok(Self {
            stdin: child.stdin.take(),
            child,
            pieces,
            said: Said::default(),
            signs_in,
            is_over: false,
        })
    }

    /// What it said so far.
    pub(crate) fn said(&self) -> &Said {
        &self.said
    }

    /// Waits until it says more or ends, and gives its exit code where it has ended. Giving up loses nothing.
    pub(crate) async fn next(&mut self) -> Option<Option<i32>> {
        tokio::select! {
            biased;
            Some((stream, piece)) = self.pieces.recv() => {
                self.said.add(stream, &piece);
                None
            }
            ended = self.child.wait() => {
                self.is_over = true;
                let rest = async {
                    while let Some((stream, piece)) = self.pieces.recv().await {
                        self.said.add(stream, &piece);
                    }
                };
                // A browser that it opened may hold the pipes open for hours.
                let _ = patience::within(LAST_WORDS, pin!(rest)).await;
                Some(ended.ok().and_then(|status| status.code()))
            }
        }
    }

    /// Gives it a line to read.
    pub(crate) async fn tell(&mut self, line: &str) -> std::io::Result<()> {
        let Some(stdin) = &mut self.stdin else {
            return Err(std::io::ErrorKind::BrokenPipe.into());
        };
        let line = Zeroizing::new(format!("{line}\n"));
        stdin.write_all(line.as_bytes()).await?;
        stdin.flush().await
    }

    /// All that it said, after it has ended.
    pub(crate) fn into_said(mut self) -> Said {
        std::mem::take(&mut self.said)
    }

    /// Asks it to end, and sees to it that it does.
    pub(crate) async fn end(&mut self) {
        if self.is_over {
            return;
        }
        if let Some(leader) = self.child.id() {
            // Finding its kin takes a moment, in which nothing else should stand still.
            let signs_in = self.signs_in;
            let asking = move || kin::ask_to_end(leader, signs_in);
            let _ = tokio::task::spawn_blocking(asking).await;
            let ended = tokio::time::timeout(GRACE, self.child.wait()).await;
            if ended.is_err() || kin::OUTLIVES_ITS_LEADER {
                let killing = move || kin::kill(leader, signs_in);
                let _ = tokio::task::spawn_blocking(killing).await;
            }
        }
        let _ = self.child.start_kill();
        let _ = tokio::time::timeout(GRACE, self.child.wait()).await;
        self.is_over = true;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        if let Some(leader) = self.child.id() {
            kin::kill(leader, self.signs_in);
        }
        let _ = self.child.start_kill();
    }
}

async fn listen(
    mut stream: impl AsyncRead + Unpin,
    which: Stream,
    sender: mpsc::Sender<(Stream, Zeroizing<Vec<u8>>)>,
) {
    let mut piece = Zeroizing::new([0; 4096]);
    while let Ok(read @ 1..) = stream.read(&mut piece[..]).await {
        let piece = Zeroizing::new(piece[..read].to_vec());
        if sender.send((which, piece)).await.is_err() {
            return;
        }
    }
}

/// Runs a program to its end; none where it took too long and was ended.
pub(crate) async fn run(command: Command, limit: Duration) -> std::io::Result<Option<Ended>> {
    to_its_end(Running::start(command, false)?, limit).await
}

/// The same for one that is given a few lines.
pub(crate) async fn run_with_input(
    command: Command,
    lines: &str,
    limit: Duration,
) -> std::io::Result<Option<Ended>> {
    let mut running = Running::start(command, true)?;
    // What does not read its input says by itself why it ended.
    let _ = running.tell(lines).await;
    to_its_end(running, limit).await
}

async fn to_its_end(mut running: Running, limit: Duration) -> std::io::Result<Option<Ended>> {
    let ending = async {
        loop {
            if let Some(code) = running.next().await {
                return code;
            }
        }
    };
    match tokio::time::timeout(limit, ending).await {
        Ok(code) => Ok(Some(Ended {
            code,
            said: running.into_said(),
        })),
        Err(_) => {
            running.end().await;
            Ok(None)
        }
    }
}

#[cfg(unix)]
#[cfg(test)]
#[path = "program_tests.rs"]
mod tests;
