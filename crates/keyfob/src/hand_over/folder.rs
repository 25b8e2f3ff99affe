//! `.keyfob.toml`: which account the tools of a folder get. It holds a name and never a secret, so that it can lie in
//! a repository, and it counts for nothing before the person has trusted it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use toml_edit::{DocumentMut, Value};

use super::change::fingerprint;
use crate::error::{Code, Error, Result};
use crate::files;
use crate::secret::presentable;

/// What the file is called.
pub(crate) const NAME: &str = ".keyfob.toml";

/// With what some editors begin a text (a byte order mark).
const MARK: char = '\u{feff}';

/// The longest that is read; a name needs a line.
const LONGEST: usize = 16 * 1024;

/// The longest name of an account that is taken for one.
const LONGEST_NAME: usize = 200;

/// What a folder's file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FolderFile {
    /// Where it lies, by its real name.
    pub(crate) path: PathBuf,
    /// Its bytes, by which it is known again.
    pub(crate) sha256: String,
    /// The account that it names.
    pub(crate) account: String,
    /// Whether it belongs to another user of this computer than the person and the administrator.
    pub(crate) of_another: bool,
}

/// The file that counts in a folder, which is given by its real name: the nearest one from there upward, as far as the
/// person's home and not above it; outside of that as far as the root.
pub(crate) fn find(folder: &Path, home: Option<&Path>) -> Result<Option<PathBuf>> {
    for above in folder.ancestors() {
        let path = above.join(NAME);
        match fs::symlink_metadata(&path) {
            Ok(_) => return Ok(Some(path)),
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(unreadable(&path, &error)),
        }
        if home.is_some_and(|home| above == home) {
            break;
        }
    }
    Ok(None)
}

/// Whether there is no such file. What is no folder has none within either.
fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// What a file says, if it says it as it should. Nothing of it is repeated that could be a secret.
pub(crate) fn read(path: &Path) -> Result<FolderFile> {
    let found = fs::symlink_metadata(path).map_err(|error| unreadable(path, &error))?;
    if found.file_type().is_symlink() {
        return Err(wrong(path, "it is a symbolic link").into_error());
    }
    let file = files::read_up_to(path, LONGEST).map_err(|error| unreadable(path, &error))?;
    let Some(file) = file else {
        return Err(unreadable(path, &io::ErrorKind::NotFound.into()));
    };
    let text = std::str::from_utf8(&file.bytes).map_err(|_| wrong(path, "it is not text"));
    let account = text.and_then(|text| account_in(path, text));
    Ok(FolderFile {
        path: path.to_owned(),
        sha256: fingerprint(&file.bytes),
        account: account.map_err(Wrong::into_error)?,
        of_another: is_of_another(&found),
    })
}

/// The text with another account named, and the rest of it as it is.
pub(crate) fn with_account(path: &Path, text: &str, account: &str) -> Result<String> {
    account_in(path, text).map_err(Wrong::into_error)?;
    // What is read as a document and written again has other ends of lines, and no mark before the first.
    let unmarked = text.strip_prefix(MARK).unwrap_or(text);
    let mark = text.len() - unmarked.len();
    let named: Named = toml::from_str(unmarked).map_err(|_| no_toml(path).into_error())?;
    let old = named.account.span();
    Ok(format!(
        "{}{}{}",
        &text[..mark + old.start],
        Value::from(account),
        &unmarked[old.end..]
    ))
}

/// Where the name of the account stands in a text.
#[derive(Deserialize)]
struct Named {
    account: Spanned<String>,
}

/// The text of a new file.
pub(crate) fn new_text(account: &str) -> String {
    let mut document = DocumentMut::new();
    document["account"] = toml_edit::value(account);
    format!(
        "# The account that `keyfob` gives to tools in this folder. A name, never a secret.\n{document}"
    )
}

/// Whether a name can be written down.
pub(crate) fn checked_name(path: &Path, name: &str) -> Result<()> {
    match account_in(path, &new_text(name)) {
        Ok(read) if read == name => Ok(()),
        // Not repeated, because it may be a secret.
        _ => Err(Error::new(
            Code::Usage,
            format!(
                "What the account is called cannot stand in {}: it is too long, or looks like a key.",
                path.display()
            ),
            "Give it another name first: `keyfob rename ACCOUNT NAME`.",
        )),
    }
}

/// What is wrong with a file.
struct Wrong(PathBuf, String);

impl Wrong {
    fn into_error(self) -> Error {
        let Self(path, what) = self;
        Error::new(
            Code::Usage,
            format!(
                "{} cannot be followed, so nothing is given: {what}.",
                path.display()
            ),
            format!(
                "It has to hold one line, account = \"NAME\", and nothing else. Correct it, or remove {} and run `keyfob use NAME --here`; or name the account.",
                path.display()
            ),
        )
    }
}

fn wrong(path: &Path, what: impl Into<String>) -> Wrong {
    Wrong(path.to_owned(), what.into())
}

fn no_toml(path: &Path) -> Wrong {
    wrong(path, "it is not TOML")
}

fn account_in(path: &Path, text: &str) -> Result<String, Wrong> {
    // Looked at first: what is said of anything else names keys and lines.
    if holds_a_secret(text) {
        return Err(wrong(
            path,
            "something in it looks like a key or a token, which must not lie in a project; take it out, and have it revoked if others have seen the file",
        ));
    }
    let text = text.strip_prefix(MARK).unwrap_or(text);
    let table: toml::Table = toml::from_str(text).map_err(|error: toml::de::Error| {
        // The parser's own words may repeat a value.
        let at = error.span().map(|span| span.start).unwrap_or_default();
        let line = 1 + text[..at.min(text.len())].matches('\n').count();
        wrong(path, format!("line {line} is not TOML"))
    })?;
    if let Some(other) = table.keys().find(|key| *key != "account") {
        let other = presentable(other, &[]);
        let what = format!("it says something about \"{other}\", which Keyfob does not know here");
        return Err(wrong(path, what));
    }
    let Some(account) = table.get("account") else {
        return Err(wrong(path, "it names no account"));
    };
    let name = account.as_str().map(str::trim).filter(|name| {
        let count = name.chars().count();
        (1..=LONGEST_NAME).contains(&count) && !name.contains(char::is_control)
    });
    match name {
        Some(name) if !is_long_word(name) => Ok(name.to_owned()),
        Some(_) => Err(wrong(
            path,
            "what it names as the account looks like a key or a token, which must not lie in a project",
        )),
        None => Err(wrong(path, "\"account\" is no name of an account")),
    }
}

/// By what keys and tokens begin with.
fn holds_a_secret(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["sk-ant-", "age-secret-key-", "-----begin ", "bearer "]
        .iter()
        .any(|mark| text.contains(mark))
}

/// Whether a name is one long row of letters and digits, as tokens are and names are not.
fn is_long_word(name: &str) -> bool {
    let part_of_token = |c: char| c.is_ascii_alphanumeric() || "-_.+/=~".contains(c);
    name.len() >= 40 && name.chars().all(part_of_token)
}

#[cfg(unix)]
fn is_of_another(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    ![0, rustix::process::geteuid().as_raw()].contains(&found.uid())
}

#[cfg(not(unix))]
fn is_of_another(_: &fs::Metadata) -> bool {
    false
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    let why = match error.kind() {
        io::ErrorKind::PermissionDenied => "you may not read it".to_owned(),
        io::ErrorKind::FileTooLarge => "it is far longer than it should be".to_owned(),
        io::ErrorKind::NotFound => "it is not there any more".to_owned(),
        _ => error.to_string(),
    };
    Error::new(
        Code::Usage,
        format!("{} cannot be read: {why}.", path.display()),
        "It decides which account is used here, so nothing was given in its place. Make it readable, remove it, or name the account.",
    )
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
