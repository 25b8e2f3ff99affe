//! Sealing one short text so that only who holds its key can open it. What a server answers to a renewal lies sealed
//! on disk until the secret store has taken it; the key was put into the store before the server was asked.

use std::io::Write as _;
use std::str::FromStr as _;

use age::stream::StreamWriter;
use age::x25519::Identity;

use crate::custody::age_format::{decrypt, text_of, written};
use crate::secret::Secret;

/// A seal that is ready: all that takes time is done before there is anything to seal.
pub(crate) struct Sealer {
    key: Secret,
    writer: StreamWriter<Vec<u8>>,
}

impl Sealer {
    /// A fresh key, used once.
    pub(crate) fn new() -> Option<Self> {
        let identity = Identity::generate();
        let recipient = identity.to_public();
        let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as _)).ok()?;
        Some(Self {
            key: written(&identity),
            writer: encryptor.wrap_output(Vec::with_capacity(4_096)).ok()?,
        })
    }

    /// What opens it.
    pub(crate) fn key(&self) -> &Secret {
        &self.key
    }

    /// Seals a text.
    pub(crate) fn seal(mut self, text: &Secret) -> Option<Vec<u8>> {
        self.writer.write_all(text.expose().as_bytes()).ok()?;
        self.writer.finish().ok()
    }
}

/// Opens what was sealed with the same key; none where it was another one, or where something was lost.
pub(crate) fn open(key: &Secret, sealed: &[u8]) -> Option<Secret> {
    let identity = Identity::from_str(key.expose()).ok()?;
    let keys = std::iter::once(&identity as &dyn age::Identity);
    text_of(decrypt(keys, sealed).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_key_opens_it_and_only_whole() {
        let text = Secret::new("the answer");
        let sealer = Sealer::new().unwrap();
        let key = sealer.key().clone();
        let sealed = sealer.seal(&text).unwrap();
        assert_eq!(open(&key, &sealed), Some(text));
        assert_eq!(open(Sealer::new().unwrap().key(), &sealed), None);
        assert_eq!(open(&Secret::new("no key"), &sealed), None);
        for length in 0..sealed.len() {
            assert_eq!(open(&key, &sealed[..length]), None, "{length}");
        }
    }
}
