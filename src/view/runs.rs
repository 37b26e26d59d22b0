//! Many rows on their way into a tree that has none: sorted a run at a time, and in the end merged.
//!
//! Putting rows in one by one reads a path of the tree for each, which is rarely in the processor's cache. Both halves
//! of the work here can be done bit by bit.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::{mem, vec};

use super::RowKey;
use super::reduce::Memo;
use super::rows::{RowTree, RowValue};
use crate::tree::Builder;

/// Rows of a run: sorting one takes about a millisecond.
const RUN: usize = if cfg!(test) { 8 } else { 8_192 };

/// A row with the first bytes of its key as a number, which mostly decide.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    head: u64,
    key: RowKey,
    value: RowValue,
}

impl Row {
    fn new(key: RowKey, value: RowValue) -> Self {
        let bytes = key.as_bytes();
        let head = match bytes.first_chunk() {
            Some(head) => u64::from_be_bytes(*head),
            // No row key is that short, but a wrong order would be worse than a slow one.
            None => bytes.iter().chain([0; 8].iter()).take(8).fold(0, |head, byte| head << 8 | u64::from(*byte)),
        };
        Self { head, key, value }
    }
}

impl Ord for Row {
    fn cmp(&self, other: &Self) -> Ordering {
        self.head.cmp(&other.head).then_with(|| self.key.cmp(&other.key))
    }
}

impl PartialOrd for Row {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The rows that are not in the tree yet.
#[derive(Default)]
pub struct Runs {
    open: Vec<Row>,
    sorted: Vec<vec::IntoIter<Row>>,
    len: usize,
}

impl Runs {
    /// Adds a row that is not there yet.
    pub fn push(&mut self, key: RowKey, value: RowValue) {
        self.open.push(Row::new(key, value));
        self.len += 1;
        if self.open.len() == RUN {
            self.close_run();
        }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// All rows in their order, to be taken one by one.
    pub fn merge(mut self) -> Merge {
        self.close_run();
        let mut runs = self.sorted;
        let fronts = runs.iter_mut().enumerate().filter_map(|(run, rows)| Some(Front { row: rows.next()?, run }));
        Merge { fronts: fronts.collect(), runs, builder: Builder::new(), len: self.len }
    }

    fn close_run(&mut self) {
        let mut rows = mem::take(&mut self.open);
        rows.sort_unstable();
        self.sorted.push(rows.into_iter());
    }
}

/// The next row of a run; the lowest one is the greatest, because a heap gives out the greatest.
struct Front {
    row: Row,
    run: usize,
}

impl Ord for Front {
    fn cmp(&self, other: &Self) -> Ordering {
        other.row.cmp(&self.row)
    }
}

impl PartialOrd for Front {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Front {
    fn eq(&self, other: &Self) -> bool {
        self.row == other.row
    }
}

impl Eq for Front {}

/// Runs becoming one tree.
pub struct Merge {
    fronts: BinaryHeap<Front>,
    runs: Vec<vec::IntoIter<Row>>,
    builder: Builder<RowKey, RowValue, Memo>,
    len: usize,
}

impl Merge {
    /// Puts at most `most` rows in their places; tells whether none are left.
    pub fn step(&mut self, most: usize) -> bool {
        for _ in 0..most {
            let Some(mut front) = self.fronts.peek_mut() else { return true };
            let next = self.runs.get_mut(front.run).and_then(Iterator::next);
            let row = match next {
                Some(next) => mem::replace(&mut front.row, next),
                None => PeekMut::pop(front).row,
            };
            let pushed = self.builder.push(row.key, row.value);
            debug_assert!(pushed.is_ok(), "a row was there twice");
        }
        self.fronts.is_empty()
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn finish(mut self) -> RowTree {
        self.step(usize::MAX);
        self.builder.finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::key::Key;

    proptest! {
        #[test]
        fn merged_in_any_steps_the_rows_are_the_sorted_ones(
            keys in prop::collection::hash_set(prop::collection::vec(any::<u8>(), 0..12), 0..100), step in 1..40_usize
        ) {
            let document = Key::new("a").unwrap();
            let mut runs = Runs::default();
            for key in keys.clone() {
                runs.push(RowKey::new(key, &document, 0), None);
            }
            prop_assert_eq!(runs.len(), keys.len());
            let mut merge = runs.merge();
            while !merge.step(step) {}
            let found: Vec<_> = merge.finish().iter().map(|(key, _)| key.clone()).collect();
            let mut expected: Vec<_> = keys.into_iter().map(|key| RowKey::new(key, &document, 0)).collect();
            expected.sort();
            prop_assert_eq!(found, expected);
        }
    }
}
