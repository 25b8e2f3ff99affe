//! How a terminal speaks of variables that are handed over.

use jiff::{SignedDuration, Timestamp};
use keyfob::ToolEnvironment;

use super::span;

/// What names the folder of a session.
const CONFIG_DIR: &str = "CLAUDE_CONFIG_DIR";

/// What `keyfob env` hands over, for which account, who pays and until when.
pub(crate) fn environment(planned: &ToolEnvironment, now: Timestamp) -> String {
    let names: Vec<_> = planned.variables.set.iter().map(|one| one.name).collect();
    let label = &planned.whose.account.label;
    let payer = planned.whose.account.payer.words();
    let what = match names.is_empty() {
        true => "nothing has to be set".to_owned(),
        false => format!("sets {}", names.join(", ")),
    };
    let until = match planned.expires_at() {
        Some(end) => format!(", valid for {}", span(end.duration_since(now))),
        None => String::new(),
    };
    let mut text = format!("keyfob: {what} for \"{label}\", billed to {payer}{until}.\n");
    if planned.is_session() {
        text.push_str(&only_for_claude_code(planned));
    }
    text.push_str(&taken_out(planned, "here"));
    text
}

/// What was there and is taken out, and where the credential would have gone; nothing where nothing was.
pub(crate) fn taken_out(planned: &ToolEnvironment, whence: &str) -> String {
    let variables = &planned.variables;
    let label = &planned.whose.account.label;
    let mut reasons = Vec::new();
    if !variables.outranked.is_empty() {
        reasons.push(format!(
            "{} taken out {whence}, because \"{label}\" would be outranked or sent along with it",
            variables.outranked.join(", ")
        ));
    }
    if let Some(host) = &variables.other_server {
        reasons.push(format!(
            "ANTHROPIC_BASE_URL named {host}, where \"{label}\" does not belong"
        ));
    }
    if variables.headers_of_another {
        reasons.push(format!(
            "the headers in ANTHROPIC_CUSTOM_HEADERS are left out, because they were for another server than \"{label}\" is for"
        ));
    }
    if variables.headers_left_out {
        reasons.push("a credential in ANTHROPIC_CUSTOM_HEADERS is left out".to_owned());
    }
    if let Some(host) = &variables.unsaid_server {
        reasons.push(format!(
            "nothing says which server \"{label}\" is for; it goes to {host}, as ANTHROPIC_BASE_URL says"
        ));
    }
    match reasons.is_empty() {
        true => String::new(),
        false => format!("keyfob: {}.\n", reasons.join("; ")),
    }
}

/// That a token ends before a program that runs for long does; nothing where there is time.
pub(crate) fn ends_soon(planned: &ToolEnvironment, now: Timestamp, soon: SignedDuration) -> String {
    match planned.expires_at() {
        // The helper gives the next one.
        _ if planned.by_helper => String::new(),
        Some(end) if end.duration_since(now) < soon => format!(
            "keyfob: the token of \"{}\" ends in {}, and a running program gets no other. One that runs for longer is better connected: `keyfob connect --help`.\n",
            planned.whose.account.label,
            span(end.duration_since(now))
        ),
        _ => String::new(),
    }
}

/// That other programs than Claude Code get nothing of a session.
pub(crate) fn only_for_claude_code(planned: &ToolEnvironment) -> String {
    let how = match planned
        .variables
        .set
        .iter()
        .any(|one| one.name == CONFIG_DIR)
    {
        true => "its folder is named",
        false => "it finds that by itself",
    };
    format!(
        "keyfob: \"{}\" is a session of Claude Code, which Claude Code alone can use: {how}, and no credential is given.\n",
        planned.whose.account.label
    )
}
