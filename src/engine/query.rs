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
    /// An assertion where the query's cursor is damaged, or belongs to another query; and for a prefix in a store with a
    /// collation.
    pub fn query(&self, query: Query) -> Result<Page> {
        let documents = self.in_order();
        Ok(documents.page(&documents.plan(query)?))
    }

    /// The documents of a page, in the order of the query.
    pub fn page<'a>(&'a self, page: &'a Page) -> impl Iterator<Item = (&'a Key, &'a Stored)> {
        self.in_order().entries(page)
    }
}
