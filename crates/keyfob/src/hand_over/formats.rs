//! The variables as text that a shell takes over, or that a program reads, quoted so that nothing in a value is ever
//! anything else than that value. A pure function.

use zeroize::Zeroizing;

use super::environment::{Environment, Value, Variable};
use crate::error::{Code, Error, Result};

/// In which words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For sh, bash, zsh and their kin, by `eval`.
    Sh,
    /// For fish, by `source`.
    Fish,
    /// For PowerShell, by `Invoke-Expression`.
    PowerShell,
    /// A file that `docker --env-file`, the npm package `dotenv` and Node's `--env-file` read alike. It can only set.
    Dotenv,
    /// `{"set": {…}, "unset": […]}`
    Json,
}

impl Environment {
    /// The variables in these words. A value that they cannot hold is an error, which does not repeat it.
    pub fn written(&self, format: Format) -> Result<Zeroizing<String>> {
        let mut set = Vec::new();
        for variable in &self.set {
            set.push((variable.name, text_of(variable)?));
        }
        // Room for all of it at once, because a text that grows leaves its old memory behind unwiped. Nothing grows
        // more than sixfold, as a control character in JSON.
        let long: usize = set
            .iter()
            .map(|(name, value)| name.len() + 6 * value.len())
            .sum();
        let names: usize = self.removed.iter().map(|name| name.len() + 8).sum();
        let mut text = Zeroizing::new(String::with_capacity(long + names + 64 * set.len() + 512));
        match format {
            Format::Sh => sh(&mut text, &set, &self.removed),
            Format::Fish => fish(&mut text, &set, &self.removed),
            Format::PowerShell => powershell(&mut text, &set, &self.removed),
            Format::Dotenv => dotenv(&mut text, &set)?,
            Format::Json => json(&mut text, &set, &self.removed),
        }
        Ok(text)
    }

    /// Whether any of the values must not be seen.
    pub fn holds_a_secret(&self) -> bool {
        let secret = |variable: &Variable| matches!(variable.value, Value::Secret(_));
        self.set.iter().any(secret)
    }
}

/// What is set: names, and values that a text can hold.
type Set<'a> = [(&'static str, &'a str)];

fn sh(text: &mut String, set: &Set<'_>, removed: &[&str]) {
    for name in removed {
        let first = text.is_empty();
        text.push_str(if first { "unset " } else { " " });
        text.push_str(name);
    }
    end_line(text);
    for (name, value) in set {
        push(text, &["export ", name, "='"]);
        // Out of the quotes, the quote itself, and in again.
        escaped(text, value, |c| if c == '\'' { Some(r"'\'") } else { None });
        text.push_str("'\n");
    }
}

fn fish(text: &mut String, set: &Set<'_>, removed: &[&str]) {
    if !removed.is_empty() {
        // One that is kept for all shells (`set -U`) stays the person's own. Programs would get it even so, so here it is
        // empty, which they take as not set.
        let names = removed.join(" ");
        push(text, &["for keyfob_name in ", &names, "\n"]);
        text.push_str(
            "  set -e -g $keyfob_name; set -q -U $keyfob_name; and set -g -x $keyfob_name ''\nend\n",
        );
    }
    for (name, value) in set {
        push(text, &["set -g -x ", name, " '"]);
        escaped(text, value, |c| {
            if c == '\'' || c == '\\' {
                Some("\\")
            } else {
                None
            }
        });
        text.push_str("'\n");
    }
}

fn powershell(text: &mut String, set: &Set<'_>, removed: &[&str]) {
    for name in removed {
        let first = text.is_empty();
        text.push_str(if first {
            "Remove-Item -Path Env:"
        } else {
            ",Env:"
        });
        text.push_str(name);
    }
    if !text.is_empty() {
        text.push_str(" -ErrorAction SilentlyContinue\n");
    }
    for (name, value) in set {
        push(text, &["$Env:", name, " = '"]);
        for c in value.chars() {
            // PowerShell takes typographic ones for the plain one, and each is written twice.
            if matches!(c, '\'' | '\u{2018}'..='\u{201b}') {
                text.push(c);
            }
            text.push(c);
        }
        text.push_str("'\n");
    }
}

fn dotenv(text: &mut String, set: &Set<'_>) -> Result<()> {
    for (name, value) in set {
        if let Some(why) = unlike_in_dotenv(value) {
            return Err(not_written(name, why));
        }
        push(text, &[name, "=", value, "\n"]);
    }
    Ok(())
}

fn json(text: &mut String, set: &Set<'_>, removed: &[&str]) {
    text.push_str("{\n  \"set\": {");
    for (at, (name, value)) in set.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        // A text always serializes.
        let value = Zeroizing::new(serde_json::to_string(value).unwrap_or_default());
        push(text, &[comma, "\n    \"", name, "\": ", &value]);
    }
    text.push_str("\n  },\n  \"unset\": [");
    for (at, name) in removed.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        push(text, &[comma, "\n    \"", name, "\""]);
    }
    text.push_str("\n  ]\n}\n");
}

fn text_of(variable: &Variable) -> Result<&str> {
    let text = match &variable.value {
        Value::Secret(secret) => Some(secret.expose()),
        Value::Plain(text) => text.to_str(),
    };
    match text {
        Some(text) if text.contains('\0') => {
            Err(not_written(variable.name, "no variable can hold a zero"))
        }
        Some(text) => Ok(text),
        None => Err(not_written(variable.name, "it is not text")),
    }
}

fn end_line(text: &mut String) {
    if !text.is_empty() {
        text.push('\n');
    }
}

fn push(text: &mut String, parts: &[&str]) {
    for part in parts {
        text.push_str(part);
    }
}

/// The value, with something in front of some of its characters.
fn escaped(text: &mut String, value: &str, before: impl Fn(char) -> Option<&'static str>) {
    for c in value.chars() {
        text.push_str(before(c).unwrap_or_default());
        text.push(c);
    }
}

/// Why the readers of such a file would not all find this value. What they agree on is a line as it stands: quotes and
/// backslashes are part of the value for some and not for others, and so are `#` and `$`.
fn unlike_in_dotenv(value: &str) -> Option<&'static str> {
    let blank = |c: char| c.is_whitespace() || c == '\u{feff}';
    if value.contains([
        '\n', '\r', '\u{2028}', '\u{2029}', '\u{85}', '\u{b}', '\u{c}',
    ]) {
        Some("it has several lines, and such a file has one for each")
    } else if value.starts_with(blank) || value.ends_with(blank) {
        Some("it begins or ends with a blank, which some programs leave out")
    } else if value.contains(['\'', '"', '`', '\\', '#', '$']) {
        Some("there is one of ' \" ` \\ # $ in it, which programs read in different ways")
    } else {
        None
    }
}

fn not_written(name: &str, why: &str) -> Error {
    Error::new(
        Code::Failed,
        format!("{name} cannot be written in this format: {why}."),
        "Take another format, or let `keyfob run` start the program.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn of(value: &str) -> Environment {
        let value = Value::Secret(Secret::new(value));
        Environment {
            set: vec![Variable { name: "ONE", value }],
            removed: vec!["TWO", "THREE"],
            ..Environment::default()
        }
    }

    #[test]
    fn each_format_says_it_in_its_own_words() {
        let written = |format| of(r"it's \a").written(format).unwrap().to_string();
        assert_eq!(
            written(Format::Sh),
            "unset TWO THREE\nexport ONE='it'\\''s \\a'\n"
        );
        assert_eq!(
            written(Format::Fish),
            "for keyfob_name in TWO THREE\n  set -e -g $keyfob_name; set -q -U $keyfob_name; and set -g -x $keyfob_name ''\nend\nset -g -x ONE 'it\\'s \\\\a'\n"
        );
        assert_eq!(
            written(Format::PowerShell),
            "Remove-Item -Path Env:TWO,Env:THREE -ErrorAction SilentlyContinue\n$Env:ONE = 'it''s \\a'\n"
        );
        let json: serde_json::Value = serde_json::from_str(&written(Format::Json)).unwrap();
        let expected =
            serde_json::json!({ "set": { "ONE": r"it's \a" }, "unset": ["TWO", "THREE"] });
        assert_eq!(json, expected);
        let plain = of("sk-ant-api03-a_b-c").written(Format::Dotenv).unwrap();
        assert_eq!(*plain, "ONE=sk-ant-api03-a_b-c\n");
    }

    #[test]
    fn nothing_at_all_is_written_too() {
        let nothing = Environment::default();
        for format in [Format::Sh, Format::Fish, Format::PowerShell, Format::Dotenv] {
            assert_eq!(*nothing.written(format).unwrap(), "");
        }
        let json = nothing.written(Format::Json).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json, serde_json::json!({ "set": {}, "unset": [] }));
    }

    /// By the rules of PowerShell's language specification, §2.3.5.2: within verbatim quotes nothing is special but a
    /// quote, of which two stand for one, and five characters are quotes.
    #[test]
    fn powershell_reads_back_what_was_written() {
        for value in [
            "plain",
            "it's",
            "'",
            "''",
            "\u{2018}a\u{2019}'\u{201a}\u{201b}",
            "`n $(Get-Date) \"$x\"",
            "two\nlines\r\n",
            "%PATH% ; & | <>",
            "工作🗝",
        ] {
            let text = of(value).written(Format::PowerShell).unwrap();
            let quoted = text.split_once("$Env:ONE = '").unwrap().1;
            let mut rest = quoted.chars().peekable();
            let mut read = String::new();
            let is_quote =
                |c: char| ['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'].contains(&c);
            while let Some(c) = rest.next() {
                if is_quote(c) {
                    match rest.next_if(|next| is_quote(*next)) {
                        Some(second) => read.push(second),
                        None => break,
                    }
                } else {
                    read.push(c);
                }
            }
            assert_eq!(read, value);
            assert_eq!(rest.collect::<String>(), "\n");
        }
    }

    #[test]
    fn what_a_format_cannot_hold_is_an_error_without_the_value() {
        for value in [
            "hunter2\n",
            " hunter2",
            "hunter2'",
            "hunter2#",
            "$hunter2",
            "hunter2\\",
            "\u{feff}hunter2",
        ] {
            let error = of(value).written(Format::Dotenv).unwrap_err();
            assert!(error.message.contains("ONE"), "{error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        for format in [Format::Sh, Format::Fish, Format::PowerShell, Format::Json] {
            assert!(of("a\0b").written(format).is_err());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_is_not_text_is_an_error() {
        use std::os::unix::ffi::OsStringExt as _;
        let path = std::ffi::OsString::from_vec(vec![b'/', 0xff]);
        let mut odd = of("x");
        odd.set[0].value = Value::Plain(path);
        assert!(!odd.holds_a_secret());
        assert!(odd.written(Format::Sh).is_err());
    }
}
