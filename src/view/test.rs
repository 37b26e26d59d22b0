//! The rows of a view against a sorted `Vec` of them.

use std::sync::Arc;

use proptest::prelude::*;

use super::model::{Json, json};
use super::*;
use crate::key::Key;
use crate::range::{Fingerprint, Query, Selection, Window};

const VIEW: Fingerprint = Fingerprint::of_view("view");

const DOCUMENTS: &[&str] = &["a", "a\0", "a\0b", "a\u{1}", "aa", "\0", "\u{1F600}", "\u{FFFF}"];

#[derive(Clone, Debug)]
struct ModelRow {
    key: Json,
    document: &'static str,
    ordinal: usize,
    value: Option<String>,
}

#[derive(Clone, Debug)]
enum Change {
    Replace(&'static str, Vec<(Json, Option<String>)>),
    Remove(&'static str),
}

#[derive(Clone, Debug)]
enum Wanted {
    /// Two bounds, and whether what is at them is inside.
    Bounds(Option<Json>, Option<Json>, (bool, bool)),
    Key(Json),
    Keys(Vec<Json>),
    Prefix(Json),
}

fn bytes(value: &Json) -> Vec<u8> {
    let mut out = Vec::new();
    collation::encode(&value.text(), &mut out).unwrap();
    out
}

fn emitted(key: &Json, value: Option<&str>) -> Emitted {
    Emitted { key: bytes(key), value: value.map(Arc::from) }
}

fn apply(rows: &mut Rows, model: &mut Vec<ModelRow>, change: Change) {
    match change {
        Change::Replace(document, new) => {
            let key = Key::new(document).unwrap();
            rows.replace(&key, new.iter().map(|(key, value)| emitted(key, value.as_deref())).collect());
            model.retain(|row| row.document != document);
            let new = new.into_iter().enumerate();
            model.extend(new.map(|(ordinal, (key, value))| ModelRow { key, document, ordinal, value }));
        }
        Change::Remove(document) => {
            rows.remove(&Key::new(document).unwrap());
            model.retain(|row| row.document != document);
        }
    }
    model.sort_by(|a, b| {
        let documents = || a.document.encode_utf16().cmp(b.document.encode_utf16());
        a.key.compare(&b.key).then_with(documents).then(a.ordinal.cmp(&b.ordinal))
    });
}

fn model_range<'a>(model: &'a [ModelRow], wanted: &Wanted, descending: bool) -> Vec<&'a ModelRow> {
    if let Wanted::Keys(keys) = wanted {
        let of_key = |key: &Json| model_range(model, &Wanted::Key(key.clone()), descending);
        return keys.iter().flat_map(of_key).collect();
    }
    let is_inside = |row: &ModelRow| match wanted {
        Wanted::Keys(_) => unreachable!("each of them is a key"),
        Wanted::Key(key) => row.key.compare(key).is_eq(),
        Wanted::Prefix(prefix) => row.key.starts_with(prefix),
        Wanted::Bounds(start, end, (inclusive_start, inclusive_end)) => {
            let is_at = |bound: &Option<Json>| bound.as_ref().is_some_and(|bound| row.key.compare(bound).is_eq());
            if (is_at(start) && !inclusive_start) || (is_at(end) && !inclusive_end) {
                return false;
            }
            let is_at_or_above = |bound: &Json| row.key.compare(bound).is_ge();
            let is_at_or_below = |bound: &Json| row.key.compare(bound).is_le();
            match (start, end) {
                (Some(a), Some(b)) if descending && a.compare(b).is_lt() => is_at_or_above(a) && is_at_or_below(b),
                (a, b) if descending => a.as_ref().is_none_or(is_at_or_below) && b.as_ref().is_none_or(is_at_or_above),
                (a, b) => a.as_ref().is_none_or(is_at_or_above) && b.as_ref().is_none_or(is_at_or_below),
            }
        }
    };
    let mut range: Vec<_> = model.iter().filter(|row| is_inside(row)).collect();
    if descending {
        range.reverse();
    }
    range
}

fn selection(wanted: &Wanted, descending: bool) -> Selection {
    let mut selection = Selection { descending, ..Selection::default() };
    match wanted {
        Wanted::Key(key) => selection.key = Some(bytes(key)),
        Wanted::Keys(keys) => selection.keys = Some(keys.iter().map(bytes).collect()),
        Wanted::Prefix(head) => {
            let mut out = Vec::new();
            collation::prefix(&head.text(), &mut out).unwrap();
            selection.prefix = Some(out);
        }
        Wanted::Bounds(start, end, (inclusive_start, inclusive_end)) => {
            selection.start = start.as_ref().map(bytes);
            selection.end = end.as_ref().map(bytes);
            selection.inclusive_start = *inclusive_start;
            selection.inclusive_end = *inclusive_end;
        }
    }
    selection
}

fn assert_same(row: (&RowKey, &RowValue), model: &ModelRow) {
    let (key, value) = row;
    assert_eq!(key.emitted(), bytes(&model.key));
    assert_eq!(key.document().unwrap(), Key::new(model.document).unwrap().as_bytes());
    assert_eq!(value.as_deref(), model.value.as_deref());
}

fn change() -> impl Strategy<Value = Change> {
    let document = || prop::sample::select(DOCUMENTS);
    let value = prop::option::of(prop::sample::select(&["1", "null"][..]).prop_map(str::to_owned));
    let emitted = prop::collection::vec((row_key(), value), 0..4);
    prop_oneof![
        5 => (document(), emitted).prop_map(|(document, rows)| Change::Replace(document, rows)),
        1 => document().prop_map(Change::Remove),
    ]
}

/// Mostly from a few keys, so that documents share them and bounds hit them.
fn row_key() -> impl Strategy<Value = Json> {
    const FEW: &[&str] =
        &["null", "-1", "1", "\"\"", "\"a\"", "\"a\\u0000\"", "\"ab\"", "[]", "[\"a\"]", "[\"a\",-1]", "[-1]", "{}"];
    prop_oneof![4 => prop::sample::select(FEW).prop_map(Json::parse), 1 => json()]
}

fn wanted() -> impl Strategy<Value = Wanted> {
    const PREFIXES: &[&str] = &["\"\"", "\"a\"", "[]", "[\"a\"]", "[-1]"];
    let bound = || prop::option::of(row_key());
    prop_oneof![
        4 => (bound(), bound(), any::<(bool, bool)>())
            .prop_map(|(start, end, inclusive)| Wanted::Bounds(start, end, inclusive)),
        1 => row_key().prop_map(Wanted::Key),
        2 => prop::collection::vec(row_key(), 0..5).prop_map(Wanted::Keys),
        2 => prop::sample::select(PREFIXES).prop_map(|text| Wanted::Prefix(Json::parse(text))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_are_those_of_a_sorted_list(
        changes in prop::collection::vec(change(), 0..24),
        queries in prop::collection::vec((wanted(), any::<bool>(), 0_usize..6, prop::option::of(1_usize..6)), 1..8),
    ) {
        let (mut rows, mut model) = (Rows::new(), Vec::new());
        for change in changes {
            apply(&mut rows, &mut model, change);
        }
        prop_assert_eq!(rows.len(), model.len());
        for (row, expected) in rows.tree().range(0..rows.len()).zip(&model) {
            assert_same(row, expected);
        }
        for (wanted, descending, start, limit) in queries {
            let expected = model_range(&model, &wanted, descending);
            let query = Query { selection: selection(&wanted, descending), window: Window { start, limit }, cursor: None };
            let page = query.of_rows(VIEW).unwrap().page(rows.tree());
            prop_assert_eq!(page.total, expected.len(), "{:?} descending {}", wanted, descending);
            let end = expected.len().min(start + limit.unwrap_or(usize::MAX - start));
            prop_assert_eq!(page.exclusive_end_index, (end < expected.len()).then_some(end));
            let found: Vec<_> = page.entries(rows.tree()).collect();
            let expected = expected.get(start..end).unwrap_or_default();
            prop_assert_eq!(found.len(), expected.len());
            for (row, expected) in found.into_iter().zip(expected) {
                assert_same(row, expected);
            }
        }
    }

    #[test]
    fn rows_that_stay_are_seen_once_and_in_order_whatever_comes_and_goes_between_the_pages(
        before in prop::collection::vec(change(), 4..24),
        between in prop::collection::vec((prop::collection::vec(change(), 0..2), 1_usize..4), 1..8),
        (wanted, descending) in (wanted(), any::<bool>()),
    ) {
        let (mut rows, mut model) = (Rows::new(), Vec::new());
        for change in before {
            apply(&mut rows, &mut model, change);
        }
        let is_same = |a: &ModelRow, b: &ModelRow| {
            a.key.compare(&b.key).is_eq() && (a.document, a.ordinal) == (b.document, b.ordinal)
        };
        let (mut stays, mut cursor, mut walked) = (model.clone(), None, Vec::<Vec<u8>>::new());
        for (changes, limit) in between.into_iter().chain(std::iter::repeat_n((Vec::new(), 3), 200)) {
            for change in changes {
                apply(&mut rows, &mut model, change);
            }
            stays.retain(|row| model.iter().any(|other| is_same(row, other)));
            let window = Window { start: 0, limit: Some(limit) };
            let query = Query { selection: selection(&wanted, descending), window, cursor };
            let page = query.of_rows(VIEW).unwrap().page(rows.tree());
            prop_assert_eq!(page.total, model_range(&model, &wanted, descending).len());
            walked.extend(page.entries(rows.tree()).map(|(row, _)| row.as_bytes().to_vec()));
            cursor = page.cursor;
            if cursor.is_none() {
                break;
            }
        }
        prop_assert!(cursor.is_none(), "the walk ends");
        let row_key = |row: &ModelRow| {
            RowKey::new(bytes(&row.key), &Key::new(row.document).unwrap(), u32::try_from(row.ordinal).unwrap())
        };
        let all: Vec<_> = stays.iter().map(row_key).collect();
        walked.retain(|bytes| all.iter().any(|row| row.as_bytes() == bytes));
        let expected = model_range(&stays, &wanted, descending).into_iter().map(row_key);
        prop_assert_eq!(walked, expected.map(|row| row.as_bytes().to_vec()).collect::<Vec<_>>());
    }
}

#[test]
fn a_snapshot_does_not_see_later_changes() {
    let (mut rows, key) = (Rows::new(), Key::new("a").unwrap());
    rows.replace(&key, vec![emitted(&Json::Null, Some("1")), emitted(&Json::Null, None)]);
    let snapshot = rows.tree().clone();
    rows.replace(&key, vec![emitted(&Json::Null, Some("2"))]);
    rows.clear();
    assert!(rows.is_empty());
    let values: Vec<_> = snapshot.range(0..snapshot.len()).map(|(_, value)| value.as_deref()).collect();
    assert_eq!(values, [Some("1"), None]);
}

#[test]
fn no_rows_are_a_removal() {
    let (mut rows, key) = (Rows::new(), Key::new("a").unwrap());
    rows.replace(&key, vec![emitted(&Json::Null, None)]);
    rows.replace(&key, Vec::new());
    assert!(rows.is_empty());
    rows.remove(&key);
    assert!(rows.is_empty());
}
