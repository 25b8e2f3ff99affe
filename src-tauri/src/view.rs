//! What the page is shown. Nothing here holds a secret.

use keyfob::account::Payer;
use keyfob::{
    Error, Keyfob, OtherProgram, Provider, Redirect, Status, StorageChoice, TokenRequest,
};
use serde::Serialize;

use crate::commands::ways_in::OrderView;
use crate::practice::PracticeView;
use crate::preferences::Preferences;

/// Everything on the screen, at once: there is one question and one answer.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub(crate) struct Overview {
    pub(crate) accounts: Vec<Status>,
    /// The person's order; none where the list cannot be read.
    pub(crate) order: Option<OrderView>,
    pub(crate) providers: Vec<ProviderView>,
    pub(crate) storage: StorageView,
    pub(crate) practice: PracticeView,
    /// The whole home is for practice: API keys are checked by the practice server too.
    pub(crate) practice_home: bool,
    pub(crate) waiting: Option<WaitingView>,
    pub(crate) preferences: Preferences,
    /// Whether this desktop has a tray to stay in when the window is closed.
    pub(crate) tray: bool,
    /// Files that cannot be read. They are kept as they are.
    pub(crate) problems: Vec<Error>,
    pub(crate) home: String,
    pub(crate) version: String,
}

/// Where secrets lie, and what is wrong there.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub(crate) struct StorageView {
    pub(crate) name: String,
    pub(crate) problem: Option<Error>,
    /// What the person chose; none where the choice cannot be read.
    pub(crate) choice: Option<StorageChoice>,
    /// A store that old copies could not be erased from yet.
    pub(crate) leftovers_in: Option<String>,
    /// The encrypted files are locked, and open with a passphrase that the page can hand in.
    pub(crate) wants_passphrase: bool,
}

impl StorageView {
    pub(crate) fn of(keyfob: &Keyfob, problem: Option<Error>) -> Self {
        let storage = keyfob.storage().ok();
        let choice = storage.as_ref().and_then(|storage| storage.choice.clone());
        Self {
            name: keyfob.storage_name(),
            wants_passphrase: problem.is_some() && choice == Some(StorageChoice::Passphrase),
            choice,
            leftovers_in: storage.and_then(|storage| storage.leftovers_in),
            problem,
        }
    }
}

/// A provider, to choose or to edit.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub(crate) struct ProviderView {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) payer: Payer,
    pub(crate) built_in: bool,
    pub(crate) practice: bool,
    pub(crate) ready: bool,
    pub(crate) host: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) authorize_url: Option<String>,
    pub(crate) token_url: Option<String>,
    pub(crate) revocation_url: Option<String>,
    pub(crate) device_authorization_url: Option<String>,
    pub(crate) client_id: Option<String>,
    /// Which variables of the environment say what `config.toml` does not, the client id among it or not.
    pub(crate) variables: Vec<&'static str>,
    pub(crate) client_id_by_variable: bool,
    /// What is wrong with one of them, as a part of a sentence.
    pub(crate) variable_problem: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) audience: Option<String>,
    pub(crate) resource: Vec<String>,
    pub(crate) redirect: Redirect,
    pub(crate) paste_redirect_uri: Option<String>,
    pub(crate) token_request: TokenRequest,
    pub(crate) base_url: Option<String>,
}

/// A sign-in under way. Its URLs stay here in the program: the page asks for them to be opened or copied.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub(crate) struct WaitingView {
    pub(crate) provider_id: String,
    pub(crate) provider_name: String,
    pub(crate) payer: Payer,
    pub(crate) practice: bool,
    pub(crate) ends_at: String,
    pub(crate) can_paste: bool,
    pub(crate) listens: bool,
    pub(crate) browser_problem: Option<Error>,
    /// The answer is here, and the tokens are being fetched and stored.
    pub(crate) exchanging: bool,
    /// Which other program signs in; none where Keyfob does it.
    pub(crate) program: Option<OtherProgram>,
}

/// How a sign-in ended.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum SignInEnded {
    SignedIn { account: Box<Status> },
    Failed { error: Error },
    Cancelled,
}

impl From<&Provider> for ProviderView {
    fn from(provider: &Provider) -> Self {
        let text = |url: &Option<url::Url>| url.as_ref().map(ToString::to_string);
        Self {
            id: provider.id.to_string(),
            name: provider.name.clone(),
            payer: provider.payer,
            built_in: provider.built_in,
            practice: provider.practice,
            ready: provider.is_ready(),
            host: provider.host(),
            issuer: text(&provider.issuer),
            authorize_url: text(&provider.authorize_url),
            token_url: text(&provider.token_url),
            revocation_url: text(&provider.revocation_url),
            device_authorization_url: text(&provider.device_authorization_url),
            client_id: provider.client_id.clone(),
            variables: provider.by_variables.names.clone(),
            client_id_by_variable: provider.by_variables.give_client_id(),
            variable_problem: provider.by_variables.problem.clone(),
            scopes: provider.scopes.clone(),
            audience: provider.audience.clone(),
            resource: provider.resource.clone(),
            redirect: provider.redirect,
            paste_redirect_uri: text(&provider.paste_redirect_uri),
            token_request: provider.token_request,
            base_url: text(&provider.base_url),
        }
    }
}
