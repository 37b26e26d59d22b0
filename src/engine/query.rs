//! Pages of a range of keys.

use super::snapshot::{Snapshot, Stored};
use crate::error::Result;
use crate::key::Key;
use crate::range::{Page, Query};

impl Snapshot {
    /// A page of keys. Bounds are [code unit bytes](crate::key::code_unit), because any JavaScript string may be one.
    /// O(log n), wherever the page lies.
    ///
    /// # Errors
    ///
    /// An assertion where the query's cursor is damaged, or belongs to another query.
    pub fn query(&self, query: Query) -> Result<Page> {
        Ok(query.of_keys()?.page(self.documents()))
    }

    /// The documents of a page, in the order of the query.
    pub fn page(&self, page: &Page) -> impl Iterator<Item = (&Key, &Stored)> {
        page.entries(self.documents())
    }
}
