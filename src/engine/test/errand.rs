//! Errands: which moment they get, and how they end.

use std::sync::mpsc::channel;

use super::sharing::World;
use super::{Store, answer, code, set, texts};
use crate::engine::{Call, Errand, Moment};
use crate::view::declared::Declaration;

/// The definitions and the documents of the moment that an errand gets now.
fn moment(store: &Store) -> (String, Vec<(String, String)>) {
    let (sender, receiver) = channel();
    let job = move |moment: crate::error::Result<Moment>, _: &Errand| {
        let Moment { snapshot, definitions } = moment.unwrap();
        sender.send((definitions, texts(&snapshot))).unwrap();
    };
    store.engine.run_errand_at(Call::default(), Box::new(job));
    answer(&receiver)
}

#[test]
fn a_moment_has_what_was_handed_over_before_and_the_unique_views() {
    let store = Store::in_memory();
    assert_eq!(moment(&store), (String::new(), Vec::new()));
    let declaration = Declaration::parse("{\"key\":\"n\",\"unique\":true}").unwrap();
    let (sender, defined) = channel();
    store.engine.define_unique("byN".to_owned(), Some(declaration), Box::new(move |told| sender.send(told).unwrap()));
    let written = store.submit(vec![set("a", "{\"n\":1}")]);
    let (definitions, documents) = moment(&store);
    assert_eq!(documents, [("a".to_owned(), "{\"_rev\":0,\"n\":1}".to_owned())]);
    assert!(definitions.starts_with("{\"byN\":{"), "{definitions}");
    answer(&written);
    assert!(!answer(&defined).unwrap());
}

#[test]
fn writes_go_on_while_an_errand_has_its_moment() {
    let store = Store::in_memory();
    store.write(vec![set("a", "{}")]);
    let (go_on, held) = channel::<()>();
    let (sender, receiver) = channel();
    let job = move |moment: crate::error::Result<Moment>, _: &Errand| {
        held.recv().unwrap();
        sender.send(texts(&moment.unwrap().snapshot)).unwrap();
    };
    store.engine.run_errand_at(Call::default(), Box::new(job));
    store.write(vec![set("a", "{}"), set("b", "{}")]);
    go_on.send(()).unwrap();
    assert_eq!(answer(&receiver), [("a".to_owned(), "{\"_rev\":0}".to_owned())]);
    assert_eq!(store.texts().len(), 2);
}

/// What an errand is told at its first step, after `before` was done.
fn told_after(store: &Store, call: &Call, before: impl FnOnce()) -> &'static str {
    let (go_on, held) = channel::<()>();
    let (begun, begins) = channel();
    let (sender, receiver) = channel();
    let job = move |_: crate::error::Result<Moment>, errand: &Errand| {
        begun.send(()).unwrap();
        held.recv().unwrap();
        sender.send(code(errand.check())).unwrap();
    };
    store.engine.run_errand_at(call.clone(), Box::new(job));
    // A store that ends would do it on the committer's thread.
    begins.recv().unwrap();
    before();
    go_on.send(()).unwrap();
    answer(&receiver)
}

#[test]
fn an_errand_hears_that_nobody_waits_or_that_the_store_ends() {
    let (store, call) = (Store::in_memory(), Call::default());
    assert_eq!(told_after(&store, &call, || call.cancel()), "CLOSED");
    let call = Call::default();
    assert_eq!(told_after(&store, &call, || store.close().unwrap()), "CLOSED");
}

#[test]
fn an_errand_of_a_handle_needs_no_load_and_hears_that_the_handle_ends() {
    let world = World::new();
    let handle = world.handle(world.asked());
    let (go_on, held) = channel::<()>();
    let (sender, receiver) = channel();
    let job = move |errand: &Errand| {
        sender.send(errand.check().is_ok()).unwrap();
        held.recv().unwrap();
        sender.send(errand.check().is_ok()).unwrap();
    };
    handle.run_errand(Call::default(), Box::new(job));
    assert!(answer(&receiver));
    let ending = handle.abandon();
    assert!(!ending.is_over());
    go_on.send(()).unwrap();
    assert!(!answer(&receiver));
    ending.join();
}

#[test]
fn there_is_no_moment_before_the_load_and_after_the_close() {
    let store = Store::new(crate::storage::memory::Memory::new());
    for expected in ["NOT_LOADED", "CLOSED"] {
        let (sender, receiver) = channel();
        let job = move |moment: crate::error::Result<Moment>, _: &Errand| sender.send(code(moment)).unwrap();
        store.engine.run_errand_at(Call::default(), Box::new(job));
        assert_eq!(answer(&receiver), expected);
        store.close().unwrap();
    }
}
