//! JSON text to sortable bytes, in one pass and without a value in between.

use super::nesting::{Container, DEPTH_LIMIT, Nesting};
use super::{ARRAY, END, FALSE, LOCALE, NULL, NUMBER, OBJECT, STRING, TRUE, number, string};
use crate::collator::{Collation, Collator};
use crate::error::{Error, Result};

/// Appends the encoding of one JSON value whose strings go by code unit; `json` is JSON text as `JSON.stringify` prints it, lone surrogates as
/// escapes. Spaces between tokens are allowed.
///
/// # Errors
///
/// `Assertion` where `json` is not JSON, holds a number beyond every double, or nests deeper than 2,000 levels;
/// `out` is then as it was.
pub fn encode(json: &str, out: &mut Vec<u8>) -> Result<()> {
    encode_by(&Collation::CodeUnit, json, out)
}

/// The same with strings in a collation's order.
///
/// # Errors
///
/// As [`encode()`].
pub fn encode_by(collation: &Collation, json: &str, out: &mut Vec<u8>) -> Result<()> {
    let before = out.len();
    let mut encoder = Encoder { rest: json.as_bytes(), collator: collation.collator(), out };
    let Err(problem) = encoder.text() else { return Ok(()) };
    let at = json.len() - encoder.rest.len();
    out.truncate(before);
    Err(problem.at(at))
}

enum Problem {
    Malformed,
    TooDeep,
}

impl Problem {
    #[cold]
    fn at(self, byte: usize) -> Error {
        Error::assertion(match self {
            Self::Malformed => format!("a view key must be JSON text; it is not at byte {byte}"),
            Self::TooDeep => format!("a view key must not nest deeper than {DEPTH_LIMIT} levels"),
        })
    }
}

struct Encoder<'a> {
    rest: &'a [u8],
    collator: Option<&'a Collator>,
    out: &'a mut Vec<u8>,
}

impl Encoder<'_> {
    /// The whole text: one value with nothing after it.
    fn text(&mut self) -> Result<(), Problem> {
        let mut nesting = Nesting::new();
        loop {
            if let Some(container) = self.value()? {
                nesting.push(container).ok_or(Problem::TooDeep)?;
                if self.peek() != Some(closing(container)) {
                    self.name_in(container)?;
                    continue;
                }
            }
            // A value has ended, or a container is empty: here it may close, and so may those around it.
            loop {
                let Some(container) = nesting.top() else {
                    return if self.peek().is_none() { Ok(()) } else { Err(Problem::Malformed) };
                };
                match self.peek() {
                    Some(b',') => {
                        self.advance(1);
                        self.name_in(container)?;
                        break;
                    }
                    Some(byte) if byte == closing(container) => {
                        self.advance(1);
                        self.out.push(END);
                        nesting.pop();
                    }
                    _ => return Err(Problem::Malformed),
                }
            }
        }
    }

    /// A scalar, or the opening of a container, which is returned.
    fn value(&mut self) -> Result<Option<Container>, Problem> {
        match self.peek() {
            Some(b'"') => match self.collator {
                None => self.string()?,
                Some(collator) => self.string_by(collator)?,
            },
            Some(b'-' | b'0'..=b'9') => {
                self.out.push(NUMBER);
                let length = number::append(self.rest, self.out).ok_or(Problem::Malformed)?;
                self.advance(length);
            }
            Some(b'[') => return Ok(Some(self.open(ARRAY, Container::Array))),
            Some(b'{') => return Ok(Some(self.open(OBJECT, Container::Object))),
            Some(b'n') => self.literal(b"null", NULL)?,
            Some(b'f') => self.literal(b"false", FALSE)?,
            Some(b't') => self.literal(b"true", TRUE)?,
            _ => return Err(Problem::Malformed),
        }
        Ok(None)
    }

    /// The name and colon that come before a value in an object, nothing in an array.
    fn name_in(&mut self, container: Container) -> Result<(), Problem> {
        if container == Container::Array {
            return Ok(());
        }
        if self.peek() != Some(b'"') {
            return Err(Problem::Malformed);
        }
        self.string()?;
        if self.peek() != Some(b':') {
            return Err(Problem::Malformed);
        }
        self.advance(1);
        Ok(())
    }

    fn string(&mut self) -> Result<(), Problem> {
        self.advance(1);
        self.out.push(STRING);
        let length = string::append(self.rest, self.out).ok_or(Problem::Malformed)?;
        self.advance(length);
        Ok(())
    }

    fn string_by(&mut self, collator: &Collator) -> Result<(), Problem> {
        self.advance(1);
        self.out.extend_from_slice(&[STRING, LOCALE]);
        string::append_sort_key(self.rest, collator, self.out).ok_or(Problem::Malformed)?;
        self.out.push(END);
        let length = string::append(self.rest, self.out).ok_or(Problem::Malformed)?;
        self.advance(length);
        Ok(())
    }

    fn literal(&mut self, word: &[u8], tag: u8) -> Result<(), Problem> {
        self.rest = self.rest.strip_prefix(word).ok_or(Problem::Malformed)?;
        self.out.push(tag);
        Ok(())
    }

    fn open(&mut self, tag: u8, container: Container) -> Container {
        self.advance(1);
        self.out.push(tag);
        container
    }

    /// The next byte that is no space.
    fn peek(&mut self) -> Option<u8> {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
        self.rest.first().copied()
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }
}

fn closing(container: Container) -> u8 {
    match container {
        Container::Array => b']',
        Container::Object => b'}',
    }
}
