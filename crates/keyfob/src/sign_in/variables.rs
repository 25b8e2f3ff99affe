//! What variables of the environment say of the Claude Console, by the names that the official `ant` command reads.
//!
//! `config.toml` goes before them: it is what a person chose for Keyfob, and a variable is set for many programs.

use std::ffi::OsString;

use crate::sign_in::provider::{ProviderEntry, secure_url};
/// Of the API, which issues the tokens too.
pub(crate) use crate::variables::BASE_URL;

/// The client id that was issued to the person or the organization.
pub(crate) const CLIENT_ID: &str = "ANTHROPIC_OAUTH_CLIENT_ID";
/// Where one agrees, in place of the Claude Console.
pub(crate) const CONSOLE_URL: &str = "ANTHROPIC_CONSOLE_URL";

/// Which variables count for a provider.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ByVariables {
    /// Their names.
    pub names: Vec<&'static str>,
    /// Whether the token endpoint comes from one of them.
    pub moves_token_url: bool,
    /// What one of them says that cannot be used, as a part of a sentence.
    pub problem: Option<String>,
}

impl ByVariables {
    /// Whether the client id comes from a variable.
    pub fn give_client_id(&self) -> bool {
        self.names.contains(&CLIENT_ID)
    }

    /// Whether the API comes from a variable.
    pub fn give_base_url(&self) -> bool {
        self.names.contains(&BASE_URL)
    }
}

/// What the variables say, to be laid between what is built in and what `config.toml` says.
pub(crate) fn of_claude_console(
    written: &ProviderEntry,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> (ProviderEntry, ByVariables) {
    let (mut entry, mut by) = (ProviderEntry::default(), ByVariables::default());
    let unsaid = |field: &Option<String>| field.as_ref().is_none_or(|t| t.trim().is_empty());
    let wanted = [
        (CLIENT_ID, unsaid(&written.client_id)),
        (CONSOLE_URL, unsaid(&written.authorize_url)),
        (
            BASE_URL,
            unsaid(&written.token_url) || unsaid(&written.base_url),
        ),
    ];
    for (name, _) in wanted.into_iter().filter(|(_, wanted)| *wanted) {
        let Some(value) = variable(name).filter(|value| !value.is_empty()) else {
            continue;
        };
        let read = value
            .into_string()
            .map_err(|_| format!("`{name}` is no text"))
            .and_then(|value| take(&mut entry, name, value.trim()));
        match read {
            Ok(()) => by.names.push(name),
            Err(problem) => by.problem = Some(problem),
        }
    }
    // That variable alone most often names a gateway for the API, which issues no tokens: the code of a sign-in, and
    // what makes it worth something, would be sent to whoever runs it.
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    if !is_set(CLIENT_ID) && !is_set(CONSOLE_URL) {
        entry.token_url = None;
    }
    by.moves_token_url = entry.token_url.is_some() && unsaid(&written.token_url);
    (entry, by)
}

fn take(entry: &mut ProviderEntry, name: &'static str, value: &str) -> Result<(), String> {
    if name == CLIENT_ID {
        // It goes into an address that a browser opens.
        if value.contains("sk-ant-") {
            return Err(format!("`{name}` holds a key or a token, not a client id"));
        }
        entry.client_id = Some(value.to_owned());
        return Ok(());
    }
    let base = safe_address(name, value)?;
    let at = |path: &str| Some(format!("{base}{path}"));
    if name == CONSOLE_URL {
        entry.authorize_url = at("/oauth/authorize");
        entry.paste_redirect_uri = at("/oauth/code/callback");
    } else {
        entry.token_url = at("/v1/oauth/token");
        entry.base_url = at("");
    }
    Ok(())
}

/// An address that paths can be put behind.
pub(crate) fn safe_address(name: &str, value: &str) -> Result<String, String> {
    let url = secure_url(name, Some(value.to_owned()))?;
    match url {
        Some(url) if url.query().is_none() && url.fragment().is_none() => {
            Ok(url.as_str().trim_end_matches('/').to_owned())
        }
        _ => Err(format!("`{name}` has to be an address without `?` and `#`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(
        written: &ProviderEntry,
        variables: &'static [(&str, &str)],
    ) -> (ProviderEntry, ByVariables) {
        of_claude_console(written, &|name| {
            let found = variables.iter().find(|(n, _)| *n == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn the_official_commands_variables_move_the_console_and_the_api() {
        let (entry, by) = said(
            &ProviderEntry::default(),
            &[
                (CLIENT_ID, " mine "),
                (CONSOLE_URL, "https://console.example/"),
                (BASE_URL, "https://api.example/anthropic/"),
            ],
        );
        assert_eq!(entry.client_id.as_deref(), Some("mine"));
        let is = |field: Option<String>, text: &str| assert_eq!(field.as_deref(), Some(text));
        is(
            entry.authorize_url,
            "https://console.example/oauth/authorize",
        );
        is(
            entry.paste_redirect_uri,
            "https://console.example/oauth/code/callback",
        );
        is(
            entry.token_url,
            "https://api.example/anthropic/v1/oauth/token",
        );
        is(entry.base_url, "https://api.example/anthropic");
        assert_eq!(by.names, [CLIENT_ID, CONSOLE_URL, BASE_URL]);
    }

    #[test]
    fn the_address_of_a_gateway_alone_moves_no_sign_in() {
        const GATEWAY: &str = "https://gateway.example";
        let gateway = (BASE_URL, GATEWAY);
        let (entry, by) = said(&ProviderEntry::default(), &[(BASE_URL, GATEWAY)]);
        assert_eq!(entry.base_url.as_deref(), Some(GATEWAY));
        assert_eq!((entry.token_url, by.moves_token_url), (None, false));
        for other in [(CLIENT_ID, "mine"), (CONSOLE_URL, "https://c.example")] {
            let variable = |name: &str| {
                let found = [gateway, other].into_iter().find(|(n, _)| *n == name);
                found.map(|(_, value)| OsString::from(value))
            };
            let (entry, by) = of_claude_console(&ProviderEntry::default(), &variable);
            let token_url = "https://gateway.example/v1/oauth/token";
            assert_eq!(entry.token_url.as_deref(), Some(token_url), "{other:?}");
            assert!(by.moves_token_url, "{other:?}");
        }
    }

    #[test]
    fn what_config_toml_says_goes_before_them() {
        let written = ProviderEntry {
            client_id: Some("chosen".to_owned()),
            ..ProviderEntry::default()
        };
        let (entry, by) = said(&written, &[(CLIENT_ID, "other")]);
        assert_eq!((entry.client_id, by), (None, ByVariables::default()));
    }

    #[test]
    fn what_is_not_safe_is_not_used_and_never_repeated() {
        for variables in [
            &[(BASE_URL, "http://api.example")] as &'static [_],
            &[(CONSOLE_URL, "https://u:hunter2@a.example")],
            &[(BASE_URL, "https://a.example?key=hunter2")],
            &[(CLIENT_ID, "sk-ant-api03-hunter2")],
            &[(CONSOLE_URL, "hunter2")],
        ] {
            let (entry, by) = said(&ProviderEntry::default(), variables);
            assert_eq!(entry, ProviderEntry::default(), "{variables:?}");
            let problem = by.problem.unwrap();
            assert!(!problem.contains("hunter2"), "{problem}");
        }
    }
}
