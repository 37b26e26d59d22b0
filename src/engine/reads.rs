//! What a transaction has read, and whether it is still so.
//!
//! ```text
//!   get(k)              the document's last change must be the one seen           (0: there was none)
//!   query               the checked part of the range must hold the same keys as the base, no phantom, none gone:
//!     with its total      the whole range
//!     without             from where the query began to the last key of its page; beyond that only whether
//!                         anything follows, because the page tells so
//!   query's documents   as get, each document of the page
//! ```
//!
//! What the transaction wrote itself is read as well, so its own changes are the same over the base and over the moment
//! of the check: where both hold the same keys, so would the transaction's view of them.

use std::fmt;

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

/// Ranges of keys as they were read.
pub(super) struct Ranges {
    /// The moment they were read at.
    pub base: Snapshot,
    pub all: Vec<RangeRead>,
}

/// One range of keys as it was read.
#[derive(Debug)]
pub(super) struct RangeRead {
    /// Where no key may have come or gone.
    pub checked: KeyRange,
    /// Where something has to follow.
    pub beyond: Option<Beyond>,
}

/// A range of which only one thing is known: that it is not empty.
#[derive(Debug)]
pub(super) struct Beyond {
    pub range: KeyRange,
    /// How many keys the transaction itself had added to it; less than none where it had deleted.
    pub own: isize,
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
            self.all.iter().any(|read| read.checked.contains(&order))
        };
        let phantom = changes.live_after(base).find(|(_, key)| self.base.get(key).is_none() && is_checked(key));
        if let Some((_, key)) = phantom {
            return Err(self.conflict(key, now));
        }
        if let Some(key) = self.gone(now, is_checked) {
            return Err(self.conflict(key, now));
        }
        for Beyond { range, own } in self.all.iter().filter_map(|read| read.beyond.as_ref()) {
            let there = now.in_order().positions(range).len();
            if there.checked_add_signed(*own).is_none_or(|left| left == 0) {
                let emptied = Error::new(ErrorKind::Conflict, "what followed a page that was read is gone");
                let gone = self.gone(now, |key| range.contains(&ordered.order_of(key.as_bytes())));
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
