//! The files of a journal.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::disk::Handle;

/// The path of a segment.
pub(crate) fn path(folder: &str, number: u64) -> String {
    format!("{folder}/{number:08}.jsonl")
}

/// The number of the segment that has this name; `None` where no segment has.
pub(super) fn number(name: &str) -> Option<u64> {
    let number = name.strip_suffix(".jsonl")?.parse().ok()?;
    (number > 0 && name == format!("{number:08}.jsonl")).then_some(number)
}

/// A segment that is being written, or was.
#[derive(Debug)]
pub(super) struct Segment {
    pub path: String,
    /// `None` when it is no longer written and all of it is synced.
    pub handle: Option<Arc<dyn Handle>>,
    pub length: u64,
    /// The last sequence in it, if it holds any.
    pub last: Option<u64>,
    /// The journal's change that made it, head and name.
    pub begun: u64,
    /// The journal's last change that touched it.
    pub changed: u64,
}

/// What is known of a journal's segments and of how far it is synced.
#[derive(Debug)]
pub(super) struct State {
    /// The last sequence used.
    pub last: u64,
    /// The highest sequence that is synced.
    pub synced: u64,
    /// Counts what was done to any segment.
    pub changes: u64,
    /// Of these, how many are durable.
    pub durable: u64,
    /// A thread is syncing.
    pub is_syncing: bool,
    /// Oldest first. The last one is written to; the others hold at least one entry each.
    pub segments: VecDeque<Segment>,
}

impl State {
    /// Begins a segment whose head was written.
    pub fn begin(&mut self, path: String, handle: Arc<dyn Handle>, length: u64) {
        self.changes += 1;
        let (begun, changed) = (self.changes, self.changes);
        self.segments.push_back(Segment { path, handle: Some(handle), length, last: None, begun, changed });
        self.release();
    }

    /// Notes that the last segment was written to.
    pub fn extend(&mut self, by: u64, last: u64) {
        self.changes += 1;
        self.last = last;
        if let Some(active) = self.segments.back_mut() {
            active.length += by;
            active.last = Some(last);
            active.changed = self.changes;
        }
    }

    /// Notes that the last segment was touched and is as it was.
    pub fn touch(&mut self) {
        self.changes += 1;
        if let Some(active) = self.segments.back_mut() {
            active.changed = self.changes;
        }
    }

    /// Whether every segment's head and name is durable.
    pub fn is_begun(&self) -> bool {
        self.segments.back().is_none_or(|active| active.begun <= self.durable)
    }

    /// Whether the last segment holds an entry.
    pub fn is_used(&self) -> bool {
        self.segments.back().is_some_and(|active| active.last.is_some())
    }

    /// The segments before the last one.
    pub fn closed(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.segments.iter().take(self.segments.len().saturating_sub(1))
    }

    /// Closes the files that will be neither written nor synced any more.
    pub fn release(&mut self) {
        let closed = self.segments.len().saturating_sub(1);
        for segment in self.segments.iter_mut().take(closed) {
            if segment.changed <= self.durable {
                segment.handle = None;
            }
        }
    }
}
