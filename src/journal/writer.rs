//! Appending.

use std::sync::{Arc, OnceLock};

use parking_lot::{Condvar, Mutex};

use super::entry::{Marks, Record, put_group, put_void};
use super::head::{Head, Placing};
use super::segment::{self, State};
use crate::disk::{Disk, Handle, write_all};
use crate::error::{Error, ErrorKind, Result};

/// How much space is set aside at a time: a full disk then still takes a deletion.
const RESERVE: u64 = 64 << 10;

/// How much memory is kept from one append to the next.
const KEPT: usize = 4 << 20;

/// Where a journal goes on. Everything up to `last` must be durable where it belongs before the journal is begun: from
/// then on older segments mean nothing.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// Of every sequence in it.
    pub epoch: u64,
    /// The last sequence used.
    pub last: u64,
    /// The next segment's number.
    pub number: u64,
    /// Written into every head, for whoever recovers.
    pub placing: Placing,
}

/// A journal that is being written. One thread appends, another syncs, rotates and cuts, at the same time.
///
/// Lock order: `writer` or `cutting`, then `state`. After a failed sync, or where a failed append could not be taken back, every call that
/// does something answers `POISONED`.
#[derive(Debug)]
pub struct Journal {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) folder: String,
    start: Start,
    /// Held while a segment is begun or written: whoever has it alone changes the last segment.
    pub(super) writer: Mutex<Writer>,
    /// Held for moments only, never during a call to the disk.
    pub(super) state: Mutex<State>,
    /// Tells whoever waits on `state` that a sync has ended.
    pub(super) synced: Condvar,
    /// Held while segments are removed, so that two callers do not remove the same.
    pub(super) cutting: Mutex<()>,
    /// The first failure that left the journal in doubt.
    broken: OnceLock<Error>,
}

/// What a new segment says of the ones before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It goes on.
    Next,
    /// They do not count.
    Settled,
    /// They do not count, and nothing follows.
    Closed,
}

#[derive(Debug)]
pub(super) struct Writer {
    /// The next segment's number.
    pub number: u64,
    /// That segment, where it was created and its head could not be written.
    pub headless: Option<Arc<dyn Handle>>,
    /// Up to which length the segment has space set aside.
    pub reserved: u64,
    /// What is about to be written; kept for its memory.
    lines: Vec<u8>,
}

impl Writer {
    /// Sets space aside, a good deal at a time. Where there is none, the write finds out.
    fn reserve(&mut self, handle: &dyn Handle, length: u64) {
        if length + RESERVE / 2 > self.reserved {
            let wanted = length + RESERVE;
            if handle.reserve(wanted).is_ok() {
                self.reserved = wanted;
            }
        }
    }
}

impl Journal {
    /// A journal in a folder of the disk. Touches nothing yet.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, folder: &str, start: Start) -> Self {
        let state = State {
            last: start.last,
            synced: start.last,
            changes: 0,
            durable: 0,
            is_syncing: false,
            segments: std::collections::VecDeque::new(),
        };
        Self {
            disk,
            folder: folder.to_owned(),
            start,
            writer: Mutex::new(Writer { number: start.number, headless: None, reserved: 0, lines: Vec::new() }),
            state: Mutex::new(state),
            synced: Condvar::new(),
            cutting: Mutex::new(()),
            broken: OnceLock::new(),
        }
    }

    /// Creates the first segment, and the folder where it is missing, durably. From then on older segments mean nothing,
    /// and can be [discarded](super::discard). Does nothing when that is done. Where it fails, the next append tries
    /// again.
    ///
    /// # Errors
    ///
    /// The system's; `POISONED` where a sync failed.
    pub fn begin(&self) -> Result<()> {
        let mut writer = self.writer.lock();
        self.begin_with(&mut writer)
    }

    /// Writes groups in one step, and tells the last sequence of each. `placed` is the highest sequence up to which
    /// every file is in its place.
    ///
    /// # Errors
    ///
    /// The system's: no group is in the journal, and the next append may go well. `POISONED`: nobody knows.
    pub fn append<'a, G: AsRef<[Record<'a>]>>(&self, groups: &[G], placed: u64) -> Result<Vec<u64>> {
        self.write(placed, |lines, mut last, marks| {
            let mut put = |group: &G| {
                last = put_group(lines, group.as_ref(), last, marks);
                last
            };
            let lasts = groups.iter().map(&mut put).collect();
            (lasts, last)
        })
    }

    /// Gives back the group that began at `first`: recovery will ignore it, once this is synced. Tells the sequence that
    /// this took.
    ///
    /// # Errors
    ///
    /// As of an append.
    pub fn void(&self, first: u64, placed: u64) -> Result<u64> {
        self.write(placed, |lines, last, marks| {
            put_void(lines, last + 1, first, marks);
            (last + 1, last + 1)
        })
    }

    /// Goes on in a new segment, where the last one holds an entry. What it does is durable with the next sync.
    ///
    /// # Errors
    ///
    /// The system's: the last segment is written further. `POISONED`, after an earlier failure.
    pub fn rotate(&self) -> Result<()> {
        let mut writer = self.writer.lock();
        self.check()?;
        if self.state.lock().is_used() { self.open(&mut writer, Kind::Next) } else { Ok(()) }
    }

    /// Whether the journal can be relied on.
    ///
    /// # Errors
    ///
    /// `POISONED` with the first cause, after a failure that left it in doubt.
    pub fn check(&self) -> Result<()> {
        let Some(cause) = self.broken.get() else { return Ok(()) };
        let message = format!("the journal takes no more writes since a failure left it in doubt: {cause}");
        Err(Error::new(ErrorKind::Poisoned, message).with_source(cause.clone()))
    }

    /// Gives up for good. Later causes are dropped: the first one tells the story.
    pub(super) fn break_by(&self, cause: Error) -> Result<()> {
        let _ = self.broken.set(cause);
        self.check()
    }

    /// Gives up, and tells why.
    pub(super) fn break_with(&self, cause: Error) -> Error {
        self.break_by(cause.clone()).err().unwrap_or(cause)
    }

    /// Syncs a folder. One that cannot be opened (no descriptor is left) was not synced and can be tried again.
    pub(super) fn sync_folder(&self, folder: &str) -> Result<()> {
        self.disk
            .sync_folder(folder)
            .map_err(|cause| if cause.context().syscall == Some("open") { cause } else { self.break_with(cause) })
    }

    fn begin_with(&self, writer: &mut Writer) -> Result<()> {
        self.check()?;
        let (is_open, is_durable) = {
            let state = self.state.lock();
            let first = state.segments.front();
            (first.is_some(), first.is_some_and(|first| first.begun <= state.durable))
        };
        if is_durable {
            return Ok(());
        }
        if !is_open {
            self.ensure_folder()?;
            self.open(writer, Kind::Settled)?;
        }
        self.sync().map(drop)
    }

    /// Ends the journal: everything in it must be durable where it belongs. What is left is a segment that says so.
    /// Nothing is to be appended any more.
    ///
    /// # Errors
    ///
    /// The system's; `POISONED` where a sync failed.
    pub fn finish(&self) -> Result<()> {
        let mut writer = self.writer.lock();
        self.check()?;
        if self.state.lock().segments.is_empty() {
            return Ok(());
        }
        self.open(&mut writer, Kind::Closed)?;
        self.sync()?;
        self.remove_closed()
    }

    /// Begins anew, because somebody may have removed the folder: what was written before is durable where it belongs,
    /// and means nothing any more.
    ///
    /// # Errors
    ///
    /// The system's; `POISONED` where a sync failed.
    pub fn restart(&self) -> Result<()> {
        let mut writer = self.writer.lock();
        let before = std::mem::take(&mut self.state.lock().segments);
        drop(before);
        // Its file may be there still, under that number.
        writer.number += u64::from(writer.headless.take().is_some());
        self.begin_with(&mut writer)
    }

    /// Whether anything was written.
    pub fn has_begun(&self) -> bool {
        !self.state.lock().segments.is_empty()
    }

    /// The epoch of its sequences.
    pub fn epoch(&self) -> u64 {
        self.start.epoch
    }

    /// Creates the folder where it is missing. Its name, and those of the folders it lies in, are made durable in any
    /// case: whoever created them may have been killed before.
    fn ensure_folder(&self) -> Result<()> {
        if self.disk.kind(&self.folder)?.is_none() {
            self.disk.make_folder(&self.folder)?;
        }
        let mut path = self.folder.as_str();
        while !path.is_empty() {
            path = path.rsplit_once('/').map_or("", |(parent, _)| parent);
            self.sync_folder(path)?;
        }
        Ok(())
    }

    /// Begins the next segment.
    fn open(&self, writer: &mut Writer, kind: Kind) -> Result<()> {
        let path = segment::path(&self.folder, writer.number);
        let handle = match writer.headless.take() {
            Some(handle) => handle,
            None => Arc::from(self.disk.create(&path)?),
        };
        let head = self.head(kind);
        writer.lines.clear();
        head.put(&mut writer.lines);
        // It may hold what an earlier attempt could write.
        if let Err(cause) = handle.truncate(0).and_then(|()| write_all(&*handle, &writer.lines, 0)) {
            writer.headless = Some(handle);
            return Err(cause);
        }
        writer.number += 1;
        writer.reserved = 0;
        self.state.lock().begin(path, handle, writer.lines.len() as u64);
        Ok(())
    }

    fn head(&self, kind: Kind) -> Head {
        let Start { epoch, placing, .. } = self.start;
        let state = self.state.lock();
        let (settled, closed) = (kind != Kind::Next, kind == Kind::Closed);
        Head { epoch, first: state.last + 1, placing, settled, closed, boot: self.disk.boot(), synced: state.synced }
    }

    /// Writes what `fill` makes of the last sequence and the marks, and tells what it tells: an answer, and the last
    /// sequence then.
    fn write<T>(&self, placed: u64, fill: impl FnOnce(&mut Vec<u8>, u64, Marks) -> (T, u64)) -> Result<T> {
        let mut writer = self.writer.lock();
        self.begin_with(&mut writer)?;
        let (before, synced, active) = {
            let state = self.state.lock();
            let active = state.segments.back().and_then(|active| Some((active.handle.clone()?, active.length)));
            (state.last, state.synced, active)
        };
        let Some((handle, length)) = active else {
            return Err(Error::new(ErrorKind::Storage, "the journal has no segment"));
        };
        writer.lines.clear();
        writer.lines.shrink_to(KEPT);
        let (answer, last) = fill(&mut writer.lines, before, Marks { synced, placed });
        if writer.lines.is_empty() {
            return Ok(answer);
        }
        let end = length + writer.lines.len() as u64;
        writer.reserve(&*handle, end);
        if let Err(cause) = write_all(&*handle, &writer.lines, length) {
            // Cutting it off gives the space back that was set aside.
            writer.reserved = 0;
            return Err(self.take_back(&*handle, length, cause));
        }
        self.state.lock().extend(writer.lines.len() as u64, last);
        Ok(answer)
    }

    /// Cuts off what a failed append wrote, durably: its first groups may be whole, and were refused.
    fn take_back(&self, handle: &dyn Handle, length: u64, cause: Error) -> Error {
        if handle.truncate(length).is_err() {
            return self.break_with(cause);
        }
        self.state.lock().touch();
        self.sync().err().unwrap_or(cause)
    }
}
