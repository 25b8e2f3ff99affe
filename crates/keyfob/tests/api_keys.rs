//! API keys, checked by a practice server on a real socket.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use common::World;
use keyfob::{Code, Error, NewKey, Secret, State, Status};
use serde_json::json;

async fn add(world: &World, key: &str, workspace: Option<&str>) -> Result<Status, Error> {
    let key = NewKey {
        pasted: Secret::new(key),
        label: None,
        workspace_id: workspace.map(str::to_owned),
        verify: true,
    };
    world.keyfob.add_api_key(key).await
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
    for (key, part) in [
        ("sk-ant-api03-x-billing", "billing"),
        ("sk-ant-api03-x-forbidden", "may not"),
        ("sk-ant-api03-x-identity", "workspace"),
    ] {
        let State::Hindered { reason, .. } = add(&world, key, None).await.unwrap().state else {
            panic!("{key}");
        };
        assert!(reason.contains(part), "{reason}");
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
    for fault in [
        json!("drop"),
        json!("cut_off"),
        json!("not_json"),
        json!("huge"),
        json!("redirect"),
    ] {
        world.fault("models", fault.clone(), Some(1)).await;
        let status = add(&world, "sk-ant-api03-good", None).await.unwrap();
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
    assert!(matches!(status.state, State::Hindered { .. }));
    assert_eq!(
        world.store.secrets.lock().unwrap().len(),
        1,
        "a key that is refused later is kept"
    );
}
