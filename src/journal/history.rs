//! What a journal tells about one document.

use std::collections::HashMap;

use super::checksum;
use super::entry::{Left, Version};
use crate::document::Document;
use crate::key::Key;

/// The versions of a document that a journal holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The sequence of its last version.
    pub sequence: u64,
    /// Its last version; `None` where it is deleted.
    pub document: Option<Document>,
    /// Where its last version was made of what its file held, which was left as it was: what that is.
    pub left: Option<Left>,
    /// The checksums of the versions before that one, of what the first one replaced, of what was given back, and of what
    /// files held that were left as they were: what may stand in its file. `None` is no file.
    pub known: Vec<Option<u32>>,
}

/// The histories that are being put together.
#[derive(Debug, Default)]
pub(super) struct Histories {
    by_key: HashMap<Key, Gathered>,
}

#[derive(Debug, Default)]
struct Gathered {
    last: Option<(u64, Option<Document>)>,
    left: Option<Left>,
    known: Vec<Option<u32>>,
}

impl Histories {
    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Adds the next version of a document.
    pub fn add(&mut self, sequence: u64, version: Version) {
        let gathered = self.by_key.entry(version.key).or_default();
        if let Some((_, replaced)) = gathered.last.replace((sequence, version.document)) {
            gathered.know(replaced.as_ref());
        }
        gathered.note(version.previous);
        gathered.left = version.left;
        if let Some(left) = version.left {
            gathered.note(left.checksum);
        }
    }

    /// Adds a version that was given back.
    pub fn add_voided(&mut self, version: Version) {
        self.by_key.entry(version.key).or_default().know(version.document.as_ref());
    }

    /// The histories of the documents of which a version counts.
    pub fn finish(self) -> HashMap<Key, History> {
        let counting = self.by_key.into_iter().filter_map(|(key, Gathered { last, left, known })| {
            let (sequence, document) = last?;
            Some((key, History { sequence, document, left, known }))
        });
        counting.collect()
    }
}

impl Gathered {
    fn know(&mut self, version: Option<&Document>) {
        self.note(version.map(|document| checksum(document.text())));
    }

    fn note(&mut self, version: Option<u32>) {
        // What a version replaces is nearly always the one before it.
        if self.known.last() != Some(&version) {
            self.known.push(version);
        }
    }
}
