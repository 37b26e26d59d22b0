//! A view as it stood at one moment: what a query reads, whoever brought the rows there.

use std::ops::Range;

use super::snapshot::{Snapshot, Stored};
use crate::collator::Collation;
use crate::range::{Page, Selection, Window};
use crate::view::{RowKey, RowTree, RowValue};

/// The rows of a view and the documents, of one moment. Cloning is O(1) and a clone never changes.
#[derive(Clone)]
pub struct Reading {
    rows: RowTree,
    collation: Collation,
    snapshot: Snapshot,
}

impl Reading {
    /// Rows that stand at the snapshot's moment.
    pub(super) fn new(rows: RowTree, collation: Collation, snapshot: Snapshot) -> Self {
        Self { rows, collation, snapshot }
    }

    /// By what bounds have to be encoded.
    #[must_use]
    pub fn collation(&self) -> &Collation {
        &self.collation
    }

    /// The page of a range of emitted keys. Bounds are [encoded](crate::view::collation) by its collation. O(log n).
    #[must_use]
    pub fn query(&self, selection: Selection, window: Window) -> Page {
        let descending = selection.descending;
        window.page(selection.of_rows().positions(&self.rows), descending)
    }

    /// The rows at positions of the ascending order.
    #[must_use]
    pub fn rows(&self, positions: Range<usize>) -> impl DoubleEndedIterator<Item = (&RowKey, &RowValue)> {
        self.rows.range(positions)
    }

    /// A document, by the [bytes](crate::key::Key::as_bytes) of its key.
    #[must_use]
    pub fn document(&self, key: &[u8]) -> Option<&Stored> {
        self.snapshot.documents().get(key)
    }
}
