//! Which profile is the active one, and what a person is told of theirs: nobody else pays without their word, nothing
//! names a profile that is gone without being said, and no token gets a profile that would lead it elsewhere.

use std::fs;
use std::path::PathBuf;

use keyfob_tests::home::files_under;
use keyfob_tests::{Call, Custody, Output};
use serde_json::{Value, json};

/// A session with these accounts, and a folder for profiles.
struct Desk {
    custody: Custody,
    profiles: PathBuf,
}

impl Desk {
    fn with(accounts: &[&str]) -> Self {
        let mut custody = Custody::start();
        for account in accounts {
            custody.sign_in(account);
        }
        let profiles = custody.session.new_folder("profiles");
        custody.session.set("ANTHROPIC_CONFIG_DIR", &profiles);
        Self { custody, profiles }
    }

    fn call(&self, account: &str, more: &[&str]) -> Call {
        let connect = ["connect", "anthropic-sdk", "--account", account];
        self.custody.keyfob(&[&connect[..], more].concat())
    }

    fn connect(&self, account: &str, more: &[&str]) -> String {
        self.call(account, more).run().expect_code(0).stderr
    }

    fn disconnect(&self) -> String {
        let gone = self.custody.run(&["disconnect", "anthropic-sdk"]);
        gone.expect_code(0).stderr
    }

    fn pointer(&self) -> PathBuf {
        self.profiles.join("active_config")
    }

    /// As another program writes it: without the end of the line.
    fn point_to(&self, name: &str) {
        fs::write(self.pointer(), name).unwrap();
    }

    fn pointed_to(&self) -> Option<String> {
        fs::read_to_string(self.pointer()).ok()
    }

    fn connections(&self) -> Vec<Value> {
        let output = self.custody.run(&["connections", "--json"]);
        serde_json::from_str(&output.expect_code(0).stdout).unwrap()
    }

    /// What the libraries use in this environment, by its source and its account.
    fn used_with(&self, variables: &[(&str, &str)]) -> (Value, Value) {
        let which = self.custody.keyfob(&["which", "anthropic-sdk", "--json"]);
        let which = with(which, variables).run();
        let which: Value = serde_json::from_str(&which.stdout).unwrap();
        let winner = &which["winner"];
        (winner["source"].clone(), winner["label"].clone())
    }
}

fn with(call: Call, variables: &[(&str, &str)]) -> Call {
    let each = variables.iter();
    each.fold(call, |call, (name, value)| call.env(name, value))
}

#[test]
fn a_removed_profile_is_named_by_nothing_or_that_is_said() {
    let desk = Desk::with(&["Work", "Second", "Third"]);
    let path = desk.pointer().display().to_string();
    let stays = format!("{path} names \"work\" still, which is not there any more");
    // Whoever pointed there themselves finds it as they left it, and is told.
    desk.connect("Work", &[]);
    desk.point_to("work");
    let said = desk.disconnect();
    assert!(said.contains(&stays), "{said}");
    assert!(said.contains("programs stop with an error"), "{said}");
    assert!(!said.contains("Its profile was removed"), "{said}");
    assert_eq!(desk.pointed_to().as_deref(), Some("work"));
    assert_eq!(desk.used_with(&[]).0, Value::Null);
    desk.connect("Work", &[]);
    let out = desk.custody.run(&["logout", "Work"]).expect_code(0);
    assert!(out.stderr.contains(&stays), "{out:#?}");

    // What Keyfob wrote there goes, also where another program has written the same anew.
    for before in [None, Some("theirs")] {
        match before {
            Some(before) => desk.point_to(before),
            None => fs::remove_file(desk.pointer()).unwrap(),
        }
        desk.connect("Second", &["--activate"]);
        desk.point_to("second");
        // That it is so already is not written down once more.
        let again = desk.connect("Second", &["--activate"]);
        assert!(again.contains("already"), "{again}");
        let said = desk.disconnect();
        assert!(said.contains("Its profile was removed"), "{said}");
        assert!(!said.contains(&path), "{said}");
        assert_eq!(desk.pointed_to().as_deref(), before);
    }
    // And where a later one was made active over it.
    desk.connect("Second", &["--activate"]);
    desk.point_to("second");
    desk.connect("Third", &["--activate"]);
    let out = desk.custody.run(&["logout", "Second"]).expect_code(0);
    assert!(!out.stderr.contains(&path), "{out:#?}");
    assert_eq!(desk.pointed_to().as_deref(), Some("third\n"));
    let said = desk.disconnect();
    assert!(said.contains("Its profile was removed"), "{said}");
    assert_eq!(desk.pointed_to().as_deref(), Some("theirs"));
}

#[test]
fn no_account_is_the_active_one_by_what_it_is_called() {
    let desk = Desk::with(&["Default"]);
    let said = desk.connect("Default", &[]);
    assert!(said.contains("ANTHROPIC_PROFILE=default-2"), "{said}");
    assert!(!said.contains("active profile"), "{said}");
    assert_eq!(desk.connections()[0]["target"], "default-2");
    assert_eq!(desk.used_with(&[]).0, Value::Null);
    // By the person's word it is.
    desk.connect("Default", &["--activate"]);
    let used = (json!("active_profile"), json!("Default"));
    assert_eq!(desk.used_with(&[]), used);
    desk.disconnect();
    let said = desk.connect("Default", &["--profile", "default"]);
    assert!(said.contains("It is the active profile"), "{said}");
    assert_eq!(desk.used_with(&[]), used);
    desk.disconnect();
    // Unless another one is named.
    desk.point_to("theirs");
    let said = desk.connect("Default", &["--profile", "default"]);
    assert!(said.contains("ANTHROPIC_PROFILE=default"), "{said}");
    assert!(!said.contains("active profile"), "{said}");
    assert_eq!(desk.used_with(&[]).0, Value::Null);
    desk.disconnect();
    desk.point_to("default");
    let said = desk.connect("Default", &["--profile", "default"]);
    assert!(said.contains("It is the active profile"), "{said}");
    assert_eq!(desk.used_with(&[]), used);
}

#[test]
fn no_profile_is_made_where_its_token_would_go_to_another_server() {
    let desk = Desk::with(&["Work"]);
    let elsewhere = "https://someone:s3cret@other.example/path";
    let refused = |call: Call| -> Output {
        let call = call.env("ANTHROPIC_BASE_URL", elsewhere);
        let refused = call.run().expect_code(1);
        let said = &refused.stderr;
        assert!(said.contains("to other.example, and it is for"), "{said}");
        assert!(said.contains("Nothing was written"), "{said}");
        assert!(!said.contains("s3cret"), "{said}");
        refused
    };
    refused(desk.call("Work", &[]));
    refused(desk.call("Work", &["--activate"]));
    assert!(files_under(&desk.profiles).is_empty());
    assert!(desk.connections().is_empty());
    // Set to nothing it counts for nothing, and its own server is right.
    let own = format!("{}/", desk.custody.mock.base_url());
    for address in ["", &own] {
        let call = desk.call("Work", &[]).env("ANTHROPIC_BASE_URL", address);
        call.run().expect_code(0);
        refused(desk.call("Work", &["--activate"]));
        assert_eq!(desk.pointed_to(), None);
        desk.disconnect();
    }
}

#[test]
fn what_goes_before_a_profile_is_said() {
    let desk = Desk::with(&["Work"]);
    let federation = [
        ("ANTHROPIC_FEDERATION_RULE_ID", "planted"),
        ("ANTHROPIC_ORGANIZATION_ID", "planted"),
        ("ANTHROPIC_IDENTITY_TOKEN", "planted"),
    ];
    let rows: [(&[(&str, &str)], bool); 6] = [
        (&[], true),
        (&[("ANTHROPIC_PROFILE", "theirs")], false),
        (&[("ANTHROPIC_PROFILE", "work")], true),
        (&federation, false),
        // What is not all there fetches nothing.
        (&federation[..2], true),
        (&[("ANTHROPIC_AUTH_TOKEN", "planted")], false),
    ];
    for (variables, is_used) in rows {
        let call = desk.call("Work", &["--activate"]);
        let said = with(call, variables).run().expect_code(0).stderr;
        assert_eq!(said.contains("need no other setting"), is_used, "{said}");
        assert_eq!(said.contains("outranks"), !is_used, "{said}");
        let named = variables.first().filter(|_| !is_used);
        assert!(named.is_none_or(|(name, _)| said.contains(name)), "{said}");
        assert!(!said.contains("planted"), "{said}");
        // It is as `which` has it.
        let used = desk.used_with(variables);
        assert_eq!(used.1 == "Work", is_used, "{variables:?} {used:?}");
        desk.disconnect();
    }
    // One that is used by its name alone takes the place of what stands there.
    let call = desk.call("Work", &[]);
    let said = with(call, rows[1].0).run().expect_code(0).stderr;
    assert!(said.contains("with ANTHROPIC_PROFILE=work"), "{said}");
    assert!(!said.contains("outranks"), "{said}");
}

#[test]
fn a_token_that_nothing_renews_is_not_said_to_be_kept_fresh() {
    let desk = Desk::with(&[]);
    let import = ["import", "--provider", "mock", "--label", "Once"];
    let tokens = json!({ "access_token": "practice-once", "expires_at": 4_000_000_000_i64 });
    let import = desk.custody.keyfob(&import).stdin(tokens.to_string());
    import.run().expect_code(0);
    let said = desk.connect("Once", &[]);
    let end = "Its token ends on 2096-10-02 at 07:06 UTC, and nothing renews it";
    assert!(said.contains(end), "{said}");
    assert!(!said.contains("written anew"), "{said}");
    let said = desk.connect("Once", &["--activate"]);
    assert!(said.contains(end), "{said}");
}
