//! The rows of one view.
//!
//! Two indexes over the same rows: the tree that queries read, and for each document its row keys, so that a changed
//! document replaces its own rows and touches no other. Both share the bytes of a row key.
//!
//! Rows of a view that has none are gathered first ([`Rows::load`]) and put into the tree together
//! ([`Rows::settle`]); any other change settles what was gathered. Many rows are dropped on a thread of their own.
//!
//! Readers clone [`Rows::tree`], which is a snapshot in O(1), and need no lock afterwards.

use std::sync::Arc;
use std::time::Duration;
use std::{iter, mem};

use super::RowKey;
use super::aside::drop_aside;
use super::by_document::{ByDocument, DocumentRows};
use super::gathering::Gathering;
use super::reduce::Memo;
use crate::key::Key;
use crate::tree::Tree;

/// The emitted value as JSON text; `None` where none was emitted.
pub type RowValue = Option<Arc<str>>;

/// The rows of a view in their order, with what reduces remember of them.
pub type RowTree = Tree<RowKey, RowValue, Memo>;

/// One row as a map function emitted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// The key, encoded by [`collation::encode`](super::collation::encode) or, in every row of a view,
    /// [`collation::encode_by`](super::collation::encode_by).
    pub key: Vec<u8>,
    /// The value.
    pub value: RowValue,
}

/// Fewer rows are dropped where they are.
const FEW: usize = 1_000;

/// The counts before what an `Arc` holds.
const SHARED: usize = 2 * size_of::<usize>();

/// The rows of one view, to be changed document by document.
#[derive(Default)]
pub struct Rows {
    tree: RowTree,
    by_document: ByDocument,
    skipped: usize,
    /// The rows that are not in the tree yet, for as long as nothing else is.
    gathering: Option<Gathering>,
}

impl Rows {
    /// A view without rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The rows of a tree, with those of each document.
    pub(super) fn of(tree: RowTree, by_document: ByDocument) -> Self {
        Self { tree, by_document, skipped: 0, gathering: None }
    }

    /// Makes `emitted`, in order of emission, the rows of `document` in place of those it had.
    pub fn replace(&mut self, document: &Key, emitted: Vec<Emitted>) {
        self.settle(Duration::MAX);
        let old = self.take(document);
        let old = old.as_ref().map_or_else(Default::default, DocumentRows::as_slice);
        let mut new = Vec::with_capacity(emitted.len());
        // A row key holds its ordinal, so an old row stays only if the new row of the same ordinal has its key.
        let old_or_none = old.iter().map(Some).chain(iter::repeat(None));
        for ((ordinal, row), old) in (0..=u32::MAX).zip(emitted).zip(old_or_none) {
            let bytes = RowKey::join(row.key, document, ordinal);
            let key = match old {
                Some(old) if old.as_bytes() == bytes => old.clone(),
                _ => {
                    if let Some(old) = old {
                        self.tree.remove(old);
                    }
                    RowKey::from_joined(&bytes)
                }
            };
            self.tree.insert(key.clone(), row.value);
            new.push(key);
        }
        for gone in old.iter().skip(new.len()) {
            self.tree.remove(gone);
        }
        if let Some(rows) = DocumentRows::new(new) {
            self.by_document.put(document.clone(), rows);
        }
    }

    /// Gathers the rows of a document that has none, in a view that has none; in any other this is `replace`.
    pub fn load(&mut self, document: &Key, emitted: Vec<Emitted>) {
        match self.gathering() {
            Some(gathering) => gathering.add(document, emitted),
            None => self.replace(document, emitted),
        }
    }

    /// The same for a document that is left out.
    pub fn load_left_out(&mut self, document: &Key) {
        match self.gathering() {
            Some(gathering) => {
                gathering.leave_out(document);
                self.skipped += 1;
            }
            None => self.leave_out(document),
        }
    }

    /// What takes more rows, unless there are some in their places.
    fn gathering(&mut self) -> Option<&mut Gathering> {
        let is_open = self.tree.is_empty() && self.by_document.is_empty();
        is_open.then(|| self.gathering.get_or_insert_default()).filter(|gathering| !gathering.is_closed())
    }

    /// Puts the rows that were gathered in their places. Another thread does most of it; `false` where that takes longer
    /// than one wants to wait.
    pub fn settle(&mut self, patience: Duration) -> bool {
        let Some(gathering) = &mut self.gathering else { return true };
        let Some((tree, by_document)) = gathering.finish(patience) else { return false };
        self.gathering = None;
        (self.tree, self.by_document) = (tree, by_document);
        true
    }

    /// Removes the rows of `document`, if it has any.
    pub fn remove(&mut self, document: &Key) {
        self.settle(Duration::MAX);
        let Some(rows) = self.take(document) else { return };
        for row in rows.as_slice() {
            self.tree.remove(row);
        }
    }

    /// Leaves `document` out and counts it.
    pub fn leave_out(&mut self, document: &Key) {
        self.remove(document);
        self.by_document.put(document.clone(), DocumentRows::Skipped);
        self.skipped += 1;
    }

    /// Removes all rows.
    pub fn clear(&mut self) {
        drop(mem::take(self));
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tree.len() + self.gathering.as_ref().map_or(0, Gathering::len)
    }

    /// About the bytes that they take, without those that are only gathered. O(log n).
    #[must_use]
    pub fn bytes(&self) -> usize {
        let shared = |length: usize| SHARED + length;
        let pointed = |key: &RowKey, value: &RowValue| {
            shared(key.as_bytes().len()) + value.as_ref().map_or(0, |value| shared(value.len()))
        };
        self.tree.bytes(pointed) + self.by_document.bytes()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether no document has been mapped to anything.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.by_document.is_empty() && self.gathering.as_ref().is_none_or(Gathering::is_empty)
    }

    /// How many documents are left out.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// The rows in order, without those that are only gathered; a clone is a snapshot.
    #[must_use]
    pub fn tree(&self) -> &RowTree {
        &self.tree
    }

    fn take(&mut self, document: &Key) -> Option<DocumentRows> {
        let rows = self.by_document.take(document)?;
        self.skipped -= usize::from(matches!(rows, DocumentRows::Skipped));
        Some(rows)
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        if self.len() + self.skipped > FEW {
            let Self { tree, by_document, gathering, .. } = self;
            drop_aside((mem::take(tree), mem::take(by_document), mem::take(gathering)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_kept_of_a_document_without_rows() {
        let key = Key::new("a").unwrap();
        let leave: [fn(&mut Rows, &Key); 3] =
            [|rows, key| rows.replace(key, Vec::new()), Rows::remove, |rows, _| rows.clear()];
        for leave in leave {
            let mut rows = Rows::new();
            rows.replace(&key, vec![Emitted { key: vec![1], value: None }]);
            assert_eq!((rows.len(), rows.is_blank()), (1, false));
            leave(&mut rows, &key);
            assert_eq!((rows.len(), rows.is_blank()), (0, true));
        }
    }

    #[test]
    fn tree_and_document_share_the_bytes_of_a_row_key() {
        let (mut rows, key) = (Rows::new(), Key::new("a").unwrap());
        for value in ["1", "2"] {
            rows.replace(&key, vec![Emitted { key: vec![1], value: Some(value.into()) }]);
            let (in_tree, _) = rows.tree.select(0).unwrap();
            let in_tree = in_tree.clone();
            let of_document = rows.take(&key).unwrap();
            assert_eq!(in_tree.as_bytes().as_ptr(), of_document.as_slice()[0].as_bytes().as_ptr());
            rows.tree.remove(&in_tree);
        }
    }
}
