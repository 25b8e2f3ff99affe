//! Which tool can send which kind of credential, and to which address: told before anything is changed.

use super::{no_session, quoted};
use crate::account::{Account, Facts, Payer};
use crate::error::{Code, Error, Result};
use crate::hand_over::connections::Recipient;
use crate::keyfob::given::{Api, Form, Whose};

/// Whether a tool can be given what an account gives.
pub(in crate::keyfob) fn fits(to: Recipient, whose: &Whose) -> Result<()> {
    if whose.claude_code_folder().is_some() {
        return Err(no_session(whose));
    }
    let label = &whose.account.label;
    let is_copy = matches!(to, Recipient::AnthropicSdk | Recipient::Opencode);
    if is_copy && is_of_a_plan(&whose.account) {
        return Err(no_plan(&whose.account));
    }
    match to {
        Recipient::ClaudeCode | Recipient::Opencode | Recipient::Pi | Recipient::Git
            if workspace_of(whose).is_some() =>
        {
            return Err(needs_workspace(to, whose));
        }
        _ => {}
    }
    match (to, whose.form, &whose.api) {
        // What pi does with an access token of Anthropic's own is not documented; with a gateway's it is.
        (Recipient::Pi, Form::Bearer, Api::Anthropic) => Err(Error::new(
            Code::Usage,
            format!(
                "pi takes API keys for Anthropic's own API, and \"{label}\" gives access tokens."
            ),
            "Name an API key, or an account of your company's gateway: `keyfob accounts` lists them.",
        )),
        // It would hold a token that ends while it runs, and send it on.
        (Recipient::Opencode, Form::Bearer, _) => Err(Error::new(
            Code::Usage,
            format!(
                "opencode reads its credential once, when it starts, and the access tokens of \"{label}\" end after some hours."
            ),
            "Name an API key: `keyfob accounts` lists them, and `keyfob add-key` adds one.",
        )),
        (Recipient::Pi, Form::Bearer, Api::NotSaid) => {
            Err(no_address(whose, "pi would send its tokens to Anthropic"))
        }
        (Recipient::Git, _, Api::NotSaid) => Err(no_address(
            whose,
            "git could not be told for which host it is",
        )),
        (Recipient::ClaudeCode, _, Api::NotSaid) => Err(no_address(
            whose,
            "Claude Code cannot be told where to send it",
        )),
        (Recipient::ClaudeCode, Form::Bearer, Api::Anthropic) => Err(console_token(whose)),
        (Recipient::AnthropicSdk, ..) => super::anthropic_sdk::only_tokens(whose),
        _ => Ok(()),
    }
}

/// A scope that only a plan's own session has.
const OF_A_PLAN: &str = "user:sessions:claude_code";

/// Whether an account is of a Claude plan: nothing of it is copied anywhere.
pub(in crate::keyfob) fn is_of_a_plan(account: &Account) -> bool {
    let scopes = match &account.facts {
        Facts::Tokens(facts) => facts.scopes.as_slice(),
        _ => &[],
    };
    account.payer == Payer::Plan || scopes.iter().any(|scope| scope == OF_A_PLAN)
}

pub(in crate::keyfob) fn no_plan(account: &Account) -> Error {
    Error::new(
        Code::Usage,
        format!(
            "\"{}\" is of a Claude plan, and Anthropic lets no other program copy what that gives.",
            account.label
        ),
        "Sign in to Claude Code where it runs: `claude auth login`, or `claude setup-token`. For other tools name an API key.",
    )
}

/// The workspace that requests with an API key have to name.
pub(in crate::keyfob) fn workspace_of(whose: &Whose) -> Option<&str> {
    match &whose.account.facts {
        Facts::Key(facts) => facts.workspace_id.as_deref(),
        _ => None,
    }
}

fn needs_workspace(to: Recipient, whose: &Whose) -> Error {
    let label = &whose.account.label;
    Error::new(
        Code::Usage,
        format!(
            "Requests with \"{label}\" have to name its workspace, which {} is not told by being connected.",
            to.name()
        ),
        format!(
            "Start the program with `keyfob run {} -- COMMAND`, which says it; or name a key that needs no workspace.",
            quoted(label)
        ),
    )
}

/// What a helper prints is sent as an API key too, which Anthropic's API refuses a token as.
pub(super) fn console_token(whose: &Whose) -> Error {
    let label = &whose.account.label;
    let named = quoted(label);
    Error::new(
        Code::Usage,
        format!(
            "\"{label}\" is a sign-in to the Claude Console. Claude Code sends what a helper prints as an API key too, and Anthropic's API refuses its tokens as such."
        ),
        format!(
            "Use `keyfob connect anthropic-sdk --account {named} --activate`, whose profile Claude Code reads by itself; or start it with `keyfob run {named} -- claude`; or connect an API key."
        ),
    )
}

pub(in crate::keyfob) fn no_address(whose: &Whose, otherwise: &str) -> Error {
    Error::new(
        Code::Failed,
        format!(
            "The provider of \"{}\" does not say which API it is for, and {otherwise}.",
            whose.account.label
        ),
        "Give the provider its API's address in Settings, or as base_url in config.toml.",
    )
}
