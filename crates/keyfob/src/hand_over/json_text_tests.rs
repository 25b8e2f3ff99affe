use serde_json::{Value, json};

use super::*;

const KEY: &[&str] = &["apiKeyHelper"];
const ADDRESS: &[&str] = &["env", "ANTHROPIC_BASE_URL"];

fn with(text: &str, at: &[&str], is: Value) -> (String, Setting) {
    set(text, at, &is).unwrap()
}

fn without(text: &str, setting: &Setting) -> String {
    match take_out(text, setting, None).unwrap() {
        TakenOut::Changed(text) => text,
        other => panic!("{other:?}"),
    }
}

fn plain(text: &str) -> Value {
    jsonc_parser::parse_to_serde_value(text.trim_start_matches(MARK), &options()).unwrap()
}

/// Text, what becomes of it with a helper, what of that with an address.
const LOOKS: &[(&str, &str, &str)] = &[
    (
        "{}",
        "{\n  \"apiKeyHelper\": \"h\"\n}",
        "{\n  \"env\": {\n    \"ANTHROPIC_BASE_URL\": \"a\"\n  },\n  \"apiKeyHelper\": \"h\"\n}",
    ),
    (
        "{\r\n\t\"model\" : 1 // mine\r\n}\r\n",
        "{\r\n\t\"apiKeyHelper\" : \"h\",\r\n\t\"model\" : 1 // mine\r\n}\r\n",
        "{\r\n\t\"env\" : {\r\n\t\t\"ANTHROPIC_BASE_URL\" : \"a\"\r\n\t},\r\n\t\"apiKeyHelper\" : \"h\",\r\n\t\"model\" : 1 // mine\r\n}\r\n",
    ),
    (
        "{\"model\":1,\"env\":{}}",
        "{\"apiKeyHelper\":\"h\",\"model\":1,\"env\":{}}",
        "{\"apiKeyHelper\":\"h\",\"model\":1,\"env\":{\"ANTHROPIC_BASE_URL\":\"a\"}}",
    ),
    (
        "{ \"model\": 1, \"x\": 2 }",
        "{ \"apiKeyHelper\": \"h\", \"model\": 1, \"x\": 2 }",
        "{ \"env\": {\"ANTHROPIC_BASE_URL\": \"a\"}, \"apiKeyHelper\": \"h\", \"model\": 1, \"x\": 2 }",
    ),
    (
        "{\n    // what I like\n    \"env\": {\n        \"A\": \"1\",\n    },\n}",
        "{\n    \"apiKeyHelper\": \"h\",\n    // what I like\n    \"env\": {\n        \"A\": \"1\",\n    },\n}",
        "{\n    \"apiKeyHelper\": \"h\",\n    // what I like\n    \"env\": {\n        \"ANTHROPIC_BASE_URL\": \"a\",\n        \"A\": \"1\",\n    },\n}",
    ),
    (
        "\u{feff}{ // all\n\"model\": 1}",
        "\u{feff}{ // all\n\"apiKeyHelper\": \"h\",\n\"model\": 1}",
        "\u{feff}{ // all\n\"env\": {\n\"ANTHROPIC_BASE_URL\": \"a\"\n},\n\"apiKeyHelper\": \"h\",\n\"model\": 1}",
    ),
    (
        "{ /* nothing */ }",
        "{ /* nothing */ \n  \"apiKeyHelper\": \"h\"\n}",
        "{ /* nothing */ \n  \"env\": {\n    \"ANTHROPIC_BASE_URL\": \"a\"\n  },\n  \"apiKeyHelper\": \"h\"\n}",
    ),
];

#[test]
fn what_is_set_looks_like_what_stands_around_it_and_leaves_no_trace() {
    for (text, helper, address) in LOOKS {
        let (one, first) = with(text, KEY, json!("h"));
        assert_eq!(one, *helper);
        let (two, second) = with(&one, ADDRESS, json!("a"));
        if !text.contains("nothing") {
            assert_eq!(two, *address);
        }
        assert_eq!(without(&without(&two, &second), &first), *text);
        // In the other order too, as far as bytes can be told apart.
        let rest = without(&without(&two, &first), &second);
        assert_eq!(plain(&rest), plain(text));
    }
}

#[test]
fn a_value_that_is_replaced_comes_back_as_it_was_written() {
    let text = "{\"env\": { \"ANTHROPIC_BASE_URL\": /* ours */ \"\\u0061\" }}";
    let (new, setting) = with(text, ADDRESS, json!("b"));
    assert_eq!(
        new,
        "{\"env\": { \"ANTHROPIC_BASE_URL\": /* ours */ \"b\" }}"
    );
    let was = raw(text, &setting.at).unwrap();
    assert_eq!(was, Some("\"\\u0061\""));
    let back = take_out(&new, &setting, was).unwrap();
    assert_eq!(back, TakenOut::Changed(text.to_owned()));
}

/// What was set, as somebody edited it meanwhile, and what is left of that.
const EDITED: &[(&str, &str)] = &[
    // Moved to the end, in the middle, on one line, with comments around it.
    (
        "{\n  \"b\": 1,\n  \"env\": {\"ANTHROPIC_BASE_URL\": \"a\"}\n}",
        "{\n  \"b\": 1\n}",
    ),
    (
        "{\"b\": 1, \"env\": {\"ANTHROPIC_BASE_URL\": \"a\"}}",
        "{\"b\": 1}",
    ),
    (
        "{\"env\": {\"ANTHROPIC_BASE_URL\": \"a\"}, \"b\": 1}",
        "{\"b\": 1}",
    ),
    ("{\"env\": {\"ANTHROPIC_BASE_URL\": \"a\"}}", "{}"),
    (
        "{\n\"b\":1, // b\n\"env\":{\"ANTHROPIC_BASE_URL\":\"a\"} // e\n}",
        "{\n\"b\":1 // b\n // e\n}",
    ),
    (
        "{\n\"env\":{\"ANTHROPIC_BASE_URL\":\"a\"} /* e */, \"b\": 1\n}",
        "{\n /* e */ \"b\": 1\n}",
    ),
    // Somebody else's things within stay.
    (
        "{\n  \"env\": {\n    \"ANTHROPIC_BASE_URL\": \"a\",\n    \"A\": \"1\"\n  }\n}",
        "{\n  \"env\": {\n    \"A\": \"1\"\n  }\n}",
    ),
    (
        "{\"env\": {\"A\": \"1\", \"ANTHROPIC_BASE_URL\": \"a\"}}",
        "{\"env\": {\"A\": \"1\"}}",
    ),
    (
        "{\"env\": { /* mine */ \"ANTHROPIC_BASE_URL\": \"a\"}}",
        "{\"env\": { /* mine */ }}",
    ),
];

#[test]
fn what_was_edited_meanwhile_stays() {
    let (_, setting) = with("{}", ADDRESS, json!("a"));
    for (edited, left) in EDITED {
        assert_eq!(without(edited, &setting), *left, "{edited}");
        // Without a trailing comma where there was none.
        assert!(is_strict(edited) <= is_strict(left), "{left}");
    }
    let theirs = "{\"env\": {\"ANTHROPIC_BASE_URL\": \"b\"}}";
    assert_eq!(take_out(theirs, &setting, None).unwrap(), TakenOut::Theirs);
    for gone in ["{}", "{\"env\": {}}", "{\"env\": null}"] {
        assert_eq!(take_out(gone, &setting, None).unwrap(), TakenOut::Gone);
    }
}

#[test]
fn what_is_inserted_once_is_not_mistaken_for_the_rest() {
    // The comma after it was for what followed; somebody put it at the end.
    let (_, setting) = with("{\n  \"b\": 1\n}", KEY, json!("h"));
    let end = "{\n  \"b\": 1,\n  \"apiKeyHelper\": \"h\"\n}";
    assert_eq!(without(end, &setting), "{\n  \"b\": 1\n}");
    // There was nothing else; somebody put something before it.
    let (text, setting) = with("{\n}", KEY, json!("h"));
    let after = text.replace("{", "{\n  \"b\": 1,");
    assert_eq!(without(&after, &setting), "{\n  \"b\": 1\n}");
    let before = text.replace("\"h\"", "\"h\",\n  \"b\": 1");
    assert_eq!(without(&before, &setting), "{\n  \"b\": 1\n}");
}

#[test]
fn what_is_no_place_for_settings_is_left_with_its_reason() {
    let fault = |text: &str| set(text, ADDRESS, &json!("a")).unwrap_err();
    assert_eq!(fault(""), Fault::Empty);
    assert_eq!(fault(" // nothing\n"), Fault::Empty);
    assert_eq!(fault("[]"), Fault::NoObject(String::new()));
    assert_eq!(fault("{\"env\": \"x\"}"), Fault::NoObject("env".to_owned()));
    assert_eq!(
        fault("{\"env\": {}, \"env\": {}}"),
        Fault::Twice("env".to_owned())
    );
    for (text, line, column) in [
        ("{\n  \"a\": 1\n  \"b\": 2\n}", 2, 9),
        ("{a: 1}", 1, 2),
        ("{'a': 1}", 1, 2),
        ("{\"a\": 1", 1, 1),
        ("{} {}", 1, 4),
        ("{\"a\": 0x1}", 1, 7),
    ] {
        match fault(text) {
            Fault::NotJson {
                line: l, column: c, ..
            } => assert_eq!((l, c), (line, column), "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn nesting_without_end_is_a_fault_and_no_crash() {
    let deep = "{\"a\":".repeat(100_000);
    assert!(matches!(
        set(&deep, KEY, &json!("h")),
        Err(Fault::NotJson { .. })
    ));
}
