//! A `where` that documents are put to.

use super::condition::Where;
use super::path::Trie;
use crate::error::Result;

/// Conditions, and how their values are found in one pass.
#[derive(Clone, Debug)]
pub struct Filter {
    condition: Where,
    trie: Trie,
    slots: Vec<usize>,
}

impl Filter {
    /// The filter of `json`, the text of a `where`.
    ///
    /// # Errors
    ///
    /// `Assertion` naming the path and operator that is wrong.
    pub fn parse(json: &str) -> Result<Self> {
        let condition = Where::parse(json, "where")?;
        let mut trie = Trie::new();
        let slots = condition.slots(&mut trie);
        Ok(Self { condition, trie, slots })
    }

    /// The conditions.
    #[must_use]
    pub fn condition(&self) -> &Where {
        &self.condition
    }

    /// Whether the document of this canonical text meets all conditions.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.slots.is_empty() || self.condition.is_met(&self.slots, &self.trie.find(text))
    }
}
