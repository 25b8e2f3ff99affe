//! The pictures of the README, which the end-to-end tests take of the real window.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::place;

/// Copies them to `docs/screenshots`.
pub(crate) fn copy() -> Result<()> {
    let from = taken()?;
    let to = place::root().join("docs").join("screenshots");
    let entries = fs::read_dir(&from).with_context(|| {
        format!(
            "there is no {}: `cargo xtask test end-to-end` takes the pictures",
            from.display()
        )
    })?;
    fs::create_dir_all(&to)?;
    let readme = fs::read_to_string(place::root().join("README.md"))?;
    let mut count = 0;
    for entry in entries {
        let path = entry?.path();
        if let (Some("png"), Some(name)) = (
            path.extension().and_then(|end| end.to_str()),
            path.file_name(),
        ) && readme.contains(&*name.to_string_lossy())
        {
            fs::copy(&path, to.join(name))
                .with_context(|| format!("{} could not be copied", path.display()))?;
            count += 1;
        }
    }
    if count == 0 {
        bail!("there is no picture in {}", from.display());
    }
    println!("{count} pictures are in {}", to.display());
    Ok(())
}

fn taken() -> Result<PathBuf> {
    let chosen = env::var_os("KEYFOB_TEST_OUTPUT").filter(|folder| !folder.is_empty());
    let output = match chosen {
        Some(folder) => PathBuf::from(folder),
        None => place::target()?.join("test-output"),
    };
    Ok(output.join("screens"))
}
