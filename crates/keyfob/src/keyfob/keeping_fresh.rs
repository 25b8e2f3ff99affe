//! Keeping tokens fresh in the background, so that tools never wait: in the window while it runs, and in
//! `keyfob watch`.

use std::fs::File;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::OwnedSemaphorePermit;

use super::Keyfob;
use super::refreshing::Renewal;
use super::renewing::Patience;
use crate::account::{Account, Facts};
use crate::custody::backoff;
use crate::custody::freshness::{Want, Windows};
use crate::custody::lock;
use crate::error::{Code, Error, Result};

/// The longest sleep, after which is looked whether files have changed or the computer was suspended.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// The shortest sleep.
const SHORTEST_SLEEP: Duration = Duration::from_secs(1);

/// The shortest sleep after something failed, be it only a keychain that is locked.
const AFTER_FAILURE: Duration = Duration::from_secs(15);

/// How long before its end a token is renewed at the latest, where a copy of it lies with a tool: the SDKs want the next
/// one 30 s before, and take none that has less.
const COPIED: SignedDuration = SignedDuration::from_secs(60);

/// How much of that is left when the last of them is renewed.
const COPIED_AT_LEAST: SignedDuration = SignedDuration::from_secs(45);

/// No token is renewed in the background before it has lived for so long.
const SHORTEST_LIFE: SignedDuration = SignedDuration::from_secs(3);

/// How much longer than planned a sleep has to be before the computer is believed to have been suspended.
const SUSPENDED: SignedDuration = SignedDuration::from_secs(10);

/// The longest that one waits after the computer woke: the network is coming up, and everybody else wakes, too.
const SETTLING: Duration = Duration::from_secs(8);

impl Keyfob {
    /// Keeps all accounts fresh until `stop`. Of all programs that do this, one does it at a time, and another one
    /// takes over when that ends.
    pub async fn keep_fresh(&self, mut told: impl FnMut(Renewal), stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut turn = None;
        loop {
            // Who cannot open the store leaves the turn to somebody who can.
            turn = match self.0.vault.look().await {
                Ok(()) if turn.is_some() => turn,
                Ok(()) => self.watch_turn().ok().flatten(),
                Err(_) => None,
            };
            let sleep = match &turn {
                Some(_) => {
                    let mut failed = false;
                    let watched = |renewal: Renewal| {
                        failed |= renewal.problem.is_some();
                        told(renewal);
                    };
                    // Each renewal is a task of its own, so that leaving here breaks none off; it only begins no more.
                    tokio::select! {
                        () = &mut stop => break,
                        () = self.renew_what_is_due(watched) => {}
                    }
                    match failed {
                        true => self.until_next().max(AFTER_FAILURE),
                        false => self.until_next(),
                    }
                }
                // The lock is tried again; it costs a few system calls.
                None => SHORTEST_SLEEP * 5,
            };
            let (wall, steady) = (self.0.edge.now(), Instant::now());
            tokio::select! {
                () = &mut stop => break,
                () = tokio::time::sleep(sleep) => {}
            }
            if was_suspended(wall, steady, self.0.edge.now()) {
                tokio::select! {
                    () = &mut stop => break,
                    () = tokio::time::sleep(self.by_chance(SETTLING)) => {}
                }
            }
        }
        self.settled().await;
    }

    /// Renews once what is due, and tells of each.
    pub async fn keep_fresh_once(&self, told: impl FnMut(Renewal)) -> Result<()> {
        self.0.accounts.read()?;
        self.renew_what_is_due(told).await;
        self.settled().await;
        match self.0.renewals.unfinished().len() {
            0 => Ok(()),
            count => Err(Error::new(
                Code::SecretStore,
                format!(
                    "{count} renewed token(s) still wait, sealed on disk, for the store to take them."
                ),
                "Unlock the store, then run this again.",
            )),
        }
    }

    /// Whether some program keeps the accounts fresh at this moment.
    pub fn is_kept_fresh(&self) -> bool {
        matches!(self.watch_turn(), Ok(None))
    }

    /// Whether a renewal is under way in this process.
    pub fn is_renewing(&self) -> bool {
        self.0.under_way.any()
    }

    /// Waits until no renewal is under way: ending the program before would lose what a server is about to answer.
    pub async fn settled(&self) {
        self.0.under_way.ended().await;
    }

    fn watch_turn(&self) -> Result<Option<File>> {
        lock::if_free(&self.0.home.locks().join("watch.lock"))
    }

    async fn renew_what_is_due(&self, told: impl FnMut(Renewal)) {
        for id in self.0.renewals.unfinished() {
            // What another program could not store. It is tried again next time.
            let _ = self.settle(&id).await;
        }
        let (now, windows, copied) = (self.0.edge.now(), self.windows(), self.copied());
        let Ok(accounts) = self.0.accounts.read() else {
            return;
        };
        let due = |account: &&Account| {
            let is_copied = copied.contains(&account.id);
            due_at(account, windows, is_copied, now).is_some_and(|due| due <= now)
        };
        let due: Vec<Account> = accounts.accounts.iter().filter(due).cloned().collect();
        let mut told = told;
        self.each(due, Self::renew_one_that_is_due, &mut told).await;
        self.put_copies_right().await;
        self.renew_linked_that_are_due(&accounts, &mut told).await;
    }

    async fn renew_one_that_is_due(self, account: Account, turn: OwnedSemaphorePermit) -> Renewal {
        // A token that is renewed by somebody else at this moment needs nobody else.
        let id = account.id.clone();
        let want = Want::Valid(match &account.facts {
            // Copies are renewed earlier than others: any token that is good for longer than this one will do.
            Facts::Tokens(facts) if self.copied().contains(&id) => {
                let left = facts.expires_at.duration_since(self.0.edge.now());
                left.saturating_add(SignedDuration::from_secs(1))
            }
            _ => SignedDuration::ZERO,
        });
        let renewed = self.renewal(id, want, Patience::None, Some(turn)).await;
        Renewal {
            renewed: matches!(renewed, Ok(Some(_))),
            problem: renewed.map_or_else(Some, |handed| handed?.warning),
            account: account.id,
            label: account.label,
        }
    }

    /// How long nothing is due.
    fn until_next(&self) -> Duration {
        let (now, windows, copied) = (self.0.edge.now(), self.windows(), self.copied());
        let Ok(accounts) = self.0.accounts.read() else {
            return LONGEST_SLEEP;
        };
        let next = accounts
            .accounts
            .iter()
            .filter_map(|a| due_at(a, windows, copied.contains(&a.id), now))
            .min();
        let left = next.map_or(SignedDuration::MAX, |next| next.duration_since(now));
        Duration::try_from(left)
            .unwrap_or_default()
            .clamp(SHORTEST_SLEEP, LONGEST_SLEEP)
    }

    fn by_chance(&self, longest: Duration) -> Duration {
        let chance = self.0.edge.random().map_or(0, |random| random[0]);
        longest * u32::from(chance) / 255
    }
}

/// Whether the computer slept: the wall clock went on, the steady one did not.
fn was_suspended(wall: Timestamp, steady: Instant, now: Timestamp) -> bool {
    let steady = SignedDuration::try_from(steady.elapsed()).unwrap_or(SignedDuration::MAX);
    now.duration_since(wall).saturating_sub(steady) > SUSPENDED
}

/// When a token is to be renewed in the background: early in the advisory window, by an amount that differs from
/// account to account, so that many that were signed in to together are not renewed together.
fn due_at(
    account: &Account,
    windows: Windows,
    is_copied: bool,
    now: Timestamp,
) -> Option<Timestamp> {
    let Facts::Tokens(facts) = &account.facts else {
        return None;
    };
    let refused = facts.trouble.as_ref().is_some_and(|t| t.is_final);
    let over = facts.sign_in_ends_at.is_some_and(|end| end <= now);
    if !facts.renewable || refused || over {
        return None;
    }
    let lifetime = facts.expires_at.duration_since(facts.obtained_at);
    let mut windows = windows.within(lifetime);
    if is_copied {
        windows.advisory = windows.advisory.max(COPIED.min(lifetime / 6 * 5));
        windows.blocking = windows.blocking.max(COPIED_AT_LEAST).min(windows.advisory);
    }
    let spread = (windows.advisory - windows.blocking) / 2;
    let begin = facts.expires_at.saturating_sub(windows.advisory).ok()?;
    let due = begin
        .saturating_add(spread / 256 * i32::from(account.id.chance()))
        .ok()?;
    // A server whose tokens end at once is not asked without end.
    let due = due.max(facts.obtained_at.saturating_add(SHORTEST_LIFE).ok()?);
    match backoff::left(facts.trouble.as_ref().and_then(|t| t.rests_until), now) {
        Some(rest) => Some(due.max(now.saturating_add(rest).ok()?)),
        None => Some(due),
    }
}

#[cfg(test)]
#[path = "keeping_fresh_tests.rs"]
mod tests;
