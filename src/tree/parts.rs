//! What a range of positions is made of: whole subtrees, each with its memo, and at the two ends parts of leaves.
//!
//! ```text
//!            [           #          ]            positions  .....xxxxxxxxxxxxxx...
//!        [  #  ]      [  #  ]     [ # ]          parts           |  |_____|   |
//!      [ab][cdef]   [gh]...[kl]  [mn][opq]                      cdef whole  m of [mn]
//! ```
//!
//! Not here: what a memo holds (`view::reduce`).

use std::ops::Range;
use std::slice;

use super::Tree;
use super::node::{Node, Subtree};

/// A node and everything below it.
pub struct Branch<'a, K, V, M>(&'a Subtree<K, V, M>);

/// What lies directly below a node.
pub enum Below<'a, K, V, M> {
    /// The entries of a leaf: `values[i]` belongs to `keys[i]`.
    Entries(&'a [K], &'a [V]),
    /// The children of an inner node, in order.
    Branches(Branches<'a, K, V, M>),
}

/// A piece of a range.
pub enum Part<'a, K, V, M> {
    /// Everything below a node, which is not a part of a greater such piece.
    Whole(Branch<'a, K, V, M>),
    /// Neighbouring entries of one leaf, but not all of them.
    Entries(&'a [K], &'a [V]),
}

/// Subtrees in order.
pub struct Branches<'a, K, V, M>(slice::Iter<'a, Subtree<K, V, M>>);

impl<K, V, M> Tree<K, V, M> {
    /// The whole tree.
    #[must_use]
    pub fn branch(&self) -> Branch<'_, K, V, M> {
        Branch(&self.root)
    }

    /// The keys from a position to the end of its leaf; none past the end of the tree. O(log n).
    #[must_use]
    pub fn keys_of_leaf(&self, from: usize) -> &[K] {
        self.root.node().leaf_at(from).and_then(|(leaf, offset)| leaf.keys.get(offset..)).unwrap_or_default()
    }

    /// The fewest pieces that make up a range of positions, in order; what lies past the end of the tree is left out.
    /// O(log n), as is their number.
    #[must_use]
    pub fn parts(&self, positions: Range<usize>) -> Vec<Part<'_, K, V, M>> {
        let end = positions.end.min(self.len());
        let mut parts = Vec::new();
        self.branch().add_parts(positions.start.min(end)..end, &mut parts);
        parts
    }
}

impl<'a, K, V, M> Branch<'a, K, V, M> {
    /// Number of entries. O(1).
    #[must_use]
    pub fn len(self) -> usize {
        self.0.count()
    }

    /// Whether there are no entries, which is so in an empty tree only.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// What is remembered of this node.
    #[must_use]
    pub fn memo(self) -> &'a M {
        self.0.memo()
    }

    /// The entry at a position among these, counted from 0; `None` past the end. O(log n).
    #[must_use]
    pub fn select(self, index: usize) -> Option<(&'a K, &'a V)> {
        let (leaf, offset) = self.0.node().leaf_at(index)?;
        leaf.entry(offset)
    }

    /// What lies directly below.
    #[must_use]
    pub fn below(self) -> Below<'a, K, V, M> {
        match self.0.node() {
            Node::Leaf(leaf) => Below::Entries(&leaf.keys, &leaf.values),
            Node::Inner(inner) => Below::Branches(Branches(inner.children.iter())),
        }
    }

    /// These entries as a tree of their own, which shares the node and its memo. O(1).
    #[must_use]
    pub fn to_tree(self) -> Tree<K, V, M> {
        Tree { root: self.0.clone() }
    }

    /// `positions` must lie within this node's entries.
    fn add_parts(self, positions: Range<usize>, parts: &mut Vec<Part<'a, K, V, M>>) {
        if positions.is_empty() {
            return;
        }
        if positions.len() == self.len() {
            parts.push(Part::Whole(self));
            return;
        }
        match self.below() {
            Below::Entries(keys, values) => {
                if let (Some(keys), Some(values)) = (keys.get(positions.clone()), values.get(positions)) {
                    parts.push(Part::Entries(keys, values));
                }
            }
            Below::Branches(branches) => {
                let mut before = 0;
                for branch in branches {
                    let after = before + branch.len();
                    let (start, end) = (positions.start.max(before), positions.end.min(after));
                    if start < end {
                        branch.add_parts(start - before..end - before, parts);
                    }
                    before = after;
                }
            }
        }
    }
}

impl<'a, K, V, M> Iterator for Branches<'a, K, V, M> {
    type Item = Branch<'a, K, V, M>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(Branch)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<K, V, M> DoubleEndedIterator for Branches<'_, K, V, M> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(Branch)
    }
}

impl<K, V, M> ExactSizeIterator for Branches<'_, K, V, M> {}

impl<K, V, M> Clone for Branch<'_, K, V, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V, M> Copy for Branch<'_, K, V, M> {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::OnceLock;

    use proptest::prelude::*;

    use super::super::node::MAX;
    use super::*;

    type Summed = Tree<u16, u64, OnceLock<u64>>;
    type Model = BTreeMap<u16, u64>;

    /// The sum of a branch's values, and how many nodes had none in their memo.
    fn sum(branch: Branch<'_, u16, u64, OnceLock<u64>>, misses: &mut usize) -> u64 {
        *branch.memo().get_or_init(|| {
            *misses += 1;
            match branch.below() {
                Below::Entries(_, values) => values.iter().sum(),
                Below::Branches(branches) => branches.map(|branch| sum(branch, misses)).sum(),
            }
        })
    }

    fn range_sum(tree: &Summed, positions: Range<usize>, misses: &mut usize) -> u64 {
        let parts = tree.parts(positions);
        let sums = parts.into_iter().map(|part| match part {
            Part::Whole(branch) => sum(branch, misses),
            Part::Entries(keys, values) => {
                assert_eq!(keys.len(), values.len());
                values.iter().sum()
            }
        });
        sums.sum()
    }

    fn assert_same(tree: &Summed, model: &Model, positions: Range<usize>) {
        let expected: u64 = model.values().take(positions.end).skip(positions.start).sum();
        assert_eq!(range_sum(tree, positions, &mut 0), expected);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u16, u16),
        Remove(u16, u16),
        Sum(usize, usize),
        Snapshot,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0..400_u16, prop_oneof![3 => Just(1_u16), 1 => 1..80_u16]).prop_map(|(key, run)| Step::Insert(key, run)),
            2 => (0..400_u16, prop_oneof![3 => Just(1_u16), 1 => 1..80_u16]).prop_map(|(key, run)| Step::Remove(key, run)),
            3 => (0..420_usize, 0..420_usize).prop_map(|(start, end)| Step::Sum(start, end)),
            1 => Just(Step::Snapshot),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn memos_are_those_of_the_entries_through_any_steps(steps in prop::collection::vec(step(), 1..200)) {
            let (mut tree, mut model) = (Summed::default(), Model::new());
            let mut snapshots = Vec::new();
            for (number, step) in (1..).zip(steps) {
                match step {
                    Step::Insert(key, run) => for key in key..key + run {
                        tree.insert(key, number);
                        model.insert(key, number);
                    },
                    Step::Remove(key, run) => for key in key..key + run {
                        tree.remove(&key);
                        model.remove(&key);
                    },
                    Step::Sum(start, end) => assert_same(&tree, &model, start..end),
                    Step::Snapshot => snapshots.push((tree.snapshot(), model.clone())),
                }
                assert_same(&tree, &model, 0..tree.len());
            }
            for (snapshot, model) in snapshots {
                assert_same(&snapshot, &model, 0..snapshot.len());
                assert_same(&snapshot, &model, 7..snapshot.len() / 2);
            }
        }

        #[test]
        fn parts_are_the_entries_of_the_range_and_few(count in 0..2_000_usize, start in 0..2_000_usize, end in 0..2_100_usize) {
            let tree: Tree<usize, usize> = Tree::from_sorted((0..count).map(|key| (key, key * 2))).unwrap();
            let parts = tree.parts(start..end);
            // At most all children but one at either end of each inner level, and a part of a leaf at both ends.
            prop_assert!(parts.len() <= 2 * 3 * (MAX - 1) + 2);
            let mut found = Vec::new();
            for part in parts {
                match part {
                    Part::Whole(branch) => found.extend(branch.to_tree().iter().map(|(key, _)| *key)),
                    Part::Entries(keys, _) => found.extend(keys),
                }
            }
            prop_assert!(found.into_iter().eq(start.min(count)..end.min(count).max(start.min(count))));
        }
    }

    #[test]
    fn a_change_makes_the_memos_of_one_path_anew_and_leaves_those_of_a_snapshot() {
        let mut tree: Summed = Tree::from_sorted((0..4_000).map(|key| (key, 1))).unwrap();
        let mut misses = 0;
        assert_eq!(range_sum(&tree, 0..4_000, &mut misses), 4_000);
        assert!(misses > 200, "every node of the first evaluation");

        let snapshot = tree.snapshot();
        tree.insert(700, 2);
        misses = 0;
        assert_eq!(range_sum(&tree, 0..4_000, &mut misses), 4_001);
        assert_eq!(misses, 3, "one node per level");
        misses = 0;
        assert_eq!(range_sum(&snapshot, 0..4_000, &mut misses), 4_000);
        assert_eq!(misses, 0);
    }

    #[test]
    fn a_branch_as_a_tree_of_its_own_shares_its_memo() {
        let tree: Summed = Tree::from_sorted((0..100).map(|key| (key, 1))).unwrap();
        let Below::Branches(mut branches) = tree.branch().below() else { panic!("one leaf") };
        let first = branches.next().unwrap();
        first.to_tree().branch().memo().set(77).unwrap();
        assert_eq!(first.memo().get(), Some(&77));
        assert!(!first.is_empty());
        assert_eq!(branches.next_back().unwrap().memo().get(), None);
    }
}
