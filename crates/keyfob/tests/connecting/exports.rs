//! Exported files, which are ours for as long as they are listed.

use std::fs;
use std::os::unix::fs::symlink;

use keyfob::ExportFormat;

use crate::desk::{Desk, KEY, NEW, git, opencode, sdk, text};

#[tokio::test]
async fn nothing_is_written_that_cannot_be_listed() {
    let desk = Desk::new().await;
    desk.world.sign_in_as("Work").await;
    desk.export("CI", ExportFormat::DockerSecret, "key", false)
        .await
        .unwrap();
    desk.rotate(NEW).await;
    desk.list_cannot_be_written(true);
    let again = desk.export("CI", ExportFormat::DockerSecret, "key", true);
    again.await.unwrap_err();
    assert_eq!(text(&desk.path("key")), KEY);
    let other = desk.export("CI", ExportFormat::DockerSecret, "other", false);
    other.await.unwrap_err();
    desk.connect(sdk(false), "Work").await.unwrap_err();
    desk.connect(git(), "CI").await.unwrap_err();
    for path in ["other", "profiles", ".gitconfig"] {
        assert!(!desk.path(path).exists(), "{path}");
    }
    desk.list_cannot_be_written(false);
    desk.export("CI", ExportFormat::DockerSecret, "key", true)
        .await
        .unwrap();
    assert_eq!(text(&desk.path("key")), NEW);
    assert_eq!(desk.keyfob.connections().unwrap().len(), 1);
}

#[tokio::test]
async fn an_export_that_was_killed_while_it_was_replaced_is_still_ours() {
    let desk = Desk::new().await;
    let export = |replace| desk.export("CI", ExportFormat::DockerSecret, "key", replace);
    export(false).await.unwrap();
    let old = desk.list()["all"][0]["changes"][0].clone();
    desk.rotate(NEW).await;
    for written in [KEY, NEW] {
        export(true).await.unwrap();
        // As the list is before the file is written.
        let mut list = desk.list();
        let changes = list["all"][0]["changes"].as_array_mut().unwrap();
        changes.insert(0, old.clone());
        fs::write(desk.keyfobs("connections.json"), list.to_string()).unwrap();
        fs::write(desk.path("key"), written).unwrap();
        let listed = desk.keyfob.connections().unwrap();
        assert_eq!(listed[0].problem, None, "{written}");
    }
    export(true).await.unwrap();
    let mut list = desk.list();
    let changes = list["all"][0]["changes"].as_array_mut().unwrap();
    changes.insert(0, old);
    fs::write(desk.keyfobs("connections.json"), list.to_string()).unwrap();
    let report = desk.keyfob.sign_out("CI").await.unwrap();
    assert!(report.left.is_empty(), "{report:?}");
    assert!(!desk.path("key").exists());
}

#[tokio::test]
async fn nothing_of_a_plan_is_copied() {
    let desk = Desk::new().await;
    let config = desk.world.mock.config_block();
    let plan = config.replace("payer = \"none\"", "payer = \"plan\"");
    assert_ne!(config, plan);
    desk.world
        .configure(&plan.replace("practice = true", "practice = false"));
    desk.world.sign_in_as("Work").await;
    for format in [
        ExportFormat::ClaudeCredentials,
        ExportFormat::Env,
        ExportFormat::Json,
        ExportFormat::AnthropicProfile,
        ExportFormat::DockerSecret,
    ] {
        let error = desk.export("Work", format, "out", false).await.unwrap_err();
        assert!(
            error.message.contains("Claude plan"),
            "{format:?} {error:?}"
        );
    }
    for to in [sdk(false), opencode()] {
        let error = desk.connect(to, "Work").await.unwrap_err();
        assert!(error.message.contains("Claude plan"), "{error:?}");
    }
    assert!(!desk.path("out").exists() && !desk.path("profiles").exists());
}

#[tokio::test]
async fn what_somebody_wrote_while_it_was_exported_anew_stays() {
    let desk = Desk::new().await;
    let export = |replace| desk.export("CI", ExportFormat::DockerSecret, "key", replace);
    export(false).await.unwrap();
    let before = desk.list()["all"].clone();
    let path = desk.path("key");
    *desk.world.store.after_load.lock().unwrap() =
        Some(Box::new(move || fs::write(path, "theirs").unwrap()));
    let error = export(true).await.unwrap_err();
    assert!(error.message.contains("was changed"), "{error:?}");
    assert_eq!(text(&desk.path("key")), "theirs");
    assert_eq!(desk.list()["all"], before);
}

#[tokio::test]
async fn a_link_in_a_files_place_is_left_and_said() {
    let desk = Desk::new().await;
    desk.export("CI", ExportFormat::DockerSecret, "key", false)
        .await
        .unwrap();
    fs::rename(desk.path("key"), desk.path("moved")).unwrap();
    symlink(desk.path("moved"), desk.path("key")).unwrap();
    let listed = desk.keyfob.connections().unwrap();
    let problem = listed[0].problem.clone().unwrap();
    assert!(problem.contains("only a symbolic link"), "{problem}");
    let left = desk.keyfob.disconnect("file").unwrap().left.join(" ");
    assert!(left.contains("is a symbolic link now"), "{left}");
    assert!(left.contains("works until its end"), "{left}");
    assert!(desk.path("key").is_symlink());
    assert_eq!(text(&desk.path("moved")), KEY);
}
