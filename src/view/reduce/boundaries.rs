//! Where groups begin: the positions at which a row's key has another head than the row's before it.
//!
//! ```text
//! level 1     ["a",1] ["a",2] | ["b",1] | ["c",1] ["c",1]         boundaries at 2 and 3: three groups
//! ```
//!
//! Each node remembers how many boundaries lie among its rows, an inner node also where they are among its children. So
//! groups are counted and found by number in O(log n), like positions.

use std::ops::Range;
use std::sync::Arc;

use super::Budget;
use super::partial::Rows;
use crate::range::KeyRange;
use crate::tree::Below;
use crate::view::{RowKey, RowTree};

/// By how much of the key rows are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level(usize);

impl Level {
    /// By the whole key.
    pub const WHOLE: Self = Self(usize::MAX);

    /// By the first so many elements of keys that are arrays, by the whole of others. 0: one group of all rows.
    #[must_use]
    pub fn elements(count: usize) -> Self {
        Self(count)
    }

    /// Whether every row is in the same group.
    #[must_use]
    pub fn is_one_group(self) -> bool {
        self.0 == 0
    }

    /// What tells this level from others.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0 as u64
    }

    /// What the rows of a row's group have in common, encoded.
    pub(super) fn head(self, row: &RowKey) -> &[u8] {
        row.head(self.0)
    }

    /// Whether a group ends before the later of two rows.
    fn parts(self, row: &RowKey, later: &RowKey) -> bool {
        !later.as_bytes().starts_with(self.head(row))
    }
}

/// The boundaries among the rows of a node. The first row begins none: what is before it is not in the node.
#[derive(Debug)]
pub struct Counts {
    within: usize,
    /// For each child of an inner node the boundaries up to and with its first row.
    up_to_child: Box<[usize]>,
}

/// The groups of a tree's rows.
#[derive(Clone, Copy)]
pub struct Boundaries<'a> {
    rows: &'a RowTree,
    level: Level,
}

impl<'a> Boundaries<'a> {
    pub fn new(rows: &'a RowTree, level: Level) -> Self {
        Self { rows, level }
    }

    /// Counts what is not counted yet, as far as the budget goes; whether everything is.
    pub fn fill(self, budget: &mut Budget) -> bool {
        fill(self.rows.branch(), self.level, budget)
    }

    /// How many groups a range of positions has a part of.
    pub fn groups(self, range: &Range<usize>) -> usize {
        if range.is_empty() { 0 } else { self.up_to(range.end - 1) - self.up_to(range.start) + 1 }
    }

    /// How many groups of a range a query has passed that has come to the group with this head, that one included. It need
    /// not be there.
    pub fn passed(self, range: &Range<usize>, head: &[u8], descending: bool) -> usize {
        let group = KeyRange::of_prefix(head.to_vec()).positions(self.rows);
        let inside = |position: usize| position.clamp(range.start, range.end);
        let passed = if descending { inside(group.start)..range.end } else { range.start..inside(group.end) };
        self.groups(&passed)
    }

    /// Where the group of a number begins in a range, counted from 0. The first may have begun before it.
    pub fn start(self, range: &Range<usize>, group: usize) -> usize {
        if group == 0 { range.start } else { self.position(self.up_to(range.start) + group) }
    }

    /// Where the group of the row at a position ends.
    pub fn end(self, position: usize) -> usize {
        let leaf = self.rows.keys_of_leaf(position);
        let Some(row) = leaf.first() else { return position };
        let head = self.level.head(row);
        let near = leaf.partition_point(|row| row.as_bytes().starts_with(head));
        if near < leaf.len() {
            return position + near;
        }
        KeyRange::of_prefix(head.to_vec()).positions(self.rows).end
    }

    /// How many boundaries there are up to and with a position.
    fn up_to(self, position: usize) -> usize {
        let (mut branch, mut position, mut before) = (self.rows.branch(), position, 0);
        loop {
            match branch.below() {
                Below::Entries(keys, _) => {
                    return before + starts(keys, self.level).take_while(|start| *start <= position).count();
                }
                Below::Branches(branches) => {
                    let counts = counts(branch, self.level);
                    let mut found = None;
                    for (child, up_to) in branches.zip(&counts.up_to_child) {
                        if position < child.len() {
                            found = Some((child, up_to));
                            break;
                        }
                        position -= child.len();
                    }
                    let Some((child, up_to)) = found else { return before + counts.within };
                    before += up_to;
                    branch = child;
                }
            }
        }
    }

    /// The position of a boundary, counted from 1; behind the last one the end of the rows.
    fn position(self, boundary: usize) -> usize {
        let (mut branch, mut boundary, mut before) = (self.rows.branch(), boundary, 0);
        loop {
            match branch.below() {
                Below::Entries(keys, _) => {
                    let found = boundary.checked_sub(1).and_then(|index| starts(keys, self.level).nth(index));
                    return found.map_or_else(|| self.rows.len(), |start| before + start);
                }
                Below::Branches(branches) => {
                    let above = counts(branch, self.level);
                    // The last child that begins before the boundary: it is in there, or the next child begins with it.
                    let next = above.up_to_child.partition_point(|up_to| *up_to < boundary);
                    let Some(slot) = next.checked_sub(1) else { return before };
                    let mut found = None;
                    for (index, (child, up_to)) in branches.zip(&above.up_to_child).enumerate() {
                        if index == slot {
                            found = Some((child, up_to));
                            break;
                        }
                        before += child.len();
                    }
                    let Some((child, up_to)) = found else { return self.rows.len() };
                    boundary -= up_to;
                    if boundary > counts(child, self.level).within {
                        return before + child.len();
                    }
                    branch = child;
                }
            }
        }
    }
}

/// The boundaries of a leaf, as positions in it.
fn starts(keys: &[RowKey], level: Level) -> impl Iterator<Item = usize> {
    let pairs = keys.iter().zip(keys.iter().skip(1)).zip(1..);
    pairs.filter(move |((row, later), _)| level.parts(row, later)).map(|(_, start)| start)
}

/// The boundaries of a node. O(1) where they are remembered.
fn counts(rows: Rows<'_>, level: Level) -> Arc<Counts> {
    if let Some(known) = rows.memo().counts(level) {
        return known;
    }
    let made = Arc::new(match rows.below() {
        Below::Entries(keys, _) => Counts { within: starts(keys, level).count(), up_to_child: Box::default() },
        Below::Branches(branches) => {
            let (mut within, mut last) = (0, None);
            let up_to_child = branches.map(|child| {
                let edge = |index| child.select(index).map(|(row, _)| row);
                if let (Some(last), Some(first)) = (last, edge(0)) {
                    within += usize::from(level.parts(last, first));
                }
                last = child.len().checked_sub(1).and_then(edge);
                let up_to = within;
                within += counts(child, level).within;
                up_to
            });
            let up_to_child = up_to_child.collect();
            Counts { within, up_to_child }
        }
    });
    rows.memo().keep_counts(level, Arc::clone(&made));
    made
}

fn fill(rows: Rows<'_>, level: Level, budget: &mut Budget) -> bool {
    if rows.memo().counts(level).is_some() {
        return true;
    }
    if let Below::Branches(mut branches) = rows.below()
        && !branches.all(|branch| fill(branch, level, budget))
    {
        return false;
    }
    if budget.is_spent() {
        return false;
    }
    counts(rows, level);
    budget.spend(rows.len().min(64));
    true
}
