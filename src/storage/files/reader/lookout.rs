//! Whether there is more than memory has.

use std::fmt;
use std::io;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Mutex, RwLock};

use crate::board::{Board, FileId};
use crate::disk::Disk;
use crate::error::{Error, Result};
use crate::storage::files::layout::{BOARD, JOURNAL, ROOT};
use crate::storage::files::link::cell;
use crate::storage::{Others, Sequence};

/// What is seen of a directory from outside.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Which directory it is.
    root: Option<FileId>,
    /// The board; `None` where there is none.
    pub board: Option<Arc<Board>>,
    /// The board's file, which may not be whole yet.
    file: Option<FileId>,
    /// Which opening of the directory the board is of.
    stamp: u64,
    /// What was published.
    end: Sequence,
    /// Where there is no board, the names of the journal's segments: nobody writes without changing these first.
    segments: Vec<String>,
}

impl Seen {
    /// What is seen now.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn look(disk: &dyn Disk) -> Result<Self> {
        let (root, file) = (disk.file_id(ROOT)?, disk.file_id(BOARD)?);
        // One that took its place meanwhile is seen the next time.
        let board = disk.board_there(BOARD)?.filter(|board| Some(board.file()) == file).map(Arc::new);
        let number = |index| board.as_ref().map_or(0, |board| board.read(index));
        let (stamp, end) = (number(cell::STAMP), number(cell::END));
        let segments = if board.is_some() { Vec::new() } else { segments(disk)? };
        Ok(Self { root, board, file, stamp, end, segments })
    }

    /// Whether nobody opened the directory from then to now.
    pub fn is_still(&self, now: &Self) -> bool {
        self.root == now.root && (self.file, self.stamp, &self.segments) == (now.file, now.stamp, &now.segments)
    }

    /// The same, with all that is known to be committed: also what one died over who would have published it.
    pub fn up_to(self, last: Sequence) -> Self {
        Self { end: self.end.max(last), ..self }
    }
}

fn segments(disk: &dyn Disk) -> Result<Vec<String>> {
    let listed = match disk.list(JOURNAL) {
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        other => other?,
    };
    let mut names: Vec<String> = listed.into_iter().filter_map(|listed| listed.name.ok()).collect();
    names.sort_unstable();
    Ok(names)
}

/// What others published.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    pub end: Sequence,
    /// Whether memory does not have all of it.
    pub is_more: bool,
    /// How often the definitions were replaced.
    pub definitions: u64,
}

/// Tells whether there is more than memory has.
pub struct Lookout {
    disk: Arc<dyn Disk>,
    /// What was seen when memory was what it is. A read-write lock, held for a look.
    seen: RwLock<Seen>,
    /// What will have been seen when memory has what it is told now. A mutex, of the committer's thread alone.
    next: Mutex<Option<Seen>>,
    /// What memory has may be over, and what there is instead could not be read yet.
    is_lost: AtomicBool,
}

impl Lookout {
    /// Memory has what was there when this was seen.
    pub fn new(disk: Arc<dyn Disk>, seen: Seen) -> Self {
        Self { disk, seen: RwLock::new(seen), next: Mutex::default(), is_lost: AtomicBool::new(false) }
    }

    /// Whether the directory is open as it was, or nobody has opened it since: then the journal tells what is new.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn is_as_it_was(&self) -> Result<bool> {
        if self.is_lost.load(Ordering::Acquire) {
            return Ok(false);
        }
        let seen = self.seen.read().clone();
        match &seen.board {
            Some(board) => Ok(board.read(cell::STAMP) == seen.stamp && self.disk.file_id(BOARD)? == seen.file),
            None => Ok(seen.is_still(&Seen::look(self.disk.as_ref())?)),
        }
    }

    /// Refuses another directory than the one that was opened: the disk has that one.
    ///
    /// # Errors
    ///
    /// `ENOENT`, or the system's.
    pub fn check_root(&self) -> Result<()> {
        if self.disk.file_id(ROOT)? == self.seen.read().root {
            return Ok(());
        }
        let path = self.disk.path(ROOT);
        let cause = io::Error::new(io::ErrorKind::NotFound, "the data directory was removed while it was open");
        Err(Error::storage("open", &path, cause))
    }

    /// What others published; `None` where there is no board, or another one by now.
    pub fn published(&self) -> Option<Published> {
        let seen = self.seen.read();
        let board = seen.board.as_ref()?;
        let (end, definitions) = (board.read(cell::END), board.read(cell::DEFINITIONS));
        let published = Published { end, is_more: end > seen.end, definitions };
        // After the others: these are written later than it.
        (board.read(cell::STAMP) == seen.stamp).then_some(published)
    }

    /// Memory may be what is over.
    pub fn lose(&self) {
        self.is_lost.store(true, Ordering::Release);
    }

    /// Memory will have what was published up to here.
    pub fn will_have(&self, end: Sequence) {
        let seen = self.seen.read().clone();
        *self.next.lock() = Some(seen.up_to(end));
    }

    /// Memory will have what is there now.
    pub fn will_see(&self, seen: Seen) {
        *self.next.lock() = Some(seen);
    }
}

impl Others for Lookout {
    fn is_behind(&self) -> bool {
        if self.is_lost.load(Ordering::Acquire) {
            return true;
        }
        let seen = self.seen.read();
        match &seen.board {
            Some(board) => board.read(cell::STAMP) != seen.stamp || board.read(cell::END) > seen.end,
            // What cannot be asked is found out by who reads it anew.
            None => self.disk.file_id(BOARD).is_ok_and(|file| file != seen.file),
        }
    }

    fn publish(&self, _: Sequence) {}

    fn caught_up(&self, _: Sequence) {
        if let Some(next) = self.next.lock().take() {
            let before = mem::replace(&mut *self.seen.write(), next);
            self.is_lost.store(false, Ordering::Release);
            // Its memory is given back without the lock.
            drop(before);
        }
    }
}

impl fmt::Debug for Lookout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookout").field("seen", &*self.seen.read()).finish_non_exhaustive()
    }
}
