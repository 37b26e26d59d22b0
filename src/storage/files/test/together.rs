//! Several openers of one directory, as several processes are: each has its own locks, memory and journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::layout::{JOURNAL, OPENERS};
use super::super::shared::Limits;
use super::super::{Files, Options, Placing};
use crate::disk::Disk;
use crate::disk::simulated::errno::EIO;
use crate::disk::simulated::{Ability, Call, Simulated, Times};
use crate::document::Document;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::storage::conformance::{delete, set};
use crate::storage::{Entry, Foreign, Group, Loaded, Others, Outcome, Storage};

pub(super) type Memory = BTreeMap<String, String>;

/// A process.
pub(super) struct Peer {
    pub(super) files: Files,
    pub(super) memory: Memory,
    definitions: String,
    pub(super) others: Option<Arc<dyn Others>>,
}

impl Peer {
    fn on(disk: &Simulated, placing: Placing) -> Self {
        Self::within(disk, placing, Limits::default())
    }

    pub(super) fn within(disk: &Simulated, placing: Placing, limits: Limits) -> Self {
        let disk = disk.clone();
        let options = Options { placing, shares: true, ..Options::default() };
        let mut files = Files::on(Box::new(move || Ok(Arc::new(disk.clone()) as Arc<dyn Disk>)), options);
        files.limits = limits;
        Self { files, memory: Memory::new(), definitions: String::new(), others: None }
    }

    pub(super) fn open(disk: &Simulated, placing: Placing) -> Self {
        let mut peer = Self::on(disk, placing);
        peer.load().unwrap();
        peer
    }

    pub(super) fn load(&mut self) -> Result<()> {
        let Loaded { documents, .. } = self.files.load()?;
        self.memory = told(documents);
        self.others = self.files.others();
        Ok(())
    }

    fn is_behind(&self) -> bool {
        self.others.as_ref().is_some_and(|others| others.is_behind())
    }

    fn take_in(&mut self, foreign: Foreign) {
        let Foreign { changes, everything, definitions, last } = foreign;
        self.definitions = definitions.unwrap_or_else(|| std::mem::take(&mut self.definitions));
        if let Some(everything) = everything {
            self.memory = told(everything);
        }
        for change in changes {
            put(&mut self.memory, &change.key.to_string(), change.document.map(|document| document.text().to_owned()));
        }
        if let (Some(others), Some(last)) = (&self.others, last) {
            others.caught_up(last);
        }
    }

    pub(super) fn follow(&mut self) -> Result<()> {
        let foreign = self.files.follow()?;
        self.take_in(foreign);
        Ok(())
    }

    pub(super) fn begin(&mut self) -> Result<()> {
        let foreign = self.files.begin()?;
        self.take_in(foreign);
        Ok(())
    }

    /// One group, as the engine commits it.
    pub(super) fn commit(&mut self, entries: &[Entry]) -> Result<()> {
        self.begin()?;
        let mut now = self.memory.clone();
        let mut group = Group { entries: entries.to_vec(), synced: false };
        for entry in &mut group.entries {
            let name = entry.key.to_string();
            entry.previous = now.get(&name).map(|text| Document::from_text(text).unwrap());
            put(&mut now, &name, entry.document.as_ref().map(|document| document.text().to_owned()));
        }
        let outcome = self.files.commit(&[group]).pop();
        let committed = match outcome {
            Some(Outcome::Committed(_)) => {
                let last = self.files.last();
                self.others.as_ref().unwrap().publish(last);
                self.memory = now;
                self.others.as_ref().unwrap().caught_up(last);
                Ok(())
            }
            Some(Outcome::Failed(error)) => Err(error),
            other => Err(Error::assertion(format!("{other:?}"))),
        };
        self.files.end();
        committed
    }

    /// Overwrites `a`, makes others, deletes `gone`, and defines a unique view; the journal is cut after each commit where that is
    /// wanted.
    pub(super) fn change_of_every_kind(&mut self, cuts: bool) {
        let keeper = self.files.keeper().unwrap();
        for number in 1..4 {
            self.commit(&[set("a", number, "{}"), set(&format!("b{number}"), 0, "{}")]).unwrap();
            if cuts {
                keeper.tend().unwrap();
            }
        }
        self.commit(&[delete("gone")]).unwrap();
        self.begin().unwrap();
        self.files.save_definitions("{\"defined\":true}").unwrap();
        self.files.end();
    }

    pub(super) fn close(mut self) -> Result<()> {
        self.files.close()
    }

    /// The process dies: the kernel gives its locks back.
    pub(super) fn die(mut self) {
        self.files.abandon();
    }
}

pub(super) fn put(memory: &mut Memory, key: &str, text: Option<String>) {
    match text {
        Some(text) => drop(memory.insert(key.to_owned(), text)),
        None => drop(memory.remove(key)),
    }
}

pub(super) fn told(documents: Vec<(Key, Document)>) -> Memory {
    documents.into_iter().map(|(key, document)| (key.to_string(), document.text().to_owned())).collect()
}

/// What memory is when these are committed.
pub(super) fn after(before: &Memory, entries: &[Entry]) -> Memory {
    let mut after = before.clone();
    for entry in entries {
        let text = entry.document.as_ref().map(|document| document.text().to_owned());
        put(&mut after, &entry.key.to_string(), text);
    }
    after
}

/// What the documents' files say.
pub(super) fn standing(disk: &Simulated) -> Memory {
    let mut peer = Peer::on(&disk.crash(), Placing::Eager);
    peer.load().unwrap();
    peer.memory
}

/// The names of the documents' files alone, whatever the journal says.
pub(super) fn files(disk: &Simulated) -> Vec<String> {
    disk.names("").into_iter().filter(|name| name != ".datastore").collect()
}

pub(super) const PLACINGS: [Placing; 2] = [Placing::Eager, Placing::Background];

#[test]
fn each_sees_what_the_other_committed_before_its_own_commit_and_by_following() {
    for placing in PLACINGS {
        let disk = Simulated::new();
        let mut one = Peer::open(&disk, placing);
        one.commit(&[set("a", 0, r#"{"n":1}"#)]).unwrap();
        let mut other = Peer::open(&disk, placing);
        assert_eq!(other.memory, one.memory);
        assert!(!one.is_behind() && !other.is_behind());
        other.commit(&[set("b", 0, "{}"), set("c", 0, "{}")]).unwrap();
        assert!(one.is_behind() && !other.is_behind());
        one.follow().unwrap();
        assert_eq!(other.memory, one.memory);
        assert!(!one.is_behind());
        one.commit(&[set("a", 1, r#"{"n":2}"#), delete("b")]).unwrap();
        other.commit(&[set("d", 0, "{}")]).unwrap();
        one.follow().unwrap();
        assert_eq!(other.memory, one.memory);
        assert_eq!(files(&disk), ["a.json", "c.json", "d.json"], "placed with each commit");
        one.close().unwrap();
        other.commit(&[set("e", 0, "{}")]).unwrap();
        let memory = other.memory.clone();
        other.close().unwrap();
        assert_eq!(standing(&disk), memory);
        assert_eq!(disk.names(JOURNAL).len(), 1, "the last one leaves a journal that is closed");
        assert!(disk.names(OPENERS).is_empty());
    }
}

#[test]
fn who_joins_places_what_the_first_had_still_to_place() {
    let disk = Simulated::new();
    let mut one = Peer::open(&disk, Placing::Background);
    one.commit(&[set("a", 0, "{}")]).unwrap();
    one.commit(&[set("a", 1, r#"{"n":1}"#), set("b", 0, "{}")]).unwrap();
    assert!(files(&disk).is_empty());
    let mut other = Peer::open(&disk, Placing::Eager);
    assert_eq!(files(&disk), ["a.json", "b.json"]);
    assert_eq!(other.memory, one.memory);
    other.commit(&[set("a", 2, r#"{"n":2}"#)]).unwrap();
    other.close().unwrap();
    let keeper = one.files.keeper().unwrap();
    keeper.flush().unwrap();
    one.follow().unwrap();
    one.commit(&[set("c", 0, "{}")]).unwrap();
    keeper.flush().unwrap();
    let memory = one.memory.clone();
    drop(keeper);
    one.die();
    assert_eq!(standing(&disk), memory, "what the first forgot is not placed over what came later");
}

#[test]
fn who_is_alone_again_places_later_again() {
    let disk = Simulated::new();
    let mut one = Peer::open(&disk, Placing::Background);
    let mut other = Peer::open(&disk, Placing::Background);
    other.commit(&[set("a", 0, "{}")]).unwrap();
    assert_eq!(files(&disk), ["a.json"]);
    other.close().unwrap();
    one.commit(&[set("b", 0, "{}")]).unwrap();
    assert_eq!(files(&disk), ["a.json"]);
    let memory = one.memory.clone();
    one.close().unwrap();
    assert_eq!(files(&disk), ["a.json", "b.json"]);
    assert_eq!(standing(&disk), memory);
}

#[test]
fn one_that_wants_to_be_alone_refuses_the_others_and_is_refused_by_them() {
    let disk = Simulated::new();
    let alone = || {
        let disk = disk.clone();
        Files::on(Box::new(move || Ok(Arc::new(disk.clone()) as Arc<dyn Disk>)), Options::default())
    };
    let mut first = alone();
    first.load().unwrap();
    assert_eq!(Peer::on(&disk, Placing::Eager).load().unwrap_err().code(), "LOCKED");
    first.close().unwrap();
    let peer = Peer::open(&disk, Placing::Eager);
    assert_eq!(alone().load().unwrap_err().code(), "LOCKED");
    peer.close().unwrap();
    alone().load().unwrap();
}

#[test]
fn a_directory_of_another_machine_is_refused_unless_it_is_opened_alone() {
    let disk = Simulated::without(&[Ability::Local]);
    let error = Peer::on(&disk, Placing::Eager).load().unwrap_err();
    assert_eq!(error.code(), "UNSUPPORTED");
    assert!(error.message().contains("singleProcess: true"), "{error}");
    Files::on(Box::new(move || Ok(Arc::new(disk.clone()) as Arc<dyn Disk>)), Options::default()).load().unwrap();
}

#[test]
fn who_was_left_behind_further_than_the_journal_reaches_reads_the_files() {
    for placing in PLACINGS {
        let disk = Simulated::new();
        let limits = Limits { segment: 1, ..Limits::default() };
        let mut one = Peer::within(&disk, placing, limits);
        one.load().unwrap();
        let mut idle = Peer::open(&disk, placing);
        let keeper = one.files.keeper().unwrap();
        for number in 0..5 {
            one.commit(&[set("a", number, "{}")]).unwrap();
            one.commit(&[set(&format!("b{number}"), 0, "{}")]).unwrap();
            keeper.tend().unwrap();
        }
        one.commit(&[delete("b0")]).unwrap();
        assert!(!disk.names(JOURNAL).contains(&"00000001.jsonl".to_owned()), "{:?}", disk.names(JOURNAL));
        idle.follow().unwrap();
        assert_eq!(idle.memory, one.memory);
        idle.commit(&[set("c", 0, "{}")]).unwrap();
        one.follow().unwrap();
        assert_eq!(idle.memory, one.memory);
        drop(keeper);
        let memory = one.memory.clone();
        one.close().unwrap();
        idle.close().unwrap();
        assert_eq!(standing(&disk), memory);
    }
}

#[test]
fn a_failed_sync_of_one_refuses_the_writes_of_all() {
    let disk = Simulated::new();
    let mut one = Peer::open(&disk, Placing::Eager);
    let mut other = Peer::open(&disk, Placing::Eager);
    one.commit(&[set("a", 0, "{}")]).unwrap();
    disk.fail_kind_at(Call::SyncData, disk.calls_of(Call::SyncData) + 1, EIO, Times::Once);
    let keeper = one.files.keeper().unwrap();
    assert_eq!(keeper.tend().unwrap_err().code(), "POISONED");
    assert_eq!(other.commit(&[set("b", 0, "{}")]).unwrap_err().code(), "POISONED");
    assert_eq!(Peer::on(&disk, Placing::Eager).load().unwrap_err().code(), "POISONED");
    drop(keeper);
    one.die();
    other.die();
    assert_eq!(standing(&disk).len(), 1, "whoever opens next finds what was written");
}

#[test]
fn whatever_fails_while_one_takes_in_what_another_committed_it_misses_nothing() {
    // The journal whole, cut in segments, and removed as far as it can be.
    for (segment, cuts) in [(u64::MAX, false), (1, false), (1, true)] {
        for fails in 1.. {
            let disk = Simulated::new();
            let limits = Limits { segment, ..Limits::default() };
            let mut one = Peer::within(&disk, Placing::Eager, limits);
            one.load().unwrap();
            one.commit(&[set("a", 0, "{}"), set("gone", 0, "{}")]).unwrap();
            let mut other = Peer::open(&disk, Placing::Eager);
            one.change_of_every_kind(cuts);
            let begun = disk.calls();
            disk.fail_at(begun + fails, EIO, Times::Once);
            let told = format!("{segment} {cuts} failed at {fails}");
            let is_over = other.follow().is_ok() && disk.calls() < begun + fails;
            disk.heal();
            other.follow().unwrap_or_else(|error| panic!("{told}: {error}"));
            other.commit(&[set("mine", 0, "{}")]).unwrap_or_else(|error| panic!("{told}: {error}"));
            one.follow().unwrap();
            assert_eq!(other.memory, one.memory, "{told}");
            assert_eq!(other.definitions, "{\"defined\":true}", "{told}");
            if is_over {
                break;
            }
        }
    }
}

#[test]
fn whatever_fails_while_one_ends_what_a_dead_one_began_it_is_ended_later() {
    for fails in 1.. {
        let (disk, mut one, mut other) = prepared(Placing::Eager, Limits::default());
        one.follow().unwrap();
        let entries = [set("a", 1, "{}"), set("new", 0, "{}"), delete("b")];
        // Appended, and nothing of it placed.
        let first = first_call_of_placing(&entries);
        disk.stop_at(first);
        let _ = one.commit(&entries);
        one.die();
        disk.heal();
        let begun = disk.calls();
        disk.fail_at(begun + fails, EIO, Times::Once);
        let failed = other.commit(&[set("next", 0, "{}")]);
        let is_over = disk.calls() < begun + fails;
        disk.heal();
        if failed.as_ref().is_err_and(|error| error.code() == "POISONED") {
            continue;
        }
        if failed.is_err() {
            let _ = other.follow();
            other.commit(&[set("next", 0, "{}")]).unwrap();
        }
        let memory = other.memory.clone();
        assert!(memory.contains_key("new") && !memory.contains_key("b"), "failed at {fails}: {memory:?}");
        assert_eq!(standing(&disk), memory, "failed at {fails}");
        assert_eq!(files(&disk), ["a.json", "c.json", "d.json", "new.json", "next.json"], "failed at {fails}");
        if is_over {
            break;
        }
    }
}

/// The call with which a commit of these begins to place files, in a directory that was prepared.
fn first_call_of_placing(entries: &[Entry]) -> usize {
    let (disk, mut one, _other) = prepared(Placing::Eager, Limits::default());
    one.follow().unwrap();
    let begun = disk.calls();
    one.commit(entries).unwrap();
    let log = disk.log();
    let places = |line: &&str| line.contains(" \"a.json\"") && !line.contains("Read");
    let number = |line: &str| line.split(' ').next().and_then(|number| number.parse::<usize>().ok()).unwrap();
    log.lines().filter(places).map(number).find(|call| *call > begun).unwrap()
}

/// What is committed by one that is killed at each of its calls.
pub(super) fn scenarios() -> Vec<Vec<Entry>> {
    vec![
        vec![set("new", 0, "{}")],
        vec![set("a", 1, r#"{"n":"longer than it was"}"#)],
        vec![delete("a")],
        vec![set("a", 1, "{}"), set("b", 1, "{}"), set("new", 0, "{}"), delete("c")],
    ]
}

pub(super) fn prepared(placing: Placing, limits: Limits) -> (Simulated, Peer, Peer) {
    let disk = Simulated::new();
    let mut one = Peer::within(&disk, placing, limits);
    one.load().unwrap();
    let mut other = Peer::within(&disk, placing, limits);
    other.load().unwrap();
    one.commit(&[set("a", 0, "{}"), set("b", 0, "{}"), set("c", 0, "{}")]).unwrap();
    other.commit(&[set("d", 0, "{}")]).unwrap();
    (disk, one, other)
}

/// After a kill: the others go on, with all of what was committed or nothing of it.
pub(super) fn goes_on(disk: &Simulated, mut other: Peer, allowed: &[Memory], told: &str) {
    disk.heal();
    other.commit(&[set("next", 0, "{}")]).unwrap_or_else(|error| panic!("{told}: {error}\n{}", disk.log()));
    let mut without = other.memory.clone();
    without.remove("next");
    assert!(allowed.contains(&without), "{told}: {without:?}");
    let mut third = Peer::open(disk, Placing::Eager);
    assert_eq!(third.memory, other.memory, "{told}: who joins");
    third.commit(&[set("a", 7, "{}")]).unwrap();
    other.follow().unwrap();
    let memory = other.memory.clone();
    assert_eq!(third.memory, memory, "{told}");
    assert_eq!(standing(disk), memory, "{told}: the journal and the files");
    third.close().unwrap();
    other.close().unwrap();
    assert_eq!(standing(disk), memory, "{told}: closed");
}

#[test]
fn one_that_is_killed_anywhere_in_a_commit_leaves_all_of_it_or_nothing_to_the_others() {
    for placing in PLACINGS {
        // With small segments one is begun with each commit.
        for segment in [u64::MAX, 1] {
            for entries in scenarios() {
                for stop in 1.. {
                    let limits = Limits { segment, ..Limits::default() };
                    let (disk, mut one, other) = prepared(placing, limits);
                    one.follow().unwrap();
                    let before = one.memory.clone();
                    let begun = disk.calls();
                    disk.stop_at(begun + stop);
                    let committed = one.commit(&entries);
                    let is_over = disk.calls() < begun + stop;
                    let after = after(&before, &entries);
                    let allowed = if committed.is_ok() { vec![after] } else { vec![before, after] };
                    one.die();
                    goes_on(&disk, other, &allowed, &format!("{placing:?} {segment} {entries:?} killed at {stop}"));
                    if is_over {
                        break;
                    }
                }
            }
        }
    }
}

#[test]
fn one_that_is_killed_anywhere_as_it_joins_or_leaves_takes_nothing_from_the_others() {
    for placing in PLACINGS {
        for is_joining in [true, false] {
            for stop in 1.. {
                let disk = Simulated::new();
                let mut first = Peer::open(&disk, placing);
                first.commit(&[set("a", 0, "{}"), set("b", 0, "{}")]).unwrap();
                first.commit(&[set("a", 1, "{}")]).unwrap();
                let mut joining = Peer::on(&disk, placing);
                if !is_joining {
                    joining.load().unwrap();
                    joining.commit(&[set("c", 0, "{}")]).unwrap();
                    first.follow().unwrap();
                }
                let memory = first.memory.clone();
                let begun = disk.calls();
                disk.stop_at(begun + stop);
                let _ = if is_joining { joining.load() } else { joining.files.close() };
                let is_over = disk.calls() < begun + stop;
                joining.die();
                let told = format!("{placing:?} {} killed at {stop}", if is_joining { "joining" } else { "leaving" });
                goes_on(&disk, first, &[memory], &told);
                if is_over {
                    break;
                }
            }
        }
    }
}

#[test]
fn the_first_that_is_killed_anywhere_leaves_what_it_had_still_to_place_to_who_joined() {
    let disk = Simulated::new();
    let mut first = Peer::open(&disk, Placing::Background);
    first.commit(&[set("a", 0, "{}"), set("b", 0, "{}")]).unwrap();
    let other = Peer::open(&disk, Placing::Background);
    let memory = first.memory.clone();
    first.die();
    goes_on(&disk, other, &[memory], "the first died");
}
