//! Declarative views: what a document contributes, said instead of programmed, and evaluated without JavaScript.
//!
//! ```text
//! { "where": { "type": "item", "deleted": { "$ne": true } },   which documents; all where it is missing
//!   "key": "category" | ["category", "price"],                 the row's key, or the elements of it
//!   "each": "tags",                                            one row per element of this array
//!   "value": "price" | ["title", "price"] | true,              a value, an object of values, or the whole document
//!   "reduce": "_sum", "unique": true, "collation": ... }       for those who keep the rows
//! ```
//!
//! - A document (with `each`: an element) that lacks a path of `key` has no row. With `each`, the path that it names means
//!   the element inside `key` and `value`, as do the paths that begin with it; `where` is always about the document.
//! - Values are slices of the document's own text: no number is printed again.
//!
//! | file | noun |
//! |---|---|
//! | `path` | [`Path`], and a trie that finds many in one pass |
//! | `value` | [`Operand`]: JSON values as they are compared |
//! | `condition` | [`Where`] and its [`Test`]s |
//! | `filter` | [`Filter`]: a `where` that documents are put to |
//! | `parse` | the text of a declaration, checked |
//! | `emit` | the rows of one document |
//!
//! Not here: keeping rows and bringing them forward (`engine`), reducing them, refusing duplicates.

mod condition;
mod emit;
mod filter;
#[cfg(test)]
mod model;
mod parse;
mod path;
#[cfg(test)]
mod test;
mod value;

pub use condition::{Choice, Condition, Order, Test, Where};
pub use filter::Filter;
pub use path::Path;
pub use value::Operand;

use crate::collator::Collation;
use emit::Plan;

/// What the rows of a view are.
#[derive(Clone, Debug)]
pub struct Declaration {
    condition: Where,
    key: KeyPaths,
    each: Option<Path>,
    value: Value,
    reduce: Option<String>,
    unique: bool,
    collation: Collation,
    plan: Plan,
}

/// What the key of a row is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPaths {
    /// The value at a path.
    One(Path),
    /// An array of the values at several paths, at least one.
    Array(Vec<Path>),
}

/// What the value of a row is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Nothing,
    /// The value at a path, if it is there.
    One(Path),
    /// An object of the values at several paths, as far as they are there.
    Members(Vec<Path>),
    /// The whole document.
    Document,
}

/// Whether two JSON values are equal, as a condition takes them: numbers by value, objects whatever the order of their
/// members. Never, where either is no JSON.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    value::canonical(one).is_some_and(|one| value::canonical(other).is_some_and(|other| one == other))
}

impl Declaration {
    /// Which documents the view is about.
    #[must_use]
    pub fn condition(&self) -> &Where {
        &self.condition
    }

    /// What the key is made of.
    #[must_use]
    pub fn key(&self) -> &KeyPaths {
        &self.key
    }

    /// The array with a row for each of its elements.
    #[must_use]
    pub fn each(&self) -> Option<&Path> {
        self.each.as_ref()
    }

    /// The name of the built-in reduce.
    #[must_use]
    pub fn reduce(&self) -> Option<&str> {
        self.reduce.as_deref()
    }

    /// Whether no two documents may have the same key.
    #[must_use]
    pub fn is_unique(&self) -> bool {
        self.unique
    }

    /// The order of the strings in its keys. Conditions go by code unit all the same.
    #[must_use]
    pub fn collation(&self) -> &Collation {
        &self.collation
    }
}

impl KeyPaths {
    /// Whether the row's key is an array of the values.
    #[must_use]
    pub fn is_array(&self) -> bool {
        matches!(self, Self::Array(_))
    }

    /// The paths, in their order.
    #[must_use]
    pub fn paths(&self) -> &[Path] {
        match self {
            Self::One(path) => std::slice::from_ref(path),
            Self::Array(paths) => paths,
        }
    }
}

/// Declarations are the same if they say the same.
impl PartialEq for Declaration {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Declaration {}
