//! One that joins while the others go on.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::super::Placing;
use super::super::layout::COMMIT;
use super::super::shared::Limits;
use super::together::{PLACINGS, Peer, goes_on, prepared, standing};
use crate::disk::Disk;
use crate::disk::simulated::{Ability, Simulated};
use crate::storage::conformance::{delete, set};
use crate::storage::{Entry, Group, Storage};

/// What another one does while the files are read: on what is read already, on what comes later, and on both.
fn meanwhile() -> Vec<Vec<Entry>> {
    vec![
        vec![set("a", 1, r#"{"changed":1}"#)],
        vec![set("d", 1, r#"{"changed":1}"#)],
        vec![delete("a")],
        vec![delete("d")],
        vec![set("new", 0, "{}")],
        vec![set("a", 1, "{}"), set("d", 1, r#"{"changed":1}"#), set("new", 0, "{}"), delete("b")],
    ]
}

/// A document whose file is read when one joins, and not before.
const READ: [&str; 2] = ["a.json", "c.json"];

fn assert_free(disk: &Simulated) {
    let latch = disk.latch(COMMIT).unwrap();
    assert!(latch.try_lock().unwrap(), "who joins holds the others up");
    latch.unlock();
}

#[test]
fn others_commit_while_one_that_joins_reads_the_files_and_it_misses_nothing() {
    for placing in PLACINGS {
        // The journal whole, and cut while the files are read.
        for (segment, cuts) in [(u64::MAX, false), (1, false), (1, true)] {
            for file in READ {
                for entries in meanwhile() {
                    let limits = Limits { segment, ..Limits::default() };
                    let (disk, one, _other) = prepared(placing, limits);
                    let one = Arc::new(Mutex::new(one));
                    let (committing, told, of) = (Arc::clone(&one), entries.clone(), disk.clone());
                    // What was placed before is not read under the lock.
                    one.lock().follow().unwrap();
                    one.lock().commit(&[set("last", 0, "{}")]).unwrap();
                    let before = one.lock().memory.clone();
                    let mut joining = Peer::within(&disk, placing, limits);
                    disk.when_read(file, move || {
                        assert_free(&of);
                        let mut one = committing.lock();
                        one.commit(&told).unwrap();
                        if cuts {
                            let keeper = one.files.keeper().unwrap();
                            for number in 0..4 {
                                one.commit(&[set("cut", number, "{}")]).unwrap();
                                keeper.tend().unwrap();
                            }
                        }
                    });
                    joining.load().unwrap();
                    let told = format!("{placing:?} {segment} {cuts} {file} {entries:?}");
                    assert_eq!(joining.memory, one.lock().memory, "{told}");
                    assert_ne!(joining.memory, before, "{told}: something was committed meanwhile");
                    assert!(!joining.others.as_ref().unwrap().is_behind(), "{told}");
                    joining.commit(&[set("next", 0, "{}")]).unwrap();
                    one.lock().follow().unwrap();
                    assert_eq!(joining.memory, one.lock().memory, "{told}");
                    assert_eq!(standing(&disk), joining.memory, "{told}");
                }
            }
        }
    }
}

#[test]
fn what_one_left_half_done_that_died_while_another_joined_is_ended_by_that() {
    for placing in PLACINGS {
        let (disk, one, other) = prepared(placing, Limits::default());
        let one = Arc::new(Mutex::new(Some(one)));
        let dying = Arc::clone(&one);
        let mut joining = Peer::within(&disk, placing, Limits::default());
        disk.when_read("a.json", move || {
            let mut one = dying.lock().take().unwrap();
            one.begin().unwrap();
            let group = Group { entries: vec![set("a", 1, r#"{"n":9}"#), set("new", 0, "{}")], synced: false };
            one.files.commit(&[group]);
            one.die();
        });
        joining.load().unwrap();
        assert!(joining.memory.contains_key("new") && joining.memory["a"].contains('9'), "{:?}", joining.memory);
        let memory = joining.memory.clone();
        joining.die();
        goes_on(&disk, other, &[memory], &format!("{placing:?}"));
    }
}

#[test]
fn a_file_that_is_seen_through_an_old_handle_is_read_again() {
    let disk = Simulated::new();
    disk.put("a.json", br#"{"n":1}"#);
    disk.put("b.json", b"{}");
    let one = Peer::open(&disk, Placing::Eager);
    disk.put("a.json", &[0; 7]);
    let of = disk.clone();
    disk.when_read("b.json", move || of.put("a.json", br#"{"n":1}"#));
    let joining = Peer::open(&disk, Placing::Eager);
    assert_eq!(joining.memory, one.memory);
}

#[test]
fn a_file_that_stays_bad_is_told_and_the_others_go_on() {
    let disk = Simulated::new();
    disk.put("a.json", b"{}");
    disk.put("z.json", b"{}");
    let mut one = Peer::open(&disk, Placing::Eager);
    disk.put("z.json", b"no JSON");
    let error = Peer::within(&disk, Placing::Eager, Limits::default()).load().unwrap_err();
    assert_eq!((error.code(), error.context().files.len()), ("CORRUPT", 1));
    one.commit(&[set("b", 0, "{}")]).unwrap();
    disk.put("z.json", b"{}");
    let mut other = Peer::open(&disk, Placing::Eager);
    other.commit(&[set("c", 0, "{}")]).unwrap();
    one.follow().unwrap();
    assert_eq!(one.memory, other.memory);
}

#[test]
fn one_that_joined_syncs_what_the_others_placed_before_it_cuts_what_the_journal_told_of_that() {
    // Where each file has to be synced by itself.
    let disk = Simulated::without(&[Ability::SyncEverything]);
    let limits = Limits { segment: 1, segment_age: Duration::ZERO, ..Limits::default() };
    let mut one = Peer::within(&disk, Placing::Eager, limits);
    one.load().unwrap();
    one.commit(&[set("a", 0, "{}"), set("b", 0, "{}")]).unwrap();
    let mut other = Peer::within(&disk, Placing::Eager, limits);
    other.load().unwrap();
    let before = disk.log();
    let keeper = other.files.keeper().unwrap();
    keeper.tend().unwrap();
    keeper.tend().unwrap();
    let log = disk.log();
    let since = log.strip_prefix(before.as_str()).unwrap();
    let at = |call: &str| since.find(call).unwrap();
    let cut = at("Remove \".datastore/journal/00000001.jsonl\"");
    assert!(at("SyncData \"a.json\"") < cut && at("SyncData \"b.json\"") < cut, "{since}");
}
