//! Rows in the order of a language, and the names by which queries and cursors know them: the same rows by code unit.

use super::collation;
use crate::collator::Collation;
use crate::error::{Error, Result};
use crate::range::Arrangement;

/// The rows of a view with this collation.
pub struct ArrangedRows<'a>(pub &'a Collation);

impl Arrangement for ArrangedRows<'_> {
    fn text(&self) -> &str {
        self.0.text()
    }

    fn place(&self, name: &[u8]) -> Result<Vec<u8>> {
        encoded_by(self.0, name).ok_or_else(nobody_emitted)
    }

    fn place_prefix(&self, prefix: &[u8]) -> Result<Vec<u8>> {
        let (mut json, mut bytes) = (String::new(), Vec::new());
        collation::decode(&collation::whole(prefix), &mut json).ok_or_else(nobody_emitted)?;
        collation::prefix_by(self.0, &json, &mut bytes)?;
        Ok(bytes)
    }

    fn name(&self, key: &[u8]) -> Vec<u8> {
        // Every row was encoded by us.
        encoded_by(&Collation::CodeUnit, key).unwrap_or_default()
    }
}

/// An encoded value in a collation's order, and what follows it: in a row key the document and the order of emission.
fn encoded_by(collation: &Collation, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut json = String::new();
    let rest = bytes.get(collation::decode(bytes, &mut json)?..)?;
    let mut encoded = Vec::with_capacity(2 * bytes.len());
    collation::encode_by(collation, &json, &mut encoded).ok()?;
    encoded.extend_from_slice(rest);
    Some(encoded)
}

fn nobody_emitted() -> Error {
    Error::assertion("the cursor is none that a query has given")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Key;
    use crate::view::RowKey;

    fn row(collation: &Collation, json: &str) -> RowKey {
        let mut bytes = Vec::new();
        collation::encode_by(collation, json, &mut bytes).unwrap();
        RowKey::new(bytes, &Key::new("a\0b").unwrap(), 7)
    }

    #[test]
    fn a_row_is_named_by_code_unit() {
        let german = Collation::parse("{\"locale\":\"de\"}").unwrap();
        let rows = ArrangedRows(&german);
        for json in
            ["null", "-1.5", "\"\"", "\"\u{e4}\\u0000\"", "[\"a\",[\"\"],{}]", "{\"b\":\"\u{e4}\",\"a\":[\"z\"]}"]
        {
            let (placed, named) = (row(&german, json), row(&Collation::CodeUnit, json));
            assert_eq!(rows.name(placed.as_bytes()), named.as_bytes());
            assert_eq!(rows.place(named.as_bytes()).unwrap(), placed.as_bytes());
        }
    }

    #[test]
    fn what_nobody_emitted_has_no_place() {
        let german = Collation::parse("{\"locale\":\"de\"}").unwrap();
        for name in [&b""[..], b"\x05a", b"\xFF"] {
            assert_eq!(ArrangedRows(&german).place(name).unwrap_err().code(), "ASSERTION");
        }
    }

    #[test]
    fn elements_are_a_prefix_and_the_beginning_of_a_string_is_none() {
        let german = Collation::parse("{\"locale\":\"de\"}").unwrap();
        let placed = |json| {
            let mut prefix = Vec::new();
            collation::prefix(json, &mut prefix).unwrap();
            ArrangedRows(&german).place_prefix(&prefix)
        };
        assert!(row(&german, "[\"\u{e4}\",[],1]").as_bytes().starts_with(&placed("[\"\u{e4}\",[]]").unwrap()));
        assert_eq!(placed("\"a\"").unwrap_err().code(), "ASSERTION");
    }
}
