//! Which credential a tool will use here, in words.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use keyfob::precedence::{Bill, Candidate, Tool, Which};
use keyfob::{Code, Discovered, DiscoveredAction, Keyfob, Meaning, Result};

use crate::commands::print_json;
use crate::exit_code;
use crate::io::Io;
use crate::words::shape;

/// A tool as it is typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ToolName {
    /// The command `claude`
    ClaudeCode,
    /// Programs written with Anthropic's libraries
    AnthropicSdk,
}

impl From<ToolName> for Tool {
    fn from(name: ToolName) -> Self {
        match name {
            ToolName::ClaudeCode => Self::ClaudeCode,
            ToolName::AnthropicSdk => Self::AnthropicSdk,
        }
    }
}

pub(crate) fn run(
    keyfob: &Keyfob,
    tool: Option<ToolName>,
    folder: Option<PathBuf>,
    json: bool,
    io: &mut Io,
) -> Result<ExitCode> {
    let tools = match tool {
        Some(tool) => vec![tool.into()],
        None => vec![Tool::ClaudeCode, Tool::AnthropicSdk],
    };
    // A folder that is gone has no settings; that is no reason to say nothing.
    let folder = folder.or_else(|| std::env::current_dir().ok());
    let answers = keyfob.which(&tools, folder.as_deref())?;
    match (json, &answers[..]) {
        (true, [only]) => print_json(only, io)?,
        (true, all) => print_json(&all, io)?,
        (false, all) => {
            let all: Vec<String> = all.iter().map(words).collect();
            io.print(&all.join("\n"))?;
            io.print(&of_folder(keyfob, folder.as_deref()))?;
        }
    }
    Ok(match answers.iter().any(|answer| answer.winner.is_some()) {
        true => ExitCode::SUCCESS,
        false => exit_code(Code::SignInNeeded),
    })
}

/// What Keyfob itself gives in a folder whose file chooses; nothing where none does.
fn of_folder(keyfob: &Keyfob, folder: Option<&Path>) -> String {
    let choice = folder.map(|folder| keyfob.for_folder(folder)).transpose();
    match choice.map(Option::flatten) {
        Ok(None) => String::new(),
        Ok(Some(choice)) => format!(
            "\n{} Keyfob gives \"{}\" here (keyfob token, env, run), as {} says\n",
            shape(Meaning::Fine),
            choice.label,
            choice.file.display()
        ),
        Err(error) => format!("\n{} Keyfob: {error}\n", shape(Meaning::Act)),
    }
}

/// `keyfob discover`.
pub(crate) fn discover(
    keyfob: &Keyfob,
    all: bool,
    ignore: Option<&str>,
    json: bool,
    io: &mut Io,
) -> Result<()> {
    if let Some(key) = ignore {
        keyfob.ignore_discovered(key)?;
        io.say("It is not shown any more. `keyfob discover --all` brings everything back.\n");
        return Ok(());
    }
    if all {
        keyfob.ignore_nothing()?;
    }
    let found = keyfob.discover()?;
    if json {
        return print_json(&found, io);
    }
    if found.is_empty() {
        io.say("Nothing was found on this computer that is not in Keyfob already.\n");
    }
    let said: Vec<String> = found.iter().map(discovered).collect();
    io.print(&said.join("\n"))
}

fn discovered(found: &Discovered) -> String {
    let shape = match found.action {
        DiscoveredAction::OnlyShown => "◌",
        _ => "●",
    };
    let mut lines = vec![
        format!("{shape} {}", found.name),
        format!("  Where: {}", found.place),
        format!("  Who pays: {}", payer(found.payer)),
        format!("  {}", found.about),
    ];
    let verb = match found.action {
        DiscoveredAction::Link => "Link it",
        _ => "Import it",
    };
    let command = found.command.as_ref();
    lines.extend(command.map(|command| format!("  {verb}: {command}")));
    lines.join("\n") + "\n"
}

fn name(tool: Tool) -> &'static str {
    match tool {
        Tool::ClaudeCode => "Claude Code",
        Tool::AnthropicSdk => "The Anthropic SDKs",
    }
}

fn payer(bill: Bill) -> &'static str {
    match bill {
        Bill::Plan => "your plan",
        Bill::Api => "API billing",
        Bill::Company => "your company",
        Bill::Nobody => "nobody (practice)",
        Bill::Cloud => "your cloud provider",
        Bill::NotKnown => "not known",
    }
}

fn words(answer: &Which) -> String {
    let worst = answer.warnings.iter().map(|warning| warning.meaning);
    let worst = worst.max_by_key(|meaning| match meaning {
        Meaning::Fine => 0,
        Meaning::Soon => 1,
        Meaning::Act => 2,
    });
    let tool = name(answer.tool);
    let mut lines = Vec::new();
    match &answer.winner {
        None => lines.push(format!(
            "{} {tool}: nothing would be used here",
            shape(Meaning::Act)
        )),
        Some(winner) => {
            let shape = shape(worst.unwrap_or(Meaning::Fine));
            lines.push(format!("{shape} {tool}: {}", winner.name));
            if let Some(label) = &winner.label {
                lines.push(format!("  Keyfob's account \"{label}\""));
            }
            lines.push(format!("  Who pays: {}", payer(winner.payer)));
            lines.push(format!(
                "  Where: {} · kept by {}",
                winner.place, winner.owner
            ));
            lines.push(format!("  State: {}", winner.state));
        }
    }
    if !answer.outranked.is_empty() {
        lines.push("  It outranks".to_owned());
        lines.extend(answer.outranked.iter().map(outranked));
    }
    let then = match answer.winner {
        Some(_) => "If it failed",
        None => "What happens",
    };
    lines.push(format!("  {then}: {}", answer.if_it_failed));
    for warning in &answer.warnings {
        lines.push(format!("  {} {}", shape(warning.meaning), warning.words));
        lines.push(format!("      {}", warning.cure));
    }
    lines.extend(answer.notes.iter().map(|note| format!("  {note}")));
    lines.join("\n") + "\n"
}

fn outranked(candidate: &Candidate) -> String {
    let label = candidate.label.as_ref();
    let label = label.map_or(String::new(), |label| format!(", Keyfob's \"{label}\""));
    format!(
        "    {}{label} ({}; {})",
        candidate.name,
        payer(candidate.payer),
        candidate.place
    )
}
