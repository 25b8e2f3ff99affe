//! The person's own browser.

use keyfob::{Code, Error, Result, SignInHandle};
use serde::Deserialize;
use tauri::AppHandle;
use tauri_plugin_opener::OpenerExt as _;
use url::Url;

/// Which of the two addresses of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Leg {
    /// For a browser on this computer.
    Redirect,
    /// For a browser on any computer: it shows a code.
    Paste,
}

/// The pages that the window links to. Their addresses are ours, never the page's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KnownPage {
    ClaudeCode,
    ApiKeys,
    Console,
    GetClaudeCode,
    GetAnt,
}

impl KnownPage {
    pub(crate) fn url(self) -> &'static str {
        match self {
            Self::ClaudeCode => "https://claude.ai/settings/claude-code",
            Self::ApiKeys => "https://platform.claude.com/settings/keys",
            Self::Console => "https://platform.claude.com/",
            Self::GetClaudeCode => "https://code.claude.com/docs/en/setup",
            Self::GetAnt => "https://github.com/anthropics/anthropic-cli/releases",
        }
    }
}

/// Opens an address in the browser that the system would open it in.
pub(crate) fn open(app: &AppHandle, url: &str) -> Result<()> {
    app.opener().open_url(url, None::<&str>).map_err(|error| {
        Error::new(
            Code::Failed,
            "No browser could be opened.",
            "Copy the link and open it in a browser yourself.",
        )
        .detail(error.to_string())
    })
}

/// The address of a sign-in.
pub(crate) fn link(handle: &SignInHandle, leg: Leg) -> Result<&Url> {
    let url = match leg {
        Leg::Redirect => handle.url(),
        Leg::Paste => handle.paste_url(),
    };
    url.ok_or_else(|| {
        Error::new(
            Code::Usage,
            "This provider shows no code to paste.",
            "Use the other link, in a browser on this computer.",
        )
    })
}
