//! The tree beside `std::collections::BTreeMap`: `cargo bench --bench tree`.
//!
//! Keys are like a document's, `Arc<[u8]>` of 12 to 20 bytes, and arrive in random order unless the name says otherwise.

#![expect(clippy::wildcard_imports, reason = "a module here only gives two benchmarks one heading")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::ops::Bound;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use kixx_datastore::tree::Tree;

type Key = Arc<[u8]>;

const SIZES: [usize; 2] = [10_000, 200_000];

/// Lookups per measurement.
const BATCH: usize = 1_000;

fn main() {
    divan::main();
}

/// `count` keys in ascending order, of which neighbours do not lie together in memory.
fn sorted_keys(count: usize) -> Vec<Key> {
    let mut keys: Vec<Key> =
        (0..count).map(|i| Arc::from(format!("customer:{}", i * 7919 % 99_999_989).as_bytes())).collect();
    keys.sort();
    keys
}

fn shuffled<T>(mut items: Vec<T>) -> Vec<T> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for i in (1..items.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(i, usize::try_from(state >> 33).unwrap_or_default() % (i + 1));
    }
    items
}

fn tree_of(keys: &[Key]) -> Tree<Key, usize> {
    let mut tree = Tree::new();
    for (i, key) in keys.iter().enumerate() {
        tree.insert(Arc::clone(key), i);
    }
    tree
}

fn map_of(keys: &[Key]) -> BTreeMap<Key, usize> {
    let mut map = BTreeMap::new();
    for (i, key) in keys.iter().enumerate() {
        map.insert(Arc::clone(key), i);
    }
    map
}

/// Times `look` on a batch of keys after the other, all in random order.
fn each_key<T>(bencher: Bencher, count: usize, look: impl Fn(&Key) -> T) {
    let probes = shuffled(shuffled(sorted_keys(count)));
    let mut batches = probes.chunks_exact(BATCH).cycle();
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        for key in batches.next().unwrap_or_default() {
            black_box(look(key));
        }
    });
}

#[divan::bench_group(sample_count = 20)]
mod insert_random {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn tree(bencher: Bencher, count: usize) {
        let keys = shuffled(sorted_keys(count));
        bencher.counter(ItemsCount::new(count)).bench_local(|| tree_of(&keys));
    }

    #[divan::bench(args = SIZES)]
    fn btreemap(bencher: Bencher, count: usize) {
        let keys = shuffled(sorted_keys(count));
        bencher.counter(ItemsCount::new(count)).bench_local(|| map_of(&keys));
    }
}

#[divan::bench_group(sample_count = 20)]
mod insert_ascending {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn tree(bencher: Bencher, count: usize) {
        let keys = sorted_keys(count);
        bencher.counter(ItemsCount::new(count)).bench_local(|| tree_of(&keys));
    }

    #[divan::bench(args = SIZES)]
    fn btreemap(bencher: Bencher, count: usize) {
        let keys = sorted_keys(count);
        bencher.counter(ItemsCount::new(count)).bench_local(|| map_of(&keys));
    }
}

#[divan::bench_group(sample_count = 20)]
mod bulk_build {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn tree(bencher: Bencher, count: usize) {
        let keys = sorted_keys(count);
        bencher
            .counter(ItemsCount::new(count))
            .bench_local(|| Tree::<_, _>::from_sorted(keys.iter().cloned().zip(0..)));
    }

    #[divan::bench(args = SIZES)]
    fn btreemap(bencher: Bencher, count: usize) {
        let keys = sorted_keys(count);
        bencher
            .counter(ItemsCount::new(count))
            .bench_local(|| keys.iter().cloned().zip(0..).collect::<BTreeMap<_, usize>>());
    }
}

#[divan::bench_group(sample_count = 400, sample_size = 1)]
mod get {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn tree(bencher: Bencher, count: usize) {
        let tree = tree_of(&shuffled(sorted_keys(count)));
        each_key(bencher, count, |key| tree.get(key).copied());
    }

    #[divan::bench(args = SIZES)]
    fn btreemap(bencher: Bencher, count: usize) {
        let map = map_of(&shuffled(sorted_keys(count)));
        each_key(bencher, count, |key| map.get(key).copied());
    }
}

#[divan::bench_group(sample_count = 400, sample_size = 1)]
mod range_of_10 {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn tree(bencher: Bencher, count: usize) {
        let tree = tree_of(&shuffled(sorted_keys(count)));
        each_key(bencher, count, |key| {
            let start = tree.rank(key);
            tree.range(start..start + 10).map(|(_, value)| *value).sum::<usize>()
        });
    }

    #[divan::bench(args = SIZES)]
    fn btreemap(bencher: Bencher, count: usize) {
        let map = map_of(&shuffled(sorted_keys(count)));
        each_key(bencher, count, |key| {
            let bounds = (Bound::Included(key), Bound::Unbounded);
            map.range::<Key, _>(bounds).take(10).map(|(_, value)| *value).sum::<usize>()
        });
    }
}

mod select_middle {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn tree(bencher: Bencher, count: usize) {
        let tree = tree_of(&shuffled(sorted_keys(count)));
        bencher.bench(|| tree.select(black_box(count / 2)));
    }

    #[divan::bench(args = SIZES)]
    fn btreemap(bencher: Bencher, count: usize) {
        let map = map_of(&shuffled(sorted_keys(count)));
        bencher.bench(|| map.iter().nth(black_box(count / 2)));
    }
}

mod rank_middle {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn tree(bencher: Bencher, count: usize) {
        let tree = tree_of(&shuffled(sorted_keys(count)));
        let middle = tree.select(count / 2).map(|(key, _)| Arc::clone(key));
        bencher.bench(|| middle.as_ref().map(|key| tree.rank(black_box(key))));
    }

    #[divan::bench(args = SIZES)]
    fn btreemap(bencher: Bencher, count: usize) {
        let map = map_of(&shuffled(sorted_keys(count)));
        let middle = map.keys().nth(count / 2).cloned();
        bencher.bench(|| middle.as_ref().map(|key| map.range::<Key, _>(..black_box(key)).count()));
    }
}

mod snapshot_then_replace {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn tree(bencher: Bencher, count: usize) {
        let keys = shuffled(sorted_keys(count));
        let mut tree = tree_of(&keys);
        let mut next = keys.iter().cycle();
        bencher.bench_local(|| {
            let snapshot = tree.snapshot();
            (next.next().map(|key| tree.insert(Arc::clone(key), 1)), snapshot)
        });
    }

    #[divan::bench(args = SIZES)]
    fn btreemap(bencher: Bencher, count: usize) {
        let keys = shuffled(sorted_keys(count));
        let mut map = map_of(&keys);
        let mut next = keys.iter().cycle();
        bencher.bench_local(|| {
            let snapshot = map.clone();
            (next.next().map(|key| map.insert(Arc::clone(key), 1)), snapshot)
        });
    }
}
