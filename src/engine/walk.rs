//! A walk over what a query selects, some documents at a time, all of one moment.

use std::collections::VecDeque;
use std::ops::Range;

use super::documents::directed;
use super::snapshot::{Snapshot, Stored};
use crate::error::Result;
use crate::key::Key;
use crate::range::Query;
use crate::storage::Sequence;

/// Where a walk has come to. It holds its moment, and with it every version that was replaced since.
pub struct Walk {
    moment: Snapshot,
    /// The positions that are left, in the order of the query.
    left: VecDeque<Range<usize>>,
    descending: bool,
}

impl Walk {
    /// A walk that begins.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::query`].
    pub fn new(moment: Snapshot, query: Query) -> Result<Self> {
        let page = moment.query(query)?;
        Ok(Self { moment, left: page.parts.into(), descending: page.descending })
    }

    /// Goes on as long as `take` wants another document. O(log n), and one for each document.
    pub fn advance(&mut self, mut take: impl FnMut(&Key, &Stored) -> bool) {
        let Self { moment, left, descending } = self;
        let mut goes_on = true;
        while let Some(part) = left.front_mut().filter(|_| goes_on) {
            let mut taken = 0;
            for (key, stored) in directed(moment.in_order().at(part.clone()), *descending) {
                taken += 1;
                goes_on = take(key, stored);
                if !goes_on {
                    break;
                }
            }
            *part = if *descending { part.start..part.end - taken } else { part.start + taken..part.end };
            if part.start == part.end {
                left.pop_front();
            }
        }
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.left.is_empty()
    }

    /// The moment's sequence.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        self.moment.position().sequence
    }
}
