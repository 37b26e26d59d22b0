//! What the processes tell one another that have a directory open together.
//!
//! ```text
//!   lock          held together by every opener; alone by one that shares with nobody, or that opens first
//!   commit        held by whoever commits, opens or closes; nothing among the documents changes without it
//!   placing       held by a keeper that places what waits, as long as its process is the only one
//!   openers/N     held by the N-th opener for as long as it lives
//!   board         numbers in shared memory: how far the journal is published, and what else has to be known at once
//! ```
//!
//! # Rules
//!
//! - Only who has `lock` alone recovers, and makes the board anew. Everybody opens and closes under `commit`; who joins gives it
//!   back while he reads the documents.
//! - A commit takes `commit`, takes in what others appended, checks, appends, places, publishes the end, changes memory,
//!   and answers. Who finds a commit that was begun and not ended adopts its whole groups, which it places and publishes, and
//!   cuts a torn end off.
//! - A read compares the end that is published with the one that its memory has.
//! - With several openers files are placed with each commit, whatever was asked for. Who joins places what the one before
//!   it had still to place, which that one then forgets.
//! - A failed sync is told to all.
//! - Files in `tmp/` belong to the process that put them there, and after its death to the next that opens alone.
//!
//! Not here: what is done under these locks (`load`, `commit`, `keep`).

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::folders::make_folder;
use super::layout::{BOARD, COMMIT, LOCK, OPENERS, PLACING, ROOT};
use super::place::remove_if_there;
use crate::board::Board;
use crate::disk::{Disk, Held, Latch};
use crate::error::{Error, ErrorKind, Result};
use crate::storage::{Others, Sequence};

/// What a board is that was made by this version.
pub(super) const FORMAT: u64 = 0x6b69_7878_0000_0001;

/// Where on the board what stands.
pub(super) mod cell {
    /// What the board is.
    pub const FORMAT: usize = 0;
    /// The last sequence that is published.
    pub const END: usize = 1;
    /// The number of the segment that is written to; 0 where none was begun.
    pub const SEGMENT: usize = 2;
    /// A commit was begun.
    pub const UNDER_WAY: usize = 3;
    /// A sync failed.
    pub const POISONED: usize = 4;
    /// How often the definitions were replaced.
    pub const DEFINITIONS: usize = 5;
    /// How many processes have the directory open, as far as they did not die since they were counted.
    pub const OPENERS: usize = 6;
    /// The epoch of the journal.
    pub const EPOCH: usize = 7;
    /// The number that the first segment has, or had.
    pub const NUMBER: usize = 8;
    /// Another number with each time that the directory was opened after nobody had it open: what was read before may not be so
    /// any more.
    pub const STAMP: usize = 9;
}

/// How often it is found out whether others died.
const COUNTED_EVERY: Duration = Duration::from_secs(1);

/// More processes than anybody starts on one machine.
const MOST_OPENERS: usize = 4_096;

/// How often, and after which time again, a lock is asked for that somebody may hold for a moment to look whether it is held.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(5);

/// An opener's place among all, and what is held for it.
type Own = (String, Box<dyn Latch>);

/// An opener's part in a directory that processes share.
pub struct Link {
    board: Board,
    commit: Box<dyn Latch>,
    /// The same lock, for the keeper's thread.
    cut: Box<dyn Latch>,
    placing: Box<dyn Latch>,
    /// Which opener this is, and what is held for that.
    own: Own,
    /// The last sequence that memory has.
    known: AtomicU64,
    /// Of the definitions that memory has.
    definitions: AtomicU64,
    /// Nobody else finds the directory's locks any more.
    is_cut_off: AtomicBool,
    /// How many others there were at the entrance.
    others: u64,
    /// When the openers were counted. A mutex, used under `commit` only.
    counted: Mutex<Instant>,
}

/// A directory whose lock is held, with the right to open it.
pub struct Entrance {
    pub lock: Box<dyn Held>,
    pub link: Link,
    /// Nobody else has it open: it has to be recovered.
    pub is_first: bool,
}

/// Where a journal that others began goes on.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    pub epoch: u64,
    /// The number that its first segment has, or had.
    pub number: u64,
    /// Whether a segment was begun.
    pub has_begun: bool,
    pub end: Sequence,
    /// A commit was begun that nobody ended.
    pub is_under_way: bool,
}

impl Course {
    /// What a board tells.
    pub fn on(board: &Board) -> Self {
        Self {
            epoch: board.read(cell::EPOCH),
            number: board.read(cell::NUMBER),
            has_begun: board.read(cell::SEGMENT) > 0,
            end: board.read(cell::END),
            is_under_way: board.read(cell::UNDER_WAY) > 0,
        }
    }
}

impl Link {
    /// Enters a directory, together with others or first. `commit` and `placing` are held then.
    ///
    /// # Errors
    ///
    /// `LOCKED` where somebody has it alone, `UNSUPPORTED` where memory cannot be shared, `POISONED` where a sync of the others
    /// failed, or the system's.
    pub fn enter(disk: &dyn Disk) -> Result<Entrance> {
        if !disk.abilities().is_local {
            let message = "the data directory lies on a network file system, which several processes cannot share safely: \
                           keep it on a local disk, or open it by one process alone, with 'singleProcess: true'";
            return Err(Error::new(ErrorKind::Unsupported, message).with_path(disk.path(ROOT)));
        }
        let (commit, cut, placing) = (disk.latch(COMMIT)?, disk.latch(COMMIT)?, disk.latch(PLACING)?);
        commit.lock()?;
        placing.lock()?;
        let (lock, is_first) = take_lock(disk)?;
        make_folder(disk, OPENERS)?;
        let taken = others(disk, None)?;
        let own = sit(disk, &taken)?;
        let board = if is_first { new_board(disk)? } else { disk.board(BOARD, false)? };
        check_format(disk, &board)?;
        let link = Self {
            board,
            commit,
            cut,
            placing,
            own,
            known: AtomicU64::new(0),
            definitions: AtomicU64::new(0),
            is_cut_off: AtomicBool::new(false),
            others: taken.len() as u64,
            counted: Mutex::new(Instant::now()),
        };
        link.check()?;
        link.definitions.store(link.get(cell::DEFINITIONS), Ordering::Release);
        Ok(Entrance { lock, link, is_first })
    }

    fn get(&self, index: usize) -> u64 {
        self.board.cell(index).load(Ordering::Acquire)
    }

    fn set(&self, index: usize, value: u64) {
        self.board.cell(index).store(value, Ordering::Release);
    }

    /// Refuses where a sync failed in some process.
    pub fn check(&self) -> Result<()> {
        if self.get(cell::POISONED) == 0 {
            return Ok(());
        }
        let message = "a sync failed in one of the processes that have the directory open; close all of them";
        Err(Error::new(ErrorKind::Poisoned, message))
    }

    /// Tells everybody that a sync failed.
    pub fn poison(&self) {
        self.set(cell::POISONED, 1);
    }

    /// Whether this is the only opener. Stays as it is while `commit`, or `placing`, is held.
    pub fn is_alone(&self) -> bool {
        self.is_cut_off.load(Ordering::Acquire) || self.get(cell::OPENERS) <= 1
    }

    /// Where the journal goes on.
    pub fn course(&self) -> Course {
        Course::on(&self.board)
    }

    /// Tells the others where the journal begins, for whoever opens first.
    pub fn found(&self, epoch: u64, number: u64) {
        self.set(cell::EPOCH, epoch);
        self.set(cell::NUMBER, number);
    }

    /// Waits until nobody else commits.
    ///
    /// # Errors
    ///
    /// `POISONED`, or the system's.
    pub fn begin(&self, disk: &dyn Disk) -> Result<()> {
        if self.is_cut_off.load(Ordering::Acquire) {
            return Ok(());
        }
        self.commit.lock()?;
        let begun = self.check().and_then(|()| self.count_now_and_then(disk));
        if begun.is_err() {
            self.commit.unlock();
        }
        begun
    }

    fn count_now_and_then(&self, disk: &dyn Disk) -> Result<()> {
        let mut counted = self.counted.lock();
        if !self.is_alone() && counted.elapsed() >= COUNTED_EVERY {
            *counted = Instant::now();
            self.recount(disk)?;
        }
        Ok(())
    }

    /// Counts the openers that live, under the commit lock. Tells how many others there are.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn recount(&self, disk: &dyn Disk) -> Result<u64> {
        let others = others(disk, Some(&self.own.0))?.len() as u64;
        self.set(cell::OPENERS, others + 1);
        Ok(others)
    }

    /// What is written from now on may be left half done.
    pub fn set_under_way(&self) {
        self.set(cell::UNDER_WAY, 1);
    }

    /// Publishes where the journal is: nothing is half done. The commit lock is held further.
    pub fn end(&self, segment: u64, last: Sequence) {
        self.set(cell::SEGMENT, segment);
        self.publish(last);
        self.set(cell::UNDER_WAY, 0);
    }

    /// Publishes which segment is written to, under the commit lock.
    pub fn set_segment(&self, segment: u64) {
        self.set(cell::SEGMENT, segment);
    }

    /// Gives the commit lock back.
    pub fn give_up(&self) {
        self.commit.unlock();
    }

    /// Counts as an opener, and lets keepers place again: what the others had still to place stands in its place.
    pub fn end_entrance(&self) {
        self.set(cell::OPENERS, self.others + 1);
        self.placing.unlock();
    }

    /// Whether somebody else appended, or began a segment, since this opener knew all, whose segment that is.
    pub fn has_news(&self, segment: u64) -> bool {
        self.get(cell::END) > self.known() || self.get(cell::SEGMENT) != segment || self.get(cell::UNDER_WAY) > 0
    }

    /// The last sequence that memory has.
    pub fn known(&self) -> Sequence {
        self.known.load(Ordering::Acquire)
    }

    /// Which definitions hold, where memory has others.
    pub fn new_definitions(&self) -> Option<u64> {
        let now = self.get(cell::DEFINITIONS);
        (self.definitions.load(Ordering::Acquire) != now).then_some(now)
    }

    /// Memory has these definitions, or later ones.
    pub fn has_definitions(&self, number: u64) {
        self.definitions.store(number, Ordering::Release);
    }

    /// Tells the others that the definitions were replaced.
    pub fn tell_definitions(&self) {
        let now = self.get(cell::DEFINITIONS) + 1;
        self.definitions.store(now, Ordering::Release);
        self.set(cell::DEFINITIONS, now);
    }

    /// Does something to the journal's old segments, where nobody commits just now. Tells whether it was done.
    ///
    /// # Errors
    ///
    /// What `act` fails with, or the system's.
    pub fn when_free(&self, act: impl FnOnce() -> Result<()>) -> Result<bool> {
        if self.is_cut_off.load(Ordering::Acquire) {
            return act().map(|()| true);
        }
        if !self.cut.try_lock()? {
            return Ok(false);
        }
        let done = act();
        self.cut.unlock();
        done.map(|()| true)
    }

    /// Does something to files of documents that wait, where this is the only opener.
    ///
    /// # Errors
    ///
    /// What `act` fails with, or the system's.
    pub fn when_alone<T>(&self, act: impl FnOnce(bool) -> Result<T>) -> Result<T> {
        if self.is_cut_off.load(Ordering::Acquire) {
            return act(true);
        }
        self.placing.lock()?;
        let done = act(self.is_alone());
        self.placing.unlock();
        done
    }

    /// Goes on alone, because the files of the locks are gone. Refused where others have the directory open.
    ///
    /// # Errors
    ///
    /// `POISONED`.
    pub fn cut_off(&self) -> Result<()> {
        if self.is_alone() {
            self.is_cut_off.store(true, Ordering::Release);
            return Ok(());
        }
        self.poison();
        let message = "the folder '.datastore' was removed while several processes had the directory open";
        Err(Error::new(ErrorKind::Poisoned, message))
    }

    /// Whether nobody else can find the locks any more.
    pub fn is_cut_off(&self) -> bool {
        self.is_cut_off.load(Ordering::Acquire)
    }

    /// Gives one's place among the openers back, under the commit lock, which is held further.
    pub fn leave(&self, disk: &dyn Disk) {
        if !self.is_cut_off() {
            self.set(cell::OPENERS, self.get(cell::OPENERS).saturating_sub(1));
            // One that is left counts as dead.
            let _ = remove_if_there(disk, &self.own.0);
        }
        self.own.1.unlock();
    }
}

impl Others for Link {
    fn is_behind(&self) -> bool {
        self.get(cell::END) != self.known.load(Ordering::Acquire)
    }

    fn publish(&self, last: Sequence) {
        self.set(cell::END, last);
    }

    fn caught_up(&self, last: Sequence) {
        self.known.store(last, Ordering::Release);
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("own", &self.own.0).field("known", &self.known).finish_non_exhaustive()
    }
}

/// A board on which nothing stands yet but what it is.
fn new_board(disk: &dyn Disk) -> Result<Board> {
    let board = disk.board(BOARD, true)?;
    board.cell(cell::FORMAT).store(FORMAT, Ordering::Release);
    board.cell(cell::STAMP).store(new_stamp(), Ordering::Release);
    Ok(board)
}

/// A number that no board had before, as far as chance goes.
fn new_stamp() -> u64 {
    RandomState::new().build_hasher().finish().max(1)
}

/// Refuses a board of another version.
pub(super) fn check_format(disk: &dyn Disk, board: &Board) -> Result<()> {
    if board.read(cell::FORMAT) == FORMAT {
        return Ok(());
    }
    let message = "the directory is open in another version of this package, which shares in another way";
    Err(Error::new(ErrorKind::Locked, message).with_path(disk.path(BOARD)))
}

/// Takes the directory's lock alone, for one that shares with nobody. Who only reads it finds out by the board, where that can be
/// written: else by the journal.
///
/// # Errors
///
/// `LOCKED` where others have it open, or the system's.
pub(super) fn enter_alone(disk: &dyn Disk) -> Result<Box<dyn Held>> {
    let lock = patiently(|| disk.lock(LOCK, false))?;
    // On a full disk, or one that shares no memory, it is opened all the same.
    let _ = new_board(disk);
    Ok(lock)
}

/// Takes the directory's lock: alone, and tells so, or together with others.
fn take_lock(disk: &dyn Disk) -> Result<(Box<dyn Held>, bool)> {
    patiently(|| match disk.lock(LOCK, false) {
        Err(error) if error.kind() == ErrorKind::Locked => disk.lock_together(LOCK).map(|lock| (lock, false)),
        other => other.map(|lock| (lock, true)),
    })
}

/// Takes a lock that somebody may have for a moment who only looks whether it is held.
pub(super) fn patiently<T>(mut take: impl FnMut() -> Result<T>) -> Result<T> {
    let mut attempt = 0;
    loop {
        let taken = take();
        attempt += 1;
        match taken {
            Err(error) if error.kind() == ErrorKind::Locked && attempt < ATTEMPTS => std::thread::sleep(PAUSE),
            other => return other,
        }
    }
}

/// Counts the openers that live, but for one's own, and removes what is left of the others. Tells the numbers that are
/// taken.
fn others(disk: &dyn Disk, own: Option<&str>) -> Result<HashSet<usize>> {
    let mut taken = HashSet::new();
    for listed in disk.list(OPENERS)? {
        let Ok(name) = listed.name else { continue };
        let path = format!("{OPENERS}/{name}");
        let Ok(number) = name.parse() else { continue };
        if own == Some(path.as_str()) {
            continue;
        }
        if disk.latch(&path)?.try_lock()? {
            remove_if_there(disk, &path)?;
        } else {
            taken.insert(number);
        }
    }
    Ok(taken)
}

/// Takes a place among the openers, of which these are taken.
fn sit(disk: &dyn Disk, taken: &HashSet<usize>) -> Result<Own> {
    let number = (1..=MOST_OPENERS).find(|number| !taken.contains(number));
    let full = || Error::new(ErrorKind::Locked, "too many processes have the directory open");
    let path = format!("{OPENERS}/{}", number.ok_or_else(full)?);
    let own = disk.latch(&path)?;
    if own.try_lock()? { Ok((path, own)) } else { Err(Error::assertion("a free place that is taken")) }
}
