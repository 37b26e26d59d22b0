//! Everything that stands in a directory at one moment.

use std::sync::Arc;

use super::definitions_of;
use super::latches::{Holder, Latches};
use super::lookout::Seen;
use crate::collator::Collation;
use crate::disk::Disk;
use crate::document::Document;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{self, Follower, Recovered, Until};
use crate::key::Key;
use crate::storage::files::format;
use crate::storage::files::join::{read_again, told_by};
use crate::storage::files::layout::{JOURNAL, LOCK, ROOT};
use crate::storage::files::link::{Course, cell, check_format, patiently};
use crate::storage::files::load::{corrupt, joined, read_files, unreadable};
use crate::storage::files::read::Contents;
use crate::storage::files::recover::{self, Plan};
use crate::storage::files::scan::Scan;
use crate::storage::{Findings, Watcher};

/// What was read, and where to go on.
#[derive(Debug)]
pub struct Moment {
    pub documents: Vec<(Key, Document)>,
    pub collation: Collation,
    /// The definitions that hold for every opener; empty where there are none.
    pub text: String,
    /// Which these are.
    pub definitions: u64,
    pub findings: Findings,
    pub follower: Follower,
    pub seen: Seen,
}

/// Reads a directory that may be open elsewhere.
///
/// # Errors
///
/// `LOCKED` where somebody has it alone, `CORRUPT` with every bad file, `ASSERTION` where its keys are in another order,
/// `UNSUPPORTED` on a file system of another machine, or the system's.
pub fn read(disk: &Arc<dyn Disk>, wanted: Option<&Collation>, watcher: &Watcher) -> Result<Moment> {
    if !disk.abilities().is_local {
        let message = "the data directory lies on a network file system, where nobody can tell what another machine \
                       writes to it: read a copy on a local disk";
        return Err(Error::new(ErrorKind::Unsupported, message).with_path(disk.path(ROOT)));
    }
    // Somebody may have opened it alone in between; then he is found, or gone.
    patiently(|| read_once(disk, wanted, watcher))
}

fn read_once(disk: &Arc<dyn Disk>, wanted: Option<&Collation>, watcher: &Watcher) -> Result<Moment> {
    let latches = Latches::take(disk.as_ref())?;
    let begun = Begun::new(disk, &latches, wanted)?;
    if !begun.is_shared {
        return begun.alone(disk, watcher);
    }
    drop(latches);
    if let Some(moment) = begun.beside(disk, watcher)? {
        return Ok(moment);
    }
    let latches = Latches::take(disk.as_ref())?;
    Begun::new(disk, &latches, wanted)?.alone(disk, watcher)
}

/// What is known of a directory before its documents are read.
struct Begun {
    seen: Seen,
    /// Others have it open, and commit.
    is_shared: bool,
    collation: Collation,
    past: Recovered,
    follower: Follower,
}

impl Begun {
    /// Looks at everything but the documents, under the latches.
    fn new(disk: &Arc<dyn Disk>, latches: &Latches, wanted: Option<&Collation>) -> Result<Self> {
        let seen = Seen::look(disk.as_ref())?;
        let course = match latches.holder(disk.as_ref())? {
            Holder::Nobody => None,
            Holder::Several => Some(course(disk.as_ref(), &seen)?),
            Holder::Alone => return Err(taken(disk.as_ref())),
        };
        let collation = format::tell(disk.as_ref(), wanted)?;
        let past = journal::recover(disk.as_ref(), JOURNAL)?;
        let follower = follower(disk, &past, course)?;
        Ok(Self { seen, is_shared: course.is_some(), collation, past, follower })
    }

    /// Reads the documents while nobody can change them.
    fn alone(self, disk: &Arc<dyn Disk>, watcher: &Watcher) -> Result<Moment> {
        let (found, contents) = read_files(disk.as_ref(), watcher)?;
        let plan = recover::plan(disk.as_ref(), &self.past, false, &found, &contents)?;
        let plan = if self.is_shared { plan.beside_others(&self.past) } else { plan };
        if !plan.bad.is_empty() {
            return Err(corrupt(plan.bad));
        }
        let recovered = if self.is_shared { 0 } else { plan.steps.len() };
        self.end(disk.as_ref(), found, contents, plan, recovered)
    }

    /// Reads the documents while others commit: what the journal told before, and what it tells then, counts over what was found
    /// in the files. `None` where it does not tell it any more.
    fn beside(mut self, disk: &Arc<dyn Disk>, watcher: &Watcher) -> Result<Option<Moment>> {
        // A folder that was listed may be gone.
        let Ok((found, mut contents)) = read_files(disk.as_ref(), watcher) else { return Ok(None) };
        let _latches = Latches::take(disk.as_ref())?;
        let Some(changes) = self.follower.follow(Until::TheEnd)? else { return Ok(None) };
        let mut told = told_by(&self.past.histories);
        told.extend(changes.into_iter().map(|journal::Change { key, document, .. }| (key, document)));
        read_again(disk.as_ref(), &found, &mut contents, &told)?;
        let plan = Plan { documents: told, ..Plan::default() };
        self.end(disk.as_ref(), found, contents, plan, 0).map(Some)
    }

    /// Puts together what was read, where the directory is still open as it was.
    fn end(self, disk: &dyn Disk, found: Scan, contents: Contents, plan: Plan, recovered: usize) -> Result<Moment> {
        let Self { seen, collation, follower, .. } = self;
        let definitions = seen.board.as_ref().map_or(0, |board| board.read(cell::DEFINITIONS));
        let text = definitions_of(disk)?;
        let findings = Findings { ignored: found.ignored.clone(), quarantined: Vec::new(), recovered };
        let documents = joined(found, contents, plan, |_, _| Ok(()))?;
        if !seen.is_still(&Seen::look(disk)?) {
            return Err(taken(disk));
        }
        let seen = seen.up_to(follower.last());
        Ok(Moment { documents, collation, text, definitions, findings, follower, seen })
    }
}

/// Where the journal goes on that others write to.
fn course(disk: &dyn Disk, seen: &Seen) -> Result<Course> {
    let board = seen.board.as_ref().ok_or_else(|| taken(disk))?;
    check_format(disk, board)?;
    Ok(Course::on(board))
}

/// One who stands at the end of the journal: behind what one of the others left half done there, as far as that is whole.
fn follower(disk: &Arc<dyn Disk>, past: &Recovered, course: Option<Course>) -> Result<Follower> {
    let (epoch, published) = match course {
        Some(course) => (course.epoch, course.end),
        None => (past.epoch.unwrap_or_default(), 0),
    };
    let (number, last) = match course {
        Some(course) if !course.has_begun => (course.number, course.end),
        _ if past.oldest_number == 0 => (past.next_number, past.last),
        _ => (past.oldest_number, past.first.saturating_sub(1)),
    };
    let mut follower = Follower::new(Arc::clone(disk), JOURNAL, epoch, number, last);
    follower.follow(Until::TheEnd)?.filter(|_| follower.last() >= published).ok_or_else(unreadable)?;
    Ok(follower)
}

fn taken(disk: &dyn Disk) -> Error {
    let path = disk.path(LOCK);
    let message = format!(
        "another process has the data directory for itself ('{}' is locked): nobody can read it beside 'singleProcess: true'",
        path.display()
    );
    Error::new(ErrorKind::Locked, message).with_path(path)
}
