//! Sets up what is missing, and says so first. Where everything is there it says nothing and takes no time.

mod apt;
mod cargo_tools;
mod elsewhere;
mod npm;
mod packages;
mod python;
mod system;
mod versions;

use anyhow::Result;

use self::system::System;

/// What is to be done afterwards.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Build the app and open it.
    Run,
    /// Run every check.
    Test,
}

/// Sets up for a purpose.
pub(crate) fn setup(purpose: Purpose) -> Result<()> {
    versions::check()?;
    let needs = packages::needs(purpose);
    match System::of_this_machine() {
        System::Debian(release) => apt::install(&needs, &release)?,
        other => elsewhere::check(&needs, &other)?,
    }
    npm::install("ui")?;
    if purpose == Purpose::Test {
        npm::install("tests/node")?;
        python::install()?;
        cargo_tools::install()?;
    }
    Ok(())
}
