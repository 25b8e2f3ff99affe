//! API keys: adding, replacing and editing them, and asking the server about them.

use std::process::ExitCode;

use clap::Args;
use keyfob::{Code, KeyEdit, Keyfob, NewKey, Recipient, Replacement, Result, Status};

use crate::commands::{added, print_json};
use crate::exit_code;
use crate::io::Io;
use crate::words;

const PROMPT: &str = "Paste the API key (nothing is shown): ";

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// What to call the account
    #[arg(long)]
    label: Option<String>,
    /// The workspace id (wrkspc_…) that an identity-linked key needs
    #[arg(long, value_name = "ID")]
    workspace: Option<String>,
    /// The last day on which the key works, such as 2026-12-01, where it was made with an end
    #[arg(long, value_name = "DATE")]
    expires: Option<String>,
    /// Store it without asking the server whether it works
    #[arg(long)]
    no_verify: bool,
    /// Print the account as JSON when it is done
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// An account's label or id
    account: String,
    /// The workspace id (wrkspc_…), where it is another one than before
    #[arg(long, value_name = "ID")]
    workspace: Option<String>,
    /// The last day on which the new key works, such as 2026-12-01
    #[arg(long, value_name = "DATE")]
    expires: Option<String>,
    /// Replace the old key without asking the server whether the new one works
    #[arg(long)]
    no_verify: bool,
    /// Print the account as JSON when it is done
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Edit {
    /// An account's label or id
    account: String,
    /// The workspace id (wrkspc_…) that an identity-linked key needs; the key is then checked with it
    #[arg(long, value_name = "ID", conflicts_with = "no_workspace")]
    workspace: Option<String>,
    /// Take the workspace id away
    #[arg(long)]
    no_workspace: bool,
    /// The last day on which the key works, such as 2026-12-01: you are reminded two weeks before
    #[arg(long, value_name = "DATE", conflicts_with = "no_expires")]
    expires: Option<String>,
    /// Take the noted day away
    #[arg(long)]
    no_expires: bool,
    /// Print the account as JSON when it is done
    #[arg(long)]
    json: bool,
}

pub(crate) async fn add(keyfob: &Keyfob, new: Add, io: &mut Io) -> Result<()> {
    let key = NewKey {
        pasted: io.secret(PROMPT)?,
        label: new.label,
        workspace_id: new.workspace,
        expires_on: new.expires,
        verify: !new.no_verify,
    };
    let status = keyfob.add_api_key(key).await?;
    added(&status, new.json, io)
}

pub(crate) async fn rotate(keyfob: &Keyfob, new: Rotate, io: &mut Io) -> Result<()> {
    // A name that means no key is said before anybody pastes one.
    keyfob.key_can_be_replaced(&new.account)?;
    let replacement = Replacement {
        pasted: io.secret(PROMPT)?,
        workspace_id: new.workspace,
        expires_on: new.expires,
        verify: !new.no_verify,
    };
    let status = keyfob.rotate_key(&new.account, replacement).await?;
    io.say(
        "Replaced. The old key is forgotten here; end it at platform.claude.com/settings/keys.\n",
    );
    for words in old_copies(keyfob, &status) {
        io.say(&format!("keyfob: {words}\n"));
    }
    added(&status, new.json, io)
}

/// What still holds the old key, as sentences.
fn old_copies(keyfob: &Keyfob, status: &Status) -> Vec<String> {
    let all = match keyfob.connections() {
        Ok(all) => all,
        // Nobody knows then where the old key still lies.
        Err(error) => return vec![error.to_string()],
    };
    let copies = all.iter().filter(|one| {
        one.account == status.id && matches!(one.to, Recipient::File | Recipient::Opencode)
    });
    copies.filter_map(words::problem).collect()
}

pub(crate) async fn edit(keyfob: &Keyfob, edit: Edit, io: &mut Io) -> Result<()> {
    let none = |taken_away: bool| taken_away.then(String::new);
    let change = KeyEdit {
        workspace_id: edit.workspace.or(none(edit.no_workspace)),
        expires_on: edit.expires.or(none(edit.no_expires)),
    };
    let status = keyfob.edit_key(&edit.account, change).await?;
    added(&status, edit.json, io)
}

/// `keyfob status --probe`: how it stands by what the server says now.
pub(crate) async fn probe(
    keyfob: &Keyfob,
    account: Option<&str>,
    json: bool,
    io: &mut Io,
) -> Result<ExitCode> {
    let probed = keyfob.probe(account).await?;
    io.say(&format!("{}\n", probed.words));
    match json {
        true => print_json(&probed.status, io)?,
        false => io.print(&crate::commands::whole(&probed.status))?,
    }
    Ok(match probed.works {
        Some(false) => exit_code(Code::SignInNeeded),
        _ => crate::commands::standing(&probed.status),
    })
}
