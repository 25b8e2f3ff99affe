use super::*;

const SECRET: &str = "sk-ant-oat01-PLANTED-access";

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn at(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

fn nothing(_: &str) -> Option<OsString> {
    None
}

/// A home with these two files, the session in it, and what is seen of it.
fn look_at(credentials: Option<&[u8]>, state: Option<&str>) -> Looked {
    let home = tempfile::tempdir().unwrap();
    let place = Place::of(nothing, None, home.path());
    std::fs::create_dir(&place.folder).unwrap();
    if let Some(bytes) = credentials {
        std::fs::write(&place.credentials, bytes).unwrap();
    }
    if let Some(text) = state {
        std::fs::write(&place.state, text).unwrap();
    }
    let looked = look(&place, now());
    assert!(!format!("{looked:?}").contains("PLANTED"), "{looked:?}");
    looked
}

fn seen(credentials: &str) -> SeenSession {
    look_at(Some(credentials.as_bytes()), None).seen.what
}

#[test]
fn where_a_session_lies_depends_on_the_folder_and_on_the_environment() {
    let home = Path::new("/home/ada");
    let usual = Place::of(nothing, None, home);
    assert_eq!(usual.credentials, home.join(".claude/.credentials.json"));
    assert_eq!(usual.state, home.join(".claude.json"));
    assert_eq!(usual.keychain_service, "Claude Code-credentials");
    assert_eq!(usual.keychain_user, "claude-code-user");

    let work = Path::new("/home/ada/work");
    let named = Place::of(nothing, Some(work), home);
    assert_eq!(named.credentials, work.join(".credentials.json"));
    assert_eq!(named.state, work.join(".claude.json"));
    // printf %s /home/ada/work | sha256sum | cut -c1-8
    assert_eq!(named.keychain_service, "Claude Code-credentials-5010972d");

    let variable = |name: &str| match name {
        CREDENTIALS_PATH => Some("/elsewhere/session.json".into()),
        KEYCHAIN_SERVICE => Some("Another service".into()),
        "USER" => Some("ada".into()),
        _ => None,
    };
    let other = Place::of(variable, None, home);
    assert_eq!(other.credentials, Path::new("/elsewhere/session.json"));
    assert_eq!(other.keychain_service, "Another service");
    assert_eq!(other.keychain_user, "ada");
    // They speak of one session, and a named folder is another one.
    let named = Place::of(variable, Some(work), home);
    assert_eq!(named.credentials, work.join(".credentials.json"));
    assert_eq!(named.keychain_service, "Claude Code-credentials-5010972d");
}

#[test]
fn the_environment_may_name_a_folder() {
    let set =
        |value: &'static str| move |name: &str| (name == CONFIG_DIR).then(|| OsString::from(value));
    assert_eq!(named_folder(set("/work")), Some("/work".into()));
    assert_eq!(named_folder(set("")), None);
    assert_eq!(named_folder(nothing), None);
}

#[test]
fn a_session_is_seen_with_all_that_may_be_shown() {
    let credentials = format!(
        r#"{{"claudeAiOauth":{{"accessToken":"{SECRET}","refreshToken":"sk-ant-ort01-PLANTED","expiresAt":1795284000000,
        "refreshTokenExpiresAt":1797000000000,"scopes":["user:inference","user:profile"],"subscriptionType":"max",
        "rateLimitTier":"default_claude_max_20x"}},"mcpOAuth":{{"x":{{"accessToken":"PLANTED"}}}}}}"#
    );
    let state = r#"{"numStartups":3,"projects":{"/p":{"history":["PLANTED"]}},"oauthAccount":{"accountUuid":"a-1",
        "emailAddress":"ada@example.com","organizationUuid":"o-1","organizationName":"Ada's"}}"#;
    let looked = look_at(Some(credentials.as_bytes()), Some(state));
    assert_eq!(
        looked.seen.what,
        SeenSession::There {
            expires_at: at("2026-11-21T18:00:00Z"),
            sign_in_ends_at: at("2026-12-11T14:40:00Z"),
            renewable: true,
            scopes: vec!["user:inference".into(), "user:profile".into()],
            plan: Some("max".into()),
        }
    );
    assert_eq!(looked.identity.subject.as_deref(), Some("a-1/o-1"));
    assert_eq!(looked.identity.email.as_deref(), Some("ada@example.com"));
    assert_eq!(looked.identity.organization.as_deref(), Some("Ada's"));
    assert_eq!(looked.payer, Payer::Plan);
}

/// What a program leaves behind in the field, and what is to be made of it: its `expires_at`, or none.
#[test]
fn odd_types_are_passed_over() {
    let evening = at("2026-11-21T18:00:00Z");
    let odd: &[(&str, Option<Timestamp>, bool)] = &[
        (r#""expiresAt":1795284000000"#, evening, false),
        // Seconds, where milliseconds belong; a text; a fraction.
        (r#""expiresAt":1795284000"#, evening, false),
        (r#""expiresAt":"1795284000000""#, evening, false),
        (r#""expiresAt":"2026-11-21T18:00:00Z""#, evening, false),
        (r#""expiresAt":1795284000000.4"#, evening, false),
        // Nothing says when it ends.
        (r#""scopes":[]"#, None, false),
        (r#""expiresAt":null"#, None, false),
        (r#""expiresAt":0"#, None, false),
        (r#""expiresAt":-5"#, None, false),
        (r#""expiresAt":1e300"#, None, false),
        (r#""expiresAt":18446744073709551615"#, None, false),
        (r#""expiresAt":{"at":[1,2]}"#, None, false),
        (r#""expiresAt":[1795284000000]"#, None, false),
        (r#""expiresAt":true"#, None, false),
        (r#""expiresAt":"soon""#, None, false),
        // The rest of it.
        (r#""refreshToken":"sk-ant-ort01-PLANTED""#, None, true),
        (r#""refreshToken":"""#, None, false),
        (r#""refreshToken":null"#, None, false),
        (r#""refreshToken":{"value":"PLANTED"}"#, None, false),
        (r#""subscriptionType":7,"rateLimitTier":[]"#, None, false),
        (r#""scopes":{"a":"b"}"#, None, false),
        (r#""scopes":null"#, None, false),
        (r#""unknown":{"deep":[[[{}]]]}"#, None, false),
    ];
    for (field, expected, can_renew) in odd {
        let session = format!(r#"{{"claudeAiOauth":{{"accessToken":"{SECRET}",{field}}}}}"#);
        let SeenSession::There {
            expires_at,
            renewable,
            ..
        } = seen(&session)
        else {
            panic!("{field}");
        };
        assert_eq!((expires_at, renewable), (*expected, *can_renew), "{field}");
    }
}

#[test]
fn scopes_are_a_list_or_one_text() {
    for (written, expected) in [
        (r#"["a","b"]"#, vec!["a", "b"]),
        (r#""a b""#, vec!["a", "b"]),
        (r#"["a",7,null,["b"]]"#, vec!["a"]),
        (r#"7"#, vec![]),
    ] {
        let session =
            format!(r#"{{"claudeAiOauth":{{"accessToken":"{SECRET}","scopes":{written}}}}}"#);
        let SeenSession::There { scopes, .. } = seen(&session) else {
            panic!("{written}");
        };
        assert_eq!(scopes, expected, "{written}");
    }
}

#[test]
fn what_is_shown_holds_no_key_even_where_somebody_wrote_one() {
    let session = format!(
        r#"{{"claudeAiOauth":{{"accessToken":"x","subscriptionType":"{SECRET}","scopes":["{SECRET}"]}}}}"#
    );
    let state = format!(r#"{{"oauthAccount":{{"emailAddress":"{SECRET}"}}}}"#);
    let looked = look_at(Some(session.as_bytes()), Some(&state));
    assert_eq!(looked.identity.email.as_deref(), Some("[removed]"));
}

#[test]
fn without_an_access_token_nothing_is_fresh() {
    let there = |fields: &str| seen(&format!(r#"{{"claudeAiOauth":{{{fields}}}}}"#));
    let refresh = r#""refreshToken":"PLANTED""#;
    for fields in [
        refresh.to_owned(),
        format!(r#"{refresh},"expiresAt":1795284000000"#),
        format!(r#"{refresh},"accessToken":" ","expiresAt":1795284000000"#),
    ] {
        assert!(
            matches!(there(&fields), SeenSession::There { expires_at, .. } if expires_at == Some(now())),
            "{fields}"
        );
    }
}

#[test]
fn no_session_is_said_to_be_missing() {
    for credentials in [
        "{}",
        r#"{"mcpOAuth":{"server|1":{"accessToken":"PLANTED"}}}"#,
        r#"{"claudeAiOauth":null}"#,
        r#"{"claudeAiOauth":{}}"#,
        r#"{"claudeAiOauth":"PLANTED"}"#,
        r#"{"claudeAiOauth":[{"accessToken":"PLANTED"}]}"#,
        r#"{"claudeAiOauth":{"accessToken":""}}"#,
        // The form that older descriptions have.
        r#"{"access_token":"PLANTED","expires_at":1795284000}"#,
    ] {
        let SeenSession::Missing { reason } = seen(credentials) else {
            panic!("{credentials}");
        };
        assert!(reason.contains("not signed in"), "{reason}");
    }
    let SeenSession::Missing { reason } = look_at(None, None).seen.what else {
        panic!("nothing is there");
    };
    assert!(reason.contains("there is no"), "{reason}");
}

#[test]
fn what_is_no_json_is_said_to_be_damaged() {
    let utf16: Vec<u8> = "\u{feff}{}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let damaged: [&[u8]; 9] = [
        b"",
        b"   ",
        b"[]",
        b"\"PLANTED\"",
        b"null",
        br#"{"claudeAiOauth":{"accessToken":"PLAN"#,
        br#"{"claudeAiOauth":{}} PLANTED"#,
        b"{\"claudeAiOauth\":{\"accessToken\":\"PLANTED\xff\xfe\"}}",
        &utf16,
    ];
    for bytes in damaged {
        let what = look_at(Some(bytes), None).seen.what;
        let SeenSession::NotReadable { reason, .. } = &what else {
            panic!("{what:?} of {:?}", String::from_utf8_lossy(bytes));
        };
        assert!(reason.contains("is damaged"), "{reason}");
    }
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let text = format!("\u{feff}{{\"claudeAiOauth\":{{\"accessToken\":\"{SECRET}\"}}}}\r\n");
    assert!(matches!(seen(&text), SeenSession::There { .. }));
}

#[test]
fn a_deeply_nested_or_huge_file_is_left() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(seen(&deep), SeenSession::NotReadable { .. }));
    let huge = vec![b' '; LONGEST_CREDENTIALS + 1];
    let what = look_at(Some(&huge), None).seen.what;
    let SeenSession::NotReadable { reason, .. } = what else {
        panic!("{what:?}");
    };
    assert!(reason.contains("longer"), "{reason}");
}

#[test]
fn who_it_is_may_be_unknown() {
    let session = format!(r#"{{"claudeAiOauth":{{"accessToken":"{SECRET}"}}}}"#);
    for state in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"oauthAccount":[]}"#,
        r#"{"oauthAccount":{"emailAddress":7}}"#,
    ] {
        let looked = look_at(Some(session.as_bytes()), Some(state));
        assert_eq!(looked.identity, Identity::default(), "{state}");
        assert!(matches!(looked.seen.what, SeenSession::There { .. }));
    }
}

#[test]
fn a_key_of_the_console_counts_as_a_session_that_the_api_bills() {
    let state = r#"{"primaryApiKey":"sk-ant-api03-PLANTED","oauthAccount":{"emailAddress":"ada@example.com"}}"#;
    for credentials in [None, Some(&b"{\"mcpOAuth\":{}}"[..])] {
        let looked = look_at(credentials, Some(state));
        assert_eq!(looked.payer, Payer::Api);
        assert_eq!(looked.identity.email.as_deref(), Some("ada@example.com"));
        assert!(matches!(
            looked.seen.what,
            SeenSession::There {
                expires_at: None,
                renewable: false,
                ..
            }
        ));
    }
}

#[test]
fn the_keychain_of_macos_is_never_looked_into_by_the_way() {
    let home = tempfile::tempdir().unwrap();
    let place = Place {
        has_keychain: true,
        ..Place::of(nothing, None, home.path())
    };
    let SeenSession::NotReadable { reason, .. } = look(&place, now()).seen.what else {
        panic!("it was looked for");
    };
    assert!(reason.contains("only when you click Look now"), "{reason}");

    // At a click, its item comes first, and the file second.
    let item =
        format!(r#"{{"claudeAiOauth":{{"accessToken":"{SECRET}","subscriptionType":"pro"}}}}"#);
    let looked = look_at_item(&place, Some(item.as_bytes()), now());
    assert!(
        matches!(looked.seen.what, SeenSession::There { plan: Some(plan), .. } if plan == "pro")
    );
    let what = look_at_item(&place, None, now()).seen.what;
    assert!(matches!(what, SeenSession::Missing { .. }));
    std::fs::create_dir(&place.folder).unwrap();
    std::fs::write(&place.credentials, item).unwrap();
    let what = look_at_item(&place, None, now()).seen.what;
    assert!(matches!(what, SeenSession::There { .. }));
}

#[cfg(unix)]
#[test]
fn links_pipes_folders_and_locked_files_are_only_looked_at() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let home = tempfile::tempdir().unwrap();
    let place = Place::of(nothing, None, home.path());
    std::fs::create_dir(&place.folder).unwrap();
    let target = home.path().join("target");
    std::fs::write(&target, r#"{"claudeAiOauth":{"accessToken":"PLANTED"}}"#).unwrap();
    symlink(&target, &place.credentials).unwrap();
    assert!(matches!(
        look(&place, now()).seen.what,
        SeenSession::There { .. }
    ));

    std::fs::remove_file(&place.credentials).unwrap();
    symlink(home.path().join("nowhere"), &place.credentials).unwrap();
    assert!(matches!(
        look(&place, now()).seen.what,
        SeenSession::Missing { .. }
    ));

    std::fs::remove_file(&place.credentials).unwrap();
    std::fs::create_dir(&place.credentials).unwrap();
    assert!(matches!(
        look(&place, now()).seen.what,
        SeenSession::NotReadable { .. }
    ));

    std::fs::remove_dir(&place.credentials).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(&place.credentials)
        .status();
    assert!(made.unwrap().success());
    assert!(matches!(
        look(&place, now()).seen.what,
        SeenSession::NotReadable { .. }
    ));

    std::fs::remove_file(&place.credentials).unwrap();
    std::fs::write(&place.credentials, "{}").unwrap();
    std::fs::set_permissions(&place.credentials, PermissionsExt::from_mode(0o000)).unwrap();
    // Whoever is root may read it all the same.
    assert!(matches!(
        look(&place, now()).seen.what,
        SeenSession::NotReadable { .. } | SeenSession::Missing { .. }
    ));
}
