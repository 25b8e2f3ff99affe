use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::*;

const HELPER: &[&str] = &["apiKeyHelper"];
const ADDRESS: &[&str] = &["env", "ANTHROPIC_BASE_URL"];

fn now() -> Timestamp {
    "2026-11-21T20:15:03Z".parse().unwrap()
}

fn values() -> Vec<(&'static [&'static str], Value)> {
    vec![
        (HELPER, json!("'/opt/keyfob' helper claude-code-12ab")),
        (ADDRESS, json!("https://llm.example.com")),
    ]
}

struct Computer {
    folder: tempfile::TempDir,
}

impl Computer {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn with(text: &str) -> Self {
        let computer = Self::new();
        fs::write(computer.file(), text).unwrap();
        computer
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("settings.json")
    }

    fn connect(&self) -> Change {
        SettingsFile::at(self.file()).set(&values(), now()).unwrap()
    }

    fn refused(&self) -> crate::Error {
        let before = self.names();
        let refused = SettingsFile::at(self.file()).set(&values(), now());
        assert_eq!(self.names(), before);
        refused.unwrap_err()
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }

    fn names(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect()
    }

    fn backup(&self) -> PathBuf {
        let name = "settings.json.keyfob-2026-11-21T20-15-03Z.bak";
        self.folder.path().join(name)
    }
}

fn left(taken: TakenBack) -> String {
    match taken {
        TakenBack::Left(words) => words,
        TakenBack::Done => String::new(),
    }
}

/// How a settings file is written.
#[derive(Debug, Clone)]
struct Look {
    /// None: all on one line.
    indent: Option<&'static str>,
    newline: &'static str,
    colon: &'static str,
    mark: bool,
    comments: bool,
    trailing_commas: bool,
    end: &'static str,
}

fn look() -> impl Strategy<Value = Look> {
    let indent = prop::sample::select(vec![Some("  "), Some("    "), Some("\t"), Some(""), None]);
    let newline = prop::sample::select(vec!["\n", "\r\n"]);
    let colon = prop::sample::select(vec![": ", ":", " : "]);
    let end = prop::sample::select(vec!["", "\n", "\r\n", "\n\n  "]);
    (indent, newline, colon, any::<[bool; 3]>(), end).prop_map(
        |(indent, newline, colon, [mark, comments, trailing_commas], end)| Look {
            indent,
            newline,
            colon,
            mark,
            comments,
            trailing_commas,
            end,
        },
    )
}

/// Members of an object, in an order of their own, none twice.
type Members = Vec<(String, Node)>;

#[derive(Debug, Clone)]
enum Node {
    Plain(Value),
    List(Vec<Node>),
    Object(Members),
}

fn node() -> impl Strategy<Value = Node> {
    let plain = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~äß日本\u{1F511}\t\n]{0,12}".prop_map(Value::from),
        Just(json!("// no comment, {\"env\": {}} and /* none */")),
    ];
    plain
        .prop_map(Node::Plain)
        .prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Node::List),
                members(inner, 0..4).prop_map(Node::Object),
            ]
        })
}

fn members(
    inner: impl Strategy<Value = Node>,
    how_many: std::ops::Range<usize>,
) -> impl Strategy<Value = Members> {
    prop::collection::vec(("[a-zA-Z \"\\\\é日]{1,6}", inner), how_many).prop_map(|all| {
        let mut seen = BTreeSet::new();
        all.into_iter()
            .filter(|(key, _)| seen.insert(key.clone()))
            .collect()
    })
}

/// Random members, and among them what people have there already.
fn settings() -> impl Strategy<Value = Members> {
    let theirs = prop::option::of(Just(Node::Plain(json!("pass show \"claude\""))));
    let address = prop::option::of(Just(Node::Plain(json!("https://old.example.com"))));
    let env = prop::option::of((members(node(), 0..3), address));
    (
        members(node(), 0..5),
        theirs,
        env,
        any::<[prop::sample::Index; 2]>(),
    )
        .prop_map(|(mut all, theirs, env, [first, second])| {
            // These are put in below, or by a test, and none is there twice.
            all.retain(|(key, _)| !["env", "marker"].contains(&key.as_str()));
            if let Some(helper) = theirs {
                let place = first.index(all.len() + 1);
                all.insert(place, ("apiKeyHelper".to_owned(), helper));
            }
            if let Some((mut env, address)) = env {
                if let Some(address) = address {
                    let place = first.index(env.len() + 1);
                    env.insert(place, ("ANTHROPIC_BASE_URL".to_owned(), address));
                }
                let place = second.index(all.len() + 1);
                all.insert(place, ("env".to_owned(), Node::Object(env)));
            }
            all
        })
}

/// A writer of its own, which shares nothing with what is tested.
struct Writer {
    look: Look,
    text: String,
    /// Counts comments, so that they are spread over all places.
    turn: usize,
}

impl Writer {
    fn write(look: &Look, settings: &Members) -> String {
        let mut writer = Self {
            look: look.clone(),
            text: String::new(),
            turn: settings.len(),
        };
        if look.mark {
            writer.text.push('\u{feff}');
        }
        writer.comment();
        writer.node(&Node::Object(settings.clone()), 0);
        writer.comment();
        writer.text + look.end
    }

    fn comment(&mut self) {
        self.turn += 1;
        if !self.look.comments {
            return;
        }
        let text = match self.turn % 5 {
            0 => "/* \"env\": { } */".to_owned(),
            1 if self.look.indent.is_some() => format!(" // }} it's{}", self.look.newline),
            2 => format!("/* two{}lines */", self.look.newline),
            _ => String::new(),
        };
        self.text.push_str(&text);
    }

    fn line(&mut self, depth: usize) {
        if let Some(indent) = self.look.indent {
            self.text.push_str(self.look.newline);
            self.text.push_str(&indent.repeat(depth));
        }
    }

    fn node(&mut self, node: &Node, depth: usize) {
        let (open, close, parts): (_, _, Vec<(Option<&String>, &Node)>) = match node {
            Node::Plain(value) => return self.text.push_str(&value.to_string()),
            Node::List(all) => ('[', ']', all.iter().map(|one| (None, one)).collect()),
            Node::Object(all) => {
                let all = all.iter().map(|(key, one)| (Some(key), one));
                ('{', '}', all.collect())
            }
        };
        self.text.push(open);
        let many = parts.len();
        for (at, (key, inner)) in parts.into_iter().enumerate() {
            self.comment();
            self.line(depth + 1);
            if let Some(key) = key {
                self.text.push_str(&json!(key).to_string());
                self.text.push_str(self.look.colon);
                self.comment();
            }
            self.node(inner, depth + 1);
            if at + 1 < many || self.look.trailing_commas {
                self.comment();
                self.text.push(',');
            }
        }
        self.comment();
        if many > 0 || self.turn.is_multiple_of(2) {
            self.line(depth);
        }
        self.text.push(close);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn connecting_and_disconnecting_leaves_every_byte(look in look(), settings in settings()) {
        let before = Writer::write(&look, &settings);
        let computer = Computer::with(&before);
        let change = computer.connect();
        let text = computer.text();
        for (at, is) in values() {
            prop_assert_eq!(json_text::value(&text, at).unwrap(), Some(is));
        }
        prop_assert_eq!(change.take_back().unwrap(), TakenBack::Done);
        prop_assert_eq!(computer.text(), before);
        prop_assert_eq!(computer.names().len(), 1);
    }

    #[test]
    fn an_edit_in_between_stays_and_ours_goes(
        look in look(),
        mut settings in settings(),
        place in any::<prop::sample::Index>(),
        edit in prop::sample::select(vec!["\"another\"", "\"old\", \"new\": [1]", "{\"deep\": {}}"]),
        backup_is_lost in any::<bool>(),
    ) {
        let marker = Node::Plain(json!("a string like no other"));
        settings.insert(place.index(settings.len() + 1), ("marker".to_owned(), marker));
        let before = Writer::write(&look, &settings);
        let edited = |text: &str| text.replacen("\"a string like no other\"", edit, 1) + "\n";
        let computer = Computer::with(&before);
        let change = computer.connect();
        let replaced = before.contains("old.example.com") || before.contains("pass show");
        if backup_is_lost && !replaced {
            fs::remove_file(computer.backup()).unwrap();
        }
        fs::write(computer.file(), edited(&computer.text())).unwrap();
        let said = left(change.take_back().unwrap());
        prop_assert_eq!(computer.text(), edited(&before));
        prop_assert_eq!(said.contains(".bak"), computer.backup().exists());
    }

    #[test]
    fn what_another_program_wrote_anew_keeps_all_but_ours(look in look(), settings in settings()) {
        let before = Writer::write(&look, &settings);
        let computer = Computer::with(&before);
        let change = computer.connect();
        let plain = |text: &str| -> Value {
            let text = text.trim_start_matches('\u{feff}');
            jsonc_parser::parse_to_serde_value(text, &jsonc_parser::ParseOptions::default()).unwrap()
        };
        let rewritten = serde_json::to_string_pretty(&plain(&computer.text())).unwrap();
        fs::write(computer.file(), rewritten).unwrap();
        change.take_back().unwrap();
        prop_assert_eq!(plain(&computer.text()), plain(&before));
        prop_assert!(json_text::is_strict(&computer.text()));
    }
}

#[test]
fn a_file_and_folders_that_were_made_go_again() {
    let computer = Computer::new();
    let path = computer.folder.path().join("new/.claude/settings.json");
    let change = SettingsFile::at(&path).set(&values(), now()).unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "{\n  \"apiKeyHelper\": \"'/opt/keyfob' helper claude-code-12ab\",\n  \"env\": {\n    \"ANTHROPIC_BASE_URL\": \"https://llm.example.com\"\n  }\n}\n"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }
    assert_eq!(change.take_back().unwrap(), TakenBack::Done);
    assert_eq!(computer.names().len(), 0);
    // Again, with something of somebody else's in it meanwhile.
    let change = SettingsFile::at(&path).set(&values(), now()).unwrap();
    fs::write(path.with_file_name("theirs"), "x").unwrap();
    assert_eq!(change.take_back().unwrap(), TakenBack::Done);
    assert!(!path.exists() && path.with_file_name("theirs").exists());
    let change = SettingsFile::at(&path).set(&values(), now()).unwrap();
    fs::write(
        &path,
        "{\"env\": {\"ANTHROPIC_BASE_URL\": \"https://llm.example.com\"}, \"model\": 1}",
    )
    .unwrap();
    let left = TakenBack::Left(words::others_wrote(&path));
    assert_eq!(change.take_back().unwrap(), left);
    assert_eq!(fs::read_to_string(&path).unwrap(), "{\"model\": 1}");
}

#[test]
fn a_blank_file_is_one_without_settings() {
    let computer = Computer::with("\n");
    let change = computer.connect();
    assert!(json_text::is_strict(&computer.text()));
    assert_eq!(change.take_back().unwrap(), TakenBack::Done);
    assert_eq!(computer.text(), "\n");
    let change = computer.connect();
    fs::write(computer.file(), computer.text() + "\n").unwrap();
    assert_eq!(change.take_back().unwrap(), TakenBack::Done);
    assert_eq!(computer.text(), "\n");
}

#[test]
fn what_was_written_down_can_be_taken_back_by_another_process() {
    let computer = Computer::with("{\"apiKeyHelper\": \"sk-ant-api03-theirs\"}");
    let change = computer.connect();
    let noted = serde_json::to_string(&change).unwrap();
    assert!(!noted.contains("sk-ant"));
    let read: Change = serde_json::from_str(&noted).unwrap();
    assert_eq!(read, change);
    assert_eq!(read.take_back().unwrap(), TakenBack::Done);
    assert_eq!(
        computer.text(),
        "{\"apiKeyHelper\": \"sk-ant-api03-theirs\"}"
    );
}

#[test]
fn what_was_never_written_or_has_been_put_back_is_taken_back() {
    let computer = Computer::with("{}");
    let prepared = SettingsFile::at(computer.file())
        .prepare(&values(), now())
        .unwrap();
    assert_eq!(prepared.change().take_back().unwrap(), TakenBack::Done);
    prepared.write().unwrap();
    fs::write(computer.file(), "{}").unwrap();
    assert_eq!(prepared.change().take_back().unwrap(), TakenBack::Done);
    assert_eq!(computer.names().len(), 1);
}

#[test]
fn whoever_wrote_in_between_loses_nothing() {
    let computer = Computer::with("{}");
    let prepared = SettingsFile::at(computer.file())
        .prepare(&values(), now())
        .unwrap();
    fs::write(computer.file(), "{\"model\": 1}").unwrap();
    assert!(
        prepared
            .write()
            .unwrap_err()
            .message
            .contains("same moment")
    );
    assert_eq!(computer.text(), "{\"model\": 1}");
    assert_eq!(computer.names().len(), 1);
}

#[test]
fn a_file_that_vanished_is_taken_back_and_its_backup_named() {
    let computer = Computer::with("{\"model\": 1}");
    let change = computer.connect();
    fs::remove_file(computer.file()).unwrap();
    assert!(left(change.take_back().unwrap()).contains(".bak"));
    assert_eq!(
        fs::read_to_string(computer.backup()).unwrap(),
        "{\"model\": 1}"
    );
    fs::remove_file(computer.backup()).unwrap();
    assert_eq!(change.take_back().unwrap(), TakenBack::Done);
}

#[test]
fn what_somebody_else_put_there_is_left_and_said() {
    let computer = Computer::with("{}");
    let change = computer.connect();
    let theirs = computer
        .text()
        .replace("https://llm.example.com", "https://b.example.com");
    fs::write(computer.file(), theirs).unwrap();
    let said = left(change.take_back().unwrap());
    assert!(said.contains("\"env.ANTHROPIC_BASE_URL\""), "{said}");
    assert!(computer.text().contains("https://b.example.com"));
    assert!(!computer.text().contains("apiKeyHelper"));
}

#[test]
fn a_backup_that_was_tampered_with_is_not_put_back() {
    let computer = Computer::with("{ \"model\": 1 }");
    let change = computer.connect();
    fs::write(computer.backup(), "{\"apiKeyHelper\": \"evil\"}").unwrap();
    change.take_back().unwrap();
    assert_eq!(computer.text(), "{ \"model\": 1 }");
}

#[test]
fn a_backup_can_lie_elsewhere_and_two_of_one_second_are_two() {
    let computer = Computer::with("{}");
    let elsewhere = computer.folder.path().join("backups");
    let file = SettingsFile::at(computer.file()).with_backups_in(&elsewhere);
    let one = file.set(&[(HELPER, json!("1"))], now()).unwrap();
    let two = file.set(&[(ADDRESS, json!("2"))], now()).unwrap();
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 2);
    assert!(!computer.backup().exists());
    two.take_back().unwrap();
    one.take_back().unwrap();
    assert_eq!(computer.text(), "{}");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
}

#[test]
fn what_is_no_settings_file_is_left_with_a_sentence() {
    let says = |text: &str, part: &str| {
        let computer = Computer::with(text);
        let error = computer.refused();
        assert!(error.message.contains(part), "{}", error.message);
        assert_eq!(computer.text(), text);
    };
    says("{\n  \"a\": 1,\n  b\n}", "line 3, column 3");
    says("[1]", "no JSON object");
    says("// nothing", "only comments");
    says("{\"env\": 1}", "\"env\" is no object");
    says(
        "{\"apiKeyHelper\": 1, \"apiKeyHelper\": 2}",
        "more than once",
    );
    says(
        &format!("{{\"a\": \"{}\"}}", "x".repeat(files::SMALL)),
        "larger than 1 MiB",
    );
    let computer = Computer::new();
    fs::write(computer.file(), b"{\"a\": \"\xff\"}").unwrap();
    assert!(computer.refused().message.contains("UTF-8"));
    let computer = Computer::new();
    fs::create_dir(computer.file()).unwrap();
    assert!(computer.refused().message.contains("is a folder"));
}

#[test]
fn what_is_broken_when_it_is_taken_back_is_left() {
    let computer = Computer::with("{}");
    let change = computer.connect();
    let broken = computer.text() + "}";
    fs::write(computer.file(), &broken).unwrap();
    assert!(
        change
            .take_back()
            .unwrap_err()
            .message
            .contains("line 6, column 2")
    );
    assert_eq!(computer.text(), broken);
}

#[cfg(unix)]
#[test]
fn links_and_protected_files_are_left() {
    use std::os::unix::fs::PermissionsExt as _;
    let computer = Computer::new();
    let target = computer.folder.path().join("dotfiles.json");
    fs::write(&target, "{}").unwrap();
    std::os::unix::fs::symlink(&target, computer.file()).unwrap();
    let error = computer.refused();
    assert!(error.message.contains("dotfiles.json"), "{}", error.message);
    assert_eq!(fs::read_to_string(&target).unwrap(), "{}");

    let computer = Computer::with("{}");
    fs::set_permissions(computer.file(), fs::Permissions::from_mode(0o444)).unwrap();
    assert!(computer.refused().message.contains("write-protected"));
}

#[cfg(unix)]
#[test]
fn permissions_stay_and_backups_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let computer = Computer::with("{}");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    fs::set_permissions(computer.file(), fs::Permissions::from_mode(0o664)).unwrap();
    let change = computer.connect();
    assert_eq!(
        (mode(&computer.file()), mode(&computer.backup())),
        (0o664, 0o600)
    );
    change.take_back().unwrap();
    assert_eq!(mode(&computer.file()), 0o664);
}

#[test]
fn what_fails_leaves_the_backup_of_another_one_of_the_same_second() {
    let computer = Computer::with("{ \"theme\": \"dark\" }\n");
    let before = computer.text();
    let first = SettingsFile::at(computer.file()).prepare(&values(), now());
    let second = SettingsFile::at(computer.file()).prepare(&values(), now());
    let first = first.unwrap();
    first.write().unwrap();
    second.unwrap().write().unwrap_err();
    assert_eq!(computer.names().len(), 2);
    assert_eq!(first.change().take_back().unwrap(), TakenBack::Done);
    assert_eq!(computer.text(), before);
    assert_eq!(computer.names().len(), 1);
}

#[test]
fn a_file_that_others_wrote_into_since_stays_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("opencode.json");
    let values = [(&["a", "b"][..], serde_json::json!("c"))];
    let change = SettingsFile::at(&path).set(&values, Timestamp::UNIX_EPOCH);
    let change = change.unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let theirs = text.replacen('{', "{\n  \"$schema\": \"https://x.example\",", 1);
    fs::write(&path, theirs).unwrap();
    let Ok(TakenBack::Left(words)) = change.take_back() else {
        panic!("it was not said");
    };
    assert!(words.contains("another program has written into it since"));
    let left = fs::read_to_string(&path).unwrap();
    assert!(
        left.contains("$schema") && !left.contains("\"a\""),
        "{left}"
    );
}
