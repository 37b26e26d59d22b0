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
//! What `advance` does before the first document is mapped, in this order: it puts rows in their places that were gathered for an
//! earlier moment, drops everything where deletions are forgotten, and removes the rows of documents deleted since.
//! Documents that were handed out and never came back, because their mapping failed or was given up, are handed out
//! again: to whatever moment is wanted then.

use std::collections::VecDeque;

use super::reading::Reading;
use super::snapshot::{Snapshot, Stored};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::storage::Sequence;
use crate::view::{Emitted, Piece, Rows};

/// Rows put in their places, and deletions looked at, by one call: about a millisecond's work.
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
#[derive(Default)]
pub struct Index {
    rows: Rows,
    /// Every change up to here is in the rows, of documents that are still there.
    sequence: Sequence,
    /// The rows of documents deleted up to here are gone; at or after `sequence`, except in the middle of nothing.
    deleted: Sequence,
    /// The moments wanted, the earliest first.
    wanted: VecDeque<Snapshot>,
    /// The moment for which rows are gathered rather than put in their places: none of its documents has rows yet.
    gathering: Option<Sequence>,
    chunk: Vec<(Sequence, Key)>,
    /// What is still to be dropped.
    garbage: Vec<Piece>,
}

impl Index {
    /// A view without rows, of the moment before the first document.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
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

    /// How many documents are to be mapped for a moment; none for one that is not wanted.
    #[must_use]
    pub fn left(&self, moment: Sequence) -> usize {
        let snapshot = self.wanted.iter().find(|snapshot| snapshot.position().sequence == moment);
        snapshot.map_or(0, |snapshot| {
            let from = if snapshot.changes().reach_back_to(self.deleted) { self.sequence } else { 0 };
            snapshot.changes().live_after(from).len()
        })
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
        self.garbage.pop();
        self.chunk.clear();
        if self.gathering.is_some_and(|gathering| gathering != moment) && !self.settle() {
            return Ok(Advance::Busy);
        }
        if !target.changes().reach_back_to(self.deleted) {
            self.clear();
        }
        if !self.remove_deleted(&target) {
            return Ok(Advance::Busy);
        }
        let documents = self.next_documents(&target, most, bytes);
        if !documents.is_empty() {
            return Ok(Advance::Map(documents));
        }
        if !self.settle() {
            return Ok(Advance::Busy);
        }
        self.sequence = moment;
        Ok(Advance::Arrived)
    }

    /// Puts gathered rows in their places; whether none are left.
    fn settle(&mut self) -> bool {
        let is_settled = self.rows.settle(STEP);
        if is_settled {
            self.gathering = None;
        }
        is_settled
    }

    /// Begins anew.
    fn clear(&mut self) {
        self.garbage.extend(self.rows.clear());
        self.sequence = 0;
        self.deleted = 0;
        self.gathering = None;
    }

    /// Removes rows of documents that are deleted at the target's moment; whether none are left.
    fn remove_deleted(&mut self, target: &Snapshot) -> bool {
        if self.gathering.is_none() && !self.rows.is_blank() {
            let mut looked_at = 0;
            for (sequence, key) in target.changes().deleted_after(self.deleted) {
                if looked_at == STEP {
                    return false;
                }
                self.rows.remove(key);
                self.deleted = sequence;
                looked_at += 1;
            }
        }
        self.deleted = target.position().sequence;
        true
    }

    fn next_documents(&mut self, target: &Snapshot, most: usize, bytes: usize) -> Vec<Stored> {
        let mut documents = Vec::new();
        let mut size = 0;
        for (sequence, key) in target.changes().live_after(self.sequence).take(most.max(1)) {
            let Some(stored) = target.get(key) else { continue };
            size += stored.document.text().len();
            if size > bytes && !documents.is_empty() {
                break;
            }
            self.chunk.push((sequence, key.clone()));
            documents.push(stored.clone());
        }
        if self.rows.is_blank() {
            self.gathering = Some(target.position().sequence);
        }
        documents
    }

    /// The key of a document that was handed out last.
    #[must_use]
    pub fn chunk_key(&self, index: usize) -> Option<&Key> {
        self.chunk.get(index).map(|(_, key)| key)
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
        for ((sequence, key), emission) in self.chunk.drain(..).zip(emissions) {
            match emission {
                Emission::Rows(rows) if self.gathering.is_some() => self.rows.load(&key, rows),
                Emission::Rows(rows) => self.rows.replace(&key, rows),
                Emission::Skipped => self.rows.skip(&key),
            }
            self.sequence = sequence;
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
        let stands_there = snapshot.position().sequence == self.sequence && self.gathering.is_none();
        stands_there.then(|| Reading::new(self.rows.tree().clone(), snapshot.clone()))
    }

    /// Everything that is to be dropped of a view that is no longer needed.
    #[must_use]
    pub fn into_pieces(mut self) -> Vec<Piece> {
        self.clear();
        self.garbage
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

    /// The last change that is in the rows.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        self.sequence
    }
}
