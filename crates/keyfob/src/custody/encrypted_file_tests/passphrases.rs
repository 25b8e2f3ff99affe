//! A passphrase in place of the key file: asked for once, and never kept.

use super::*;

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
