//! CESU-8: text whose byte order is the order of its UTF-16 code units.
//!
//! ```text
//! 0000..007f    0xxxxxxx
//! 0080..07ff    110xxxxx 10xxxxxx
//! 0800..ffff    1110xxxx 10xxxxxx 10xxxxxx    surrogates too, each by itself
//! ```
//!
//! No byte is ever above `ef`, which tells CESU-8 from UTF-8 with supplementary characters.

use std::borrow::Cow;

/// The lowest first byte of a four-byte sequence in UTF-8: a supplementary character.
const SUPPLEMENTARY: u8 = 0xF0;

/// CESU-8 of `text`; borrowed where it holds no supplementary character.
#[must_use]
pub fn from_str(text: &str) -> Cow<'_, [u8]> {
    if text.bytes().all(|byte| byte < SUPPLEMENTARY) {
        Cow::Borrowed(text.as_bytes())
    } else {
        Cow::Owned(encode(text.encode_utf16()))
    }
}

/// CESU-8 of any JavaScript string, lone surrogates included.
#[must_use]
pub fn from_utf16(units: &[u16]) -> Vec<u8> {
    encode(units.iter().copied())
}

/// The text of CESU-8 `bytes`; `None` where they hold a lone surrogate or are no CESU-8.
#[must_use]
pub fn to_str(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if bytes.iter().any(|byte| *byte >= SUPPLEMENTARY) {
        return None;
    }
    if let Ok(text) = str::from_utf8(bytes) {
        return Some(Cow::Borrowed(text));
    }
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(chunk) = rest.utf8_chunks().next() {
        text.push_str(chunk.valid());
        rest = rest.get(chunk.valid().len()..)?;
        if !rest.is_empty() {
            let (character, after) = split_pair(rest)?;
            text.push(character);
            rest = after;
        }
    }
    Some(Cow::Owned(text))
}

/// The code units of CESU-8 `bytes`, lone surrogates included; what is no CESU-8 becomes U+FFFD.
#[must_use]
pub fn to_utf16(bytes: &[u8]) -> Vec<u16> {
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let (unit, after) = match (*first, after) {
            (0..=0x7F, _) => (u16::from(*first), after),
            (0xC0..=0xDF, [b, after @ ..]) => (u16::from(first & 0x1F) << 6 | u16::from(b & 0x3F), after),
            (0xE0..=0xEF, [b, c, after @ ..]) => {
                (u16::from(first & 0x0F) << 12 | u16::from(b & 0x3F) << 6 | u16::from(c & 0x3F), after)
            }
            _ => (0xFFFD, after),
        };
        units.push(unit);
        rest = after;
    }
    units
}

fn encode(units: impl Iterator<Item = u16>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(units.size_hint().0.saturating_mul(2));
    for unit in units {
        let [high, low] = unit.to_be_bytes();
        let tail = 0x80 | (low & 0x3F);
        match unit {
            0..=0x7F => bytes.push(low),
            0x80..=0x7FF => bytes.extend([0xC0 | (high << 2) | (low >> 6), tail]),
            _ => bytes.extend([0xE0 | (high >> 4), 0x80 | ((high & 0x0F) << 2) | (low >> 6), tail]),
        }
    }
    bytes
}

/// The supplementary character at the head of `bytes`, and what follows it.
fn split_pair(bytes: &[u8]) -> Option<(char, &[u8])> {
    let [0xED, a @ 0xA0..=0xAF, b @ 0x80..=0xBF, 0xED, c @ 0xB0..=0xBF, d @ 0x80..=0xBF, rest @ ..] = bytes else {
        return None;
    };
    let bits = [(a & 0x0F, 16), (b & 0x3F, 10), (c & 0x0F, 6), (d & 0x3F, 0)];
    let offset = bits.into_iter().fold(0, |sum, (value, shift)| sum | (u32::from(value) << shift));
    char::from_u32(0x1_0000 + offset).map(|character| (character, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn units() -> impl Strategy<Value = Vec<u16>> {
        let unit = prop_oneof![any::<u16>(), 0..0x80_u16, 0xD7F0..0xE010_u16, 0xFFF0..=0xFFFF_u16];
        vec(unit, 0..6)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn byte_order_is_code_unit_order(a in units(), b in units()) {
            prop_assert_eq!(from_utf16(&a).cmp(&from_utf16(&b)), a.cmp(&b));
        }

        #[test]
        fn code_units_come_back_unless_a_surrogate_is_alone(units in units()) {
            let bytes = from_utf16(&units);
            prop_assert_eq!(to_str(&bytes).map(Cow::into_owned), String::from_utf16(&units).ok());
            prop_assert_eq!(to_utf16(&bytes), units);
        }

        #[test]
        fn bytes_that_are_no_code_units_are_no_text(bytes in vec(prop_oneof![any::<u8>(), 0x80..0xF0_u8], 0..9)) {
            if let Some(text) = to_str(&bytes) {
                prop_assert_eq!(&*from_str(&text), &*bytes);
            }
        }
    }

    #[test]
    fn lone_surrogates_and_utf8_of_pairs_are_no_text() {
        for units in [&[0xD800][..], &[0xDC00], &[0xDC00, 0xD800], &[0x61, 0xD83D, 0x62], &[0xD83D, 0xD83D, 0xDE00]] {
            assert_eq!(to_str(&from_utf16(units)), None, "{units:x?}");
        }
        assert_eq!(to_str("\u{1F600}".as_bytes()), None);
        assert_eq!(to_str(b"\xC0\x80"), None);
    }
}
