//! From new to open: loads, failed loads, and calls that come before.

use std::sync::Arc;
use std::{io, thread};

use tempfile::TempDir;

use super::*;
use crate::engine::lifecycle::{Act, Shared};
use crate::storage::conformance::document;
use crate::storage::faulty::{Call, EIO};
use crate::storage::{Capabilities, Group, Loaded, Outcome, Position};

#[test]
fn before_the_load_nothing_is_answered_and_nothing_touched() {
    let faults = Faults::default();
    let store = Store::new(Faulty::new(Memory::new(), &faults));
    assert_all_answer(&store, "NOT_LOADED");
    assert!(faults.calls().is_empty());
}

#[test]
fn loads_at_the_same_time_are_one_load() {
    let faults = Faults::default();
    let store = Store::new(Faulty::new(Memory::new(), &faults));
    let hold = faults.hold_load();
    let loads = [store.begin_load(), store.begin_load()];
    hold.wait();
    let late = store.begin_load();
    assert_all_answer(&store, "NOT_LOADED");
    drop(hold);
    loads.iter().chain([&late]).for_each(|load| assert!(answer(load).is_ok()));
    store.load().unwrap();
    assert_eq!(faults.calls(), [Call::Load]);
}

#[test]
fn a_load_that_failed_can_be_tried_again() {
    let faults = Faults::default();
    let store = Store::new(Faulty::new(Memory::new(), &faults));
    for _ in 0..3 {
        faults.fail_load(EIO);
        let hold = faults.hold_load();
        let loads = [store.begin_load(), store.begin_load()];
        hold.wait();
        drop(hold);
        for load in &loads {
            assert_eq!(code(answer(load)), "EIO");
        }
        assert_all_answer(&store, "NOT_LOADED");
    }
    store.load().unwrap();
    stored(store.one(set("a", "{}")));
}

#[test]
fn a_load_can_be_tried_again_from_the_answer_to_the_failed_one() {
    let faults = Faults::default();
    faults.fail_load(EIO);
    let store = Arc::new(Store::new(Faulty::new(Memory::new(), &faults)));
    let (sender, receiver) = channel();
    let again = Arc::clone(&store);
    store.engine.load(Box::new(move |failed| {
        assert_eq!(code(failed), "EIO");
        again.engine.load(Box::new(move |loaded| sender.send(loaded).unwrap()));
    }));
    answer(&receiver).unwrap();
}

#[test]
fn a_load_that_panicked_gives_the_lock_back_and_can_be_tried_again() {
    let directory = TempDir::new().unwrap();
    let faults = Faults::default();
    faults.panic_in_load();
    let store = Store::new(Faulty::new(files(directory.path()), &faults));
    assert_eq!(code(store.load()), "POISONED");
    let other = Store::new(files(directory.path()));
    other.load().unwrap();
    assert_eq!(code(store.load()), "LOCKED");
    other.close().unwrap();
    store.load().unwrap();
    stored(store.one(set("a", "{}")));
}

#[test]
fn the_report_tells_what_was_found() {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("a.json"), "{}").unwrap();
    std::fs::write(directory.path().join("README"), "").unwrap();
    let store = Store::new(files(directory.path()));
    for _ in 0..2 {
        let report = store.load().unwrap();
        assert_eq!((report.documents, report.findings.ignored), (1, vec!["README".to_owned()]));
    }
    let stats = store.engine.stats();
    assert_eq!((stats.documents, stats.text_bytes), (1, "{\"_rev\":0}".len() as u64));
    assert_eq!(stats.position.sequence, 1);
}

#[test]
fn a_load_for_which_there_is_no_thread_can_be_tried_again() {
    let shared = Arc::new(Shared::new(Box::new(Memory::new()), Options::default()));
    let load = |spawn: fn(thread::Builder, Act) -> io::Result<thread::JoinHandle<()>>| {
        let (sender, receiver) = channel();
        Shared::load(&shared, Box::new(move |loaded| sender.send(loaded).unwrap()), spawn);
        answer(&receiver)
    };
    for _ in 0..2 {
        let error = load(|_, _| Err(io::ErrorKind::WouldBlock.into())).unwrap_err();
        assert_eq!((error.code(), error.message()), ("EIO", "no thread for the store"));
    }
    assert_eq!(load(thread::Builder::spawn).unwrap().documents, 0);
    shared.queue.close();
}

/// A driver that breaks its word about order.
struct Unsorted;

impl Storage for Unsorted {
    fn capabilities(&self) -> Capabilities {
        Memory::new().capabilities()
    }

    fn load(&mut self) -> Result<Loaded> {
        let documents = ["b", "c", "a", "b"].map(|text| (key(text), document(0, "{}")));
        let position = Position { epoch: 0, sequence: 4 };
        Ok(Loaded { documents: documents.into(), position, ..Loaded::default() })
    }

    fn commit(&mut self, _: &[Group]) -> Vec<Outcome> {
        Vec::new()
    }

    fn save_definitions(&mut self, text: &str) -> Result<()> {
        Memory::new().save_definitions(text)
    }

    fn close(&mut self) -> Result<()> {
        Ok(())
    }

    fn abandon(&mut self) {}
}

#[test]
fn no_document_is_lost_because_a_driver_told_them_in_another_order() {
    let store = Store::new(Unsorted);
    assert_eq!(store.load().unwrap().documents, 3);
    let keys: Vec<_> = store.texts().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["a", "b", "c"]);
    assert_eq!(store.engine.stats().text_bytes, 30);
    assert_eq!(words(&store.write(vec![set("a", "{}")])), ["POISONED"], "a driver that answers nothing");
    assert!(store.engine.stats().failure.is_some(), "and so leaves its files in doubt");
}
