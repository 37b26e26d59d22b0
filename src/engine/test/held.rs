//! What a reader who keeps documents asks: whether what he has is of this moment, and whether it still is.

use super::{Store, key, set};
use crate::engine::Generations;
use crate::error::ErrorKind;

fn bucket(text: &str) -> u32 {
    Generations::bucket(key(text).as_bytes())
}

#[test]
fn a_moment_is_told_only_where_all_that_is_held_has_not_changed() {
    let store = Store::in_memory();
    store.write(vec![set("a", "{\"n\":1}"), set("b", "{\"n\":1}")]);
    let held = ["a", "b"].map(|key| (bucket(key), store.engine.generations().of(bucket(key))));
    let moment = store.engine.snapshot_holding(held.into_iter()).unwrap().unwrap();
    assert_eq!(moment.position().sequence, store.engine.sequence().unwrap());
    assert!(store.engine.snapshot_holding(std::iter::empty()).unwrap().is_some());
    store.write(vec![set("b", "{\"n\":2}")]);
    assert!(store.engine.snapshot_holding(held.into_iter()).unwrap().is_none());
    assert!(store.engine.snapshot_holding(held.into_iter().take(1)).unwrap().is_some());
}

#[test]
fn generations_are_told_for_a_moment_only_while_it_is_the_present_one() {
    let store = Store::in_memory();
    store.write(vec![set("a", "{\"n\":1}")]);
    let sequence = store.engine.sequence().unwrap();
    let told = || {
        let mut generation = None;
        store.engine.when_still_at(sequence, |generations| generation = Some(generations.of(bucket("a"))));
        generation
    };
    assert_eq!(told(), Some(1));
    // Another key: the moment is over all the same.
    store.write(vec![set("b", "{\"n\":1}")]);
    assert_eq!(told(), None);
}

#[test]
fn a_closed_store_holds_nothing() {
    let store = Store::in_memory();
    let sequence = store.engine.sequence().unwrap();
    store.close().unwrap();
    let refused = store.engine.snapshot_holding(std::iter::empty()).map(drop).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Closed);
    store.engine.when_still_at(sequence, |_| panic!("told by a closed store"));
}
