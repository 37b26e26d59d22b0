//! The member `_rev`: finding it, taking it out, reading it.

use super::text::{string_end, value_end};

/// How every document's text begins; the revision follows.
pub(super) const HEAD: &str = "{\"_rev\":";

/// The name as `JSON.stringify` writes it, which is the only way it does.
pub(super) const QUOTED_NAME: &str = "\"_rev\"";

/// The largest integer that JavaScript's numbers tell from its neighbours.
pub const MAX_REVISION: u64 = (1 << 53) - 1;

/// The revision that a member's value stands for; `None` where it is not an integer from 0 to 2^53 - 1. As for
/// JavaScript, `3`, `3.0` and `30e-1` are one number.
pub(super) fn parse(value: &str) -> Option<u64> {
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        return value.parse().ok().filter(|revision| *revision <= MAX_REVISION);
    }
    let number: f64 = value.parse().ok()?;
    // Printed without a fraction it is the same number again, or it had one.
    let revision = format!("{:.0}", number.abs()).parse().ok().filter(|revision| *revision <= MAX_REVISION)?;
    (number >= 0.0 && number.fract() == 0.0).then_some(revision)
}

/// The decimal digits of [`MAX_REVISION`].
pub(super) const MOST_DIGITS: usize = 16;

/// The revision of canonical text, where it is in the first place, and the text after its comma (`}` where it is the
/// only member).
pub(super) fn leading(object: &str) -> Option<(u64, &str)> {
    let rest = object.strip_prefix(HEAD)?;
    let (digits, after) = rest.split_at_checked(rest.bytes().position(|byte| !byte.is_ascii_digit())?)?;
    let revision = digits.parse().ok().filter(|revision| *revision <= MAX_REVISION)?;
    let members = if after == "}" { after } else { after.strip_prefix(',')? };
    Some((revision, members))
}

/// Whether any name or string in `text` may spell `_rev`, with or without escapes (all its letters are below U+0100).
pub(super) fn may_occur(text: &str) -> bool {
    text.contains(QUOTED_NAME) || text.contains("\\u00")
}

/// The object's text after its opening brace, without its own `_rev`, and the value of that, the last one where there are several. `object`
/// has a member and no whitespace between tokens; `None` where it is no JSON.
pub(super) fn take(object: &str) -> Option<(String, Option<&str>)> {
    let bytes = object.as_bytes();
    let mut body = String::with_capacity(object.len());
    let mut revision = None;
    let mut at = 1;
    loop {
        let colon =
            string_end(bytes, at).filter(|end| (bytes.get(at), bytes.get(*end)) == (Some(&b'"'), Some(&b':')))?;
        let end = value_end(bytes, colon + 1)?;
        if is_name(object.get(at..colon)?) {
            revision = object.get(colon + 1..end);
        } else {
            if !body.is_empty() {
                body.push(',');
            }
            body.push_str(object.get(at..end)?);
        }
        match bytes.get(end..)? {
            [b',', ..] => at = end + 1,
            [b'}'] => break,
            _ => return None,
        }
    }
    body.push('}');
    Some((body, revision))
}

/// Whether a quoted name is `_rev`, however it is written.
fn is_name(quoted: &str) -> bool {
    quoted == QUOTED_NAME
        || (quoted.contains('\\') && serde_json::from_str::<String>(quoted).is_ok_and(|name| name == "_rev"))
}
