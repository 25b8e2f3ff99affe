//! The person's own order of accounts, and whether the next one may be given where the first one fails.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Accounts;
use crate::account::{Account, AccountId, Payer};

/// That an account could not be used and another one was given in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct FellBack {
    /// Since when.
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    pub since: Timestamp,
    /// The one that should have been given.
    pub from: AccountId,
    /// As it is called.
    pub from_label: String,
    /// Who would have been billed.
    pub from_payer: Payer,
    /// The one that was given.
    pub to: AccountId,
    /// As it is called.
    pub to_label: String,
    /// Who is billed.
    pub to_payer: Payer,
    /// Why, as a sentence.
    pub reason: String,
}

impl FellBack {
    /// What happened and who pays now, in a sentence or two.
    pub fn words(&self) -> String {
        let Self {
            from_label,
            to_label,
            reason,
            ..
        } = self;
        let pays = match self.changes_payer() {
            true => format!(
                "now billed to {}, and not to {}",
                self.to_payer.words(),
                self.from_payer.words()
            ),
            false => format!("billed to {} as before", self.to_payer.words()),
        };
        format!("\"{from_label}\" could not be used: {reason} Gave \"{to_label}\" instead: {pays}.")
    }

    /// Whether somebody else is billed by it.
    pub fn changes_payer(&self) -> bool {
        self.from_payer != self.to_payer
    }

    /// Whether it is the same as another one, but for when and why.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        (&self.from, &self.to) == (&other.from, &other.to)
    }
}

impl Accounts {
    /// Whether the person has set an order.
    pub(crate) fn is_ordered(&self) -> bool {
        !self.order.is_empty()
    }

    /// Where an account or a variable stands in the person's order; what has no place comes after all that have.
    pub(crate) fn places(&self) -> HashMap<&AccountId, usize> {
        let order = self.order.iter().enumerate();
        order.map(|(place, id)| (id, place)).collect()
    }

    /// Sets the order: those that are named come first, all others follow as they stood. A variable has a place only
    /// where it is named.
    pub(crate) fn set_order(&mut self, first: &[AccountId]) {
        let stored = self.accounts.iter().map(|account| &account.id);
        let rest: Vec<_> = match self.is_ordered() {
            true => self.order.iter().chain(stored).collect(),
            false => stored.collect(),
        };
        let mut seen = HashSet::new();
        let all = first.iter().chain(rest);
        self.order = all.filter(|id| seen.insert(*id)).cloned().collect();
        self.fell_back = None;
        self.follow_order();
    }

    /// The default as an older Keyfob, or one without the order, goes by it.
    fn follow_order(&mut self) {
        let first = self.order.iter().find(|id| self.get(id).is_some());
        self.default = first.cloned().or(self.default.take());
    }

    /// Forgets the order. The default stays the one that it meant.
    pub(crate) fn clear_order(&mut self) {
        self.order.clear();
        self.fallback = false;
        self.fell_back = None;
    }

    /// Whether another account was given in the place of this one, and that is still to be shown.
    pub(crate) fn fell_back_from(&self, id: &AccountId) -> bool {
        self.fell_back.as_ref().is_some_and(|fell| fell.from == *id)
    }

    /// A new account stands last, but a real one before all practice.
    pub(super) fn take_place(&mut self, account: &Account) {
        if !self.is_ordered() {
            return;
        }
        let is_practice = |id: &AccountId| self.get(id).is_some_and(|a| a.practice);
        let place = match account.practice {
            true => None,
            false => self.order.iter().position(is_practice),
        };
        let place = place.unwrap_or(self.order.len());
        self.order.insert(place, account.id.clone());
    }

    pub(super) fn leave_place(&mut self, id: &AccountId) {
        self.order.retain(|other| other != id);
        let gone = |fell: &FellBack| fell.from == *id || fell.to == *id;
        if self.fell_back.as_ref().is_some_and(gone) {
            self.fell_back = None;
        }
        match self.order.iter().any(|id| self.get(id).is_some()) {
            true => self.follow_order(),
            false => self.clear_order(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{account, id, practice};
    use super::*;

    fn list(accounts: impl IntoIterator<Item = Account>) -> Accounts {
        let mut list = Accounts::default();
        for account in accounts {
            list.add(account);
        }
        list
    }

    #[test]
    fn those_that_are_named_come_first_and_the_others_follow() {
        let mut list = list([account(1, "one"), account(2, "two"), account(3, "three")]);
        list.set_order(&[id(3)]);
        assert_eq!(list.order, [id(3), id(1), id(2)]);
        assert_eq!(list.default, Some(id(3)));
        // A variable has a place where it is named.
        list.set_order(&[id(9), id(2)]);
        assert_eq!(list.order, [id(9), id(2), id(3), id(1)]);
        assert_eq!(list.default, Some(id(2)));
        list.add(account(4, "four"));
        assert_eq!(list.order.last(), Some(&id(4)));
        list.remove(&id(2));
        assert_eq!(list.order, [id(9), id(3), id(1), id(4)]);
        list.clear_order();
        assert!(!list.is_ordered() && !list.fallback);
    }

    #[test]
    fn a_real_account_stands_before_practice() {
        let mut list = list([practice(1, "practice")]);
        list.set_order(&[id(1)]);
        list.add(account(2, "real"));
        list.add(practice(3, "more practice"));
        assert_eq!(list.order, [id(2), id(1), id(3)]);
        assert_eq!(list.default, Some(id(2)));
    }

    #[test]
    fn an_order_of_nothing_but_variables_is_none() {
        let mut list = list([account(1, "one")]);
        list.set_order(&[id(9), id(1)]);
        list.remove(&id(1));
        assert!(!list.is_ordered());
    }

    #[test]
    fn who_pays_is_said_where_it_changes() {
        let fell = FellBack {
            since: Timestamp::UNIX_EPOCH,
            from: id(1),
            from_label: "Work".to_owned(),
            from_payer: Payer::Plan,
            to: id(2),
            to_label: "CI key".to_owned(),
            to_payer: Payer::Api,
            reason: "The sign-in has ended.".to_owned(),
        };
        assert_eq!(
            fell.words(),
            "\"Work\" could not be used: The sign-in has ended. Gave \"CI key\" instead: now billed to API usage, and not to your plan."
        );
        let same = FellBack {
            from_payer: Payer::Api,
            ..fell
        };
        assert!(same.words().ends_with("billed to API usage as before."));
    }
}
