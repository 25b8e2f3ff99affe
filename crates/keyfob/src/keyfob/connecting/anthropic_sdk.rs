//! The official SDKs and `ant`, by a profile of its own that Keyfob keeps fresh. A profile that is there already is
//! never touched.

mod making;
mod naming;
mod telling;

use std::path::{Path, PathBuf};

use jiff::SignedDuration;

use self::making::{Pointer, not_made};
use super::taking_back::close_the_gap;
use super::{Connected, Made, quoted};
use crate::account::{Account, Facts, Method};
use crate::error::{Code, Error, Result};
use crate::hand_over::anthropic_profile::{Profile, config_text, credentials_text};
use crate::hand_over::change::{Change, fingerprint};
use crate::hand_over::connections::{Connection, ConnectionId, Recipient};
use crate::hand_over::copies::Copy;
use crate::keyfob::Keyfob;
use crate::keyfob::connectable::Prospect;
use crate::keyfob::given::{Api, Form, Whose};
use crate::linked::anthropic_profile;

/// How long before its end the SDKs ask for the next token; what is written has to live longer, where that can be had.
const AHEAD: SignedDuration = SignedDuration::from_secs(120);

impl Keyfob {
    pub(super) async fn connect_anthropic_sdk(
        &self,
        id: &ConnectionId,
        (profile, activate): (Option<&str>, bool),
        whose: &Whose,
    ) -> Result<Made> {
        let account = &whose.account;
        only_tokens(whose)?;
        self.check_nothing_redirects(whose)?;
        let base_url = whose.api.other();
        let folder = self.profiles_folder()?;
        let profile = self.free_profile(&folder, profile, account)?;
        let ahead = lasting(account).min(AHEAD);
        let given = self.given(Some(account.id.as_str()), ahead).await?;
        let Some(expires_at) = given.expires_at() else {
            return Err(no_end(account));
        };
        let config = config_text(base_url);
        let credentials = credentials_text(given.secret(), expires_at);
        let mut changes: Vec<Change> = missing_folders(&profile).collect();
        let about = Change::File {
            path: profile.config(),
            sha256: fingerprint(config.as_bytes()),
        };
        let copy = Change::Credentials {
            path: profile.credentials(),
        };
        changes.extend([about.clone(), copy.clone()]);
        let pointer = activate.then(|| Pointer::to(&profile)).transpose()?;
        changes.extend(pointer.as_ref().map(Pointer::change));
        let made = Made {
            target: Some(profile.name.clone()),
            valid_until: Some(expires_at),
            words: self.about(&profile, account, activate),
            changes,
            command: None,
        };
        let connection = self.connection(id, Recipient::AnthropicSdk, whose, &made);
        self.list_and_write(connection, account, |begun| {
            // The configuration comes last: without it there is no profile, and nobody writes its credentials anew.
            for (change, bytes) in [(copy, credentials.as_slice()), (about, config.as_bytes())] {
                let path = change.path().to_owned();
                begun
                    .create(change, bytes)
                    .map_err(|error| not_made(&path, &error))?;
            }
            pointer.map_or(Ok(()), |pointer| pointer.write())
        })?;
        Ok(made)
    }

    /// Makes a profile that this account has already the one that is used where none is named; none where it has none,
    /// or another program has taken that over.
    pub(super) fn anthropic_sdk_already(
        &self,
        (profile, activate): (Option<&str>, bool),
        whose: &Whose,
    ) -> Result<Option<Connected>> {
        if !activate {
            return Ok(None);
        }
        let folder = self.profiles_folder()?;
        let of = |one: &Connection| {
            let name = one.target.clone().unwrap_or_default();
            let folder = folder.clone();
            Profile { folder, name }
        };
        let list = self.0.connections.read()?;
        let Some(one) = list.all.iter().find(|one| {
            one.to == Recipient::AnthropicSdk
                && one.account == whose.account.id
                && profile.is_none_or(|name| one.target.as_deref() == Some(name))
                && is_made_by(one, &of(one).config())
                && Copy::among(&one.changes).is_some_and(|copy| copy.taken_over().is_none())
        }) else {
            return Ok(None);
        };
        self.check_nothing_redirects(whose)?;
        let profile = of(one);
        let pointer = Pointer::to(&profile)?;
        let mut words = vec!["It was connected already; nothing was changed.".to_owned()];
        if !pointer.is_there_already() {
            // In the list before it is written, and out of it where it could not be.
            let noted = |is_there: bool| {
                self.0.connections.change(|list| {
                    let Some(at) = list.all.iter().position(|listed| listed.id == one.id) else {
                        return Ok(());
                    };
                    let changes = &mut list.all[at].changes;
                    let earlier = changes.iter().position(|one| one.path() == pointer.path);
                    let earlier = earlier.map(|earlier| changes.remove(earlier));
                    if is_there {
                        changes.push(pointer.change());
                    }
                    // Whoever replaced what it wrote then puts back what was there before both.
                    if let Some(earlier) = earlier {
                        close_the_gap(
                            &mut list.all,
                            std::slice::from_ref(&earlier),
                            &mut Vec::new(),
                        );
                    }
                    Ok(())
                })
            };
            noted(true)?;
            if let Err(error) = pointer.write() {
                noted(false)?;
                return Err(error);
            }
            words = self.about(&profile, &whose.account, true);
        }
        Ok(Some(Connected {
            connection: self.shown(one),
            words,
            command: None,
        }))
    }

    pub(in crate::keyfob) fn anthropic_sdk_prospect(&self) -> Prospect {
        let how = "A profile of Keyfob's own holds an access token, which Keyfob keeps fresh.";
        match self.profiles_folder() {
            Ok(folder) => Prospect::of(how, vec![folder]),
            Err(error) => Prospect::of(how, Vec::new()).hindered(&error),
        }
    }

    /// Where profiles lie, as the Python SDK and `ant` look for them.
    fn profiles_folder(&self) -> Result<PathBuf> {
        let named = self.anthropic_config_dir();
        let folder = self.anthropic_folder(named.as_deref())?;
        std::path::absolute(&folder).map_err(|error| {
            Error::new(
                Code::Usage,
                "ANTHROPIC_CONFIG_DIR names no folder.",
                "Set it to a full path, or leave it unset.",
            )
            .detail(error.to_string())
        })
    }

    /// The connection that made a profile, if Keyfob made it.
    pub(in crate::keyfob) fn made_profile(
        &self,
        folder: &Path,
        name: &str,
    ) -> Result<Option<String>> {
        let list = self.0.connections.read()?;
        let config = Profile {
            folder: folder.to_owned(),
            name: name.to_owned(),
        }
        .config();
        let made = list.all.iter().find(|one| is_made_by(one, &config));
        Ok(made.map(|one| one.id.to_string()))
    }
}

/// Whether a connection made the profile with this configuration.
pub(in crate::keyfob) fn is_made_by(one: &Connection, config: &Path) -> bool {
    // What was written down has its full path.
    let Ok(config) = std::path::absolute(config) else {
        return false;
    };
    let is_kept = Copy::among(&one.changes).is_some();
    is_kept && one.changes.iter().any(|change| change.path() == config)
}

/// What another program has done to the profile of a connection, and what to do about it.
pub(super) fn problem(one: &Connection) -> Option<String> {
    let copy = Copy::among(&one.changes)?;
    match copy.taken_over() {
        Some(why) => Some(format!(
            "{why} Keyfob does not write this profile any more. Turn it off (`keyfob disconnect {}`).",
            one.id
        )),
        None => one.trouble.clone(),
    }
}

/// That the profile of a connection that was taken back is still named as the one that is used where none is named, as
/// a sentence: somebody else has written that, and without a profile programs stop with an error.
pub(super) fn named_still(gone: &Connection) -> Option<String> {
    let name = gone
        .target
        .clone()
        .filter(|_| gone.to == Recipient::AnthropicSdk)?;
    // Of one that was taken back in two goes, one of its files is named by then.
    let file = format!("{name}.json");
    let mut paths = gone.changes.iter().map(Change::path);
    let path = paths.find(|path| path.file_name().is_some_and(|name| *name == *file))?;
    let folder = path.parent()?.parent()?.to_owned();
    let profile = Profile { folder, name };
    let is_named = anthropic_profile::named(&profile.folder).as_ref() == Some(&profile.name);
    if !is_named || profile.config().symlink_metadata().is_ok() {
        return None;
    }
    Some(format!(
        "{} names \"{}\" still, which is not there any more, and programs stop with an error: name another profile in it, or remove it.",
        Profile::pointer(&profile.folder).display(),
        profile.name
    ))
}

/// The folders that have to be made for it, the outermost first.
fn missing_folders(profile: &Profile) -> impl Iterator<Item = Change> {
    let folders = [
        profile.folder.clone(),
        profile.folder.join("configs"),
        profile.folder.join("credentials"),
    ];
    let missing = folders.into_iter().filter(|folder| !folder.exists());
    missing.map(|path| Change::Folder { path })
}

/// How long before its end a token can be asked for: providers that give short ones would be asked without end.
fn lasting(account: &Account) -> SignedDuration {
    match &account.facts {
        Facts::Tokens(facts) => facts.expires_at.duration_since(facts.obtained_at) / 2,
        _ => SignedDuration::ZERO,
    }
}

pub(super) fn only_tokens(whose: &Whose) -> Result<()> {
    let label = &whose.account.label;
    match (whose.account.method, whose.form) {
        (Method::AnthropicProfile, _) => Err(Error::new(
            Code::Usage,
            format!("\"{label}\" is a profile already, which `ant` keeps."),
            "Programs use it with ANTHROPIC_PROFILE set to its name; there is nothing to connect.",
        )),
        (_, Form::ApiKey) => Err(Error::new(
            Code::Usage,
            format!("\"{label}\" is an API key, and a profile holds access tokens alone."),
            format!(
                "Start the program with `keyfob run {} -- COMMAND`, which sets ANTHROPIC_API_KEY for it.",
                quoted(label)
            ),
        )),
        (_, Form::Bearer) if whose.api == Api::NotSaid => Err(api_not_said(&whose.account)),
        (_, Form::Bearer) => Ok(()),
    }
}

fn api_not_said(account: &Account) -> Error {
    Error::new(
        Code::Failed,
        format!(
            "Nothing says which API the token of \"{}\" is for, and programs would send it to Anthropic's.",
            account.label
        ),
        "Add `base_url` to its provider in config.toml, then connect again.",
    )
}

fn no_end(account: &Account) -> Error {
    Error::new(
        Code::Failed,
        format!("Nothing says when the token of \"{}\" ends.", account.label),
        "Sign in to it again, then connect.",
    )
}
