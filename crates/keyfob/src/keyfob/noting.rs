//! What is written down of what happened: facts into the list of accounts, and entries into the activity. None of it
//! decides anything about a secret, so that it cannot be written takes nothing away.

use std::time::Instant;

use super::Keyfob;
use super::not_renewed::NotRenewed;
use super::renewing::Renewed;
use super::tokens::Handed;
use crate::account::{Account, Facts, TokenFacts, Trouble};
use crate::activity::{Entry, What};
use crate::credential::OAuthTokens;
use crate::custody::backoff;
use crate::custody::freshness::Want;
use crate::custody::renewals::fingerprint;
use crate::error::{Code, Error, Result};

impl Keyfob {
    /// Writes down that a token was renewed, and hands it out.
    pub(super) async fn note_renewed(
        &self,
        account: &Account,
        renewed: Renewed,
        want: &Want,
        begun: Instant,
    ) -> Handed {
        let Renewed {
            tokens, warning, ..
        } = renewed;
        self.0.activity.add(&Entry {
            request_id: renewed.request_id,
            took_ms: Some(milliseconds(begun)),
            exposed_us: renewed.exposed_us,
            ..self.entry(account, What::Renewed)
        });
        let noted = self.note_facts(account, &tokens, None).await;
        let passed_on = self.pass_on(account, &tokens);
        if let Ok(accounts) = self.0.accounts.read() {
            self.first_works_again(&accounts, account);
        }
        let left = tokens.expires_at.duration_since(self.0.edge.now());
        let shorter = matches!(want, Want::Valid(at_least) if left < *at_least);
        Handed {
            warning: warning
                .or(noted.err())
                .or(passed_on)
                .or(shorter.then(too_short)),
            ..Handed::of(&account.id, &tokens)
        }
    }

    /// Brings the list up to date with tokens that were found in the store.
    pub(super) async fn note_tokens(&self, account: &Account, tokens: &OAuthTokens) -> Result<()> {
        let trouble = match &account.facts {
            // Of the same tokens, what went wrong with them is still true.
            Facts::Tokens(known)
                if (known.obtained_at, known.expires_at)
                    == (tokens.obtained_at, tokens.expires_at) =>
            {
                known.trouble.clone()
            }
            _ => None,
        };
        // What it says is in the connection's own words.
        let _ = self.pass_on(account, tokens);
        self.note_facts(account, tokens, trouble).await
    }

    async fn note_facts(
        &self,
        account: &Account,
        tokens: &OAuthTokens,
        trouble: Option<Trouble>,
    ) -> Result<()> {
        let Facts::Tokens(known) = &account.facts else {
            return Ok(());
        };
        let waits = self.unsaved(&account.id).is_some();
        let facts = TokenFacts {
            trouble,
            waits_since: waits.then(|| known.waits_since.unwrap_or(self.0.edge.now())),
            issued: known.issued.clone(),
            ..facts_of(tokens, known.scopes.clone())
        };
        if facts == *known {
            return Ok(());
        }
        self.learn(account, |known| *known = facts).await
    }

    /// Changes what is known of an account's tokens, unless it was signed in to anew meanwhile.
    async fn learn(
        &self,
        account: &Account,
        change: impl FnOnce(&mut TokenFacts) + Send + 'static,
    ) -> Result<()> {
        let generation = account.generation;
        let change = move |account: &mut Account| match &mut account.facts {
            Facts::Tokens(facts) if account.generation == generation => change(facts),
            _ => {}
        };
        self.0.accounts.change_one(&account.id, change).await
    }

    /// Writes down why a renewal failed, and how long the server is left alone for it.
    pub(super) async fn note_trouble(
        &self,
        account: &Account,
        tokens: &OAuthTokens,
        not: &NotRenewed,
        begun: Instant,
    ) {
        // What is wrong on this computer is tried again and again; it is told once.
        if let Facts::Tokens(facts) = &account.facts
            && !not.rests
            && !not.is_final
            && facts
                .trouble
                .as_ref()
                .is_some_and(|t| t.reason == not.error.message)
        {
            return;
        }
        let what = match not.is_final {
            true => What::SignInEnded,
            false => What::RenewalFailed,
        };
        self.0.activity.add(&Entry {
            words: Some(not.error.message.clone()),
            detail: not.error.detail.clone(),
            request_id: not.request_id.clone(),
            took_ms: Some(milliseconds(begun)),
            ..self.entry(account, what)
        });
        let Facts::Tokens(facts) = &account.facts else {
            return;
        };
        // Once the server has ended the sign-in, no later trouble with the same token says less than that.
        let refused = tokens.refresh_token.as_ref().map(fingerprint);
        let known = |t: &Trouble| t.is_final && t.refused == refused;
        if facts.trouble.as_ref().is_some_and(known) && !not.is_final {
            return;
        }
        let now = self.0.edge.now();
        let earlier = facts
            .trouble
            .as_ref()
            .filter(|t| t.is_final == not.is_final);
        let failures = earlier.map_or(0, |t| t.failures).saturating_add(1);
        // Without randomness the rest is simply not shortened.
        let chance = self.0.edge.random().map_or(0, |random| random[0]);
        let rest = backoff::rest(failures, not.told, chance);
        let trouble = Trouble {
            since: earlier.map_or(now, |t| t.since),
            is_final: not.is_final,
            reason: not.error.message.clone(),
            detail: not.error.detail.clone(),
            failures,
            rests_until: not.rests.then(|| now.saturating_add(rest).unwrap_or(now)),
            told_until: not
                .told
                .map(|told| now.saturating_add(backoff::told(told)).unwrap_or(now)),
            refused: refused.filter(|_| not.is_final),
        };
        // A list that cannot be written must not hide the reason, which is given to whoever asked.
        let _ = self
            .learn(account, |facts| facts.trouble = Some(trouble))
            .await;
    }

    /// Writes down that something happened to an account.
    pub(super) fn tell(&self, account: &Account, what: What, error: Option<&Error>) {
        self.0.activity.add(&Entry {
            words: error.map(|error| error.message.clone()),
            detail: error.and_then(|error| error.detail.clone()),
            ..self.entry(account, what)
        });
    }

    /// The same, with how long it took.
    pub(super) fn tell_took(
        &self,
        account: &Account,
        what: What,
        error: Option<&Error>,
        begun: Instant,
    ) {
        self.0.activity.add(&Entry {
            words: error.map(|error| error.message.clone()),
            detail: error.and_then(|error| error.detail.clone()),
            took_ms: Some(milliseconds(begun)),
            ..self.entry(account, what)
        });
    }

    /// The same, with a sentence.
    pub(super) fn tell_words(&self, account: &Account, what: What, words: Option<String>) {
        self.0.activity.add(&Entry {
            words,
            ..self.entry(account, what)
        });
    }

    fn entry(&self, account: &Account, what: What) -> Entry {
        Entry {
            at: self.0.edge.now(),
            account: account.id.clone(),
            label: account.label.clone(),
            what,
            asked_by: self.0.asked_by.clone(),
            words: None,
            detail: None,
            request_id: None,
            took_ms: None,
            exposed_us: None,
        }
    }
}

/// What is told of tokens without showing them.
pub(super) fn facts_of(tokens: &OAuthTokens, scopes: Vec<String>) -> TokenFacts {
    TokenFacts {
        obtained_at: tokens.obtained_at,
        expires_at: tokens.expires_at,
        sign_in_ends_at: tokens.sign_in_ends_at,
        renewable: tokens.refresh_token.is_some(),
        scopes,
        trouble: None,
        waits_since: None,
        issued: None,
    }
}

fn milliseconds(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn too_short() -> Error {
    Error::new(
        Code::Failed,
        "The server issues tokens for a shorter time than was asked for.",
        "This is the newest one; ask for less time.",
    )
}
