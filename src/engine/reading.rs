//! A view as it stood at one moment: what a query reads, whoever brought the rows there.

use super::snapshot::{Snapshot, Stored};
use crate::collator::Collation;
use crate::error::Result;
use crate::range::{Fingerprint, KeyRange, Page, Query};
use crate::storage::Sequence;
use crate::view::reduce::{Level, Question, Reducer, Reduction};
use crate::view::{ArrangedRows, RowKey, RowTree, RowValue};

/// The rows of a view and the documents, of one moment. Cloning is O(1) and a clone never changes.
#[derive(Clone)]
pub struct Reading {
    view: Fingerprint,
    rows: RowTree,
    collation: Collation,
    snapshot: Snapshot,
}

impl Reading {
    /// Rows of a view that stand at the snapshot's moment.
    pub(super) fn new(view: Fingerprint, rows: RowTree, collation: Collation, snapshot: Snapshot) -> Self {
        Self { view, rows, collation, snapshot }
    }

    /// The documents of its moment.
    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// A page of rows. Bounds are [encoded](crate::view::collation) with strings by code unit, whatever the collation of
    /// the view. O(log n), wherever the page lies.
    ///
    /// # Errors
    ///
    /// An assertion where the query's cursor is damaged, or belongs to another query; and where its prefix is a string and
    /// strings are in the order of a language.
    pub fn query(&self, query: Query) -> Result<Page> {
        Ok(match &self.collation {
            Collation::CodeUnit => query.of_rows(self.view)?.page(&self.rows),
            locale @ Collation::Locale(_) => query.of_arranged_rows(self.view, &ArrangedRows(locale))?.page(&self.rows),
        })
    }

    /// What a query's rows come to, in all or in groups; nothing is done before the first step. O(log n).
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub fn reduction(&self, mut query: Query, reducer: Reducer, level: Option<Level>) -> Result<Reduction> {
        let kind = match level {
            Some(level) => self.view.and(b"groups").and_number(level.number()),
            None => self.view.and(b"reduce"),
        };
        let question = match &self.collation {
            Collation::CodeUnit => Question::new(&query.of_rows(kind)?, level, &self.rows),
            locale @ Collation::Locale(_) => {
                // The beginning of a group's rows names nothing: its cursor has the bytes of the tree.
                let cursor = query.cursor.take();
                let rows = ArrangedRows(locale);
                Question::new(&query.of_arranged_rows(kind, &rows)?.behind(cursor.as_deref())?, level, &self.rows)
            }
        };
        Ok(Reduction::new(self.rows.clone(), reducer, question))
    }

    /// The rows of a page, in the order of the query.
    pub fn page(&self, page: &Page) -> impl Iterator<Item = (&RowKey, &RowValue)> {
        page.entries(&self.rows)
    }

    /// The rows of a range, in ascending order.
    pub(super) fn rows_in(&self, range: &KeyRange) -> impl ExactSizeIterator<Item = (&RowKey, &RowValue)> {
        self.rows.range(range.positions(&self.rows))
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

    /// The sequence of the moment.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        self.snapshot.position().sequence
    }

    /// A document, by the [bytes](crate::key::Key::as_bytes) of its key.
    #[must_use]
    pub fn document(&self, key: &[u8]) -> Option<&Stored> {
        self.snapshot.documents().get(key)
    }
}
