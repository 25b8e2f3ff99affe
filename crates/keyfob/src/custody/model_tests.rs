//! Every way in which three programs, their lock, the store, the disk and the server can take turns over one account,
//! with any program stopped between any two steps: explored exhaustively, and the promises checked in each state.
//!
//! The steps are those of `renewing.rs`, `keeping.rs` and `sign_out.rs`; what is decided between them is decided by
//! the real functions (`LeftBehind::of`, `still_waits`, `need`), so that model and code cannot drift apart there.
//!
//! Callers in one process need no model of their own: they pass an asynchronous mutex in front of the file lock
//! (`lock.rs`), so to this model two callers in one process are two processes with less that can go wrong. A caller
//! without the lock only reads the store, and what it reads there is durable by definition.

mod machine;
mod oracle;

use stateright::{Checker as _, HasDiscoveries, Model as _};

use self::machine::{Custody, Flaw};

#[test]
fn three_programs_that_may_be_stopped_anywhere_lose_nothing() {
    let checker = Custody::new(Flaw::None).checker().threads(2).spawn_bfs();
    let checker = checker.join();
    println!(
        "{} states, {} of them different, {} steps deep",
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth()
    );
    checker.assert_properties();
    assert!(checker.unique_state_count() > 100_000);
}

/// A checker that finds nothing wrong in anything proves nothing.
#[test]
fn a_core_with_one_step_done_wrong_is_found_out() {
    for (flaw, broken) in [
        (Flaw::NoLock, "one at a time"),
        (Flaw::NoRereading, "no token is spent twice"),
        (Flaw::NoProof, "nothing is lost"),
        (Flaw::FilesRemovedFirst, "nothing is lost"),
        (Flaw::MemoryAlwaysWins, "nothing is lost"),
        (Flaw::HandedOutBeforeStored, "durable before used"),
        (Flaw::SignOutKeepsItem, "signed out stays signed out"),
        (Flaw::NoNote, "what is lost is said to be cut off"),
    ] {
        let checker = Custody::new(flaw)
            .checker()
            .threads(2)
            .finish_when(HasDiscoveries::AllOf([broken].into_iter().collect()))
            .spawn_bfs()
            .join();
        let steps = checker.discovery(broken);
        assert!(steps.is_some(), "{flaw:?} was not found");
    }
}
