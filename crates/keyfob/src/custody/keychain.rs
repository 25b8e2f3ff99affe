//! The operating system's keychain: Secret Service on Linux, Keychain on macOS, Credential Manager on Windows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use keyring_core::{CredentialStore, Entry, Error};

use crate::account::AccountId;
use crate::custody::store::{Access, SecretStore, StoreError};
use crate::secret::Secret;

/// Whether a person is there to answer a dialog of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompts {
    /// The window, or a terminal.
    Allowed,
    /// A helper, a script: a dialog would come out of nowhere and hang whoever asked.
    Never,
}

/// The system's keychain, one item an account.
pub struct Keychain {
    service: String,
    prompts: Prompts,
    /// Made at the first call, because connecting takes most of the time; made anew after a failure, because a
    /// connection does not survive a restart of the keychain.
    store: Mutex<Option<Arc<CredentialStore>>>,
}

impl Keychain {
    /// The items of `service`.
    pub fn new(service: String, prompts: Prompts) -> Self {
        Self {
            service,
            prompts,
            store: Mutex::new(None),
        }
    }

    fn entry(&self, account: &AccountId, label: Option<&str>) -> Result<Entry, Error> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let store = match &*store {
            Some(store) => Arc::clone(store),
            None => Arc::clone(store.insert(platform::connect()?)),
        };
        let modifiers = label.and_then(platform::label);
        let modifiers: Option<HashMap<&str, &str>> = modifiers
            .as_ref()
            .map(|(name, text)| HashMap::from([(*name, text.as_str())]));
        store.build(&self.service, account.as_str(), modifiers.as_ref())
    }

    /// Makes a call, and once more on a new connection where the old one may have died; none where there is no such item.
    fn call<T>(
        &self,
        account: &AccountId,
        label: Option<&str>,
        work: impl Fn(&Entry) -> Result<T, Error>,
    ) -> Result<Option<T>, StoreError> {
        let attempt = || self.entry(account, label).and_then(|entry| work(&entry));
        let result = match attempt() {
            // Only a connection over D-Bus can die; elsewhere a second try would be a second dialog.
            Err(Error::PlatformFailure(_)) if cfg!(target_os = "linux") => {
                *self.store.lock().unwrap_or_else(PoisonError::into_inner) = None;
                // What was started again may be locked, and the library would open a dialog.
                self.access()?;
                attempt()
            }
            result => result,
        };
        match result {
            Ok(done) => Ok(Some(done)),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(understood(error)),
        }
    }
}

impl SecretStore for Keychain {
    fn access(&self) -> Result<Access, StoreError> {
        platform::access(self.prompts)
    }

    fn unlock(&self) -> Result<(), StoreError> {
        platform::unlock()
    }

    fn load(&self, account: &AccountId) -> Result<Option<Secret>, StoreError> {
        let bytes = self.call(account, None, Entry::get_secret)?;
        let text = bytes.map(String::from_utf8).transpose();
        let text = text.map_err(|_| StoreError::NotUnderstood)?;
        Ok(text.map(Secret::new))
    }

    fn save(&self, account: &AccountId, label: &str, secret: &Secret) -> Result<(), StoreError> {
        let label = format!("Keyfob: {label}");
        let saved = self.call(account, Some(&label), |entry| {
            entry.set_secret(secret.expose().as_bytes())
        })?;
        saved.ok_or_else(|| {
            StoreError::Failed("it took the secret and has no item of it".to_owned())
        })
    }

    fn delete(&self, account: &AccountId) -> Result<(), StoreError> {
        self.call(account, None, Entry::delete_credential).map(drop)
    }

    fn name(&self) -> String {
        "System keychain".to_owned()
    }
}

/// An item that another program keeps, only to be looked at. The system may ask the person, so nobody calls this by the
/// way.
#[cfg(target_os = "macos")]
pub(crate) fn item_of_another(service: &str, user: &str) -> Result<Option<Secret>, StoreError> {
    let entry = platform::connect().and_then(|store| store.build(service, user, None));
    match entry.and_then(|entry| entry.get_secret()) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(Secret::new(text))),
            Err(_) => Err(StoreError::NotUnderstood),
        },
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(understood(error)),
    }
}

/// Every error of the library as one of ours. None of its variants that carry stored bytes is printed.
fn understood(error: Error) -> StoreError {
    match error {
        Error::NoStorageAccess(why) => platform::no_access(&*why),
        Error::TooLong(_, limit) => StoreError::TooLong {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
        },
        Error::PlatformFailure(why) => platform::failure(&*why),
        Error::BadEncoding(_) | Error::BadDataFormat(..) => StoreError::NotUnderstood,
        Error::Ambiguous(_) => StoreError::Failed("it holds two items for this account".to_owned()),
        Error::NotSupportedByStore(why) | Error::BadStoreFormat(why) => StoreError::Failed(why),
        Error::Invalid(what, why) => StoreError::Failed(format!("{what}: {why}")),
        _ => StoreError::Failed("an unknown failure of the keychain library".to_owned()),
    }
}

#[cfg(target_os = "linux")]
mod platform {
    use std::sync::Arc;
    use std::time::Duration;

    use dbus::blocking::Connection;
    use dbus::blocking::stdintf::org_freedesktop_dbus::Properties;
    use dbus_secret_service::{EncryptionType, Error as ServiceError, SecretService};
    use keyring_core::{CredentialStore, Error};

    use super::Prompts;
    use crate::custody::store::{Access, StoreError};

    type Cause = dyn std::error::Error + Send + Sync + 'static;

    pub(super) fn connect() -> Result<Arc<CredentialStore>, Error> {
        Ok(dbus_secret_service_keyring_store::Store::new()?)
    }

    /// What people read in GNOME's or KDE's password program.
    pub(super) fn label(label: &str) -> Option<(&'static str, String)> {
        Some(("label", label.to_owned()))
    }

    /// The library opens the unlock dialog whenever the collection is locked, so it is asked first: two properties, on
    /// a connection of its own, about a millisecond.
    pub(super) fn access(prompts: Prompts) -> Result<Access, StoreError> {
        let locked = match is_locked() {
            // It broke down while it was asked. A desktop starts it again for whoever asks next.
            Err(error) if has_vanished(&error) => is_locked(),
            locked => locked,
        };
        match (locked.map_err(|error| failure_of(&error))?, prompts) {
            (false, _) => Ok(Access::Open),
            (true, Prompts::Allowed) => Ok(Access::Locked),
            (true, Prompts::Never) => Err(StoreError::Locked),
        }
    }

    /// Whether the default keyring is locked.
    fn is_locked() -> Result<bool, dbus::Error> {
        const SERVICE: &str = "org.freedesktop.secrets";
        const PATIENCE: Duration = Duration::from_secs(4);
        // While gnome-keyring stores something, the default keyring is for a moment one that is not there.
        const TRIES: u32 = 10;
        const PAUSE: Duration = Duration::from_millis(50);
        let connection = Connection::new_session()?;
        // gnome-keyring may break down over a first call that needs to know who asks, because it learns of a new
        // client a little later than of that client's call. It tells everybody which keyrings there are.
        let service = connection.with_proxy(SERVICE, "/org/freedesktop/secrets", PATIENCE);
        let default = "/org/freedesktop/secrets/aliases/default";
        let collection = connection.with_proxy(SERVICE, default, PATIENCE);
        let ask = || {
            let _: Vec<dbus::Path<'static>> =
                service.get("org.freedesktop.Secret.Service", "Collections")?;
            collection.get("org.freedesktop.Secret.Collection", "Locked")
        };
        let mut locked = ask();
        for _ in 1..TRIES {
            let is_away = |error: &dbus::Error| matches!(failure_of(error), StoreError::NoKeyring);
            if !locked.as_ref().is_err_and(is_away) {
                break;
            }
            std::thread::sleep(PAUSE);
            locked = ask();
        }
        locked
    }

    /// Whether who was asked has left the bus without an answer. A late answer has the same name.
    fn has_vanished(error: &dbus::Error) -> bool {
        error.name() == Some("org.freedesktop.DBus.Error.NoReply")
            && error
                .message()
                .is_some_and(|why| why.contains("disconnected"))
    }

    /// Opens the dialog, which goes away by itself when nobody answers.
    pub(super) fn unlock() -> Result<(), StoreError> {
        const PATIENCE: u64 = 115;
        let unlocked =
            SecretService::connect_with_max_prompt_timeout(EncryptionType::Plain, PATIENCE)
                .and_then(|service| service.get_default_collection()?.unlock());
        unlocked.map_err(|error| service_failure(&error))
    }

    pub(super) fn failure(why: &Cause) -> StoreError {
        match why.downcast_ref::<ServiceError>() {
            Some(error) => service_failure(error),
            None => StoreError::Failed(why.to_string()),
        }
    }

    pub(super) fn no_access(why: &Cause) -> StoreError {
        failure(why)
    }

    fn service_failure(error: &ServiceError) -> StoreError {
        match error {
            ServiceError::Dbus(error) => failure_of(error),
            ServiceError::Locked => StoreError::Locked,
            ServiceError::NoResult => StoreError::NoKeyring,
            ServiceError::Prompt => StoreError::Refused(error.to_string()),
            ServiceError::Unavailable => StoreError::Absent(error.to_string()),
            _ => StoreError::Failed(error.to_string()),
        }
    }

    fn failure_of(error: &dbus::Error) -> StoreError {
        let name = error.name().unwrap_or_default();
        let why = format!("{name}: {}", error.message().unwrap_or_default());
        if has_vanished(error) {
            return StoreError::Failed("it broke down while it was asked".to_owned());
        }
        match name.rsplit('.').next().unwrap_or_default() {
            "NoReply" | "Timeout" | "TimedOut" => StoreError::Silent,
            "IsLocked" => StoreError::Locked,
            "ServiceUnknown" | "NameHasNoOwner" | "NotSupported" | "FileNotFound" | "NoServer"
            | "Disconnected" | "ExecFailed" | "ChildExited" | "BadAddress" | "AuthFailed" => {
                StoreError::Absent(why)
            }
            "UnknownObject" | "UnknownMethod" | "UnknownInterface" | "NoSuchObject" => {
                StoreError::NoKeyring
            }
            _ => StoreError::Failed(why),
        }
    }
}

#[cfg(target_os = "macos")]
mod platform {
    use std::sync::Arc;

    use keyring_core::{CredentialStore, Error};

    use super::Prompts;
    use crate::custody::store::{Access, StoreError};

    pub(super) fn connect() -> Result<Arc<CredentialStore>, Error> {
        Ok(apple_native_keyring_store::keychain::Store::new()?)
    }

    pub(super) fn label(_: &str) -> Option<(&'static str, String)> {
        None
    }

    /// macOS asks the person by itself when it wants to, and does not say beforehand.
    pub(super) fn access(prompts: Prompts) -> Result<Access, StoreError> {
        Ok(match prompts {
            Prompts::Allowed => Access::MayAsk,
            Prompts::Never => Access::Open,
        })
    }

    pub(super) fn failure(why: &(dyn std::error::Error + Send + Sync + 'static)) -> StoreError {
        StoreError::Failed(why.to_string())
    }

    /// macOS opens its dialog by itself, in the call that needs it.
    pub(super) fn unlock() -> Result<(), StoreError> {
        Ok(())
    }

    pub(super) fn no_access(why: &(dyn std::error::Error + Send + Sync + 'static)) -> StoreError {
        StoreError::Refused(why.to_string())
    }
}

#[cfg(windows)]
mod platform {
    use std::sync::Arc;

    use keyring_core::{CredentialStore, Error};

    use super::Prompts;
    use crate::custody::store::{Access, StoreError};

    pub(super) fn connect() -> Result<Arc<CredentialStore>, Error> {
        Ok(windows_native_keyring_store::Store::new()?)
    }

    /// Windows shows no label. In its place stands that the item stays on this computer: the usual kind follows the
    /// person to other computers of a domain, where the list of accounts would not be.
    pub(super) fn label(_: &str) -> Option<(&'static str, String)> {
        Some(("persistence", "Local".to_owned()))
    }

    /// Windows never asks: who is logged in may read.
    pub(super) fn access(_: Prompts) -> Result<Access, StoreError> {
        Ok(Access::Open)
    }

    pub(super) fn failure(why: &(dyn std::error::Error + Send + Sync + 'static)) -> StoreError {
        StoreError::Failed(why.to_string())
    }

    /// Windows has nothing to unlock: who is logged in may read.
    pub(super) fn unlock() -> Result<(), StoreError> {
        Ok(())
    }

    /// A session without a logon (a service, some SSH servers) has no credential store at all.
    pub(super) fn no_access(why: &(dyn std::error::Error + Send + Sync + 'static)) -> StoreError {
        StoreError::Absent(why.to_string())
    }
}
