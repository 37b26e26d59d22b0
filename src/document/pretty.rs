//! The layout of a document's file: four spaces a level, one member a line, a newline at the end.
//!
//! ```text
//! {"_rev":3,"tags":["a",{}]}    {
//!                                   "_rev": 3,
//!                                   "tags": [
//!                                       "a",
//!                                       {}
//!                                   ]
//!                               }
//! ```

use super::text::{scalar_end, string_end};

const INDENT: usize = 4;

/// Appends to `out` what `JSON.stringify(JSON.parse(text), null, 4) + "\n"` would print, numbers and strings kept as
/// they are. `text` is canonical: JSON without whitespace between tokens.
pub fn pretty(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() * 3 / 2);
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        let end = match byte {
            b'"' => string_end(bytes, at),
            b'{' | b'[' | b'}' | b']' | b',' | b':' => Some(at + 1),
            _ => scalar_end(bytes, at),
        };
        let end = end.unwrap_or(bytes.len());
        let token = bytes.get(at..end).unwrap_or_default();
        match (byte, bytes.get(end)) {
            (b'{', Some(b'}')) | (b'[', Some(b']')) => {
                out.extend_from_slice(bytes.get(at..=end).unwrap_or_default());
                at = end + 1;
                continue;
            }
            (b'{' | b'[', _) => {
                depth += 1;
                out.push(*byte);
                break_line(depth, out);
            }
            (b'}' | b']', _) => {
                depth = depth.saturating_sub(1);
                break_line(depth, out);
                out.push(*byte);
            }
            (b',', _) => {
                out.push(b',');
                break_line(depth, out);
            }
            (b':', _) => out.extend_from_slice(b": "),
            _ => out.extend_from_slice(token),
        }
        at = end;
    }
    out.push(b'\n');
}

fn break_line(depth: usize, out: &mut Vec<u8>) {
    out.push(b'\n');
    out.resize(out.len() + depth * INDENT, b' ');
}
