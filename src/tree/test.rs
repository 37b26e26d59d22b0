//! The tree against `BTreeMap`, its invariants, and what it copies, keeps and frees.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use proptest::prelude::*;

use super::node::{MAX, MIN, Node, Subtree};
use super::slots::STEP;
use super::{NotSorted, Tree};

impl<K: Ord, V, M> Tree<K, V, M> {
    /// Panics unless the invariants in the module's documentation hold.
    fn check_invariants(&self) {
        self.root.check(true, true, None, None);
    }

    fn nodes(&self) -> Vec<&Node<K, V, M>> {
        let mut nodes = vec![self.root.node()];
        let mut next = 0;
        while let Some(node) = nodes.get(next).copied() {
            if let Node::Inner(inner) = node {
                nodes.extend(inner.children.iter().map(Subtree::node));
            }
            next += 1;
        }
        nodes
    }
}

impl<K: Ord, V, M> Subtree<K, V, M> {
    /// Checks everything below that has keys in `low..high`; gives back the depth.
    fn check(&self, root: bool, edge: bool, low: Option<&K>, high: Option<&K>) -> usize {
        let (least, tight): (usize, fn(usize, usize) -> bool) = (MIN, |len, capacity| capacity - len <= 2 * STEP);
        match self.node() {
            Node::Leaf(leaf) => {
                assert_eq!(self.count(), leaf.keys.len());
                assert_eq!(leaf.keys.len(), leaf.values.len());
                assert!(leaf.keys.len() <= MAX);
                assert!(
                    leaf.keys.len()
                        >= if root {
                            0
                        } else if edge {
                            1
                        } else {
                            least
                        }
                );
                assert!(leaf.keys.is_sorted_by(|a, b| a < b));
                assert!(leaf.keys.iter().all(|key| low.is_none_or(|low| low <= key)));
                assert!(leaf.keys.iter().all(|key| high.is_none_or(|high| key < high)));
                assert!(tight(leaf.keys.len(), leaf.keys.capacity()));
                assert!(tight(leaf.values.len(), leaf.values.capacity()));
                0
            }
            Node::Inner(inner) => {
                assert_eq!(self.count(), inner.children.iter().map(Subtree::count).sum::<usize>());
                assert_eq!(inner.children.len(), inner.separators.len() + 1);
                assert!(inner.children.len() <= MAX);
                assert!(inner.children.len() >= if root || edge { 2 } else { least });
                assert!(tight(inner.children.len(), inner.children.capacity()));
                let mut depths = inner.children.iter().enumerate().map(|(slot, child)| {
                    let low = slot.checked_sub(1).map_or(low, |before| inner.separators.get(before));
                    let high = inner.separators.get(slot).or(high);
                    child.check(false, edge && slot == inner.separators.len(), low, high)
                });
                let depth = depths.next().unwrap();
                assert!(depths.all(|other| other == depth), "leaves are not equally deep");
                depth + 1
            }
        }
    }
}

/// Small, good numbers; the same from run to run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

fn pairs(entries: Range<usize>) -> impl Iterator<Item = (usize, usize)> {
    entries.map(|i| (i, i * 10))
}

fn grown(keys: impl IntoIterator<Item = usize>) -> Tree<usize, usize> {
    let mut tree = Tree::new();
    for key in keys {
        assert_eq!(tree.insert(key, key * 10), None);
    }
    tree.check_invariants();
    tree
}

#[derive(Clone, Debug)]
enum Step {
    Insert(u16, u16),
    InsertRun(u16, u16),
    Remove(u16),
    RemoveRun(u16, u16),
    Look(u16),
    Range(usize, usize, u64),
    Snapshot,
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0..400_u16;
    prop_oneof![
        6 => (key(), any::<u16>()).prop_map(|(key, value)| Step::Insert(key, value)),
        1 => (key(), 1..60_u16).prop_map(|(key, count)| Step::InsertRun(key, count)),
        4 => key().prop_map(Step::Remove),
        1 => (key(), 1..60_u16).prop_map(|(key, count)| Step::RemoveRun(key, count)),
        3 => key().prop_map(Step::Look),
        2 => (0..450_usize, 0..450_usize, any::<u64>()).prop_map(|(a, b, turns)| Step::Range(a, b, turns)),
        1 => Just(Step::Snapshot),
    ]
}

type Model = BTreeMap<u16, u16>;

fn assert_same(tree: &Tree<u16, u16>, model: &Model) {
    assert_eq!(tree.len(), model.len());
    assert_eq!(tree.is_empty(), model.is_empty());
    assert!(tree.iter().eq(model.iter()));
    assert!(tree.iter().rev().eq(model.iter().rev()));
}

fn assert_same_at(tree: &Tree<u16, u16>, model: &Model, key: u16) {
    assert_eq!(tree.get(&key), model.get(&key));
    assert_eq!(tree.get_key_value(&key), model.get_key_value(&key));
    assert_eq!(tree.rank(&key), model.range(..key).count());
    assert_eq!(tree.rank_after(&key), model.range(..=key).count());
    let index = usize::from(key);
    assert_eq!(tree.select(index), model.iter().nth(index));
}

/// Compares the range step by step, each bit of `turns` choosing an end.
fn assert_same_range(tree: &Tree<u16, u16>, model: &Model, positions: Range<usize>, turns: u64) {
    let end = positions.end.min(model.len());
    let expected: Vec<_> = model.iter().collect();
    let expected = expected.get(positions.start.min(end)..end).unwrap_or_default();
    assert!(tree.range(positions.clone()).eq(expected.iter().copied()));
    assert!(tree.range(positions.clone()).rev().eq(expected.iter().rev().copied()));

    let (mut expected, mut found) = (expected.iter().copied(), tree.range(positions));
    for turn in 0.. {
        assert_eq!(found.len(), expected.len());
        let (found, expected) = if turns.rotate_right(turn) & 1 == 0 {
            (found.next(), expected.next())
        } else {
            (found.next_back(), expected.next_back())
        };
        assert_eq!(found, expected);
        if found.is_none() {
            break;
        }
    }
    assert_eq!((found.next(), found.next_back()), (None, None));
}

fn apply(tree: &mut Tree<u16, u16>, model: &mut Model, step: &Step) {
    match *step {
        Step::Insert(key, value) => assert_eq!(tree.insert(key, value), model.insert(key, value)),
        Step::InsertRun(first, count) => {
            for key in first..first + count {
                assert_eq!(tree.insert(key, count), model.insert(key, count));
            }
        }
        Step::Remove(key) => assert_eq!(tree.remove(&key), model.remove_entry(&key)),
        Step::RemoveRun(first, count) => {
            for key in first..first + count {
                assert_eq!(tree.remove(&key), model.remove_entry(&key));
            }
        }
        Step::Look(key) => assert_same_at(tree, model, key),
        Step::Range(start, end, turns) => assert_same_range(tree, model, start..end, turns),
        Step::Snapshot => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_steps_give_what_btreemap_gives_and_leave_snapshots_alone(steps in prop::collection::vec(step(), 1..200)) {
        let (mut tree, mut model) = (Tree::new(), Model::new());
        let mut snapshots = Vec::new();
        for step in &steps {
            apply(&mut tree, &mut model, step);
            tree.check_invariants();
            if matches!(step, Step::Snapshot) {
                snapshots.push((tree.snapshot(), model.clone()));
            }
        }
        assert_same(&tree, &model);
        for (snapshot, model) in &snapshots {
            snapshot.check_invariants();
            assert_same(snapshot, model);
        }
    }

    #[test]
    fn a_bulk_build_holds_what_it_was_given_and_can_be_changed(count in 0..1_500_usize, seed in any::<u64>()) {
        let mut tree: Tree<_, _> = Tree::from_sorted(pairs(0..count)).unwrap();
        tree.check_invariants();
        prop_assert!(tree.iter().map(|(key, value)| (*key, *value)).eq(pairs(0..count)));
        let mut numbers = Numbers(seed);
        for _ in 0..count {
            let key = numbers.below(count);
            let known = tree.get(&key).is_some();
            prop_assert_eq!(tree.remove(&key).is_some(), known);
        }
        tree.check_invariants();
    }
}

#[test]
fn a_hundred_thousand_random_steps_give_what_btreemap_gives() {
    let mut numbers = Numbers(42);
    let (mut tree, mut model) = (Tree::new(), Model::new());
    let mut snapshots = Vec::new();
    for round in 0..100_000 {
        let key = u16::try_from(numbers.below(20_000)).unwrap();
        // Grows for three quarters of a period and shrinks in the last.
        if numbers.below(10) < if round / 10_000 % 4 == 3 { 1 } else { 7 } {
            assert_eq!(tree.insert(key, key ^ 0xff), model.insert(key, key ^ 0xff));
        } else {
            assert_eq!(tree.remove(&key), model.remove_entry(&key));
        }
        if round % 5_000 == 0 {
            tree.check_invariants();
            assert_same_at(&tree, &model, key);
            snapshots.push((tree.snapshot(), model.clone()));
        }
    }
    tree.check_invariants();
    assert_same(&tree, &model);
    for (snapshot, model) in &snapshots {
        assert_same(snapshot, model);
    }
}

#[test]
fn ascending_insertion_leaves_full_leaves() {
    let tree = grown(0..5_000);
    let leaves = tree.nodes().iter().filter(|node| matches!(node, Node::Leaf(_))).count();
    assert_eq!(leaves, 5_000_usize.div_ceil(MAX));
    assert!(tree.iter().map(|(key, _)| *key).eq(0..5_000));
}

#[test]
fn descending_insertion_keeps_order_and_fill() {
    let tree = grown((0..5_000).rev());
    assert!(tree.iter().map(|(key, _)| *key).eq(0..5_000));
}

#[test]
fn bulk_build_and_every_length_around_a_full_level_hold() {
    for count in (0..3 * MAX).chain(MAX * MAX - 2..MAX * MAX + 3).chain(MAX.pow(3) - 2..MAX.pow(3) + MAX + 3) {
        let tree: Tree<_, _> = Tree::from_sorted(pairs(0..count)).unwrap();
        tree.check_invariants();
        assert_eq!(tree.len(), count);
        assert!(tree.nodes().iter().all(|node| match node {
            Node::Leaf(leaf) => leaf.keys.len() == leaf.keys.capacity() && leaf.values.len() == leaf.values.capacity(),
            Node::Inner(inner) => inner.children.len() == inner.children.capacity(),
        }));
    }
}

#[test]
fn a_bulk_build_names_the_first_key_out_of_order() {
    for (index, key) in [(1, 0), (MAX, MAX - 1), (MAX, 3), (2 * MAX + 3, 2 * MAX + 2)] {
        let keys = (0..index).chain([key]).map(|key| (key, ()));
        assert_eq!(Tree::<_, _>::from_sorted(keys).err(), Some(NotSorted { index }));
    }
}

#[test]
fn an_emptied_tree_frees_every_key_and_value() {
    for order in [|i| i, |i| 2_999 - i, |i| i * 7 % 3_000] {
        let keys: Vec<Arc<str>> = (0..3_000).map(|i| Arc::from(format!("{i:05}"))).collect();
        let value = Arc::new(());
        let mut tree = Tree::new();
        for key in &keys {
            tree.insert(Arc::clone(key), Arc::clone(&value));
        }
        for i in 0..keys.len() {
            assert!(tree.remove(&*keys[order(i)]).is_some());
            if i % 100 == 0 {
                tree.check_invariants();
            }
        }
        assert!(tree.is_empty());
        assert_eq!(Arc::strong_count(&value), 1);
        assert!(keys.iter().all(|key| Arc::strong_count(key) == 1));
        let Node::Leaf(leaf) = tree.root.node() else { panic!("an empty tree is one leaf") };
        assert_eq!((leaf.keys.capacity(), leaf.values.capacity()), (0, 0));
    }
}

#[test]
fn a_replaced_entry_keeps_the_key_that_was_stored() {
    let (first, second): (Arc<str>, Arc<str>) = (Arc::from("a"), Arc::from("a"));
    let mut tree = Tree::new();
    assert_eq!(tree.insert(Arc::clone(&first), 1), None);
    assert_eq!(tree.insert(second, 2), Some(1));
    let (key, value) = tree.get_key_value("a").unwrap();
    assert!(Arc::ptr_eq(key, &first));
    assert_eq!((*value, tree.len()), (2, 1));
}

/// A value that counts its clones.
struct Counted(Rc<Cell<usize>>);

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.0.set(self.0.get() + 1);
        Self(Rc::clone(&self.0))
    }
}

#[test]
fn a_tree_without_snapshots_copies_nothing() {
    let copies = Rc::new(Cell::new(0));
    let mut tree = Tree::new();
    for key in 0..2_000 {
        tree.insert(key * 7 % 2_000, Counted(Rc::clone(&copies)));
    }
    drop(tree.snapshot());
    for key in 0..2_000 {
        tree.insert(key, Counted(Rc::clone(&copies)));
    }
    for key in 0..2_000 {
        tree.remove(&(key * 11 % 2_000));
    }
    assert_eq!(copies.get(), 0);
}

#[test]
fn a_write_beside_a_snapshot_copies_one_path_once() {
    let copies = Rc::new(Cell::new(0));
    let mut tree = Tree::new();
    for key in 0..2_000 {
        tree.insert(key, Counted(Rc::clone(&copies)));
    }
    let snapshot = tree.snapshot();
    assert!(tree.remove(&5_000).is_none());
    assert!(std::ptr::eq(tree.root.node(), snapshot.root.node()), "an absent key copies nothing");

    tree.insert(700, Counted(Rc::clone(&copies)));
    let after_first = copies.get();
    assert!((1..=MAX).contains(&after_first), "the values of one leaf");
    tree.insert(700, Counted(Rc::clone(&copies)));
    assert_eq!(copies.get(), after_first, "the path is now this tree's own");

    let olds: Vec<*const Node<_, _, _>> = snapshot.nodes().into_iter().map(std::ptr::from_ref).collect();
    let new = tree.nodes().into_iter().filter(|node| !olds.contains(&std::ptr::from_ref(*node))).count();
    assert!((2..=6).contains(&new), "one node per level, but {new} are new");
}

#[test]
fn an_unshared_node_is_changed_in_place() {
    let mut tree: Tree<_, _> = Tree::from_sorted(pairs(0..MAX * MAX)).unwrap();
    let addresses = |tree: &Tree<usize, usize>| tree.nodes().into_iter().map(std::ptr::from_ref).collect::<Vec<_>>();
    let before = addresses(&tree);
    for key in 0..MAX * MAX {
        tree.insert(key, 1);
    }
    tree.remove(&3);
    tree.insert(3, 2);
    assert_eq!(addresses(&tree), before);
}

#[test]
fn a_big_tree_is_dropped_with_and_without_its_snapshot() {
    let value = Arc::new(());
    let mut tree: Tree<_, _> = Tree::from_sorted((0..200_000).map(|key| (key, Arc::clone(&value)))).unwrap();
    let snapshot = tree.snapshot();
    for key in (0..200_000).step_by(1_000) {
        tree.remove(&key);
    }
    drop(tree);
    assert_eq!(snapshot.len(), 200_000);
    assert_eq!(Arc::strong_count(&value), 200_001);
    drop(snapshot);
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn a_tree_can_be_read_in_another_thread() {
    let tree = grown(0..100);
    let snapshot = tree.snapshot();
    let sum = std::thread::spawn(move || snapshot.iter().map(|(key, _)| key).sum::<usize>()).join().unwrap();
    assert_eq!(sum, 4_950);
    assert_eq!(tree.len(), 100);
}
