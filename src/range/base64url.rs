//! Bytes as text that may stand anywhere: in JSON, in a URL. Base64 of RFC 4648, section 5, without padding.

const BITS: usize = 6;

/// The text of `bytes`.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(4).div_ceil(3));
    for chunk in bytes.chunks(3) {
        let joined = (0..3).fold(0, |joined, at| joined << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for at in 0..=chunk.len() {
            text.push(letter(joined >> (18 - at * BITS) & 0x3F));
        }
    }
    text
}

/// The bytes of a text; `None` where [`encode`] makes no such text.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len().saturating_mul(3) / 4);
    for chunk in text.as_bytes().chunks(4) {
        let mut joined = 0;
        for at in 0..4 {
            joined = joined << BITS | chunk.get(at).map_or(Some(0), |letter| value(*letter))?;
        }
        let [_, whole @ ..] = joined.to_be_bytes();
        let (taken, rest) = whole.split_at_checked(chunk.len().checked_sub(1)?)?;
        if taken.is_empty() || rest.iter().any(|bits| *bits != 0) {
            return None;
        }
        bytes.extend_from_slice(taken);
    }
    Some(bytes)
}

fn letter(value: u32) -> char {
    let value = u8::try_from(value).unwrap_or(0);
    char::from(match value {
        0..=25 => b'A' + value,
        26..=51 => b'a' + (value - 26),
        52..=61 => b'0' + (value - 52),
        62 => b'-',
        _ => b'_',
    })
}

fn value(letter: u8) -> Option<u32> {
    let value = match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_are_those_of_the_rfc() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg"),
            (&[0xFB, 0xFF, 0xFE], "-__-"),
        ] {
            assert_eq!(encode(bytes), text);
            assert_eq!(decode(text).as_deref(), Some(bytes));
        }
    }

    #[test]
    fn what_is_no_text_of_bytes_is_refused() {
        // The last two end in bits that no byte has.
        for text in ["A", "AAAAA", "Zg==", "Z+/v", "Zm 9", "\u{E9}", "Zh", "Zm9"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn bytes_come_back(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }

        #[test]
        fn one_text_stands_for_given_bytes(text in "[A-Za-z0-9_-]{0,12}") {
            prop_assert!(decode(&text).is_none_or(|bytes| encode(&bytes) == text));
        }
    }
}
