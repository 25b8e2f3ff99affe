use std::os::unix::fs::PermissionsExt;

use super::*;

/// Longer than any script in here takes by itself, however busy the computer is.
const FAR_TOO_LONG: Duration = Duration::from_secs(120);

/// A program that is this shell script.
fn script(folder: &Path, name: &str, text: &str) -> PathBuf {
    let file = folder.join(name);
    std::fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
    file
}

fn is_running(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // One that has ended and that nobody has asked about is not running.
    stat.rsplit_once(')')
        .is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

/// Whether it is there with a whole line in it.
fn is_written(file: &Path) -> bool {
    std::fs::read_to_string(file).is_ok_and(|text| text.ends_with('\n'))
}

async fn text_of(file: &Path) -> String {
    for _ in 0..6_000 {
        if is_written(file) {
            let text = std::fs::read_to_string(file).unwrap();
            return text.trim().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} was never written", file.display());
}

async fn ends(pid: &str) -> bool {
    for _ in 0..6_000 {
        if !is_running(pid) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

#[test]
fn a_program_is_found_on_path_and_where_installers_put_it() {
    let home = tempfile::tempdir().unwrap();
    let bin = home.path().join("bin");
    let local = home.path().join(".local/bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::create_dir_all(&local).unwrap();
    let path = bin.clone();
    let variable = move |name: &str| match name {
        "PATH" => Some(std::env::join_paths([Path::new("."), Path::new(""), &path]).unwrap()),
        _ => None,
    };
    let name = "keyfob-tries-this";
    assert_eq!(find(name, &variable, home.path()), None);
    let installed = script(&local, name, "exit");
    assert_eq!(find(name, &variable, home.path()), Some(installed));
    // A file that nobody may run, and a folder, are no programs.
    std::fs::write(bin.join(name), "text").unwrap();
    assert!(
        find(name, &variable, home.path())
            .unwrap()
            .starts_with(&local)
    );
    std::fs::remove_file(bin.join(name)).unwrap();
    let on_path = script(&bin, name, "exit");
    assert_eq!(find(name, &variable, home.path()), Some(on_path));
    // opencode's own installer, and Bun's.
    for folder in [".opencode/bin", ".bun/bin"] {
        let folder = home.path().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        let name = format!("{name}-too");
        let installed = script(&folder, &name, "exit");
        let found = find(&name, &variable, home.path());
        assert_eq!(found, Some(installed.clone()));
        std::fs::remove_file(installed).unwrap();
    }
}

#[tokio::test]
async fn what_a_program_says_and_how_it_ends_is_heard() {
    let folder = tempfile::tempdir().unwrap();
    let file = script(folder.path(), "p", "echo out; echo err >&2; exit 3");
    let ended = run(Command::new(file), FAR_TOO_LONG)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(ended.code, Some(3));
    assert_eq!(ended.said.out.as_str(), "out\n");
    assert_eq!(ended.said.err.as_str(), "err\n");
}

#[tokio::test]
async fn much_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = script(
        folder.path(),
        "p",
        "head -c 3000000 /dev/zero | tr '\\0' 'x'",
    );
    let ended = run(Command::new(file), FAR_TOO_LONG)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.said.out.len(), LONGEST_OUTPUT);
}

#[tokio::test]
async fn one_that_takes_too_long_is_ended_with_what_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("pid");
    // It does not end when it is asked to, and neither does what it started.
    let text = format!(
        "trap '' TERM; (trap '' TERM; sleep 300) & echo $! > {}; wait; sleep 300",
        note.display()
    );
    let file = script(folder.path(), "p", &text);
    // On a busy computer a short time may be over before it has started anything.
    for limit in [1, 10, 60] {
        let limit = Duration::from_secs(limit);
        let ended = run(Command::new(&file), limit).await.unwrap();
        assert!(ended.is_none());
        if is_written(&note) {
            break;
        }
    }
    assert!(ends(&text_of(&note).await).await);
}

#[tokio::test]
async fn one_that_is_forgotten_is_ended_but_the_browser_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (helper, tab) = (folder.path().join("helper"), folder.path().join("tab"));
    let browser = script(
        folder.path(),
        "browser",
        &format!(
            "sh -c 'echo $$ > {}; exec sleep 120' &\nwait",
            tab.display()
        ),
    );
    let text = format!(
        "{} https://example.com/ &\nsleep 300 & echo $! > {}; wait",
        browser.display(),
        helper.display()
    );
    let file = script(folder.path(), "p", &text);
    let mut running = Running::start(Command::new(file), true).unwrap();
    let (helper, tab) = (text_of(&helper).await, text_of(&tab).await);
    running.end().await;
    assert!(ends(&helper).await);
    if cfg!(target_os = "linux") {
        assert!(is_running(&tab), "the person's browser was closed");
    }
    let pid = i32::try_from(tab.parse::<u32>().unwrap()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn what_was_given_an_address_is_ended_where_nobody_signs_in() {
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("pid");
    let text = format!("echo $$ > {}; sleep 300; :", note.display());
    let server = script(folder.path(), "mcp-remote", &text);
    let text = format!("{} https://mcp.example/sse & wait", server.display());
    for forgotten in [false, true] {
        let file = script(folder.path(), "p", &text);
        let _ = std::fs::remove_file(&note);
        let mut running = Running::start(Command::new(file), false).unwrap();
        let server = text_of(&note).await;
        if !forgotten {
            running.end().await;
        }
        drop(running);
        assert!(ends(&server).await, "{forgotten}");
    }
}

#[tokio::test]
async fn one_is_talked_with() {
    let folder = tempfile::tempdir().unwrap();
    let file = script(
        folder.path(),
        "p",
        "printf 'say > '; read -r word; echo \"heard $word\"",
    );
    let mut running = Running::start(Command::new(file), true).unwrap();
    while !running.said().out.contains("say > ") {
        assert!(running.next().await.is_none());
    }
    running.tell("hello").await.unwrap();
    let code = loop {
        if let Some(code) = running.next().await {
            break code;
        }
    };
    assert_eq!(code, Some(0));
    assert!(running.into_said().out.ends_with("heard hello\n"));
}
