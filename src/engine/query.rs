//! Pages of a range of keys.

use super::snapshot::{Snapshot, Stored};
use crate::key::Key;
use crate::range::{Page, Selection, Window};
use crate::tree::Tree;

impl Snapshot {
    /// The page of a range of keys. Bounds are [code unit bytes](crate::key::code_unit), because any JavaScript
    /// string may be one. O(log n), wherever the page lies.
    #[must_use]
    pub fn query(&self, selection: Selection, window: Window) -> Page {
        let descending = selection.descending;
        window.page(selection.of_keys().positions(self.documents()), descending)
    }

    /// The documents of a page, in the direction of the query.
    pub fn page(&self, page: &Page, descending: bool) -> impl Iterator<Item = (&Key, &Stored)> {
        page_of(self.documents(), page, descending)
    }
}

/// The documents of a page of `documents`, in the direction of the query.
pub(super) fn page_of<'a>(
    documents: &'a Tree<Key, Stored>,
    page: &Page,
    descending: bool,
) -> impl Iterator<Item = (&'a Key, &'a Stored)> + use<'a> {
    let mut range = documents.range(page.positions.clone());
    std::iter::from_fn(move || if descending { range.next_back() } else { range.next() })
}
