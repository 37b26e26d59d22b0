//! What a tree takes in memory.
//!
//! Leaves are nearly all of it, and counting a million entries would take longer than asking is worth: of a big tree some
//! leaves are looked at, evenly spread, and the rest is taken to be like them.

use super::Tree;
use super::node::{Leaf, Subtree};

/// Leaves that are looked at.
const SAMPLE: usize = 64;

impl<K, V, M> Tree<K, V, M> {
    /// About how many bytes the nodes take, slots that wait for entries included, and what `beyond` tells of each entry:
    /// the bytes that it alone points to. O(log n).
    #[must_use]
    pub fn bytes(&self, beyond: impl Fn(&K, &V) -> usize) -> usize {
        let step = (self.len() / SAMPLE).max(1);
        let (mut seen, mut taken, mut position) = (0, 0, 0);
        while let Some((leaf, offset)) = self.root.node().leaf_at(position).filter(|_| position < self.len()) {
            seen += leaf.keys.len();
            taken += Self::of_leaf(leaf, &beyond);
            // Past this leaf, so that none counts twice.
            position += step.max(leaf.keys.len() - offset);
        }
        match seen {
            0 => 0,
            // In this order nothing is rounded away; a tree of more than 2^64 / bytes entries does not exist.
            seen => usize::try_from(taken as u128 * self.len() as u128 / seen as u128).unwrap_or(usize::MAX),
        }
    }

    /// A leaf with its slot and separator in the node above.
    fn of_leaf(leaf: &Leaf<K, V>, beyond: impl Fn(&K, &V) -> usize) -> usize {
        let slots = leaf.keys.capacity() * size_of::<K>() + leaf.values.capacity() * size_of::<V>();
        let pointed: usize = leaf.keys.iter().zip(&leaf.values).map(|(key, value)| beyond(key, value)).sum();
        let above = size_of::<K>() + size_of::<Subtree<K, V, M>>();
        slots + pointed + above + size_of::<Leaf<K, V>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_tree_is_counted_and_a_big_one_estimated() {
        let of = |count: usize| -> Tree<usize, u64> { Tree::from_sorted((0..count).map(|key| (key, 0))).unwrap() };
        assert_eq!(of(0).bytes(|_, _| 0), 0);
        assert_eq!(of(0).bytes(|_, _| 100), 0);
        for count in [1, 10, 100, 1_000, 20_000] {
            let (bare, pointed) = (of(count).bytes(|_, _| 0), of(count).bytes(|_, _| 100));
            assert!((count * 16..count * 40 + 200).contains(&bare), "{count} {bare}");
            assert_eq!(pointed - bare, count * 100);
        }
    }

    #[test]
    fn what_differs_from_leaf_to_leaf_is_weighed() {
        let tree: Tree<usize, ()> = Tree::from_sorted((0..100_000).map(|key| (key, ()))).unwrap();
        let bytes = tree.bytes(|key, ()| key / 100) - tree.bytes(|_, ()| 0);
        let exact: usize = (0..100_000).map(|key| key / 100).sum();
        assert!(bytes.abs_diff(exact) < exact / 20, "{bytes} {exact}");
    }
}
