//! What goes before Keyfob's helper in Claude Code, looked for before an address is written beside it: whatever outranks
//! the helper would be sent to that address.

use std::path::Path;

use super::Keyfob;
use super::connecting::quoted;
use super::given::Whose;
use super::looking_around::managed_folder;
use crate::error::{Code, Error, Result};
use crate::precedence::sources::{API_KEY, AUTH_TOKEN, Place, host};

impl Keyfob {
    /// An error where another credential than the helper's would go to the address that is about to be written. A key
    /// that the person said No to is one too: `claude -p` sends it all the same. A cloud has an address of its own.
    pub(super) fn check_nothing_outranks(
        &self,
        whose: &Whose,
        address: &str,
        folder: Option<&Path>,
    ) -> Result<()> {
        let sources = self.look_around(folder, &managed_folder())?;
        let first = [AUTH_TOKEN, API_KEY].into_iter();
        let mut found = first.filter_map(|name| Some((name, sources.variable(name)?.place)));
        let Some((name, place)) = found.next() else {
            return Ok(());
        };
        let way = match place {
            Place::Environment => format!(
                "; or start Claude Code with `keyfob run {} -- claude`, which takes it out for one command",
                quoted(&whose.account.label)
            ),
            // It takes nothing out of a file.
            Place::Settings(..) => String::new(),
        };
        let place = place.words();
        Err(Error::new(
            Code::Failed,
            format!(
                "Claude Code uses {name} ({place}) before any helper, and would send it to {}, where \"{}\" belongs. Nothing was written.",
                host(address),
                whose.account.label
            ),
            format!("Take {name} out of {place}, and connect again{way}."),
        ))
    }
}
