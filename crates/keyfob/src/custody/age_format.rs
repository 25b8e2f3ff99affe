//! What the library `age` does for Keyfob: bytes encrypted to a key or with a passphrase.
//!
//! The errors of the library are never displayed: it would look up the language of the desktop to word them.

use std::io::{self, Read as _};

use age::secrecy::ExposeSecret as _;
use age::x25519;
use age::{DecryptError, Decryptor, Identity, Recipient};
use zeroize::Zeroizing;

use crate::secret::Secret;

/// How long a header may be. Reading one costs the square of its lines, and ours has one recipient.
const LONGEST_HEADER: usize = 8 * 1024;

/// Why something sealed does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shut {
    /// It is in no format that age knows.
    Foreign,
    /// It ends too early.
    Short,
    /// It was sealed to another key.
    OtherKey,
    /// It was sealed with another passphrase.
    OtherPassphrase,
    /// Trying the passphrase would take too much time and memory.
    TooMuchWork,
    /// The key is right, but what was sealed has changed since.
    Changed,
}

/// Encrypts; `None` where the library does not, which no input of ours brings about.
pub(super) fn encrypt(to: &impl Recipient, plain: &[u8]) -> Option<Vec<u8>> {
    age::encrypt(to, plain).ok()
}

/// Decrypts with the first of the keys that fits.
pub(super) fn decrypt<'a>(
    with: impl Iterator<Item = &'a dyn Identity>,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Shut> {
    let begin = &sealed[..sealed.len().min(LONGEST_HEADER)];
    if sealed.len() > begin.len() && !begin.windows(4).any(|four| four == b"\n---") {
        return Err(Shut::Foreign);
    }
    let mut reader = Decryptor::new_buffered(sealed)
        .and_then(|decryptor| decryptor.decrypt(with))
        .map_err(|error| match error {
            DecryptError::NoMatchingKeys => Shut::OtherKey,
            DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
                Shut::OtherPassphrase
            }
            DecryptError::ExcessiveWork { .. } => Shut::TooMuchWork,
            DecryptError::InvalidMac => Shut::Changed,
            DecryptError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => Shut::Short,
            _ => Shut::Foreign,
        })?;
    // The plain text is shorter, so that this never grows and leaves a copy behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    match reader.read_to_end(&mut plain) {
        Ok(_) => Ok(plain),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Shut::Short),
        Err(_) => Err(Shut::Changed),
    }
}

/// The text of bytes that were one; the bytes are wiped either way.
pub(super) fn text_of(mut plain: Zeroizing<Vec<u8>>) -> Option<Secret> {
    std::str::from_utf8(&plain).ok()?;
    // Moved, not copied.
    String::from_utf8(std::mem::take(&mut *plain))
        .ok()
        .map(Secret::new)
}

/// The text form of an identity.
pub(super) fn written(identity: &x25519::Identity) -> Secret {
    Secret::new(identity.to_string().expose_secret())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_without_end_is_left_unread() {
        let identity = x25519::Identity::generate();
        let endless = b"-> a\n\n".repeat(150_000);
        let sealed = [b"age-encryption.org/v1\n".as_slice(), &endless].concat();
        let opened = decrypt(std::iter::once(&identity as &dyn Identity), &sealed);
        assert_eq!(opened.map(drop), Err(Shut::Foreign));
    }
}
