//! JSON values as they are compared and as they become keys: [`collation`] bytes.
//!
//! A number beyond every double is `null` here, as `JSON.stringify` makes it of what `JSON.parse` reads; and where a name
//! occurs twice in an object, the last value counts in the place of the first, as for `JSON.parse`.

use std::ops::RangeInclusive;

use crate::collator::Collation;
use crate::error::Result;
use crate::view::collation::{self, class};

/// Appends the bytes of a value by which rows are ordered, strings by code unit.
///
/// # Errors
///
/// `Assertion` where `text` is no JSON or nested too deeply.
pub(super) fn encode(text: &str, out: &mut Vec<u8>) -> Result<()> {
    encode_by(&Collation::CodeUnit, text, out)
}

/// The same with strings in a collation's order.
///
/// # Errors
///
/// As [`encode`].
pub(super) fn encode_by(by: &Collation, text: &str, out: &mut Vec<u8>) -> Result<()> {
    let before = out.len();
    if let Err(error) = collation::encode_by(by, text, out) {
        let finite = without_infinities(text).ok_or(error)?;
        collation::encode_by(by, &finite, out)?;
    }
    if text.contains('{') {
        let bytes = out.split_off(before);
        out.extend_from_slice(&collation::normalise(&bytes, collation::Members::AsWritten));
    }
    Ok(())
}

/// The bytes of a value that are the same for all values that are equal: whatever the order of an object's members.
/// `None` where `text` is no JSON.
pub(super) fn canonical(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() + 8);
    encode(text, &mut bytes).ok()?;
    Some(if text.contains('{') { collation::normalise(&bytes, collation::Members::Sorted) } else { bytes })
}

/// What a path's value is compared with.
#[derive(Clone, Debug)]
pub struct Operand {
    text: Box<str>,
    key: Box<[u8]>,
    canonical: Box<[u8]>,
    /// A string without escapes: another one without escapes is equal only if it is written the same.
    is_plain: bool,
}

impl Operand {
    /// The operand that canonical text stands for.
    ///
    /// # Errors
    ///
    /// As [`encode`].
    pub(super) fn new(text: &str) -> Result<Self> {
        let mut key = Vec::new();
        encode(text, &mut key)?;
        let canonical = collation::normalise(&key, collation::Members::Sorted);
        let is_plain = text.starts_with('"') && !text.contains('\\');
        Ok(Self { text: text.into(), key: key.into(), canonical: canonical.into(), is_plain })
    }

    /// As it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its view key, encoded.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// Whether its key is that of every value equal to it: not where an object may have its members in another order.
    #[must_use]
    pub fn has_one_key(&self) -> bool {
        !self.text.contains('{')
    }

    /// The first bytes of all keys of its type.
    #[must_use]
    pub fn class(&self) -> RangeInclusive<u8> {
        class(&self.key)
    }

    /// The bytes that all equal values have.
    pub(super) fn canonical(&self) -> &[u8] {
        &self.canonical
    }

    /// Whether a value, as canonical text, is equal.
    pub(super) fn equals(&self, value: &str) -> bool {
        if value == &*self.text {
            return true;
        }
        let (Some(own), Some(other)) = (self.text.as_bytes().first(), value.as_bytes().first()) else { return false };
        if kind(*own) != kind(*other) || kind(*own) == Kind::Bool {
            return false;
        }
        if self.is_plain && !value.contains('\\') {
            return false;
        }
        canonical(value).is_some_and(|bytes| *bytes == *self.canonical)
    }
}

/// Operands are the same if they have the same key: `1` and `1.0` are.
impl PartialEq for Operand {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Operand {}

/// What the first byte of a text tells. A number may turn out to be null.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    NullOrNumber,
    Bool,
    String,
    Array,
    Object,
}

fn kind(first: u8) -> Kind {
    match first {
        b'"' => Kind::String,
        b'[' => Kind::Array,
        b'{' => Kind::Object,
        b't' | b'f' => Kind::Bool,
        _ => Kind::NullOrNumber,
    }
}

/// The text with `null` for numbers beyond every double; `None` where there are none.
#[cold]
fn without_infinities(text: &str) -> Option<String> {
    let mut finite = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_changed = false;
    while let Some(first) = rest.as_bytes().first() {
        let length = match first {
            b'"' => string_length(rest)?,
            b'-' | b'0'..=b'9' => rest.bytes().position(|byte| b",]} ".contains(&byte)).unwrap_or(rest.len()),
            _ => 1,
        };
        let token = rest.get(..length)?;
        let is_infinite = matches!(first, b'-' | b'0'..=b'9') && token.parse().is_ok_and(f64::is_infinite);
        is_changed |= is_infinite;
        finite.push_str(if is_infinite { "null" } else { token });
        rest = rest.get(length..)?;
    }
    is_changed.then_some(finite)
}

fn string_length(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })?;
    Some(end + 2)
}
