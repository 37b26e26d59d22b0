//! A query on its way to a page.
//!
//! ```text
//!   Query { selection, window, cursor }      what was asked
//!   Plan                                     its ranges; its cursor, found to be its own
//!   Page                                     positions in a tree, and where the next page starts
//! ```

use std::borrow::Borrow;
use std::ops::Range;

use super::{Cursor, Fingerprint, KeyRange, Page, Selection, Window};
use crate::error::Result;
use crate::tree::Tree;

/// What was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// What to select.
    pub selection: Selection,
    /// Which part of that; its start is 0 where there is a cursor.
    pub window: Window,
    /// Where the page before ended, as [its](Page::cursor) text.
    pub cursor: Option<String>,
}

/// What is read, in which order, and from where.
#[derive(Debug)]
pub struct Plan {
    ranges: Vec<KeyRange>,
    window: Window,
    after: Option<Cursor>,
    descending: bool,
    fingerprint: Fingerprint,
}

impl Query {
    /// How to read a page of document keys.
    ///
    /// # Errors
    ///
    /// `Assertion` where the cursor is damaged, or belongs to another query.
    pub fn of_keys(self) -> Result<Plan> {
        self.plan(Fingerprint::KEYS, Selection::of_keys)
    }

    /// How to read a page of the rows of a view.
    ///
    /// # Errors
    ///
    /// As [`of_keys`](Self::of_keys).
    pub fn of_rows(self, view: Fingerprint) -> Result<Plan> {
        self.plan(view, Selection::of_rows)
    }

    fn plan(self, kind: Fingerprint, ranges: fn(Selection) -> Vec<KeyRange>) -> Result<Plan> {
        let Self { selection, window, cursor } = self;
        let (descending, fingerprint) = (selection.descending, selection.fingerprint(kind));
        let after = cursor.map(|text| Cursor::from_text(&text, fingerprint)).transpose()?;
        Ok(Plan { ranges: ranges(selection), window, after, descending, fingerprint })
    }
}

impl Plan {
    /// The page of a tree. O(log n) a range, and for its cursor the bytes of its last key.
    #[must_use]
    pub fn page<K, V, M>(&self, tree: &Tree<K, V, M>) -> Page
    where
        K: Ord + Borrow<[u8]>,
    {
        let positions = self.positions(tree);
        let start = self.after.as_ref().map(|Cursor { place, last }| {
            let before = positions.iter().take(*place).map(ExactSizeIterator::len).sum::<usize>();
            let read = positions.get(*place).map_or(0, |range| {
                if self.descending {
                    range.end.saturating_sub(tree.rank(last.as_slice()).max(range.start))
                } else {
                    tree.rank_after(last.as_slice()).min(range.end).saturating_sub(range.start)
                }
            });
            before + read
        });
        let window = Window { start: start.unwrap_or(self.window.start), ..self.window };
        let mut page = window.page(&positions, self.descending);
        if page.exclusive_end_index.is_some() {
            let last = page.last().and_then(|last| tree.select(last));
            page.cursor = last.map(|(key, _)| Cursor::to_text(self.fingerprint, page.place, key.borrow()));
        }
        page
    }

    /// The positions of the ranges in a tree, one after the other in the order of the query. O(log n) a range.
    #[must_use]
    pub fn positions<K, V, M>(&self, tree: &Tree<K, V, M>) -> Vec<Range<usize>>
    where
        K: Ord + Borrow<[u8]>,
    {
        self.ranges.iter().map(|range| range.positions(tree)).collect()
    }

    /// Which part of the ranges is wanted, where there is no cursor.
    #[must_use]
    pub fn window(&self) -> Window {
        self.window
    }

    /// Where the page before ended.
    #[must_use]
    pub fn after(&self) -> Option<&Cursor> {
        self.after.as_ref()
    }

    /// Whether each range is read from its end.
    #[must_use]
    pub fn is_descending(&self) -> bool {
        self.descending
    }

    /// Which query the cursors of its pages belong to.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The ranges of the whole query.
    #[must_use]
    pub fn into_ranges(self) -> Vec<KeyRange> {
        self.ranges
    }

    /// The ranges that a page of document keys has read, from its cursor or from the first key, and those that are left
    /// behind `last`, its last key.
    #[must_use]
    pub fn split(self, page: &Page, last: Option<&[u8]>) -> (Vec<KeyRange>, Vec<KeyRange>) {
        let Self { ranges, after, descending, .. } = self;
        let (mut read, mut left) = (Vec::new(), Vec::new());
        for (place, mut range) in ranges.into_iter().enumerate() {
            match &after {
                Some(cursor) if place < cursor.place => continue,
                Some(cursor) if place == cursor.place => range = range.split_after(cursor.last.clone(), descending).1,
                _ => {}
            }
            match last {
                Some(last) if place == page.place => {
                    let (before, behind) = range.split_after(last.to_vec(), descending);
                    read.push(before);
                    left.push(behind);
                }
                Some(_) if place > page.place => left.push(range),
                _ => read.push(range),
            }
        }
        (read, left)
    }
}
