//! Renewing before anybody asks: at a person's word, or in the background.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinSet;

use super::Keyfob;
use super::linking::session_of;
use super::renewing::Patience;
use super::tokens::gone;
use crate::account::{Account, AccountId, Facts};
use crate::credential::Credential;
use crate::custody::freshness::Want;
use crate::error::{Code, Error, Result};
use crate::status::Status;

/// How many servers are asked at once for the sake of many accounts.
pub(super) const TURNS: usize = 8;

/// How many accounts are at work at once: those that ask, and those whose results are being written down.
const AT_WORK: usize = 32;

/// How the renewal of one account among many ended.
#[derive(Debug, Clone, Serialize)]
pub struct Renewal {
    /// The account.
    pub account: AccountId,
    /// As it is called.
    pub label: String,
    /// Why it was not renewed, or what should be said beside it.
    pub problem: Option<Error>,
    /// Whether the token is a new one.
    pub renewed: bool,
}

impl Keyfob {
    /// Renews the token of one account before its time. However many ask at once, it is renewed once. A session of
    /// another program is renewed by that program.
    pub async fn refresh(&self, name: Option<&str>) -> Result<(Status, Option<Error>)> {
        let account = &self.stored(name)?;
        if matches!(account.facts, Facts::Key(_)) {
            return Err(Error::new(
                Code::Usage,
                format!(
                    "\"{}\" is an API key: there is nothing to renew.",
                    account.label
                ),
                "Keys work until they are revoked.",
            ));
        }
        if session_of(account).is_some() {
            return self.refresh_linked(account.id.clone()).await;
        }
        let warning = self.refresh_one(account, None).await?;
        Ok((self.status(Some(account.id.as_str()))?, warning))
    }

    /// Renews the tokens of all accounts that can be renewed, at most eight at once, and tells of each as it is done.
    pub async fn refresh_all(&self, told: impl FnMut(Renewal)) -> Result<()> {
        let accounts = self.0.accounts.read()?;
        let renewable =
            |account: &&Account| matches!(&account.facts, Facts::Tokens(facts) if facts.renewable);
        let wanted: Vec<Account> = accounts
            .accounts
            .iter()
            .filter(renewable)
            .cloned()
            .collect();
        self.each(wanted, Self::refresh_one_of_many, told).await;
        Ok(())
    }

    async fn refresh_one_of_many(self, account: Account, turn: OwnedSemaphorePermit) -> Renewal {
        let renewed = self.refresh_one(&account, Some(turn)).await;
        Renewal {
            renewed: renewed.is_ok(),
            problem: renewed.unwrap_or_else(Some),
            account: account.id,
            label: account.label,
        }
    }

    async fn refresh_one(
        &self,
        account: &Account,
        turn: Option<OwnedSemaphorePermit>,
    ) -> Result<Option<Error>> {
        let Some(Credential::OAuth(tokens)) = self.0.vault.load(&account.id).await? else {
            return Err(gone(account));
        };
        let want = Want::Other {
            than: tokens.access_token.clone(),
            insists: true,
        };
        let handed = self
            .renewal(account.id.clone(), want, Patience::Waits, turn)
            .await?;
        Ok(handed.and_then(|handed| handed.warning))
    }

    /// Does something for each of many accounts, of which eight at once may ask a server.
    pub(super) async fn each<F: Future<Output = Renewal> + Send + 'static>(
        &self,
        accounts: Vec<Account>,
        work: impl Fn(Self, Account, OwnedSemaphorePermit) -> F,
        mut told: impl FnMut(Renewal),
    ) {
        let (teller, mut done) = mpsc::unbounded_channel();
        let mut at_work = JoinSet::new();
        for account in accounts {
            // It is never closed.
            let Ok(turn) = Arc::clone(&self.0.turns).acquire_owned().await else {
                return;
            };
            let (teller, working) = (teller.clone(), work(self.clone(), account, turn));
            at_work.spawn(async move {
                let _ = teller.send(working.await);
            });
            while at_work.len() >= AT_WORK {
                at_work.join_next().await;
            }
            while let Ok(renewal) = done.try_recv() {
                told(renewal);
            }
        }
        drop(teller);
        while let Some(renewal) = done.recv().await {
            told(renewal);
        }
    }
}
