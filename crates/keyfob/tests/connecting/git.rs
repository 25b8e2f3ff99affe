//! git, which is told of a helper in its own file.

use std::fs;

use crate::desk::{Desk, git, text};

#[tokio::test]
async fn git_is_told_of_what_is_listed_and_forgets_while_the_account_is_listed() {
    let desk = Desk::new().await;
    let (list, accounts) = (
        desk.keyfobs("connections.json"),
        desk.keyfobs("accounts.json"),
    );
    let seen = desk.path("seen");
    desk.git(&format!(
        "case \"$*\" in *--add*) cat {} > {seen};; *--unset*) cat {} > {seen};; esac",
        list.display(),
        accounts.display(),
        seen = seen.display()
    ));
    let connected = desk.connect(git(), "CI").await.unwrap();
    let id = connected.connection.id.as_str();
    assert!(text(&seen).contains(id), "{}", text(&seen));
    assert!(text(&desk.path(".gitconfig")).contains(id));
    let report = desk.keyfob.sign_out("CI").await.unwrap();
    assert!(report.left.is_empty(), "{report:?}");
    assert!(text(&seen).contains("\"CI\""), "{}", text(&seen));
    assert!(!desk.path(".gitconfig").exists());
}

#[tokio::test]
async fn gits_line_goes_wherever_its_file_has_gone() {
    let desk = Desk::new().await;
    let usual = desk.path(".gitconfig");
    let other = desk.path(".config/git/config");
    fs::create_dir_all(other.parent().unwrap()).unwrap();

    desk.connect(git(), "CI").await.unwrap();
    fs::rename(&usual, &other).unwrap();
    assert!(desk.keyfob.disconnect("git").unwrap().left.is_empty());
    assert!(!text(&other).contains("helper"), "{}", text(&other));

    // git writes there where the usual one is missing, and a list that names another one is put right.
    fs::write(&other, "").unwrap();
    let connected = desk.connect(git(), "CI").await.unwrap();
    assert_eq!(connected.connection.files, std::slice::from_ref(&other));
    desk.keyfob.disconnect("git").unwrap();
    assert_eq!(text(&other), "");
    assert!(!usual.exists());
}

#[tokio::test]
async fn a_git_that_knows_no_fixed_values_is_given_a_pattern() {
    let desk = Desk::new().await;
    desk.git("case \"$*\" in *--fixed-value*) exit 129;; esac");
    let before = "[credential]\n\thelper = cache\n";
    fs::write(desk.path(".gitconfig"), before).unwrap();
    desk.connect(git(), "CI").await.unwrap();
    assert_ne!(text(&desk.path(".gitconfig")), before);
    assert!(desk.keyfob.disconnect("git").unwrap().left.is_empty());
    assert_eq!(text(&desk.path(".gitconfig")), before);
}

#[tokio::test]
async fn a_git_that_does_not_end_is_ended() {
    let desk = Desk::new().await;
    desk.program("git", "exec /bin/sleep 600");
    let error = desk.connect(git(), "CI").await.unwrap_err();
    assert!(error.message.contains("in time"), "{error:?}");
    assert!(desk.keyfob.connections().unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_taken_back_when_connecting_fails_stays_listed() {
    let desk = Desk::new().await;
    fs::write(desk.path(".gitconfig"), "[user]\n\tname = Ada\n").unwrap();
    // It adds the first of two values, and neither the second nor takes one out.
    desk.git("case \"$*\" in *--unset*|*--add*credential\\ git-*) exit 4;; esac");
    let error = desk.connect(git(), "CI").await.unwrap_err();
    assert!(error.message.contains("git did not change"), "{error:?}");
    let way = "run `keyfob disconnect git-";
    assert!(error.cure.contains(way), "{error:?}");
    assert!(text(&desk.path(".gitconfig")).contains("helper"));
    let listed = desk.keyfob.connections().unwrap();
    let problem = listed[0].problem.as_deref().unwrap_or_default();
    assert!(problem.contains("could not be connected"), "{listed:?}");
    desk.git("");
    assert!(desk.keyfob.disconnect("git").unwrap().left.is_empty());
    assert_eq!(text(&desk.path(".gitconfig")), "[user]\n\tname = Ada\n");
    assert!(desk.keyfob.connections().unwrap().is_empty());
}
