//! A whole tree at once from sorted entries: leaves first, then one level after the other above them.

use std::error::Error;
use std::fmt;
use std::mem;

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

pub fn build<K: Ord + Clone, V, M: Default>(
    entries: impl IntoIterator<Item = (K, V)>,
) -> Result<Subtree<K, V, M>, NotSorted> {
    let mut level = leaves(entries)?;
    while level.len() > 1 {
        level = parents(level);
    }
    Ok(level.pop().map_or_else(Subtree::empty, |(_, root)| root))
}

fn leaves<K: Ord + Clone, V, M: Default>(
    entries: impl IntoIterator<Item = (K, V)>,
) -> Result<Vec<Sibling<K, V, M>>, NotSorted> {
    let full = || Leaf { keys: Vec::with_capacity(MAX), values: Vec::with_capacity(MAX) };
    let mut level = Vec::new();
    let mut leaf = full();
    for (index, (key, value)) in entries.into_iter().enumerate() {
        if leaf.keys.last().is_some_and(|last| *last >= key) {
            return Err(NotSorted { index });
        }
        if leaf.keys.len() == MAX {
            level.extend(mem::replace(&mut leaf, full()).into_sibling());
        }
        leaf.keys.push(key);
        leaf.values.push(value);
    }
    leaf.keys.shrink_to_fit();
    leaf.values.shrink_to_fit();
    level.extend(leaf.into_sibling());
    Ok(level)
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
