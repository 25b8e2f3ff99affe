//! The pages that the browser shows at the end. They carry no script, load nothing, and repeat nothing of the request.

use crate::error::Error;

/// A small page: a heading and a sentence or two, all our own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    title: &'static str,
    text: String,
    tone: &'static str,
}

impl Page {
    /// Shown only after the tokens are stored.
    pub(crate) fn signed_in() -> Self {
        Self {
            title: "You are signed in",
            text: "Your credential is stored. You can close this tab and go back to Keyfob."
                .to_owned(),
            tone: "fine",
        }
    }

    /// The answer came, but did not lead to a sign-in.
    pub(crate) fn failed(error: &Error) -> Self {
        Self {
            title: "You are not signed in",
            text: format!("{} {}", error.message, error.cure),
            tone: "act",
        }
    }

    /// A request that is not the answer.
    pub(crate) fn stray() -> Self {
        Self {
            title: "This is not the answer Keyfob waits for",
            text: "If you were signing in, go back to Keyfob and start again from there."
                .to_owned(),
            tone: "soon",
        }
    }

    /// Another path.
    pub(crate) fn not_found() -> Self {
        Self {
            title: "Nothing is here",
            text: "Keyfob opened this port for one sign-in only.".to_owned(),
            tone: "soon",
        }
    }

    /// The outcome took too long for a browser to wait, or is being worked on for another request.
    pub(crate) fn look_at_keyfob() -> Self {
        Self {
            title: "Go back to Keyfob",
            text: "It shows how the sign-in stands, or how it ended.".to_owned(),
            tone: "soon",
        }
    }

    /// The page as HTML. A failure's words hold the provider's name, which comes from a file, so they are escaped.
    pub(crate) fn html(&self) -> String {
        let (title, text, tone) = (self.title, escape(&self.text), self.tone);
        format!(
            r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title} · Keyfob</title>
<style>{STYLE}</style></head>
<body><main class="{tone}"><h1>{title}</h1><p>{text}</p><footer>Keyfob</footer></main></body></html>
"#
        )
    }
}

const STYLE: &str = "
:root{color-scheme:light dark;--page:oklch(97% .004 260);--card:oklch(100% 0 0);--ink:oklch(24% .015 260);
--quiet:oklch(50% .015 260);--fine:oklch(52% .11 155);--soon:oklch(62% .12 75);--act:oklch(55% .17 27)}
@media(prefers-color-scheme:dark){:root{--page:oklch(19% .008 260);--card:oklch(24% .01 260);
--ink:oklch(94% .006 260);--quiet:oklch(72% .012 260);--fine:oklch(76% .12 155);--soon:oklch(80% .12 80);
--act:oklch(72% .14 27)}}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--page);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
main{max-width:26rem;margin:24px;padding:32px;background:var(--card);border-radius:12px;
border-top:4px solid var(--tone)}
.fine{--tone:var(--fine)}.soon{--tone:var(--soon)}.act{--tone:var(--act)}
h1{margin:0 0 8px;font-size:22px;line-height:1.3;font-weight:600}p{margin:0 0 24px}
footer{color:var(--quiet);font-size:14px}";

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn a_page_carries_no_script_whatever_the_provider_is_called() {
        let error = Error::new(Code::Failed, "<script>alert(1)</script> said no.", "Try.");
        let html = Page::failed(&error).html();
        assert!(!html.contains("<script"));
        assert!(html.contains("&lt;script&gt;"));
    }
}
