//! The practice server beside the app.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::place;
use crate::run::sections;

/// A running practice server. It ends with its standard input, so that it never outlives us, however we end.
pub(crate) struct Practice(Child);

impl Practice {
    /// Starts it and writes its settings into a home; everything else there stays.
    pub(crate) fn start(home: &Path) -> Result<Self> {
        let config = home.join("config.toml");
        let old = fs::read_to_string(&config).unwrap_or_default();
        // The same port as last time, so that accounts of then still find it.
        let started = match port(&old) {
            Some(port) => start_at(port).or_else(|_| start_at("0")),
            None => start_at("0"),
        };
        let (server, settings) = started?;
        make_private(home)?;
        let new = sections::replace(&old, &settings);
        fs::write(&config, new)
            .with_context(|| format!("{} could not be written", config.display()))?;
        Ok(server)
    }

    /// Ends it.
    pub(crate) fn stop(mut self) -> Result<()> {
        drop(self.0.stdin.take());
        self.0.wait().context("the practice server did not end")?;
        Ok(())
    }
}

fn start_at(port: &str) -> Result<(Practice, String)> {
    let mut server = Command::new(place::program("keyfob-mock-provider")?)
        .args(["--until-stdin-closes", "--port", port])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("the practice server could not be started")?;
    let output = server.stdout.take().context("its output is piped")?;
    let mut settings = String::new();
    for line in BufReader::new(output).lines() {
        let line = line.context("the practice server's settings could not be read")?;
        if line == "# ready" {
            return Ok((Practice(server), settings));
        }
        settings.push_str(&line);
        settings.push('\n');
    }
    server.wait()?;
    bail!("the practice server ended before it was ready")
}

/// The port of the practice server in older settings.
fn port(config: &str) -> Option<&str> {
    let (_, practice) = config.split_once("[providers.mock]")?;
    let (_, rest) = practice.split_once("\"http://127.0.0.1:")?;
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    Some(&rest[..end])
}

/// Makes the home, closed to others as Keyfob itself would.
fn make_private(home: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(home)
        .with_context(|| format!("{} could not be made", home.display()))
}
