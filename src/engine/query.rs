//! Pages of a range of keys.

use super::snapshot::{Snapshot, Stored};
use crate::key::Key;
use crate::range::{Page, Selection, Window};

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
        let mut range = self.documents().range(page.positions.clone());
        std::iter::from_fn(move || if descending { range.next_back() } else { range.next() })
    }
}
