//! What is synced when: asked for by a write, by a batch, by the store, by a flush, by the storage.

use std::sync::Arc;

use parking_lot::Mutex;

use super::*;
use crate::storage::faulty::Call;
use crate::storage::{Capabilities, Group, Loaded, Outcome};

/// A storage that notes which groups it was asked to sync, by their keys.
#[derive(Default)]
struct Noting {
    inner: Memory,
    groups: Arc<Mutex<Vec<String>>>,
}

impl Storage for Noting {
    fn capabilities(&self) -> Capabilities {
        Capabilities { group_limit: 3, ..self.inner.capabilities() }
    }

    fn load(&mut self) -> Result<Loaded> {
        self.inner.load()
    }

    fn commit(&mut self, groups: &[Group]) -> Vec<Outcome> {
        for group in groups {
            let keys: Vec<_> = group.entries.iter().map(|entry| entry.key.to_string()).collect();
            self.groups.lock().push(format!("{}{}", keys.join("+"), if group.synced { " synced" } else { "" }));
        }
        self.inner.commit(groups)
    }

    fn save_definitions(&mut self, text: &str) -> Result<()> {
        self.inner.save_definitions(text)
    }

    fn close(&mut self) -> Result<()> {
        self.inner.close()
    }

    fn abandon(&mut self) {}
}

fn noting(synced: bool) -> (Store, Arc<Mutex<Vec<String>>>) {
    let storage = Noting::default();
    let groups = Arc::clone(&storage.groups);
    let store = Store::with(Options { synced, interval: NEVER, ..Options::default() }, storage);
    store.load().unwrap();
    (store, groups)
}

#[test]
fn a_write_may_ask_for_more_than_the_store_and_the_others_are_left_alone() {
    let (store, groups) = noting(false);
    store.write(vec![set("a", "{}"), set("b", "{}").synced(), delete("a").synced(), put("c", "{}")]);
    store.batch(vec![set("d", "{}"), set("e", "{}")]);
    store.batch(vec![set("d", "{}"), set("e", "{}").synced(), set("f", "{}")]);
    assert_eq!(*groups.lock(), ["a", "b synced", "c", "a synced", "d+e", "d+e+f synced"]);
}

#[test]
fn a_store_that_syncs_everything_does() {
    let (store, groups) = noting(true);
    store.write(vec![set("a", "{}"), set("b", "{}").synced()]);
    store.batch(vec![set("c", "{}"), set("d", "{}")]);
    assert_eq!(*groups.lock(), ["a synced", "b synced", "c+d synced"]);
}

#[test]
fn a_batch_over_the_storages_limit_is_refused_and_the_largest_is_not() {
    let (store, groups) = noting(false);
    let batch = |size: usize| (0..size).map(|number| set(&number.to_string(), "{}")).collect();
    assert_eq!(words(&store.batch(batch(4))), ["UNSUPPORTED"]);
    assert_eq!(store.batch(batch(3)).len(), 3);
    assert_eq!(*groups.lock(), ["0+1+2"]);
}

#[test]
fn a_flush_covers_what_was_submitted_before_it() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    let hold = faults.hold_commit();
    let first = store.submit(vec![set("a", "{}")]);
    hold.wait();
    let second = store.submit(vec![set("b", "{}"), set("a", "{}")]);
    let flush = store.begin_flush();
    drop(hold);
    answer(&flush).unwrap();
    assert_eq!(words(&first.try_recv().unwrap()).len() + words(&second.try_recv().unwrap()).len(), 3);
    assert_eq!(faults.calls(), [Call::Load, Call::Commit(1), Call::Commit(2), Call::Flush]);
}

#[test]
fn writes_go_on_during_a_flush_and_flushes_asked_for_meanwhile_are_one() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    let hold = faults.hold_sync();
    let first = store.begin_flush();
    hold.wait();
    stored(store.one(set("a", "{}")));
    let others = [store.begin_flush(), store.begin_flush()];
    // When the second of these is answered, the flushes are handed over: they were taken before it.
    stored(store.one(set("b", "{}")));
    stored(store.one(set("b", "{}")));
    assert!(first.try_recv().is_err());
    drop(hold);
    answer(&first).unwrap();
    for flush in &others {
        answer(flush).unwrap();
    }
    let called = faults.calls();
    assert_eq!(called.iter().filter(|call| **call == Call::Flush).count(), 2);
    assert_eq!(called.last(), Some(&Call::Flush));
}

#[test]
fn without_a_keeper_a_flush_has_nothing_to_wait_for() {
    let store = Store::in_memory();
    store.flush().unwrap();
    stored(store.one(set("a", "{}")));
    store.flush().unwrap();
}

#[test]
fn a_storage_under_pressure_is_tended_to_at_once() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    stored(store.one(set("a", "{}")));
    faults.press();
    let hold = faults.hold_sync();
    stored(store.one(set("a", "{}")));
    // The timer never fires.
    hold.wait();
    drop(hold);
    store.flush().unwrap();
    assert_eq!(faults.calls()[3..], [Call::Tend, Call::Flush]);
}

#[test]
fn closing_answers_the_flushes_asked_for_before_it() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    let hold = faults.hold_commit();
    let first = store.submit(vec![set("a", "{}")]);
    hold.wait();
    let flush = store.begin_flush();
    let closing = store.begin_close();
    drop(hold);
    answer(&first);
    answer(&closing).unwrap();
    flush.try_recv().unwrap().unwrap();
    assert_eq!(faults.calls(), [Call::Load, Call::Commit(1), Call::Flush, Call::Close]);
}

#[test]
fn abandoning_flushes_nothing_more_and_answers_who_waits() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    stored(store.one(set("a", "{}")));
    let hold = faults.hold_sync();
    let begun = store.begin_flush();
    hold.wait();
    let hold_commit = faults.hold_commit();
    let write = store.submit(vec![set("a", "{}")]);
    hold_commit.wait();
    let waiting = store.begin_flush();
    let closing = store.begin_close();
    let ending = store.engine.abandon();
    assert_eq!(code(answer(&waiting)), "CLOSED");
    drop((hold_commit, hold));
    ending.join();
    answer(&begun).unwrap();
    assert_eq!(words(&answer(&write)), ["{\"_rev\":1}"]);
    assert_eq!(code(answer(&closing)), "CLOSED", "nothing was put in order");
    assert_eq!(faults.calls().last(), Some(&Call::Abandon));
    assert_eq!(faults.calls().len(), 5);
}

#[test]
fn a_flush_that_was_handed_over_but_not_begun_is_answered_when_the_store_is_abandoned() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    let hold = faults.hold_sync();
    let begun = store.begin_flush();
    hold.wait();
    let waiting = store.begin_flush();
    stored(store.one(set("a", "{}")));
    stored(store.one(set("a", "{}")));
    let ending = store.engine.abandon();
    let closing = store.begin_close();
    drop(hold);
    ending.join();
    answer(&begun).unwrap();
    // Whether its turn came before the end is chance; that it is answered is not.
    drop(answer(&waiting));
    assert_eq!(code(answer(&closing)), "CLOSED");
}
