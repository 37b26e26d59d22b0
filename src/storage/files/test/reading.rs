//! Directories that are read only: what a reader finds, beside whomever, and that it leaves no trace.

use std::sync::Arc;

use parking_lot::Mutex;

use super::super::layout::{BOARD, COMMIT, JOURNAL, LOCK};
use super::super::shared::Limits;
use super::super::{Files, Options, Placing, Reader};
use super::together::{Memory, PLACINGS, Peer, after, files, prepared, scenarios, standing, told};
use crate::disk::Disk;
use crate::disk::simulated::errno::EIO;
use crate::disk::simulated::{Simulated, Times};
use crate::error::Result;
use crate::storage::conformance::{delete, set};
use crate::storage::{Foreign, Others, Outcome, Storage, Watcher};

/// A process that only reads.
struct Looker {
    disk: Simulated,
    reader: Reader,
    memory: Memory,
    definitions: String,
    others: Option<Arc<dyn Others>>,
    /// The last sequence that memory has.
    last: u64,
}

impl Looker {
    fn on(disk: &Simulated) -> Self {
        let mounted = disk.clone();
        let mount = move || Ok(Arc::new(mounted.clone()) as Arc<dyn Disk>);
        let reader = Reader::on(Box::new(mount), None, Watcher::default());
        let (memory, definitions) = (Memory::new(), String::new());
        Self { disk: disk.clone(), reader, memory, definitions, others: None, last: 0 }
    }

    fn open(disk: &Simulated) -> Self {
        let mut looker = Self::on(disk);
        looker.load().unwrap();
        looker
    }

    /// Does something that must not write.
    fn without_a_trace<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.disk.calls();
        let done = act(self);
        for line in self.disk.log().lines() {
            let (number, call) = line.split_once(' ').unwrap();
            let is_its_own = number.parse().is_ok_and(|number: usize| number > before);
            let may_be = ["List", "Read", "Kind", "Look"];
            assert!(!is_its_own || may_be.iter().any(|name| call.starts_with(name)), "{line}");
        }
        done
    }

    fn load(&mut self) -> Result<()> {
        let loaded = self.without_a_trace(|looker| looker.reader.load())?;
        (self.memory, self.definitions) = (told(loaded.documents), loaded.definitions);
        self.last = loaded.position.sequence;
        assert!(self.last >= self.memory.len() as u64, "each document has a sequence");
        self.others = self.reader.others();
        Ok(())
    }

    fn is_behind(&mut self) -> bool {
        self.without_a_trace(|looker| looker.others.as_ref().unwrap().is_behind())
    }

    fn follow(&mut self) -> Result<()> {
        let foreign = self.without_a_trace(|looker| looker.reader.follow())?;
        let Foreign { changes, everything, definitions, last } = foreign;
        self.definitions = definitions.unwrap_or_else(|| std::mem::take(&mut self.definitions));
        let before = self.memory.clone();
        if let Some(everything) = everything {
            self.memory = told(everything);
            let differences = before.iter().filter(|(key, text)| self.memory.get(*key) != Some(*text)).count()
                + self.memory.keys().filter(|key| !before.contains_key(*key)).count();
            assert!(last.unwrap() - self.last >= differences as u64, "each difference has a sequence");
        }
        for change in changes {
            assert!(change.sequence > self.last && change.sequence <= last.unwrap(), "sequences rise");
            super::together::put(
                &mut self.memory,
                &change.key.to_string(),
                change.document.map(|document| document.text().to_owned()),
            );
        }
        if let Some(last) = last {
            self.last = last;
            self.others.as_ref().unwrap().caught_up(last);
        }
        Ok(())
    }

    /// What it answers a read that is called now.
    fn read(&mut self) -> &Memory {
        if self.is_behind() {
            self.follow().unwrap();
            assert!(!self.is_behind());
        }
        &self.memory
    }
}

/// One that has the directory for itself.
fn alone(disk: &Simulated) -> Files {
    let disk = disk.clone();
    Files::on(Box::new(move || Ok(Arc::new(disk.clone()) as Arc<dyn Disk>)), Options::default())
}

#[test]
fn a_directory_that_was_never_ours_is_read_as_it_is_and_stays_so() {
    let disk = Simulated::new();
    disk.put("a.json", br#"{"n":1}"#);
    disk.put("notes.txt", b"none of ours");
    let before = disk.tree();
    let mut looker = Looker::open(&disk);
    assert_eq!(looker.memory.keys().collect::<Vec<_>>(), ["a"]);
    assert!(!looker.is_behind());
    looker.follow().unwrap();
    let refused = looker.reader.commit(&[crate::storage::conformance::alone(set("b", 0, "{}"))]).pop();
    assert!(matches!(refused, Some(Outcome::Failed(error)) if error.code() == "READ_ONLY"));
    assert_eq!(looker.reader.save_definitions("{}").unwrap_err().code(), "READ_ONLY");
    looker.reader.close().unwrap();
    assert_eq!(disk.tree(), before);
    assert!(disk.names("").iter().all(|name| name != ".datastore"));
}

#[test]
fn a_reader_follows_what_others_commit_and_they_know_nothing_of_it() {
    for placing in PLACINGS {
        let disk = Simulated::new();
        let mut early = Looker::open(&disk);
        let mut one = Peer::open(&disk, placing);
        one.commit(&[set("a", 0, "{}"), set("b", 0, "{}")]).unwrap();
        assert_eq!(*early.read(), one.memory, "it was there before anybody");
        let mut late = Looker::open(&disk);
        assert_eq!(late.memory, one.memory);
        assert!(!late.is_behind());
        let is_placed = !files(&disk).is_empty();
        assert_eq!(is_placed, placing == Placing::Eager, "nobody placed anything for a reader");
        one.commit(&[set("a", 1, r#"{"n":1}"#), delete("b")]).unwrap();
        let mut other = Peer::open(&disk, placing);
        other.commit(&[set("c", 0, "{}")]).unwrap();
        other.begin().unwrap();
        other.files.save_definitions("{\"defined\":true}").unwrap();
        other.files.end();
        for looker in [&mut early, &mut late] {
            assert_eq!(*looker.read(), other.memory);
            looker.follow().unwrap();
            assert_eq!(looker.definitions, "{\"defined\":true}");
        }
        one.close().unwrap();
        let memory = other.memory.clone();
        other.close().unwrap();
        assert_eq!(*late.read(), memory);
        assert_eq!(Looker::open(&disk).memory, memory);
        assert_eq!(standing(&disk), memory);
        assert_eq!(disk.names(JOURNAL).len(), 1, "whoever closed as the last was the last");
    }
}

#[test]
fn what_a_dead_process_left_in_the_journal_counts_in_a_readers_memory_alone() {
    for placing in PLACINGS {
        let disk = Simulated::new();
        let mut one = Peer::open(&disk, placing);
        one.commit(&[set("a", 0, "{}"), set("b", 0, "{}")]).unwrap();
        one.commit(&[set("a", 1, r#"{"n":1}"#), delete("b")]).unwrap();
        let memory = one.memory.clone();
        one.die();
        let before = disk.tree();
        let mut looker = Looker::open(&disk);
        assert_eq!(looker.memory, memory, "{placing:?}");
        assert_eq!(disk.tree(), before);
        // The next opener makes up for it, with the reader there.
        let mut next = Peer::open(&disk, placing);
        assert_eq!(*looker.read(), memory);
        next.commit(&[set("c", 0, "{}")]).unwrap();
        assert_eq!(*looker.read(), next.memory);
    }
}

#[test]
fn a_reader_tells_of_a_commit_that_was_killed_anywhere_what_the_next_one_makes_of_it() {
    for placing in PLACINGS {
        for segment in [u64::MAX, 1] {
            for entries in scenarios() {
                for stop in 1.. {
                    let limits = Limits { segment, ..Limits::default() };
                    let (disk, mut one, mut other) = prepared(placing, limits);
                    one.follow().unwrap();
                    let mut early = Looker::open(&disk);
                    let before = one.memory.clone();
                    let begun = disk.calls();
                    disk.stop_at(begun + stop);
                    let committed = one.commit(&entries);
                    let is_over = disk.calls() < begun + stop;
                    one.die();
                    disk.heal();
                    let told = format!("{placing:?} {segment} {entries:?} killed at {stop}");
                    let after = after(&before, &entries);
                    let expected = if committed.is_ok() { [&after, &after] } else { [&before, &after] };
                    assert!(expected.contains(&early.read()), "{told}");
                    let mut late = Looker::open(&disk);
                    assert!(expected.contains(&&late.memory), "{told}");
                    let told_late = late.memory.clone();
                    other.commit(&[set("next", 0, "{}")]).unwrap();
                    let memory = other.memory.clone();
                    assert_eq!(*early.read(), memory, "{told}");
                    assert_eq!(*late.read(), memory, "{told}");
                    let mut without = memory;
                    without.remove("next");
                    assert_eq!(told_late, without, "{told}: what was told stays so");
                    if is_over {
                        break;
                    }
                }
            }
        }
    }
}

#[test]
fn where_all_are_killed_in_a_commit_a_reader_tells_what_the_next_opener_recovers() {
    for placing in PLACINGS {
        for entries in scenarios() {
            for stop in 1.. {
                let (disk, mut one, other) = prepared(placing, Limits::default());
                other.die();
                one.begin().unwrap();
                one.files.end();
                let begun = disk.calls();
                disk.stop_at(begun + stop);
                let _ = one.commit(&entries);
                let is_over = disk.calls() < begun + stop;
                one.die();
                disk.heal();
                let mut looker = Looker::open(&disk);
                let told = looker.memory.clone();
                let next = Peer::open(&disk, placing);
                assert_eq!(told, next.memory, "{placing:?} {entries:?} killed at {stop}");
                assert_eq!(*looker.read(), next.memory);
                if is_over {
                    break;
                }
            }
        }
    }
}

#[test]
fn what_power_left_is_read_as_the_next_opener_recovers_it() {
    let (disk, mut one, mut other) = prepared(Placing::Eager, Limits::default());
    one.commit(&[set("a", 1, r#"{"n":1}"#), set("e", 0, "{}")]).unwrap();
    other.commit(&[delete("b")]).unwrap();
    for cut in disk.states_after_cut(7, 200) {
        let mut looker = Looker::open(&cut);
        let told = looker.memory.clone();
        let mut next = Peer::open(&cut, Placing::Eager);
        assert_eq!(told, next.memory, "{}", cut.log());
        next.commit(&[set("next", 0, "{}")]).unwrap();
        assert_eq!(*looker.read(), next.memory);
    }
}

#[test]
fn a_reader_that_was_left_behind_further_than_the_journal_reaches_reads_everything_anew() {
    for placing in PLACINGS {
        let disk = Simulated::new();
        let mut one = Peer::within(&disk, placing, Limits { segment: 1, ..Limits::default() });
        one.load().unwrap();
        let mut looker = Looker::open(&disk);
        let keeper = one.files.keeper().unwrap();
        for number in 0..5 {
            one.commit(&[set("a", number, "{}")]).unwrap();
            one.commit(&[set(&format!("b{number}"), 0, "{}")]).unwrap();
            keeper.flush().unwrap();
            keeper.tend().unwrap();
        }
        one.commit(&[delete("b0")]).unwrap();
        assert!(!disk.names(JOURNAL).contains(&"00000001.jsonl".to_owned()), "{:?}", disk.names(JOURNAL));
        assert_eq!(*looker.read(), one.memory);
        one.commit(&[set("c", 0, "{}")]).unwrap();
        assert_eq!(*looker.read(), one.memory);
    }
}

#[test]
fn what_was_edited_while_nobody_had_the_directory_open_is_read_when_it_is_opened_again() {
    let disk = Simulated::new();
    let mut one = Peer::open(&disk, Placing::Eager);
    one.commit(&[set("a", 0, "{}"), set("b", 0, "{}")]).unwrap();
    let mut looker = Looker::open(&disk);
    one.close().unwrap();
    assert!(!looker.is_behind());
    disk.put("a.json", br#"{"by":"hand"}"#);
    disk.put("new.json", b"{}");
    let mut next = Peer::open(&disk, Placing::Eager);
    assert!(looker.is_behind(), "another one has it open");
    assert_eq!(*looker.read(), next.memory);
    assert!(looker.memory["a"].contains("hand"));
    next.commit(&[delete("new")]).unwrap();
    assert_eq!(*looker.read(), next.memory);
}

#[test]
fn who_has_a_directory_alone_is_told_instead_of_what_he_may_have_changed() {
    let disk = Simulated::new();
    let mut first = alone(&disk);
    first.load().unwrap();
    let refused = Looker::on(&disk).load().unwrap_err();
    assert_eq!(refused.code(), "LOCKED");
    assert!(refused.message().contains("singleProcess") && refused.context().path.is_some(), "{refused}");
    first.commit(&[crate::storage::conformance::alone(set("a", 0, "{}"))]);
    first.close().unwrap();
    let mut looker = Looker::open(&disk);
    assert_eq!(looker.memory.keys().collect::<Vec<_>>(), ["a"]);
    let mut second = alone(&disk);
    second.load().unwrap();
    assert!(looker.is_behind());
    assert_eq!(looker.follow().unwrap_err().code(), "LOCKED");
    second.commit(&[crate::storage::conformance::alone(set("b", 0, "{}"))]);
    assert_eq!(looker.follow().unwrap_err().code(), "LOCKED");
    assert!(looker.is_behind());
    second.close().unwrap();
    assert_eq!(looker.read().keys().collect::<Vec<_>>(), ["a", "b"]);
    // And one that came and went between two reads.
    let mut third = alone(&disk);
    third.load().unwrap();
    third.commit(&[crate::storage::conformance::alone(set("c", 0, "{}"))]);
    third.close().unwrap();
    assert_eq!(looker.read().len(), 3);
}

#[test]
fn one_that_had_no_room_to_say_that_it_has_the_directory_alone_is_found_by_its_journal() {
    let disk = Simulated::new();
    disk.put("a.json", b"{}");
    let mut looker = Looker::open(&disk);
    let mut one = alone(&disk);
    one.load().unwrap();
    // As a full disk has it.
    disk.remove(BOARD).unwrap();
    assert!(!looker.is_behind());
    one.commit(&[crate::storage::conformance::alone(set("b", 0, "{}"))]);
    assert_eq!(looker.follow().unwrap_err().code(), "LOCKED", "found when it follows, as it does each second");
    assert!(looker.is_behind());
    one.close().unwrap();
    assert_eq!(looker.read().len(), 2);
}

#[test]
fn whatever_fails_as_a_reader_follows_it_misses_nothing() {
    for (segment, cuts, is_remade) in [(u64::MAX, false, false), (1, false, false), (1, true, false), (1, false, true)]
    {
        for fails in 1.. {
            let disk = Simulated::new();
            let limits = Limits { segment, ..Limits::default() };
            let mut one = Peer::within(&disk, Placing::Eager, limits);
            one.load().unwrap();
            one.commit(&[set("a", 0, "{}"), set("gone", 0, "{}")]).unwrap();
            let mut looker = Looker::open(&disk);
            if is_remade {
                one.close().unwrap();
                one = Peer::within(&disk, Placing::Eager, limits);
                one.load().unwrap();
            }
            one.change_of_every_kind(cuts);
            let begun = disk.calls();
            disk.fail_at(begun + fails, EIO, Times::Once);
            let told = format!("{segment} {cuts} {is_remade} failed at {fails}");
            let is_over = looker.follow().is_ok() && disk.calls() < begun + fails;
            disk.heal();
            assert_eq!(*looker.read(), one.memory, "{told}");
            assert_eq!(looker.definitions, "{\"defined\":true}", "{told}");
            if is_over {
                break;
            }
        }
    }
}

#[test]
fn where_our_own_folder_is_removed_a_reader_reads_what_is_left_and_finds_who_comes_next() {
    let disk = Simulated::new();
    let mut one = Peer::open(&disk, Placing::Eager);
    one.commit(&[set("a", 0, "{}")]).unwrap();
    let mut looker = Looker::open(&disk);
    one.close().unwrap();
    let ours: Vec<String> = disk.tree().into_keys().filter(|path| path.starts_with(".datastore")).collect();
    assert!(ours.contains(&LOCK.to_owned()));
    for path in ours {
        disk.remove(&path).unwrap();
    }
    disk.put("b.json", b"{}");
    looker.follow().unwrap();
    assert_eq!(looker.memory.keys().collect::<Vec<_>>(), ["a", "b"]);
    let mut next = Peer::open(&disk, Placing::Eager);
    next.commit(&[set("c", 0, "{}")]).unwrap();
    assert_eq!(*looker.read(), next.memory);
}

#[test]
fn others_commit_while_a_reader_reads_the_files_and_it_misses_nothing() {
    for placing in PLACINGS {
        // The journal whole, and cut while the files are read.
        for (segment, cuts) in [(u64::MAX, false), (1, false), (1, true)] {
            for entries in scenarios() {
                for file in ["a.json", "d.json"] {
                    let limits = Limits { segment, ..Limits::default() };
                    let (disk, mut one, other) = prepared(placing, limits);
                    one.follow().unwrap();
                    let before = one.memory.clone();
                    let one = Arc::new(Mutex::new(one));
                    let (committing, wanted, of) = (Arc::clone(&one), entries.clone(), disk.clone());
                    disk.when_read(file, move || {
                        let latch = of.latch(COMMIT).unwrap();
                        assert!(latch.try_lock().unwrap(), "who reads holds the others up");
                        latch.unlock();
                        let mut one = committing.lock();
                        one.commit(&wanted).unwrap();
                        let keeper = one.files.keeper().unwrap();
                        for number in 0..if cuts { 4 } else { 0 } {
                            one.commit(&[set("cut", number, "{}")]).unwrap();
                            keeper.tend().unwrap();
                        }
                    });
                    let mut looker = Looker::on(&disk);
                    looker.memory = told(looker.reader.load().unwrap().documents);
                    looker.others = looker.reader.others();
                    assert_eq!(looker.memory, one.lock().memory, "{placing:?} {segment} {cuts} {entries:?} {file}");
                    assert!(!looker.is_behind());
                    assert_ne!(looker.memory, before, "something was committed meanwhile");
                    drop(other);
                }
            }
        }
    }
}
