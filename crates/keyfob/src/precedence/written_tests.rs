//! Single cases with what is expected of each, written out by hand.

use super::test_words::sources;
use super::*;

use Source::*;

/// What is there, what Claude Code uses, who pays.
#[rustfmt::skip]
const CLAUDE_CODE: &[(&str, Option<Source>, Bill)] = &[
    ("", None, Bill::NotKnown),
    ("session", Some(LoginSession), Bill::Plan),
    ("session-ended", Some(LoginSession), Bill::Plan),
    ("session-renewable", Some(LoginSession), Bill::Plan),
    ("session-without-plan", Some(LoginSession), Bill::NotKnown),
    ("session-without-inference", None, Bill::NotKnown),
    ("session-without-inference login-key", Some(LoginKey), Bill::Api),
    ("session elsewhere", Some(LoginSession), Bill::NotKnown),
    ("session at-home", Some(LoginSession), Bill::Plan),
    ("login-key", Some(LoginKey), Bill::Api),
    ("login-key session", Some(LoginSession), Bill::Plan),
    ("login-key session-ended", Some(LoginSession), Bill::Plan),
    ("key", Some(ApiKey), Bill::Api),
    ("key-odd", Some(ApiKey), Bill::NotKnown),
    ("key-oauth", Some(ApiKey), Bill::NotKnown),
    ("key elsewhere", Some(ApiKey), Bill::NotKnown),
    ("key session", Some(ApiKey), Bill::Api),
    ("key-approved session", Some(ApiKey), Bill::Api),
    ("key-rejected session", Some(LoginSession), Bill::Plan),
    ("key-rejected", None, Bill::NotKnown),
    ("key-rejected helper:user", Some(ApiKeyHelper), Bill::NotKnown),
    ("key-rejected login-key", Some(LoginKey), Bill::Api),
    ("token", Some(AuthToken), Bill::NotKnown),
    ("token key", Some(AuthToken), Bill::NotKnown),
    ("token session", Some(AuthToken), Bill::NotKnown),
    ("token helper:user", Some(AuthToken), Bill::NotKnown),
    ("token oauth", Some(AuthToken), Bill::NotKnown),
    ("key oauth", Some(ApiKey), Bill::Api),
    ("key helper:user", Some(ApiKey), Bill::Api),
    ("helper:user", Some(ApiKeyHelper), Bill::NotKnown),
    ("helper:user oauth session", Some(ApiKeyHelper), Bill::NotKnown),
    ("helper:project", Some(ApiKeyHelper), Bill::NotKnown),
    ("oauth", Some(OauthToken), Bill::Plan),
    ("oauth session", Some(OauthToken), Bill::Plan),
    ("oauth login-key", Some(OauthToken), Bill::Plan),
    ("oauth named work", Some(OauthToken), Bill::Plan),
    ("named work", Some(NamedProfile), Bill::Api),
    ("named work session", Some(NamedProfile), Bill::Api),
    ("named work key", Some(ApiKey), Bill::Api),
    ("named work token", Some(AuthToken), Bill::NotKnown),
    ("named work helper:user", Some(ApiKeyHelper), Bill::NotKnown),
    ("named work login-key", Some(LoginKey), Bill::Api),
    ("named work login-key session", Some(LoginKey), Bill::Api),
    ("named work-elsewhere", Some(NamedProfile), Bill::NotKnown),
    ("named work-ours", Some(NamedProfile), Bill::Company),
    ("named work-ours elsewhere", Some(NamedProfile), Bill::NotKnown),
    ("named", None, Bill::NotKnown),
    ("named session", Some(LoginSession), Bill::Plan),
    ("named work-signed-out", None, Bill::NotKnown),
    ("named default", Some(ActiveProfile), Bill::Api),
    ("work active-work", Some(ActiveProfile), Bill::Api),
    ("work active-work session", Some(LoginSession), Bill::Plan),
    ("work active-work login-key", Some(LoginKey), Bill::Api),
    ("work", None, Bill::NotKnown),
    ("default", Some(ActiveProfile), Bill::Api),
    ("default session", Some(LoginSession), Bill::Plan),
    ("work-federated active-work session", Some(ActiveProfile), Bill::Api),
    ("federation", Some(Federation), Bill::Api),
    ("federation session", Some(Federation), Bill::Api),
    ("federation login-key", Some(LoginKey), Bill::Api),
    ("federation named work", Some(NamedProfile), Bill::Api),
    ("half-federation session", Some(LoginSession), Bill::Plan),
    ("bedrock", Some(Bedrock), Bill::Cloud),
    ("bedrock-off", None, Bill::NotKnown),
    ("bedrock token key helper:user oauth session", Some(Bedrock), Bill::Cloud),
    ("bedrock foundry aws mantle vertex", Some(Bedrock), Bill::Cloud),
    ("foundry aws mantle vertex", Some(Foundry), Bill::Cloud),
    ("aws mantle vertex", Some(AnthropicAws), Bill::Cloud),
    ("mantle vertex", Some(Mantle), Bill::Cloud),
    ("vertex session", Some(Vertex), Bill::Cloud),
    ("user:key session", Some(ApiKey), Bill::Api),
    ("user:no-key key session", Some(LoginSession), Bill::Plan),
    ("user:no-token token key", Some(ApiKey), Bill::Api),
    ("project:bedrock key", Some(Bedrock), Bill::Cloud),
    ("user:oauth session", Some(OauthToken), Bill::Plan),
    ("user:named work session", Some(NamedProfile), Bill::Api),
    ("managed:key-rejected user:key-approved", None, Bill::NotKnown),
    ("local:token project:key", Some(AuthToken), Bill::NotKnown),
];

/// What the SDKs use.
#[rustfmt::skip]
const SDKS: &[(&str, Option<Source>, Bill)] = &[
    ("", None, Bill::NotKnown),
    ("session", None, Bill::NotKnown),
    ("oauth session login-key helper:user", None, Bill::NotKnown),
    ("user:key", None, Bill::NotKnown),
    ("bedrock", None, Bill::NotKnown),
    ("key", Some(ApiKey), Bill::Api),
    ("key-rejected", Some(ApiKey), Bill::Api),
    ("user:no-key key", Some(ApiKey), Bill::Api),
    ("key elsewhere", Some(ApiKey), Bill::NotKnown),
    ("token", Some(AuthToken), Bill::NotKnown),
    ("key token", Some(ApiKey), Bill::Api),
    ("token named work", Some(AuthToken), Bill::NotKnown),
    ("named work", Some(NamedProfile), Bill::Api),
    ("named work-elsewhere", Some(NamedProfile), Bill::NotKnown),
    ("named work-ours", Some(NamedProfile), Bill::Company),
    ("named work-ours elsewhere", Some(NamedProfile), Bill::NotKnown),
    ("named", None, Bill::NotKnown),
    ("named default", None, Bill::NotKnown),
    ("named federation", None, Bill::NotKnown),
    ("named work federation", Some(NamedProfile), Bill::Api),
    ("federation work active-work", Some(Federation), Bill::Api),
    ("half-federation work active-work", Some(ActiveProfile), Bill::Api),
    ("work active-work", Some(ActiveProfile), Bill::Api),
    ("work", None, Bill::NotKnown),
    ("default", Some(ActiveProfile), Bill::Api),
    ("default active-work", None, Bill::NotKnown),
];

#[test]
fn claude_code() {
    compare(Tool::ClaudeCode, CLAUDE_CODE);
}

#[test]
fn the_sdks() {
    compare(Tool::AnthropicSdk, SDKS);
}

fn compare(tool: Tool, rows: &[(&str, Option<Source>, Bill)]) {
    for (row, source, bill) in rows {
        let answer = which(tool, &sources(row));
        let winner = answer.winner.as_ref();
        assert_eq!(winner.map(|w| w.source), *source, "{row}");
        assert_eq!(winner.map_or(Bill::NotKnown, |w| w.payer), *bill, "{row}");
    }
}

/// What is there, and what is warned of; nothing else may be.
#[rustfmt::skip]
const WARNINGS: &[(&str, &[WarningCode])] = &[
    ("", &[]),
    ("session", &[]),
    ("key-approved", &[]),
    ("key", &[WarningCode::KeyAsksFirst]),
    ("key-approved session", &[WarningCode::OutranksPlan]),
    ("token session", &[WarningCode::OutranksPlan]),
    ("bedrock session", &[WarningCode::OutranksPlan]),
    ("helper:user session", &[WarningCode::OutranksPlan]),
    ("oauth session", &[]),
    ("key-approved session-without-plan", &[]),
    ("key-rejected session", &[WarningCode::KeyRejected]),
    ("token key-approved", &[WarningCode::SentTogether]),
    ("token helper:user", &[WarningCode::SentTogether, WarningCode::HelperOutranked]),
    ("key-approved helper:user", &[WarningCode::SentTogether, WarningCode::HelperOutranked]),
    ("bedrock helper:user", &[WarningCode::HelperOutranked]),
    ("key-approved oauth", &[WarningCode::OauthTokenOutranked]),
    ("session elsewhere", &[WarningCode::SentElsewhere]),
    ("session at-home", &[]),
    ("bedrock elsewhere", &[]),
    ("named work-elsewhere", &[WarningCode::SentElsewhere]),
    ("user:key-approved", &[WarningCode::SetBySettings]),
    ("user:key-approved open:user", &[WarningCode::ReadableByOthers, WarningCode::SetBySettings]),
    ("open:user helper:user", &[]),
    ("helper:project untrusted", &[WarningCode::NotTrusted]),
    ("project:bedrock untrusted", &[WarningCode::NotTrusted]),
    ("helper:user untrusted", &[]),
    ("helper:project", &[]),
    ("session-ended", &[WarningCode::SessionEnded]),
    ("session-renewable", &[]),
    ("session-ended key-approved", &[WarningCode::OutranksPlan]),
    ("login-only:managed session", &[]),
    ("login-only:managed key-approved", &[WarningCode::LoginOnly]),
    ("login-only:managed helper:user", &[WarningCode::LoginOnly]),
    ("login-only:managed bedrock", &[]),
    ("login-only:user key-approved", &[]),
    ("named session", &[WarningCode::ProfileMissing]),
    ("broken-settings", &[WarningCode::FileBroken]),
    ("keychain", &[WarningCode::NotLookedInto]),
    ("xdg session", &[WarningCode::TwoFolders]),
    ("token login-key", &[WarningCode::SentTogether]),
    ("token login-key helper:user", &[WarningCode::SentTogether, WarningCode::HelperOutranked]),
    ("key-oauth", &[WarningCode::WrongKind]),
    ("key-admin", &[WarningCode::WrongKind]),
];

#[rustfmt::skip]
const WARNINGS_OF_THE_SDKS: &[(&str, &[WarningCode])] = &[
    ("", &[]),
    ("key", &[]),
    ("key session", &[]),
    ("key token", &[WarningCode::OtherOrder]),
    ("key named work", &[WarningCode::OutranksPlan]),
    ("key named", &[WarningCode::ProfileMissing]),
    ("named", &[WarningCode::ProfileMissing]),
    ("default active-work", &[WarningCode::ProfileMissing]),
    ("named work-ended", &[WarningCode::SessionEnded]),
    ("named work-elsewhere", &[WarningCode::SentElsewhere]),
    ("key elsewhere", &[WarningCode::SentElsewhere]),
    ("key-oauth", &[WarningCode::WrongKind]),
    ("broken-settings", &[]),
    ("xdg key", &[WarningCode::TwoFolders]),
];

#[test]
fn warnings_are_given_where_they_belong_and_nowhere_else() {
    for (tool, rows) in [
        (Tool::ClaudeCode, WARNINGS),
        (Tool::AnthropicSdk, WARNINGS_OF_THE_SDKS),
    ] {
        for (row, expected) in rows {
            let answer = which(tool, &sources(row));
            let codes: Vec<_> = answer.warnings.iter().map(|w| w.code).collect();
            assert_eq!(codes, *expected, "{tool:?} {row}: {:#?}", answer.warnings);
        }
    }
}

#[test]
fn a_profile_may_lie_in_the_other_folder() {
    let cure_of = |words: &str| {
        let warnings = which(Tool::AnthropicSdk, &sources(words)).warnings;
        let missing = warnings
            .iter()
            .find(|w| w.code == WarningCode::ProfileMissing);
        missing.unwrap().cure.clone()
    };
    assert!(cure_of("named").starts_with("Sign in with"));
    let cure = cure_of("named xdg");
    let first = "If it lies in /.config/anthropic, set ANTHROPIC_CONFIG_DIR=/.config/anthropic";
    assert!(cure.starts_with(first), "{cure}");
    assert!(cure.contains("ant auth login --profile work"), "{cure}");
}

#[test]
fn what_is_set_twice_is_taken_from_where_it_counts() {
    for (row, place) in [
        (
            "key managed:key local:key project:key user:key",
            "/settings/Managed.json",
        ),
        ("key local:key project:key user:key", "/settings/Local.json"),
        ("key project:key user:key", "/settings/Project.json"),
        ("key user:key", "/settings/User.json"),
        ("key", "the environment"),
        (
            "helper:user helper:project helper:local helper:managed",
            "/settings/Managed.json",
        ),
        (
            "helper:user helper:project helper:local",
            "/settings/Local.json",
        ),
        ("helper:user helper:project", "/settings/Project.json"),
    ] {
        let answer = which(Tool::ClaudeCode, &sources(row));
        assert_eq!(answer.winner.unwrap().place, place, "{row}");
    }
}

#[test]
fn what_comes_next_is_said_as_sentences() {
    let words = |row: &str| which(Tool::ClaudeCode, &sources(row)).if_it_failed;
    assert!(
        words("key session")
            .contains("Without it, this would be used: Claude Code's own sign-in (max).")
    );
    assert!(words("key").contains("nothing would be left"));
    assert!(words("").contains("Not logged in"));
    // Without the named profile the session comes before the key of the sign-in.
    let answer = which(Tool::ClaudeCode, &sources("named work login-key session"));
    assert_eq!(answer.next.unwrap().source, NamedProfile);
}

#[test]
fn switches_are_read_as_claude_code_reads_them() {
    use super::sources::{host, is_on};
    for text in ["1", "true", "TRUE", "yes", "on", " 1 "] {
        assert!(is_on(text), "{text}");
    }
    for text in ["", "0", "false", "no", "off", "2", "x"] {
        assert!(!is_on(text), "{text}");
    }
    assert_eq!(
        host("https://u:PLANTED@llm.example.com:8443/PLANTED?k=PLANTED"),
        "llm.example.com:8443"
    );
    assert_eq!(host("PLANTED"), "an address that cannot be read");
}
