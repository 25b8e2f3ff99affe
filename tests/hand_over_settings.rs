//! What stands in the settings of opencode, pi and git already, or keeps them from being written: it is put aside by the
//! person's word alone and comes back byte for byte, and headers of one server do not go to another.

#[path = "hand_over_tools/world.rs"]
mod world;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use keyfob_tests::Eavesdropper;
use serde_json::{Value, json};
use world::{KEY, World, json_of, write};

#[test]
fn what_stands_there_is_put_aside_only_by_the_persons_word() {
    let world = World::new(&["opencode", "pi"]);
    let opencode = world.opencode_settings();
    let pi = world.in_home(".pi/agent/models.json");
    let theirs = [
        (
            &opencode,
            "opencode",
            r#"{"provider":{"anthropic":{"options":{"apiKey":"theirs"}}}}"#,
        ),
        (
            &pi,
            "pi",
            r#"{"providers":{"anthropic":{"baseUrl":"https://proxy.example.com"}}}"#,
        ),
    ];
    for (path, name, text) in theirs {
        write(path, text);
        let refused = world.run(&["connect", name], "", 1);
        assert!(refused.stderr.contains("--replace"), "{}", refused.stderr);
        assert_eq!(fs::read_to_string(path).unwrap(), text);
        world.connect(&[name, "--replace"]);
        assert!(!fs::read_to_string(path).unwrap().contains("theirs"));
        world.run(&["disconnect", name], "", 0);
        assert_eq!(fs::read_to_string(path).unwrap(), text);
    }
}

#[test]
fn bad_input_is_a_sentence_and_changes_nothing() {
    let world = World::new(&["opencode", "pi"]);
    let opencode = world.opencode_settings();
    let pi = world.in_home(".pi/agent/models.json");
    for (path, name) in [(&opencode, "opencode"), (&pi, "pi")] {
        for text in [
            "{",
            "[]",
            "{\"provider\":1}",
            "{\"providers\":[]}",
            "\u{feff}nonsense",
        ] {
            // Valid for one of them, and no object where the other needs one.
            let valid = json_is_fine(name, text);
            write(path, text);
            let output = world.run(&["connect", name], "", if valid { 0 } else { 1 });
            if valid {
                world.run(&["disconnect", name], "", 0);
            } else {
                assert!(!output.stderr.is_empty());
            }
            assert_eq!(fs::read_to_string(path).unwrap(), text);
        }
        fs::write(path, [0xff, 0xfe, 0]).unwrap();
        world.run(&["connect", name], "", 1);
        fs::remove_file(path).unwrap();
        let elsewhere = world.in_home("elsewhere.json");
        fs::write(&elsewhere, "{}").unwrap();
        symlink(&elsewhere, path).unwrap();
        let refused = world.run(&["connect", name], "", 1);
        assert!(
            refused.stderr.contains("symbolic link"),
            "{}",
            refused.stderr
        );
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "{}");
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
        world.run(&["connect", name], "", 1);
        fs::remove_dir(path).unwrap();
        // Where its folder should be, there is something else.
        let folder = path.parent().unwrap();
        fs::remove_dir_all(folder).unwrap();
        fs::write(folder, "no folder").unwrap();
        world.run(&["connect", name], "", 1);
        assert_eq!(fs::read_to_string(folder).unwrap(), "no folder");
        fs::remove_file(folder).unwrap();
    }
    let listed = json_of(&world.run(&["connections", "--json"], "", 0));
    assert_eq!(listed, json!([]));
    assert_eq!(world.with_secrets(), Vec::<String>::new());
    // A home folder that is gone.
    let call = |arguments: &[&str]| {
        let call = world.session.keyfob(&world.home, arguments);
        call.env("HOME", "/nonexistent-home")
            .env("XDG_CONFIG_HOME", "")
            .run()
    };
    for name in ["opencode", "pi"] {
        let output = call(&["connect", name]).expect_code(1);
        assert!(output.stderr.contains("home folder"), "{}", output.stderr);
    }
    call(&["connections", "--available"]).expect_code(0);
}

fn json_is_fine(name: &str, text: &str) -> bool {
    let Ok(Value::Object(whole)) = serde_json::from_str(text) else {
        return false;
    };
    let first = if name == "pi" {
        "providers"
    } else {
        "provider"
    };
    whole.get(first).is_none_or(Value::is_object)
}

#[test]
fn a_tool_that_is_not_installed_is_not_connected() {
    let world = World::new(&[]);
    let before = world.theirs();
    for name in ["opencode", "pi"] {
        let refused = world.run(&["connect", name], "", 1);
        assert!(
            refused.stderr.contains("not installed"),
            "{}",
            refused.stderr
        );
    }
    assert_eq!(world.theirs(), before);
    let listed = json_of(&world.run(&["connections", "--available", "--json"], "", 0));
    let tools = listed.as_array().unwrap();
    let here = |to: &str| &tools.iter().find(|tool| tool["to"] == to).unwrap()["is_here"];
    assert_eq!(
        (here("opencode"), here("command")),
        (&json!(false), &json!(true))
    );
}

/// What only their own server may be told.
const TOLD: [&str; 2] = ["told-to-the-gateway", "told-of-the-model"];

/// A tool with headers for the server that it asks, for all models and for one.
struct Tool {
    name: &'static str,
    asked: &'static [&'static str],
    settings: PathBuf,
    text: String,
}

fn tools_that_send_to(world: &World, url: &str) -> [Tool; 2] {
    let [all, one] = TOLD;
    [
        Tool {
            name: "pi",
            asked: &["-p", "--model", "anthropic/claude-haiku-4-5", "hi"],
            settings: world.in_home(".pi/agent/models.json"),
            text: format!(
                r#"{{"providers": {{"anthropic": {{
  "baseUrl": "{url}", "apiKey": "theirs", "authHeader": true,
  "headers": {{ "x-tenant": "{all}" }},
  "modelOverrides": {{ "claude-haiku-4-5": {{ "headers": {{"x-model": "{one}"}} }} }}
}}}}}}"#
            ),
        },
        Tool {
            name: "opencode",
            asked: &["run", "-m", "anthropic/claude-haiku-4-5", "hi"],
            settings: world.opencode_settings(),
            text: format!(
                r#"{{ "$schema": "https://opencode.ai/config.json",
  "provider": {{ "anthropic": {{
    "options": {{ "apiKey": "theirs", "baseURL": "{url}/v1", "headers": {{ "x-tenant": "{all}" }} }},
    "models": {{ "claude-haiku-4-5": {{ "headers": {{ "x-model": "{one}" }} }} }}
}} }} }}"#
            ),
        },
    ]
}

#[test]
fn headers_of_one_server_do_not_go_to_another() {
    let (ours, theirs) = (Eavesdropper::start(), Eavesdropper::start());
    let world = World::with_api_at(&["opencode", "pi"], Some(ours.url()));
    for tool in tools_that_send_to(&world, theirs.url()) {
        let Tool {
            name,
            settings,
            text,
            ..
        } = &tool;
        write(settings, text);
        // It is true: they are sent along.
        let (before, said) = (theirs.came().len(), world.tool(name, tool.asked));
        let came = theirs.came()[before..].to_owned();
        assert!(
            TOLD.iter().all(|told| came.contains(told)),
            "{came} {said:?}"
        );

        let refused = world.run(&["connect", name], "", 1);
        let named = refused.stderr.contains("headers") && refused.stderr.contains("--replace");
        assert!(named, "{refused:#?}");
        assert_eq!(&fs::read_to_string(settings).unwrap(), text);
        let available = json_of(&world.run(&["connections", "--available", "--json"], "", 0));
        let available = available.as_array().unwrap().iter();
        let it = available.clone().find(|it| it["to"] == **name).unwrap();
        let replaces = it["accounts"][0]["replaces"].as_str().unwrap();
        assert!(replaces.contains("headers"), "{replaces}");

        let connected = world.connect(&[name, "--replace"]);
        let words = connected["words"].to_string();
        assert!(
            words.contains("The headers that are set there are for 127.0.0.1"),
            "{words}"
        );
        let (before, at_theirs) = (ours.came().len(), theirs.came().len());
        let said = world.tool(name, tool.asked);
        let came = ours.came()[before..].to_lowercase();
        assert!(came.contains(&KEY.to_lowercase()), "{came} {said:?}");
        assert!(!TOLD.iter().any(|told| came.contains(told)), "{came}");
        // What was meant for the other server's credential is not either.
        assert!(!came.contains("authorization:"), "{came}");
        assert_eq!(theirs.came().len(), at_theirs, "{said:?}");
        let listed = json_of(&world.run(&["connections", "--json"], "", 0));
        assert_eq!(listed[0]["problem"], Value::Null, "{listed}");

        world.run(&["disconnect", name], "", 0);
        assert_eq!(&fs::read_to_string(settings).unwrap(), text);
    }
}

#[test]
fn headers_of_the_accounts_own_server_stay() {
    let ours = Eavesdropper::start();
    let world = World::with_api_at(&["opencode", "pi"], Some(ours.url()));
    for tool in tools_that_send_to(&world, ours.url()) {
        write(&tool.settings, &tool.text);
        let connected = world.connect(&[tool.name, "--replace"]);
        let words = connected["words"].to_string();
        assert!(!words.contains("headers"), "{words}");
        let (before, said) = (ours.came().len(), world.tool(tool.name, tool.asked));
        let came = ours.came()[before..].to_owned();
        assert!(came.contains(KEY), "{came} {said:?}");
        assert!(TOLD.iter().all(|told| came.contains(told)), "{came}");
        world.run(&["disconnect", tool.name], "", 0);
        assert_eq!(fs::read_to_string(&tool.settings).unwrap(), tool.text);
    }
}

#[test]
fn headers_of_a_model_in_a_list_are_the_persons_to_take_out() {
    let world = World::new(&["pi"]);
    let settings = world.in_home(".pi/agent/models.json");
    let models = json!([{ "id": "m", "headers": { "x-model": TOLD[1] } }]);
    let text = |url: &str| {
        let anthropic = json!({ "baseUrl": url, "models": models });
        json!({ "providers": { "anthropic": anthropic } }).to_string()
    };
    let theirs = text("https://gateway.example");
    write(&settings, &theirs);
    let refused = world.run(&["connect", "pi", "--replace"], "", 1);
    let parts = ["headers of its own", "gateway.example", "Take them out"];
    assert!(
        parts.iter().all(|part| refused.stderr.contains(part)),
        "{refused:#?}"
    );
    assert_eq!(fs::read_to_string(&settings).unwrap(), theirs);
    // For their own server they may stay.
    write(&settings, &text(world.mock.base_url()));
    world.connect(&["pi", "--replace"]);
}

#[test]
fn how_pi_sends_a_credential_is_the_persons_until_they_say_otherwise() {
    let world = World::new(&["pi"]);
    world.sign_in("Work");
    let settings = world.in_home(".pi/agent/models.json");
    let text = r#"{"providers":{"anthropic":{"authHeader":false}}}"#;
    write(&settings, text);
    let refused = world.run(&["connect", "pi", "--account", "Work"], "", 1);
    let named = refused.stderr.contains("sets authHeader") && refused.stderr.contains("--replace");
    assert!(named, "{refused:#?}");
    assert_eq!(fs::read_to_string(&settings).unwrap(), text);
    world.connect(&["pi", "--account", "Work", "--replace"]);
    let now: Value = serde_json::from_str(&fs::read_to_string(&settings).unwrap()).unwrap();
    assert_eq!(now["providers"]["anthropic"]["authHeader"], true, "{now}");
    world.run(&["disconnect", "pi"], "", 0);
    assert_eq!(fs::read_to_string(&settings).unwrap(), text);
}

/// Until it is dropped, nothing can be made or removed in this folder.
struct ReadOnly<'a>(&'a Path);

impl<'a> ReadOnly<'a> {
    fn folder(path: &'a Path) -> Self {
        set_mode(path, 0o555);
        Self(path)
    }
}

impl Drop for ReadOnly<'_> {
    fn drop(&mut self) {
        set_mode(self.0, 0o755);
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_that_cannot_be_written_is_said_and_nothing_is_left() {
    let world = World::new(&["opencode", "pi"]);
    let given = world.home.file("given");
    fs::create_dir(&given).unwrap();
    let folder_of = |path: PathBuf| path.parent().unwrap().to_owned();
    let places = [
        (
            "opencode",
            folder_of(world.opencode_settings()),
            "cannot be written",
        ),
        ("opencode", given, "cannot be written"),
        (
            "pi",
            folder_of(world.in_home(".pi/agent/models.json")),
            "cannot be written",
        ),
        ("git", world.in_home(""), "git did not change"),
    ];
    write(&world.opencode_settings(), "{}");
    write(&world.in_home(".pi/agent/models.json"), "{}");
    write(&world.in_home(".gitconfig"), "[user]\n\tname = Ada");
    let before = world.theirs();
    let run = |arguments: &[&str], code: i32| {
        let call = world.session.keyfob(&world.home, arguments);
        call.by_permissions().run().expect_code(code)
    };
    let listed = || json_of(&run(&["connections", "--json"], 0));
    for (tool, folder, says) in &places {
        {
            let _read_only = ReadOnly::folder(folder);
            let refused = run(&["connect", tool], 1);
            assert!(refused.stderr.contains(says), "{refused:#?}");
            assert_eq!(world.theirs(), before, "{tool}");
            assert_eq!(listed(), json!([]), "{tool}");
            assert_eq!(world.with_secrets(), Vec::<String>::new());
        }
        run(&["connect", tool], 0);
        {
            let _read_only = ReadOnly::folder(folder);
            let kept = run(&["disconnect", tool], 1);
            assert!(kept.stderr.contains(says), "{kept:#?}");
            assert_eq!(listed().as_array().unwrap().len(), 1, "{tool}");
        }
        run(&["disconnect", tool], 0);
        assert_eq!(world.theirs(), before, "{tool}");
        assert_eq!(listed(), json!([]), "{tool}");
        assert_eq!(world.with_secrets(), Vec::<String>::new());
    }
}
