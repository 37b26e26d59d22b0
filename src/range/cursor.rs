//! Where a page ended, as an opaque text by which the next one begins strictly behind it.
//!
//! It names the last row itself and not its position, so rows that come and go between the pages make no row be skipped
//! or seen twice. It holds nothing of the store: it survives a restart, and a view that is built anew.
//!
//! ```text
//! base64url of
//! 01                  version of this layout
//! 8 bytes             fingerprint of the query: another query refuses it
//! 4 bytes             place of the row's key in the query's `keys`, big-endian; 0 where it has none
//! n bytes             the row: a document's key in CESU-8, or a whole row key; strings by code unit, whatever orders them
//! 4 bytes             CRC32C of all before, big-endian
//! ```

use super::{Fingerprint, base64url};
use crate::error::{Error, Result};

const VERSION: u8 = 1;

/// The last row that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Which of the query's ranges it was read in.
    pub place: usize,
    /// The row's whole key: its name, or in a plan the bytes of its tree.
    pub last: Vec<u8>,
}

impl Cursor {
    /// The text for the query after the row `last`.
    #[must_use]
    pub fn to_text(query: Fingerprint, place: usize, last: &[u8]) -> String {
        let mut bytes = Vec::with_capacity(last.len() + 17);
        bytes.push(VERSION);
        bytes.extend_from_slice(&query.to_bytes());
        // No array in JavaScript has more elements.
        bytes.extend_from_slice(&u32::try_from(place).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(last);
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_be_bytes());
        base64url::encode(&bytes)
    }

    /// What a text tells the query that it was made for.
    ///
    /// # Errors
    ///
    /// `Assertion` where it is damaged, or belongs to another query.
    pub fn from_text(text: &str, query: Fingerprint) -> Result<Self> {
        let bytes = base64url::decode(text).ok_or_else(damaged)?;
        let (body, sum) = bytes.split_last_chunk().ok_or_else(damaged)?;
        if u32::from_be_bytes(*sum) != crc32c::crc32c(body) {
            return Err(damaged());
        }
        let rest = body.strip_prefix(&[VERSION]).ok_or_else(damaged)?;
        let (fingerprint, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
        let (place, last) = rest.split_first_chunk().ok_or_else(damaged)?;
        if *fingerprint != query.to_bytes() {
            return Err(Error::assertion("the cursor belongs to another query: only limit and documents may differ"));
        }
        Ok(Self { place: u32::from_be_bytes(*place) as usize, last: last.to_vec() })
    }
}

fn damaged() -> Error {
    Error::assertion("the cursor is damaged, or none that a query has given")
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: Fingerprint = Fingerprint::of("test");

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for (place, last) in [(0, &b""[..]), (0, b"a"), (7, &[0, 1, 0xFF]), (u32::MAX as usize, &[0; 5_000])] {
            let cursor = Cursor { place, last: last.to_vec() };
            assert_eq!(Cursor::from_text(&Cursor::to_text(QUERY, place, last), QUERY).unwrap(), cursor);
        }
    }

    #[test]
    fn another_query_refuses_it() {
        let text = Cursor::to_text(QUERY, 0, b"a");
        assert_eq!(Cursor::from_text(&text, Fingerprint::of("other")).unwrap_err().code(), "ASSERTION");
    }

    #[test]
    fn a_cursor_with_any_letter_changed_or_missing_is_refused() {
        let text = Cursor::to_text(QUERY, 3, b"user:123");
        let refused = |text: &str| Cursor::from_text(text, QUERY).unwrap_err().code() == "ASSERTION";
        for at in 0..text.len() {
            let (head, tail) = text.split_at(at);
            assert!(refused(head), "cut at {at}");
            for letter in ['A', 'b', '9', '_', '=', ' '] {
                let changed = format!("{head}{letter}{}", &tail[1..]);
                assert!(changed == text || refused(&changed), "{letter} at {at}");
            }
        }
        assert!(refused(""));
        assert!(refused(&format!("{text}A")));
    }

    #[test]
    fn another_version_is_refused() {
        let mut bytes = base64url::decode(&Cursor::to_text(QUERY, 0, b"a")).unwrap();
        bytes.truncate(bytes.len() - 4);
        bytes[0] = 2;
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_be_bytes());
        assert_eq!(Cursor::from_text(&base64url::encode(&bytes), QUERY).unwrap_err().code(), "ASSERTION");
    }
}
