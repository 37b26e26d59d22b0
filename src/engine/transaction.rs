//! A transaction: reads of one moment plus its own writes, committed if what it read is still so.
//!
//! ```text
//!   base      the moment it began at                                  never changes
//!   working   the same documents with its own writes in them          what it reads
//!   seen      documents it read or wrote, by their last change        checked at commit,
//!   ranges    ranges of keys it read                                  by the committer
//! ```
//!
//! Nothing is locked while it runs, and nobody else sees its writes before the commit. Because everything it read is
//! checked in the moment in which its writes are stored, committed transactions are serialisable in the order of their
//! sequences; one that only read is, at its base, without a check.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use super::batch::Batch;
use super::documents::Documents;
use super::reads::{Beyond, RangeRead, Ranges, Reads, Seen, present};
use super::snapshot::{Snapshot, Stored};
use super::write::{Action, Condition, RevisionRule, Write, check_missing, next_revision, parse};
use crate::document::Document;
use crate::error::Result;
use crate::key::Key;
use crate::range::{Page, Plan, Query};

/// A transaction on its way; see [`Engine::begin`](super::Engine::begin).
pub struct Transaction {
    base: Snapshot,
    working: Documents,
    writes: BTreeMap<Key, Option<Document>>,
    seen: HashMap<Key, Seen>,
    ranges: Vec<RangeRead>,
}

impl Transaction {
    /// O(1).
    pub(super) fn new(base: Snapshot) -> Self {
        let working = base.in_order().clone();
        Self { base, working, writes: BTreeMap::new(), seen: HashMap::new(), ranges: Vec::new() }
    }

    /// A key's document. O(log n).
    pub fn get(&mut self, key: &Key) -> Option<Document> {
        self.note(key);
        self.working.get(key).map(|stored| stored.document.clone())
    }

    /// Sets a document from what `JSON.stringify` made of it. `revision` goes before the one inside; both are compared
    /// with the version that this transaction sees. Its revision rises once, however often it is set here.
    ///
    /// # Errors
    ///
    /// A conflict, or an assertion where the text is no document. Nothing is changed then.
    pub fn set(&mut self, key: &Key, text: &str, rule: RevisionRule, revision: Option<u64>) -> Result<Document> {
        let actual = self.revision(key);
        let (body, given) = parse(key, text)?;
        rule.check(key, revision.or(given), actual)?;
        let next = match self.writes.get(key) {
            Some(Some(own)) => own.revision(),
            Some(None) => 0,
            None => next_revision(key, actual)?,
        };
        let document = Document::new(next, &body);
        // Its own writes have no sequence yet, and nobody asks for it.
        self.working.insert(key.clone(), Stored { document: document.clone(), sequence: 0 });
        self.writes.insert(key.clone(), Some(document.clone()));
        Ok(document)
    }

    /// Deletes a document, if it is there.
    ///
    /// # Errors
    ///
    /// A conflict; nothing is changed then.
    pub fn delete(&mut self, key: &Key, rule: RevisionRule, revision: Option<u64>) -> Result<()> {
        let actual = self.revision(key);
        rule.check(key, revision, actual)?;
        if actual.is_none() {
            return check_missing(key, revision);
        }
        self.working.remove(key);
        self.writes.insert(key.clone(), None);
        Ok(())
    }

    /// A page of keys. `total` tells whether it is used where the page lies among all keys of the query, and `documents`
    /// whether the documents of the page are: what is used is checked at commit. O(log n) a range, and the documents.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::query`]; nothing is read then.
    pub fn query_keys(&mut self, query: Query, total: bool, documents: bool) -> Result<Page> {
        let plan = self.working.plan(query)?;
        let page = self.working.page(&plan);
        let read = if total { RangeRead::new(plan.into_ranges(), None) } else { self.narrow(plan, &page) };
        self.ranges.push(read);
        if documents {
            for (key, _) in self.working.entries(&page) {
                note(&mut self.seen, &self.base, key);
            }
        }
        Ok(page)
    }

    /// The documents of a page just read, in the order of the query.
    pub fn page<'a>(&'a self, page: &'a Page) -> impl Iterator<Item = (&'a Key, &'a Stored)> {
        self.working.entries(page)
    }

    /// Whether it has nothing to store.
    pub(super) fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// What commits this. A transaction that wrote nothing is a batch without anything to do or to check.
    #[must_use]
    pub fn into_batch(self, synced: bool) -> Batch {
        let Self { base, writes, seen, ranges, .. } = self;
        if writes.is_empty() {
            return Batch::default();
        }
        let write = |(key, document): (Key, Option<Document>)| {
            let action = document.map_or(Action::Delete, Action::Keep);
            // What it wrote it has read: no other condition is needed.
            let condition = Condition { rule: RevisionRule::Ignored, ..Condition::default() };
            Write { key, action, condition, synced }
        };
        let ranges = (!ranges.is_empty()).then_some(Ranges { base, all: ranges });
        let reads = Reads { documents: seen.into_iter().collect(), ranges };
        Batch { writes: writes.into_iter().map(write).collect(), reads: Some(Box::new(reads)) }
    }

    /// The revision of the version seen here, noted as read.
    fn revision(&mut self, key: &Key) -> Option<u64> {
        self.get(key).map(|document| document.revision())
    }

    fn note(&mut self, key: &Key) {
        note(&mut self.seen, &self.base, key);
    }

    /// What a page alone tells of: from where it began to its last key, and that something follows, or does not.
    fn narrow(&self, plan: Plan<'_>, page: &Page) -> RangeRead {
        let last = page.exclusive_end_index.and_then(|_| self.working.order_at(page.last()?));
        let (read, left) = plan.split(page, last);
        let beyond = last.map(|_| {
            let own = present(&left, &self.working).cast_signed() - present(&left, self.base.in_order()).cast_signed();
            Beyond { ranges: left, own }
        });
        RangeRead::new(read, beyond)
    }
}

fn note(seen: &mut HashMap<Key, Seen>, base: &Snapshot, key: &Key) {
    if !seen.contains_key(key) {
        seen.insert(key.clone(), Seen::new(base.get(key)));
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { base, writes, seen, ranges, .. } = self;
        f.debug_struct("Transaction")
            .field("base", &base.position())
            .field("writes", writes)
            .field("seen", seen)
            .field("ranges", ranges)
            .finish()
    }
}
