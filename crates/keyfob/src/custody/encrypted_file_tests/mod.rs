use std::fs;
use std::sync::Mutex;

use age::secrecy::ExposeSecret as _;
use age::x25519;
use proptest::prelude::*;

use super::*;
use crate::custody::passphrase::Passphrase;
use crate::custody::vault::Vault;
use crate::error::{Code, Error};

mod damage;
mod keys;
mod passphrases;

/// A folder with a key file in it, made by `prepare`.
struct Place {
    home: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
        }
    }

    fn prepared() -> Self {
        let place = Self::new();
        place.store().prepare().unwrap();
        place
    }

    fn key(&self) -> PathBuf {
        self.home.path().join("keys").join("key.txt")
    }

    fn folder(&self) -> PathBuf {
        self.home.path().join("secrets")
    }

    fn file(&self, account: &AccountId) -> PathBuf {
        self.folder().join(format!("{account}.age"))
    }

    fn identity(&self) -> PathBuf {
        self.folder().join("identity.age")
    }

    fn store(&self) -> EncryptedFiles {
        EncryptedFiles::new(self.folder(), Key::File(self.key()))
    }

    fn given(&self) -> EncryptedFiles {
        EncryptedFiles::new(self.folder(), Key::Given(self.key()))
    }

    fn locked(&self, passphrase: &Passphrase) -> EncryptedFiles {
        EncryptedFiles::new(self.folder(), Key::Passphrase(passphrase.clone()))
    }
}

fn id(number: u8) -> AccountId {
    AccountId::from_random([number; 32])
}

fn secret() -> Secret {
    Secret::new("{\"access\":\"sk-ant-oat01-abc\"}")
}

fn save(store: &EncryptedFiles) {
    store.save(&id(1), "label", &secret()).unwrap();
}

fn load(store: &EncryptedFiles) -> Result<Option<Secret>, StoreError> {
    store.load(&id(1))
}

/// An identity as text, and in a line of its own as a file.
fn identity() -> String {
    let text = x25519::Identity::generate().to_string();
    format!("{}\n", text.expose_secret())
}

/// A file that only its owner may read.
fn put(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
    allow(path, 0o600);
}

#[cfg(unix)]
fn allow(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn allow(_: &Path, _: u32) {}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Whoever answers with these, one after another, and remembers what was asked.
fn answers(with: &[&str]) -> (Passphrase, Arc<Mutex<Vec<String>>>) {
    let left = Mutex::new(with.iter().rev().map(|&t| t.to_owned()).collect::<Vec<_>>());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    let ask = move |why: &str| {
        noted.lock().unwrap().push(why.to_owned());
        left.lock().unwrap().pop().map(Secret::new)
    };
    (Passphrase::quick(Some(Box::new(ask))), asked)
}

/// What was handed in, and nobody to ask.
fn handed_in(text: &str) -> Passphrase {
    let passphrase = Passphrase::quick(None);
    passphrase.give(Secret::new(text));
    passphrase
}

fn key_unusable(result: Result<Option<Secret>, StoreError>) -> String {
    match result {
        Err(StoreError::KeyUnusable(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn damage(result: Result<Option<Secret>, StoreError>) -> String {
    match result {
        Err(StoreError::Damaged(how)) => how,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_saved_is_loaded_replaced_and_deleted() {
    let place = Place::prepared();
    let store = place.store();
    assert_eq!(load(&store), Ok(None));
    save(&store);
    assert_eq!(load(&store), Ok(Some(secret())));
    assert_eq!(load(&place.store()), Ok(Some(secret())));
    assert_eq!(store.load(&id(2)), Ok(None));
    let other = Secret::new("other");
    store.save(&id(1), "label", &other).unwrap();
    assert_eq!(load(&store), Ok(Some(other)));
    store.delete(&id(1)).unwrap();
    store.delete(&id(1)).unwrap();
    assert_eq!(load(&store), Ok(None));
    assert_eq!(fs::read_dir(place.folder()).unwrap().count(), 0);
}

#[test]
fn a_secret_of_a_size_that_could_not_be_read_back_is_not_saved() {
    let place = Place::prepared();
    let longest = Secret::new("x".repeat(LONGEST));
    place.store().save(&id(1), "l", &longest).unwrap();
    assert_eq!(load(&place.store()), Ok(Some(longest.clone())));
    let longer = Secret::new("x".repeat(LONGEST + 1));
    let refused = place.store().save(&id(1), "l", &longer);
    assert!(matches!(refused, Err(StoreError::File(_))));
    assert_eq!(load(&place.store()), Ok(Some(longest)));
}

#[test]
fn no_file_holds_a_secret_in_the_clear() {
    let place = Place::prepared();
    save(&place.store());
    let sealed = fs::read(place.file(&id(1))).unwrap();
    assert!(sealed.starts_with(b"age-encryption.org/v1\n-> X25519 "));
    let text = String::from_utf8_lossy(&sealed);
    assert!(!text.contains("sk-ant") && !text.contains("access"));
}

#[cfg(unix)]
#[test]
fn files_and_folders_are_private() {
    let place = Place::prepared();
    save(&place.store());
    save(&place.store());
    assert_eq!(mode(&place.key()), 0o600);
    assert_eq!(mode(place.key().parent().unwrap()), 0o700);
    assert_eq!(mode(&place.file(&id(1))), 0o600);
    assert_eq!(mode(&place.folder()), 0o700);
    // Nothing is left lying beside them.
    assert_eq!(fs::read_dir(place.folder()).unwrap().count(), 1);
}

#[test]
fn no_words_and_no_debug_hold_a_secret() {
    let place = Place::prepared();
    let passphrase = handed_in("hunter2");
    let locked = place.locked(&passphrase);
    let key = fs::read_to_string(place.key()).unwrap();
    let identity = Identities::fresh();
    let shown = format!("{locked:?} {passphrase:?} {identity:?} {:?}", place.store());
    assert!(!shown.contains("hunter2") && !shown.contains("AGE-SECRET"));
    assert!(!shown.contains(key.lines().last().unwrap()));
    let path = || PathBuf::from("/home/ada/key.txt");
    let all = [
        StoreError::KeyMissing(path()),
        StoreError::KeyTooOpen(path()),
        StoreError::KeyUnusable("The key file is empty.".to_owned()),
        StoreError::WrongKey(path()),
        StoreError::PassphraseNeeded,
        StoreError::WrongPassphrase,
        StoreError::UnfitPassphrase("The passphrase is empty."),
        StoreError::Damaged("The encrypted file is empty.".to_owned()),
        StoreError::File("it is full".to_owned()),
    ];
    let mut seen = std::collections::HashSet::new();
    for error in all {
        let error = Error::from(error);
        assert_eq!(error.code, Code::SecretStore);
        assert!(!error.to_string().contains("keychain"), "{error}");
        assert!(error.message.ends_with('.') && error.cure.ends_with('.'));
        assert!(seen.insert(error.message));
    }
}

#[test]
fn each_way_to_the_key_has_its_name() {
    let place = Place::new();
    let name = place.locked(&Passphrase::quick(None)).name();
    assert_eq!(name, "Encrypted files (passphrase)");
    assert_eq!(place.store().name(), "Encrypted files (key file)");
    let name = place.given().name();
    assert_eq!(name, "Encrypted files (key from the service manager)");
}

#[tokio::test]
async fn what_the_vault_finds_out_is_said_in_words_of_files() {
    let limit = std::time::Duration::from_secs(120);
    let place = Place::prepared();
    let vault = Vault::new(
        crate::custody::stores::Stores::fixed(Arc::new(place.store())),
        limit,
    );
    vault.look().await.unwrap();
    let (typed, asked) = answers(&[]);
    place.locked(&handed_in("horse")).prepare().unwrap();
    let locked = Vault::new(
        crate::custody::stores::Stores::fixed(Arc::new(place.locked(&typed))),
        limit,
    );
    assert_eq!(locked.look().await, Err(StoreError::PassphraseNeeded));
    assert!(asked.lock().unwrap().is_empty());
    let (typed, _) = answers(&["horse"]);
    let opened = Vault::new(
        crate::custody::stores::Stores::fixed(Arc::new(place.locked(&typed))),
        limit,
    );
    assert_eq!(opened.load(&id(1)).await, Ok(None));
    for general in [
        StoreError::Locked,
        StoreError::Silent,
        StoreError::ReadBackDiffers,
        StoreError::Failed("it is still there".to_owned()),
    ] {
        let words = Error::from(place.store().worded(general));
        assert!(!words.to_string().contains("keychain"), "{words}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_comes_back_as_it_was(texts in prop::collection::vec(any::<String>(), 1..4)) {
        let place = Place::prepared();
        let store = place.store();
        for (number, text) in (0u8..).zip(&texts) {
            store.save(&id(number), "l", &Secret::new(text.as_str())).unwrap();
        }
        for (number, text) in (0u8..).zip(&texts) {
            let loaded = store.load(&id(number)).unwrap();
            prop_assert_eq!(loaded, Some(Secret::new(text.as_str())));
        }
    }

    #[test]
    fn any_bytes_in_place_of_a_file_or_a_key_are_an_error(bytes in any::<Vec<u8>>()) {
        let place = Place::prepared();
        put(&place.file(&id(1)), &bytes);
        prop_assert!(load(&place.store()).is_err());
        put(&place.key(), &bytes);
        prop_assert!(load(&place.store()).is_err());
        put(&place.identity(), &bytes);
        prop_assert!(load(&place.locked(&handed_in("horse"))).is_err());
    }
}
