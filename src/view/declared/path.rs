//! Paths into a document, and a trie of paths that finds what all of them lead to in one pass.
//!
//! ```text
//! author.name    {"author":{"name":"Ada"}}      "Ada"
//! tags.0         {"tags":["new","red"]}         "new"
//! ```
//!
//! A segment is a member's name in an object and an index in an array. Where a name occurs twice, the last one counts, as
//! for `JSON.parse`, and what was found below the first is forgotten.

use crate::document::{elements, members};
use crate::error::{Error, Result};
use crate::view::collation;

/// How many segments a path may have: the walk recurses once for each.
const MOST_SEGMENTS: usize = 100;

/// The names that lead from a document to a value, joined by dots.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Box<str>);

impl Path {
    /// The path `text`; `place` tells where it stands, for messages.
    ///
    /// # Errors
    ///
    /// `Assertion` where a segment is empty, or there are more than a hundred, or the first begins with `$`.
    pub fn new(text: &str, place: &str) -> Result<Self> {
        let refused = |reason: &str| Err(Error::assertion(format!("{place}: the path {text:?} {reason}")));
        if text.split('.').any(str::is_empty) {
            return refused("has an empty segment");
        }
        if text.split('.').count() > MOST_SEGMENTS {
            return refused("has more than 100 segments");
        }
        if text.starts_with('$') {
            return refused("begins with $, as operators do");
        }
        Ok(Self(text.into()))
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What is left of this path inside the value at `outer`: nothing where both are the same, `None` where this one
    /// leads elsewhere.
    pub(super) fn within(&self, outer: &Self) -> Option<&str> {
        let rest = self.0.strip_prefix(outer.text())?;
        if rest.is_empty() { Some(rest) } else { rest.strip_prefix('.') }
    }
}

/// Paths, and for each a slot in which the value it leads to is found.
#[derive(Clone, Debug)]
pub struct Trie {
    root: Node,
    slots: usize,
}

/// The value at the end of a path, and the paths that lead on.
#[derive(Clone, Debug)]
struct Node {
    slot: usize,
    children: Vec<Child>,
    /// How many elements of an array can be of interest.
    elements: usize,
}

#[derive(Clone, Debug)]
struct Child {
    /// The segment; empty where JSON must escape it, so that it equals no name as it is written.
    name: Box<str>,
    /// The segment as [`collation`] encodes it, for names with escapes.
    encoded: Vec<u8>,
    /// The segment as an array's index.
    index: Option<usize>,
    node: Node,
}

/// What a trie found in one text, by slot.
pub enum Found<'text> {
    /// By far the most usual: it needs no allocation.
    Few([Option<&'text str>; FEW]),
    Many(Vec<Option<&'text str>>),
}

const FEW: usize = 8;

impl Trie {
    /// Slot 0 is the whole text.
    pub fn new() -> Self {
        Self { root: Node::new(0), slots: 1 }
    }

    /// The slot of a path; nothing is the whole text.
    pub fn add(&mut self, path: &str) -> usize {
        let mut node = &mut self.root;
        for segment in path.split('.').filter(|segment| !segment.is_empty()) {
            node = node.child_for(segment, &mut self.slots);
        }
        node.slot
    }

    /// What the paths lead to in canonical text.
    pub fn find<'text>(&self, text: &'text str) -> Found<'text> {
        let mut found = if self.slots <= FEW { Found::Few([None; FEW]) } else { Found::Many(vec![None; self.slots]) };
        match &mut found {
            Found::Few(slots) => self.root.take(text, slots),
            Found::Many(slots) => self.root.take(text, slots),
        }
        found
    }
}

impl<'text> Found<'text> {
    /// The value of a slot; `None` where the path leads to nothing.
    pub fn get(&self, slot: usize) -> Option<&'text str> {
        match self {
            Self::Few(slots) => slots.get(slot).copied().flatten(),
            Self::Many(slots) => slots.get(slot).copied().flatten(),
        }
    }
}

impl Node {
    fn new(slot: usize) -> Self {
        Self { slot, children: Vec::new(), elements: 0 }
    }

    fn child_for(&mut self, segment: &str, slots: &mut usize) -> &mut Self {
        let quoted = serde_json::Value::from(segment).to_string();
        let mut encoded = Vec::new();
        // What serde_json quotes is JSON.
        let _ = collation::encode(&quoted, &mut encoded);
        let known = self.children.iter().position(|child| child.encoded == encoded);
        let at = known.unwrap_or_else(|| {
            let name = if quoted.contains('\\') { "" } else { segment };
            let index = segment.parse().ok().filter(|index: &usize| index.to_string() == segment);
            self.elements = self.elements.max(index.map_or(0, |index| index.saturating_add(1)));
            self.children.push(Child { name: name.into(), encoded, index, node: Self::new(*slots) });
            *slots += 1;
            self.children.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the position of a child that is there")]
        &mut self.children[at].node
    }

    fn take<'text>(&self, value: &'text str, found: &mut [Option<&'text str>]) {
        if found.get(self.slot).copied().flatten().is_some() {
            self.forget(found);
        }
        if let Some(slot) = found.get_mut(self.slot) {
            *slot = Some(value);
        }
        if self.children.is_empty() {
            return;
        }
        match value.as_bytes().first() {
            Some(b'{') => {
                for (name, value) in members(value) {
                    if let Some(child) = self.children.iter().find(|child| child.is_named(name)) {
                        child.node.take(value, found);
                    }
                }
            }
            Some(b'[') => {
                for (index, value) in elements(value).take(self.elements).enumerate() {
                    if let Some(child) = self.children.iter().find(|child| child.index == Some(index)) {
                        child.node.take(value, found);
                    }
                }
            }
            _ => {}
        }
    }

    fn forget(&self, found: &mut [Option<&str>]) {
        if let Some(slot) = found.get_mut(self.slot) {
            *slot = None;
        }
        self.children.iter().for_each(|child| child.node.forget(found));
    }
}

impl Child {
    fn is_named(&self, quoted: &str) -> bool {
        let written = quoted.as_bytes().get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        if written == self.name.as_bytes() {
            return !written.is_empty();
        }
        // An escape makes a name longer, never shorter.
        written.len() > self.name.len() && written.contains(&b'\\') && {
            let mut encoded = Vec::with_capacity(quoted.len());
            collation::encode(quoted, &mut encoded).is_ok() && encoded == self.encoded
        }
    }
}
