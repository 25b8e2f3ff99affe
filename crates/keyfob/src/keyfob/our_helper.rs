//! Keyfob's own helper in Claude Code's settings.

use std::path::Path;

use super::Keyfob;
use super::connecting::{KEYFOB_HOME, connection_in, is_missing, named_home, program_in};
use crate::account::Facts;
use crate::hand_over::connections::Connection;
use crate::precedence::settings::{Gives, OurHelper};
use crate::precedence::sources::host;

impl Keyfob {
    /// What Keyfob's own helper gives; none where the line is another helper's.
    pub(super) fn our_helper(
        &self,
        line: &str,
        connections: &[Connection],
        folder: Option<&Path>,
    ) -> Option<OurHelper> {
        let id = connection_in(line)?;
        let Some(one) = connections.iter().find(|one| one.id.as_str() == id) else {
            return self.is_for_here(line).then_some(OurHelper {
                connection: None,
                gives: None,
                missing: None,
            });
        };
        // The folder's file may choose another account; where that cannot be followed, nothing is given.
        let account = self.account_for(one, folder);
        let is_refused = account.is_err();
        let account = account.unwrap_or_else(|_| one.account.clone());
        let whose = self.whose(Some(account.as_str())).ok();
        let gives = whose.map(|whose| Gives {
            account: account.clone(),
            label: whose.account.label.clone(),
            payer: whose.account.payer.into(),
            host: match whose.api.url() {
                Some(url) => host(url.as_str()),
                None => "a server that nothing names".to_owned(),
            },
            state: match &whose.account.facts {
                _ if is_refused => {
                    "It gives nothing here: the folder's .keyfob.toml is not trusted, or cannot be followed"
                        .to_owned()
                }
                Facts::Key(_) => "Keyfob gives its key each time".to_owned(),
                Facts::Tokens(facts) if facts.trouble.as_ref().is_some_and(|t| t.is_final) => {
                    "Its sign-in has ended; sign in again in Keyfob".to_owned()
                }
                _ => "Keyfob gives a valid token each time".to_owned(),
            },
        });
        let missing = program_in(line).filter(|program| is_missing(program));
        Some(OurHelper {
            connection: Some(one.id.clone()),
            gives,
            missing,
        })
    }

    /// Whether a helper's line is for the Keyfob with these files; there may be others, with files of their own.
    fn is_for_here(&self, line: &str) -> bool {
        match self.0.home.named_folder().filter(|_| cfg!(unix)) {
            Some(folder) => line.starts_with(&named_home(folder)),
            None => !line.starts_with(KEYFOB_HOME),
        }
    }
}
