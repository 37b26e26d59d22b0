//! Documents whose file is older than they are.
//!
//! With background files a commit ends with the journal and leaves a [`Step`] here. A later commit of the same key takes
//! its place, so a document that changes often is written once.

use std::collections::HashMap;

use super::place::Step;
use crate::key::Key;
use crate::storage::Sequence;

/// From so many bytes of text on, the files should be written at once.
const PRESSING_BYTES: usize = 64 << 20;
/// From so many documents on, the files should be written at once.
const PRESSING_STEPS: usize = 131_072;

/// The steps that wait, at most one per key.
#[derive(Debug, Default)]
pub struct Backlog {
    waiting: HashMap<Key, Step>,
    bytes: usize,
    /// The last commit that left its steps here, or had none to leave.
    through: Sequence,
    /// Taken out to be placed.
    in_work: usize,
}

/// What is to be placed at once.
#[derive(Debug, Default)]
pub struct Work {
    /// The steps, by their keys: they are put in order without the lock.
    pub waiting: HashMap<Key, Step>,
    /// The last commit whose steps these are.
    pub through: Sequence,
}

impl Work {
    /// The steps in the order in which they are tried: deletions, because they need no space, and where case is
    /// ignored another key may have the name already; then those that never failed, by their commits. One that can
    /// never be placed is thus in nobody's way.
    pub fn in_order(self) -> Vec<Step> {
        let mut steps: Vec<Step> = self.waiting.into_values().collect();
        steps.sort_unstable_by_key(|step| (step.document.is_some(), step.has_failed, step.sequence));
        steps
    }
}

impl Backlog {
    /// Leaves the steps of a commit.
    pub fn add(&mut self, steps: impl IntoIterator<Item = Step>, through: Sequence) {
        for step in steps {
            self.insert(step);
        }
        self.through = through;
    }

    fn insert(&mut self, mut step: Step) {
        self.bytes += size(&step);
        if let Some(older) = self.waiting.get(&step.key) {
            self.bytes -= size(older);
            // The file is still what it was before the older one.
            step.replaces = older.replaces;
            step.plain = step.plain.take().or_else(|| older.plain.clone());
        }
        self.waiting.insert(step.key.clone(), step);
    }

    /// Takes everything out.
    pub fn take(&mut self) -> Work {
        let waiting = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        self.in_work = waiting.len();
        Work { waiting, through: self.through }
    }

    /// Takes back what could not be placed.
    pub fn put_back(&mut self, steps: impl IntoIterator<Item = Step>) {
        self.in_work = 0;
        for step in steps {
            if let Some(newer) = self.waiting.get_mut(&step.key) {
                newer.replaces = step.replaces;
                newer.plain = newer.plain.take().or(step.plain);
            } else {
                self.bytes += size(&step);
                self.waiting.insert(step.key.clone(), step);
            }
        }
    }

    /// How many documents wait, or are being written.
    pub fn len(&self) -> usize {
        self.waiting.len() + self.in_work
    }

    /// Whether the files should be written at once.
    pub fn is_pressed(&self) -> bool {
        self.bytes >= PRESSING_BYTES || self.waiting.len() >= PRESSING_STEPS
    }

    /// Whether nothing should be committed before files were written.
    pub fn is_too_long(&self) -> bool {
        self.bytes >= 2 * PRESSING_BYTES || self.waiting.len() >= 2 * PRESSING_STEPS
    }
}

fn size(step: &Step) -> usize {
    step.document.as_ref().map_or(0, |document| document.text().len())
}
