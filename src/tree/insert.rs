//! Insertion: down by key, and up again where nodes split.
//!
//! A full node splits in the middle, but one that grows at the right edge of the tree stays full and opens a new
//! neighbour: keys that arrive in ascending order leave full nodes behind.

use std::mem;

use super::node::{Inner, Leaf, MAX, Node, Sibling, Subtree};

/// What became of an insertion into a node.
enum Insertion<K, V, M> {
    Replaced(V),
    Added,
    /// Added, and the node had no room: its upper part is now its right neighbour.
    Split(Sibling<K, V, M>),
}

impl<K: Ord + Clone, V: Clone, M: Default> Subtree<K, V, M> {
    /// Sets a key's value, as the root.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.insert_below(key, value, true) {
            Insertion::Replaced(value) => Some(value),
            Insertion::Added => None,
            Insertion::Split((low, right)) => {
                let left = mem::replace(self, Self::empty());
                *self = Self::new(Node::Inner(Inner { separators: vec![low], children: vec![left, right] }));
                None
            }
        }
    }

    /// `edge`: nothing in the tree is to the right of this node.
    fn insert_below(&mut self, key: K, value: V, edge: bool) -> Insertion<K, V, M> {
        let insertion = match self.change() {
            Node::Leaf(leaf) => leaf.insert(key, value, edge),
            Node::Inner(inner) => inner.insert(key, value, edge),
        };
        if !matches!(insertion, Insertion::Replaced(_)) {
            self.refresh();
        }
        insertion
    }
}

impl<K: Ord + Clone, V: Clone> Leaf<K, V> {
    fn insert<M: Default>(&mut self, key: K, value: V, edge: bool) -> Insertion<K, V, M> {
        let index = match self.search(&key) {
            Ok(index) => {
                let replaced = self.values.get_mut(index).map(|stored| mem::replace(stored, value));
                return replaced.map_or(Insertion::Added, Insertion::Replaced);
            }
            Err(index) => index,
        };
        if self.keys.len() < MAX {
            self.put(index, key, value);
            return Insertion::Added;
        }
        let at = if edge && index == MAX { MAX } else { MAX / 2 };
        let mut right = self.split_off(at);
        if index < at {
            self.put(index, key, value);
        } else {
            right.put(index - at, key, value);
        }
        right.into_sibling().map_or(Insertion::Added, Insertion::Split)
    }
}

impl<K: Ord + Clone, V: Clone, M: Default> Inner<K, V, M> {
    fn insert(&mut self, key: K, value: V, edge: bool) -> Insertion<K, V, M> {
        let slot = self.route(&key);
        let edge_below = edge && slot == self.separators.len();
        let Some(child) = self.children.get_mut(slot) else { return Insertion::Added };
        match child.insert_below(key, value, edge_below) {
            Insertion::Split(sibling) => self.adopt(slot + 1, sibling, edge),
            done => done,
        }
    }

    fn adopt(&mut self, slot: usize, sibling: Sibling<K, V, M>, edge: bool) -> Insertion<K, V, M> {
        if self.children.len() < MAX {
            self.put(slot, sibling);
            return Insertion::Added;
        }
        // A new right edge gets two children: with one, that child would have no neighbour to mend it.
        let at = if edge && slot == MAX { MAX - 1 } else { MAX / 2 };
        let Some((low, mut right)) = self.split_off(at) else { return Insertion::Added };
        if slot <= at {
            self.put(slot, sibling);
        } else {
            right.put(slot - at, sibling);
        }
        Insertion::Split((low, Subtree::new(Node::Inner(right))))
    }
}
