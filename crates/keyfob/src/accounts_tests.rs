use jiff::Timestamp;

use super::*;
use crate::account::{Facts, Identity, KeyFacts, Owner, Payer};

pub(super) fn id(number: u8) -> AccountId {
    AccountId::from_random([number; 32])
}

pub(super) fn account(number: u8, label: &str) -> Account {
    Account {
        id: id(number),
        label: label.to_owned(),
        method: Method::ApiKey,
        owner: Owner::Keyfob,
        provider: None,
        payer: Payer::Api,
        generation: 1,
        practice: false,
        identity: Identity::default(),
        created_at: Timestamp::UNIX_EPOCH,
        facts: Facts::Key(KeyFacts {
            last_four: "f2A9".to_owned(),
            ..KeyFacts::default()
        }),
    }
}

pub(super) fn practice(number: u8, label: &str) -> Account {
    Account {
        practice: true,
        ..account(number, label)
    }
}

/// A session that tools are given nothing of.
fn by_claude_code(number: u8, label: &str) -> Account {
    Account {
        method: Method::ClaudeCode,
        ..account(number, label)
    }
}

fn list(accounts: impl IntoIterator<Item = Account>) -> Accounts {
    let mut list = Accounts::default();
    for account in accounts {
        list.add(account);
    }
    list
}

/// A list on disk, in a folder of its own that begins with `text` in the file.
fn file_with(text: Option<&str>) -> (tempfile::TempDir, AccountsFile) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::at(folder.path().to_owned());
    if let Some(text) = text {
        std::fs::write(home.accounts_file(), text).unwrap();
    }
    (folder, AccountsFile::new(&home))
}

/// Reading and changing fail with the same error, which is given, and the file stays as it is, byte for byte.
fn refusal_of(text: &str) -> Error {
    let (folder, file) = file_with(Some(text));
    let error = file.read().unwrap_err();
    let changed = file.change(|list| {
        list.add(account(1, "new"));
        Ok(())
    });
    assert_eq!(changed.unwrap_err(), error, "{text}");
    let after = std::fs::read(folder.path().join("accounts.json")).unwrap();
    assert_eq!(after, text.as_bytes());
    error
}

#[test]
fn what_is_added_is_there_for_the_next_reader() {
    let (folder, file) = file_with(None);
    assert_eq!(*file.read().unwrap(), Accounts::default());
    file.change(|list| {
        list.add(account(1, "Work"));
        Ok(())
    })
    .unwrap();
    let again = AccountsFile::new(&Home::at(folder.path().to_owned()));
    assert_eq!(*again.read().unwrap(), list([account(1, "Work")]));
}

#[test]
fn a_change_that_changes_nothing_or_fails_writes_nothing() {
    let (folder, file) = file_with(None);
    file.change(|_| Ok(())).unwrap();
    let failed: Result<()> = file.change(|list| {
        list.add(account(1, "Work"));
        Err(Error::new(Code::Failed, "no", "never"))
    });
    assert!(failed.is_err());
    assert!(!folder.path().join("accounts.json").exists());
}

#[test]
fn a_list_of_a_newer_keyfob_is_refused_and_left() {
    for text in [
        r#"{"version": 3, "accounts": []}"#,
        r#"{"version":3,"accounts":[{"id":"acct-0","method":"of the future"}]}"#,
        r#"{"version":4,"people":{}}"#,
    ] {
        let error = refusal_of(text);
        assert!(error.message.contains("newer Keyfob"), "{text} {error}");
    }
}

#[test]
fn a_damaged_list_is_refused_and_left() {
    for text in [
        "",
        "null",
        "{}",
        "[]",
        r#"{"version": 1}"#,
        r#"{"version": 1, "accounts": [{}]}"#,
        r#"{"version": 1, "accounts": []"#,
        r#"{"version": -1, "accounts": []}"#,
        r#"{"version": 1, "default": "../x", "accounts": []}"#,
    ] {
        let error = refusal_of(text);
        assert!(error.message.contains("is damaged"), "{text} {error}");
    }
}

#[test]
fn nothing_is_lost_however_many_change_the_list_at_once() {
    let (_folder, file) = file_with(None);
    let add = |number: u8| {
        file.change(|list| {
            list.add(account(number, &format!("label {number}")));
            Ok(())
        })
    };
    std::thread::scope(|threads| {
        for thread in 0..4 {
            threads.spawn(move || (0..3).for_each(|n| add(thread * 3 + n).unwrap()));
        }
    });
    let list = file.read().unwrap();
    assert_eq!(list.accounts.len(), 12);
    assert!((0..12).all(|number| list.get(&id(number)).is_some()));
}

#[test]
fn an_account_is_found_by_id_and_by_label_and_as_the_default() {
    // A label may look like an id; the id itself goes before.
    let list = list([
        account(1, "Work"),
        account(2, id(3).as_str()),
        account(3, "Über"),
    ]);
    for (name, expected) in [
        (None, 1),
        (Some("Work"), 1),
        (Some(" work "), 1),
        (Some("über"), 3),
        (Some(id(2).as_str()), 2),
        (Some(id(3).as_str()), 3),
    ] {
        assert_eq!(list.find(name).unwrap().id, id(expected), "{name:?}");
    }
}

#[test]
fn what_is_not_found_is_said_with_what_there_is() {
    let mut list = list([account(1, "Work"), account(2, "Home")]);
    for name in ["", "Wor", "\u{1b}[31m"] {
        let error = list.find(Some(name)).unwrap_err();
        assert_eq!(error.code, Code::Usage, "{name:?}");
        assert_eq!(error.cure, "The accounts are: Work, Home.");
        assert!(!error.message.contains('\u{1b}'));
    }
    list.default = None;
    assert_eq!(list.find(None).unwrap_err().code, Code::Usage);
    for name in [None, Some("Work")] {
        let error = Accounts::default().find(name).unwrap_err();
        assert_eq!(error.code, Code::SignInNeeded, "{name:?}");
    }
}

#[test]
fn the_first_account_is_the_default_and_a_real_one_takes_over_from_practice() {
    for (accounts, expected) in [
        (vec![account(1, "a")], 1),
        (vec![account(1, "a"), account(2, "b")], 1),
        (vec![practice(1, "a")], 1),
        (vec![practice(1, "a"), practice(2, "b")], 1),
        (vec![practice(1, "a"), account(2, "b")], 2),
        (vec![practice(1, "a"), account(2, "b"), account(3, "c")], 2),
        (vec![account(1, "a"), practice(2, "b")], 1),
        (vec![by_claude_code(1, "a"), account(2, "b")], 2),
        (vec![account(1, "a"), by_claude_code(2, "b")], 1),
    ] {
        assert_eq!(
            list(accounts.clone()).default,
            Some(id(expected)),
            "{accounts:?}"
        );
    }
}

#[test]
fn only_the_persons_word_makes_another_account_the_default() {
    let mut list = list([account(1, "a"), account(2, "b")]);
    list.remove(&id(2));
    assert_eq!(list.default, Some(id(1)));
    list.add(account(3, "c"));
    list.remove(&id(1));
    assert_eq!(list.default, None);
    list.add(account(4, "d"));
    assert_eq!(list.default, None);
    list.remove(&id(3));
    list.remove(&id(4));
    list.add(account(5, "e"));
    assert_eq!(list.default, Some(id(5)));
}

#[test]
fn a_label_that_is_taken_gets_a_number() {
    let list = list([account(1, "Work"), account(2, "work 2"), account(3, "x")]);
    for (wanted, free) in [("Home", "Home"), ("Work", "Work 3"), ("WORK", "WORK 3")] {
        assert_eq!(list.free_label(wanted), free);
    }
}

#[test]
fn a_label_with_its_number_is_still_a_label() {
    let long = "é".repeat(60);
    let free = list([account(1, &long)]).free_label(&long);
    assert_ne!(free, long);
    assert_eq!(checked_label(&free).as_deref(), Ok(free.as_str()));
}

#[test]
fn a_label_is_one_short_line_without_a_key() {
    let long = "é".repeat(60);
    for (label, kept) in [
        ("Work", "Work"),
        (" Ada's \n", "Ada's"),
        (long.as_str(), &long),
    ] {
        assert_eq!(checked_label(label).as_deref(), Ok(kept));
    }
    for bad in [
        "",
        " \n",
        &"a".repeat(61),
        "a\nb",
        "a\u{1b}[31m",
        "my sk-ant-api03-x",
    ] {
        let error = checked_label(bad).unwrap_err();
        assert_eq!(error.code, Code::NotAccepted, "{bad:?}");
    }
}
