//! What a person has to know of a new profile: how programs come to use it, and what in this environment keeps them
//! from it. Where they would send its token elsewhere, there is none.

use std::path::{Path, PathBuf};

use super::quoted;
use crate::account::{Account, Facts};
use crate::error::{Code, Error, Result};
use crate::hand_over::anthropic_profile::Profile;
use crate::keyfob::Keyfob;
use crate::keyfob::destination::same_server;
use crate::keyfob::given::ANTHROPIC;
use crate::keyfob::given::{Api, Whose};
use crate::linked::anthropic_profile;
use crate::precedence::sources::{
    API_KEY, AUTH_TOKEN, BASE_URL, FEDERATION_RULE, IDENTITY_TOKEN, IDENTITY_TOKEN_FILE,
    ORGANIZATION, PROFILE, host,
};

impl Keyfob {
    /// The address of the environment counts before the one in a profile, and programs would send it the profile's
    /// token. Another server must not get it.
    pub(super) fn check_nothing_redirects(&self, whose: &Whose) -> Result<()> {
        let belongs_to = match &whose.api {
            Api::Anthropic => ANTHROPIC,
            Api::At(url) => url.as_str(),
            // Said by itself.
            Api::NotSaid => return Ok(()),
        };
        let Some(address) = self.set_here(BASE_URL) else {
            return Ok(());
        };
        if same_server(&address, belongs_to) {
            return Ok(());
        }
        Err(Error::new(
            Code::Failed,
            format!(
                "{BASE_URL} is set here and counts before the address in a profile: programs would send the token of \"{}\" to {}, and it is for {}. Nothing was written.",
                whose.account.label,
                host(&address),
                host(belongs_to)
            ),
            format!(
                "Take {BASE_URL} out of the environment, here and where programs are to use the profile, and connect again."
            ),
        ))
    }

    /// What a person has to know of a new profile.
    pub(super) fn about(
        &self,
        profile: &Profile,
        account: &Account,
        activated: bool,
    ) -> Vec<String> {
        let is_active = activated || anthropic_profile::active(&profile.folder) == profile.name;
        let outranked = self.outranking(profile, is_active);
        let mut words = vec![self.how_it_is_used(profile, is_active, outranked.is_empty())];
        words.push(how_it_stays_valid(account));
        words.extend(outranked);
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

    fn how_it_is_used(&self, profile: &Profile, is_active: bool, is_first: bool) -> String {
        let name = &profile.name;
        // In a folder that only this environment names, programs find nothing without being told.
        let folder = self.anthropic_config_dir().is_some();
        let folder = folder.then(|| {
            let folder = profile.folder.display().to_string();
            format!("ANTHROPIC_CONFIG_DIR={}", quoted(&folder))
        });
        match (is_active, folder) {
            (true, None) if is_first => {
                format!("It is the active profile now (\"{name}\"); programs need no setting.")
            }
            (true, None) => format!("It is the active profile now (\"{name}\")."),
            (true, Some(folder)) if is_first => format!(
                "It is the active profile there now (\"{name}\"); programs use it with {folder}, and need no other setting."
            ),
            (true, Some(folder)) => format!(
                "It is the active profile there now (\"{name}\"); programs find it with {folder}."
            ),
            (false, folder) => format!(
                "Programs use it with {PROFILE}={name}{}; `--activate` makes it the one that is used where none is named.",
                folder.map_or(String::new(), |folder| format!(" and {folder}"))
            ),
        }
    }

    /// What goes before it in programs that are started here, as sentences.
    fn outranking(&self, profile: &Profile, is_active: bool) -> Vec<String> {
        let name = &profile.name;
        let keys = [API_KEY, AUTH_TOKEN].into_iter();
        let keys = keys.filter(|variable| self.set_here(variable).is_some());
        let mut words: Vec<String> = keys
            .map(|variable| {
                format!(
                    "{variable} is set here and outranks every profile. Take it away where programs are to use this one."
                )
            })
            .collect();
        match self.set_here(PROFILE) {
            Some(named) if named == *name => {}
            // Whoever names this one takes the place of that.
            _ if !is_active => {}
            Some(_) => words.push(format!(
                "{PROFILE} is set here, names another profile, and outranks the active one. Set it to {name}, or take it away."
            )),
            None if self.federates() => words.push(format!(
                "Workload identity federation is set up here ({FEDERATION_RULE}) and outranks the active profile. Set {PROFILE}={name}, or take it away."
            )),
            None => {}
        }
        words
    }

    /// Whether the environment has all that programs need to fetch a credential by federation.
    fn federates(&self) -> bool {
        let is_set = |name| self.set_here(name).is_some();
        let has_identity = is_set(IDENTITY_TOKEN) || is_set(IDENTITY_TOKEN_FILE);
        is_set(FEDERATION_RULE) && is_set(ORGANIZATION) && has_identity
    }

    /// A variable of this environment; one that is set to nothing counts as not set.
    fn set_here(&self, name: &str) -> Option<String> {
        let value = self.0.edge.variable(name)?;
        let value = value.to_string_lossy().trim().to_owned();
        Some(value).filter(|value| !value.is_empty())
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

/// Until when what lies there is of use, and who sees to the next.
fn how_it_stays_valid(account: &Account) -> String {
    match &account.facts {
        Facts::Tokens(facts) if !facts.renewable => format!(
            "Its token ends on {}, and nothing renews it: after that programs get nothing with it, until you sign in to \"{}\" again.",
            facts.expires_at.strftime("%Y-%m-%d at %H:%M UTC"),
            account.label
        ),
        _ => "Its token is written anew while the window or `keyfob watch` runs, and at every `keyfob token`."
            .to_owned(),
    }
}
