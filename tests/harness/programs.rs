//! The programs under test, where cargo put them.

use std::path::PathBuf;

/// The command.
pub const KEYFOB: &str = "keyfob";
/// The window.
pub const DESKTOP: &str = "keyfob-desktop";
/// The practice server.
pub const MOCK_PROVIDER: &str = "keyfob-mock-provider";

/// A built program by its name.
///
/// Cargo hands test targets the programs of their own package only; those of the rest of the workspace lie beside
/// the folder of the test itself.
pub fn program(name: &str) -> PathBuf {
    let path = profile_folder().join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.is_file(),
        "{} is not built. `cargo xtask test build` builds it.",
        path.display()
    );
    path
}

/// Where tests leave what people look at afterwards: `test-output` beside cargo's own output, or `KEYFOB_TEST_OUTPUT`.
pub fn output_folder() -> PathBuf {
    let chosen = std::env::var_os("KEYFOB_TEST_OUTPUT").filter(|folder| !folder.is_empty());
    chosen.map_or_else(
        || profile_folder().with_file_name("test-output"),
        PathBuf::from,
    )
}

/// The folder `tests` of the tree. Whoever starts the test says where that is now; when it was compiled it may have been
/// elsewhere, because a tree can be moved, and two can share one output folder.
pub fn sources() -> PathBuf {
    let now = std::env::var_os("CARGO_MANIFEST_DIR");
    now.map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

/// What setting up has put beside cargo's own output.
pub(crate) fn beside(name: &str) -> PathBuf {
    profile_folder().with_file_name(name)
}

/// `target/debug` of the run that built this test, or `target/release` of the one that built the figures.
fn profile_folder() -> PathBuf {
    let own = std::env::current_exe().expect("a running program has a path");
    let folder = own.parent().expect("a program lies in a folder");
    // Cargo puts tests into target/PROFILE/deps, and programs beside that.
    let is_deps = folder.file_name().is_some_and(|name| name == "deps");
    match (is_deps, folder.parent()) {
        (true, Some(profile)) => profile.to_owned(),
        _ => folder.to_owned(),
    }
}
