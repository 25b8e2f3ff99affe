//! Text that must not be seen.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A secret text. It cannot be displayed or serialized, its `Debug` says nothing, comparing takes the same time
/// wherever two secrets differ, and its memory is wiped when it is dropped.
///
/// ```
/// let secret = keyfob::Secret::new("sk-ant-api03-abc");
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
/// assert_eq!(secret.expose(), "sk-ant-api03-abc");
/// ```
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes a text into custody.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Every use of this word is a place to review.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The last four characters, for people to recognise it by; fewer of a short one, so that most stays hidden.
    pub fn last_four(&self) -> String {
        let count = self.0.chars().count();
        let shown = 4.min(count / 4);
        self.0.chars().skip(count - shown).collect()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

/// A server's own words made safe to show: known secrets and everything that looks like one of Anthropic's are
/// blotted out, control characters dropped, and the length held to a line.
pub(crate) fn presentable(text: &str, secrets: &[&Secret]) -> String {
    const LONGEST: usize = 200;
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|s| !s.expose().is_empty()) {
        text = text.replace(secret.expose(), "[removed]");
    }
    let text = blot_out_keys(&text);
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    match clean.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &clean[..end]),
        None => clean,
    }
}

/// Replaces every run that matches `sk-ant-[A-Za-z0-9_-]+`.
pub(crate) fn blot_out_keys(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("sk-ant-") {
        out.push_str(&rest[..start]);
        out.push_str("[removed]");
        let tail = &rest[start..];
        let end = tail
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
            .unwrap_or(tail.len());
        rest = &tail[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_words_lose_every_secret() {
        let code = Secret::new("the-code");
        let text = "bad code the-code for sk-ant-ort01-xyz_1, retry\u{7}";
        assert_eq!(
            presentable(text, &[&code]),
            "bad code [removed] for [removed], retry "
        );
    }

    #[test]
    fn long_words_are_cut() {
        let shown = presentable(&"é".repeat(500), &[]);
        assert_eq!(shown.chars().count(), 201);
    }

    #[test]
    fn most_of_a_short_secret_stays_hidden() {
        assert_eq!(Secret::new("abcdefgh").last_four(), "gh");
        assert_eq!(Secret::new("sk-ant-api03-123456789f2A").last_four(), "9f2A");
        assert_eq!(Secret::new("").last_four(), "");
    }
}
