//! What the one client of this server is registered for.

/// Every scope this server grants, and what it means in words for the consent page.
pub(crate) const SCOPES: [(&str, &str); 9] = [
    ("user:profile", "See your name and email address"),
    ("user:inference", "Send messages to models for you"),
    ("user:developer", "Use the developer API for you"),
    ("org:create_api_key", "Create API keys in your organization"),
    ("user:sessions:claude_code", "Keep coding sessions for you"),
    ("user:mcp_servers", "Reach the MCP servers you connected"),
    ("user:file_upload", "Upload files for you"),
    ("openid", "Know that it is you"),
    ("offline_access", "Go on while you are away"),
];

/// What a scope means, in words.
pub(crate) fn meaning(scope: &str) -> Option<&'static str> {
    SCOPES
        .iter()
        .find(|(name, _)| *name == scope)
        .map(|(_, words)| *words)
}

/// The scopes that were asked for; none where one of them is not known here.
pub(crate) fn scopes(asked: Option<&str>) -> Option<Vec<String>> {
    let scopes: Vec<String> = match asked {
        Some(text) => text.split(' ').map(str::to_owned).collect(),
        None => vec![SCOPES[0].0.to_owned()],
    };
    let known = scopes.iter().all(|s| meaning(s).is_some());
    known.then_some(scopes)
}

/// The hosted page that shows the code for pasting.
pub(crate) fn paste_page(base_url: &str) -> String {
    format!("{base_url}/oauth/code/callback")
}

/// Whether a redirect URI is registered: the very text, but for the port of a loopback address, which the client
/// learns only when it listens (RFC 8252 §7.3).
pub(crate) fn allows_redirect(uri: &str, base_url: &str) -> bool {
    uri == paste_page(base_url)
        || ["127.0.0.1", "localhost", "[::1]"].iter().any(|host| {
            uri.strip_prefix("http://")
                .and_then(|rest| rest.strip_prefix(host))
                .and_then(|rest| rest.strip_prefix(':'))
                .and_then(|rest| rest.strip_suffix("/callback"))
                .is_some_and(is_port)
        })
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "http://127.0.0.1:4000";

    #[test]
    fn loopback_with_any_port_and_the_paste_page_are_registered() {
        for uri in [
            "http://127.0.0.1:1/callback",
            "http://localhost:65535/callback",
            "http://[::1]:8080/callback",
            "http://127.0.0.1:4000/oauth/code/callback",
        ] {
            assert!(allows_redirect(uri, BASE), "{uri}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for uri in [
            "https://127.0.0.1:1/callback",
            "http://127.0.0.1/callback",
            "http://127.0.0.1:0/callback",
            "http://127.0.0.1:+80/callback",
            "http://127.0.0.1:99999/callback",
            "http://127.0.0.1:1/callback/",
            "http://127.0.0.1:1/callback?x=1",
            "http://127.0.0.1:1/other/callback",
            "http://127.0.0.1.example.com:1/callback",
            "http://127.0.0.1:1@example.com/callback",
            "http://LOCALHOST:1/callback",
            "http://127.0.0.1:4001/oauth/code/callback",
        ] {
            assert!(!allows_redirect(uri, BASE), "{uri}");
        }
    }
}
