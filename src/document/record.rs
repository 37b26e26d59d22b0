//! A document with its key, as a line of JSON: what exports are made of.
//!
//! ```text
//! {"key":"user:1","document":{"_rev":3,"name":"Ada"}}
//! ```

use serde_json::value::RawValue;

use super::{compact, members};
use crate::error::{Error, Result};

/// A line's two parts, each as JSON without whitespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The key, of whatever type it is written in.
    pub key: String,
    /// The document, an object.
    pub document: String,
}

impl Record {
    /// The parts of a line, whatever whitespace is in it. The document's text is not read any further.
    ///
    /// # Errors
    ///
    /// `Assertion` where the line is no JSON object of a `key` and a `document` alone.
    pub fn parse(line: &str) -> Result<Self> {
        let value: &RawValue =
            serde_json::from_str(line).map_err(|cause| Error::assertion(format!("this is no JSON: {cause}")))?;
        let text = compact(value.get());
        let (mut key, mut document) = (None, None);
        for (name, value) in members(&text) {
            let name: String = serde_json::from_str(name).unwrap_or_default();
            let part = match name.as_str() {
                "key" => &mut key,
                "document" => &mut document,
                _ => return Err(Error::assertion(format!("a record has a key and a document, and no {name:?}"))),
            };
            if part.replace(value.to_owned()).is_some() {
                return Err(Error::assertion(format!("the {name} is there twice")));
            }
        }
        match (key, document) {
            (Some(key), Some(document)) if document.starts_with('{') => Ok(Self { key, document }),
            (Some(_), Some(_)) => Err(Error::assertion("a document must be an object")),
            _ => Err(Error::assertion("a record is an object with a key and a document")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_into_key_and_document_and_no_number_is_printed_again() {
        let line = " {\"document\": {\"n\": 1E400, \"m\":[1.0, {\"key\":2}]},\"\\u006bey\" :\"a\\\"b\"}\r";
        let record = Record::parse(line).unwrap();
        assert_eq!(
            (record.key.as_str(), record.document.as_str()),
            ("\"a\\\"b\"", "{\"n\":1E400,\"m\":[1.0,{\"key\":2}]}")
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for line in [
            "",
            "{",
            "null",
            "[]",
            "{}",
            "{\"key\":\"a\"}",
            "{\"document\":{}}",
            "{\"key\":\"a\",\"document\":[]}",
            "{\"key\":\"a\",\"document\":{},\"more\":1}",
            "{\"key\":\"a\",\"key\":\"b\",\"document\":{}}",
            "{\"key\":\"a\",\"document\":{}} {}",
        ] {
            assert_eq!(Record::parse(line).unwrap_err().code(), "ASSERTION", "{line}");
        }
    }
}
