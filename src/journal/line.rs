//! A line: text, its checksum, a newline.

use std::borrow::Cow;
use std::fmt;
use std::io::Write as _;

/// What stands between a line's text and the digits of its checksum, and behind those.
const SEAL: (&[u8], &[u8]) = (b",\"c\":\"", b"\"}");

/// What is above is damage, and would overflow where it is counted on.
const MAX_NUMBER: u64 = (1 << 53) - 1;

/// Adds text to a line.
pub(super) fn put(lines: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    // Memory takes everything.
    let _ = lines.write_fmt(text);
}

/// Adds a JSON string.
pub(super) fn put_string(lines: &mut Vec<u8>, text: &str) {
    // As above.
    let _ = serde_json::to_writer(lines, text);
}

/// Ends the line that began at `start`.
pub(crate) fn seal(lines: &mut Vec<u8>, start: usize) {
    let sum = crc32c::crc32c(lines.get(start..).unwrap_or_default());
    put(lines, format_args!(",\"c\":\"{sum:08x}\"}}\n"));
}

/// The text of a line, given without its newline, that its checksum fits.
pub(crate) fn unseal(line: &[u8]) -> Option<&str> {
    let (text, digits) = line.strip_suffix(SEAL.1)?.split_last_chunk::<8>()?;
    let text = text.strip_suffix(SEAL.0)?;
    // Only as we write them: `+` and capitals are damage.
    let is_ours = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let sum = u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok().filter(|_| is_ours)?;
    str::from_utf8(text).ok().filter(|text| crc32c::crc32c(text.as_bytes()) == sum)
}

/// Each line of a segment with its offset and without its newline; `None` for what is behind the last newline.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, Option<&[u8]>)> {
    let mut start = 0;
    bytes.split_inclusive(|byte| *byte == b'\n').map(move |line| {
        let offset = start;
        start += line.len();
        (offset, line.strip_suffix(b"\n"))
    })
}

/// What is left to read of a line's text.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub rest: &'a str,
}

impl<'a> Cursor<'a> {
    /// Goes past `text`, which has to come next.
    pub fn pass(&mut self, text: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    /// Goes past a number, which is one that JavaScript can tell.
    pub fn number(&mut self) -> Option<u64> {
        let end = self.rest.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        digits.parse().ok().filter(|number| *number <= MAX_NUMBER)
    }

    /// Goes past `null`, where that comes next.
    pub fn is_null(&mut self) -> bool {
        self.pass("null").is_some()
    }

    /// Goes past `true` or `false`.
    pub fn truth(&mut self) -> Option<bool> {
        if self.pass("true").is_some() { Some(true) } else { self.pass("false").map(|()| false) }
    }

    /// Goes past a JSON string.
    pub fn string(&mut self) -> Option<Cow<'a, str>> {
        let bytes = self.rest.as_bytes();
        let mut end = 1;
        loop {
            match bytes.get(end)? {
                b'"' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        let (quoted, rest) = self.rest.split_at_checked(end + 1)?;
        let plain = quoted.strip_prefix('"')?.strip_suffix('"')?;
        self.rest = rest;
        if plain.contains('\\') {
            serde_json::from_str(quoted).ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(plain))
        }
    }
}
