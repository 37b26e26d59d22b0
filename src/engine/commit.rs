//! How a round of batches is checked, stored and applied.
//!
//! Each batch is checked against memory, which only this thread changes; what passes goes to storage as one commit, a
//! group for each batch; what storage took is applied to memory under short locks, a group under one; every write then
//! has its answer.

use std::mem;
use std::ops::Range;
use std::sync::Arc;

use parking_lot::{RwLock, RwLockWriteGuard};

use super::generations::Generations;
use super::health::Health;
use super::queue::Moment;
use super::reads::Reads;
use super::snapshot::{Snapshot, Stored};
use super::state::State;
use super::unique::{Claims, Touched, Uniques, Verdict};
use super::write::{Settled, Write};
use crate::error::{Error, ErrorKind, Result};
use crate::storage::{Entry, Group, Others, Outcome, Position, Storage};
use crate::view::declared::Declaration;

/// How many writes go to storage at once, as long as they are not of one batch: who waits for them is answered before
/// the next ones go.
pub(super) const MOST_WRITES: usize = 1_000;

/// How many entries are applied under one lock, as long as they are not of one group: a reader waits for a fraction of a
/// millisecond.
const ENTRIES_PER_LOCK: usize = 256;

/// A group of more entries is applied to a clone, which then takes the place of the snapshot in use: that copies nodes,
/// but no reader waits for it.
const MOST_IN_PLACE: usize = 4_096;

/// A batch to be committed.
#[derive(Clone, Copy)]
pub(super) struct Unit<'a> {
    pub writes: &'a [Write],
    pub reads: Option<&'a Reads>,
}

/// What commits need: the store's memory, and the storage.
pub(super) struct Commit<'a> {
    pub state: &'a RwLock<State>,
    pub health: &'a Health,
    pub generations: &'a Generations,
    pub storage: &'a mut dyn Storage,
    /// What no two documents may have. Changed with memory.
    pub uniques: Uniques,
    /// Whether every batch is synced, whatever it asks for.
    pub synced: bool,
    /// Who else commits to the storage.
    pub others: Option<Arc<dyn Others>>,
}

/// A group that passed, and what it was made of.
struct Passed<'a> {
    writes: &'a [Write],
    /// Where its answers are.
    place: Range<usize>,
    claims: Claims,
}

/// Why a batch is not stored now.
enum Held {
    Refused(Settled),
    /// It has to be judged after the batches before it were stored.
    Later,
}

impl Commit<'_> {
    /// Checks, stores and applies batches of which none touches what an earlier one writes: the first ones, up to one that
    /// has to wait for what became of these, and always one. One answer for each write of them, in their order; a batch that was
    /// refused has the same one for all of its writes.
    pub fn run(&mut self, units: &[Unit<'_>]) -> Vec<Settled> {
        let mut answers = vec![None; units.iter().map(|unit| unit.writes.len()).sum()];
        let mut groups = Vec::with_capacity(units.len());
        let mut grouped = Vec::with_capacity(units.len());
        let mut touched = Touched::default();
        let mut room = String::new();
        let mut first = 0;
        for (number, unit) in units.iter().enumerate() {
            let place = first..first + unit.writes.len();
            match self.prepare(unit, &mut touched, number + 1 < units.len(), &mut room) {
                // What is left of a batch without entries has nothing to do: nothing was there. But why nothing was there may
                // have to be synced.
                Ok((group, _)) if group.entries.is_empty() && !group.synced => {
                    fill(&mut answers, place.clone(), &Settled::Deleted);
                }
                Ok((group, claims)) => {
                    groups.push(group);
                    grouped.push(Passed { writes: unit.writes, place: place.clone(), claims });
                }
                Err(Held::Refused(refused)) => fill(&mut answers, place.clone(), &refused),
                Err(Held::Later) => break,
            }
            first = place.end;
        }
        answers.truncate(first);
        if !groups.is_empty() {
            let outcomes = self.storage.commit(&groups);
            if outcomes.len() < groups.len() {
                self.health.poison(unanswered());
            }
            self.apply(groups, outcomes, grouped, &mut answers);
        }
        answers.into_iter().map(|answer| answer.unwrap_or_else(|| Settled::Failed(unanswered()))).collect()
    }

    /// Makes a declaration the unique view of an id, or lets the id have none. Tells whether there was one. Where it is as it
    /// was, nothing is done.
    pub fn define(&mut self, id: String, declaration: Option<Declaration>) -> Result<bool> {
        let was_there = self.uniques.has(&id);
        if !self.uniques.is_as(&id, declaration.as_ref()) {
            self.health.check()?;
            // Gone before memory changes.
            let now = self.state.read().current().clone();
            self.uniques.define(id, declaration, self.storage, &now)?;
        }
        Ok(was_there)
    }

    /// Tells whether there is a unique view of an id, where this declaration is that one, or none is meant and none is there.
    pub fn compare(&self, id: &str, declaration: Option<&Declaration>) -> Result<bool> {
        if self.uniques.is_as(id, declaration) {
            return Ok(self.uniques.has(id));
        }
        let message =
            format!("the unique view {id:?} cannot be defined or deleted by a datastore with 'readOnly: true'");
        Err(Error::new(ErrorKind::ReadOnly, message))
    }

    /// This moment.
    pub fn moment(&self) -> Moment {
        Moment { snapshot: self.state.read().current().clone(), definitions: self.uniques.text() }
    }

    /// Returns when everything committed before survives a power cut.
    pub fn sync(&mut self) -> Result<()> {
        self.health.check()?;
        match self.storage.commit(&[Group { entries: Vec::new(), synced: true }]).pop() {
            Some(Outcome::Committed(_)) => Ok(()),
            Some(Outcome::Failed(error)) => Err(error),
            _ => Err(unanswered()),
        }
    }

    /// What a batch stores, or why not. `touched` tells of the batches before it, and `others_follow` whether there are
    /// any behind it.
    fn prepare(
        &self,
        unit: &Unit<'_>,
        touched: &mut Touched,
        others_follow: bool,
        room: &mut String,
    ) -> Result<(Group, Claims), Held> {
        if let Some(reads) = unit.reads {
            // A snapshot, because the check may take longer than a lock may be held; gone before memory changes.
            let now = self.state.read().current().clone();
            reads.check(&now).map_err(|error| Held::Refused(Settled::Lost(error)))?;
        }
        let mut group = Group { entries: Vec::with_capacity(unit.writes.len()), synced: self.synced };
        for write in unit.writes {
            // Nobody else changes the state, so what was read stays true without the lock.
            let current = self.state.read().current().get(&write.key).cloned();
            group.entries.extend(write.prepare(current.as_ref(), room).map_err(Held::Refused)?);
            group.synced |= write.synced;
        }
        if self.uniques.is_empty() {
            return Ok((group, Claims::default()));
        }
        match self.uniques.judge(&group.entries, touched, others_follow) {
            Verdict::Free(claims) => Ok((group, claims)),
            Verdict::Later => Err(Held::Later),
            Verdict::Refused(error) => Err(Held::Refused(Settled::Failed(error))),
        }
    }

    fn apply(
        &mut self,
        groups: Vec<Group>,
        outcomes: Vec<Outcome>,
        grouped: Vec<Passed<'_>>,
        answers: &mut [Option<Settled>],
    ) {
        let mut replaced = Vec::with_capacity(groups.len().min(ENTRIES_PER_LOCK));
        let mut poison = None;
        let mut taken = Vec::new();
        let last = self.storage.last();
        let in_doubt = outcomes.iter().any(is_in_doubt);
        let mut state = self.state.write();
        if let Some(others) = self.others.as_ref().filter(|_| !in_doubt) {
            // Before anybody here can see it, so that nobody there who heard of it can miss it.
            others.publish(last);
        }
        for ((group, outcome), passed) in groups.into_iter().zip(outcomes).zip(grouped) {
            let Passed { writes, place, claims } = passed;
            let refused = match outcome {
                Outcome::Committed(position) => {
                    // Between groups only: a group is seen as a whole.
                    if replaced.len() >= ENTRIES_PER_LOCK {
                        RwLockWriteGuard::unlocked_fair(&mut state, || replaced.clear());
                    }
                    taken.extend(claims.into_views());
                    let slots = answers.get_mut(place).unwrap_or_default();
                    self.show(&mut state, group.entries, position, &mut replaced, (writes, slots));
                    continue;
                }
                Outcome::Conflict { key, actual } => Settled::Lost(Error::conflict(&key.to_text(), None, actual)),
                Outcome::Failed(error) => {
                    poison = poison.or_else(|| (error.kind() == ErrorKind::Poisoned).then(|| error.clone()));
                    Settled::Failed(error)
                }
            };
            fill(answers, place, &refused);
        }
        if let Some(others) = self.others.as_ref().filter(|_| !in_doubt) {
            others.caught_up(last);
        }
        drop(state);
        drop(replaced);
        self.uniques.take(taken);
        if let Some(cause) = poison {
            self.health.poison(cause);
        }
    }

    /// Makes a group's entries visible, all in one moment.
    fn show(
        &self,
        state: &mut RwLockWriteGuard<'_, State>,
        entries: Vec<Entry>,
        last: Position,
        replaced: &mut Vec<Option<Stored>>,
        (writes, answers): (&[Write], &mut [Option<Settled>]),
    ) {
        let answered = writes.iter().zip(answers);
        if entries.len() <= MOST_IN_PLACE {
            take_over(state.current_mut(), entries, last, replaced, answered);
            return self.tell_kept(writes);
        }
        // Nobody else changes the state, so the clone is still what is in use when it has the entries.
        let mut next = state.current().clone();
        RwLockWriteGuard::unlocked_fair(state, || take_over(&mut next, entries, last, replaced, answered));
        let before = mem::replace(state.current_mut(), next);
        self.tell_kept(writes);
        RwLockWriteGuard::unlocked_fair(state, || drop(before));
    }

    /// Tells those who kept documents, while nobody can read others.
    fn tell_kept(&self, writes: &[Write]) {
        for write in writes {
            self.generations.raise(&write.key);
        }
    }
}

/// Applies a group's entries, which have the positions up to `last`, and answers the writes they were made of. A write
/// without an entry deleted what was not there.
fn take_over<'a>(
    snapshot: &mut Snapshot,
    entries: Vec<Entry>,
    last: Position,
    replaced: &mut Vec<Option<Stored>>,
    writes: impl Iterator<Item = (&'a Write, &'a mut Option<Settled>)>,
) {
    let mut sequence = last.sequence.saturating_sub(entries.len() as u64);
    let mut entries = entries.into_iter().peekable();
    for (write, answer) in writes {
        let entry = entries.next_if(|entry| entry.key == write.key);
        *answer = Some(match &entry {
            Some(Entry { document: Some(document), .. }) => Settled::Stored(document.clone()),
            _ => Settled::Deleted,
        });
        if let Some(Entry { key, document, .. }) = entry {
            sequence += 1;
            replaced.push(snapshot.apply(key, document, Position { sequence, ..last }));
        }
    }
}

/// Whether nobody knows what became of a group.
fn is_in_doubt(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(error) if error.kind() == ErrorKind::Poisoned)
}

fn unanswered() -> Error {
    Error::new(ErrorKind::Poisoned, "storage gave no answer")
}

fn fill(answers: &mut [Option<Settled>], place: Range<usize>, answer: &Settled) {
    answers.get_mut(place).unwrap_or_default().fill(Some(answer.clone()));
}
