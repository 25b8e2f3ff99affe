//! What Claude Code uses. The order is that of its documentation where it was seen to hold, and else what version
//! 2.1.197 was seen to send to a server (`tests/claude_code.rs` compares with the real program).

use super::settings::{Gives, Settings};
use super::sources::{
    API_KEY, AUTH_TOKEN, Answer, BASE_URL, CLOUDS, FEDERATION_RULE, Found, IDENTITY_TOKEN,
    IDENTITY_TOKEN_FILE, Kind, OAUTH_TOKEN, ORGANIZATION, PROFILE, Profile, SOCKET, Session,
    Sources, is_anthropic, is_on, shown,
};
use super::{Bill, Candidate, Source, of_variable};

/// Everything it could use, the one that it does use first.
pub(crate) fn ranked(sources: &Sources) -> Vec<Candidate> {
    let elsewhere = base_host(sources).is_some_and(|host| !is_anthropic(&host));
    let honest = |bill: Bill| if elsewhere { Bill::NotKnown } else { bill };
    let mut ranks: Vec<Candidate> = clouds(sources).collect();

    if let Some(found) = sources.variable(AUTH_TOKEN) {
        ranks.push(of_variable(
            Source::AuthToken,
            AUTH_TOKEN,
            &found,
            Bill::NotKnown,
        ));
    }
    // A key that the person said No to is passed over in the terminal.
    if let Some(found) = usable_key(sources) {
        let bill = honest(bill_of_key(&found));
        ranks.push(of_variable(Source::ApiKey, API_KEY, &found, bill));
    }
    if let Some(settings) = sources.helper() {
        ranks.push(of_helper(settings, sources));
    }
    if let Some(found) = sources.variable(OAUTH_TOKEN) {
        let bill = honest(Bill::Plan);
        ranks.push(of_variable(Source::OauthToken, OAUTH_TOKEN, &found, bill));
    }

    let strong = strong_profile(sources, elsewhere);
    let weak = active_profile(sources).filter(|profile| !profile.federated);
    let weak = weak.map(|profile| of_profile(Source::ActiveProfile, profile, sources, elsewhere));
    let session = usable_session(sources).map(|session| of_session(session, sources, elsewhere));
    let key = sources.login_key.as_ref().map(|path| Candidate {
        source: Source::LoginKey,
        name: "the API key of Claude Code's sign-in to the Console".to_owned(),
        place: shown(path),
        owner: "Claude Code".to_owned(),
        payer: honest(Bill::Api),
        state: "Stored; nobody asked a server whether it works".to_owned(),
        account: None,
        label: None,
    });
    // Seen, and written nowhere: a profile that outranks the session brings the sign-in's API key above both.
    let rest: [Vec<Candidate>; 4] = match strong.is_empty() {
        false => [
            key.into_iter().collect(),
            strong,
            session.into_iter().collect(),
            weak.into_iter().collect(),
        ],
        true => [
            session.into_iter().collect(),
            key.into_iter().collect(),
            weak.into_iter().collect(),
            Vec::new(),
        ],
    };
    ranks.extend(rest.into_iter().flatten());
    ranks
}

fn of_helper(settings: &Settings, sources: &Sources) -> Candidate {
    let theirs = Candidate {
        source: Source::ApiKeyHelper,
        name: format!("the apiKeyHelper in {}", settings.scope.words()),
        place: shown(&settings.path),
        owner: settings.scope.owner().to_owned(),
        payer: Bill::NotKnown,
        state: "Run when a key is needed; Keyfob does not run it".to_owned(),
        account: None,
        label: None,
    };
    let Some(ours) = &settings.our_helper else {
        return theirs;
    };
    let name = format!("Keyfob's helper in {}", settings.scope.words());
    match &ours.gives {
        Some(gives) => Candidate {
            name,
            payer: gives.payer,
            state: match goes_to(gives, sources) {
                _ if ours.missing.is_some() => {
                    "It gives nothing: its command is not there any more".to_owned()
                }
                true => gives.state.clone(),
                false => "It gives nothing here: requests go to another server".to_owned(),
            },
            account: Some(gives.account.clone()),
            label: Some(gives.label.clone()),
            ..theirs
        },
        None => Candidate {
            name,
            state: "It gives nothing: its connection is gone".to_owned(),
            ..theirs
        },
    }
}

/// Whether requests go where the credential of Keyfob's helper belongs.
pub(super) fn goes_to(gives: &Gives, sources: &Sources) -> bool {
    if sources.variable(SOCKET).is_some() || clouds(sources).next().is_some() {
        return false;
    }
    let host = base_host(sources);
    host.as_deref().unwrap_or("api.anthropic.com") == gives.host
}

fn clouds(sources: &Sources) -> impl Iterator<Item = Candidate> {
    CLOUDS.iter().filter_map(|(variable, source, name)| {
        let found = sources.variable(variable)?;
        found.plain().filter(|text| is_on(text))?;
        Some(Candidate {
            source: *source,
            name: format!("{name}, switched on by {variable}"),
            place: found.place.words(),
            owner: "your cloud provider".to_owned(),
            payer: Bill::Cloud,
            state: "The cloud provider's own credentials are used; Keyfob does not look at them"
                .to_owned(),
            account: None,
            label: None,
        })
    })
}

pub(super) fn usable_key(sources: &Sources) -> Option<Found> {
    sources
        .variable(API_KEY)
        .filter(|found| found.answer() != Answer::Rejected)
}

pub(super) fn bill_of_key(found: &Found) -> Bill {
    match found.kind() {
        Some(Kind::ApiKey | Kind::AdminKey) => Bill::Api,
        _ => Bill::NotKnown,
    }
}

pub(super) fn named_profile(sources: &Sources) -> Option<&Profile> {
    let found = sources.variable(PROFILE)?;
    sources
        .profiles
        .named(found.plain()?)
        .filter(|p| p.usable())
}

pub(super) fn active_profile(sources: &Sources) -> Option<&Profile> {
    match named_profile(sources) {
        // The one that is named is the active one, and counts once.
        Some(_) => None,
        None => sources.profiles.active().filter(|p| p.usable()),
    }
}

/// Whether federation is set by variables alone, and in which place.
pub(super) fn federation(variable: impl Fn(&str) -> Option<Found>) -> Option<Found> {
    variable(ORGANIZATION)?;
    variable(IDENTITY_TOKEN).or_else(|| variable(IDENTITY_TOKEN_FILE))?;
    variable(FEDERATION_RULE)
}

/// The profiles that outrank the session: a named one, federation by variables, an active one of federation.
fn strong_profile(sources: &Sources, elsewhere: bool) -> Vec<Candidate> {
    let mut strong = Vec::new();
    if let Some(profile) = named_profile(sources) {
        strong.push(of_profile(
            Source::NamedProfile,
            profile,
            sources,
            elsewhere,
        ));
    }
    if let Some(found) = federation(|name| sources.variable(name)) {
        strong.push(of_federation(&found, elsewhere));
    }
    if let Some(profile) = active_profile(sources).filter(|profile| profile.federated) {
        strong.push(of_profile(
            Source::ActiveProfile,
            profile,
            sources,
            elsewhere,
        ));
    }
    strong
}

pub(super) fn of_federation(found: &Found, elsewhere: bool) -> Candidate {
    Candidate {
        source: Source::Federation,
        name: format!("workload identity federation, by {FEDERATION_RULE}"),
        place: found.place.words(),
        owner: found.place.owner(),
        payer: if elsewhere { Bill::NotKnown } else { Bill::Api },
        state: "Exchanged for a token when one is needed; nobody asked a server whether it works"
            .to_owned(),
        account: None,
        label: None,
    }
}

pub(super) fn of_profile(
    source: Source,
    profile: &Profile,
    sources: &Sources,
    is_sent_elsewhere: bool,
) -> Candidate {
    let adjective = match source {
        Source::NamedProfile => "",
        _ => "active ",
    };
    let elsewhere = is_sent_elsewhere || profile.host.as_deref().is_some_and(|h| !is_anthropic(h));
    let ended = profile.expires_at.is_some_and(|end| end <= sources.now);
    let state = match (profile.federated, ended, profile.renewable) {
        (true, ..) => "Exchanged for a token when one is needed",
        (_, false, _) => "Signed in; nobody asked a server whether it works",
        (_, true, true) => "Its token has ended; whoever uses it renews it",
        (_, true, false) if profile.kept.is_some() => {
            "Its token has ended; Keyfob writes the next one as soon as it runs"
        }
        (_, true, false) => "Its token has ended, and only its owner can renew it",
    };
    Candidate {
        source,
        name: format!("the {adjective}Anthropic profile \"{}\"", profile.name),
        place: shown(&profile.path),
        owner: if profile.kept.is_some() {
            "Keyfob"
        } else {
            "ant"
        }
        .to_owned(),
        payer: match profile.kept {
            // The address in a profile of ours is its account's own.
            Some(payer) if !is_sent_elsewhere => payer.into(),
            None if !elsewhere => Bill::Api,
            _ => Bill::NotKnown,
        },
        state: state.to_owned(),
        account: profile.account.as_ref().map(|a| a.0.clone()),
        label: profile.account.as_ref().map(|a| a.1.clone()),
    }
}

pub(super) fn usable_session(sources: &Sources) -> Option<&Session> {
    sources.session.as_ref().filter(|s| s.for_inference)
}

/// Whether a session can only be had again by signing in.
pub(super) fn is_over(session: &Session, sources: &Sources) -> bool {
    let over = |end: Option<jiff::Timestamp>| end.is_some_and(|end| end <= sources.now);
    over(session.sign_in_ends_at) || (over(session.expires_at) && !session.renewable)
}

fn of_session(session: &Session, sources: &Sources, elsewhere: bool) -> Candidate {
    let ended = session.expires_at.is_some_and(|end| end <= sources.now);
    let state = match (is_over(session, sources), ended) {
        (true, _) => "It has ended; sign in again",
        (false, true) => "Its token has ended; Claude Code renews it when it is used",
        (false, false) => "Signed in; nobody asked a server whether it works",
    };
    let plan = session.plan.as_deref().map_or_else(
        || "Claude Code's own sign-in".to_owned(),
        |plan| format!("Claude Code's own sign-in ({plan})"),
    );
    Candidate {
        source: Source::LoginSession,
        name: plan,
        place: session.place.clone(),
        owner: "Claude Code".to_owned(),
        payer: match session.plan {
            Some(_) if !elsewhere => Bill::Plan,
            _ => Bill::NotKnown,
        },
        state: state.to_owned(),
        account: session.account.as_ref().map(|a| a.0.clone()),
        label: session.account.as_ref().map(|a| a.1.clone()),
    }
}

/// The server that requests go to, where a variable names one.
fn base_host(sources: &Sources) -> Option<String> {
    Some(sources.variable(BASE_URL)?.plain()?.to_owned())
}

/// What holds always.
pub(crate) fn notes() -> Vec<String> {
    vec![
        "Settings that an organization sends by its server or its device management are not seen from here.".to_owned(),
        "This is what the terminal uses. `claude -p` asks nothing first: it takes ANTHROPIC_API_KEY even where you once said No, and a folder's settings even where the folder is not trusted.".to_owned(),
    ]
}
