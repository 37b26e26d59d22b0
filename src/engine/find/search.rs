//! What is searched for, and finding it among candidates.

use super::plan::Plan;
use crate::engine::reading::Reading;
use crate::engine::snapshot::{Snapshot, Stored};
use crate::engine::workers::in_parallel;
use crate::error::Result;
use crate::key::Key;
use crate::range::{Cursor, Fingerprint, KeyRange, Window};
use crate::view::declared::{Filter, Where};

/// So many candidates, of together so many bytes, are looked at while the event loop waits: about a millisecond.
const FEW: usize = 1_000;
const BYTES: usize = 1 << 20;

/// Candidates between two looks at whether the answer is still wanted; of a search for the first one, those looked at
/// together.
const STEP: usize = 4_096;

/// A document with its key.
type Item<'a> = (&'a Key, &'a Stored);

/// Conditions, and what is wanted of the documents that meet them.
#[derive(Clone, Debug)]
pub struct Search {
    /// The conditions.
    pub filter: Filter,
    /// The keys that are looked at.
    pub range: KeyRange,
    /// Whether the order is from the highest key down.
    pub descending: bool,
    /// What is wanted.
    pub wanted: Wanted,
}

/// What is wanted of the documents found.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// How many there are.
    Count,
    /// The first one.
    First,
    /// A page of them.
    Page {
        /// Which one.
        window: Window,
        /// Where the page before ended, in place of the window's start.
        after: Option<Cursor>,
    },
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The documents that were wanted, in the direction of the search.
    pub documents: Vec<(Key, Stored)>,
    /// Where the next page starts; `None` where nothing follows.
    pub exclusive_end_index: Option<usize>,
    /// The same, wherever documents come and go meanwhile.
    pub cursor: Option<String>,
    /// How many there are; of a search for the first, 1 at most.
    pub total: usize,
    /// How they were found.
    pub explanation: Explanation,
}

/// How documents were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The view that led to them; `None` where there was none, and all keys of the range were looked at.
    pub view: Option<String>,
    /// How many documents were looked at.
    pub examined: usize,
}

impl Found {
    fn page(
        documents: Vec<(Key, Stored)>,
        exclusive_end_index: Option<usize>,
        total: usize,
        explanation: Explanation,
    ) -> Self {
        Self { documents, exclusive_end_index, cursor: None, total, explanation }
    }

    /// With the cursor of the next page, where one follows.
    fn with_cursor(mut self, search: &Search) -> Self {
        let last = self.documents.last().filter(|_| self.exclusive_end_index.is_some());
        self.cursor = last.map(|(key, _)| Cursor::to_text(search.fingerprint(), 0, key.as_bytes()));
        self
    }
}

impl Search {
    /// Where a page of this search ended, by its [`Found::cursor`].
    ///
    /// # Errors
    ///
    /// `Assertion` where it is damaged, or belongs to another search.
    pub fn after(&self, cursor: &str) -> Result<Cursor> {
        Cursor::from_text(cursor, self.fingerprint())
    }

    fn fingerprint(&self) -> Fingerprint {
        let Self { filter, range, descending, .. } = self;
        Fingerprint::of("find")
            .and(filter.condition().text().as_bytes())
            .and_maybe(range.from.as_deref())
            .and_maybe(range.until.as_deref())
            .and_number(u64::from(*descending))
    }

    /// The conditions.
    #[must_use]
    pub fn condition(&self) -> &Where {
        self.filter.condition()
    }

    /// What is found where there are few candidates, or for the first one where it is among the first few.
    pub(super) fn at_once(&self, snapshot: &Snapshot, rows: Option<(&Plan, &Reading)>) -> Option<Found> {
        let wants_first = matches!(self.wanted, Wanted::First);
        let candidates = if let Some((plan, reading)) = rows {
            let count: usize = plan.ranges.iter().map(|range| reading.rows_in(range).len()).sum();
            (count <= FEW).then(|| self.candidates(snapshot, rows))?
        } else {
            let positions = self.range.positions(snapshot.documents());
            let is_enough = wants_first || positions.len() <= FEW;
            is_enough.then(|| self.in_order(snapshot.documents().range(positions)).take(FEW).collect())?
        };
        let bytes = candidates.iter().map(|(_, stored)| stored.document.text().len()).sum::<usize>();
        if bytes > BYTES {
            return None;
        }
        let found = self.among(&candidates, rows, &|| false)?;
        let is_all = rows.is_some() || candidates.len() < FEW;
        (is_all || !wants_first || found.total > 0).then_some(found)
    }

    /// What is found; `None` where the search was given up.
    pub(super) fn run(
        &self,
        snapshot: &Snapshot,
        rows: Option<(&Plan, &Reading)>,
        is_given_up: &(dyn Fn() -> bool + Sync),
    ) -> Option<Found> {
        self.among(&self.candidates(snapshot, rows), rows, is_given_up)
    }

    /// The documents that may be meant, in the direction of the search.
    fn candidates<'a>(&self, snapshot: &'a Snapshot, rows: Option<(&Plan, &Reading)>) -> Vec<Item<'a>> {
        let documents = snapshot.documents();
        let Some((plan, reading)) = rows else {
            return self.in_order(documents.range(self.range.positions(documents))).collect();
        };
        let rows = plan.ranges.iter().flat_map(|range| reading.rows_in(range));
        let of_row = rows.filter_map(|(row, _)| documents.get_key_value(&*row.document()?));
        let mut candidates: Vec<_> = of_row.filter(|(key, _)| self.range.contains(key.as_bytes())).collect();
        candidates.sort_unstable_by_key(|(key, _)| *key);
        if self.descending {
            candidates.reverse();
        }
        candidates
    }

    fn in_order<'a>(&self, mut items: impl DoubleEndedIterator<Item = Item<'a>>) -> impl Iterator<Item = Item<'a>> {
        let descending = self.descending;
        std::iter::from_fn(move || if descending { items.next_back() } else { items.next() })
    }

    fn among(
        &self,
        candidates: &[Item<'_>],
        rows: Option<(&Plan, &Reading)>,
        is_given_up: &(dyn Fn() -> bool + Sync),
    ) -> Option<Found> {
        let view = rows.map(|(plan, _)| plan.id.clone());
        if let Wanted::First = self.wanted {
            return self.first(candidates, view, is_given_up);
        }
        let explanation = Explanation { view, examined: candidates.len() };
        let matches = self.matches(candidates, is_given_up)?;
        let total = matches.len();
        let Wanted::Page { window, after } = &self.wanted else {
            return Some(Found::page(Vec::new(), None, total, explanation));
        };
        let start = after.as_ref().map_or(window.start, |after| {
            let is_before = |key: &[u8]| if self.descending { *key >= *after.last } else { *key <= *after.last };
            matches.partition_point(|(key, _)| is_before(key.as_bytes()))
        });
        let first = start.min(total);
        let end = window.limit.map_or(total, |limit| first.saturating_add(limit).min(total));
        let documents = matches.get(first..end).unwrap_or_default();
        let documents = documents.iter().map(|(key, stored)| ((*key).clone(), (*stored).clone())).collect();
        let found = Found::page(documents, (end < total).then_some(end), total, explanation);
        Some(found.with_cursor(self))
    }

    /// The candidates that meet the conditions, in their order.
    fn matches<'a>(&self, candidates: &[Item<'a>], is_given_up: &(dyn Fn() -> bool + Sync)) -> Option<Vec<Item<'a>>> {
        let parts = in_parallel(candidates, |candidates| {
            let mut found = Vec::new();
            for step in candidates.chunks(STEP) {
                if is_given_up() {
                    return None;
                }
                found.extend(step.iter().filter(|(_, stored)| self.filter.matches(stored.document.text())));
            }
            Some(found)
        });
        let parts: Option<Vec<_>> = parts.into_iter().collect();
        Some(parts?.concat())
    }

    fn first(
        &self,
        candidates: &[Item<'_>],
        view: Option<String>,
        is_given_up: &(dyn Fn() -> bool + Sync),
    ) -> Option<Found> {
        let mut examined = 0;
        for step in candidates.chunks(STEP) {
            if is_given_up() {
                return None;
            }
            let found = in_parallel(step, |part| {
                part.iter().position(|(_, stored)| self.filter.matches(stored.document.text())).ok_or(part.len())
            });
            for part in found {
                let (Ok(passed) | Err(passed)) = part;
                examined += passed;
                if part.is_ok() {
                    let document = candidates.get(examined).map(|(key, stored)| ((*key).clone(), (*stored).clone()));
                    let explanation = Explanation { view, examined: examined + 1 };
                    let documents = document.into_iter().collect();
                    return Some(Found::page(documents, None, 1, explanation));
                }
            }
        }
        let explanation = Explanation { view, examined };
        Some(Found::page(Vec::new(), None, 0, explanation))
    }
}
