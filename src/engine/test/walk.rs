//! Walks go over what a query selects, however they are cut.

use proptest::prelude::*;

use super::{Store, cases, set};
use crate::engine::Walk;
use crate::key::code_unit;
use crate::range::{Query, Selection, Window};

/// The keys of a walk that takes so many at a time.
fn keys(mut walk: Walk, at_a_time: usize) -> Vec<String> {
    let mut keys = Vec::new();
    while !walk.is_over() {
        let mut left = at_a_time;
        walk.advance(|key, _| {
            keys.push(key.to_string());
            left -= 1;
            left > 0
        });
        assert_eq!(left == 0, keys.len() % at_a_time == 0, "only the last steps are short");
    }
    keys
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn a_walk_is_the_page_of_its_query(
        documents in 0..40_usize,
        at_a_time in 1..10_usize,
        descending: bool,
        start in 0..50_usize,
        limit in prop::option::of(1..50_usize),
        several in prop::option::of(prop::collection::vec(0..50_usize, 0..6)),
    ) {
        let store = Store::in_memory();
        let name = |number: usize| format!("{number:02}");
        store.write((0..documents).map(|number| set(&name(number), "{}")).collect());
        let keys_of = |numbers: Vec<usize>| {
            numbers.into_iter().map(|number| code_unit::from_str(&name(number)).into_owned()).collect()
        };
        let selection = Selection { descending, keys: several.map(keys_of), ..Selection::default() };
        let query = Query { selection, window: Window { start, limit }, cursor: None };
        let snapshot = store.engine.snapshot().unwrap();
        let page = snapshot.query(query.clone()).unwrap();
        let expected: Vec<_> = snapshot.page(&page).map(|(key, _)| key.to_string()).collect();
        prop_assert_eq!(keys(Walk::new(snapshot.clone(), query).unwrap(), at_a_time), expected);
    }
}
