//! Having a session of another program renewed by that program, and handing on what it hands on by itself.

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::Keyfob;
use super::linking::session_of;
use super::other_programs::OtherProgram;
use super::refreshing::Renewal;
use super::tokens::Handed;
use crate::account::{Account, AccountId, Facts, Link, SeenSession, SessionFacts, Trouble};
use crate::accounts::Accounts;
use crate::activity::What;
use crate::custody::freshness::Want;
use crate::error::{Code, Error, Result};
use crate::linked::program::Ended;
use crate::linked::{Looked, spoken};
use crate::secret::Secret;
use crate::status::Status;

/// The model that the smallest request is made to.
const MODEL: &str = "claude-haiku-4-5";

/// How long Claude Code may take for its request.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long `ant` may take.
const PATIENCE_WITH_ANT: Duration = Duration::from_secs(40);

/// How long before its end Claude Code is asked to renew a session in the background; it does so in the last minutes.
const SHORTLY_BEFORE: SignedDuration = SignedDuration::from_mins(2);

/// How long it is left alone in the background after it could not.
const REST: SignedDuration = SignedDuration::from_hours(1);

impl Keyfob {
    /// Has a session renewed by its owner, in a task of its own: the owner may just have spent its refresh token.
    pub(super) async fn refresh_linked(&self, id: AccountId) -> Result<(Status, Option<Error>)> {
        let keyfob = self.clone();
        let counted = self.0.under_way.begin();
        let refreshing = async move {
            let _counted = counted;
            keyfob.refreshed_by_owner(&id).await
        };
        tokio::spawn(refreshing).await.map_err(broke_off)?
    }

    async fn refreshed_by_owner(&self, id: &AccountId) -> Result<(Status, Option<Error>)> {
        let begun = Instant::now();
        let asked_for = self.0.accounts.read()?.find(Some(id.as_str()))?.clone();
        let before = self.looked_at(&asked_for).await?;
        let held = self.0.locks.account(id).await?;
        let account = self.0.accounts.read()?.find(Some(id.as_str()))?.clone();
        let now = self.looked_at(&account).await?;
        // Somebody else had it renewed while the lock was waited for.
        if now.seen.what != before.seen.what && is_alive(&now.seen.what, self.0.edge.now()) {
            self.note_looked(id, &now)?;
            return Ok((self.status(Some(id.as_str()))?, None));
        }
        if let SeenSession::Missing { reason } = &now.seen.what {
            self.note_looked(id, &now)?;
            return Err(Error::new(Code::SignInNeeded, reason, cure(&account)));
        }
        let asked = match session_of(&account).map(|facts| &facts.link) {
            Some(Link::ClaudeCode { config_dir }) => {
                self.ask_claude_code(config_dir.as_deref()).await
            }
            Some(Link::AnthropicProfile {
                config_dir,
                profile,
            }) => self.print_credentials(config_dir.as_deref(), profile).await,
            _ => return Err(not_renewed_here(&account)),
        };
        let after = self.looked_at(&account).await?;
        self.note_looked(id, &after)?;
        let is_new =
            after.seen.what != now.seen.what && is_alive(&after.seen.what, self.0.edge.now());
        let done = self.judge(&account, asked, &after, is_new);
        drop(held);
        match &done {
            Ok(_) if is_new => self.tell_took(&account, What::Renewed, None, begun),
            Ok(_) => {}
            Err(error) => {
                let is_final = error.code == Code::SignInNeeded;
                let what = if is_final {
                    What::SignInEnded
                } else {
                    What::RenewalFailed
                };
                self.tell_took(&account, what, Some(error), begun);
                self.note_linked_trouble(id, error, is_final)?;
            }
        }
        let warning = done?;
        self.forget_linked_trouble(id)?;
        Ok((self.status(Some(id.as_str()))?, warning))
    }

    /// What is to be said of a try: nothing or a warning where the session is good, else why it is not.
    fn judge(
        &self,
        account: &Account,
        asked: Result<Asked>,
        after: &Looked,
        is_new: bool,
    ) -> Result<Option<Error>> {
        let asked = asked?;
        let alive = is_alive(&after.seen.what, self.0.edge.now());
        let name = owner_of(account).name();
        let words = asked.words.clone().unwrap_or_default();
        let with_words = |error: Error| match words.is_empty() {
            true => error,
            false => error.detail(format!("{name}: {words}")),
        };
        if is_new {
            return Ok(None);
        }
        if asked.refused {
            return Err(with_words(Error::new(
                Code::SignInNeeded,
                format!(
                    "The server no longer accepts {name}'s session, and {name} could not renew it."
                ),
                cure(account),
            )));
        }
        if asked.unreachable {
            return Err(with_words(Error::new(
                Code::Network,
                format!("{name} could not reach its server."),
                "Check the connection, then try again. The session is kept.",
            )));
        }
        match (asked.ended_well, alive) {
            (true, true) => Ok(Some(Error::new(
                Code::Failed,
                format!("{name} found its session good, and did not renew it yet."),
                format!("There is nothing to do: {name} renews it shortly before its end."),
            ))),
            (true, false) => Err(with_words(Error::new(
                Code::SignInNeeded,
                format!("{name}'s session has ended, and {name} did not renew it."),
                cure(account),
            ))),
            // Whatever it was, it need not be the session.
            (false, _) => Err(with_words(Error::new(
                Code::Failed,
                format!("{name} could not make the request by which it renews its session."),
                format!("Try again. If it stays like this: {}", cure(account)),
            ))),
        }
    }

    /// One small request, by which Claude Code renews its own session; and where the server refused it, one more.
    async fn ask_claude_code(&self, config_dir: Option<&Path>) -> Result<Asked> {
        let mut asked = self.ask_claude_code_once(config_dir).await?;
        if asked.refused {
            asked = self.ask_claude_code_once(config_dir).await?;
        }
        Ok(asked)
    }

    async fn ask_claude_code_once(&self, config_dir: Option<&Path>) -> Result<Asked> {
        let mut command = self.claude_command(config_dir)?;
        command.args(["-p", ".", "--model", MODEL]);
        // Without a network it would try for minutes before it says so.
        command.env("CLAUDE_CODE_MAX_RETRIES", "2");
        let ended = self
            .run_to_end(OtherProgram::ClaudeCode, command, PATIENCE)
            .await?;
        Ok(Asked::of(&ended))
    }

    /// `ant auth print-credentials`, which renews first where that is due. What it prints is not looked at.
    async fn print_credentials(&self, config_dir: Option<&Path>, profile: &str) -> Result<Asked> {
        Ok(Asked::of(&self.ant_token(config_dir, profile).await?))
    }

    /// In a task of its own, which is waited for before the program ends: `ant` may just have spent its refresh token,
    /// and is to write down the new one whoever goes away.
    async fn ant_token(&self, config_dir: Option<&Path>, profile: &str) -> Result<Ended> {
        let mut command = self.ant_command(config_dir, profile)?;
        command.args(["auth", "print-credentials", "--access-token"]);
        let keyfob = self.clone();
        let counted = self.0.under_way.begin();
        let asking = async move {
            let _counted = counted;
            keyfob
                .run_to_end(OtherProgram::Ant, command, PATIENCE_WITH_ANT)
                .await
        };
        tokio::spawn(asking).await.map_err(broke_off)?
    }

    /// What an account of another program gives to a tool: what `ant` prints; of Claude Code never anything.
    pub(super) async fn hand_out_linked(
        &self,
        account: &Account,
        facts: &SessionFacts,
        want: &Want,
    ) -> Result<Handed> {
        let (config_dir, profile) = match &facts.link {
            Link::AnthropicProfile {
                config_dir,
                profile,
            } => (config_dir.as_deref(), profile),
            Link::ClaudeCode { config_dir } => {
                return Err(no_token(account, config_dir.as_deref()));
            }
            Link::Environment { .. } => return Err(not_renewed_here(account)),
        };
        let ended = self.ant_token(config_dir, profile).await?;
        let token = Secret::new(ended.said.out.trim());
        let words = spoken::last_words(&ended.said.err, &[&token]);
        let looked = self.look(&facts.link)?;
        if is_news(account, facts, &looked) {
            // A list that cannot be written must not hide the token.
            let _ = self.note_looked(&account.id, &looked);
        }
        let with_words = |error: Error| match &words {
            Some(words) => error.detail(format!("ant: {words}")),
            None => error,
        };
        if ended.code != Some(0)
            || token.expose().is_empty()
            || token.expose().contains(char::is_whitespace)
        {
            let code = match spoken::is_unreachable(&ended.said.err) {
                true => Code::Network,
                false => Code::SignInNeeded,
            };
            let message = "ant gave no credential.";
            return Err(with_words(Error::new(code, message, cure(account))));
        }
        // It prints an old token with a warning where it could not renew it.
        let now = self.0.edge.now();
        if !is_alive(&looked.seen.what, now) {
            let message = "ant gave a token that has ended, because it could not renew it.";
            return Err(with_words(Error::new(
                Code::SignInNeeded,
                message,
                cure(account),
            )));
        }
        if let Want::Other { than, .. } = want
            && token == *than
        {
            let message = "ant gave the token again that was refused.";
            return Err(with_words(Error::new(
                Code::SignInNeeded,
                message,
                cure(account),
            )));
        }
        let warning = match (want, &looked.seen.what) {
            (
                Want::Valid(at_least),
                SeenSession::There {
                    expires_at: Some(end),
                    ..
                },
            ) if end.duration_since(now) < *at_least => Some(Error::new(
                Code::Failed,
                "ant's token ends sooner than was asked for.",
                "ant renews it in its last two minutes; ask for less time.",
            )),
            _ => None,
        };
        let expires_at = match looked.seen.what {
            SeenSession::There { expires_at, .. } => expires_at,
            _ => None,
        };
        Ok(Handed {
            warning,
            expires_at,
            ..Handed::of_secret(&account.id, token)
        })
    }

    /// In the background only where the person switched it on, because each renewal costs a request.
    pub(super) async fn renew_linked_that_are_due(
        &self,
        accounts: &Accounts,
        told: &mut impl FnMut(Renewal),
    ) {
        if !self.config().is_ok_and(|config| config.renew_claude_code) {
            return;
        }
        for account in &accounts.accounts {
            let seen = self.seen_now(account);
            let facts = seen.as_ref().and_then(session_of);
            if !facts.is_some_and(|facts| is_due(facts, self.0.edge.now())) {
                continue;
            }
            let renewed = self.refresh_linked(account.id.clone()).await;
            told(Renewal {
                account: account.id.clone(),
                label: account.label.clone(),
                renewed: renewed.is_ok(),
                problem: renewed.map_or_else(Some, |(_, warning)| warning),
            });
        }
    }

    async fn looked_at(&self, account: &Account) -> Result<Looked> {
        match session_of(account) {
            Some(facts) => self.look_by_request(&facts.link).await,
            None => Err(not_renewed_here(account)),
        }
    }

    fn note_linked_trouble(&self, id: &AccountId, error: &Error, is_final: bool) -> Result<()> {
        let now = self.0.edge.now();
        self.change_session(id, |facts| {
            let earlier = facts.trouble.as_ref().filter(|t| t.is_final == is_final);
            facts.trouble = Some(Trouble {
                since: earlier.map_or(now, |t| t.since),
                is_final,
                reason: error.message.clone(),
                detail: error.detail.clone(),
                failures: earlier.map_or(0, |t| t.failures).saturating_add(1),
                rests_until: now.saturating_add(REST).ok(),
                ..Trouble::default()
            });
        })
    }

    fn forget_linked_trouble(&self, id: &AccountId) -> Result<()> {
        self.change_session(id, |facts| facts.trouble = None)
    }

    fn change_session(&self, id: &AccountId, change: impl FnOnce(&mut SessionFacts)) -> Result<()> {
        self.0.accounts.change(|accounts| {
            if let Some(Facts::Session(facts)) = accounts.get_mut(id).map(|a| &mut a.facts) {
                change(facts);
            }
            Ok(())
        })
    }
}

/// How a program took it to be asked.
struct Asked {
    ended_well: bool,
    refused: bool,
    unreachable: bool,
    words: Option<String>,
}

impl Asked {
    fn of(ended: &Ended) -> Self {
        let ended_well = ended.code == Some(0);
        let said = |about: fn(&str) -> bool| about(&ended.said.err) || about(&ended.said.out);
        // What it prints on standard output may be an answer, or a token; only of a failure it says why.
        let failed_words = || spoken::last_words(&ended.said.out, &[]);
        let words = spoken::last_words(&ended.said.err, &[]);
        Self {
            unreachable: !ended_well && said(spoken::is_unreachable),
            refused: !ended_well
                && !said(spoken::is_unreachable)
                && said(spoken::is_refused_by_server),
            words: words.or_else(|| (!ended_well).then(failed_words).flatten()),
            ended_well,
        }
    }
}

fn is_alive(what: &SeenSession, now: Timestamp) -> bool {
    match what {
        SeenSession::There { expires_at, .. } => expires_at.is_none_or(|end| now < end),
        _ => false,
    }
}

/// Whether the list says something else of a session than what was just seen.
fn is_news(account: &Account, facts: &SessionFacts, looked: &Looked) -> bool {
    let is_there = matches!(looked.seen.what, SeenSession::There { .. });
    facts.seen.what != looked.seen.what
        || (is_there && (&account.identity, account.payer) != (&looked.identity, looked.payer))
}

/// Whether Claude Code is to be asked in the background.
fn is_due(facts: &SessionFacts, now: Timestamp) -> bool {
    let Link::ClaudeCode { .. } = facts.link else {
        return false;
    };
    let rests = |trouble: &Trouble| {
        trouble.is_final || trouble.rests_until.is_some_and(|until| now < until)
    };
    let SeenSession::There {
        expires_at: Some(end),
        sign_in_ends_at,
        renewable: true,
        ..
    } = &facts.seen.what
    else {
        return false;
    };
    let over = sign_in_ends_at.is_some_and(|end| end <= now);
    let near = end.duration_since(now) <= SHORTLY_BEFORE;
    near && !over && !facts.trouble.as_ref().is_some_and(rests)
}

pub(super) fn owner_of(account: &Account) -> OtherProgram {
    match session_of(account).map(|facts| &facts.link) {
        Some(Link::AnthropicProfile { .. }) => OtherProgram::Ant,
        _ => OtherProgram::ClaudeCode,
    }
}

/// What helps where only a new sign-in does.
pub(super) fn cure(account: &Account) -> String {
    let command = match owner_of(account) {
        OtherProgram::ClaudeCode => "claude auth login",
        OtherProgram::Ant => "ant auth login",
    };
    format!(
        "Sign in again: `keyfob login --account \"{}\"`, which runs `{command}`.",
        account.label
    )
}

fn no_token(account: &Account, config_dir: Option<&Path>) -> Error {
    let label = &account.label;
    let way = match config_dir {
        Some(folder) => format!(
            "Run `keyfob run \"{label}\" -- claude`, which uses it in its folder, {}.",
            folder.display()
        ),
        None => format!("Run `keyfob run \"{label}\" -- claude`, which uses it itself."),
    };
    Error::new(
        Code::Failed,
        format!(
            "\"{label}\" is a session of Claude Code, and its tokens are for Claude Code alone: Keyfob hands out none of them.",
        ),
        format!("{way} For other tools, add an API key or sign in to the Claude Console."),
    )
}

fn not_renewed_here(account: &Account) -> Error {
    Error::new(
        Code::Usage,
        format!("\"{}\" is not Keyfob's to renew.", account.label),
        "Renew it where it was set.",
    )
}

fn broke_off(error: tokio::task::JoinError) -> Error {
    Error::new(
        Code::Failed,
        "The renewal broke off inside Keyfob.",
        "Try again, and please report this.",
    )
    .detail(error.to_string())
}
