//! Reducing by a function that is called elsewhere: what it is to be called with, and where its results go.
//!
//! ```text
//!   tasks(budget)            calls that wait for no other call, as many as the budget allows
//!   call the function        rows of a leaf (or of a piece of one), or results of such calls
//!   answer(task, result)     remembered in the node, or kept for the group
//!   ... until there are no tasks: every group has its result
//! ```
//!
//! Stateless but for the results: what is missing is found by looking, so that calls may end anywhere.

use std::ops::Range;
use std::sync::Arc;

use super::partial::{Partial, Rows};
use super::reduction::Group;
use super::{Budget, Reducer};
use crate::tree::{Below, Part};
use crate::view::{RowKey, RowTree, RowValue};

/// Bytes of values that count as much as a row.
const BYTES_OF_A_ROW: usize = 64;

/// One call of the function.
pub struct Task {
    input: What,
    target: Target,
}

enum What {
    Rows(RowTree, Range<usize>),
    Results(Vec<Arc<str>>),
}

enum Target {
    /// The node that is the root of this tree.
    Memo(RowTree),
    /// A piece of a group, by the numbers of both.
    Piece(usize, usize),
    /// The whole of a group, by its number.
    Group(usize),
}

/// What the function is called with.
pub enum Input<'a> {
    /// Rows, of which none were reduced before.
    Rows(Box<dyn Iterator<Item = (&'a RowKey, &'a RowValue)> + 'a>),
    /// Results of earlier calls, as JSON.
    Results(&'a [Arc<str>]),
}

impl Task {
    /// What the function is called with.
    #[must_use]
    pub fn input(&self) -> Input<'_> {
        match &self.input {
            What::Rows(rows, positions) => Input::Rows(Box::new(rows.range(positions.clone()))),
            What::Results(results) => Input::Results(results),
        }
    }
}

/// A piece of a group.
pub enum Piece {
    /// Everything below the node that is the root of this tree, whose memo has the result.
    Node(RowTree),
    /// Some rows of a leaf, and what they came to.
    Rows(Range<usize>, Option<Arc<str>>),
}

impl Piece {
    /// The pieces of ranges, in order.
    pub fn of(rows: &RowTree, ranges: &[Range<usize>]) -> Vec<Self> {
        let mut pieces = Vec::new();
        for range in ranges {
            let mut at = range.start;
            for part in rows.parts(range.clone()) {
                let start = at;
                match part {
                    Part::Whole(branch) => {
                        at += branch.len();
                        pieces.push(Self::Node(branch.to_tree()));
                    }
                    Part::Entries(keys, _) => {
                        at += keys.len();
                        pieces.push(Self::Rows(start..at, None));
                    }
                }
            }
        }
        pieces
    }

    fn result(&self) -> Option<Arc<str>> {
        match self {
            Self::Node(rows) => known(rows.branch()),
            Self::Rows(_, result) => result.clone(),
        }
    }
}

/// The calls to make now, of groups of these rows; none when every group has its value. `from` is the first group that
/// has none.
pub fn tasks(rows: &RowTree, groups: &mut [Group], from: &mut usize, budget: &mut Budget) -> Vec<Task> {
    let mut tasks = Vec::new();
    for (number, group) in groups.iter_mut().enumerate().skip(*from) {
        if budget.is_spent() {
            break;
        }
        if group.value.is_none() {
            group_tasks(rows, number, group, &mut tasks, budget);
        }
        if group.value.is_some() && *from == number {
            *from += 1;
        }
    }
    tasks
}

fn group_tasks(rows: &RowTree, number: usize, group: &mut Group, tasks: &mut Vec<Task>, budget: &mut Budget) {
    let pieces = group.pieces.get_or_insert_with(|| Piece::of(rows, &group.ranges));
    let results: Option<Vec<_>> = pieces.iter().map(Piece::result).collect();
    let Some(results) = results else {
        for (index, piece) in pieces.iter().enumerate() {
            match piece {
                Piece::Node(tree) => node_tasks(tree.branch(), tasks, budget),
                Piece::Rows(_, Some(_)) => {}
                Piece::Rows(positions, None) => {
                    budget.spend(rows.range(positions.clone()).map(|(_, value)| cost(value.as_deref())).sum());
                    let input = What::Rows(rows.clone(), positions.clone());
                    tasks.push(Task { input, target: Target::Piece(number, index) });
                }
            }
            if budget.is_spent() {
                break;
            }
        }
        return;
    };
    match results.as_slice() {
        [] => group.value = Some("null".into()),
        [only] => group.value = Some(Arc::clone(only)),
        _ => {
            budget.spend(results.len());
            tasks.push(Task { input: What::Results(results), target: Target::Group(number) });
            return;
        }
    }
    group.pieces = None;
    budget.spend(1);
}

/// The calls for what is not remembered below a node: leaves, and nodes whose children are all remembered.
fn node_tasks(node: Rows<'_>, tasks: &mut Vec<Task>, budget: &mut Budget) {
    if budget.is_spent() || known(node).is_some() {
        return;
    }
    let input = match node.below() {
        Below::Entries(keys, values) => {
            budget.spend(values.iter().map(|value| cost(value.as_deref())).sum());
            What::Rows(node.to_tree(), 0..keys.len())
        }
        Below::Branches(branches) => {
            let before = tasks.len();
            let mut results = Vec::with_capacity(branches.len());
            for branch in branches {
                match known(branch) {
                    Some(result) => results.push(result),
                    None => node_tasks(branch, tasks, budget),
                }
                if budget.is_spent() {
                    return;
                }
            }
            if tasks.len() > before {
                return;
            }
            budget.spend(results.iter().map(|result| cost(Some(result))).sum());
            What::Results(results)
        }
    };
    tasks.push(Task { input, target: Target::Memo(node.to_tree()) });
}

fn cost(json: Option<&str>) -> usize {
    1 + json.map_or(0, |json| json.len() / BYTES_OF_A_ROW)
}

/// Takes what a call returned, as JSON.
pub fn answer(groups: &mut [Group], task: Task, result: Arc<str>) {
    match task.target {
        Target::Memo(rows) => {
            rows.branch().memo().keep_partial(Reducer::Function, Arc::new(Partial::Returned(result)));
        }
        Target::Piece(group, index) => {
            let pieces = groups.get_mut(group).and_then(|group| group.pieces.as_mut());
            if let Some(Piece::Rows(_, kept)) = pieces.and_then(|pieces| pieces.get_mut(index)) {
                *kept = Some(result);
            }
        }
        Target::Group(group) => {
            if let Some(group) = groups.get_mut(group) {
                group.value = Some(result);
                group.pieces = None;
            }
        }
    }
}

/// What everything below a node came to, if it is remembered.
fn known(rows: Rows<'_>) -> Option<Arc<str>> {
    match &*rows.memo().partial(Reducer::Function)? {
        Partial::Returned(json) => Some(Arc::clone(json)),
        _ => None,
    }
}
