//! Claude Code and `ant`: whether they are there, and in which version.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;

use super::{Finding, Group};
use crate::keyfob::Keyfob;
use crate::linked::program;
use crate::secret::presentable;

/// How long a program may take to say its version. One that is started for the first time after an update, or on a busy
/// computer, is slow and not broken.
const A_WHILE: Duration = Duration::from_secs(10);

/// A program that is looked for.
struct Wanted {
    topic: &'static str,
    program: &'static str,
    /// What it is needed for, as a sentence.
    needed_for: &'static str,
}

const CLAUDE: Wanted = Wanted {
    topic: "Claude Code",
    program: "claude",
    needed_for: "It is needed only to sign in with a Claude plan.",
};

const ANT: Wanted = Wanted {
    topic: "ant",
    program: "ant",
    needed_for: "It is needed only for Anthropic profiles.",
};

impl Keyfob {
    /// Both at the same time.
    pub(super) async fn look_at_programs(&self) -> Vec<Finding> {
        let (claude, ant) = tokio::join!(self.look_at_program(&CLAUDE), self.look_at_program(&ANT));
        vec![claude, ant]
    }

    async fn look_at_program(&self, wanted: &Wanted) -> Finding {
        let (group, topic) = (Group::Tools, wanted.topic);
        let home = self.0.edge.home_folder().unwrap_or_default();
        let variable = |name: &str| self.0.edge.variable(name);
        let Some(path) = program::find(wanted.program, variable, &home) else {
            let words = format!("It was not found. {}", wanted.needed_for);
            return Finding::fine(group, topic, words);
        };
        if !is_program(&path) {
            return Finding::soon(
                group,
                topic,
                "It is there, but it is no program that can be run.",
                "Install it again; its installer may have been kept from bringing the program itself.",
            )
            .detail(path.display().to_string());
        }
        let version = match written_version(&path) {
            Some(version) => Ok(version),
            None => said_version(&path).await,
        };
        match version {
            Ok(version) => Finding::fine(group, topic, format!("Version {version}."))
                .detail(path.display().to_string()),
            Err(why) => Finding::soon(
                group,
                topic,
                format!("It is there, but did not say its version: {why}."),
                &format!("Run `{} --version` to see what is wrong.", wanted.program),
            )
            .detail(path.display().to_string()),
        }
    }
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

/// The version as the installer wrote it beside the program: asking Claude Code itself takes half a second.
fn written_version(program: &Path) -> Option<String> {
    let real = std::fs::canonicalize(program).ok()?;
    let folders: Vec<&Path> = real.ancestors().skip(1).take(4).collect();
    let is_version = |text: &str| {
        let begins = text.starts_with(|c: char| c.is_ascii_digit());
        begins && text.contains('.') && text.len() <= 40
    };
    // `…/claude/versions/2.1.3` is the program itself.
    if folders.first()?.ends_with("versions") {
        let name = real.file_name()?.to_str()?;
        return is_version(name).then(|| name.to_owned());
    }
    folders.iter().find_map(|folder| {
        let text = std::fs::read_to_string(folder.join("package.json")).ok()?;
        let package: Package = serde_json::from_str(&text).ok()?;
        let theirs = package.name == "@anthropic-ai/claude-code";
        (theirs && is_version(&package.version)).then_some(package.version)
    })
}

/// Whether a file begins as programs do. An installer that was cut short leaves a text in its place, with the version
/// beside it all the same.
#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::io::Read as _;
    let mut head = [0; 4];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut head));
    let of_a_mac = [
        0xfeed_face_u32,
        0xfeed_facf,
        0xcefa_edfe,
        0xcffa_edfe,
        0xcafe_babe,
    ];
    match read {
        Ok(()) => {
            head.starts_with(b"#!")
                || head == *b"\x7fELF"
                || of_a_mac.contains(&u32::from_be_bytes(head))
        }
        // What may be run and not read is a program all the same.
        Err(error) => error.kind() == std::io::ErrorKind::PermissionDenied,
    }
}

#[cfg(not(unix))]
fn is_program(_: &Path) -> bool {
    true
}

async fn said_version(program: &Path) -> Result<String, String> {
    let mut command = Command::new(program);
    command.arg("--version");
    let ended = match program::run(command, A_WHILE).await {
        Ok(Some(ended)) => ended,
        Ok(None) => return Err("it did not end in time".to_owned()),
        Err(error) => return Err(presentable(&error.to_string(), &[])),
    };
    let word = ended.said.out.split_whitespace().find(|word| {
        let word = word.trim_start_matches('v');
        word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.')
    });
    match (word, ended.code) {
        (Some(word), Some(0)) => Ok(presentable(word.trim_start_matches('v'), &[])),
        (_, Some(0)) => Err("it says something else".to_owned()),
        (_, code) => {
            let code = code.map_or_else(|| "none".to_owned(), |code| code.to_string());
            Err(format!("it ended with exit code {code}"))
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_no_system_runs_is_no_program() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("claude");
        for (text, is_it) in [
            ("#!/bin/sh\n", true),
            ("\u{7f}ELF\u{2}", true),
            ("echo \"the program was not brought\"\n", false),
            ("", false),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(is_program(&path), is_it, "{text:?}");
        }
        assert!(is_program(&std::env::current_exe().unwrap()));
    }

    #[test]
    fn versions_are_read_where_installers_write_them() {
        let folder = tempfile::tempdir().unwrap();
        let versions = folder.path().join("claude/versions");
        std::fs::create_dir_all(&versions).unwrap();
        std::fs::write(versions.join("2.1.34"), "").unwrap();
        let link = folder.path().join("claude-link");
        std::os::unix::fs::symlink(versions.join("2.1.34"), &link).unwrap();
        assert_eq!(written_version(&link).as_deref(), Some("2.1.34"));

        let package = folder.path().join("node_modules/@anthropic-ai/claude-code");
        std::fs::create_dir_all(&package).unwrap();
        std::fs::write(package.join("cli.js"), "").unwrap();
        let text = r#"{"name": "@anthropic-ai/claude-code", "version": "2.0.1"}"#;
        std::fs::write(package.join("package.json"), text).unwrap();
        let version = written_version(&package.join("cli.js"));
        assert_eq!(version.as_deref(), Some("2.0.1"));
        assert_eq!(written_version(&folder.path().join("other")), None);
    }
}
