//! What `claude` and `ant` say while they sign somebody in, and what may be said to them.

use url::Url;

use crate::error::{Code, Error};
use crate::secret::{Secret, presentable};

/// How many of a program's last lines are repeated to a person.
const LAST_LINES: usize = 3;

/// Claude Code's own words for a code that is none. It goes on waiting after them.
const REFUSED: &str = "Invalid code";

/// The first address to sign in at that a program printed whole, with a space or a line's end behind it.
pub(crate) fn address_in(said: &str, is_safe: impl Fn(&Url) -> bool) -> Option<Url> {
    let plain = without_escapes(said);
    let whole = plain.rfind(char::is_whitespace).map(|end| &plain[..end])?;
    whole
        .split_whitespace()
        .filter(|word| word.starts_with("https://") || word.starts_with("http://"))
        .filter_map(|word| Url::parse(word).ok())
        .find(is_safe)
}

/// How often a program refused what it was given.
pub(crate) fn refusals(said: &str) -> usize {
    said.matches(REFUSED).count()
}

/// The last words of a program, safe to repeat: without addresses, which hold what the sign-in hangs on, and without
/// anything that is secret.
pub(crate) fn last_words(said: &str, secrets: &[&Secret]) -> Option<String> {
    let plain = without_escapes(said);
    let lines: Vec<&str> = plain
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.contains("://"))
        .filter(|line| !line.ends_with('>') && !line.ends_with("Code:") && !line.contains(REFUSED))
        .collect();
    let last = lines[lines.len().saturating_sub(LAST_LINES)..].join(" ");
    (!last.is_empty()).then(|| presentable(&last, secrets))
}

/// Whether a program's words say that its server could not be reached.
pub(crate) fn is_unreachable(said: &str) -> bool {
    const SIGNS: [&str; 9] = [
        "ENOTFOUND",
        "ECONNREFUSED",
        "ECONNRESET",
        "ETIMEDOUT",
        "EAI_AGAIN",
        "ENETUNREACH",
        "no such host",
        "connection refused",
        "Unable to connect to API",
    ];
    SIGNS.iter().any(|sign| said.contains(sign))
}

/// Whether a program's words say that the server no longer accepts the session.
pub(crate) fn is_refused_by_server(said: &str) -> bool {
    const SIGNS: [&str; 9] = [
        "401",
        "403",
        "authentication_error",
        "permission_error",
        "has expired",
        "has been revoked",
        "invalid_grant",
        "/login",
        "auth login",
    ];
    SIGNS.iter().any(|sign| said.contains(sign))
}

/// What a person pasted, as the program wants it: the code, and `#` and the state behind it where that is known. What
/// surely belongs to another sign-in, or is a key, is not handed on.
pub(crate) fn code_in(pasted: &str, address: &Url) -> Result<Secret, Error> {
    let invisible =
        |c: char| c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200d}' | '\u{feff}');
    let wrapping = |c: char| matches!(c, '"' | '\'' | '`' | '<' | '>');
    let text: zeroize::Zeroizing<String> = pasted
        .chars()
        .filter(|c| !invisible(*c))
        .collect::<String>()
        .into();
    let text = text.trim_matches(wrapping);
    if text.is_empty() {
        return Err(not_accepted("Nothing was pasted."));
    }
    if text.contains("sk-ant-") {
        return Err(not_accepted(
            "That is a key or a token, not the code of this sign-in.",
        ));
    }
    let query = match text.split_once('?') {
        Some((_, query)) if text.starts_with("http") => Some(query),
        _ if text.starts_with("code=") || text.contains("&code=") => Some(text),
        _ => None,
    };
    let (code, state) = match query {
        Some(query) => {
            let query = query.split('#').next().unwrap_or_default();
            let find = |name: &str| {
                url::form_urlencoded::parse(query.as_bytes())
                    .find(|(key, _)| key == name)
                    .map(|(_, value)| value.into_owned())
            };
            let code = find("code").filter(|code| !code.is_empty());
            let code =
                code.ok_or_else(|| not_accepted("That is not the whole address or code."))?;
            (code, find("state"))
        }
        None => match text.split_once('#') {
            Some((code, state)) => (code.to_owned(), Some(state.to_owned())),
            None => (text.to_owned(), None),
        },
    };
    let ours = address
        .query_pairs()
        .find(|(name, _)| name == "state")
        .map(|(_, state)| state.into_owned());
    if let (Some(ours), Some(theirs)) = (&ours, &state)
        && Secret::new(ours.as_str()) != Secret::new(theirs.as_str())
    {
        return Err(not_accepted("That code belongs to another sign-in."));
    }
    let printable = |text: &str| text.bytes().all(|b| (0x21..=0x7e).contains(&b));
    if code.is_empty() || code.len() > 4096 || !printable(&code) {
        return Err(not_accepted("That does not look like a code."));
    }
    Ok(match state.filter(|state| printable(state)) {
        Some(state) => Secret::new(format!("{code}#{state}")),
        None => Secret::new(code),
    })
}

/// The words for a code that the program refused.
pub(crate) fn not_accepted(what: &str) -> Error {
    Error::new(
        Code::NotAccepted,
        what,
        "Copy the whole code, or the whole address, from the browser and paste it again.",
    )
}

/// The text as a terminal shows it: without colours, and without the links that some terminals can show.
fn without_escapes(said: &str) -> String {
    let mut out = String::with_capacity(said.len());
    let mut rest = said.chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            '\u{1b}' => match rest.next() {
                // A sequence that ends with a letter.
                Some('[') => drop(rest.by_ref().find(|c| c.is_ascii_alphabetic())),
                // One that ends with a bell, or with an escape and a backslash.
                Some(']') => {
                    while let Some(c) = rest.next() {
                        if c == '\u{7}' || (c == '\u{1b}' && rest.next_if_eq(&'\\').is_some()) {
                            break;
                        }
                    }
                }
                _ => {}
            },
            '\r' => out.push('\n'),
            letter if letter.is_control() && letter != '\n' => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
#[path = "spoken_tests.rs"]
mod tests;
