//! What connecting by a tool's own settings has in common: where those are, and what stands there already.

use std::path::PathBuf;

use super::git;
use crate::error::{Code, Error, Result};
use crate::hand_over::connections::ConnectionId;
use crate::hand_over::settings_file::SettingsFile;
use crate::keyfob::Keyfob;
use crate::keyfob::given::Whose;

/// Where an API answers, without a slash at the end; the tool is told, so that it sends the credential nowhere else.
pub(super) fn base_of(whose: &Whose) -> Result<String> {
    let url = git::api_of(whose)?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// The person's own folder, which the settings of most tools are in.
pub(super) fn home_folder(keyfob: &Keyfob) -> Result<PathBuf> {
    let home = keyfob.0.edge.home_folder();
    home.filter(|home| home.is_dir()).ok_or_else(|| {
        Error::new(
            Code::Failed,
            "Your home folder is not there, and the tool's settings would be in it.",
            "Set HOME to it, then try again. Nothing was changed.",
        )
    })
}

/// What stands in a settings file already and would be put aside, as a sentence; or why it cannot be changed.
pub(super) fn standing_there(
    settings: &SettingsFile,
    values: &[&[&str]],
) -> Result<Option<String>> {
    let there = names_there(settings, values)?;
    let path = settings.path().display();
    Ok(match there.as_slice() {
        [] => None,
        [one] => Some(format!(
            "In {path} there is {one} already: it is put aside, and put back when this is turned off."
        )),
        several => Some(format!(
            "In {path} there are {} already: they are put aside, and put back when this is turned off.",
            several.join(" and ")
        )),
    })
}

fn names_there<'a>(settings: &SettingsFile, values: &[&[&'a str]]) -> Result<Vec<&'a str>> {
    let mut there = Vec::new();
    for at in values {
        if settings.value(at)?.is_some() {
            there.push(at.last().copied().unwrap_or_default());
        }
    }
    Ok(there)
}

/// What somebody else has set is replaced only by the person's word.
pub(super) fn only_with(replace: bool, settings: &SettingsFile, values: &[&[&str]]) -> Result<()> {
    let there = names_there(settings, values)?;
    if replace || there.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        Code::Failed,
        format!(
            "{} sets {} for Anthropic already.",
            settings.path().display(),
            there.join(" and ")
        ),
        "Say that it may be put aside (`--replace`); it is put back when this is turned off.",
    ))
}

pub(super) fn connected_already(tool: &str, id: &ConnectionId) -> Error {
    Error::new(
        Code::Usage,
        format!("{tool} is connected already."),
        format!("Turn that off first (`keyfob disconnect {id}`)."),
    )
}
