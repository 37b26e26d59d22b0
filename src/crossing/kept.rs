//! Documents that JavaScript keeps, and how an answer names those that it has.
//!
//! Each kept document has a small number of JavaScript's, its slot. A document's version is known by the sequence of its
//! last change, which no other version of any document has. So an answer that is made and read in one call on
//! JavaScript's thread has the slot in place of the text; one that is made elsewhere has texts, because a slot may be used
//! again before it arrives.
//!
//! ```text
//! [answer, [index, sequence, bucket, generation, length, ...]]      five numbers for each document worth keeping
//! ```

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::{BuildHasherDefault, Hasher};

use parking_lot::MutexGuard;

use crate::engine::{Engine, Generations, Stored};
use crate::storage::Sequence;

/// So many documents of one answer are worth keeping at most: a scan of everything should not fill memory twice.
const MOST_TOLD: usize = 1_000;

/// Which documents JavaScript keeps, by slot and by version.
#[derive(Default)]
pub struct Kept {
    slots: HashMap<Sequence, u32, BuildHasherDefault<Spread>>,
    /// By slot; 0 where it is free.
    sequences: Vec<Sequence>,
}

impl Kept {
    /// The slot has the version with this sequence now, with 0 none.
    pub fn set(&mut self, slot: u32, sequence: Sequence) {
        let index = slot as usize;
        if index >= self.sequences.len() {
            self.sequences.resize(index + 1, 0);
        }
        let Some(known) = self.sequences.get_mut(index) else { return };
        if *known != 0 {
            self.slots.remove(known);
        }
        *known = sequence;
        if sequence != 0 {
            self.slots.insert(sequence, slot);
        }
    }

    fn slot(&self, stored: &Stored) -> Option<u32> {
        self.slots.get(&stored.sequence).copied()
    }
}

/// Sequences count up: a multiplication spreads them.
#[derive(Default)]
pub struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let spread = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = spread ^ (spread >> 32);
    }
}

/// What JavaScript wants to hear of documents that it does not have, in a query's flags: `lib/object-cache.js`.
#[derive(Clone, Copy)]
pub struct Keeping {
    every: usize,
    skip: usize,
}

impl Keeping {
    /// It has the answer at once, and keeps documents.
    const KEEPS: u32 = 16;
    /// It has no room: only some will be kept.
    const FEW: u32 = 32;
    const SKIP: u32 = 8;

    /// `None` where it keeps nothing.
    #[must_use]
    pub fn from_flags(flags: u32) -> Option<Self> {
        let every = if flags & Self::FEW == 0 { 1 } else { 8 };
        (flags & Self::KEEPS != 0).then_some(Self { every, skip: (flags >> Self::SKIP) as usize })
    }
}

/// The making of an answer in which documents that JavaScript keeps are named.
pub struct Naming<'a> {
    kept: MutexGuard<'a, Kept>,
    keeping: Keeping,
    /// Documents that were given as text.
    texts: usize,
    told: Vec<Told>,
}

/// A document worth keeping.
struct Told {
    index: usize,
    sequence: Sequence,
    bucket: u32,
    length: usize,
}

impl<'a> Naming<'a> {
    /// Begins an answer.
    #[must_use]
    pub fn new(kept: MutexGuard<'a, Kept>, keeping: Keeping) -> Self {
        Self { kept, keeping, texts: 0, told: Vec::new() }
    }

    /// The slot of a document; where it has none, it is going to be the text at `index` of the answer.
    pub fn slot(&mut self, index: usize, key: &[u8], stored: &Stored) -> Option<u32> {
        let slot = self.kept.slot(stored);
        if slot.is_none() {
            let is_wanted = self.texts % self.keeping.every == self.keeping.skip && self.told.len() < MOST_TOLD;
            self.texts += 1;
            if is_wanted {
                self.tell(index, key, stored);
            }
        }
        slot
    }

    /// The same, and tells also of a document that has a slot: JavaScript asks because its generation was another one.
    pub fn slot_refreshed(&mut self, index: usize, key: &[u8], stored: &Stored) -> Option<u32> {
        let slot = self.slot(index, key, stored);
        if slot.is_some() {
            self.tell(index, key, stored);
        }
        slot
    }

    fn tell(&mut self, index: usize, key: &[u8], stored: &Stored) {
        let (sequence, length) = (stored.sequence, stored.document.text().len());
        self.told.push(Told { index, sequence, bucket: Generations::bucket(key), length });
    }

    /// The text of the answer, of documents of the moment `sequence` or of a later one: it has to begin with a bracket, which
    /// is closed here.
    #[must_use]
    pub fn end(self, engine: &Engine, sequence: Sequence, mut json: String) -> String {
        json.push_str(",[");
        let mut told = self.told.iter();
        // Where something was committed since, the counts may be newer than the documents.
        engine.when_still_at(sequence, |generations| {
            for Told { index, sequence, bucket, length } in told.by_ref() {
                let comma = if json.ends_with('[') { "" } else { "," };
                let generation = generations.of(*bucket);
                // Writing to a string does not fail.
                let _ = write!(json, "{comma}{index},{sequence},{bucket},{generation},{length}");
            }
        });
        json.push_str("]]");
        json
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;
    use crate::document::Document;

    fn stored(sequence: Sequence) -> Stored {
        Stored { document: Document::from_text("{\"_rev\":0}").unwrap(), sequence }
    }

    #[test]
    fn a_slot_names_the_version_it_was_given_last() {
        let mut kept = Kept::default();
        kept.set(3, 10);
        kept.set(0, 11);
        assert_eq!([10, 11, 12, 0].map(|sequence| kept.slot(&stored(sequence))), [Some(3), Some(0), None, None]);
        kept.set(3, 12);
        kept.set(0, 0);
        assert_eq!([10, 11, 12, 0].map(|sequence| kept.slot(&stored(sequence))), [None, None, Some(3), None]);
        kept.set(0, 0);
        assert_eq!(kept.slots.len(), 1);
    }

    #[test]
    fn a_full_cache_hears_of_every_eighth_text() {
        let kept = Mutex::new(Kept::default());
        kept.lock().set(0, 5);
        let told = |flags| {
            let keeping = Keeping::from_flags(flags).unwrap();
            let mut naming = Naming::new(kept.lock(), keeping);
            for index in 0..20 {
                naming.slot(index, b"key", &stored(index as u64));
            }
            naming.told.iter().map(|told| told.index).collect::<Vec<_>>()
        };
        assert_eq!(told(16).len(), 19);
        // The sixth is no text.
        assert_eq!(told(16 + 32 + (3 << 8)), [3, 12]);
        assert!(Keeping::from_flags(15).is_none());
    }
}
