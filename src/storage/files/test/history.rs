//! What was asked of a directory, what was answered, and what may be found there afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;

use super::super::shared::{Limits, Shared};
use super::super::{Files, Options, Placing};
use crate::disk::Disk;
use crate::disk::simulated::{Call, Simulated};
use crate::document::{Body, Document};
use crate::error::ErrorKind;
use crate::key::Key;
use crate::key::file_name::canonical;
use crate::storage::conformance::{document, key};
use crate::storage::{Entry, Group, Keeper, Left, Loaded, Outcome, Standing, Storage};

/// Few keys, so that they meet; one whose name is cut into folders.
pub const KEYS: usize = 5;

/// One thing to do.
#[derive(Clone, Debug)]
pub enum Act {
    /// Commit these groups at once.
    Commit(Vec<Wish>),
    /// Somebody writes a document's file (else removes it), durably, and that is taken over.
    Edit(usize, bool),
    /// What the keeper does now and then.
    Tend,
    /// What a user asks for.
    Flush,
    /// The keeper tends, and while its first sync of that kind runs, single writes of these keys are committed.
    Meanwhile(Call, BTreeMap<usize, bool>),
}

/// A group: for each key whether it is written (else deleted), and whether it must be synced.
#[derive(Clone, Debug)]
pub struct Wish {
    pub changes: BTreeMap<usize, bool>,
    pub synced: bool,
}

pub fn acts(most: usize) -> impl Strategy<Value = Vec<Act>> {
    let one = (0..KEYS, prop::bool::weighted(0.75), prop::bool::weighted(0.1))
        .prop_map(|(key, writes, synced)| Wish { changes: BTreeMap::from([(key, writes)]), synced });
    let several = (prop::collection::btree_map(0..KEYS, prop::bool::weighted(0.75), 2..4), prop::bool::weighted(0.2))
        .prop_map(|(changes, synced)| Wish { changes, synced });
    let wish = prop_oneof![4 => one, 1 => several];
    let during = prop::sample::select(vec![Call::SyncData, Call::SyncEverything, Call::SyncFolder]);
    let act = prop_oneof![
        8 => prop::collection::vec(wish, 1..4).prop_map(Act::Commit),
        2 => (0..KEYS, prop::bool::weighted(0.75)).prop_map(|(key, writes)| Act::Edit(key, writes)),
        3 => Just(Act::Tend),
        1 => Just(Act::Flush),
        2 => (during, prop::collection::btree_map(0..KEYS, prop::bool::weighted(0.75), 1..3))
            .prop_map(|(during, changes)| Act::Meanwhile(during, changes)),
    ];
    prop::collection::vec(act, 1..most)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Acknowledged,
    Refused,
    /// Nobody knows: the store was poisoned, or killed meanwhile.
    InDoubt,
}

#[derive(Clone, Debug)]
struct Change {
    changes: Vec<(Key, Option<String>)>,
    fate: Fate,
    durable: bool,
}

/// Everything that was asked for, in order.
#[derive(Clone, Debug, Default)]
pub struct History {
    groups: Vec<Change>,
    /// What memory would hold.
    now: BTreeMap<Key, Document>,
    written: u64,
}

/// The directory's documents: keys and texts.
pub type Found = BTreeMap<Key, String>;

pub fn found(loaded: &Loaded) -> Found {
    loaded.documents.iter().map(|(key, document)| (key.clone(), document.text().to_owned())).collect()
}

/// What a keeper does whenever it is called.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// As its limits are.
    Calm,
    /// It recycles, and seldom cuts the journal.
    Recycling,
    /// It recycles and cuts the journal.
    Cutting,
}

/// Whether a commit would place files first.
fn waits_for_keeper(files: &Files) -> bool {
    files.open.as_ref().is_some_and(|open| {
        let Shared { backlog, spares, limits, .. } = open.shared.as_ref();
        backlog.lock().is_too_long(limits.behind) || spares.lock().are_too_many()
    })
}

/// A driver on the disk.
pub fn open(disk: &Simulated, placing: Placing, pace: Pace) -> Files {
    open_with(disk, pace, Options { placing, ..Options::default() })
}

/// A driver on the disk that others may open, too.
pub fn open_together(disk: &Simulated, placing: Placing, pace: Pace) -> Files {
    open_with(disk, pace, Options { placing, shares: true, ..Options::default() })
}

fn open_with(disk: &Simulated, pace: Pace, options: Options) -> Files {
    let disk = disk.clone();
    let mut files = Files::on(Box::new(move || Ok(Arc::new(disk.clone()) as Arc<dyn Disk>)), options);
    let (now, never) = (Duration::ZERO, Duration::MAX);
    match pace {
        Pace::Calm => {}
        Pace::Recycling => {
            files.limits = Limits {
                segment: 1_500,
                segment_age: never,
                file_age: now,
                worth_recycling: 1,
                behind: 2,
                at_a_time: 2,
            };
        }
        Pace::Cutting => {
            files.limits =
                Limits { segment: 1, segment_age: now, file_age: now, worth_recycling: 1, behind: 2, at_a_time: 2 };
        }
    }
    files
}

fn key_of(number: usize) -> Key {
    if number == 0 { key(&"long ".repeat(80)) } else { key(&format!("key {number}")) }
}

impl History {
    /// Does one thing.
    pub fn act(&mut self, disk: &Simulated, files: &mut Files, keeper: &dyn Keeper, act: &Act) {
        match act {
            Act::Meanwhile(during, changes) => self.meanwhile(disk, files, keeper, *during, changes),
            Act::Commit(wishes) => self.commit(files, wishes),
            Act::Edit(key, writes) => self.edit(disk, files, *key, *writes),
            Act::Tend => drop(keeper.tend()),
            Act::Flush => {
                // What others committed is taken in before, as before a commit.
                if files.begin().map(|_| files.end()).and_then(|()| keeper.flush()).is_ok() {
                    self.synced(|_| true);
                }
            }
        }
    }

    fn meanwhile(
        &mut self,
        disk: &Simulated,
        files: &mut Files,
        keeper: &dyn Keeper,
        during: Call,
        changes: &BTreeMap<usize, bool>,
    ) {
        let (reached, is_reached) = channel();
        let (go_on, goes_on) = channel::<()>();
        disk.meanwhile(during, move || {
            let _ = reached.send(());
            let _ = goes_on.recv();
        });
        let alone = |(key, writes): (&usize, &bool)| Wish { changes: BTreeMap::from([(*key, *writes)]), synced: false };
        let wishes: Vec<Wish> = changes.iter().map(alone).collect();
        thread::scope(|scope| {
            let tending = scope.spawn(|| {
                drop(keeper.tend());
                disk.forget_meanwhile();
            });
            // One that has to wait for the keeper would wait for ever, because the keeper waits for it.
            if is_reached.recv().is_ok() && !waits_for_keeper(files) {
                self.commit(files, &wishes);
            }
            drop(go_on);
            tending.join().unwrap();
        });
    }

    fn synced(&mut self, is_meant: impl Fn(usize) -> bool) {
        let meant = self.groups.iter_mut().enumerate().filter(|(number, _)| is_meant(*number));
        meant.filter(|(_, group)| group.fate == Fate::Acknowledged).for_each(|(_, group)| group.durable = true);
    }

    fn commit(&mut self, files: &mut Files, wishes: &[Wish]) {
        // As the engine does: each key once in a round, and nothing to do where there is nothing to delete.
        let mut seen = BTreeSet::new();
        let mut groups = Vec::new();
        for wish in wishes {
            if wish.changes.keys().any(|key| seen.contains(key)) {
                continue;
            }
            seen.extend(wish.changes.keys().copied());
            let entries: Vec<Entry> =
                wish.changes.iter().filter_map(|(key, writes)| self.entry(*key, *writes)).collect();
            if !entries.is_empty() {
                groups.push(Group { entries, synced: wish.synced });
            }
        }
        if files.begin().is_err() {
            // Nothing was tried.
            return;
        }
        let outcomes = files.commit(&groups);
        files.end();
        for (group, outcome) in groups.into_iter().zip(outcomes) {
            self.note(group, &outcome);
        }
    }

    fn edit(&mut self, disk: &Simulated, files: &mut Files, number: usize, writes: bool) {
        if files.begin().is_err() {
            return;
        }
        let is_behind = || Some(files.outside()?.look(&[key_of(number)]) == [Standing::Behind]);
        if is_behind() == Some(false)
            && let Some(entry) = self.entry(number, writes)
        {
            let left = self.write_by_hand(disk, &entry);
            let group = Group { entries: vec![Entry { left: Some(left), ..entry }], synced: false };
            let outcome = files.commit(std::slice::from_ref(&group)).remove(0);
            self.note(group, &outcome);
        }
        files.end();
    }

    /// Writes the file that becomes this version: under the revision before. It may be found as it is.
    fn write_by_hand(&mut self, disk: &Simulated, entry: &Entry) -> Left {
        let path = canonical(&entry.key);
        let Some(version) = &entry.document else {
            // Where it fails it is told of the commit as well.
            let _ = disk.remove(&path);
            return Left { checksum: None };
        };
        let revision = entry.previous.as_ref().map_or(0, Document::revision);
        let found = Document::new(revision, &Body::from_stringified(version.text()).unwrap().body);
        disk.put(&path, found.text().as_bytes());
        let changes = vec![(entry.key.clone(), Some(found.text().to_owned()))];
        self.groups.push(Change { changes, fate: Fate::InDoubt, durable: false });
        Left::of(&found)
    }

    fn entry(&mut self, number: usize, writes: bool) -> Option<Entry> {
        let key = key_of(number);
        let previous = self.now.get(&key).cloned();
        if !writes && previous.is_none() {
            return None;
        }
        self.written += 1;
        let revision = previous.as_ref().map_or(0, |document| document.revision() + 1);
        // Some are larger than a sector, so that they can be torn.
        let filling = "x".repeat(if self.written.is_multiple_of(3) { 900 } else { 10 });
        let text = format!("{{\"n\":{},\"filling\":\"{filling}\"}}", self.written);
        Some(Entry { key, document: writes.then(|| document(revision, &text)), previous, left: None })
    }

    fn note(&mut self, group: Group, outcome: &Outcome) {
        let fate = match outcome {
            Outcome::Committed(_) => Fate::Acknowledged,
            Outcome::Failed(error) if error.kind() == ErrorKind::Poisoned => Fate::InDoubt,
            _ => Fate::Refused,
        };
        let durable = fate == Fate::Acknowledged && group.synced;
        let mut changes = Vec::new();
        for Entry { key, document, .. } in group.entries {
            changes.push((key.clone(), document.as_ref().map(|document| document.text().to_owned())));
            if fate == Fate::Acknowledged {
                match document {
                    Some(document) => drop(self.now.insert(key, document)),
                    None => drop(self.now.remove(&key)),
                }
            }
        }
        self.groups.push(Change { changes, fate, durable });
    }

    /// From now on what failed, failed because nothing works any more.
    pub fn doubt_refusals_from(&mut self, group: usize) {
        let later = self.groups.iter_mut().skip(group);
        later.filter(|group| group.fate == Fate::Refused).for_each(|group| group.fate = Fate::InDoubt);
    }

    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// What the directory must hold when nothing was lost: what memory held, and of what is in doubt each group or
    /// not.
    pub fn check_whole(&self, found: &Found) -> Result<(), String> {
        self.check(found, |group| group.fate == Fate::Acknowledged)
    }

    /// What the directory may hold after a power cut: everything durable or something later, groups whole.
    pub fn check_cut(&self, found: &Found) -> Result<(), String> {
        self.check(found, |group| group.durable)
    }

    fn check(&self, found: &Found, must: impl Fn(&Change) -> bool) -> Result<(), String> {
        let keys: BTreeSet<&Key> =
            self.groups.iter().flat_map(|group| group.changes.iter().map(|(key, _)| key)).collect();
        if let Some(stranger) = found.keys().find(|key| !keys.contains(key)) {
            return Err(format!("{stranger:?} was never written"));
        }
        let mut possible = BTreeMap::new();
        for key in keys {
            let standing = self.standing(key, found.get(key));
            let newest_must =
                self.changes_of(key).filter(|(_, group, _)| must(group)).map(|(number, ..)| number + 1).max();
            let left: Vec<usize> = standing.iter().copied().filter(|at| *at >= newest_must.unwrap_or(0)).collect();
            if left.is_empty() {
                return Err(format!(
                    "{key:?} is {:?}, which it was at {standing:?}, but group {newest_must:?} must have survived",
                    found.get(key).map(|text| text.get(..30))
                ));
            }
            possible.insert(key, left);
        }
        self.check_groups(&possible)
    }

    fn changes_of<'a>(&'a self, key: &'a Key) -> impl Iterator<Item = (usize, &'a Change, Option<&'a String>)> {
        self.groups.iter().enumerate().filter(|(_, group)| group.fate != Fate::Refused).filter_map(
            move |(number, group)| {
                let (_, text) = group.changes.iter().find(|(of, _)| of == key)?;
                Some((number, group, text.as_ref()))
            },
        )
    }

    /// After which groups (counted from 1; 0 is the beginning) the key was what was found.
    fn standing(&self, key: &Key, text: Option<&String>) -> Vec<usize> {
        let mut standing: Vec<usize> = if text.is_none() { vec![0] } else { Vec::new() };
        standing.extend(self.changes_of(key).filter(|(.., of)| *of == text).map(|(number, ..)| number + 1));
        standing
    }

    fn check_groups(&self, possible: &BTreeMap<&Key, Vec<usize>>) -> Result<(), String> {
        for (number, group) in self.groups.iter().enumerate() {
            // Of what was refused no version is possible, as was checked before.
            if group.changes.len() < 2 || group.fate == Fate::Refused {
                continue;
            }
            let all = |test: &dyn Fn(usize) -> bool| {
                group.changes.iter().all(|(key, _)| possible.get(key).is_some_and(|at| at.iter().any(|at| test(*at))))
            };
            if !all(&|at| at > number) && !all(&|at| at <= number) {
                return Err(format!("group {number} is half there: {possible:?}"));
            }
        }
        Ok(())
    }
}
