//! The rows of a declarative view, brought forward by evaluating what changed.

use crate::engine::call::Call;
use crate::engine::snapshot::{Snapshot, Stored};
use crate::engine::workers::in_parallel;
use crate::key::Key;
use crate::storage::Sequence;
use crate::view::declared::Declaration;
use crate::view::{Emitted, Part, RowTree, Rows};

/// Documents between two looks at whether the work is still wanted.
const STEP: usize = 1_024;

/// So much work is done while the event loop waits: about two milliseconds.
const LITTLE: Work = Work { changes: 1_000, bytes: 1 << 20 };

/// How much there is to do.
struct Work {
    changes: usize,
    bytes: usize,
}

/// Rows, and how far they reach.
#[derive(Default)]
pub(super) struct Built {
    rows: Rows,
    sequence: Sequence,
}

impl Built {
    /// Whether little has changed up to a moment.
    pub fn is_near(&self, snapshot: &Snapshot) -> bool {
        let changes = snapshot.changes();
        if self.sequence == 0 {
            let documents = snapshot.documents().len();
            return documents <= LITTLE.changes && snapshot.text_bytes() <= LITTLE.bytes as u64;
        }
        let (live, deleted) = (changes.live_after(self.sequence), changes.deleted_after(self.sequence));
        if !changes.reach_back_to(self.sequence) || live.len() + deleted.len() > LITTLE.changes {
            return false;
        }
        let bytes = live.filter_map(|(_, key)| snapshot.get(key)).map(|stored| stored.document.text().len());
        bytes.sum::<usize>() <= LITTLE.bytes
    }

    /// Brings the rows to a moment that is not before theirs. `None` where the work was given up: they are then as they
    /// were, or gone.
    pub fn forward(
        &mut self,
        declaration: &Declaration,
        snapshot: &Snapshot,
        call: &Call,
        is_given_up: &(dyn Fn() -> bool + Sync),
    ) -> Option<RowTree> {
        let changes = snapshot.changes();
        if !changes.reach_back_to(self.sequence) {
            *self = Self::default();
        }
        let documents: Vec<_> = if self.sequence == 0 {
            snapshot.documents().iter().collect()
        } else {
            let live = changes.live_after(self.sequence);
            live.filter_map(|(_, key)| snapshot.documents().get_key_value(key)).collect()
        };
        let work = Evaluation { declaration, documents, call, is_given_up };
        if self.rows.is_empty() {
            self.rows = work.build()?;
        } else {
            self.change(snapshot, work)?;
        }
        self.sequence = snapshot.position().sequence;
        Some(self.rows.tree().clone())
    }

    fn change(&mut self, snapshot: &Snapshot, work: Evaluation<'_>) -> Option<()> {
        let emitted = work.emit()?;
        for (_, key) in snapshot.changes().deleted_after(self.sequence) {
            self.rows.remove(key);
        }
        for (key, rows) in emitted {
            self.rows.replace(key, rows);
        }
        Some(())
    }

    pub fn rows(&self) -> &RowTree {
        self.rows.tree()
    }

    pub fn bytes(&self) -> usize {
        self.rows.bytes()
    }

    pub fn sequence(&self) -> Sequence {
        self.sequence
    }
}

/// Documents to be evaluated.
struct Evaluation<'a> {
    declaration: &'a Declaration,
    documents: Vec<(&'a Key, &'a Stored)>,
    call: &'a Call,
    is_given_up: &'a (dyn Fn() -> bool + Sync),
}

impl<'a> Evaluation<'a> {
    /// The rows of a view that has none.
    fn build(self) -> Option<Rows> {
        let add = |part: &mut Part, key, text: &str| {
            part.add(key, |scratch, row| self.declaration.emit_to(text, scratch, row));
        };
        Some(Rows::of_parts(self.each(add)?))
    }

    /// What each document emitted.
    fn emit(self) -> Option<Vec<(&'a Key, Vec<Emitted>)>> {
        let add = |list: &mut Vec<_>, key, text: &str| list.push((key, self.declaration.emit(text)));
        let lists = self.each(add)?;
        Some(lists.into_iter().flatten().collect())
    }

    fn each<R: Default + Send>(&self, add: impl Fn(&mut R, &'a Key, &str) + Sync) -> Option<Vec<R>> {
        let count = self.call.count(self.documents.len());
        let parts = in_parallel(&self.documents, |documents| {
            let mut part = R::default();
            for step in documents.chunks(STEP) {
                if (self.is_given_up)() {
                    return None;
                }
                for (key, stored) in step {
                    add(&mut part, key, stored.document.text());
                }
                count.add(step.len());
            }
            Some(part)
        });
        parts.into_iter().collect()
    }
}
