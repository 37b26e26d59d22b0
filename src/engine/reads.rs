//! What a transaction has read, and whether it is still so.
//!
//! ```text
//!   get(k)              the document's last change must be the one seen           (0: there was none)
//!   query               the checked part of its ranges must hold the same keys as the base, no phantom, none gone:
//!     with its total      all of them
//!     without             from where the query began, which is where its cursor stands if it has one, to the last key
//!                         of its page; beyond that only whether anything follows, because the page tells so
//!   query's documents   as get, each document of the page
//! ```
//!
//! What the transaction wrote itself is read as well, so its own changes are the same over the base and over the moment
//! of the check: where both hold the same keys, so would the transaction's view of them.

use std::fmt;

use super::documents::Documents;
use super::snapshot::{Snapshot, Stored};
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::range::KeyRange;
use crate::storage::Sequence;

/// What was read, in one moment.
#[derive(Debug, Default)]
pub struct Reads {
    pub(super) documents: Vec<(Key, Seen)>,
    pub(super) ranges: Option<Ranges>,
}

/// A document as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Its last change; 0 where there was no document.
    sequence: Sequence,
    revision: Option<u64>,
}

/// Ranges of keys, in the order of the store, as they were read.
pub(super) struct Ranges {
    /// The moment they were read at.
    pub base: Snapshot,
    pub all: Vec<RangeRead>,
}

/// The ranges of one query as they were read.
#[derive(Debug)]
pub(super) struct RangeRead {
    /// Where no key may have come or gone: in order, apart from each other, none of them empty.
    checked: Vec<KeyRange>,
    /// Where something has to follow.
    beyond: Option<Beyond>,
}

/// Ranges of which only one thing is known: that they are not all empty.
#[derive(Debug)]
pub(super) struct Beyond {
    pub ranges: Vec<KeyRange>,
    /// How many keys the transaction itself had added to them; less than none where it had deleted.
    pub own: isize,
}

/// How many keys of the ranges are there; one that several ranges hold counts for each.
pub(super) fn present(ranges: &[KeyRange], documents: &Documents) -> usize {
    ranges.iter().map(|range| documents.positions(range).len()).sum()
}

impl RangeRead {
    /// `checked` are the ranges of a query, or what is left of them: equal, or apart from each other.
    pub fn new(mut checked: Vec<KeyRange>, beyond: Option<Beyond>) -> Self {
        checked.retain(|range| !range.is_empty());
        checked.sort_unstable();
        checked.dedup();
        Self { checked, beyond }
    }

    /// Whether the key of these order bytes may not have come or gone. O(log of the ranges).
    fn is_checked(&self, order: &[u8]) -> bool {
        let begun = self.checked.partition_point(|range| range.from.as_deref().is_none_or(|from| from <= order));
        begun.checked_sub(1).and_then(|last| self.checked.get(last)).is_some_and(|range| range.contains(order))
    }
}

impl Seen {
    pub fn new(stored: Option<&Stored>) -> Self {
        Self {
            sequence: stored.map_or(0, |stored| stored.sequence),
            revision: stored.map(|stored| stored.document.revision()),
        }
    }
}

impl Reads {
    /// The documents that were read by key.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.documents.iter().map(|(key, _)| key)
    }

    pub(super) fn has_ranges(&self) -> bool {
        self.ranges.is_some()
    }

    /// Refuses, naming a key in the way, where something would be read otherwise now. O(documents read, and changes
    /// since where a range was read).
    pub(super) fn check(&self, now: &Snapshot) -> Result<()> {
        for (key, seen) in &self.documents {
            let found = Seen::new(now.get(key));
            if found.sequence != seen.sequence {
                return Err(Error::conflict(&key.to_text(), seen.revision, found.revision));
            }
        }
        self.ranges.as_ref().map_or(Ok(()), |ranges| ranges.check(now))
    }
}

impl Ranges {
    fn check(&self, now: &Snapshot) -> Result<()> {
        let (base, changes) = (self.base.position().sequence, now.changes());
        if !changes.reach_back_to(base) {
            let message =
                "too much was deleted since the transaction began to tell whether a range it read is the same";
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        let ordered = self.base.in_order();
        let is_checked = |key: &Key| {
            let order = ordered.order_of(key.as_bytes());
            self.all.iter().any(|read| read.is_checked(&order))
        };
        let phantom = changes.live_after(base).find(|(_, key)| self.base.get(key).is_none() && is_checked(key));
        if let Some((_, key)) = phantom {
            return Err(self.conflict(key, now));
        }
        if let Some(key) = self.gone(now, is_checked) {
            return Err(self.conflict(key, now));
        }
        for Beyond { ranges, own } in self.all.iter().filter_map(|read| read.beyond.as_ref()) {
            if present(ranges, now.in_order()).checked_add_signed(*own).is_none_or(|left| left == 0) {
                let emptied = Error::new(ErrorKind::Conflict, "what followed a page that was read is gone");
                let is_meant = |key: &Key| {
                    let order = ordered.order_of(key.as_bytes());
                    ranges.iter().any(|range| range.contains(&order))
                };
                let gone = self.gone(now, is_meant);
                return Err(gone.map_or(emptied, |key| self.conflict(key, now)));
            }
        }
        Ok(())
    }

    /// A key of the base that is deleted by now.
    fn gone<'a>(&self, now: &'a Snapshot, is_meant: impl Fn(&Key) -> bool) -> Option<&'a Key> {
        let mut deleted = now.changes().deleted_after(self.base.position().sequence).map(|(_, key)| key);
        deleted.find(|key| is_meant(key) && self.base.get(key).is_some() && now.get(key).is_none())
    }

    fn conflict(&self, key: &Key, now: &Snapshot) -> Error {
        Error::conflict(&key.to_text(), Seen::new(self.base.get(key)).revision, Seen::new(now.get(key)).revision)
    }
}

impl fmt::Debug for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ranges").field("base", &self.base.position()).field("all", &self.all).finish()
    }
}
