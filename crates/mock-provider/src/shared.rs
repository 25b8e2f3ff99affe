//! What every request handler can reach.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::counters::Counters;
use crate::fault_list::FaultList;
use crate::fields::Aims;
use crate::ledger::{Ledger, Standing, Terms};
use crate::messages::Asks;
use crate::mint::Mint;
use crate::options::{Decision, Options};

/// The state of one running server, as handlers hold it.
pub(crate) type Handle = Arc<Shared>;

/// The state of one running server.
pub(crate) struct Shared {
    pub(crate) base_url: String,
    pub(crate) options: Options,
    pub(crate) mint: Mint,
    pub(crate) counters: Counters,
    /// Who asked for a message with what.
    pub(crate) asks: Asks,
    ledger: Mutex<Ledger>,
    faults: Mutex<FaultList>,
    /// Told whenever the faults are cleared, for the answers that are held until then.
    cleared: Notify,
    switches: Mutex<Switches>,
    /// Whom tokens were asked for last, by where that was said.
    pub(crate) aims: Mutex<BTreeMap<&'static str, Aims>>,
}

/// What the control API can change while the server runs.
pub(crate) struct Switches {
    /// The life of access tokens from now on, in seconds.
    pub(crate) access_ttl: i64,
    pub(crate) auto: Option<Decision>,
    /// Who signs in from now on.
    pub(crate) email: String,
    /// By how many seconds the `Date` header is wrong.
    pub(crate) date_ahead: i64,
}

impl Switches {
    fn new(options: &Options) -> Self {
        Self {
            access_ttl: seconds(options.access_ttl),
            auto: options.auto,
            email: options.email.clone(),
            date_ahead: 0,
        }
    }
}

impl Shared {
    pub(crate) fn new(base_url: String, options: Options) -> std::io::Result<Self> {
        Ok(Self {
            base_url,
            mint: Mint::new(&options)?,
            counters: Counters::default(),
            asks: Asks::default(),
            ledger: Mutex::default(),
            faults: Mutex::default(),
            cleared: Notify::new(),
            switches: Mutex::new(Switches::new(&options)),
            aims: Mutex::default(),
            options,
        })
    }

    /// Puts everything back to how it was at the start: nothing issued, nothing counted, no faults.
    pub(crate) fn reset(&self) {
        *self.ledger() = Ledger::default();
        self.clear_faults();
        *self.switches() = Switches::new(&self.options);
        lock(&self.aims).clear();
        self.counters.reset();
        self.asks.clear();
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, FaultList> {
        lock(&self.faults)
    }

    /// Takes back every order, and lets go of the answers that are held.
    pub(crate) fn clear_faults(&self) {
        *self.faults() = FaultList::default();
        self.cleared.notify_waiters();
    }

    /// The next time that the faults are cleared, counted from this call and not from when it is first awaited.
    pub(crate) fn cleared(&self) -> Notified<'_> {
        self.cleared.notified()
    }

    pub(crate) fn switches(&self) -> MutexGuard<'_, Switches> {
        lock(&self.switches)
    }

    /// The issuer identifier this server names (RFC 8414 §2, RFC 9207 §2).
    pub(crate) fn issuer(&self) -> &str {
        self.options.issuer.as_deref().unwrap_or(&self.base_url)
    }

    /// Milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        let since = (self.options.clock)().duration_since(UNIX_EPOCH);
        since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX / 2))
    }

    /// Remembers whom a token was asked for.
    pub(crate) fn note_aims(&self, place: &'static str, aims: Aims) {
        lock(&self.aims).insert(place, aims);
    }

    /// How a token stands, whichever of both kinds it is.
    pub(crate) fn standing(&self, token: &str) -> Standing {
        let (now, ledger) = (self.now(), self.ledger());
        match ledger.refresh_standing(token, now) {
            Standing::Unknown => ledger.standing(token, now),
            known => known,
        }
    }

    pub(crate) fn terms(&self) -> Terms {
        Terms {
            now: self.now(),
            access_life: self.switches().access_ttl.saturating_mul(1000),
            refresh_life: seconds(self.options.refresh_ttl).saturating_mul(1000),
        }
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// Locks; what a panicking test left behind is still good enough to look at.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
