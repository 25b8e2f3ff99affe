use super::*;
use crate::keyfob::which::tests::{Computer, KEY, SESSION};

fn found(computer: &Computer) -> Vec<(String, DiscoveredAction)> {
    let found = computer.keyfob().discover().unwrap();
    let said = serde_json::to_string(&found).unwrap();
    assert!(!said.contains("PLANTED"), "{said}");
    // Of a session's token, and of a gateway's, not even the end.
    assert!(!said.contains("5678") && !said.contains("1234"), "{said}");
    found.into_iter().map(|f| (f.key, f.action)).collect()
}

fn pair(key: &str, action: DiscoveredAction) -> (String, DiscoveredAction) {
    (key.to_owned(), action)
}

#[test]
fn an_empty_computer_has_nothing_to_find() {
    assert_eq!(found(&Computer::new()), []);
}

#[test]
fn each_thing_is_found_once_with_what_can_be_done() {
    let settings =
        format!(r#"{{"apiKeyHelper":"echo PLANTED","env":{{"ANTHROPIC_API_KEY":"{KEY}"}}}}"#);
    let computer = Computer::new()
        .file(".claude/.credentials.json", SESSION)
        .file(".claude/settings.json", &settings)
        .set("ANTHROPIC_API_KEY", KEY)
        .set("ANTHROPIC_AUTH_TOKEN", "PLANTED-PLANTED-PLANTED-1234")
        .set(
            "CLAUDE_CODE_OAUTH_TOKEN",
            "sk-ant-oat01-PLANTED-PLANTED-5678",
        );
    let file = computer.path(".claude/settings.json");
    use DiscoveredAction::{Import, Link, OnlyShown};
    assert_eq!(
        found(&computer),
        [
            pair("claude-code", Link),
            pair("variable:ANTHROPIC_AUTH_TOKEN", OnlyShown),
            pair("variable:ANTHROPIC_API_KEY:9f2A", Import),
            pair("variable:CLAUDE_CODE_OAUTH_TOKEN", OnlyShown),
            pair(&format!("helper:{file}"), OnlyShown),
            pair(&format!("settings:{file}:ANTHROPIC_API_KEY"), OnlyShown),
        ]
    );
}

#[test]
fn each_variable_says_what_can_be_done_with_it() {
    let computer = Computer::new()
        .set("ANTHROPIC_API_KEY", "sk-ant-oat01-PLANTED-PLANTED-1111")
        .set("ANTHROPIC_OAUTH_TOKEN", "PLANTED-PLANTED-PLANTED-2222")
        .set("ANTHROPIC_IDENTITY_TOKEN", "PLANTED-PLANTED-PLANTED-3333")
        .set("CLAUDE_ACCESS_TOKEN", "PLANTED-PLANTED-PLANTED-4444");
    let said = |computer: &Computer| {
        let found = computer.keyfob().discover().unwrap();
        assert!(
            found
                .iter()
                .all(|f| f.action == DiscoveredAction::OnlyShown)
        );
        let found = found.into_iter();
        found
            .map(|f| (f.key, f.payer, f.command))
            .collect::<Vec<_>>()
    };
    let key = |key: &str| format!("variable:{key}");
    let mut expected = vec![
        (key("ANTHROPIC_API_KEY"), Bill::NotKnown, None),
        (key("ANTHROPIC_OAUTH_TOKEN"), Bill::Plan, None),
        (key("ANTHROPIC_IDENTITY_TOKEN"), Bill::NotKnown, None),
    ];
    assert_eq!(said(&computer), expected);

    let computer = computer.set("CLAUDE_USE_OAUTH", "1");
    let command = "keyfob import --from-environment CLAUDE_ACCESS_TOKEN --provider ID";
    let command = Some(command.to_owned());
    expected.insert(2, (key("CLAUDE_ACCESS_TOKEN"), Bill::NotKnown, command));
    assert_eq!(said(&computer), expected);
}

#[test]
fn a_credential_in_the_settings_has_the_cure_that_fits_it() {
    for (name, value, cure) in [
        ("ANTHROPIC_API_KEY", KEY, "`keyfob add-key`"),
        ("ANTHROPIC_API_KEY", "PLANTED", "if you do not need it"),
        ("ANTHROPIC_AUTH_TOKEN", "PLANTED", "if you do not need it"),
        ("CLAUDE_CODE_OAUTH_TOKEN", "PLANTED", "`claude auth login`"),
    ] {
        let settings = format!(r#"{{"env":{{"{name}":"{value}"}}}}"#);
        let computer = Computer::new().file(".claude/settings.json", &settings);
        let found = computer.keyfob().discover().unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].about.contains(cure), "{}", found[0].about);
    }
}

#[tokio::test]
async fn what_is_linked_is_not_found_again_and_nothing_of_it_is_touched() {
    let computer = Computer::new().file(".claude/.credentials.json", SESSION);
    let keyfob = computer.keyfob();
    let status = keyfob.take_discovered("claude-code").await.unwrap();
    assert_eq!(status.method, crate::account::Method::ClaudeCode);
    assert_eq!(found(&computer), []);
    let credentials = computer.path(".claude/.credentials.json");
    assert_eq!(std::fs::read_to_string(credentials).unwrap(), SESSION);
    // Which account it is, the precedence says too.
    let which = keyfob
        .which(&[crate::precedence::Tool::ClaudeCode], None)
        .unwrap();
    assert_eq!(which[0].winner.as_ref().unwrap().account, Some(status.id));
    let again = keyfob.take_discovered("claude-code").await.unwrap_err();
    assert_eq!(again.code, Code::Usage);
}

#[tokio::test]
async fn what_is_ignored_stays_away_until_everything_is_shown_again() {
    let computer = Computer::new()
        .file(".claude/.credentials.json", SESSION)
        .set(
            "CLAUDE_CODE_OAUTH_TOKEN",
            "sk-ant-oat01-PLANTED-PLANTED-5678",
        );
    let keyfob = computer.keyfob();
    let token = "variable:CLAUDE_CODE_OAUTH_TOKEN";
    let refused = keyfob.take_discovered(token).await.unwrap_err();
    assert!(refused.message.contains("only shown"), "{refused}");
    keyfob.ignore_discovered(token).unwrap();
    assert_eq!(
        found(&computer),
        [pair("claude-code", DiscoveredAction::Link)]
    );
    assert_eq!(
        keyfob.ignore_discovered(token).unwrap_err().code,
        Code::Usage
    );
    keyfob.ignore_nothing().unwrap();
    assert_eq!(found(&computer).len(), 2);
    assert_eq!(
        keyfob.take_discovered("nothing").await.unwrap_err().code,
        Code::Usage
    );
}

#[test]
fn a_broken_list_of_the_ignored_is_said() {
    let computer = Computer::new().file("keyfob/discovered.json", "{");
    let error = computer.keyfob().discover().unwrap_err();
    assert!(error.message.contains("discovered.json"), "{error}");
}
