//! Taking in what other processes appended to the same journal.
//!
//! Who follows is where it wrote or read last: a segment and a length. What stands behind that is whole up to the sequence
//! that was published; behind that one a commit may be under way, or was, when its process died.

use std::collections::HashSet;
use std::sync::Arc;

use super::entry::{Content, Entry, Version};
use super::head::{Head, Read};
use super::line::{lines, unseal};
use super::segment;
use super::writer::{Journal, Writer};
use crate::document::Document;
use crate::error::Result;
use crate::key::Key;

/// A change that another process appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The commit.
    pub sequence: u64,
    /// Whose document.
    pub key: Key,
    /// The new version, or `None` where it is deleted.
    pub document: Option<Document>,
}

/// How far to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// This sequence, which was published.
    Published(u64),
    /// The end. Nobody else may be writing: what is not whole there was left behind by one that died, and is cut off.
    TheEnd,
}

/// What is read of segments.
struct Tail {
    epoch: u64,
    /// The sequence that comes next.
    next: u64,
    changes: Vec<(u64, Change)>,
    /// The groups that were given back, by their first sequences.
    voids: HashSet<u64>,
}

impl Tail {
    fn is_there(&self, until: Until) -> bool {
        matches!(until, Until::Published(end) if self.next > end)
    }

    /// Takes the head of a segment; tells its length, `None` where it does not go on here.
    fn begin(&self, bytes: &[u8]) -> Option<usize> {
        let (_, line) = lines(bytes).next()?;
        match Head::read(unseal(line?)?)? {
            Read::Ours(head) if head.epoch == self.epoch && head.first == self.next => Some(line?.len() + 1),
            _ => None,
        }
    }

    /// Takes whole groups; tells how many bytes they have.
    fn take(&mut self, bytes: &[u8], until: Until) -> usize {
        let (mut taken, mut group) = (0, Vec::new());
        for (offset, line) in lines(bytes) {
            if self.is_there(until) {
                break;
            }
            let Some(line) = line else { break };
            let Some(entry) = unseal(line).and_then(Entry::read) else { break };
            if entry.sequence != self.next + group.len() as u64 {
                break;
            }
            let end = entry.end;
            group.push(entry);
            let Some(end) = end else { continue };
            if end.lines != group.len() as u64 {
                break;
            }
            self.accept(std::mem::take(&mut group));
            taken = offset + line.len() + 1;
        }
        taken
    }

    fn accept(&mut self, group: Vec<Entry>) {
        let first = self.next;
        for Entry { sequence, content, .. } in group {
            self.next = sequence + 1;
            match content {
                Content::Void(first) => {
                    self.voids.insert(first);
                }
                Content::Write(Version { key, document, .. }) => {
                    self.changes.push((first, Change { sequence, key, document }));
                }
            }
        }
    }
}

impl Journal {
    /// Takes in what others appended, in their order, and goes on behind it. `None` where something in between is gone: what
    /// they wrote is to be read from the files.
    ///
    /// # Errors
    ///
    /// The system's: to be tried again. `POISONED` where it is to go on at the end, after an earlier failure.
    pub fn follow(&self, until: Until) -> Result<Option<Vec<Change>>> {
        let mut writer = self.writer.lock();
        if until == Until::TheEnd {
            self.check()?;
        }
        let (last, active) = {
            let state = self.state.lock();
            (state.last, state.segments.back().map(|active| active.length))
        };
        let mut tail = Tail { epoch: self.epoch(), next: last + 1, changes: Vec::new(), voids: HashSet::new() };
        let (mut number, mut offset) = active.map_or((writer.number, 0), |length| (writer.number - 1, length));
        let mut bytes = Vec::new();
        while !tail.is_there(until) {
            bytes.clear();
            let path = segment::path(&self.folder, number);
            match self.disk.read_from(&path, offset, &mut bytes) {
                Err(error) if error.is_not_found() => {
                    if offset == 0 && until == Until::TheEnd {
                        break;
                    }
                    return Ok(None);
                }
                other => other?,
            }
            let head = if offset == 0 { tail.begin(&bytes) } else { Some(0) };
            let Some(head) = head else {
                if until == Until::TheEnd {
                    // Of one that died as it began it.
                    self.disk.remove(&path)?;
                    break;
                }
                return Ok(None);
            };
            let entries = tail.take(bytes.get(head..).unwrap_or_default(), until);
            self.adopt(&mut writer, number, (offset, head + entries), tail.next - 1)?;
            if head + entries == bytes.len() {
                (number, offset) = (number + 1, 0);
            } else if until == Until::TheEnd {
                self.cut_off(offset + (head + entries) as u64)?;
                break;
            } else if !tail.is_there(until) {
                return Ok(None);
            }
        }
        let Tail { changes, voids, .. } = tail;
        Ok(Some(changes.into_iter().filter(|(first, _)| !voids.contains(first)).map(|(_, change)| change).collect()))
    }

    /// Goes on at a segment that others wrote, behind this sequence: what was before is not known here any more.
    ///
    /// # Errors
    ///
    /// `POISONED`, after an earlier failure.
    pub fn skip_to(&self, number: u64, last: u64) -> Result<()> {
        let mut writer = self.writer.lock();
        self.check()?;
        (writer.number, writer.headless, writer.reserved) = (number, None, 0);
        let before = {
            let mut state = self.state.lock();
            (state.last, state.synced) = (last, last);
            std::mem::take(&mut state.segments)
        };
        drop(before);
        Ok(())
    }

    /// Goes on behind so many bytes, which others appended at an offset of a segment; its head is among them at 0.
    fn adopt(&self, writer: &mut Writer, number: u64, (offset, length): (u64, usize), last: u64) -> Result<()> {
        if offset > 0 {
            if length > 0 {
                self.state.lock().extend(length as u64, last);
            }
            return Ok(());
        }
        let path = segment::path(&self.folder, number);
        let handle = Arc::from(self.disk.open(&path)?);
        (writer.number, writer.headless, writer.reserved) = (number + 1, None, 0);
        let mut state = self.state.lock();
        let is_empty = state.last == last;
        state.begin(path, handle, length as u64);
        if !is_empty {
            state.extend(0, last);
        }
        Ok(())
    }

    /// Cuts the last segment, so that what is appended next follows what is whole.
    fn cut_off(&self, length: u64) -> Result<()> {
        let handle = self.state.lock().segments.back().and_then(|active| active.handle.clone());
        if let Some(handle) = handle {
            handle.truncate(length)?;
            self.state.lock().touch();
        }
        Ok(())
    }

    /// The number of the segment that is written to; 0 where none was begun.
    pub fn segment(&self) -> u64 {
        let writer = self.writer.lock();
        if self.has_begun() { writer.number - 1 } else { 0 }
    }
}
