//! The order of strings: by code unit, or by the rules of a language.
//!
//! ```text
//! "codeUnit"                                                                    JavaScript's `<`, the default
//! {"locale":"de","strength":"tertiary","numeric":false,"caseFirst":"false"}     a Collator, every member set
//! ```
//!
//! Invariants: a [`Collation`] is one total order in which only equal strings are equal: what a language takes for the
//! same (`a` and `A` at strength `primary`) is told apart by code unit. Two of them are equal where their texts are.
//! The bytes that order strings live in memory only, because they change with the version of the Unicode data.
//!
//! Not here: where strings stand in (`view::collation`: JSON values, `engine`: keys of documents).

#![forbid(unsafe_code)]

mod locale;
#[cfg(test)]
pub(crate) mod test;

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

pub use locale::Collator;

use crate::error::{Error, Result};

const CODE_UNIT: &str = "\"codeUnit\"";

/// How strings are ordered. Cheap to clone.
#[derive(Clone, Default)]
pub enum Collation {
    /// By UTF-16 code unit.
    #[default]
    CodeUnit,
    /// As a language does, ties by code unit.
    Locale(Arc<Collator>),
}

impl Collation {
    /// The collation of a JSON text as users write it: members but `locale` may be missing, and are then what the locale
    /// says.
    ///
    /// # Errors
    ///
    /// `Assertion` where the text is neither of the two forms, or the locale is no language tag.
    pub fn parse(json: &str) -> Result<Self> {
        match serde_json::from_str(json) {
            Ok(Value::String(name)) if name == "codeUnit" => Ok(Self::CodeUnit),
            Ok(Value::Object(members)) => Ok(Self::Locale(Arc::new(Collator::parse(&members)?))),
            _ => Err(Error::assertion("a collation is 'codeUnit' or an object with a locale")),
        }
    }

    /// The JSON text that says it in full.
    #[must_use]
    pub fn text(&self) -> &str {
        self.collator().map_or(CODE_UNIT, Collator::text)
    }

    /// The rules of a language, if it goes by them.
    #[must_use]
    pub fn collator(&self) -> Option<&Collator> {
        match self {
            Self::CodeUnit => None,
            Self::Locale(collator) => Some(collator),
        }
    }
}

impl PartialEq for Collation {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Collation {}

impl fmt::Debug for Collation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
