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
    places: Vec<Vec<Place>>,
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
        match self.places.get_mut(round) {
            Some(round) => round.push(place),
            // Rounds come without gaps: none is later than the one after the last.
            None => self.places.push(vec![place]),
        }
    }

    fn mark(&mut self, writes: &'a [Write], reads: Option<&'a Reads>) -> usize {
        let documents = || reads.into_iter().flat_map(Reads::keys);
        let marks = |key| self.marks.get(key).copied().unwrap_or_default();
        let behind_writes = writes.iter().map(|write| marks(&write.key).write);
        let behind_reads = documents().map(|key| marks(key).read);
        let mut round = behind_writes.chain(behind_reads).fold(self.floor, usize::max);
        if reads.is_some_and(Reads::has_ranges) {
            round = self.places.len();
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
        self.places
    }
}

#[cfg(test)]
mod tests {
    use super::super::reads::{Ranges, Seen};
    use super::super::snapshot::Snapshot;
    use super::super::write::{Action, Condition};
    use super::*;

    /// Keys of one letter that a batch writes, and those that it read; `*` for a range.
    type Told = (&'static str, &'static str);

    fn key(letter: char) -> Key {
        Key::new(&letter.to_string()).unwrap()
    }

    fn write(letter: char) -> Write {
        Write { key: key(letter), action: Action::Delete, condition: Condition::default(), synced: false }
    }

    fn reads(letters: &str) -> Option<Reads> {
        let documents = letters.chars().filter(|letter| *letter != '*').map(|letter| (key(letter), Seen::new(None)));
        let ranges = letters.contains('*').then(|| Ranges { base: Snapshot::default(), all: Vec::new() });
        (!letters.is_empty()).then(|| Reads { documents: documents.collect(), ranges })
    }

    /// The round of each batch.
    fn rounds(batches: &[Told]) -> Vec<usize> {
        let batches: Vec<(Vec<Write>, Option<Reads>)> =
            batches.iter().map(|(writes, read)| (writes.chars().map(write).collect(), reads(read))).collect();
        let mut rounds = Rounds::default();
        for (submission, (writes, reads)) in batches.iter().enumerate() {
            rounds.add(Place { submission, writes: 0..writes.len() }, writes, reads.as_ref());
        }
        let mut told = vec![usize::MAX; batches.len()];
        for (number, round) in rounds.into_rounds().into_iter().enumerate() {
            assert!(round.is_sorted_by_key(|place| place.submission));
            for place in &round {
                told[place.submission] = number;
            }
        }
        told
    }

    #[test]
    fn writes_of_one_key_go_to_one_round_after_the_other() {
        assert_eq!(rounds(&[("a", ""), ("b", ""), ("a", ""), ("a", ""), ("b", "")]), [0, 0, 1, 2, 1]);
    }

    #[test]
    fn a_batch_goes_behind_the_last_writer_of_any_of_its_keys() {
        assert_eq!(rounds(&[("a", ""), ("a", ""), ("abc", ""), ("b", ""), ("c", ""), ("de", "")]), [0, 1, 2, 3, 3, 0]);
    }

    #[test]
    fn what_reads_goes_behind_the_writers_of_it_and_readers_go_together() {
        assert_eq!(rounds(&[("a", ""), ("x", "a"), ("y", "a"), ("z", "b"), ("xa", "xa")]), [0, 1, 1, 0, 2]);
    }

    #[test]
    fn later_writers_stay_behind_who_read() {
        assert_eq!(rounds(&[("a", ""), ("x", "ab"), ("b", ""), ("c", "")]), [0, 1, 1, 0]);
    }

    #[test]
    fn what_reads_a_range_goes_behind_everything_and_nobody_overtakes_it() {
        assert_eq!(rounds(&[("a", ""), ("a", ""), ("x", "*"), ("b", ""), ("x", ""), ("y", "*")]), [0, 1, 2, 2, 3, 4]);
        assert_eq!(rounds(&[("x", "*"), ("y", "")]), [0, 0]);
    }
}
