//! Claude Code, by the `apiKeyHelper` of its settings: it asks when it starts, every five minutes, and after a refusal.

mod leading;

use std::path::{Path, PathBuf};

use serde_json::Value;

use self::leading::{ADDRESS, ITS_HEADERS, address, check_theirs, wrote};
use super::listing::gone_meanwhile;
use super::{ConnectRequest, Connected, Made, fits};
use crate::error::{Code, Error, Result};
use crate::files;
use crate::hand_over::asked;
use crate::hand_over::change::Change;
use crate::hand_over::connections::{Connection, ConnectionId, Recipient};
use crate::hand_over::settings_file::SettingsFile;
use crate::keyfob::connectable::Prospect;
use crate::keyfob::given::Whose;
use crate::keyfob::looking_around::{managed_folder, no_home};
use crate::keyfob::which::existing;
use crate::keyfob::{Keyfob, OtherProgram};
use crate::linked::claude_code::{Place, named_folder};
use crate::precedence::{self, Source, Tool, WarningCode};

/// The key in its settings.
const HELPER: &[&str] = &["apiKeyHelper"];

/// How Claude Code is to be connected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaudeCodeWish {
    /// For one folder alone: in its `.claude/settings.local.json`, which is the person's own. The line names a program
    /// and a connection of this computer, so it is of no use to others who work on the folder.
    pub project: Option<PathBuf>,
    /// Put Keyfob's in the place of a helper or an address that is there already; disconnecting puts that back.
    pub replace: bool,
    /// Also where no Claude Code is installed yet.
    pub anyway: bool,
}

/// Which settings are meant.
struct Settings {
    file: SettingsFile,
    path: PathBuf,
    /// The project's folder.
    project: Option<PathBuf>,
}

impl Settings {
    fn target(&self) -> Option<String> {
        let project = self.project.as_ref()?;
        Some(project.display().to_string())
    }
}

impl Keyfob {
    /// What it would come to, where the settings need no change: this account's helper is there, or another account's of
    /// the same server, which then gives this one's.
    pub(super) fn claude_code_already(
        &self,
        wish: &ClaudeCodeWish,
        request: &ConnectRequest,
        whose: &Whose,
    ) -> Result<Option<Connected>> {
        let settings = self.settings_of(wish)?;
        let Some(mut one) = self.connections_of(&settings)?.into_iter().next() else {
            return Ok(None);
        };
        let line = self.claude_code_line(&request.program, &one.id);
        // What does not fit is told where it is connected.
        let is_there = fits(Recipient::ClaudeCode, whose).is_ok()
            && settings.file.value(HELPER)? == Some(line.into())
            && self
                .leading(whose, &settings, Some(&one))?
                .is_in(&settings, &one)?;
        if !is_there {
            return Ok(None);
        }
        let mut words = vec!["It was connected already; nothing was changed.".to_owned()];
        if one.account != whose.account.id {
            self.check_socket_here(&settings)?;
            self.0.connections.change(|list| {
                let listed = list.all.iter_mut().find(|listed| listed.id == one.id);
                // Whoever signs out takes back what the list gives to the account by then.
                let accounts = self.0.accounts.read()?;
                let (Some(listed), Some(_)) = (listed, accounts.get(&whose.account.id)) else {
                    return Err(gone_meanwhile());
                };
                listed.account.clone_from(&whose.account.id);
                Ok(())
            })?;
            one.account.clone_from(&whose.account.id);
            words = vec![format!(
                "It gets the credential of \"{}\" from now on; its settings stay as they are. A Claude Code that runs already asks within five minutes.",
                whose.account.label
            )];
        }
        Ok(Some(Connected {
            connection: self.shown(&one),
            words,
            command: None,
        }))
    }

    pub(super) fn connect_claude_code(
        &self,
        id: &ConnectionId,
        wish: &ClaudeCodeWish,
        request: &ConnectRequest,
        whose: &Whose,
    ) -> Result<Made> {
        let settings = self.settings_of(wish)?;
        // What is wrong with the file that would be written is said first, and in its own words.
        settings.file.value(HELPER)?;
        settings.file.value(ADDRESS)?;
        let missing = self.program(OtherProgram::ClaudeCode).err();
        if let Some(error) = missing.as_ref().filter(|_| !wish.anyway) {
            let mut error = error.clone();
            error
                .cure
                .push_str(" To connect it before it is installed, add --anyway.");
            return Err(error);
        }
        self.check_socket_here(&settings)?;
        let all_earlier = self.connections_of(&settings)?;
        let earlier = all_earlier.first();
        let leading = self.leading(whose, &settings, earlier)?;
        Self::check_their_helper(&settings, earlier, wish.replace)?;
        check_theirs(&settings, earlier, &leading, wish.replace)?;
        let line = self.claude_code_line(&request.program, id);
        let mut values = vec![(HELPER, Value::from(line))];
        values.extend(leading.values());
        let changes = all_earlier.iter().flat_map(|one| &one.changes);
        let over: Vec<_> = changes.filter_map(Change::settings).collect();
        let now = self.0.edge.now();
        let prepared = settings.file.prepare_over(&over, &values, now)?;
        let made = Made {
            target: settings.target(),
            valid_until: None,
            changes: vec![prepared.change()],
            words: Vec::new(),
            command: None,
        };
        // An earlier one stays in the list until this is written, because it is the one in force.
        let connection = self.connection(id, Recipient::ClaudeCode, whose, &made);
        self.list_and_write(connection, &whose.account, |_| prepared.write())?;
        for one in &all_earlier {
            self.unlist(&one.id);
            asked::forget(&self.0.home.asked(), &one.id);
        }
        let mut words = vec![format!(
            "{} names Keyfob's helper now. A Claude Code that runs already takes it when it is started again.",
            settings.path.display()
        )];
        words.extend(leading.words(&settings));
        words.extend(prepared.left);
        words.extend(missing.map(|error| error.message));
        if let Some(project) = &settings.project {
            let git = self.find_program("git");
            words.extend(super::project::about(
                project,
                &settings.path,
                git.as_deref(),
            ));
        }
        words.extend(self.in_the_way(&settings));
        Ok(Made { words, ..made })
    }

    fn settings_of(&self, wish: &ClaudeCodeWish) -> Result<Settings> {
        let variable = |name: &str| self.0.edge.variable(name);
        let home = self.0.edge.home_folder().ok_or_else(no_home)?;
        let config_dir = named_folder(variable);
        let user = Place::of(variable, config_dir.as_deref(), &home).folder;
        let Some(project) = &wish.project else {
            let path = user.join("settings.json");
            return Ok(Settings {
                file: SettingsFile::at(&path),
                path,
                project: None,
            });
        };
        let project = existing(project)?;
        let folder = project.join(".claude");
        if folder == user || user.canonicalize().is_ok_and(|user| user == folder) {
            return Err(Error::new(
                Code::Usage,
                format!(
                    "{} is where your settings for all folders lie, so nothing is connected there for that folder alone.",
                    folder.display()
                ),
                "Leave --project out.",
            ));
        }
        files::refuse_link(&folder).map_err(|error| linked(&folder, &error))?;
        let path = folder.join("settings.local.json");
        Ok(Settings {
            // Beside it, a backup could get into the project's history.
            file: SettingsFile::at(&path).with_backups_in(self.0.home.backups()),
            path,
            project: Some(project),
        })
    }

    /// Our connections in these settings, the one in force first. Where one was being replaced and that was cut short,
    /// there are two.
    fn connections_of(&self, settings: &Settings) -> Result<Vec<Connection>> {
        let list = self.0.connections.read()?;
        let is_one = |one: &Connection| {
            one.to == Recipient::ClaudeCode
                && one
                    .changes
                    .iter()
                    .any(|change| change.path() == settings.path)
        };
        let mut all: Vec<Connection> = list.all.into_iter().filter(is_one).collect();
        // What cannot be read is told by whoever changes it.
        let line = settings.file.value(HELPER).ok().flatten();
        let in_force = line.as_ref().and_then(Value::as_str);
        let in_force = in_force.and_then(super::connection_in);
        all.sort_by_key(|one| in_force != Some(one.id.as_str()));
        Ok(all)
    }

    /// A helper that somebody else has set there is replaced only by the person's word.
    fn check_their_helper(
        settings: &Settings,
        earlier: Option<&Connection>,
        replace: bool,
    ) -> Result<()> {
        let helper = settings.file.value(HELPER)?;
        let ours = |line: &Value| {
            let id = line.as_str().and_then(super::connection_in);
            earlier.is_some_and(|one| id == Some(one.id.as_str()))
        };
        let set = |value: &Value| !value.is_null() && value.as_str() != Some("");
        match helper.is_some_and(|line| set(&line) && !ours(&line)) && !replace {
            true => Err(Error::new(
                Code::Failed,
                format!(
                    "{} names another apiKeyHelper already.",
                    settings.path.display()
                ),
                "Add --replace to put Keyfob's in its place; `keyfob disconnect` puts the other one back.",
            )),
            false => Ok(()),
        }
    }

    /// The command line in the settings.
    pub(super) fn claude_code_line(&self, program: &Path, id: &ConnectionId) -> String {
        self.call_of(program, &format!("helper {id}"))
    }

    pub(in crate::keyfob) fn claude_code_prospect(&self) -> Prospect {
        let how =
            "Its setting apiKeyHelper runs Keyfob's command, which prints a valid credential.";
        match self.settings_of(&ClaudeCodeWish::default()) {
            Ok(settings) => {
                let there = super::standing_there(&settings.file, &[HELPER, ADDRESS]);
                Prospect::of(how, vec![settings.path]).with(there)
            }
            Err(error) => Prospect::of(how, Vec::new()).hindered(&error),
        }
    }

    /// What connecting an account would put aside, as a sentence: the address only where that needs another one.
    pub(in crate::keyfob) fn claude_code_puts_aside(&self, whose: &Whose) -> Option<String> {
        let settings = self.settings_of(&ClaudeCodeWish::default()).ok()?;
        let ours = self.connections_of(&settings).ok()?;
        let is_ours = |line: &Value| {
            let id = line.as_str().and_then(super::connection_in);
            id.is_some_and(|id| ours.iter().any(|one| one.id.as_str() == id))
        };
        let helper = settings.file.value(HELPER).ok()?;
        let mut values = Vec::new();
        values.extend((!helper.as_ref().is_some_and(is_ours)).then_some(HELPER));
        if let Some(url) = whose.api.other() {
            let there = settings.file.value(ADDRESS).ok()?;
            let is_ours = |url: &str| ours.iter().any(|one| wrote(one, url));
            let is_the_same = there == Some(address(url).into())
                || there.as_ref().and_then(Value::as_str).is_some_and(is_ours);
            values.extend((!is_the_same).then_some(ADDRESS));
        }
        let leading = self.leading(whose, &settings, ours.first());
        let headers = leading.is_ok_and(|leading| leading.puts_aside_here(&settings));
        values.extend(headers.then_some(ITS_HEADERS));
        super::standing_there(&settings.file, &values).ok()?
    }

    /// What keeps the helper from being used, although it is set.
    fn in_the_way(&self, settings: &Settings) -> Vec<String> {
        let mut words = Vec::new();
        if !settings.file.is_strict().unwrap_or(true) {
            words.push(format!(
                "Claude Code passes over {} as a whole, because there are comments or trailing commas in it. Take them out, so that the helper counts.",
                settings.path.display()
            ));
            return words;
        }
        let Ok(sources) = self.look_around(settings.project.as_deref(), &managed_folder()) else {
            return words;
        };
        let which = precedence::which(Tool::ClaudeCode, &sources);
        if let Some(winner) = &which.winner
            && winner.source == Source::ApiKeyHelper
            && winner.place != settings.path.display().to_string()
        {
            // By hand the address that goes with one of ours would stay there.
            let way = match precedence::connection_of_helper(&sources) {
                Some(id) => format!("Run `keyfob disconnect {id}`"),
                None => "Take that out".to_owned(),
            };
            words.push(format!(
                "{} is used in its place ({}). {way}, so that this one counts.",
                winner.name, winner.place
            ));
        }
        let matters = [
            WarningCode::HelperOutranked,
            WarningCode::LoginOnly,
            WarningCode::NotTrusted,
            WarningCode::OutranksPlan,
            WarningCode::SentTogether,
            WarningCode::SentElsewhere,
        ];
        let warnings = which.warnings.into_iter();
        let warnings = warnings.filter(|warning| matters.contains(&warning.code));
        words.extend(warnings.map(|warning| format!("{} {}", warning.words, warning.cure)));
        words
    }
}

/// What is written through a link may be another project's.
fn linked(folder: &Path, error: &std::io::Error) -> Error {
    Error {
        cure: "Put the folder itself in the link's place, or connect Claude Code for all folders."
            .to_owned(),
        ..files::not_written(folder, error)
    }
}
