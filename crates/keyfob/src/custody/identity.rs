//! The key of the encrypted files: where it comes from, and what has to be right about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use age::{Identity, x25519};
use zeroize::Zeroizing;

use crate::custody::age_format;
use crate::custody::passphrase::Passphrase;
use crate::custody::store::StoreError;
use crate::files;

/// Where the identity that opens the files comes from.
#[derive(Debug, Clone)]
pub enum Key {
    /// A file with an age identity (`AGE-SECRET-KEY-1…`), 0600.
    File(PathBuf),
    /// An identity kept in `<folder>/identity.age`, itself encrypted with a passphrase (age's scrypt).
    Passphrase(Passphrase),
    /// A file that a service manager put there (systemd's `LoadCredential=`). Only read, never made.
    Given(PathBuf),
}

impl Key {
    /// The key in a service manager's folder of credentials, under the name that Keyfob looks for there.
    pub fn given_in(folder: &Path) -> Self {
        Self::Given(folder.join("keyfob-identity"))
    }
}

/// Identities, at least one. The first encrypts, and whichever fits decrypts, so that a key can be changed by
/// writing the new one above the old one.
pub(super) struct Identities {
    first: x25519::Identity,
    others: Vec<x25519::Identity>,
}

impl Identities {
    /// One that nobody has had before.
    pub(super) fn fresh() -> Self {
        Self {
            first: x25519::Identity::generate(),
            others: Vec::new(),
        }
    }

    /// As `age-keygen` writes them: one a line, and lines of comment. The error ends a sentence on the file.
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "is not text".to_owned())?;
        if text.trim().is_empty() {
            return Err("is empty".to_owned());
        }
        let mut identities = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            // The line is never shown: it may be a key with a typing error.
            let identity = line.parse().map_err(|_| {
                let number = index + 1;
                format!(
                    "holds something else than an age identity (AGE-SECRET-KEY-1…) in line {number}"
                )
            })?;
            identities.push(identity);
        }
        let mut identities = identities.into_iter();
        match identities.next() {
            Some(first) => Ok(Self {
                first,
                others: identities.collect(),
            }),
            None => Err("holds comments alone, and no age identity".to_owned()),
        }
    }

    /// The file that `parse` reads. The line with the recipient is for people who encrypt with age's own program.
    pub(super) fn file(&self) -> Zeroizing<String> {
        let recipient = self.first.to_public();
        let identity = age_format::written(&self.first);
        // Room for all of it at once, because a text that grows leaves its old memory behind unwiped.
        let mut file = Zeroizing::new(String::with_capacity(512));
        file.push_str(&format!(
            "# Keyfob's key: whoever has it can read the encrypted files, and without it nobody can.\n\
             # public key: {recipient}\n"
        ));
        file.push_str(identity.expose());
        file.push('\n');
        file
    }

    /// Encrypts to the first.
    pub(super) fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        age_format::encrypt(&self.first.to_public(), plain)
    }

    /// Decrypts with whichever fits.
    pub(super) fn decrypt(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, age_format::Shut> {
        let all = std::iter::once(&self.first).chain(&self.others);
        age_format::decrypt(all.map(|identity| identity as &dyn Identity), sealed)
    }
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identities(…)")
    }
}

/// Whose the modes of a key file are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Modes {
    /// The person's: nobody else may read it, and it is no symbolic link.
    Private,
    /// The service manager's, which may let a group read it, and may lead to it through a link.
    Given,
}

/// The bytes of a key file that may be used.
pub(super) fn read(path: &Path, modes: Modes) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    if modes == Modes::Private {
        files::refuse_link(path).map_err(|error| unreadable(path, &error))?;
    }
    let found = files::read_small(path).map_err(|error| unreadable(path, &error))?;
    let found = found.ok_or_else(|| StoreError::KeyMissing(path.to_owned()))?;
    let (others, too_open) = match modes {
        Modes::Private => (0o077, StoreError::KeyTooOpen(path.to_owned())),
        Modes::Given => (
            0o037,
            unusable(
                path,
                "may be read by everybody; let its service manager give it the mode 0400",
            ),
        ),
    };
    match found.mode & others {
        0 => Ok(found.bytes),
        _ => Err(too_open),
    }
}

/// The identities of bytes out of a key file.
pub(super) fn understand(path: &Path, bytes: &[u8]) -> Result<Identities, StoreError> {
    Identities::parse(bytes).map_err(|why| unusable(path, &why))
}

/// Writes a key file where there is none yet. One that another program makes in the same moment wins.
pub(super) fn make(path: &Path, bytes: &[u8]) -> Result<Made, StoreError> {
    match files::create_bytes(path, bytes) {
        Ok(()) => Ok(Made::Ours),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Made::Theirs),
        Err(error) => Err(about_file(path, &error)),
    }
}

/// Who made a key file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Made {
    Ours,
    Theirs,
}

/// A failure of the disk.
pub(super) fn about_file(path: &Path, error: &io::Error) -> StoreError {
    StoreError::File(format!("{}: {error}", path.display()))
}

/// A key that is there and is of no use.
pub(super) fn unusable(path: &Path, why: &str) -> StoreError {
    StoreError::KeyUnusable(format!("The key file {} {why}.", path.display()))
}

fn unreadable(path: &Path, error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::FileTooLarge => unusable(path, "is larger than 1 MiB"),
        _ => unusable(path, &format!("cannot be read: {error}")),
    }
}
