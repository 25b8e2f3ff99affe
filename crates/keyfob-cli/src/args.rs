//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;
use jiff::SignedDuration;

use crate::which::ToolName;
use crate::{connect, environment, export, import, keys, order, trust};

/// Keeps your Claude credentials: sign in once, and every tool gets a valid credential.
#[derive(Debug, Parser)]
#[command(
    name = "keyfob",
    version,
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 ok, 1 failed, 2 usage, 3 sign in needed, 4 secret store locked or absent, 5 server unreachable or busy.\n\
                  Secrets lie in the system's keychain, or where `keyfob storage` says, and come by standard input or a hidden prompt, never by argument.\n\
                  KEYFOB_HOME names one folder for all of Keyfob's own files."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign in with your browser
    #[command(
        long_about = "Sign in with your browser.\n\nPrints an address and opens it. Agree there, and the sign-in \
                      goes on by itself. Where the browser runs on another computer, open the printed address there \
                      and give the code, or the whole address it ends at, on standard input.\n\nWith --device a short \
                      code is shown, to be typed at a page of the provider on any other device; this machine needs no \
                      browser, and nothing is pasted back."
    )]
    Login {
        /// The provider's id, as in config.toml; may be left out where only one is ready
        #[arg(long, value_name = "ID")]
        provider: Option<String>,
        /// Sign in by another program, which keeps the session itself: `claude auth login` or `ant auth login`
        #[arg(long, value_name = "PROGRAM", conflicts_with_all = ["provider", "callback_port", "account", "device"])]
        with: Option<With>,
        /// With claude-code: the Claude Console, API billing, in place of a plan
        #[arg(long, requires = "with")]
        console: bool,
        /// With claude-code: the folder that the session is to lie in; one of its own where it is left out
        #[arg(long, value_name = "DIR", requires = "with")]
        config_dir: Option<PathBuf>,
        /// With ant: the profile to sign in to; a new one where it is left out
        #[arg(
            long,
            value_name = "NAME",
            requires = "with",
            conflicts_with = "config_dir"
        )]
        profile: Option<String>,
        /// What to call the account
        #[arg(long)]
        label: Option<String>,
        /// The account to sign in to again
        #[arg(long, conflicts_with = "label")]
        account: Option<String>,
        /// Only print the address
        #[arg(long)]
        no_browser: bool,
        /// Show a code to type on another device, where the provider offers that
        #[arg(long, conflicts_with = "callback_port")]
        device: bool,
        /// The port that the browser comes back to, where the provider wants a fixed one
        #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
        callback_port: u16,
        /// Print the account as JSON when it is done
        #[arg(long)]
        json: bool,
    },
    /// Add a session that another program holds; Keyfob only looks at it
    Link {
        #[command(subcommand)]
        what: LinkCommand,
    },
    /// Add an API key, given on standard input or at a hidden prompt
    AddKey(keys::Add),
    /// Replace an API key by a new one, given on standard input or at a hidden prompt
    #[command(
        long_about = "Replace an API key by a new one, given on standard input or at a hidden prompt.\n\nThe new key is \
                      checked first; only one that works takes the old one's place. The account keeps its name, and \
                      the old key is forgotten here."
    )]
    RotateKey(keys::Rotate),
    /// Change the workspace of an API key, or note the day it expires
    EditKey(keys::Edit),
    /// Import tokens as JSON from standard input, or what stands in a variable
    #[command(
        long_about = "Import tokens as JSON from standard input, or what stands in a variable.\n\n{\"access_token\": …, \
                      \"refresh_token\": …, \"expires_at\": …} for a provider that is set up here; the time as seconds, \
                      milliseconds or a date. Sessions of Claude Code are not imported: link them."
    )]
    Import(import::Import),
    /// Show or set the order in which accounts are given
    Order(order::Wanted),
    /// List the accounts and how each stands
    Accounts {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show how one account stands; exit code 3 means that you have to sign in again
    Status {
        /// An account's label or id; the default account where it is left out
        account: Option<String>,
        /// Ask the server now, with one free request
        #[arg(long)]
        probe: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a valid credential, renewed first where that is due
    Token {
        /// An account's label or id; where it is left out, as the folder's .keyfob.toml says, else the first of your
        /// order, or the default
        account: Option<String>,
        /// How much longer it has to be valid, such as 90s, 2m or 1h; where this is left out, a token is renewed two
        /// minutes before its end, or as config.toml says
        #[arg(long, value_name = "TIME", value_parser = duration)]
        min_valid: Option<SignedDuration>,
        /// A server refused the last one, which is given on standard input: print another one, renewed where that is
        /// still the one that is stored
        #[arg(long, conflicts_with = "min_valid")]
        refused: bool,
    },
    /// Print the variables that hand a credential to programs, for a shell or a file
    #[command(
        long_about = "Print the variables that hand a credential to programs, for a shell or a file.\n\nUse it as \
                      eval \"$(keyfob env)\", or see --format. What would outrank the credential is unset too."
    )]
    Env(environment::Env),
    /// Run a command with a credential in its environment: keyfob run [ACCOUNT] -- COMMAND
    #[command(
        override_usage = "keyfob run [OPTIONS] [ACCOUNT] -- COMMAND...",
        long_about = "Run a command with a credential in its environment.\n\nkeyfob run -- claude, or keyfob run work \
                      -- python app.py. Variables that would outrank the credential are taken out. The command takes \
                      the place of keyfob: its exit code, its signals and the terminal are its own. A program that is \
                      not found ends with 127, one that cannot be run with 126."
    )]
    Run(environment::Run),
    /// Let a tool have an account's credential from now on
    Connect(connect::Connect),
    /// Take back what a tool was given
    Disconnect(connect::Disconnect),
    /// List the tools that are connected, those that could be, or test one
    Connections(connect::Connections),
    /// Write a credential into a file, for a container, for CI, or for another computer
    Export(export::Export),
    /// Answer git's credential protocol: what git calls
    #[command(hide = true)]
    Credential(connect::Credential),
    /// Print the credential of a connection: what connected tools call
    #[command(hide = true)]
    Helper {
        /// The connection's id
        id: String,
    },
    /// Renew a token before its time; a session of Claude Code costs one small request
    Refresh {
        /// An account's label or id; the default account where it is left out
        account: Option<String>,
        /// Every account that can be renewed, at most eight at once
        #[arg(long, conflicts_with = "account")]
        all: bool,
        /// Print how each stands afterwards as JSON
        #[arg(long)]
        json: bool,
    },
    /// Keep tokens fresh until it is ended, so that tools never wait
    #[command(
        long_about = "Keep tokens fresh until it is ended, so that tools never wait.\n\nWhat the window does while it \
                      runs, for computers without one. Of all that run, one works at a time. It never opens a dialog: \
                      a keychain that is locked is waited for."
    )]
    Watch {
        /// Renew what is due now, and end
        #[arg(long)]
        once: bool,
        /// Print a systemd user unit that runs it
        #[arg(long, conflicts_with = "once")]
        unit: bool,
    },
    /// Show what happened to the accounts, the newest last
    Activity {
        /// Of this account alone: a label or an id
        account: Option<String>,
        /// At most so many entries
        #[arg(long, short = 'n', value_name = "N", default_value_t = 30)]
        count: usize,
        /// As JSON, the newest first
        #[arg(long)]
        json: bool,
    },
    /// Show where secrets lie, or move them elsewhere
    #[command(
        long_about = "Show where secrets lie, or move them elsewhere.\n\nMoving copies every secret, reads it back, and \
                      only then erases it where it was. Wherever that breaks off, one store has all of them."
    )]
    Storage {
        #[command(subcommand)]
        to: Option<StorageCommand>,
        /// Erase the old copies that an earlier move could not erase
        #[arg(long)]
        finish: bool,
        /// The key to the old store is lost: copy nothing, and sign in to each account again
        #[arg(long, global = true)]
        without_old: bool,
        /// As JSON
        #[arg(long, global = true)]
        json: bool,
    },
    /// Show which credential a tool will use here, what that outranks, and who pays
    #[command(
        long_about = "Show which credential a tool will use here, what that outranks, and who pays.\n\nIt looks at the \
                      environment, at Claude Code's settings for you, for the folder and of your organization, at \
                      profiles and at sessions. It asks no server and prints no secret. Exit code 3 means that nothing \
                      would be used."
    )]
    Which {
        /// One tool alone
        tool: Option<ToolName>,
        /// The folder that the tool is started in; this one where it is left out
        #[arg(long, value_name = "FOLDER")]
        dir: Option<PathBuf>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// List what is already on this computer, and the command that takes it into Keyfob
    Discover {
        /// Show again what was ignored
        #[arg(long)]
        all: bool,
        /// Show this one no more; its name is the "key" of --json
        #[arg(long, value_name = "KEY", conflicts_with = "all")]
        ignore: Option<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Look whether Keyfob, this computer, the network and the tools are in order; what it prints is safe to paste in
    /// public
    Doctor {
        /// Ask no server
        #[arg(long)]
        offline: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Make an account the one that tools get when they name none; in an order it moves to the first place
    Use(trust::Use),
    /// Trust a folder's .keyfob.toml, which names the account that tools get there
    Trust(trust::Trust),
    /// Call an account something else
    Rename {
        /// An account's label or id
        account: String,
        /// The new name
        label: String,
    },
    /// Sign out: revoke where the provider can, and erase the secret; what another program holds is only forgotten
    Logout {
        /// An account's label or id
        #[arg(required_unless_present = "all")]
        account: Option<String>,
        /// Every account
        #[arg(long, conflicts_with = "account")]
        all: bool,
        /// Print what was done as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a completion script
    Completions {
        /// For which shell
        shell: Shell,
    },
}

/// The programs that sign people in themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum With {
    /// Claude Code: a Claude plan, or the Console with --console
    ClaudeCode,
    /// The command ant: the Claude Console
    Ant,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LinkCommand {
    /// A session of Claude Code
    ClaudeCode {
        /// Its folder; the one that Claude Code itself would use here where it is left out
        #[arg(long, value_name = "DIR")]
        config_dir: Option<PathBuf>,
        /// What to call the account
        #[arg(long)]
        label: Option<String>,
        /// Print the account as JSON
        #[arg(long)]
        json: bool,
    },
    /// A profile of the command ant and of the Anthropic SDKs
    AnthropicProfile {
        /// Its name; the active one where it is left out
        profile: Option<String>,
        /// The folder with the profiles; the one that ant itself would use here where it is left out
        #[arg(long, value_name = "DIR")]
        config_dir: Option<PathBuf>,
        /// What to call the account
        #[arg(long)]
        label: Option<String>,
        /// Print the account as JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum StorageCommand {
    /// Move them into the system's keychain
    Keychain,
    /// Move them into encrypted files that a key file opens; it is made where it is missing
    KeyFile {
        /// The key file. Who has it and the encrypted files has the secrets, so keep it elsewhere than a backup of them
        path: PathBuf,
    },
    /// Move them into encrypted files that a passphrase opens; it is asked for at a hidden prompt
    Passphrase,
    /// Move them into encrypted files whose key a service manager hands over: systemd's
    /// LoadCredential=keyfob-identity:FILE
    Credential,
}

impl Command {
    /// As it is typed, which is what the activity calls it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Login { .. } => "login",
            Self::Link { .. } => "link",
            Self::AddKey(_) => "add-key",
            Self::RotateKey(_) => "rotate-key",
            Self::EditKey(_) => "edit-key",
            Self::Import(_) => "import",
            Self::Order(_) => "order",
            Self::Accounts { .. } => "accounts",
            Self::Status { .. } => "status",
            Self::Token { .. } => "token",
            Self::Env(_) => "env",
            Self::Run(_) => "run",
            Self::Connect(_) => "connect",
            Self::Disconnect(_) => "disconnect",
            Self::Connections(_) => "connections",
            Self::Export(_) => "export",
            Self::Credential(_) => "credential",
            Self::Helper { .. } => "helper",
            Self::Refresh { .. } => "refresh",
            Self::Watch { .. } => "watch",
            Self::Activity { .. } => "activity",
            Self::Storage { .. } => "storage",
            Self::Which { .. } => "which",
            Self::Discover { .. } => "discover",
            Self::Doctor { .. } => "doctor",
            Self::Use(_) => "use",
            Self::Trust(_) => "trust",
            Self::Rename { .. } => "rename",
            Self::Logout { .. } => "logout",
            Self::Completions { .. } => "completions",
        }
    }

    /// Whether it may renew a token, and so must not end in the middle of it. `watch` without end sees to that itself.
    pub(crate) fn may_renew(&self) -> bool {
        matches!(
            self,
            Self::Token { .. }
                | Self::Env(_)
                | Self::Run(_)
                | Self::Connect(_)
                | Self::Connections(connect::Connections { test: Some(_), .. })
                | Self::Export(_)
                | Self::Credential(_)
                | Self::Helper { .. }
                | Self::Refresh { .. }
                | Self::Import(_)
                | Self::Watch { once: true, .. }
        )
    }

    /// Whether much may be said while servers answer: a terminal that is held must not hold up the answers.
    pub(crate) fn talks_while_it_works(&self) -> bool {
        matches!(self, Self::Refresh { all: true, .. } | Self::Watch { .. })
    }
}

pub(crate) fn duration(text: &str) -> Result<SignedDuration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: i64 = digits
        .parse()
        .map_err(|_| "write a number and a unit, such as 90s, 2m or 1h".to_owned())?;
    let seconds = match &text[digits.len()..] {
        // Nothing is nothing in every unit.
        "" if number != 0 => return Err("add a unit, such as 90s, 2m or 1h".to_owned()),
        "" | "s" => Some(number),
        "m" => number.checked_mul(60),
        "h" => number.checked_mul(3_600),
        _ => return Err("the units are s, m and h".to_owned()),
    };
    match seconds {
        Some(seconds @ 0..=2_678_400) => Ok(SignedDuration::from_secs(seconds)),
        _ => Err("use something between 0 and 31 days".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn another_program_signs_in_by_a_browser_alone() {
        let parsed = |more: &[&str]| {
            let call = [&["keyfob", "login", "--with", "claude-code"], more].concat();
            Args::try_parse_from(call).is_ok()
        };
        assert!(parsed(&["--no-browser"]));
        assert!(!parsed(&["--device"]));
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, seconds) in [("0", 0), ("90s", 90), ("2m", 120), ("1h", 3_600)] {
            assert_eq!(duration(text), Ok(SignedDuration::from_secs(seconds)));
        }
        for text in ["", "m", "-1s", "2d", "99999999999h", "1.5h", "2 m", "3"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
