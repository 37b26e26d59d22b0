//! Opening a directory that others have open, and that go on committing meanwhile.
//!
//! ```text
//!   under `commit` and `placing`:  read the journal -> place what was left to be placed later -> be counted
//!   beside the others:             read all files
//!   under `commit`:                take in what was committed since -> what the journal told counts over the files
//! ```
//!
//! Whatever changes while the files are read is told by the journal, so that it does not matter which of its versions was found
//! in its file, or none. From the moment in which he is counted the others place with each commit. Where the journal was
//! cut before he came to read it, and where the files could not be read beside the others, he reads them under the lock.
//!
//! Not here: opening a directory that nobody has open (`load`).

use std::collections::HashMap;
use std::sync::Arc;

use super::definitions::{self, Found};
use super::layout::{self, JOURNAL};
use super::link::{Course, Link};
use super::load::{Entered, Probe, corrupt, read_files, unreadable};
use super::place::{Way, remove_if_there};
use super::read::{self, Contents};
use super::recover::{self, Plan};
use super::scan::{Candidate, Scan};
use super::shared::{Limits, Shared};
use super::{Open, Options, format};
use crate::disk::Disk;
use crate::document::Document;
use crate::error::{BadFile, Error, ErrorKind, Result};
use crate::journal::{self, History, Journal, Recovered, Start, Until};
use crate::key::Key;
use crate::key::file_name::{self, Form};
use crate::storage::{Change, Findings, Foreign, Loaded, Others, Position, Watcher};

/// What the journal tells of documents; `None` of those that are gone.
pub(super) type Told = HashMap<Key, Option<Document>>;

/// By ascending key.
type Documents = Vec<(Key, Document)>;

/// Opens a directory that others have open. `commit` and `placing` are held, and given back.
///
/// # Errors
///
/// `CORRUPT` with every bad file, `UNSUPPORTED` for a later format, or the system's.
pub(super) fn join(
    disk: &Arc<dyn Disk>,
    options: &Options,
    limits: Limits,
    probe: Probe,
    (lock, link): Entered<Arc<Link>>,
) -> Result<(Open, Loaded)> {
    let collation = format::ensure(disk.as_ref(), options.collation.as_ref())?;
    let names = probe(disk.as_ref())?;
    let way = Way::probe(disk.as_ref())?;
    let course = link.course();
    let past = journal::recover(disk.as_ref(), JOURNAL)?;
    let Found::Text(definitions) = definitions::read(disk.as_ref())? else {
        return Err(Error::new(ErrorKind::Corrupt, "the definitions of unique views are damaged"));
    };
    let (journal, older) = joined_journal(disk, options, &past, course)?;
    let shared = Shared::new(Arc::clone(disk), journal, way, options.placing, limits, older, Some(Arc::clone(&link)));
    let mut open = Open::new(lock, shared, names, &collation, &definitions);
    let told = open.place_the_rest(past, course)?;
    open.publish(&link);
    link.end_entrance();
    link.give_up();
    let read = read_files(disk.as_ref(), &options.watcher);
    let foreign = open.begin()?;
    let definitions = foreign.definitions.clone().unwrap_or(definitions);
    let (documents, ignored) = open.take_all(read, told, foreign)?;
    open.publish(&link);
    let last = open.shared.journal.last();
    link.caught_up(last);
    link.give_up();
    let findings = Findings { ignored, ..Findings::default() };
    let position = Position { epoch: open.epoch, sequence: last };
    Ok((open, Loaded { documents, position, collation, definitions, findings }))
}

/// The journal that others write to, at its end, and the segments before it, which do not count: what one of them left half
/// done at the end counts where it is whole, and is cut off where it is not.
fn joined_journal(
    disk: &Arc<dyn Disk>,
    options: &Options,
    past: &Recovered,
    course: Course,
) -> Result<(Journal, Vec<String>)> {
    let (number, last) =
        if course.has_begun { (past.oldest_number, past.first.saturating_sub(1)) } else { (course.number, course.end) };
    let start = Start { epoch: course.epoch, last, number, placing: options.placing };
    let journal = Journal::new(Arc::clone(disk), JOURNAL, start);
    if past.cut.is_some() && !course.is_under_way {
        return Err(unreadable());
    }
    journal.follow(Until::TheEnd)?.filter(|_| journal.last() >= course.end).ok_or_else(unreadable)?;
    let first = journal::segment_path(JOURNAL, number);
    let older = past.segments.iter().filter(|segment| **segment < first).cloned().collect();
    Ok((journal, older))
}

impl Open {
    /// Places what the one before had still to place, which from now on nobody else does, and what one that died had appended.
    /// Tells what the journal tells.
    fn place_the_rest(&mut self, past: Recovered, course: Course) -> Result<Told> {
        let disk = Arc::clone(&self.shared.disk);
        self.note_all_left(&past);
        // Whoever cuts what the journal tells has to sync it, whoever placed it.
        self.shared.touch(past.histories.keys().map(file_name::canonical));
        let placed = past.placed.min(course.end);
        let (pending, rest): (HashMap<Key, History>, HashMap<_, _>) =
            past.histories.into_iter().partition(|(_, history)| history.sequence > placed);
        let mut told = told_by(&rest);
        told.extend(told_by(&pending));
        let past = Recovered { histories: pending, ..past };
        let (found, contents) = read_those(disk.as_ref(), past.histories.keys())?;
        let plan = recover::plan(disk.as_ref(), &past, false, &found, &contents)?.beside_others(&past);
        if !plan.bad.is_empty() {
            return Err(corrupt(plan.bad));
        }
        if plan.steps.is_empty() {
            return Ok(told);
        }
        // Before one of a group stands in its file.
        self.shared.journal.sync()?;
        self.act(&plan, std::iter::empty())?;
        self.shared.sync_files()?;
        // The sequences are not ours: the names of what was displaced come again.
        self.shared.spares.lock().forget();
        for step in &plan.steps {
            remove_if_there(disk.as_ref(), &layout::displaced(&step.key, step.sequence))?;
        }
        Ok(told)
    }

    /// Publishes where the journal is.
    pub(super) fn publish(&self, link: &Link) {
        let journal = &self.shared.journal;
        link.end(journal.segment(), journal.last());
    }

    /// Joins what was read beside the others, what the journal told before, and what they committed since; under the commit lock.
    /// Tells also which files are no documents.
    fn take_all(
        &mut self,
        read: Result<(Scan, Contents)>,
        mut told: Told,
        foreign: Foreign,
    ) -> Result<(Documents, Vec<String>)> {
        let Foreign { changes, everything, .. } = foreign;
        if let Some(documents) = everything {
            // Read anew under the lock.
            return Ok((documents, read.map(|(found, _)| found.ignored).unwrap_or_default()));
        }
        told.extend(changes.into_iter().map(|Change { key, document, .. }| (key, document)));
        let disk = Arc::clone(&self.shared.disk);
        let (found, mut contents) = match read {
            Ok(read) => read,
            // A folder that was listed may be gone.
            Err(_) => read_files(disk.as_ref(), &Watcher::default())?,
        };
        read_again(disk.as_ref(), &found, &mut contents, &told)?;
        let ignored = found.ignored.clone();
        let documents = self.own(found, contents, Plan { documents: told, ..Plan::default() })?;
        self.names.set_aside(&ignored);
        Ok((documents, ignored))
    }
}

/// What the journal tells last of each document.
pub(super) fn told_by(histories: &HashMap<Key, History>) -> Told {
    histories.iter().map(|(key, history)| (key.clone(), history.document.clone())).collect()
}

/// The files of some documents, as a load reads all of them.
fn read_those<'a>(disk: &dyn Disk, keys: impl Iterator<Item = &'a Key>) -> Result<(Scan, Contents)> {
    let mut documents = keys.map(|key| candidate(disk, key)).collect::<Result<Vec<_>>>()?;
    documents.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    let contents = read::read(disk, &documents, &Watcher::default())?;
    Ok((Scan { documents, ..Scan::default() }, contents))
}

/// The file of a document, which may be missing: the original's, where ours is.
fn candidate(disk: &dyn Disk, key: &Key) -> Result<Candidate> {
    let ours = Candidate { key: key.clone(), relative: file_name::canonical(key), form: Form::Canonical };
    let Some(plain) = file_name::plain(key) else { return Ok(ours) };
    let is_original = disk.kind(&ours.relative)?.is_none() && disk.kind(&plain)?.is_some();
    Ok(if is_original { Candidate { relative: plain, form: Form::Plain, ..ours } } else { ours })
}

/// Reads those files once more that were bad and of which the journal does not tell: who reads a file through an old handle
/// may see what came later over it.
pub(super) fn read_again(disk: &dyn Disk, found: &Scan, contents: &mut Contents, told: &Told) -> Result<()> {
    let mut bad: Vec<BadFile> = Vec::new();
    for (index, _) in std::mem::take(&mut contents.bad) {
        let Some(file) = found.documents.get(index).filter(|file| !told.contains_key(&file.key)) else { continue };
        let mut again = read::read(disk, std::slice::from_ref(file), &Watcher::default())?;
        bad.extend(again.bad.into_iter().map(|(_, bad)| bad.file));
        if let Some(slot) = contents.documents.get_mut(index) {
            *slot = again.documents.pop().flatten();
        }
    }
    if bad.is_empty() { Ok(()) } else { Err(corrupt(bad)) }
}
