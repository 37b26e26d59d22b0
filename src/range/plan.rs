//! A query on its way to a page.
//!
//! ```text
//!   Query { selection, window, cursor }      what was asked
//!   Plan                                     its ranges; its cursor, found to be its own
//!   Page                                     positions in a tree, and where the next page starts
//! ```

use std::borrow::Borrow;
use std::ops::Range;

use super::{Arrangement, Cursor, Fingerprint, KeyRange, Page, Selection, Window};
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

/// What is read, in which order, and from where: in the bytes of the tree.
pub struct Plan<'a> {
    ranges: Vec<KeyRange>,
    window: Window,
    after: Option<Cursor>,
    descending: bool,
    fingerprint: Fingerprint,
    /// What names the tree's keys; `None` where they are their own names.
    arrangement: Option<&'a dyn Arrangement>,
}

impl Query {
    /// How to read a page of document keys.
    ///
    /// # Errors
    ///
    /// `Assertion` where the cursor is damaged, or belongs to another query.
    pub fn of_keys(self) -> Result<Plan<'static>> {
        self.plan(Fingerprint::KEYS, None, Selection::of_keys)
    }

    /// The same where the tree is arranged.
    ///
    /// # Errors
    ///
    /// As [`of_keys`](Self::of_keys); and where the arrangement has no place for a bound.
    pub fn of_arranged_keys(self, arrangement: &dyn Arrangement) -> Result<Plan<'_>> {
        self.plan(Fingerprint::KEYS, Some(arrangement), Selection::of_keys)
    }

    /// How to read a page of the rows of a view.
    ///
    /// # Errors
    ///
    /// As [`of_keys`](Self::of_keys).
    pub fn of_rows(self, view: Fingerprint) -> Result<Plan<'static>> {
        self.plan(view, None, Selection::of_rows)
    }

    /// The same where the tree is arranged.
    ///
    /// # Errors
    ///
    /// As [`of_arranged_keys`](Self::of_arranged_keys).
    pub fn of_arranged_rows(self, view: Fingerprint, arrangement: &dyn Arrangement) -> Result<Plan<'_>> {
        self.plan(view, Some(arrangement), Selection::of_rows)
    }

    fn plan(
        self,
        kind: Fingerprint,
        arrangement: Option<&dyn Arrangement>,
        ranges: fn(Selection) -> Vec<KeyRange>,
    ) -> Result<Plan<'_>> {
        let Self { mut selection, window, cursor } = self;
        let kind = arrangement.map_or(kind, |arrangement| kind.and(arrangement.text().as_bytes()));
        let (descending, fingerprint) = (selection.descending, selection.fingerprint(kind));
        let mut after = cursor.map(|text| Cursor::from_text(&text, fingerprint)).transpose()?;
        if let Some(arrangement) = arrangement {
            selection = selection.placed(arrangement)?;
            if let Some(Cursor { last, .. }) = &mut after {
                *last = arrangement.place(last)?;
            }
        }
        Ok(Plan { ranges: ranges(selection), window, after, descending, fingerprint, arrangement })
    }
}

impl Plan<'_> {
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
            page.cursor = last.map(|(key, _)| self.cursor(page.place, key.borrow()));
        }
        page
    }

    /// Goes on behind what a cursor names in the bytes of the tree.
    ///
    /// # Errors
    ///
    /// `Assertion` where the cursor is damaged, or belongs to another query.
    pub fn behind(mut self, cursor: Option<&str>) -> Result<Self> {
        self.after = cursor.map(|text| Cursor::from_text(text, self.fingerprint)).transpose()?;
        Ok(self)
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

    fn cursor(&self, place: usize, last: &[u8]) -> String {
        let name = self.arrangement.map(|arrangement| arrangement.name(last));
        Cursor::to_text(self.fingerprint, place, name.as_deref().unwrap_or(last))
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
