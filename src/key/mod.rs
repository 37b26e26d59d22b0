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
//! Short keys, which most are, stand in the value itself: no allocation beside the tree's, and no pointer to follow where
//! keys are compared.
//!
//! Not here: numbers taken as keys and the refusal of lone surrogates (both before a key reaches the core).

#![forbid(unsafe_code)]

pub mod code_unit;
pub mod file_name;
#[cfg(test)]
mod test;

use crate::error::{Error, Result};
use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The name of a document, ordered as JavaScript orders strings. Cheap to clone.
#[derive(Clone)]
pub struct Key {
    units: Units,
}

/// What fits beside a length into the room that a pointer to more takes with its tag.
const SHORT: usize = 22;

/// The counts before what an `Arc` holds.
const SHARED: usize = 2 * size_of::<usize>();

#[derive(Clone)]
enum Units {
    Short { length: u8, bytes: [u8; SHORT] },
    Long(Arc<[u8]>),
}

impl Units {
    fn new(units: &[u8]) -> Self {
        let mut bytes = [0; SHORT];
        match (u8::try_from(units.len()), bytes.get_mut(..units.len())) {
            (Ok(length), Some(room)) => {
                room.copy_from_slice(units);
                Self::Short { length, bytes }
            }
            _ => Self::Long(Arc::from(units)),
        }
    }

    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Short { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Self::Long(bytes) => bytes,
        }
    }
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
        Ok(Self { units: Units::new(&code_unit::from_str(text)) })
    }

    /// The key in CESU-8: the bytes by which it is ordered.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.units.as_slice()
    }

    /// The bytes of the heap that every clone of this key shares: none of a short one.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        if let Units::Long(bytes) = &self.units { SHARED + bytes.len() } else { 0 }
    }

    /// The key as it was given; borrowed where it holds no supplementary character.
    #[must_use]
    pub fn to_text(&self) -> Cow<'_, str> {
        // A key is made from a `&str`, so the lossy way is never taken; it is there instead of a panic.
        code_unit::to_str(self.as_bytes()).unwrap_or_else(|| String::from_utf8_lossy(self.as_bytes()))
    }
}

impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

/// As its bytes are hashed, by which it is looked up, too.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
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
