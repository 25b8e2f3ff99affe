//! Keyfob's core: it signs in, keeps what that gives in the operating system's keychain, renews it, says the truth
//! about it, and hands it to tools. It knows no window and no terminal, and prints nothing.
//!
//! Begin with [`Keyfob`], whose methods are what the program can do. Each joins rooms that do not know each other:
//! signing in (`sign_in`), custody of secrets (`custody`), sessions that other programs own (`linked`), and what tools
//! are given (`hand_over`). What may be shown is a [`Status`]; what went wrong is
//! an [`Error`] with a sentence and a cure; what must not be seen is a [`Secret`].
//!
//! ```no_run
//! # async fn tour() -> keyfob::Result<()> {
//! use std::sync::Arc;
//! use keyfob::{Edge, Home, Keychain, Keyfob, Prompts, SignInRequest};
//!
//! let home = Home::at("/home/ada/keyfob".into());
//! let store = Keychain::new(home.keychain_service(), Prompts::Allowed);
//! let keyfob = Keyfob::new(home, Arc::new(store), Edge::system(), "a tour");
//!
//! let sign_in = keyfob
//!     .begin_sign_in(SignInRequest { provider: "mock".into(), ..SignInRequest::default() })
//!     .await?;
//! // The core opens no browser: the caller does, with this.
//! let url = sign_in.handle().url().cloned();
//! let status = sign_in.finish().await?;
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

pub mod account;
mod accounts;
pub mod activity;
mod api_key;
pub mod config;
mod credential;
mod custody;
mod edge;
mod error;
mod files;
mod hand_over;
mod home;
mod http;
mod import;
mod keyfob;
mod linked;
mod patience;
pub mod precedence;
mod secret;
mod sign_in;
pub mod status;
mod variables;
mod when;

pub use crate::account::AccountId;
pub use crate::accounts::FellBack;
pub use crate::config::{Config, ListenerChoice, ProviderForm};
pub use crate::custody::encrypted_file::EncryptedFiles;
pub use crate::custody::identity::Key;
pub use crate::custody::keychain::{Keychain, Prompts};
pub use crate::custody::passphrase::Passphrase;
pub use crate::custody::store::{Access, SecretStore, StoreError};
pub use crate::custody::stores::{People, StorageChoice};
pub use crate::edge::Edge;
pub use crate::error::{Code, Error, Result};
pub use crate::hand_over::connections::{ConnectionId, Recipient};
pub use crate::hand_over::environment::{Environment, Value, Variable};
pub use crate::hand_over::formats::Format;
pub use crate::home::Home;
pub use crate::import::Place;
pub use crate::keyfob::{
    Api, ClaudeCodeWish, ConnectRequest, ConnectTo, ConnectableTool, Connected, ConnectionStatus,
    Disconnected, Discovered, DiscoveredAction, ExportFormat, ExportRequest, ExportTo, Exported,
    Finding, Fitting, FolderChoice, Form, FoundSession, GitWants, Given, Group, Handed,
    ImportCheck, KeyEdit, Keyfob, Limits, Linked, LinkedSignIn, LinkedSignInRequest, Listening,
    Moved, NewKey, Order, OtherProgram, OtherSessions, Phase, Preset, Probed, Renewal, Replacement,
    Revoked, SignIn, SignInHandle, SignInRequest, SignOutReport, Storage, Tested, TokensToImport,
    ToolEnvironment, TrustState, TrustedFolder, Unfit, Whereabouts, Whose,
};
pub use crate::secret::Secret;
pub use crate::sign_in::device::DevicePrompt;
pub use crate::sign_in::provider::{ByVariables, Provider, ProviderId, Redirect, TokenRequest};
pub use crate::status::{Meaning, State, Status};
