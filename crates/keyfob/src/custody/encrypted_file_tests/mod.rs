use std::fs;
use std::sync::Mutex;

use age::secrecy::ExposeSecret as _;
use age::x25519;
use proptest::prelude::*;

use super::*;
use crate::custody::passphrase::Passphrase;
use crate::custody::vault::Vault;
use crate::error::{Code, Error};

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
fn a_key_is_made_by_choice_alone_and_never_a_second_time() {
    let place = Place::new();
    let missing = StoreError::KeyMissing(place.key());
    let store = place.store();
    assert_eq!(load(&store), Err(missing.clone()));
    assert_eq!(store.access(), Err(missing.clone()));
    assert_eq!(store.save(&id(1), "l", &secret()), Err(missing.clone()));
    assert!(!place.key().exists() && !place.folder().exists());
    let given = place.given();
    assert_eq!(given.prepare(), Err(missing.clone()));
    assert!(!place.key().exists());

    store.prepare().unwrap();
    let made = fs::read_to_string(place.key()).unwrap();
    save(&store);
    store.prepare().unwrap();
    assert_eq!(fs::read_to_string(place.key()).unwrap(), made);
    assert_eq!(store.access(), Ok(Access::Open));
    assert_eq!(load(&store), Ok(Some(secret())));

    // A lost key is said to be lost, whether or not there is anything to open.
    fs::remove_file(place.key()).unwrap();
    assert_eq!(load(&store), Err(missing.clone()));
    assert_eq!(store.load(&id(2)), Err(missing));
}

#[test]
fn the_key_file_reads_like_one_of_age_keygen() {
    let place = Place::prepared();
    let made = fs::read_to_string(place.key()).unwrap();
    let lines: Vec<_> = made.lines().collect();
    let identity: x25519::Identity = lines.last().unwrap().parse().unwrap();
    let public = format!("# public key: {}", identity.to_public());
    assert!(lines.contains(&public.as_str()));
    // What anybody encrypts to that recipient is understood.
    let sealed = age::encrypt(&identity.to_public(), b"from elsewhere").unwrap();
    put(&place.file(&id(1)), sealed);
    assert_eq!(
        load(&place.store()),
        Ok(Some(Secret::new("from elsewhere")))
    );
    // And what is saved opens with the library's own words.
    save(&place.store());
    let sealed = fs::read(place.file(&id(1))).unwrap();
    let plain = age::decrypt(&identity, &sealed).unwrap();
    assert_eq!(plain, secret().expose().as_bytes());
}

#[test]
fn comments_blank_lines_and_line_ends_of_windows_are_read_over() {
    let place = Place::new();
    let key = identity();
    let key = key.trim();
    let file =
        format!("# created: 2026-01-02T03:04:05Z\r\n# public key: age1…\r\n\r\n  {key}  \r\n# end");
    put(&place.key(), file);
    save(&place.store());
    put(&place.key(), key);
    assert_eq!(load(&place.store()), Ok(Some(secret())));
}

#[test]
fn the_first_identity_encrypts_and_every_one_decrypts() {
    let place = Place::new();
    let (old, new) = (identity(), identity());
    put(&place.key(), &old);
    save(&place.store());
    put(&place.key(), format!("{new}{old}"));
    assert_eq!(load(&place.store()), Ok(Some(secret())));
    save(&place.store());
    put(&place.key(), &new);
    assert_eq!(load(&place.store()), Ok(Some(secret())));
    put(&place.key(), &old);
    let shut = StoreError::WrongKey(place.file(&id(1)));
    assert_eq!(load(&place.store()), Err(shut));
}

#[test]
fn what_is_no_key_is_said_to_be_none_each_in_its_way() {
    let place = Place::new();
    let key = identity();
    let typed_wrong = key.replace('1', "2");
    let mut long = key.clone();
    long.push_str(&"#\n".repeat(files::SMALL / 2));
    let cases: [(&[u8], &str); 7] = [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"# created: today\n", "comments alone"),
        (b"# a\nhunter2\n", "in line 2"),
        (typed_wrong.as_bytes(), "in line 1"),
        (b"\xff\xfe\x00", "not text"),
        (long.as_bytes(), "larger than 1 MiB"),
    ];
    for (bytes, expected) in cases {
        put(&place.key(), bytes);
        let why = key_unusable(load(&place.store()));
        assert!(why.contains(expected), "{why}");
        assert!(why.contains("key.txt"), "{why}");
        assert!(!why.contains("hunter2") && !why.contains("SECRET-KEY-2"));
        assert_eq!(place.store().prepare(), Err(StoreError::KeyUnusable(why)));
        assert_eq!(fs::read(place.key()).unwrap(), bytes);
    }
    for end in 0..key.trim().len() {
        put(&place.key(), &key[..end]);
        key_unusable(load(&place.store()));
    }
    fs::remove_file(place.key()).unwrap();
    fs::create_dir(place.key()).unwrap();
    assert!(key_unusable(load(&place.store())).contains("not a plain file"));
}

#[cfg(unix)]
#[test]
fn a_key_that_others_may_read_is_refused_with_the_cure() {
    let place = Place::prepared();
    save(&place.store());
    for open in [0o640, 0o604, 0o620, 0o601, 0o777] {
        allow(&place.key(), open);
        let error = StoreError::KeyTooOpen(place.key());
        assert_eq!(load(&place.store()), Err(error.clone()));
        assert_eq!(place.store().access(), Err(error.clone()));
        assert_eq!(place.store().prepare(), Err(error.clone()));
        let words = Error::from(error);
        assert!(words.cure.contains("chmod 600 "), "{words}");
        assert_eq!(words.code, Code::SecretStore);
    }
    for private in [0o600, 0o400] {
        allow(&place.key(), private);
        assert_eq!(load(&place.store()), Ok(Some(secret())));
    }
}

#[cfg(unix)]
#[test]
fn a_service_manager_sets_its_own_modes_and_its_key_is_never_touched() {
    let place = Place::prepared();
    save(&place.store());
    let before = fs::read(place.key()).unwrap();
    for fine in [0o400, 0o440, 0o600] {
        allow(&place.key(), fine);
        place.given().prepare().unwrap();
        assert_eq!(place.given().access(), Ok(Access::Open));
        assert_eq!(load(&place.given()), Ok(Some(secret())));
    }
    for open in [0o444, 0o404, 0o660] {
        allow(&place.key(), open);
        assert!(key_unusable(load(&place.given())).contains("everybody"));
    }
    assert_eq!(fs::read(place.key()).unwrap(), before);
    // Some of them lead to the credential through a link.
    allow(&place.key(), 0o400);
    let folder = place.home.path().join("credentials");
    fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink(place.key(), folder.join("keyfob-identity")).unwrap();
    let linked = EncryptedFiles::new(place.folder(), Key::given_in(&folder));
    assert_eq!(load(&linked), Ok(Some(secret())));
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_refused_and_left() {
    use std::os::unix::fs::symlink;
    let place = Place::prepared();
    let store = place.store();
    save(&store);
    let theirs = place.home.path().join("theirs");
    fs::rename(place.file(&id(1)), &theirs).unwrap();
    let before = fs::read(&theirs).unwrap();
    symlink(&theirs, place.file(&id(1))).unwrap();
    let linked = |r: Result<(), StoreError>| match r {
        Err(StoreError::File(why)) => assert!(why.contains("symbolic link"), "{why}"),
        other => panic!("{other:?}"),
    };
    linked(load(&store).map(drop));
    linked(store.save(&id(1), "l", &secret()));
    assert_eq!(fs::read(&theirs).unwrap(), before);
    // Deleting takes the link away, not what it leads to.
    store.delete(&id(1)).unwrap();
    assert_eq!(fs::read(&theirs).unwrap(), before);

    // A key behind a link is refused, and none is made where a link leads nowhere.
    let moved = place.home.path().join("moved");
    fs::rename(place.key(), &moved).unwrap();
    symlink(&moved, place.key()).unwrap();
    assert!(key_unusable(load(&store)).contains("symbolic link"));
    fs::remove_file(&moved).unwrap();
    assert!(store.prepare().is_err());
    assert!(!moved.exists());
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_said_to_be_damaged() {
    let place = Place::prepared();
    save(&place.store());
    let whole = fs::read(place.file(&id(1))).unwrap();
    for end in 0..whole.len() {
        put(&place.file(&id(1)), &whole[..end]);
        let how = damage(load(&place.store()));
        let expected = if end == 0 { "is empty" } else { "cut off" };
        assert!(how.contains(expected), "cut at {end}: {how}");
    }
    put(&place.file(&id(1)), whole);
    assert_eq!(load(&place.store()), Ok(Some(secret())));
}

#[test]
fn a_file_that_changed_in_any_byte_is_never_believed() {
    let place = Place::prepared();
    save(&place.store());
    let whole = fs::read(place.file(&id(1))).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        put(&place.file(&id(1)), changed);
        let loaded = load(&place.store());
        let noticed = matches!(
            loaded,
            // A change where the key is wrapped looks like another key.
            Err(StoreError::Damaged(_) | StoreError::WrongKey(_))
        );
        assert!(noticed, "changed at {at}: {loaded:?}");
    }
}

#[test]
fn every_kind_of_damage_has_its_words() {
    let place = Place::prepared();
    save(&place.store());
    let whole = fs::read(place.file(&id(1))).unwrap();
    let text = fs::read_to_string(place.key()).unwrap();
    let identity: x25519::Identity = text.lines().last().unwrap().parse().unwrap();
    let not_text = age::encrypt(&identity.to_public(), b"\xff\xfe").unwrap();
    let mut last = whole.clone();
    *last.last_mut().unwrap() ^= 1;
    let mut recipient = age::scrypt::Recipient::new("hunter2".to_owned().into());
    recipient.set_work_factor(2);
    let with_passphrase = age::encrypt(&recipient, b"text").unwrap();
    let cases: [(Vec<u8>, &str); 7] = [
        (Vec::new(), "is empty"),
        (b"hello".to_vec(), "not a file of age"),
        (vec![0; files::SMALL], "not a file of age"),
        (vec![0; files::SMALL + 1], "larger than 1 MiB"),
        (last, "damaged or cut off"),
        (not_text, "something else than text"),
        // An identity for X25519 does not even try those.
        (with_passphrase, ""),
    ];
    for (bytes, expected) in cases {
        put(&place.file(&id(1)), &bytes);
        match load(&place.store()) {
            Err(StoreError::WrongKey(_)) => assert!(expected.is_empty()),
            loaded => assert!(damage(loaded).contains(expected), "{expected}"),
        }
    }
    // What is damaged can be replaced, and can be deleted.
    save(&place.store());
    assert_eq!(load(&place.store()), Ok(Some(secret())));
    put(&place.file(&id(1)), b"hello");
    place.store().delete(&id(1)).unwrap();
    assert_eq!(load(&place.store()), Ok(None));
}

#[test]
fn a_folder_that_cannot_be_written_is_a_failure_of_files() {
    let place = Place::prepared();
    fs::remove_dir(place.folder()).unwrap();
    put(&place.folder(), b"a file where the folder should be");
    let refused = place.store().save(&id(1), "l", &secret());
    assert!(matches!(refused, Err(StoreError::File(_))), "{refused:?}");
    assert!(matches!(place.store().prepare(), Err(StoreError::File(_))));
    let words = Error::from(refused.unwrap_err());
    assert_eq!(words.code, Code::SecretStore);
    assert!(words.detail.unwrap().contains("secrets"));
}

#[test]
fn a_passphrase_is_chosen_typed_twice_and_asked_for_once_a_process() {
    let place = Place::new();
    let (chosen, asked) = answers(&["", "one", "two", "horse", "horse"]);
    let store = place.locked(&chosen);
    store.prepare().unwrap();
    assert_eq!(asked.lock().unwrap().len(), 5);
    assert_eq!(store.access(), Ok(Access::Open));
    save(&store);
    #[cfg(unix)]
    assert_eq!(mode(&place.identity()), 0o600);
    let made = fs::read(place.identity()).unwrap();
    assert!(made.starts_with(b"age-encryption.org/v1\n-> scrypt "));
    store.prepare().unwrap();
    assert_eq!(fs::read(place.identity()).unwrap(), made);
    assert_eq!(asked.lock().unwrap().len(), 5);

    // Another process: two wrong tries, then the right one, and then never again.
    let (typed, asked) = answers(&["hose", "", "horse"]);
    let store = place.locked(&typed);
    assert_eq!(store.access(), Ok(Access::Locked));
    assert_eq!(load(&store), Err(StoreError::PassphraseNeeded));
    store.unlock().unwrap();
    assert_eq!(load(&store), Ok(Some(secret())));
    store.unlock().unwrap();
    assert_eq!(load(&place.locked(&typed.clone())), Ok(Some(secret())));
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 3);
    assert_ne!(asked[0], asked[1]);
    assert_eq!(asked[1], asked[2]);
}

#[test]
fn three_wrong_tries_end_the_prompt_and_declining_ends_it_at_once() {
    let place = Place::new();
    place.locked(&handed_in("horse")).prepare().unwrap();
    let (wrong, asked) = answers(&["a", "b", "c", "horse"]);
    let store = place.locked(&wrong);
    assert_eq!(store.unlock(), Err(StoreError::WrongPassphrase));
    assert_eq!(asked.lock().unwrap().len(), 3);
    assert_eq!(store.access(), Ok(Access::Locked));
    let (declined, asked) = answers(&[]);
    let store = place.locked(&declined);
    assert_eq!(store.unlock(), Err(StoreError::PassphraseNeeded));
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[test]
fn a_passphrase_handed_in_opens_without_a_person_and_a_wrong_one_is_forgotten() {
    let place = Place::new();
    place.locked(&handed_in("horse")).prepare().unwrap();
    let later = Passphrase::quick(None);
    let store = place.locked(&later);
    assert_eq!(store.access(), Err(StoreError::PassphraseNeeded));
    assert_eq!(store.unlock(), Err(StoreError::PassphraseNeeded));
    later.give(Secret::new("hose"));
    assert_eq!(store.access(), Ok(Access::Open));
    assert_eq!(load(&store), Err(StoreError::WrongPassphrase));
    assert_eq!(store.access(), Err(StoreError::PassphraseNeeded));
    later.give(Secret::new("horse"));
    store.unlock().unwrap();
    save(&store);
    later.give(Secret::new("nonsense"));
    assert_eq!(load(&store), Ok(Some(secret())));
}

#[test]
fn an_empty_passphrase_or_none_makes_no_identity() {
    let place = Place::new();
    let nobody = place.locked(&Passphrase::quick(None)).prepare();
    assert_eq!(nobody, Err(StoreError::PassphraseNeeded));
    for unfit in [handed_in(""), answers(&["a", "b", "a", "b", "a", "b"]).0] {
        let refused = place.locked(&unfit).prepare();
        assert!(matches!(refused, Err(StoreError::UnfitPassphrase(_))));
    }
    let declined = place.locked(&answers(&["a"]).0).prepare();
    assert_eq!(declined, Err(StoreError::PassphraseNeeded));
    assert!(!place.identity().exists());
}

#[test]
fn what_is_wrong_with_identity_age_is_said_before_anybody_types() {
    let place = Place::new();
    place.locked(&handed_in("horse")).prepare().unwrap();
    let whole = fs::read(place.identity()).unwrap();
    for end in 0..whole.len() {
        put(&place.identity(), &whole[..end]);
        key_unusable(load(&place.locked(&handed_in("horse"))));
    }
    let mut greedy = age::scrypt::Recipient::new("horse".to_owned().into());
    greedy.set_work_factor(4);
    let greedy = age::encrypt(&greedy, b"no identity").unwrap();
    let heavier = String::from_utf8_lossy(&greedy[..60]).find(" 4\n").unwrap();
    let mut too_much = greedy.clone();
    too_much.splice(heavier..heavier + 2, *b" 21");
    let key: x25519::Identity = identity().trim().parse().unwrap();
    let plain_key = age::encrypt(&key.to_public(), b"text").unwrap();
    for (bytes, expected) in [
        (greedy, "in line 1"),
        (too_much, "more work"),
        (plain_key, "not encrypted with a passphrase"),
        (identity().into_bytes(), "not a file of age"),
    ] {
        put(&place.identity(), bytes);
        let why = key_unusable(load(&place.locked(&handed_in("horse"))));
        assert!(why.contains(expected), "{why}");
    }
    #[cfg(unix)]
    {
        allow(&place.identity(), 0o644);
        let (typed, asked) = answers(&["horse"]);
        let error = StoreError::KeyTooOpen(place.identity());
        assert_eq!(place.locked(&typed).access(), Err(error.clone()));
        assert_eq!(place.locked(&typed).unlock(), Err(error));
        assert!(asked.lock().unwrap().is_empty());
    }
    fs::remove_file(place.identity()).unwrap();
    let missing = Err(StoreError::KeyMissing(place.identity()));
    assert_eq!(load(&place.locked(&handed_in("horse"))), missing);
    let waiting = handed_in("horse");
    assert_eq!(place.locked(&waiting).unlock(), missing.map(drop));
    // What was handed in is still there once the file is.
    put(&place.identity(), whole);
    assert_eq!(load(&place.locked(&waiting)), Ok(None));
}

#[test]
fn a_passphrase_is_worked_on_as_much_as_it_should_be() {
    let place = Place::new();
    let passphrase = Passphrase::unattended();
    passphrase.give(Secret::new("horse"));
    place.locked(&passphrase).prepare().unwrap();
    let made = fs::read(place.identity()).unwrap();
    let header = String::from_utf8_lossy(&made[..80]);
    assert!(header.lines().nth(1).unwrap().ends_with(" 16"), "{header}");
}

#[test]
fn two_calls_at_once_are_one_prompt() {
    let place = Place::new();
    place.locked(&handed_in("horse")).prepare().unwrap();
    let (typed, asked) = answers(&["horse"]);
    let store = place.locked(&typed);
    std::thread::scope(|scope| {
        let both = [0; 2].map(|_| scope.spawn(|| store.unlock()));
        for one in both {
            one.join().unwrap().unwrap();
        }
    });
    assert_eq!(asked.lock().unwrap().len(), 1);
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
    let limit = std::time::Duration::from_secs(10);
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
