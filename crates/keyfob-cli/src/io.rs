//! Where a command's words go, and where its input comes from.

use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal as _, Read as _, Write};

use keyfob::{Code, Error, Result, Secret};
use zeroize::Zeroizing;

/// The longest standard input that is read for one secret.
const LONGEST_INPUT: u64 = 64 * 1024;

/// The world as the command sees it.
pub struct Io {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    /// Reads an environment variable.
    pub(crate) variable: fn(&str) -> Option<OsString>,
    /// Whether a person reads what is said, and could answer a dialog.
    pub(crate) person_is_there: bool,
    /// Whether standard input is a terminal.
    pub(crate) typed_input: bool,
    /// Whether standard output is a terminal, where others may see what is printed.
    pub(crate) out_is_terminal: bool,
    /// What this program becomes once all that is under way is stored.
    pub(crate) next: Option<std::process::Command>,
}

impl Io {
    /// The process's own.
    pub fn system() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the outermost layer, which reads the environment for those below"
        )]
        let variable = |name: &str| std::env::var_os(name);
        let typed_input = std::io::stdin().is_terminal();
        Self {
            out: Box::new(std::io::stdout()),
            err: Box::new(std::io::stderr()),
            variable,
            person_is_there: std::io::stderr().is_terminal(),
            typed_input,
            out_is_terminal: std::io::stdout().is_terminal(),
            next: None,
        }
    }

    /// Data, for programs and people. A reader that has gone away is no failure of ours; a full disk is one.
    pub(crate) fn print(&mut self, text: &str) -> Result<()> {
        let written = self
            .out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush());
        match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::new(
                Code::Failed,
                "Standard output could not be written.",
                "Check where it leads: the disk may be full.",
            )
            .detail(error.to_string())),
            _ => Ok(()),
        }
    }

    /// Words, for people.
    pub(crate) fn say(&mut self, text: &str) {
        let _ = self.err.write_all(text.as_bytes());
        let _ = self.err.flush();
    }

    /// A secret on one line.
    pub(crate) fn line(&mut self, prompt: &str) -> Result<Secret> {
        let secret = self.secret(prompt)?;
        let line = secret.expose().trim();
        match line.is_empty() || line.contains(char::is_whitespace) {
            false => Ok(Secret::new(line)),
            true => Err(Error::new(
                Code::Usage,
                "Standard input holds no token.",
                "Give the token that was refused as one line: `printf %s \"$TOKEN\" | keyfob token ACCOUNT --refused`.",
            )),
        }
    }

    /// A secret: the whole of standard input, or what is typed at a prompt that shows nothing.
    pub(crate) fn secret(&mut self, prompt: &str) -> Result<Secret> {
        let unreadable = |error: std::io::Error| {
            Error::new(
                Code::Usage,
                "Standard input could not be read.",
                "Give the secret as one line of text.",
            )
            .detail(error.to_string())
        };
        if self.typed_input {
            let typed = rpassword::prompt_password(prompt).map_err(unreadable)?;
            return Ok(Secret::new(typed));
        }
        let mut text = Zeroizing::new(String::new());
        std::io::stdin()
            .take(LONGEST_INPUT)
            .read_to_string(&mut text)
            .map_err(unreadable)?;
        Ok(Secret::new(text.as_str()))
    }
}

impl Io {
    /// A secret of several lines: at a prompt, as many as it takes until it is whole, or an empty one.
    pub(crate) fn secret_text(
        &mut self,
        prompt: &str,
        goes_on: impl Fn(&Secret) -> bool,
    ) -> Result<Secret> {
        let mut text = self.secret(prompt)?;
        while self.typed_input && goes_on(&text) {
            let line = self.secret("")?;
            if line.expose().trim().is_empty() {
                break;
            }
            let longer = Zeroizing::new(format!("{}\n{}", text.expose(), line.expose()));
            text = Secret::new(longer.as_str());
        }
        Ok(text)
    }
}

/// Asks at the terminal, and shows nothing of what is typed. None where the person would rather not.
pub(crate) fn hidden_prompt(why: &str) -> Option<Secret> {
    let typed = rpassword::prompt_password(format!("{why} ")).ok()?;
    (!typed.is_empty()).then(|| Secret::new(typed))
}
