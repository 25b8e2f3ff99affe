//! Files for places that Keyfob does not reach. Each is a copy: it is not renewed, it is listed, and it is removed when
//! the account is signed out of. What renews a sign-in is in none of them: two holders of one refresh token that
//! rotates log each other out.

use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use zeroize::Zeroizing;

use super::Keyfob;
use super::connecting::{ConnectionStatus, is_of_a_plan, no_plan, workspace_of};
use super::given::{Api, Form, Given, Whose};
use super::linked_places::slug;
use crate::account::{Account, Facts, Owner};
use crate::error::{Code, Error, Result};
use crate::files;
use crate::hand_over::anthropic_profile::{Profile, config_text, credentials_text};
use crate::hand_over::change::{Change, TakenBack, fingerprint};
use crate::hand_over::connections::{Connection, Recipient};
use crate::hand_over::credentials_file::{self, Contents};
use crate::hand_over::environment::{ACCESS_TOKEN, OAUTH};
use crate::hand_over::formats::Format;

/// What is said where only some of a profile's files could be replaced.
const HALF: &str = "Some of its files were written and some not. Take it back with `keyfob disconnect`, then export it again.";

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Claude Code's `.credentials.json`.
    ClaudeCredentials,
    /// `docker --env-file` and what reads the same.
    Env,
    /// JSON for programs of one's own.
    Json,
    /// A folder with a profile for the official SDKs and `ant`.
    AnthropicProfile,
    /// The bare credential, without the end of a line.
    DockerSecret,
}

/// Where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportTo {
    /// A file, or a folder for a profile.
    Path(PathBuf),
    /// Whoever asked, who has to see to it.
    Output,
}

/// What to export.
#[derive(Debug, Clone)]
pub struct ExportRequest {
    /// The account; the one that is given without a name where it is left out.
    pub account: Option<String>,
    /// What the file is for.
    pub format: ExportFormat,
    /// Where it goes.
    pub to: ExportTo,
    /// Whether a file or a profile that Keyfob exported there earlier, and nobody changed since, may be replaced.
    pub replace: bool,
    /// How long an access token has to be good for; half of its life where that is left out.
    pub at_least: Option<SignedDuration>,
}

/// What exporting did.
#[derive(Debug, Serialize)]
pub struct Exported {
    /// What the file allows, to whom, and until when, as sentences.
    pub words: Vec<String>,
    /// What should be said beside the credential.
    pub warning: Option<Error>,
    /// As it is listed; none where it went to the output.
    pub connection: Option<ConnectionStatus>,
    /// When what lies there ends; none for an API key.
    pub valid_until: Option<Timestamp>,
    /// The text, where it goes to the output.
    #[serde(skip)]
    pub text: Option<Zeroizing<Vec<u8>>>,
}

impl Keyfob {
    /// Writes a credential into a file for somewhere else.
    pub async fn export(&self, request: ExportRequest) -> Result<Exported> {
        let whose = self.whose(request.account.as_deref())?;
        may_be_exported(&whose, request.format)?;
        let place = match &request.to {
            ExportTo::Output if request.format == ExportFormat::AnthropicProfile => {
                return Err(Error::new(
                    Code::Usage,
                    "A profile is a folder with several files, which cannot go to standard output.",
                    "Name a folder with `--to`.",
                ));
            }
            ExportTo::Output => None,
            ExportTo::Path(path) => Some(self.place(path, &request)?),
        };
        let account = whose.account.clone();
        let given = self.given_for_export(&whose, request.at_least).await?;
        let whose = &given.whose;
        let texts = self.texts(request.format, &given)?;
        let mut words = about(&request, whose, given.expires_at());
        words.extend(how_it_is_sent(request.format, &given));
        let valid_until = given.expires_at();
        let Some(place) = place else {
            return Ok(Exported {
                words,
                warning: given.handed.warning,
                connection: None,
                valid_until,
                text: texts.into_iter().next().map(|(_, text)| text),
            });
        };
        let connection = self.write_export(place, &texts, &given, &account)?;
        Ok(Exported {
            words,
            warning: given.handed.warning,
            connection: Some(connection),
            valid_until,
            text: None,
        })
    }

    /// With as much of its life left as was asked for; where the server cannot be asked, what there is.
    async fn given_for_export(
        &self,
        whose: &Whose,
        at_least: Option<SignedDuration>,
    ) -> Result<Given> {
        let id = Some(whose.account.id.as_str());
        match (at_least, &whose.account.facts) {
            (Some(at_least), _) => self.given(id, at_least).await,
            (None, Facts::Tokens(facts)) => {
                let life = facts.expires_at.duration_since(facts.obtained_at);
                match self.given(id, life / 2).await {
                    Err(error) if error.code == Code::Network => {
                        self.given(id, SignedDuration::ZERO).await
                    }
                    given => given,
                }
            }
            (None, _) => self.given(id, SignedDuration::ZERO).await,
        }
    }

    /// What goes into which file; the names are those inside a folder, where it is one.
    fn texts(
        &self,
        format: ExportFormat,
        given: &Given,
    ) -> Result<Vec<(PathBuf, Zeroizing<Vec<u8>>)>> {
        let whose = &given.whose;
        let account = &whose.account;
        let base_url = match &whose.api {
            Api::At(url) => Some(url),
            Api::Anthropic | Api::NotSaid => None,
        };
        let contents = Contents {
            label: &account.label,
            payer: account.payer.words(),
            secret: given.secret(),
            is_key: whose.form == Form::ApiKey,
            base_url,
            workspace_id: workspace_of(whose),
            expires_at: given.expires_at(),
            scopes: match &account.facts {
                Facts::Tokens(facts) => &facts.scopes,
                _ => &[],
            },
        };
        let text = match format {
            ExportFormat::Json => credentials_file::json(&contents),
            ExportFormat::DockerSecret => {
                Zeroizing::new(given.secret().expose().as_bytes().to_vec())
            }
            ExportFormat::Env => {
                let written = self.variables_of(given).written(Format::Dotenv)?;
                Zeroizing::new(written.as_bytes().to_vec())
            }
            ExportFormat::ClaudeCredentials => {
                let end = given.expires_at().ok_or_else(|| no_end(account))?;
                credentials_file::claude_credentials(&contents, end)
            }
            ExportFormat::AnthropicProfile => {
                let end = given.expires_at().ok_or_else(|| no_end(account))?;
                let name = slug(&account.label);
                let name = if name.is_empty() {
                    "keyfob".to_owned()
                } else {
                    name
                };
                let profile = Profile {
                    folder: PathBuf::new(),
                    name,
                };
                let plain = |text: String| Zeroizing::new(text.into_bytes());
                let pointer = Profile::pointer(&profile.folder);
                return Ok(vec![
                    (profile.credentials(), credentials_text(given.secret(), end)),
                    (profile.config(), plain(config_text(base_url))),
                    (pointer, plain(format!("{}\n", profile.name))),
                ]);
            }
        };
        Ok(vec![(PathBuf::new(), text)])
    }

    /// Where it may go: beside what is there, never over what somebody else has put there.
    fn place(&self, path: &Path, request: &ExportRequest) -> Result<Place> {
        let path = std::path::absolute(path).map_err(|error| {
            let message = "That can be no place for a file.";
            Error::new(Code::Usage, message, "Name it with its full path.")
                .detail(error.to_string())
        })?;
        let folder = path.parent().filter(|folder| folder.is_dir());
        if folder.is_none() || path.file_name().is_none() {
            return Err(Error::new(
                Code::Usage,
                format!("There is no folder for {}.", path.display()),
                "Make the folder first, or name another place.",
            ));
        }
        let is_folder = request.format == ExportFormat::AnthropicProfile;
        let Ok(found) = path.symlink_metadata() else {
            return Ok(Place {
                path,
                is_folder,
                replaces: None,
            });
        };
        if found.file_type().is_symlink() {
            return Err(refused(&path, "is a symbolic link"));
        }
        let is_empty = |folder: &Path| {
            let inside = folder.read_dir();
            inside.is_ok_and(|mut inside| inside.next().is_none())
        };
        match is_folder {
            true if is_empty(&path) => {
                return Ok(Place {
                    path,
                    is_folder,
                    replaces: None,
                });
            }
            true if !found.is_dir() => return Err(refused(&path, "is no folder")),
            false if !found.is_file() => return Err(refused(&path, "is no file")),
            _ => {}
        }
        let list = self.0.connections.read()?;
        let ours = list.all.into_iter().filter(|one| is_export_to(one, &path));
        // Of several that were written there in turn, the others are not there any more.
        let (mut as_written, others): (Vec<_>, Vec<_>) = ours.partition(is_unchanged);
        match (as_written.pop(), request.replace) {
            (Some(one), true) => Ok(Place {
                path,
                is_folder,
                replaces: Some(one),
            }),
            (Some(_), false) => Err(Error::new(
                Code::Usage,
                format!("{} is there already.", path.display()),
                "It was left as it is. `--replace` writes it anew, or name another place.",
            )),
            (None, true) if !others.is_empty() => Err(changed_since(&path)),
            (None, true) => Err(refused(&path, "was not written by Keyfob")),
            (None, false) if is_folder => {
                Err(refused(&path, "is there already, and no empty folder"))
            }
            (None, false) => Err(refused(&path, "is there already")),
        }
    }

    fn write_export(
        &self,
        place: Place,
        texts: &[(PathBuf, Zeroizing<Vec<u8>>)],
        given: &Given,
        account: &Account,
    ) -> Result<ConnectionStatus> {
        let replaces = place.replaces.as_ref();
        let mut connection = Connection {
            id: self.new_id(Recipient::File)?,
            to: Recipient::File,
            account: given.whose.account.id.clone(),
            made_at: self.0.edge.now(),
            target: Some(place.path.display().to_string()),
            valid_until: given.expires_at(),
            issued_at: None,
            trouble: None,
            command: None,
            changes: Vec::new(),
        };
        let earlier = replaces.map_or(&[][..], |before| &before.changes);
        let folders = earlier.iter().filter(|one| one.is_folder());
        connection.changes.extend(folders.cloned());
        if place.is_folder {
            for folder in [
                place.path.clone(),
                place.path.join("configs"),
                place.path.join("credentials"),
            ] {
                if !folder.exists() {
                    connection.changes.push(Change::Folder { path: folder });
                }
            }
        }
        let mut files: Vec<(PathBuf, &[u8])> = Vec::new();
        for (inside, text) in texts {
            let path = match place.is_folder {
                true => place.path.join(inside),
                false => place.path.clone(),
            };
            connection.changes.push(Change::File {
                path: path.clone(),
                sha256: Some(fingerprint(text)),
            });
            files.push((path, text));
        }
        if replaces.is_some_and(|before| is_for_another_api(before, &connection)) {
            return Err(refused(&place.path, "holds a profile for another API"));
        }
        // In the list before it is written: whoever is killed in between has left nothing that no list names.
        self.list_export(&connection, account, replaces)?;
        let mut made: Vec<PathBuf> = Vec::new();
        for (path, text) in files {
            if let Err(mut error) = write(&path, text, replaces) {
                // What was replaced cannot be put back, so the list goes on naming both.
                if replaces.is_some() && !made.is_empty() {
                    error.cure = HALF.to_owned();
                    return Err(error);
                }
                for path in &made {
                    let _ = files::remove(path);
                }
                self.unlist_export(&connection, place.replaces);
                return Err(error);
            }
            made.push(path);
        }
        // A profile of another name lies beside it, which holds the token of before.
        let is_beside = |(path, _): (&Path, &str)| !made.iter().any(|one| one == path);
        let beside = earlier
            .iter()
            .filter(|one| file_of(one).is_some_and(is_beside));
        let stays: Vec<_> = beside
            .filter(|one| one.take_back() != Ok(TakenBack::Done))
            .collect();
        // One that was cut short has two fingerprints, and is gone by one of them.
        let stays = stays
            .into_iter()
            .filter(|one| one.path().symlink_metadata().is_ok());
        connection.changes.extend(stays.cloned());
        self.confirm(&connection)?;
        Ok(self.shown(&connection))
    }

    /// Puts an export into the list, in the place of the one that it replaces. Until it is written, what lies there may
    /// be either of them.
    fn list_export(
        &self,
        connection: &Connection,
        account: &Account,
        replaces: Option<&Connection>,
    ) -> Result<()> {
        let mut listed = connection.clone();
        let Some(before) = replaces else {
            return self.list_first(listed, account);
        };
        let earlier = before.changes.iter().filter(|one| file_of(one).is_some());
        let (folders, files): (Vec<_>, Vec<_>) =
            connection.changes.iter().partition(|one| one.is_folder());
        let all = folders.into_iter().chain(earlier).chain(files);
        listed.changes = all.cloned().collect();
        self.list_first_in_place_of(listed, account, Some(&before.id))
    }

    /// Takes an export of which nothing was written out of the list again, and puts the earlier one back.
    fn unlist_export(&self, connection: &Connection, replaces: Option<Connection>) {
        for folder in connection.changes.iter().rev() {
            if let Change::Folder { .. } = folder {
                let _ = folder.take_back();
            }
        }
        let Some(before) = replaces else {
            return self.unlist(&connection.id);
        };
        // Where that fails, the new one names what lies there too.
        let _ = self.0.connections.change(|list| {
            let place = list.all.iter_mut().find(|one| one.id == connection.id);
            if let Some(place) = place {
                *place = before;
            }
            Ok(())
        });
    }
}

/// What the file allows, for whom, and until when.
fn about(request: &ExportRequest, whose: &Whose, end: Option<Timestamp>) -> Vec<String> {
    let account = &whose.account;
    let what = match whose.form {
        Form::ApiKey => "the API key",
        Form::Bearer => "an access token",
    };
    let place = match &request.to {
        ExportTo::Path(path) => path.display().to_string(),
        ExportTo::Output => "What was printed".to_owned(),
    };
    let mut words = vec![format!(
        "{place} holds {what} of \"{}\". Whoever has it can use the API with it, billed to {}, {}.",
        account.label,
        account.payer.words(),
        match end {
            Some(end) => format!("until {}", end.strftime("%Y-%m-%d %H:%M UTC")),
            None => "until the key is revoked".to_owned(),
        }
    )];
    if whose.form == Form::Bearer {
        words.push(
            "It is a copy, and is not renewed: export it again when it has ended.".to_owned(),
        );
    }
    match (&whose.api, request.format) {
        (Api::At(url), ExportFormat::ClaudeCredentials | ExportFormat::DockerSecret) => {
            words.push(format!(
                "It is for {url}, which the file cannot say. Set ANTHROPIC_BASE_URL to that wherever it is used; else it is sent to Anthropic."
            ));
        }
        (Api::NotSaid, _) => words.push(
            "Nothing says which API it is for. Set ANTHROPIC_BASE_URL wherever it is used; else it is sent to Anthropic."
                .to_owned(),
        ),
        _ => {}
    }
    if request.format == ExportFormat::DockerSecret
        && let Some(workspace) = workspace_of(whose)
    {
        words.push(format!(
            "Requests with it have to name its workspace, which the file cannot say. Set ANTHROPIC_CUSTOM_HEADERS to `anthropic-workspace-id: {workspace}` wherever it is used."
        ));
    }
    if request.format == ExportFormat::AnthropicProfile {
        words.push("Programs read it where ANTHROPIC_CONFIG_DIR names the folder.".to_owned());
    }
    if request.format == ExportFormat::ClaudeCredentials {
        words.push(
            "Claude Code reads it as .credentials.json in the folder that CLAUDE_CONFIG_DIR names, with mode 0600."
                .to_owned(),
        );
    }
    if let ExportTo::Path(path) = &request.to
        && std::path::absolute(path).is_ok_and(|path| path.ancestors().any(is_work_tree))
    {
        words.push("It lies in a working tree of git: do not commit it.".to_owned());
    }
    words
}

/// What a program has to know of an access token that no file of variables tells it.
fn how_it_is_sent(format: ExportFormat, given: &Given) -> Option<String> {
    let is_bare = matches!(format, ExportFormat::DockerSecret | ExportFormat::Json);
    if given.whose.form != Form::Bearer || !is_bare {
        return None;
    }
    let is_theirs =
        given.whose.api == Api::Anthropic || given.secret().expose().starts_with(ACCESS_TOKEN);
    let beta = match is_theirs {
        true => format!(", with the header `anthropic-beta: {OAUTH}` in ANTHROPIC_CUSTOM_HEADERS"),
        false => String::new(),
    };
    Some(format!(
        "It belongs in ANTHROPIC_AUTH_TOKEN and not in ANTHROPIC_API_KEY{beta}. `--format env` says all of that by itself."
    ))
}

/// Where an export goes.
struct Place {
    path: PathBuf,
    is_folder: bool,
    /// The earlier export that lies there.
    replaces: Option<Connection>,
}

/// What has become of an exported file, as a sentence; none while it lies there as it was written.
pub(super) fn export_problem(one: &Connection) -> Option<String> {
    if one.to != Recipient::File {
        return None;
    }
    let mut files = one.changes.iter().filter_map(file_of);
    let changed = files.find(|(path, _)| !is_as_written(one, path));
    let changed = changed.map(|(path, _)| format!("{} was changed since.", path.display()));
    export_gone(one).or(changed)
}

/// Whether an exported file lies there as it was written. Where a kill came between, that is as it was before it was
/// replaced, or as it was after that.
fn is_as_written(one: &Connection, path: &Path) -> bool {
    if files::refuse_link(path).is_err() {
        return false;
    }
    let found = files::read_small(path).ok().flatten();
    let found = found.map(|found| fingerprint(&found.bytes));
    let mut known = one.changes.iter().filter_map(file_of);
    known.any(|(of, sha256)| of == path && found.as_deref() == Some(sha256))
}

/// That an exported file is not where it was written, as a sentence.
pub(super) fn export_gone(one: &Connection) -> Option<String> {
    let is_gone =
        |path: &Path| path.symlink_metadata().is_err() || files::refuse_link(path).is_err();
    let mut files = one.changes.iter().filter_map(file_of);
    let (path, _) = files
        .find(|(path, _)| is_gone(path))
        .filter(|_| one.to == Recipient::File)?;
    let but = match path.is_symlink() {
        true => ", only a symbolic link",
        false => "",
    };
    Some(format!(
        "{} is not there any more{but}. If it was moved or copied, what it holds works until its end.",
        path.display()
    ))
}

/// Writes an exported file: a new one, or over the earlier one.
fn write(path: &Path, text: &[u8], replaces: Option<&Connection>) -> Result<()> {
    let of_before = |one: &&Connection| {
        let mut files = one.changes.iter().filter_map(file_of);
        files.any(|(known, _)| known == path)
    };
    let written = match replaces.filter(of_before) {
        // Getting the credential may take its time, in which somebody may have written there.
        Some(before) if !is_as_written(before, path) => return Err(changed_since(path)),
        Some(_) => files::replace_private(path, text),
        None => files::create_bytes(path, text),
    };
    written.map_err(|error| not_exported(path, &error))
}

/// Whether a profile's configuration would become another one. Its two files cannot be replaced at the same instant, and
/// in between a token would go to the other one's API.
fn is_for_another_api(before: &Connection, now: &Connection) -> bool {
    let config = |path: &Path| {
        path.parent()
            .is_some_and(|folder| folder.ends_with("configs"))
    };
    let is_another = |(path, sha256): (&Path, &str)| {
        let mut earlier = before.changes.iter().filter_map(file_of);
        config(path) && earlier.any(|(of, known)| of == path && known != sha256)
    };
    let is_folder = now.changes.iter().filter_map(file_of).count() > 1;
    is_folder && now.changes.iter().filter_map(file_of).any(is_another)
}

fn file_of(change: &Change) -> Option<(&Path, &str)> {
    match change {
        Change::File {
            path,
            sha256: Some(sha256),
        } => Some((path, sha256)),
        _ => None,
    }
}

fn is_export_to(one: &Connection, path: &Path) -> bool {
    one.to == Recipient::File && one.target.as_deref().map(Path::new) == Some(path)
}

fn is_unchanged(one: &Connection) -> bool {
    export_problem(one).is_none()
}

fn is_work_tree(folder: &Path) -> bool {
    folder.join(".git").exists()
}

/// Whether this may lie anywhere but where it does.
fn may_be_exported(whose: &Whose, format: ExportFormat) -> Result<()> {
    let account = &whose.account;
    let label = &account.label;
    if whose.claude_code_folder().is_some() {
        return Err(Error::new(
            Code::Failed,
            format!(
                "\"{label}\" is a session of Claude Code. Anthropic lets no other program copy one, so nothing of it is exported."
            ),
            "In a container sign in with Claude Code itself: `claude auth login` with CLAUDE_CONFIG_DIR on a volume; or make a token for it with `claude setup-token`, and give that as CLAUDE_CODE_OAUTH_TOKEN.",
        ));
    }
    if account.owner == Owner::Environment {
        return Err(Error::new(
            Code::Usage,
            format!("{label} is a variable of the environment, and stays there."),
            "Name an account that Keyfob holds: `keyfob accounts` lists them.",
        ));
    }
    if is_of_a_plan(account) {
        return Err(no_plan(account));
    }
    let is_key = whose.form == Form::ApiKey;
    match format {
        ExportFormat::ClaudeCredentials if is_key => Err(Error::new(
            Code::Usage,
            format!("\"{label}\" is an API key, and that file holds access tokens alone."),
            "Export it with `--format env`, which sets ANTHROPIC_API_KEY.",
        )),
        ExportFormat::AnthropicProfile if is_key => Err(Error::new(
            Code::Usage,
            format!("\"{label}\" is an API key, and a profile holds access tokens alone."),
            "Export it with `--format env`, which sets ANTHROPIC_API_KEY.",
        )),
        ExportFormat::ClaudeCredentials if account.owner != Owner::Keyfob => Err(Error::new(
            Code::Usage,
            format!("\"{label}\" is kept by ant, and is no session of Claude Code."),
            "Sign in to Claude Code where it runs: `claude auth login`.",
        )),
        // These say where it goes, and a program takes them for all that there is to be said.
        ExportFormat::AnthropicProfile | ExportFormat::Env | ExportFormat::Json
            if whose.api == Api::NotSaid =>
        {
            Err(Error::new(
                Code::Failed,
                format!(
                    "Nothing says which API the token of \"{label}\" is for, and programs would send it to Anthropic's."
                ),
                "Add `base_url` to its provider in config.toml, then export again; or `--format docker-secret`, where the program is told the address.",
            ))
        }
        _ => Ok(()),
    }
}

fn no_end(account: &Account) -> Error {
    Error::new(
        Code::Failed,
        format!("Nothing says when the token of \"{}\" ends.", account.label),
        "Export it with `--format env`, which needs no end.",
    )
}

fn refused(path: &Path, why: &str) -> Error {
    Error::new(
        Code::Usage,
        format!("{} {why}.", path.display()),
        "It was left as it is. Move it away, or name another place.",
    )
}

fn changed_since(path: &Path) -> Error {
    refused(path, "was changed since Keyfob wrote it")
}

fn not_exported(path: &Path, error: &io::Error) -> Error {
    Error {
        cure: "Check the folder's permissions, or name another place. Nothing was exported."
            .to_owned(),
        ..files::not_written(path, error)
    }
}
