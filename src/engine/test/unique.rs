//! Unique views: what is refused, what is kept, and what becomes of duplicates.

use std::fs;

use tempfile::TempDir;

use super::transaction::came_to;
use super::*;
use crate::engine::Duplicate;
use crate::storage::faulty::{Call, EIO, ENOSPC};
use crate::view::declared::Declaration;

/// Every document's `v`, if it has one.
pub(super) const BY_V: &str = "{\"key\":\"v\",\"unique\":true}";

impl Store {
    pub(super) fn begin_define(&self, id: &str, declaration: Option<&str>) -> Receiver<Result<bool>> {
        let (sender, receiver) = channel();
        let declaration = declaration.map(|json| Declaration::parse(json).unwrap());
        self.engine.define_unique(id.to_owned(), declaration, Box::new(move |defined| sender.send(defined).unwrap()));
        receiver
    }

    pub(super) fn define(&self, id: &str, declaration: Option<&str>) -> Result<bool> {
        answer(&self.begin_define(id, declaration))
    }

    pub(super) fn duplicates(&self, id: &str) -> Vec<Duplicate> {
        let (sender, receiver) = channel();
        self.engine.duplicates(id.to_owned(), Box::new(move |found| sender.send(found).unwrap()));
        answer(&receiver).unwrap()
    }

    /// A store that allows no two documents with the same `v`.
    fn unique() -> Self {
        let store = Self::in_memory();
        assert!(!store.define("v", Some(BY_V)).unwrap());
        store
    }

    /// A loaded store over a directory.
    fn at(directory: &TempDir) -> Self {
        let store = Self::new(files(directory.path()));
        store.load().unwrap();
        store
    }

    /// What writes done together come to.
    fn together(&self, writes: Vec<Write>) -> String {
        came_to(self.batch(writes))
    }
}

/// A write of a document with a `v`.
fn v(name: &str, value: &str) -> Write {
    set(name, &format!("{{\"v\":{value}}}"))
}

/// What was refused, as `view value key other`.
fn breach(settled: Settled) -> String {
    let Settled::Failed(error) = settled else { panic!("not refused: {settled:?}") };
    let context = error.context().clone();
    assert_eq!((error.code(), context.expected_revision, context.actual_revision), ("CONFLICT", None, None));
    let facts = [context.view_id, context.view_key, context.key, context.other_key];
    facts.map(|fact| fact.expect("a fact")).join(" ")
}

fn duplicate(value: &str, documents: &[&str]) -> Duplicate {
    Duplicate { value: value.to_owned(), documents: documents.iter().map(|name| key(name)).collect() }
}

#[test]
fn a_value_that_another_document_has_is_refused_and_named() {
    let store = Store::unique();
    stored(store.one(v("a", "\"x\\ud800\"")));
    assert_eq!(breach(store.one(v("b", "\"x\\uD800\""))), "v \"x\\ud800\" b a");
    assert_eq!(breach(store.one(put("b", "{\"v\":\"x\\ud800\"}"))), "v \"x\\ud800\" b a");
    assert_eq!(store.text("b"), None);
    // Itself it may have it again, and what has none concerns nobody.
    stored(store.one(v("a", "\"x\\ud800\"")));
    assert_eq!(words(&store.write(vec![set("c", "{}"), set("d", "{}"), delete("d")])).len(), 3);
    assert_eq!(store.text("d"), None);
}

#[test]
fn a_value_is_free_when_it_was_given_up() {
    let store = Store::unique();
    for give_up in [delete("a"), v("a", "2"), set("a", "{}")] {
        stored(store.one(v("a", "1")));
        assert_eq!(breach(store.one(v("b", "1"))), "v 1 b a");
        assert!(!store.one(give_up).is_refused());
        stored(store.one(v("b", "1")));
        assert_eq!(breach(store.one(v("a", "1"))), "v 1 a b");
        store.write(vec![delete("a"), delete("b")]);
    }
}

#[test]
fn a_group_is_judged_by_what_it_leaves_behind() {
    let store = Store::unique();
    assert_eq!(store.together(vec![v("a", "1"), v("b", "2"), v("c", "3")]), "done");
    assert_eq!(store.together(vec![v("a", "2"), v("b", "1")]), "done", "they swap");
    assert_eq!(store.together(vec![v("c", "1"), delete("b")]), "done", "one takes what another gives up");
    assert_eq!(store.together(vec![v("d", "4"), v("e", "4")]), "CONFLICT e");
    assert_eq!(store.together(vec![v("d", "4"), v("e", "1")]), "CONFLICT e");
    assert_eq!((store.text("d"), store.text("e")), (None, None));
    assert_eq!(store.together(vec![v("d", "4"), v("a", "5"), v("c", "2")]), "done");
}

#[test]
fn a_document_may_emit_one_value_twice() {
    let store = Store::in_memory();
    store.define("t", Some("{\"key\":[\"kind\",\"tags\"],\"each\":\"tags\",\"unique\":true}")).unwrap();
    stored(store.one(set("a", "{\"kind\":1,\"tags\":[\"x\",\"y\",\"x\"]}")));
    stored(store.one(set("b", "{\"kind\":2,\"tags\":[\"x\"]}")));
    assert_eq!(breach(store.one(set("c", "{\"kind\":1,\"tags\":[\"z\",\"y\"]}"))), "t [1,\"y\"] c a");
    stored(store.one(set("a", "{\"kind\":1,\"tags\":[\"x\",\"x\"]}")));
    stored(store.one(set("c", "{\"kind\":1,\"tags\":[\"z\",\"y\"]}")));
}

#[test]
fn each_view_is_checked() {
    let store = Store::unique();
    store.define("w", Some("{\"where\":{\"on\":true},\"key\":\"w\",\"unique\":true}")).unwrap();
    stored(store.one(set("a", "{\"v\":1,\"w\":1,\"on\":true}")));
    stored(store.one(set("b", "{\"v\":2,\"w\":1}")));
    assert_eq!(breach(store.one(set("b", "{\"v\":2,\"w\":1,\"on\":true}"))), "w 1 b a");
    assert_eq!(breach(store.one(set("b", "{\"v\":1,\"w\":2}"))), "v 1 b a");
    assert!(store.define("v", None).unwrap());
    stored(store.one(set("b", "{\"v\":1,\"w\":2}")));
    assert!(!store.define("v", None).unwrap());
}

#[test]
fn writes_that_arrive_together_are_judged_one_after_the_other() {
    let store = Store::unique();
    let answers = store.write((0..64).map(|number| v(&number.to_string(), "1")).collect());
    assert_eq!(answers.iter().filter(|answer| !answer.is_refused()).count(), 1);
    assert_eq!(breach(answers[63].clone()), "v 1 63 0");
    store.write(vec![delete("0"), v("a", "1"), v("a", "2"), v("b", "1")]);
    assert_eq!(store.text("b"), None, "the second write of a document comes in a later round");
    assert_eq!(words(&store.write(vec![v("b", "2"), v("c", "1")])), ["CONFLICT", "{\"_rev\":0,\"v\":1}"]);
}

#[test]
fn a_value_is_not_taken_from_who_could_not_give_it_up() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    store.define("v", Some(BY_V)).unwrap();
    stored(store.one(v("a", "1")));
    faults.fail_group(2, ENOSPC);
    assert_eq!(
        words(&store.write(vec![v("a", "2"), v("b", "1"), v("c", "2")])),
        ["ENOSPC", "CONFLICT", "{\"_rev\":0,\"v\":2}"]
    );
    // What could not be stored claims nothing.
    faults.fail_group(4, ENOSPC);
    assert_eq!(words(&store.write(vec![v("d", "4"), v("e", "4")])), ["ENOSPC", "{\"_rev\":0,\"v\":4}"]);
}

#[test]
fn what_does_not_meet_is_stored_at_once() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    store.define("v", Some(BY_V)).unwrap();
    store.write((0..100).map(|number| v(&number.to_string(), &number.to_string())).collect());
    assert_eq!(faults.calls().iter().filter(|call| matches!(call, Call::Commit(_))).count(), 1);
}

#[test]
fn what_was_submitted_before_the_definition_is_not_checked_and_what_comes_later_is() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    let hold = faults.hold_commit();
    let first = store.submit(vec![v("z", "0")]);
    hold.wait();
    let before = store.submit(vec![v("a", "1"), v("b", "1")]);
    let defined = store.begin_define("v", Some(BY_V));
    let after = store.submit(vec![v("c", "1"), v("d", "2"), v("e", "2")]);
    drop(hold);
    stored(answer(&first).remove(0));
    assert!(answer(&before).iter().all(|answer| !answer.is_refused()));
    answer(&defined).unwrap();
    assert_eq!(words(&answer(&after)), ["CONFLICT", "CONFLICT", "CONFLICT"], "duplicates stand");
    assert_eq!(store.duplicates("v"), [duplicate("1", &["a", "b"])]);
}

#[test]
fn transactions_are_judged_when_they_commit_and_are_not_to_be_tried_again() {
    let store = Store::unique();
    stored(store.one(v("a", "1")));
    let mut transaction = store.begin();
    transaction.put("b", "{\"v\":1}");
    transaction.put("a", "{\"v\":2}");
    assert_eq!(store.commit(transaction), "done");
    let mut transaction = store.begin();
    transaction.put("c", "{\"v\":2}");
    assert_eq!(store.commit(transaction), "CONFLICT c", "failed, not lost");
    // What the commit itself finds free is free.
    let mut transaction = store.begin();
    transaction.put("c", "{\"v\":2}");
    store.one(delete("a"));
    assert_eq!(store.commit(transaction), "done");
}

#[test]
fn duplicates_that_stand_are_told_and_their_number_has_to_sink() {
    let store = Store::in_memory();
    store.write(vec![v("a", "1"), v("b", "1"), v("c", "1"), v("d", "\"x\""), v("e", "\"x\""), set("f", "{}")]);
    store.define("v", Some(BY_V)).unwrap();
    assert_eq!(store.duplicates("v"), [duplicate("1", &["a", "b", "c"]), duplicate("\"x\"", &["d", "e"])]);
    assert_eq!(breach(store.one(set("b", "{\"v\":1,\"more\":1}"))), "v 1 b a");
    assert_eq!(breach(store.one(v("g", "7"))), "v 1 g a");
    assert_eq!(breach(store.one(v("f", "7"))), "v 1 f a");
    assert_eq!(breach(store.one(v("b", "\"x\""))), "v \"x\" b d", "from one duplicate to the other");
    // Documents outside of the view are not concerned.
    stored(store.one(set("f", "{\"n\":1}")));
    stored(store.one(v("a", "2")));
    assert_eq!(store.together(vec![set("b", "{\"v\":1,\"more\":1}"), set("d", "{}")]), "done");
    assert_eq!(breach(store.one(v("g", "7"))), "v 1 g b");
    assert!(!store.one(delete("c")).is_refused());
    assert_eq!(store.duplicates("v"), []);
    stored(store.one(v("g", "7")));
    assert_eq!(breach(store.one(v("h", "7"))), "v 7 h g");
}

#[test]
fn repairs_that_arrive_together_are_judged_one_after_the_other() {
    let store = Store::in_memory();
    store.write((0..10).map(|number| v(&number.to_string(), "1")).collect());
    store.define("v", Some(BY_V)).unwrap();
    let answers = store.write((0..10).map(|number| v(&number.to_string(), &number.to_string())).collect());
    // "1" is in the way until nobody else has it.
    let refused: Vec<_> = (0..10).filter(|number| answers[*number].is_refused()).collect();
    assert_eq!(refused, [1], "{:?}", words(&answers));
    assert_eq!(store.duplicates("v"), []);
    stored(store.one(v("new", "10")));
}

#[test]
fn definitions_hold_for_whoever_opens_the_store() {
    let directory = TempDir::new().unwrap();
    let store = Store::at(&directory);
    store.define("v", Some(BY_V)).unwrap();
    store.define("odd \u{1F600}\"", Some("{\"key\":[\"a\",\"b\"],\"unique\":true}")).unwrap();
    stored(store.one(v("a", "1")));
    store.engine.abandon().join();
    let store = Store::at(&directory);
    assert_eq!(breach(store.one(v("b", "1"))), "v 1 b a");
    store.one(set("b", "{\"a\":1,\"b\":2}"));
    assert_eq!(breach(store.one(set("c", "{\"a\":1,\"b\":2}"))), "odd \u{1F600}\" [1,2] c b");
    assert!(store.define("v", None).unwrap());
    store.close().unwrap();
    let store = Store::at(&directory);
    stored(store.one(v("b", "1")));
    assert_eq!(store.duplicates("v"), []);
}

#[test]
fn duplicates_that_a_load_finds_are_told_too() {
    let directory = TempDir::new().unwrap();
    let store = Store::at(&directory);
    store.define("v", Some(BY_V)).unwrap();
    stored(store.one(v("a", "1")));
    store.close().unwrap();
    fs::write(directory.path().join("b.json"), "{\"v\": 1.0}").unwrap();
    let store = Store::at(&directory);
    assert_eq!(store.duplicates("v"), [duplicate("1", &["a", "b"])]);
    assert_eq!(breach(store.one(v("c", "2"))), "v 1 c a");
    stored(store.one(v("b", "2")));
    assert_eq!(store.duplicates("v"), []);
}

#[test]
fn a_definition_as_it_was_is_not_saved_again_and_another_one_takes_its_place() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    let saves = || faults.calls().iter().filter(|call| **call == Call::Save).count();
    store.define("v", Some(BY_V)).unwrap();
    assert!(store.define("v", Some("{ \"unique\": true, \"key\": \"v\", \"where\": {} }")).unwrap());
    assert!(!store.define("w", None).unwrap());
    assert_eq!(saves(), 1);
    store.define("v", Some("{\"key\":\"w\",\"unique\":true}")).unwrap();
    assert_eq!(saves(), 2);
    store.write(vec![v("a", "1"), v("b", "1"), set("c", "{\"w\":1}")]);
    assert_eq!(breach(store.one(set("d", "{\"w\":1}"))), "v 1 d c");
}

#[test]
fn what_cannot_be_saved_is_not_enforced_and_what_was_still_is() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    faults.fail_definitions(ENOSPC);
    assert_eq!(code(store.define("v", Some(BY_V))), "ENOSPC");
    store.write(vec![v("a", "1"), v("b", "1")]);
    assert_eq!(store.texts().len(), 2);
    store.one(delete("b"));
    assert!(!store.define("v", Some(BY_V)).unwrap(), "the next one tries again");
    for other in [None, Some("{\"key\":\"w\",\"unique\":true}")] {
        faults.fail_definitions(ENOSPC);
        assert_eq!(code(store.define("v", other)), "ENOSPC");
        assert_eq!(breach(store.one(v("b", "1"))), "v 1 b a");
    }
}

#[test]
fn a_store_in_doubt_defines_nothing_new() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    store.define("v", Some(BY_V)).unwrap();
    faults.poison_definitions(EIO);
    assert_eq!(code(store.define("w", Some(BY_V))), "POISONED");
    assert!(store.engine.stats().failure.is_some());
    assert_eq!(words(&[store.one(set("a", "{}"))]), ["POISONED"]);
    assert_eq!(code(store.define("x", Some(BY_V))), "POISONED");
    assert_eq!(code(store.define("v", None)), "POISONED");
    // Nothing is to be done for these.
    assert!(store.define("v", Some(BY_V)).unwrap());
    assert!(!store.define("y", None).unwrap());
}

#[test]
fn a_definition_is_answered_however_the_store_stands() {
    let store = Store::new(Memory::new());
    assert_eq!(code(store.define("v", Some(BY_V))), "NOT_LOADED");
    store.load().unwrap();
    store.define("v", Some(BY_V)).unwrap();
    store.close().unwrap();
    assert_eq!(code(store.define("v", Some(BY_V))), "CLOSED");
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    let hold = faults.hold_commit();
    let under_way = store.submit(vec![v("a", "1")]);
    hold.wait();
    let defined = store.begin_define("v", Some(BY_V));
    let ending = store.engine.abandon();
    assert_eq!(code(answer(&defined)), "CLOSED");
    drop(hold);
    ending.join();
    answer(&under_way);
}

#[test]
fn what_this_version_does_not_understand_refuses_the_load() {
    let directory = TempDir::new().unwrap();
    for text in ["{\"v\":{\"key\":\"v\",\"later\":1,\"unique\":true}}", "[]"] {
        let mut driver = files(directory.path());
        driver.load().unwrap();
        driver.save_definitions(text).unwrap();
        driver.close().unwrap();
        let store = Store::new(files(directory.path()));
        assert_eq!(code(store.load()), "UNSUPPORTED");
        // It holds nobody up, and is loaded when that has changed.
        let mut driver = files(directory.path());
        driver.load().unwrap();
        driver.save_definitions("{}").unwrap();
        driver.close().unwrap();
        store.load().unwrap();
        store.close().unwrap();
    }
}

#[test]
fn many_documents_are_evaluated_in_parallel_as_one_by_one() {
    const DOCUMENTS: usize = 10_000;
    let store = Store::in_memory();
    store.write((0..DOCUMENTS).map(|number| v(&format!("{number:05}"), &(number % 9_000).to_string())).collect());
    store.define("v", Some(BY_V)).unwrap();
    let duplicates = store.duplicates("v");
    assert_eq!(duplicates.len(), 1_000, "the first ones");
    assert_eq!(duplicates[999], duplicate("999", &["00999", "09999"]));
    assert_eq!(breach(store.one(v("new", "8999"))), "v 8999 new 08999");
}
