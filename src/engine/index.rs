//! A view's rows, brought forward by sequence.
//!
//! A view that stands at sequence n is brought to a later moment by mapping only the documents that changed since.
//! The mapping itself happens elsewhere (JavaScript), in chunks, and whatever else there is to do is done bit by bit:
//!
//! ```text
//!   want(snapshot)                     a moment wanted; several wait in their order
//!   until advance(most, bytes) tells Arrived at the first of them:
//!       Busy                           call again: there is more to do than one call should take
//!       Map(documents)                 map every document, or the first few of them
//!       apply(emissions)               the view stands at the last of these changes
//!   reading_at(moment)                 rows and documents, all of that moment
//!   forget(moment)
//! ```
//!
//! `advance` puts rows in their places that were gathered for an earlier moment, drops everything where deletions are
//! forgotten, and removes the rows of documents deleted since. Then come the documents: those that changed, the oldest
//! change first; and in a view that has not had all of them yet, the others, in the order of their keys, in which they
//! are found fastest. Documents that were handed out and never came back, because their mapping failed or was given
//! up, are handed out again, to whatever moment is wanted then.

use std::collections::VecDeque;
use std::time::Duration;

use super::reading::Reading;
use super::snapshot::{Snapshot, Stored};
use crate::collator::Collation;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::range::Fingerprint;
use crate::storage::Sequence;
use crate::view::{Emitted, Rows};

/// So long one call waits for rows that another thread puts in their places.
const PATIENCE: Duration = Duration::from_millis(1);

/// Deletions, or changes, looked at by one call: less than a millisecond's work.
const STEP: usize = if cfg!(test) { 3 } else { 2_048 };

/// What one document contributes to a view.
#[derive(Clone, Debug)]
pub enum Emission {
    /// Its rows, in the order of emission.
    Rows(Vec<Emitted>),
    /// Nothing, because its map function threw and the view says to leave such documents out.
    Skipped,
}

/// What is to be done next for the first moment that is wanted.
#[derive(Debug)]
pub enum Advance {
    /// More of the same.
    Busy,
    /// Map these documents, the oldest change first.
    Map(Vec<Stored>),
    /// The view stands at that moment.
    Arrived,
}

/// The rows of one view, and how far they reach.
pub struct Index {
    /// The view, as its cursors know it: however often it is built anew.
    view: Fingerprint,
    rows: Rows,
    /// What the emitted keys are encoded by.
    collation: Collation,
    extent: Extent,
    /// Every change up to here, of a document within the extent, is in the rows.
    sequence: Sequence,
    /// The rows of documents deleted up to here are gone.
    deleted: Sequence,
    /// The moments wanted, the earliest first.
    wanted: VecDeque<Snapshot>,
    /// The moment for which rows are gathered rather than put in their places: none of its documents has rows yet.
    gathering: Option<Sequence>,
    chunk: Vec<(Key, Source)>,
}

/// The documents that have been mapped at least once.
#[derive(Debug, Default, PartialEq, Eq)]
enum Extent {
    #[default]
    Nothing,
    /// Those up to this key.
    UpTo(Key),
    Everything,
}

impl Extent {
    fn holds(&self, key: &Key) -> bool {
        match self {
            Self::Nothing => false,
            Self::UpTo(last) => key <= last,
            Self::Everything => true,
        }
    }

    /// The position of the first document beyond.
    fn end(&self, snapshot: &Snapshot) -> usize {
        match self {
            Self::Nothing => 0,
            Self::UpTo(last) => snapshot.documents().rank_after(last),
            Self::Everything => snapshot.documents().len(),
        }
    }
}

/// Why a document is to be mapped.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// It changed: the sequence.
    Changed(Sequence),
    /// It lies beyond the extent, and next to it.
    Beyond,
}

/// Documents to be mapped, at most so many of at most so many bytes, but always one.
struct Batch {
    documents: Vec<Stored>,
    most: usize,
    bytes: usize,
}

impl Batch {
    fn new(most: usize, bytes: usize) -> Self {
        Self { documents: Vec::new(), most: most.max(1), bytes }
    }

    /// Adds a document, if there is room for it.
    fn push(&mut self, stored: &Stored) -> bool {
        let length = stored.document.text().len();
        let has_room = self.documents.is_empty() || (self.documents.len() < self.most && length <= self.bytes);
        if has_room {
            self.bytes = self.bytes.saturating_sub(length);
            self.documents.push(stored.clone());
        }
        has_room
    }
}

impl Index {
    /// A view without rows, of the moment before the first document.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self::ordered(id, Collation::CodeUnit)
    }

    /// The same with the strings in its keys in a collation's order.
    #[must_use]
    pub fn ordered(id: &str, collation: Collation) -> Self {
        Self {
            view: Fingerprint::of_view(id),
            rows: Rows::new(),
            collation,
            extent: Extent::Nothing,
            sequence: 0,
            deleted: 0,
            wanted: VecDeque::new(),
            gathering: None,
            chunk: Vec::new(),
        }
    }

    /// By what emitted keys have to be encoded.
    #[must_use]
    pub fn collation(&self) -> &Collation {
        &self.collation
    }

    /// About the bytes that the rows take. O(log n).
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.rows.bytes()
    }

    /// Wants a moment that is not before those wanted already, and tells its sequence.
    pub fn want(&mut self, snapshot: Snapshot) -> Sequence {
        let moment = snapshot.position().sequence;
        if self.wanted.back().is_none_or(|last| last.position().sequence != moment) {
            self.wanted.push_back(snapshot);
        }
        moment
    }

    /// Lets go of a moment, so that the committer need not copy what changes.
    pub fn forget(&mut self, moment: Sequence) {
        self.wanted.retain(|snapshot| snapshot.position().sequence != moment);
    }

    /// Whether any moment is wanted.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        !self.wanted.is_empty()
    }

    /// How many documents are to be mapped for a moment; none for one that is not wanted.
    #[must_use]
    pub fn left(&self, moment: Sequence) -> usize {
        let Some(snapshot) = self.wanted.iter().find(|snapshot| snapshot.position().sequence == moment) else {
            return 0;
        };
        let documents = snapshot.documents().len();
        if !snapshot.changes().reach_back_to(self.deleted) {
            return documents;
        }
        let changed = snapshot.changes().live_after(self.sequence);
        let changed = match &self.extent {
            Extent::Everything => changed.len(),
            extent => changed.filter(|(_, key)| extent.holds(key)).count(),
        };
        changed + documents - self.extent.end(snapshot)
    }

    /// Does a bit of what brings the view to the first moment wanted. Documents come at most `most` at a time, of together
    /// at most `bytes` bytes of text, but always one, however long.
    ///
    /// # Errors
    ///
    /// An assertion where no moment is wanted.
    pub fn advance(&mut self, most: usize, bytes: usize) -> Result<Advance> {
        let target = self.wanted.front().ok_or_else(|| Error::assertion("no moment of the view is wanted"))?.clone();
        let moment = target.position().sequence;
        self.chunk.clear();
        if self.gathering.is_some_and(|gathering| gathering != moment) && !self.settle() {
            return Ok(Advance::Busy);
        }
        if self.extent != Extent::Nothing && !target.changes().reach_back_to(self.deleted) {
            self.clear();
        }
        if !self.remove_deleted(&target) {
            return Ok(Advance::Busy);
        }
        let mut batch = Batch::new(most, bytes);
        if !self.add_changed(&target, &mut batch) {
            return Ok(Advance::Busy);
        }
        if batch.documents.is_empty() {
            self.sequence = moment;
            self.add_beyond(&target, &mut batch);
        }
        if !batch.documents.is_empty() {
            if self.rows.is_blank() {
                self.gathering = Some(moment);
            }
            return Ok(Advance::Map(batch.documents));
        }
        self.extent = Extent::Everything;
        Ok(if self.settle() { Advance::Arrived } else { Advance::Busy })
    }

    /// Has gathered rows put in their places; whether they are.
    fn settle(&mut self) -> bool {
        let is_settled = self.rows.settle(PATIENCE);
        if is_settled {
            self.gathering = None;
        }
        is_settled
    }

    /// Begins anew.
    fn clear(&mut self) {
        self.rows.clear();
        self.extent = Extent::Nothing;
        self.sequence = 0;
        self.deleted = 0;
        self.gathering = None;
    }

    /// Removes rows of documents that are deleted at the target's moment; whether none are left.
    fn remove_deleted(&mut self, target: &Snapshot) -> bool {
        if self.gathering.is_none() && !self.rows.is_blank() {
            for (looked_at, (sequence, key)) in target.changes().deleted_after(self.deleted).enumerate() {
                if looked_at == STEP {
                    return false;
                }
                self.rows.remove(key);
                self.deleted = sequence;
            }
        }
        self.deleted = target.position().sequence;
        true
    }

    /// Adds documents of the extent that changed; `false` where none was found so far.
    fn add_changed(&mut self, target: &Snapshot, batch: &mut Batch) -> bool {
        if self.extent == Extent::Nothing {
            return true;
        }
        for (looked_at, (sequence, key)) in target.changes().live_after(self.sequence).enumerate() {
            if looked_at >= STEP {
                return !batch.documents.is_empty();
            }
            let stored = target.get(key).filter(|_| self.extent.holds(key));
            if stored.is_some_and(|stored| !batch.push(stored)) {
                break;
            }
            if stored.is_some() {
                self.chunk.push((key.clone(), Source::Changed(sequence)));
            } else if batch.documents.is_empty() {
                self.sequence = sequence;
            }
        }
        true
    }

    /// Adds documents beyond the extent.
    fn add_beyond(&mut self, target: &Snapshot, batch: &mut Batch) {
        let documents = target.documents();
        for (key, stored) in documents.range(self.extent.end(target)..documents.len()) {
            if !batch.push(stored) {
                break;
            }
            self.chunk.push((key.clone(), Source::Beyond));
        }
    }

    /// The key of a document that was handed out last.
    #[must_use]
    pub fn chunk_key(&self, index: usize) -> Option<&Key> {
        self.chunk.get(index).map(|(key, _)| key)
    }

    /// Takes what the documents that were handed out last emitted, in their order; of the first of them at least.
    ///
    /// # Errors
    ///
    /// An assertion where there are more than were handed out; nothing is changed then.
    pub fn apply(&mut self, emissions: Vec<Emission>) -> Result<()> {
        if emissions.len() > self.chunk.len() {
            return Err(Error::assertion("the emissions are not those of the chunk"));
        }
        for ((key, source), emission) in self.chunk.drain(..).zip(emissions) {
            match emission {
                Emission::Rows(rows) if self.gathering.is_some() => self.rows.load(&key, rows),
                Emission::Rows(rows) => self.rows.replace(&key, rows),
                Emission::Skipped if self.gathering.is_some() => self.rows.load_left_out(&key),
                Emission::Skipped => self.rows.leave_out(&key),
            }
            match source {
                Source::Changed(sequence) => self.sequence = sequence,
                Source::Beyond => self.extent = Extent::UpTo(key),
            }
        }
        Ok(())
    }

    /// The rows and documents of a moment that is wanted, when the view stands there.
    #[must_use]
    pub fn reading_at(&self, moment: Sequence) -> Option<Reading> {
        self.reading(self.wanted.front().filter(|first| first.position().sequence == moment)?)
    }

    /// The rows and documents of a moment, if the view stands there already.
    #[must_use]
    pub fn reading(&self, snapshot: &Snapshot) -> Option<Reading> {
        self.stands_at(snapshot)
            .then(|| Reading::new(self.view, self.rows.tree().clone(), self.collation.clone(), snapshot.clone()))
    }

    /// Whether every row is there as of this moment.
    #[must_use]
    pub fn stands_at(&self, snapshot: &Snapshot) -> bool {
        let is_whole = self.extent == Extent::Everything && self.gathering.is_none();
        is_whole && snapshot.position().sequence == self.sequence
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many documents are left out because their map function threw.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.rows.skipped()
    }

    /// The last change that is in the rows; 0 as long as there are documents that never were.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        if self.extent == Extent::Everything { self.sequence } else { 0 }
    }
}
