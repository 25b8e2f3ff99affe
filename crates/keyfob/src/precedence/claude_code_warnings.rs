//! What a person should know about what Claude Code uses, and what to do about it.

use super::claude_code::{
    active_profile, is_over, named_profile, ranked, usable_key, usable_session,
};
use super::helper_warnings::{about_destination, about_helper};
use super::settings::Scope;
use super::sources::{
    API_KEY, AUTH_TOKEN, Answer, BASE_URL, Broken, CLOUDS, FEDERATION_RULE, Fact, FileKind,
    IDENTITY_TOKEN, Kind, OAUTH_TOKEN, PROFILE, Place, SOCKET, Sources, is_anthropic, shown,
};
use super::{Bill, Candidate, Source, Warning, WarningCode};
use crate::hand_over::connections::ConnectionId;
use crate::status::Meaning;

pub(super) fn warn(code: WarningCode, meaning: Meaning, words: String, cure: String) -> Warning {
    Warning {
        code,
        meaning,
        words,
        cure,
    }
}

/// How to take a variable away, wherever it is set.
pub(super) fn take_away(name: &str, place: &Place) -> String {
    match place {
        Place::Environment => format!(
            "Take {name} out of the environment (`unset {name}`, and where your shell's profile sets it)."
        ),
        Place::Settings(_, path) => {
            format!("Take {name} out of the \"env\" of {}.", path.display())
        }
    }
}

/// How to take away what is used, so that the next one is.
pub(super) fn take_winner_away(sources: &Sources, winner: &Candidate) -> String {
    let variable = variable_of(winner.source);
    match variable.and_then(|name| Some((name, sources.variable(name)?))) {
        Some((name, found)) => take_away(name, &found.place),
        None if winner.source == Source::ApiKeyHelper => match connection_of_helper(sources) {
            // Taken out by hand it would leave its server's address there, and the next credential would go to that.
            Some(id) => format!("Run `keyfob disconnect {id}`."),
            None => format!("Take apiKeyHelper out of {}.", winner.place),
        },
        None => format!("Take {} away ({}).", winner.name, winner.place),
    }
}

/// The connection of the helper that counts, where that is Keyfob's own.
pub(crate) fn connection_of_helper(sources: &Sources) -> Option<&ConnectionId> {
    sources.helper()?.our_helper.as_ref()?.connection.as_ref()
}

/// What a person should know.
pub(crate) fn warnings(sources: &Sources) -> Vec<Warning> {
    let ranks = ranked(sources);
    let winner = ranks.first();
    let cloud = winner.is_some_and(|w| w.payer == Bill::Cloud);
    let mut all = Vec::new();
    all.extend(about_plan(sources, winner));
    all.extend(about_key(sources, winner));
    if !cloud {
        all.extend(about_several(sources));
        match about_socket(sources, winner) {
            Some(warning) => all.push(warning),
            None => all.extend(about_server(sources, winner)),
        }
    }
    all.extend(about_login_only(sources, cloud));
    all.extend(about_helper(sources, winner));
    all.extend(about_settings(sources, winner));
    all.extend(about_session(sources, winner));
    all.extend(about_profiles(sources));
    all.extend(about_two_folders(sources));
    all.extend(about_files(&sources.broken));
    all
}

fn about_plan(sources: &Sources, winner: Option<&Candidate>) -> Vec<Warning> {
    let mut all = Vec::new();
    let Some(winner) = winner else { return all };
    let by_plan = [Source::OauthToken, Source::LoginSession].contains(&winner.source);
    let has_plan = usable_session(sources).is_some_and(|session| session.plan.is_some());
    if has_plan && !by_plan {
        let cure = take_winner_away(sources, winner);
        all.push(warn(
            WarningCode::OutranksPlan,
            Meaning::Soon,
            format!(
                "Your plan is signed in to, and is not used here: {} outranks it.",
                winner.name
            ),
            format!("Should your plan pay? {cure}"),
        ));
    }
    if winner.source != Source::OauthToken && sources.variable(OAUTH_TOKEN).is_some() {
        all.push(warn(
            WarningCode::OauthTokenOutranked,
            Meaning::Soon,
            format!(
                "{OAUTH_TOKEN} is set and not used: {} outranks it.",
                winner.name
            ),
            format!("Should it be used? {}", take_winner_away(sources, winner)),
        ));
    }
    all
}

/// The variable that a source is set by.
pub(super) fn variable_of(source: Source) -> Option<&'static str> {
    Some(match source {
        Source::AuthToken => AUTH_TOKEN,
        Source::ApiKey => API_KEY,
        Source::OauthToken => OAUTH_TOKEN,
        Source::NamedProfile => PROFILE,
        Source::Federation => FEDERATION_RULE,
        cloud => CLOUDS.iter().find(|(_, source, _)| *source == cloud)?.0,
    })
}

fn about_key(sources: &Sources, winner: Option<&Candidate>) -> Vec<Warning> {
    let mut all = Vec::new();
    let Some(found) = sources.variable(API_KEY) else {
        return all;
    };
    if found.answer() == Answer::Rejected {
        all.push(warn(
            WarningCode::KeyRejected,
            Meaning::Soon,
            format!("{API_KEY} is set, and you told Claude Code not to use it. `claude -p` uses it all the same."),
            take_away(API_KEY, &found.place),
        ));
    }
    let wins = winner.is_some_and(|w| w.source == Source::ApiKey);
    if wins && found.answer() == Answer::NotAsked {
        all.push(warn(
            WarningCode::KeyAsksFirst,
            Meaning::Fine,
            "Claude Code asks once whether to use this key. It is used if you say Yes; if you say No, the next one is.".to_owned(),
            "`claude -p` does not ask, and uses it.".to_owned(),
        ));
    }
    let wrong = match found.kind() {
        Some(Kind::OauthToken) => Some((
            format!("{API_KEY} holds a token of a sign-in, which is no API key."),
            "Put an API key there, or take it away: a token of a sign-in stays with the program that it was issued to.".to_owned(),
        )),
        Some(Kind::AdminKey) => Some((
            format!("{API_KEY} holds an admin key, which no model can be used with."),
            "Make an ordinary API key, and set that.".to_owned(),
        )),
        _ => None,
    };
    if let Some((words, cure)) = wrong {
        all.push(warn(WarningCode::WrongKind, Meaning::Soon, words, cure));
    }
    all
}

/// What is sent in one request beside the winner, as it was seen.
fn about_several(sources: &Sources) -> Vec<Warning> {
    let key = usable_key(sources);
    let token = sources.variable(AUTH_TOKEN);
    let (first, second) = match (&token, &key, sources.helper()) {
        (Some(_), Some(_), _) => (AUTH_TOKEN, API_KEY),
        (Some(_), None, Some(_)) => (AUTH_TOKEN, "what apiKeyHelper prints"),
        (None, Some(_), Some(_)) => (API_KEY, "what apiKeyHelper prints"),
        (Some(_), None, None) if sources.login_key.is_some() => {
            (AUTH_TOKEN, "the API key of its sign-in to the Console")
        }
        _ => return Vec::new(),
    };
    vec![warn(
        WarningCode::SentTogether,
        Meaning::Soon,
        format!(
            "Claude Code sends two credentials with each request: {first} and {second}. Which of them counts is up to the server."
        ),
        "Leave only the one that is to be used.".to_owned(),
    )]
}

/// Seen: it goes before any address, and where the address is one of `http`, whoever listens there reads everything.
fn about_socket(sources: &Sources, winner: Option<&Candidate>) -> Option<Warning> {
    let found = sources.variable(SOCKET)?;
    // Of Keyfob's own helper something else is to be said.
    let is_ours = sources.helper().is_some_and(|s| s.our_helper.is_some());
    let winner = winner.filter(|w| w.source != Source::ApiKeyHelper || !is_ours)?;
    Some(warn(
        WarningCode::SentElsewhere,
        Meaning::Act,
        format!(
            "Requests go through a socket on this computer, and {} goes with them. Who answers there cannot be seen.",
            winner.name
        ),
        take_away(SOCKET, &found.place),
    ))
}

fn about_server(sources: &Sources, winner: Option<&Candidate>) -> Vec<Warning> {
    let Some(winner) = winner else {
        return Vec::new();
    };
    let of_profile = || {
        let profile = match winner.source {
            Source::NamedProfile => named_profile(sources),
            Source::ActiveProfile => active_profile(sources),
            _ => None,
        }?;
        Some((profile.host.clone()?, shown(&profile.path)))
    };
    let of_variable = || {
        let found = sources.variable(BASE_URL)?;
        Some((found.plain()?.to_owned(), found.place.words()))
    };
    let Some((host, place)) = of_variable().or_else(of_profile) else {
        return Vec::new();
    };
    if winner.source == Source::ApiKeyHelper
        && let Some(about) = about_destination(sources, &host, &place)
    {
        return about;
    }
    if is_anthropic(&host) {
        return Vec::new();
    }
    vec![warn(
        WarningCode::SentElsewhere,
        Meaning::Soon,
        format!("Requests go to {host}, and {} goes with them.", winner.name),
        format!(
            "That is right for a gateway of your company or your own. If you do not know it, take the address away: it is set in {place}."
        ),
    )]
}

fn about_login_only(sources: &Sources, cloud: bool) -> Vec<Warning> {
    let managed = |s: &&super::settings::Settings| s.scope == Scope::Managed && s.login_only;
    let Some(settings) = sources.settings.iter().find(managed) else {
        return Vec::new();
    };
    let other = sources.variable(AUTH_TOKEN).map(|_| AUTH_TOKEN);
    let other = other.or(sources.variable(API_KEY).map(|_| API_KEY));
    let other = other.or(sources.helper().map(|_| "apiKeyHelper"));
    match other {
        Some(other) if !cloud => vec![warn(
            WarningCode::LoginOnly,
            Meaning::Act,
            format!(
                "Your organization allows a sign-in alone ({}): while {other} is set, Claude Code refuses to start.",
                shown(&settings.path)
            ),
            match connection_of_helper(sources).filter(|_| other == "apiKeyHelper") {
                Some(id) => {
                    format!("Run `keyfob disconnect {id}`, then sign in with `claude auth login`.")
                }
                None => format!("Take {other} away, then sign in with `claude auth login`."),
            },
        )],
        _ => Vec::new(),
    }
}

fn about_settings(sources: &Sources, winner: Option<&Candidate>) -> Vec<Warning> {
    let mut all = Vec::new();
    for name in [AUTH_TOKEN, API_KEY, OAUTH_TOKEN, IDENTITY_TOKEN] {
        let Some(found) = sources.variable(name) else {
            continue;
        };
        let Place::Settings(scope, path) = &found.place else {
            continue;
        };
        let over = match sources.shell_variable(name) {
            Some(_) => " in place of the one in the environment",
            None => "",
        };
        let words = format!(
            "{name} is set by {} ({}){over}, for every Claude Code that reads them.",
            scope.words(),
            shown(path)
        );
        let way = match name {
            API_KEY => "Add it with `keyfob add-key`, and take it out there.",
            OAUTH_TOKEN => "Sign in with `claude auth login` in its place, and take it out there.",
            _ => "Take it out there if you do not need it.",
        };
        let cure = format!("A credential in a settings file is in plain text. {way}");
        all.push(warn(WarningCode::SetBySettings, Meaning::Soon, words, cure));
    }
    for settings in &sources.settings {
        let secret = |value: &super::sources::Value| matches!(value.fact, Fact::Secret { .. });
        if settings.open_to_others && settings.env.values().any(secret) {
            all.push(warn(
                WarningCode::ReadableByOthers,
                Meaning::Act,
                format!(
                    "Others on this computer can read {}, and a credential is in it.",
                    shown(&settings.path)
                ),
                format!(
                    "Run `chmod 600 {}`, or take the credential out.",
                    shown(&settings.path)
                ),
            ));
        }
    }
    all.extend(about_trust(sources, winner));
    all
}

fn about_trust(sources: &Sources, winner: Option<&Candidate>) -> Option<Warning> {
    let winner = winner.filter(|_| !sources.trusted)?;
    let needs_trust = sources
        .settings
        .iter()
        .any(|s| s.scope.needs_trust() && shown(&s.path) == winner.place);
    needs_trust.then(|| {
        warn(
            WarningCode::NotTrusted,
            Meaning::Soon,
            format!(
                "This folder's settings decide what is used ({}), and Claude Code has not been told to trust the folder. It asks first, and ends if you say No; `claude -p` does not ask.",
                winner.place
            ),
            "Read that file before you trust the folder: a helper is a command that is run as you.".to_owned(),
        )
    })
}

fn about_session(sources: &Sources, winner: Option<&Candidate>) -> Vec<Warning> {
    let mut all = Vec::new();
    let wins = winner.is_some_and(|w| w.source == Source::LoginSession);
    if wins && usable_session(sources).is_some_and(|s| is_over(s, sources)) {
        all.push(warn(
            WarningCode::SessionEnded,
            Meaning::Act,
            "Claude Code's session has ended, and nothing outranks it: Claude Code will ask you to sign in.".to_owned(),
            "Run `claude auth login`.".to_owned(),
        ));
    }
    if sources.session_not_looked_into {
        all.push(warn(
            WarningCode::NotLookedInto,
            Meaning::Fine,
            "Claude Code keeps its own sign-in in this system's keychain, and that was not looked into.".to_owned(),
            "Link it in Keyfob, which looks there once when you ask for it.".to_owned(),
        ));
    }
    all
}

fn about_profiles(sources: &Sources) -> Vec<Warning> {
    let Some(found) = sources.variable(PROFILE) else {
        return Vec::new();
    };
    match (found.plain(), named_profile(sources)) {
        (Some(name), None) => vec![warn(
            WarningCode::ProfileMissing,
            Meaning::Soon,
            format!(
                "{PROFILE} names \"{name}\", and no such profile is signed in. Claude Code passes it over; the Anthropic SDKs stop with an error."
            ),
            format!("Sign in with `ant auth login --profile {name}`, or take {PROFILE} away."),
        )],
        _ => Vec::new(),
    }
}

/// Programs that look for profiles in different folders.
pub(super) fn about_two_folders(sources: &Sources) -> Option<Warning> {
    let (here, python) = sources.two_folders.as_ref()?;
    Some(warn(
        WarningCode::TwoFolders,
        Meaning::Soon,
        format!(
            "XDG_CONFIG_HOME is set: Claude Code and the TypeScript SDK look for profiles in {}, the Python SDK in {}.",
            shown(here),
            shown(python)
        ),
        "Set ANTHROPIC_CONFIG_DIR to the folder of your profiles, which all of them heed."
            .to_owned(),
    ))
}

/// Files that are not in this answer, because they could not be understood.
pub(super) fn about_files(broken: &[Broken]) -> impl Iterator<Item = Warning> {
    broken.iter().map(|file| {
        let path = shown(&file.path);
        let why = &file.why;
        let words = match file.kind {
            FileKind::Settings => format!(
                "Keyfob could not read {path} ({why}), so what that says is not in this answer. Claude Code may read it all the same; where it may name another server, Keyfob's helper gives nothing."
            ),
            FileKind::OfClaudeCode | FileKind::Profile => {
                format!("{path} could not be understood, and counts for nothing here: {why}.")
            }
        };
        warn(
            WarningCode::FileBroken,
            Meaning::Act,
            words,
            "Correct the file. Keyfob leaves it as it is.".to_owned(),
        )
    })
}
