//! Counts what was asked of the server.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::Serialize;

use crate::ledger::Ledger;
use crate::shared::lock;

/// What is counted while requests come in.
#[derive(Default)]
pub(crate) struct Counters(Mutex<Tally>);

#[derive(Clone, Default, Serialize)]
struct Tally {
    consents: u64,
    declines: u64,
    exchanges: u64,
    exchanges_ok: u64,
    refreshes: u64,
    refreshes_ok: u64,
    /// The refresh requests that are under way at this moment.
    in_flight: u64,
    /// The most refresh requests that were under way at one moment.
    in_flight_max: u64,
    paths: BTreeMap<String, u64>,
}

/// Every figure, as the control API tells it.
#[derive(Serialize)]
pub(crate) struct Snapshot {
    authorize: u64,
    models: u64,
    messages: u64,
    metadata: u64,
    revocations: u64,
    refresh_reuse: u64,
    families_revoked: usize,
    #[serde(flatten)]
    tally: Tally,
}

impl Counters {
    /// Counts a request by its path, answered or not. The control API is left out, so that looking changes nothing.
    pub(crate) fn request(&self, path: &str) {
        if !path.starts_with("/control") {
            *lock(&self.0).paths.entry(path.to_owned()).or_default() += 1;
        }
    }

    pub(crate) fn consent(&self) {
        lock(&self.0).consents += 1;
    }

    pub(crate) fn decline(&self) {
        lock(&self.0).declines += 1;
    }

    pub(crate) fn exchange(&self) {
        lock(&self.0).exchanges += 1;
    }

    pub(crate) fn exchange_ok(&self) {
        lock(&self.0).exchanges_ok += 1;
    }

    /// Counts a refresh request and holds it as under way until what is returned is dropped.
    pub(crate) fn refresh(&self) -> InFlight<'_> {
        let mut tally = lock(&self.0);
        tally.refreshes += 1;
        tally.in_flight += 1;
        tally.in_flight_max = tally.in_flight_max.max(tally.in_flight);
        InFlight(self)
    }

    pub(crate) fn refresh_ok(&self) {
        lock(&self.0).refreshes_ok += 1;
    }

    /// Forgets everything but the requests still under way.
    pub(crate) fn reset(&self) {
        let mut tally = lock(&self.0);
        *tally = Tally {
            in_flight: tally.in_flight,
            ..Tally::default()
        };
    }

    pub(crate) fn snapshot(&self, ledger: &Ledger) -> Snapshot {
        let tally = lock(&self.0).clone();
        let at = |path: &str| tally.paths.get(path).copied().unwrap_or_default();
        Snapshot {
            authorize: at("/oauth/authorize"),
            models: at("/v1/models"),
            messages: at("/v1/messages"),
            metadata: at("/.well-known/oauth-authorization-server"),
            revocations: at("/v1/oauth/revoke"),
            refresh_reuse: ledger.reuses(),
            families_revoked: ledger.families_revoked(),
            tally,
        }
    }
}

/// A refresh request under way. Dropped with it, also when the client goes away in the middle.
pub(crate) struct InFlight<'a>(&'a Counters);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let mut tally = lock(&self.0.0);
        tally.in_flight = tally.in_flight.saturating_sub(1);
    }
}
