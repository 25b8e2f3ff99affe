//! Reading a file as a whole: only if it is new, up to a limit, or whatever is in it.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::time::SystemTime;

use zeroize::Zeroizing;

use crate::error::{Code, Error, Result};

/// The text of a file; none if there is no such file.
pub(crate) fn read(path: &Path) -> Result<Option<String>> {
    match read_if_new(path, None)? {
        Read::New(text, _) => Ok(Some(text)),
        Read::Missing | Read::Same => Ok(None),
    }
}

/// The text of a file, whatever is in it; empty if there is no such file.
pub(crate) fn read_lossy(path: &Path) -> Result<String> {
    match fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(not_read(path, &error)),
    }
}

pub(crate) fn not_read(path: &Path, error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::InvalidData => Error::new(
            Code::Failed,
            format!("{} is not text.", path.display()),
            "It was left as it is. Repair it, or move it away to begin anew.",
        ),
        _ => Error::new(
            Code::Failed,
            format!("{} cannot be read.", path.display()),
            "Check its permissions, or name another folder in KEYFOB_HOME.",
        )
        .detail(error.to_string()),
    }
}

/// What tells one version of a file from the next. Ours are replaced as a whole, never written in place.
#[derive(Debug)]
pub(crate) struct Stamp {
    written: Option<SystemTime>,
    length: u64,
    /// The file itself. While it is open, the system gives its number to no other; Windows numbers no files, and
    /// would not let one that is open be replaced.
    #[cfg(unix)]
    file: File,
}

impl Stamp {
    fn of(file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self {
            written: metadata.modified().ok(),
            length: metadata.len(),
            #[cfg(unix)]
            file,
        })
    }

    fn is(&self, other: &File) -> io::Result<bool> {
        let metadata = other.metadata()?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let ours = self.file.metadata()?;
            if (ours.dev(), ours.ino()) != (metadata.dev(), metadata.ino()) {
                return Ok(false);
            }
        }
        Ok(self.length == metadata.len() && self.written == metadata.modified().ok())
    }
}

/// What [`read_if_new`] found.
pub(crate) enum Read {
    /// There is no such file.
    Missing,
    /// It is the one that was read before.
    Same,
    /// Its text, and what to recognise it by.
    New(String, Stamp),
}

/// The text of a file, unless it is the one that was read before.
pub(crate) fn read_if_new(path: &Path, before: Option<&Stamp>) -> Result<Read> {
    let reading = || -> io::Result<Read> {
        let mut file = File::open(path)?;
        if let Some(before) = before
            && before.is(&file)?
        {
            return Ok(Read::Same);
        }
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        Ok(Read::New(text, Stamp::of(file)?))
    };
    match reading() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Read::Missing),
        read => read.map_err(|error| not_read(path, &error)),
    }
}

/// The most that is read of a file that is small by nature.
pub(crate) const SMALL: usize = 1024 * 1024;

/// What a small file holds, wiped after use, and who may read it.
pub(crate) struct Small {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    /// The permissions in Unix's way; where there are none, those of a private file.
    pub(crate) mode: u32,
}

/// The bytes of a small file; none if there is no such file. Whoever wants no symbolic link asks `refuse_link` first.
pub(crate) fn read_small(path: &Path) -> io::Result<Option<Small>> {
    read_up_to(path, SMALL)
}

/// The same for a file that may be `most` bytes long.
pub(crate) fn read_up_to(path: &Path, most: usize) -> io::Result<Option<Small>> {
    let kind = match fs::metadata(path) {
        Ok(found) => found.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // Opening a pipe would wait without end.
    if !kind.is_file() {
        return Err(io::Error::other("it is not a plain file"));
    }
    let file = File::open(path)?;
    // What counts is what was opened, not what lay there a moment ago.
    let found = file.metadata()?;
    let long = usize::try_from(found.len()).unwrap_or(usize::MAX);
    // Room for all of it at once, because a buffer that grows leaves its old memory behind unwiped.
    let mut bytes = Zeroizing::new(Vec::with_capacity(long.min(most) + 1));
    file.take(most as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(Some(Small {
        bytes,
        mode: mode_of(&found),
    }))
}

#[cfg(unix)]
fn mode_of(found: &fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    found.permissions().mode() & 0o777
}

#[cfg(not(unix))]
fn mode_of(_: &fs::Metadata) -> u32 {
    0o600
}
