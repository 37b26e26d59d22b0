//! The file of a document: a key as a relative path that every file system takes.
//!
//! ```text
//! key          path
//! user:123     user%3A123.json      encodeURIComponent + ".json"
//! a*b          a%2Ab.json           Windows refuses a star
//! nul          %6Eul.json           and names of devices, in any case, whatever follows the first dot
//! 300 x "a"    aaa...aaa%/aaa...aaa.json
//! ```
//!
//! A name over 255 bytes is cut into folders, each as long as 240 bytes allow and never inside an escape. The lone `%`
//! at a folder's end cannot come from an escape, so no folder is ever the file of another key. Every component is
//! ASCII and ends in `%` or `.json`, so none is `.`, `..` or a folder of ours.
//!
//! The original writes the first kind only, stars and devices as they are: that is the plain form, which is read too.
//! Any other spelling of a key is no document: a path is decoded, encoded again and compared.
//!
//! Not here: keys that differ only in case, which is a question to the file system.

use super::Key;
use std::borrow::Cow;

/// The most bytes a key's file name may have before it is cut.
pub const MAX_ENCODED: usize = 3_000;

/// The most bytes a file's name may have: the limit of all common file systems.
const MAX_NAME: usize = 255;

/// The most bytes a folder's name may have, its `%` included.
const MAX_FOLDER: usize = 240;

/// What every file of a document ends with.
pub const EXTENSION: &str = ".json";

/// How a path spells its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// The path that we write.
    Canonical,
    /// The path that the original writes, where it is another one.
    Plain,
}

/// The path of `key` below the data directory, with `/` between folders.
#[must_use]
pub fn canonical(key: &Key) -> String {
    cut(encode(&key.to_text()))
}

/// The path that the original gives `key`, where it could write it and it is not the canonical one.
#[must_use]
pub fn plain(key: &Key) -> Option<String> {
    let name = encode_uri_component(&key.to_text()) + EXTENSION;
    (name.len() <= MAX_NAME && (name.contains('*') || is_device(&name))).then_some(name)
}

/// The key whose canonical or plain path is `relative_path`; `None` where it is neither of any key.
#[must_use]
pub fn parse(relative_path: &str) -> Option<(Key, Form)> {
    if let Some(text) = decode_canonical(relative_path) {
        return Some((Key::new(&text).ok()?, Form::Canonical));
    }
    let name = join(relative_path)?;
    let key = Key::new(&decode(name.strip_suffix(EXTENSION)?)?).ok()?;
    if canonical(&key) == relative_path {
        Some((key, Form::Canonical))
    } else if plain(&key).as_deref() == Some(relative_path) {
        Some((key, Form::Plain))
    } else {
        None
    }
}

/// The canonical path of the key that somebody may have meant by a path that [`parse`] knows no key for: with what should be
/// escaped as it is, or in lower case.
#[must_use]
pub fn respelled(relative_path: &str) -> Option<String> {
    let name = join(relative_path).unwrap_or(Cow::Borrowed(relative_path));
    let text = decode(&upper_escapes(name.strip_suffix(EXTENSION)?))?;
    Some(canonical(&Key::new(&text).ok()?))
}

/// A name with the digits of its escapes in upper case.
fn upper_escapes(name: &str) -> String {
    let mut digits = 0;
    name.chars()
        .map(|letter| match letter {
            '%' => {
                digits = 2;
                letter
            }
            _ if digits > 0 => {
                digits -= 1;
                letter.to_ascii_uppercase()
            }
            _ => letter,
        })
        .collect()
}

/// Whether a folder of this name may hold the files of long keys, and so has to be looked into.
#[must_use]
pub fn is_folder(name: &str) -> bool {
    let Some(text) = name.strip_suffix('%') else { return false };
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let valid = match byte {
            b'%' => [bytes.next(), bytes.next()].into_iter().all(|digit| digit.and_then(hex_value).is_some()),
            b'*' => false,
            _ => is_unreserved(byte),
        };
        if !valid {
            return false;
        }
    }
    !text.is_empty() && name.len() <= MAX_FOLDER
}

/// Whether a key of this text has a file name within [`MAX_ENCODED`].
pub(super) fn fits(text: &str) -> bool {
    // Three bytes for each byte and two for a device's letter is the worst; only near the limit it is worth counting.
    text.len().saturating_mul(3) + 2 + EXTENSION.len() <= MAX_ENCODED || encode(text).len() <= MAX_ENCODED
}

/// What JavaScript's function of this name returns.
pub(super) fn encode_uri_component(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 3 / 2 + EXTENSION.len());
    for byte in text.bytes() {
        if is_unreserved(byte) {
            encoded.push(char::from(byte));
        } else {
            push_escape(&mut encoded, byte);
        }
    }
    encoded
}

/// The name of a key's file as it is before cutting.
fn encode(text: &str) -> String {
    let mut name = encode_uri_component(text);
    if name.contains('*') {
        name = name.replace('*', "%2A");
    }
    name.push_str(EXTENSION);
    if is_device(&name) { escape_first(&name) } else { name }
}

fn cut(name: String) -> String {
    if name.len() <= MAX_NAME {
        return name;
    }
    let mut path = String::with_capacity(name.len() + 2 * name.len() / (MAX_FOLDER - 4));
    let mut rest = name;
    while rest.len() > MAX_NAME
        && let Some((folder, after)) = rest.split_at_checked(cutting_point(&rest))
    {
        path.push_str(folder);
        path.push_str("%/");
        rest = if is_device(after) { escape_first(after) } else { after.to_owned() };
    }
    path + &rest
}

/// The longest part of a long name that fits into a folder's and ends outside an escape.
fn cutting_point(name: &str) -> usize {
    let longest = MAX_FOLDER - 1;
    (longest - 2..longest).find(|at| name.as_bytes().get(*at) == Some(&b'%')).unwrap_or(longest)
}

/// The name before it was cut; `None` where a folder is none of ours.
fn join(relative_path: &str) -> Option<Cow<'_, str>> {
    let Some((folders, file)) = relative_path.rsplit_once('/') else { return Some(Cow::Borrowed(relative_path)) };
    let mut name = String::with_capacity(relative_path.len());
    for folder in folders.split('/') {
        if !is_folder(folder) {
            return None;
        }
        name.push_str(folder.strip_suffix('%')?);
    }
    Some(Cow::Owned(name + file))
}

/// The text of a canonical path that is easily told to be one: short, no device's, and with no escape that would be left
/// out or added. Almost all are, and encoding them again to compare takes three times as long.
fn decode_canonical(path: &str) -> Option<String> {
    let encoded = path.strip_suffix(EXTENSION).filter(|_| path.len() <= MAX_NAME && !is_device(path))?;
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut bytes = encoded.bytes();
    while let Some(byte) = bytes.next() {
        let is_escape = byte == b'%';
        let value = if is_escape { (hex_value(bytes.next()?)? << 4) | hex_value(bytes.next()?)? } else { byte };
        if is_escape == (is_unreserved(value) && value != b'*') {
            return None;
        }
        decoded.push(value);
    }
    String::from_utf8(decoded).ok()
}

fn decode(encoded: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut bytes = encoded.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => (hex_value(bytes.next()?)? << 4) | hex_value(bytes.next()?)?,
            _ => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

/// Whether Windows would open a device instead of a file of this name.
fn is_device(name: &str) -> bool {
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    match stem.as_bytes() {
        [_, _, _] => ["CON", "PRN", "AUX", "NUL"].iter().any(|device| stem.eq_ignore_ascii_case(device)),
        [port @ .., b'1'..=b'9'] => port.eq_ignore_ascii_case(b"COM") || port.eq_ignore_ascii_case(b"LPT"),
        _ => false,
    }
}

fn escape_first(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len() + 2);
    let mut rest = name.chars();
    if let Some(first) = name.bytes().next() {
        push_escape(&mut escaped, first);
        rest.next();
    }
    escaped + rest.as_str()
}

fn push_escape(text: &mut String, byte: u8) {
    let digit = |value: u8| char::from(if value < 10 { b'0' + value } else { b'A' + value - 10 });
    text.extend(['%', digit(byte >> 4), digit(byte & 0x0F)]);
}

/// The value of a hexadecimal digit; lower case is not ours.
fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')')
}
