//! Names of documents: their order, and the files they live in.
//!
//! A [`Key`] holds its text as CESU-8: every UTF-16 code unit is written by itself, in one to three bytes, as UTF-8
//! writes a character of that number. So the order of the bytes is the order of the code units, which is the order
//! of JavaScript's `<`; plain UTF-8 differs from it where a supplementary character meets U+E000 and above:
//!
//! ```text
//! text       UTF-16       UTF-8          CESU-8
//! U+FFFF     ffff         ef bf bf       ef bf bf
//! U+1F600    d83d de00    f0 9f 98 80    ed a0 bd ed b8 80    < U+FFFF, as in JavaScript
//! ```
//!
//! Invariants: a key is never empty, its file name fits the limit, and no lone surrogate occurs in it, because it is
//! made from a `&str`. Bounds of ranges may hold lone surrogates; they are plain bytes made by [`code_unit`].
//!
//! Not here: numbers taken as keys and the refusal of lone surrogates (both before a key reaches the core).

#![forbid(unsafe_code)]

pub mod code_unit;
pub mod file_name;
#[cfg(test)]
mod test;

use crate::error::{Error, Result};
use std::borrow::{Borrow, Cow};
use std::fmt;
use std::sync::Arc;

/// The name of a document, ordered as JavaScript orders strings. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    units: Arc<[u8]>,
}

impl Key {
    /// The key named `text`.
    ///
    /// # Errors
    ///
    /// `Assertion` where the text is empty, or its encoded file name has more than
    /// [`file_name::MAX_ENCODED`] bytes.
    pub fn new(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::assertion("a key must not be empty"));
        }
        if !file_name::fits(text) {
            let limit = file_name::MAX_ENCODED;
            return Err(
                Error::assertion(format!("a key's encoded file name may have at most {limit} bytes")).with_key(text)
            );
        }
        Ok(Self { units: Arc::from(&*code_unit::from_str(text)) })
    }

    /// The key in CESU-8: the bytes by which it is ordered.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.units
    }

    /// The key as it was given; borrowed where it holds no supplementary character.
    #[must_use]
    pub fn to_text(&self) -> Cow<'_, str> {
        // A key is made from a `&str`, so the lossy way is never taken; it is there instead of a panic.
        code_unit::to_str(&self.units).unwrap_or_else(|| String::from_utf8_lossy(&self.units))
    }
}

impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        &self.units
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_text(), f)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_text(), f)
    }
}
