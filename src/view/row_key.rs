//! The key of a row: what sorts the rows of a view, as one byte string.
//!
//! ```text
//! emitted key (collation)      document key (CESU-8)     order of emission
//! 05 'n' 'e' 'w' 00            'd' 'o' 'c' ':' '1' 00    00 00 00 00
//! ```
//!
//! The emitted key is self-delimiting, the document key is escaped and terminated as a string of
//! [`collation`] is, the order is a big-endian `u32`: so the bytes sort by one after the other.

use std::borrow::{Borrow, Cow};
use std::sync::Arc;

use super::collation;
use crate::key::Key;

const ORDINAL_BYTES: usize = size_of::<u32>();

/// The key of one row. Cloning shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey(Arc<[u8]>);

impl RowKey {
    /// The key of the row that `document` emitted as its `ordinal`-th; `emitted` is an encoded key.
    #[must_use]
    pub fn new(emitted: Vec<u8>, document: &Key, ordinal: u32) -> Self {
        Self(Self::join(emitted, document, ordinal).into())
    }

    /// The bytes of a row key, for comparing before one is made.
    pub(super) fn join(mut emitted: Vec<u8>, document: &Key, ordinal: u32) -> Vec<u8> {
        Self::append_document(&mut emitted, document, ordinal);
        emitted
    }

    /// Makes the bytes of a row key of an encoded key.
    pub(super) fn append_document(emitted: &mut Vec<u8>, document: &Key, ordinal: u32) {
        emitted.reserve(document.as_bytes().len() + 1 + ORDINAL_BYTES);
        collation::append_terminated(document.as_bytes(), emitted);
        emitted.extend_from_slice(&ordinal.to_be_bytes());
    }

    pub(super) fn from_joined(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The whole row key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The emitted key, encoded: what [`collation::decode`] turns into JSON text.
    #[must_use]
    pub fn emitted(&self) -> &[u8] {
        collation::skip(&self.0).and_then(|length| self.0.get(..length)).unwrap_or_default()
    }

    /// The [head](collation::head) of the emitted key.
    #[must_use]
    pub fn head(&self, elements: usize) -> &[u8] {
        collation::head(&self.0, elements)
    }

    /// The bytes of the key of the document that emitted this row, by which the document is looked up; `None` if
    /// this row was made of bytes that are no encoded key.
    #[must_use]
    pub fn document(&self) -> Option<Cow<'_, [u8]>> {
        let after_emitted = self.0.get(collation::skip(&self.0)?..)?;
        let (escaped, _) = after_emitted.split_at_checked(after_emitted.len().checked_sub(ORDINAL_BYTES + 1)?)?;
        collation::unescape(escaped)
    }
}

impl Borrow<[u8]> for RowKey {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(emitted: &str, document: &str, ordinal: u32) -> RowKey {
        let mut bytes = Vec::new();
        collation::encode(emitted, &mut bytes).unwrap();
        RowKey::new(bytes, &Key::new(document).unwrap(), ordinal)
    }

    #[test]
    fn a_row_key_gives_back_its_parts() {
        for emitted in ["null", "1", "\"\"", "\"a\\u0000\\u0001\"", "[[],{\"a\":\"\"}]"] {
            for document in ["a", "a\0", "\0\u{1}\u{2}", "\u{1F600}", "\u{FFFF}"] {
                for ordinal in [0, 1, 256, u32::MAX] {
                    let row = row(emitted, document, ordinal);
                    let mut text = String::new();
                    assert_eq!(collation::decode(row.emitted(), &mut text), Some(row.emitted().len()));
                    assert_eq!(text, emitted);
                    assert_eq!(row.document().unwrap(), Key::new(document).unwrap().as_bytes());
                }
            }
        }
    }

    #[test]
    fn rows_sort_by_emitted_key_then_document_then_emission() {
        let rows = [
            row("1", "z", 9),
            row("\"a\"", "a", 0),
            row("\"a\"", "a", 1),
            row("\"a\"", "a", 256),
            row("\"a\"", "a\0", 0),
            row("\"a\"", "a\u{1}", 0),
            row("\"a\"", "aa", 0),
            row("\"a\\u0000\"", "a", 0),
            row("\"aa\"", "a", 0),
        ];
        assert!(rows.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn bytes_that_are_no_encoded_key_are_not_a_panic() {
        let row = RowKey::new(vec![0xFF], &Key::new("a").unwrap(), 0);
        assert_eq!((row.emitted(), row.document()), (&[][..], None));
    }
}
