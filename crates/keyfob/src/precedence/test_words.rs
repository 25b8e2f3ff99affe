//! Sources in words, for tests: `"key session"` is an API key in the environment and a session.

use std::path::PathBuf;

use super::settings::{Scope, Settings};
use super::sources::*;

fn now() -> jiff::Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn secret(kind: Kind, answer: Answer) -> Value {
    Value::new(Fact::Secret {
        kind,
        last_four: Some("9f2A".to_owned()),
        answer,
    })
}

fn plain(text: &str) -> Value {
    Value::new(Fact::Plain(text.to_owned()))
}

fn settings_of(sources: &mut Sources, scope: Scope) -> &mut Settings {
    let path = PathBuf::from(format!("/settings/{scope:?}.json"));
    if !sources.settings.iter().any(|s| s.scope == scope) {
        sources.settings.push(Settings {
            scope,
            path,
            env: Variables::new(),
            has_helper: false,
            our_helper: None,
            login_only: false,
            open_to_others: false,
        });
        sources.settings.sort_by_key(|s| s.scope);
    }
    let mut all = sources.settings.iter_mut();
    all.find(|s| s.scope == scope).unwrap()
}

fn scope(word: &str) -> Scope {
    match word {
        "managed" => Scope::Managed,
        "local" => Scope::Local,
        "project" => Scope::Project,
        "user" => Scope::User,
        _ => panic!("{word} is no scope"),
    }
}

/// The variables that a word sets.
fn variables(word: &str) -> Vec<(&'static str, Value)> {
    let key = |answer| vec![(API_KEY, secret(Kind::ApiKey, answer))];
    match word {
        "bedrock" => vec![("CLAUDE_CODE_USE_BEDROCK", plain("1"))],
        "foundry" => vec![("CLAUDE_CODE_USE_FOUNDRY", plain("true"))],
        "aws" => vec![("CLAUDE_CODE_USE_ANTHROPIC_AWS", plain("yes"))],
        "mantle" => vec![("CLAUDE_CODE_USE_MANTLE", plain("on"))],
        "vertex" => vec![("CLAUDE_CODE_USE_VERTEX", plain("1"))],
        "bedrock-off" => vec![("CLAUDE_CODE_USE_BEDROCK", plain("0"))],
        "token" => vec![(AUTH_TOKEN, secret(Kind::Other, Answer::NotAsked))],
        "no-token" => vec![(AUTH_TOKEN, Value::new(Fact::Empty))],
        "key" => key(Answer::NotAsked),
        "key-approved" => key(Answer::Approved),
        "key-rejected" => key(Answer::Rejected),
        "key-odd" => vec![(API_KEY, secret(Kind::Other, Answer::Approved))],
        "key-oauth" => vec![(API_KEY, secret(Kind::OauthToken, Answer::Approved))],
        "key-admin" => vec![(API_KEY, secret(Kind::AdminKey, Answer::Approved))],
        "no-key" => vec![(API_KEY, Value::new(Fact::Empty))],
        "oauth" => vec![(OAUTH_TOKEN, secret(Kind::OauthToken, Answer::NotAsked))],
        "named" => vec![(PROFILE, plain("work"))],
        "elsewhere" => vec![(BASE_URL, plain("llm.example.com"))],
        "at-home" => vec![(BASE_URL, plain("api.anthropic.com"))],
        "federation" => vec![
            (FEDERATION_RULE, plain("set")),
            (ORGANIZATION, plain("set")),
            (IDENTITY_TOKEN, secret(Kind::Other, Answer::NotAsked)),
        ],
        "half-federation" => vec![(FEDERATION_RULE, plain("set"))],
        _ => panic!("{word} sets no variable"),
    }
}

fn profile(name: &str, federated: bool, signed_in: bool) -> Profile {
    Profile {
        name: name.to_owned(),
        path: PathBuf::from(format!("/anthropic/configs/{name}.json")),
        federated,
        signed_in,
        renewable: true,
        expires_at: None,
        host: None,
        account: None,
        kept: None,
    }
}

fn session() -> Session {
    Session {
        place: "/claude/.credentials.json".to_owned(),
        expires_at: Some(now() + jiff::SignedDuration::from_hours(8)),
        sign_in_ends_at: None,
        renewable: true,
        for_inference: true,
        plan: Some("max".to_owned()),
        account: None,
    }
}

/// What the words describe. A folder is trusted unless they say `untrusted`.
pub(super) fn sources(words: &str) -> Sources {
    let mut all = Sources {
        now: now(),
        trusted: true,
        ..Sources::default()
    };
    let ended = Some(now() - jiff::SignedDuration::from_hours(1));
    for word in words.split_whitespace() {
        match word.split_once(':') {
            Some(("helper", at)) => settings_of(&mut all, scope(at)).has_helper = true,
            Some(("login-only", at)) => settings_of(&mut all, scope(at)).login_only = true,
            Some(("open", at)) => settings_of(&mut all, scope(at)).open_to_others = true,
            Some((at, word)) => {
                let settings = settings_of(&mut all, scope(at));
                for (name, value) in variables(word) {
                    settings.env.insert(name.to_owned(), value);
                }
            }
            None => match word {
                "untrusted" => all.trusted = false,
                "work" => all.profiles.all.push(profile("work", false, true)),
                "work-federated" => all.profiles.all.push(profile("work", true, false)),
                "work-signed-out" => all.profiles.all.push(profile("work", false, false)),
                "work-ended" => all.profiles.all.push(Profile {
                    renewable: false,
                    expires_at: ended,
                    ..profile("work", false, true)
                }),
                "work-elsewhere" => all.profiles.all.push(Profile {
                    host: Some("llm.example.com".to_owned()),
                    ..profile("work", false, true)
                }),
                "work-ours" => all.profiles.all.push(Profile {
                    host: Some("llm.example.com".to_owned()),
                    kept: Some(crate::account::Payer::Company),
                    ..profile("work", false, true)
                }),
                "default" => all.profiles.all.push(profile("default", false, true)),
                "active-work" => all.profiles.active = Some("work".to_owned()),
                "session" => all.session = Some(session()),
                "session-ended" => {
                    all.session = Some(Session {
                        expires_at: ended,
                        renewable: false,
                        ..session()
                    });
                }
                "session-renewable" => {
                    all.session = Some(Session {
                        expires_at: ended,
                        ..session()
                    });
                }
                "session-without-inference" => {
                    all.session = Some(Session {
                        for_inference: false,
                        ..session()
                    });
                }
                "session-without-plan" => {
                    all.session = Some(Session {
                        plan: None,
                        ..session()
                    });
                }
                "xdg" => {
                    all.two_folders = Some(("/xdg/anthropic".into(), "/.config/anthropic".into()))
                }
                "keychain" => all.session_not_looked_into = true,
                "login-key" => all.login_key = Some(PathBuf::from("/home/.claude.json")),
                "broken-settings" => all.broken.push(Broken {
                    path: PathBuf::from("/settings/User.json"),
                    why: "line 1, column 2".to_owned(),
                    kind: FileKind::Settings,
                }),
                word => {
                    for (name, value) in variables(word) {
                        all.shell.insert(name.to_owned(), value);
                    }
                }
            },
        }
    }
    all
}
