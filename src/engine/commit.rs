//! How a write is checked, stored and applied.
//!
//! A round is a list of writes to different keys. Each is checked against memory, which only this thread changes;
//! what passes goes to storage as one commit; what storage took is applied to memory under short locks; every
//! write then has its answer. A write to a key that the round already has waits for the next round, so that it is
//! checked against what the first one made.

use std::collections::HashMap;

use parking_lot::{RwLock, RwLockWriteGuard};

use super::snapshot::Stored;
use super::state::State;
use crate::document::{Body, Document, MAX_REVISION};
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::storage::{Entry, Group, Outcome, Sequence, Storage};

/// How many groups go to storage at once: who waits for them is answered before the next ones go.
pub(super) const MOST_GROUPS: usize = 1_000;

/// How many entries are applied under one lock: a reader waits for a fraction of a millisecond.
const ENTRIES_PER_LOCK: usize = 256;

/// One write of one document.
#[derive(Clone, Debug)]
pub struct Write {
    /// Whose document.
    pub key: Key,
    /// What to do.
    pub action: Action,
    /// When to do it.
    pub condition: Condition,
}

/// What a write does. Text is what `JSON.stringify` made of the document, `_rev` included if it has one.
#[derive(Clone, Debug)]
pub enum Action {
    /// Store a new version under the next revision.
    Set(String),
    /// Store the document as it is, its own revision included (missing: 0).
    Put(String),
    /// Remove the document, if it is there.
    Delete,
}

/// What has to hold for a write, beyond what its document says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// The document's last change is this one (0: there is none).
    pub sequence: Option<Sequence>,
    /// The stored document has this revision.
    pub revision: Option<u64>,
    /// What the revision inside the document, or its absence, means.
    pub rule: RevisionRule,
}

/// What the revision that came with a write means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RevisionRule {
    /// If one came, it must be the stored one.
    #[default]
    IfGiven,
    /// One must come with every write to an existing document.
    Required,
    /// It is not compared.
    Ignored,
}

/// The answer to a write.
#[derive(Clone, Debug)]
pub enum Settled {
    /// This version is stored.
    Stored(Document),
    /// Nothing is stored under the key any more.
    Deleted,
    /// The document changed since the [sequence](Condition::sequence) the writer saw; the conflict tells how.
    Lost(Error),
    /// Nothing was changed.
    Failed(Error),
}

/// Takes the answers to a submission, in the order of its writes.
pub type Reply = Box<dyn FnOnce(Vec<Settled>) + Send>;

/// Sorts writes into rounds: the first write of each key into the first round, the second into the second, ... O(n),
/// however many writes one key has.
pub(super) fn rounds<'a, T>(writes: impl Iterator<Item = (&'a Key, T)>) -> Vec<Vec<T>> {
    let mut written: HashMap<&Key, usize> = HashMap::new();
    let mut rounds: Vec<Vec<T>> = Vec::new();
    for (key, write) in writes {
        let round = written.entry(key).or_default();
        match rounds.get_mut(*round) {
            Some(round) => round.push(write),
            None => rounds.push(vec![write]),
        }
        *round += 1;
    }
    rounds
}

/// Checks, stores and applies a round of writes to different keys. One answer a write, in their order.
pub(super) fn commit(writes: Vec<&Write>, state: &RwLock<State>, storage: &mut dyn Storage) -> Vec<Settled> {
    let mut answers = Vec::with_capacity(writes.len());
    let mut groups = Vec::with_capacity(writes.len());
    for write in writes {
        // Nobody else changes the state, so what was read stays true without the lock.
        let current = state.read().current().get(&write.key).cloned();
        match prepare(write, current.as_ref()) {
            Ok(Some(entry)) => {
                groups.push(Group { entries: vec![entry], synced: false });
                answers.push(None);
            }
            Ok(None) => answers.push(Some(Settled::Deleted)),
            Err(refused) => answers.push(Some(refused)),
        }
    }
    let outcomes = if groups.is_empty() { Vec::new() } else { storage.commit(&groups) };
    let mut settled = apply(groups, outcomes, state).into_iter();
    let unanswered = || Settled::Failed(Error::new(ErrorKind::Poisoned, "storage gave no answer"));
    answers.into_iter().map(|answer| answer.or_else(|| settled.next()).unwrap_or_else(unanswered)).collect()
}

fn apply(groups: Vec<Group>, outcomes: Vec<Outcome>, state: &RwLock<State>) -> Vec<Settled> {
    let mut settled = Vec::with_capacity(groups.len());
    let mut replaced = Vec::with_capacity(groups.len().min(ENTRIES_PER_LOCK));
    let mut state = state.write();
    for (group, outcome) in groups.into_iter().zip(outcomes) {
        match outcome {
            Outcome::Committed(position) => {
                // Between groups only: a group is seen as a whole.
                if replaced.len() >= ENTRIES_PER_LOCK {
                    RwLockWriteGuard::unlocked_fair(&mut state, || replaced.clear());
                }
                for Entry { key, document, .. } in group.entries {
                    replaced.push(state.current_mut().apply(key, document.clone(), position));
                    settled.push(document.map_or(Settled::Deleted, Settled::Stored));
                }
            }
            Outcome::Conflict { key, actual } => {
                settled.push(Settled::Lost(Error::conflict(&key.to_text(), None, actual)));
            }
            Outcome::Failed(error) => settled.push(Settled::Failed(error)),
        }
    }
    drop(state);
    drop(replaced);
    settled
}

/// What to store, nothing where there is nothing to delete, or why not.
fn prepare(write: &Write, current: Option<&Stored>) -> Result<Option<Entry>, Settled> {
    let Write { key, action, condition } = write;
    let document = match action {
        Action::Set(text) => {
            let (body, given) = parse(key, text)?;
            check(key, condition, condition.revision.or(given), current)?;
            Some(Document::new(next_revision(key, current)?, &body))
        }
        Action::Put(text) => {
            let (body, given) = parse(key, text)?;
            check(key, condition, condition.revision, current)?;
            Some(Document::new(given.unwrap_or(0), &body))
        }
        Action::Delete => {
            check(key, condition, condition.revision, current)?;
            if current.is_none() {
                if condition.revision.is_some() {
                    return Err(Settled::Failed(Error::conflict(&key.to_text(), condition.revision, None)));
                }
                return Ok(None);
            }
            None
        }
    };
    let previous = current.map(|stored| stored.document.clone());
    Ok(Some(Entry { key: key.clone(), document, previous }))
}

fn parse(key: &Key, text: &str) -> Result<(Body, Option<u64>), Settled> {
    match Body::from_stringified(text) {
        Ok(parts) => Ok((parts.body, parts.revision)),
        Err(error) => Err(Settled::Failed(error.with_key(key.to_text()))),
    }
}

/// A missing document conflicts with no revision: it begins at 0 whatever came with it.
fn check(key: &Key, condition: &Condition, given: Option<u64>, current: Option<&Stored>) -> Result<(), Settled> {
    let actual = current.map(|stored| stored.document.revision());
    let conflict = || Error::conflict(&key.to_text(), given, actual);
    if condition.sequence.is_some_and(|seen| seen != current.map_or(0, |stored| stored.sequence)) {
        return Err(Settled::Lost(conflict()));
    }
    let matches = match (condition.rule, given) {
        (RevisionRule::Ignored, _) | (RevisionRule::IfGiven, None) => true,
        _ => actual.is_none() || given == actual,
    };
    if matches { Ok(()) } else { Err(Settled::Failed(conflict())) }
}

fn next_revision(key: &Key, current: Option<&Stored>) -> Result<u64, Settled> {
    match current.map(|stored| stored.document.revision()) {
        None => Ok(0),
        Some(revision) if revision < MAX_REVISION => Ok(revision + 1),
        Some(_) => Err(Settled::Failed(Error::assertion("the document has no revisions left").with_key(key.to_text()))),
    }
}
