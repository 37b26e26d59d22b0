//! A tree taken apart, so that dropping a big one can be spread over time.

use super::node::{Node, Subtree};

impl<K, V, M: Default> Subtree<K, V, M> {
    /// Subtrees of at most `most` entries that together are this one; a leaf is never cut. What a snapshot shares is
    /// left to it.
    pub fn into_pieces(self, most: usize) -> Vec<Self> {
        let mut pieces = Vec::new();
        let mut whole = vec![self];
        while let Some(subtree) = whole.pop() {
            if subtree.count() <= most {
                pieces.push(subtree);
                continue;
            }
            match subtree.into_own_node() {
                Some(Node::Inner(inner)) => whole.extend(inner.children),
                Some(leaf) => pieces.push(Self::new(leaf)),
                None => {}
            }
        }
        pieces
    }
}
