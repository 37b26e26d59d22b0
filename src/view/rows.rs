//! The rows of one view.
//!
//! Two indexes over the same rows: the tree that queries read, and for each document its row keys, so that a changed
//! document replaces its own rows and touches no other. Both share the bytes of a row key.
//!
//! Readers clone [`Rows::tree`], which is a snapshot in O(1), and need no lock afterwards.

use std::collections::HashMap;
use std::iter;
use std::sync::Arc;

use super::RowKey;
use crate::key::Key;
use crate::tree::Tree;

/// The emitted value as JSON text; `None` where none was emitted.
pub type RowValue = Option<Arc<str>>;

/// The rows of a view in their order.
pub type RowTree = Tree<RowKey, RowValue>;

/// One row as a map function emitted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// The key, encoded by [`collation::encode`](super::collation::encode) or, in every row of a view,
    /// [`collation::encode_by`](super::collation::encode_by).
    pub key: Vec<u8>,
    /// The value.
    pub value: RowValue,
}

/// The rows of one view, to be changed document by document.
#[derive(Debug, Default)]
pub struct Rows {
    tree: RowTree,
    by_document: HashMap<Key, DocumentRows>,
}

/// The row keys of one document in order of emission, never none.
#[derive(Debug)]
enum DocumentRows {
    /// By far the most usual: it needs no allocation of its own.
    One(RowKey),
    Many(Box<[RowKey]>),
}

impl Rows {
    /// A view without rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes `emitted`, in order of emission, the rows of `document` in place of those it had.
    pub fn replace(&mut self, document: &Key, emitted: Vec<Emitted>) {
        let old = self.by_document.remove(document);
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
            self.by_document.insert(document.clone(), rows);
        }
    }

    /// Removes the rows of `document`, if it has any.
    pub fn remove(&mut self, document: &Key) {
        let Some(rows) = self.by_document.remove(document) else { return };
        for row in rows.as_slice() {
            self.tree.remove(row);
        }
    }

    /// Removes all rows.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tree.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tree.len() == 0
    }

    /// The rows in order; a clone is a snapshot.
    #[must_use]
    pub fn tree(&self) -> &RowTree {
        &self.tree
    }
}

impl DocumentRows {
    fn new(mut rows: Vec<RowKey>) -> Option<Self> {
        match rows.len() {
            0 | 1 => rows.pop().map(Self::One),
            _ => Some(Self::Many(rows.into_boxed_slice())),
        }
    }

    fn as_slice(&self) -> &[RowKey] {
        match self {
            Self::One(row) => std::slice::from_ref(row),
            Self::Many(rows) => rows,
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
            assert_eq!((rows.len(), rows.by_document.len()), (1, 1));
            leave(&mut rows, &key);
            assert_eq!((rows.len(), rows.by_document.len()), (0, 0));
        }
    }

    #[test]
    fn tree_and_document_share_the_bytes_of_a_row_key() {
        let (mut rows, key) = (Rows::new(), Key::new("a").unwrap());
        for value in ["1", "2"] {
            rows.replace(&key, vec![Emitted { key: vec![1], value: Some(value.into()) }]);
            let (in_tree, _) = rows.tree.select(0).unwrap();
            let of_document = rows.by_document[&key].as_slice();
            assert_eq!(in_tree.as_bytes().as_ptr(), of_document[0].as_bytes().as_ptr());
        }
    }
}
