//! What rows come to so far: of a node, or of a piece of a range.

use std::ops::Range;
use std::sync::Arc;

use super::extreme::{End, Extreme};
use super::stats::Stats;
use super::sum::Sum;
use super::{Budget, Memo, Reducer};
use crate::error::{Error, ErrorKind, Result};
use crate::key::code_unit;
use crate::tree::{Below, Branch, Part};
use crate::view::{RowKey, RowTree, RowValue};

pub type Rows<'a> = Branch<'a, RowKey, RowValue, Memo>;

/// A partial result.
#[derive(Clone, Debug)]
pub enum Partial {
    Sum(Sum),
    Stats(Stats),
    Extreme(Extreme),
    /// What a function returned, as JSON.
    Returned(Arc<str>),
    /// There is a row that cannot be reduced: the first such, and what would be accepted.
    Refused(RowKey, &'static str),
}

impl Partial {
    /// Of no rows.
    fn new(reducer: Reducer) -> Self {
        match reducer {
            Reducer::Sum => Self::Sum(Sum::default()),
            Reducer::Stats => Self::Stats(Stats::default()),
            Reducer::Min => Self::Extreme(Extreme::new(End::Least)),
            Reducer::Max => Self::Extreme(Extreme::new(End::Greatest)),
            // These are never asked here: counts are those of the tree, and functions are called elsewhere.
            Reducer::Count | Reducer::ApproxCountDistinct | Reducer::Function => Self::Returned("null".into()),
        }
    }

    /// Of rows that follow one another.
    fn add_rows(&mut self, keys: &[RowKey], values: &[RowValue]) {
        for (key, value) in keys.iter().zip(values) {
            let json = value.as_deref().unwrap_or_default();
            let (added, accepted) = match self {
                Self::Sum(sum) => (sum.add(json), Sum::ACCEPTS),
                Self::Stats(stats) => (stats.add(json), Stats::ACCEPTS),
                Self::Extreme(extreme) => (extreme.add(value), Extreme::ACCEPTS),
                Self::Returned(_) | Self::Refused(..) => return,
            };
            if added.is_none() {
                *self = Self::Refused(key.clone(), accepted);
                return;
            }
        }
    }

    /// Adds what later rows come to.
    fn merge(&mut self, later: &Self) {
        match (&mut *self, later) {
            (Self::Sum(sum), Self::Sum(other)) => sum.merge(other),
            (Self::Stats(stats), Self::Stats(other)) => stats.merge(other),
            (Self::Extreme(extreme), Self::Extreme(other)) => extreme.merge(other),
            (Self::Refused(..), _) => {}
            (_, refused @ Self::Refused(..)) => *self = refused.clone(),
            // Never: partial results of two reducers do not meet.
            _ => {}
        }
    }

    /// The result as JSON.
    ///
    /// # Errors
    ///
    /// `ViewReduce` with the document of a row that cannot be reduced.
    pub fn text(&self) -> Result<Arc<str>> {
        Ok(match self {
            Self::Sum(sum) => sum.text().into(),
            Self::Stats(stats) => stats.text().into(),
            Self::Extreme(extreme) => extreme.text().into(),
            Self::Returned(json) => Arc::clone(json),
            Self::Refused(row, accepted) => return Err(refusal(row, accepted)),
        })
    }
}

fn refusal(row: &RowKey, accepted: &str) -> Error {
    let document = row.document().unwrap_or_default();
    let key = code_unit::to_str(&document).unwrap_or_default();
    Error::new(ErrorKind::ViewReduce, format!("the value emitted for {key:?} is not {accepted}")).with_key(key)
}

/// What everything below a node comes to. O(1) where it is remembered.
fn partial(rows: Rows<'_>, reducer: Reducer) -> Arc<Partial> {
    if let Some(known) = rows.memo().partial(reducer) {
        return known;
    }
    let mut made = Partial::new(reducer);
    match rows.below() {
        Below::Entries(keys, values) => made.add_rows(keys, values),
        Below::Branches(branches) => branches.for_each(|branch| made.merge(&partial(branch, reducer))),
    }
    let made = Arc::new(made);
    rows.memo().keep_partial(reducer, Arc::clone(&made));
    made
}

/// Makes what is not remembered yet, as far as the budget goes; whether everything is.
fn fill(rows: Rows<'_>, reducer: Reducer, budget: &mut Budget) -> bool {
    if rows.memo().partial(reducer).is_some() {
        return true;
    }
    if let Below::Branches(mut branches) = rows.below()
        && !branches.all(|branch| fill(branch, reducer, budget))
    {
        return false;
    }
    if budget.is_spent() {
        return false;
    }
    partial(rows, reducer);
    // A node of nodes has few children for the rows below it, but merging them costs as much as rows do.
    budget.spend(rows.len().min(64));
    true
}

/// What ranges of rows come to together; `None` where the budget did not suffice, and the next call goes on from there.
pub fn reduce(rows: &RowTree, ranges: &[Range<usize>], reducer: Reducer, budget: &mut Budget) -> Option<Partial> {
    let parts: Vec<_> = ranges.iter().flat_map(|range| rows.parts(range.clone())).collect();
    let is_filled = |part: &Part<'_, _, _, _>| match part {
        Part::Whole(branch) => fill(*branch, reducer, budget),
        Part::Entries(..) => true,
    };
    if !parts.iter().all(is_filled) {
        return None;
    }
    let mut result = Partial::new(reducer);
    for part in parts {
        match part {
            Part::Whole(branch) => result.merge(&partial(branch, reducer)),
            Part::Entries(keys, values) => result.add_rows(keys, values),
        }
    }
    Some(result)
}
