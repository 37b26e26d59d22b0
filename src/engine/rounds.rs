//! Which batches are committed together.
//!
//! A round is a list of batches (a single write is one) of which none touches what an earlier one of the round writes:
//! all of them can be checked against memory before any is stored. A second write to a key goes to a later round, so
//! that it is checked against what the first one made.

use std::collections::HashMap;
use std::ops::Range;

use super::reads::Reads;
use super::write::Write;
use crate::key::Key;

/// A batch by its place: which submission, and which of its writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub submission: usize,
    pub writes: Range<usize>,
}

/// The first rounds that may touch a key.
#[derive(Clone, Copy, Default)]
struct Marks {
    read: usize,
    write: usize,
}

/// Sorts batches into rounds, in the order in which they are added.
///
/// A batch goes to the first round after every earlier write of a key that it writes or reads; one that read ranges
/// goes after everything before it. What comes later and writes what a batch read stays behind it: nobody who came
/// later makes it lose.
#[derive(Default)]
pub(super) struct Rounds<'a> {
    rounds: Vec<Vec<Place>>,
    marks: HashMap<&'a Key, Marks>,
    /// No earlier round is left for anybody.
    floor: usize,
}

impl<'a> Rounds<'a> {
    /// O(keys), however many writes one key has.
    pub fn add(&mut self, place: Place, writes: &'a [Write], reads: Option<&'a Reads>) {
        let round = match (writes, reads) {
            // One look-up for by far the most common batch.
            ([write], None) => {
                let marks = self.marks.entry(&write.key).or_default();
                let round = marks.write.max(self.floor);
                *marks = Marks { read: round + 1, write: round + 1 };
                round
            }
            _ => self.mark(writes, reads),
        };
        match self.rounds.get_mut(round) {
            Some(round) => round.push(place),
            // Rounds come without gaps: none is later than the one after the last.
            None => self.rounds.push(vec![place]),
        }
    }

    fn mark(&mut self, writes: &'a [Write], reads: Option<&'a Reads>) -> usize {
        let documents = || reads.into_iter().flat_map(Reads::keys);
        let marks = |key| self.marks.get(key).copied().unwrap_or_default();
        let behind_writes = writes.iter().map(|write| marks(&write.key).write);
        let behind_reads = documents().map(|key| marks(key).read);
        let mut round = behind_writes.chain(behind_reads).fold(self.floor, usize::max);
        if reads.is_some_and(Reads::has_ranges) {
            round = self.rounds.len();
            self.floor = round;
        }
        for key in documents() {
            let marks = self.marks.entry(key).or_default();
            marks.write = marks.write.max(round);
        }
        for write in writes {
            self.marks.insert(&write.key, Marks { read: round + 1, write: round + 1 });
        }
        round
    }

    /// The rounds, each in the order of its batches.
    pub fn into_rounds(self) -> Vec<Vec<Place>> {
        self.rounds
    }
}
