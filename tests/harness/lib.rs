//! Brings up what a test of whole programs needs: a private desktop session with a keychain, a browser, servers to
//! sign in to, and Keyfob's own programs in it.
//!
//! Nothing here touches the session of the person who runs the tests: every program started gets an environment of
//! its own, folders of its own, a D-Bus of its own, and is ended with the session.

pub mod browser;
pub mod chance;
pub mod claude;
pub mod custody;
pub mod desk;
pub mod display;
mod driver;
pub mod eavesdropper;
pub mod environment;
pub mod home;
pub mod http;
pub mod keyfob;
pub mod keyring;
pub mod lines;
pub mod linked;
pub mod manager;
pub mod mock;
pub mod node;
pub mod oidc;
pub mod process;
pub mod programs;
pub mod sdk;
pub mod secret_service;
pub mod session;
pub mod stand_in;
pub mod tools;
pub mod tray;
pub mod watch_argv;
pub mod window;

pub use browser::{Browser, Visit, Visited};
pub use custody::Custody;
pub use eavesdropper::Eavesdropper;
pub use home::Home;
pub use keyfob::{Call, Interactive, Output};
pub use mock::MockProvider;
pub use oidc::OidcProvider;
pub use process::{A_WHILE, PATIENCE, eventually};
pub use sdk::{Sdk, SdkProgram};
pub use session::{DesktopSession, Keyring};
pub use stand_in::StandIns;
pub use tray::TrayHost;
pub use watch_argv::ArgvWatch;
pub use window::Window;
