//! Profiles of the official SDKs, connected and exported.

use std::fs;

use keyfob::{ConnectTo, ExportFormat};

use crate::desk::{Desk, sdk, text};

#[tokio::test]
async fn a_profiles_token_goes_even_where_the_active_one_cannot_be_read() {
    let desk = Desk::new().await;
    desk.world.sign_in_as("Work").await;
    desk.connect(sdk(true), "Work").await.unwrap();
    let token = desk.path("profiles/credentials/work.json");
    assert!(token.exists());
    let active = desk.path("profiles/active_config");
    fs::remove_file(&active).unwrap();
    fs::create_dir(&active).unwrap();
    desk.keyfob.disconnect("anthropic-sdk").unwrap_err();
    assert!(!token.exists());
    assert!(!desk.path("profiles/configs/work.json").exists());
    fs::remove_dir(&active).unwrap();
    assert!(
        desk.keyfob
            .disconnect("anthropic-sdk")
            .unwrap()
            .left
            .is_empty()
    );
    assert!(!desk.path("profiles").exists());
}

#[tokio::test]
async fn a_profile_that_was_listed_and_never_written_is_taken_back_without_a_word() {
    let desk = Desk::new().await;
    desk.world.sign_in_as("Work").await;
    fs::create_dir(desk.path("profiles")).unwrap();
    fs::write(desk.path("profiles/active_config"), "mine\n").unwrap();
    desk.connect(sdk(true), "Work").await.unwrap();
    // As a kill leaves it that comes after the list was written.
    fs::remove_dir_all(desk.path("profiles")).unwrap();
    fs::create_dir(desk.path("profiles")).unwrap();
    fs::write(desk.path("profiles/active_config"), "mine\n").unwrap();
    let gone = desk.keyfob.disconnect("anthropic-sdk").unwrap();
    assert!(gone.left.is_empty(), "{:?}", gone.left);
    assert_eq!(text(&desk.path("profiles/active_config")), "mine\n");
}

#[tokio::test]
async fn folders_go_with_the_last_profile_in_them() {
    let desk = Desk::new().await;
    desk.world.sign_in_as("Work").await;
    let named = |name: &str| ConnectTo::AnthropicSdk {
        profile: Some(name.to_owned()),
        activate: false,
    };
    for order in [["a", "b", "c"], ["b", "a", "c"], ["c", "b", "a"]] {
        let mut ids = Vec::new();
        for name in ["a", "b", "c"] {
            let connected = desk.connect(named(name), "Work").await.unwrap();
            ids.push((name, connected.connection.id));
        }
        for name in order {
            let (_, id) = ids.iter().find(|(known, _)| *known == name).unwrap();
            assert!(desk.path("profiles/configs").is_dir());
            let taken = desk.keyfob.disconnect(id.as_str()).unwrap();
            assert!(taken.left.is_empty(), "{taken:?}");
        }
        assert!(!desk.path("profiles").exists(), "{order:?}");
    }
}

#[tokio::test]
async fn an_exported_profile_is_written_anew() {
    let desk = Desk::new().await;
    for label in ["Work", "Home"] {
        desk.world.sign_in_as(label).await;
    }
    let export =
        |account, replace| desk.export(account, ExportFormat::AnthropicProfile, "mounted", replace);
    let file = |name: &str| desk.path("mounted").join(name);
    export("Work", false).await.unwrap();
    let before = text(&file("credentials/work.json"));
    let refused = export("Work", false).await.unwrap_err();
    assert!(refused.cure.contains("--replace"), "{refused:?}");
    desk.keyfob.refresh(Some("Work")).await.unwrap();
    export("Work", true).await.unwrap();
    assert_ne!(text(&file("credentials/work.json")), before);

    // Of another account, and nothing stays of the one before.
    fs::write(file("theirs"), "theirs").unwrap();
    export("Home", true).await.unwrap();
    assert!(!file("credentials/work.json").exists() && !file("configs/work.json").exists());
    assert_eq!(text(&file("active_config")), "home\n");
    let listed = desk.keyfob.connections().unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].label.as_deref(), &listed[0].problem),
        (Some("Home"), &None)
    );

    // Where somebody has changed any of it, all of it is left.
    fs::write(file("active_config"), "other\n").unwrap();
    let refused = export("Work", true).await.unwrap_err();
    assert!(refused.message.contains("was changed"), "{refused:?}");
    assert!(file("credentials/home.json").exists() && !file("credentials/work.json").exists());
    fs::write(file("active_config"), "home\n").unwrap();
    desk.export(
        "Work",
        ExportFormat::AnthropicProfile,
        "mounted/configs",
        true,
    )
    .await
    .unwrap_err();

    // Of another API, and its token never lies beside this one's address.
    let config = file("configs/home.json");
    let elsewhere = text(&config).replace("http://", "https://");
    assert_ne!(elsewhere, text(&config));
    let (old, new) = (sha256(&text(&config)), sha256(&elsewhere));
    fs::write(&config, &elsewhere).unwrap();
    let list = text(&desk.keyfobs("connections.json")).replace(&old, &new);
    fs::write(desk.keyfobs("connections.json"), list).unwrap();
    let refused = export("Home", true).await.unwrap_err();
    assert!(refused.message.contains("another API"), "{refused:?}");
    desk.keyfob.disconnect("file").unwrap();
    fs::remove_file(file("theirs")).unwrap();
    assert_eq!(fs::read_dir(desk.path("mounted")).unwrap().count(), 0);
}

fn sha256(text: &str) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
