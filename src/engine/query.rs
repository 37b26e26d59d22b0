//! Pages of a range of keys.

use super::documents::Documents;
use super::snapshot::{Snapshot, Stored};
use crate::error::Result;
use crate::key::Key;
use crate::range::{Page, Selection, Window};

impl Snapshot {
    /// The page of a range of keys. Bounds are [code unit bytes](crate::key::code_unit), because any JavaScript
    /// string may be one. O(log n), wherever the page lies.
    ///
    /// # Errors
    ///
    /// An assertion for a prefix in a store with a collation.
    pub fn query(&self, selection: Selection, window: Window) -> Result<Page> {
        let descending = selection.descending;
        let range = self.in_order().range(selection)?;
        Ok(window.page(self.in_order().positions(&range), descending))
    }

    /// The documents of a page, in the direction of the query.
    pub fn page(&self, page: &Page, descending: bool) -> impl Iterator<Item = (&Key, &Stored)> {
        page_of(self.in_order(), page, descending)
    }
}

/// The documents of a page of `documents`, in the direction of the query.
pub(super) fn page_of<'a>(
    documents: &'a Documents,
    page: &Page,
    descending: bool,
) -> impl Iterator<Item = (&'a Key, &'a Stored)> + use<'a> {
    let mut range = documents.at(page.positions.clone());
    std::iter::from_fn(move || if descending { range.next_back() } else { range.next() })
}
