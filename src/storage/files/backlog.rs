//! Documents whose file is older than they are.
//!
//! With background files a commit ends with the journal and leaves a [`Step`] here. A later commit of the same key takes
//! its place, so a document that changes often is written once.

use std::collections::{HashMap, VecDeque};
use std::mem;

use super::place::Step;
use crate::error::Error;
use crate::key::Key;
use crate::storage::Sequence;

/// From so many bytes of text on, the files should be written at once.
const PRESSING_BYTES: usize = 64 << 20;

/// The steps that wait, at most one per key.
#[derive(Debug, Default)]
pub struct Backlog {
    waiting: HashMap<Key, Step>,
    bytes: usize,
    /// The last commit that left its steps here, or had none to leave.
    through: Sequence,
    /// Taken out to be placed, and neither placed nor back.
    in_work: Load,
}

/// So many steps, and the bytes of their texts.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    steps: usize,
    bytes: usize,
}

/// What was taken out to be placed, some at a time.
#[derive(Debug)]
pub struct Work {
    /// In the order in which they are tried: deletions, because they need no space, and where case is ignored another key
    /// may have the name already; then those that never failed, by their commits. One that can never be placed is thus in
    /// nobody's way.
    pub steps: VecDeque<Step>,
    /// The last commit whose steps these are.
    pub through: Sequence,
    /// What could not be placed.
    pub left: Vec<Step>,
    /// Why the first of them could not.
    pub cause: Option<Error>,
    /// Documents that could not be placed.
    pub failures: usize,
}

impl Work {
    /// The steps are put in order here, without the backlog's lock.
    pub fn new((waiting, through): (HashMap<Key, Step>, Sequence)) -> Self {
        let mut steps: Vec<Step> = waiting.into_values().collect();
        steps.sort_unstable_by_key(|step| (step.document.is_some(), step.has_failed, step.sequence));
        Self { steps: steps.into(), through, left: Vec::new(), cause: None, failures: 0 }
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

    /// Forgets what waits: somebody else has placed everything up to here.
    pub fn forget(&mut self, through: Sequence) {
        *self = Self { through, ..Self::default() };
    }

    /// The last commit whose steps wait, waited, or were none.
    pub fn through(&self) -> Sequence {
        self.through
    }

    /// Takes everything out, for [`Work`]. What was taken before must be placed, or back.
    pub fn take(&mut self) -> (HashMap<Key, Step>, Sequence) {
        let waiting = mem::take(&mut self.waiting);
        self.in_work = Load { steps: waiting.len(), bytes: mem::take(&mut self.bytes) };
        (waiting, self.through)
    }

    /// A step that was taken out is placed.
    pub fn placed(&mut self, step: &Step) {
        self.in_work.steps = self.in_work.steps.saturating_sub(1);
        self.in_work.bytes = self.in_work.bytes.saturating_sub(size(step));
    }

    /// Takes back what of the steps taken out could not be placed.
    pub fn put_back(&mut self, steps: impl IntoIterator<Item = Step>) {
        self.in_work = Load::default();
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

    /// Whether a document waits.
    pub fn holds(&self, key: &Key) -> bool {
        self.waiting.contains_key(key)
    }

    /// How many documents wait, or are being written.
    pub fn len(&self) -> usize {
        self.waiting.len() + self.in_work.steps
    }

    /// Whether the files should be written at once: from so many steps on.
    pub fn is_pressed(&self, steps: usize) -> bool {
        self.bytes >= PRESSING_BYTES || self.waiting.len() >= steps
    }

    /// Whether nothing should be committed before files were written: twice as many steps, or bytes.
    pub fn is_too_long(&self, steps: usize) -> bool {
        self.bytes + self.in_work.bytes >= 2 * PRESSING_BYTES || self.len() >= 2 * steps
    }
}

fn size(step: &Step) -> usize {
    step.document.as_ref().map_or(0, |document| document.text().len())
}
