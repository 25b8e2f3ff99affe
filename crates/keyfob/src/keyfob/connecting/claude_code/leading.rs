//! Where Claude Code's settings have to lead, so that a credential goes to its own server: the address, and the headers
//! that belonged to another one, which a gateway may have put a secret into.

use serde_json::Value;
use url::Url;

use super::Settings;
use crate::error::{Code, Error, Result};
use crate::hand_over::change::Change;
use crate::hand_over::connections::Connection;
use crate::hand_over::json_text::Setting;
use crate::keyfob::Keyfob;
use crate::keyfob::destination::{same_server, through_a_socket};
use crate::keyfob::given::{ANTHROPIC, Api, Whose};
use crate::keyfob::in_settings::InSettings;
use crate::keyfob::looking_around::managed_folder;
use crate::precedence::sources::{BASE_URL, HEADERS, host};

/// Where its settings say which server is asked.
pub(super) const ADDRESS: &[&str] = &["env", BASE_URL];

/// And what goes along with each request.
pub(super) const ITS_HEADERS: &[&str] = &["env", HEADERS];

/// What has to go into the settings beside the helper.
pub(super) struct Leading {
    /// The address; none where requests go to the right one anyway.
    pub(super) address: Option<String>,
    /// The headers that must not go there.
    pub(super) aside: Option<Aside>,
}

/// Headers for another server than the credential's.
pub(super) struct Aside {
    /// Who sets them.
    place: String,
    /// For which server.
    server: String,
    /// Whether they stand where nothing is there for them but the settings that are written.
    is_here: bool,
}

impl Leading {
    /// Whether these settings lead there already, by an earlier connection.
    pub(super) fn is_in(&self, settings: &Settings, earlier: &Connection) -> Result<bool> {
        let address = match &self.address {
            Some(address) => settings.file.value(ADDRESS)? == Some(address.as_str().into()),
            None => written(earlier, ADDRESS).is_none(),
        };
        let headers = match &self.aside {
            Some(_) => is_silent(settings)?,
            None => written(earlier, ITS_HEADERS).is_none(),
        };
        Ok(address && headers)
    }

    /// The values to be set. Headers that are set to nothing take away those of wider settings, and of the environment.
    pub(super) fn values(&self) -> Vec<(&'static [&'static str], Value)> {
        let address = self.address.as_deref();
        let address = address.map(|address| (ADDRESS, Value::from(address)));
        let headers = self.aside.as_ref().map(|_| (ITS_HEADERS, Value::from("")));
        address.into_iter().chain(headers).collect()
    }

    /// Whether headers that a person has set there are put aside.
    pub(super) fn puts_aside_here(&self, settings: &Settings) -> bool {
        let is_here = self.aside.as_ref().is_some_and(|aside| aside.is_here);
        is_here && !is_silent(settings).unwrap_or_default()
    }

    /// What becomes of headers, as a sentence.
    pub(super) fn words(&self, settings: &Settings) -> Option<String> {
        let aside = self.aside.as_ref()?;
        let path = settings.path.display();
        let back = "`keyfob disconnect` puts that back";
        Some(match aside.is_here {
            true => format!(
                "The headers in {path} ({HEADERS}) were for another server and are put aside; {back}."
            ),
            false => format!(
                "The headers from {} ({HEADERS}) are for another server, so {path} sets none in their place; {back}.",
                aside.place
            ),
        })
    }
}

impl Keyfob {
    /// What has to go into the settings so that the credential goes where it belongs, and nothing with it that does not
    /// belong there.
    pub(super) fn leading(
        &self,
        whose: &Whose,
        settings: &Settings,
        earlier: Option<&Connection>,
    ) -> Result<Leading> {
        let said = self.in_settings(settings.project.as_deref())?;
        let address = self.address_for(whose, settings, earlier, &said)?;
        let goes_to = address.as_deref().unwrap_or(ANTHROPIC);
        // Taking out an earlier one moves what outranks the helper, too.
        let was_ours = earlier.is_some_and(|one| written(one, ADDRESS).is_some());
        if address.is_some() || was_ours {
            self.check_nothing_outranks(whose, goes_to, settings.project.as_deref())?;
        }
        let aside =
            self.headers_of_another((goes_to, address.is_some()), settings, earlier, &said)?;
        Ok(Leading { address, aside })
    }

    /// The address; none where that is where Claude Code sends it anyway. What an earlier connection of ours has written
    /// there does not count.
    fn address_for(
        &self,
        whose: &Whose,
        settings: &Settings,
        earlier: Option<&Connection>,
        said: &InSettings,
    ) -> Result<Option<String>> {
        match &whose.api {
            Api::At(url) => return Ok(Some(address(url))),
            // Told before it comes to this.
            Api::NotSaid => return Ok(None),
            Api::Anthropic => {}
        }
        let elsewhere = |address: &str, place: &str| {
            Error::new(
                Code::Failed,
                format!(
                    "{BASE_URL} sends Claude Code to {}, and \"{}\" is for Anthropic's own API. It would be sent to the wrong server.",
                    host(address),
                    whose.account.label
                ),
                format!("Take {BASE_URL} away ({place}), or connect an account of that server."),
            )
        };
        if let Some(named) = self.0.edge.variable(BASE_URL) {
            let named = named.to_string_lossy();
            if !same_server(&named, ANTHROPIC) {
                return Err(elsewhere(&named, "the environment"));
            }
        }
        // Those that count more than these settings, these, and the wider ones, which these take the place of.
        let managed = managed_folder();
        for (named, path) in said.of(BASE_URL) {
            let is_here = path == settings.path;
            if is_here && earlier.is_some_and(|one| wrote(one, named)) {
                let theirs = earlier.and_then(|one| written(one, ADDRESS));
                // It is taken back; what a person had there before is not meant for this account.
                if theirs.is_some_and(Setting::replaced) {
                    return Ok(Some(ANTHROPIC.to_owned()));
                }
                continue;
            }
            if named.trim().is_empty() || same_server(named, ANTHROPIC) {
                return Ok(None);
            }
            let is_wider = settings.project.is_some() && !is_here && !path.starts_with(&managed);
            return match is_wider {
                true => Ok(Some(ANTHROPIC.to_owned())),
                false => Err(elsewhere(named, &path.display().to_string())),
            };
        }
        Ok(None)
    }

    /// The headers that would go along to another server than theirs. They are for the server that requests go to now;
    /// those that a person has set beside an address of ours are for that one.
    fn headers_of_another(
        &self,
        (goes_to, is_written): (&str, bool),
        settings: &Settings,
        earlier: Option<&Connection>,
        said: &InSettings,
    ) -> Result<Option<Aside>> {
        let around = |name: &str| {
            let text = self.0.edge.variable(name)?;
            Some(text.to_string_lossy().into_owned())
        };
        let around_now = around(BASE_URL);
        let now = said.first(BASE_URL).map(|(address, _)| address);
        let now = now.or(around_now.as_deref());
        let now = now.filter(|address| !address.trim().is_empty());
        let now = now.unwrap_or(ANTHROPIC);
        let aside = |place: String, is_here| Aside {
            place,
            server: host(now),
            is_here,
        };
        // They stay put aside as long as an address of ours is there; without one they are where they belong.
        if earlier.is_some_and(|one| written(one, ITS_HEADERS).is_some()) && is_silent(settings)? {
            let here = settings.path.display().to_string();
            return Ok(is_written.then(|| aside(here, true)));
        }
        let headers = said.first(HEADERS);
        let is_blank = match headers {
            Some((text, _)) => text.trim().is_empty(),
            None => around(HEADERS).is_none_or(|text| text.trim().is_empty()),
        };
        if is_blank || same_server(now, goes_to) {
            return Ok(None);
        }
        let Some((_, path)) = headers else {
            return Ok(Some(aside("the environment".to_owned(), false)));
        };
        let place = path.display().to_string();
        match path.starts_with(managed_folder()) {
            // They count for more than what is written here.
            true => Err(not_for(&aside(place, false), goes_to)),
            false => Ok(Some(aside(place, path == settings.path))),
        }
    }

    /// Through a socket everything goes to whoever listens there.
    pub(super) fn check_socket_here(&self, settings: &Settings) -> Result<()> {
        let said = self.in_settings(settings.project.as_deref())?;
        match self.socket(&said) {
            Some(place) => Err(through_a_socket(&place, "nothing was connected")),
            None => Ok(()),
        }
    }
}

/// What a person has set there is put aside only by the person's word.
pub(super) fn check_theirs(
    settings: &Settings,
    earlier: Option<&Connection>,
    leading: &Leading,
    replace: bool,
) -> Result<()> {
    if replace {
        return Ok(());
    }
    let path = settings.path.display();
    let there = settings.file.value(ADDRESS)?;
    let is_ours = |url: &str| earlier.is_some_and(|one| wrote(one, url));
    let other = there.as_ref().and_then(Value::as_str).filter(|there| {
        let there = there.trim_end_matches('/');
        let is_another = leading.address.as_deref().is_some_and(|url| url != there);
        !there.is_empty() && is_another && !is_ours(there)
    });
    if let Some(other) = other {
        return Err(Error::new(
            Code::Failed,
            format!(
                "In {path}, {BASE_URL} sends Claude Code to {}, and the credential is for another server.",
                host(other)
            ),
            "Add --replace to put its own server there; `keyfob disconnect` puts the other one back.",
        ));
    }
    match &leading.aside {
        Some(aside) if leading.puts_aside_here(settings) => Err(Error::new(
            Code::Failed,
            format!(
                "In {path} there are headers for {} ({HEADERS}), and the credential is for another server, which must not get them.",
                aside.server
            ),
            "Add --replace to put them aside; `keyfob disconnect` puts them back.",
        )),
        _ => Ok(()),
    }
}

fn not_for(aside: &Aside, goes_to: &str) -> Error {
    Error::new(
        Code::Failed,
        format!(
            "The headers in {} ({HEADERS}) are for {}, and would go along to {}.",
            aside.place,
            aside.server,
            host(goes_to)
        ),
        "Whoever looks after those settings can take them out; or connect an account of that server.",
    )
}

/// Whether these settings let no headers of others through.
fn is_silent(settings: &Settings) -> Result<bool> {
    let there = settings.file.value(ITS_HEADERS)?;
    Ok(there.is_some_and(|there| there.as_str() == Some("")))
}

/// Whether an earlier connection put this address there.
pub(super) fn wrote(one: &Connection, url: &str) -> bool {
    written(one, ADDRESS).is_some_and(|value| value.is.as_str() == Some(url))
}

/// What a connection put there.
fn written<'a>(one: &'a Connection, at: &[&str]) -> Option<&'a Setting> {
    let mut settings = one.changes.iter().filter_map(Change::settings);
    settings.find_map(|settings| settings.values.iter().find(|value| value.at == at))
}

/// As Claude Code takes it: it puts `/v1/messages` behind it.
pub(super) fn address(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}
