//! Removal: down by position, and up again mending nodes that have become less than half full.

use super::node::{Inner, MAX, MIN, Node, Sibling, Subtree};

impl<K: Clone, V: Clone, M: Default> Subtree<K, V, M> {
    /// Takes the entry at `index` out, as the root.
    pub fn remove(&mut self, index: usize) -> Option<(K, V)> {
        let removed = self.remove_below(index);
        if self.count() == 0 {
            *self = Self::empty();
        } else if let Node::Inner(inner) = self.node()
            && let [only] = inner.children.as_slice()
        {
            *self = only.clone();
        }
        removed
    }

    fn remove_below(&mut self, index: usize) -> Option<(K, V)> {
        let removed = match self.change() {
            Node::Leaf(leaf) => leaf.take(index),
            Node::Inner(inner) => inner.remove(index),
        };
        self.refresh();
        removed
    }

    /// Takes in the right neighbour. What is too much for one node is shared evenly and the upper half given back.
    fn merge(&mut self, (low, right): Sibling<K, V, M>) -> Option<Sibling<K, V, M>> {
        let surplus = match (self.change(), right.into_node()) {
            (Node::Leaf(left), Node::Leaf(right)) => {
                left.append(right);
                let width = left.keys.len();
                if width > MAX { left.split_off(width / 2).into_sibling() } else { None }
            }
            (Node::Inner(left), Node::Inner(right)) => {
                left.append(low, right);
                let width = left.children.len();
                let upper = if width > MAX { left.split_off(width / 2) } else { None };
                upper.map(|(low, upper)| (low, Subtree::new(Node::Inner(upper))))
            }
            // Never: neighbours are equally deep.
            _ => None,
        };
        self.refresh();
        surplus
    }
}

impl<K: Clone, V: Clone, M: Default> Inner<K, V, M> {
    fn remove(&mut self, index: usize) -> Option<(K, V)> {
        let (slot, rest) = self.seek(index)?;
        let child = self.children.get_mut(slot)?;
        let removed = child.remove_below(rest);
        if child.node().width() < MIN {
            self.mend(slot);
        }
        removed
    }

    /// Joins a child with its left neighbour, or the first with its right one.
    fn mend(&mut self, slot: usize) {
        let slot = slot.max(1);
        let Some(right) = self.take(slot) else { return };
        let Some(left) = self.children.get_mut(slot - 1) else { return };
        if let Some(surplus) = left.merge(right) {
            self.put(slot, surplus);
        }
    }
}
