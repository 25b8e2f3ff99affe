//! How a terminal says it.

mod connections;
mod environment;

use jiff::{SignedDuration, Timestamp};
use keyfob::account::{Owner, Payer};
use keyfob::activity::{Entry, What};
use keyfob::{
    DevicePrompt, Error, Finding, Group, Handed, Meaning, Renewal, Revoked, SignOutReport, State,
    Status, Storage, StorageChoice,
};

pub(crate) use self::connections::{
    connectable, connected, connection, disconnected, problem, tested,
};
pub(crate) use self::environment::{ends_soon, environment, only_for_claude_code, taken_out};

/// An error in a line, with the technical remainder below it.
pub(crate) fn error(error: &Error) -> String {
    match &error.detail {
        Some(detail) => format!("{error}\n        ({detail})"),
        None => error.to_string(),
    }
}

/// An account in a few lines. A state is a shape and a word, so no colour is needed.
pub(crate) fn status(status: &Status, now: Timestamp) -> String {
    let shape = shape(status.meaning);
    let mut marks = String::new();
    if status.is_default {
        marks.push_str("  (default)");
    }
    if status.practice {
        marks.push_str("  (practice)");
    }
    let mut lines = vec![
        format!("{shape} {}{marks}", title(status)),
        format!("  {}", state(status, now)),
        format!("  {}", billing(status)),
        match status.owner {
            Owner::Environment => format!("  {}", holder(status.owner)),
            owner => format!("  {} · {}", status.storage, holder(owner)),
        },
    ];
    lines.extend(about_key(status, now));
    lines.extend(status.about.iter().map(|about| format!("  {about}")));
    if let Some(since) = status.waits_since {
        let since = span(now.duration_since(since));
        lines.push(format!(
            "  The renewed token has waited for {since}, sealed on disk, for the store to take it"
        ));
    }
    if let Some(email) = &status.identity.email
        && *email != status.label
    {
        lines.insert(2, format!("  Signed in as {email}"));
    }
    if let Some(end) = status.sign_in_ends_at.filter(|end| *end > now) {
        lines.push(format!(
            "  Sign-in ends in {}",
            span(end.duration_since(now))
        ));
    }
    lines.join("\n") + "\n"
}

/// What is to be said of an API key beside its state, and what to type.
fn about_key(status: &Status, now: Timestamp) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(workspace) = &status.workspace_id {
        lines.push(format!("  Workspace {workspace}"));
    }
    if let Some(on) = status.expires_on {
        lines.push(format!("  You noted: expires {}", day(on, now)));
    }
    if let Some(failed) = &status.check_failed {
        let ago = ago(failed.at, now);
        lines.push(format!(
            "  The last check, {ago}, taught nothing: {}",
            failed.reason
        ));
    }
    let label = &status.label;
    match &status.state {
        State::NeedsWorkspace { .. } => {
            lines.push(format!(
                "  Add it: keyfob edit-key \"{label}\" --workspace wrkspc_…"
            ));
        }
        State::KeyRefused { .. } | State::NotedExpired { .. } => {
            lines.push(format!(
                "  Replace it: keyfob rotate-key \"{label}\" < key.txt"
            ));
        }
        _ => {}
    }
    lines
}

/// A day, with its year only where it is another one.
fn day(day: jiff::civil::Date, now: Timestamp) -> String {
    let this_year = now.to_zoned(jiff::tz::TimeZone::UTC).year();
    match day.year() == this_year {
        true => day.strftime("%-d %b").to_string(),
        false => day.strftime("%-d %b %Y").to_string(),
    }
}

/// What is to be said beside a credential that was given.
pub(crate) fn beside(handed: &Handed) -> String {
    let mut text = String::new();
    for label in &handed.passed_over {
        text.push_str(&format!(
            "keyfob: \"{label}\" gives no credential to tools, so it was passed over.\n"
        ));
    }
    if let Some(instead) = &handed.instead {
        text.push_str(&format!("keyfob: {}\n", instead.words()));
    }
    if let Some(warning) = &handed.warning {
        text.push_str(&format!("keyfob: {}\n", error(warning)));
    }
    text
}

fn holder(owner: Owner) -> &'static str {
    match owner {
        Owner::Keyfob => "held by Keyfob",
        Owner::ClaudeCode => "held by Claude Code",
        Owner::Ant => "held by ant",
        Owner::Environment => "set in this shell's environment",
    }
}

pub(crate) fn shape(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Fine => "●",
        Meaning::Soon => "◐",
        Meaning::Act => "○",
    }
}

/// More about an account, for `keyfob status`.
pub(crate) fn more(status: &Status) -> String {
    let mut lines = vec![format!("  Id {}", status.id)];
    if !status.scopes.is_empty() {
        lines.push(format!("  Agreed to {}", status.scopes.join(", ")));
    }
    if let State::SignInAgain { detail, .. }
    | State::RenewalFailing { detail, .. }
    | State::NeedsWorkspace { detail, .. }
    | State::KeyRefused { detail, .. }
    | State::BillingNeeded { detail, .. }
    | State::NotPermitted { detail, .. } = &status.state
        && let Some(detail) = detail
    {
        lines.push(format!("  ({detail})"));
    }
    lines.join("\n") + "\n"
}

/// How the renewal of one account among many ended.
pub(crate) fn renewal(renewal: &Renewal) -> String {
    let label = &renewal.label;
    match (&renewal.problem, renewal.renewed) {
        (None, _) => format!("● {label}: renewed\n"),
        (Some(problem), true) => format!("◐ {label}: renewed. {}\n", error(problem)),
        (Some(problem), false) => format!("○ {label}: {}\n", error(problem)),
    }
}

/// An entry of the activity, in a line and what is to be said about it.
pub(crate) fn entry(entry: &Entry) -> String {
    let what = match entry.what {
        What::SignedIn => "signed in",
        What::SignedOut => "signed out",
        What::KeyAdded => "key added",
        What::KeyChecked => "key checked",
        What::KeyReplaced => "key replaced",
        What::Imported => "imported",
        What::FellBack => "another account was given",
        What::Renewed => "renewed",
        What::RenewalFailed => "renewal failed",
        What::SignInEnded => "sign-in ended",
        What::Waiting => "renewed, waits for the store",
        What::Recovered => "stored what had waited",
        What::Moved => "moved to another store",
        What::Linked => "linked",
        What::Unlinked => "forgotten, and left as it is",
        What::NotGiven => "not given to a tool",
        What::AskedAgain => "asked for again at once",
        What::NotWritten => "a tool's copy could not be written",
    };
    let mut line = format!(
        "{}  {}: {what}, by {}",
        entry.at.strftime("%Y-%m-%d %H:%M:%SZ"),
        entry.label,
        entry.asked_by
    );
    if let Some(took) = entry.took_ms {
        line.push_str(&format!(", {took} ms"));
    }
    if let Some(id) = &entry.request_id {
        line.push_str(&format!(" (request {id})"));
    }
    line.push('\n');
    for more in entry.words.iter().chain(&entry.detail) {
        line.push_str(&format!("        {more}\n"));
    }
    line
}

/// Where secrets lie.
pub(crate) fn storage(storage: &Storage) -> String {
    let mut lines = vec![format!("Secrets lie here: {}", storage.name)];
    if let Some(StorageChoice::KeyFile { path }) = &storage.choice {
        lines.push(format!("  opened by {}", path.display()));
    }
    if let Some(left) = &storage.leftovers_in {
        lines.push(format!(
            "  Old copies still lie here: {left}. Erase them with `keyfob storage --finish`."
        ));
    }
    lines.join("\n") + "\n"
}

/// What to do on another device.
pub(crate) fn device(
    provider: &str,
    prompt: &DevicePrompt,
    ends_at: Timestamp,
    now: Timestamp,
) -> String {
    let mut text = format!(
        "To sign in to {provider}, open this address on any device:\n\n  {}\n\nand type this code there:\n\n  {}\n\n",
        prompt.verification_url, prompt.user_code
    );
    if let Some(complete) = &prompt.complete_url {
        text.push_str(&format!(
            "Or open this one, which has the code in it:\n\n  {complete}\n\n"
        ));
    }
    // The moments since the server has answered make no "9 min" of ten.
    let left = ends_at.duration_since(now);
    let left = span(left.saturating_add(SignedDuration::from_secs(2)));
    text.push_str(&format!("Waiting for you there, {left} at most.\n"));
    text
}

/// What was looked at.
pub(crate) fn findings(findings: &[Finding]) -> String {
    let mut text = String::new();
    let mut group = None;
    for finding in findings {
        if group.replace(finding.group) != Some(finding.group) {
            let gap = if text.is_empty() { "" } else { "\n" };
            text.push_str(&format!("{gap}{}\n", group_name(finding.group)));
        }
        let shape = shape(finding.meaning);
        text.push_str(&format!("{shape} {}: {}\n", finding.topic, finding.words));
        for more in finding.cure.iter().chain(&finding.detail) {
            text.push_str(&format!("        {more}\n"));
        }
    }
    text
}

fn group_name(group: Group) -> &'static str {
    match group {
        Group::Keyfob => "Keyfob",
        Group::Computer => "This computer",
        Group::Network => "Network",
        Group::Tools => "Tools",
    }
}

/// What erasing an API key here does not do.
pub(crate) const KEY_STILL_WORKS: &str =
    "The key itself works until it is deleted at https://platform.claude.com/settings/keys.\n";

/// What signing out did.
pub(crate) fn signed_out(report: &SignOutReport) -> String {
    let label = &report.label;
    let mut text = match report.revoked {
        Revoked::Yes => {
            format!("Signed out of \"{label}\": revoked at the server, and erased here.\n")
        }
        Revoked::NoEndpoint => format!(
            "Signed out of \"{label}\": erased here. The provider offers no way to revoke from here; \
             where it has a page for it, end the sign-in there.\n"
        ),
        Revoked::Failed => format!(
            "Signed out of \"{label}\": erased here. The server could not be told; what it issued \
             ends by itself.\n        ({})\n",
            report.detail.as_deref().unwrap_or("no detail")
        ),
        Revoked::NotOurs => format!(
            "\"{label}\" is forgotten here. Nothing of it was touched: the program that holds it keeps it as it is.\n"
        ),
        Revoked::NotNeeded => format!("\"{label}\" is forgotten: its secret is erased here.\n"),
    };
    if !report.disconnected.is_empty() {
        let tools = report.disconnected.join(", ");
        text.push_str(&format!("Disconnected: {tools}.\n"));
    }
    for left in &report.left {
        text.push_str(&format!("{left}\n"));
    }
    text
}

/// An account's name and what it is; a key that nobody named is called what it is.
pub(crate) fn title(status: &Status) -> String {
    let kind = match &status.last_four {
        Some(last_four) => format!("{} …{last_four}", status.provider_name),
        None => status.provider_name.clone(),
    };
    match status.label.starts_with(&kind) {
        true => status.label.clone(),
        false => format!("{} · {kind}", status.label),
    }
}

pub(crate) fn billing(status: &Status) -> String {
    let organization = status.identity.organization.as_deref();
    let workspace = status.identity.workspace.as_deref();
    match (status.payer, organization) {
        (Payer::Plan, _) => "Billed to your plan".to_owned(),
        (Payer::Api, Some(organization)) => match workspace {
            Some(workspace) => format!("API billing, {organization}, workspace {workspace}"),
            None => format!("API billing, {organization}"),
        },
        (Payer::Api, None) => "API billing".to_owned(),
        (Payer::Company, _) => "Billed to your company".to_owned(),
        (Payer::None, _) => "Practice, nobody is billed".to_owned(),
        (Payer::Unknown, _) => "Billed to whoever issued it".to_owned(),
    }
}

fn state(status: &Status, now: Timestamp) -> String {
    let state = &status.state;
    let ago = |at: Timestamp| ago(at, now);
    match state {
        State::Fresh {
            until, renewable, ..
        } => {
            let left = span(until.duration_since(now));
            match renewable {
                true => format!("Fresh for {left}"),
                false => format!("Fresh for {left}, and not renewable"),
            }
        }
        State::RenewsWhenAsked { since } => {
            let by = match status.owner {
                Owner::ClaudeCode => "Claude Code renews it when it is used next",
                Owner::Ant => "ant renews it when it is asked for it",
                _ => "renewed when a tool asks",
            };
            format!("Ended {}; {by}", ago(*since))
        }
        State::RenewalFailing {
            reason,
            serves_until,
            ..
        } => match serves_until {
            Some(until) => {
                let left = span(until.duration_since(now));
                format!("{reason} The old token works for {left}")
            }
            None => reason.clone(),
        },
        State::SignInAgain { reason, .. } => format!("Sign in again. {reason}"),
        State::Valid { checked_at } => format!("Valid, checked {}", ago(*checked_at)),
        State::Unverified { reason } => format!("Not checked. {reason}"),
        State::NeedsWorkspace {
            checked_at, reason, ..
        }
        | State::KeyRefused {
            checked_at, reason, ..
        }
        | State::BillingNeeded {
            checked_at, reason, ..
        }
        | State::NotPermitted {
            checked_at, reason, ..
        }
        | State::Hindered { checked_at, reason } => {
            format!("{reason} (checked {})", ago(*checked_at))
        }
        State::NotedExpired { reason, .. } => reason.clone(),
        State::Ended { since, reason } => format!("Ended {}. {reason}", ago(*since)),
        State::CannotTell { reason, .. } => format!("Not known. {reason}"),
    }
}

fn ago(at: Timestamp, now: Timestamp) -> String {
    let passed = now.duration_since(at);
    match passed.as_secs() {
        ..60 => "just now".to_owned(),
        _ => format!("{} ago", span(passed)),
    }
}

/// A span as people say it: the two largest units.
fn span(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let plural = |n: i64| if n == 1 { "" } else { "s" };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days @ 1..=2, hours @ 1.., _) => format!("{days} day{} {hours} h", plural(days)),
        (days, _, _) => format!("{days} day{}", plural(days)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_as_people_say_them() {
        for (seconds, words) in [
            (-5, "0 s"),
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_600, "1 h"),
            (22_320, "6 h 12 min"),
            (86_400, "1 day"),
            (90_000, "1 day 1 h"),
            (19 * 86_400 + 7_200, "19 days"),
        ] {
            assert_eq!(span(SignedDuration::from_secs(seconds)), words);
        }
    }
}
