//! The official SDKs and `ant`, by a profile of its own that Keyfob keeps fresh. A profile that is there already is
//! never touched.

mod making;

use std::path::{Path, PathBuf};

use jiff::SignedDuration;

use self::making::{Pointer, not_made};
use super::taking_back::close_the_gap;
use super::{Connected, Made, quoted};
use crate::account::{Account, Facts, Method};
use crate::error::{Code, Error, Result};
use crate::files;
use crate::hand_over::anthropic_profile::{Profile, config_text, credentials_text};
use crate::hand_over::change::{Change, fingerprint};
use crate::hand_over::connections::{Connection, ConnectionId, Recipient};
use crate::hand_over::copies::Copy;
use crate::keyfob::Keyfob;
use crate::keyfob::connectable::Prospect;
use crate::keyfob::given::{Api, Form, Whose};
use crate::keyfob::linked_places::{numbered, slug};
use crate::linked::anthropic_profile;

/// How long before its end the SDKs ask for the next token; what is written has to live longer, where that can be had.
const AHEAD: SignedDuration = SignedDuration::from_secs(120);

/// What outranks every profile.
const OUTRANKING: [&str; 2] = ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"];

impl Keyfob {
    pub(super) async fn connect_anthropic_sdk(
        &self,
        id: &ConnectionId,
        (profile, activate): (Option<&str>, bool),
        whose: &Whose,
    ) -> Result<Made> {
        let account = &whose.account;
        only_tokens(whose)?;
        let base_url = match &whose.api {
            Api::At(url) => Some(url),
            Api::Anthropic | Api::NotSaid => None,
        };
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
            words: self.about(&profile, activate),
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
        let profile = of(one);
        let pointer = Pointer::to(&profile)?;
        let mut words = vec!["It was connected already; nothing was changed.".to_owned()];
        if pointer.was.as_ref() != Some(&pointer.is) {
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
            words = self.about(&profile, true);
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

    /// The profile to make: the one that is named, which must not be there; else the first free name.
    fn free_profile(
        &self,
        folder: &Path,
        name: Option<&str>,
        account: &Account,
    ) -> Result<Profile> {
        for part in ["configs", "credentials"] {
            let part = folder.join(part);
            // A link there may lead into a folder that is copied elsewhere.
            files::refuse_link(&part).map_err(|error| not_made(&part, &error))?;
        }
        let profile = |name: &str| Profile {
            folder: folder.to_owned(),
            name: name.to_owned(),
        };
        if let Some(name) = name {
            if !is_name(name) {
                return Err(Error::new(
                    Code::Usage,
                    "That can be no name of a profile.",
                    "Names consist of letters, digits, `_`, `.` and `-`, and do not begin with a dot.",
                ));
            }
            let profile = profile(name);
            return match (self.made_profile(folder, name)?, is_free(&profile)) {
                (Some(id), _) => Err(Error::new(
                    Code::Usage,
                    format!("The profile \"{name}\" is connected already."),
                    format!("Take it back first: `keyfob disconnect {id}`."),
                )),
                (None, true) => Ok(profile),
                (None, false) => Err(Error::new(
                    Code::Usage,
                    format!(
                        "There is a profile \"{name}\" in {} already, and Keyfob did not make it.",
                        folder.display()
                    ),
                    "It was left as it is. Choose another name with `--profile`.",
                )),
            };
        }
        let connections = self.0.connections.read()?;
        let known = connections
            .all
            .iter()
            .find(|one| one.to == Recipient::AnthropicSdk && one.account == account.id);
        if let Some(one) = known {
            let target = one.target.as_deref().unwrap_or_default();
            return Err(Error::new(
                Code::Usage,
                format!(
                    "\"{}\" has the profile \"{target}\" already.",
                    account.label
                ),
                format!(
                    "Turn that off first (`keyfob disconnect {}`), or name another profile (`--profile`).",
                    one.id
                ),
            ));
        }
        let stem = slug(&account.label);
        let stem = if stem.is_empty() { "keyfob" } else { &stem };
        let free = numbered(stem).map(|name| profile(&name)).find(is_free);
        free.ok_or_else(|| {
            Error::new(
                Code::Failed,
                "No free name for a profile was found.",
                "Choose one with `--profile`.",
            )
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

    /// What a person has to know of a new profile.
    fn about(&self, profile: &Profile, activated: bool) -> Vec<String> {
        let name = &profile.name;
        // In a folder that only this environment names, programs find nothing without being told.
        let folder = self.anthropic_config_dir().is_some();
        let folder = folder.then(|| {
            let folder = profile.folder.display().to_string();
            format!("ANTHROPIC_CONFIG_DIR={}", quoted(&folder))
        });
        let is_active = activated || name == anthropic_profile::DEFAULT;
        let mut words = vec![match (is_active, folder) {
            (true, None) => {
                format!("It is the active profile now (\"{name}\"); programs need no setting.")
            }
            (true, Some(folder)) => format!(
                "It is the active profile there now (\"{name}\"); programs use it with {folder}, and need no other setting."
            ),
            (false, folder) => format!(
                "Programs use it with ANTHROPIC_PROFILE={name}{}; `--activate` makes it the one that is used where none is named.",
                folder.map_or(String::new(), |folder| format!(" and {folder}"))
            ),
        }];
        words.push(
            "Its token is written anew while the window or `keyfob watch` runs, and at every `keyfob token`."
                .to_owned(),
        );
        for variable in OUTRANKING {
            if self.0.edge.variable(variable).is_some() {
                words.push(format!(
                    "{variable} is set here and outranks every profile. Take it away where programs are to use this one."
                ));
            }
        }
        if let Some(elsewhere) = self.elsewhere(&profile.folder) {
            words.push(format!(
                "Programs in TypeScript and Claude Code look in {}, because XDG_CONFIG_HOME is set; those in Python look in {}, where it lies. Set ANTHROPIC_CONFIG_DIR={} for the former.",
                elsewhere.display(),
                profile.folder.display(),
                profile.folder.display(),
            ));
        }
        words
    }

    /// The other folder in which some programs look for profiles.
    fn elsewhere(&self, folder: &Path) -> Option<PathBuf> {
        if !cfg!(unix) || self.anthropic_config_dir().is_some() {
            return None;
        }
        let xdg = PathBuf::from(self.0.edge.variable("XDG_CONFIG_HOME")?).join("anthropic");
        (xdg != folder).then_some(xdg)
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

/// The Python SDK takes no name that begins with a dot.
fn is_name(name: &str) -> bool {
    anthropic_profile::is_name(name) && !name.starts_with('.') && name.len() <= 100
}

/// Whether nothing at all lies where the profile would, not even a link.
fn is_free(profile: &Profile) -> bool {
    let files = [profile.config(), profile.credentials()];
    files.iter().all(|file| file.symlink_metadata().is_err())
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
