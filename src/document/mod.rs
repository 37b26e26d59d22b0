//! Documents: a revision and canonical JSON text.
//!
//! Text is what `JSON.stringify` made, or what a file held with the whitespace taken out. Numbers, strings and the
//! order of members are kept byte for byte; nothing here ever prints a value again:
//!
//! ```text
//! file                          text                          revision
//! { "n": 1E400, "_rev": 3 }     {"_rev":3,"n":1E400}          3
//! {"name":"x"}                  {"_rev":0,"name":"x"}         0
//! ```
//!
//! Invariants: the text is one JSON object without whitespace between tokens, its first member and no other member of
//! the object itself is `_rev`, it is nested at most [`MAX_DEPTH`] levels deep and has at most [`MAX_TEXT`] bytes beside
//! its `_rev`. Nothing here recurses. A name that occurs twice in a file (other than `_rev`) stays there twice:
//! `JSON.parse` takes the last one, here as there.
//!
//! Not here: which revision comes next and who may write (the engine), reading and writing of files (storage).

#![forbid(unsafe_code)]

mod file;
mod parts;
mod pretty;
mod record;
mod revision;
#[cfg(test)]
mod test;
mod text;

pub use parts::{elements, members};
pub use pretty::pretty;
pub use record::Record;
pub use revision::MAX_REVISION;
pub use text::{MAX_DEPTH, MAX_TEXT, compact};

use crate::error::{Error, Result};
use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

/// A stored document. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The revision is at its head, where it is read as fast as from a field that would cost every document eight bytes.
    text: Arc<str>,
}

impl Document {
    /// The document made of `body` at `revision`.
    #[must_use]
    pub fn new(revision: u64, body: &Body<'_>) -> Self {
        let mut text = String::new();
        Self::assemble(revision, body, &mut text)
    }

    /// The same, put together in `room`, which is worth keeping for the next one.
    #[must_use]
    pub fn assemble(revision: u64, body: &Body<'_>, room: &mut String) -> Self {
        room.clear();
        room.reserve(revision::HEAD.len() + revision::MOST_DIGITS + 1 + body.members.len());
        room.push_str(revision::HEAD);
        // A string takes whatever is written to it.
        let _ = write!(room, "{revision}");
        if body.members != "}" {
            room.push(',');
        }
        room.push_str(&body.members);
        Self { text: Arc::from(room.as_str()) }
    }

    /// The document whose canonical text this is: what [`Document::text`] told of one. It is trusted beyond its `_rev`;
    /// `None` where it does not begin with one.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        revision::leading(text).filter(|_| text.ends_with('}'))?;
        Some(Self { text: Arc::from(text) })
    }

    /// How often the document was written since it was made: 0 at first.
    #[must_use]
    pub fn revision(&self) -> u64 {
        // Every text begins with one.
        revision::leading(&self.text).map_or(0, |(revision, _)| revision)
    }

    /// The canonical text, `"_rev"` first: `{"_rev":3,"name":"x"}`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl AsRef<str> for Document {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

/// A document without its `_rev`, borrowed where it stands like that in what it was taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body<'a> {
    /// The canonical text after its opening brace: `"name":"x"}`.
    members: Cow<'a, str>,
}

/// What a user wants to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stringified<'a> {
    /// The document without its `_rev`.
    pub body: Body<'a>,
    /// The `_rev` it came with.
    pub revision: Option<u64>,
}

impl<'a> Body<'a> {
    /// Takes `_rev` out of the text that `JSON.stringify` made of a user's document. The text is trusted to be JSON:
    /// of anything else it is only sure that nothing panics.
    ///
    /// # Errors
    ///
    /// `Assertion` where the text is no object, is nested deeper than [`MAX_DEPTH`] levels or longer than [`MAX_TEXT`],
    /// or its own `_rev` is not an integer from 0 to 2^53 - 1.
    pub fn from_stringified(text: &'a str) -> Result<Stringified<'a>> {
        Self::from_stringified_within(MAX_TEXT, text)
    }

    fn from_stringified_within(most: usize, text: &'a str) -> Result<Stringified<'a>> {
        let taken = Self::take_revision(text)?;
        if taken.body.len() > most {
            return Err(Error::assertion(format!("a document may have at most {most} bytes of JSON")));
        }
        Ok(taken)
    }

    fn take_revision(text: &'a str) -> Result<Stringified<'a>> {
        let object = || Error::assertion("a document must be an object");
        let members = text.strip_prefix('{').filter(|members| members.ends_with('}')).ok_or_else(object)?;
        if text::is_too_deep(text) {
            return Err(Error::assertion(format!("a document may be nested at most {MAX_DEPTH} levels deep")));
        }
        if !text.contains(revision::QUOTED_NAME) {
            return Ok(Stringified { body: Self::after_brace(members), revision: None });
        }
        if let Some((revision, members)) = revision::leading(text)
            && !members.contains(revision::QUOTED_NAME)
        {
            return Ok(Stringified { body: Self::after_brace(members), revision: Some(revision) });
        }
        let Some((members, value)) = revision::take(text) else {
            return Err(Error::assertion("a document must be JSON"));
        };
        let revision = value.map(parse_revision).transpose()?;
        Ok(Stringified { body: Self { members: Cow::Owned(members) }, revision })
    }

    fn after_brace(members: &'a str) -> Self {
        Self { members: Cow::Borrowed(members) }
    }

    /// Bytes of the canonical text.
    fn len(&self) -> usize {
        1 + self.members.len()
    }

    /// The canonical text: `{"name":"x"}`.
    #[must_use]
    pub fn text(&self) -> String {
        ["{", &self.members].concat()
    }
}

fn parse_revision(value: &str) -> Result<u64> {
    revision::parse(value).ok_or_else(|| Error::assertion("_rev must be an integer from 0 to 2^53 - 1"))
}
