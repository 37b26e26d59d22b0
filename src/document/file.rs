//! The document in a file: any JSON object, however it is laid out.
//!
//! One pass of `serde_json` tells whether it is JSON, one pass copies it; neither recurses, and names and strings are
//! never decoded, so that lone surrogates in escapes pass as they do in `JSON.parse`.

use super::text::{compact, is_too_deep};
use super::{Body, Document, MAX_DEPTH, MAX_TEXT, revision};
use serde_json::value::RawValue;
use std::sync::Arc;

const BYTE_ORDER_MARK: char = '\u{feff}';

impl Document {
    /// The document that a file's `bytes` hold. A missing `_rev` is 0.
    ///
    /// # Errors
    ///
    /// Why the file is no document, as the end of a sentence that begins with its name.
    pub fn from_file(bytes: &[u8]) -> Result<Self, String> {
        Self::from_file_within(MAX_TEXT, bytes)
    }

    pub(super) fn from_file_within(most: usize, bytes: &[u8]) -> Result<Self, String> {
        let text =
            str::from_utf8(bytes).map_err(|error| format!("is not valid UTF-8 after byte {}", error.valid_up_to()))?;
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        if text.is_empty() {
            return Err("is empty".to_owned());
        }
        let value: &RawValue = serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))?;
        if !value.get().starts_with('{') {
            return Err("is not an object".to_owned());
        }
        if is_too_deep(value.get()) {
            return Err(format!("is nested more than {MAX_DEPTH} levels deep"));
        }
        Self::from_object(most, &compact(value.get()))
    }

    fn from_object(most: usize, object: &str) -> Result<Self, String> {
        let within = |length: usize| {
            if length > most { Err(format!("is longer than {most} bytes without whitespace")) } else { Ok(()) }
        };
        if let Some((_, members)) = revision::leading(object)
            && !revision::may_occur(members)
        {
            // Without `_rev` a brace would stand before them; the last member's own is among them.
            within("{".len() + members.len())?;
            return Ok(Self { text: Arc::from(object) });
        }
        if !revision::may_occur(object) {
            within(object.len())?;
            let members = object.strip_prefix('{').ok_or("is not an object")?;
            return Ok(Self::new(0, &Body::after_brace(members)));
        }
        let (members, value) = revision::take(object).ok_or("is not JSON")?;
        let revision = match value {
            Some(value) => revision::parse(value).ok_or("has a _rev that is not an integer from 0 to 2^53 - 1")?,
            None => 0,
        };
        let body = Body { members: members.into() };
        within(body.len())?;
        Ok(Self::new(revision, &body))
    }
}
