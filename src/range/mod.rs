//! What a query selects: bounds, a key, keys or a prefix, as positions in an ordered tree, and the page of them.
//!
//! The same rules hold for document keys and for view rows; only what a bound stands for differs
//! ([`Selection::of_keys`], [`Selection::of_rows`]).
//!
//! | file | noun |
//! |---|---|
//! | `selection` | [`Selection`]: what is selected |
//! | `key_range` | [`KeyRange`]: what that is in bytes, and in positions |
//! | `window` | [`Window`], [`Page`]: which part of it is read |
//! | `cursor` | [`Cursor`]: where a page ended |
//! | `fingerprint` | [`Fingerprint`]: which query a cursor belongs to |
//! | `plan` | [`Query`], [`Plan`]: all of these together |
//! | `arrangement` | [`Arrangement`]: trees in the order of a language |
//!
//! Not here: checks of options, defaults and types (before they reach the core).

#![forbid(unsafe_code)]

mod arrangement;
mod base64url;
mod cursor;
mod fingerprint;
mod key_range;
mod plan;
mod selection;
#[cfg(test)]
mod test;
mod window;

pub use arrangement::Arrangement;
pub use cursor::Cursor;
pub use fingerprint::Fingerprint;
pub use key_range::KeyRange;
pub use plan::{Plan, Query};
pub use selection::Selection;
pub use window::{Page, Window};
