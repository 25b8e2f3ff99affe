//! How a terminal speaks of connected tools.

use jiff::Timestamp;
use keyfob::{ConnectableTool, Connected, ConnectionStatus, Disconnected, Recipient, Tested};

use super::{ago, span};

/// A connected tool in a few lines.
pub(crate) fn connection(one: &ConnectionStatus, now: Timestamp) -> String {
    let whose = match (&one.label, one.payer) {
        (Some(label), Some(_)) => format!("\"{label}\""),
        _ => "an account that is gone".to_owned(),
    };
    let billed = one
        .payer
        .map(|payer| format!("; billed to {}", payer.words()));
    let since = ago(one.made_at, now);
    let mut lines = vec![
        format!("{}  ({})", called(one), one.id),
        format!(
            "  Gets {}{}",
            gets_of(one, &whose),
            billed.unwrap_or_default()
        ),
        match one.to {
            Recipient::File => format!("  Exported {since}"),
            _ => format!("  Connected {since}"),
        },
    ];
    match one.valid_until {
        Some(end) if end > now => {
            lines.push(format!("  Valid for {}", span(end.duration_since(now))));
        }
        Some(_) => lines.push("  What lies there has ended".to_owned()),
        None => lines.extend(match (one.to, one.last_asked) {
            // These never ask.
            (Recipient::File, _) => Some("  Has no end".to_owned()),
            (Recipient::Opencode | Recipient::AnthropicSdk, _) => {
                let is_so = one.problem.is_none();
                is_so.then(|| "  Holds a copy, which Keyfob keeps fresh".to_owned())
            }
            (_, Some(at)) => Some(format!("  Asked last {}", ago(at, now))),
            (_, None) => Some("  Has not asked yet".to_owned()),
        }),
    }
    lines.extend(one.problem.iter().map(|words| format!("  {words}")));
    lines.extend(
        one.files
            .iter()
            .map(|file| format!("  In {}", file.display())),
    );
    lines.extend(one.command.iter().map(|line| format!("  By {line}")));
    lines.join("\n") + "\n"
}

/// What is wrong with what a tool has, with its name.
pub(crate) fn problem(one: &ConnectionStatus) -> Option<String> {
    let problem = one.problem.as_ref()?;
    Some(format!("{}: {problem}", called(one)))
}

/// A tool that could be connected, in a few lines.
pub(crate) fn connectable(tool: &ConnectableTool) -> String {
    let here = match (&tool.found, tool.is_here) {
        (Some(path), _) => path.display().to_string(),
        (None, true) => "needs no program".to_owned(),
        (None, false) => "not found on this computer".to_owned(),
    };
    let ids: Vec<_> = tool.connections.iter().map(|one| one.id.as_str()).collect();
    let mut lines = vec![
        format!("{}  ({here})", tool.name),
        format!("  {}", tool.how),
    ];
    match ids.is_empty() {
        false => lines.push(format!("  Connected: {}", ids.join(", "))),
        true => lines.push(format!(
            "  Connect it with `keyfob connect {}`",
            tool.to.id()
        )),
    }
    lines.extend(tool.obstacle.iter().map(|words| format!("  {words}")));
    let usual = tool.accounts.first();
    let replaces = usual.and_then(|one| one.replaces.as_ref());
    lines.extend(replaces.map(|words| format!("  {words}")));
    let changes = tool.changes.iter();
    lines.extend(changes.map(|file| format!("  Changes {}", file.display())));
    let fits: Vec<_> = tool.accounts.iter().map(|one| one.label.as_str()).collect();
    lines.push(match fits.is_empty() {
        false => format!("  For {}", fits.join(", ")),
        true => "  There is no account that it could be given".to_owned(),
    });
    let is_said = |why: &str| {
        let obstacle = tool.obstacle.as_deref();
        obstacle.is_some_and(|words| words.contains(why))
    };
    let unfit = tool.unfit.iter().filter(|one| !is_said(&one.why));
    lines.extend(unfit.map(|one| format!("  Not for {}: {}", one.label, one.why)));
    lines.join("\n") + "\n"
}

/// What a check came to.
pub(crate) fn tested(tested: &Tested) -> String {
    let mut lines = vec![tested.words.clone()];
    lines.extend(tested.cure.clone());
    let folder = tested.folder.as_ref();
    lines.extend(folder.map(|folder| format!("Tested in {}", folder.display())));
    lines.extend(tested.detail.clone());
    lines.join("\n") + "\n"
}

/// That a tool was connected.
pub(crate) fn connected(done: &Connected) -> String {
    let one = &done.connection;
    let label = one.label.as_deref().unwrap_or_default();
    let gets = gets_of(one, &format!("\"{label}\""));
    let mut text = format!("{} now gets {gets}.\n", called(one));
    if let Some(payer) = one.payer {
        text.push_str(&format!(
            "It is billed to {}. `keyfob disconnect {}` takes it back.\n",
            payer.words(),
            one.id
        ));
    }
    for words in &done.words {
        text.push_str(words);
        text.push('\n');
    }
    text
}

/// That a tool was disconnected.
pub(crate) fn disconnected(done: &Disconnected) -> String {
    let one = &done.connection;
    let mut text = match (one.to, done.left.is_empty()) {
        // What was moved or changed is said below.
        (Recipient::File, false) => format!("{} is not listed any more.\n", called(one)),
        (Recipient::File, true) => {
            let place = one.target.as_deref().unwrap_or(&one.name);
            format!("{place} was removed.\n")
        }
        (_, false) => format!("{} is disconnected.\n", called(one)),
        (to, true) => format!(
            "{} is disconnected. {}\n",
            called(one),
            match to {
                Recipient::AnthropicSdk => "Its profile was removed.",
                Recipient::Command => "Its command gives nothing any more.",
                _ => "Its settings are as they were.",
            }
        ),
    };
    for words in &done.left {
        text.push_str(words);
        text.push('\n');
    }
    text
}

/// What it gets and of whom, and how often: "the API key of "CI", each time it asks".
fn gets_of(one: &ConnectionStatus, whose: &str) -> String {
    match one.gets.split_once(", ") {
        Some((what, when)) => format!("{what} of {whose}, {when}"),
        None => format!("{} of {whose}", one.gets),
    }
}

fn called(one: &ConnectionStatus) -> String {
    match &one.target {
        Some(target) => format!("{} · {target}", one.name),
        None => one.name.clone(),
    }
}
