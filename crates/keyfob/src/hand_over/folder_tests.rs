use super::*;

fn said(text: &str) -> std::result::Result<String, String> {
    let read = account_in(Path::new("/p/.keyfob.toml"), text).map_err(Wrong::into_error);
    read.map_err(|error| {
        assert_eq!(error.code, Code::Usage);
        assert!(
            error.message.contains("/p/.keyfob.toml"),
            "{}",
            error.message
        );
        error.to_string()
    })
}

#[test]
fn one_line_names_the_account() {
    for text in [
        "account = \"Work\"",
        "account = 'Work'\n",
        "# ours\r\naccount = \"Work\" # and why\r\n",
        "\u{feff}account = \" Work \"",
    ] {
        assert_eq!(said(text), Ok("Work".to_owned()), "{text:?}");
    }
    assert_eq!(said("account = \"工作 🗝\""), Ok("工作 🗝".to_owned()));
    assert_eq!(
        said("account = \"ada.lovelace@analytical-engines.example\""),
        Ok("ada.lovelace@analytical-engines.example".to_owned())
    );
}

#[test]
fn what_is_anything_else_is_refused_and_not_repeated() {
    let long = "Zx9".repeat(20);
    let rows = [
        ("", "names no account"),
        ("account = 7", "no name"),
        ("account = [\"hunter2-hunter2\"]", "no name"),
        ("account = \"\"", "no name"),
        ("account = \"  \"", "no name"),
        ("account = \"hunter2\\nhunter2\"", "no name"),
        ("account = \"Work\"\naccount = \"hunter2\"", "line 2"),
        ("account = hunter2", "line 1"),
        ("\n\n= hunter2", "line 3"),
        ("account = \"Work\"\ntoken = \"hunter2\"", "\"token\""),
        ("[accounts]\nwork = \"hunter2\"", "\"accounts\""),
        ("account = \"sk-ant-api03-hunter2\"", "looks like a key"),
        (
            "account = \"Work\"\n# SK-ANT-api03-hunter2",
            "looks like a key",
        ),
        ("sk-ant-api03-hunter2", "looks like a key"),
        ("\"sk-ant-oat01-hunter2\" = \"Work\"", "looks like a key"),
        ("account = \"AGE-SECRET-KEY-1HUNTER2\"", "looks like a key"),
        (
            "x = '''-----BEGIN PRIVATE KEY-----hunter2'''",
            "looks like a key",
        ),
    ];
    for (text, expected) in rows {
        let error = said(text).unwrap_err();
        assert!(error.contains(expected), "{text:?}: {error}");
        assert!(!error.to_lowercase().contains("hunter2"), "{error}");
    }
    let error = said(&format!("account = \"{long}\"")).unwrap_err();
    assert!(error.contains("looks like a key"), "{error}");
    assert!(!error.contains("Zx9"), "{error}");
    assert!(said(&format!("account = \"{}\"", "long ".repeat(60))).is_err());
}

#[test]
fn another_account_is_written_and_the_rest_stays() {
    let path = Path::new("/p/.keyfob.toml");
    let before = "# ours\n\naccount = \"Work\"   # ask Ada\n";
    assert_eq!(
        with_account(path, before, "My \"own\"").unwrap(),
        "# ours\n\naccount = 'My \"own\"'   # ask Ada\n"
    );
    // As editors on Windows leave it.
    assert_eq!(
        with_account(path, "\u{feff}# ours\r\naccount = 'Work' # why\r\n", "Own").unwrap(),
        "\u{feff}# ours\r\naccount = \"Own\" # why\r\n"
    );
    assert_eq!(
        with_account(path, "\"account\"=\"\"\"Work\"\"\"", "Own").unwrap(),
        "\"account\"=\"Own\""
    );
    for name in ["Work", "quo\"te", "back\\slash", "it's", "工作", "a # b"] {
        let new = new_text(name);
        assert_eq!(said(&new), Ok(name.to_owned()), "{new}");
        checked_name(path, name).unwrap();
    }
    assert!(checked_name(path, " spaced ").is_err());
    assert!(with_account(path, "key = 1", "Work").is_err());
}

#[test]
fn the_nearest_file_counts_and_none_above_the_home() {
    let base = tempfile::tempdir().unwrap();
    let base = base.path().canonicalize().unwrap();
    let (home, deep) = (base.join("home"), base.join("home/project/src"));
    fs::create_dir_all(&deep).unwrap();
    let at = |folder: &Path| fs::write(folder.join(NAME), "account = \"Work\"").unwrap();
    let found = |folder: &Path| find(folder, Some(&home)).unwrap();

    assert_eq!(found(&deep), None);
    at(&base);
    assert_eq!(found(&deep), None);
    assert_eq!(found(&home), None);
    assert_eq!(found(&base), Some(base.join(NAME)));
    at(&home);
    assert_eq!(found(&deep), Some(home.join(NAME)));
    at(&home.join("project"));
    assert_eq!(found(&deep), Some(home.join("project").join(NAME)));
    assert_eq!(
        find(&base.join("home/project/gone"), Some(&home)).unwrap(),
        Some(home.join("project").join(NAME))
    );
}

#[cfg(unix)]
#[test]
fn what_is_no_plain_file_is_an_error() {
    let base = tempfile::tempdir().unwrap();
    let path = base.path().join(NAME);
    let is_refused = |what: &str| {
        let error = read(&path).unwrap_err();
        assert_eq!(error.code, Code::Usage);
        assert!(error.message.contains(what), "{}", error.message);
        assert_eq!(find(base.path(), None).unwrap(), Some(path.clone()));
    };
    fs::create_dir(&path).unwrap();
    is_refused("plain file");
    fs::remove_dir(&path).unwrap();
    std::os::unix::fs::symlink("elsewhere", &path).unwrap();
    is_refused("symbolic link");
    fs::remove_file(&path).unwrap();
    fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
    is_refused("not text");
    fs::write(&path, "#".repeat(LONGEST + 1)).unwrap();
    is_refused("far longer");
    fs::write(&path, "account = \"Work\"\n").unwrap();
    let file = read(&path).unwrap();
    assert_eq!(file.account, "Work");
    assert!(!file.of_another);
}
