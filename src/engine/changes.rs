//! The record of changes: which document changed last at which sequence.
//!
//! Every live document that changed since the load stands in it once, at the sequence of its last change; every deleted
//! one once per deletion, until the deletions outnumber the documents and the oldest are forgotten. A reader asks for
//! what changed after the sequence it stands at; one that stands before the load, or before the oldest deletion
//! remembered, has to begin anew. Nobody stands before the load but who has seen nothing yet, so what was loaded costs
//! nothing here.

use crate::key::Key;
use crate::storage::Sequence;
use crate::tree::Tree;

/// Deletions that are remembered however few documents there are.
const DELETIONS_KEPT: usize = 1_024;

/// What changed when. Cloning is O(1), as of the trees inside.
#[derive(Clone, Default)]
pub struct Changes {
    live: Tree<Sequence, Key>,
    deleted: Tree<Sequence, Key>,
    /// The position of the load: documents that did not change since stand nowhere.
    loaded: Sequence,
    /// So many documents are as they were loaded.
    untouched: usize,
    /// Changes up to here are forgotten.
    forgotten: Sequence,
}

impl Changes {
    /// The record of a store just loaded, all of whose documents have sequences up to this one.
    pub fn loaded(documents: usize, sequence: Sequence) -> Self {
        Self { loaded: sequence, untouched: documents, forgotten: sequence, ..Self::default() }
    }

    /// A document has a new version. `previous` is the sequence of its last one. O(log n).
    pub fn changed(&mut self, key: Key, previous: Option<Sequence>, now: Sequence) {
        if let Some(previous) = previous {
            self.forget(previous);
        }
        self.live.insert(now, key);
    }

    /// A document is gone. `previous` is the sequence of its last version. O(log n).
    pub fn deleted(&mut self, key: Key, previous: Sequence, now: Sequence) {
        self.forget(previous);
        self.deleted.insert(now, key);
        // More than one at a time, because the limit sinks with the number of documents.
        while self.deleted.len() > (self.live.len() + self.untouched).max(DELETIONS_KEPT)
            && let Some(oldest) = self.deleted.select(0).map(|(sequence, _)| *sequence)
        {
            self.deleted.remove(&oldest);
            self.forgotten = oldest;
        }
    }

    /// About the bytes it takes; keys share theirs with the documents. O(log n).
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.live.bytes(|_, _| 0) + self.deleted.bytes(|_, key| key.heap_bytes())
    }

    /// What was a document's last version is so no more.
    fn forget(&mut self, previous: Sequence) {
        if previous <= self.loaded {
            self.untouched = self.untouched.saturating_sub(1);
        } else {
            self.live.remove(&previous);
        }
    }

    /// Whether every change after `sequence` is still known.
    #[must_use]
    pub fn reach_back_to(&self, sequence: Sequence) -> bool {
        sequence >= self.forgotten
    }

    /// Documents changed after `sequence`, the oldest change first.
    pub fn live_after(&self, sequence: Sequence) -> impl ExactSizeIterator<Item = (Sequence, &Key)> {
        let from = self.live.rank_after(&sequence);
        self.live.range(from..self.live.len()).map(|(sequence, key)| (*sequence, key))
    }

    /// Deletions after `sequence`, the oldest first. The document may have been made anew since.
    pub fn deleted_after(&self, sequence: Sequence) -> impl ExactSizeIterator<Item = (Sequence, &Key)> {
        let from = self.deleted.rank_after(&sequence);
        self.deleted.range(from..self.deleted.len()).map(|(sequence, key)| (*sequence, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::new(text).unwrap()
    }

    #[test]
    fn a_document_stands_once_at_its_last_change() {
        let mut changes = Changes::default();
        changes.changed(key("a"), None, 1);
        changes.changed(key("b"), None, 2);
        changes.changed(key("a"), Some(1), 3);
        let told: Vec<_> = changes.live_after(0).map(|(sequence, key)| (sequence, key.to_string())).collect();
        assert_eq!(told, [(2, "b".to_owned()), (3, "a".to_owned())]);
        assert_eq!(changes.live_after(2).len(), 1);
    }

    #[test]
    fn deletions_are_forgotten_from_the_oldest_and_readers_can_tell() {
        let mut changes = Changes::default();
        let mut sequence = 0;
        for _ in 0..DELETIONS_KEPT + 10 {
            changes.changed(key("a"), None, sequence + 1);
            changes.deleted(key("a"), sequence + 1, sequence + 2);
            sequence += 2;
        }
        assert_eq!(changes.deleted_after(0).len(), DELETIONS_KEPT);
        assert!(!changes.reach_back_to(0));
        assert!(changes.reach_back_to(20));
    }

    #[test]
    fn what_was_loaded_stands_nowhere_until_it_changes() {
        let mut changes = Changes::loaded(3, 10);
        assert!(!changes.reach_back_to(9));
        assert!(changes.reach_back_to(10));
        assert_eq!(changes.live_after(0).len(), 0);
        changes.changed(key("a"), Some(8), 11);
        changes.deleted(key("b"), 9, 12);
        let told: Vec<_> = changes.live_after(10).map(|(sequence, key)| (sequence, key.to_string())).collect();
        assert_eq!(told, [(11, "a".to_owned())]);
        assert_eq!(changes.deleted_after(10).len(), 1);
        assert_eq!(changes.untouched, 1);
    }

    #[test]
    fn as_many_deletions_are_remembered_as_there_are_documents_however_few_of_them_changed() {
        let documents = 4 * DELETIONS_KEPT;
        let mut changes = Changes::loaded(documents, documents as u64);
        for sequence in 1..=documents as u64 / 2 {
            changes.deleted(key("a"), sequence, documents as u64 + sequence);
        }
        assert_eq!(changes.deleted.len(), documents / 2);
        assert!(changes.reach_back_to(documents as u64));
    }

    #[test]
    fn deletions_never_outnumber_the_documents_left() {
        let mut changes = Changes::default();
        let documents = 4 * DELETIONS_KEPT as u64;
        (1..=documents).for_each(|sequence| changes.changed(key("a"), None, sequence));
        for sequence in 1..=documents {
            changes.deleted(key("a"), sequence, documents + sequence);
            assert!(changes.deleted.len() <= changes.live.len().max(DELETIONS_KEPT));
        }
        assert!(!changes.reach_back_to(changes.forgotten - 1));
        assert_eq!(changes.deleted_after(changes.forgotten).len(), DELETIONS_KEPT);
    }
}
