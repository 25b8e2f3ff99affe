//! What a person should know about a helper in Claude Code's settings, Keyfob's own above all.

use super::claude_code::goes_to;
use super::claude_code_warnings::{take_winner_away, warn};
use super::settings::{OurHelper, Settings};
use super::sources::{SOCKET, Sources, shown};
use super::{Candidate, Source, Warning, WarningCode};
use crate::status::Meaning;

/// Where Keyfob's own helper is the one that is used: that it gives nothing to this server, or nothing at all where the
/// server is the right one. None where it is another's.
pub(super) fn about_destination(
    sources: &Sources,
    host: &str,
    place: &str,
) -> Option<Vec<Warning>> {
    let gives = our_helper(sources)?.gives.as_ref()?;
    if goes_to(gives, sources) {
        return Some(Vec::new());
    }
    Some(vec![warn(
        WarningCode::SentElsewhere,
        Meaning::Act,
        format!(
            "Requests go to {host}, and \"{}\" is for {}: Keyfob's helper gives nothing here.",
            gives.label, gives.host
        ),
        format!("Take the address away ({place}), or connect an account of that server."),
    )])
}

/// Keyfob's own helper, where it is the one in force.
fn our_helper(sources: &Sources) -> Option<&OurHelper> {
    sources.helper()?.our_helper.as_ref()
}

pub(super) fn about_helper(sources: &Sources, winner: Option<&Candidate>) -> Vec<Warning> {
    let mut all = about_our_helper(sources);
    all.extend(about_missing_command(sources));
    all.extend(about_socket(sources, winner));
    all.extend(about_outranked_helper(sources, winner));
    all
}

/// One that is left in a settings file, of a connection that is gone.
fn about_our_helper(sources: &Sources) -> Vec<Warning> {
    let gone = |settings: &&Settings| {
        let ours = settings.our_helper.as_ref();
        ours.is_some_and(|ours| ours.gives.is_none())
    };
    let of = |settings: &Settings| {
        let ours = settings.our_helper.as_ref();
        let (what, cure) = match ours.and_then(|ours| ours.connection.as_ref()) {
            Some(id) => (
                "an account",
                format!("Run `keyfob disconnect {id}`, then `keyfob connect claude-code`."),
            ),
            None => (
                "a connection",
                "Take it out there, then run `keyfob connect claude-code`.".to_owned(),
            ),
        };
        let path = shown(&settings.path);
        let words = format!(
            "The apiKeyHelper in {path} asks Keyfob for {what} that is gone, and gets nothing."
        );
        warn(WarningCode::HelperGone, Meaning::Act, words, cure)
    };
    sources.settings.iter().filter(gone).map(of).collect()
}

/// One whose command was removed since it was connected.
fn about_missing_command(sources: &Sources) -> impl Iterator<Item = Warning> {
    sources.settings.iter().filter_map(|settings| {
        let ours = settings.our_helper.as_ref()?;
        let missing = ours.missing.as_ref().filter(|_| ours.gives.is_some())?;
        Some(warn(
            WarningCode::HelperGone,
            Meaning::Act,
            format!(
                "The apiKeyHelper in {} runs {}, which is not there any more: it gives nothing.",
                shown(&settings.path),
                shown(missing)
            ),
            "Connect it again with `keyfob connect claude-code`.".to_owned(),
        ))
    })
}

/// Through a socket Keyfob's helper gives nothing, because nobody can see who answers there.
fn about_socket(sources: &Sources, winner: Option<&Candidate>) -> Option<Warning> {
    let is_used = winner.is_some_and(|winner| winner.source == Source::ApiKeyHelper);
    our_helper(sources).filter(|ours| is_used && ours.gives.is_some())?;
    let place = sources.variable(SOCKET)?.place.words();
    Some(warn(
        WarningCode::SentElsewhere,
        Meaning::Act,
        format!("Requests go through a socket ({SOCKET}): Keyfob's helper gives nothing here."),
        format!("Take it away ({place})."),
    ))
}

fn about_outranked_helper(sources: &Sources, winner: Option<&Candidate>) -> Vec<Warning> {
    match (sources.helper(), winner) {
        (Some(settings), Some(winner)) if winner.source < Source::ApiKeyHelper => vec![warn(
            WarningCode::HelperOutranked,
            Meaning::Soon,
            format!(
                "The apiKeyHelper in {} is not what counts: {} outranks it.",
                settings.scope.words(),
                winner.name
            ),
            format!(
                "Should the helper be used? {}",
                take_winner_away(sources, winner)
            ),
        )],
        _ => Vec::new(),
    }
}
