//! After a failure that leaves storage in doubt: reads go on, writes do not, and everybody hears.

use std::error::Error as _;
use std::time::Instant;

use super::*;
use crate::storage::faulty::{Call, EIO};

#[test]
fn a_panic_in_storage_answers_every_write_and_poisons() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    stored(store.one(set("a", "{}")));
    faults.panic_at_commit(3);
    let hold = faults.hold_commit();
    let first = store.submit(vec![set("b", "{}")]);
    hold.wait();
    // The commit after the held one panics, in the middle of these.
    let pending =
        [vec![set("a", "{}"), set("c", "{}")], vec![delete("a"), set("d", "[]")]].map(|all| store.submit(all));
    drop(hold);
    assert_eq!(words(&answer(&first)), ["{\"_rev\":0}"]);
    for submission in &pending {
        assert_eq!(words(&answer(submission)), ["POISONED", "POISONED"]);
    }
    assert_eq!(words(&store.write(vec![set("e", "{}"), delete("missing")])), ["POISONED", "POISONED"]);
    assert_eq!(store.texts().len(), 2);
    assert!(store.engine.stats().poisoned);
    store.close();
    assert_eq!(faults.calls().last(), Some(&Call::Close));
    assert!(store.engine.stats().poisoned);
}

#[test]
fn writes_settled_before_the_panic_keep_their_answers() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    faults.panic_at_commit(2);
    let answers = store.write(vec![set("a", "{}"), set("a", "{}"), set("b", "{}"), set("a", "{}")]);
    assert_eq!(words(&answers), ["{\"_rev\":0}", "POISONED", "{\"_rev\":0}", "POISONED"]);
}

/// A store that syncs at every turn; writes to it until it is poisoned.
fn poisoned_by_sync(faults: &Faults) -> (Store, Error) {
    let engine = Engine::syncing_every(Duration::from_millis(1), Box::new(Faulty::new(Memory::new(), faults)));
    let store = Store { engine };
    store.load().unwrap();
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        match store.one(set("a", "{}")) {
            Settled::Stored(_) => {}
            other => return (store, failure(other)),
        }
    }
    panic!("never poisoned");
}

#[test]
fn a_failed_sync_poisons_and_is_not_tried_again() {
    let faults = Faults::default();
    faults.fail_sync(EIO);
    let (store, error) = poisoned_by_sync(&faults);
    assert_eq!(error.code(), "POISONED");
    let cause = error.source().unwrap().downcast_ref::<Error>().unwrap();
    assert_eq!((cause.code(), cause.context().syscall), ("EIO", Some("syncfs")));
    assert!(store.text("a").is_some());
    store.close();
    assert_eq!(faults.calls().iter().filter(|call| **call == Call::Sync).count(), 1);
}

#[test]
fn a_sync_that_panics_poisons_too() {
    let faults = Faults::default();
    faults.panic_in_sync();
    let (store, error) = poisoned_by_sync(&faults);
    assert_eq!(error.code(), "POISONED");
    store.close();
}

#[test]
fn closing_syncs_what_was_written_since_and_only_then_gives_the_storage_back() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    stored(store.one(set("a", "{}")));
    store.close();
    assert_eq!(faults.calls(), [Call::Load, Call::Commit(1), Call::Sync, Call::Close]);
}

#[test]
fn a_sync_that_fails_while_closing_is_told_by_the_stats() {
    let faults = Faults::default();
    faults.fail_sync(EIO);
    let store = Store::faulty(&faults);
    stored(store.one(set("a", "{}")));
    store.close();
    assert!(store.engine.stats().poisoned);
}

#[test]
fn a_storage_that_panics_while_closing_leaves_nobody_waiting() {
    let faults = Faults::default();
    faults.panic_in_close();
    let store = Store::faulty(&faults);
    let closing = [store.begin_close(), store.begin_close()];
    closing.iter().for_each(answer);
    store.close();
    assert_eq!(store.engine.snapshot().err().unwrap().code(), "CLOSED");
}
