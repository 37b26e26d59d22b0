//! Walking JSON text without making anything of it.
//!
//! Positions are byte indexes of text that is known or trusted to be JSON; where it is not, a walk ends with `None`
//! or at the end of the text, never in a panic.

use std::borrow::Cow;

/// How deep a document may be nested; `{"a":[]}` has two levels. What walks a document in JavaScript recurses, and a
/// stack is finite.
pub const MAX_DEPTH: usize = 2_000;

/// How many bytes a document's text may have without its `_rev`. V8's longest string has 2^29 - 24 code units, and UTF-8
/// never has fewer bytes; what is left below that is for `_rev` and for what stands around a document in an answer.
pub const MAX_TEXT: usize = (1 << 29) - 24 - (64 << 10);

/// Just past the string whose opening quote is at `start`.
pub(super) fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at = quote_or_backslash(bytes, at)?;
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

/// The first quote or backslash from `start` on.
fn quote_or_backslash(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    let mut rest = bytes.get(start..)?;
    // Eight bytes at a time: strings are most of a document, and this is most of the walk.
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        let found = zero_bytes(word ^ (ONES * u64::from(b'"'))) | zero_bytes(word ^ (ONES * u64::from(b'\\')));
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
        rest = after;
    }
    rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).map(|offset| at + offset)
}

/// One in each byte.
const ONES: u64 = u64::MAX / 0xFF;

/// The top bit of the lowest byte that is zero is set, and no bit below it.
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & (ONES << 7)
}

/// Just past the value at `start`, in text without whitespace.
pub(super) fn value_end(bytes: &[u8], start: usize) -> Option<usize> {
    match bytes.get(start)? {
        b'"' => string_end(bytes, start),
        b'{' | b'[' => container_end(bytes, start),
        _ => scalar_end(bytes, start),
    }
}

/// Just past the number, `true`, `false` or `null` at `start`.
pub(super) fn scalar_end(bytes: &[u8], start: usize) -> Option<usize> {
    let length = bytes.get(start..)?.iter().position(|byte| matches!(byte, b',' | b'}' | b']'))?;
    Some(start + length)
}

/// Whether `text` is nested deeper than [`MAX_DEPTH`].
pub(super) fn is_too_deep(text: &str) -> bool {
    // Each level opens and closes, and almost no document opens so often: the walk is for the rare rest.
    if text.len() < 2 * MAX_DEPTH || text.bytes().filter(|byte| matches!(byte, b'{' | b'[')).count() <= MAX_DEPTH {
        return false;
    }
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = string_end(bytes, at).unwrap_or(bytes.len());
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
        at += 1;
    }
    false
}

/// The text without the whitespace between its tokens; borrowed where there is none.
#[must_use]
pub fn compact(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut compacted = String::new();
    let (mut at, mut kept) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = string_end(bytes, at).unwrap_or(bytes.len()),
            b' ' | b'\n' | b'\r' | b'\t' => {
                if kept == 0 {
                    compacted.reserve(text.len());
                }
                compacted.push_str(text.get(kept..at).unwrap_or_default());
                at = whitespace_end(bytes, at);
                kept = at;
            }
            _ => at += 1,
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    compacted.push_str(text.get(kept..).unwrap_or_default());
    Cow::Owned(compacted)
}

fn whitespace_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

fn container_end(bytes: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut depth) = (start, 0_usize);
    loop {
        match bytes.get(at)? {
            b'"' => {
                at = string_end(bytes, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return Some(at + 1),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}
