//! API keys, checked by a practice server on a real socket.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up fails"
)]

mod common;

use common::World;
use jiff::{SignedDuration, Timestamp};
use keyfob::{
    Code, Error, KeyEdit, Meaning, NewKey, Replacement, Secret, State, Status, StoreError,
};
use serde_json::json;

async fn add(world: &World, key: &str, workspace: Option<&str>) -> Result<Status, Error> {
    let key = NewKey {
        pasted: Secret::new(key),
        label: None,
        workspace_id: workspace.map(str::to_owned),
        expires_on: None,
        verify: true,
    };
    world.keyfob.add_api_key(key).await
}

fn kind(status: &Status) -> String {
    let state = serde_json::to_value(&status.state).unwrap();
    state["kind"].as_str().unwrap().to_owned()
}

async fn rotate(world: &World, name: &str, key: &str) -> Result<Status, Error> {
    let new = Replacement {
        pasted: Secret::new(key),
        workspace_id: None,
        expires_on: None,
        verify: true,
    };
    world.keyfob.rotate_key(name, new).await
}

async fn given(world: &World, name: &str) -> String {
    let handed = world.keyfob.token(Some(name), SignedDuration::ZERO).await;
    handed.unwrap().secret.expose().to_owned()
}

#[tokio::test]
async fn a_valid_key_is_stored_and_handed_out() {
    let world = World::new().await;
    let status = add(&world, " sk-ant-api03-good-9f2A\n", None)
        .await
        .unwrap();
    assert!(matches!(status.state, State::Valid { .. }));
    assert_eq!(status.last_four.as_deref(), Some("9f2A"));
    let handed = world.token().await.unwrap();
    assert_eq!(handed.secret.expose(), "sk-ant-api03-good-9f2A");
    assert_eq!(world.count("models").await, 1);
}

#[tokio::test]
async fn every_answer_of_the_server_has_its_own_words() {
    let world = World::new().await;
    for key in ["sk-ant-api03-x-revoked", "sk-ant-api03-x-expired"] {
        assert_eq!(
            add(&world, key, None).await.unwrap_err().code,
            Code::NotAccepted
        );
    }
    assert!(world.store.secrets.lock().unwrap().is_empty());
    for (key, state, part) in [
        ("sk-ant-api03-x-billing", "billing_needed", "billing"),
        ("sk-ant-api03-x-forbidden", "not_permitted", "may not"),
        ("sk-ant-api03-x-identity", "needs_workspace", "workspace"),
    ] {
        let status = add(&world, key, None).await.unwrap();
        assert_eq!(
            (kind(&status).as_str(), status.meaning),
            (state, Meaning::Act)
        );
        let said = serde_json::to_string(&status.state).unwrap();
        assert!(said.contains(part) && said.contains("HTTP 4"), "{said}");
    }
    for key in ["limited", "broken", "overloaded"] {
        let status = add(&world, &format!("sk-ant-api03-x-{key}"), None)
            .await
            .unwrap();
        assert!(matches!(status.state, State::Unverified { .. }), "{key}");
    }
    let status = add(&world, "sk-ant-api03-y-identity", Some("wrkspc_1"))
        .await
        .unwrap();
    assert!(matches!(status.state, State::Valid { .. }));
}

#[tokio::test]
async fn a_fault_on_the_way_never_makes_a_key_invalid() {
    let world = World::new().await;
    for (number, fault) in [
        json!("drop"),
        json!("cut_off"),
        json!("not_json"),
        json!("huge"),
        json!("redirect"),
    ]
    .into_iter()
    .enumerate()
    {
        world.fault("models", fault.clone(), Some(1)).await;
        let key = format!("sk-ant-api03-good-{number}");
        let status = add(&world, &key, None).await.unwrap();
        assert!(matches!(status.state, State::Unverified { .. }), "{fault}");
    }
}

#[tokio::test]
async fn a_key_can_be_checked_again() {
    let world = World::new().await;
    world.fault("models", json!("drop"), Some(1)).await;
    let status = add(&world, "sk-ant-api03-good", None).await.unwrap();
    assert!(matches!(status.state, State::Unverified { .. }));
    let status = world.keyfob.check_key(status.id.as_str()).await.unwrap();
    assert!(matches!(status.state, State::Valid { .. }));
    world
        .fault(
            "models",
            json!({ "status": 401, "error": "object" }),
            Some(1),
        )
        .await;
    let status = world.keyfob.check_key(status.id.as_str()).await.unwrap();
    assert!(matches!(status.state, State::KeyRefused { .. }));
    assert_eq!(
        world.store.secrets.lock().unwrap().len(),
        1,
        "a key that is refused later is kept"
    );
}

#[tokio::test]
async fn a_check_that_teaches_nothing_keeps_the_former_verdict_and_says_why() {
    let world = World::new().await;
    add(&world, "sk-ant-api03-good-1", None).await.unwrap();
    for (fault, part) in [
        (json!({ "status": 429, "error": "object" }), "limiting"),
        (json!({ "status": 503, "error": "html" }), "HTTP 503"),
        (json!({ "status": 529, "error": "object" }), "HTTP 529"),
        (json!("drop"), "could not be reached"),
    ] {
        world.pass(60);
        world.fault("models", fault, Some(1)).await;
        let probed = world.keyfob.probe(None).await.unwrap();
        assert_eq!(
            (kind(&probed.status).as_str(), probed.works),
            ("valid", None)
        );
        let failed = probed.status.check_failed.unwrap();
        assert!(failed.reason.contains(part), "{failed:?}");
        let State::Valid { checked_at } = probed.status.state else {
            panic!()
        };
        assert!(failed.at > checked_at);
    }
    let probed = world.keyfob.probe(None).await.unwrap();
    assert_eq!(
        (probed.status.check_failed, probed.works),
        (None, Some(true))
    );
}

#[tokio::test]
async fn a_check_grows_old_and_a_noted_end_is_said_in_time() {
    let world = World::new().await;
    add(&world, "sk-ant-api03-good-1", None).await.unwrap();
    let day = |days: i64| {
        let day = Timestamp::now() + SignedDuration::from_hours(24 * days);
        day.strftime("%Y-%m-%d").to_string()
    };
    let note = |text: String| {
        let edit = KeyEdit {
            expires_on: Some(text),
            ..KeyEdit::default()
        };
        world.keyfob.edit_key("API key …od-1", edit)
    };
    let status = note(day(20)).await.unwrap();
    assert_eq!(status.expires_on.unwrap().to_string(), day(20));
    assert_eq!(status.meaning, Meaning::Fine);
    for wrong in [day(-3), "tomorrow".to_owned(), "2026-02-30".to_owned()] {
        assert_eq!(note(wrong).await.unwrap_err().code, Code::NotAccepted);
    }
    world.pass(7 * 86_400);
    assert_eq!(world.status().meaning, Meaning::Soon);
    world.pass(15 * 86_400);
    let status = world.status();
    assert_eq!(
        (kind(&status).as_str(), status.meaning),
        ("noted_expired", Meaning::Act)
    );
    // Asked now, the server takes it: the note was wrong.
    let status = world.keyfob.check_key("API key …od-1").await.unwrap();
    assert_eq!(
        (kind(&status).as_str(), status.meaning),
        ("valid", Meaning::Soon)
    );
    let status = note(String::new()).await.unwrap();
    assert_eq!((status.expires_on, status.meaning), (None, Meaning::Fine));
    world.pass(31 * 86_400);
    assert_eq!(world.status().meaning, Meaning::Soon, "the check is old");
}

#[tokio::test]
async fn a_workspace_is_added_to_a_key_that_needs_one() {
    let world = World::new().await;
    let status = add(&world, "sk-ant-api03-x-identity", None).await.unwrap();
    let edit = |id: &str| KeyEdit {
        workspace_id: Some(id.to_owned()),
        ..KeyEdit::default()
    };
    let id = status.id.to_string();
    let wrong = world.keyfob.edit_key(&id, edit("default")).await;
    assert_eq!(wrong.unwrap_err().code, Code::NotAccepted);
    let status = world.keyfob.edit_key(&id, edit("wrkspc_1")).await.unwrap();
    assert_eq!(kind(&status), "valid");
    assert_eq!(status.workspace_id.as_deref(), Some("wrkspc_1"));
    let status = world.keyfob.edit_key(&id, edit("")).await.unwrap();
    assert_eq!(kind(&status), "needs_workspace");
}

#[tokio::test]
async fn a_key_that_is_there_already_is_not_stored_twice() {
    let world = World::new().await;
    add(&world, "sk-ant-api03-one-9f2A", None).await.unwrap();
    let error = add(&world, "sk-ant-api03-one-9f2A", None)
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::NotAccepted);
    assert!(error.message.contains("API key …9f2A"), "{error}");
    // One that only ends alike is another one.
    let other = add(&world, "sk-ant-api03-two-9f2A", None).await.unwrap();
    assert_eq!(other.label, "API key …9f2A 2");
}

#[tokio::test]
async fn a_key_is_replaced_by_one_that_works() {
    let world = World::new().await;
    let before = add(&world, "sk-ant-api03-old-1111", None).await.unwrap();
    let edit = KeyEdit {
        expires_on: Some("2199-01-01".to_owned()),
        ..KeyEdit::default()
    };
    world.keyfob.edit_key(&before.label, edit).await.unwrap();
    let after = rotate(&world, "API key …1111", " sk-ant-api03-new-2222\n")
        .await
        .unwrap();
    assert_eq!(
        (&after.id, after.label.as_str()),
        (&before.id, "API key …2222")
    );
    assert!(after.is_default);
    assert_eq!(
        after.expires_on, None,
        "what was noted of the old key says nothing of the new one"
    );
    assert_eq!(
        given(&world, "API key …2222").await,
        "sk-ant-api03-new-2222"
    );
    let stored = world.store.secrets.lock().unwrap();
    assert!(
        stored
            .values()
            .all(|secret| !secret.expose().contains("old-1111"))
    );
    let told = world.keyfob.activity().unwrap();
    assert_eq!(serde_json::to_value(told[0].what).unwrap(), "key_replaced");
}

#[tokio::test]
async fn a_new_key_that_does_not_work_leaves_the_old_one_untouched() {
    let world = World::new().await;
    add(&world, "sk-ant-api03-old-1111", None).await.unwrap();
    add(&world, "sk-ant-api03-another-3333", None)
        .await
        .unwrap();
    let before = world.status();
    for (key, code, part) in [
        ("sk-ant-api03-old-1111", Code::NotAccepted, "has already"),
        (
            "sk-ant-api03-another-3333",
            Code::NotAccepted,
            "stored already",
        ),
        ("sk-ant-api03-x-revoked", Code::NotAccepted, "does not know"),
        ("sk-ant-api03-x-billing", Code::NotAccepted, "billing"),
        ("sk-ant-api03-x-identity", Code::NotAccepted, "workspace"),
        ("sk-ant-api03-x-overloaded", Code::Network, "HTTP 529"),
        ("sk-ant-admin01-x", Code::NotAccepted, "admin key"),
        ("hello", Code::NotAccepted, "begin with"),
    ] {
        let error = rotate(&world, "API key …1111", key).await.unwrap_err();
        assert_eq!(error.code, code, "{key}: {error}");
        assert!(error.message.contains(part), "{key}: {error}");
        assert_eq!(world.status(), before, "{key}");
        assert_eq!(
            given(&world, "API key …1111").await,
            "sk-ant-api03-old-1111"
        );
    }
    *world.store.failing.lock().unwrap() = Some(StoreError::Locked);
    let error = rotate(&world, "API key …1111", "sk-ant-api03-new-2222").await;
    assert_eq!(error.unwrap_err().code, Code::SecretStore);
    *world.store.failing.lock().unwrap() = None;
    assert_eq!(world.status(), before);
    assert_eq!(
        given(&world, "API key …1111").await,
        "sk-ant-api03-old-1111"
    );
}

#[tokio::test]
async fn a_key_that_was_refused_is_given_with_a_warning() {
    let world = World::new().await;
    add(&world, "sk-ant-api03-good-1", None).await.unwrap();
    let gone = json!({ "status": 401, "error": "object" });
    world.fault("models", gone, Some(1)).await;
    world.keyfob.probe(None).await.unwrap();
    let handed = world.token().await.unwrap();
    assert!(handed.warning.unwrap().message.contains("did not know"));
}

#[tokio::test]
async fn a_token_is_tried_out_where_its_provider_has_an_api() {
    let world = World::new().await;
    let status = world.sign_in().await.unwrap();
    let probed = world.keyfob.probe(None).await.unwrap();
    assert_eq!(probed.works, Some(true), "{}", probed.words);
    world.control("revoke", json!({})).await;
    let error = world
        .keyfob
        .probe(Some(status.id.as_str()))
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::SignInNeeded, "{error}");
    assert_eq!(world.count("refreshes").await, 0, "asking spends nothing");
    world.pass(100 * 3_600);
    let probed = world.keyfob.probe(None).await.unwrap();
    assert_eq!(probed.works, None, "{}", probed.words);
}

#[tokio::test]
async fn a_key_never_crosses_between_practice_and_what_is_real() {
    for (was, is, part) in [
        ("true", "false", "is practice"),
        ("false", "true", "is a real key"),
    ] {
        let world = World::new().await;
        let api = |practice: &str| {
            world.configure(&format!(
                "[api]\nbase_url = \"BASE\"\npractice = {practice}\n"
            ));
        };
        api(was);
        let status = add(&world, "sk-ant-api03-old-1111", None).await.unwrap();
        api(is);
        let edit = KeyEdit {
            workspace_id: Some("wrkspc_1".to_owned()),
            ..KeyEdit::default()
        };
        let unchecked = Replacement {
            pasted: Secret::new("sk-ant-api03-new-3333"),
            workspace_id: None,
            expires_on: None,
            verify: false,
        };
        for error in [
            world.keyfob.check_key(&status.label).await.unwrap_err(),
            world.keyfob.probe(None).await.unwrap_err(),
            world
                .keyfob
                .edit_key(&status.label, edit)
                .await
                .unwrap_err(),
            rotate(&world, &status.label, "sk-ant-api03-new-2222")
                .await
                .unwrap_err(),
            world
                .keyfob
                .rotate_key(&status.label, unchecked)
                .await
                .unwrap_err(),
        ] {
            assert_eq!(error.code, Code::Usage, "{error}");
            assert!(error.message.contains(part), "{error}");
        }
        assert_eq!(world.count("models").await, 1, "nothing was sent");
        assert_eq!(given(&world, &status.label).await, "sk-ant-api03-old-1111");
    }
}

#[tokio::test]
async fn what_a_newer_keyfob_stored_is_not_replaced() {
    let world = World::new().await;
    let status = add(&world, "sk-ant-api03-old-1111", None).await.unwrap();
    let newer = Secret::new(r#"{"kind":"of_tomorrow"}"#);
    let secrets = || world.store.secrets.lock().unwrap();
    secrets().insert(status.id.clone(), newer.clone());
    *world.store.not_saving.lock().unwrap() = Some(StoreError::Silent);
    let error = rotate(&world, &status.label, "sk-ant-api03-new-2222").await;
    assert_eq!(error.unwrap_err().code, Code::SignInNeeded);
    *world.store.not_saving.lock().unwrap() = None;
    let error = rotate(&world, &status.label, "sk-ant-api03-new-2222").await;
    assert_eq!(error.unwrap_err().code, Code::SignInNeeded);
    assert_eq!(secrets().get(&status.id), Some(&newer));
}
