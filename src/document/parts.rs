//! The members of an object and the elements of an array, as slices of canonical text.
//!
//! Nothing is decoded and nothing is copied: a name comes as it is quoted, a value as it is written. A name that occurs
//! twice comes twice. Text that is no JSON ends the walk, it never panics.

use super::text::{string_end, value_end};

/// The members of the object `text`, in their order: each name with its quotes, and each value. None where `text` is no
/// object.
pub fn members(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut at = opened(text, b'{');
    std::iter::from_fn(move || {
        let bytes = text.as_bytes();
        let start = at.take().filter(|start| bytes.get(*start) == Some(&b'"'))?;
        let colon = string_end(bytes, start)?;
        let end = value_end(bytes, colon + 1)?;
        at = next(bytes, end);
        Some((text.get(start..colon)?, text.get(colon + 1..end)?))
    })
}

/// The elements of the array `text`, in their order. None where `text` is no array.
pub fn elements(text: &str) -> impl Iterator<Item = &str> {
    let mut at = opened(text, b'[').filter(|at| text.as_bytes().get(*at) != Some(&b']'));
    std::iter::from_fn(move || {
        let start = at.take()?;
        let end = value_end(text.as_bytes(), start)?;
        at = next(text.as_bytes(), end);
        text.get(start..end)
    })
}

/// Just past the bracket that the text begins with.
fn opened(text: &str, bracket: u8) -> Option<usize> {
    (text.as_bytes().first() == Some(&bracket)).then_some(1)
}

/// Just past the comma at `end`.
fn next(bytes: &[u8], end: usize) -> Option<usize> {
    (bytes.get(end) == Some(&b',')).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_as_they_are_written() {
        let text = r#"{"_rev":0,"a\"b":"}\"{","c":[1,{"d":2}],"c":{},"":null}"#;
        let told: Vec<_> = members(text).collect();
        let expected = [
            (r#""_rev""#, "0"),
            (r#""a\"b""#, r#""}\"{""#),
            (r#""c""#, r#"[1,{"d":2}]"#),
            (r#""c""#, "{}"),
            (r#""""#, "null"),
        ];
        assert_eq!(told, expected);
        assert_eq!(members("{}").count(), 0);
        assert_eq!(members("[1]").count(), 0);
    }

    #[test]
    fn elements_come_as_they_are_written() {
        assert_eq!(
            elements(r#"["a,b",[1,2],{"c":[]},-1.50]"#).collect::<Vec<_>>(),
            [r#""a,b""#, "[1,2]", r#"{"c":[]}"#, "-1.50"]
        );
        assert_eq!(elements("[]").count(), 0);
        assert_eq!(elements("{}").count(), 0);
    }

    #[test]
    fn text_that_is_no_json_ends_the_walk() {
        for text in ["", "{", "{\"a", "{\"a\":", "{\"a\":1", "{a:1}", "[", "[1", "[,", "{\"a\":}", "[\u{e9}"] {
            let _ = (members(text).count(), elements(text).count());
        }
    }
}
