//! What the committer and the keeper of a directory share.
//!
//! # Invariants
//!
//! - A file is placed only when its journal record was written; one of a group of several, or any with background
//!   files, only when the record is synced.
//! - A segment of the journal is cut only when every file that it tells of is in place, and the files and their folders
//!   were synced after that.
//!
//! Locks: `tending`, then `edits`, then one of `backlog` and `spares`. Only `tending` and `edits` are held during I/O, and the
//! committer takes them only where it has to wait for the keeper anyway: `edits` is held for one file at a time.
//!
//! Not here: what the keeper does with it (`keep`).

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::backlog::{Backlog, Work};
use super::edits::Edits;
use super::layout::{self, FAILED, ROOT, TEMPORARY};
use super::link::Link;
use super::place::{Placed, Placer, Step, Way, remove_if_there};
use super::spare::{Displaced, Spares};
use crate::disk::{Disk, Kind};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Journal, Placing};
use crate::storage::Sequence;

/// When the keeper does what.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From so many bytes on a segment is closed, and cut when its files are synced.
    pub segment: u64,
    /// A segment with entries is closed after this time.
    pub segment_age: Duration,
    /// How long a file stays behind its document at most, with background files.
    pub file_age: Duration,
    /// So many displaced files are worth a sync of their own.
    pub worth_recycling: usize,
    /// With so many files behind their documents the rest of them are written at once, and with twice as many a commit
    /// waits for some.
    pub behind: usize,
    /// So many files of a backlog are placed before what they displaced is made clean.
    pub at_a_time: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            segment: 32 << 20,
            segment_age: Duration::from_secs(60),
            file_age: Duration::from_secs(10),
            worth_recycling: 256,
            behind: 131_072,
            at_a_time: 4_096,
        }
    }
}

/// So many files in `tmp/` are removed at a load or a close.
const TIDIED: usize = 1_024;

/// An open directory.
#[derive(Debug)]
pub struct Shared {
    pub disk: Arc<dyn Disk>,
    pub journal: Journal,
    pub way: Way,
    pub placing: Placing,
    pub limits: Limits,
    /// The other processes that have the directory open, where there may be any.
    pub link: Option<Arc<Link>>,
    /// A mutex, held for a push or a pop.
    pub spares: Mutex<Spares>,
    /// A mutex, held for as long as it takes to move steps in or out.
    pub backlog: Mutex<Backlog>,
    /// Documents whose files are left as they are. A mutex, held while one of these is written.
    pub edits: Mutex<Edits>,
    /// Up to here every file is in its place.
    placed: AtomicU64,
    /// Files that the journal tells of, where they have to be synced one by one. A mutex, held for an insert.
    touched: Option<Mutex<HashSet<String>>>,
    /// A mutex, held while files are tended to.
    pub tending: Mutex<Tending>,
}

/// What only one thread at a time needs.
#[derive(Debug)]
pub struct Tending {
    pub placer: Placer,
    /// Segments that no longer count when this opener's first one is begun.
    pub older: Vec<String>,
    /// When a segment was last closed.
    pub began: Instant,
    /// When something was last taken out of the backlog.
    pub placed: Instant,
    /// What was taken out and is not placed yet.
    pub work: Option<Work>,
    /// So many files were placed since what they displaced was made clean.
    pub unrefreshed: usize,
    /// When that was.
    pub refreshed: Instant,
}

impl Shared {
    pub fn new(
        disk: Arc<dyn Disk>,
        journal: Journal,
        way: Way,
        placing: Placing,
        limits: Limits,
        older: Vec<String>,
        link: Option<Arc<Link>>,
    ) -> Self {
        let syncs_everything = disk.abilities().sync_everything;
        let spares = Spares::new(syncs_everything);
        let now = Instant::now();
        Self {
            placed: AtomicU64::new(journal.last()),
            journal,
            way,
            placing,
            limits,
            link,
            spares: Mutex::new(spares),
            backlog: Mutex::default(),
            edits: Mutex::default(),
            touched: (!syncs_everything).then(Mutex::default),
            tending: Mutex::new(Tending {
                placer: Placer::default(),
                older,
                began: now,
                placed: now,
                work: None,
                unrefreshed: 0,
                refreshed: now,
            }),
            disk,
        }
    }

    /// When files are placed now: with each commit, where there are other processes.
    pub fn placing_now(&self) -> Placing {
        if self.link.as_ref().is_none_or(|link| link.is_alone()) { self.placing } else { Placing::Eager }
    }

    /// Up to which commit every file is in its place.
    pub fn placed(&self) -> Sequence {
        self.placed.load(Ordering::Acquire)
    }

    /// Every file up to here is in its place.
    pub fn set_placed(&self, through: Sequence) {
        self.placed.store(through, Ordering::Release);
    }

    /// Carries out a step whose version was prepared. What is in the way and no document of ours is kept.
    pub fn place(&self, step: &Step) -> Result<Placed> {
        let placed = step.place(self.disk.as_ref(), self.way, &self.spares)?;
        self.touch(step.file.iter().cloned());
        Ok(placed)
    }

    /// Notes files that are to be synced, or whose folders are, before the journal may forget them.
    pub fn touch(&self, files: impl IntoIterator<Item = String>) {
        if let Some(touched) = &self.touched {
            touched.lock().extend(files);
        }
    }

    /// Where too much waits for the keeper, does what it would do before more is added.
    ///
    /// # Errors
    ///
    /// Why that cannot be done.
    pub fn make_room(&self) -> Result<()> {
        if self.spares.lock().are_too_many()
            && let Err(error) = self.tend_for_commit()
            && (error.kind() == ErrorKind::Poisoned || self.spares.lock().are_too_many())
        {
            return Err(error);
        }
        if self.backlog.lock().is_too_long(self.limits.behind) { self.shorten() } else { Ok(()) }
    }

    /// Places some files, until the backlog is short enough for another commit.
    fn shorten(&self) -> Result<()> {
        let mut tending = self.tending.lock();
        while self.backlog.lock().is_too_long(self.limits.behind) {
            let placed = self.place_some(&mut tending);
            note_failure(self.disk.as_ref(), &placed);
            if let Err(error) = placed
                && (error.kind() == ErrorKind::Poisoned || self.backlog.lock().is_too_long(self.limits.behind))
            {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Leaves the steps of a commit for the keeper.
    pub fn leave(&self, steps: impl IntoIterator<Item = Step>, through: Sequence) {
        self.backlog.lock().add(steps, through);
    }

    /// Sees to the files in `tmp/`, none of which is needed any more: some are removed, many are kept as spares, because
    /// removing them would take longer than anyone wants to wait for a load or a close.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn tidy(&self) -> Result<()> {
        let last = self.journal.last();
        // What a commit wrote that a crash kept from the journal has the name that a commit to come may use: that one
        // would share its file with a spare.
        let is_over = |name: &String| layout::parse_displaced(name).is_some_and(|(_, sequence)| sequence <= last);
        let listed = self.disk.list(TEMPORARY)?.into_iter();
        let ours = listed.filter(|entry| entry.kind != Kind::Folder).filter_map(|entry| entry.name.ok());
        let (mut over, mut gone): (Vec<String>, Vec<String>) = ours.partition(is_over);
        let mut spares = self.spares.lock();
        spares.forget();
        if over.len() > TIDIED && spares.recycles() {
            for name in over.split_off(TIDIED) {
                spares.displace(Displaced { name: format!("{TEMPORARY}/{name}"), successor: 0 });
            }
        }
        drop(spares);
        let comes_again = gone.iter().any(|name| layout::parse_displaced(name).is_some());
        gone.append(&mut over);
        gone.iter().try_for_each(|name| remove_if_there(self.disk.as_ref(), &format!("{TEMPORARY}/{name}")))?;
        // After a power cut such a name must not stand for what a commit to come displaced.
        if comes_again { self.disk.sync_folder(TEMPORARY) } else { Ok(()) }
    }

    /// Makes every file that was placed durable, and its name.
    ///
    /// # Errors
    ///
    /// `POISONED` where a sync failed; else why there was none, which may be tried again.
    pub fn sync_files(&self) -> Result<()> {
        let Some(touched) = &self.touched else { return self.disk.sync_everything().map_err(poisoned) };
        let files = std::mem::take(&mut *touched.lock());
        let synced = self.sync_each(&files);
        if synced.is_err() {
            touched.lock().extend(files);
        }
        synced
    }

    fn sync_each(&self, files: &HashSet<String>) -> Result<()> {
        let mut folders = HashSet::from([ROOT, TEMPORARY]);
        for file in files {
            match self.disk.open(file) {
                Ok(handle) => handle.sync_data().map_err(poisoned)?,
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
            let mut path = file.as_str();
            while let Some((folder, _)) = path.rsplit_once('/') {
                folders.insert(folder);
                path = folder;
            }
        }
        for folder in folders {
            match self.disk.sync_folder(folder) {
                Err(error) if error.is_not_found() => {}
                Err(error) if error.context().syscall == Some("open") => return Err(error),
                other => other.map_err(poisoned)?,
            }
        }
        Ok(())
    }

    /// Gives back what space it can, where that is what a call failed for. Tells whether there was any.
    ///
    /// # Errors
    ///
    /// `POISONED`, where a sync failed.
    pub fn make_space(&self, cause: &Error) -> Result<bool> {
        if !is_full(cause) || self.spares.lock().len() == 0 {
            return Ok(false);
        }
        let _tending = self.tending.lock();
        self.give_back()
    }

    /// Gives back the space of files that wait to be used again, for whoever tends. Tells whether there was any.
    pub fn give_back(&self) -> Result<bool> {
        if self.spares.lock().len() == 0 {
            return Ok(false);
        }
        let synced = self.journal.sync()?;
        let (displaced, clean) = self.spares.lock().take_all(synced);
        for name in displaced.iter().map(|file| &file.name).chain(clean.iter().map(|file| &file.name)) {
            // In the way of nothing.
            let _ = self.disk.remove(name);
        }
        Ok(true)
    }

    /// Leaves nothing for the next load to make up for.
    ///
    /// # Errors
    ///
    /// What could not be placed or synced; the journal then stays for the next load.
    pub fn finish(&self) -> Result<()> {
        let mut tending = self.tending.lock();
        self.place_backlog(&mut tending)?;
        self.write_all_left(&mut tending.placer)?;
        if self.journal.has_begun() {
            self.sync_files()?;
            // Every document is durable in its file. A full disk may have no room to say so; then the next load finds
            // that nothing is missing.
            let told = self.end_journal().and_then(|()| self.discard_older(&mut tending));
            if let Err(error) = told.and_then(|()| self.tidy())
                && error.kind() == ErrorKind::Poisoned
            {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Writes that nothing follows. Where there is no room for that, what documents displaced gives its own: their files are
    /// synced.
    fn end_journal(&self) -> Result<()> {
        match self.journal.finish() {
            Err(error) if is_full(&error) => self.tidy().and_then(|()| self.journal.finish()),
            other => other,
        }
    }

    /// Goes on in a new journal: somebody removed the lock's file, and maybe our whole folder. What only the old
    /// journal told is made durable in its files before.
    ///
    /// # Errors
    ///
    /// The system's: to be called again. `POISONED` where a sync failed.
    pub fn begin_anew(&self) -> Result<()> {
        let mut tending = self.tending.lock();
        self.spares.lock().forget();
        self.place_backlog(&mut tending)?;
        self.write_all_left(&mut tending.placer)?;
        self.sync_files()?;
        self.journal.restart()
    }
}

/// Whether a call failed because there is no space left.
pub fn is_full(cause: &Error) -> bool {
    matches!(cause.code(), "ENOSPC" | "EDQUOT")
}

/// Leaves a note for the next load where a sync failed: the system may have dropped what it could not write, and would
/// say of the next sync that all is well.
pub fn note_failure<T>(disk: &dyn Disk, outcome: &Result<T>) {
    if outcome.as_ref().is_err_and(|error| error.kind() == ErrorKind::Poisoned) {
        // A disk that does not even take this has worse to tell.
        let _ = disk.create(FAILED);
    }
}

/// After a failed sync nobody knows what is on the disk.
pub fn poisoned(cause: Error) -> Error {
    if cause.kind() == ErrorKind::Poisoned {
        return cause;
    }
    Error::new(ErrorKind::Poisoned, format!("a sync failed: {cause}")).with_source(cause)
}
