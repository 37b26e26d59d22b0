//! Entries by position, from either end.
//!
//! Each end holds the rest of one leaf and finds the next one by position from the root, once per leaf: no path has to be
//! kept, and an end that is not used costs nothing.

use std::iter::FusedIterator;
use std::ops::Range;
use std::slice;

use super::node::Node;

/// Entries of a [`Tree`](super::Tree) between two positions, in key order; `rev()` for the other.
pub struct Iter<'a, K, V, M = ()> {
    root: &'a Node<K, V, M>,
    positions: Range<usize>,
    front: Entries<'a, K, V>,
    back: Entries<'a, K, V>,
}

/// What one end has of its leaf. It may reach past the other end: `positions` alone tells where to stop.
struct Entries<'a, K, V> {
    keys: slice::Iter<'a, K>,
    values: slice::Iter<'a, V>,
}

impl<'a, K, V> Entries<'a, K, V> {
    fn new(keys: &'a [K], values: &'a [V]) -> Self {
        Self { keys: keys.iter(), values: values.iter() }
    }

    fn next(&mut self) -> Option<(&'a K, &'a V)> {
        Some((self.keys.next()?, self.values.next()?))
    }

    fn next_back(&mut self) -> Option<(&'a K, &'a V)> {
        Some((self.keys.next_back()?, self.values.next_back()?))
    }
}

impl<'a, K, V, M> Iter<'a, K, V, M> {
    /// `positions` must lie within the root's entries.
    pub(super) fn new(root: &'a Node<K, V, M>, positions: Range<usize>) -> Self {
        Self { root, positions, front: Entries::new(&[], &[]), back: Entries::new(&[], &[]) }
    }

    /// The leaf's entries from `index` on.
    fn entries_from(&self, index: usize) -> Option<Entries<'a, K, V>> {
        let (leaf, offset) = self.root.leaf_at(index)?;
        Some(Entries::new(leaf.keys.get(offset..)?, leaf.values.get(offset..)?))
    }

    /// The leaf's entries up to and with `index`.
    fn entries_to(&self, index: usize) -> Option<Entries<'a, K, V>> {
        let (leaf, offset) = self.root.leaf_at(index)?;
        Some(Entries::new(leaf.keys.get(..=offset)?, leaf.values.get(..=offset)?))
    }
}

impl<'a, K, V, M> Iterator for Iter<'a, K, V, M> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        if self.positions.is_empty() {
            return None;
        }
        let entry = if let Some(entry) = self.front.next() {
            entry
        } else {
            self.front = self.entries_from(self.positions.start)?;
            self.front.next()?
        };
        self.positions.start += 1;
        Some(entry)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.positions.len(), Some(self.positions.len()))
    }
}

impl<K, V, M> DoubleEndedIterator for Iter<'_, K, V, M> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.positions.is_empty() {
            return None;
        }
        let entry = if let Some(entry) = self.back.next_back() {
            entry
        } else {
            self.back = self.entries_to(self.positions.end - 1)?;
            self.back.next_back()?
        };
        self.positions.end -= 1;
        Some(entry)
    }
}

impl<K, V, M> ExactSizeIterator for Iter<'_, K, V, M> {}

impl<K, V, M> FusedIterator for Iter<'_, K, V, M> {}
