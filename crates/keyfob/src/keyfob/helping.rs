//! What a connected tool gets when it asks: quickly, renewed where that is due, and only if it sends it where it belongs.

use std::path::Path;

use jiff::SignedDuration;

use super::Keyfob;
use super::connecting::{fits, workspace_of};
use super::given::{Form, Given};
use crate::account::{AccountId, Facts};
use crate::activity::What;
use crate::api_key::{self, Presented, Verdict};
use crate::custody::renewals::fingerprint;
use crate::error::{Code, Error, Result};
use crate::hand_over::asked;
use crate::hand_over::connections::{Connection, Recipient};

/// A tool that asks again within this time may have been refused.
const AT_ONCE: SignedDuration = SignedDuration::from_secs(10);

/// How often a server is asked whether it refuses, however many ask again.
const DOUBTS: SignedDuration = SignedDuration::from_secs(5);

/// Where a server cannot be asked, a token that is younger is not taken for refused.
const YOUNG: SignedDuration = SignedDuration::from_secs(60);

/// How often the same trouble is told.
const TOLD: SignedDuration = SignedDuration::from_secs(60);

/// How sure it is that Claude Code was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    None,
    /// It has got the same one just now. Two that are started together have, too.
    Once,
    /// And another time before that.
    Again,
}

impl Keyfob {
    /// The credential for the tool of a connection, asked from within `folder`.
    pub async fn helper(&self, id: &str, folder: Option<&Path>) -> Result<Given> {
        self.helped(id, folder, None).await
    }

    /// The same for a program that ends with the answer, because the tool waits for its end. What takes longer is left
    /// to `command`, which is Keyfob's own.
    pub async fn helper_in_brief(
        &self,
        id: &str,
        folder: Option<&Path>,
        command: &Path,
    ) -> Result<Given> {
        self.helped(id, folder, Some(command)).await
    }

    async fn helped(
        &self,
        id: &str,
        folder: Option<&Path>,
        command: Option<&Path>,
    ) -> Result<Given> {
        let list = self.0.connections.read()?;
        let Some(one) = list.all.iter().find(|one| one.id.as_str() == id) else {
            return Err(Error::new(
                Code::Usage,
                format!("There is no connection {id} any more."),
                "Connect the tool again with `keyfob connect`, or take this helper out of its settings.",
            ));
        };
        self.note_asked(&one.id);
        let given = self.for_tool(one, folder, command).await;
        if let Err(error) = &given {
            let mut told = error.clone();
            told.message = format!("{} asked and got nothing: {}", one.to.name(), error.message);
            self.tell_once(one, What::NotGiven, &told);
        }
        given
    }

    /// folder's account? → may it go where the tool sends it? → valid → was it refused? → give.
    async fn for_tool(
        &self,
        one: &Connection,
        folder: Option<&Path>,
        command: Option<&Path>,
    ) -> Result<Given> {
        let account = self.account_for(one, folder)?;
        let whose = self.whose(Some(account.as_str()))?;
        // What the tool says of a workspace by itself it need not be told.
        if !self.says_workspace(one, &whose, folder)? {
            fits(one.to, &whose)?;
        }
        match one.to {
            Recipient::ClaudeCode => self.check_destination(one, &whose, folder)?,
            _ if account != one.account => self.check_same_api(one, &whose)?,
            // Where a command sends what it gets, the person said; what stands in settings may be of before.
            _ => self.check_written(one, &whose)?,
        }
        let given = self.kept_for_a_while(&whose, command).await?;
        let given = self.unless_refused(one, given).await?;
        let fingerprint = fingerprint(given.secret());
        let last = asked::last_given(&self.0.home.asked(), &one.id);
        let note = asked::Given {
            at: self.0.edge.now(),
            before: last
                .filter(|last| last.fingerprint == fingerprint)
                .map(|last| last.at),
            fingerprint,
        };
        let _ = asked::note_given(&self.0.home.asked(), &one.id, &note);
        Ok(given)
    }

    /// The connection's account, or that of the folder that the tool works in. What was connected for one project stays
    /// as it was connected.
    pub(super) fn account_for(&self, one: &Connection, folder: Option<&Path>) -> Result<AccountId> {
        let chosen = match (one.project(), folder) {
            (None, Some(folder)) => self.for_folder(folder)?,
            _ => None,
        };
        Ok(chosen.map_or_else(|| one.account.clone(), |chosen| chosen.account))
    }

    /// Another one, where Claude Code asks again at once and the server refuses the one that it has got. Other tools ask
    /// whenever they need one, pi at every request: that says nothing.
    async fn unless_refused(&self, one: &Connection, given: Given) -> Result<Given> {
        let doubt = match one.to {
            Recipient::ClaudeCode => self.doubt_of(one, &given),
            _ => Doubt::None,
        };
        if doubt == Doubt::None {
            return Ok(given);
        }
        let asked = self.0.home.asked();
        let print = fingerprint(given.secret());
        // What a server could not say a moment ago it is not asked again.
        let is_unanswered =
            doubt == Doubt::Again && asked::is_noted_of(&asked, &one.id, "unanswered", &print);
        let verdict = match is_unanswered {
            true => Verdict::NotAnswered,
            false if !asked::is_turn(&asked, &one.id, "doubted", DOUBTS, self.0.edge.now()) => {
                return Ok(given);
            }
            false => self.verdict(&given).await,
        };
        if verdict == Verdict::NotAnswered {
            let _ = asked::note_of(&asked, &one.id, "unanswered", &print);
        }
        if given.whose.form == Form::ApiKey {
            self.tell_of_key(one, verdict, doubt);
            return Ok(given);
        }
        let is_blind = match verdict {
            Verdict::Refused => false,
            // One that is asked for again and again where nobody can say why is worth one try.
            Verdict::NotAnswered if doubt == Doubt::Again && self.may_be_tried(one, &given) => true,
            _ => return Ok(given),
        };
        if is_blind {
            let _ = asked::note_of(&asked, &one.id, "renewed", &print);
        }
        let name = Some(given.whose.account.id.as_str());
        let next = self.given_in_place_of(name, given.secret().clone()).await;
        match next {
            // What may well be good is not kept back because no other one can be had.
            Err(_) if is_blind => Ok(given),
            next => next,
        }
    }

    /// How often Claude Code has got the same one just now.
    fn doubt_of(&self, one: &Connection, given: &Given) -> Doubt {
        let now = self.0.edge.now();
        let just_now = |at| {
            let since = now.duration_since(at);
            (SignedDuration::ZERO..AT_ONCE).contains(&since)
        };
        let last = asked::last_given(&self.0.home.asked(), &one.id);
        match last.filter(|last| last.fingerprint == fingerprint(given.secret())) {
            Some(last) if just_now(last.at) => match last.before.is_some_and(just_now) {
                true => Doubt::Again,
                false => Doubt::Once,
            },
            _ => Doubt::None,
        }
    }

    /// Whether a token may be renewed although nobody says that it is refused: once, and not while it is young.
    fn may_be_tried(&self, one: &Connection, given: &Given) -> bool {
        let is_young = match &given.whose.account.facts {
            Facts::Tokens(facts) => self.0.edge.now().duration_since(facts.obtained_at) <= YOUNG,
            _ => true,
        };
        let print = fingerprint(given.secret());
        !is_young && !asked::is_noted_of(&self.0.home.asked(), &one.id, "renewed", &print)
    }

    /// What the server says of a credential, as far as that can be learned quickly.
    async fn verdict(&self, given: &Given) -> Verdict {
        let Some(api) = given.whose.api.url() else {
            return Verdict::NotAnswered;
        };
        let form = match given.whose.form {
            Form::ApiKey => Presented::Key(workspace_of(&given.whose)),
            Form::Bearer => Presented::Token,
        };
        let asked = api_key::doubt(&self.0.http, &api, given.secret(), form);
        match tokio::time::timeout(self.0.limits.doubt, asked).await {
            Ok(Ok(verdict)) => verdict,
            _ => Verdict::NotReached,
        }
    }

    /// A key cannot be renewed; what is known of it is said, and nothing where it is taken.
    fn tell_of_key(&self, one: &Connection, verdict: Verdict, doubt: Doubt) {
        let name = one.to.name();
        let message = match (verdict, doubt) {
            (Verdict::Refused, _) => format!(
                "{name} asked for the key again at once, and the server refuses it. Replace it with `keyfob rotate-key`."
            ),
            (Verdict::NotAnswered | Verdict::NotReached, Doubt::Again) => format!(
                "{name} asked for the key again and again, so the server may have refused it. Check it with `keyfob status --probe`."
            ),
            _ => return,
        };
        let told = Error::new(Code::Failed, message, "");
        self.tell_once(one, What::AskedAgain, &told);
    }

    /// Into the activity, once a minute for each connection however often it happens.
    fn tell_once(&self, one: &Connection, what: What, told: &Error) {
        let now = self.0.edge.now();
        if !asked::is_turn(&self.0.home.asked(), &one.id, "told", TOLD, now) {
            return;
        }
        let accounts = self.0.accounts.read().unwrap_or_default();
        if let Some(account) = accounts.get(&one.account) {
            self.tell(account, what, Some(told));
        }
    }
}
