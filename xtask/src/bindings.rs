//! The page's TypeScript types, which come from the Rust types.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::command::{command, run};
use crate::place;

/// The tests that write the types. The whole workspace, so that nothing is compiled in another flavour than for the
/// other tests; and not by nextest, whose processes would write the same files at the same time.
const EXPORT: &[&str] = &["test", "--quiet", "--workspace", "--lib", "export_bindings"];

/// Where the committed ones are.
const COMMITTED: &str = "ui/src/lib/bindings";

/// Writes them anew. Files of types that are gone go too.
pub(crate) fn write() -> Result<()> {
    let new = place::target()?.join("bindings-new");
    if new.is_dir() {
        fs::remove_dir_all(&new)?;
    }
    // The old ones go only once there are new ones: Rust code that does not compile must not cost the page its types.
    export_to(&new)?;
    let folder = place::root().join(COMMITTED);
    if folder.is_dir() {
        fs::remove_dir_all(&folder).context("the old bindings could not be removed")?;
    }
    fs::create_dir_all(&folder)?;
    for name in read(&new)?.keys() {
        fs::copy(new.join(name), folder.join(name))
            .with_context(|| format!("{name} could not be written"))?;
    }
    Ok(())
}

/// Fails where the committed ones are not those of the Rust types.
pub(crate) fn check() -> Result<()> {
    let folder = place::target()?.join("bindings-check");
    if folder.is_dir() {
        fs::remove_dir_all(&folder)?;
    }
    export_to(&folder)?;
    let (fresh, committed) = (read(&folder)?, read(&place::root().join(COMMITTED))?);
    let names = fresh.keys().chain(committed.keys());
    let mut different: Vec<&str> = names
        .filter(|name| fresh.get(*name) != committed.get(*name))
        .map(String::as_str)
        .collect();
    different.sort_unstable();
    different.dedup();
    if !different.is_empty() {
        bail!(
            "{COMMITTED} is not what the Rust types say: {}. `cargo xtask bindings` writes it anew.",
            different.join(", ")
        );
    }
    Ok(())
}

fn export_to(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let mut export = command("cargo", EXPORT);
    export.env("TS_RS_EXPORT_DIR", folder);
    run(export)?;
    if read(folder)?.is_empty() {
        bail!("no type was written: are there still tests named export_bindings…?");
    }
    Ok(())
}

/// The files and their text. Line ends do not count: git changes them on Windows.
fn read(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_file() {
            let text = fs::read_to_string(&path)?.replace("\r\n", "\n");
            files.insert(
                path.file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned(),
                text,
            );
        }
    }
    Ok(files)
}
