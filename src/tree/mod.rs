//! An ordered map in memory that also counts: a copy-on-write B+tree.
//!
//! Entries live in the leaves; inner nodes hold separators, and with each child the number of entries below it. A
//! position ("the 50,000th entry") is therefore found as fast as a key, and a range starts anywhere in O(log n).
//!
//! ```text
//!                        [ g            p ]                separators
//!                  4 ____/      3 |       \____ 3          entries below each child
//!                  |              |            |
//!             [a b d f]       [g h m]      [p t x]         leaf: keys
//!             [1 2 3 4]       [5 6 7]      [8 9 0]         leaf: values
//!
//!   child i holds the keys  separator[i - 1] <= key < separator[i]
//!   rank(h) = 4 + 1         select(7) = 7 - (4 + 3) = entry 0 of the third leaf
//! ```
//!
//! Nodes are shared by `Arc`. A snapshot takes the root in O(1); from then on a writer copies the nodes on its path that
//! a snapshot still shares, and changes in place those that none does.
//!
//! With each node a tree may keep a memo `M`, of which it knows nothing but that it is made empty: whoever aggregates
//! entries fills it in when he needs it, and finds it again until something below the node changes. So what is never asked
//! for costs nothing, and what is asked for again costs one path. See [`Tree::parts`].
//!
//! Invariants:
//!
//! - All leaves are equally deep, keys are strictly ascending in `K`'s own order.
//! - A node is at least half full. Excepted are the root and the nodes on the right edge, which ascending insertion opens
//!   and fills up: there a leaf has one entry or more, an inner node two children or more.
//! - A count is made from the node below in one place, `node::Subtree::refresh`.
//! - A separator parts its neighbours, but need not be a key that is still there.
//! - A snapshot never changes.
//! - A memo is empty after any change to an entry below its node (`node::Subtree::change`), and shared with the snapshots
//!   that share the node.
//!
//! Every cost given below counts key comparisons and node visits for a tree of n entries.
//!
//! Not here: what keys mean (`key`, `view`), who may write when (`engine`). Writers need `&mut`; there are no locks.

#![forbid(unsafe_code)]

mod bulk;
mod bytes;
mod insert;
mod iter;
mod node;
mod parts;
mod remove;
mod slots;
#[cfg(test)]
mod test;

use std::borrow::Borrow;
use std::fmt;
use std::ops::Range;

pub use bulk::{Builder, NotSorted};
pub use iter::Iter;
use node::Subtree;
pub use parts::{Below, Branch, Branches, Part};

/// An ordered map with positions, of which a clone is a snapshot. Order is `K`'s [`Ord`]. Keys and values are cloned when
/// a node that a snapshot shares is changed, so both should be cheap to clone (an `Arc`, a number). `M` is what is
/// remembered of each node.
pub struct Tree<K, V, M = ()> {
    root: Subtree<K, V, M>,
}

impl<K, V> Tree<K, V> {
    /// A tree without entries. One with memos is made by [`Tree::default`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<K, V, M> Tree<K, V, M> {
    /// Number of entries. O(1).
    #[must_use]
    pub fn len(&self) -> usize {
        self.root.count()
    }

    /// Whether there are no entries. O(1).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The tree as it is now, whatever is done to this one later. O(1), the same as a clone.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        self.clone()
    }

    /// The entry at a position, counted from 0 in key order; `None` past the end. O(log n).
    #[must_use]
    pub fn select(&self, index: usize) -> Option<(&K, &V)> {
        let (leaf, offset) = self.root.node().leaf_at(index)?;
        leaf.entry(offset)
    }

    /// The entries at `positions`, from either end; what lies past the end of the tree is left out. Nothing is looked up
    /// until the first step: O(log n) at each end used, then O(1) amortised per step.
    #[must_use]
    pub fn range(&self, positions: Range<usize>) -> Iter<'_, K, V, M> {
        let end = positions.end.min(self.len());
        Iter::new(self.root.node(), positions.start.min(end)..end)
    }

    /// All entries in key order, from either end. O(1) amortised per step.
    #[must_use]
    pub fn iter(&self) -> Iter<'_, K, V, M> {
        self.range(0..self.len())
    }
}

impl<K: Ord, V, M> Tree<K, V, M> {
    /// The value of a key. O(log n).
    #[must_use]
    pub fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        self.get_key_value(key).map(|(_, value)| value)
    }

    /// The entry of a key, with the key as it is stored. O(log n).
    #[must_use]
    pub fn get_key_value<Q>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        self.root.node().find(key)
    }

    /// Number of keys strictly below `key`, which need not be in the tree. O(log n).
    #[must_use]
    pub fn rank<Q>(&self, key: &Q) -> usize
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        self.root.node().locate(key).unwrap_or_else(|below| below)
    }

    /// Number of keys at or below `key`, which need not be in the tree. O(log n).
    #[must_use]
    pub fn rank_after<Q>(&self, key: &Q) -> usize
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        self.root.node().locate(key).map_or_else(|below| below, |index| index + 1)
    }
}

impl<K: Ord + Clone, V: Clone, M: Default> Tree<K, V, M> {
    /// Sets the value of a key and gives back the one it replaces; the key already stored stays. O(log n), plus a copy of
    /// each node on the path that a snapshot shares.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.root.insert(key, value)
    }

    /// Takes a key's entry out. O(log n), plus a copy of each node on the path that a snapshot shares; an absent key
    /// copies nothing.
    pub fn remove<Q>(&mut self, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        let index = self.root.node().locate(key).ok()?;
        self.root.remove(index)
    }

    /// A tree of entries in strictly ascending key order, packed as tightly as nodes can be. O(n).
    ///
    /// # Errors
    ///
    /// [`NotSorted`] at the first key that is not above the one before it.
    pub fn from_sorted(entries: impl IntoIterator<Item = (K, V)>) -> Result<Self, NotSorted> {
        let mut builder = Builder::new();
        entries.into_iter().try_for_each(|(key, value)| builder.push(key, value))?;
        Ok(builder.finish())
    }
}

impl<K, V, M> Clone for Tree<K, V, M> {
    fn clone(&self) -> Self {
        Self { root: self.root.clone() }
    }
}

impl<K, V, M: Default> Default for Tree<K, V, M> {
    fn default() -> Self {
        Self { root: Subtree::empty() }
    }
}

impl<'a, K, V, M> IntoIterator for &'a Tree<K, V, M> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V, M>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K: fmt::Debug, V: fmt::Debug, M> fmt::Debug for Tree<K, V, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}
