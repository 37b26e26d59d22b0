//! Documents that were made of what somebody wrote into their files.
//!
//! Such a version stands in the journal alone: its file says the same under an older revision, and is left as it is until
//! the document is written again. What the journal forgets, and a store that is closed, would forget the revision: so before
//! that the file gets it, from whichever process comes to it first.
//!
//! Every process keeps the same list, by its own commits and by following those of others.

use std::collections::HashMap;

use super::Open;
use super::commit::record;
use super::outside;
use super::place::{Placer, Step};
use super::shared::Shared;
use crate::document::{Body, Document, MAX_REVISION};
use crate::error::{Error, Result};
use crate::journal::{Left, Placing, Record, Recovered, checksum};
use crate::key::Key;
use crate::key::file_name::{canonical, plain};
use crate::storage::{Entry, Group, Outcome, Sequence, Standing};

/// A document whose file is left as it is.
#[derive(Clone, Debug)]
struct Edit {
    sequence: Sequence,
    document: Document,
    /// Of what the file holds.
    left: u32,
}

/// The documents whose files are left as they are.
#[derive(Debug, Default)]
pub struct Edits {
    by_key: HashMap<Key, Edit>,
    /// Some are taken out, and it is not known yet whether they are written.
    are_taken: bool,
}

/// Documents that are about to be written, and what they were.
pub struct Taken(Vec<(Key, Edit)>);

impl Taken {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Edits {
    /// Takes out what is about to be written.
    pub fn take(&mut self, groups: &[Group]) -> Taken {
        if self.by_key.is_empty() {
            return Taken(Vec::new());
        }
        let entries = groups.iter().flat_map(|group| &group.entries);
        let taken = Taken(entries.filter_map(|entry| self.by_key.remove_entry(&entry.key)).collect());
        self.are_taken = !taken.is_empty();
        taken
    }

    /// Takes back what was not written.
    pub fn put_back(&mut self, taken: Taken, is_refused: impl Fn(&Key) -> bool) {
        self.are_taken = false;
        self.by_key.extend(taken.0.into_iter().filter(|(key, _)| is_refused(key)));
    }

    /// Whether the journal may forget what was committed up to here, where these were seen to.
    pub fn are_over(&self, through: Sequence, seen_to: &[Key]) -> bool {
        !self.are_taken && self.up_to(through).iter().all(|key| seen_to.contains(key))
    }

    /// Those that were committed up to here.
    pub fn up_to(&self, through: Sequence) -> Vec<Key> {
        let is_meant = |(key, edit): (&Key, &Edit)| (edit.sequence <= through).then(|| key.clone());
        self.by_key.iter().filter_map(is_meant).collect()
    }

    /// Notes the last commit of a document, and what its file holds where that is left as it is.
    fn note(&mut self, key: &Key, sequence: Sequence, document: Option<&Document>, left: Option<Left>) {
        match (document, left) {
            (Some(document), Some(Left { checksum: Some(left) })) if checksum(document.text()) != left => {
                self.by_key.insert(key.clone(), Edit { sequence, document: document.clone(), left });
            }
            _ => drop(self.by_key.remove(key)),
        }
    }
}

/// What a file says, with a revision that comes after the last one of its document; `None` where there is none.
pub fn renewed(last: &Document, found: &Document) -> Option<Document> {
    let revision = last.revision().max(found.revision());
    let parts = Body::from_stringified(found.text()).ok()?;
    (revision < MAX_REVISION).then(|| Document::new(revision + 1, &parts.body))
}

impl Open {
    /// Commits versions that were made of what files hold, each by itself.
    pub(super) fn take_over(&mut self, groups: &[Group], answer: &mut impl FnMut(usize, Outcome)) {
        let mut accepted = Vec::with_capacity(groups.len());
        for (number, group) in groups.iter().enumerate() {
            match group.entries.iter().try_for_each(|entry| self.own_edited(entry)) {
                Ok(()) => accepted.push((number, group)),
                Err(error) => answer(number, Outcome::Failed(error)),
            }
        }
        let records: Vec<Vec<Record>> =
            accepted.iter().map(|(_, group)| group.entries.iter().map(record).collect()).collect();
        let mut sequence = self.shared.journal.last();
        if let Err(error) = self.append_edits(&records, accepted.iter().any(|(_, group)| group.synced)) {
            for (number, group) in accepted {
                group.entries.iter().for_each(|entry| self.disown_new(entry));
                answer(number, Outcome::Failed(error.clone()));
            }
            return;
        }
        for (number, group) in accepted {
            for entry in &group.entries {
                sequence += 1;
                self.note_left(&entry.key, sequence, entry.document.as_ref(), entry.left);
                if entry.document.is_none() {
                    self.names.release(&canonical(&entry.key), &entry.key);
                }
                self.shared.touch([canonical(&entry.key)]);
            }
            answer(number, Outcome::Committed(self.position(sequence)));
        }
        let is_behind = self.shared.backlog.lock().len() > 0;
        if self.shared.placing_now() == Placing::Background {
            self.shared.leave(Vec::new(), sequence);
        }
        if !is_behind {
            self.shared.set_placed(sequence);
        }
    }

    fn append_edits(&self, records: &[Vec<Record>], is_synced: bool) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let journal = &self.shared.journal;
        let append = || journal.append(records, self.shared.placed());
        match append() {
            Err(error) if self.shared.make_space(&error)? => append()?,
            other => other?,
        };
        if is_synced { journal.sync().map(drop) } else { Ok(()) }
    }

    /// Claims the name of a document that somebody made.
    fn own_edited(&mut self, entry: &Entry) -> Result<()> {
        if entry.document.is_some() { self.names.claim_canonical(&entry.key).map(drop) } else { Ok(()) }
    }

    fn disown_new(&mut self, entry: &Entry) {
        if entry.previous.is_none() {
            self.names.release(&canonical(&entry.key), &entry.key);
        }
    }

    /// Notes the last commit of a document, and what its file holds where that is left as it is.
    pub(super) fn note_left(&mut self, key: &Key, sequence: Sequence, document: Option<&Document>, left: Option<Left>) {
        self.shared.edits.lock().note(key, sequence, document, left);
        if let (Some(_), Some(_)) = (document, left) {
            self.note_form(key);
        }
    }

    /// Notes under which name the file of a document stands that somebody wrote.
    fn note_form(&mut self, key: &Key) {
        let Some(plain) = plain(key) else { return };
        let disk = self.shared.disk.as_ref();
        let stands = |file: &str| matches!(disk.kind(file), Ok(Some(_)));
        if !stands(&canonical(key)) && stands(&plain) {
            self.plain.insert(key.clone());
        }
    }

    /// Notes what a journal tells of files that were left as they were.
    pub(super) fn note_all_left(&mut self, past: &Recovered) {
        for (key, history) in past.histories.iter().filter(|(_, history)| history.left.is_some()) {
            self.note_left(key, history.sequence, history.document.as_ref(), history.left);
        }
    }

    /// Where these are what all files say: what the documents are, of which some are further than their files.
    pub(super) fn left_over(
        &mut self,
        past: &Recovered,
        found: impl Iterator<Item = (Key, Document)>,
    ) -> impl Iterator<Item = (Key, Document)> {
        *self.shared.edits.lock() = Edits::default();
        self.note_all_left(past);
        let edits = self.shared.edits.lock().by_key.clone();
        found.map(move |(key, document)| match edits.get(&key) {
            Some(edit) => (key, edit.document.clone()),
            None => (key, document),
        })
    }
}

impl Shared {
    /// Gives all files the versions that were made of them. Nobody else may commit meanwhile.
    ///
    /// # Errors
    ///
    /// The system's.
    pub(super) fn write_all_left(&self, placer: &mut Placer) -> Result<()> {
        let all = self.edits.lock().up_to(Sequence::MAX);
        self.write_left(placer, &all)
    }

    /// Gives these files the versions that were made of them. Nobody else may commit meanwhile. One that holds no document now is
    /// left as it is: it may be half written.
    ///
    /// # Errors
    ///
    /// The system's.
    pub(super) fn write_left(&self, placer: &mut Placer, keys: &[Key]) -> Result<()> {
        if !keys.is_empty() {
            self.journal.sync()?;
        }
        for key in keys {
            // Held, so that no commit of it comes in between.
            let mut edits = self.edits.lock();
            let Some(edit) = edits.by_key.get(key) else { continue };
            if self.write_edit(placer, key, edit).map_err(|error: Error| error.with_key(key.to_text()))? {
                edits.by_key.remove(key);
            }
        }
        Ok(())
    }

    /// Tells whether it is done with.
    fn write_edit(&self, placer: &mut Placer, key: &Key, edit: &Edit) -> Result<bool> {
        let disk = self.disk.as_ref();
        let found = match outside::standing(disk, key) {
            Standing::Document(found) => found,
            Standing::Nothing => return Ok(true),
            _ => return Ok(false),
        };
        if found.text() == edit.document.text() {
            return Ok(true);
        }
        let is_left = checksum(found.text()) == edit.left;
        // What somebody has written since is not ours to lose, and will be noticed.
        let next = if is_left { Some(edit.document.clone()) } else { renewed(&edit.document, &found) };
        let Some(document) = next else { return Ok(true) };
        let file = canonical(key);
        let stands = disk.kind(&file)?.is_some();
        let step = Step {
            key: key.clone(),
            sequence: edit.sequence,
            document: Some(document),
            plain: if stands { None } else { plain(key) },
            file: Some(file),
            replaces: stands,
            grouped: true,
            has_failed: false,
        };
        placer.prepare(disk, self.way, &self.spares, &step)?;
        self.place(&step).map(|_| true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::conformance::{document, key, set};

    #[test]
    fn the_journal_forgets_no_edit_while_it_is_not_known_whether_its_document_was_written() {
        let mut edits = Edits::default();
        let (group, left) = (Group { entries: vec![set("a", 1, "{}")], synced: false }, Left { checksum: Some(0) });
        edits.note(&key("a"), 7, Some(&document(1, "{}")), Some(left));
        assert_eq!((edits.are_over(6, &[]), edits.are_over(7, &[])), (true, false));
        for is_refused in [true, false] {
            let taken = edits.take(std::slice::from_ref(&group));
            assert!(!edits.are_over(7, &[key("a")]), "it may come back");
            edits.put_back(taken, |_| is_refused);
            assert_eq!(edits.are_over(7, &[]), !is_refused);
            assert!(edits.are_over(7, &[key("a")]));
        }
    }
}
