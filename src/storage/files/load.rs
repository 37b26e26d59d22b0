//! Opening a directory: lock, journal, files, and what has to be made up for.
//!
//! Nothing is changed before everything was read and judged: a load that is refused leaves the directory as it was.
//! What is changed then is changed in an order in which it can be done again from the start, wherever it is cut short:
//! the journal synced, files placed, everything synced, `tmp/` tidied, a new segment begun, the old ones removed.

use std::mem;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::collision::Names;
use super::definitions::{self, Found};
use super::folders::make_folder;
use super::join::join;
use super::layout::{FAILED, FORMAT, JOURNAL, PRIVATE, TEMPORARY};
use super::link::{self, Entrance, Link};
use super::place::{Way, remove_if_there};
use super::quarantine::Quarantine;
use super::read::{self, Contents};
use super::recover::{self, Plan};
use super::scan::{self, Scan};
use super::shared::{Limits, Shared, is_full};
use super::{OnCorrupt, Open, Options, format};
use crate::disk::{Disk, Held};
use crate::document::Document;
use crate::error::{BadFile, Error, ErrorKind, Result};
use crate::journal::{self, Journal, Recovered, Start};
use crate::key::Key;
use crate::key::file_name::{Form, canonical};
use crate::storage::{Findings, Loaded, Others, Position, Watcher};

/// Finds out whether the file system tells case.
pub(super) type Probe = fn(&dyn Disk) -> Result<Names>;

/// Opens the directory that a disk is mounted at.
///
/// # Errors
///
/// `LOCKED`, `CORRUPT` with every bad file, `UNSUPPORTED` for a later format, or the system's.
pub(super) fn load(disk: Arc<dyn Disk>, options: &Options, limits: Limits, probe: Probe) -> Result<(Open, Loaded)> {
    make_folder(disk.as_ref(), PRIVATE)?;
    if !options.shares {
        let lock = link::enter_alone(disk.as_ref())?;
        return recover_all(disk, options, limits, probe, (lock, None));
    }
    let Entrance { lock, link, is_first } = Link::enter(disk.as_ref())?;
    let link = Arc::new(link);
    if !is_first {
        return join(&disk, options, limits, probe, (lock, link));
    }
    let (mut open, loaded) = recover_all(disk, options, limits, probe, (lock, Some(Arc::clone(&link))))?;
    link::patiently(|| open.lock.share())?;
    open.publish(&link);
    link.caught_up(open.shared.journal.last());
    link.end_entrance();
    link.give_up();
    Ok((open, loaded))
}

/// What a load holds: the lock, and its part in a directory that others may open, too.
pub(super) type Entered<L> = (Box<dyn Held>, L);

/// Opens a directory that nobody else has open.
fn recover_all(
    disk: Arc<dyn Disk>,
    options: &Options,
    limits: Limits,
    probe: Probe,
    (lock, link): Entered<Option<Arc<Link>>>,
) -> Result<(Open, Loaded)> {
    let (collation, bad_format) = match format::ensure(disk.as_ref(), options.collation.as_ref()) {
        Err(error) if may_go_aside(options, &error) => (options.collation.clone().unwrap_or_default(), Some(error)),
        other => (other?, None),
    };
    make_folder(disk.as_ref(), TEMPORARY)?;
    make_folder(disk.as_ref(), JOURNAL)?;
    let names = probe(disk.as_ref())?;
    let way = Way::probe(disk.as_ref())?;
    let (past, bad_journal) = match journal::recover(disk.as_ref(), JOURNAL) {
        Err(error) if may_go_aside(options, &error) => {
            (Recovered { next_number: 1, ..Recovered::default() }, Some(error))
        }
        other => (other?, None),
    };
    let (found, contents) = read_files(disk.as_ref(), &options.watcher)?;
    let is_doubted = disk.kind(FAILED)?.is_some();
    let mut plan = recover::plan(disk.as_ref(), &past, is_doubted, &found, &contents)?;
    let definitions = match definitions::read(disk.as_ref())? {
        Found::Text(text) => text,
        Found::Bad(bad) => {
            plan.bad.push(bad);
            String::new()
        }
    };
    if options.on_corrupt == OnCorrupt::Error && !plan.bad.is_empty() {
        return Err(corrupt(plan.bad));
    }
    let recovered = plan.steps.len();
    let documents = found.documents.len() + plan.documents.len();
    // What a load displaces has sequences, too; and so has every document.
    let last = plan.last.max(documents as u64);
    let journal = next_journal(&disk, options, &past, last)?;
    if let Some(link) = &link {
        link.found(journal.epoch(), past.next_number);
    }
    let shared = Shared::new(disk, journal, way, options.placing, limits, past.segments.clone(), link);
    let mut open = Open::new(lock, shared, names, &collation, &definitions);
    if !plan.steps.is_empty() {
        // On the same boot the journal may be unsynced still: a power cut must not leave half of a group in its files.
        journal::secure(open.shared.disk.as_ref(), JOURNAL, &past.segments)?;
    }
    let mut set_aside = Vec::new();
    if let Some(error) = bad_journal {
        set_aside.extend(open.set_journal_aside(&error)?);
    }
    if let Some(error) = bad_format {
        set_aside.extend(open.set_format_aside(&error)?);
    }
    let (superseded, ignored) = (found.superseded.clone(), found.ignored.clone());
    let mut quarantined = set_aside;
    quarantined.extend(open.act(&plan, superseded.into_iter().map(|file| file.relative))?);
    // What the last opener placed and did not come to sync.
    open.shared.touch(past.histories.keys().map(canonical));
    quarantined.extend(open.settle(&past, recovered > 0 || !quarantined.is_empty())?);
    let documents = open.own(found, contents, plan)?;
    open.names.set_aside(&ignored);
    let position = Position { epoch: open.epoch, sequence: last };
    let findings = Findings { ignored, quarantined, recovered };
    Ok((open, Loaded { documents, position, collation, definitions, findings }))
}

/// The error where a journal that others write to is not what they wrote.
pub(super) fn unreadable() -> Error {
    Error::new(ErrorKind::Storage, "the journal that others write to cannot be read")
}

/// Whether the file of ours that an error tells of is moved out of the way instead of ending the load.
fn may_go_aside(options: &Options, error: &Error) -> bool {
    options.on_corrupt == OnCorrupt::Salvage && error.kind() == ErrorKind::Corrupt
}

/// Lists the directory and reads every document, and tells `watcher` how far it is.
///
/// # Errors
///
/// The system's. Bad content is no error here.
pub(super) fn read_files(disk: &dyn Disk, watcher: &Watcher) -> Result<(Scan, Contents)> {
    let mut found = scan::scan(disk)?;
    let mut contents = read::read(disk, &found.documents, watcher)?;
    fall_back(disk, &mut found, &mut contents)?;
    Ok((found, contents))
}

/// Where our file is bad, the original's beside it counts again: a power cut may have left both of one write.
fn fall_back(disk: &dyn Disk, found: &mut Scan, contents: &mut Contents) -> Result<()> {
    for file in mem::take(&mut found.superseded) {
        let index = found.documents.binary_search_by(|ours| ours.key.cmp(&file.key)).unwrap_or(usize::MAX);
        let Ok(bad) = contents.bad.binary_search_by_key(&index, |(of, _)| *of) else {
            found.superseded.push(file);
            continue;
        };
        let mut read = read::read(disk, std::slice::from_ref(&file), &Watcher::default())?;
        let slots = (contents.documents.get_mut(index), found.documents.get_mut(index));
        if let (Some(Some(document)), (Some(slot), Some(ours))) = (read.documents.pop(), slots) {
            *slot = Some(document);
            contents.fallen.push(contents.bad.remove(bad).1);
            *ours = file;
        }
        contents.fallen.extend(read.bad.into_iter().map(|(_, bad)| bad));
    }
    Ok(())
}

/// The journal that goes on after the one that was found.
fn next_journal(disk: &Arc<dyn Disk>, options: &Options, past: &Recovered, last: u64) -> Result<Journal> {
    let start = Start {
        epoch: past.epoch.map_or_else(new_epoch, Ok)?,
        last,
        number: past.next_number,
        placing: options.placing,
    };
    Ok(Journal::new(Arc::clone(disk), JOURNAL, start))
}

/// Microseconds since 1970: never the same twice for one directory, and a number that JavaScript can hold.
fn new_epoch() -> Result<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).map_err(|_| Error::assertion("the clock is out of range"))
}

impl Open {
    /// Moves a damaged journal away, and what it tells of before it: without it nobody knows what to make of that, and
    /// a load that is cut short in between finds the damage again.
    fn set_journal_aside(&self, error: &Error) -> Result<Vec<BadFile>> {
        let disk = self.shared.disk.as_ref();
        let mut quarantine = Quarantine::new(disk);
        quarantine.take(BadFile { file: TEMPORARY.to_owned(), reason: "belongs to a damaged journal".to_owned() })?;
        disk.sync_folder(PRIVATE)?;
        quarantine.take(BadFile { file: JOURNAL.to_owned(), reason: error.message().to_owned() })?;
        make_folder(disk, TEMPORARY)?;
        make_folder(disk, JOURNAL)?;
        disk.sync_folder(PRIVATE)?;
        Ok(quarantine.finish().0)
    }

    /// Moves a damaged `format.json` away, and writes a new one. The order of keys that it named is forgotten.
    fn set_format_aside(&self, error: &Error) -> Result<Vec<BadFile>> {
        let disk = self.shared.disk.as_ref();
        let mut quarantine = Quarantine::new(disk);
        quarantine.take(BadFile { file: FORMAT.to_owned(), reason: error.message().to_owned() })?;
        format::ensure(disk, Some(&self.collation))?;
        Ok(quarantine.finish().0)
    }

    /// Moves what is in the way and places what is missing.
    pub(super) fn act(&mut self, plan: &Plan, superseded: impl Iterator<Item = String>) -> Result<Vec<BadFile>> {
        let disk = Arc::clone(&self.shared.disk);
        let mut quarantine = Quarantine::new(disk.as_ref());
        for bad in plan.quarantine.iter().chain(&plan.bad) {
            quarantine.take(bad.clone())?;
        }
        for file in superseded {
            let reason = "a newer file of the same document stands beside it".to_owned();
            quarantine.take(BadFile { file, reason })?;
        }
        for step in &plan.steps {
            let shared = &self.shared;
            self.placer
                .prepare(disk.as_ref(), shared.way, &shared.spares, step)
                .and_then(|()| shared.place(step))
                .map_err(|error| error.with_key(step.key.to_text()))?;
        }
        let (moved, names) = quarantine.finish();
        self.shared.touch(names);
        Ok(moved)
    }

    /// Makes durable what was placed, and leaves the old journal behind.
    fn settle(&self, past: &Recovered, changed: bool) -> Result<Vec<BadFile>> {
        let disk = self.shared.disk.as_ref();
        let mut quarantine = Quarantine::new(disk);
        let is_clean = past.closed || past.segments.is_empty();
        if changed || !is_clean {
            self.shared.sync_files()?;
        }
        // Before the new segment, so that a full disk has room for that.
        self.shared.tidy()?;
        if !is_clean {
            self.begin_journal(past)?;
            if let Some(cut) = past.cut.as_ref().filter(|cut| cut.whole_groups_behind > 0) {
                let (offset, groups) = (cut.offset, cut.whole_groups_behind);
                let reason =
                    format!("its unsynced end was cut off at byte {offset}: {groups} whole commit(s) behind it");
                quarantine.take(BadFile { file: cut.segment.clone(), reason })?;
            }
            journal::discard(disk, JOURNAL, &past.segments)?;
        } else if let Some((closed, older @ [_, ..])) = past.segments.split_last() {
            // A close was killed before it had removed them. What makes them count for nothing has to be durable first.
            journal::secure(disk, JOURNAL, std::slice::from_ref(closed))?;
            journal::discard(disk, JOURNAL, older)?;
        }
        remove_if_there(disk, FAILED)?;
        Ok(quarantine.finish().0)
    }

    /// Begins the journal. Where there is no room for that, the segments before it give theirs first, of which everything is in
    /// its file: the oldest first, each durably, so that what a power cut leaves has no gap.
    fn begin_journal(&self, past: &Recovered) -> Result<()> {
        let is_whole = past.cut.as_ref().is_none_or(|cut| cut.whole_groups_behind == 0);
        match self.shared.journal.begin() {
            Err(error) if is_full(&error) && is_whole => {
                for segment in &past.segments {
                    journal::discard(self.shared.disk.as_ref(), JOURNAL, std::slice::from_ref(segment))?;
                }
                self.shared.journal.begin()
            }
            other => other,
        }
    }

    /// Joins keys and documents, and notes who owns which name.
    pub(super) fn own(&mut self, found: Scan, contents: Contents, plan: Plan) -> Result<Vec<(Key, Document)>> {
        let Self { names, plain, .. } = self;
        joined(found, contents, plan, |key, original| match original {
            Some(relative) => {
                names.claim(relative, key)?;
                plain.insert(key.clone());
                Ok(())
            }
            None => names.claim_canonical(key).map(drop),
        })
    }
}

/// Joins keys and documents: what files hold, but for what the plan makes of them. `own` hears of each, and of the file in the
/// original's form that it stands in.
///
/// # Errors
///
/// What `own` fails with.
pub(super) fn joined(
    found: Scan,
    contents: Contents,
    plan: Plan,
    mut own: impl FnMut(&Key, Option<&str>) -> Result<()>,
) -> Result<Vec<(Key, Document)>> {
    let mut changed = plan.documents;
    let mut owned = Vec::with_capacity(found.documents.len() + changed.len());
    for (file, document) in found.documents.into_iter().zip(contents.documents) {
        let (document, is_ours) = match changed.remove(&file.key) {
            Some(document) => (document, true),
            None => (document, false),
        };
        let Some(document) = document else { continue };
        own(&file.key, (file.form == Form::Plain && !is_ours).then_some(file.relative.as_str()))?;
        owned.push((file.key, document));
    }
    for (key, document) in changed {
        let Some(document) = document else { continue };
        own(&key, None)?;
        owned.push((key, document));
    }
    owned.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(owned)
}

/// The error of a load that finds bad files.
pub(super) fn corrupt(files: Vec<BadFile>) -> Error {
    let count = files.len();
    let first = files.first().map(|bad| format!("'{}' {}", bad.file, bad.reason)).unwrap_or_default();
    let more = if count > 1 { format!(", and {} more", count - 1) } else { String::new() };
    Error::new(ErrorKind::Corrupt, format!("{count} bad file(s) in the data directory: {first}{more}"))
        .with_files(files)
}
