//! Nodes and the ways down through them: by key ([`Node::find`], [`Node::locate`]) and by position ([`Node::leaf_at`]).
//!
//! Not here: what changes nodes (`insert`, `remove`), what makes many at once (`bulk`).

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::sync::Arc;

use super::slots;

/// Most entries of a leaf and most children of an inner node. Unit tests use small nodes, so that a few hundred entries
/// make a deep tree.
pub const MAX: usize = if cfg!(test) { 16 } else { 64 };

/// Fewest entries or children of a node that is neither the root nor on the right edge.
pub const MIN: usize = MAX / 2;

/// A node with its number of entries. A tree is its root; a clone is a snapshot.
pub struct Subtree<K, V, M> {
    block: Arc<Block<K, V, M>>,
    count: usize,
}

/// A node and what is remembered of it, which is shared with every snapshot that shares the node.
struct Block<K, V, M> {
    node: Node<K, V, M>,
    memo: M,
}

/// One block of the tree.
pub enum Node<K, V, M> {
    Leaf(Leaf<K, V>),
    Inner(Inner<K, V, M>),
}

/// Entries: `values[i]` belongs to `keys[i]`.
pub struct Leaf<K, V> {
    pub keys: Vec<K>,
    pub values: Vec<V>,
}

/// Children, and between each two of them a separator: above all keys before it, at or below all keys after it.
pub struct Inner<K, V, M> {
    pub separators: Vec<K>,
    pub children: Vec<Subtree<K, V, M>>,
}

/// A subtree with a separator that parts it from what comes before.
pub type Sibling<K, V, M> = (K, Subtree<K, V, M>);

impl<K, V, M: Default> Subtree<K, V, M> {
    pub fn new(node: Node<K, V, M>) -> Self {
        let count = node.count();
        Self { block: Arc::new(Block { node, memo: M::default() }), count }
    }

    pub fn empty() -> Self {
        Self::new(Node::Leaf(Leaf { keys: Vec::new(), values: Vec::new() }))
    }
}

impl<K, V, M> Subtree<K, V, M> {
    pub fn node(&self) -> &Node<K, V, M> {
        &self.block.node
    }

    pub fn count(&self) -> usize {
        self.count
    }

    pub fn memo(&self) -> &M {
        &self.block.memo
    }

    /// Counts anew after the node was changed: the one place for whatever a parent knows of its children.
    pub fn refresh(&mut self) {
        self.count = self.node().count();
    }
}

impl<K: Clone, V: Clone, M: Default> Subtree<K, V, M> {
    /// The node to be changed, a copy where a snapshot shares it: the one way to a node's insides, so that nothing is
    /// remembered of what it held before.
    pub fn change(&mut self) -> &mut Node<K, V, M> {
        let block = Arc::make_mut(&mut self.block);
        block.memo = M::default();
        &mut block.node
    }

    pub fn into_node(self) -> Node<K, V, M> {
        Arc::unwrap_or_clone(self.block).node
    }
}

impl<K, V, M> Clone for Subtree<K, V, M> {
    fn clone(&self) -> Self {
        Self { block: Arc::clone(&self.block), count: self.count }
    }
}

impl<K, V, M> Node<K, V, M> {
    fn count(&self) -> usize {
        match self {
            Self::Leaf(leaf) => leaf.keys.len(),
            Self::Inner(inner) => inner.children.iter().map(|child| child.count).sum(),
        }
    }

    /// Entries of a leaf, children of an inner node.
    pub fn width(&self) -> usize {
        match self {
            Self::Leaf(leaf) => leaf.keys.len(),
            Self::Inner(inner) => inner.children.len(),
        }
    }

    /// The leaf that holds the entry at `index`, and where in it.
    pub fn leaf_at(&self, index: usize) -> Option<(&Leaf<K, V>, usize)> {
        let (mut node, mut index) = (self, index);
        loop {
            match node {
                Self::Leaf(leaf) => return Some((leaf, index)),
                Self::Inner(inner) => {
                    let (slot, rest) = inner.seek(index)?;
                    node = inner.children.get(slot)?.node();
                    index = rest;
                }
            }
        }
    }

    pub fn find<Q>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        let mut node = self;
        loop {
            match node {
                Self::Leaf(leaf) => return leaf.entry(leaf.search(key).ok()?),
                Self::Inner(inner) => node = inner.children.get(inner.route(key))?.node(),
            }
        }
    }

    /// The position of a key, or as an error the one it would take.
    pub fn locate<Q>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        let (mut node, mut before) = (self, 0);
        loop {
            match node {
                Self::Leaf(leaf) => return leaf.search(key).map(|i| before + i).map_err(|i| before + i),
                Self::Inner(inner) => {
                    let slot = inner.route(key);
                    before += inner.children.iter().take(slot).map(|child| child.count).sum::<usize>();
                    let Some(child) = inner.children.get(slot) else { return Err(before) };
                    node = child.node();
                }
            }
        }
    }
}

impl<K, V> Leaf<K, V> {
    pub fn entry(&self, index: usize) -> Option<(&K, &V)> {
        Some((self.keys.get(index)?, self.values.get(index)?))
    }

    pub fn search<Q>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        search(&self.keys, key)
    }

    pub fn put(&mut self, index: usize, key: K, value: V) {
        slots::insert(&mut self.keys, index, key);
        slots::insert(&mut self.values, index, value);
    }

    pub fn take(&mut self, index: usize) -> Option<(K, V)> {
        Some((slots::remove(&mut self.keys, index)?, slots::remove(&mut self.values, index)?))
    }

    pub fn split_off(&mut self, at: usize) -> Self {
        Self { keys: slots::split_off(&mut self.keys, at), values: slots::split_off(&mut self.values, at) }
    }

    pub fn append(&mut self, right: Self) {
        slots::append(&mut self.keys, right.keys);
        slots::append(&mut self.values, right.values);
    }
}

impl<K: Clone, V> Leaf<K, V> {
    /// This leaf as a right neighbour; `None` if it is empty.
    pub fn into_sibling<M: Default>(self) -> Option<Sibling<K, V, M>> {
        let low = self.keys.first()?.clone();
        Some((low, Subtree::new(Node::Leaf(self))))
    }
}

impl<K, V, M> Inner<K, V, M> {
    /// The slot of the child below which a key belongs.
    pub fn route<Q>(&self, key: &Q) -> usize
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        search(&self.separators, key).map_or_else(|slot| slot, |slot| slot + 1)
    }

    /// The slot of the child that holds the entry at `index`, and the entry's position in that child.
    pub fn seek(&self, index: usize) -> Option<(usize, usize)> {
        let mut rest = index;
        for (slot, child) in self.children.iter().enumerate() {
            if rest < child.count {
                return Some((slot, rest));
            }
            rest -= child.count;
        }
        None
    }

    /// Puts a subtree before the child at `slot`, which must not be 0: the first child has no separator.
    pub fn put(&mut self, slot: usize, (low, child): Sibling<K, V, M>) {
        slots::insert(&mut self.separators, slot.saturating_sub(1), low);
        slots::insert(&mut self.children, slot, child);
    }

    /// Takes the child at `slot` out, which must not be 0.
    pub fn take(&mut self, slot: usize) -> Option<Sibling<K, V, M>> {
        let low = slots::remove(&mut self.separators, slot.checked_sub(1)?)?;
        Some((low, slots::remove(&mut self.children, slot)?))
    }

    /// Takes the children from `at` on, and the separator before them; `at` must not be 0.
    pub fn split_off(&mut self, at: usize) -> Option<(K, Self)> {
        let separators = slots::split_off(&mut self.separators, at);
        let low = self.separators.pop()?;
        Some((low, Self { separators, children: slots::split_off(&mut self.children, at) }))
    }

    pub fn append(&mut self, low: K, right: Self) {
        slots::insert(&mut self.separators, usize::MAX, low);
        slots::append(&mut self.separators, right.separators);
        slots::append(&mut self.children, right.children);
    }
}

/// What `Arc::make_mut` does to a node that a snapshot shares.
impl<K: Clone, V: Clone, M: Default> Clone for Block<K, V, M> {
    fn clone(&self) -> Self {
        Self { node: self.node.clone(), memo: M::default() }
    }
}

impl<K: Clone, V: Clone, M> Clone for Node<K, V, M> {
    fn clone(&self) -> Self {
        match self {
            Self::Leaf(Leaf { keys, values }) => {
                Self::Leaf(Leaf { keys: slots::copy(keys), values: slots::copy(values) })
            }
            Self::Inner(Inner { separators, children }) => {
                Self::Inner(Inner { separators: slots::copy(separators), children: slots::copy(children) })
            }
        }
    }
}

/// How many keys [`search`] passes over at once.
const STRIDE: usize = MAX / 8;

/// The index of a key among ascending keys, or as an error the one it would take.
///
/// Strides first and then single steps, not halves: comparisons that mostly come out the same way are predicted well, so
/// that the processor reads several keys from memory at once. The standard library's binary search makes fewer
/// comparisons, but waits for each key before it knows the next: `get` was measured to take half as long again with it.
fn search<K, Q>(keys: &[K], key: &Q) -> Result<usize, usize>
where
    K: Borrow<Q>,
    Q: Ord + ?Sized,
{
    let mut index = 0;
    for stride in keys.chunks_exact(STRIDE) {
        if stride.last().is_none_or(|last| last.borrow() >= key) {
            break;
        }
        index += STRIDE;
    }
    for known in keys.iter().skip(index) {
        match known.borrow().cmp(key) {
            Ordering::Less => index += 1,
            Ordering::Equal => return Ok(index),
            Ordering::Greater => break,
        }
    }
    Err(index)
}
