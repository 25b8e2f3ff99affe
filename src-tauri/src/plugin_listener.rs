//! `tauri-plugin-oauth` as the listener, for those who choose it (`[sign_in] listener = "plugin"`).
//!
//! What it hears goes through the same checks as our own listener's. It is not the default: an idle connection
//! freezes it, and the first request that it takes for an answer ends it, whoever sent that.

use std::borrow::Cow;

use keyfob::{Code, Error, Result, SignInHandle};
use tauri::async_runtime::JoinHandle;
use tauri_plugin_oauth::OauthConfig;
use tokio::sync::mpsc;
use url::Url;

/// The plugin's page is sent before anything is exchanged, so it cannot say more than this.
const PAGE: &str =
    "<html><head></head><body>Go back to Keyfob: it shows how the sign-in ends.</body></html>";

/// A port that the plugin listens at. Dropping it closes the port and ends the plugin's thread.
#[derive(Debug)]
struct Port(u16);

impl Drop for Port {
    fn drop(&mut self) {
        let port = self.0;
        // Closing it means connecting to it, which blocks while it is frozen.
        let closing = move || tauri_plugin_oauth::cancel(port);
        let _ = std::thread::Builder::new().spawn(closing);
    }
}

/// The plugin, listening. Dropping it closes its port.
#[derive(Debug)]
pub struct PluginListener {
    port: Port,
    heard: mpsc::UnboundedReceiver<String>,
}

/// The plugin, listening for a sign-in. Dropping it closes its port.
#[derive(Debug)]
pub struct Feeding {
    _port: Port,
    task: JoinHandle<()>,
}

impl PluginListener {
    /// Starts to listen at a port that the system chooses.
    pub fn start() -> Result<Self> {
        let (teller, heard) = mpsc::unbounded_channel();
        let config = OauthConfig {
            response: Some(Cow::Borrowed(PAGE)),
            ..OauthConfig::default()
        };
        let port = tauri_plugin_oauth::start_with_config(config, move |url| {
            let _ = teller.send(url);
        })
        .map_err(|error| {
            Error::new(
                Code::Failed,
                "The plugin listener could not be started.",
                "Leave `listener` out of config.toml to use Keyfob's own.",
            )
            .detail(error.to_string())
        })?;
        Ok(Self {
            port: Port(port),
            heard,
        })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port.0
    }

    /// Hands everything that is heard to a sign-in, which judges it as it judges what our own listener hears.
    pub fn feed(self, sign_in: SignInHandle) -> Feeding {
        let Self { port, mut heard } = self;
        let task = tauri::async_runtime::spawn(async move {
            while let Some(text) = heard.recv().await {
                if let Ok(url) = Url::parse(&text) {
                    sign_in.arrived(&url).await;
                }
            }
        });
        Feeding { _port: port, task }
    }
}

impl Drop for Feeding {
    fn drop(&mut self) {
        self.task.abort();
    }
}
