//! Views: what map functions emitted, in the order of the emitted keys.
//!
//! - [`collation`]: JSON values as bytes whose `memcmp` order is the order of view keys.
//! - [`declared`]: views that say what their rows are, evaluated here.
//! - [`RowKey`], [`Rows`]: the rows of one view in a counted tree, and for each document its rows.
//! - [`ArrangedRows`]: rows in the order of a language, and what names them.
//! - [`Part`]: rows made side by side, to be put together at once.
//! - [`reduce`]: what a range of rows comes to, alone or in groups.
//!
//! Invariants: the bytes of a row sort by emitted key, then document key, then order of emission. Every row belongs
//! to exactly one document, and replacing a document's rows touches no other row.
//!
//! Not here: running map functions (they are JavaScript), deciding when a view is out of date (`engine`), what a query
//! selects ([`range`](crate::range)).

#![forbid(unsafe_code)]

mod arranged;
mod aside;
mod bulk;
mod by_document;
pub mod collation;
pub mod declared;
mod gathering;
#[cfg(test)]
mod model;
pub mod reduce;
mod row_key;
mod rows;
#[cfg(test)]
mod test;

pub use arranged::ArrangedRows;
pub use aside::{drop_aside, wait_for_drops};
pub use bulk::Part;
pub use row_key::RowKey;
pub use rows::{Emitted, RowTree, RowValue, Rows};
