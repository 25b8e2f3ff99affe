//! What must be true after every step.

use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use keyfob::{AccountId, State};
use mock_provider::Standing;
use serde_json::Value;

use crate::world::{LONGEST_CALL, World, limits};

/// What the step that is checked has done to one account.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Done {
    /// Faults were ordered that carry out a request and spoil the answer.
    pub(crate) losing: usize,
    /// A program was stopped while it may have waited for a server.
    pub(crate) crashed: bool,
    /// A client may have left before the server noticed.
    pub(crate) client_leaves: bool,
    /// None but `token` and `token_in_place_of` was called, so the server was asked once at most.
    pub(crate) only_once: bool,
}

/// Waits until nothing is under way, and then holds everything against the ledgers of the servers.
///
/// `leaving` of the faults that were ordered since `began` let a client wait for as long as it waits at all. A step that
/// took longer than that was held up by the computer: then a client may have left between what the server did and its
/// own reading of it, as if its program had been stopped.
pub(crate) async fn check(world: &mut World, done: &[Done], began: Instant, leaving: u32) {
    for which in 0..world.programs.len() {
        let keyfob = world.programs[which].keyfob.clone();
        let settled = tokio::time::timeout(LONGEST_CALL, keyfob.settled()).await;
        assert!(settled.is_ok(), "renewals are under way without end");
    }
    let was_held_up = began.elapsed() >= limits().server * (1 + leaving);
    for (person, done) in done.iter().enumerate() {
        let done = Done {
            crashed: done.crashed || was_held_up,
            ..*done
        };
        check_person(world, person, done).await;
    }
    check_lists(world).await;
}

async fn check_person(world: &mut World, person: usize, done: Done) {
    let label = world.people[person].label;
    let counters = world.counters(person).await;
    let count = |name: &str| counters[name].as_u64().unwrap();
    let reused = count("refresh_reuse") > world.people[person].reuse;
    let asked = count("refreshes") - world.people[person].refreshes;
    let in_flight_max = count("in_flight_max");
    if done.only_once {
        assert!(asked <= 1, "{label}: the server was asked {asked} times");
    }
    let overlapped = in_flight_max > world.people[person].in_flight_max && in_flight_max > 1;
    assert!(
        !overlapped || done.client_leaves || done.crashed,
        "{label}: {in_flight_max} renewals at once"
    );

    if let Some(id) = world.people[person].id.clone() {
        let _lock = locked(world, &id).await;
        let (stored, sealed) = newest(world, &id);
        assert!(
            stored.is_some() || world.people[person].gone,
            "{label}: the item is not in the store"
        );
        if stored.is_some() {
            world.people[person].gone = false;
        }
        let tokens: Vec<&str> = [&sealed, &stored]
            .into_iter()
            .flatten()
            .map(|tokens| tokens["refresh_token"].as_str().unwrap())
            .collect();
        // The newest that there is: what is sealed, where the key in the store opens it.
        if let Some(newest) = tokens.first() {
            let standing = world.standing(person, newest);
            match standing {
                // A sign-in that was said to have failed may have been kept all the same.
                Standing::Live => {
                    world.people[person].lost = false;
                    world.people[person].revoked = false;
                }
                Standing::Expired => {}
                Standing::Revoked => assert!(
                    world.people[person].revoked || world.people[person].lost,
                    "{label}: the sign-in was revoked for nothing"
                ),
                Standing::Spent if world.people[person].lost => {}
                Standing::Spent => {
                    let left = world.faults_left(person).await;
                    let left = left.iter().filter(|f| f["kind"]["after"] != Value::Null);
                    let spoilt = done.losing.saturating_sub(left.count());
                    assert!(
                        spoilt > 0 || done.crashed,
                        "{label}: the newest refresh token is lost"
                    );
                    world.people[person].lost = true;
                }
                Standing::Unknown => panic!("{label}: a refresh token that was never issued"),
            }
        }
    }
    if reused {
        assert!(
            world.people[person].lost || done.crashed,
            "{label}: the server has seen a spent refresh token"
        );
        world.people[person].revoked = true;
        world.people[person].told_ended = true;
    }
    world.people[person].reuse = count("refresh_reuse");
    world.people[person].refreshes = count("refreshes");
    world.people[person].in_flight_max = in_flight_max;
}

/// Whether a sign-in that the server has ended for good says so, with words.
pub(crate) fn says_so(world: &World, person: usize) -> bool {
    let id = world.people[person].id.as_ref().unwrap();
    world.programs.iter().all(|program| {
        let state = program.keyfob.status(Some(id.as_str())).unwrap().state;
        matches!(state, State::SignInAgain { reason, .. } if !reason.is_empty())
    })
}

/// The lists show who is signed in and nobody else, and nothing lies about of anybody else.
async fn check_lists(world: &World) {
    let ids: Vec<&AccountId> = world.people.iter().filter_map(|p| p.id.as_ref()).collect();
    for program in &world.programs {
        let listed = program.keyfob.accounts().unwrap();
        assert_eq!(listed.len(), ids.len(), "the list of accounts");
        assert!(listed.iter().all(|status| ids.contains(&&status.id)));
    }
    for id in world.store.ids() {
        if !ids.contains(&&id) {
            must_be_dead(world, &id).await;
        }
    }
    let Ok(entries) = std::fs::read_dir(world.home.path().join("renewals")) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().into_string().unwrap();
        let known = ids.iter().any(|id| name.starts_with(id.as_str()));
        assert!(known || name.starts_with(".keyfob-"), "{name} lies there");
    }
}

/// A sign-in that could not be kept, in a store that took it and then neither answered nor let it be erased: what lies
/// there opens nothing.
async fn must_be_dead(world: &World, id: &AccountId) {
    let _lock = locked(world, id).await;
    let (Some(stored), _) = newest(world, id) else {
        return;
    };
    let token = stored["refresh_token"].as_str().unwrap();
    for person in 0..world.people.len() {
        let standing = world.standing(person, token);
        assert!(
            matches!(standing, Standing::Revoked | Standing::Unknown),
            "{id} is in the store and in no list, and it is {standing:?}"
        );
    }
    world.store.lose(id);
}

/// The account's own lock, as every program takes it, so that nothing moves while one looks.
async fn locked(world: &World, id: &AccountId) -> File {
    let path = world.programs[0].keyfob.home().locks();
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path.join(format!("{id}.lock")))
        .unwrap();
    for _ in 0..3_000 {
        if file.try_lock().is_ok() {
            return file;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("the lock of {id} is never given back");
}

/// What is in the store, and what lies sealed beside it.
fn newest(world: &World, id: &AccountId) -> (Option<Value>, Option<Value>) {
    let Some(stored) = world.store.get(id) else {
        return (None, None);
    };
    let stored: Value = serde_json::from_str(stored.expose()).unwrap();
    let opened = stored["seal"].as_str().and_then(|key| {
        let identity: age::x25519::Identity = key.parse().unwrap();
        let file: PathBuf = world.home.path().join(format!("renewals/{id}.age"));
        let text = age::decrypt(&identity, &std::fs::read(file).ok()?).ok()?;
        serde_json::from_slice(&text).ok()
    });
    (Some(stored), opened)
}
