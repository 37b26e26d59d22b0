//! A view's rows made at once, from parts that were made side by side.

use std::thread;

use super::RowKey;
use super::rows::{DocumentRows, Emitted, RowTree, RowValue, Rows};
use crate::key::Key;

/// The rows of some of the documents.
#[derive(Default)]
pub struct Part {
    rows: Vec<Row>,
    documents: Vec<(Key, DocumentRows)>,
}

/// A row with the first bytes of its key as a number, which mostly decide about the order.
struct Row {
    head: u64,
    key: RowKey,
    value: RowValue,
}

impl Row {
    fn order(&self) -> (u64, &RowKey) {
        (self.head, &self.key)
    }
}

impl Part {
    /// Takes the rows of a document that no part has yet, in the order of emission.
    pub fn add(&mut self, document: &Key, emitted: Vec<Emitted>) {
        let mut keys = Vec::new();
        let is_one = emitted.len() == 1;
        for (ordinal, Emitted { key, value }) in (0..=u32::MAX).zip(emitted) {
            let key = RowKey::new(key, document, ordinal);
            if is_one {
                self.documents.push((document.clone(), DocumentRows::One(key.clone())));
            } else {
                keys.push(key.clone());
            }
            self.rows.push(Row { head: head(&key), key, value });
        }
        if let Some(rows) = DocumentRows::new(keys) {
            self.documents.push((document.clone(), rows));
        }
    }

    /// Puts the rows in order, which is worth doing where the part was made.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.rows.sort_unstable_by(|a, b| a.order().cmp(&b.order()));
        self
    }
}

impl Rows {
    /// The rows of all parts.
    #[must_use]
    pub fn of_parts(parts: Vec<Part>) -> Self {
        let (rows, documents): (Vec<_>, Vec<_>) = parts.into_iter().map(|part| (part.rows, part.documents)).unzip();
        let rows = || {
            let mut rows: Vec<_> = rows.into_iter().flatten().collect();
            // A stable sort takes what is sorted already as it is, and only merges.
            rows.sort_by(|a, b| a.order().cmp(&b.order()));
            RowTree::from_sorted(rows.into_iter().map(|row| (row.key, row.value))).unwrap_or_default()
        };
        thread::scope(|scope| {
            let by_document = scope.spawn(|| documents.into_iter().flatten().collect());
            let tree = rows();
            Self::of(tree, by_document.join().unwrap_or_default())
        })
    }
}

/// The first eight bytes of a row key; it has more.
fn head(key: &RowKey) -> u64 {
    key.as_bytes().first_chunk().map_or(0, |head| u64::from_be_bytes(*head))
}
