//! Numbers: JSON's grammar to sortable bytes, and those to the text that JavaScript would print.

use std::fmt::Write as _;

/// The length of an encoded number without its tag.
pub const BYTES: usize = size_of::<u64>();

const SIGN: u64 = 1 << 63;

/// Appends the number at the head of `text` and returns its length; `None` where there is no JSON number, or one
/// beyond every double.
pub fn append(text: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let length = length(text)?;
    let number: f64 = str::from_utf8(text.get(..length)?).ok()?.parse().ok()?;
    if !number.is_finite() {
        return None;
    }
    // Adding 0 makes 0 of -0 and changes no other number.
    let bits = (number + 0.0).to_bits();
    let sortable = if bits & SIGN == 0 { bits | SIGN } else { !bits };
    out.extend_from_slice(&sortable.to_be_bytes());
    Some(length)
}

/// Appends the number at the head of `bytes` as text and returns what follows it.
pub fn decode<'a>(bytes: &'a [u8], out: &mut String) -> Option<&'a [u8]> {
    let (sortable, rest) = bytes.split_first_chunk()?;
    let sortable = u64::from_be_bytes(*sortable);
    let number = f64::from_bits(if sortable & SIGN == 0 { !sortable } else { sortable & !SIGN });
    print(number, out)?;
    Some(rest)
}

/// Appends a number as JavaScript would print it; `None` where it is not finite.
pub fn print(number: f64, out: &mut String) -> Option<()> {
    if !number.is_finite() {
        return None;
    }
    let size = number.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        write!(out, "{number}").ok()?;
    } else {
        let start = out.len();
        write!(out, "{number:e}").ok()?;
        if size >= 1.0 {
            let sign = out.get(start..)?.find('e')?.checked_add(start + 1)?;
            out.insert(sign, '+');
        }
    }
    Some(())
}

/// The length of the JSON number at the head of `text`.
fn length(text: &[u8]) -> Option<usize> {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    let mut rest = match unsigned {
        [b'0', rest @ ..] => rest,
        _ => digits(unsigned)?,
    };
    if let [b'.', fraction @ ..] = rest {
        rest = digits(fraction)?;
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        rest = digits(exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent))?;
    }
    text.len().checked_sub(rest.len())
}

/// What follows the digits at the head of `text`, of which there must be one.
fn digits(text: &[u8]) -> Option<&[u8]> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 { None } else { text.get(count..) }
}
