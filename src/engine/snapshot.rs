//! One moment of the store.

use super::changes::Changes;
use super::documents::Documents;
use super::report::Memory;
use crate::collator::Collation;
use crate::document::Document;
use crate::key::Key;
use crate::storage::{Loaded, Position, Sequence};
use crate::tree::Tree;

/// The counts by which a text is shared.
const SHARED: usize = 2 * size_of::<usize>();

/// A document and the commit that stored it.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The document.
    pub document: Document,
    /// The sequence of its last change: rises with every change, also when the document is made anew and its
    /// revision restarts.
    pub sequence: Sequence,
}

/// Every document as it stood at one position. Cloning is O(1) and a clone never changes: the committer keeps one
/// and changes it in place, readers take clones.
#[derive(Clone, Default)]
pub struct Snapshot {
    documents: Documents,
    changes: Changes,
    position: Position,
    text_bytes: u64,
}

impl Snapshot {
    /// The first moment after a load. Documents get sequences by the order of their keys, ending at the position.
    pub(super) fn loaded(loaded: Loaded) -> Self {
        let Loaded { mut documents, position, collation, .. } = loaded;
        // They come sorted, and then this costs nothing; a driver that breaks its word must not lose documents.
        documents.sort_by(|(a, _), (b, _)| a.cmp(b));
        documents.dedup_by(|(later, _), (earlier, _)| later == earlier);
        let first = position.sequence.saturating_sub(documents.len() as u64);
        let changes = Changes::loaded(documents.len(), position.sequence);
        let mut text_bytes = 0;
        let entries = documents.into_iter().zip(first + 1..).map(|((key, document), sequence)| {
            text_bytes += document.text().len() as u64;
            (key, Stored { document, sequence })
        });
        let documents = Documents::new(Tree::from_sorted(entries).unwrap_or_default(), &collation);
        Self { documents, changes, position, text_bytes }
    }

    /// A key's document. O(log n).
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Stored> {
        self.documents.get(key)
    }

    /// The documents by key, whatever the order of the store.
    #[must_use]
    pub fn documents(&self) -> &Tree<Key, Stored> {
        self.documents.by_key()
    }

    /// The order of the keys.
    #[must_use]
    pub fn collation(&self) -> Collation {
        self.documents.collation()
    }

    /// The documents in the order of the store.
    #[must_use]
    pub(super) fn in_order(&self) -> &Documents {
        &self.documents
    }

    /// What changed when.
    #[must_use]
    pub(super) fn changes(&self) -> &Changes {
        &self.changes
    }

    /// The position of this moment.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// The bytes of all documents' texts.
    #[must_use]
    pub fn text_bytes(&self) -> u64 {
        self.text_bytes
    }

    /// About the bytes that this moment takes, without views. O(log n).
    #[must_use]
    pub(super) fn memory(&self) -> Memory {
        let texts = usize::try_from(self.text_bytes).unwrap_or(usize::MAX) + self.documents().len() * SHARED;
        Memory { texts, keys: self.documents.bytes(), changes: self.changes.bytes(), views: 0 }
    }

    /// Takes over one committed change and gives out what it replaced, to be dropped without the lock. O(log n).
    pub(super) fn apply(&mut self, key: Key, document: Option<Document>, position: Position) -> Option<Stored> {
        self.position = position;
        let sequence = position.sequence;
        if let Some(document) = document {
            self.text_bytes += document.text().len() as u64;
            let previous = self.documents.insert(key.clone(), Stored { document, sequence });
            self.forget_text(previous.as_ref());
            self.changes.changed(key, previous.as_ref().map(|stored| stored.sequence), sequence);
            previous
        } else {
            let (key, previous) = self.documents.remove(&key)?;
            self.forget_text(Some(&previous));
            self.changes.deleted(key, previous.sequence, sequence);
            Some(previous)
        }
    }

    fn forget_text(&mut self, previous: Option<&Stored>) {
        self.text_bytes -= previous.map_or(0, |stored| stored.document.text().len() as u64);
    }
}
