//! `.keyfob.toml`: it chooses the account of a folder's tools once it is trusted as it is, and nothing is ever given in
//! its place.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use keyfob_tests::{Call, DesktopSession, Home, Keyring, Output};
use serde_json::Value;

/// Accounts Work and Own, of which Own is the default, and a folder for projects.
struct World {
    session: DesktopSession,
    home: Home,
    projects: PathBuf,
}

const WORK: &str = "sk-ant-api03-work-1111";
const OWN: &str = "sk-ant-api03-own-2222";

impl World {
    fn new() -> Self {
        let session = DesktopSession::start(Keyring::Unlocked);
        let home = Home::new(&session, "home", "");
        let projects = session.environment().folder("home").join("projects");
        fs::create_dir_all(projects.join("app/src/deep")).unwrap();
        let world = Self {
            session,
            home,
            projects,
        };
        for (label, key) in [("Own", OWN), ("Work", WORK)] {
            let add = ["add-key", "--no-verify", "--label", label];
            world.call("", &add).stdin(key).run().expect_code(0);
        }
        world
    }

    /// A folder among the projects.
    fn folder(&self, name: &str) -> PathBuf {
        self.projects.join(name)
    }

    fn call(&self, folder: &str, arguments: &[&str]) -> Call {
        let call = self.session.keyfob(&self.home, arguments);
        call.within(&self.folder(folder))
    }

    fn run(&self, folder: &str, arguments: &[&str]) -> Output {
        self.call(folder, arguments).run()
    }

    fn write(&self, folder: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder(folder).join(".keyfob.toml");
        fs::write(&path, text).unwrap();
        path
    }

    #[track_caller]
    fn gives(&self, folder: &str, key: &str) {
        let token = self.run(folder, &["token"]).expect_code(0);
        assert_eq!(token.stdout.trim(), key, "{folder}");
        assert_eq!(token.stderr, "", "{folder}");
        let env = self.run(folder, &["env", "--format", "dotenv"]);
        assert!(env.expect_code(0).stdout.contains(key), "{folder}");
        let run = self.run(folder, &["run", "--", "printenv", "ANTHROPIC_API_KEY"]);
        assert_eq!(run.expect_code(0).stdout.trim(), key, "{folder}");
    }

    /// Nothing is given without a name, and with one as ever.
    #[track_caller]
    fn refuses(&self, folder: &str, file: &Path, what: &str) {
        for arguments in [
            &["token"][..],
            &["env"],
            &["run", "--", "printenv", "ANTHROPIC_API_KEY"],
        ] {
            let output = self.run(folder, arguments).expect_code(2);
            let said = &output.stderr;
            assert_eq!(output.stdout, "", "{arguments:?}");
            assert!(said.contains(&*file.to_string_lossy()), "{said}");
            assert!(said.contains(what), "{what}: {said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
        let named = self.run(folder, &["token", "work"]).expect_code(0);
        assert_eq!(named.stdout.trim(), WORK);
    }
}

#[test]
fn a_file_counts_once_it_is_trusted_and_only_as_it_is() {
    let world = World::new();
    world.gives("app/src/deep", OWN);
    let none = world.run("app", &["trust"]).expect_code(2);
    assert!(none.stderr.contains("keyfob use"), "{none:#?}");

    let file = world.write("app", "account = \"Work\"\n");
    for folder in ["app", "app/src/deep"] {
        world.refuses(folder, &file, "\"Work\"");
        world.refuses(folder, &file, "keyfob trust");
    }
    world.gives("", OWN);
    let trusted = world.run("app/src", &["trust"]).expect_code(0);
    assert!(trusted.stderr.contains("billed to"), "{trusted:#?}");
    for folder in ["app", "app/src/deep"] {
        world.gives(folder, WORK);
    }
    // Who pays is told to whoever reads it.
    let run = world.run("app", &["run", "--", "true"]).expect_code(0);
    assert!(run.stderr.contains("for \"Work\", as "), "{run:#?}");
    let which = world.run("app", &["which", "--dir", "src"]);
    assert!(which.stdout.contains("\"Work\""), "{which:#?}");
    let status = world.run("app", &["status"]);
    assert!(status.stderr.contains("\"Work\""), "{status:#?}");
    // A named account always wins.
    let named = world.run("app", &["token", "own"]).expect_code(0);
    assert_eq!(named.stdout.trim(), OWN);

    // Whatever changes is asked about again, also where it names the same account.
    for text in ["account = \"Own\"\n", "account = \"Work\"\n# more\n"] {
        world.write("app", text);
        world.refuses("app/src", &file, "changed since");
    }
    world.write("app", "account = \"Work\"\n");
    world.gives("app", WORK);

    // The nearest one counts, and one that is not trusted is not passed over.
    let inner = world.write("app/src", "account = \"Own\"");
    world.refuses("app/src/deep", &inner, "\"Own\"");
    let path = inner.parent().unwrap().to_str().unwrap();
    world.run("", &["trust", path]).expect_code(0);
    world.gives("app/src/deep", OWN);
    world.gives("app", WORK);

    let listed = world.run("", &["trust", "--list", "--json"]).expect_code(0);
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    let states: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["state"])
        .collect();
    assert_eq!(states, ["trusted", "trusted"]);
    fs::remove_file(&inner).unwrap();
    world.gives("app/src", WORK);
    let listed = world.run("", &["trust", "--list"]).expect_code(0);
    assert!(listed.stdout.contains("not there any more"), "{listed:#?}");
    // What is gone can still be forgotten, and what is forgotten is asked about again.
    world.run("app/src", &["trust", "--forget"]).expect_code(0);
    world.run("app/src", &["trust", "--forget"]).expect_code(0);
    world.run("app/src", &["trust", "--forget"]).expect_code(2);
    world.refuses("app", &file, "not trusted yet");

    let mode = fs::metadata(world.home.file("trusted.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn use_here_writes_it_and_keeps_what_else_is_in_it() {
    let world = World::new();
    let written = world.run("app", &["use", "work", "--here"]).expect_code(0);
    let file = world.folder("app").join(".keyfob.toml");
    assert!(
        written.stderr.contains(file.to_str().unwrap()),
        "{written:#?}"
    );
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.ends_with("account = \"Work\"\n"), "{text}");
    // git's helper and the SDKs' profiles give what they were connected with.
    let who = "so do Claude Code, pi and commands that are connected as a whole";
    assert!(written.stderr.contains(who), "{written:#?}");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o644
    );
    world.gives("app/src/deep", WORK);
    world.gives("", OWN);

    fs::write(&file, "# ours\naccount = \"Work\" # why\n").unwrap();
    world.run("app", &["use", "Own", "--here"]).expect_code(0);
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        "# ours\naccount = \"Own\" # why\n"
    );
    world.gives("app", OWN);

    // As editors on Windows leave it, and closed to others: nothing but the name is another one.
    fs::write(&file, "\u{feff}# ours\r\naccount = 'Work' # why\r\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o660)).unwrap();
    world.run("app", &["use", "Own", "--here"]).expect_code(0);
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        "\u{feff}# ours\r\naccount = \"Own\" # why\r\n"
    );
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    world.gives("app", OWN);

    // The default is another thing.
    world.run("app", &["use", "Work"]).expect_code(0);
    world.gives("app", OWN);
    world.gives("", WORK);

    // A name that changes or goes takes the folder's account with it, and no other comes in its place.
    world.run("", &["rename", "Own", "Mine"]).expect_code(0);
    world.refuses("app", &file, "does not exist here");
    let listed = world.run("app", &["trust", "--list"]).expect_code(0);
    assert!(
        listed.stdout.contains("no account is called so now"),
        "{listed:#?}"
    );
    assert!(!listed.stdout.contains("changed since"), "{listed:#?}");
    world.run("app", &["use", "Mine", "--here"]).expect_code(0);
    world.gives("app", OWN);
    world.run("", &["logout", "Mine"]).expect_code(0);
    world.refuses("app", &file, "\"Mine\"");
    world
        .run("app", &["use", "nobody", "--here"])
        .expect_code(2);
    world.run("app", &["trust"]).expect_code(2);

    // Nothing half written where nothing can be written.
    let closed = world.folder("closed");
    fs::create_dir(&closed).unwrap();
    symlink(&file, closed.join(".keyfob.toml")).unwrap();
    let before = fs::read_to_string(&file).unwrap();
    let refused = world
        .run("closed", &["use", "Work", "--here"])
        .expect_code(2);
    assert!(refused.stderr.contains("symbolic link"), "{refused:#?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
    assert_eq!(fs::read_dir(&closed).unwrap().count(), 1);
}

#[test]
fn what_is_no_such_file_is_refused_and_never_repeated() {
    let world = World::new();
    let path = world.folder("app").join(".keyfob.toml");
    let rows: &[(&[u8], &str)] = &[
        (b"", "names no account"),
        (b"account = 7", "no name"),
        (b"account = \"hunter2", "line 1 is not TOML"),
        (b"account = \"Work\"\nkey = \"hunter2\"", "\"key\""),
        (b"account = \"sk-ant-api03-hunter2\"", "looks like a key"),
        (
            b"account = \"Work\" # sk-ant-oat01-hunter2",
            "looks like a key",
        ),
        (b"account = \"\x1b[31mhunter2\"", "is not TOML"),
        (b"\xff\xfehunter2", "not text"),
        (&[b'#'; 100_000], "far longer"),
    ];
    for (text, what) in rows {
        world.write("app", text);
        world.refuses("app/src", &path, what);
        world.run("app", &["trust"]).expect_code(2);
        world.run("app", &["use", "Work", "--here"]).expect_code(2);
        assert_eq!(fs::read(&path).unwrap(), *text, "it is left as it is");
        if text.len() < 1_000 {
            let said = world.run("app", &["use", "Work", "--here"]).stderr;
            let way = format!("remove {} and run `keyfob use", path.display());
            assert!(
                said.contains("cannot be followed, so nothing is given"),
                "{said}"
            );
            assert!(said.contains(&way), "{said}");
        }
    }
    fs::remove_file(&path).unwrap();

    let elsewhere = world.folder("elsewhere.toml");
    fs::write(&elsewhere, "account = \"Work\"\n").unwrap();
    symlink(&elsewhere, &path).unwrap();
    world.refuses("app/src", &path, "symbolic link");
    world.run("app", &["trust"]).expect_code(2);
    fs::remove_file(&path).unwrap();
    symlink("nowhere", &path).unwrap();
    world.refuses("app/src", &path, "symbolic link");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    world.refuses("app/src", &path, "plain file");
    fs::remove_dir(&path).unwrap();
    // A pipe would be waited for without end.
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    world.refuses("app/src", &path, "plain file");
    fs::remove_file(&path).unwrap();

    // A trusted file is trusted where it lies, and not where it is reached by another way.
    world.run("app", &["use", "Work", "--here"]).expect_code(0);
    symlink(world.folder("app/src"), world.folder("way")).unwrap();
    world.gives("way", WORK);
    fs::rename(world.folder("app"), world.folder("moved")).unwrap();
    world.refuses(
        "moved/src",
        &world.folder("moved").join(".keyfob.toml"),
        "not trusted yet",
    );

    fs::write(world.home.file("trusted.json"), "{").unwrap();
    let damaged = world.run("moved", &["token"]).expect_code(1);
    assert!(damaged.stderr.contains("trusted.json"), "{damaged:#?}");
}
