//! Sealing one short text to a fresh key that is held elsewhere.

use std::iter;

use age::x25519::Identity;

use crate::custody::age_format::{decrypt, encrypt, text_of, written};
use crate::secret::Secret;

/// A key that opens one sealed text: the text form of a fresh age identity.
#[cfg_attr(not(test), expect(dead_code, reason = "nothing is sealed yet"))]
pub(crate) fn new_key() -> Secret {
    written(&Identity::generate())
}

/// The text, encrypted to the key; `None` if that is none.
#[cfg_attr(not(test), expect(dead_code, reason = "nothing is sealed yet"))]
pub(crate) fn seal(key: &Secret, text: &Secret) -> Option<Vec<u8>> {
    let identity: Identity = key.expose().parse().ok()?;
    encrypt(&identity.to_public(), text.expose().as_bytes())
}

/// The text that was sealed to this key; `None` if it was not, or has changed since.
#[cfg_attr(not(test), expect(dead_code, reason = "nothing is sealed yet"))]
pub(crate) fn open(key: &Secret, sealed: &[u8]) -> Option<Secret> {
    let identity: Identity = key.expose().parse().ok()?;
    decrypt(iter::once(&identity as &dyn age::Identity), sealed)
        .ok()
        .and_then(text_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_alone() {
        let (key, other) = (new_key(), new_key());
        assert_ne!(key, other);
        for text in ["", "sk-ant-oat01-abc", "ä€𝄞\n\0"] {
            let text = Secret::new(text);
            let sealed = seal(&key, &text).unwrap();
            assert_eq!(open(&key, &sealed), Some(text));
            assert_eq!(open(&other, &sealed), None);
        }
    }

    #[test]
    fn the_same_text_is_never_sealed_the_same_way_and_never_seen_in_it() {
        let (key, text) = (new_key(), Secret::new("sk-ant-oat01-abcdefgh"));
        let sealed = seal(&key, &text).unwrap();
        assert_ne!(sealed, seal(&key, &text).unwrap());
        let seen = |part: &str| sealed.windows(part.len()).any(|w| w == part.as_bytes());
        assert!(!seen(text.expose()));
        assert!(!seen(key.expose()));
    }

    #[test]
    fn what_is_cut_off_anywhere_or_longer_stays_shut() {
        let key = new_key();
        let mut sealed = seal(&key, &Secret::new("text")).unwrap();
        for end in 0..sealed.len() {
            assert_eq!(open(&key, &sealed[..end]), None, "cut at {end}");
        }
        sealed.push(0);
        assert_eq!(open(&key, &sealed), None);
    }

    #[test]
    fn what_changed_in_any_byte_stays_shut() {
        let key = new_key();
        let sealed = seal(&key, &Secret::new("text")).unwrap();
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(open(&key, &changed), None, "changed at {place}");
        }
    }

    #[test]
    fn what_is_no_key_or_no_text_is_refused() {
        let text = Secret::new("text");
        for key in ["", "key", "AGE-SECRET-KEY-1", "age1xyz"] {
            assert_eq!(seal(&Secret::new(key), &text), None);
            assert_eq!(open(&Secret::new(key), b"sealed"), None);
        }
        let key = new_key();
        assert_eq!(open(&key, b""), None);
        let identity: Identity = key.expose().parse().unwrap();
        let sealed = encrypt(&identity.to_public(), b"\xff\xfe").unwrap();
        assert_eq!(open(&key, &sealed), None);
    }
}
