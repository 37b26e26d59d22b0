//! What a range of rows comes to, as one value or one for each group of keys.
//!
//! | reducer | over | an empty range |
//! |---|---|---|
//! | `_count` | rows | `0` |
//! | `_sum` | values: numbers, or arrays of numbers element by element | `0` |
//! | `_stats` | values: numbers | `{"sum":0,"count":0,"min":null,"max":null,"sumsqr":0}` |
//! | `_min`, `_max` | values, in the order of view keys; a row without one counts as `null` | `null` |
//! | `_approx_count_distinct` | keys | `0` |
//! | a function, which is called elsewhere ([`Task`]) | keys and values | `null` |
//!
//! ```text
//!            [  12  ]                 each node of the rows' tree remembers its partial result in its memo,
//!       [7]           [5]             and how many groups begin in it
//!    [3]   [4]     [1]   [4]
//!     ..    |_______|     ..          a range: the partial results of whole nodes, and rows at its two ends
//! ```
//!
//! Memos are filled when they are asked for, and a change to the rows empties those of its path only: the first reduce
//! takes O(n), one after a write O(log n). A [`Reduction`] works in steps, so that nobody has to wait for O(n) in one go.
//!
//! `_approx_count_distinct` is exact here and costs no more: the rows are in the order of their keys, so that where one
//! key ends and the next begins is a boundary between groups, which are counted anyway.
//!
//! Invariants: what a range comes to depends on its rows alone, not on the shape of the tree or on what was asked before
//! (a function is trusted to have this property, too). A row that a reducer cannot take fails the ranges that hold it and
//! no others.
//!
//! Not here: calling functions (JavaScript), which rows are selected ([`range`](crate::range)).

mod boundaries;
mod budget;
mod extreme;
mod function;
mod memo;
#[cfg(test)]
mod model;
mod number;
mod partial;
mod reduction;
mod stats;
mod sum;
#[cfg(test)]
mod test;
mod total;

pub use boundaries::Level;
use budget::Budget;
pub use function::{Input, Task};
pub use memo::Memo;
pub use reduction::{Group, Progress, Question, Reduction};

use crate::error::{Error, Result};

/// How rows are reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reducer {
    /// `_count`.
    Count,
    /// `_sum`.
    Sum,
    /// `_stats`.
    Stats,
    /// `_min`.
    Min,
    /// `_max`.
    Max,
    /// `_approx_count_distinct`.
    ApproxCountDistinct,
    /// A function that is called elsewhere. The rows of one tree are reduced by one such function only.
    Function,
}

impl Reducer {
    /// The built-in reducer of a name.
    ///
    /// # Errors
    ///
    /// An assertion where there is none.
    pub fn built_in(name: &str) -> Result<Self> {
        Ok(match name {
            "_count" => Self::Count,
            "_sum" => Self::Sum,
            "_stats" => Self::Stats,
            "_min" => Self::Min,
            "_max" => Self::Max,
            "_approx_count_distinct" => Self::ApproxCountDistinct,
            _ => return Err(Error::assertion(format!("there is no built-in reduce {name:?}"))),
        })
    }
}
