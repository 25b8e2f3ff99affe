//! The person's own order of accounts: who is given without a name, and who in the place of one that fails.

use serde::Serialize;

use super::Keyfob;
use super::environment::Named;
use super::tokens::Handed;
use crate::account::{Account, AccountId, Facts, KeyAnswer, Method};
use crate::accounts::{Accounts, FellBack};
use crate::activity::What;
use crate::custody::freshness::Want;
use crate::error::{Code, Error, Result};
use crate::linked::environment::{Found, Kind};

/// Orders that many have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Sign-ins that Keyfob holds, then tokens of the environment, then API keys.
    StoredFirst,
    /// Tokens of the environment, then sign-ins that Keyfob holds, then API keys.
    EnvironmentFirst,
}

/// The order, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct Order {
    /// Whether the person has set one; else only the default is given without a name.
    pub is_set: bool,
    /// Whether the next one is given where the first one fails.
    pub fallback: bool,
    /// The accounts, and of the variables that are set here those that have a place, in that order. A variable that
    /// has none is given only by its name.
    pub placed: Vec<AccountId>,
    /// That another one than the first was given, until that works again or the person has seen it.
    pub fell_back: Option<FellBack>,
}

impl Keyfob {
    /// The order as it stands.
    pub fn order(&self) -> Result<Order> {
        let accounts = self.0.accounts.read()?;
        let placed = self.placed(&accounts).into_iter();
        Ok(Order {
            is_set: accounts.is_ordered(),
            fallback: accounts.fallback,
            placed: placed.map(|named| named.account().id.clone()).collect(),
            fell_back: accounts.fell_back.clone(),
        })
    }

    /// Sets the order: those that are named come first, the others follow.
    pub fn set_order(&self, names: &[String]) -> Result<Order> {
        self.0.accounts.change(|accounts| {
            let mut ids = Vec::new();
            for name in names {
                let named = self.named(accounts, Some(name))?;
                ids.push(named.account().id.clone());
            }
            accounts.set_order(&ids);
            Ok(())
        })?;
        self.order()
    }

    /// Sets one of the usual orders. Within each kind, the accounts stay as they stand.
    pub fn set_usual_order(&self, preset: Preset) -> Result<Order> {
        self.0.accounts.change(|accounts| {
            let mut all = self.all_in_order(accounts);
            all.sort_by_key(|named| preset.rank(named));
            let ids: Vec<_> = all.iter().map(|named| named.account().id.clone()).collect();
            accounts.set_order(&ids);
            Ok(())
        })?;
        self.order()
    }

    /// Forgets the order: the first of it stays the default.
    pub fn clear_order(&self) -> Result<Order> {
        self.0.accounts.change(|accounts| {
            accounts.clear_order();
            Ok(())
        })?;
        self.order()
    }

    /// Whether the next one in the order is given where the first one fails. That needs an order: without one, the
    /// accounts stand as they do now.
    pub fn set_fallback(&self, on: bool) -> Result<Order> {
        self.0.accounts.change(|accounts| {
            if on && !accounts.is_ordered() {
                // Without a default, the order would make one of whichever stands first.
                let default = accounts.find(None)?.id.clone();
                accounts.set_order(&[default]);
            }
            accounts.fallback = on && accounts.is_ordered();
            if !on {
                accounts.fell_back = None;
            }
            Ok(())
        })?;
        self.order()
    }

    /// The person has seen that another account is given.
    pub fn acknowledge_fallback(&self) -> Result<()> {
        self.0.accounts.change(|accounts| {
            accounts.fell_back = None;
            Ok(())
        })
    }

    /// Accounts and variables in the person's order; what has no place in it comes last, variables after accounts.
    pub(super) fn all_in_order<'a>(&self, accounts: &'a Accounts) -> Vec<Named<'a>> {
        let stored = accounts.accounts.iter().map(Named::Stored);
        let variables = self.in_environment().into_iter();
        let variables = variables.map(|found| Named::Variable(Box::new(found)));
        let mut all: Vec<Named<'a>> = stored.chain(variables).collect();
        if accounts.is_ordered() {
            let places = accounts.places();
            let place = |named: &Named<'_>| places.get(&named.account().id).copied();
            all.sort_by_key(|named| place(named).unwrap_or(usize::MAX));
        }
        all
    }

    /// The one that is given without a name: the first that is not passed over. A variable that is not set is not
    /// there.
    pub(super) fn first_in_order<'a>(&self, accounts: &'a Accounts) -> Result<Named<'a>> {
        let mut all = self.of_the_firsts_kind(accounts).into_iter();
        let first = all.find(|named| !is_passed_over(accounts, named));
        first.ok_or_else(nothing_usable)
    }

    /// Practice and real accounts never stand in for each other, so what counts is of the first one's kind.
    fn of_the_firsts_kind<'a>(&self, accounts: &'a Accounts) -> Vec<Named<'a>> {
        let mut all = self.placed(accounts);
        if let Some(practice) = all.first().map(|named| named.account().practice) {
            all.retain(|named| named.account().practice == practice);
        }
        all
    }

    fn placed<'a>(&self, accounts: &'a Accounts) -> Vec<Named<'a>> {
        let places = accounts.places();
        let mut all = self.all_in_order(accounts);
        all.retain(|named| places.contains_key(&named.account().id));
        all
    }

    /// The credential of the first in the order. Where the person wants that, the next one in the place of one that
    /// fails.
    pub(super) async fn hand_out_in_order(
        &self,
        accounts: &Accounts,
        want: &Want,
    ) -> Result<Handed> {
        let (mut failed, mut passed_over): (Option<(Account, Error)>, Vec<String>) =
            Default::default();
        for named in self.of_the_firsts_kind(accounts) {
            let account = named.account().clone();
            if is_passed_over(accounts, &named) {
                passed_over.push(account.label);
                continue;
            }
            if failed.is_some() && is_refused(&account) {
                continue;
            }
            match self.hand_out_of(named, want).await {
                Ok(mut handed) => {
                    match failed {
                        Some((first, error)) => {
                            handed.instead = Some(self.note_fallback(&first, &account, &error));
                        }
                        None => self.first_works_again(accounts, &account),
                    }
                    handed.passed_over = passed_over;
                    return Ok(handed);
                }
                Err(error) if accounts.fallback && error.code != Code::Usage => {
                    failed.get_or_insert((account, error));
                }
                Err(error) => return Err(error),
            }
        }
        Err(failed.map_or_else(nothing_usable, |(_, error)| error))
    }

    /// Writes down that another account was given, where people find it.
    fn note_fallback(&self, from: &Account, to: &Account, why: &Error) -> FellBack {
        let fell = FellBack {
            since: self.0.edge.now(),
            from: from.id.clone(),
            from_label: from.label.clone(),
            from_payer: from.payer,
            to: to.id.clone(),
            to_label: to.label.clone(),
            to_payer: to.payer,
            reason: why.message.clone(),
        };
        let noted = self.0.accounts.change(|accounts| {
            let known = accounts.fell_back.as_ref();
            let is_new = !known.is_some_and(|known| known.is_like(&fell));
            if is_new {
                accounts.fell_back = Some(fell.clone());
            }
            Ok(is_new)
        });
        // A list that cannot be written must not keep a tool from its credential; the activity has it.
        if noted.unwrap_or(true) {
            self.tell_words(from, What::FellBack, Some(fell.words()));
        }
        fell
    }

    /// Nothing more has to be shown of an account that failed and works again.
    pub(super) fn first_works_again(&self, accounts: &Accounts, first: &Account) {
        if accounts.fell_back_from(&first.id) {
            let _ = self.acknowledge_fallback();
        }
    }
}

impl Preset {
    /// Which kinds come first. A variable that is never given stands with its kind all the same, to be shown there.
    fn rank(self, named: &Named<'_>) -> u8 {
        let stored = |account: &Account| match account.method {
            Method::ApiKey => 2,
            _ => u8::from(self == Self::EnvironmentFirst),
        };
        match named {
            Named::Stored(account) => stored(account) + 4 * u8::from(account.practice),
            Named::Variable(found) if found.kind == Kind::ApiKey => 3,
            Named::Variable(_) => u8::from(self == Self::StoredFirst),
        }
    }
}

/// Whether tools can be given anything of it at all.
fn gives(named: &Named<'_>) -> bool {
    match named {
        Named::Stored(account) => account.method != Method::ClaudeCode,
        Named::Variable(found) => matches!(&**found, Found { given: Ok(_), .. }),
    }
}

/// Whether the search goes on behind it without a try. A variable that gives nothing is nobody's choice of a
/// credential; an account that gives nothing is, and what comes behind it may be billed to somebody else.
fn is_passed_over(accounts: &Accounts, named: &Named<'_>) -> bool {
    !gives(named) && (accounts.fallback || matches!(named, Named::Variable(_)))
}

/// A key that the server does not know any more is no help for one that fails.
fn is_refused(account: &Account) -> bool {
    let Facts::Key(facts) = &account.facts else {
        return false;
    };
    let checked = facts.checked.as_ref();
    checked.is_some_and(|check| matches!(check.answer, KeyAnswer::Refused { .. }))
}

fn nothing_usable() -> Error {
    Error::new(
        Code::SignInNeeded,
        "No account in your order can give a credential here.",
        "Look at it with `keyfob order`, sign in with `keyfob login`, or name an account.",
    )
}
