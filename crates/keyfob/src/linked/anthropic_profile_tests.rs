use super::*;

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn at(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

const CONFIG: &str = r#"{"version":"1.0","authentication":{"type":"user_oauth","client_id":"c-1"},
    "organization_id":"o-1","workspace_id":"wrkspc_1"}"#;

const CREDENTIALS: &str = r#"{"version":"1.0","type":"oauth_token","access_token":"sk-ant-oat01-PLANTED",
    "expires_at":1795284000,"refresh_token":"sk-ant-ort01-PLANTED","scope":"user:profile user:inference",
    "organization_uuid":"o-1","organization_name":"Acme","account_email":"ada@example.com",
    "workspace_id":"wrkspc_1","workspace_name":"Research"}"#;

/// A folder with these files.
fn folder_of(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// What is seen of the profile `work` with these two files.
fn seen(config: &str, credentials: &str) -> SeenSession {
    let folder = folder_of(&[
        ("configs/work.json", config),
        ("credentials/work.json", credentials),
    ]);
    let looked = look(folder.path(), "work", now());
    assert!(!format!("{looked:?}").contains("PLANTED"), "{looked:?}");
    looked.seen.what
}

#[test]
fn the_folder_is_the_one_that_is_named_or_the_usual_one() {
    let home = Path::new("/home/ada");
    let nothing = |_: &str| None;
    assert_eq!(
        folder(nothing, None, home),
        Path::new("/home/ada/.config/anthropic")
    );
    assert_eq!(
        folder(nothing, Some(Path::new("/there")), home),
        Path::new("/there")
    );
    let set = |name: &str| (name == CONFIG_DIR).then(|| OsString::from("/named"));
    assert_eq!(named_folder(set), Some("/named".into()));
    assert_eq!(named_folder(nothing), None);
}

#[test]
fn names_are_no_paths() {
    for name in ["default", "a", "A-1_b.c", "..."] {
        assert!(is_name(name), "{name}");
    }
    for name in ["", ".", "..", "a/b", "../a", "a b", "a\\b", "ä", "a\n"] {
        assert!(!is_name(name), "{name}");
        let looked = look(Path::new("/nowhere"), name, now());
        assert!(matches!(looked.seen.what, SeenSession::Missing { .. }));
    }
}

#[test]
fn all_profiles_are_listed_with_what_may_be_shown() {
    let folder = folder_of(&[
        ("active_config", "work\n"),
        ("configs/work.json", CONFIG),
        ("credentials/work.json", CREDENTIALS),
        (
            "configs/default.json",
            r#"{"version":"1.0","base_url":"https://llm.example.com"}"#,
        ),
        ("credentials/alone.json", CREDENTIALS),
        ("configs/notes.txt", "no profile"),
        ("configs/a b.json", "{}"),
        ("configs/broken.json", "{"),
        ("credentials/broken.json", CREDENTIALS),
    ]);
    let found = profiles(folder.path());
    assert!(!format!("{found:?}").contains("PLANTED"), "{found:?}");
    let names: Vec<_> = found.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["alone", "broken", "default", "work"]);

    let work = &found[3];
    assert!(work.is_active && !found[0].is_active);
    assert_eq!(work.authentication.as_deref(), Some("user_oauth"));
    assert!(work.has_client_id && work.has_access_token && work.has_refresh_token);
    assert_eq!(work.organization.as_deref(), Some("Acme"));
    assert_eq!(work.workspace.as_deref(), Some("Research"));
    assert_eq!(work.email.as_deref(), Some("ada@example.com"));
    assert_eq!(work.expires_at, at("2026-11-21T18:00:00Z"));
    assert_eq!(work.problem, None);

    assert_eq!(found[0].problem, None);
    assert!(
        matches!(&found[1].problem, Some(SeenSession::NotReadable { reason, .. }) if reason.contains("damaged"))
    );
    assert_eq!(
        found[2].base_url.as_deref(),
        Some("https://llm.example.com")
    );
    assert!(
        matches!(&found[2].problem, Some(SeenSession::Missing { reason }) if reason.contains("not signed in"))
    );
}

#[test]
fn where_nothing_is_there_nothing_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(profiles(folder.path()), []);
    assert_eq!(profiles(&folder.path().join("missing")), []);
    assert_eq!(active(folder.path()), "default");
    let SeenSession::Missing { reason } = look(folder.path(), "work", now()).seen.what else {
        panic!("something was found");
    };
    assert!(reason.contains("There is no profile"), "{reason}");
}

#[test]
fn what_names_no_profile_leaves_the_default() {
    for text in ["", "  ", "../../etc/passwd", "a b"] {
        let folder = folder_of(&[("active_config", text)]);
        assert_eq!(active(folder.path()), "default", "{text}");
    }
}

#[test]
fn a_profile_is_seen_with_who_it_is() {
    let folder = folder_of(&[
        ("configs/work.json", CONFIG),
        ("credentials/work.json", CREDENTIALS),
    ]);
    let looked = look(folder.path(), "work", now());
    assert_eq!(
        looked.seen.what,
        SeenSession::There {
            expires_at: at("2026-11-21T18:00:00Z"),
            sign_in_ends_at: None,
            renewable: true,
            scopes: vec!["user:profile".into(), "user:inference".into()],
            plan: None,
        }
    );
    let identity = looked.identity;
    assert_eq!(
        identity.subject.as_deref(),
        Some("ada@example.com/o-1/wrkspc_1")
    );
    assert_eq!(identity.organization.as_deref(), Some("Acme"));
    assert_eq!(identity.workspace.as_deref(), Some("Research"));
    assert_eq!(looked.payer, Payer::Api);
}

#[test]
fn odd_types_are_passed_over() {
    let evening = at("2026-11-21T18:00:00Z");
    for (field, expected) in [
        (r#""expires_at":1795284000"#, evening),
        // Milliseconds, where seconds belong.
        (r#""expires_at":1795284000000"#, evening),
        (r#""expires_at":"2026-11-21T18:00:00Z""#, evening),
        (r#""expires_at":"1795284000""#, evening),
        (r#""expires_at":null"#, None),
        (r#""expires_at":0"#, None),
        (r#""expires_at":[]"#, None),
        (r#""scope":["user:profile",7]"#, None),
        (r#""organization_name":{"a":1}"#, None),
    ] {
        let credentials = format!(r#"{{"access_token":"PLANTED",{field}}}"#);
        let SeenSession::There {
            expires_at,
            renewable,
            ..
        } = seen(CONFIG, &credentials)
        else {
            panic!("{field}");
        };
        assert_eq!((expires_at, renewable), (expected, false), "{field}");
    }
}

#[test]
fn a_profile_without_a_client_id_is_renewed_by_nobody_who_reads_it() {
    let config = r#"{"authentication":{"type":"user_oauth"}}"#;
    let what = seen(config, CREDENTIALS);
    assert!(matches!(
        what,
        SeenSession::There {
            renewable: false,
            ..
        }
    ));
    let what = seen(CONFIG, r#"{"refresh_token":"PLANTED"}"#);
    assert!(
        matches!(what, SeenSession::There { renewable: true, expires_at, .. } if expires_at == Some(now()))
    );
}

#[test]
fn a_federated_profile_fetches_its_own_token() {
    let config = r#"{"authentication":{"type":"oidc_federation"}}"#;
    let what = seen(config, "{}");
    assert!(matches!(
        what,
        SeenSession::There {
            renewable: true,
            expires_at: None,
            ..
        }
    ));
}

#[test]
fn what_cannot_be_understood_is_said() {
    for (config, credentials) in [
        ("[]", CREDENTIALS),
        ("PLANTED", CREDENTIALS),
        (CONFIG, "[\"PLANTED\"]"),
        (CONFIG, "{\"access_token\":\"PLAN"),
        (CONFIG, ""),
    ] {
        let what = seen(config, credentials);
        let SeenSession::NotReadable { reason, .. } = what else {
            panic!("{config} {credentials}: {what:?}");
        };
        assert!(reason.contains("damaged"), "{reason}");
    }
    for credentials in ["{}", r#"{"access_token":7}"#, r#"{"access_token":""}"#] {
        let what = seen(CONFIG, credentials);
        assert!(matches!(what, SeenSession::Missing { .. }), "{credentials}");
    }
}

#[test]
fn credentials_may_lie_elsewhere() {
    let elsewhere = folder_of(&[("token.json", CREDENTIALS)]);
    let path = elsewhere.path().join("token.json");
    let config = format!(
        r#"{{"authentication":{{"type":"user_oauth","credentials_path":{}}}}}"#,
        serde_json::to_string(path.to_str().unwrap()).unwrap()
    );
    assert!(matches!(seen(&config, "{}"), SeenSession::There { .. }));
}
