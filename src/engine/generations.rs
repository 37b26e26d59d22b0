//! Whether a document may have changed: a counter for each bucket of keys, so that a reader who kept a document can tell
//! by one comparison that it is still the one stored.
//!
//! A counter is raised while memory is changed, under the lock of that change: who reads the counter first and then the
//! document never has an old document under a new count, and who saw a new document finds the count raised. Two keys may
//! share a bucket; that costs a reader a look, never a truth.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::key::Key;

/// A power of two. Four bytes each; 1,000 writes a second raise each of them every minute or so.
const BUCKETS: usize = 1 << 16;

/// The counters of one store.
pub struct Generations {
    buckets: Box<[AtomicU32]>,
}

impl Generations {
    pub(super) fn new() -> Self {
        Self { buckets: (0..BUCKETS).map(|_| AtomicU32::new(0)).collect() }
    }

    /// The bucket of a key, by its [bytes](Key::as_bytes).
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a part of a hash is wanted")]
    pub fn bucket(key: &[u8]) -> u32 {
        // FNV-1a, folded: its high bits are the better ones.
        let hash = key
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        ((hash ^ (hash >> 32)) as u32) & (BUCKETS as u32 - 1)
    }

    /// How often a key of the bucket may have changed. 0 for a bucket that does not exist.
    #[must_use]
    pub fn of(&self, bucket: u32) -> u32 {
        self.buckets.get(bucket as usize).map_or(0, |counter| counter.load(Ordering::Acquire))
    }

    /// A key's document is another one now.
    pub(super) fn raise(&self, key: &Key) {
        if let Some(counter) = self.buckets.get(Self::bucket(key.as_bytes()) as usize) {
            counter.fetch_add(1, Ordering::Release);
        }
    }
}

impl fmt::Debug for Generations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generations").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raising_a_key_tells_in_its_bucket_alone() {
        let generations = Generations::new();
        let (a, b) = (Key::new("a").unwrap(), Key::new("b").unwrap());
        let [of_a, of_b] = [&a, &b].map(|key| Generations::bucket(key.as_bytes()));
        generations.raise(&a);
        assert_eq!((generations.of(of_a), generations.of(of_b)), (1, 0));
        assert_eq!(generations.of(u32::MAX), 0);
    }

    #[test]
    fn keys_that_count_up_are_spread_over_the_buckets() {
        let buckets: std::collections::HashSet<u32> =
            (0..5_000).map(|n| Generations::bucket(format!("item:{n:06}").as_bytes())).collect();
        assert!(buckets.len() > 4_500, "{}", buckets.len());
    }
}
