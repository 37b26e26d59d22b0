//! Texts that cross together, and the parts of them.

use std::sync::Arc;
use std::vec;

use super::count::as_count;
use crate::engine::Given;
use crate::error::{Error, Result};

/// Texts that are cut up into the parts they were put together from. Parts cross together, because each string that crosses
/// by itself costs as much as a hundred bytes.
pub struct Cut {
    texts: vec::IntoIter<String>,
    /// The one in hand.
    whole: Arc<String>,
    at: usize,
    /// Its bytes are code units.
    is_ascii: bool,
}

impl Cut {
    /// What these texts were put together from.
    #[must_use]
    pub fn new(texts: Vec<String>) -> Self {
        Self { texts: texts.into_iter(), whole: Arc::default(), at: 0, is_ascii: true }
    }

    /// The next part, of so many code units.
    ///
    /// # Errors
    ///
    /// An assertion where there are not so many, or these end within a character.
    pub fn next(&mut self, units: f64) -> Result<Given> {
        let units = as_count(units).and_then(|units| usize::try_from(units).ok()).ok_or_else(another_shape)?;
        while self.is_at_end()
            && let Some(text) = self.texts.next()
        {
            (self.is_ascii, self.at) = (text.is_ascii(), 0);
            self.whole = Arc::new(text);
        }
        let bytes = if self.is_ascii { units } else { self.bytes(units) };
        let part = self.at..self.at.saturating_add(bytes);
        self.at = part.end;
        Given::part(&self.whole, part).ok_or_else(another_shape)
    }

    /// The bytes of so many code units from here on.
    fn bytes(&self, units: usize) -> usize {
        let mut left = units;
        let rest = self.whole.get(self.at..).unwrap_or_default();
        let fitting = rest.chars().take_while(|char| {
            let fits = left >= char.len_utf16();
            left -= if fits { char.len_utf16() } else { left };
            fits
        });
        fitting.map(char::len_utf8).sum()
    }

    fn is_at_end(&self) -> bool {
        self.at == self.whole.len()
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_at_end() && self.texts.as_slice().iter().all(String::is_empty)
    }
}

/// The refusal of a plan that does not say what its texts are.
#[must_use]
pub fn another_shape() -> Error {
    Error::assertion("a plan of another shape")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts of these lengths, or why not.
    fn parts(texts: &[&str], lengths: &[u32]) -> Result<Vec<String>> {
        let mut cut = Cut::new(texts.iter().map(|text| (*text).to_owned()).collect());
        let parts = lengths.iter().map(|length| Ok(cut.next(f64::from(*length))?.as_ref().to_owned()));
        let parts = parts.collect::<Result<_>>()?;
        if cut.is_over() { Ok(parts) } else { Err(another_shape()) }
    }

    #[test]
    fn lengths_are_those_of_javascript() {
        assert_eq!(parts(&["ab{}c"], &[2, 2, 1]).unwrap(), ["ab", "{}", "c"]);
        // One unit and two bytes, two units and four bytes, one unit and three bytes.
        assert_eq!(parts(&["é{}😀{\"a\":\"€\"}"], &[1, 2, 2, 9]).unwrap(), ["é", "{}", "😀", "{\"a\":\"€\"}"]);
    }

    #[test]
    fn parts_may_come_in_several_texts_and_texts_may_be_empty() {
        assert_eq!(parts(&["", "a{}", "", "é", "{}"], &[1, 2, 1, 2]).unwrap(), ["a", "{}", "é", "{}"]);
        assert_eq!(parts(&["a", ""], &[1]).unwrap(), ["a"]);
        assert!(parts(&[], &[]).unwrap().is_empty());
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        for (texts, lengths) in
            [(["ab"], [3].as_slice()), (["ab"], &[1]), (["ab"], &[]), (["😀"], &[1]), (["ab"], &[1, 2])]
        {
            assert_eq!(parts(&texts, lengths).unwrap_err().code(), "ASSERTION", "{texts:?} {lengths:?}");
        }
    }
}
