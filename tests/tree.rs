//! The tree at the node size that users get (unit tests use small nodes) beside `BTreeMap`.

use std::collections::BTreeMap;

use kixx_datastore::tree::Tree;

#[test]
fn full_sized_nodes_give_what_btreemap_gives() {
    let mut state = 7_u64;
    let mut below = |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let (mut tree, mut model) = (Tree::new(), BTreeMap::new());
    let mut snapshots = Vec::new();
    for round in 0..120_000 {
        let key = below(30_000);
        // Grows for two thirds of the time, then shrinks.
        if below(10) < if round < 80_000 { 7 } else { 1 } {
            assert_eq!(tree.insert(key, round), model.insert(key, round));
        } else {
            assert_eq!(tree.remove(&key), model.remove_entry(&key));
        }
        assert_eq!(tree.get(&key), model.get(&key));
        if round % 10_000 == 0 {
            snapshots.push((tree.snapshot(), model.clone()));
        }
    }
    snapshots.push((tree, model));
    for (tree, model) in &snapshots {
        assert_eq!(tree.len(), model.len());
        assert!(tree.iter().eq(model.iter()));
        assert!(tree.iter().rev().eq(model.iter().rev()));
        for (index, entry) in model.iter().enumerate() {
            assert_eq!(tree.select(index), Some(entry));
            assert_eq!((tree.rank(entry.0), tree.rank_after(entry.0)), (index, index + 1));
        }
    }
}
