//! Committing beside other processes: what they did is taken in before, and what one of them left half done is ended.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use super::Open;
use super::definitions::{self, Found};
use super::layout::JOURNAL;
use super::link::{Course, Link};
use super::load::{corrupt, read_files, unreadable};
use super::outside;
use super::place::Step;
use super::scan::Scan;
use super::shared::Shared;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{self, Placing, Until};
use crate::key::Key;
use crate::key::file_name::{Form, canonical};
use crate::storage::{Change, Foreign, Others, Sequence, Standing, Watcher};

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
        let is_published = self.untold.last().is_none_or(|change| change.sequence <= end);
        if is_published && !self.is_lost && self.read_on(&link, Until::Published(end))? {
            return self.tell(&link);
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
        let course = link.course();
        if self.is_lost || link.has_news(journal.segment()) {
            if self.is_lost || !self.read_on(link, Until::TheEnd)? || self.shared.journal.last() < course.end {
                return self.everything(link);
            }
            self.end_what_was_begun(link, course)?;
        }
        self.tell(link)
    }

    /// Takes from the journal what others appended. Tells whether it has all of it.
    fn read_on(&mut self, link: &Link, until: Until) -> Result<bool> {
        let journal = &self.shared.journal;
        if let Until::Published(end) = until
            && (link.is_cut_off() || end <= journal.last())
        {
            return Ok(true);
        }
        let Some(changes) = journal.follow(until)? else { return Ok(false) };
        self.untold.extend(changes);
        Ok(true)
    }

    /// Places and publishes what somebody had appended who died before he had.
    fn end_what_was_begun(&mut self, link: &Link, course: Course) -> Result<()> {
        if course.is_under_way {
            self.adopt(course.end)?;
            link.publish(self.shared.journal.last());
        }
        Ok(())
    }

    /// What memory is told of changes that others committed. Where it fails, they are told the next time.
    fn tell(&mut self, link: &Link) -> Result<Foreign> {
        let definitions = match link.new_definitions() {
            Some(number) => {
                let text = self.read_definitions()?;
                link.has_definitions(number);
                Some(text)
            }
            None => None,
        };
        let changes = mem::take(&mut self.untold);
        for change in &changes {
            self.note(&change.key, change.document.is_some());
            self.note_left(&change.key, change.sequence, change.document.as_ref(), change.left);
        }
        self.shared.touch(changes.iter().map(|change| canonical(&change.key)));
        let last = self.shared.journal.last();
        if last > self.shared.placed() && self.shared.placing_now() == Placing::Eager {
            self.shared.set_placed(last);
        }
        let changes = changes.into_iter().map(|journal::Change { sequence, key, document, .. }| Change {
            sequence,
            key,
            document,
        });
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

    /// Places what a process that died had appended behind this sequence and not published.
    fn adopt(&mut self, published: Sequence) -> Result<()> {
        // One of a group must not stand in its file where a power cut can take the others.
        self.shared.journal.sync()?;
        let mut last: HashMap<Key, journal::Change> = HashMap::new();
        for change in self.untold.iter().filter(|change| change.sequence > published) {
            last.insert(change.key.clone(), change.clone());
        }
        // Where the file was left as it was there is nothing to place.
        for change in last.values().filter(|change| change.left.is_none()) {
            self.place_again(change).map_err(|error| error.with_key(change.key.to_text()))?;
        }
        Ok(())
    }

    fn place_again(&mut self, change: &journal::Change) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let disk = shared.disk.as_ref();
        let file = canonical(&change.key);
        let standing = outside::read(disk, &file);
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
        // From here on the journal is further than memory; only all of the files can make up for that.
        self.is_lost = true;
        let (number, before) = (past.oldest_number.max(1), past.first.saturating_sub(1));
        self.untold = self.shared.journal.follow_anew(number, before)?.ok_or_else(unreadable)?;
        self.end_what_was_begun(link, link.course())?;
        let (found, contents) = read_files(disk.as_ref(), &Watcher::default())?;
        if let Some((_, bad)) = contents.bad.first() {
            return Err(corrupt(vec![bad.file.clone()]));
        }
        let foreign = self.tell(link)?;
        self.own_anew(&found);
        self.is_lost = false;
        let documents = found.documents.into_iter().zip(contents.documents);
        let everything = documents.filter_map(|(file, document)| Some((file.key, document?)));
        let everything = self.left_over(&past, everything).collect();
        Ok(Foreign { changes: Vec::new(), everything: Some(everything), ..foreign })
    }

    /// Notes who owns which name, where these are all the files.
    fn own_anew(&mut self, found: &Scan) {
        self.names.forget();
        self.plain.clear();
        for file in &found.documents {
            // Whoever committed it had it.
            let _ = match file.form {
                Form::Plain => self.names.claim(&file.relative, &file.key),
                Form::Canonical => self.names.claim_canonical(&file.key),
            };
            if file.form == Form::Plain {
                self.plain.insert(file.key.clone());
            }
        }
        self.names.set_aside(&found.ignored);
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
