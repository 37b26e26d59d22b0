//! From open to closed: closing, abandoning, dropping, and calls that come after.

use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::storage::faulty::{Call, EIO};

#[test]
fn closing_stores_everything_submitted_before() {
    let directory = TempDir::new().unwrap();
    let faults = Faults::default();
    let store = Store::new(Faulty::new(files(directory.path()), &faults));
    store.load().unwrap();
    let hold = faults.hold_commit();
    let first = store.submit(vec![set("first", "{}")]);
    hold.wait();
    let submissions: Vec<_> = (0..20).map(|number| store.submit(vec![set(&format!("k{number}"), "{}")])).collect();
    let closing = store.begin_close();
    assert_all_answer(&store, "CLOSED");
    drop(hold);
    answer(&closing).unwrap();
    // Answered before the close was.
    for submission in submissions.iter().chain([&first]) {
        assert_eq!(words(&submission.try_recv().unwrap()), ["{\"_rev\":0}"]);
    }
    let again = Store::new(files(directory.path()));
    assert_eq!(again.load().unwrap().documents, 21);
}

#[test]
fn after_the_close_every_call_is_answered_closed() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    stored(store.one(set("a", "{}")));
    let closing = [store.begin_close(), store.begin_close()];
    assert_eq!(code(store.load()), "CLOSED");
    for closing in &closing {
        answer(closing).unwrap();
    }
    store.close().unwrap();
    assert_eq!(code(store.load()), "CLOSED");
    assert_all_answer(&store, "CLOSED");
    assert_eq!(faults.calls().iter().filter(|call| **call == Call::Close).count(), 1);
}

#[test]
fn closing_gives_the_directory_back() {
    let directory = TempDir::new().unwrap();
    for documents in 0..3 {
        let store = Store::new(files(directory.path()));
        assert_eq!(store.load().unwrap().documents, documents);
        assert_eq!(code(Store::new(files(directory.path())).load()), "LOCKED");
        stored(store.one(set(&format!("k{documents}"), "{}")));
        store.close().unwrap();
    }
}

#[test]
fn a_store_that_was_never_loaded_can_be_closed() {
    let store = Store::new(Memory::new());
    store.close().unwrap();
    assert_eq!(code(store.load()), "CLOSED");
    assert_all_answer(&store, "CLOSED");
}

#[test]
fn a_store_whose_load_failed_can_be_closed() {
    let faults = Faults::default();
    faults.fail_load(EIO);
    let store = Store::new(Faulty::new(Memory::new(), &faults));
    assert_eq!(code(store.load()), "EIO");
    store.close().unwrap();
    assert_eq!(code(store.load()), "CLOSED");
    assert_all_answer(&store, "CLOSED");
}

#[test]
fn closing_while_loading_answers_both_and_reads_stay_closed() {
    for fails in [false, true] {
        let faults = Faults::default();
        if fails {
            faults.fail_load(EIO);
        }
        let store = Store::new(Faulty::new(Memory::new(), &faults));
        let hold = faults.hold_load();
        let loading = store.begin_load();
        hold.wait();
        let closing = store.begin_close();
        assert_eq!(code(store.load()), "CLOSED");
        drop(hold);
        assert_eq!(answer(&loading).is_err(), fails);
        answer(&closing).unwrap();
        assert_all_answer(&store, "CLOSED");
        assert_eq!(code(store.load()), "CLOSED");
    }
}

#[test]
fn abandoning_answers_what_was_not_begun_and_waits_for_nothing() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    let hold = faults.hold_commit();
    let begun = store.submit(vec![set("a", "{}")]);
    hold.wait();
    let waiting = store.submit(vec![set("b", "{}"), set("c", "{}")]);
    // On this thread, while the committer is held: it must not wait for it.
    let ending = store.engine.abandon();
    assert_eq!(words(&answer(&waiting)), ["CLOSED", "CLOSED"]);
    assert!(!ending.is_over());
    assert!(store.engine.abandon().is_over(), "the threads are given out once");
    drop(hold);
    ending.join();
    assert_eq!(words(&begun.try_recv().unwrap()), ["{\"_rev\":0}"]);
    assert_eq!(faults.calls(), [Call::Load, Call::Commit(1), Call::Abandon]);
    assert_all_answer(&store, "CLOSED");
    store.engine.abandon().join();
    assert_eq!(code(store.close()), "CLOSED");
}

#[test]
fn an_abandoned_store_is_not_loaded_again() {
    let new = Store::new(Memory::new());
    assert!(new.engine.abandon().is_over());
    assert_eq!(code(new.load()), "CLOSED");

    let faults = Faults::default();
    faults.fail_load(EIO);
    let loading = Store::new(Faulty::new(Memory::new(), &faults));
    let hold = faults.hold_load();
    let load = loading.begin_load();
    hold.wait();
    let ending = loading.engine.abandon();
    drop(hold);
    ending.join();
    assert_eq!(code(answer(&load)), "EIO");
    assert_eq!(code(loading.load()), "CLOSED");
}

#[test]
fn a_store_that_is_dropped_after_it_was_abandoned_waits_for_nothing() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    let hold = faults.hold_commit();
    let begun = store.submit(vec![set("a", "{}")]);
    hold.wait();
    let ending = store.engine.abandon();
    drop(store);
    assert!(!ending.is_over());
    drop(hold);
    ending.join();
    assert_eq!(words(&begun.try_recv().unwrap()), ["{\"_rev\":0}"]);
    assert_eq!(faults.calls(), [Call::Load, Call::Commit(1), Call::Abandon]);
}

#[test]
fn dropping_a_store_gives_the_directory_back() {
    let directory = TempDir::new().unwrap();
    let store = Store::new(files(directory.path()));
    store.load().unwrap();
    let submission = store.submit(vec![set("a", "{}")]);
    drop(store);
    let is_stored = words(&answer(&submission)) == ["{\"_rev\":0}"];
    let again = Store::new(files(directory.path()));
    assert_eq!(again.load().unwrap().documents, usize::from(is_stored));
}

#[test]
fn the_last_handle_may_go_in_an_answer() {
    let store = Arc::new(Store::in_memory());
    let (sender, receiver) = channel();
    let (go, wait) = channel::<()>();
    let last = Arc::clone(&store);
    store.engine.submit(
        vec![set("a", "{}")],
        Box::new(move |_| {
            wait.recv().unwrap();
            drop(last);
            sender.send(()).unwrap();
        }),
    );
    drop(store);
    go.send(()).unwrap();
    answer(&receiver);
}
