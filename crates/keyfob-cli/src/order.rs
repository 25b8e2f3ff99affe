//! `keyfob order`: who is given without a name, and who in the place of one that fails.

use clap::{Args, ValueEnum};
use keyfob::{Keyfob, Order, Preset, Result, Status};

use crate::commands::print_json;
use crate::io::Io;
use crate::words;

#[derive(Debug, Args)]
pub(crate) struct Wanted {
    /// Accounts and variables, the first one first; those that are not named follow as they stand
    accounts: Vec<String>,
    /// One of the usual orders
    #[arg(long, conflicts_with = "accounts")]
    preset: Option<Usual>,
    /// Whether the next one is given where the first one fails
    #[arg(long, value_name = "on|off")]
    fallback: Option<Switch>,
    /// Forget the order: only the default is given without a name
    #[arg(long, conflicts_with_all = ["accounts", "preset", "fallback"])]
    clear: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Usual {
    /// Sign-ins that Keyfob holds, then tokens of the environment, then API keys
    StoredFirst,
    /// Tokens of the environment, then sign-ins that Keyfob holds, then API keys
    EnvironmentFirst,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Switch {
    On,
    Off,
}

pub(crate) fn run(keyfob: &Keyfob, wanted: &Wanted, io: &mut Io) -> Result<()> {
    if !wanted.accounts.is_empty() {
        keyfob.set_order(&wanted.accounts)?;
    }
    match wanted.preset {
        Some(Usual::StoredFirst) => drop(keyfob.set_usual_order(Preset::StoredFirst)?),
        Some(Usual::EnvironmentFirst) => drop(keyfob.set_usual_order(Preset::EnvironmentFirst)?),
        None => {}
    }
    if let Some(switch) = wanted.fallback {
        keyfob.set_fallback(matches!(switch, Switch::On))?;
    }
    if wanted.clear {
        keyfob.clear_order()?;
        let accounts = keyfob.accounts()?;
        if let Some(default) = accounts.iter().find(|account| account.is_default) {
            io.say(&format!(
                "The order is forgotten. The first account of it stays the default: \"{}\". `keyfob use` chooses another.\n",
                default.label
            ));
        }
    }
    let order = keyfob.order()?;
    if wanted.json {
        return print_json(&order, io);
    }
    let accounts = keyfob.accounts()?;
    io.print(&shown(&order, &accounts))
}

fn shown(order: &Order, accounts: &[Status]) -> String {
    let mut text = String::new();
    let mut place = 0;
    for account in accounts {
        let number = match order.placed.contains(&account.id) {
            true => {
                place += 1;
                format!("{place}.")
            }
            false => "-".to_owned(),
        };
        let given = if account.is_default {
            "  (given without a name)"
        } else {
            ""
        };
        text.push_str(&format!(
            "{number} {}: {}{given}\n",
            words::title(account),
            words::billing(account)
        ));
    }
    text.push_str(match (order.is_set, order.fallback) {
        (false, _) => "No order is set: without a name, tools get the default and nothing else.\n",
        (true, false) => "Where the one that is given without a name fails, no other is given.\n",
        (true, true) => "Where one fails, the next is given, and that is said.\n",
    });
    if let Some(fell) = &order.fell_back {
        text.push_str(&format!(
            "Since {}: {}\n",
            fell.since.strftime("%Y-%m-%d %H:%M UTC"),
            fell.words()
        ));
    }
    text
}
