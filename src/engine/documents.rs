//! The documents of one moment, in the order of the store's keys.
//!
//! ```text
//!   by key       Key -> Stored              what reads by key use; by code unit, it is the store's order, too
//!   arranged     OrderKey -> Key            only in a store with a collation: the same keys in its order
//!
//!   order bytes of a key    by code unit: the key's own        by a language: sort key 00 the key's own
//! ```
//!
//! Positions, ranges and pages are those of the store's order, whichever that is. [`Documents::order_of`] alone knows
//! what orders a key.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::snapshot::Stored;
use crate::collator::{Collation, Collator};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::range::{Arrangement, KeyRange, Page, Plan, Query};
use crate::tree::Tree;

/// Cloning is O(1) and a clone never changes.
#[derive(Clone, Default)]
pub(super) struct Documents {
    by_key: Tree<Key, Stored>,
    arranged: Option<Arranged>,
}

/// Keys in a language's order.
#[derive(Clone)]
struct Arranged {
    collator: Arc<Collator>,
    keys: Tree<OrderKey, Key>,
}

/// What orders a key in the order of a language.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct OrderKey(Arc<[u8]>);

impl Documents {
    /// O(n log n) where the order is a language's.
    pub fn new(by_key: Tree<Key, Stored>, collation: &Collation) -> Self {
        let arranged = match collation {
            Collation::CodeUnit => None,
            Collation::Locale(collator) => Some(Arranged::new(Arc::clone(collator), &by_key)),
        };
        Self { by_key, arranged }
    }

    /// The documents by code unit of their keys.
    pub fn by_key(&self) -> &Tree<Key, Stored> {
        &self.by_key
    }

    pub fn get(&self, key: &Key) -> Option<&Stored> {
        self.by_key.get(key)
    }

    /// About the bytes that keys and trees take, without the texts. O(log n).
    pub fn bytes(&self) -> usize {
        let arranged = self.arranged.as_ref().map_or(0, |arranged| arranged.keys.bytes(|order, _| order.0.len()));
        self.by_key.bytes(|key, _| key.heap_bytes()) + arranged
    }

    /// Sets a key's document and gives out what it replaces.
    pub fn insert(&mut self, key: Key, stored: Stored) -> Option<Stored> {
        let Some(arranged) = &mut self.arranged else { return self.by_key.insert(key, stored) };
        let previous = self.by_key.insert(key.clone(), stored);
        if previous.is_none() {
            arranged.keys.insert(arranged.order_key(&key), key);
        }
        previous
    }

    /// Takes a key's document out.
    pub fn remove(&mut self, key: &Key) -> Option<(Key, Stored)> {
        let removed = self.by_key.remove(key)?;
        if let Some(arranged) = &mut self.arranged {
            arranged.keys.remove(&arranged.order_key(key));
        }
        Some(removed)
    }

    /// The bytes by which a key stands in the store's order. `key` is any string, in [CESU-8](crate::key::code_unit).
    pub fn order_of<'a>(&self, key: &'a [u8]) -> Cow<'a, [u8]> {
        match &self.arranged {
            None => Cow::Borrowed(key),
            Some(arranged) => Cow::Owned(arranged.order_of(key)),
        }
    }

    /// How to read a page. A query names keys in CESU-8, the plan has order bytes.
    ///
    /// # Errors
    ///
    /// An assertion where the cursor is damaged, or belongs to another query; and for a prefix in the order of a language,
    /// in which the keys that start with it do not stand together.
    pub fn plan(&self, query: Query) -> Result<Plan<'_>> {
        match &self.arranged {
            None => query.of_keys(),
            Some(arranged) => query.of_arranged_keys(arranged),
        }
    }

    /// The page of a plan made here. O(log n) a range.
    pub fn page(&self, plan: &Plan<'_>) -> Page {
        match &self.arranged {
            None => plan.page(&self.by_key),
            Some(arranged) => plan.page(&arranged.keys),
        }
    }

    /// The documents of a page, in the order of its query.
    pub fn entries<'a>(&'a self, page: &'a Page) -> impl Iterator<Item = (&'a Key, &'a Stored)> {
        page.parts.iter().flat_map(|part| directed(self.at(part.clone()), page.descending))
    }

    /// The order of the keys.
    pub fn collation(&self) -> Collation {
        self.arranged.as_ref().map_or(Collation::CodeUnit, |arranged| Collation::Locale(Arc::clone(&arranged.collator)))
    }

    /// What orders the keys, where it is a language.
    pub fn arrangement(&self) -> Option<&dyn Arrangement> {
        self.arranged.as_ref().map(|arranged| arranged as &dyn Arrangement)
    }

    /// The positions of a range of order bytes. O(log n).
    pub fn positions(&self, range: &KeyRange) -> Range<usize> {
        match &self.arranged {
            None => range.positions(&self.by_key),
            Some(arranged) => range.positions(&arranged.keys),
        }
    }

    /// The order bytes of the key at a position. O(log n).
    pub fn order_at(&self, position: usize) -> Option<&[u8]> {
        match &self.arranged {
            None => self.by_key.select(position).map(|(key, _)| key.as_bytes()),
            Some(arranged) => arranged.keys.select(position).map(|(order, _)| &*order.0),
        }
    }

    /// The documents at positions, from either end.
    pub fn at(&self, positions: Range<usize>) -> impl DoubleEndedIterator<Item = (&Key, &Stored)> + use<'_> {
        let (plain, arranged) = match &self.arranged {
            None => (positions, None),
            Some(arranged) => (0..0, Some(arranged.keys.range(positions))),
        };
        let looked_up = arranged.into_iter().flatten().filter_map(|(_, key)| self.by_key.get_key_value(key));
        self.by_key.range(plain).chain(looked_up)
    }
}

impl Arranged {
    fn new(collator: Arc<Collator>, by_key: &Tree<Key, Stored>) -> Self {
        let mut arranged = Self { collator, keys: Tree::new() };
        let mut keys: Vec<_> = by_key.iter().map(|(key, _)| (arranged.order_key(key), key.clone())).collect();
        keys.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        // Different keys have different order bytes, so they are strictly sorted.
        arranged.keys = Tree::from_sorted(keys).unwrap_or_default();
        arranged
    }

    fn order_of(&self, key: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(2 * key.len() + 16);
        self.collator.append_sort_key(key, &mut bytes);
        bytes.push(0);
        bytes.extend_from_slice(key);
        bytes
    }

    fn order_key(&self, key: &Key) -> OrderKey {
        OrderKey(self.order_of(key.as_bytes()).into())
    }
}

/// What iterates from either end, in one direction.
pub(super) fn directed<T>(mut items: impl DoubleEndedIterator<Item = T>, descending: bool) -> impl Iterator<Item = T> {
    std::iter::from_fn(move || if descending { items.next_back() } else { items.next() })
}

impl Arrangement for Arranged {
    fn text(&self) -> &str {
        self.collator.text()
    }

    fn place(&self, name: &[u8]) -> Result<Vec<u8>> {
        Ok(self.order_of(name))
    }

    fn place_prefix(&self, _: &[u8]) -> Result<Vec<u8>> {
        Err(Error::assertion(
            "in a store with a collation, keys with one prefix do not stand together: use startKey and endKey",
        ))
    }

    fn name(&self, key: &[u8]) -> Vec<u8> {
        // No sort key holds a zero byte.
        let end = key.iter().position(|byte| *byte == 0);
        end.and_then(|end| key.get(end + 1..)).unwrap_or_default().to_vec()
    }
}

impl Borrow<[u8]> for OrderKey {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Documents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Documents").field("len", &self.by_key.len()).finish_non_exhaustive()
    }
}
