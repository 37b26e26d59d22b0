//! Strings: JSON's escapes to sortable bytes, and those to JSON text.
//!
//! Code units that are halves of a pair are encoded one by one, which is what makes the order JavaScript's, and
//! become one character again on the way back; a half without the other is an escape in JSON, as
//! `JSON.stringify` prints it.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{END, LOCALE};
use crate::collator::Collator;

/// The first byte of the escapes of U+0000 and U+0001.
const ESCAPE: u8 = 0x01;

/// The first byte of code units from U+D000 to U+DFFF, of which the upper half are surrogates.
const MAYBE_SURROGATE: u8 = 0xED;

/// Appends the JSON string whose opening quote has been read, and returns its length including the closing quote;
/// `None` where it is malformed. `text` is UTF-8.
pub fn append(text: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let mut rest = text;
    loop {
        let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20 | 0xF0..))?;
        let (run, special) = rest.split_at_checked(plain)?;
        out.extend_from_slice(run);
        rest = match special {
            [b'"', after @ ..] => {
                out.push(END);
                return text.len().checked_sub(after.len());
            }
            [b'\\', escape @ ..] => append_escape(escape, out)?,
            [0xF0..=0xFF, ..] => {
                let (character, after) = special.split_at_checked(4)?;
                let mut units = [0; 2];
                for unit in str::from_utf8(character).ok()?.chars().next()?.encode_utf16(&mut units) {
                    append_unit(*unit, out);
                }
                after
            }
            _ => return None,
        };
    }
}

/// Appends the sort key of the JSON string whose opening quote has been read; `None` where it is malformed. `text` is
/// UTF-8.
pub fn append_sort_key(text: &[u8], collator: &Collator, out: &mut Vec<u8>) -> Option<()> {
    let plain = text.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    if text.get(plain) == Some(&b'"') {
        collator.append_sort_key_of_text(str::from_utf8(text.get(..plain)?).ok()?, out);
        return Some(());
    }
    let mut escaped = Vec::new();
    append(text, &mut escaped)?;
    escaped.pop();
    collator.append_sort_key(&unescape(&escaped)?, out);
    Some(())
}

/// Appends the character of the escape whose backslash has been read, and returns what follows it.
fn append_escape<'a>(escape: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (kind, after) = escape.split_first()?;
    let byte = match kind {
        b'u' => {
            let (digits, after) = after.split_at_checked(4)?;
            let mut unit = 0;
            for digit in digits {
                unit = unit << 4 | u16::try_from(char::from(*digit).to_digit(16)?).ok()?;
            }
            append_unit(unit, out);
            return Some(after);
        }
        b'"' | b'\\' | b'/' => *kind,
        b'b' => 0x08,
        b't' => b'\t',
        b'n' => b'\n',
        b'f' => 0x0C,
        b'r' => b'\r',
        _ => return None,
    };
    out.push(byte);
    Some(after)
}

/// Appends one UTF-16 code unit as UTF-8 would write a character of that number.
fn append_unit(unit: u16, out: &mut Vec<u8>) {
    let [high, low] = unit.to_be_bytes();
    match unit {
        0x0000..=0x0001 => out.extend_from_slice(&[ESCAPE, low + 1]),
        0x0002..=0x007F => out.push(low),
        0x0080..=0x07FF => out.extend_from_slice(&[0xC0 | high << 2 | low >> 6, 0x80 | low & 0x3F]),
        0x0800.. => {
            out.extend_from_slice(&[0xE0 | high >> 4, 0x80 | (high & 0x0F) << 2 | low >> 6, 0x80 | low & 0x3F]);
        }
    }
}

/// Appends CESU-8 bytes as the inside of an encoded string, and its end.
pub fn append_terminated(cesu: &[u8], out: &mut Vec<u8>) {
    let mut rest = cesu;
    while let Some(plain) = rest.iter().position(|byte| *byte <= ESCAPE) {
        let (run, special) = rest.split_at(plain);
        out.extend_from_slice(run);
        let Some((byte, after)) = special.split_first() else { break };
        out.extend_from_slice(&[ESCAPE, byte + 1]);
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(END);
}

/// The CESU-8 bytes of the inside of an encoded string; `None` where an escape is none of ours.
pub fn unescape(escaped: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !escaped.contains(&ESCAPE) {
        return Some(Cow::Borrowed(escaped));
    }
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match (*byte, byte) {
            (ESCAPE, _) => unescaped(*rest.next()?)?,
            (byte, _) => byte,
        });
    }
    Some(Cow::Owned(bytes))
}

fn unescaped(byte: u8) -> Option<u8> {
    matches!(byte, 1 | 2).then(|| byte - 1)
}

/// The code units of the encoded string whose tag has been read, and what follows its end.
pub fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    match bytes {
        [LOCALE, sort_key @ ..] => split_at_end(split_at_end(sort_key)?.1),
        _ => split_at_end(bytes),
    }
}

fn split_at_end(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == END)?;
    let (inside, rest) = bytes.split_at_checked(end)?;
    Some((inside, rest.get(1..)?))
}

/// Appends the encoded string whose tag has been read as JSON text, and returns what follows it.
pub fn decode<'a>(bytes: &'a [u8], out: &mut String) -> Option<&'a [u8]> {
    let (inside, after) = split(bytes)?;
    out.push('"');
    let mut rest = inside;
    loop {
        let plain = rest
            .iter()
            .position(|byte| matches!(*byte, b'"' | b'\\' | 0..0x20 | MAYBE_SURROGATE | 0xF0..))
            .unwrap_or(rest.len());
        let (run, special) = rest.split_at_checked(plain)?;
        out.push_str(str::from_utf8(run).ok()?);
        rest = match special {
            [] => break,
            [MAYBE_SURROGATE, ..] => decode_unit_or_pair(special, out)?,
            [0xF0..=0xFF, ..] => return None,
            [ESCAPE, escaped @ ..] => {
                let (byte, after) = escaped.split_first()?;
                decode_ascii(unescaped(*byte)?, out)?;
                after
            }
            [byte, after @ ..] => {
                decode_ascii(*byte, out)?;
                after
            }
        };
    }
    out.push('"');
    Some(after)
}

/// Appends what JSON escapes within ASCII.
fn decode_ascii(byte: u8, out: &mut String) -> Option<()> {
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        0x08 => out.push_str("\\b"),
        b'\t' => out.push_str("\\t"),
        b'\n' => out.push_str("\\n"),
        0x0C => out.push_str("\\f"),
        b'\r' => out.push_str("\\r"),
        _ => write!(out, "\\u{byte:04x}").ok()?,
    }
    Some(())
}

/// Appends the code unit from U+D000 to U+DFFF at the head of `bytes`, together with the next one if they are a
/// pair, and returns what follows.
fn decode_unit_or_pair<'a>(bytes: &'a [u8], out: &mut String) -> Option<&'a [u8]> {
    let (unit, rest) = split_unit(bytes)?;
    let low = if matches!(unit, 0xD800..0xDC00) { split_unit(rest) } else { None };
    if let Some((low @ 0xDC00..0xE000, rest)) = low {
        out.push(char::decode_utf16([unit, low]).next()?.ok()?);
        return Some(rest);
    }
    match char::from_u32(unit.into()) {
        Some(character) => out.push(character),
        None => write!(out, "\\u{unit:04x}").ok()?,
    }
    Some(rest)
}

fn split_unit(bytes: &[u8]) -> Option<(u16, &[u8])> {
    match bytes {
        [MAYBE_SURROGATE, middle @ 0x80..0xC0, last @ 0x80..0xC0, rest @ ..] => {
            let high = 0xD0 | middle >> 2 & 0x0F;
            Some((u16::from_be_bytes([high, middle << 6 | last & 0x3F]), rest))
        }
        _ => None,
    }
}
