//! A view's rows, brought forward by sequence.
//!
//! A view that stands at sequence n is brought to a later moment by mapping only the documents that changed since.
//! The mapping itself happens elsewhere (JavaScript), in chunks:
//!
//! ```text
//!   aim(snapshot)                      the moment wanted; rows of documents deleted since go at once
//!   while chunk(n, bytes) is not empty:
//!       map every document of the chunk
//!       apply(emissions)               the view stands at the last change of the chunk
//!   reading()                          rows and documents, all of the snapshot's moment
//!   release()
//! ```
//!
//! A chunk that is never applied, because its mapping failed, is simply handed out again.

use std::collections::HashSet;

use super::reading::Reading;
use super::snapshot::{Snapshot, Stored};
use crate::collator::Collation;
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::storage::Sequence;
use crate::view::{Emitted, Rows};

/// What one document contributes to a view.
#[derive(Clone, Debug)]
pub enum Emission {
    /// Its rows, in the order of emission.
    Rows(Vec<Emitted>),
    /// Nothing, because its map function threw and the view says to leave such documents out.
    Skipped,
}

/// The rows of one view, and how far they reach.
#[derive(Default)]
pub struct Index {
    rows: Rows,
    /// What the emitted keys are encoded by.
    collation: Collation,
    /// The documents that are left out because their map function threw.
    skipped: HashSet<Key>,
    /// Every change up to here is in the rows.
    sequence: Sequence,
    target: Option<Snapshot>,
    chunk: Vec<(Sequence, Key)>,
}

impl Index {
    /// A view without rows, of the moment before the first document.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with strings inside keys in a collation's order.
    #[must_use]
    pub fn ordered(collation: Collation) -> Self {
        Self { collation, ..Self::default() }
    }

    /// By what emitted keys, and the bounds of queries, have to be encoded.
    #[must_use]
    pub fn collation(&self) -> &Collation {
        &self.collation
    }

    /// Names the moment that the view is wanted at.
    pub fn aim(&mut self, snapshot: Snapshot) {
        self.chunk.clear();
        if !snapshot.changes().reach_back_to(self.sequence) {
            self.rows.clear();
            self.skipped.clear();
            self.sequence = 0;
        }
        if self.sequence > 0 {
            for (_, key) in snapshot.changes().deleted_after(self.sequence) {
                self.rows.remove(key);
                self.skipped.remove(key);
            }
        }
        self.target = Some(snapshot);
    }

    /// The documents to map next, the oldest change first; none when the view has arrived. At most `most` documents of
    /// together at most `bytes` bytes of text, but always one, however long.
    ///
    /// # Errors
    ///
    /// An assertion outside of `aim` and `release`.
    pub fn chunk(&mut self, most: usize, bytes: usize) -> Result<Vec<Stored>> {
        let target = self.target.as_ref().ok_or_else(no_target)?;
        self.chunk.clear();
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
        if documents.is_empty() {
            self.sequence = target.position().sequence;
        }
        Ok(documents)
    }

    /// The key of a document of the current chunk.
    #[must_use]
    pub fn chunk_key(&self, index: usize) -> Option<&Key> {
        self.chunk.get(index).map(|(_, key)| key)
    }

    /// Takes what the documents of the current chunk emitted, in their order.
    ///
    /// # Errors
    ///
    /// An assertion where the number is not that of the chunk; nothing is changed then.
    pub fn apply(&mut self, emissions: Vec<Emission>) -> Result<()> {
        if emissions.len() != self.chunk.len() {
            return Err(Error::assertion("the emissions are not those of the chunk"));
        }
        for ((sequence, key), emission) in self.chunk.drain(..).zip(emissions) {
            match emission {
                Emission::Rows(rows) => {
                    self.rows.replace(&key, rows);
                    self.skipped.remove(&key);
                }
                Emission::Skipped => {
                    self.rows.remove(&key);
                    self.skipped.insert(key);
                }
            }
            self.sequence = sequence;
        }
        Ok(())
    }

    /// The rows and documents of the moment aimed at, when the view has arrived there.
    ///
    /// # Errors
    ///
    /// An assertion outside of `aim` and `release`.
    pub fn reading(&self) -> Result<Reading> {
        let target = self.target.as_ref().ok_or_else(no_target)?;
        Ok(Reading::new(self.rows.tree().clone(), self.collation.clone(), target.clone()))
    }

    /// Lets go of the moment aimed at, so that the committer need not copy what changes.
    pub fn release(&mut self) {
        self.target = None;
        self.chunk.clear();
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
        self.skipped.len()
    }

    /// The last change that is in the rows.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        self.sequence
    }
}

fn no_target() -> Error {
    Error::new(ErrorKind::Assertion, "the view aims at no moment")
}
