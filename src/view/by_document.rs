//! What each document contributes to a view.
//!
//! A hash table, cut into shards: growing one moves all that is in it, and with a million documents in a single one a
//! change would now and then take tens of milliseconds.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use super::RowKey;
use crate::key::Key;

/// A power of two.
const SHARDS: usize = 64;

/// What one document contributes.
#[derive(Debug)]
pub enum DocumentRows {
    /// Nothing, because its map function threw.
    Skipped,
    /// By far the most usual: it needs no allocation of its own.
    One(RowKey),
    /// Row keys in order of emission, never none.
    Many(Box<[RowKey]>),
}

impl DocumentRows {
    /// `None` for a document without rows, of which nothing is kept.
    pub fn new(mut rows: Vec<RowKey>) -> Option<Self> {
        match rows.len() {
            0 | 1 => rows.pop().map(Self::One),
            _ => Some(Self::Many(rows.into_boxed_slice())),
        }
    }

    pub fn as_slice(&self) -> &[RowKey] {
        match self {
            Self::Skipped => &[],
            Self::One(row) => std::slice::from_ref(row),
            Self::Many(rows) => rows,
        }
    }
}

/// One part of the documents.
type Shard = HashMap<Key, DocumentRows, Seed>;

/// The contributions of all documents that have one.
#[derive(Debug)]
pub struct ByDocument {
    seed: Seed,
    shards: Vec<Shard>,
}

impl ByDocument {
    pub fn put(&mut self, document: Key, rows: DocumentRows) -> Option<DocumentRows> {
        self.shard(&document)?.insert(document, rows)
    }

    pub fn take(&mut self, document: &Key) -> Option<DocumentRows> {
        self.shard(document)?.remove(document)
    }

    /// The bytes of the tables; row keys are the tree's, and a list of several is so seldom that it is not counted.
    pub fn bytes(&self) -> usize {
        let slot = size_of::<(Key, DocumentRows)>() + 1;
        self.shards.iter().map(|shard| shard.capacity() * slot).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.shards.iter().all(HashMap::is_empty)
    }

    fn shard(&mut self, document: &Key) -> Option<&mut Shard> {
        // Other bits than the lowest and the highest, by which the shard finds a place.
        let hash = self.seed.hash_one(document);
        self.shards.get_mut((hash >> 32) as usize % SHARDS)
    }
}

impl Default for ByDocument {
    fn default() -> Self {
        let seed = Seed(RandomState::new().hash_one(0));
        Self { seed, shards: (0..SHARDS).map(|_| Shard::with_hasher(seed)).collect() }
    }
}

/// Makes hashers that nobody outside of this process can foresee.
#[derive(Clone, Copy, Debug)]
struct Seed(u64);

impl BuildHasher for Seed {
    type Hasher = Folding;

    fn build_hasher(&self) -> Folding {
        Folding(self.0)
    }
}

/// Eight bytes at a time by one wide multiplication: a fifth of what the standard library's hasher takes for a key.
#[derive(Debug)]
struct Folding(u64);

/// Odd numbers without a pattern: the golden ratio's, and one of `MurmurHash3`'s.
const FACTORS: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xFF51_AFD7_ED55_8CCD];

/// Both halves of a product, of which the upper one hangs on all bits.
#[expect(clippy::cast_possible_truncation, reason = "the two halves of a product")]
fn folded(word: u64, factor: u64) -> u64 {
    let product = u128::from(word) * u128::from(factor);
    product as u64 ^ (product >> 64) as u64
}

impl Hasher for Folding {
    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in words.by_ref() {
            self.write_u64(word.try_into().map_or(0, u64::from_le_bytes));
        }
        let rest = words.remainder();
        if !rest.is_empty() {
            self.write_u64(rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
        }
    }

    fn write_u64(&mut self, word: u64) {
        let [factor, _] = FACTORS;
        self.0 = folded(self.0.rotate_left(23) ^ word, factor);
    }

    fn write_usize(&mut self, length: usize) {
        self.write_u64(length as u64);
    }

    fn finish(&self) -> u64 {
        let [_, factor] = FACTORS;
        folded(self.0, factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_differ_little_lie_in_shards_and_buckets_evenly() {
        let names: [fn(u32) -> String; 3] =
            [|n| format!("item:{n:06}"), |n| format!("{n}"), |n| format!("user:{}:profile", n * 64)];
        for seed in (0..50).chain([1 << 63, u64::MAX]).map(Seed) {
            for name in names {
                let (mut shards, mut buckets) = ([0_u32; SHARDS], [0_u32; SHARDS]);
                for number in 0..64 * 100 {
                    let hash = seed.hash_one(Key::new(&name(number)).unwrap());
                    shards[usize::try_from((hash >> 32) % SHARDS as u64).unwrap()] += 1;
                    // A shard finds a place by the lowest bits.
                    buckets[usize::try_from(hash % SHARDS as u64).unwrap()] += 1;
                }
                for found in [shards, buckets] {
                    assert!(found.iter().all(|all| (40..200).contains(all)), "{seed:?} {found:?}");
                }
            }
        }
    }
}
