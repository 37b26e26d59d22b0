//! A view's rows made at once, from parts that were made side by side.

use std::panic::resume_unwind;
use std::thread;

use super::RowKey;
use super::by_document::{ByDocument, DocumentRows};
use super::rows::{RowTree, RowValue, Rows};
use crate::key::Key;

/// The rows of some of the documents.
#[derive(Default)]
pub struct Part {
    rows: Vec<Row>,
    documents: Vec<(Key, DocumentRows)>,
    /// How many bytes all keys begin with that the first one begins with.
    shared: usize,
    scratch: Vec<u8>,
}

/// A row with some bytes of its key as a number, which mostly decide about the order.
struct Row {
    head: u128,
    key: RowKey,
    value: RowValue,
}

impl Row {
    fn order(&self) -> (u128, &RowKey) {
        (self.head, &self.key)
    }
}

impl Part {
    /// Takes the rows of a document that no part has yet: `emit` is given a buffer, and hands each row over, in the order
    /// of emission, as an encoded key in that buffer and a value.
    pub fn add(&mut self, document: &Key, emit: impl FnOnce(&mut Vec<u8>, &mut dyn FnMut(&mut Vec<u8>, RowValue))) {
        let Self { rows, documents, shared, scratch } = self;
        let before = rows.len();
        let mut ordinal = 0;
        emit(scratch, &mut |key, value| {
            RowKey::append_document(key, document, ordinal);
            ordinal += 1;
            *shared = rows.first().map_or(key.len(), |first| common(first.key.as_bytes(), key, *shared));
            rows.push(Row { head: 0, key: RowKey::from_joined(key), value });
        });
        let mut keys = rows.iter().skip(before).map(|row| row.key.clone());
        let rows_of = if ordinal == 1 { keys.next().map(DocumentRows::One) } else { DocumentRows::new(keys.collect()) };
        documents.extend(rows_of.map(|rows| (document.clone(), rows)));
    }

    /// Takes a document that is left out.
    pub fn leave_out(&mut self, document: &Key) {
        self.documents.push((document.clone(), DocumentRows::Skipped));
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn first(&self) -> Option<&[u8]> {
        self.rows.first().map(|row| row.key.as_bytes())
    }

    /// Puts the rows in order; all keys begin with the same `shared` bytes.
    fn sort(&mut self, shared: usize) {
        for row in &mut self.rows {
            row.head = head(&row.key, shared);
        }
        self.rows.sort_unstable_by(|a, b| a.order().cmp(&b.order()));
    }
}

/// Rows that come part by part.
#[derive(Default)]
pub struct Assembly {
    rows: Part,
    by_document: ByDocument,
}

impl Assembly {
    /// Takes another part: no document of it has come before.
    pub fn with(mut self, mut part: Part) -> Self {
        for (document, rows) in part.documents.drain(..) {
            self.by_document.put(document, rows);
        }
        if self.rows.is_empty() {
            self.rows = part;
        } else if let Some(first) = part.first() {
            let most = self.rows.shared.min(part.shared);
            self.rows.shared = common(self.rows.first().unwrap_or_default(), first, most);
            self.rows.rows.append(&mut part.rows);
        }
        self
    }

    /// All rows in their order, and those of each document.
    pub fn finish(mut self) -> (RowTree, ByDocument) {
        self.rows.sort(self.rows.shared);
        (tree(self.rows.rows), self.by_document)
    }
}

impl Rows {
    /// The rows of all parts. As many threads as there are parts put them in order.
    #[must_use]
    pub fn of_parts(mut parts: Vec<Part>) -> Self {
        parts.retain(|part| !part.rows.is_empty());
        let shared = shared(&parts);
        thread::scope(|scope| {
            let one = parts.len().min(1);
            let (first, others) = parts.split_at_mut(one);
            for part in others {
                scope.spawn(move || part.sort(shared));
            }
            for part in first {
                part.sort(shared);
            }
        });
        let (rows, documents): (Vec<_>, Vec<_>) = parts.into_iter().map(|part| (part.rows, part.documents)).unzip();
        thread::scope(|scope| {
            let by_document = scope.spawn(|| {
                let mut all = ByDocument::default();
                for (document, rows) in documents.into_iter().flatten() {
                    all.put(document, rows);
                }
                all
            });
            let tree = merged(rows);
            Self::of(tree, by_document.join().unwrap_or_else(|panic| resume_unwind(panic)))
        })
    }
}

/// How many bytes the keys of all parts begin with in common.
fn shared(parts: &[Part]) -> usize {
    let first = parts.first().and_then(Part::first).unwrap_or_default();
    let of_parts = parts.iter().map(|part| common(first, part.first().unwrap_or_default(), part.shared));
    of_parts.min().unwrap_or_default()
}

/// The tree of runs that are in order.
fn merged(runs: Vec<Vec<Row>>) -> RowTree {
    let mut rows = Vec::with_capacity(runs.iter().map(Vec::len).sum());
    for run in runs {
        rows.extend(run);
    }
    // A stable sort finds the runs, and only merges them.
    rows.sort_by(|a, b| a.order().cmp(&b.order()));
    tree(rows)
}

/// The tree of rows that are in order.
fn tree(rows: Vec<Row>) -> RowTree {
    RowTree::from_sorted(rows.into_iter().map(|row| (row.key, row.value))).unwrap_or_default()
}

/// How many bytes both begin with, as far as `most`.
fn common(a: &[u8], b: &[u8], most: usize) -> usize {
    a.iter().zip(b).take(most).take_while(|(a, b)| a == b).count()
}

/// The sixteen bytes after the first `skipped`, as a number; zeros where there are fewer.
fn head(key: &RowKey, skipped: usize) -> u128 {
    let bytes = key.as_bytes().get(skipped..).unwrap_or_default();
    match bytes.first_chunk() {
        Some(head) => u128::from_be_bytes(*head),
        None => bytes.iter().chain([0; 16].iter()).take(16).fold(0, |head, byte| head << 8 | u128::from(*byte)),
    }
}
