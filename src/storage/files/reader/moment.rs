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
use crate::storage::files::layout::{JOURNAL, LOCK, ROOT};
use crate::storage::files::link::{Course, cell, check_format, patiently};
use crate::storage::files::load::{corrupt, joined, read_files, unreadable};
use crate::storage::files::recover;
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
    let seen = Seen::look(disk.as_ref())?;
    let course = match latches.holder(disk.as_ref())? {
        Holder::Nobody => None,
        Holder::Several => Some(course(disk.as_ref(), &seen)?),
        Holder::Alone => return Err(taken(disk.as_ref())),
    };
    let collation = format::tell(disk.as_ref(), wanted)?;
    let text = definitions_of(disk.as_ref())?;
    let past = journal::recover(disk.as_ref(), JOURNAL)?;
    let (found, contents) = read_files(disk.as_ref(), watcher)?;
    let plan = recover::plan(disk.as_ref(), &past, false, &found, &contents)?;
    if !plan.bad.is_empty() {
        return Err(corrupt(plan.bad));
    }
    // Where others have it open their files follow.
    let recovered = if course.is_none() { plan.steps.len() } else { 0 };
    let findings = Findings { ignored: found.ignored.clone(), quarantined: Vec::new(), recovered };
    let documents = joined(found, contents, plan, |_, _| Ok(()))?;
    let follower = follower(disk, &past, course)?;
    if !seen.is_still(&Seen::look(disk.as_ref())?) {
        return Err(taken(disk.as_ref()));
    }
    let definitions = seen.board.as_ref().map_or(0, |board| board.read(cell::DEFINITIONS));
    let seen = seen.up_to(follower.last());
    Ok(Moment { documents, collation, text, definitions, findings, follower, seen })
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
