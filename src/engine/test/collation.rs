//! Stores whose keys are in the order of a language, against a sorted list.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::collator::Collation;
use crate::collator::test::{collator, compare};
use crate::error::ErrorKind;
use crate::key::code_unit;
use crate::range::{Selection, Window};

const ENGLISH: &str = "{\"locale\":\"en\",\"numeric\":true}";

/// In English order, ties by code unit: a language ignores U+0001.
const NAMES: &[&str] = &["-", "\u{1F600}", "a", "a\u{1}", "A", "\u{e4}", "a2", "a10", "b", "B", "\u{e9}", "z"];

fn store(collation: &str) -> Store {
    let store = Store::new(Memory::ordered(Collation::parse(collation).unwrap()));
    store.load().unwrap();
    store
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// What a query is answered: the keys of its page, and the total.
fn found(store: &Store, selection: Selection, window: Window) -> (Vec<String>, usize) {
    let (snapshot, descending) = (store.engine.snapshot().unwrap(), selection.descending);
    let page = snapshot.query(selection.clone(), window).unwrap();
    let keys: Vec<_> = snapshot.page(&page, descending).map(|(key, _)| key.to_string()).collect();
    let mut transaction = store.begin();
    let same = transaction.query_keys(selection, window, true, false).unwrap();
    assert_eq!(same, page);
    assert!(transaction.page(&same, descending).map(|(key, _)| key.to_string()).eq(keys.iter().cloned()));
    (keys, page.total)
}

#[derive(Clone, Debug)]
struct Wanted {
    bounds: [Option<&'static str>; 2],
    descending: bool,
    window: Window,
}

impl Wanted {
    fn selection(&self) -> Selection {
        let [start, end] = self.bounds.map(|bound| bound.map(|text| code_unit::from_utf16(&units(text))));
        Selection { start, end, descending: self.descending, ..Selection::default() }
    }

    /// The same of a sorted list.
    fn of(&self, sorted: &[&'static str]) -> (Vec<String>, usize) {
        let rules = collator(ENGLISH);
        let order = |a: &str, b: &str| compare(&rules, &units(a), &units(b));
        let [start, end] = self.bounds;
        let (low, high) = match (start, end) {
            (Some(a), Some(b)) if self.descending && order(a, b).is_gt() => (end, start),
            (Some(_), Some(_)) => (start, end),
            _ if self.descending => (end, start),
            _ => (start, end),
        };
        let inside = |key: &&&str| {
            low.is_none_or(|low| order(key, low).is_ge()) && high.is_none_or(|high| order(key, high).is_le())
        };
        let mut all: Vec<_> = sorted.iter().filter(inside).map(|key| (*key).to_owned()).collect();
        if self.descending {
            all.reverse();
        }
        let total = all.len();
        let limit = self.window.limit.unwrap_or(usize::MAX);
        (all.into_iter().skip(self.window.start).take(limit).collect(), total)
    }
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let bound = || prop::option::of(select(NAMES));
    let window = (0..4_usize, prop::option::of(1..5_usize)).prop_map(|(start, limit)| Window { start, limit });
    (bound(), bound(), any::<bool>(), window).prop_map(|(start, end, descending, window)| Wanted {
        bounds: [start, end],
        descending,
        window,
    })
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn pages_are_those_of_a_sorted_list(
        changes in vec((select(NAMES), any::<bool>()), 0..40), queries in vec(wanted(), 1..8)
    ) {
        let store = store(ENGLISH);
        let mut there = BTreeMap::new();
        for (name, is_set) in changes {
            store.one(if is_set { set(name, "{}") } else { delete(name) });
            there.insert(name, is_set);
        }
        let sorted: Vec<_> = NAMES.iter().copied().filter(|name| there.get(name) == Some(&true)).collect();
        for query in queries {
            prop_assert_eq!(found(&store, query.selection(), query.window), query.of(&sorted), "{:?}", query);
        }
    }
}

#[test]
fn the_names_are_in_their_order() {
    let rules = collator(ENGLISH);
    assert!(NAMES.is_sorted_by(|a, b| compare(&rules, &units(a), &units(b)).is_lt()));
}

#[test]
fn half_a_pair_is_a_bound() {
    let store = store(ENGLISH);
    store.write(vec![set("a", "{}"), set("\u{1F600}", "{}")]);
    for half in [0xD83D, 0xDE00] {
        let start = Some(code_unit::from_utf16(&[0x61, half]));
        assert!(
            !found(&store, Selection { start, ..Selection::default() }, Window::default()).0.contains(&"a".to_owned())
        );
    }
}

#[test]
fn a_key_is_that_key_and_no_other_of_its_letters() {
    let store = store("{\"locale\":\"en\",\"strength\":\"primary\"}");
    store.write(vec![set("a", "{}"), set("A", "{}"), set("\u{e4}", "{}")]);
    for name in ["a", "A", "\u{e4}"] {
        let key = Some(code_unit::from_str(name).into_owned());
        let one = found(&store, Selection { key, ..Selection::default() }, Window::default());
        assert_eq!(one, (vec![name.to_owned()], 1));
        assert!(store.text(name).is_some());
    }
}

#[test]
fn a_prefix_is_refused() {
    let store = store(ENGLISH);
    let selection = || Selection { prefix: Some(b"a".to_vec()), ..Selection::default() };
    let refused = [
        store.engine.snapshot().unwrap().query(selection(), Window::default()),
        store.begin().query_keys(selection(), Window::default(), true, false),
    ];
    for page in refused {
        assert_eq!(page.unwrap_err().kind(), ErrorKind::Assertion);
    }
}

#[test]
fn a_snapshot_keeps_its_order_of_keys() {
    let store = store(ENGLISH);
    store.write(vec![set("b", "{}"), set("B", "{}")]);
    let before = store.engine.snapshot().unwrap();
    store.write(vec![delete("b"), set("a", "{}"), set("B", "{\"n\":1}")]);
    let page = before.query(Selection::default(), Window::default()).unwrap();
    let keys: Vec<_> = before.page(&page, false).map(|(key, stored)| format!("{key}{}", stored.sequence)).collect();
    assert_eq!(keys, ["b1", "B2"]);
    let now = found(&store, Selection::default(), Window::default());
    assert_eq!(now.0, ["a", "B"]);
}

#[test]
fn documents_on_disk_come_in_the_order_that_the_directory_remembers() {
    let directory = tempfile::tempdir().unwrap();
    let open = |collation: Option<&str>| {
        let collation = collation.map(|text| Collation::parse(text).unwrap());
        let options = files::Options { collation, ..files::Options::default() };
        let store = Store::new(Files::new(directory.path().to_path_buf(), options));
        store.load().map(|_| store)
    };
    let first = open(Some(ENGLISH)).unwrap();
    first.write(vec![set("B", "{}"), set("a10", "{}"), set("a", "{}"), set("a2", "{}")]);
    first.close().unwrap();
    assert_eq!(code(open(Some("\"codeUnit\""))), "ASSERTION");
    for given in [None, Some(ENGLISH)] {
        let again = open(given).unwrap();
        let keys = found(&again, Selection::default(), Window::default()).0;
        assert_eq!(keys, ["a", "a2", "a10", "B"]);
        again.close().unwrap();
    }
}
