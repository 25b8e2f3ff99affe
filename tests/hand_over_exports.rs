//! Where exported files lie: nothing of anybody else is written over, one place is one however it is named, and what was
//! exported is listed, tested and taken back as what it is.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use keyfob_tests::desk::{Desk, KEY};
use keyfob_tests::home::files_under;
use keyfob_tests::{PATIENCE, eventually};
use serde_json::Value;

#[test]
fn nothing_that_is_there_is_written_over() {
    let desk = Desk::new();
    fs::write(desk.path("theirs"), "theirs").unwrap();
    symlink(desk.path("theirs"), desk.path("link")).unwrap();
    symlink("/nowhere", desk.path("dangling")).unwrap();
    fs::create_dir(desk.path("folder")).unwrap();
    for more in [&[][..], &["--replace"]] {
        for name in [
            "theirs",
            "link",
            "dangling",
            "folder",
            "missing/file",
            "theirs/below",
        ] {
            let refused = desk.export("ci", "env", name, more).expect_code(2);
            assert!(refused.stderr.contains("."), "{name} {refused:#?}");
        }
        let refused = desk.export("work", "anthropic-profile", "theirs", more);
        refused.expect_code(2);
        let refused = desk
            .custody
            .run(&["export", "ci", "--format", "env", "--to", "/dev/null"]);
        refused.expect_code(2);
    }
    assert_eq!(fs::read_to_string(desk.path("theirs")).unwrap(), "theirs");
    assert_eq!(files_under(&desk.folder).len(), 1);
    assert!(desk.connections().is_empty());

    // What Keyfob wrote is written anew where that is asked for, and nobody has changed it.
    desk.export("ci", "env", "ours", &[]).expect_code(0);
    desk.export("ci", "env", "ours", &[]).expect_code(2);
    desk.export("work", "docker-secret", "ours", &["--replace"])
        .expect_code(0);
    assert_eq!(
        fs::read_to_string(desk.path("ours")).unwrap(),
        desk.custody.token("work")
    );
    let listed = desk.connections();
    assert_eq!(listed.len(), 1, "{listed:#?}");
    assert_eq!(listed[0]["label"], "work");
    fs::write(desk.path("ours"), "changed").unwrap();
    let refused = desk
        .export("ci", "env", "ours", &["--replace"])
        .expect_code(2);
    assert!(refused.stderr.contains("was changed"), "{refused:#?}");
    assert_eq!(fs::read_to_string(desk.path("ours")).unwrap(), "changed");
}

#[test]
fn what_lies_in_a_folder_that_cannot_be_synced_is_listed() {
    let desk = Desk::new();
    let folder = desk.path("drop");
    fs::create_dir(&folder).unwrap();
    // One may write into it, and not open it.
    let export = |account: &str, name: &str, more: &[&str]| {
        let path = folder.join(name);
        let path = path.to_str().unwrap();
        let export = ["export", account, "--format", "docker-secret", "--to", path];
        let arguments = [&export[..], more].concat();
        let (session, home) = (&desk.custody.session, &desk.custody.home);
        let open = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
        open(0o300);
        let output = session.keyfob(home, &arguments).by_permissions().run();
        open(0o700);
        output
    };
    export("ci", "new", &[]).expect_code(1);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    assert!(desk.connections().is_empty());

    // What could be written is listed, and as what it is.
    desk.export("work", "docker-secret", "drop/old", &[])
        .expect_code(0);
    export("ci", "old", &["--replace"]).expect_code(0);
    assert_eq!(fs::read_to_string(folder.join("old")).unwrap(), KEY);
    let listed = desk.connections();
    assert_eq!(listed.len(), 1, "{listed:#?}");
    assert_eq!(listed[0]["label"], "ci");
    assert_eq!(listed[0]["problem"], Value::Null);
    desk.custody.run(&["logout", "ci"]).expect_code(0);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn what_was_exported_is_listed_and_taken_back() {
    let desk = Desk::new();
    for (account, name) in [
        ("work", "a"),
        ("ci", "b"),
        ("ci", "moved"),
        ("work", "changed"),
    ] {
        desk.export(account, "docker-secret", name, &[])
            .expect_code(0);
    }
    let listed = desk.connections();
    let of = |name: &str| {
        let path = desk.path(name).display().to_string();
        let found = listed.iter().find(|one| one["target"] == path.as_str());
        found.unwrap_or_else(|| panic!("{name} in {listed:#?}"))
    };
    assert!(of("a")["valid_until"].is_string());
    assert_eq!(of("b")["valid_until"], Value::Null);
    assert_eq!(of("b")["gets"], "a copy of the API key");
    fs::rename(desk.path("moved"), desk.path("elsewhere")).unwrap();
    fs::write(desk.path("changed"), "changed").unwrap();
    let problems: Vec<_> = desk
        .connections()
        .iter()
        .map(|one| one["problem"].clone())
        .collect();
    let words: Vec<_> = problems.iter().filter_map(Value::as_str).collect();
    assert_eq!(words.len(), 2, "{problems:?}");
    assert!(words[0].contains("not there any more"), "{words:?}");
    assert!(words[1].contains("was changed"), "{words:?}");
    let out = desk.custody.run(&["logout", "ci"]).expect_code(0);
    assert!(out.stderr.contains("not there any more"), "{out:#?}");
    let out = desk.custody.run(&["logout", "work"]).expect_code(0);
    assert!(out.stderr.contains("left as it is"), "{out:#?}");
    let left: Vec<_> = files_under(&desk.folder).into_keys().collect();
    assert_eq!(left, [PathBuf::from("changed"), PathBuf::from("elsewhere")]);
    assert!(desk.connections().is_empty());
}

#[test]
fn a_place_is_one_however_it_is_named() {
    let desk = Desk::new();
    fs::create_dir(desk.path("x")).unwrap();
    symlink(&desk.folder, desk.path("linked")).unwrap();
    let target = desk.path("file").display().to_string();
    let is_the_one = || {
        let listed = desk.connections();
        let targets: Vec<_> = listed.iter().map(|one| &one["target"]).collect();
        assert_eq!(targets, [target.as_str()]);
    };
    for (first, other) in [
        ("x/../file", "file"),
        ("linked/file", "x/../file"),
        ("file", "linked/file"),
    ] {
        desk.export("ci", "env", first, &[]).expect_code(0);
        is_the_one();
        let refused = desk.export("ci", "env", other, &[]).expect_code(2);
        assert!(refused.stderr.contains("--replace"), "{refused:#?}");
        desk.export("ci", "json", other, &["--replace"])
            .expect_code(0);
        is_the_one();
        let disconnect = desk.custody.keyfob(&["disconnect", other]);
        disconnect.within(&desk.folder).run().expect_code(0);
        assert!(!desk.path("file").exists());
        assert!(desk.connections().is_empty());
    }
    // A folder is one, too.
    desk.export("work", "anthropic-profile", "x/../profile", &[])
        .expect_code(0);
    desk.export(
        "work",
        "anthropic-profile",
        "linked/profile",
        &["--replace"],
    )
    .expect_code(0);
    assert_eq!(desk.connections().len(), 1);
    desk.custody
        .run(&["disconnect", desk.path("profile").to_str().unwrap()])
        .expect_code(0);
    assert!(!desk.path("profile").exists());
}

#[test]
fn testing_an_export_says_how_it_lies_there_and_asks_nobody() {
    let desk = Desk::new();
    let test = || -> Value {
        let call = ["connections", "--test", "file", "--json"];
        let output = desk.custody.run(&call);
        let tested: Value = serde_json::from_str(&output.stdout).unwrap();
        assert_eq!(output.code, Some(i32::from(tested["works"] != true)));
        assert_eq!(tested["detail"], Value::Null, "{tested:#}");
        tested
    };
    let lists = || desk.connections()[0]["problem"].clone();
    // A token that ends here and there. Asking for the account's own would renew it.
    desk.custody.access_ttl(5);
    desk.custody.run(&["refresh", "work"]).expect_code(0);
    desk.export("work", "docker-secret", "file", &["--min-valid", "0s"])
        .expect_code(0);
    let end = desk.connections()[0]["valid_until"].clone();
    let refreshed = desk.custody.mock.count("refreshes");
    let ended = eventually(PATIENCE, || test()["works"] == false);
    assert!(ended, "{:#}", test());
    let words = test()["words"].as_str().unwrap().to_owned();
    let day = &end.as_str().unwrap()[..10];
    assert!(words.contains(&format!("ended on {day}")), "{words}");
    assert_eq!(desk.custody.mock.count("refreshes"), refreshed);
    desk.custody.long_access_ttl();

    desk.export("work", "docker-secret", "file", &["--replace"])
        .expect_code(0);
    assert_eq!(test()["works"], true);
    // It says what the list says.
    fs::write(desk.path("file"), "changed").unwrap();
    let tested = test();
    assert_eq!(tested["words"], lists());
    assert!(tested["words"].as_str().unwrap().contains("was changed"));
    fs::remove_file(desk.path("file")).unwrap();
    let tested = test();
    assert_eq!(tested["words"], lists());
    assert!(
        tested["cure"]
            .as_str()
            .unwrap()
            .contains("keyfob disconnect file-")
    );
    // A key has no end.
    desk.custody.run(&["disconnect", "file"]).expect_code(0);
    desk.export("ci", "env", "key", &[]).expect_code(0);
    assert_eq!(test()["works"], true);
}
