//! Any program that runs a command which prints a token. Nothing of it is changed: the person gives it the command.

use super::{ConnectRequest, Made, workspace_of};
use crate::error::{Code, Error, Result};
use crate::hand_over::connections::{ConnectionId, Recipient};
use crate::keyfob::Keyfob;
use crate::keyfob::given::{Api, Whose};

impl Keyfob {
    pub(super) fn connect_command(
        &self,
        id: &ConnectionId,
        name: Option<&str>,
        request: &ConnectRequest,
        whose: &Whose,
    ) -> Result<Made> {
        let command = self.call_of(&request.program, &format!("helper {id}"));
        let mut words = vec![format!(
            "Give this command to the program. It prints a valid credential of \"{}\", and nothing else.",
            whose.account.label
        )];
        if whose.api == Api::NotSaid {
            words.push(
                "Nothing says which API it is for: tell the program its address, or it sends it to Anthropic. `base_url` of the provider in config.toml says it for all tools."
                    .to_owned(),
            );
        }
        words.extend(workspace_of(whose).map(|workspace| {
            format!(
                "Its requests need the header `anthropic-workspace-id: {workspace}` too, which the program has to be told."
            )
        }));
        let made = Made {
            target: checked_name(name)?,
            valid_until: None,
            changes: Vec::new(),
            words,
            command: Some(command),
        };
        self.list_first(
            self.connection(id, Recipient::Command, whose, &made),
            &whose.account,
        )?;
        Ok(made)
    }
}

/// What the person calls the program; nothing that would not fit into a line.
fn checked_name(name: Option<&str>) -> Result<Option<String>> {
    let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    match name.chars().count() <= 60 && !name.chars().any(char::is_control) {
        true => Ok(Some(name.to_owned())),
        false => Err(Error::new(
            Code::Usage,
            "That name does not fit into a line.",
            "Choose one of up to 60 letters.",
        )),
    }
}
