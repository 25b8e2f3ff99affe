//! The command `keyfob` in a session.

use std::io::Write as _;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::home::Home;
use crate::http;
use crate::lines::Lines;
use crate::process::{Background, PATIENCE, eventually};
use crate::programs::{self, KEYFOB};
use crate::session::DesktopSession;

/// One call of the command.
#[derive(Debug)]
pub struct Call {
    command: Command,
    stdin: Vec<u8>,
    limit: Duration,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Output {
    /// Ends the test, with all that was said, where the code is another one.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }
}

impl DesktopSession {
    /// A call of `keyfob` with this home.
    pub fn keyfob(&self, home: &Home, arguments: &[&str]) -> Call {
        let mut command = self.command(programs::program(KEYFOB));
        command.args(arguments).env("KEYFOB_HOME", home.path());
        Call {
            command,
            stdin: Vec::new(),
            limit: PATIENCE,
        }
    }

    /// Signs in as a person does, in a browser that agrees.
    #[track_caller]
    pub fn sign_in(&self, home: &Home, label: &str) {
        let arguments = ["login", "--no-browser", "--label", label];
        let mut login = self.keyfob(home, &arguments).spawn();
        let lines = login
            .stderr
            .until(PATIENCE, |line| line.contains("Waiting for your browser"));
        let url = lines
            .iter()
            .find(|line| line.contains("response_type=code"))
            .expect("login prints an address");
        assert_eq!(http::browse(url.trim()).status, 200);
        login.wait(PATIENCE).expect_code(0);
    }
}

impl Call {
    /// What it reads from standard input; nothing where this is not called.
    pub fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = text.into();
        self
    }

    /// The folder that it is started in, in place of the session's home.
    pub fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// A variable for this call.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// How long it may take, in place of [`PATIENCE`].
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs it to its end.
    pub fn run(self) -> Output {
        let limit = self.limit;
        let stdin = self.stdin.clone();
        let mut running = self.spawn();
        // Written on a thread, since the program may write much before it reads.
        let mut input = running.input.take().expect("it was just started");
        let writing = thread::spawn(move || {
            // It need not read everything.
            let _ = input.write_all(&stdin);
        });
        let output = running.wait(limit);
        writing.join().expect("writing does not panic");
        output
    }

    /// Without root's power to write wherever it likes, where the test has it: permissions count for it as for everybody.
    pub fn by_permissions(self) -> Self {
        if !rustix::process::geteuid().is_root() {
            return self;
        }
        let mut command = Command::new("setpriv");
        command.arg("--bounding-set=-dac_override,-dac_read_search,-fowner");
        command.arg(self.command.get_program());
        command.args(self.command.get_args());
        Self {
            command: in_its_place(command, &self.command),
            ..self
        }
    }

    /// Starts a shell that becomes the command when it is let go, so that many can begin at one moment.
    pub fn spawn_held(self) -> Held {
        let mut shell = Command::new("sh");
        // `read` takes one line and not a byte more; the rest is for the command.
        shell.args(["-c", "read -r go && exec \"$0\" \"$@\""]);
        shell.arg(self.command.get_program());
        shell.args(self.command.get_args());
        let shell = in_its_place(shell, &self.command);
        let mut go = b"go\n".to_vec();
        go.extend(&self.stdin);
        let held = Self {
            command: shell,
            ..self
        };
        Held {
            call: held.spawn(),
            go,
        }
    }

    /// Starts it, to talk with it line by line.
    pub fn spawn(mut self) -> Interactive {
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut program = Background::start(&mut self.command);
        let input = program.child().stdin.take();
        let stdout = Lines::of(program.child().stdout.take().expect("it is piped"));
        let stderr = Lines::of(program.child().stderr.take().expect("it is piped"));
        Interactive {
            program,
            input,
            stdout,
            stderr,
        }
    }
}

/// A program with the folder and the environment of another one.
fn in_its_place(mut program: Command, of: &Command) -> Command {
    if let Some(folder) = of.get_current_dir() {
        program.current_dir(folder);
    }
    program.env_clear();
    for (name, value) in of.get_envs() {
        if let Some(value) = value {
            program.env(name, value);
        }
    }
    program
}

/// A call that waits to be let go.
#[derive(Debug)]
pub struct Held {
    call: Interactive,
    go: Vec<u8>,
}

impl Held {
    /// Lets it go, with all of its input.
    pub fn let_go(&mut self) {
        let mut input = self.call.input.take().expect("it is let go once");
        input.write_all(&self.go).expect("the shell reads its line");
    }

    /// Its process id, which stays.
    pub fn pid(&mut self) -> u32 {
        self.call.pid()
    }

    /// Waits for its end.
    pub fn wait(self, limit: Duration) -> Output {
        self.call.wait(limit)
    }
}

/// A call under way. It is killed when this is dropped.
#[derive(Debug)]
pub struct Interactive {
    program: Background,
    /// Its standard input, until it is closed.
    input: Option<ChildStdin>,
    /// What it writes to standard output.
    pub stdout: Lines,
    /// What it writes to standard error.
    pub stderr: Lines,
}

impl Interactive {
    /// Types a line.
    pub fn type_line(&mut self, line: &str) {
        let input = self.input.as_mut().expect("its input is still open");
        writeln!(input, "{line}").expect("it reads its input");
    }

    /// Ends its standard input.
    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// Kills it at once, as a crash would.
    pub fn kill(mut self) {
        self.program.child().kill().expect("it still runs");
    }

    /// Sends it a signal.
    pub fn signal(&mut self, signal: Signal) {
        let pid = Pid::from_child(self.program.child());
        kill_process(pid, signal).expect("it still runs");
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.program.is_running()
    }

    /// Kills it at this instant, and gives what it wrote until then. It may have ended by itself before.
    pub fn cut_short(mut self) -> Output {
        self.program.child().kill().expect("a child of ours");
        let status = self.program.child().wait().expect("a child of ours");
        Output {
            code: status.code(),
            stdout: self.stdout.to_the_end(),
            stderr: self.stderr.to_the_end(),
        }
    }

    /// Its process id.
    pub fn pid(&mut self) -> u32 {
        self.program.child().id()
    }

    /// Waits for its end, and gives all it wrote, also what was read as lines before.
    pub fn wait(mut self, limit: Duration) -> Output {
        let ended = eventually(limit, || !self.program.is_running());
        assert!(
            ended,
            "keyfob did not end within {limit:?}. It said:\n{}\n{}",
            self.stdout.so_far(),
            self.stderr.so_far(),
        );
        let status = self.program.child().wait().expect("a child of ours");
        Output {
            code: status.code(),
            stdout: self.stdout.to_the_end(),
            stderr: self.stderr.to_the_end(),
        }
    }
}
