//! `keyfob env` and `keyfob run`: a credential in the environment of a shell or of one program.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

use clap::ValueEnum;
use jiff::SignedDuration;
use keyfob::{Code, Error, FolderChoice, Format, Keyfob, Result, ToolEnvironment, Value};

use crate::args::duration;
use crate::commands::now;
use crate::io::Io;
use crate::words;

/// A token that ends so soon is worth a word.
const SOON: SignedDuration = SignedDuration::from_hours(1);

/// `keyfob env`.
#[derive(Debug, clap::Args)]
pub(crate) struct Env {
    /// An account's label or id; where it is left out, as the folder's .keyfob.toml says, else the first of your order,
    /// or the default
    account: Option<String>,
    /// For which shell, or for a file
    #[arg(long, value_enum, default_value_t = FormatName::USUAL)]
    format: FormatName,
    /// How much longer it has to be valid, such as 90s, 2m or 1h
    #[arg(long, value_name = "TIME", value_parser = duration)]
    min_valid: Option<SignedDuration>,
    /// Print it on a terminal too, where others may see it
    #[arg(long)]
    show: bool,
    /// Say nothing beside it
    #[arg(long, short)]
    quiet: bool,
}

/// `keyfob run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// An account's label or id; where it is left out, as the folder's .keyfob.toml says, else the first of your order,
    /// or the default
    #[arg(value_name = "ACCOUNT")]
    before: Vec<OsString>,
    /// How much longer the credential has to be valid, such as 90s, 2m or 1h
    #[arg(long, value_name = "TIME", value_parser = duration)]
    min_valid: Option<SignedDuration>,
    /// Say nothing beside what the command says
    #[arg(long, short)]
    quiet: bool,
    /// The command, after two dashes
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// A format as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatName {
    /// eval "$(keyfob env)", for sh, bash and zsh
    Sh,
    /// keyfob env --format fish | source
    Fish,
    /// keyfob env --format powershell | Out-String | Invoke-Expression
    #[value(name = "powershell")]
    PowerShell,
    /// A file for docker --env-file and for dotenv
    Dotenv,
    /// {"set": {…}, "unset": […]}
    Json,
}

impl FormatName {
    const USUAL: Self = if cfg!(windows) {
        Self::PowerShell
    } else {
        Self::Sh
    };

    fn format(self) -> Format {
        match self {
            Self::Sh => Format::Sh,
            Self::Fish => Format::Fish,
            Self::PowerShell => Format::PowerShell,
            Self::Dotenv => Format::Dotenv,
            Self::Json => Format::Json,
        }
    }

    /// How it is used in place of being looked at.
    fn usage(self) -> &'static str {
        match self {
            Self::Sh => "`eval \"$(keyfob env)\"`",
            Self::Fish => "`keyfob env --format fish | source`",
            Self::PowerShell => "`keyfob env --format powershell | Out-String | Invoke-Expression`",
            Self::Dotenv => "`(umask 077; keyfob env --format dotenv > .env)`",
            Self::Json => "`keyfob env --format json | PROGRAM`",
        }
    }
}

/// The account that was named, or that the folder's file names; none of both leaves it to the order and the default.
pub(crate) fn chosen(
    keyfob: &Keyfob,
    named: Option<String>,
) -> Result<(Option<String>, Option<FolderChoice>)> {
    // A folder that is gone has no file.
    let here = match named {
        None => std::env::current_dir().ok(),
        Some(_) => None,
    };
    let choice = here.map(|here| keyfob.for_folder(&here)).transpose()?;
    let choice = choice.flatten();
    let by_folder = choice.as_ref().map(|choice| choice.account.to_string());
    Ok((named.or(by_folder), choice))
}

/// That a folder's file has chosen.
pub(crate) fn by_folder(choice: &FolderChoice) -> String {
    format!(
        "keyfob: for \"{}\", as {} says.\n",
        choice.label,
        choice.file.display()
    )
}

pub(crate) async fn print(keyfob: &Keyfob, wish: Env, io: &mut Io) -> Result<()> {
    let (name, choice) = chosen(keyfob, wish.account)?;
    let is_session = |name: Option<&str>| {
        let whose = keyfob.whose(name)?;
        Ok::<_, Error>(whose.claude_code_folder().is_some())
    };
    let must_not_be_seen = || {
        Error::new(
            Code::Usage,
            "This would show a secret on the screen.",
            format!(
                "Use it as {}, or add --show to see it.",
                wish.format.usage()
            ),
        )
    };
    let would_show = io.out_is_terminal && !wish.show;
    // Asked before the keychain is.
    if would_show && !is_session(name.as_deref())? {
        return Err(must_not_be_seen());
    }
    let format = wish.format.format();
    // A file is for another environment than this one.
    let fresh = format == Format::Dotenv;
    let at_least = wish.min_valid.unwrap_or_default();
    let planned = keyfob
        .environment_for(name.as_deref(), at_least, fresh)
        .await?;
    // The headers of the person's own environment stay beside a session, and may be secrets.
    if would_show && planned.variables.holds_a_secret() {
        return Err(must_not_be_seen());
    }
    let text = planned.variables.written(format)?;
    if let Some(given) = &planned.given {
        io.say(&words::beside(&given.handed));
    }
    if !wish.quiet {
        io.say(&choice.as_ref().map(by_folder).unwrap_or_default());
        io.say(&words::environment(&planned, now()));
    }
    io.print(&text)
}

/// Makes ready what this program becomes, once all that is under way is stored.
pub(crate) async fn run(keyfob: &Keyfob, wish: Run, io: &mut Io) -> Result<ExitCode> {
    let [account, program] = split(&wish)?;
    let (name, choice) = chosen(
        keyfob,
        account.map(|name| name.to_string_lossy().into_owned()),
    )?;
    let at_least = wish.min_valid.unwrap_or_default();
    let mut planned = keyfob
        .environment_for(name.as_deref(), at_least, false)
        .await?;
    let program = program.unwrap_or_default();
    let here = std::env::current_dir().ok();
    let outranked = match is_claude(&program) {
        true => keyfob.outranked_in_claude_code(&mut planned, here.as_deref())?,
        false => Vec::new(),
    };
    if let Some(given) = &planned.given {
        io.say(&words::beside(&given.handed));
    }
    if !wish.quiet {
        io.say(&choice.as_ref().map(by_folder).unwrap_or_default());
        io.say(&words::taken_out(&planned, "for this command"));
        io.say(&words::ends_soon(&planned, now(), SOON));
        for words in outranked {
            io.say(&format!("keyfob: {words}\n"));
        }
        if !is_claude(&program) && planned.is_session() {
            io.say(&words::only_for_claude_code(&planned));
        }
    }
    let mut command = Command::new(&program);
    command.args(wish.command.iter().skip(1));
    set(&planned, &mut command);
    io.next = Some(command);
    Ok(ExitCode::SUCCESS)
}

/// The account and the program of a command line.
fn split(wish: &Run) -> Result<[Option<OsString>; 2]> {
    let usage = |message: &str| {
        Error::new(
            Code::Usage,
            message,
            "Put the command behind two dashes: `keyfob run -- claude`, or `keyfob run ACCOUNT -- claude`.",
        )
    };
    let program = wish.command.first().filter(|program| !program.is_empty());
    match (&wish.before[..], program) {
        ([], Some(program)) => Ok([None, Some(program.clone())]),
        ([account], Some(program)) => Ok([Some(account.clone()), Some(program.clone())]),
        ([_, ..], Some(_)) => Err(usage("There is more than one account before the command.")),
        (_, None) => Err(usage("No command to run was named.")),
    }
}

fn set(planned: &ToolEnvironment, command: &mut Command) {
    for name in &planned.variables.removed {
        command.env_remove(name);
    }
    for variable in &planned.variables.set {
        match &variable.value {
            Value::Secret(secret) => command.env(variable.name, secret.expose()),
            Value::Plain(text) => command.env(variable.name, text),
        };
    }
}

/// Whether the program is Claude Code, by its name.
fn is_claude(program: &OsString) -> bool {
    let stem = Path::new(program).file_stem().unwrap_or_default();
    stem.eq_ignore_ascii_case("claude")
}
