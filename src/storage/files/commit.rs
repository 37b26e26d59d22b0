//! How groups become files.
//!
//! ```text
//!   check names -> write versions to tmp/ -> append to the journal -> (sync) -> put files in place
//!                                                                      '------> or leave that to the keeper
//! ```
//!
//! Everything that needs space happens before the journal is written, so that what follows seldom fails. Where it does
//! (a folder that may not be changed any more), the files of the group are put back and the journal is told so.

use std::sync::Arc;

use super::place::{Placed, Step};
use super::shared::{Shared, is_full, poisoned};
use super::{Files, Open};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Placing, Record};
use crate::key::{Key, file_name};
use crate::storage::{Entry, Group, Outcome, Position, Sequence};

/// A group on its way.
struct Staged<'a> {
    /// Which of the groups of this commit.
    number: usize,
    group: &'a Group,
    first: Sequence,
    steps: Vec<Step>,
}

impl Files {
    /// Stores groups in an open directory.
    pub(super) fn store(&mut self, groups: &[Group]) -> Vec<Outcome> {
        let mut outcomes: Vec<Option<Outcome>> = groups.iter().map(|_| None).collect();
        let mut answer = |number: usize, outcome: Outcome| {
            if let Some(slot) = outcomes.get_mut(number) {
                *slot = Some(outcome);
            }
        };
        let Some(open) = &mut self.open else { return refuse(groups, &not_loaded()) };
        // With others, whoever began this commit looked whether the lock stands.
        let is_alone = open.shared.link.as_ref().is_none_or(|link| link.is_cut_off());
        let held = if is_alone { open.hold() } else { Ok(()) };
        if let Err(error) = held.and_then(|()| open.shared.make_room()) {
            return refuse(groups, &error);
        }
        if let Some(link) = &open.shared.link {
            link.set_under_way();
        }
        if groups.iter().flat_map(|group| &group.entries).any(|entry| entry.left.is_some()) {
            open.take_over(groups, &mut answer);
        } else {
            let before = open.shared.edits.lock().take(groups);
            open.store(groups, &mut answer);
            if !before.is_empty() {
                open.shared.edits.lock().put_back(before, |key| is_refused(groups, &outcomes, key));
            }
        }
        let unanswered = || Outcome::Failed(Error::assertion("a group without an answer"));
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(unanswered)).collect()
    }
}

impl Open {
    fn store(&mut self, groups: &[Group], answer: &mut impl FnMut(usize, Outcome)) {
        let staged = self.stage(groups, answer);
        let Err(error) = self.append(&staged) else { return self.finish(staged, answer) };
        for staged in &staged {
            self.give_up(&staged.steps);
        }
        let error = match self.shared.make_space(&error) {
            Ok(made) if made || staged.len() > 1 && is_full(&error) => {
                // One by one, so that what is too large does not refuse the rest.
                for number in staged.into_iter().map(|staged| staged.number) {
                    let group = groups.get(number..=number).unwrap_or_default();
                    self.store_alone(group, &mut |_, outcome| answer(number, outcome));
                }
                return;
            }
            Ok(_) => error,
            Err(poisoned) => poisoned,
        };
        for staged in staged {
            answer(staged.number, Outcome::Failed(error.clone()));
        }
    }

    fn store_alone(&mut self, group: &[Group], answer: &mut dyn FnMut(usize, Outcome)) {
        let staged = self.stage(group, &mut *answer);
        match self.append(&staged) {
            Ok(()) => self.finish(staged, &mut *answer),
            Err(error) => {
                for staged in &staged {
                    self.give_up(&staged.steps);
                    answer(0, Outcome::Failed(error.clone()));
                }
            }
        }
    }

    /// Claims names and writes versions, as far as that goes without the journal.
    fn stage<'a>(
        &mut self,
        groups: &'a [Group],
        answer: &mut (impl FnMut(usize, Outcome) + ?Sized),
    ) -> Vec<Staged<'a>> {
        let mut staged = Vec::with_capacity(groups.len());
        let mut last = self.shared.journal.last();
        for (number, group) in groups.iter().enumerate() {
            if group.entries.is_empty() && !group.synced {
                answer(number, Outcome::Committed(self.position(last)));
                continue;
            }
            match self.steps(group, last + 1) {
                Ok(steps) => {
                    staged.push(Staged { number, group, first: last + 1, steps });
                    last += group.entries.len() as u64;
                }
                Err(error) => answer(number, Outcome::Failed(error)),
            }
        }
        staged
    }

    fn steps(&mut self, group: &Group, first: Sequence) -> Result<Vec<Step>> {
        let mut steps = Vec::with_capacity(group.entries.len());
        for (entry, sequence) in group.entries.iter().zip(first..) {
            let is_grouped = group.entries.len() > 1;
            let step = self.step(entry, sequence, is_grouped).and_then(|step| match self.prepare(&step) {
                Ok(()) => Ok(step),
                Err(error) => {
                    self.release_claim(&step);
                    Err(error)
                }
            });
            match step {
                Ok(step) => steps.push(step),
                Err(error) => {
                    self.give_up(&steps);
                    return Err(error.with_key(entry.key.to_text()));
                }
            }
        }
        Ok(steps)
    }

    fn step(&mut self, entry: &Entry, sequence: Sequence, grouped: bool) -> Result<Step> {
        let canonical = file_name::canonical(&entry.key);
        // A deletion takes away what an earlier write could not.
        let counts = |plain: &String| match entry.document {
            Some(_) => self.plain.contains(&entry.key),
            None => !self.names.is_of_another(plain, &entry.key),
        };
        let plain = file_name::plain(&entry.key).filter(counts);
        let file = if entry.document.is_some() {
            self.names.claim(&canonical, &entry.key)?;
            Some(canonical)
        } else {
            (!self.names.is_of_another(&canonical, &entry.key)).then_some(canonical)
        };
        let Entry { key, document, previous, .. } = entry.clone();
        let replaces = previous.is_some();
        Ok(Step { key, sequence, document, file, plain, replaces, grouped, has_failed: false })
    }

    fn prepare(&mut self, step: &Step) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        if shared.placing_now() == Placing::Background {
            return step.check_name(shared.disk.as_ref());
        }
        let mut prepare = || self.placer.prepare(shared.disk.as_ref(), shared.way, &shared.spares, step);
        match prepare() {
            Err(error) if shared.make_space(&error)? => prepare(),
            other => other,
        }
    }

    /// Gives up steps that were prepared, and the names that they claimed.
    fn give_up(&mut self, steps: &[Step]) {
        for step in steps {
            if self.shared.placing_now() == Placing::Eager {
                step.discard(self.shared.disk.as_ref(), self.shared.way);
            }
            self.release_claim(step);
        }
    }

    pub(super) fn release_claim(&mut self, step: &Step) {
        if let (Some(_), Some(file), false) = (&step.document, &step.file, step.replaces) {
            self.names.release(file, &step.key);
        }
    }

    /// Writes all groups to the journal, and syncs it where one of them asks for that.
    fn append(&self, staged: &[Staged]) -> Result<()> {
        if staged.is_empty() {
            return Ok(());
        }
        let records: Vec<Vec<Record>> =
            staged.iter().map(|staged| staged.group.entries.iter().map(record).collect()).collect();
        let Shared { journal, way, .. } = self.shared.as_ref();
        if records.iter().any(|group| !group.is_empty()) {
            journal.append(&records, self.shared.placed())?;
        }
        let places = self.shared.placing_now() == Placing::Eager;
        let needs_sync =
            |staged: &Staged| staged.group.synced || (places && (staged.steps.len() > 1 || way.needs_sync()));
        if staged.iter().any(needs_sync) {
            journal.sync()?;
        }
        Ok(())
    }

    /// Puts files in place, or leaves them to the keeper, and answers.
    fn finish(&mut self, staged: Vec<Staged>, answer: &mut (impl FnMut(usize, Outcome) + ?Sized)) {
        let (mut voided, mut in_doubt) = (false, false);
        let placing = self.shared.placing_now();
        let mut through = self.shared.placed();
        for Staged { number, first, steps, .. } in staged {
            let last = first + steps.len() as u64 - 1;
            if steps.is_empty() {
                answer(number, Outcome::Committed(self.position(last)));
                continue;
            }
            through = last;
            let done = match placing {
                Placing::Eager => self.place(first, &steps),
                Placing::Background => Ok(()),
            };
            match done {
                Ok(()) => {
                    self.note_names(&steps);
                    if placing == Placing::Background {
                        self.shared.leave(steps, last);
                    }
                    answer(number, Outcome::Committed(self.position(last)));
                }
                Err(error) => {
                    voided = true;
                    in_doubt |= error.kind() == ErrorKind::Poisoned;
                    answer(number, Outcome::Failed(error));
                }
            }
        }
        // What is in doubt the journal has to keep, for the next load.
        if placing == Placing::Eager && !in_doubt {
            self.shared.set_placed(if voided { self.shared.journal.last() } else { through });
        }
    }

    /// All files of a group, or none.
    fn place(&mut self, first: Sequence, steps: &[Step]) -> Result<()> {
        let mut done: Vec<Placed> = Vec::with_capacity(steps.len());
        for step in steps {
            match self.shared.place(step) {
                Ok(placed) => done.push(placed),
                Err(error) => {
                    let error = error.with_key(step.key.to_text());
                    self.give_up(steps.get(done.len()..).unwrap_or_default());
                    return Err(self.take_back(first, steps, &done).err().unwrap_or(error));
                }
            }
        }
        Ok(())
    }

    /// Puts back what a group displaced, and tells the journal. Where that fails nobody knows what a load will find.
    fn take_back(&mut self, first: Sequence, steps: &[Step], done: &[Placed]) -> Result<()> {
        for (step, placed) in steps.iter().zip(done).rev() {
            step.undo(self.shared.disk.as_ref(), *placed).map_err(poisoned)?;
            self.release_claim(step);
        }
        if !done.is_empty() {
            // A power cut must not bring back in a file what the journal no longer tells of.
            self.shared.sync_files().map_err(poisoned)?;
        }
        self.shared.journal.void(first, self.shared.placed()).map_err(poisoned)?;
        self.shared.journal.sync().map(drop)
    }

    /// Who owns which name, after a group was stored.
    fn note_names(&mut self, steps: &[Step]) {
        for step in steps {
            if let Some(plain) = &step.plain {
                self.plain.remove(&step.key);
                self.names.release(plain, &step.key);
            }
            if let (None, Some(file)) = (&step.document, &step.file) {
                self.names.release(file, &step.key);
            }
        }
    }

    pub(super) fn position(&self, sequence: Sequence) -> Position {
        Position { epoch: self.epoch, sequence }
    }
}

pub(super) fn record(entry: &Entry) -> Record<'_> {
    let left = entry.left;
    Record { key: &entry.key, document: entry.document.as_ref(), previous: entry.previous.as_ref(), left }
}

/// Whether what was to be stored of a key was not.
fn is_refused(groups: &[Group], outcomes: &[Option<Outcome>], key: &Key) -> bool {
    let mut all = groups.iter().zip(outcomes);
    let of_key = all.find(|(group, _)| group.entries.iter().any(|entry| entry.key == *key));
    of_key.is_some_and(|(_, outcome)| !matches!(outcome, Some(Outcome::Committed(_))))
}

/// The same answer to all.
pub(super) fn refuse(groups: &[Group], error: &Error) -> Vec<Outcome> {
    groups.iter().map(|_| Outcome::Failed(error.clone())).collect()
}

pub(super) fn not_loaded() -> Error {
    Error::new(ErrorKind::NotLoaded, "the directory is not open")
}
