//! Programs written with Anthropic's own libraries, which find their credential by themselves.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};

use serde_json::Value;

use crate::lines::Lines;
use crate::node::{node, script};
use crate::process::{Background, PATIENCE};
use crate::programs;
use crate::session::DesktopSession;

/// Which library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sdk {
    /// npm's `@anthropic-ai/sdk`.
    TypeScript,
    /// PyPI's `anthropic`.
    Python,
}

impl Sdk {
    /// Both.
    pub const ALL: [Self; 2] = [Self::TypeScript, Self::Python];
}

/// Such a program, which goes on running between its requests.
#[derive(Debug)]
pub struct SdkProgram {
    program: Background,
    input: ChildStdin,
    output: Lines,
    /// Which library it is written with.
    pub sdk: Sdk,
}

impl DesktopSession {
    /// Starts one with these variables; an empty one is taken away.
    pub fn sdk(&self, sdk: Sdk, variables: &[(&str, &str)]) -> SdkProgram {
        let mut command = match sdk {
            Sdk::TypeScript => self.command_of(node().to_owned(), script("anthropic-sdk.mjs")),
            Sdk::Python => self.command_of(
                python(),
                programs::sources().join("python/anthropic_sdk.py"),
            ),
        };
        for (name, value) in variables {
            match value.is_empty() {
                true => command.env_remove(name),
                false => command.env(name, value),
            };
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut program = Background::start(&mut command);
        let child = program.child();
        let input = child.stdin.take().expect("it is piped");
        let output = Lines::of(child.stdout.take().expect("it is piped"));
        SdkProgram {
            program,
            input,
            output,
            sdk,
        }
    }

    fn command_of(&self, program: PathBuf, script: PathBuf) -> Command {
        let mut command = self.command(program);
        command.arg(script).env("NO_PROXY", "127.0.0.1");
        command
    }
}

impl SdkProgram {
    /// Lets it make a request: what the server said, or the library's own words for why there was no answer.
    pub fn ask(&mut self) -> Result<String, String> {
        writeln!(self.input, "ask").expect("it reads until it is told to end");
        let line = self.output.next_within(PATIENCE);
        let line = line.unwrap_or_else(|| panic!("{:?} said nothing", self.sdk));
        let said: Value = serde_json::from_str(&line).expect("it prints JSON");
        match said["said"].as_str() {
            Some(words) => Ok(words.to_owned()),
            None => Err(said["error"].to_string()),
        }
    }

    /// The same, for a request that has to be answered.
    #[track_caller]
    pub fn expect_answer(&mut self) {
        let answer = self.ask();
        assert_eq!(answer.as_deref(), Ok("This is practice."), "{:?}", self.sdk);
    }

    /// Whether it is still the process that it was.
    pub fn is_running(&mut self) -> bool {
        self.program.is_running()
    }
}

/// The Python of the tests' own environment.
pub fn python() -> PathBuf {
    let python = programs::beside("tests-python").join("bin/python");
    assert!(
        python.is_file(),
        "{} is not installed. `cargo xtask setup` does it.",
        python.display()
    );
    python
}
