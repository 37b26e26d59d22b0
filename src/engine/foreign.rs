//! What others committed, taken into memory.

use std::mem;

use parking_lot::RwLockWriteGuard;

use super::commit::Commit;
use super::snapshot::{Snapshot, Stored};
use super::unique::Uniques;
use crate::document::Document;
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::storage::{Change, Entry, Foreign, Position};

/// More changes are applied to a clone, which then takes the place of the snapshot in use.
const MOST_IN_PLACE: usize = 256;

impl Commit<'_> {
    /// Takes in what others committed, all in one moment. Tells whether there was anything.
    ///
    /// # Errors
    ///
    /// `POISONED` where files are what nobody committed, and memory is as it was; or where this version cannot tell what a
    /// unique view of theirs means, and memory has the changes.
    pub fn take_in(&mut self, foreign: Foreign) -> Result<bool> {
        let Foreign { changes, everything, definitions, last } = foreign;
        let changes = match everything {
            Some(documents) => {
                let now = self.state.read().current().clone();
                let room = last.unwrap_or_default().saturating_sub(now.position().sequence);
                let differences = differences(&now, documents);
                if differences.len() as u64 > room {
                    return Err(Error::new(ErrorKind::Poisoned, "files were changed that no process has committed"));
                }
                differences
            }
            None => changes,
        };
        let is_anything = !changes.is_empty();
        if is_anything {
            self.show_foreign(changes);
        }
        if let (Some(others), Some(last)) = (&self.others, last) {
            others.caught_up(last);
        }
        definitions.map_or(Ok(()), |text| self.take_definitions(&text))?;
        Ok(is_anything)
    }

    fn take_definitions(&mut self, text: &str) -> Result<()> {
        // Without them a write here could give a value away that another document has.
        let unknown = |cause: Error| {
            let message = format!("what another process takes for unique cannot be told here: {cause}");
            Error::new(ErrorKind::Poisoned, message).with_source(cause)
        };
        let mut uniques = Uniques::load(text).map_err(unknown)?;
        let now = self.state.read().current().clone();
        uniques.build(&now);
        self.uniques = uniques;
        Ok(())
    }

    fn show_foreign(&mut self, changes: Vec<Change>) {
        let keys: Vec<Key> = changes.iter().map(|change| change.key.clone()).collect();
        let mut replaced = Vec::with_capacity(changes.len());
        let mut state = self.state.write();
        let epoch = state.current().position().epoch;
        let uniques = &mut self.uniques;
        let mut before = None;
        if changes.len() <= MOST_IN_PLACE {
            apply(state.current_mut(), uniques, changes, epoch, &mut replaced);
        } else {
            // Nobody else changes the state, so the clone is still what is in use when it has the changes.
            let mut next = state.current().clone();
            RwLockWriteGuard::unlocked_fair(&mut state, || apply(&mut next, uniques, changes, epoch, &mut replaced));
            before = Some(mem::replace(state.current_mut(), next));
        }
        for key in &keys {
            self.generations.raise(key);
        }
        drop(state);
        drop((before, replaced));
    }
}

/// Applies changes in their order, and has the unique views follow.
fn apply(
    snapshot: &mut Snapshot,
    uniques: &mut Uniques,
    changes: Vec<Change>,
    epoch: u64,
    replaced: &mut Vec<Option<Stored>>,
) {
    for Change { sequence, key, document } in changes {
        if !uniques.is_empty() {
            let previous = snapshot.get(&key).map(|stored| stored.document.clone());
            uniques.accept(&[Entry { key: key.clone(), document: document.clone(), previous, left: None }]);
        }
        replaced.push(snapshot.apply(key, document, Position { epoch, sequence }));
    }
}

/// What makes of a snapshot one that holds these documents, which come by ascending key. Each of the changes stands for at
/// least one commit, so there are sequences for them.
fn differences(now: &Snapshot, documents: Vec<(Key, Document)>) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut sequence = now.position().sequence;
    let mut change = |key: &Key, document: Option<Document>| {
        sequence += 1;
        changes.push(Change { sequence, key: key.clone(), document });
    };
    let mut kept = now.documents().iter().peekable();
    for (key, document) in documents {
        while let Some((gone, _)) = kept.next_if(|(old, _)| **old < key) {
            change(gone, None);
        }
        let same = kept.next_if(|(old, _)| **old == key);
        if same.is_none_or(|(_, stored)| stored.document.text() != document.text()) {
            change(&key, Some(document));
        }
    }
    for (gone, _) in kept {
        change(gone, None);
    }
    changes
}
