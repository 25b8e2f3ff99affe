//! The key file, which is made once, read forgivingly, and refused where others may read it.

use super::*;

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
