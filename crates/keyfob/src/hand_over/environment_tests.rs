use std::collections::BTreeMap;

use super::*;

const KEY: &str = "sk-ant-api03-ours";
const OTHERS: [(&str, &str); 6] = [
    ("ANTHROPIC_API_KEY", "their-key"),
    ("ANTHROPIC_AUTH_TOKEN", "their-token"),
    ("CLAUDE_CODE_OAUTH_TOKEN", "their-session"),
    ("ANTHROPIC_PROFILE", "theirs"),
    ("CLAUDE_CODE_USE_BEDROCK", "1"),
    ("CLAUDE_CONFIG_DIR", "/theirs"),
];

fn planned(what: &What<'_>, server: &Server, around: &[(&str, &str)]) -> Environment {
    let around: BTreeMap<&str, &str> = around.iter().copied().collect();
    let now = |name: &str| around.get(name).map(OsString::from);
    plan(what, server, now, crate::precedence::sources::host)
}

/// What a program that is started so finds, as name and value.
fn found(plan: &Environment, around: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = around
        .iter()
        .filter(|(name, _)| !plan.removed.contains(name))
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    for variable in &plan.set {
        assert!(!plan.removed.contains(&variable.name), "{}", variable.name);
        let value = match &variable.value {
            Value::Secret(secret) => secret.expose().to_owned(),
            Value::Plain(text) => text.to_str().unwrap().to_owned(),
        };
        all.insert(variable.name.to_owned(), value);
    }
    all
}

fn pairs(all: &[(&str, &str)]) -> BTreeMap<String, String> {
    let all = all.iter();
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn each_kind_leaves_itself_alone() {
    let key = Secret::new(KEY);
    let token = Secret::new("our-token");
    let rows: [(What<'_>, &[(&str, &str)]); 4] = [
        (
            What::Key(&key, None),
            &[("ANTHROPIC_API_KEY", KEY), ("CLAUDE_CONFIG_DIR", "/theirs")],
        ),
        (
            What::Bearer(&token),
            &[
                ("ANTHROPIC_AUTH_TOKEN", "our-token"),
                ("ANTHROPIC_BETAS", "oauth-2025-04-20"),
                (HEADERS, "anthropic-beta: oauth-2025-04-20"),
                ("CLAUDE_CONFIG_DIR", "/theirs"),
            ],
        ),
        (
            What::Session(Some(Path::new("/ours"))),
            &[("CLAUDE_CONFIG_DIR", "/ours")],
        ),
        (What::Session(None), &[]),
    ];
    for (what, expected) in rows {
        let mut expected = pairs(expected);
        let plan = planned(&what, &Server::Anthropics, &OTHERS);
        assert_eq!(found(&plan, &OTHERS), expected);
        // The same where nothing else is set, but for what was not ours to take out.
        expected.retain(|_, value| value != "/theirs");
        let plan = planned(&what, &Server::Anthropics, &[]);
        assert_eq!(found(&plan, &[]), expected);
        assert!(plan.outranked.is_empty(), "{plan:?}");
    }
}

#[test]
fn what_was_there_is_named_and_what_was_not_is_not() {
    let token = Secret::new("our-token");
    let around = [
        ("ANTHROPIC_API_KEY", "their-key"),
        ("ANTHROPIC_AUTH_TOKEN", "their-token"),
        ("ANTHROPIC_IDENTITY_TOKEN_FILE", "/run/token"),
        ("PATH", "/bin"),
    ];
    let plan = planned(&What::Bearer(&token), &Server::NotSaid, &around);
    assert_eq!(
        plan.outranked,
        ["ANTHROPIC_API_KEY", "ANTHROPIC_IDENTITY_TOKEN_FILE"]
    );
    assert_eq!(
        found(&plan, &around),
        pairs(&[("ANTHROPIC_AUTH_TOKEN", "our-token"), ("PATH", "/bin")])
    );
}

/// Everything that the order of the tools depends on is either set by us or taken out, but for where profiles and
/// Claude Code's own files lie.
#[test]
fn nothing_that_outranks_is_left() {
    let key = Secret::new(KEY);
    for name in crate::precedence::sources::names() {
        for what in [
            What::Key(&key, None),
            What::Bearer(&key),
            What::Session(None),
        ] {
            let around = [(name, "https://theirs.example")];
            let plan = planned(&what, &Server::Anthropics, &around);
            let left = found(&plan, &around);
            assert_ne!(
                left.get(name).map(String::as_str),
                Some("https://theirs.example"),
                "{name}"
            );
        }
    }
}

#[test]
fn a_credential_goes_to_its_own_server_alone() {
    let key = Secret::new(KEY);
    let what = What::Key(&key, None);
    let at = Server::At("https://gateway.example/".to_owned());
    let base = |plan: &Environment, around: &[(&str, &str)]| found(plan, around).remove(BASE_URL);
    let theirs = [(BASE_URL, "https://user:pw@theirs.example:8443/x?y=z")];
    type Row<'a> = (
        &'a Server,
        &'a [(&'a str, &'a str)],
        Option<&'a str>,
        Option<&'a str>,
    );
    let rows: [Row<'_>; 9] = [
        (&Server::Anthropics, &[], None, None),
        (
            &Server::Anthropics,
            &theirs,
            None,
            Some("theirs.example:8443"),
        ),
        (
            &Server::Anthropics,
            &[(BASE_URL, "https://api.anthropic.com/")],
            None,
            None,
        ),
        (
            &Server::Anthropics,
            &[(BASE_URL, "nonsense")],
            None,
            Some("an address that cannot be read"),
        ),
        (&at, &[], Some("https://gateway.example"), None),
        (
            &at,
            &theirs,
            Some("https://gateway.example"),
            Some("theirs.example:8443"),
        ),
        (
            &at,
            &[(BASE_URL, "https://gateway.example")],
            Some("https://gateway.example"),
            None,
        ),
        (&Server::NotSaid, &[], None, None),
        (&Server::NotSaid, &theirs, Some(theirs[0].1), None),
    ];
    for (server, around, expected, other) in rows {
        let plan = planned(&what, server, around);
        assert_eq!(base(&plan, around).as_deref(), expected, "{server:?}");
        assert_eq!(plan.other_server.as_deref(), other, "{server:?} {around:?}");
    }
    let plan = planned(&what, &Server::NotSaid, &theirs);
    assert_eq!(plan.unsaid_server.as_deref(), Some("theirs.example:8443"));
    // A way that only Claude Code takes leads elsewhere too.
    let socket = [("ANTHROPIC_UNIX_SOCKET", "/theirs")];
    let plan = planned(&what, &at, &socket);
    assert_eq!(plan.outranked, ["ANTHROPIC_UNIX_SOCKET"]);
}

#[test]
fn headers_that_are_credentials_do_not_go_along() {
    let key = Secret::new(KEY);
    let headers = |workspace: Option<&str>, before: &str| {
        let around = [(HEADERS, before)];
        let around = if before.is_empty() { &[][..] } else { &around };
        let plan = planned(&What::Key(&key, workspace), &Server::Anthropics, around);
        let left = plan.headers_left_out;
        (found(&plan, around).remove(HEADERS), left)
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(headers(None, ""), (None, false));
    assert_eq!(headers(None, "x-team: a"), (some("x-team: a"), false));
    assert_eq!(
        headers(
            None,
            "x-team: a\r\nAUTHORIZATION : Bearer theirs\nx-more: b"
        ),
        (some("x-team: a\nx-more: b"), true)
    );
    assert_eq!(headers(None, "X-Api-Key: theirs"), (None, true));
    assert_eq!(
        headers(Some("wrkspc_1"), ""),
        (some("anthropic-workspace-id: wrkspc_1"), false)
    );
    assert_eq!(
        headers(
            Some("wrkspc_1"),
            "x-team: a\nAnthropic-Workspace-Id: wrkspc_2\n\n"
        ),
        (some("x-team: a\nanthropic-workspace-id: wrkspc_1"), true)
    );
}

#[test]
fn an_access_token_of_anthropics_goes_with_its_beta() {
    let at = Server::At("https://gateway.example".to_owned());
    let around = [
        ("ANTHROPIC_BETAS", "one-1, two-2"),
        (HEADERS, "x-team: a\nAnthropic-Beta : three-3,"),
    ];
    let told = |token: &str, server: &Server, around: &[(&str, &str)]| {
        let token = Secret::new(token);
        let mut found = found(&planned(&What::Bearer(&token), server, around), around);
        (found.remove("ANTHROPIC_BETAS"), found.remove(HEADERS))
    };
    let some = |betas: &str, headers: &str| (Some(betas.to_owned()), Some(headers.to_owned()));
    let with = some(
        "one-1,two-2,oauth-2025-04-20",
        "x-team: a\nanthropic-beta: three-3,oauth-2025-04-20",
    );
    assert_eq!(told("sk-ant-oat01-a", &Server::Anthropics, &around), with);
    // To another server than the environment's own only ours go.
    let ours = some(
        "one-1,two-2,oauth-2025-04-20",
        "anthropic-beta: oauth-2025-04-20",
    );
    assert_eq!(told("sk-ant-oat01-a", &at, &around), ours);
    let there = [&around[..], &[(BASE_URL, "https://gateway.example/")]].concat();
    assert_eq!(told("sk-ant-oat01-a", &at, &there), with);
    assert_eq!(told("federated", &Server::Anthropics, &around), with);
    // A gateway's own token needs none, and what is there stays as it is.
    let before = some(around[0].1, around[1].1);
    assert_eq!(told("their-own", &at, &there), before);
    assert_eq!(told("their-own", &Server::NotSaid, &[]), (None, None));
    let twice = [("ANTHROPIC_BETAS", "oauth-2025-04-20")];
    let (betas, _) = told("sk-ant-oat01-a", &at, &twice);
    assert_eq!(betas.as_deref(), Some("oauth-2025-04-20"));
}

#[test]
fn nothing_of_a_plan_shows_a_secret() {
    let key = Secret::new(KEY);
    let around = [(HEADERS, "x-team: hunter2")];
    let plan = planned(
        &What::Key(&key, Some("wrkspc_1")),
        &Server::Anthropics,
        &around,
    );
    let shown = format!("{plan:?}");
    assert!(
        !shown.contains("ours") && !shown.contains("hunter2"),
        "{shown}"
    );
}

/// What one gateway is sent beside a credential is no other server's, whatever it calls it.
#[test]
fn headers_of_one_server_do_not_go_to_another() {
    let key = Secret::new(KEY);
    let headers = "x-litellm-api-key: theirs\ncf-access-client-secret: theirs";
    let at = Server::At("https://gateway.example".to_owned());
    let session = Server::Anthropics;
    let rows = [
        (
            What::Key(&key, None),
            &at,
            Some("https://theirs.example"),
            None,
        ),
        // Nothing was named: they were for Anthropic's own.
        (What::Key(&key, None), &at, None, None),
        (
            What::Key(&key, None),
            &at,
            Some("https://gateway.example/"),
            Some(headers),
        ),
        (
            What::Key(&key, None),
            &Server::Anthropics,
            Some("https://theirs.example"),
            None,
        ),
        (
            What::Key(&key, Some("wrkspc_1")),
            &Server::Anthropics,
            Some("https://theirs.example"),
            Some("anthropic-workspace-id: wrkspc_1"),
        ),
        (
            What::Key(&key, None),
            &Server::Anthropics,
            None,
            Some(headers),
        ),
        (
            What::Session(None),
            &session,
            Some("https://theirs.example"),
            None,
        ),
        (
            What::Key(&key, None),
            &Server::NotSaid,
            Some("https://theirs.example"),
            Some(headers),
        ),
    ];
    for (what, server, address, expected) in rows {
        let around: Vec<(&str, &str)> = [(HEADERS, headers)]
            .into_iter()
            .chain(address.map(|address| (BASE_URL, address)))
            .collect();
        let plan = planned(&what, server, &around);
        let left = found(&plan, &around).remove(HEADERS);
        assert_eq!(left.as_deref(), expected, "{server:?} {address:?}");
        assert_eq!(
            plan.headers_of_another,
            expected != Some(headers),
            "{server:?}"
        );
    }
}
