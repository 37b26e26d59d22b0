//! Stores whose keys are in the order of a language, against a sorted list.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::collator::Collation;
use crate::collator::test::{collator, compare};
use crate::engine::{self, Answer, Found, Search};
use crate::key::code_unit;
use crate::range::{Cursor, Fingerprint, Page, Query, Selection, Window};
use crate::view::declared::Filter;
use crate::view::{RowKey, collation};

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

/// What a query is answered: the keys of its page, and the page.
fn found(store: &Store, query: Query) -> (Vec<String>, Page) {
    let snapshot = store.engine.snapshot().unwrap();
    let page = snapshot.query(query.clone()).unwrap();
    let keys: Vec<_> = snapshot.page(&page).map(|(key, _)| key.to_string()).collect();
    let mut transaction = store.begin();
    let same = transaction.query_keys(query, true, false).unwrap();
    assert_eq!(same, page);
    assert!(transaction.page(&same).map(|(key, _)| key.to_string()).eq(keys.iter().cloned()));
    (keys, page)
}

fn all(store: &Store) -> Vec<String> {
    found(store, Query::default()).0
}

#[derive(Clone, Debug)]
struct Wanted {
    bounds: [Option<&'static str>; 2],
    inclusive: [bool; 2],
    keys: Option<Vec<&'static str>>,
    descending: bool,
    window: Window,
}

impl Wanted {
    fn query(&self) -> Query {
        let bytes = |text| code_unit::from_utf16(&units(text));
        let [start, end] = self.bounds.map(|bound| bound.map(bytes));
        let [inclusive_start, inclusive_end] = self.inclusive;
        let keys = self.keys.as_ref().map(|keys| keys.iter().map(|key| bytes(key)).collect());
        let descending = self.descending;
        let selection =
            Selection { start, end, inclusive_start, inclusive_end, keys, descending, ..Selection::default() };
        Query { selection, window: self.window, cursor: None }
    }

    /// Everything that is selected of a sorted list.
    fn of(&self, sorted: &[&'static str]) -> Vec<String> {
        if let Some(keys) = &self.keys {
            return keys.iter().filter(|key| sorted.contains(key)).map(|key| (*key).to_owned()).collect();
        }
        let rules = collator(ENGLISH);
        let order = |a: &str, b: &str| compare(&rules, &units(a), &units(b));
        let [start, end] = self.bounds;
        let (low, high) = match (start, end) {
            (Some(a), Some(b)) if self.descending && order(a, b).is_gt() => (end, start),
            (Some(_), Some(_)) => (start, end),
            _ if self.descending => (end, start),
            _ => (start, end),
        };
        let is_excluded = |key: &str| {
            let [at_start, at_end] = self.inclusive;
            (!at_start && start == Some(key)) || (!at_end && end == Some(key))
        };
        let inside = |key: &&&str| {
            low.is_none_or(|low| order(key, low).is_ge())
                && high.is_none_or(|high| order(key, high).is_le())
                && !is_excluded(key)
        };
        let mut all: Vec<_> = sorted.iter().filter(inside).map(|key| (*key).to_owned()).collect();
        if self.descending {
            all.reverse();
        }
        all
    }
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let bound = || prop::option::of(select(NAMES));
    let window = (0..4_usize, prop::option::of(1..5_usize)).prop_map(|(start, limit)| Window { start, limit });
    let keys = prop::option::weighted(0.2, vec(select(NAMES), 0..6));
    (bound(), bound(), any::<[bool; 2]>(), keys, any::<bool>(), window).prop_map(
        |(start, end, inclusive, keys, descending, window)| Wanted {
            bounds: [start, end],
            inclusive,
            keys,
            descending,
            window,
        },
    )
}

/// A store of some of the names, and these in their order.
fn changed(changes: Vec<(&'static str, bool)>) -> (Store, Vec<&'static str>) {
    let store = store(ENGLISH);
    let mut there = BTreeMap::new();
    for (name, is_set) in changes {
        store.one(if is_set { set(name, "{}") } else { delete(name) });
        there.insert(name, is_set);
    }
    (store, NAMES.iter().copied().filter(|name| there.get(name) == Some(&true)).collect())
}

fn search(descending: bool, limit: usize, cursor: Option<String>) -> Search {
    let wanted = engine::Wanted::Page { window: Window { start: 0, limit: Some(limit) }, cursor };
    Search { filter: Filter::parse("{}").unwrap(), prefix: None, descending, wanted }
}

fn find(store: &Store, search: Search) -> Found {
    let Ok(Answer::Now(found)) = store.find(search) else { panic!("later") };
    found
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn pages_are_those_of_a_sorted_list(
        changes in vec((select(NAMES), any::<bool>()), 0..40), queries in vec(wanted(), 1..8)
    ) {
        let (store, sorted) = changed(changes);
        for wanted in queries {
            let (keys, page) = found(&store, wanted.query());
            let all = wanted.of(&sorted);
            let limit = wanted.window.limit.unwrap_or(usize::MAX);
            let shown: Vec<_> = all.iter().skip(wanted.window.start).take(limit).cloned().collect();
            prop_assert_eq!((keys, page.total), (shown, all.len()), "{:?}", wanted);
        }
    }

    #[test]
    fn a_walk_by_cursor_meets_everything_once_although_what_it_has_seen_is_deleted(
        changes in vec((select(NAMES), any::<bool>()), 0..40), wanted in wanted(), limit in 1..4_usize
    ) {
        let (store, sorted) = changed(changes);
        let mut query = Query { window: Window { start: 0, limit: Some(limit) }, ..wanted.query() };
        // Who is asked for twice would be gone the second time.
        query.selection.keys.iter_mut().for_each(|keys| keys.sort());
        query.selection.keys.iter_mut().for_each(Vec::dedup);
        let keys = query.selection.keys.clone();
        let expected = keys.map_or_else(|| wanted.of(&sorted), |keys| {
            let keys = keys.iter().map(|key| code_unit::to_str(key).unwrap().into_owned());
            keys.filter(|key| sorted.contains(&key.as_str())).collect()
        });
        let mut walked = Vec::new();
        loop {
            let (keys, page) = found(&store, query.clone());
            store.write(keys.iter().map(|key| delete(key)).collect());
            walked.extend(keys);
            query.cursor = page.cursor;
            if query.cursor.is_none() {
                break;
            }
        }
        prop_assert_eq!(walked, expected, "{:?}", wanted);
    }

    #[test]
    fn a_search_pages_in_the_order_of_the_store(
        changes in vec((select(NAMES), any::<bool>()), 0..40), descending in any::<bool>(), limit in 1..4_usize,
        has_view in any::<bool>()
    ) {
        let (store, mut expected) = changed(changes);
        if has_view {
            store.declare("all", "{\"key\":\"_rev\"}");
        }
        if descending {
            expected.reverse();
        }
        let filter = Filter::parse(if has_view { "{\"_rev\":{\"$gte\":0}}" } else { "{}" }).unwrap();
        let (mut walked, mut cursor) = (Vec::new(), None);
        loop {
            let found = find(&store, Search { filter: filter.clone(), ..search(descending, limit, cursor) });
            prop_assert_eq!(found.explanation.view.is_some(), has_view);
            walked.extend(found.documents.iter().map(|(key, _)| key.to_string()));
            cursor = found.cursor;
            if cursor.is_none() {
                break;
            }
        }
        prop_assert_eq!(walked, expected);
    }
}

#[test]
fn the_names_are_in_their_order() {
    let rules = collator(ENGLISH);
    assert!(NAMES.is_sorted_by(|a, b| compare(&rules, &units(a), &units(b)).is_lt()));
}

#[test]
fn a_cursor_names_the_key_and_belongs_to_its_order() {
    let other = "{\"locale\":\"en\"}";
    let page = |order: &str| {
        let store = store(order);
        store.write(vec![set("a", "{}"), set("b", "{}")]);
        let query = Query { window: Window { start: 0, limit: Some(1) }, ..Query::default() };
        (found(&store, query.clone()).1.cursor.unwrap(), store, query)
    };
    let (cursor, store, query) = page(ENGLISH);
    let text = Collation::parse(ENGLISH).unwrap().text().to_owned();
    let kind = Fingerprint::KEYS.and(text.as_bytes());
    assert_eq!(Cursor::from_text(&cursor, query.selection.fingerprint(kind)).unwrap().last, b"a");
    for foreign in [page(other).0, page("\"codeUnit\"").0] {
        let query = Query { cursor: Some(foreign), ..query.clone() };
        assert_eq!(code(store.engine.snapshot().unwrap().query(query)), "ASSERTION");
    }
    let found = |order: &str| {
        let (_, store, _) = page(order);
        find(&store, search(false, 1, None)).cursor.unwrap()
    };
    assert_eq!(code(store.find(search(false, 1, Some(found(other)))).map(|_| ())), "ASSERTION");
    assert_eq!(find(&store, search(false, 1, Some(found(ENGLISH)))).documents.len(), 1);
}

#[test]
fn a_cursor_of_a_view_names_the_row_by_code_unit() {
    let store = store("\"codeUnit\"");
    let text = |name: &str| serde_json::json!({ "name": [name] }).to_string();
    store.write(NAMES.iter().rev().map(|name| set(name, &text(name))).collect());
    let declaration = format!("{{\"key\":\"name\",\"collation\":{ENGLISH}}}");
    let view = store.declare("names", &declaration);
    let reading = store.engine.read_view_now(&view).unwrap();
    let kind = Fingerprint::of_view("names").and(Collation::parse(ENGLISH).unwrap().text().as_bytes());
    for descending in [false, true] {
        let selection = Selection { descending, ..Selection::default() };
        let mut query = Query { selection, window: Window { start: 0, limit: Some(1) }, cursor: None };
        let mut walked = Vec::new();
        loop {
            let page = reading.query(query.clone()).unwrap();
            let document = |row: &RowKey| code_unit::to_str(&row.document().unwrap()).unwrap().into_owned();
            walked.extend(reading.page(&page).map(|(row, _)| document(row)));
            let Some(cursor) = page.cursor else { break };
            let name = walked.last().unwrap();
            let mut named = Vec::new();
            collation::encode(&serde_json::json!([name]).to_string(), &mut named).unwrap();
            let last = Cursor::from_text(&cursor, query.selection.fingerprint(kind)).unwrap().last;
            assert_eq!(last, RowKey::new(named, &key(name), 0).as_bytes());
            query.cursor = Some(cursor);
        }
        if descending {
            walked.reverse();
        }
        assert_eq!(walked, NAMES);
    }
}

#[test]
fn half_a_pair_is_a_bound() {
    let store = store(ENGLISH);
    store.write(vec![set("a", "{}"), set("\u{1F600}", "{}")]);
    for half in [0xD83D, 0xDE00] {
        let start = Some(code_unit::from_utf16(&[0x61, half]));
        let query = Query { selection: Selection { start, ..Selection::default() }, ..Query::default() };
        assert!(!found(&store, query).0.contains(&"a".to_owned()));
    }
}

#[test]
fn a_key_is_that_key_and_no_other_of_its_letters() {
    let store = store("{\"locale\":\"en\",\"strength\":\"primary\"}");
    store.write(vec![set("a", "{}"), set("A", "{}"), set("\u{e4}", "{}")]);
    for name in ["a", "A", "\u{e4}"] {
        let key = Some(code_unit::from_str(name).into_owned());
        let query = Query { selection: Selection { key, ..Selection::default() }, ..Query::default() };
        assert_eq!(found(&store, query).0, [name]);
        assert!(store.text(name).is_some());
    }
}

#[test]
fn a_prefix_is_refused() {
    let store = store(ENGLISH);
    let selection = Selection { prefix: Some(b"a".to_vec()), ..Selection::default() };
    let query = Query { selection, ..Query::default() };
    let search = Search { prefix: Some(b"a".to_vec()), ..search(false, 1, None) };
    for refused in [
        code(store.engine.snapshot().unwrap().query(query.clone())),
        code(store.begin().query_keys(query, true, false)),
        code(store.find(search.clone()).map(|_| ())),
        code(store.find(Search { wanted: engine::Wanted::Count, ..search }).map(|_| ())),
    ] {
        assert_eq!(refused, "ASSERTION");
    }
}

#[test]
fn a_snapshot_keeps_its_order_of_keys() {
    let store = store(ENGLISH);
    store.write(vec![set("b", "{}"), set("B", "{}")]);
    let before = store.engine.snapshot().unwrap();
    store.write(vec![delete("b"), set("a", "{}"), set("B", "{\"n\":1}")]);
    let page = before.query(Query::default()).unwrap();
    let keys: Vec<_> = before.page(&page).map(|(key, stored)| format!("{key}{}", stored.sequence)).collect();
    assert_eq!(keys, ["b1", "B2"]);
    assert_eq!(all(&store), ["a", "B"]);
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
        assert_eq!(all(&again), ["a", "a2", "a10", "B"]);
        again.close().unwrap();
    }
}
