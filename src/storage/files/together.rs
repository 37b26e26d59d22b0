//! Committing beside other processes: what they did is taken in before, and what one of them left half done is ended.

use std::collections::HashMap;
use std::sync::Arc;

use super::Open;
use super::commit::not_loaded;
use super::definitions::{self, Found};
use super::layout::JOURNAL;
use super::link::Link;
use super::load::read_files;
use super::place::Step;
use super::shared::Shared;
use crate::disk::Disk;
use crate::document::Document;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{self, Placing, Until};
use crate::key::Key;
use crate::key::file_name::canonical;
use crate::storage::{Change, Foreign, Others, Sequence, Watcher};

/// A segment of so many times the size at which the keeper should have closed it is closed by a commit.
const OVERDUE: u64 = 2;

impl Open {
    /// See [`Storage::begin`](crate::storage::Storage::begin).
    pub(super) fn begin(&mut self) -> Result<Foreign> {
        let Some(link) = self.shared.link.clone() else { return Ok(Foreign::default()) };
        self.check_lock(&link)?;
        self.begin_with(&link)
    }

    /// Goes on alone where the files of the locks were removed; a commit makes them anew.
    fn check_lock(&self, link: &Link) -> Result<()> {
        if self.lock.stands() { Ok(()) } else { link.cut_off() }
    }

    fn begin_with(&mut self, link: &Link) -> Result<Foreign> {
        link.begin(self.shared.disk.as_ref())?;
        let taken = self.take_in(link);
        if taken.is_err() {
            link.give_up();
        }
        taken
    }

    /// See [`Storage::end`](crate::storage::Storage::end).
    pub(super) fn end(&mut self) {
        let Some(link) = &self.shared.link else { return };
        let journal = &self.shared.journal;
        if journal.check().is_err() {
            link.poison();
            return link.give_up();
        }
        if journal.active_bytes() >= self.shared.limits.segment.saturating_mul(OVERDUE) {
            // Where that fails the next one tries again.
            let _ = journal.rotate();
        }
        link.end(journal.segment(), journal.last());
        link.give_up();
    }

    /// See [`Storage::follow`](crate::storage::Storage::follow).
    pub(super) fn follow(&mut self) -> Result<Foreign> {
        let Some(link) = self.shared.link.clone() else { return Ok(Foreign::default()) };
        let end = link.course().end;
        if link.is_cut_off() || end <= self.shared.journal.last() {
            return self.foreign(&link, Vec::new());
        }
        if let Some(changes) = self.shared.journal.follow(Until::Published(end))? {
            return self.foreign(&link, changes);
        }
        let foreign = self.begin();
        if foreign.is_ok() {
            self.end();
        }
        foreign
    }

    /// Takes in what others committed, under the commit lock, and ends what one of them left half done.
    fn take_in(&mut self, link: &Link) -> Result<Foreign> {
        let Shared { journal, placing, .. } = self.shared.as_ref();
        if *placing == Placing::Background && !link.is_alone() {
            self.shared.forget_backlog();
        }
        if !link.has_news(journal.segment()) {
            return self.foreign(link, Vec::new());
        }
        let course = link.course();
        let followed = journal.follow(Until::TheEnd)?;
        let Some(changes) = followed.filter(|_| journal.last() >= course.end) else { return self.everything(link) };
        if course.is_under_way {
            self.adopt(changes.iter().filter(|change| change.sequence > course.end))?;
            link.publish(journal_last(&self.shared));
        }
        self.foreign(link, changes)
    }

    /// What memory is told of changes that others committed.
    fn foreign(&mut self, link: &Link, changes: Vec<journal::Change>) -> Result<Foreign> {
        for change in &changes {
            self.note(&change.key, change.document.is_some());
        }
        self.shared.touch(changes.iter().map(|change| canonical(&change.key)));
        let last = journal_last(&self.shared);
        if last > self.shared.placed() && self.shared.placing_now() == Placing::Eager {
            self.shared.set_placed(last);
        }
        let definitions = if link.has_definitions() { Some(self.read_definitions()?) } else { None };
        let changes =
            changes.into_iter().map(|journal::Change { sequence, key, document }| Change { sequence, key, document });
        Ok(Foreign { changes: changes.collect(), everything: None, definitions, last: Some(last) })
    }

    fn read_definitions(&mut self) -> Result<String> {
        match definitions::read(self.shared.disk.as_ref())? {
            Found::Text(text) => {
                self.definitions = (!text.is_empty()).then(|| text.clone());
                Ok(text)
            }
            Found::Bad(bad) => Err(Error::new(ErrorKind::Corrupt, format!("'{}' {}", bad.file, bad.reason))),
        }
    }

    /// Who owns which name, after somebody else committed.
    fn note(&mut self, key: &Key, is_there: bool) {
        let file = canonical(key);
        self.plain.remove(key);
        if is_there {
            // Whoever committed it had it.
            let _ = self.names.claim(&file, key);
        } else {
            self.names.release(&file, key);
        }
    }

    /// Places what a process that died had appended and not published.
    fn adopt<'a>(&mut self, changes: impl Iterator<Item = &'a journal::Change>) -> Result<()> {
        // One of a group must not stand in its file where a power cut can take the others.
        self.shared.journal.sync()?;
        let mut last: HashMap<&Key, &journal::Change> = HashMap::new();
        for change in changes {
            last.insert(&change.key, change);
        }
        for change in last.into_values() {
            self.place_again(change).map_err(|error| error.with_key(change.key.to_text()))?;
        }
        Ok(())
    }

    fn place_again(&mut self, change: &journal::Change) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let disk = shared.disk.as_ref();
        let file = canonical(&change.key);
        let standing = standing(disk, &file)?;
        let is_placed = match (&standing, &change.document) {
            (Standing::Nothing, None) => true,
            (Standing::Document(standing), Some(document)) => standing.text() == document.text(),
            _ => false,
        };
        if is_placed {
            return Ok(());
        }
        let step = Step {
            key: change.key.clone(),
            sequence: change.sequence,
            document: change.document.clone(),
            file: Some(file),
            plain: None,
            replaces: !matches!(standing, Standing::Nothing),
            grouped: true,
            has_failed: false,
        };
        self.placer.prepare(disk, shared.way, &shared.spares, &step)?;
        shared.place(&step).map(drop)
    }

    /// What memory is told where what others committed can no longer be read in the journal: every file is in its place.
    fn everything(&mut self, link: &Link) -> Result<Foreign> {
        let disk = Arc::clone(&self.shared.disk);
        let past = journal::recover(disk.as_ref(), JOURNAL)?;
        self.shared.journal.skip_to(past.oldest_number.max(1), past.first.saturating_sub(1))?;
        let course = link.course();
        let changes = self.shared.journal.follow(Until::TheEnd)?.ok_or_else(not_loaded)?;
        if course.is_under_way {
            self.adopt(changes.iter().filter(|change| change.sequence > course.end))?;
            link.publish(journal_last(&self.shared));
        }
        let (found, contents) = read_files(disk.as_ref(), &Watcher::default())?;
        if let Some((_, bad)) = contents.bad.first() {
            return Err(super::load::corrupt(vec![bad.file.clone()]));
        }
        let documents = found.documents.into_iter().zip(contents.documents);
        let everything = documents.filter_map(|(file, document)| Some((file.key, document?))).collect();
        Ok(Foreign { everything: Some(everything), ..self.foreign(link, changes)? })
    }

    /// Closes: the last opener leaves everything in order, any other what is its own.
    pub(super) fn close(mut self) -> Result<()> {
        let Some(link) = self.shared.link.clone() else { return self.shared.finish() };
        self.check_lock(&link)?;
        self.begin_with(&link)?;
        let Self { shared, lock, .. } = self;
        let disk = shared.disk.as_ref();
        let others = if link.is_cut_off() { Ok(0) } else { link.recount(disk) };
        let left = others.and_then(|others| {
            if others > 0 {
                return shared.finish_own().map(|()| others);
            }
            shared.finish().map(|()| others)
        });
        match &left {
            Err(error) if error.kind() == ErrorKind::Poisoned => link.poison(),
            _ => link.end(shared.journal.segment(), shared.journal.last()),
        }
        link.leave(disk);
        // Before anybody else can open: he would take us for somebody with whom he has it together.
        drop(lock);
        link.give_up();
        left.map(drop)
    }
}

impl Shared {
    /// Forgets what waits to be placed, which another process has placed when it came.
    fn forget_backlog(&self) {
        let mut backlog = self.backlog.lock();
        if backlog.len() == 0 {
            return;
        }
        let through = self.journal.last();
        backlog.forget(through);
        drop(backlog);
        self.tending.lock().work = None;
    }

    /// Leaves nothing of one's own, for an opener that is not the last.
    fn finish_own(&self) -> Result<()> {
        let _tending = self.tending.lock();
        self.journal.sync()?;
        self.give_back().map(drop)
    }
}

fn journal_last(shared: &Shared) -> Sequence {
    shared.journal.last()
}

/// What stands where a document's file belongs.
enum Standing {
    Nothing,
    Document(Document),
    Other,
}

fn standing(disk: &dyn Disk, file: &str) -> Result<Standing> {
    let mut bytes = Vec::new();
    match disk.read(file, &mut bytes) {
        Err(error) if error.is_not_found() => Ok(Standing::Nothing),
        Err(error) => Err(error),
        Ok(()) => Ok(Document::from_file(&bytes).map_or(Standing::Other, Standing::Document)),
    }
}
