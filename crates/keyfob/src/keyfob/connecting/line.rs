//! The line by which a tool asks `keyfob`.

use std::path::{Path, PathBuf};

use super::Keyfob;
use crate::hand_over::connections::ConnectionId;

impl Keyfob {
    /// How `keyfob` is called from a shell with another environment than this one: a folder for Keyfob's files that was
    /// named in this one may not be named there.
    pub(super) fn call_of(&self, program: &Path, what: &str) -> String {
        let line = format!("{} {what}", quoted_program(program));
        match self.0.home.named_folder().filter(|_| cfg!(unix)) {
            Some(folder) => named_home(folder) + &line,
            None => line,
        }
    }
}

/// What a line begins with where Keyfob's files lie in a folder that was named.
pub(in crate::keyfob) const KEYFOB_HOME: &str = "KEYFOB_HOME=";

/// That, with the folder.
pub(in crate::keyfob) fn named_home(folder: &Path) -> String {
    format!("{KEYFOB_HOME}{} ", quoted(&folder.to_string_lossy()))
}

/// The id of the connection that a command line like that asks for.
pub(in crate::keyfob) fn connection_in(line: &str) -> Option<&str> {
    let (_, id) = line.trim().rsplit_once(" helper ")?;
    ConnectionId::try_from(id.to_owned()).ok()?;
    Some(id)
}

/// The program that a line like that calls.
pub(in crate::keyfob) fn program_in(line: &str) -> Option<PathBuf> {
    let line = line.trim_start();
    // Some tools know a command by this.
    let line = line.strip_prefix('!').unwrap_or(line);
    let call = match line.strip_prefix(KEYFOB_HOME) {
        Some(named) => first_word(named).1.trim_start(),
        None => line,
    };
    let (program, _) = first_word(call);
    (!program.is_empty()).then(|| PathBuf::from(program))
}

/// Whether it is not there any more; a name without its place is the shell's to find.
pub(in crate::keyfob) fn is_missing(program: &Path) -> bool {
    program.is_absolute() && !program.exists()
}

/// The first word as `sh` understands it, and what is behind it.
fn first_word(text: &str) -> (String, &str) {
    let (mut word, mut quote) = (String::new(), None);
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match (quote, letter) {
            (Some(end), _) if end == letter => quote = None,
            (Some(_), _) => word.push(letter),
            (None, '\'' | '"') => quote = Some(letter),
            (None, '\\') => word.extend(letters.next().map(|(_, letter)| letter)),
            (None, ' ') => return (word, &text[at..]),
            (None, _) => word.push(letter),
        }
    }
    (word, "")
}

/// The path of a program, for a shell.
fn quoted_program(program: &Path) -> String {
    let program = program.to_string_lossy();
    // Both of the shells that there can be on Windows take this.
    match cfg!(windows) {
        true => format!("\"{}\"", program.replace('\\', "/")),
        false => quoted(&program),
    }
}

/// A word as `sh` takes it for itself.
pub(in crate::keyfob) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,=".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_in_every_line_that_is_written() {
        for program in ["/usr/bin/keyfob", "/home/ada b/it's/keyfob"] {
            let call = format!("{} helper pi-0a1b", quoted(program));
            let at_home = named_home(Path::new("/home/a b/.k")) + &call;
            for line in [format!("!{call}"), format!("!{at_home}"), call, at_home] {
                assert_eq!(program_in(&line), Some(PathBuf::from(program)), "{line}");
            }
        }
        // As it is written on Windows.
        let line = "\"C:/Program Files/keyfob.exe\" helper pi-0a1b";
        let program = PathBuf::from("C:/Program Files/keyfob.exe");
        assert_eq!(program_in(line), Some(program));
        assert_eq!(program_in(""), None);
    }
}
