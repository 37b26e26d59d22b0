//! What is searched for, and finding it among candidates.

use super::plan::Plan;
use crate::engine::documents::{Documents, directed};
use crate::engine::reading::Reading;
use crate::engine::snapshot::{Snapshot, Stored};
use crate::engine::workers::in_parallel;
use crate::error::Result;
use crate::key::Key;
use crate::range::{Arrangement, Cursor, Fingerprint, KeyRange, Window};
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
    /// What the keys that are looked at begin with.
    pub prefix: Option<Vec<u8>>,
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
        /// The page before's [cursor](Found::cursor), in place of the window's start.
        cursor: Option<String>,
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
    fn with_cursor(mut self, search: Fingerprint) -> Self {
        let last = self.documents.last().filter(|_| self.exclusive_end_index.is_some());
        self.cursor = last.map(|(key, _)| Cursor::to_text(search, 0, key.as_bytes()));
        self
    }
}

impl Search {
    /// The same in the order of these documents.
    ///
    /// # Errors
    ///
    /// `Assertion` where the cursor is damaged, or belongs to another search; and for a prefix in a store with a collation.
    pub(super) fn among(self, documents: &Documents) -> Result<Arranged> {
        let (fingerprint, arrangement) = (self.fingerprint(documents), documents.arrangement());
        let range = match (&self.prefix, arrangement) {
            (None, _) => KeyRange::default(),
            (Some(prefix), None) => KeyRange::of_prefix(prefix.clone()),
            (Some(prefix), Some(arrangement)) => KeyRange::of_prefix(arrangement.place_prefix(prefix)?),
        };
        let after = match &self.wanted {
            Wanted::Page { cursor: Some(cursor), .. } => Some(Cursor::from_text(cursor, fingerprint)?),
            _ => None,
        };
        let after = after.map(|after| documents.order_of(&after.last).into_owned());
        Ok(Arranged { search: self, range, fingerprint, after })
    }

    fn fingerprint(&self, documents: &Documents) -> Fingerprint {
        let Self { filter, prefix, descending, .. } = self;
        let order = documents.arrangement().map(Arrangement::text);
        Fingerprint::of("find")
            .and(filter.condition().text().as_bytes())
            .and_maybe(prefix.as_deref())
            .and_number(u64::from(*descending))
            .and_maybe(order.map(str::as_bytes))
    }

    /// The conditions.
    #[must_use]
    pub fn condition(&self) -> &Where {
        self.filter.condition()
    }
}

/// A search in the order of a store.
pub(super) struct Arranged {
    search: Search,
    /// The order bytes of the keys that are looked at.
    range: KeyRange,
    fingerprint: Fingerprint,
    /// Those of the key that the page before ended with.
    after: Option<Vec<u8>>,
}

impl Arranged {
    /// What is found where there are few candidates, or for the first one where it is among the first few.
    pub(super) fn at_once(&self, snapshot: &Snapshot, rows: Option<(&Plan, &Reading)>) -> Option<Found> {
        let wants_first = matches!(self.search.wanted, Wanted::First);
        let candidates = if let Some((plan, reading)) = rows {
            let count: usize = plan.ranges.iter().map(|range| reading.rows_in(range).len()).sum();
            (count <= FEW).then(|| self.candidates(snapshot, rows))?
        } else {
            let documents = snapshot.in_order();
            let positions = documents.positions(&self.range);
            let is_enough = wants_first || positions.len() <= FEW;
            is_enough.then(|| directed(documents.at(positions), self.search.descending).take(FEW).collect())?
        };
        let bytes = candidates.iter().map(|(_, stored)| stored.document.text().len()).sum::<usize>();
        if bytes > BYTES {
            return None;
        }
        let found = self.of(&candidates, snapshot, rows, &|| false)?;
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
        self.of(&self.candidates(snapshot, rows), snapshot, rows, is_given_up)
    }

    /// The documents that may be meant, in the direction of the search.
    fn candidates<'a>(&self, snapshot: &'a Snapshot, rows: Option<(&Plan, &Reading)>) -> Vec<Item<'a>> {
        let (documents, descending) = (snapshot.in_order(), self.search.descending);
        let Some((plan, reading)) = rows else {
            return directed(documents.at(documents.positions(&self.range)), descending).collect();
        };
        let rows = plan.ranges.iter().flat_map(|range| reading.rows_in(range));
        let of_row = rows.filter_map(|(row, _)| documents.by_key().get_key_value(&*row.document()?));
        let mut candidates: Vec<_> = of_row.collect();
        if documents.arrangement().is_none() {
            candidates.retain(|(key, _)| self.range.contains(key.as_bytes()));
            candidates.sort_unstable_by_key(|(key, _)| *key);
        } else {
            // There is no range but the whole one.
            candidates.sort_by_cached_key(|(key, _)| documents.order_of(key.as_bytes()));
        }
        if descending {
            candidates.reverse();
        }
        candidates
    }

    /// What is found among candidates.
    fn of(
        &self,
        candidates: &[Item<'_>],
        snapshot: &Snapshot,
        rows: Option<(&Plan, &Reading)>,
        is_given_up: &(dyn Fn() -> bool + Sync),
    ) -> Option<Found> {
        let view = rows.map(|(plan, _)| plan.id.clone());
        if let Wanted::First = self.search.wanted {
            return self.first(candidates, view, is_given_up);
        }
        let explanation = Explanation { view, examined: candidates.len() };
        let matches = self.matches(candidates, is_given_up)?;
        let total = matches.len();
        let Wanted::Page { window, .. } = &self.search.wanted else {
            return Some(Found::page(Vec::new(), None, total, explanation));
        };
        let start = self.after.as_deref().map_or(window.start, |after| {
            let is_before = |key: &[u8]| if self.search.descending { key >= after } else { key <= after };
            matches.partition_point(|(key, _)| is_before(&snapshot.in_order().order_of(key.as_bytes())))
        });
        let first = start.min(total);
        let end = window.limit.map_or(total, |limit| first.saturating_add(limit).min(total));
        let documents = matches.get(first..end).unwrap_or_default();
        let documents = documents.iter().map(|(key, stored)| ((*key).clone(), (*stored).clone())).collect();
        let found = Found::page(documents, (end < total).then_some(end), total, explanation);
        Some(found.with_cursor(self.fingerprint))
    }

    /// The candidates that meet the conditions, in their order.
    fn matches<'a>(&self, candidates: &[Item<'a>], is_given_up: &(dyn Fn() -> bool + Sync)) -> Option<Vec<Item<'a>>> {
        let parts = in_parallel(candidates, |candidates| {
            let mut found = Vec::new();
            for step in candidates.chunks(STEP) {
                if is_given_up() {
                    return None;
                }
                found.extend(step.iter().filter(|(_, stored)| self.search.filter.matches(stored.document.text())));
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
                part.iter().position(|(_, stored)| self.search.filter.matches(stored.document.text())).ok_or(part.len())
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
