//! Every combination of the sources, against an order that is written here once more as a plain list.

use super::test_words::sources;
use super::*;

/// Each source as one dimension: what may be said of it.
const DIMENSIONS: [&[&str]; 8] = [
    &["", "bedrock", "vertex", "foundry vertex"],
    &["", "token"],
    &["", "key", "key-approved", "key-rejected"],
    &["", "helper:user", "helper:managed helper:user"],
    &["", "oauth"],
    &[
        "",
        "work active-work",
        "work named",
        "work-federated active-work",
        "federation",
        "named",
    ],
    &["", "session", "session-ended", "session-without-inference"],
    &["", "login-key"],
];

fn combinations() -> Vec<String> {
    DIMENSIONS
        .iter()
        .fold(vec![String::new()], |rows, dimension| {
            let with = |row: &String| -> Vec<String> {
                dimension
                    .iter()
                    .map(|word| format!("{row} {word}"))
                    .collect()
            };
            rows.iter().flat_map(with).collect()
        })
}

/// The order of Claude Code as a list of what is said and what it stands for, the highest first.
fn expected_of_claude_code(row: &str) -> Vec<Source> {
    let says = |wanted: &str| {
        let words: Vec<&str> = row.split_whitespace().collect();
        wanted.split(' ').all(|w| words.contains(&w))
    };
    let strong = says("work named") || says("federation") || says("work-federated active-work");
    let list = [
        (says("bedrock"), Source::Bedrock),
        (says("foundry"), Source::Foundry),
        (says("vertex"), Source::Vertex),
        (says("token"), Source::AuthToken),
        (says("key") || says("key-approved"), Source::ApiKey),
        (says("helper:user"), Source::ApiKeyHelper),
        (says("oauth"), Source::OauthToken),
        (says("login-key") && strong, Source::LoginKey),
        (says("work named"), Source::NamedProfile),
        (says("federation"), Source::Federation),
        (says("work-federated active-work"), Source::ActiveProfile),
        (
            says("session") || says("session-ended"),
            Source::LoginSession,
        ),
        (says("login-key") && !strong, Source::LoginKey),
        (says("work active-work"), Source::ActiveProfile),
    ];
    list.iter().filter(|(so, _)| *so).map(|(_, s)| *s).collect()
}

fn expected_of_the_sdks(row: &str) -> Vec<Source> {
    let says = |wanted: &str| {
        let words: Vec<&str> = row.split_whitespace().collect();
        wanted.split(' ').all(|w| words.contains(&w))
    };
    let key = says("key") || says("key-approved") || says("key-rejected");
    let list = [
        (key, Source::ApiKey),
        (says("token"), Source::AuthToken),
        (says("work named"), Source::NamedProfile),
        (says("federation"), Source::Federation),
        (says("work-federated active-work"), Source::ActiveProfile),
        (says("work active-work"), Source::ActiveProfile),
    ];
    list.iter().filter(|(so, _)| *so).map(|(_, s)| *s).collect()
}

fn compare(tool: Tool, expected: fn(&str) -> Vec<Source>) {
    let rows = combinations();
    assert!(rows.len() > 5_000, "{}", rows.len());
    for row in &rows {
        let sources = sources(row);
        let answer = which(tool, &sources);
        let order: Vec<Source> = answer
            .winner
            .iter()
            .chain(&answer.outranked)
            .map(|c| c.source)
            .collect();
        assert_eq!(order, expected(row), "{row}");
        // What comes next is what wins where the winner is not there.
        match &answer.winner {
            None => assert_eq!(answer.next, None, "{row}"),
            Some(winner) => {
                let rest = which(tool, &sources.without(winner.source));
                assert_eq!(answer.next, rest.winner, "{row}");
                assert!(
                    answer.next.is_none_or(|next| next.source != winner.source),
                    "{row}"
                );
            }
        }
        for warning in &answer.warnings {
            assert!(
                !warning.words.is_empty() && warning.cure.ends_with('.'),
                "{row}: {warning:?}"
            );
        }
    }
}

#[test]
fn claude_code_in_every_combination() {
    compare(Tool::ClaudeCode, expected_of_claude_code);
}

#[test]
fn the_sdks_in_every_combination() {
    compare(Tool::AnthropicSdk, expected_of_the_sdks);
}
