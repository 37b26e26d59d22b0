//! A tree taken apart, so that dropping a big one can be spread over time.

use std::sync::Arc;

use super::node::{Node, Subtree};

impl<K, V> Subtree<K, V> {
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
            match Arc::try_unwrap(subtree.node) {
                Ok(Node::Inner(inner)) => whole.extend(inner.children),
                Ok(leaf) => pieces.push(Self::new(leaf)),
                Err(_shared) => {}
            }
        }
        pieces
    }
}
