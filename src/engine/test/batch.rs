//! Writes that are done together or not at all.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::*;
use crate::engine::{Advance, Emission, Index};
use crate::storage::faulty::{Call, EIO, ENOSPC};

#[test]
fn a_batch_is_one_group_with_the_sequences_up_to_its_last() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    stored(store.one(set("b", "{}")));
    let answers = store.batch(vec![set("c", "{}"), delete("missing"), delete("b"), put("a", "{\"_rev\":7}")]);
    assert_eq!(words(&answers), ["{\"_rev\":0}", "deleted", "deleted", "{\"_rev\":7}"]);
    assert_eq!(faults.calls(), [Call::Load, Call::Commit(1), Call::Commit(1)]);
    let snapshot = store.engine.snapshot().unwrap();
    let sequence = |text| snapshot.get(&key(text)).unwrap().sequence;
    assert_eq!((sequence("c"), sequence("a"), snapshot.position().sequence), (2, 4, 4));
    let changed: Vec<_> = snapshot.changes().live_after(0).map(|(sequence, key)| (sequence, key.to_string())).collect();
    assert_eq!(changed, [(2, "c".to_owned()), (4, "a".to_owned())]);
    assert_eq!(snapshot.changes().deleted_after(0).map(|(sequence, _)| sequence).collect::<Vec<_>>(), [3]);
}

#[test]
fn one_refused_write_refuses_the_batch_and_is_named() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    stored(store.one(set("there", "{}")));
    let before = store.texts();
    for (refused, expected) in [
        (set("there", "{\"_rev\":5}"), "CONFLICT"),
        (set("there", "[]"), "ASSERTION"),
        (delete("there").at_revision(Some(4)), "CONFLICT"),
        (delete("missing").at_revision(Some(4)), "CONFLICT"),
        (set("there", "{}").at_sequence(0), "lost CONFLICT"),
    ] {
        let name = refused.key.to_string();
        let answers = store.batch(vec![set("a", "{}"), refused, set("z", "{}"), delete("there2")]);
        assert_eq!(words(&answers), [expected]);
        assert_eq!(failure(answers.into_iter().next().unwrap()).context().key.as_deref(), Some(name.as_str()));
        assert_eq!(store.texts(), before);
    }
    assert_eq!(faults.calls(), [Call::Load, Call::Commit(1)], "storage never saw them");
}

#[test]
fn a_key_twice_is_refused_and_named() {
    let store = Store::in_memory();
    let answers = store.batch(vec![set("a", "{}"), set("b", "{}"), delete("a")]);
    let error = failure(answers.into_iter().next().unwrap());
    assert_eq!((error.code(), error.context().key.as_deref()), ("ASSERTION", Some("a")));
    assert!(store.texts().is_empty());
}

#[test]
fn a_batch_with_nothing_to_store_succeeds_without_storage() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    assert!(store.batch(Vec::new()).is_empty());
    assert_eq!(words(&store.batch(vec![delete("a"), delete("b")])), ["deleted", "deleted"]);
    assert_eq!(faults.calls(), [Call::Load]);
}

#[test]
fn a_batch_that_storage_refuses_changes_nothing_and_has_one_answer() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    faults.fail_group(1, ENOSPC);
    faults.conflict_at_group(2, Some(9));
    for expected in ["ENOSPC", "lost CONFLICT"] {
        assert_eq!(words(&store.batch(vec![set("a", "{}"), set("b", "{}")])), [expected]);
        assert!(store.texts().is_empty());
    }
    assert_eq!(store.batch(vec![set("a", "{}"), set("b", "{}")]).len(), 2);
}

#[test]
fn a_batch_of_one_that_is_refused_is_answered_as_one() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    faults.fail_group(1, EIO);
    assert_eq!(words(&store.batch(vec![set("a", "{}")])), ["EIO"]);
    assert_eq!(words(&store.batch(vec![set("a", "[]")])), ["ASSERTION"]);
}

#[test]
fn batches_and_writes_of_a_key_keep_their_order_and_the_rest_goes_together() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    let hold = faults.hold_commit();
    let first = store.submit(vec![set("first", "{}")]);
    hold.wait();
    let single = store.submit(vec![set("a", "{\"n\":1}"), set("x", "{}"), set("x", "{}")]);
    let batch = |writes| store.submit_batch(Batch { writes, reads: None });
    // After the first write of a, the second of x; the next batch after this one, for b.
    let second = batch(vec![set("a", "{\"n\":2}"), set("b", "{\"n\":2}"), set("x", "{\"n\":2}")]);
    let third = batch(vec![set("b", "{\"n\":3}"), set("c", "{\"n\":3}")]);
    let alone = batch(vec![set("d", "{}"), set("e", "{}")]);
    let last = store.submit(vec![set("c", "{\"n\":4}")]);
    drop(hold);
    answer(&first);
    assert_eq!(words(&answer(&single)), ["{\"_rev\":0,\"n\":1}", "{\"_rev\":0}", "{\"_rev\":1}"]);
    assert_eq!(words(&answer(&second)), ["{\"_rev\":1,\"n\":2}", "{\"_rev\":0,\"n\":2}", "{\"_rev\":2,\"n\":2}"]);
    assert_eq!(words(&answer(&third)), ["{\"_rev\":1,\"n\":3}", "{\"_rev\":0,\"n\":3}"]);
    assert_eq!(words(&answer(&alone)), ["{\"_rev\":0}", "{\"_rev\":0}"]);
    assert_eq!(words(&answer(&last)), ["{\"_rev\":1,\"n\":4}"]);
    // a, x, alone; x; second; third; last.
    assert_eq!(faults.calls()[2..], [3, 1, 1, 1, 1].map(Call::Commit));
}

#[test]
fn long_batches_are_committed_by_themselves() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    let hold = faults.hold_commit();
    let first = store.submit(vec![set("first", "{}")]);
    hold.wait();
    let many = |name: &str, size: usize| (0..size).map(|n| set(&format!("{name}{n}"), "{}")).collect::<Vec<_>>();
    let batch = |name, size| store.submit_batch(Batch { writes: many(name, size), reads: None });
    let all = [batch("a", 400), batch("b", 600), batch("c", 2_500), batch("d", 1), batch("e", 999)];
    drop(hold);
    answer(&first);
    assert_eq!(all.map(|batch| answer(&batch).len()), [400, 600, 2_500, 1, 999]);
    assert_eq!(faults.calls()[2..], [2, 1, 2].map(Call::Commit));
}

#[test]
fn no_reader_and_no_view_sees_a_part_of_a_batch() {
    // Applied in place, over the entries of one lock, and beside it.
    for size in [600, 5_000] {
        see_whole_batches(size);
    }
}

fn see_whole_batches(size: usize) {
    let store = Store::in_memory();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let (store, done) = (&store, &done);
        scope.spawn(move || {
            let mut view = Index::new("view");
            while !done.load(Ordering::Relaxed) {
                let snapshot = store.engine.snapshot().unwrap();
                let mut texts = snapshot.documents().iter().map(|(_, stored)| stored.document.text().to_owned());
                let first = texts.next();
                assert!(texts.all(|text| Some(text) == first), "two batches at once");
                assert!([0, size].contains(&snapshot.documents().len()));
                let moment = view.want(snapshot);
                let mut mapped = 0;
                loop {
                    match view.advance(100, usize::MAX).unwrap() {
                        Advance::Busy => {}
                        Advance::Map(chunk) => {
                            mapped += chunk.len();
                            view.apply(chunk.iter().map(|_| Emission::Rows(Vec::new())).collect()).unwrap();
                        }
                        Advance::Arrived => break,
                    }
                }
                assert!([0, size].contains(&mapped), "{mapped}");
                view.forget(moment);
            }
        });
        for _ in 0..20_000 / size {
            let batch = (0..size).map(|number| set(&number.to_string(), "{}"));
            assert_eq!(store.batch(batch.collect()).len(), size);
        }
        done.store(true, Ordering::Relaxed);
    });
}
