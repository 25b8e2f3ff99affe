//! The real opencode and pi, unmodified, as npm brings them, with no way to any server but those on this computer.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::programs;
use crate::session::DesktopSession;

/// A port that nothing listens at: whatever wants to go out there ends at once.
const NOWHERE: &str = "http://127.0.0.1:9";

/// Puts these on the session's PATH: `opencode`, `pi` or both.
pub fn install(session: &mut DesktopSession, names: &[&str]) -> PathBuf {
    let folder = session.new_folder("tools");
    for name in names {
        let text = match *name {
            "opencode" => line(&[package("opencode").join("bin/opencode")]),
            "pi" => {
                let pi = modules().join("@earendil-works/pi-coding-agent/dist/bundle/cli.js");
                // It needs a newer Node than the other programs do.
                line(&[package("node").join("bin/node"), pi])
            }
            other => panic!("there is no tool {other}"),
        };
        let file = folder.join(name);
        fs::write(&file, text).expect("the folder is ours");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("it is ours");
    }
    session.add_to_path(&folder);
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"] {
        session.set(name, NOWHERE);
    }
    session.set("NO_PROXY", "127.0.0.1,localhost");
    session.set("PI_OFFLINE", "1");
    session.set("OPENCODE_DISABLE_AUTOUPDATE", "1");
    session.set("OPENCODE_DISABLE_MODELS_FETCH", "1");
    folder
}

fn line(words: &[PathBuf]) -> String {
    for word in words {
        assert!(
            word.is_file(),
            "{} is not installed. `cargo xtask setup` does it.",
            word.display()
        );
    }
    let quoted: Vec<_> = words
        .iter()
        .map(|word| format!("'{}'", word.display()))
        .collect();
    format!("#!/bin/sh\nexec {} \"$@\"\n", quoted.join(" "))
}

/// npm has a package for each system, of which `package.json` names one.
fn package(name: &str) -> PathBuf {
    let system = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "linux-x64",
        (os, arch) => panic!("tests/node/package.json names no {name} for {os} on {arch}"),
    };
    modules().join(format!("{name}-{system}"))
}

fn modules() -> PathBuf {
    programs::sources().join("node/node_modules")
}
