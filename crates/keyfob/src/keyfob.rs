//! What the program can do: the few verbs that keep files, keychain and servers in order with each other.
//!
//! This is the only room that brings sign-in, custody, other programs' sessions and hand-over together.

mod beside_helper;
mod connectable;
mod connecting;
mod destination;
mod discovering;
mod doctor;
mod early;
mod environment;
mod exporting;
mod folders;
mod git_credential;
mod given;
mod helping;
mod importing;
mod in_settings;
mod issuer;
mod keeping;
mod keeping_fresh;
mod keeping_sign_in;
mod keys;
mod limits;
mod linked_places;
mod linked_renewal;
mod linked_sign_in;
mod linking;
mod looking_around;
mod matching;
mod not_renewed;
mod noting;
mod ordering;
mod other_programs;
mod others_keychain;
mod our_helper;
mod outranking;
mod own_command;
mod passing_on;
mod probing;
mod refreshing;
mod renewing;
mod rotating;
mod running;
mod sign_in_handle;
mod sign_out;
mod signing_in;
mod signing_in_elsewhere;
mod storage;
mod surroundings;
mod testing;
mod tokens;
mod trusted;
mod which;

use std::sync::Arc;
use tokio::sync::Semaphore;

pub use self::connectable::{ConnectableTool, Fitting, Unfit};
pub use self::connecting::{
    ClaudeCodeWish, ConnectRequest, ConnectTo, Connected, ConnectionStatus, Disconnected,
};
pub use self::discovering::{Discovered, DiscoveredAction};
pub use self::doctor::{Finding, Group};
pub use self::exporting::{ExportFormat, ExportRequest, ExportTo, Exported};
pub use self::folders::{FolderChoice, TrustState, TrustedFolder};
pub use self::git_credential::GitWants;
pub use self::given::{Api, Form, Given, Whose};
pub use self::importing::{ImportCheck, TokensToImport};
pub use self::keys::{KeyEdit, NewKey};
pub use self::limits::Limits;
pub use self::linked_sign_in::{LinkedSignIn, LinkedSignInRequest, Whereabouts};
pub use self::linking::Linked;
pub use self::ordering::{Order, Preset};
pub use self::other_programs::{FoundSession, OtherProgram, OtherSessions};
pub use self::probing::Probed;
pub use self::refreshing::Renewal;
pub use self::rotating::Replacement;
pub use self::sign_in_handle::{Phase, SignInHandle};
pub use self::sign_out::{Revoked, SignOutReport};
pub use self::signing_in::{Listening, SignIn, SignInRequest};
pub use self::storage::{Moved, Storage};
pub use self::surroundings::ToolEnvironment;
pub use self::testing::Tested;
pub use self::tokens::Handed;

use self::environment::Named;
use self::keeping::Unsaved;
use self::refreshing::TURNS;
use self::running::Running;
use crate::account::AccountId;
use crate::accounts::{Accounts, AccountsFile, checked_label};
use crate::activity::{Activity, Entry};
use crate::config::{Config, ProviderForm};
use crate::custody::lock::Locks;
use crate::custody::renewals::Renewals;
use crate::custody::store::SecretStore;
use crate::custody::stores::{People, Stores};
use crate::custody::vault::Vault;
use crate::edge::Edge;
use crate::error::{Code, Error, Result};
use crate::hand_over::connections::ConnectionsFile;
use crate::hand_over::trust::TrustFile;
use crate::home::Home;
use crate::http::Http;
use crate::sign_in::provider::ProviderId;
use crate::status::{Status, Surroundings};

/// Keyfob at work on one home. Cheap to clone; opening it reads nothing.
#[derive(Clone)]
pub struct Keyfob(Arc<Inner>);

struct Inner {
    home: Home,
    edge: Edge,
    limits: Limits,
    accounts: AccountsFile,
    connections: ConnectionsFile,
    trust: TrustFile,
    vault: Vault,
    locks: Locks,
    http: Http,
    /// Notes and sealed answers of renewals under way.
    renewals: Renewals,
    /// Tokens that a server gave and the store has not taken yet.
    unsaved: Unsaved,
    activity: Activity,
    /// How many renewals are under way in this process.
    under_way: Running,
    /// The right to ask a server for the sake of many accounts.
    turns: Arc<Semaphore>,
    /// What this program calls itself in the activity.
    asked_by: String,
}

impl Keyfob {
    /// Keyfob at work on `home`, keeping secrets in `store`, for the program that calls itself `asked_by` in the
    /// activity.
    pub fn new(home: Home, store: Arc<dyn SecretStore>, edge: Edge, asked_by: &str) -> Self {
        Self::with(
            home,
            Stores::fixed(store),
            edge,
            asked_by,
            Limits::default(),
        )
    }

    /// Keyfob at work on `home`, keeping secrets where the person chose.
    pub fn open(home: Home, people: People, edge: Edge, asked_by: &str) -> Self {
        let stores = Stores::of(&home, people);
        Self::with(home, stores, edge, asked_by, Limits::default())
    }

    /// The same as [`Keyfob::new`], with another patience: for tests that go through hours of trouble in a minute.
    pub fn with_limits(
        home: Home,
        store: Arc<dyn SecretStore>,
        edge: Edge,
        asked_by: &str,
        limits: Limits,
    ) -> Self {
        Self::with(home, Stores::fixed(store), edge, asked_by, limits)
    }

    fn with(home: Home, stores: Stores, edge: Edge, asked_by: &str, limits: Limits) -> Self {
        Self(Arc::new(Inner {
            accounts: AccountsFile::new(&home),
            connections: ConnectionsFile::new(&home),
            trust: TrustFile::new(&home),
            vault: Vault::new(stores, limits.store),
            locks: Locks::new(home.locks(), limits.lock),
            http: Http::new(limits.server, &edge),
            renewals: Renewals::new(home.renewals()),
            unsaved: Unsaved::default(),
            activity: Activity::new(&home),
            under_way: Running::default(),
            turns: Arc::new(Semaphore::new(TURNS)),
            asked_by: asked_by.to_owned(),
            home,
            edge,
            limits,
        }))
    }

    /// The truth about every account and every variable that is set, in the person's order. No network, no keychain.
    pub fn accounts(&self) -> Result<Vec<Status>> {
        let accounts = self.0.accounts.read()?;
        let config = self.config().ok();
        let storage = self.0.vault.name();
        let first = self.given_without_a_name(&accounts);
        let status =
            |named: &Named<'_>| self.status_of(named, first.as_ref(), config.as_ref(), &storage);
        Ok(self.all_in_order(&accounts).iter().map(status).collect())
    }

    /// The truth about one account: an id, a label, the name of a variable, or none for the default.
    pub fn status(&self, name: Option<&str>) -> Result<Status> {
        let accounts = self.0.accounts.read()?;
        let named = self.named(&accounts, name)?;
        let config = self.config().ok();
        let first = self.given_without_a_name(&accounts);
        Ok(self.status_of(
            &named,
            first.as_ref(),
            config.as_ref(),
            &self.0.vault.name(),
        ))
    }

    /// What happened to the accounts, the newest first.
    pub fn activity(&self) -> Result<Vec<Entry>> {
        self.0.activity.read()
    }

    /// What `config.toml` says, and what variables of the environment say where it says nothing.
    pub fn config(&self) -> Result<Config> {
        Config::read(&self.0.home, &self.0.edge)
    }

    /// The folders of Keyfob's own files.
    pub fn home(&self) -> &Home {
        &self.0.home
    }

    /// What people call the store that secrets lie in.
    pub fn storage_name(&self) -> String {
        self.0.vault.name()
    }

    /// Whether the store would answer now.
    pub async fn check_storage(&self) -> Result<()> {
        let nobody = AccountId::from_random([0; 32]);
        Ok(self.0.vault.check(&nobody).await?)
    }

    /// How the store stands, without opening any dialog of the system.
    pub async fn look_at_storage(&self) -> Result<()> {
        Ok(self.0.vault.look().await?)
    }

    /// Makes an account the one that tools get when they name none: the first of the order, where there is one.
    pub fn set_default(&self, name: &str) -> Result<Status> {
        let id = self.0.accounts.change(|accounts| {
            let id = self.stored_in(accounts, name)?;
            match accounts.is_ordered() {
                true => accounts.set_order(std::slice::from_ref(&id)),
                false => accounts.default = Some(id.clone()),
            }
            Ok(id)
        })?;
        self.status(Some(id.as_str()))
    }

    /// Calls an account something else.
    pub fn rename(&self, name: &str, label: &str) -> Result<Status> {
        let label = checked_label(label)?;
        let id = self.0.accounts.change(|accounts| {
            let id = self.stored_in(accounts, name)?;
            if accounts.labelled(&label).is_some_and(|a| a.id != id) {
                return Err(Error::new(
                    Code::NotAccepted,
                    format!("Another account is already called \"{label}\"."),
                    "Choose another name.",
                ));
            }
            if let Some(account) = accounts.get_mut(&id) {
                account.label = label;
            }
            Ok(id)
        })?;
        self.status(Some(id.as_str()))
    }

    /// Writes a provider into `config.toml`; `replaces` is the id it had before, where it was edited.
    pub fn save_provider(&self, form: &ProviderForm, replaces: Option<&str>) -> Result<()> {
        crate::config::save_provider(&self.0.home, form, replaces)?;
        // The accounts of a provider go with it to its new id.
        let new = ProviderId::try_from(form.id.trim().to_owned()).ok();
        match (replaces, new) {
            (Some(old), Some(new)) if old != new.as_str() => self.0.accounts.change(|accounts| {
                let theirs = |id: &ProviderId| id.as_str() == old;
                for account in &mut accounts.accounts {
                    if account.provider.as_ref().is_some_and(theirs) {
                        account.provider = Some(new.clone());
                    }
                }
                Ok(())
            }),
            _ => Ok(()),
        }
    }

    /// Takes a provider out of `config.toml`. Its accounts keep their tokens, but cannot be renewed any more.
    pub fn remove_provider(&self, id: &str) -> Result<()> {
        crate::config::remove_provider(&self.0.home, id)
    }

    /// Writes the providers of a block of configuration, as the practice server prints it, into `config.toml`.
    pub fn merge_providers(&self, block: &str) -> Result<()> {
        crate::config::merge(&self.0.home, block)
    }

    /// The account that tools get when they name none.
    fn given_without_a_name(&self, accounts: &Accounts) -> Option<AccountId> {
        match accounts.is_ordered() {
            true => Some(self.first_in_order(accounts).ok()?.account().id.clone()),
            false => accounts.default.clone(),
        }
    }

    /// A broken `config.toml` must not hide the accounts, so it may be missing here; it is reported where it matters.
    fn status_of(
        &self,
        named: &Named<'_>,
        first: Option<&AccountId>,
        config: Option<&Config>,
        storage: &str,
    ) -> Status {
        let is_default = first == Some(&named.account().id);
        let account = match named {
            Named::Stored(account) => account,
            Named::Variable(found) => return self.status_of_variable(found, is_default),
        };
        // What another program owns is looked at as it is now: that program changes it without telling.
        if let Some(link) = linking::session_of(account).map(|facts| &facts.link) {
            let seen = self.seen_now(account);
            let around = Surroundings {
                provider_name: &linking::provider_name(link),
                storage: &linking::storage_of(self, link),
                is_default,
            };
            return Status::of(seen.as_ref().unwrap_or(account), around, self.0.edge.now());
        }
        let id = account.provider.as_ref();
        let provider_name = match (id, config) {
            (None, _) => "API key",
            (Some(id), Some(config)) => config
                .provider(id.as_str())
                .map_or(id.as_str(), |p| p.name.as_str()),
            (Some(id), None) => id.as_str(),
        };
        let around = Surroundings {
            provider_name,
            storage,
            is_default,
        };
        Status::of(account, around, self.0.edge.now())
    }
}
