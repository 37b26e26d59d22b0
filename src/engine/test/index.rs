//! A view brought forward bit by bit beside one that is mapped from nothing.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::engine::snapshot::{Snapshot, Stored};
use crate::engine::{Advance, Emission, Index, Reading};
use crate::range::{Page, Query, Selection, Window};
use crate::storage::conformance::document;
use crate::storage::{Loaded, Position, Sequence};
use crate::view::{Emitted, collation};

/// More than the store remembers, so that a view has to begin anew.
const MANY: usize = 1_100;

/// A document with these emissions, or one on which the map function throws.
type Body = Option<Vec<u8>>;

#[derive(Clone, Debug)]
enum Step {
    Set(u8, Body),
    Delete(u8),
    /// Makes and deletes so many documents that older deletions are forgotten.
    ForgetDeletions,
    /// Wants the present moment, and keeps what the store holds for when the view arrives there.
    Want,
    /// Advances once, and maps the first `fit` of at most `most` documents.
    Advance {
        most: usize,
        bytes: usize,
        fit: usize,
    },
    /// Lets go of one of the moments wanted.
    Forget(usize),
    /// Wants the present, builds to it in chunks of this size, and compares.
    Query {
        most: usize,
        page: usize,
        descending: bool,
    },
}

/// One row: emitted key, document key, order of emission.
type Row = (u8, String, usize);

struct Model {
    snapshot: Snapshot,
    index: Index,
    /// The moments wanted, in their order.
    wanted: Vec<Snapshot>,
}

fn key_of(number: u8) -> String {
    format!("document {number}")
}

fn text(body: &Body) -> String {
    match body {
        Some(emits) => format!("{{\"emits\":{emits:?}}}"),
        None => "{\"throws\":true}".to_owned(),
    }
}

fn encoded(number: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    collation::encode(&number.to_string(), &mut bytes).unwrap();
    bytes
}

/// The map function: what a document emits, or nothing where it throws.
fn map(text: &str) -> Option<Vec<u8>> {
    let value: Value = serde_json::from_str(text).unwrap();
    value["emits"].as_array().map(|all| all.iter().map(|one| u8::try_from(one.as_u64().unwrap()).unwrap()).collect())
}

fn emission(stored: &Stored) -> Emission {
    let Some(emits) = map(stored.document.text()) else { return Emission::Skipped };
    let row = |number: u8| Emitted { key: encoded(number), value: Some(number.to_string().into()) };
    Emission::Rows(emits.into_iter().map(row).collect())
}

/// The rows of a moment, made from nothing.
fn rows_of(snapshot: &Snapshot) -> Vec<Row> {
    let mut rows = Vec::new();
    for (key, stored) in snapshot.documents() {
        for (order, number) in map(stored.document.text()).unwrap_or_default().into_iter().enumerate() {
            rows.push((number, key.to_string(), order));
        }
    }
    rows.sort();
    rows
}

fn rows_in(reading: &Reading, page: &Page) -> Vec<Row> {
    let row = |(row, value): (&crate::view::RowKey, &crate::view::RowValue)| {
        let bytes = row.as_bytes();
        let order = u32::from_be_bytes(*bytes.last_chunk().unwrap()) as usize;
        let document = row.document().unwrap();
        assert!(reading.document(&document).is_some(), "a row without its document");
        (value.as_ref().unwrap().parse().unwrap(), String::from_utf8(document.into_owned()).unwrap(), order)
    };
    reading.page(page).map(row).collect()
}

fn all_rows(reading: &Reading) -> Vec<Row> {
    rows_in(reading, &reading.query(Query::default()).unwrap())
}

impl Model {
    fn new() -> Self {
        Self { snapshot: Snapshot::default(), index: Index::new("view"), wanted: Vec::new() }
    }

    fn apply(&mut self, text: &str, body: Option<&str>) {
        let sequence = self.snapshot.position().sequence + 1;
        self.snapshot.apply(key(text), body.map(|body| document(0, body)), Position { epoch: 0, sequence });
    }

    fn want(&mut self) -> Sequence {
        let moment = self.index.want(self.snapshot.clone());
        assert_eq!(moment, self.snapshot.position().sequence);
        if self.wanted.last().is_none_or(|last| last.position().sequence != moment) {
            self.wanted.push(self.snapshot.clone());
        }
        moment
    }

    fn forget(&mut self, moment: Sequence) {
        self.index.forget(moment);
        self.wanted.retain(|snapshot| snapshot.position().sequence != moment);
    }

    /// The view as of now, where it stands there.
    fn reading(&self) -> Reading {
        self.index.reading(&self.snapshot).unwrap()
    }

    /// Advances once and maps the first `fit` documents; where the view arrives, compares and lets go of the moment.
    /// Tells how many were mapped; `None` on arrival.
    fn advance(&mut self, most: usize, bytes: usize, fit: usize) -> Option<usize> {
        let target = self.wanted[0].clone();
        let moment = target.position().sequence;
        let left = self.index.left(moment);
        match self.index.advance(most, bytes).unwrap() {
            Advance::Busy => Some(0),
            Advance::Map(chunk) => {
                assert!(chunk.len() <= most.max(1) && chunk.len() <= left);
                for (number, stored) in chunk.iter().enumerate() {
                    let key = self.index.chunk_key(number).unwrap();
                    assert_eq!(target.get(key).unwrap().sequence, stored.sequence);
                }
                let mapped = chunk.len().min(fit);
                self.index.apply(chunk.iter().take(fit).map(emission).collect()).unwrap();
                assert_eq!(self.index.left(moment), left - mapped);
                Some(mapped)
            }
            Advance::Arrived => {
                assert_eq!(left, 0);
                let reading = self.index.reading_at(moment).unwrap();
                assert_eq!(all_rows(&reading), rows_of(&target));
                assert_eq!(self.index.sequence(), moment);
                let throwing = target.documents().iter().filter(|(_, stored)| map(stored.document.text()).is_none());
                assert_eq!(self.index.skipped(), throwing.count());
                self.forget(moment);
                None
            }
        }
    }

    /// Builds to the present; tells how many documents were mapped.
    fn build(&mut self, most: usize) -> usize {
        self.want();
        let mut mapped = 0;
        while !self.wanted.is_empty() {
            mapped += self.advance(most, usize::MAX, usize::MAX).unwrap_or(0);
        }
        mapped
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Set(number, body) => self.apply(&key_of(number), Some(&text(&body))),
            Step::Delete(number) => {
                if self.snapshot.get(&key(&key_of(number))).is_some() {
                    self.apply(&key_of(number), None);
                }
            }
            Step::ForgetDeletions => {
                for _ in 0..MANY {
                    self.apply("passing", Some("{\"emits\":[0]}"));
                    self.apply("passing", None);
                }
            }
            Step::Want => drop(self.want()),
            Step::Advance { most, bytes, fit } if !self.wanted.is_empty() => drop(self.advance(most, bytes, fit)),
            Step::Advance { most, bytes, .. } => assert!(self.index.advance(most, bytes).is_err()),
            Step::Forget(number) => {
                if let Some(snapshot) = self.wanted.get(number).cloned() {
                    self.forget(snapshot.position().sequence);
                }
            }
            Step::Query { most, page, descending } => {
                self.build(most);
                self.compare(page, descending);
            }
        }
    }

    fn compare(&self, page: usize, descending: bool) {
        let expected = rows_of(&self.snapshot);
        assert_eq!(all_rows(&self.reading()), expected);
        self.compare_pages(&expected, page, descending);
    }

    /// Reads the rows of the keys 2 to 5 page by page.
    fn compare_pages(&self, rows: &[Row], limit: usize, descending: bool) {
        let mut expected: Vec<_> = rows.iter().filter(|(number, ..)| (2..=5).contains(number)).cloned().collect();
        if descending {
            expected.reverse();
        }
        let mut found = Vec::new();
        let mut start = Some(0);
        while let Some(at) = start {
            let selection =
                Selection { start: Some(encoded(2)), end: Some(encoded(5)), descending, ..Selection::default() };
            let reading = self.reading();
            let window = Window { start: at, limit: Some(limit) };
            let page = reading.query(Query { selection, window, cursor: None }).unwrap();
            assert_eq!(page.total, expected.len());
            found.extend(rows_in(&reading, &page));
            start = page.exclusive_end_index;
        }
        assert_eq!(found, expected);
    }
}

fn step() -> impl Strategy<Value = Step> {
    let body = || prop_oneof![6 => vec(0..8_u8, 0..4).prop_map(Some), 1 => Just(None)];
    let advance = (0..4_usize, 0..60_usize, 0..4_usize);
    let query = (1..5_usize, 1..5_usize, any::<bool>());
    prop_oneof![
        30 => (0..12_u8, body()).prop_map(|(number, body)| Step::Set(number, body)),
        15 => (0..12_u8).prop_map(Step::Delete),
        1 => Just(Step::ForgetDeletions),
        6 => Just(Step::Want),
        24 => advance.prop_map(|(most, bytes, fit)| Step::Advance { most, bytes, fit }),
        2 => (0..3_usize).prop_map(Step::Forget),
        6 => query.prop_map(|(most, page, descending)| Step::Query { most, page, descending }),
    ]
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn a_view_brought_forward_is_the_view_made_from_nothing(steps in vec(step(), 1..80)) {
        let mut model = Model::new();
        for step in steps {
            model.run(step);
        }
        model.run(Step::Query { most: 3, page: 2, descending: false });
    }
}

#[test]
fn only_what_changed_is_mapped_again() {
    let mut model = Model::new();
    (0..100).for_each(|number| model.apply(&key_of(number), Some("{\"emits\":[1]}")));
    assert_eq!(model.build(7), 100);
    assert_eq!(model.build(7), 0);
    model.apply(&key_of(3), Some("{\"emits\":[2,3]}"));
    model.apply(&key_of(4), Some("{\"emits\":[2]}"));
    model.apply(&key_of(3), Some("{\"emits\":[4]}"));
    model.apply(&key_of(5), None);
    assert_eq!(model.build(7), 2);
    model.compare(10, false);
}

#[test]
fn a_document_made_anew_while_a_build_stood_still_has_its_new_rows_only() {
    let mut model = Model::new();
    (0..4).for_each(|number| model.apply(&key_of(number), Some("{\"emits\":[1,2]}")));
    model.build(10);
    model.apply(&key_of(0), Some("{\"emits\":[3]}"));
    model.apply(&key_of(1), None);
    model.apply(&key_of(1), Some("{\"emits\":[4]}"));
    let moment = model.want();
    while model.advance(1, usize::MAX, 1) == Some(0) {}
    model.forget(moment);
    model.apply(&key_of(1), None);
    model.apply(&key_of(2), None);
    model.apply(&key_of(2), Some("{\"emits\":[5]}"));
    model.build(1);
    model.compare(2, true);
}

#[test]
fn a_view_whose_deletions_are_forgotten_begins_anew() {
    let mut model = Model::new();
    (0..4).for_each(|number| model.apply(&key_of(number), Some("{\"emits\":[1]}")));
    model.build(10);
    model.apply(&key_of(0), None);
    model.run(Step::ForgetDeletions);
    assert_eq!(model.build(10), 3);
    model.compare(2, false);
}

#[test]
fn a_query_answers_for_its_moment_whatever_is_written_while_it_builds() {
    let mut model = Model::new();
    (0..10).for_each(|number| model.apply(&key_of(number), Some("{\"emits\":[1]}")));
    let first = model.want();
    assert_eq!(model.advance(3, usize::MAX, 3), Some(3));
    model.apply(&key_of(0), None);
    model.apply(&key_of(9), Some("{\"emits\":[7]}"));
    let second = model.want();
    assert_eq!((model.index.left(first), model.index.left(second)), (7, 7));
    // It compares on arrival.
    while model.advance(3, usize::MAX, 3).is_some() {}
    assert_eq!((model.wanted.len(), model.index.left(second)), (1, 1));
    assert_eq!(model.build(3), 1);
    model.compare(3, false);
}

#[test]
fn what_was_mapped_for_a_moment_that_was_given_up_stays() {
    let mut model = Model::new();
    (0..8).for_each(|number| model.apply(&key_of(number), Some("{\"emits\":[1,2]}")));
    let first = model.want();
    assert_eq!(model.advance(5, usize::MAX, 5), Some(5));
    model.forget(first);
    // Mapped and changed since, mapped and deleted since, not mapped and changed since.
    model.apply(&key_of(4), Some("{\"emits\":[3]}"));
    model.apply(&key_of(2), None);
    model.apply(&key_of(7), Some("{\"emits\":[4]}"));
    // What is handed out and not mapped comes again, though others that changed later wait for something else.
    let second = model.want();
    assert!((0..9).all(|_| model.advance(2, usize::MAX, 0) == Some(0)));
    model.forget(second);
    assert_eq!(model.build(2), 4);
    model.compare(2, false);
}

#[test]
fn emissions_of_more_documents_than_were_handed_out_change_nothing() {
    let mut model = Model::new();
    (0..3).for_each(|number| model.apply(&key_of(number), Some("{\"emits\":[1]}")));
    model.want();
    let Advance::Map(chunk) = model.index.advance(2, usize::MAX).unwrap() else { panic!("there are documents") };
    let three = [0, 1, 1].map(|number: usize| emission(&chunk[number]));
    let error = model.index.apply(three.to_vec()).unwrap_err();
    assert_eq!(error.code(), "ASSERTION");
    assert!(model.index.is_empty());
    model.index.apply(chunk.iter().map(emission).collect()).unwrap();
    assert_eq!(model.index.len(), 2);
}

#[test]
fn a_view_that_is_not_there_yet_cannot_be_read() {
    let mut model = Model::new();
    assert!(model.index.reading(&model.snapshot).is_none());
    (0..2).for_each(|number| model.apply(&key_of(number), Some("{\"emits\":[1]}")));
    let moment = model.want();
    loop {
        assert!(model.index.reading_at(moment).is_none());
        assert!(model.index.reading(&model.snapshot).is_none());
        match model.index.advance(1, usize::MAX).unwrap() {
            Advance::Map(chunk) => model.index.apply(chunk.iter().map(emission).collect()).unwrap(),
            Advance::Busy => {}
            Advance::Arrived => break,
        }
    }
    assert!(model.index.reading_at(moment).is_some());
    assert!(model.index.reading(&model.snapshot).is_some());
    model.apply(&key_of(0), None);
    assert!(model.index.reading(&model.snapshot).is_none());
    assert!(model.index.reading_at(moment).is_some());
}

#[test]
fn no_call_removes_all_rows_of_many_deleted_documents() {
    let mut model = Model::new();
    (0..40).for_each(|number| model.apply(&key_of(number), Some("{\"emits\":[1]}")));
    model.build(10);
    (0..40).for_each(|number| model.apply(&key_of(number), None));
    model.want();
    let mut calls = 0;
    let mut before = model.index.len();
    while model.advance(10, usize::MAX, 10).is_some() {
        assert!(before - model.index.len() <= 3);
        before = model.index.len();
        calls += 1;
    }
    assert!(calls >= 13);
    model.compare(1, false);
}

#[test]
fn documents_that_were_loaded_are_mapped_too() {
    let documents = ["a", "b", "c"].map(|text| (key(text), document(4, "{\"emits\":[2]}"))).to_vec();
    let position = Position { epoch: 0, sequence: 3 };
    let mut model = Model::new();
    model.snapshot = Snapshot::loaded(Loaded { documents, position, ..Loaded::default() });
    assert_eq!(model.build(2), 3);
    model.apply("b", None);
    assert_eq!(model.build(2), 0);
    model.compare(1, false);
}

#[test]
fn a_chunk_has_no_more_text_than_asked_for_but_always_a_document() {
    // Its text becomes one string, which a long document after others would make too long.
    let mut model = Model::new();
    (0..3).for_each(|number| model.apply(&key_of(number), Some("{\"emits\":[1]}")));
    let length = model.snapshot.get(&key(&key_of(0))).unwrap().document.text().len();
    model.want();
    let sizes = [1, length, 2 * length - 1, 2 * length, 3 * length];
    let documents = sizes.map(|bytes| match model.index.advance(10, bytes).unwrap() {
        Advance::Map(chunk) => chunk.len(),
        other => panic!("{other:?}"),
    });
    assert_eq!(documents, [1, 1, 1, 2, 3]);
}
