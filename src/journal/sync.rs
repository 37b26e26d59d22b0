//! Syncing, for all that wait, and removing what is done with.

use std::sync::Arc;

use super::segment::State;
use super::writer::Journal;
use crate::disk::Handle;
use crate::error::{Error, ErrorKind, Result};

/// What a sync has to do.
struct Round {
    handles: Vec<Arc<dyn Handle>>,
    /// The folder holds a new name.
    names: bool,
    /// How far everything is synced then.
    changes: u64,
    last: u64,
}

impl Round {
    fn new(state: &State) -> Self {
        let unsynced = state.segments.iter().filter(|segment| segment.changed > state.durable);
        Self {
            handles: unsynced.filter_map(|segment| segment.handle.clone()).collect(),
            names: !state.is_begun(),
            changes: state.changes,
            last: state.last,
        }
    }

    /// Notes that it was done.
    fn note(&self, state: &mut State) {
        state.durable = self.changes;
        state.synced = self.last;
        state.release();
    }
}

/// Ends the turn of a thread that syncs, whatever becomes of it: the others would wait for ever.
struct Turn<'a> {
    journal: &'a Journal,
    end: End,
}

/// What became of a turn.
enum End {
    /// Nobody knows: it panicked.
    Unknown,
    /// It failed before anything was in doubt, or broke the journal.
    Failed,
    Done(Round),
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.journal.state.lock();
        state.is_syncing = false;
        match &self.end {
            End::Done(round) => round.note(&mut state),
            End::Failed => {}
            End::Unknown => drop(self.journal.break_by(Error::new(ErrorKind::Storage, "a sync was interrupted"))),
        }
        self.journal.synced.notify_all();
    }
}

impl Journal {
    /// Returns when everything is durable that was appended, or begun by a rotation, before the call. Callers that come
    /// while a sync is running wait for it, and then one of them syncs for all. Tells the highest sequence that is
    /// synced.
    ///
    /// # Errors
    ///
    /// `POISONED`, from the first failure on.
    pub fn sync(&self) -> Result<u64> {
        let mut state = self.state.lock();
        let wanted = state.changes;
        loop {
            self.check()?;
            if state.durable >= wanted {
                return Ok(state.synced);
            }
            if !state.is_syncing {
                break;
            }
            self.synced.wait(&mut state);
        }
        state.is_syncing = true;
        let round = Round::new(&state);
        drop(state);
        let mut turn = Turn { journal: self, end: End::Unknown };
        if let Err(cause) = self.run(&round) {
            turn.end = End::Failed;
            // A folder that could not be opened was not synced; it can be tried again.
            return if cause.context().syscall == Some("open") { Err(cause) } else { Err(self.break_with(cause)) };
        }
        let last = round.last;
        turn.end = End::Done(round);
        Ok(last)
    }

    fn run(&self, round: &Round) -> Result<()> {
        round.handles.iter().try_for_each(|handle| handle.sync_data())?;
        if round.names { self.disk.sync_folder(&self.folder) } else { Ok(()) }
    }

    /// Removes the segments, but the last, that hold nothing after `through`: everything up to it must be durable where
    /// it belongs. Durable when it returns.
    ///
    /// # Errors
    ///
    /// The system's: what is left is removed by a later call. `POISONED`, after an earlier failure.
    pub fn cut(&self, through: u64) -> Result<()> {
        let _alone = self.cutting.lock();
        self.check()?;
        if self.oldest(through).is_none() {
            return Ok(());
        }
        let is_begun = self.state.lock().is_begun();
        if !is_begun {
            self.sync()?;
        }
        while let Some(path) = self.oldest(through) {
            match self.disk.remove(&path) {
                // By an earlier call, which could not make that durable.
                Err(error) if error.is_not_found() => {}
                other => other?,
            }
            self.sync_folder(&self.folder)?;
            self.state.lock().segments.pop_front();
        }
        Ok(())
    }

    /// Removes all segments but the last, which says that they do not count: in any order.
    pub(super) fn remove_closed(&self) -> Result<()> {
        let closed: Vec<String> = self.state.lock().closed().map(|segment| segment.path.clone()).collect();
        super::discard(self.disk.as_ref(), &self.folder, &closed)
    }

    /// The oldest segment, where it can be removed.
    fn oldest(&self, through: u64) -> Option<String> {
        let state = self.state.lock();
        let oldest = state.closed().next().filter(|oldest| oldest.last.is_some_and(|last| last <= through));
        oldest.map(|oldest| oldest.path.clone())
    }

    /// The last sequence used.
    pub fn last(&self) -> u64 {
        self.state.lock().last
    }

    /// The highest sequence that is synced.
    pub fn synced(&self) -> u64 {
        self.state.lock().synced
    }

    /// The size of all segments, in bytes.
    pub fn bytes(&self) -> u64 {
        self.state.lock().segments.iter().map(|segment| segment.length).sum()
    }

    /// The size of the segment that is written to, in bytes.
    pub fn active_bytes(&self) -> u64 {
        self.state.lock().segments.back().map_or(0, |active| active.length)
    }

    /// Whether the segment that is written to holds an entry.
    pub fn is_used(&self) -> bool {
        self.state.lock().is_used()
    }

    /// The last sequence in the segments before the last one; `None` without any.
    pub fn closed_last(&self) -> Option<u64> {
        self.state.lock().closed().next_back().and_then(|segment| segment.last)
    }
}
