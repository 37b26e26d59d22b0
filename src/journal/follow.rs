//! Taking in what other processes appended to the same journal.
//!
//! Who follows is where it wrote or read last: a segment and a length. What stands behind that is whole up to the sequence
//! that was published; behind that one a commit may be under way, or was, when its process died.

use std::collections::HashSet;
use std::sync::Arc;

use super::entry::{Content, Entry, Left, Version};
use super::head::{Head, Read};
use super::line::{lines, unseal};
use super::segment;
use super::writer::{Journal, Writer};
use crate::disk::{Disk, Handle};
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
    /// Where its file was left as it was: what that holds.
    pub left: Option<Left>,
}

/// How far to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// This sequence, which was published.
    Published(u64),
    /// The end. Nobody else may be writing: what is not whole there was left behind by one that died, and is cut off by who writes.
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
                Content::Write(Version { key, document, left, .. }) => {
                    self.changes.push((first, Change { sequence, key, document, left }));
                }
            }
        }
    }
}

/// What was read of a segment, and is to be gone on behind.
struct Part {
    number: u64,
    path: String,
    /// From where on; 0 where the segment is new here.
    offset: u64,
    /// How much there is more of it, head and whole groups.
    length: u64,
    /// The last sequence in it; `None` where none is there.
    last: Option<u64>,
    /// Something is behind that, which is not whole.
    is_torn: bool,
}

/// What was read of segments.
struct Following {
    parts: Vec<Part>,
    changes: Vec<Change>,
    /// The segment behind these, of one that died as it began it.
    headless: Option<String>,
}

/// Where a journal is followed from.
#[derive(Clone, Copy, Debug)]
struct From {
    number: u64,
    /// Where in the segment; 0 where it is new here.
    offset: u64,
    /// The last sequence before.
    last: u64,
}

/// Reads what was appended to the segments in a folder. `None` where something in between is gone.
fn read_on(disk: &dyn Disk, folder: &str, epoch: u64, from: From, until: Until) -> Result<Option<Following>> {
    let mut tail = Tail { epoch, next: from.last + 1, changes: Vec::new(), voids: HashSet::new() };
    let From { mut number, mut offset, .. } = from;
    let (mut parts, mut headless, mut bytes) = (Vec::new(), None, Vec::new());
    while !tail.is_there(until) {
        bytes.clear();
        let path = segment::path(folder, number);
        match disk.read_from(&path, offset, &mut bytes) {
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
            if until != Until::TheEnd {
                return Ok(None);
            }
            headless = Some(path);
            break;
        };
        let before = tail.next;
        let taken = head + tail.take(bytes.get(head..).unwrap_or_default(), until);
        let last = (tail.next > before).then(|| tail.next - 1);
        let (is_whole, is_there) = (taken == bytes.len(), tail.is_there(until));
        if !is_whole && !is_there && until != Until::TheEnd {
            return Ok(None);
        }
        parts.push(Part { number, path, offset, length: taken as u64, last, is_torn: !is_whole && !is_there });
        if !is_whole {
            break;
        }
        (number, offset) = (number + 1, 0);
    }
    let Tail { changes, voids, .. } = tail;
    let is_kept = |(first, change)| (!voids.contains(&first)).then_some(change);
    Ok(Some(Following { parts, changes: changes.into_iter().filter_map(is_kept).collect(), headless }))
}

/// A part that is taken over, to be written to.
struct Taken {
    part: Part,
    /// Opened where the segment is new here.
    handle: Option<Arc<dyn Handle>>,
    /// What was behind it was cut off.
    is_cut: bool,
}

impl Journal {
    /// Takes in what others appended, in their order, and goes on behind it. `None` where something in between is gone: what
    /// they wrote is to be read from the files. Where it fails, or tells `None`, it goes on where it was.
    ///
    /// # Errors
    ///
    /// The system's: to be tried again. `POISONED` where it is to go on at the end, after an earlier failure.
    pub fn follow(&self, until: Until) -> Result<Option<Vec<Change>>> {
        let mut writer = self.writer.lock();
        if until == Until::TheEnd {
            self.check()?;
        }
        let from = {
            let state = self.state.lock();
            let active = state.segments.back().map(|active| active.length);
            let (number, offset) = active.map_or((writer.number, 0), |length| (writer.number - 1, length));
            From { number, offset, last: state.last }
        };
        let Some((parts, changes)) = self.take_on(from, until)? else { return Ok(None) };
        self.go_on(&mut writer, parts);
        Ok(Some(changes))
    }

    /// Goes on at the end of what others appended from a segment on that begins behind this sequence, and takes it in: what was
    /// before is not known here any more. `None` where something in between is gone. Where it fails, or tells `None`, it goes
    /// on where it was.
    ///
    /// # Errors
    ///
    /// As of [`follow`](Self::follow).
    pub fn follow_anew(&self, number: u64, last: u64) -> Result<Option<Vec<Change>>> {
        let mut writer = self.writer.lock();
        self.check()?;
        let read = self.take_on(From { number, offset: 0, last }, Until::TheEnd)?;
        let Some((parts, changes)) = read else { return Ok(None) };
        (writer.number, writer.headless, writer.reserved) = (number, None, 0);
        let before = {
            let mut state = self.state.lock();
            (state.last, state.synced) = (last, last);
            std::mem::take(&mut state.segments)
        };
        drop(before);
        self.go_on(&mut writer, parts);
        Ok(Some(changes))
    }

    /// Reads what others appended, and cuts off what is not whole where nobody else writes. Changes nothing here.
    fn take_on(&self, from: From, until: Until) -> Result<Option<(Vec<Taken>, Vec<Change>)>> {
        let read = read_on(self.disk.as_ref(), &self.folder, self.epoch(), from, until)?;
        let Some(Following { parts, changes, headless }) = read else { return Ok(None) };
        if let Some(path) = headless {
            self.disk.remove(&path)?;
        }
        let taken: Result<Vec<Taken>> = parts.into_iter().map(|part| self.take_part(part)).collect();
        Ok(Some((taken?, changes)))
    }

    /// Opens a segment where it is new here, and cuts off what stands behind a part, so that what is appended next follows what
    /// is whole.
    fn take_part(&self, part: Part) -> Result<Taken> {
        let handle = if part.offset == 0 { Some(Arc::from(self.disk.open(&part.path)?)) } else { None };
        let active = || self.state.lock().segments.back().and_then(|active| active.handle.clone());
        let mut is_cut = false;
        if part.is_torn
            && let Some(handle) = handle.clone().or_else(active)
        {
            handle.truncate(part.offset + part.length)?;
            is_cut = true;
        }
        Ok(Taken { part, handle, is_cut })
    }

    /// Goes on behind what was read.
    fn go_on(&self, writer: &mut Writer, parts: Vec<Taken>) {
        let mut state = self.state.lock();
        for Taken { part, handle, is_cut } in parts {
            let Part { number, path, length, last, .. } = part;
            let is_new = handle.is_some();
            if let Some(handle) = handle {
                (writer.number, writer.headless, writer.reserved) = (number + 1, None, 0);
                state.begin(path, handle, length);
            }
            if let Some(last) = last {
                state.extend(if is_new { 0 } else { length }, last);
            }
            if is_cut {
                writer.reserved = 0;
                state.touch();
            }
        }
    }

    /// The number of the segment that is written to; 0 where none was begun.
    pub fn segment(&self) -> u64 {
        let writer = self.writer.lock();
        if self.has_begun() { writer.number - 1 } else { 0 }
    }
}

/// A journal that others write to, seen by who only reads.
#[derive(Debug)]
pub struct Follower {
    disk: Arc<dyn Disk>,
    folder: String,
    epoch: u64,
    at: From,
}

impl Follower {
    /// Stands before a segment that begins behind the sequence `last`. Touches nothing yet.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, folder: &str, epoch: u64, number: u64, last: u64) -> Self {
        Self { disk, folder: folder.to_owned(), epoch, at: From { number, offset: 0, last } }
    }

    /// The epoch of its sequences.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The last sequence that was read.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.at.last
    }

    /// Reads what was appended, in its order, and goes on behind it. `None` where something in between is gone. Where it fails,
    /// or tells `None`, it goes on where it was. Nothing is cut off.
    ///
    /// # Errors
    ///
    /// The system's: to be tried again.
    pub fn follow(&mut self, until: Until) -> Result<Option<Vec<Change>>> {
        let read = read_on(self.disk.as_ref(), &self.folder, self.epoch, self.at, until)?;
        let Some(Following { parts, changes, .. }) = read else { return Ok(None) };
        for Part { number, offset, length, last, .. } in parts {
            self.at = From { number, offset: offset + length, last: last.unwrap_or(self.at.last) };
        }
        Ok(Some(changes))
    }
}
