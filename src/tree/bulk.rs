//! A tree from sorted entries: leaves first, in the end one level after the other above them.

use std::error::Error;
use std::fmt;
use std::mem;

use super::Tree;
use super::node::{Inner, Leaf, MAX, Node, Sibling, Subtree};

/// Entries that were to be in strictly ascending key order are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotSorted {
    /// Position of the first entry whose key is not above the one before it.
    pub index: usize,
}

impl fmt::Display for NotSorted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the key of entry {} is not above the one before it", self.index)
    }
}

impl Error for NotSorted {}

/// A tree that is made of entries in strictly ascending key order, one by one, packed as tightly as nodes can be.
pub struct Builder<K, V, M = ()> {
    leaves: Vec<Sibling<K, V, M>>,
    leaf: Leaf<K, V>,
}

impl<K: Ord + Clone, V, M: Default> Builder<K, V, M> {
    /// No entries yet.
    #[must_use]
    pub fn new() -> Self {
        Self { leaves: Vec::new(), leaf: full_leaf() }
    }

    /// Adds the next entry. O(1).
    ///
    /// # Errors
    ///
    /// [`NotSorted`] where the key is not above the one before it; nothing is added then.
    pub fn push(&mut self, key: K, value: V) -> Result<(), NotSorted> {
        if self.leaf.keys.last().is_some_and(|last| *last >= key) {
            return Err(NotSorted { index: self.leaves.len() * MAX + self.leaf.keys.len() });
        }
        if self.leaf.keys.len() == MAX {
            self.leaves.extend(mem::replace(&mut self.leaf, full_leaf()).into_sibling());
        }
        self.leaf.keys.push(key);
        self.leaf.values.push(value);
        Ok(())
    }

    /// The tree of all entries. O(n / the size of a node).
    #[must_use]
    pub fn finish(self) -> Tree<K, V, M> {
        let Self { leaves: mut level, mut leaf } = self;
        leaf.keys.shrink_to_fit();
        leaf.values.shrink_to_fit();
        level.extend(leaf.into_sibling());
        while level.len() > 1 {
            level = parents(level);
        }
        Tree { root: level.pop().map_or_else(Subtree::empty, |(_, root)| root) }
    }
}

impl<K: Ord + Clone, V, M: Default> Default for Builder<K, V, M> {
    fn default() -> Self {
        Self::new()
    }
}

fn full_leaf<K, V>() -> Leaf<K, V> {
    Leaf { keys: Vec::with_capacity(MAX), values: Vec::with_capacity(MAX) }
}

fn parents<K, V, M: Default>(level: Vec<Sibling<K, V, M>>) -> Vec<Sibling<K, V, M>> {
    let mut parents = Vec::with_capacity(level.len().div_ceil(MAX));
    let mut level = level.into_iter();
    loop {
        // One child alone would have no neighbour to mend it: the last parent but one leaves it a second.
        let width = if level.len() == MAX + 1 { MAX - 1 } else { MAX.min(level.len()) };
        let Some((low, first)) = level.next() else { return parents };
        let mut separators = Vec::with_capacity(width - 1);
        let mut children = Vec::with_capacity(width);
        children.push(first);
        for (separator, child) in level.by_ref().take(width - 1) {
            separators.push(separator);
            children.push(child);
        }
        parents.push((low, Subtree::new(Node::Inner(Inner { separators, children }))));
    }
}
