//! Trees that are in another order than what names their keys.

use crate::error::Result;

/// How the bytes of a tree's keys are made of the bytes that they are named by: in bounds, and in cursors.
///
/// A name means the same in every version; the bytes of a tree may change with the version of the Unicode data. So what
/// outlives a process is a name.
pub trait Arrangement {
    /// What tells this order from another one.
    fn text(&self) -> &str;

    /// The bytes at which what is named stands: a bound, or a whole key.
    ///
    /// # Errors
    ///
    /// `Assertion` where nothing can have that name.
    fn place(&self, name: &[u8]) -> Result<Vec<u8>>;

    /// What everything begins with whose name begins with `prefix`.
    ///
    /// # Errors
    ///
    /// `Assertion` where it does not stand together.
    fn place_prefix(&self, prefix: &[u8]) -> Result<Vec<u8>>;

    /// The name of a key of the tree.
    fn name(&self, key: &[u8]) -> Vec<u8>;
}
