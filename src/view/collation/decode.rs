//! Sortable bytes to JSON text.

use super::nesting::{Container, Nesting};
use super::{ARRAY, END, FALSE, NULL, NUMBER, OBJECT, STRING, TRUE, number, string};

/// Appends the encoded value at the head of `bytes` as JSON text and returns the length of the encoding; `None` where
/// the bytes are malformed, and `out` is then as it was.
///
/// The text is what `JSON.stringify` prints, but for the last digit of a number that has two equally near shortest
/// texts (`1069242728270425.25`): it reads as the same number.
#[must_use]
pub fn decode(bytes: &[u8], out: &mut String) -> Option<usize> {
    let before = out.len();
    let length = value(bytes, out).and_then(|rest| bytes.len().checked_sub(rest.len()));
    if length.is_none() {
        out.truncate(before);
    }
    length
}

/// Appends one value and returns what follows it.
fn value<'a>(bytes: &'a [u8], out: &mut String) -> Option<&'a [u8]> {
    let mut nesting = Nesting::new();
    let mut rest = bytes;
    loop {
        let opened;
        (rest, opened) = scalar_or_open(rest, out)?;
        if let Some(container) = opened {
            nesting.push(container)?;
        }
        let mut is_first = opened.is_some();
        while let [END, after @ ..] = rest
            && let Some(container) = nesting.top()
        {
            out.push(if container == Container::Array { ']' } else { '}' });
            nesting.pop();
            is_first = false;
            rest = after;
        }
        let Some(container) = nesting.top() else { return Some(rest) };
        if !is_first {
            out.push(',');
        }
        if container == Container::Object {
            rest = string::decode(rest.strip_prefix(&[STRING])?, out)?;
            out.push(':');
        }
    }
}

/// Appends a scalar or the opening of a container, which is returned with what follows.
fn scalar_or_open<'a>(bytes: &'a [u8], out: &mut String) -> Option<(&'a [u8], Option<Container>)> {
    let (tag, rest) = bytes.split_first()?;
    let word = match *tag {
        NULL => "null",
        FALSE => "false",
        TRUE => "true",
        NUMBER => return Some((number::decode(rest, out)?, None)),
        STRING => return Some((string::decode(rest, out)?, None)),
        ARRAY => {
            out.push('[');
            return Some((rest, Some(Container::Array)));
        }
        OBJECT => {
            out.push('{');
            return Some((rest, Some(Container::Object)));
        }
        _ => return None,
    };
    out.push_str(word);
    Some((rest, None))
}
