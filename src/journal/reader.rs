//! Reading segments, oldest first, as far as they count.

use std::collections::HashSet;

use super::entry::{Content, Entry};
use super::head::{Head, Read};
use super::history::Histories;
use super::line::{lines, unseal};
use crate::error::{Error, ErrorKind, Result};

/// A good line.
enum Line {
    Head(Read),
    Entry(Entry),
}

impl Line {
    fn read(line: Option<&[u8]>) -> Option<Self> {
        let text = unseal(line?)?;
        Entry::read(text).map(Self::Entry).or_else(|| Head::read(text).map(Self::Head))
    }
}

/// What was read, and where it ended.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// The groups that count for nothing, by their first sequences.
    voided: HashSet<u64>,
    /// Of the segments that count.
    pub heads: Vec<Head>,
    /// The path of the first of these.
    pub oldest: String,
    /// The sequence that comes next; 0 before the first head.
    pub next: u64,
    /// The highest sequence up to which every file was in its place.
    pub placed: u64,
    pub histories: Histories,
    /// The groups that were given back.
    pub voids: HashSet<u64>,
    /// Where it ended before its time.
    pub damage: Option<Damage>,
}

/// The first place that is not as it was written.
#[derive(Debug)]
pub(super) struct Damage {
    pub segment: String,
    pub offset: usize,
    pub reason: &'static str,
    /// It had been synced.
    pub is_real: bool,
    /// The whole groups behind it.
    pub whole_groups: usize,
    /// The sequence that was expected. 0 where that is not known, because the oldest head is damaged: a head is synced
    /// before anything relies on it, so that every good line behind it tells of real damage.
    next: u64,
    /// How many entries in a row were just seen behind it, and the last one's sequence.
    run: (u64, u64),
}

/// The good lines of a group that has no end yet.
#[derive(Default)]
struct Group {
    offset: usize,
    entries: Vec<Entry>,
}

impl Reader {
    /// A reader for which these groups count for nothing.
    pub fn new(voided: HashSet<u64>) -> Self {
        Self { voided, ..Self::default() }
    }

    /// Reads the next segment.
    ///
    /// # Errors
    ///
    /// `UNSUPPORTED` where it is of a later version.
    pub fn read(&mut self, segment: &str, bytes: &[u8]) -> Result<()> {
        let mut lines = lines(bytes).map(|(offset, line)| (offset, Line::read(line)));
        self.begin(segment, lines.next().and_then(|(_, line)| line))?;
        let mut group = Group::default();
        for (offset, line) in lines {
            if group.entries.is_empty() {
                group.offset = offset;
            }
            match line {
                Some(Line::Head(Read::Later(version))) => return Err(later(segment, version)),
                Some(Line::Entry(entry)) if self.damage.is_none() && self.follows(&entry, &group) => {
                    self.take(segment, entry, &mut group);
                }
                line => {
                    self.end(segment, group.offset, "has a damaged line, or lacks one");
                    self.judge(line);
                }
            }
        }
        if !group.entries.is_empty() {
            self.end(segment, group.offset, "ends within a group");
        }
        Ok(())
    }

    fn begin(&mut self, segment: &str, line: Option<Line>) -> Result<()> {
        match line {
            Some(Line::Head(Read::Later(version))) => return Err(later(segment, version)),
            Some(Line::Head(Read::Ours(head))) if head.settled => {
                *self = Self {
                    heads: vec![head.clone()],
                    oldest: segment.to_owned(),
                    next: head.first,
                    placed: head.first - 1,
                    ..Self::new(std::mem::take(&mut self.voided))
                };
            }
            Some(Line::Head(Read::Ours(head))) if self.damage.is_none() && self.continues(&head) => {
                if self.heads.is_empty() {
                    segment.clone_into(&mut self.oldest);
                }
                self.next = head.first;
                self.heads.push(head);
            }
            line => {
                self.end(segment, 0, "does not begin where the one before it ends");
                self.judge(line);
            }
        }
        Ok(())
    }

    fn continues(&self, head: &Head) -> bool {
        self.heads.last().is_none_or(|before| (before.epoch, self.next) == (head.epoch, head.first))
    }

    fn follows(&self, entry: &Entry, group: &Group) -> bool {
        entry.sequence == self.next + group.entries.len() as u64
    }

    /// Takes the next entry, and its group where it ends that.
    fn take(&mut self, segment: &str, entry: Entry, group: &mut Group) {
        let end = entry.end;
        group.entries.push(entry);
        let Some(end) = end else { return };
        let entries = std::mem::take(&mut group.entries);
        if end.lines != entries.len() as u64 {
            self.end(segment, group.offset, "lacks a group's first lines");
            for entry in entries {
                self.judge(Some(Line::Entry(entry)));
            }
            return;
        }
        self.placed = self.placed.max(end.marks.placed);
        let is_voided = self.voided.contains(&self.next);
        for Entry { sequence, content, .. } in entries {
            self.next = sequence + 1;
            match content {
                Content::Void(first) => {
                    self.voids.insert(first);
                }
                Content::Write(version) if is_voided => self.histories.add_voided(version),
                Content::Write(version) => self.histories.add(sequence, version),
            }
        }
    }

    /// Notes where reading ends, the first time.
    fn end(&mut self, segment: &str, offset: usize, reason: &'static str) {
        let (next, run) = (self.next, (0, 0));
        self.damage.get_or_insert_with(|| Damage {
            segment: segment.to_owned(),
            offset,
            reason,
            is_real: false,
            whole_groups: 0,
            next,
            run,
        });
    }

    /// Asks a line behind the damage what had been synced.
    fn judge(&mut self, line: Option<Line>) {
        let Some(damage) = &mut self.damage else { return };
        match line {
            Some(Line::Entry(entry)) => damage.judge(&entry),
            Some(Line::Head(Read::Ours(head))) => damage.is_real |= head.synced >= damage.next,
            _ => damage.run = (0, 0),
        }
    }
}

impl Damage {
    fn judge(&mut self, entry: &Entry) {
        let (length, last) = self.run;
        self.run = (if last + 1 == entry.sequence { length + 1 } else { 1 }, entry.sequence);
        let Some(end) = entry.end else { return };
        self.whole_groups += usize::from(end.lines == self.run.0);
        self.is_real |= end.marks.synced >= self.next;
        self.run = (0, 0);
    }
}

fn later(segment: &str, version: u64) -> Error {
    let message = format!("'{segment}' is a journal of version {version}, which this version cannot read");
    Error::new(ErrorKind::Unsupported, message)
}
