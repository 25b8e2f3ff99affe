//! Making what was found safe to paste in public.

use super::Finding;
use crate::edge::Edge;
use crate::secret::blot_out_keys;

/// What must not be read in public.
pub(super) struct Public {
    home: Option<String>,
    user: Option<String>,
}

impl Public {
    pub(super) fn of(edge: &Edge) -> Self {
        let text = |name: &str| edge.variable(name)?.into_string().ok();
        let home = edge.home_folder().map(|h| h.display().to_string());
        let home = home.map(|h| h.trim_end_matches(['/', '\\']).to_owned());
        let user = text("USER").or_else(|| text("USERNAME"));
        Self {
            home: home.filter(|h| h.len() > 1),
            // A short name would be found inside of words that it has nothing to do with.
            user: user.filter(|u| u.len() > 1),
        }
    }

    pub(super) fn finding(&self, finding: Finding) -> Finding {
        Finding {
            words: self.text(&finding.words),
            cure: finding.cure.map(|text| self.text(&text)),
            detail: finding.detail.map(|text| self.text(&text)),
            ..finding
        }
    }

    fn text(&self, text: &str) -> String {
        let mut text = blot_out_keys(text);
        if let Some(home) = &self.home {
            text = replace_whole(&text, home, "~");
        }
        if let Some(user) = &self.user {
            for folder in ["/home/", "/Users/", "\\Users\\"] {
                text = replace_whole(&text, &format!("{folder}{user}"), "~");
            }
        }
        without_addresses(&text)
    }
}

/// Replaces a path where it ends there, so that the home of `ada` is not found in that of `adam`.
fn replace_whole(text: &str, path: &str, by: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(path) {
        let (before, found) = rest.split_at(start);
        let after = &found[path.len()..];
        let ends = !after.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-');
        out.push_str(before);
        out.push_str(if ends { by } else { path });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Replaces what looks like an e-mail address.
fn without_addresses(text: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || "@._%+-".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars().chain(['\n']) {
        if is_part(c) {
            word.push(c);
            continue;
        }
        let trimmed = word.trim_end_matches('.');
        match is_address(trimmed) {
            true => {
                out.push_str("[e-mail]");
                out.push_str(&word[trimmed.len()..]);
            }
            false => out.push_str(&word),
        }
        word.clear();
        out.push(c);
    }
    out.pop();
    out
}

fn is_address(word: &str) -> bool {
    match word.split_once('@') {
        Some((name, host)) => !name.is_empty() && host.contains('.'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_names_addresses_and_keys_are_taken_out_and_nothing_else() {
        let public = Public {
            home: Some("/srv/people/ada".to_owned()),
            user: Some("ada".to_owned()),
        };
        for (text, wanted) in [
            ("Run `chmod 600 /srv/people/ada/x`.", "Run `chmod 600 ~/x`."),
            ("/srv/people/adam/x", "/srv/people/adam/x"),
            ("/home/ada, /Users/ada/y", "~, ~/y"),
            ("Who? ada@example.com.", "Who? [e-mail]."),
            ("git@host is no address", "git@host is no address"),
            ("ant-key sk-ant-api03-x_1 here", "ant-key [removed] here"),
            ("Canada is no name", "Canada is no name"),
        ] {
            assert_eq!(public.text(text), wanted);
        }
    }
}
