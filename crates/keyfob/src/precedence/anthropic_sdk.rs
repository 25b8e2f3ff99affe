//! What the Anthropic SDKs use. The order is that of the Python SDK 2.12 and the TypeScript SDK 1.12, and was seen to
//! hold for both against a server on this computer.

use super::claude_code::{bill_of_key, federation, of_federation, of_profile};
use super::claude_code_warnings::{about_files, about_two_folders, take_away, variable_of};
use super::sources::{
    API_KEY, AUTH_TOKEN, BASE_URL, FileKind, Kind, PROFILE, Sources, is_anthropic, shown,
};
use super::{Bill, Candidate, Source, Warning, WarningCode, of_variable};
use crate::status::Meaning;

/// Everything they could use, the one that they do use first.
pub(crate) fn ranked(sources: &Sources) -> Vec<Candidate> {
    let host = base_host(sources);
    let elsewhere = host.is_some_and(|host| !is_anthropic(&host));
    let mut ranks = Vec::new();
    if let Some(found) = sources.shell_variable(API_KEY) {
        let bill = if elsewhere {
            Bill::NotKnown
        } else {
            bill_of_key(&found)
        };
        ranks.push(of_variable(Source::ApiKey, API_KEY, &found, bill));
    }
    if let Some(found) = sources.shell_variable(AUTH_TOKEN) {
        let bill = Bill::NotKnown;
        ranks.push(of_variable(Source::AuthToken, AUTH_TOKEN, &found, bill));
    }
    if let Some(found) = sources.shell_variable(PROFILE) {
        let named = found.plain().and_then(|name| sources.profiles.named(name));
        match named.filter(|profile| profile.usable()) {
            Some(profile) => {
                let source = Source::NamedProfile;
                ranks.push(of_profile(source, profile, sources, elsewhere));
            }
            // A profile that is named and cannot be used is an error, and nothing below is looked at.
            None => return ranks,
        }
    }
    if let Some(found) = federation(|name| sources.shell_variable(name)) {
        ranks.push(of_federation(&found, elsewhere));
    }
    let named = sources.shell_variable(PROFILE).is_some();
    if let Some(profile) = sources.profiles.active().filter(|p| p.usable() && !named) {
        let source = Source::ActiveProfile;
        ranks.push(of_profile(source, profile, sources, elsewhere));
    }
    ranks
}

fn base_host(sources: &Sources) -> Option<String> {
    Some(sources.shell_variable(BASE_URL)?.plain()?.to_owned())
}

/// What holds always.
pub(crate) fn notes() -> Vec<String> {
    vec![
        "A credential that a program gives in its own code (`api_key=`, `auth_token=`, `profile=`) outranks all of this, and cannot be seen from here.".to_owned(),
        "Older SDKs differ: those without profiles know the two variables alone, and send both where both are set.".to_owned(),
    ]
}

/// What a person should know.
pub(crate) fn warnings(sources: &Sources) -> Vec<Warning> {
    let ranks = ranked(sources);
    let winner = ranks.first();
    let mut all = Vec::new();
    let mut say = |code, meaning, words: String, cure: String| {
        all.push(Warning {
            code,
            meaning,
            words,
            cure,
        });
    };
    let key = sources.shell_variable(API_KEY);
    if key.is_some() && sources.shell_variable(AUTH_TOKEN).is_some() {
        say(
            WarningCode::OtherOrder,
            Meaning::Soon,
            format!(
                "{API_KEY} and {AUTH_TOKEN} are both set. The SDKs take the key; Claude Code puts the token first and sends both."
            ),
            "Leave only the one that is to be used.".to_owned(),
        );
    }
    match key.as_ref().and_then(|found| found.kind()) {
        Some(Kind::OauthToken) => say(
            WarningCode::WrongKind,
            Meaning::Soon,
            format!("{API_KEY} holds a token of a sign-in, which is no API key."),
            "Put an API key there, or take it away: a token of a sign-in stays with the program that it was issued to.".to_owned(),
        ),
        Some(Kind::AdminKey) => say(
            WarningCode::WrongKind,
            Meaning::Soon,
            format!("{API_KEY} holds an admin key, which no model can be used with."),
            "Make an ordinary API key, and set that.".to_owned(),
        ),
        _ => {}
    }
    let named = sources.shell_variable(PROFILE);
    let named = named.as_ref().and_then(|found| found.plain());
    let usable = |name: &str| sources.profiles.named(name).is_some_and(|p| p.usable());
    let none = winner.is_none();
    let outcome = match none {
        true => "The SDKs stop with an error, and look no further.",
        false => "It does not matter while something outranks it.",
    };
    let meaning = if none { Meaning::Act } else { Meaning::Fine };
    // One that lies in the other folder needs no new sign-in.
    let elsewhere = || {
        let (_, python) = sources.two_folders.as_ref()?;
        Some(format!(
            "If it lies in {python}, set ANTHROPIC_CONFIG_DIR={python}, because XDG_CONFIG_HOME leads some programs away from it. Else: ",
            python = shown(python)
        ))
    };
    match (named, &sources.profiles.active) {
        (Some(name), _) if !usable(name) => say(
            WarningCode::ProfileMissing,
            meaning,
            match &sources.two_folders {
                None => {
                    format!(
                        "{PROFILE} names \"{name}\", and no such profile is signed in. {outcome}"
                    )
                }
                Some((here, _)) => format!(
                    "{PROFILE} names \"{name}\", and {} holds no such profile that is signed in. {outcome}",
                    shown(here)
                ),
            },
            elsewhere().unwrap_or_default()
                + &format!(
                    "Sign in with `ant auth login --profile {name}`, or take {PROFILE} away."
                ),
        ),
        (None, Some(name)) if !usable(name) => say(
            WarningCode::ProfileMissing,
            meaning,
            format!("The active profile is \"{name}\", and it is not signed in. {outcome}"),
            elsewhere().unwrap_or_default()
                + &format!("Sign in with `ant auth login --profile {name}`."),
        ),
        _ => {}
    }
    if let Some(winner) = winner {
        let outranked = ranks.iter().skip(1).find(|candidate| {
            matches!(
                candidate.source,
                Source::NamedProfile | Source::ActiveProfile | Source::Federation
            )
        });
        if let (Some(outranked), Some(name)) = (outranked, variable_of(winner.source))
            && matches!(winner.source, Source::ApiKey | Source::AuthToken)
            && let Some(found) = sources.shell_variable(name)
        {
            say(
                WarningCode::OutranksPlan,
                Meaning::Soon,
                format!(
                    "You have {}, and it is not used: {} outranks it.",
                    outranked.name, winner.name
                ),
                take_away(name, &found.place),
            );
        }
        let profile = match winner.source {
            Source::NamedProfile | Source::ActiveProfile => {
                let mut all = sources.profiles.all.iter();
                all.find(|profile| shown(&profile.path) == winner.place)
            }
            _ => None,
        };
        // Of a profile that Keyfob made, the address is its account's own.
        let profiles_own = profile.filter(|profile| profile.kept.is_none());
        let host = base_host(sources).or_else(|| profiles_own?.host.clone());
        if let Some(host) = host.filter(|host| !is_anthropic(host)) {
            say(
                WarningCode::SentElsewhere,
                Meaning::Soon,
                format!("Requests go to {host}, and {} goes with them.", winner.name),
                format!(
                    "That is right for a gateway of your company or your own. If you do not know it, take the address away ({BASE_URL}, or the profile's base_url)."
                ),
            );
        }
        if profile.is_some_and(|profile| profile.has_ended(sources.now)) {
            say(
                WarningCode::SessionEnded,
                Meaning::Act,
                format!("The token of {} has ended.", winner.name),
                match profile.is_some_and(|profile| profile.kept.is_some()) {
                    true => "Let `keyfob watch` or the window run; `keyfob token` writes the next one at once.",
                    false => "Sign in with `ant auth login`, or let whoever renews it do so.",
                }
                .to_owned(),
            );
        }
    }
    all.extend(about_two_folders(sources));
    let theirs: Vec<_> = sources
        .broken
        .iter()
        .filter(|f| f.kind == FileKind::Profile)
        .cloned()
        .collect();
    all.extend(about_files(&theirs));
    all
}
