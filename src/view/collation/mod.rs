//! JSON values as bytes whose `memcmp` order is the order of view keys.
//!
//! The order is null < false < true < numbers < strings < arrays < objects. Strings go by UTF-16 code unit, lone
//! surrogates too; arrays element by element, the shorter first; objects, as in `CouchDB`, by their entries in the
//! order in which they are written: name, then value, fewer entries first. `-0` is `0`.
//!
//! ```text
//! value    bytes
//! -------  ------------------------------------------------------------------------------------------
//! null     01
//! false    02
//! true     03
//! number   04, then its IEEE 754 bits, big-endian: all of them inverted if negative, else the sign bit
//! string   05, then each UTF-16 code unit as UTF-8 would write it (CESU-8), then 00
//!          within it U+0000 is 01 01 and U+0001 is 01 02, so that 00 stands only at the end
//! array    06, then the elements, then 00
//! object   07, then name (as a string) and value of each entry, then 00
//!
//! JSON           bytes
//! -------------  ------------------------------------
//! null           01
//! -1             04 40 0F FF FF FF FF FF FF
//! 0              04 80 00 00 00 00 00 00 00
//! 1              04 BF F0 00 00 00 00 00 00
//! ""             05 00
//! "a"            05 61 00
//! "a\u0000"      05 61 01 01 00
//! "\ud83d\ude00" 05 ED A0 BD ED B8 80 00
//! []             06 00
//! [null,"a"]     06 01 05 61 00 00
//! {"a":[]}       07 05 61 00 06 00 00
//! ```
//!
//! Invariants: no encoding is the beginning of another, so encodings can be joined and still sort by their parts.
//! One value has one encoding, whatever spaces or escapes its text has. The last byte of a string or array only ends
//! it: without it, the bytes are what every string or array with this beginning begins with ([`prefix`]). Damaged
//! bytes and malformed text are an answer, never a panic; nothing here recurses.
//!
//! Numbers are the doubles that JavaScript reads: digits beyond a double's precision are lost here, which is why
//! only keys are encoded and values are kept as text.

mod decode;
mod encode;
mod nesting;
mod normal;
mod number;
#[cfg(test)]
mod property;
mod string;
#[cfg(test)]
mod test;

pub use decode::decode;
pub use encode::encode;
pub(super) use normal::{Members, normalise};
pub(super) use number::print as print_number;
pub(super) use string::{append_terminated, unescape};

use crate::error::{Error, Result};
use std::ops::RangeInclusive;

/// Ends a string, an array or an object; lower than every tag, so that the shorter sorts first.
const END: u8 = 0x00;
const NULL: u8 = 0x01;
const FALSE: u8 = 0x02;
const TRUE: u8 = 0x03;
const NUMBER: u8 = 0x04;
const STRING: u8 = 0x05;
const ARRAY: u8 = 0x06;
const OBJECT: u8 = 0x07;

/// The length of the encoded value at the head of `bytes`; `None` where there is none.
///
/// Only the outline is checked: what is inside a string may still be refused by [`decode()`].
#[must_use]
pub fn skip(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    let mut depth = 0_usize;
    loop {
        let (tag, after) = rest.split_first()?;
        rest = after;
        match *tag {
            NULL | FALSE | TRUE => {}
            NUMBER => rest = rest.get(number::BYTES..)?,
            STRING => rest = string::split(rest)?.1,
            ARRAY | OBJECT => depth = depth.checked_add(1)?,
            END => depth = depth.checked_sub(1)?,
            _ => return None,
        }
        if depth == 0 {
            return bytes.len().checked_sub(rest.len());
        }
    }
}

/// The first bytes that all values of one type have whose first is of an encoded value: values of other types are below
/// or above all of them.
pub(super) fn class(encoded: &[u8]) -> RangeInclusive<u8> {
    match encoded.first() {
        Some(&(FALSE | TRUE)) => FALSE..=TRUE,
        Some(tag) => *tag..=*tag,
        None => END..=END,
    }
}

/// Appends the encoding of an array whose elements are what `elements` appends.
pub fn encode_array<T>(out: &mut Vec<u8>, elements: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    out.push(ARRAY);
    let done = elements(out);
    out.push(END);
    done
}

/// The head of the encoded value at the head of `bytes` that is its own and that of every array with the same first
/// `elements` elements: the encoded array up to there, without its end. Of a shorter array, and of any other value, that
/// is the whole encoding; of no elements nothing. Empty where there is no encoded value.
///
/// Two values have the same head exactly if the encoding of the one begins with the head of the other.
#[must_use]
pub fn head(bytes: &[u8], elements: usize) -> &[u8] {
    let length = || {
        if bytes.first() != Some(&ARRAY) {
            return skip(bytes);
        }
        let mut at = 1;
        for _ in 0..elements {
            match bytes.get(at)? {
                &END => return Some(at + 1),
                _ => at += skip(bytes.get(at..)?)?,
            }
        }
        Some(at)
    };
    if elements == 0 { &[] } else { length().and_then(|length| bytes.get(..length)).unwrap_or_default() }
}

/// Appends the JSON text of a [`head`]: of the value, or of the array of the elements in it, or `null` of nothing. `None`
/// where it is no head.
pub fn decode_head(head: &[u8], out: &mut String) -> Option<()> {
    if head.is_empty() {
        out.push_str("null");
        return Some(());
    }
    if skip(head) == Some(head.len()) {
        return decode(head, out).map(drop);
    }
    if head.first() != Some(&ARRAY) {
        return None;
    }
    let mut closed = head.to_vec();
    closed.push(END);
    (decode(&closed, out)? == closed.len()).then_some(())
}

/// Appends what the encodings of all strings that start with the JSON string `json`, or of all arrays that start
/// with the elements of the JSON array `json`, begin with.
///
/// # Errors
///
/// `Assertion` where `json` is neither a string nor an array, or [`encode()`] refuses it.
pub fn prefix(json: &str, out: &mut Vec<u8>) -> Result<()> {
    let before = out.len();
    encode(json, out)?;
    if matches!(out.get(before), Some(&(STRING | ARRAY))) {
        out.pop();
        return Ok(());
    }
    out.truncate(before);
    Err(Error::assertion("the prefix of a view query must be a string or an array"))
}
