//! What a query selects: bounds, a key or a prefix, as positions in an ordered tree, and the page of them.
//!
//! The same rules hold for document keys and for view rows; only what a bound stands for differs
//! ([`Selection::of_keys`], [`Selection::of_rows`]).
//!
//! Not here: checks of options, defaults and types (before they reach the core).

#![forbid(unsafe_code)]

mod selection;
mod window;

pub use selection::{KeyRange, Selection};
pub use window::{Page, Window};
